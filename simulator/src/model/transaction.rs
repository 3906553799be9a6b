//! The transaction under way: waiting for people, ending, and telling the till, or failing to.

use serde_json::{Map, Value};

use super::answer::{self, Envelope};
use super::order::kind;
use super::{Action, ConnId, Model, Record};
use crate::amounts::{Ends, Fault, Wait};
use crate::{Behaviour, codes, money};

/// What the transaction waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Confirming,
    Paying,
    /// Answered as not settled, settles by itself.
    Settling,
}

/// The one transaction under way.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub number: String,
    pub envelope: Envelope,
    pub behaviour: Behaviour,
    pub stage: Stage,
    /// Where the answer goes; none once that link is gone.
    pub home: Option<ConnId>,
    pub push: bool,
    pub due: Option<u64>,
    pub expires_at: Option<u64>,
}

impl Running {
    pub fn new(conn: ConnId, envelope: Envelope, number: String, behaviour: Behaviour) -> Running {
        let (home, stage) = (Some(conn), Stage::Paying);
        Running {
            number,
            envelope,
            behaviour,
            stage,
            home,
            push: false,
            due: None,
            expires_at: None,
        }
    }

    pub fn adopt(&mut self, conn: ConnId) {
        if self.push && self.home.is_none() {
            self.home = Some(conn);
        }
    }

    pub fn abandon(&mut self, conn: ConnId) {
        if self.home == Some(conn) {
            self.home = None;
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        self.due.into_iter().chain(self.expires_at).min()
    }
}

impl Model {
    /// The cashier confirms the order; false when none waits for that.
    pub fn confirm(&mut self, now: u64) -> bool {
        let confirming = self.confirming();
        if confirming {
            self.start_paying(now);
        }
        confirming
    }

    /// The customer pays; false when nothing waits for that. What the order was to do besides stays: a lost answer is
    /// lost.
    pub fn approve(&mut self, now: u64) -> bool {
        self.end_by_hand(now, Ends::Paid, Behaviour::Approved)
    }

    /// The payment is declined; false when nothing waits for it.
    pub fn decline(&mut self, now: u64) -> bool {
        self.end_by_hand(now, Ends::Failed, Behaviour::Declined)
    }

    /// Someone presses cancel; false when nothing waits.
    pub fn cancel(&mut self, now: u64) -> bool {
        self.end_by_hand(now, Ends::Cancelled, Behaviour::Cancelled)
    }

    fn end_by_hand(&mut self, now: u64, ends: Ends, otherwise: Behaviour) -> bool {
        let Some(running) = self.running.as_mut() else {
            return false;
        };
        if running.stage == Stage::Settling {
            return false;
        }
        let plan = running.behaviour.plan();
        if plan.ends != ends || plan.wait == Wait::Forever {
            running.behaviour = otherwise;
            if let Some(record) = self.records.get_mut(&running.number) {
                record.behaviour = otherwise;
            }
        }
        self.finish(now);
        true
    }

    pub(super) fn start_confirming(&mut self, now: u64, manual: bool) {
        let due = (!manual).then(|| now.saturating_add(self.options.confirm_ms));
        if let Some(running) = &mut self.running {
            running.stage = Stage::Confirming;
            running.due = due;
        }
    }

    pub(super) fn start_paying(&mut self, now: u64) {
        let Some(running) = &mut self.running else {
            return;
        };
        let wait = match running.behaviour.plan().wait {
            Wait::Think => Some(self.options.think_ms),
            Wait::Slow => Some(self.options.slow_ms),
            Wait::VerySlow => Some(self.options.very_slow_ms),
            Wait::Forever => None,
        };
        running.stage = Stage::Paying;
        running.due = wait.filter(|_| !self.options.manual).map(|wait| now.saturating_add(wait));
        if let Some(record) = self.records.get_mut(&running.number) {
            record.trans_status = 0;
        }
    }

    pub(super) fn set_push(&mut self, push: bool) {
        if let Some(running) = &mut self.running {
            running.push = push;
        }
    }

    /// The transaction's next deadline is reached.
    pub(super) fn advance(&mut self, now: u64) {
        let Some(running) = &self.running else { return };
        let expired = running.expires_at.is_some_and(|at| running.due.is_none_or(|due| at < due));
        match running.stage {
            Stage::Settling => self.settle(now),
            _ if expired => self.give_up("107", 1, now),
            Stage::Confirming => self.start_paying(now),
            Stage::Paying => self.finish(now),
        }
    }

