//! What is held against the library at every step: its words, next to the terminals' ledgers.

use ecrhub::{Completed, Error, Event, EventKind, Outcome, Sent};

use crate::assumptions::{CLARIFIED_FOR_MS, PROMPT_MS};
use crate::terminal::{is_contradictory, value_of};
use crate::till::{id_of, outcome_of};
use crate::world::{Due, World};

/// A bound is reached when what was due then is done.
const SLACK_MS: u64 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Order,
    Query,
    Close,
}

/// One request of a till, and everything that was ever said and done about it.
#[derive(Debug)]
pub struct Order {
    pub till: usize,
    pub topic: Topic,
    pub number: String,
    pub request_id: String,
    pub amount: String,
    pub cents: u8,
    pub timeout_ms: Option<u64>,
    pub begun_life: Option<u64>,
    pub accepted_life: Option<u64>,
    pub accepted_ms: u64,
    /// How often its first byte has left.
    frames: u32,
    carrier: Option<usize>,
    carrier_lost_ms: Option<u64>,
    completed: Option<(u64, Outcome)>,
    clarified_life: Option<u64>,
    told: Vec<Told>,
    recorded: Option<(u64, Outcome)>,
    acknowledged: Option<Outcome>,
    /// What was said that must never be followed by a charge.
    said_no: Option<Outcome>,
    disk_refused: bool,
    pub is_misled: bool,
    pub is_close_refused: bool,
    /// Its number went to another order, since it was never sent.
    pub is_superseded: bool,
    clock_was_far_off: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    life: u64,
    outcome: Outcome,
    is_clarified: bool,
}

fn is_no(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Declined | Outcome::Cancelled | Outcome::NotFound | Outcome::NotSent)
}

impl Order {
    pub fn new(till: usize, topic: Topic, number: String, request_id: String, cents: u8) -> Self {
        Order {
            till,
            topic,
            number,
            request_id,
            amount: String::new(),
            cents,
            timeout_ms: None,
            begun_life: None,
            accepted_life: None,
            accepted_ms: 0,
            frames: 0,
            carrier: None,
            carrier_lost_ms: None,
            completed: None,
            clarified_life: None,
            told: Vec::new(),
            recorded: None,
            acknowledged: None,
            said_no: None,
            disk_refused: false,
            is_misled: false,
            is_close_refused: false,
            is_superseded: false,
            clock_was_far_off: false,
        }
    }

    pub fn json(&self) -> String {
        let number = &self.number;
        match self.topic {
            Topic::Order => format!(
                r#"{{"topic":"ecrhub.pay.order","request_id":"{}","biz_data":{{"trans_type":"1","merchant_order_no":"{number}","order_amount":"{}"}}}}"#,
                self.request_id, self.amount
            ),
            Topic::Query => format!(
                r#"{{"topic":"ecrhub.pay.query","request_id":"{}","biz_data":{{"merchant_order_no":"{number}"}}}}"#,
                self.request_id
            ),
            Topic::Close => format!(
                r#"{{"topic":"ecrhub.pay.close","request_id":"{}","biz_data":{{"merchant_order_no":"{number}"}}}}"#,
                self.request_id
            ),
        }
    }

    pub fn is_order(&self) -> bool {
        self.topic == Topic::Order
    }

    pub fn may_be_sold_again(&self) -> bool {
        self.is_order() && self.told.last().is_some_and(|told| told.outcome == Outcome::NotSent)
    }

    /// The unknown nobody has cleared up yet.
    fn is_unknown_still(&self) -> bool {
        self.completed.is_some_and(|(_, outcome)| outcome == Outcome::Unknown)
            && self.clarified_life.is_none()
    }
}

impl World {
    pub fn order_of_number(&self, number: &str) -> Option<usize> {
        let is_it =
            |order: &Order| order.is_order() && order.number == number && !order.is_superseded;
        self.orders.iter().position(is_it)
    }

    fn is_charged(&self, order: usize) -> bool {
        let order = &self.orders[order];
        let terminal = self.tills[order.till].terminal;
        order.frames > 0 && self.terminals[terminal].model.charges(&order.number) > 0
    }

    pub fn on_charged(&mut self, terminal: usize, number: &str) {
        self.trace.say(self.now, || format!("terminal {terminal} CHARGES {number}"));
        self.tally.charged += 1;
        if self.terminals[terminal].model.charges(number) > 1 {
            return self.fail(format!("{number} is charged twice"));
        }
        let Some(order) = self.order_of_number(number) else { return };
        if let Some(said) = self.orders[order].said_no {
            self.fail(format!("{number} is charged after the till was told {said}"));
        }
    }

