//! Finding out what became of an order whose answer did not come or did not settle it; `DESIGN.md`'s "Finding out".
//!
//! ```text
//!  answer lost or unclear          recovery_timeout_ms over         answered, or waited long enough
//! ───────────────────────▶ Asking ─────────────────────────▶ Closing ─────────────────────────────▶ LastAsk
//!                            │ own answer, or a query                                                  │
//!                            ▼ that settles and fits                                                   ▼
//!                        completed ◀──────────────── approved, declined, cancelled, not_found after a close
//!                                                    anything else: unknown ──▶ Clarifying, up to a day
//! ```

use super::answers::names;
use super::task::{Finding, Phase, Seq, Step, Task};
use super::{Now, Session, Settings, Target};
use crate::error::{Fault, Stage, Status};
use crate::event::{Clarified, EventKind};
use crate::planted::Planted;
use crate::protocol::{self, Outcome, Response};

/// An `unknown` order older than this is left to people, in milliseconds.
const CLARIFY_FOR_MS: u64 = 86_400_000;

/// The close and the last query are each waited for this long at least, in milliseconds.
const LAST_WORDS_MS: u64 = 2_000;

/// Orders being clarified at a time; beyond it the oldest are left to people.
const CLARIFYING_AT_MOST: usize = 1_024;

/// How the `request_id`s of the library's own questions begin.
pub(super) const PROBE_PREFIX: &str = "ecrhub-probe-";

/// What an answer to one of the library's own queries says of the order.
enum Evidence {
    /// It happened, and the answer fits.
    Settles(Outcome),
    /// The terminal has this number for something else.
    Misfit(String),
    NotFound,
    /// Still being paid, or nothing that can be used.
    Open,
}

fn weigh(task: &Task, response: &Response<'_>) -> Evidence {
    let outcome = response.query_outcome();
    match outcome {
        Outcome::NotFound if response.fits(&task.request).is_ok() => Evidence::NotFound,
        Outcome::Approved | Outcome::Declined | Outcome::Cancelled => {
            match response.fits(&task.request) {
                Ok(()) => Evidence::Settles(outcome),
                Err(why) => Evidence::Misfit(why),
            }
        }
        _ => Evidence::Open,
    }
}

/// For the planted faults that misread evidence.
fn planted(settings: &Settings, evidence: Evidence, response: &Response<'_>) -> Evidence {
    match evidence {
        Evidence::Misfit(_) if settings.is_planted(Planted::IgnoreFit) => {
            Evidence::Settles(response.query_outcome())
        }
        Evidence::Open if settings.is_planted(Planted::InProgressIsDeclined) => {
            Evidence::Settles(Outcome::Declined)
        }
        evidence => evidence,
    }
}

impl Session {
    pub(super) fn start_finding(&mut self, seq: Seq, why: Fault, now: Now) {
        let until = if self.settings.is_planted(Planted::SearchForEver) {
            u64::MAX
        } else {
            now.mono_ms + self.settings.recovery_timeout_ms
        };
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        if task.finding().is_some() {
            return;
        }
        let kind = EventKind::Recovering {
            request_id: task.request.request_id.clone(),
            merchant_order_no: task.request.merchant_order_no.clone(),
            reason: why.to_string(),
        };
        task.step = Step::Finding(Finding::new(Phase::Asking, why, until, now.mono_ms));
        self.tell(kind, now);
        self.continue_finding(seq, now);
    }

    /// The order is told to be unknown; from now on it is asked about now and then.
    pub(super) fn start_clarifying(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        self.in_flight -= 1;
        let finding = match &mut task.step {
            Step::Finding(finding) => finding,
            step => {
                let why = Fault::new(Status::Interrupted, Stage::Recovery, "unknown from before");
                *step = Step::Finding(Finding::new(Phase::Clarifying, why, u64::MAX, now.mono_ms));
                match step {
                    Step::Finding(finding) => finding,
                    _ => return,
                }
            }
        };
        finding.phase = Phase::Clarifying;
        finding.until = u64::MAX;
        finding.next_ask = match self.settings.clarify_interval_ms {
            0 => u64::MAX,
            interval => now.mono_ms.saturating_add(interval),
        };
        self.continue_finding(seq, now);
        self.bound_clarifying();
    }

    fn bound_clarifying(&mut self) {
        if self.clarifying() > CLARIFYING_AT_MOST
            && let Some(oldest) =
                self.tasks.iter().find(|(_, task)| task.is_clarifying()).map(|(seq, _)| *seq)
        {
            self.remove(oldest);
        }
    }

