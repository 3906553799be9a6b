//! Reporting an outcome, and correcting one that was reported: the second look, a late answer, the till's own query.

use super::recent::{Past, Standing};
use super::task::{Attempt, Held, Phase, Reason, Seq, Task};
use super::{Now, Session, Target};
use crate::error::Fault;
use crate::event::{Clarified, Completed, EventKind, Sent};
use crate::planted::Planted;
use crate::protocol::{Description, Difference, Outcome, Request, Response, Verdict};

/// What is reported of a request.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) outcome: Outcome,
    pub(super) response: Option<String>,
    pub(super) error: Option<Fault>,
    pub(super) recovered: bool,
    pub(super) differs: Vec<Difference>,
    pub(super) description: Option<Description>,
    /// Approved by a success code alone: looked at again at once.
    pub(super) is_unproven: bool,
}

impl Report {
    pub(super) fn of(outcome: Outcome) -> Self {
        Report {
            outcome,
            response: None,
            error: None,
            recovered: false,
            differs: Vec::new(),
            description: None,
            is_unproven: false,
        }
    }
}

impl Session {
    /// A message settles the order. A void's "no money moved" waits until its original was queried.
    pub(super) fn conclude(
        &mut self,
        seq: Seq,
        outcome: Outcome,
        response: &Response<'_>,
        text: &str,
        recovered: bool,
        now: Now,
    ) {
        if self.must_query_original(seq, outcome) {
            let held = Held::NoMoney { outcome, text: text.to_owned(), recovered };
            return self.hold_for_original(seq, held, now);
        }
        let differs = match (outcome, self.tasks.get(&seq)) {
            (Outcome::Approved, Some(task))
                if !self.settings.is_planted(Planted::HideDifference) =>
            {
                response.differs(&task.request)
            }
            _ => Vec::new(),
        };
        let report = Report {
            response: Some(text.to_owned()),
            recovered,
            differs,
            description: response.description.take(),
            ..Report::of(outcome)
        };
        self.report(seq, report, now);
    }

    /// Whether this outcome of a void waits for its original.
    pub(super) fn must_query_original(&self, seq: Seq, outcome: Outcome) -> bool {
        outcome.says_no_money_moved()
            && !self.settings.is_planted(Planted::VoidWithoutOriginal)
            && self.tasks.get(&seq).is_some_and(|task| {
                task.request.is_void() && task.request.orig_merchant_order_no.is_some()
            })
    }

    /// Completes the order, or corrects what was reported of it.
    pub(super) fn report(&mut self, seq: Seq, report: Report, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        match task.recovery().and_then(|recovery| recovery.reported) {
            None => self.complete(seq, report, now),
            Some(reported) if reported == report.outcome => {
                if self.settings.is_planted(Planted::ClarifyTheSame) {
                    self.emit_clarified(task.request.clone(), reported, report, false, now);
                }
                self.end_second_look(seq);
            }
            Some(reported) => self.correct(seq, reported, report, now),
        }
    }

    /// Ends a request and reports it. An order about which the terminal is still asked stays.
    pub(super) fn complete(&mut self, seq: Seq, report: Report, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let is_order = task.request.is_order();
        let next = if is_order { self.next_look(task, &report, now) } else { NextLook::Nothing };
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let (sent, elapsed_ms, attempt) = (task.sent, task.elapsed_ms(now), task.attempt);
        let recovered = report.recovered || task.restored;
        let standing =
            if is_of_another(task) { Standing::SharedNumber } else { Standing::Correctable };
        let outcome = report.outcome;
        let request = match next {
            NextLook::Nothing => self.remove(seq),
            _ => Some(task.request.clone()),
        };
        let Some(request) = request else { return };
        let completed = Completed {
            request_id: request.request_id.clone(),
            topic: request.topic.clone(),
            merchant_order_no: request.merchant_order_no.clone(),
            outcome,
            differs: report.differs,
            second_look: next != NextLook::Nothing,
            description: report.description,
            sent,
            response: report.response,
            error: report.error,
            recovered,
            retold: false,
            elapsed_ms,
        };
        if is_order {
            self.recent.remember_order(Past {
                request: request.without_text(),
                outcome,
                attempt,
                standing,
            });
        } else {
            self.recent.remember(&request.request_id);
        }
        if self.settings.is_planted(Planted::CompleteTwice) {
            self.emit(EventKind::Completed(completed.clone()), now);
        }
        self.emit(EventKind::Completed(completed), now);
        match next {
            NextLook::Nothing => self.withdraw_question(seq, now),
            NextLook::Clarify => {
                self.questions.remove(&seq);
                self.start_clarifying(seq, 0, now);
            }
            NextLook::At(at) => {
                self.withdraw_question(seq, now);
                self.start_second_look(seq, outcome, at, now);
            }
        }
    }

