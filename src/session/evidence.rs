//! What the answers to the library's own questions say of an order.

use super::completed::is_of_another;
use super::questions::Asked;
use super::recent::{Past, Standing};
use super::task::{Held, Phase, Reason, Seq, Task};
use super::{Now, Report, Session};
use crate::planted::Planted;
use crate::protocol::{Outcome, Request, Response};

impl Session {
    /// When the library's own question was asked that this answers, on the monotonic clock.
    pub(super) fn asked_at(&self, seq: Seq, response: &Response<'_>) -> Option<u64> {
        let recovery = self.tasks.get(&seq).and_then(Task::recovery)?;
        recovery.question(response.request_id.as_deref())?.left_at
    }

    /// A query about this order was answered, the library's own or the till's. It was asked at `asked_at`, on the
    /// monotonic clock, where that is known.
    pub(super) fn on_query_answer(
        &mut self,
        seq: Seq,
        asked_at: Option<u64>,
        response: &Response<'_>,
        text: &str,
        now: Now,
    ) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let outcome = response.query_outcome();
        let matches = match response.fits(&task.request) {
            Err(why) if !self.settings.is_planted(Planted::IgnoreFit) => Err(why),
            _ => Ok(()),
        };
        if self.is_of_before_the_look(seq, asked_at, outcome) {
            return;
        }
        match (outcome, matches) {
            (Outcome::InProgress, _) if self.settings.is_planted(Planted::InProgressIsDeclined) => {
                self.conclude(seq, Outcome::Declined, response, text, true, now);
            }
            (Outcome::InProgress, Ok(())) => self.on_in_progress(seq, response, text, now),
            (Outcome::Approved | Outcome::Declined | Outcome::Cancelled, matches) => {
                self.on_record(seq, outcome, matches, response, text, now);
            }
            (Outcome::NotFound, Ok(())) => self.on_not_found(seq, response, text, now),
            (Outcome::Unknown, _) => self.on_unusable(seq, response),
            _ => {}
        }
    }

    /// What was asked before an outcome was reported may contradict it, and cannot confirm it.
    fn is_of_before_the_look(&self, seq: Seq, asked_at: Option<u64>, outcome: Outcome) -> bool {
        let Some(recovery) = self.tasks.get(&seq).and_then(Task::recovery) else { return false };
        let is_settling =
            matches!(outcome, Outcome::Approved | Outcome::Declined | Outcome::Cancelled);
        recovery.phase == Phase::SecondLook
            && asked_at.is_none_or(|asked_at| asked_at < recovery.look_from)
            && !(is_settling && recovery.reported != Some(outcome))
    }

    /// The terminal has the order, and is not through with it.
    fn on_in_progress(&mut self, seq: Seq, response: &Response<'_>, text: &str, now: Now) {
        if response.trans_status.is_none() {
            // "In progress" as a code alone is no record of this order: the terminal may serve somebody else.
            if let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) {
                recovery.not_found_asked = None;
            }
            return;
        }
        if self.is_of_another(seq) {
            return self.report_anothers_record(seq, text, now);
        }
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        task.has_arrived = true;
        let Some(recovery) = task.recovery_mut() else { return };
        recovery.was_in_progress = true;
        recovery.not_found_asked = None;
        match recovery.reason {
            Reason::Refused | Reason::ReversedVoid => recovery.reason = Reason::Lost,
            Reason::Busy => recovery.reason = Reason::Queued,
            Reason::Lost | Reason::Queued | Reason::DuplicateNumber => {}
        }
        if recovery.phase == Phase::Clarifying {
            return self.close_while_clarifying(seq, now);
        }
        self.announce_recovery(seq, now);
    }

    /// The terminal has an outcome under this number.
    fn on_record(
        &mut self,
        seq: Seq,
        outcome: Outcome,
        matches: Result<(), String>,
        response: &Response<'_>,
        text: &str,
        now: Now,
    ) {
        if self.is_of_another(seq) {
            return self.report_anothers_record(seq, text, now);
        }
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let is_void = task.request.is_void();
        let number = task.request.merchant_order_no.clone();
        let Some(recovery) = task.recovery_mut() else { return };
        recovery.not_found_asked = None;
        match matches {
            Err(why) => {
                recovery.mismatch =
                    Some(format!("the terminal has this number for something else: {why}"));
                // The order's own answer says more than a record that is not its own.
                if recovery.reason == Reason::Lost {
                    recovery.unsettled = Some(text.to_owned());
                }
            }
            Ok(())
                if is_void
                    && outcome == Outcome::Cancelled
                    && !self.settings.is_planted(Planted::VoidReversedIsCancelled) =>
            {
                self.on_reversed_void(seq, text, now);
            }
            // The record confirms the refusal; the order's own answer says why.
            Ok(()) if outcome == Outcome::Declined && recovery.reason == Reason::Refused => {
                self.conclude_with_own_answer(seq, outcome, now);
            }
            Ok(()) => {
                if let (Outcome::Cancelled, Some(number)) = (outcome, number) {
                    self.recent.note_reversed(&number);
                }
                self.conclude(seq, outcome, response, text, true, now);
            }
        }
    }

    fn is_of_another(&self, seq: Seq) -> bool {
        self.tasks.get(&seq).is_some_and(is_of_another)
            && !self.settings.is_planted(Planted::TrustDuplicate)
    }

    fn report_anothers_record(&mut self, seq: Seq, text: &str, now: Now) {
        if self.tasks.get(&seq).is_some_and(Task::is_completed) {
            return self.leave_to_people(seq);
        }
        self.keep_unsettled(seq, text);
        let why = "the terminal has this number already, and the record may be another till's";
        self.complete_unknown(seq, why, now);
    }

    /// Its outcome was reported, and no record under its number will ever say more.
    fn leave_to_people(&mut self, seq: Seq) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let Some(outcome) = task.recovery().and_then(|recovery| recovery.reported) else { return };
        let (request, standing) = (task.request.clone(), Standing::SharedNumber);
        self.recent.remember_order(Past::new(request, outcome, task.attempt, standing));
        self.end_second_look(seq);
        self.remove(seq);
    }

    /// A void's own record or answer reads 3: the void itself, or its original.
    pub(super) fn on_reversed_void(&mut self, seq: Seq, text: &str, now: Now) {
        if self.names_original(seq) {
            self.hold_for_original(seq, Held::Reversed { text: text.to_owned() }, now);
        } else if !self.tasks.get(&seq).is_some_and(Task::is_completed) {
            self.keep_unsettled(seq, text);
            self.complete_unknown(seq, "it reads as reversed, and names no original order", now);
        }
    }

    fn names_original(&self, seq: Seq) -> bool {
        self.tasks.get(&seq).is_some_and(|task| task.request.orig_merchant_order_no.is_some())
    }

    /// The terminal has no record of the order.
    fn on_not_found(&mut self, seq: Seq, response: &Response<'_>, text: &str, now: Now) {
        let Some((missing, asked_at)) = self.meaning_of_not_found(seq, response) else { return };
        match missing {
            Missing::SaysNothing => {}
            Missing::Ambiguous => self.ask_on_a_new_connection(seq, now),
            Missing::NoNews => self.on_nothing_new(seq, text, now),
            Missing::Busy => self.conclude_with_own_answer(seq, Outcome::Busy, now),
            Missing::OwnReversed => {
                let recovery = self.tasks.get(&seq).and_then(Task::recovery);
                let own = recovery.and_then(|recovery| recovery.unsettled.clone());
                self.on_reversed_void(seq, &own.unwrap_or_default(), now);
            }
            Missing::Unclosed => self.on_not_found_unclosed(seq, text, now),
            Missing::AtOnce => self.conclude(seq, Outcome::NotFound, response, text, true, now),
            Missing::Refused if self.is_second_not_found(seq, asked_at, now) => {
                self.conclude_with_own_answer(seq, Outcome::Declined, now);
            }
            Missing::Closed if self.is_second_not_found(seq, asked_at, now) => {
                self.conclude(seq, Outcome::NotFound, response, text, true, now);
            }
            Missing::Refused | Missing::Closed => {}
        }
    }

    /// Answers do not say which question they are about, and an older one about this number was never answered.
    fn ask_on_a_new_connection(&mut self, seq: Seq, now: Now) {
        let is_completed = self.tasks.get(&seq).is_some_and(Task::is_completed);
        if !is_completed || self.in_flight == 0 {
            self.reconnect_to_ask(seq, now);
        }
    }

    /// What "not found" says of this order now, and when that was asked for.
    fn meaning_of_not_found(&self, seq: Seq, response: &Response<'_>) -> Option<(Missing, u64)> {
        let task = self.tasks.get(&seq)?;
        let recovery = task.recovery()?;
        let question = recovery.question(response.request_id.as_deref())?;
        let asked_at = question.left_at?;
        // Without a `request_id` it may be the answer to an older question, as long as any is open.
        let number = task.request.merchant_order_no.as_deref().unwrap_or_default();
        let is_certain =
            response.request_id.is_some() || !self.unanswered.has(Asked::Query, number);
        let is_concluding = matches!(recovery.phase, Phase::Concluding | Phase::Clarifying);
        let is_closed = is_concluding && recovery.is_closed;
        let counts = question.is_after_close && self.settings.close_lost_orders;
        let missing = match (recovery.phase, recovery.reason) {
            (Phase::SecondLook, _) if is_certain => Missing::NoNews,
            (Phase::SecondLook | Phase::Closing | Phase::QueryingOriginal, _) => {
                Missing::SaysNothing
            }
            (_, Reason::Busy | Reason::Refused | Reason::ReversedVoid) if !is_certain => {
                Missing::Ambiguous
            }
            (_, Reason::Busy) => Missing::Busy,
            (_, Reason::ReversedVoid) => Missing::OwnReversed,
            (_, Reason::Refused) => Missing::Refused,
            _ if is_closed && counts => Missing::Closed,
            // Asked before the close: it says nothing.
            _ if is_closed => Missing::SaysNothing,
            _ if is_concluding && self.trusts_unclosed() => Missing::Closed,
            _ if self.settings.is_planted(Planted::TrustNotFoundAtOnce) => Missing::AtOnce,
            _ => Missing::Unclosed,
        };
        Some((missing, asked_at))
    }

    /// For the planted faults that believe "not found" without a close.
    fn trusts_unclosed(&self) -> bool {
        self.settings.is_planted(Planted::TrustNotFoundUnclosed)
            || (self.settings.is_planted(Planted::NotFoundUnclosed)
                && !self.settings.close_lost_orders)
    }

    /// Whether "not found" has been answered twice to questions that are far enough apart. After the first the terminal
    /// is asked again.
    fn is_second_not_found(&mut self, seq: Seq, asked_at: u64, now: Now) -> bool {
        if self.settings.is_planted(Planted::NotFoundOnce) {
            return true;
        }
        let interval_ms = self.settings.recovery_interval_ms;
        let recovery = self.tasks.get_mut(&seq).and_then(Task::recovery_mut);
        let Some(recovery) = recovery else { return false };
        if let Some(first) = recovery.not_found_asked {
            return asked_at >= first.saturating_add(interval_ms);
        }
        recovery.not_found_asked = Some(asked_at);
        recovery.next_ask = asked_at.saturating_add(interval_ms).max(now.mono_ms + 1);
        self.continue_recovery(seq, now);
        false
    }

    /// No record, and no close that would settle it.
    fn on_not_found_unclosed(&mut self, seq: Seq, text: &str, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let (is_void, Some(recovery)) = (task.request.is_void(), task.recovery()) else { return };
        match recovery.phase {
            Phase::Concluding => self.complete_unknown(
                seq,
                "the terminal has no record of it, and has not accepted a close that settles it",
                now,
            ),
            Phase::Clarifying => {
                if is_void && self.names_original(seq) {
                    self.hold_for_original(seq, Held::Reversed { text: text.to_owned() }, now);
                }
                self.close_while_clarifying(seq, now);
            }
            _ => {}
        }
    }

    /// The outcome is what the order's own answer said, now that the terminal has no record that contradicts it.
    fn conclude_with_own_answer(&mut self, seq: Seq, outcome: Outcome, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let recovered = task.connection != Some(self.connection);
        // None of an order from an earlier process: only the outcome of that is known.
        let own = task.recovery().and_then(|recovery| recovery.unsettled.clone());
        if self.must_query_original(seq, outcome) {
            let held = Held::NoMoney { outcome, text: own.unwrap_or_default(), recovered };
            return self.hold_for_original(seq, held, now);
        }
        self.report(seq, Report { response: own, recovered, ..Report::of(outcome) }, now);
    }

    /// The second look found nothing that contradicts what was reported. A void's original may still do so.
    fn on_nothing_new(&mut self, seq: Seq, text: &str, now: Now) {
        let reported =
            self.tasks.get(&seq).and_then(Task::recovery).and_then(|recovery| recovery.reported);
        match reported {
            Some(outcome) if self.must_query_original(seq, outcome) => {
                let held = Held::NoMoney { outcome, text: text.to_owned(), recovered: true };
                self.hold_for_original(seq, held, now);
            }
            _ => self.end_second_look(seq),
        }
    }

    /// The terminal answered something that says nothing of the order, and never will.
    fn on_unusable(&mut self, seq: Seq, response: &Response<'_>) {
        let recovery = self.tasks.get(&seq).and_then(Task::recovery);
        if recovery.is_some_and(|recovery| recovery.phase == Phase::SecondLook)
            && response.query_refused()
        {
            self.end_second_look(seq);
        }
    }

    /// An order that became unknown before the terminal had heard a close that settles it gets one, at most one on each
    /// connection: without it "not found" could still turn into a charge.
    fn close_while_clarifying(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let Some(recovery) = task.recovery() else { return };
        let was_closed_here = recovery.closed_on == Some(self.connection)
            && !self.settings.is_planted(Planted::CloseEveryRound);
        if was_closed_here || task.may_still_arrive(now) || !self.may_close(seq, now) {
            return;
        }
        if self.is_ambiguous(seq) {
            return self.ask_on_a_new_connection(seq, now);
        }
        self.ask(seq, Asked::Close, now);
    }

    /// The library's close of this order was answered.
    pub(super) fn on_close_answer(&mut self, seq: Seq, response: &Response<'_>, now: Now) {
        let trusts_any = self.settings.is_planted(Planted::TrustAnyClose);
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let is_accepted = response.other_outcome() == Outcome::Ok && names(task, response);
        let Some(recovery) = task.recovery_mut() else { return };
        let is_conclusive = recovery.conclusive_close.is_some()
            && (response.request_id.is_none()
                || response.request_id.as_deref() == recovery.conclusive_close.as_deref());
        recovery.is_closed |= is_accepted && (is_conclusive || trusts_any);
        match recovery.phase {
            Phase::Closing => self.start_concluding(seq, now),
            Phase::Clarifying => self.ask_now(seq, now),
            _ => {}
        }
    }

    /// The terminal has accepted a close of the till's own for the order with this number: recovery goes on at once.
    pub(super) fn on_own_close_accepted(&mut self, number: &str, is_conclusive: bool, now: Now) {
        let Some(seq) = self.order_in_flight(number) else { return };
        let is_another = self.is_of_another(seq);
        let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) else { return };
        // What was closed may be another till's order under the same number.
        let is_conclusive = is_conclusive && !is_another;
        if is_conclusive {
            recovery.is_closed = true;
            recovery.not_found_asked = None;
        }
        match recovery.phase {
            Phase::Querying | Phase::Closing if is_conclusive => self.start_concluding(seq, now),
            Phase::Querying | Phase::Clarifying => self.ask_now(seq, now),
            _ => {}
        }
    }

    /// A query about the order that this void takes back was answered.
    pub(super) fn on_original_answer(
        &mut self,
        seq: Seq,
        response: &Response<'_>,
        text: &str,
        now: Now,
    ) {
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let original = task.request.orig_merchant_order_no.clone();
        let was_reversed = task.original_was_reversed;
        // The original is taken back whole: its record is of the amount that the void names, if it names one.
        let asked = Request {
            merchant_order_no: original.clone(),
            trans_type: None,
            ..task.request.clone()
        };
        let is_about_original = response.fits(&asked).is_ok();
        let outcome = response.query_outcome();
        let is_usable = match outcome {
            Outcome::InProgress => false,
            Outcome::Unknown => response.query_refused(),
            _ => true,
        };
        let Some(recovery) = task.recovery_mut() else { return };
        if !is_usable || !is_about_original {
            return;
        }
        let Some(held) = recovery.held.take() else { return };
        let is_reversed = outcome == Outcome::Cancelled;
        if is_reversed && let Some(number) = &original {
            self.recent.note_reversed(number);
        }
        match held {
            held if is_reversed && !was_reversed => {
                let response = match held {
                    Held::Reversed { text } if !text.is_empty() => text,
                    _ => text.to_owned(),
                };
                let report = Report {
                    response: Some(response),
                    recovered: true,
                    ..Report::of(Outcome::Approved)
                };
                self.report(seq, report, now);
            }
            Held::NoMoney { outcome, text, recovered } => {
                self.report(
                    seq,
                    Report { response: given(text), recovered, ..Report::of(outcome) },
                    now,
                );
            }
            Held::Reversed { text } => self.on_unproven_void(seq, &text, now),
        }
    }

    /// A void that reads as reversed, while nothing shows that this void reversed its original.
    fn on_unproven_void(&mut self, seq: Seq, text: &str, now: Now) {
        let Some(recovery) = self.tasks.get(&seq).and_then(Task::recovery) else { return };
        if recovery.phase == Phase::SecondLook {
            return self.end_second_look(seq);
        }
        self.keep_unsettled(seq, text);
        let why = "nothing shows that the original order was reversed by this void";
        self.complete_unknown(seq, why, now);
    }
}

/// What the answer "not found" says of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    SaysNothing,
    /// It may answer an older question.
    Ambiguous,
    /// Nothing that contradicts what was reported.
    NoNews,
    /// The terminal answered `101`, and has not accepted the order.
    Busy,
    /// A void whose own answer reads "void": its original says what happened.
    OwnReversed,
    /// The order was refused: that stands, once "not found" was answered twice.
    Refused,
    /// It was closed: there is no such order, once "not found" was answered twice.
    Closed,
    /// It was not closed, and may still be paid.
    Unclosed,
    /// For [`Planted::TrustNotFoundAtOnce`].
    AtOnce,
}

/// The answer names no other order than the one asked about.
pub(super) fn names(task: &Task, response: &Response<'_>) -> bool {
    let asked = task.request.merchant_order_no.as_deref();
    asked.and_then(|asked| response.names(asked)).unwrap_or(true)
}

/// Nothing where there is no text.
fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