    /// The connection stands again: whatever the phase asks for is asked now.
    pub(super) fn resume_finding(&mut self, seq: Seq, now: Now) {
        if self.settings.is_planted(Planted::NoAskAfterReconnect) {
            return;
        }
        let Some(finding) = self.tasks.get_mut(&seq).and_then(Task::finding_mut) else { return };
        let phase = finding.phase;
        if phase != Phase::Clarifying || self.settings.clarify_interval_ms > 0 {
            finding.next_ask = now.mono_ms;
        }
        match phase {
            Phase::Asking | Phase::Clarifying => self.continue_finding(seq, now),
            Phase::Closing => self.ask(seq, protocol::CLOSE, now),
            Phase::LastAsk => self.ask(seq, protocol::QUERY, now),
        }
    }

    /// Does what is due, and says when to look again.
    pub(super) fn continue_finding(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let Some(finding) = task.finding() else { return };
        let is_over = finding.until <= now.mono_ms;
        match finding.phase {
            Phase::Asking if is_over && self.link.is_up() => self.give_up(seq, now),
            Phase::Asking if is_over => {
                self.nobody_could_tell(seq, "the terminal cannot be reached", now)
            }
            Phase::Closing if is_over => self.ask_last(seq, now),
            Phase::LastAsk if is_over => {
                self.nobody_could_tell(seq, "the terminal did not answer", now);
            }
            Phase::Closing | Phase::LastAsk => {
                let until = finding.until;
                self.set_deadline(seq, Some(until));
            }
            Phase::Clarifying if task.elapsed_ms(now) >= CLARIFY_FOR_MS => {
                self.remove(seq);
            }
            Phase::Asking => self.ask_when_due(seq, self.settings.recovery_interval_ms, now),
            Phase::Clarifying => self.ask_when_due(seq, self.settings.clarify_interval_ms, now),
        }
    }

    fn ask_when_due(&mut self, seq: Seq, interval_ms: u64, now: Now) {
        let is_up = self.link.is_up();
        let Some(finding) = self.tasks.get_mut(&seq).and_then(Task::finding_mut) else { return };
        let mut at = finding.until;
        let mut is_due = false;
        if is_up {
            is_due = finding.next_ask <= now.mono_ms;
            if is_due {
                finding.next_ask = now.mono_ms.saturating_add(interval_ms);
                // A close that was refused may be accepted now: each round may try one.
                if finding.phase == Phase::Clarifying && !finding.closed {
                    finding.close_answered = false;
                }
            }
            at = at.min(finding.next_ask);
        }
        // Without a connection only the phase's end is waited for; a clarification then has none.
        self.set_deadline(seq, (at != u64::MAX).then_some(at));
        if is_due {
            self.ask(seq, protocol::QUERY, now);
        }
    }

    /// Time is up: the terminal is told to give the order up.
    fn give_up(&mut self, seq: Seq, now: Now) {
        if self.settings.is_planted(Planted::SkipTheClose) {
            if let Some(finding) = self.tasks.get_mut(&seq).and_then(Task::finding_mut) {
                finding.closed = true;
            }
            self.ask_last(seq, now);
            return;
        }
        self.enter(seq, Phase::Closing, now);
        self.ask(seq, protocol::CLOSE, now);
    }

    fn ask_last(&mut self, seq: Seq, now: Now) {
        self.enter(seq, Phase::LastAsk, now);
        self.ask(seq, protocol::QUERY, now);
    }

    fn enter(&mut self, seq: Seq, phase: Phase, now: Now) {
        let until = now.mono_ms + self.settings.recovery_interval_ms.max(LAST_WORDS_MS);
        if let Some(finding) = self.tasks.get_mut(&seq).and_then(Task::finding_mut) {
            finding.phase = phase;
            finding.until = until;
        }
        self.set_deadline(seq, Some(until));
    }

    /// Sends a question of the library's own. Never an order.
    fn ask(&mut self, seq: Seq, topic: &str, now: Now) {
        if !self.link.is_up() {
            return;
        }
        let id = format!("{PROBE_PREFIX}{:016x}", self.rng.next_u64());
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let number = task.request.merchant_order_no.clone().unwrap_or_default();
        // A terminal may refuse a question that comes from another application than the order did.
        let app_id =
            protocol::app_id_of(&task.request.text).or_else(|| self.settings.app_id.clone());
        let is_firm = !task.may_still_arrive(now);
        let Some(finding) = task.finding_mut() else { return };
        if topic == protocol::CLOSE {
            finding.firm_close = is_firm.then(|| id.clone());
        }
        let too_old = finding.asked(id.clone());
        if let Some(too_old) = too_old {
            self.targets.remove(&too_old);
        }
        let question = protocol::follow_up(topic, &number, &id, now.wall_ms, app_id.as_deref());
        let target = if topic == protocol::CLOSE { Target::Close(seq) } else { Target::Query(seq) };
        self.targets.insert(id, target);
        self.probes.insert(seq, question.text);
    }