    /// Ends the transaction without money moving, and tells the till so.
    pub(super) fn give_up(&mut self, code: &'static str, status: u8, now: u64) {
        let Some(running) = self.running.take() else {
            return;
        };
        self.note(|| format!("order {}: {code} {}", running.number, codes::meaning(code)));
        let Some(record) = self.records.get_mut(&running.number) else {
            return;
        };
        record.trans_status = status;
        record.ended_at = Some(now);
        self.revision += 1;
        let biz_data = unpaid(record.biz_data(status), self.options.oddities.declined_status);
        let odd = &self.options.oddities;
        let text =
            answer::render(odd, &running.envelope, code, codes::meaning(code), biz_data, now);
        self.tell(running.home, running.push, text);
    }

    /// The customer is done.
    fn finish(&mut self, now: u64) {
        let plan = match &self.running {
            Some(running) => running.behaviour.plan(),
            None => return,
        };
        if plan.fault == Fault::Unsettled {
            return self.answer_unsettled(now);
        }
        self.book(plan.ends, now);
        let Some(running) = self.running.take() else {
            return;
        };
        if let Some(record) = self.records.get(&running.number).cloned() {
            self.conclude(&running, &record, now);
        }
    }

    fn answer_unsettled(&mut self, now: u64) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.stage = Stage::Settling;
        running.due = Some(now.saturating_add(self.options.slow_ms));
        running.expires_at = None;
        let running = running.clone();
        if let Some(record) = self.records.get_mut(&running.number) {
            record.trans_status = 0;
            let biz_data = record.biz_data(0);
            let text =
                answer::render(&self.options.oddities, &running.envelope, "000", "", biz_data, now);
            self.tell(running.home, running.push, text);
        }
    }

    fn settle(&mut self, now: u64) {
        if let Some(running) = &self.running {
            self.book(running.behaviour.plan().ends, now);
            self.running = None;
        }
    }

    /// Writes down how it ended; where money moved, in the ledger and on the original too.
    fn book(&mut self, ends: Ends, now: u64) {
        let Some(number) = self.running.as_ref().map(|running| running.number.clone()) else {
            return;
        };
        let Some(record) = self.records.get_mut(&number) else {
            return;
        };
        record.trans_status = match ends {
            Ends::Paid => 2,
            Ends::Failed => 1,
            Ends::Cancelled => 3,
        };
        record.ended_at = Some(now);
        self.revision += 1;
        let record = record.clone();
        if ends == Ends::Paid {
            self.ledger.push(record.ledger_entry(now));
            self.mark_original(&record);
        }
        self.note(|| {
            let what = match ends {
                Ends::Paid => {
                    format!("{} of {} done", kind(&record.trans_type), money::print(record.total))
                }
                Ends::Failed => "declined".to_owned(),
                Ends::Cancelled => "cancelled".to_owned(),
            };
            format!("order {number}: {what}")
        });
    }

    /// What a void, refund or completion does to the transaction it is about.
    fn mark_original(&mut self, record: &Record) {
        let Some(original) =
            record.orig_merchant_order_no.as_ref().and_then(|number| self.records.get_mut(number))
        else {
            return;
        };
        match record.trans_type.as_str() {
            "2" | "5" | "7" => original.trans_status = 3,
            "3" | "8" => original.refunded += record.amount,
            "6" => original.trans_status = 4,
            _ => {}
        }
        let (number, kind, amount) =
            (original.orig_merchant_order_no.clone(), original.trans_type.clone(), original.amount);
        // What is undone no longer counts on its own original: a voided refund may be refunded again.
        if let Some(first) = number
            .filter(|_| matches!(record.trans_type.as_str(), "2" | "7"))
            .and_then(|n| self.records.get_mut(&n))
        {
            match kind.as_str() {
                "3" => first.refunded = first.refunded.saturating_sub(amount),
                "6" => first.trans_status = 2,
                _ => {}
            }
        }
    }

