//! The library's own queries and closes: when they may be sent, and which answers can be told apart.

use super::task::{Attempt, Phase, Question, Reason, Seq, Step, Task, Writing};
use super::{Now, Others, Session, Target};
use crate::error::{Fault, Stage, Status};
use crate::hash::{OwnMap, OwnSet};
use crate::planted::Planted;
use crate::protocol;

/// How the `request_id`s of the library's own questions begin.
pub(super) const QUESTION_PREFIX: &str = "ecrhub-probe-";

/// Unanswered questions are counted for so many numbers on a connection; beyond it every number counts as asked about.
const NUMBERS_COUNTED: usize = 4_096;

/// What is asked about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Asked {
    Query,
    Close,
}

impl Asked {
    pub(super) fn of_topic(topic: &str) -> Option<Asked> {
        match topic {
            protocol::QUERY => Some(Asked::Query),
            protocol::CLOSE => Some(Asked::Close),
            _ => None,
        }
    }

    fn topic(self) -> &'static str {
        match self {
            Asked::Query => protocol::QUERY,
            Asked::Close => protocol::CLOSE,
        }
    }
}

/// Questions on the present connection that were not answered, the till's own included. An answer without a
/// `request_id` may belong to any of those about its number.
#[derive(Debug, Default, Clone)]
pub(super) struct Unanswered {
    counts: OwnMap<(Asked, String), u32>,
    /// Every number asked about on this connection, whether that was answered or not.
    numbers: OwnSet<String>,
    is_full: bool,
}

impl Unanswered {
    pub(super) fn clear(&mut self) {
        self.counts.clear();
        self.numbers.clear();
        self.is_full = false;
    }

    fn add(&mut self, asked: Asked, number: &str) {
        if self.numbers.len() >= NUMBERS_COUNTED {
            self.is_full = true;
            return;
        }
        self.numbers.insert(number.to_owned());
        let count = self.counts.entry((asked, number.to_owned())).or_default();
        *count = count.saturating_add(1);
    }

    pub(super) fn subtract(&mut self, asked: Asked, number: &str) {
        let key = (asked, number.to_owned());
        if let Some(count) = self.counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&key);
            }
        }
    }

    pub(super) fn has(&self, asked: Asked, number: &str) -> bool {
        self.is_full
            || (!self.counts.is_empty() && self.counts.contains_key(&(asked, number.to_owned())))
    }

    /// Whether this number was ever asked about on this connection: an answer may come twice, or late.
    pub(super) fn was_asked(&self, number: &str) -> bool {
        self.is_full || self.numbers.contains(number)
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len() + self.numbers.len()
    }
}

/// For comparisons of whole sessions.
#[cfg(feature = "planted-faults")]
impl Unanswered {
    /// The numbers asked about, in a fixed order.
    pub(super) fn sorted_numbers(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.numbers.iter().map(String::as_str).collect();
        all.sort_unstable();
        all
    }

    /// In a fixed order, for comparisons.
    pub(super) fn sorted(&self) -> Vec<(Asked, &str, u32)> {
        let mut all: Vec<_> = self
            .counts
            .iter()
            .map(|((asked, number), count)| (*asked, &**number, *count))
            .collect();
        all.sort_unstable();
        all
    }
}

impl Session {
    /// Asks the terminal about an order, or to give it up. Never sends an order.
    pub(super) fn ask(&mut self, seq: Seq, asked: Asked, now: Now) {
        let number = self.tasks.get(&seq).and_then(|task| task.request.merchant_order_no.clone());
        if let Some(number) = number {
            self.ask_about(seq, asked, &number, Target::of_question(asked, seq), now);
        }
    }

    /// Asks about the order that a void takes back.
    pub(super) fn ask_about_original(&mut self, seq: Seq, now: Now) {
        let original =
            self.tasks.get(&seq).and_then(|task| task.request.orig_merchant_order_no.clone());
        if let Some(number) = original {
            self.ask_about(seq, Asked::Query, &number, Target::Original(seq), now);
        }
    }