    /// Whether and when the terminal is asked about an order again.
    fn next_look(&self, task: &Task, report: &Report, now: Now) -> NextLook {
        match report.outcome {
            // Nobody can say whose the record under this number is.
            Outcome::Unknown if is_of_another(task) => NextLook::Nothing,
            Outcome::Unknown => NextLook::Clarify,
            outcome => self.second_look_after(outcome, report.is_unproven, now),
        }
    }

    fn second_look_after(&self, outcome: Outcome, is_unproven: bool, now: Now) -> NextLook {
        let trusts_bare = self.settings.is_planted(Planted::TrustBare000);
        match self.settings.second_look_ms {
            0 => NextLook::Nothing,
            _ if self.settings.is_planted(Planted::NoSecondLook) => NextLook::Nothing,
            wait if outcome.says_no_money_moved() => NextLook::At(now.mono_ms.saturating_add(wait)),
            _ if is_unproven && !trusts_bare => NextLook::At(now.mono_ms),
            _ => NextLook::Nothing,
        }
    }

    /// What the terminal says now contradicts what was reported.
    fn correct(&mut self, seq: Seq, was: Outcome, report: Report, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let number = task.request.merchant_order_no.as_deref();
        if report.outcome == Outcome::Unknown
            || self.is_explained_by_void(number, was, report.outcome)
        {
            return self.end_second_look(seq);
        }
        let request = task.request.clone();
        let outcome = report.outcome;
        let next = self.second_look_after(outcome, report.is_unproven, now);
        let attempt = task.attempt;
        self.emit_clarified(request.clone(), was, report, next != NextLook::Nothing, now);
        if self.planted_clarify_twice(next) {
            return;
        }
        self.recent.remember_order(Past {
            request: request.without_text(),
            outcome,
            attempt,
            standing: Standing::Correctable,
        });
        self.withdraw_question(seq, now);
        match next {
            NextLook::At(at) => self.start_second_look(seq, outcome, at, now),
            _ => {
                self.remove(seq);
            }
        }
    }

    /// For [`Planted::ClarifyTwice`].
    fn planted_clarify_twice(&self, next: NextLook) -> bool {
        self.settings.is_planted(Planted::ClarifyTwice) && next == NextLook::Nothing
    }

    fn emit_clarified(
        &mut self,
        request: Request,
        was: Outcome,
        report: Report,
        second_look: bool,
        now: Now,
    ) {
        let was = if self.settings.is_planted(Planted::WrongWas) { Outcome::Unknown } else { was };
        let clarified = Clarified {
            request_id: request.request_id,
            merchant_order_no: request.merchant_order_no,
            outcome: report.outcome,
            was,
            differs: report.differs,
            second_look,
            description: report.description,
            response: report.response,
            retold: false,
        };
        self.emit(EventKind::Clarified(clarified), now);
    }

    /// An approved order that reads as reversed is no news while a void that names it was approved, or is open and will
    /// say so itself.
    fn is_explained_by_void(&self, number: Option<&str>, was: Outcome, outcome: Outcome) -> bool {
        let Some(number) =
            number.filter(|_| (was, outcome) == (Outcome::Approved, Outcome::Cancelled))
        else {
            return false;
        };
        !self.settings.is_planted(Planted::VoidedSaleCancelled)
            && (self.recent.was_voided(number)
                || self.tasks.values().any(|task| {
                    task.request.is_void()
                        && task.request.orig_merchant_order_no.as_deref() == Some(number)
                }))
    }

    /// The terminal was asked once more, and said nothing that contradicts what was reported.
    pub(super) fn end_second_look(&mut self, seq: Seq) {
        let is_look = self
            .tasks
            .get(&seq)
            .and_then(Task::recovery)
            .is_some_and(|recovery| recovery.phase == Phase::SecondLook);
        if is_look && let Some(request) = self.remove(seq) {
            self.looked_at.push(request.request_id);
        }
    }

    /// A message that no open request waits for may contradict what was reported of a completed order. True when it
    /// was used.
    pub(super) fn contradicts(
        &mut self,
        response: &Response<'_>,
        text: &str,
        is_own_answer: bool,
        now: Now,
    ) -> bool {
        let past = match (&response.request_id, &response.merchant_order_no) {
            (Some(id), _) if is_own_answer => self.recent.order(id),
            (_, Some(number)) => self.recent.newest(number),
            _ => None,
        };
        let Some(past) = past.filter(|past| self.recent.is_newest(past)).cloned() else {
            return false;
        };
        let Some((outcome, is_unproven)) = contradiction(&past, response, is_own_answer) else {
            return false;
        };
        if self.settings.is_planted(Planted::IgnoreLateAnswer) {
            return false;
        }
        let number = past.request.merchant_order_no.as_deref();
        if self.is_explained_by_void(number, past.outcome, outcome) {
            return false;
        }
        let differs =
            if outcome == Outcome::Approved { response.differs(&past.request) } else { Vec::new() };
        let report =
            Report { response: Some(text.to_owned()), differs, is_unproven, ..Report::of(outcome) };
        match self.targets.get(&past.request.request_id) {
            // It is still asked about: what is reported now counts for that as well.
            Some(Target::Request(seq)) => self.report(*seq, report, now),
            _ => self.correct_past(past, report, now),
        }
        true
    }

