//! What must hold at every step, whatever happens.

use std::hash::{Hash, Hasher};

use ecrhub::internals::Restored;
use ecrhub::{Event, EventKind, Outcome, Sent};

use crate::kinds::{INTERVAL_MS, RECOVERY_MS, REQUEST_MS, SEND_MS, UnknownClose, Visible};
use crate::kinds::{Naming, Refusal, What};
use crate::network::{Answer, Frame, Number, Topic};
use crate::terminal::{Neighbour, State};
use crate::till::{OWN_IDS, Report, place_of};
use crate::world::World;

/// A bound is reached when what was due then is done, in milliseconds.
const SLACK_MS: u64 = 5;

/// Every number there is, and what the till was told of it.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub sales: Vec<Sale>,
    /// The till's own query and close.
    pub own_asked: [bool; 2],
    own_due: Option<u64>,
    /// When the library's close left that is not answered.
    close_since: Option<u64>,
    /// The library's closes on the present connection of orders that had completed.
    late_closes: Vec<u8>,
    pub broken: Option<String>,
    /// For the table: what was reported in the last step.
    pub news: Vec<News>,
}

/// One thing that was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum News {
    Completed(&'static str),
    Clarified(&'static str, &'static str),
    /// It turned out wrong, and waits for its correction.
    Wrong,
}

/// One number, and its present attempt.
#[derive(Debug, Clone, Default)]
pub struct Sale {
    /// 0 before it was sold.
    pub attempt: u8,
    accepted_ms: u64,
    /// When it must have completed, in this process.
    due: Option<u64>,
    /// When the till was told that it is recovered, in this process.
    recovering_since: Option<u64>,
    /// How often its first byte left, in this attempt.
    frames: u8,
    /// In which life of the process it completed last, and how.
    pub completed: Option<(u32, Outcome)>,
    /// What was reported last.
    pub reported: Option<Outcome>,
    pub received: Vec<Received>,
    recorded: Option<(u32, Outcome)>,
    pub acknowledged: Option<Outcome>,
    /// The terminal said that it is busy.
    was_busy: bool,
    /// The terminal refused a close because the card was being authorised.
    pub was_authorising: bool,
    /// Since when a wrong outcome stands.
    pub wrong_since: Option<u64>,
    /// The terminal has spoken about it since it was charged.
    pub heard_since_charge: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    life: u32,
    outcome: Outcome,
    is_clarified: bool,
}

/// An outcome that says that no money moved.
pub fn is_no_money(outcome: Outcome) -> bool {
    outcome.says_no_money_moved() || outcome == Outcome::NotSent
}

impl Ledger {
    pub fn new(orders: usize) -> Self {
        Ledger {
            sales: vec![Sale::default(); orders],
            own_asked: [false; 2],
            own_due: None,
            close_since: None,
            late_closes: vec![0; orders],
            broken: None,
            news: Vec::new(),
        }
    }

