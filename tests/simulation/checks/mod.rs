//! What is held against the library at every step: the outcomes it reports, next to the terminals' ledgers.
//!
//! | module | what |
//! |---|---|
//! | this one | outcomes against the money, completions, corrections, bounds |
//! | `answers` | what the till reads, and what must follow at once |
//! | `closes` | which closes may leave, and when |
//! | `delivery` | what the till is given, and what it acknowledges |
//! | `excuses` | when an outcome may be `unknown`, and why |
//! | `ends` | when a world is over, and the last restart |

mod answers;
mod closes;
mod delivery;
mod ends;
mod excuses;

use ecrhub::{Completed, Event, EventKind, Outcome, Sent};

use crate::assumptions::Assumption;
use crate::order::Wrong;
use crate::terminal::value_of;
use crate::till::{id_of, outcome_of};
use crate::world::{Due, World};

/// A bound is reached when what was due then is done.
const SLACK_MS: u64 = 5;

/// The causes of wrong outcomes that break no assumption.
const BARE_SUCCESS: &str = "success without trans_status was only an acknowledgement";
const REVERSED_LATER: &str = "approved, and reversed later";

impl World {
    /// The newest order of this number.
    pub fn order_of_number(&self, number: &str) -> Option<usize> {
        let is_it = |order: &crate::order::Order| {
            order.is_order()
                && order.request.number == number
                && !order.is_superseded
                && !order.shares_its_number
        };
        self.orders.iter().position(is_it)
    }

    fn is_charged(&self, order: usize) -> bool {
        let order = &self.orders[order];
        let terminal = self.tills[order.request.till].terminal;
        order.frames > 0 && self.terminals[terminal].model.charges(&order.request.number) > 0
    }

    /// Money went back by a void that the ledger has.
    fn is_voided(&self, order: usize) -> bool {
        let order = &self.orders[order];
        let terminal = self.tills[order.request.till].terminal;
        let number = Some(&*order.request.number);
        let mut ledger = self.terminals[terminal].model.ledger().iter();
        ledger.any(|entry| {
            entry.trans_type == "2" && entry.orig_merchant_order_no.as_deref() == number
        })
    }

    pub fn on_charged(&mut self, terminal: usize, number: &str) {
        self.trace.say(self.now, || format!("terminal {terminal} CHARGES {number}"));
        self.tally.charged += 1;
        if self.terminals[terminal].model.charges(number) > 1 {
            return self.fail(format!("{number} is charged twice"));
        }
        let Some(at) = self.order_of_number(number) else { return };
        let order = &mut self.orders[at];
        order.charged_ms = Some(self.now);
        let reported = order.reported.filter(|outcome| outcome.says_no_money_moved());
        if let Some(outcome) = reported {
            let why = format!("{number} is charged after {outcome} was reported");
            self.on_wrong(at, why);
        } else if self.orders[at].reported == Some(Outcome::Approved) {
            self.on_corrected(at);
        }
    }

    /// An outcome does not agree with the money. Within the assumptions that never happens, with two exceptions that
    /// the contract names; where one is broken, the library must correct it.
    fn on_wrong(&mut self, at: usize, why: String) {
        let Some(cause) = self.cause_of_wrong(at) else { return self.fail(why) };
        self.trace.say(self.now, || format!("WRONG: {why} ({cause})"));
        if self.orders[at].wrong.is_none() {
            self.tally.wrong(cause);
        }
        self.orders[at].wrong = Some(Wrong { cause, is_corrected: false });
    }