    /// Corrects an order that is not asked about any more.
    fn correct_past(&mut self, past: Past, report: Report, now: Now) {
        let outcome = report.outcome;
        let next = self.second_look_after(outcome, report.is_unproven, now);
        let second_look = next != NextLook::Nothing;
        self.emit_clarified(past.request.clone(), past.outcome, report, second_look, now);
        if self.settings.is_planted(Planted::ClarifyTwice) {
            return;
        }
        let request = past.request.clone();
        self.recent.remember_order(Past { outcome, standing: Standing::Correctable, ..past });
        if let NextLook::At(at) = next {
            self.look_again(request, outcome, at, now);
        }
    }

    /// Asks about an order that is only remembered.
    pub(super) fn look_again(&mut self, request: Request, reported: Outcome, at: u64, now: Now) {
        let mut task = Task::new(request, 0, now, 0);
        task.sent = Sent::Yes;
        task.has_arrived = true;
        task.deadline = None;
        task.original_was_reversed = self.was_original_reversed(&task.request);
        let seq = self.insert(task);
        self.start_second_look(seq, reported, at, now);
    }

    /// The till's own query says what became of an order: one that is recovered, or one that has completed.
    pub(super) fn on_own_query_answer(&mut self, response: &Response<'_>, text: &str, now: Now) {
        let Some(number) = response.merchant_order_no.as_deref() else { return };
        let outcome = response.query_outcome();
        if !matches!(outcome, Outcome::Approved | Outcome::Declined | Outcome::Cancelled) {
            return;
        }
        if let Some(seq) = self.order_in_flight(number) {
            let is_asked_about = self.tasks.get(&seq).is_some_and(|task| task.recovery().is_some());
            if is_asked_about {
                self.on_query_answer(seq, response, text, now);
            }
        } else {
            self.contradicts(response, text, false, now);
        }
        if outcome == Outcome::Cancelled {
            self.recent.note_reversed(number);
        }
    }

    /// What was refused or lost under this number is over: the number belongs to a new order.
    pub(super) fn release_number(&mut self, number: &str) {
        if self.settings.is_planted(Planted::LookSurvivesReuse) {
            return;
        }
        if let Some(seq) = self.order_in_flight(number) {
            self.remove(seq);
        }
        self.recent.release(number);
    }
}

/// `113` was answered, and no earlier attempt of this library's is known: whose record the number has, nobody can say.
pub(super) fn is_of_another(task: &Task) -> bool {
    task.attempt == Attempt::First
        && task.recovery().is_some_and(|recovery| recovery.reason == Reason::DuplicateNumber)
}

/// Whether the terminal is asked about a completed order again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextLook {
    Nothing,
    Clarify,
    At(u64),
}

/// The outcome that this message gives a completed order, and whether by a success code alone, if it is another one.
fn contradiction(
    past: &Past,
    response: &Response<'_>,
    is_own_answer: bool,
) -> Option<(Outcome, bool)> {
    if past.standing == Standing::Decided {
        return None;
    }
    let is_paired = is_own_answer && response.request_id.is_some();
    let number = past.request.merchant_order_no.as_deref().unwrap_or_default();
    let is_about_it = if is_paired {
        response.names(number) != Some(false)
    } else {
        response.fits(&past.request).is_ok()
    };
    if !is_about_it {
        return None;
    }
    let is_void = past.request.is_void();
    let (outcome, is_unproven) = if is_own_answer {
        match response.order_verdict(&past.request) {
            Verdict::Settled(outcome) => (outcome, false),
            Verdict::Acknowledged => (Outcome::Approved, true),
            _ => return None,
        }
    } else {
        // A record is this order's only where nobody else may have used the number, and it was sent at all.
        if past.standing == Standing::SharedNumber || past.outcome == Outcome::NotSent {
            return None;
        }
        match response.query_outcome() {
            outcome @ (Outcome::Approved | Outcome::Declined | Outcome::Cancelled) => {
                (outcome, false)
            }
            _ => return None,
        }
    };
    // What a void's record says of "no money" is worth nothing without its original.
    let is_unproven_void = is_void && outcome.says_no_money_moved();
    (outcome != past.outcome && !is_unproven_void).then_some((outcome, is_unproven))
}