    pub fn fail(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    pub fn has_begun(&self) -> bool {
        self.sales[0].attempt > 0
    }

    /// The till was told that it may use the number again, and has dealt with it.
    pub fn may_sell_again(&self, k: usize) -> bool {
        let sale = &self.sales[k];
        let is_free = |outcome| matches!(outcome, Outcome::Busy | Outcome::NotSent);
        sale.attempt == 1
            && sale.reported.is_some_and(is_free)
            && sale.received.last().is_some_and(|last| is_free(last.outcome))
    }

    /// What was not on disk is gone with the process.
    pub fn on_crash(&mut self) {
        self.own_due = None;
        self.on_new_connection();
        for sale in &mut self.sales {
            sale.due = None;
            sale.was_busy = false;
            sale.recovering_since = None;
            let received = sale.received.last().map(|last| last.outcome);
            sale.reported = sale.recorded.map(|(_, outcome)| outcome).or(received);
        }
    }

    pub fn on_new_connection(&mut self) {
        self.close_since = None;
        self.late_closes.iter_mut().for_each(|count| *count = 0);
    }

    pub fn print(&self, now: u64, life: u32, to: &mut impl Hasher) {
        let left = |due: Option<u64>| due.map(|due| due.saturating_sub(now));
        let age = |at: u64| (now - at).min(u64::from(INTERVAL_MS));
        (self.own_asked, left(self.own_due), self.close_since.map(age), &self.late_closes).hash(to);
        for sale in &self.sales {
            (sale.attempt, left(sale.due), sale.frames, sale.was_busy).hash(to);
            sale.recovering_since.map(|at| (now - at).min(u64::from(RECOVERY_MS))).hash(to);
            let is_here = |(of, outcome): (u32, Outcome)| (of == life, outcome);
            (sale.completed.map(is_here), sale.reported, sale.recorded.map(is_here)).hash(to);
            (
                sale.was_authorising,
                sale.acknowledged,
                sale.wrong_since.is_some(),
                sale.heard_since_charge,
            )
                .hash(to);
            for received in &sale.received {
                (received.life == life, received.outcome, received.is_clarified).hash(to);
            }
        }
    }
}

impl World {
    fn is_charged(&self, k: usize) -> bool {
        self.terminal.records[k].charges > 0
    }

    fn order_ms(&self) -> u64 {
        self.case.order_timeout_ms.into()
    }

    /// A close, a query, and whatever goes on until a close is conclusive.
    fn last_words_ms(&self) -> u64 {
        u64::from(RECOVERY_MS) + 9 * u64::from(INTERVAL_MS)
    }

    pub fn on_sold(&mut self, k: usize) {
        let now = self.now;
        let bound =
            u64::from(SEND_MS) + self.order_ms() + u64::from(RECOVERY_MS) + self.last_words_ms();
        let sale = &mut self.ledger.sales[k];
        *sale = Sale {
            attempt: sale.attempt + 1,
            accepted_ms: now,
            due: Some(now + bound + SLACK_MS),
            ..Sale::default()
        };
    }

    pub fn on_asked_by_itself(&mut self, which: usize) {
        self.ledger.own_asked[which] = true;
        self.ledger.own_due =
            Some(self.now + u64::from(SEND_MS) + u64::from(REQUEST_MS) + SLACK_MS);
    }

    pub fn on_restored(&mut self, order: &Restored) {
        use ecrhub::internals::RestoredState;
        let Some((k, _)) = place_of(&order.request.request_id) else {
            return self.ledger.fail("an order is restored that nobody sold".to_owned());
        };
        if order.state == RestoredState::Open {
            let own_time = self.ledger.sales[k].accepted_ms + self.order_ms();
            let from = (self.now + u64::from(RECOVERY_MS)).max(own_time);
            self.ledger.sales[k].due = Some(from + self.last_words_ms() + SLACK_MS);
        }
    }

    /// The first byte of a frame left the till.
    pub fn on_frame_left(&mut self, frame: &Frame) {
        self.say(|| {
            let whose = if frame.is_the_librarys() { "the library's " } else { "" };
            format!("{whose}{:?} of {} leaves", frame.topic, frame.number.text())
        });
        let Number::Own(k) = frame.number else { return };
        match frame.topic {
            Topic::Order => self.on_order_left(k),
            Topic::Close if frame.is_the_librarys() => self.on_close_left(k),
            _ => {}
        }
    }

    fn on_order_left(&mut self, k: usize) {
        let now = self.now;
        let sale = &mut self.ledger.sales[k];
        sale.frames += 1;
        let why = if sale.frames > 1 {
            Some("leaves twice")
        } else if sale.reported.is_some_and(is_no_money) {
            Some("leaves after the till was told that no money moved")
        } else if self.ledger.close_since.is_some_and(|at| now < at + u64::from(INTERVAL_MS)) {
            Some("leaves while a close is unanswered")
        } else {
            None
        };
        if let Some(why) = why {
            self.ledger.fail(format!("N{k} {why}"));
        }
    }