    fn ask_about(&mut self, seq: Seq, asked: Asked, number: &str, target: Target, now: Now) {
        // A query does not take the place of a close that was not written yet.
        let is_close_waiting =
            matches!(self.questions.get(&seq), Some((Asked::Close, _))) && asked == Asked::Query;
        if !self.link.is_up() || is_close_waiting {
            return;
        }
        let id = format!("{QUESTION_PREFIX}{:016x}", self.rng.next_u64());
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        // A terminal may refuse a question that comes from another application than the order did.
        let app_id =
            protocol::app_id_of(&task.request.text).or_else(|| self.settings.app_id.clone());
        let Some(recovery) = task.recovery_mut() else { return };
        let question = Question { request_id: id.clone(), left_at: None, is_after_close: false };
        let too_old = recovery.asked(question);
        if let Some(too_old) = too_old {
            self.targets.remove(&too_old.request_id);
        }
        let request =
            protocol::follow_up(asked.topic(), number, &id, now.wall_ms, app_id.as_deref());
        self.targets.insert(id, target);
        self.questions.insert(seq, (asked, request));
    }

    /// Whether a close may be sent for this order at all. A terminal may take a close for whatever is on its screen.
    pub(super) fn may_close(&self, seq: Seq, now: Now) -> bool {
        let Some(recovery) = self.tasks.get(&seq).and_then(Task::recovery) else { return false };
        let is_ours_to_close = match recovery.reason {
            Reason::Queued => false,
            Reason::Busy => self.settings.is_planted(Planted::CloseBusy),
            Reason::DuplicateNumber => {
                let is_again =
                    self.tasks.get(&seq).is_some_and(|task| task.attempt == Attempt::Again);
                (is_again && recovery.was_in_progress)
                    || self.settings.is_planted(Planted::CloseDuplicate)
            }
            Reason::Lost | Reason::Refused | Reason::ReversedVoid => true,
        };
        (self.settings.close_lost_orders || self.settings.is_planted(Planted::CloseAnyway))
            && is_ours_to_close
            && (!(self.others.serve_an_order || self.is_another_active(Some(seq), now))
                || self.settings.is_planted(Planted::CloseWhileOthersPay))
    }

    /// Whether another order of this session may be with a customer. One that is past its own recovery time is not.
    fn is_another_active(&self, seq: Option<Seq>, now: Now) -> bool {
        self.tasks.iter().any(|(other, task)| {
            Some(*other) != seq && task.request.is_order() && task.may_be_with_a_customer(now)
        })
    }

    /// What this session does, for the other handles on the terminal.
    pub fn shown_to_others(&self, now: Now) -> Others {
        let has_orders = self.orders_in_flight > 0 || self.asked_about() > 0;
        let serve_an_order = has_orders && self.is_another_active(None, now);
        Others { serve_an_order, close_until: self.hold_orders_until.unwrap_or(0) }
    }

    /// What the other handles on the terminal do.
    pub fn note_others(&mut self, others: Others) {
        self.others = others;
    }

    /// An answer without a `request_id` could be one to an older question about this order.
    pub(super) fn is_ambiguous(&self, seq: Seq) -> bool {
        let number =
            self.tasks.get(&seq).and_then(|task| task.request.merchant_order_no.as_deref());
        !self.answers_have_ids
            && !self.settings.is_planted(Planted::HeldAnswerCounts)
            && number.is_some_and(|number| {
                [Asked::Query, Asked::Close].iter().any(|asked| self.unanswered.has(*asked, number))
            })
    }

