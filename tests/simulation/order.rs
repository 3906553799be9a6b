//! One request of a till, and everything that was done and reported about it.

use ecrhub::Outcome;
use ecrhub_simulator::Behaviour;

use crate::assumptions::Assumption;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Order,
    Query,
    Close,
    Init,
}

/// What a till wants of the terminal.
#[derive(Debug)]
pub struct Request {
    pub till: usize,
    pub topic: Topic,
    pub number: String,
    pub request_id: String,
    pub amount: String,
    pub tip: Option<String>,
    /// The sale that this void takes back.
    pub voids: Option<String>,
    pub behaviour: Behaviour,
    pub timeout_ms: Option<u64>,
}

impl Request {
    pub fn new(till: usize, topic: Topic, number: String, request_id: String) -> Self {
        Request {
            till,
            topic,
            number,
            request_id,
            amount: String::new(),
            tip: None,
            voids: None,
            behaviour: Behaviour::Approved,
            timeout_ms: None,
        }
    }

    pub fn json(&self) -> String {
        let (id, number) = (&self.request_id, &self.number);
        match self.topic {
            Topic::Order => format!(
                r#"{{"topic":"ecrhub.pay.order","request_id":"{id}","biz_data":{{{}}}}}"#,
                self.order_fields()
            ),
            Topic::Init => {
                format!(r#"{{"topic":"ecrhub.init","request_id":"{id}","biz_data":{{}}}}"#)
            }
            Topic::Query | Topic::Close => {
                let topic = if self.topic == Topic::Query { "query" } else { "close" };
                format!(
                    r#"{{"topic":"ecrhub.pay.{topic}","request_id":"{id}","biz_data":{{"merchant_order_no":"{number}"}}}}"#
                )
            }
        }
    }

    fn order_fields(&self) -> String {
        let (number, amount) = (&self.number, &self.amount);
        match (&self.voids, &self.tip) {
            (Some(original), _) => format!(
                r#""trans_type":"2","merchant_order_no":"{number}","orig_merchant_order_no":"{original}","order_amount":"{amount}""#
            ),
            (None, Some(tip)) => format!(
                r#""trans_type":"1","merchant_order_no":"{number}","order_amount":"{amount}","tip_amount":"{tip}""#
            ),
            (None, None) => format!(
                r#""trans_type":"1","merchant_order_no":"{number}","order_amount":"{amount}""#
            ),
        }
    }
}

/// A request and its history.
#[derive(Debug)]
pub struct Order {
    pub request: Request,
    pub begun_life: Option<u64>,
    pub begun_ms: u64,
    pub accepted_life: Option<u64>,
    /// How often its first byte has left.
    pub frames: u32,
    pub sent_ms: Option<u64>,
    pub carrier: Option<usize>,
    pub carrier_lost_ms: Option<u64>,
    /// The life in which it completed last, and as what.
    pub completed: Option<(u64, Outcome)>,
    /// What the session reported last, corrections included; after a crash, what the journal has of it.
    pub reported: Option<Outcome>,
    pub reported_ms: u64,
    pub unknown_since_ms: Option<u64>,
    pub delivered: Vec<Delivered>,
    pub recorded: Option<(u64, Outcome)>,
    pub acknowledged: Option<Outcome>,
    pub charged_ms: Option<u64>,
    /// A report that was wrong, or became wrong.
    pub wrong: Option<Wrong>,
    pub disk_refused: bool,
    pub misled_ms: Option<u64>,
    pub is_close_refused: bool,
    /// The till has received `101` for it.
    pub is_busy: bool,
    /// The till has received `113` for it.
    pub is_duplicate: bool,
    /// The terminal said that it is busy, and took it for later; the till had not been told of the queue.
    pub was_queued_unknown: bool,
    /// The till has received its own answer, which says that money moved, after the opposite was reported.
    pub is_contradicted: bool,
    /// When the library last asked about it.
    pub queried_ms: Option<u64>,
    /// It was given the number of another order on purpose.
    pub shares_its_number: bool,
    /// Its number was used again by an attempt that was begun, and by one that was handed to the session.
    pub is_superseded: bool,
    pub is_replaced: bool,
    pub clock_was_far_off: bool,
    /// The connections on which the library closed it while it was unknown.
    pub closed_on: Vec<usize>,
    pub recovering_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    pub life: u64,
    pub outcome: Outcome,
    pub is_clarified: bool,
}

/// An outcome that does not agree with the money.
#[derive(Debug, Clone, Copy)]
pub struct Wrong {
    pub cause: &'static str,
    pub is_corrected: bool,
}

impl Order {
    pub fn new(request: Request) -> Self {
        Order {
            request,
            begun_life: None,
            begun_ms: 0,
            accepted_life: None,
            frames: 0,
            sent_ms: None,
            carrier: None,
            carrier_lost_ms: None,
            completed: None,
            reported: None,
            reported_ms: 0,
            unknown_since_ms: None,
            delivered: Vec::new(),
            recorded: None,
            acknowledged: None,
            charged_ms: None,
            wrong: None,
            disk_refused: false,
            misled_ms: None,
            is_close_refused: false,
            is_busy: false,
            is_duplicate: false,
            was_queued_unknown: false,
            is_contradicted: false,
            queried_ms: None,
            shares_its_number: false,
            is_superseded: false,
            is_replaced: false,
            clock_was_far_off: false,
            closed_on: Vec::new(),
            recovering_ms: None,
        }
    }

    pub fn is_order(&self) -> bool {
        self.request.topic == Topic::Order
    }

    pub fn is_void(&self) -> bool {
        self.request.voids.is_some()
    }

    /// Its number is free again, as far as the till knows.
    pub fn may_be_sent_again(&self) -> bool {
        let last = self.delivered.last().map(|delivered| delivered.outcome);
        self.is_order() && matches!(last, Some(Outcome::NotSent | Outcome::Busy))
    }

    pub fn is_unknown_still(&self) -> bool {
        self.reported == Some(Outcome::Unknown)
    }

    /// Completed in this life of the process, corrections not counted.
    pub fn has_completed_in(&self, life: u64) -> bool {
        self.completed.is_some_and(|(completed, _)| completed == life)
    }

    /// The assumption that is broken for this order alone.
    pub fn breaks(&self) -> Option<Assumption> {
        let queued = self.was_queued_unknown.then_some(Assumption::BusyIsFinal);
        Assumption::broken_by(self.request.behaviour).or(queued)
    }
}