    fn cause_of_wrong(&self, at: usize) -> Option<&'static str> {
        use ecrhub_simulator::Behaviour::{
            Acknowledged, AcknowledgedDeclined, AcknowledgedLost, PaidThenReversed,
        };
        let order = &self.orders[at];
        let broken = order.breaks().or(self.broken_assumption).map(Assumption::meaning);
        match order.request.behaviour {
            _ if broken.is_some() => broken,
            Acknowledged | AcknowledgedDeclined | AcknowledgedLost => Some(BARE_SUCCESS),
            PaidThenReversed => Some(REVERSED_LATER),
            _ => None,
        }
    }

    pub fn on_begun(&mut self, at: usize) {
        let number = self.orders[at].request.number.clone();
        let till = self.orders[at].request.till;
        for (other, order) in self.orders.iter_mut().enumerate() {
            order.is_superseded |= other != at
                && order.is_order()
                && order.request.till == till
                && order.request.number == number;
        }
        self.orders[at].begun_life = Some(self.tills[till].life);
        self.orders[at].begun_ms = self.now;
    }

    pub fn on_accepted(&mut self, at: usize) {
        let replaced: Vec<usize> = (0..self.orders.len())
            .filter(|other| *other != at && self.orders[*other].is_superseded)
            .filter(|other| self.orders[*other].request.number == self.orders[at].request.number)
            .collect();
        for other in replaced {
            self.orders[other].is_replaced = true;
        }
        let till = &self.tills[self.orders[at].request.till];
        let bound = till.settings.send_timeout_ms
            + self.answer_within_ms(at)
            + if self.orders[at].is_order() { self.recovery_bound_ms(at) } else { 0 };
        let due = Due::Bound { order: at, life: till.life, slept_ms: till.slept_ms };
        let life = till.life;
        let order = &mut self.orders[at];
        order.accepted_life = Some(life);
        let request = &order.request;
        self.trace.say(self.now, || {
            format!(
                "till {} takes {} ({}, {})",
                request.till, request.request_id, request.number, request.amount
            )
        });
        self.tally.accepted += u64::from(order.is_order());
        self.at(self.now + bound + SLACK_MS, due);
    }

    pub fn answer_within_ms(&self, at: usize) -> u64 {
        let order = &self.orders[at];
        let settings = &self.tills[order.request.till].settings;
        order.request.timeout_ms.unwrap_or(if order.is_order() {
            settings.order_timeout_ms
        } else {
            settings.request_timeout_ms
        })
    }

    /// How long recovery may take once the order's own time is up: the connection that carried it may end at the last
    /// moment, and the library may give one up so that no older answer is under way on the next.
    fn recovery_bound_ms(&self, at: usize) -> u64 {
        let till = &self.tills[self.orders[at].request.till];
        let settings = &till.settings;
        let reconnecting = settings.connect_timeout_ms + settings.reconnect_max_ms;
        2 * settings.recovery_timeout_ms + reconnecting + 2 * till.last_questions_ms()
    }

    pub fn on_restored(&mut self, t: usize, id: &str, is_open: bool) {
        let Some(&at) = self.by_id.get(id) else {
            return self.fail(format!("till {t} restores an order nobody placed: {id}"));
        };
        let till = &self.tills[t];
        let due = Due::Bound { order: at, life: till.life, slept_ms: till.slept_ms };
        let bound = self.answer_within_ms(at) + self.recovery_bound_ms(at);
        let order = &mut self.orders[at];
        order.clock_was_far_off |= till.wall_offset.abs() > 12 * 3_600_000;
        if is_open {
            order.recovering_ms = Some(self.now);
            self.at(self.now + bound + SLACK_MS, due);
        }
    }

    /// The request should have completed by now.
    pub fn bound_is_reached(&mut self, order: usize, life: u64, slept_ms: u64) {
        let t = self.orders[order].request.till;
        let till = &self.tills[t];
        if till.life != life || till.process.is_none() {
            return;
        }
        // A sleeping machine keeps no time; the rest of the bound begins anew when it wakes.
        let extra = (till.slept_ms - slept_ms) + till.asleep_until.saturating_sub(self.now);
        if extra > 0 {
            let due = Due::Bound { order, life, slept_ms: till.slept_ms };
            let at = self.now + extra + self.recovery_bound_ms(order);
            return self.at(at, due);
        }
        if !self.orders[order].has_completed_in(life) {
            let id = &self.orders[order].request.request_id;
            self.fail(format!("{id} has not completed within its bound"));
        }
    }

    /// The first byte of a frame left the till.
    pub fn on_frame_out(&mut self, conn: usize, text: &str) {
        self.tally.frames += 1;
        let id = value_of(text, "request_id");
        let t = self.conns[conn].till;
        let Some(&at) = self.by_id.get(&id) else {
            return self.on_question_out(t, conn, text);
        };
        self.trace.say(self.now, || format!("till {t} sends {id} on connection {conn}"));
        if self.orders[at].is_order() {
            self.check_no_close_is_unanswered(t, conn, &id);
        }
        let order = &mut self.orders[at];
        order.frames += 1;
        order.sent_ms = Some(self.now);
        order.carrier = Some(conn);
        if order.frames > 1 {
            return self.fail(format!("the order {id} leaves twice"));
        }
        let reported = order.reported;
        if let Some(outcome) = reported {
            self.fail(format!("{id} leaves after {outcome} was reported"));
        }
    }

    /// The first byte of one of the library's own questions leaves.
    fn on_question_out(&mut self, t: usize, conn: usize, text: &str) {
        let number = value_of(text, "merchant_order_no");
        if value_of(text, "topic") == "ecrhub.pay.close" {
            return self.on_close_out(t, conn, &number);
        }
        let about = self.orders.iter_mut().filter(|order| order.request.number == number);
        about.filter(|order| order.request.till == t).for_each(|order| {
            order.queried_ms = Some(self.now);
        });
    }

    pub fn carrier_lost(&mut self, conn: usize) {
        for order in self.orders.iter_mut().filter(|order| order.carrier == Some(conn)) {
            order.carrier_lost_ms.get_or_insert(self.now);
        }
        let t = self.conns[conn].till;
        if self.tills[t].open_close.is_some_and(|close| close.conn == conn) {
            self.tills[t].open_close = None;
        }
    }

    /// An event comes out of the session.
    pub fn on_event(&mut self, t: usize, event: &Event) {
        if let EventKind::Recovering { request_id, .. } = &event.kind
            && let Some(&at) = self.by_id.get(request_id)
        {
            self.orders[at].recovering_ms.get_or_insert(self.now);
        }
        let Some((at, outcome)) = self.subject(event) else { return };
        match &event.kind {
            EventKind::Completed(done) => self.on_completed(t, at, done),
            EventKind::Clarified(clarified) => self.on_clarified(at, outcome, clarified.was),
            _ => {}
        }
        if self.orders[at].is_order() {
            self.orders[at].reported = Some(outcome);
            self.orders[at].reported_ms = self.now;
            self.check_against_the_money(at, outcome);
        }
    }

    fn on_completed(&mut self, t: usize, at: usize, done: &Completed) {
        let life = self.tills[t].life;
        let order = &self.orders[at];
        let id = &order.request.request_id;
        if order.has_completed_in(life) {
            return self.fail(format!("{id} completes twice"));
        }
        if done.sent == Sent::No && order.frames > 0 || done.sent == Sent::Yes && order.frames == 0
        {
            let (sent, frames) = (done.sent, order.frames);
            return self.fail(format!("{id}: sent is {sent:?}, but {frames} frames left"));
        }
        if order.is_order() {
            if order.completed.is_none() {
                self.tally.outcome(done.outcome);
            }
            self.check_outcome(t, at, done);
        }
        let order = &mut self.orders[at];
        order.completed = Some((life, done.outcome));
        if done.outcome == Outcome::Unknown {
            order.unknown_since_ms.get_or_insert(self.now);
        }
    }

    /// What must be true of a completion whatever became of the money.
    fn check_outcome(&mut self, t: usize, at: usize, done: &Completed) {
        let order = &self.orders[at];
        let id = order.request.request_id.clone();
        if done.outcome == Outcome::NotFound && !self.tills[t].settings.close_lost_orders {
            return self.fail(format!("{id} is not_found, although no close is allowed"));
        }
        if order.is_duplicate
            && order.shares_its_number
            && !matches!(done.outcome, Outcome::Unknown | Outcome::NotSent)
        {
            let outcome = done.outcome;
            return self.fail(format!(
                "{id} was refused with 113, is no attempt of this till's, and is {outcome}"
            ));
        }
        if done.outcome == Outcome::Unknown {
            match self.excuse(at) {
                Some(why) => self.tally.excused(why),
                None => self.fail(format!("{id} is unknown, but could have been known")),
            }
        }
        self.check_difference(at, done);
    }

    /// An approval for another amount says so.
    fn check_difference(&mut self, at: usize, done: &Completed) {
        let Some(response) = done.response.as_deref().filter(|_| done.outcome == Outcome::Approved)
        else {
            return;
        };
        let order = &self.orders[at].request;
        let answered = value_of(&response.replace("\\\"", "\""), "order_amount");
        let is_partial = order.behaviour == ecrhub_simulator::Behaviour::Partial
            && !answered.is_empty()
            && answered.trim() != order.amount;
        if is_partial && done.differs.is_empty() {
            let id = &order.request_id;
            self.fail(format!("{id} is approved for {answered}, and nothing says so"));
        }
    }

    fn on_clarified(&mut self, at: usize, outcome: Outcome, was: Outcome) {
        self.tally.clarified += 1;
        self.orders[at].is_contradicted = false;
        let is_by_void = (was, outcome) == (Outcome::Approved, Outcome::Cancelled)
            && self.orders.iter().any(|void| {
                void.request.voids.as_ref() == Some(&self.orders[at].request.number)
                    && void.reported == Some(Outcome::Approved)
            });
        let order = &self.orders[at];
        let id = &order.request.request_id;
        let complaint = if order.is_replaced {
            Some(format!("{id} is clarified, although its number was used again"))
        } else if is_by_void {
            Some(format!("{id} is clarified to cancelled, although its void was approved"))
        } else if outcome == Outcome::Unknown {
            Some(format!("{id} is clarified to unknown"))
        } else if outcome == was {
            Some(format!("{id} is clarified from {was} to {outcome}"))
        } else if order.reported != Some(was) {
            let reported = order.reported;
            Some(format!("{id} is clarified, was {was}, but {reported:?} was reported"))
        } else {
            None
        };
        if let Some(complaint) = complaint {
            self.fail(complaint);
        }
    }

    fn check_against_the_money(&mut self, at: usize, outcome: Outcome) {
        let order = &self.orders[at];
        let id = &order.request.request_id;
        if order.shares_its_number {
            let is_twin = |other: &crate::order::Order| {
                other.request.number == order.request.number
                    && other.request.till != order.request.till
                    && other.reported == Some(Outcome::Approved)
            };
            if outcome == Outcome::Approved && self.orders.iter().any(is_twin) {
                let why = format!("{id} is approved, and was charged for another order");
                self.on_wrong(at, why);
            }
            return;
        }
        let (is_charged, is_voided) = (self.is_charged(at), self.is_voided(at));
        let says_no = outcome.says_no_money_moved();
        let was_wrong = order.wrong.is_some();
        // What the terminal says of a number belongs to its newest order: an earlier attempt may have been charged.
        let is_number_charged = || {
            let mut same = self.orders.iter().enumerate();
            same.any(|(other, tried)| {
                tried.request.number == order.request.number && self.is_charged(other)
            })
        };
        let why = if outcome == Outcome::Approved && !is_number_charged() {
            format!("{id} is approved, but not charged")
        } else if says_no && is_charged && !is_voided {
            format!("{id} is {outcome}, but charged")
        } else {
            if was_wrong && outcome != Outcome::Unknown {
                self.on_corrected(at);
            }
            return;
        };
        self.on_wrong(at, why);
    }

    fn on_corrected(&mut self, at: usize) {
        if let Some(wrong) = &mut self.orders[at].wrong
            && !std::mem::replace(&mut wrong.is_corrected, true)
        {
            self.tally.corrected(wrong.cause);
        }
    }

    fn subject(&self, event: &Event) -> Option<(usize, Outcome)> {
        let order = *self.by_id.get(id_of(event)?)?;
        Some((order, outcome_of(event)?))
    }
}
