//! Which request a message belongs to, and what it says of it.
//!
//! A response is paired by its `request_id`; without one it belongs to the request in flight with the same topic and
//! `merchant_order_no` (`PROTOCOL.md`, "Envelope"). One that names another id is never taken for ours, and what has not been
//! written in full cannot have been answered.

use super::finding::PROBE_PREFIX;
use super::task::{Seq, Step, Task};
use super::{Now, Session, Target};
use crate::error::{Fault, Stage, Status};
use crate::event::EventKind;
use crate::planted::Planted;
use crate::protocol::{self, Outcome, Response, Verdict};
use crate::redact;

/// At most this much of a message that is none is shown, in bytes.
const RAW_SHOWN: usize = 1_024;

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
        match protocol::read(text) {
            Ok(response) => self.on_response(&response, text, now),
            Err(detail) => self.on_garbage(detail, text.as_bytes(), now),
        }
    }

    /// The terminal said something that is no message.
    pub fn on_garbage(&mut self, detail: String, bytes: &[u8], now: Now) {
        let raw = redact::excerpt(bytes, RAW_SHOWN);
        self.tell(EventKind::ProtocolError { detail, raw }, now);
    }

    fn on_response(&mut self, response: &Response<'_>, text: &str, now: Now) {
        match self.target_of(response) {
            Some(Target::Request(seq)) => self.on_answer(seq, response, text, now),
            Some(Target::Query(seq)) => self.on_query_answer(seq, response, text, now),
            Some(Target::Close(seq)) => self.on_close_answer(seq, response, now),
            None => self.nobody_waits(response, text, now),
        }
    }

    fn target_of(&self, response: &Response<'_>) -> Option<Target> {
        let Some(id) = &response.request_id else { return self.target_without_id(response) };
        let strange = || {
            if !self.settings.is_planted(Planted::TakeStrangersAnswer) {
                return None;
            }
            let is_order = |task: &&Task| task.request.is_order();
            let topic = response.topic.as_deref() == Some(protocol::ORDER);
            self.find_first(is_order).filter(|_| topic).map(Target::Request)
        };
        let Some(target) = self.targets.get(&**id).copied() else { return strange() };
        let topic = match target {
            Target::Query(_) => protocol::QUERY,
            Target::Close(_) => protocol::CLOSE,
            Target::Request(seq) => {
                &self.tasks.get(&seq).filter(|task| task.is_on_the_wire())?.request.topic
            }
        };
        let same_topic = response.topic.as_deref().is_none_or(|said| said == topic);
        same_topic.then_some(target)
    }

    fn target_without_id(&self, response: &Response<'_>) -> Option<Target> {
        let number = response.merchant_order_no.as_deref();
        match response.topic.as_deref() {
            Some(topic) if number.is_some() => {
                self.on_the_wire(topic, number).or_else(|| self.probe_about(topic, number))
            }
            Some(topic) => self.on_the_wire(topic, None).or_else(|| self.only_one(topic)),
            None => self.only_request_about(number?),
        }
    }

    /// The oldest request on the wire with this topic and number. When the oldest of all is not, none is: they are
    /// written in the order of acceptance.
    fn on_the_wire(&self, topic: &str, number: Option<&str>) -> Option<Target> {
        let seq = self.find_by_key(topic, number)?;
        self.tasks.get(&seq)?.is_on_the_wire().then_some(Target::Request(seq))
    }

    /// For [`Planted::TakeStrangersAnswer`].
    fn find_first(&self, is_it: impl Fn(&&Task) -> bool) -> Option<Seq> {
        self.tasks.iter().find(|(_, task)| is_it(task)).map(|(seq, _)| *seq)
    }

    /// An answer to the library's own question about the order with this number.
    fn probe_about(&self, topic: &str, number: Option<&str>) -> Option<Target> {
        let seq = self.order_in_flight(number?)?;
        self.tasks.get(&seq)?.finding()?.probes.back()?;
        match topic {
            protocol::QUERY => Some(Target::Query(seq)),
            protocol::CLOSE => Some(Target::Close(seq)),
            _ => None,
        }
    }

    /// Neither id nor topic: it can only be told whose it is when one single thing is asked about this number.
    fn only_request_about(&self, number: &str) -> Option<Target> {
        let mut about = self.tasks.iter().filter(|(_, task)| {
            task.is_on_the_wire() && task.request.merchant_order_no.as_deref() == Some(number)
        });
        let (seq, task) = about.next()?;
        let is_alone = about.next().is_none() && task.probe_ids().next().is_none();
        is_alone.then_some(Target::Request(*seq))
    }

    /// Neither id nor number: the only request of the topic, if no earlier one may still be answered. An order never
    /// takes such an answer for its own (see [`Session::on_answer`]); it only learns that it has to ask.
    fn only_one(&self, topic: &str) -> Option<Target> {
        if self.stale.contains_key(topic) {
            return None;
        }
        let mut of_topic = self
            .tasks
            .iter()
            .filter(|(_, task)| task.request.topic == topic && matches!(task.step, Step::Waiting));
        let (seq, _) = of_topic.next()?;
        let is_alone = of_topic.next().is_none() && !self.may_answer_a_probe(topic);
        is_alone.then_some(Target::Request(*seq))
    }

    /// Whether an answer under this topic could be about an order the library asks about.
    fn may_answer_a_probe(&self, topic: &str) -> bool {
        matches!(topic, protocol::ORDER | protocol::QUERY | protocol::CLOSE)
            && self.tasks.values().any(|task| task.probe_ids().next().is_some())
    }

    /// The request's own answer.
    fn on_answer(&mut self, seq: Seq, response: &Response<'_>, text: &str, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        if task.request.is_order() {
            self.on_order_answer(seq, response, text, now);
            return;
        }
        let number = task.request.merchant_order_no.clone();
        let is_query = task.request.topic == protocol::QUERY;
        let outcome = if is_query { response.query_outcome() } else { response.other_outcome() };
        if is_query && !names(task, response) {
            let why = "the answer is about another order";
            let fault = Fault::new(Status::Terminal, Stage::Terminal, why);
            self.complete(seq, Outcome::Unknown, Some(text.to_owned()), Some(fault), false, now);
            return;
        }
        let fault = (outcome == Outcome::Unknown).then(|| {
            Fault::new(
                Status::Terminal,
                Stage::Terminal,
                "the answer does not say what became of the order",
            )
        });
        self.complete(seq, outcome, Some(text.to_owned()), fault, false, now);
        if is_query && let Some(order) = number.and_then(|number| self.order_in_flight(&number)) {
            self.overheard(order, response, text, now);
        }
    }

    /// The caller's own query settles an order that is being found out just as the library's would.
    fn overheard(&mut self, order: Seq, response: &Response<'_>, text: &str, now: Now) {
        let Some(task) = self.tasks.get(&order) else { return };
        let outcome = response.query_outcome();
        let settles = matches!(outcome, Outcome::Approved | Outcome::Declined | Outcome::Cancelled);
        if settles
            && task.finding().is_some()
            && response.merchant_order_no.is_some()
            && response.fits(&task.request).is_ok()
        {
            self.settle(order, outcome, text, true, now);
        }
    }

    fn on_order_answer(&mut self, seq: Seq, response: &Response<'_>, text: &str, now: Now) {
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        task.has_arrived |= response.request_id.is_some();
        let is_forced = self.settings.is_planted(Planted::TakeStrangersAnswer);
        let verdict = match is_its_own(task, response) {
            _ if is_forced => response.order_verdict(&task.request),
            Ok(()) => response.order_verdict(&task.request),
            Err(why) => Verdict::Unsettled(why),
        };
        match verdict {
            Verdict::Settled(outcome) => {
                let recovered = task.connection != Some(self.connection);
                self.settle(seq, outcome, text, recovered, now);
            }
            Verdict::Unsettled(_)
                if self.settings.is_planted(Planted::BelieveTheCode)
                    && response.other_outcome() == Outcome::Ok =>
            {
                self.settle(seq, Outcome::Approved, text, false, now);
            }
            Verdict::Unsettled(why) if task.finding().is_none() => {
                let fault = Fault::new(Status::Terminal, Stage::Terminal, why);
                self.start_finding(seq, fault, now);
                self.keep_unsettled(seq, text);
            }
            Verdict::Unsettled(_) if task.is_clarifying() => self.nobody_waits(response, text, now),
            _ => self.keep_unsettled(seq, text),
        }
    }

    fn keep_unsettled(&mut self, seq: Seq, text: &str) {
        if let Some(finding) = self.tasks.get_mut(&seq).and_then(Task::finding_mut) {
            finding.unsettled = Some(text.to_owned());
        }
    }

    fn nobody_waits(&mut self, response: &Response<'_>, text: &str, now: Now) {
        let id = response.request_id.as_deref();
        // A late answer to a question of the library's own is nobody's business.
        if id.is_some_and(|id| id.starts_with(PROBE_PREFIX)) {
            return;
        }
        if let Some(topic) = &response.topic
            && id.is_none_or(|id| self.recent.knows_id(id))
        {
            self.no_longer_stale(topic);
        }
        let late_for = match (id, response.merchant_order_no.as_deref()) {
            (Some(id), _) => self.recent.knows_id(id).then(|| id.to_owned()),
            (None, Some(number))
                if response.topic.as_deref().is_none_or(|t| t == protocol::ORDER) =>
            {
                self.recent.id_of_order(number).map(str::to_owned)
            }
            (None, _) => None,
        };
        self.tell(EventKind::Message { message: text.to_owned(), late_for }, now);
    }

    fn no_longer_stale(&mut self, topic: &str) {
        if let Some(count) = self.stale.get_mut(topic) {
            *count -= 1;
            if *count == 0 {
                self.stale.remove(topic);
            }
        }
    }
}

/// The answer names no other order than the one asked about.
pub(super) fn names(task: &Task, response: &Response<'_>) -> bool {
    match (&task.request.merchant_order_no, &response.merchant_order_no) {
        (Some(asked), Some(said)) => asked == said,
        _ => true,
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