    fn on_close_left(&mut self, k: usize) {
        let (now, life, order_ms) = (self.now, self.till.life, self.order_ms());
        self.ledger.close_since = Some(now);
        let sale = &self.ledger.sales[k];
        let is_over = |sale: &Sale| sale.completed.is_some_and(|(of, _)| of == life);
        let is_settled = is_over(sale) && sale.reported.is_some_and(|o| o != Outcome::Unknown);
        let is_late = is_over(sale);
        let counts = |other: &Sale| {
            other.attempt > 0
                && !other.was_busy
                && other.frames > 0
                && other.reported.is_none()
                && other.recovering_since.is_none_or(|since| {
                    now < (since + u64::from(RECOVERY_MS)).max(other.accepted_ms + order_ms)
                })
        };
        let is_anyone_else_in_flight =
            self.ledger.sales.iter().enumerate().any(|(j, other)| j != k && counts(other));
        let why = if is_settled {
            Some("leaves after it was settled")
        } else if sale.was_busy {
            Some("leaves although it was rejected as busy")
        } else if !self.case.close_lost_orders {
            Some("leaves although close_lost_orders is false")
        } else if is_anyone_else_in_flight {
            Some("leaves while another order is in flight")
        } else if now < sale.accepted_ms + order_ms {
            Some("leaves before the customer's time is up")
        } else if is_late && self.ledger.late_closes[k] > 0 {
            Some("leaves twice on one connection after its order completed")
        } else {
            None
        };
        self.ledger.late_closes[k] += u8::from(is_late);
        if let Some(why) = why {
            self.ledger.fail(format!("a close of N{k} {why}"));
        }
    }

    /// The library's close of one order must not end the payment of another.
    pub fn check_close_effect(&mut self, frame: &Frame, before: Neighbour, at_screen: &[usize]) {
        let (Topic::Close, Number::Own(k)) = (frame.topic, frame.number) else { return };
        self.ledger.sales[k].was_authorising |=
            self.terminal.records[k].state == State::Authorising;
        if !frame.is_the_librarys() {
            return;
        }
        if self.terminal.neighbour != before {
            self.ledger.fail(format!("the library's close of N{k} ends another till's payment"));
        }
        // One whose own time is up would be closed itself.
        let has_time = |j: usize| self.now < self.ledger.sales[j].accepted_ms + self.order_ms();
        let is_ended =
            |j: &&usize| self.terminal.records[**j].state == State::Cancelled && has_time(**j);
        if let Some(j) = at_screen.iter().filter(is_ended).find(|j| **j != k) {
            self.ledger.fail(format!("the library's close of N{k} ends the payment of N{j}"));
        }
    }

    pub fn on_delivered(&mut self, answer: &Answer) {
        if answer.topic == Topic::Close {
            self.ledger.close_since = None;
        }
        let Number::Own(k) = answer.number else { return };
        if answer.is_garbage || answer.has_other_amount {
            return;
        }
        let is_present =
            place_of(&answer.id).is_none_or(|(_, attempt)| attempt == self.ledger.sales[k].attempt);
        let is_charged = self.is_charged(k);
        let sale = &mut self.ledger.sales[k];
        sale.was_busy |= answer.topic == Topic::Order && answer.code == "101" && is_present;
        sale.heard_since_charge |= is_charged && answer.status.is_some();
    }

    /// The till shows that the outcome of an order is being recovered.
    pub fn on_recovering(&mut self, request_id: &str) {
        let now = self.now;
        if let Some((k, _)) = place_of(request_id) {
            self.ledger.sales[k].recovering_since.get_or_insert(now);
        }
    }

