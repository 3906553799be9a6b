//! Recovering the outcome of an order whose answer did not come or did not settle it, clarifying one that completed as
//! `unknown`, and the second look at one that completed as "no money moved"; `DESIGN.md`, "Recovery".
//!
//! ```text
//!  answer lost or unclear            time is up                  answered, or waited long enough
//! ───────────────────────▶ Querying ───────────▶ Closing ───────────────────────────▶ Concluding
//!                            │ own answer, or a record                                    │
//!                            ▼ that settles and matches                                   ▼
//!                        completed ◀─────────── approved, declined, cancelled; not_found twice after a close
//!            "no money moved" │                    anything else: unknown ──▶ Clarifying, for `clarify_days`
//!                             ▼
//!                         SecondLook, once
//! ```

use super::questions::Asked;
use super::task::{Held, Phase, Reason, Recovery, Seq, Step, Task, Writing};
use super::{Now, Report, Session};
use crate::error::{Fault, Stage, Status};
use crate::event::EventKind;
use crate::planted::Planted;
use crate::protocol::Outcome;

/// A close and the queries after it are waited for this long at least, in milliseconds.
const LAST_WORDS_MS: u64 = 2_000;

/// Completed orders that are still asked about at a time; beyond it the oldest are left to people and to the next process.
const ASKED_ABOUT_AT_MOST: usize = 1_024;

impl Session {
    /// Begins to ask the terminal about an order that has no outcome.
    pub(super) fn start_recovery(&mut self, seq: Seq, reason: Reason, why: Fault, now: Now) {
        let recovery_ends = now.mono_ms + self.settings.recovery_timeout_ms;
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        if task.recovery().is_some() {
            return;
        }
        let until = if self.settings.is_planted(Planted::SearchForEver) {
            u64::MAX
        } else if self.settings.is_planted(Planted::CloseEarly) {
            recovery_ends
        } else {
            recovery_ends.max(task.own_time_until)
        };
        let recovery = Recovery::new(Phase::Querying, reason, why, until, now.mono_ms);
        task.step = Step::Asking(Box::new(recovery));
        if reason == Reason::Lost {
            self.announce_recovery(seq, now);
        } else if self.is_ambiguous(seq) && !self.reconnect_to_ask(seq, now) {
            self.distrust(seq);
        }
        self.continue_recovery(seq, now);
    }