    pub fn on_begun(&mut self, order: usize) {
        let number = self.orders[order].number.clone();
        for (at, other) in self.orders.iter_mut().enumerate() {
            other.is_superseded |= at != order && other.is_order() && other.number == number;
        }
        self.orders[order].begun_life = Some(self.tills[self.orders[order].till].life);
        self.orders[order].accepted_ms = self.now;
    }

    pub fn on_accepted(&mut self, at: usize) {
        let (now, order) = (self.now, &mut self.orders[at]);
        let till = &self.tills[order.till];
        order.accepted_life = Some(till.life);
        order.accepted_ms = now;
        let settings = &till.settings;
        let bound = if order.is_order() {
            settings.send_timeout_ms
                + order.timeout_ms.unwrap_or(settings.order_timeout_ms)
                + settings.recovery_timeout_ms
                + till.last_words_ms()
        } else {
            settings.send_timeout_ms + order.timeout_ms.unwrap_or(settings.request_timeout_ms)
        };
        self.trace.say(now, || {
            format!(
                "till {} takes {} ({}, {})",
                order.till, order.request_id, order.number, order.amount
            )
        });
        let due = Due::Bound { order: at, life: till.life, slept_ms: till.slept_ms };
        self.tally.accepted += u64::from(order.is_order());
        self.at(now + bound + SLACK_MS, due);
    }

    pub fn on_restored(&mut self, t: usize, id: &str, is_unknown: bool) {
        let Some(&order) = self.by_id.get(id) else {
            return self.fail(format!("till {t} restores an order nobody placed: {id}"));
        };
        let till = &self.tills[t];
        self.orders[order].clock_was_far_off |= till.wall_offset.abs() > 12 * 3_600_000;
        // What the process before had found out and not written died with it.
        self.orders[order].clarified_life = None;
        if is_unknown {
            return;
        }
        let bound = till.settings.recovery_timeout_ms + till.last_words_ms();
        let due = Due::Bound { order, life: till.life, slept_ms: till.slept_ms };
        self.at(self.now + bound + SLACK_MS, due);
    }

    /// The order should have completed by now.
    pub fn bound_is_reached(&mut self, order: usize, life: u64, slept_ms: u64) {
        let t = self.orders[order].till;
        let till = &self.tills[t];
        if till.life != life || till.process.is_none() {
            return;
        }
        // A sleeping machine keeps no time; the rest of the bound begins anew when it wakes.
        let extra = (till.slept_ms - slept_ms) + till.asleep_until.saturating_sub(self.now);
        if extra > 0 {
            let due = Due::Bound { order, life, slept_ms: till.slept_ms };
            let at = self.now + extra + till.settings.recovery_timeout_ms + till.last_words_ms();
            return self.at(at, due);
        }
        let is_done = self.orders[order].completed.is_some_and(|(done, _)| done == life);
        if !is_done {
            self.fail(format!(
                "{} has not completed within its bound",
                self.orders[order].request_id
            ));
        }
    }

    /// The first byte of a frame left the till.
    pub fn on_frame_out(&mut self, conn: usize, text: &str) {
        self.tally.frames += 1;
        let id = value_of(text, "request_id");
        let Some(&order) = self.by_id.get(&id) else { return };
        self.trace.say(self.now, || {
            format!("till {} sends {id} on connection {conn}", self.conns[conn].till)
        });
        self.orders[order].frames += 1;
        self.orders[order].carrier = Some(conn);
        let number = &self.orders[order].number;
        let left: u32 = self
            .orders
            .iter()
            .filter(|o| o.is_order() && o.number == *number)
            .map(|o| o.frames)
            .sum();
        if left > 1 {
            return self.fail(format!("the order {number} leaves twice"));
        }
        if self.orders[order].said_no.is_some() {
            self.fail(format!("{id} leaves after the till was told that it had not"));
        }
    }

    pub fn carrier_lost(&mut self, conn: usize) {
        for order in self.orders.iter_mut().filter(|order| order.carrier == Some(conn)) {
            order.carrier_lost_ms.get_or_insert(self.now);
        }
    }

    /// An event comes out of the session.
    pub fn on_event(&mut self, t: usize, event: &Event) {
        let Some((order, outcome)) = self.subject(event) else { return };
        let life = self.tills[t].life;
        match &event.kind {
            EventKind::Completed(done) => self.on_completed(t, order, done),
            EventKind::Clarified(_) => {
                self.tally.clarified += 1;
                if self.orders[order]
                    .completed
                    .is_none_or(|(_, outcome)| outcome != Outcome::Unknown)
                {
                    self.fail(format!(
                        "{} is clarified, but was not unknown",
                        self.orders[order].request_id
                    ));
                }
                if self.orders[order].clarified_life.replace(life) == Some(life) {
                    self.fail(format!("{} is clarified twice", self.orders[order].request_id));
                }
            }
            _ => {}
        }
        self.check_truth(order, outcome);
    }