    /// Tells the till how it ended, as well or badly as the order's behaviour says.
    fn conclude(&mut self, running: &Running, record: &Record, now: u64) {
        let (home, fields) = (running.home, self.answer_fields(running, record, now));
        let text = Value::Object(fields.clone()).to_string();
        match running.behaviour.plan().fault {
            Fault::Lost | Fault::QueryAmount | Fault::QueryNumber | Fault::QuerySilent => {
                self.note(|| "the answer is lost".to_owned());
            }
            Fault::CutAfter { push } => {
                self.cut(home, now);
                self.tell(None, push, text);
            }
            Fault::CutInside => {
                let mut bytes = answer::frame(&text);
                bytes.truncate(bytes.len() / 2);
                self.send_bytes(home, bytes);
                self.cut(home, now);
            }
            Fault::Restart => self.go_away(now),
            Fault::PowerLoss => {
                self.records.remove(&running.number);
                self.revision += 1;
                self.go_away(now);
            }
            Fault::Twice => {
                self.send(home, text.clone());
                self.tell(home, running.push, text);
            }
            Fault::GarbageFirst => {
                self.send(home, "{\"topic\":\"ecrhub.pay.or".to_owned());
                self.tell(home, running.push, text);
            }
            Fault::GarbageOnly => self.send(home, "<html>502 Bad Gateway</html>".to_owned()),
            Fault::NotObject => {
                self.send(home, Value::Array(vec![Value::Object(fields)]).to_string())
            }
            Fault::BrokenFrame => self.send_bytes(home, vec![0x83, 0x02, b'h', b'i']),
            Fault::BadUtf8 => self.send_bytes(home, vec![0x81, 0x04, b'{', 0xC3, 0x28, b'}']),
            _ => self.tell(home, running.push, text),
        }
    }

    /// The answer's fields, bent where the behaviour says so.
    fn answer_fields(&self, running: &Running, record: &Record, now: u64) -> Map<String, Value> {
        let plan = running.behaviour.plan();
        let odd = &self.options.oddities;
        let mut biz_data = record.biz_data(record.trans_status);
        let mut envelope = running.envelope.clone();
        let mut text = codes::meaning(plan.code).to_owned();
        match plan.fault {
            Fault::SaysSuccess => {}
            Fault::NoStatus | Fault::NoCode => drop(biz_data.remove("trans_status")),
            Fault::WrongNumber => {
                drop(biz_data.insert("merchant_order_no".into(), other(&running.number).into()))
            }
            Fault::WrongRequestId => envelope.request_id = Some("0000000000".to_owned()),
            Fault::Huge => drop(biz_data.insert("receipt".into(), "x".repeat(1 << 20).into())),
            _ if matches!(plan.code, "000" | "103") => {}
            // A code that settles nothing tells nothing about the payment either.
            _ => biz_data = unpaid(biz_data, odd.declined_status && plan.ends == Ends::Failed),
        }
        if plan.fault == Fault::TimeoutText {
            text = format!("{text}[[K041]Read timed out]");
        }
        let mut fields = answer::build(odd, &envelope, plan.code, &text, biz_data, now);
        if plan.fault == Fault::NoCode {
            fields.remove("response_code");
        }
        fields
    }

    /// Sends the answer home. Where home is gone it is owed to the next connection, or lost.
    pub(super) fn tell(&mut self, home: Option<ConnId>, push: bool, text: String) {
        match home {
            None if push => self.owed.push(text),
            home => self.send(home, text),
        }
    }

    fn send_bytes(&mut self, home: Option<ConnId>, bytes: Vec<u8>) {
        if let Some(conn) = home.filter(|conn| self.connections.contains(conn)) {
            self.actions.push_back(Action::SendBytes { conn, bytes });
        }
    }

    /// Every link is cut, and nobody gets in for a while.
    fn go_away(&mut self, now: u64) {
        self.cut_all(now);
        self.actions.push_back(Action::Refuse);
        self.later.push((now.saturating_add(self.options.restart_ms), Action::Accept));
    }
}

/// A failed answer's `biz_data`: who it is about, and the status only from terminals that send it.
fn unpaid(mut biz_data: Map<String, Value>, with_status: bool) -> Map<String, Value> {
    if with_status {
        return biz_data;
    }
    biz_data.retain(|key, _| {
        matches!(
            key.as_str(),
            "trans_type"
                | "merchant_order_no"
                | "order_amount"
                | "price_currency"
                | "attach"
                | "orig_merchant_order_no"
        )
    });
    biz_data
}

/// Another number that looks much like it.
pub(super) fn other(number: &str) -> String {
    let mut other = number.to_owned();
    let last = other.pop();
    other.push(if last == Some('0') { '1' } else { '0' });
    other
}
