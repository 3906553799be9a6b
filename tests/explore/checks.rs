//! What must hold at every step, whatever happens.

use ecrhub::internals::Restored;
use ecrhub::{Clarified, Completed, Event, EventKind, Outcome, Sent};

use crate::kinds::{INTERVAL_MS, RECOVERY_MS, REQUEST_MS, SEND_MS, UnknownClose, Visible};
use crate::kinds::{Naming, Refusal, What};
use crate::ledger::{AtHand, News, Received, Sale, is_no_money};
use crate::network::{Answer, Frame, Number, Topic};
use crate::terminal::{Neighbour, State};
use crate::till::{OWN_IDS, Report, place_of, request_id};
use crate::world::World;

/// A bound is reached when what was due then is done, in milliseconds.
const SLACK_MS: u64 = 5;

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
            Topic::Close => {
                let sale = &mut self.ledger.sales[k];
                // A close of the till's own need not count, and a second one takes nothing from one that was accepted.
                if !sale.is_closed && (frame.is_the_librarys() || !sale.was_closed) {
                    sale.asked_after_close = None;
                }
                sale.was_closed = true;
                if frame.is_the_librarys() {
                    self.on_close_left(k);
                }
            }
            Topic::Query if self.ledger.sales[k].was_closed => {
                self.ledger.sales[k].asked_after_close.get_or_insert(self.now);
            }
            _ => {}
        }
    }

    fn on_order_left(&mut self, k: usize) {
        let now = self.now;
        let is_on_disk = self.till.is_on_disk(&request_id(k, self.ledger.sales[k].attempt));
        let sale = &mut self.ledger.sales[k];
        sale.frames += 1;
        let why = if !is_on_disk {
            Some("leaves before it is in the journal")
        } else if sale.frames > 1 {
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
        } else if !self.case.closes_lost_orders() {
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
        let is_own = answer.topic == Topic::Order;
        self.ledger.at_hand = AtHand {
            is_bare_success: is_own && answer.code == "000" && answer.status.is_none(),
            has_other_amount: is_own && answer.shows_other_amount(),
        };
        if answer.is_garbage {
            self.ledger.must_recover = self.waits_for_its_answer(k).then_some(k);
        }
        if answer.is_garbage || answer.shows_other_amount() {
            return;
        }
        let is_present =
            place_of(&answer.id).is_none_or(|(_, attempt)| attempt == self.ledger.sales[k].attempt);
        let sale = &mut self.ledger.sales[k];
        sale.was_busy |= answer.topic == Topic::Order && answer.code == "101" && is_present;
        sale.was_contradicted |=
            sale.wrong_since.is_some() && answer.status.is_some_and(|status| status != "0");
        match answer.topic {
            Topic::Close => sale.is_closed |= sale.was_closed && answer.code == "000",
            Topic::Order if is_present => {
                sale.is_answered = true;
                sale.needs_query = matches!(answer.code, "101" | "106") && answer.status.is_none();
            }
            Topic::Query if answer.status != Some("0") => {
                sale.owes_look = false;
                sale.needs_query = false;
            }
            _ => {}
        }
    }

    /// It is all on the wire, and nothing was received about it in this process.
    fn waits_for_its_answer(&self, k: usize) -> bool {
        let sale = &self.ledger.sales[k];
        self.case.orders.len() == 1
            && sale.frames > 0
            && sale.reported.is_none()
            && !sale.is_answered
            && self.conn.as_ref().is_some_and(|conn| conn.stuck.is_none())
    }

    /// What must be so once everything that a step led to has happened.
    pub fn check_step(&mut self) {
        self.ledger.at_hand = AtHand::default();
        if let Some(k) = self.ledger.must_recover.take()
            && self.till.session.is_some()
            && self.ledger.sales[k].recovering_since.is_none()
            && self.ledger.sales[k].reported.is_none()
        {
            self.ledger.fail(format!("N{k} is not recovered after a message that nobody can read"));
        }
        (0..self.ledger.sales.len()).for_each(|k| self.judge(k));
        self.check_bounds();
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
        self.check_proof(k, report.outcome, &event.kind);
        self.ledger.sales[k].reported = Some(report.outcome);
        if report.outcome == Outcome::Unknown && !self.may_be_unknown(k) {
            self.ledger.fail(format!("N{k} is unknown although nothing went wrong"));
        }
        if report.outcome == Outcome::NotFound && !self.case.closes_lost_orders() {
            self.ledger.fail(format!("N{k} is not_found although close_lost_orders is false"));
        }
        self.judge(k);
    }

    /// What an outcome rests on, and what it owes.
    fn check_proof(&mut self, k: usize, outcome: Outcome, event: &EventKind) {
        let (now, at_hand) = (self.now, self.ledger.at_hand);
        let (EventKind::Completed(Completed { differs, .. })
        | EventKind::Clarified(Clarified { differs, .. })) = event
        else {
            return;
        };
        let sale = &mut self.ledger.sales[k];
        sale.owes_look = outcome.says_no_money_moved()
            || outcome == Outcome::Approved && at_hand.is_bare_success;
        let why = match outcome {
            Outcome::Busy | Outcome::Declined if sale.needs_query => "without a query",
            Outcome::NotFound
                if sale
                    .asked_after_close
                    .is_none_or(|first| now < first + u64::from(INTERVAL_MS)) =>
            {
                "without two queries after a close"
            }
            Outcome::Approved if at_hand.has_other_amount && differs.is_empty() => {
                "for another amount, and it does not say so"
            }
            _ => return,
        };
        self.ledger.fail(format!("N{k} is {outcome} {why}"));
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
            || !self.case.closes_lost_orders()
            || self.case.neighbour
            || self.case.orders.len() > 1
            || self.case.without.is_some()
            || self.case.kind.naming == Naming::Number
    }

    pub fn on_charged(&mut self, k: usize) {
        if self.terminal.records[k].charges > 1 {
            self.ledger.fail(format!("N{k} is charged twice"));
        }
        self.judge(k);
    }

    /// Whether what was reported last is right.
    fn judge(&mut self, k: usize) {
        let (now, is_charged, may_correct) = (self.now, self.is_charged(k), self.case.may_correct);
        // Approved by a success code while the customer still stands there: not wrong yet.
        let is_open = may_correct && self.terminal.is_at_screen(k);
        let sale = &mut self.ledger.sales[k];
        let Some(outcome) = sale.reported else { return };
        let is_wrong = is_no_money(outcome) && is_charged
            || outcome == Outcome::Approved && !is_charged && !is_open;
        if !is_wrong {
            sale.wrong_since = None;
            sale.was_contradicted = false;
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
        // An outcome may come back after another one: then each is news.
        let is_repeated = last.is_some_and(|last| last.life == life && last.outcome == outcome);
        let is_second = !is_clarified
            && sale.received.iter().any(|earlier| earlier.life == life && !earlier.is_clarified);
        let why = if is_repeated || is_second {
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
        let is_wrong_for_good = sale.wrong_since.is_some() && sale.was_contradicted;
        is_acknowledged
            && !is_wrong_for_good
            && !sale.owes_look
            && (outcome != Outcome::Unknown || self.can_stay_unknown(k))
    }

    /// This kind of terminal will never say what became of it.
    fn can_stay_unknown(&self, k: usize) -> bool {
        let state = self.terminal.records[k].state;
        let leaves_no_record = self.case.kind.refusal == Refusal::WithoutRecord;
        let is_over = matches!(state, State::Declined | State::Cancelled);
        if self.ledger.sales[k].was_busy
            || self.ledger.sales[k].was_busy_before
            || self.case.kind.naming == Naming::Number
            || self.case.orders[k] == What::Void && is_over
            || is_over && leaves_no_record && !self.case.closes_lost_orders()
        {
            return true;
        }
        let shows = match state {
            State::Absent => false,
            State::Waiting => self.case.kind.visible == Visible::AtOnce,
            State::Authorising => return true,
            _ => return false,
        };
        let may_be_closed = self.case.closes_lost_orders()
            && (shows
                || state != State::Absent
                || self.case.kind.unknown_close != UnknownClose::Refused);
        !may_be_closed
    }
}