    fn on_completed(&mut self, t: usize, at: usize, done: &Completed) {
        let life = self.tills[t].life;
        let order = &self.orders[at];
        if order.completed.is_some_and(|(earlier, _)| earlier == life) {
            return self.fail(format!("{} completes twice", order.request_id));
        }
        if done.sent == Sent::No && order.frames > 0 || done.sent == Sent::Yes && order.frames == 0
        {
            return self.fail(format!(
                "{}: sent is {:?}, but {} frames left",
                order.request_id, done.sent, order.frames
            ));
        }
        if order.is_order() {
            let is_first = order.completed.is_none();
            if is_first {
                self.tally.outcome(done.outcome);
            }
            if done.outcome == Outcome::Unknown {
                match self.excuse(at) {
                    Some(why) => self.tally.excused(why),
                    None => self.fail(format!(
                        "{} is unknown, but could have been known",
                        self.orders[at].request_id
                    )),
                }
            }
        }
        self.orders[at].completed = Some((life, done.outcome));
    }

    /// Why nobody could have known what became of the order; none if somebody could.
    fn excuse(&self, order: usize) -> Option<&'static str> {
        let order = &self.orders[order];
        let till = &self.tills[order.till];
        let terminal = &self.terminals[till.terminal];
        let window = till.last_words_ms() + PROMPT_MS;
        let since = self.now.saturating_sub(window);
        let up_since = till.process.as_ref().and_then(|process| process.up_since);
        let is_dark = till
            .process
            .as_ref()
            .and_then(|process| process.conn)
            .is_some_and(|conn| self.conns[conn].is_dark);
        let recovery = till.settings.recovery_timeout_ms;
        let lasting = self.lasting_excuse(order);
        if lasting.is_some() {
            lasting
        } else if order.is_misled {
            Some("the terminal contradicted itself")
        } else if order.is_close_refused {
            Some("the terminal refused the close")
        } else if up_since.is_none_or(|at| at > since) || is_dark {
            Some("there was no connection at the deadline")
        } else if till.trouble_until.max(terminal.trouble_until) >= since {
            Some("the terminal did not answer in time")
        } else if order.carrier_lost_ms.is_some_and(|at| at + recovery >= since) {
            Some("bytes of the dead connection could still arrive")
        } else {
            None
        }
    }

    /// Why it cannot be known however long one asks.
    fn lasting_excuse(&self, order: &Order) -> Option<&'static str> {
        let till = &self.tills[order.till];
        let terminal = &self.terminals[till.terminal];
        let is_known = terminal.model.record(&order.number).is_some();
        if is_contradictory(order.cents) && is_known {
            Some("the terminal contradicts itself for ever")
        } else if terminal.is_useless() {
            Some("the terminal's answers say nothing")
        } else if terminal.model.options().close_unknown_fails && !is_known {
            Some("the terminal refuses every close of a number it does not know")
        } else if self.now - order.accepted_ms + 600_000 > CLARIFIED_FOR_MS
            || order.clock_was_far_off
        {
            Some("it is more than a day old")
        } else {
            None
        }
    }

    fn check_truth(&mut self, order: usize, outcome: Outcome) {
        if !self.orders[order].is_order() {
            return;
        }
        let is_charged = self.is_charged(order);
        if outcome == Outcome::Approved && !is_charged {
            return self
                .fail(format!("{} is approved, but not charged", self.orders[order].request_id));
        }
        if is_no(outcome) {
            if is_charged {
                return self
                    .fail(format!("{} is {outcome}, but charged", self.orders[order].request_id));
            }
            self.orders[order].said_no.get_or_insert(outcome);
        }
    }

    fn subject(&self, event: &Event) -> Option<(usize, Outcome)> {
        let order = *self.by_id.get(id_of(event)?)?;
        Some((order, outcome_of(event)?))
    }

    pub fn on_recorded(&mut self, t: usize, event: &Event) {
        let life = self.tills[t].life;
        if let Some((order, outcome)) = self.subject(event) {
            self.orders[order].recorded = Some((life, outcome));
        }
    }

    pub fn on_unwritten(&mut self, t: usize, event: &Event, error: &Error) {
        self.trace.say(self.now, || format!("till {t} cannot write: {error}"));
        if let Some((order, _)) = self.subject(event) {
            self.orders[order].disk_refused = true;
        }
    }

    /// The till has the event; returns the order it may now acknowledge.
    pub fn on_told(&mut self, t: usize, event: &Event) -> Option<usize> {
        let (at, outcome) = self.subject(event)?;
        let life = self.tills[t].life;
        self.trace.say(self.now, || {
            format!("till {t} is told {outcome} of {}", self.orders[at].request_id)
        });
        self.check_truth(at, outcome);
        let (is_retold, is_clarified) = match &event.kind {
            EventKind::Completed(done) => (done.retold, false),
            EventKind::Clarified(truth) => (truth.retold, true),
            _ => return None,
        };
        let order = &self.orders[at];
        let id = &order.request_id;
        let told = Told { life, outcome, is_clarified };
        let before = |earlier: &&Told| earlier.life < life && earlier.outcome == outcome;
        let is_over = |acknowledged: Outcome| acknowledged != Outcome::Unknown || !is_clarified;
        let complaint =
            if order.told.iter().any(|t| t.life == life && t.is_clarified == is_clarified) {
                Some(format!("{id} is told twice in one life of the process"))
            } else if order.acknowledged.is_some_and(is_over) {
                Some(format!("{id} is told again although it was acknowledged"))
            } else if !is_retold && order.told.iter().find(before).is_some() && !order.disk_refused
            {
                Some(format!("{id} is told again, and does not say so"))
            } else if is_retold && order.recorded.is_none_or(|(recorded, _)| recorded >= life) {
                Some(format!("{id} says that it was told before, but it was not"))
            } else if order
                .told
                .last()
                .is_some_and(|last| last.outcome != Outcome::Unknown && last.outcome != outcome)
                && !order.disk_refused
            {
                Some(format!("{id} is told as {outcome}, and was told otherwise before"))
            } else {
                None
            };
        self.tally.retold += u64::from(is_retold);
        self.orders[at].told.push(told);
        if let Some(complaint) = complaint {
            self.fail(complaint);
        }
        self.orders[at].is_order().then_some(at)
    }

    pub fn on_acknowledged(&mut self, t: usize, order: usize) {
        let id = self.orders[order].request_id.clone();
        self.trace.say(self.now, || format!("till {t} acknowledges {id}"));
        let written = self.tills[t].disk.entries().into_iter().find(|entry| entry.request_id == id);
        let written = written.and_then(|entry| entry.outcome);
        let told = self.orders[order].told.last().map(|told| told.outcome);
        if written.is_some() && written != told {
            return self.fail(format!(
                "{id}: {written:?} counts as acknowledged, but the till was told {told:?}"
            ));
        }
        self.orders[order].acknowledged = told;
    }

    /// Whether all has been said that can be said.
    pub fn is_settled(&self, at: usize) -> bool {
        let order = &self.orders[at];
        if !order.is_order() || order.is_superseded || order.begun_life.is_none() {
            return true;
        }
        let is_lost_before_it_was_taken =
            order.completed.is_none() && order.accepted_life.is_none();
        let unknown_is_excused = || self.lasting_excuse(order).is_some();
        let is_clear = !order.is_unknown_still() || unknown_is_excused();
        let life = self.tills[order.till].life;
        let is_heard = order
            .acknowledged
            .is_some_and(|outcome| outcome != Outcome::Unknown || order.is_unknown_still())
            || order.told.iter().any(|told| {
                told.life == life && (told.outcome != Outcome::Unknown || order.is_unknown_still())
            });
        (is_clear && is_heard) || (is_lost_before_it_was_taken && self.never_reached_the_book(at))
    }

    fn never_reached_the_book(&self, order: usize) -> bool {
        let order = &self.orders[order];
        self.tills[order.till]
            .disk
            .entries()
            .iter()
            .all(|entry| entry.request_id != order.request_id)
    }
}