    /// Gives up the connection, so that no answer to an older question is on its way on the next one. At most once in
    /// a round, and not while a request that may move money waits for its answer there; false where it was not done.
    pub(super) fn reconnect_to_ask(&mut self, seq: Seq, now: Now) -> bool {
        let is_alone = self.tasks.iter().all(|(other, task)| {
            let moves_no_money = Asked::of_topic(&task.request.topic).is_some();
            *other == seq || moves_no_money || !matches!(task.step, Step::Waiting)
        });
        if !is_alone {
            return false;
        }
        let interval_ms = self.settings.clarify_interval_ms;
        let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut) else {
            return false;
        };
        let is_new_round = recovery.reconnected_at.is_none_or(|at| {
            recovery.reported.is_some() && at.saturating_add(interval_ms) <= now.mono_ms
        });
        if !is_new_round {
            return false;
        }
        recovery.reconnected_at = Some(now.mono_ms);
        let why =
            "an older question about an order was not answered, and answers here name no request";
        self.drop_link(Fault::new(Status::Interrupted, Stage::Recovery, why), now);
        true
    }

    /// A frame with a question leaves: until it is answered, an answer about its number may be the one to it.
    pub(super) fn count_question(&mut self, asked: Asked, number: &str, now: Now) {
        self.unanswered.add(asked, number);
        self.hold_orders_for(asked, now);
    }

    /// No order is written beside a close: a terminal may take the close for it.
    pub(super) fn hold_orders_for(&mut self, asked: Asked, now: Now) {
        if asked == Asked::Close {
            self.hold_orders_until = Some(now.mono_ms + self.settings.recovery_interval_ms);
        }
    }

    /// The first byte of a question leaves: only now is it asked.
    pub(super) fn note_question_left(&mut self, seq: Seq, request_id: &str, now: Now) {
        let recovery = self.tasks.get_mut(&seq).and_then(Task::recovery_mut);
        let mut questions = recovery.into_iter().flat_map(|recovery| &mut recovery.questions);
        if let Some(question) = questions.find(|question| question.request_id == request_id) {
            question.left_at = Some(now.mono_ms);
        }
    }

    /// A question about this number was answered, on the present connection.
    pub(super) fn count_answer(&mut self, asked: Asked, number: &str) {
        self.unanswered.subtract(asked, number);
        if asked == Asked::Close {
            self.hold_orders_until = None;
        }
    }

    /// The next question of the library's own, if it may still be sent.
    pub(super) fn next_question(&mut self, now: Now) -> Option<Writing> {
        while let Some((seq, (asked, request))) = self.questions.pop_first() {
            if asked == Asked::Close && !self.may_close(seq, now) {
                continue;
            }
            self.hand_out(seq, asked, &request.request_id, now);
            let number = request.merchant_order_no.unwrap_or_default();
            self.count_question(asked, &number, now);
            let (request_id, text) = (request.request_id, request.text);
            return Some(Writing::Question { seq, asked, request_id, text, started: false });
        }
        None
    }

    /// From here on what the terminal says to a close may count, and what it says to a query may come after one.
    fn hand_out(&mut self, seq: Seq, asked: Asked, request_id: &str, now: Now) {
        let is_ambiguous = asked == Asked::Close && self.is_ambiguous(seq);
        let connection = self.connection;
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        let is_conclusive = !is_ambiguous && !task.may_still_arrive(now);
        let Some(recovery) = task.recovery_mut() else { return };
        if asked == Asked::Close {
            recovery.conclusive_close = is_conclusive.then(|| request_id.to_owned());
            recovery.closed_on = Some(connection);
            recovery.not_found_asked = None;
        }
        let is_after_close = recovery.is_closed || recovery.conclusive_close.is_some();
        let mut questions = recovery.questions.iter_mut();
        if let Some(question) = questions.find(|question| question.request_id == request_id) {
            question.is_after_close = is_after_close;
        }
    }

    /// A question of which no byte has left is not sent once its order is settled. One that the socket holds back can
    /// only be withdrawn by giving up the connection.
    pub(super) fn withdraw_question(&mut self, settled: Seq, now: Now) {
        self.questions.remove(&settled);
        if self.held_back_question(settled).is_some()
            && !self.settings.is_planted(Planted::KeepBlockedClose)
        {
            let why = "a question about an order that is settled could not leave";
            self.drop_link(Fault::new(Status::Interrupted, Stage::Send, why), now);
        }
    }

    /// A close of which no byte has left is not sent once the order may not be closed any more: what the terminal has
    /// said meanwhile shows that a close would be for somebody else.
    pub(super) fn withdraw_forbidden_close(&mut self, seq: Seq, now: Now) {
        if self.held_back_question(seq) == Some(Asked::Close)
            && !self.may_close(seq, now)
            && !self.settings.is_planted(Planted::KeepBlockedClose)
        {
            let why = "a close of an order that the terminal did not accept could not leave";
            self.drop_link(Fault::new(Status::Interrupted, Stage::Send, why), now);
        }
    }

    /// What is asked about this order with a frame of which the socket has taken no byte yet.
    fn held_back_question(&self, of: Seq) -> Option<Asked> {
        match &self.writing {
            Some(Writing::Question { seq, asked, started: false, .. }) if *seq == of => {
                Some(*asked)
            }
            _ => None,
        }
    }
}

impl Task {
    /// It is on the wire, or in progress as far as is known, and its time is not over.
    fn may_be_with_a_customer(&self, now: Now) -> bool {
        match &self.step {
            Step::Queued => self.sent != crate::event::Sent::No,
            Step::Waiting => true,
            Step::Asking(recovery) => match recovery.phase {
                Phase::Querying => recovery.until > now.mono_ms,
                Phase::SecondLook => recovery.was_in_progress,
                Phase::Closing
                | Phase::Concluding
                | Phase::QueryingOriginal
                | Phase::Clarifying => false,
            },
        }
    }
}