    /// A query about this order was answered.
    pub(super) fn on_query_answer(
        &mut self,
        seq: Seq,
        response: &Response<'_>,
        text: &str,
        now: Now,
    ) {
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let is_in_progress = response.query_outcome() == Outcome::InProgress;
        task.has_arrived |= is_in_progress && response.fits(&task.request).is_ok();
        let task = &*task;
        let Some(finding) = task.finding() else { return };
        let (phase, closed) = (finding.phase, finding.closed);
        // Only the newest question was asked after the close; what older ones say may have been overtaken by it.
        let is_newest = response.request_id.is_none()
            || response.request_id.as_deref() == finding.probes.back().map(String::as_str);
        match (planted(&self.settings, weigh(task, response), response), phase) {
            (Evidence::Settles(outcome), _) => self.settle(seq, outcome, text, true, now),
            (Evidence::Misfit(why), Phase::Asking | Phase::Closing | Phase::LastAsk) => {
                self.nobody_could_tell(seq, &why, now);
            }
            (_, Phase::LastAsk | Phase::Clarifying) if !is_newest => {}
            (Evidence::NotFound, Phase::Asking)
                if self.settings.is_planted(Planted::TrustNotFoundAtOnce) =>
            {
                self.settle(seq, Outcome::NotFound, text, true, now);
            }
            (Evidence::NotFound, Phase::LastAsk | Phase::Clarifying)
                if closed || self.settings.is_planted(Planted::TrustNotFoundUnclosed) =>
            {
                self.settle(seq, Outcome::NotFound, text, true, now);
            }
            (_, Phase::Clarifying) => self.make_up_for_the_close(seq, now),
            (Evidence::NotFound, Phase::LastAsk) => {
                self.nobody_could_tell(
                    seq,
                    "the terminal has no record of it, and has not accepted a close that settles it",
                    now,
                );
            }
            (Evidence::Open, Phase::LastAsk) => {
                self.nobody_could_tell(
                    seq,
                    "the terminal says neither that it was paid nor that it was not",
                    now,
                );
            }
            (_, Phase::Asking | Phase::Closing) => {}
        }
    }

    /// An order that became unknown before the terminal had heard the close gets it once the terminal is there:
    /// without it "not found" could still turn into a charge.
    fn make_up_for_the_close(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let is_answered = task.finding().is_none_or(|finding| finding.close_answered);
        if !is_answered && !task.may_still_arrive(now) {
            self.ask(seq, protocol::CLOSE, now);
        }
    }

    /// The library's close of this order was answered.
    pub(super) fn on_close_answer(&mut self, seq: Seq, response: &Response<'_>, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let accepted = response.other_outcome() == Outcome::Ok && names(task, response);
        let Some(finding) = self.tasks.get_mut(&seq).and_then(Task::finding_mut) else { return };
        let names_another = response.request_id.is_some()
            && response.request_id.as_deref() != finding.firm_close.as_deref();
        if finding.firm_close.is_some() && !names_another {
            finding.closed |= accepted;
            finding.close_answered = true;
        }
        match finding.phase {
            Phase::Closing => self.ask_last(seq, now),
            Phase::Clarifying => self.ask(seq, protocol::QUERY, now),
            Phase::Asking | Phase::LastAsk => {}
        }
    }

    /// The truth is known: it completes the order, or clarifies it when it has completed as unknown.
    pub(super) fn settle(
        &mut self,
        seq: Seq,
        outcome: Outcome,
        text: &str,
        recovered: bool,
        now: Now,
    ) {
        let Some(task) = self.tasks.get(&seq) else { return };
        if !task.is_clarifying() {
            self.complete(seq, outcome, Some(text.to_owned()), None, recovered, now);
            return;
        }
        let truth = Clarified {
            request_id: task.request.request_id.clone(),
            merchant_order_no: task.request.merchant_order_no.clone(),
            outcome,
            was: Outcome::Unknown,
            differs: Vec::new(),
            second_look: false,
            response: Some(text.to_owned()),
            retold: false,
        };
        self.tell(EventKind::Clarified(truth), now);
        self.remove(seq);
    }

    fn nobody_could_tell(&mut self, seq: Seq, why: &str, now: Now) {
        let Some(finding) = self.tasks.get_mut(&seq).and_then(Task::finding_mut) else { return };
        let message = format!("{why} (at first: {})", finding.why);
        let fault = Fault::new(Status::Terminal, Stage::Recovery, message);
        let response = finding.unsettled.take();
        self.complete(seq, Outcome::Unknown, response, Some(fault), false, now);
    }
}

impl Finding {
    fn new(phase: Phase, why: Fault, until: u64, next_ask: u64) -> Self {
        Finding {
            phase,
            until,
            next_ask,
            closed: false,
            firm_close: None,
            close_answered: false,
            why,
            unsettled: None,
            probes: Default::default(),
        }
    }
}