    /// The session reports an outcome.
    pub fn on_report(&mut self, event: &Event, report: Report<'_>) {
        if OWN_IDS.contains(&report.request_id) {
            self.ledger.own_due = None;
            return;
        }
        let Some(k) = self.present_place(report) else { return };
        let life = self.till.life;
        let name = report.outcome.name();
        let sale = &self.ledger.sales[k];
        let is_over = sale.completed.is_some_and(|(of, _)| of == life);
        let why = match (&event.kind, report.was) {
            (EventKind::Completed(_), _) if is_over => Some("completes twice"),
            (EventKind::Completed(done), _)
                if done.sent == Sent::No && sale.frames > 0
                    || done.sent == Sent::Yes && sale.frames == 0 =>
            {
                Some("completes with a wrong word on whether it was sent")
            }
            (_, Some(was)) if sale.reported != Some(was) => {
                Some("is clarified from an outcome it did not have")
            }
            (_, Some(was)) if was == report.outcome => Some("is clarified to what it was"),
            _ => None,
        };
        if let Some(why) = why {
            return self.ledger.fail(format!("N{k} {why}"));
        }
        if report.was.is_none() {
            self.ledger.sales[k].completed = Some((life, report.outcome));
            self.ledger.sales[k].due = None;
            self.ledger.news.push(News::Completed(name));
        }
        if let Some(was) = report.was {
            self.ledger.news.push(News::Clarified(was.name(), name));
        }
        self.ledger.sales[k].reported = Some(report.outcome);
        if report.outcome == Outcome::Unknown && !self.may_be_unknown(k) {
            self.ledger.fail(format!("N{k} is unknown although nothing went wrong"));
        }
        if report.outcome == Outcome::NotFound && !self.case.close_lost_orders {
            self.ledger.fail(format!("N{k} is not_found although close_lost_orders is false"));
        }
        self.judge(k);
    }

    /// The order a report is about. A number's earlier attempt is over for good once it is used again.
    fn present_place(&mut self, report: Report<'_>) -> Option<usize> {
        let Some((k, attempt)) = place_of(report.request_id) else {
            self.ledger.fail(format!("a report about nobody's order: {}", report.request_id));
            return None;
        };
        if attempt != self.ledger.sales[k].attempt {
            self.ledger.fail(format!("N{k}: a report about an earlier attempt"));
            return None;
        }
        Some(k)
    }

    /// Without a fault an order is unknown only where this kind of terminal leaves it no other way.
    fn may_be_unknown(&self, k: usize) -> bool {
        !self.is_faultless()
            || self.ledger.sales[k].was_authorising
            || !self.case.close_lost_orders
            || self.case.neighbour
            || self.case.orders.len() > 1
            || self.case.without.is_some()
            || self.case.kind.naming == Naming::Number
    }

    pub fn on_charged(&mut self, k: usize) {
        if self.terminal.records[k].charges > 1 {
            self.ledger.fail(format!("N{k} is charged twice"));
        }
        self.ledger.sales[k].heard_since_charge = false;
        self.judge(k);
    }

    /// Whether what was reported last is right.
    fn judge(&mut self, k: usize) {
        let (now, is_charged, may_correct) = (self.now, self.is_charged(k), self.case.may_correct);
        let sale = &mut self.ledger.sales[k];
        let Some(outcome) = sale.reported else { return };
        let is_wrong =
            is_no_money(outcome) && is_charged || outcome == Outcome::Approved && !is_charged;
        if !is_wrong {
            sale.wrong_since = None;
        } else if may_correct && outcome != Outcome::NotSent {
            if sale.wrong_since.is_none() {
                sale.wrong_since = Some(now);
                self.ledger.news.push(News::Wrong);
            }
        } else {
            let state = if is_charged { "charged" } else { "not charged" };
            self.ledger.fail(format!("N{k} is {outcome}, but {state}"));
        }
    }

    pub fn on_recorded(&mut self, report: Report<'_>) {
        let life = self.till.life;
        if let Some(k) = self.present_place(report) {
            self.ledger.sales[k].recorded = Some((life, report.outcome));
        }
    }

