//! What the terminal's messages say of the requests they belong to.

use super::evidence::names;
use super::questions::{Asked, QUESTION_PREFIX};
use super::task::{Phase, Reason, Seq, Task};
use super::{Now, Report, Session, Target};
use crate::error::{Fault, Stage, Status};
use crate::event::EventKind;
use crate::planted::Planted;
use crate::protocol::{self, Outcome, Response, Verdict};
use crate::redact;

/// At most this much of a message that is none is shown, in bytes.
const RAW_SHOWN: usize = 1_024;

/// Topics of messages that are never an order's answer, whatever else they lack.
const NO_ORDERS_ANSWER: [&str; 8] = [
    protocol::QUERY,
    protocol::CLOSE,
    "ecrhub.init",
    "ecrhub.pay.init",
    "ecrhub.getInfo",
    "ecrhub.heartbeat",
    "ecrhub.pair",
    "ecrhub.unpair",
];

impl Session {
    /// The terminal sent a message, as text or binary.
    pub fn on_message(&mut self, bytes: &[u8], now: Now) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.on_text(text, now),
            Err(error) => {
                self.on_heard(now);
                self.on_garbage(format!("not UTF-8: {error}"), bytes, now);
            }
        }
    }

    /// The same, where it is known to be UTF-8.
    pub fn on_text(&mut self, text: &str, now: Now) {
        self.on_heard(now);
        let text = protocol::bare(text);
        match protocol::read(text) {
            Ok(mut response) => {
                self.complete_number(&mut response);
                self.on_response(&response, text, now);
            }
            Err(detail) => self.on_garbage(detail, text.as_bytes(), now),
        }
    }

    /// The terminal sent something that is no message: it may have been an order's answer.
    pub fn on_garbage(&mut self, detail: String, bytes: &[u8], now: Now) {
        let raw = redact::excerpt(bytes, RAW_SHOWN);
        self.emit(EventKind::ProtocolError { detail, raw }, now);
        if !self.settings.is_planted(Planted::UnreadableIsIgnored) {
            self.recover_the_only_order("a message came that cannot be read", now);
        }
    }

    /// Something came that may have been the answer to the only order that waits for one.
    fn recover_the_only_order(&mut self, why: &str, now: Now) {
        let mut orders = self.tasks.iter().filter(|(_, task)| {
            task.request.is_order() && task.is_on_the_wire() && !task.is_completed()
        });
        let (Some((seq, _)), None) = (orders.next(), orders.next()) else { return };
        let fault = Fault::new(Status::Terminal, Stage::Receive, why);
        self.start_recovery(*seq, Reason::Lost, fault, now);
    }

    fn on_response(&mut self, response: &Response<'_>, text: &str, now: Now) {
        let target = self.target_of(response);
        self.note_ids(target, response);
        self.count_answered(target, response);
        match target {
            Some(Target::Request(seq)) => self.on_answer(seq, response, text, now),
            Some(Target::Query(seq)) => {
                let asked_at = self.asked_at(seq, response);
                self.on_query_answer(seq, asked_at, response, text, now);
            }
            Some(Target::Original(seq)) => self.on_original_answer(seq, response, text, now),
            Some(Target::Close(seq)) => self.on_close_answer(seq, response, now),
            None => self.on_unmatched(response, text, now),
        }
    }

    /// Whether answers to queries and closes name their request. Only those count: a terminal may treat orders otherwise.
    fn note_ids(&mut self, target: Option<Target>, response: &Response<'_>) {
        let is_to_a_question = match (target, response.topic.as_deref()) {
            (Some(Target::Query(_) | Target::Original(_) | Target::Close(_)), _) => true,
            (_, topic) => topic.is_none_or(|topic| Asked::of_topic(topic).is_some()),
        };
        if is_to_a_question {
            self.answers_have_ids = response.request_id.is_some();
        }
    }

    /// The request's own answer.
    fn on_answer(&mut self, seq: Seq, response: &Response<'_>, text: &str, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        if task.request.is_order() {
            self.on_order_answer(seq, response, text, now);
            return;
        }
        let number = task.request.merchant_order_no.clone();
        let topic = task.request.topic.clone();
        let is_query = topic == protocol::QUERY;
        let is_conclusive = task.is_conclusive_close;
        let asked_at = Some(task.accepted.mono_ms);
        let names_it = names(task, response);
        let outcome = if is_query { response.query_outcome() } else { response.other_outcome() };
        let why = match outcome {
            _ if is_query && !names_it => Some("the answer is about another order"),
            Outcome::Unknown => Some("the answer does not say what became of the order"),
            _ => None,
        };
        let error = why.map(|why| Fault::new(Status::Terminal, Stage::Terminal, why));
        let outcome = if why.is_some() { Outcome::Unknown } else { outcome };
        let report = Report {
            response: Some(text.to_owned()),
            error,
            description: response.description.take(),
            ..Report::of(outcome)
        };
        self.complete(seq, report, now);
        match (&*topic, number) {
            (protocol::QUERY, _) if names_it => {
                self.on_own_query_answer(asked_at, response, text, now);
            }
            (protocol::CLOSE, Some(number)) if outcome == Outcome::Ok && names_it => {
                self.on_own_close_accepted(&number, is_conclusive, now);
            }
            ("ecrhub.init" | "ecrhub.pay.init", _) => {
                self.queues_orders |= protocol::order_queue_mode(text).is_some();
            }
            _ => {}
        }
    }

    fn on_order_answer(&mut self, seq: Seq, response: &Response<'_>, text: &str, now: Now) {
        let planted_forced = self.settings.is_planted(Planted::TakeStrangersAnswer);
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        task.has_arrived |= response.request_id.is_some();
        let verdict = match is_its_own(task, response) {
            Err(why) if !planted_forced => Verdict::Unsettled(why),
            _ => response.order_verdict(&task.request),
        };
        let recovered = task.connection != Some(self.connection);
        let is_completed = task.is_completed();
        let planted_success = self.planted_success(response);
        let (reason, why) = match verdict {
            Verdict::Settled(outcome) if self.has_reported(seq, outcome) => {
                return self.on_late_answer(response, text, now);
            }
            Verdict::Acknowledged if self.has_reported(seq, Outcome::Approved) => {
                return self.on_late_answer(response, text, now);
            }
            Verdict::Settled(outcome) => {
                return self.conclude(seq, outcome, response, text, recovered, now);
            }
            Verdict::Acknowledged => {
                return self.report_acknowledged(seq, response, text, recovered, now);
            }
            _ if is_completed && !self.is_clarifying(seq) => {
                return self.on_late_answer(response, text, now);
            }
            Verdict::Unsettled(_) if is_completed => {
                return self.on_late_answer(response, text, now);
            }
            Verdict::Unsettled(_) if planted_success => {
                return self.conclude(seq, Outcome::Approved, response, text, false, now);
            }
            verdict => match self.planted_outcome(&verdict) {
                Some(outcome) => {
                    return self.conclude(seq, outcome, response, text, recovered, now);
                }
                None => self.reason_to_recover(verdict),
            },
        };
        self.recover_for(seq, reason, why, text, now);
    }

    /// Why the order is asked about, for the terminal's records and for a person.
    fn reason_to_recover(&self, verdict: Verdict) -> (Reason, String) {
        match verdict {
            Verdict::Busy if self.queues_orders => {
                (Reason::Queued, "the terminal is busy, and queues orders".to_owned())
            }
            Verdict::Busy => (Reason::Busy, "the terminal serves another customer".to_owned()),
            Verdict::DuplicateNumber => {
                (Reason::DuplicateNumber, "the terminal knows this number already".to_owned())
            }
            Verdict::ReversedVoid => {
                (Reason::ReversedVoid, "a void was answered with the state \"void\"".to_owned())
            }
            Verdict::Refused(why) => (Reason::Refused, why),
            Verdict::Unsettled(why) => (Reason::Lost, why),
            Verdict::Settled(outcome) => (Reason::Lost, outcome.to_string()),
            Verdict::Acknowledged => (Reason::Lost, "a success code alone".to_owned()),
        }
    }

    /// For [`Planted::BelieveTheCode`].
    fn planted_success(&self, response: &Response<'_>) -> bool {
        self.settings.is_planted(Planted::BelieveTheCode) && response.other_outcome() == Outcome::Ok
    }

    /// For the planted faults that misread an order's own answer.
    fn planted_outcome(&self, verdict: &Verdict) -> Option<Outcome> {
        let (fault, outcome) = match verdict {
            Verdict::ReversedVoid => (Planted::VoidReversedIsCancelled, Outcome::Cancelled),
            Verdict::Busy if self.settings.is_planted(Planted::BusyAtOnce) => {
                (Planted::BusyAtOnce, Outcome::Busy)
            }
            Verdict::Busy => (Planted::BusyIsDeclined, Outcome::Declined),
            Verdict::Refused(_) => (Planted::BelieveRefusal, Outcome::Declined),
            _ => return None,
        };
        self.settings.is_planted(fault).then_some(outcome)
    }

    /// Its own answer says again what was reported: that changes nothing, and is no second look either.
    fn has_reported(&self, seq: Seq, outcome: Outcome) -> bool {
        let recovery = self.tasks.get(&seq).and_then(Task::recovery);
        recovery.is_some_and(|recovery| recovery.reported == Some(outcome))
            && !self.settings.is_planted(Planted::ClarifyTheSame)
    }

    fn is_clarifying(&self, seq: Seq) -> bool {
        let recovery = self.tasks.get(&seq).and_then(Task::recovery);
        recovery.is_some_and(|recovery| recovery.phase == Phase::Clarifying)
    }

    /// A success code alone: approved, and looked at again at once.
    fn report_acknowledged(
        &mut self,
        seq: Seq,
        response: &Response<'_>,
        text: &str,
        recovered: bool,
        now: Now,
    ) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let report = Report {
            response: Some(text.to_owned()),
            recovered,
            differs: response.differs(&task.request),
            is_unproven: true,
            ..Report::of(Outcome::Approved)
        };
        self.report(seq, report, now);
    }

    /// An answer that no open request waits for.
    fn on_unmatched(&mut self, response: &Response<'_>, text: &str, now: Now) {
        let id = response.request_id.as_deref();
        // A late answer to a question of the library's own is of interest only for a record that it carries.
        if id.is_some_and(|id| id.starts_with(QUESTION_PREFIX)) {
            if response.topic.as_deref().is_none_or(|topic| topic == protocol::QUERY) {
                self.on_own_query_answer(None, response, text, now);
            }
            return;
        }
        if let Some(topic) = &response.topic
            && id.is_none_or(|id| self.recent.knows_id(id))
        {
            self.no_longer_stale(topic);
        }
        let may_be_an_orders =
            response.topic.as_deref().is_none_or(|topic| topic == protocol::ORDER);
        let is_query = response.topic.as_deref() == Some(protocol::QUERY);
        let may_be_an_orders = may_be_an_orders && !self.may_answer_anything(response);
        if (may_be_an_orders && self.contradicts(response, text, true, now))
            || (is_query
                && id.is_none_or(|id| self.recent.knows_id(id))
                && self.contradicts(response, text, false, now))
        {
            return;
        }
        let late_for = self.late_for(response);
        // The late answer of an earlier attempt may tell of this one: what is known of the number has changed.
        let number = response.merchant_order_no.as_deref();
        let is_used_again = number.is_some_and(|number| self.order_in_flight(number).is_some());
        let is_matched = (late_for.is_some() && !is_used_again)
            || response.topic.as_deref().is_some_and(|topic| NO_ORDERS_ANSWER.contains(&topic));
        self.emit(EventKind::Message { message: text.to_owned(), late_for }, now);
        if !is_matched {
            self.recover_the_only_order("a message came that belongs to no request", now);
        }
    }

    /// Neither id, topic nor state: once anything was asked about the number, it may answer that.
    fn may_answer_anything(&self, response: &Response<'_>) -> bool {
        let is_bare = response.request_id.is_none()
            && response.topic.is_none()
            && response.trans_status.is_none();
        let number = response.merchant_order_no.as_deref();
        is_bare && number.is_none_or(|number| self.unanswered.was_asked(number))
    }

    /// An answer to a completed order that changes nothing.
    fn on_late_answer(&mut self, response: &Response<'_>, text: &str, now: Now) {
        let late_for = self.late_for(response);
        self.emit(EventKind::Message { message: text.to_owned(), late_for }, now);
    }

    /// The completed request that a message belongs to.
    fn late_for(&self, response: &Response<'_>) -> Option<String> {
        match (response.request_id.as_deref(), response.merchant_order_no.as_deref()) {
            (Some(id), _) => self.recent.knows_id(id).then(|| id.to_owned()),
            (None, Some(number))
                if response.topic.as_deref().is_none_or(|topic| topic == protocol::ORDER) =>
            {
                self.recent.newest(number).map(|past| past.request.request_id.clone())
            }
            (None, _) => None,
        }
    }

    fn no_longer_stale(&mut self, topic: &str) {
        if let Some(count) = self.stale.get_mut(topic) {
            *count -= 1;
            if *count == 0 {
                self.stale.remove(topic);
            }
        }
    }

    /// The answer did not come: an order is recovered, anything else is simply unknown.
    pub(super) fn no_answer(&mut self, seq: Seq, fault: Fault, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        if task.request.is_order() {
            self.start_recovery(seq, Reason::Lost, fault, now);
            return;
        }
        // On a connection that is gone it can no longer come.
        if self.link.is_up() {
            *self.stale.entry(task.request.topic.clone()).or_default() += 1;
        }
        self.complete(seq, Report { error: Some(fault), ..Report::of(Outcome::Unknown) }, now);
    }
}

/// Paired by its `request_id` an answer may leave out the rest, but not name another order. Paired without one it must
/// name this order and fit it in full: the answer to an earlier order must never settle a later one.
fn is_its_own(task: &Task, response: &Response<'_>) -> Result<(), String> {
    if response.request_id.is_none() {
        if response.merchant_order_no.is_none() {
            return Err("an answer came that does not say which order it is about".to_owned());
        }
        return response.fits(&task.request);
    }
    if names(task, response) { Ok(()) } else { Err("the answer names another order".to_owned()) }
}