/// The end of a world.
impl World {
    /// Every till starts once more, in good weather: what was acknowledged stays silent, all else is told again.
    pub fn last_restart(&mut self) {
        for t in 0..self.tills.len() {
            self.tills[t].process = None;
            self.tills[t].disk.crash();
            self.tills[t].life += 1;
            let books = self.books_of(t);
            let (restored, retold) = match books.restore() {
                Ok(found) => found,
                Err(error) => return self.fail(format!("till {t} cannot start again: {error}")),
            };
            for event in &retold {
                self.on_told(t, event);
            }
            for at in 0..self.orders.len() {
                let order = &self.orders[at];
                let is_open = order.till == t
                    && order.is_order()
                    && !order.is_superseded
                    && order.begun_life.is_some();
                let is_restored =
                    restored.iter().any(|open| open.request.request_id == order.request_id);
                let is_told = order.told.iter().any(|told| told.life == self.tills[t].life);
                let may_be_silent = order.acknowledged.is_some()
                    || is_restored && order.disk_refused
                    || self.never_reached_the_book(at) && order.accepted_life.is_none();
                if is_open && !is_told && !may_be_silent {
                    let id = order.request_id.clone();
                    return self
                        .fail(format!("{id} was never acknowledged, and is not told again"));
                }
            }
        }
    }
}
