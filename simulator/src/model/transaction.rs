//! The transaction under way: waiting for people, ending, and telling the till, or failing to.

use super::answer::{self, Envelope};
use super::order::kind;
use super::own_answer::unpaid;
use super::{Action, ConnId, Model, Record};
use crate::amounts::{Ends, Fault, Wait};
use crate::{Behaviour, codes, money};

/// What the transaction waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Confirming,
    Paying,
    /// The card is read, the host decides.
    Authorising,
    /// Approved, and not answered before the customer has signed.
    Signing,
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
    pub fn new(
        home: Option<ConnId>,
        envelope: Envelope,
        number: String,
        behaviour: Behaviour,
    ) -> Running {
        Running {
            number,
            envelope,
            behaviour,
            stage: Stage::Paying,
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
        if matches!(running.stage, Stage::Settling | Stage::Signing) {
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
        self.serve_queue(now);
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
            Wait::Nothing => Some(0),
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
            Stage::Paying if self.options.authorise_ms > 0 => self.start_authorising(now),
            Stage::Paying | Stage::Authorising => self.finish(now),
            Stage::Signing => self.conclude_running(now),
        }
    }

    /// The card is read; from here on nobody can give up.
    fn start_authorising(&mut self, now: u64) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.stage = Stage::Authorising;
        running.due = Some(now.saturating_add(self.options.authorise_ms));
        running.expires_at = None;
        if let Some(record) = self.records.get_mut(&running.number) {
            record.read = true;
        }
    }

    /// A success code, and nothing else, as the order is taken.
    pub(super) fn acknowledge(&mut self, now: u64) {
        let Some(running) = &self.running else { return };
        let Some(record) = self.records.get(&running.number) else {
            return;
        };
        let biz_data = unpaid(record.biz_data(record.trans_status), false);
        let odd = &self.options.oddities;
        let text = answer::render(odd, &running.envelope, "000", "", biz_data, now);
        self.send(running.home, text);
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
        let record = record.clone();
        let answer = self.mangled(&running, text);
        self.deliver(running.home, running.push, answer);
        self.remember(&running.number);
        self.forget_if_wanted(&record);
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
        let Some(number) = self.running().map(str::to_owned) else {
            return;
        };
        match plan.fault {
            Fault::Signature { .. } if plan.ends == Ends::Paid => return self.start_signing(now),
            Fault::PaidLater { .. } if plan.code == "110" => {
                self.book(&number, Ends::Cancelled, now)
            }
            Fault::PaidLater { .. } => self.book(&number, Ends::Failed, now),
            _ => self.book(&number, plan.ends, now),
        }
        self.conclude_running(now);
    }

    /// The terminal is free again, and the till is answered.
    fn conclude_running(&mut self, now: u64) {
        let Some(running) = self.running.take() else {
            return;
        };
        if let Some(record) = self.records.get(&running.number).cloned() {
            self.conclude(&running, &record, now);
            self.forget_if_wanted(&record);
        }
        if matches!(running.behaviour.plan().fault, Fault::PaidLater { .. } | Fault::ReversedLater)
        {
            self.later_on(running, now);
        }
    }

    /// Terminals that keep no record of some orders.
    fn forget_if_wanted(&mut self, record: &Record) {
        let odd = &self.options.oddities;
        let is_refused = !record.paid && matches!(record.trans_status, 1 | 3);
        let will_be_paid =
            matches!(record.behaviour.plan().fault, Fault::PaidLater { .. } | Fault::CloseThenPaid);
        if (odd.no_void_record && record.is_void() && record.paid)
            || (odd.no_refused_record && is_refused && !will_be_paid)
        {
            self.records.remove(&record.merchant_order_no);
            self.revision += 1;
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
            let answer = self.mangled(&running, text);
            self.deliver(running.home, running.push, answer);
        }
    }

    fn settle(&mut self, now: u64) {
        if let Some(running) = self.running.take() {
            self.book(&running.number, running.behaviour.plan().ends, now);
        }
    }

    /// Writes down how it ended; where money moved, in the ledger and on the original too.
    pub(super) fn book(&mut self, number: &str, ends: Ends, now: u64) {
        let Some(record) = self.records.get_mut(number) else {
            return;
        };
        record.read |= ends != Ends::Cancelled;
        if ends == Ends::Paid {
            record.pay();
        }
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
        self.remember(number);
    }

    /// The terminal's memory takes one more ended transaction, and loses the oldest where it is full.
    fn remember(&mut self, number: &str) {
        self.ended.retain(|ended| ended != number);
        self.ended.push_back(number.to_owned());
        if self.options.memory == 0 {
            return;
        }
        // What is still to be charged is not over, and not counted.
        let is_over =
            |number: &&String| self.late.iter().all(|late| late.running.number != **number);
        let over: Vec<_> = self.ended.iter().filter(is_over).cloned().collect();
        for oldest in &over[..over.len().saturating_sub(self.options.memory)] {
            self.ended.retain(|ended| ended != oldest);
            self.records.remove(oldest);
        }
    }

    /// What a void, refund or completion does to the transaction it is about.
    fn mark_original(&mut self, record: &Record) {
        let Some(number) = &record.orig_merchant_order_no else {
            return;
        };
        let Some(original) = self.records.get_mut(number) else {
            return;
        };
        match record.trans_type.as_str() {
            "2" | "5" | "7" => {
                original.trans_status = 3;
                let original = original.clone();
                self.unmark(&original);
            }
            "3" | "8" => original.refunded += record.amount,
            "6" => original.trans_status = 4,
            _ => {}
        }
    }

    /// What is undone no longer counts on its own original: a sale whose refund is voided may be refunded again.
    fn unmark(&mut self, undone: &Record) {
        let Some(number) = &undone.orig_merchant_order_no else {
            return;
        };
        let Some(original) = self.records.get_mut(number) else {
            return;
        };
        match undone.trans_type.as_str() {
            "3" => original.refunded = original.refunded.saturating_sub(undone.amount),
            "6" => original.trans_status = 2,
            _ => {}
        }
    }

    /// Every link is cut, and nobody gets in for a while.
    pub(super) fn go_away(&mut self, now: u64) {
        // Refused first: a till that comes back at once must not slip in.
        self.actions.push_back(Action::Refuse);
        self.cut_all(now);
        self.later.push((now.saturating_add(self.options.restart_ms), Action::Accept));
    }
}