    /// The till knows an outcome now.
    pub fn on_received(&mut self, report: Report<'_>) {
        let Some(k) = self.present_place(report) else { return };
        let life = self.till.life;
        let is_clarified = report.was.is_some();
        let outcome = report.outcome;
        let sale = &mut self.ledger.sales[k];
        let same = |r: &Received| r.outcome == outcome && r.is_clarified == is_clarified;
        let last = sale.received.last().copied();
        let why = if sale
            .received
            .iter()
            .any(|r| r.life == life && (same(r) || !is_clarified && !r.is_clarified))
        {
            Some("is told twice in one life of the process")
        } else if sale.acknowledged == Some(outcome)
            && last.is_some_and(|last| last.outcome == outcome)
        {
            Some("is told again although it was acknowledged")
        } else if !report.is_retold && sale.received.iter().any(|r| r.life < life && same(r)) {
            Some("is told again, and does not say so")
        } else if report.is_retold && sale.recorded.is_none_or(|(recorded, _)| recorded >= life) {
            Some("says that it was told before, but it was not")
        } else if !is_clarified && last.is_some_and(|last| last.outcome != outcome) {
            Some("was told otherwise before")
        } else {
            None
        };
        sale.received.push(Received { life, outcome, is_clarified });
        if let Some(why) = why {
            self.ledger.fail(format!("N{k} {outcome} {why}"));
        }
    }

    pub fn is_of_earlier_attempt(&self, report: Report<'_>) -> bool {
        place_of(report.request_id)
            .is_some_and(|(k, attempt)| attempt < self.ledger.sales[k].attempt)
    }

    pub fn on_acknowledged(&mut self, report: Report<'_>) {
        let Some(k) = self.present_place(report) else { return };
        let written = self.till.outcome_on_disk(report.request_id);
        if written.is_some_and(|written| written != report.outcome) {
            self.ledger.fail(format!(
                "N{k}: {written:?} counts as acknowledged, the till was told {}",
                report.outcome
            ));
        }
        self.ledger.sales[k].acknowledged = Some(report.outcome);
    }

    pub fn check_bounds(&mut self) {
        if self.till.session.is_none() {
            return;
        }
        let now = self.now;
        let is_late = |due: Option<u64>| due.is_some_and(|due| now > due);
        let late = self.ledger.sales.iter().position(|sale| is_late(sale.due));
        if let Some(k) = late {
            self.ledger.fail(format!("N{k} has not completed within its bound"));
        }
        if is_late(self.ledger.own_due) {
            self.ledger
                .fail("the till's own request has not completed within its bound".to_owned());
        }
    }

    pub fn check_footprint(&mut self) {
        let Some(footprint) = self.till.session.as_ref().map(|session| session.footprint()) else {
            return;
        };
        if footprint > 40 * self.case.orders.len() + 20 {
            self.ledger.fail(format!("the session keeps {footprint} entries"));
        }
    }

    /// Nothing more is to be learned about this order.
    pub fn is_at_rest(&self, k: usize) -> bool {
        let sale = &self.ledger.sales[k];
        let Some(outcome) = sale.reported else { return sale.attempt == 0 };
        let is_acknowledged = sale.acknowledged == Some(outcome);
        let is_wrong_for_good = sale.wrong_since.is_some() && sale.heard_since_charge;
        is_acknowledged
            && !is_wrong_for_good
            && (outcome != Outcome::Unknown || self.can_stay_unknown(k))
    }

    /// This kind of terminal will never say what became of it.
    fn can_stay_unknown(&self, k: usize) -> bool {
        let state = self.terminal.records[k].state;
        let leaves_no_record = self.case.kind.refusal == Refusal::WithoutRecord;
        let is_over = matches!(state, State::Declined | State::Cancelled);
        if self.ledger.sales[k].was_busy
            || self.case.kind.naming == Naming::Number
            || self.case.orders[k] == What::Void && is_over
            || is_over && leaves_no_record && !self.case.close_lost_orders
        {
            return true;
        }
        let shows = match state {
            State::Absent => false,
            State::Waiting => self.case.kind.visible == Visible::AtOnce,
            State::Authorising => return true,
            _ => return false,
        };
        let may_be_closed = self.case.close_lost_orders
            && (shows
                || state != State::Absent
                || self.case.kind.unknown_close != UnknownClose::Refused);
        !may_be_closed
    }
}