    /// No "not found" can be told from one to an older question: none may settle the order.
    fn distrust(&mut self, seq: Seq) {
        if let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) {
            match recovery.reason {
                Reason::Busy => recovery.reason = Reason::Queued,
                Reason::Refused => recovery.reason = Reason::Lost,
                _ => {}
            }
        }
    }

    /// For the till's display. A terminal that is merely looked up, and answers, is not worth it.
    pub(super) fn announce_recovery(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let (request_id, number) =
            (task.request.request_id.clone(), task.request.merchant_order_no.clone());
        let Some(recovery) = task.recovery_mut().filter(|recovery| recovery.reported.is_none())
        else {
            return;
        };
        if std::mem::replace(&mut recovery.is_announced, true) {
            return;
        }
        let reason = recovery.why.to_string();
        let kind = EventKind::Recovering { request_id, merchant_order_no: number, reason };
        self.emit(kind, now);
    }

    /// Between two questions about an unknown order; for ever where it is not asked about.
    fn clarify_pause_ms(&self) -> u64 {
        match self.settings.clarify_interval_ms {
            0 => u64::MAX,
            interval => interval,
        }
    }

    /// The order was reported as `unknown` `ago_ms` ago; from now on it is asked about now and then.
    pub(super) fn start_clarifying(&mut self, seq: Seq, ago_ms: u64, now: Now) {
        let next_ask = now.mono_ms.saturating_add(self.clarify_pause_ms());
        self.keep_asking(seq, Phase::Clarifying, Outcome::Unknown, next_ask, ago_ms, now);
    }

    /// The order was reported with this outcome; it is asked about once more at this time.
    pub(super) fn start_second_look(&mut self, seq: Seq, reported: Outcome, at: u64, now: Now) {
        self.keep_asking(seq, Phase::SecondLook, reported, at, 0, now);
    }

    fn keep_asking(
        &mut self,
        seq: Seq,
        phase: Phase,
        reported: Outcome,
        next_ask: u64,
        ago_ms: u64,
        now: Now,
    ) {
        let until = match self.settings.clarify_for_ms {
            0 => u64::MAX,
            whole => now.mono_ms.saturating_add(whole.saturating_sub(ago_ms)),
        };
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        if !task.is_completed() {
            self.in_flight -= 1;
            self.orders_in_flight -= 1;
        }
        // A close that the socket still holds back leaves during what comes now, and counts for that.
        let is_close_to_leave = matches!(
            &self.writing,
            Some(Writing::Question { seq: of, asked: Asked::Close, started: false, .. }) if *of == seq
        );
        if task.recovery().is_none() {
            let why = Fault::new(Status::Interrupted, Stage::Recovery, "reported before");
            let recovery = Recovery::new(phase, Reason::Lost, why, until, next_ask);
            task.step = Step::Asking(Box::new(recovery));
        }
        if let Some(recovery) = task.recovery_mut() {
            recovery.phase = phase;
            recovery.reported = Some(reported);
            recovery.until = until;
            recovery.next_ask = next_ask;
            recovery.look_from = next_ask;
            recovery.was_in_progress = false;
            recovery.held = None;
            recovery.closed_on = recovery.closed_on.filter(|_| is_close_to_leave);
        }
        self.continue_recovery(seq, now);
        self.bound_what_is_asked_about();
    }

    fn bound_what_is_asked_about(&mut self) {
        if self.asked_about() > ASKED_ABOUT_AT_MOST
            && let Some(oldest) =
                self.tasks.iter().find(|(_, task)| task.is_completed()).map(|(seq, _)| *seq)
        {
            self.remove(oldest);
        }
    }

    /// The connection stands again: whatever the phase asks for is asked now.
    pub(super) fn resume_recovery(&mut self, seq: Seq, now: Now) {
        if self.settings.is_planted(Planted::NoAskAfterReconnect) {
            return;
        }
        let clarifies = self.settings.clarify_interval_ms > 0;
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let late_until = task.late_until.filter(|_| task.may_still_arrive(now));
        let Some(recovery) = task.recovery_mut() else { return };
        match (recovery.phase, late_until) {
            (Phase::SecondLook, _) => recovery.next_ask = recovery.next_ask.max(now.mono_ms),
            (Phase::Clarifying, _) if !clarifies => {}
            // The close was sent, or was to be, on a connection that is gone, and the order may still be on its way.
            (Phase::Closing, Some(until)) => {
                recovery.phase = Phase::Querying;
                recovery.until = until;
                recovery.next_ask = now.mono_ms;
            }
            (Phase::Closing, None) => return self.send_close(seq, now),
            _ => recovery.next_ask = now.mono_ms,
        }
        self.continue_recovery(seq, now);
    }

    /// Does what is due, and sets when to look again.
    pub(super) fn continue_recovery(&mut self, seq: Seq, now: Now) {
        let Some(recovery) = self.tasks.get(&seq).and_then(Task::recovery) else { return };
        let is_over = recovery.until <= now.mono_ms;
        match recovery.phase {
            Phase::Querying if is_over => self.time_is_up(seq, now),
            Phase::Closing if is_over => self.start_concluding(seq, now),
            Phase::Concluding if is_over => {
                self.complete_unknown(seq, "the terminal did not say what became of it", now);
            }
            Phase::QueryingOriginal if is_over => self.complete_unknown(
                seq,
                "the terminal did not say what became of the order it takes back",
                now,
            ),
            Phase::Clarifying | Phase::SecondLook if is_over => {
                self.remove(seq);
            }
            Phase::Closing => {
                let until = recovery.until;
                self.set_deadline(seq, Some(until));
            }
            Phase::Querying | Phase::Concluding | Phase::QueryingOriginal => {
                self.ask_when_due(seq, self.settings.recovery_interval_ms, now);
            }
            Phase::Clarifying => self.ask_when_due(seq, self.clarify_pause_ms(), now),
            Phase::SecondLook => self.look_when_free(seq, now),
        }
    }

    fn ask_when_due(&mut self, seq: Seq, interval_ms: u64, now: Now) {
        let is_up = self.link.is_up();
        let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) else { return };
        let mut at = recovery.until;
        let is_due = is_up && recovery.next_ask <= now.mono_ms;
        if is_due {
            recovery.next_ask = now.mono_ms.saturating_add(interval_ms);
        }
        if is_up {
            at = at.min(recovery.next_ask);
        }
        let asks_about_original = recovery.held.is_some();
        let is_repeated = recovery.questions.len() > 1;
        // Without a connection only the end of the phase is waited for.
        self.set_deadline(seq, (at != u64::MAX).then_some(at));
        if !is_due {
            return;
        }
        if is_repeated {
            self.announce_recovery(seq, now);
        }
        if asks_about_original && !self.settings.is_planted(Planted::VoidWithoutOriginal) {
            self.ask_about_original(seq, now);
        } else {
            self.ask(seq, Asked::Query, now);
        }
    }

    /// The second look waits until the terminal serves no order of this session.
    fn look_when_free(&mut self, seq: Seq, now: Now) {
        let interval_ms = if self.settings.is_planted(Planted::LookOnce) {
            u64::MAX
        } else {
            self.settings.recovery_interval_ms.max(self.settings.second_look_ms)
        };
        let is_up = self.link.is_up();
        let is_free = self.orders_in_flight == 0 && !self.others.serve_an_order;
        let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) else { return };
        if is_up && !is_free {
            let soon = now.mono_ms.saturating_add(self.settings.recovery_interval_ms);
            recovery.next_ask = recovery.next_ask.max(soon);
        }
        self.ask_when_due(seq, interval_ms, now);
    }

    /// The order has had its time. Before its bytes have arrived or are lost for good, a close would prove nothing.
    fn time_is_up(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let waits_for_close = self.settings.close_lost_orders
            && !self.settings.is_planted(Planted::TrustAnyClose)
            && task
                .recovery()
                .is_some_and(|recovery| !matches!(recovery.reason, Reason::Busy | Reason::Queued));
        if let Some(late_until) = task.late_until.filter(|_| task.may_still_arrive(now))
            && waits_for_close
            && let Some(recovery) = task.recovery_mut()
        {
            recovery.until = late_until;
            self.continue_recovery(seq, now);
        } else if self.link.is_up() {
            self.give_up(seq, now);
        } else {
            self.complete_unknown(seq, "the terminal cannot be reached", now);
        }
    }

    /// The terminal is to give the order up, where that may be asked of it.
    fn give_up(&mut self, seq: Seq, now: Now) {
        if self.settings.is_planted(Planted::SkipTheClose) {
            if let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) {
                recovery.is_closed = true;
            }
            return self.start_concluding(seq, now);
        }
        if !self.may_close(seq, now) {
            return self.start_concluding(seq, now);
        }
        if self.is_ambiguous(seq) {
            // The phase is set first: a lost connection moves everything that is asked about.
            let patience_ms = self.settings.connect_timeout_ms + self.settings.reconnect_max_ms;
            self.enter(seq, Phase::Closing, patience_ms, now);
            if self.reconnect_to_ask(seq, now) {
                return;
            }
        }
        self.send_close(seq, now);
    }

    fn send_close(&mut self, seq: Seq, now: Now) {
        if !self.may_close(seq, now) {
            return self.start_concluding(seq, now);
        }
        // A close that is repeated on the next connection does not put the end off.
        let recovery = self.tasks.get(&seq).and_then(Task::recovery);
        let repeated = recovery.filter(|recovery| recovery.phase == Phase::Closing);
        let left_ms =
            repeated.map_or(u64::MAX, |closing| closing.until.saturating_sub(now.mono_ms));
        self.enter(seq, Phase::Closing, self.last_words_ms().min(left_ms), now);
        self.ask(seq, Asked::Close, now);
    }

    /// What the terminal says from now on decides.
    pub(super) fn start_concluding(&mut self, seq: Seq, now: Now) {
        let patience_ms = self.settings.recovery_interval_ms + self.last_words_ms();
        self.enter(seq, Phase::Concluding, patience_ms, now);
        self.ask_now(seq, now);
    }

    /// Asks at once, and then every interval.
    pub(super) fn ask_now(&mut self, seq: Seq, now: Now) {
        if let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) {
            recovery.next_ask = now.mono_ms;
        }
        self.continue_recovery(seq, now);
    }

    pub(super) fn last_words_ms(&self) -> u64 {
        self.settings.recovery_interval_ms.max(LAST_WORDS_MS)
    }

    fn enter(&mut self, seq: Seq, phase: Phase, patience_ms: u64, now: Now) {
        let until = now.mono_ms.saturating_add(patience_ms);
        if let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) {
            recovery.phase = phase;
            recovery.until = until;
        }
        self.set_deadline(seq, Some(until));
    }

    /// An answer of the order's own gives another reason to ask, or none to stop.
    pub(super) fn recover_for(
        &mut self,
        seq: Seq,
        reason: Reason,
        why: String,
        text: &str,
        now: Now,
    ) {
        let patience_ms = self.settings.recovery_interval_ms + 2 * self.last_words_ms();
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let Some(recovery) = task.recovery_mut() else {
            let fault = Fault::new(Status::Terminal, Stage::Terminal, why);
            // Kept first: what is asked may be answered within this call's own messages.
            self.start_recovery(seq, reason, fault, now);
            return self.keep_unsettled(seq, text);
        };
        recovery.unsettled = Some(text.to_owned());
        if reason == Reason::Lost {
            // What was refused or busy before may be neither. It is not closed all the same if it was busy.
            match recovery.reason {
                Reason::Refused => recovery.restart(Reason::Lost),
                Reason::Busy => recovery.restart(Reason::Queued),
                _ => {}
            }
            return self.announce_recovery(seq, now);
        }
        let is_news = recovery.reason != reason;
        recovery.restart(reason);
        self.withdraw_forbidden_close(seq, now);
        let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) else { return };
        match recovery.phase {
            Phase::Closing | Phase::Concluding if is_news => {
                self.enter(seq, Phase::Concluding, patience_ms, now);
            }
            _ => {}
        }
        self.ask_now(seq, now);
    }

    pub(super) fn keep_unsettled(&mut self, seq: Seq, text: &str) {
        if let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) {
            recovery.unsettled = Some(text.to_owned());
        }
    }

    /// A void's outcome waits until the original was queried. One that has completed keeps its phase.
    pub(super) fn hold_for_original(&mut self, seq: Seq, held: Held, now: Now) {
        let recovery_ends = now.mono_ms.saturating_add(self.settings.recovery_timeout_ms);
        let soon = now.mono_ms + self.settings.recovery_interval_ms + 2 * self.last_words_ms();
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        if task.recovery().is_none() {
            let why = "the order it takes back is queried before its outcome is reported";
            let fault = Fault::new(Status::Terminal, Stage::Terminal, why);
            let phase = Phase::QueryingOriginal;
            let recovery = Recovery::new(phase, Reason::Lost, fault, recovery_ends, now.mono_ms);
            task.step = Step::Asking(Box::new(recovery));
        }
        let Some(recovery) = task.recovery_mut() else { return };
        let is_less =
            matches!((&recovery.held, &held), (Some(Held::NoMoney { .. }), Held::Reversed { .. }));
        // What the terminal said of the void itself is more than a record that may be its original's.
        if !is_less {
            let (Held::NoMoney { text, .. } | Held::Reversed { text }) = &held;
            recovery.unsettled = Some(text.clone());
            recovery.held = Some(held);
        }
        if recovery.reported.is_none() && recovery.phase != Phase::QueryingOriginal {
            recovery.phase = Phase::QueryingOriginal;
            recovery.until = recovery.until.max(soon);
        }
        if recovery.reported.is_none() {
            self.ask_now(seq, now);
        } else {
            self.ask_about_original(seq, now);
        }
    }

    /// Nothing more can be learned within the time there is.
    pub(super) fn complete_unknown(&mut self, seq: Seq, why: &str, now: Now) {
        let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) else { return };
        if recovery.reported.is_some() {
            return;
        }
        let mismatch = recovery.mismatch.take();
        let why = mismatch.as_deref().unwrap_or(why);
        let message = format!("{why} (at first: {})", recovery.why);
        let fault = Fault::new(Status::Terminal, Stage::Recovery, message);
        let response = recovery.unsettled.take();
        let report = Report { response, error: Some(fault), ..Report::of(Outcome::Unknown) };
        self.complete(seq, report, now);
    }
}
