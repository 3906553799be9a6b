//! Which request a message belongs to.
//!
//! A response is paired by its `request_id`; without one it belongs to the request in flight with the same topic and
//! `merchant_order_no` (`PROTOCOL.md`, "Envelope"). One that names another id is never taken for ours, and what has not been
//! written in full cannot have been answered.

use super::questions::Asked;
use super::task::{Seq, Step, Task};
use super::{Session, Target};
use crate::planted::Planted;
use crate::protocol::{self, Outcome, Response, bare_number};

impl Session {
    /// A number that the terminal wrote as a JSON number may lack its leading zeros: the one that was sent is put back.
    pub(super) fn complete_number(&mut self, response: &mut Response<'_>) {
        let is_incomplete = response.number_is_bare
            && response
                .merchant_order_no
                .as_deref()
                .is_some_and(|number| self.find_by_key(protocol::ORDER, Some(number)).is_none());
        if !is_incomplete {
            return;
        }
        // There may be thousands that have completed, and as many messages of this kind in a moment.
        let recent = &self.recent;
        let only_here =
            |task: &&Task| !task.is_completed() || !recent.knows_id(&task.request.request_id);
        let mut open = self.tasks.values().filter(only_here).map(|task| &task.request);
        let number = open.find_map(|request| {
            request.merchant_order_no.clone().filter(|number| response.names(number) == Some(true))
        });
        let bare = response.merchant_order_no.as_deref().and_then(bare_number);
        let number = number.or_else(|| Some(self.recent.written_bare(&bare?)?.to_owned()));
        if let Some(number) = number {
            response.merchant_order_no = Some(number.into());
            response.number_is_bare = false;
        }
    }

    pub(super) fn target_of(&self, response: &Response<'_>) -> Option<Target> {
        let Some(id) = &response.request_id else { return self.target_without_id(response) };
        let Some(target) = self.targets.get(&**id).copied() else {
            return self.planted_target(response);
        };
        let topic = match target {
            Target::Query(_) | Target::Original(_) => protocol::QUERY,
            Target::Close(_) => protocol::CLOSE,
            Target::Request(seq) => {
                &self.tasks.get(&seq).filter(|task| task.is_on_the_wire())?.request.topic
            }
        };
        let same_topic = response.topic.as_deref().is_none_or(|answered| answered == topic);
        same_topic.then_some(target)
    }

    /// For [`Planted::TakeStrangersAnswer`].
    fn planted_target(&self, response: &Response<'_>) -> Option<Target> {
        let is_order = response.topic.as_deref() == Some(protocol::ORDER);
        if !is_order || !self.settings.is_planted(Planted::TakeStrangersAnswer) {
            return None;
        }
        let order = self.tasks.iter().find(|(_, task)| task.request.is_order());
        order.map(|(seq, _)| Target::Request(*seq))
    }

    fn target_without_id(&self, response: &Response<'_>) -> Option<Target> {
        let number = response.merchant_order_no.as_deref();
        match response.topic.as_deref() {
            Some(topic) if number.is_some() => {
                self.on_the_wire(topic, number).or_else(|| self.question_about(topic, number))
            }
            Some(topic) => self.on_the_wire(topic, None).or_else(|| self.only_one(topic)),
            None => self.target_by_number(number?, response),
        }
    }

    /// The oldest request on the wire with this topic and number. When the oldest of all is not, none is: they are
    /// written in the order of acceptance.
    fn on_the_wire(&self, topic: &str, number: Option<&str>) -> Option<Target> {
        let seq = self.find_by_key(topic, number)?;
        self.tasks.get(&seq)?.is_on_the_wire().then_some(Target::Request(seq))
    }

    /// An answer to the library's own question about the order with this number, or about the original of a void.
    fn question_about(&self, topic: &str, number: Option<&str>) -> Option<Target> {
        let asked = Asked::of_topic(topic)?;
        let is_asked = |seq: &Seq| {
            self.tasks.get(seq).is_some_and(|task| task.question_ids().next().is_some())
        };
        let own = self.order_in_flight(number?).filter(is_asked);
        own.map(|seq| Target::of_question(asked, seq))
            .or_else(|| self.original_of(number?).filter(|_| asked == Asked::Query))
    }

    /// The void that waits to learn what became of the order with this number.
    fn original_of(&self, number: &str) -> Option<Target> {
        let void = self.tasks.iter().find(|(_, task)| {
            task.request.is_void()
                && task.request.orig_merchant_order_no.as_deref() == Some(number)
                && task.recovery().is_some_and(|recovery| recovery.held.is_some())
        });
        void.map(|(seq, _)| Target::Original(*seq))
    }

    /// Neither id nor topic. With a `trans_status` it is a record of the order, whatever it answers. Without one it can
    /// only be told whose it is when one kind of question about this number is open.
    fn target_by_number(&self, number: &str, response: &Response<'_>) -> Option<Target> {
        let is_queried = self.unanswered.has(Asked::Query, number);
        let is_closed = self.unanswered.has(Asked::Close, number);
        let query = || self.on_the_wire(protocol::QUERY, Some(number));
        let query = || query().or_else(|| self.question_about(protocol::QUERY, Some(number)));
        let close = || self.on_the_wire(protocol::CLOSE, Some(number));
        let close = || close().or_else(|| self.question_about(protocol::CLOSE, Some(number)));
        if response.trans_status.is_some() {
            return if is_queried { query() } else { self.only_order(number) };
        }
        let is_not_found = response.query_outcome() == Outcome::NotFound;
        match (is_queried, is_closed) {
            // Once anything was asked, it may be that answer's copy: an order never takes it for its own.
            (false, false) if self.unanswered.was_asked(number) => None,
            (false, false) => self.only_order(number),
            (false, true) => close(),
            (true, false) if is_not_found => query(),
            (true, true) if !is_not_found && response.other_outcome() == Outcome::Ok => close(),
            (true, _) => None,
        }
    }

    /// The order with this number, if nothing else on the wire names it.
    fn only_order(&self, number: &str) -> Option<Target> {
        let mut about = self.tasks.iter().filter(|(_, task)| {
            task.is_on_the_wire() && task.request.merchant_order_no.as_deref() == Some(number)
        });
        let (seq, _) = about.next()?;
        about.next().is_none().then_some(Target::Request(*seq))
    }

    /// Neither id nor number: the only request of the topic, if no earlier one may still be answered. An order never
    /// takes such an answer for its own (see `on_answer`); it only learns that it has to ask.
    fn only_one(&self, topic: &str) -> Option<Target> {
        if self.stale.contains_key(topic) {
            return None;
        }
        let mut of_topic = self
            .tasks
            .iter()
            .filter(|(_, task)| task.request.topic == topic && matches!(task.step, Step::Waiting));
        let (seq, _) = of_topic.next()?;
        let is_alone = of_topic.next().is_none() && !self.may_answer_a_question(topic);
        is_alone.then_some(Target::Request(*seq))
    }

    /// Whether an answer under this topic could be about an order the library asks about.
    fn may_answer_a_question(&self, topic: &str) -> bool {
        matches!(topic, protocol::ORDER | protocol::QUERY | protocol::CLOSE)
            && self.tasks.values().any(|task| task.question_ids().next().is_some())
    }

    /// One question less is open on this connection. An answer that could be the order's own is not counted.
    pub(super) fn count_answered(&mut self, target: Option<Target>, response: &Response<'_>) {
        let own_number =
            |seq: Seq| self.tasks.get(&seq).and_then(|task| task.request.merchant_order_no.clone());
        let (asked, number) = match target {
            Some(Target::Query(seq)) => (Some(Asked::Query), own_number(seq)),
            Some(Target::Close(seq)) => (Some(Asked::Close), own_number(seq)),
            Some(Target::Original(seq)) => {
                let task: Option<&Task> = self.tasks.get(&seq);
                let number = task.and_then(|task| task.request.orig_merchant_order_no.clone());
                (Some(Asked::Query), number)
            }
            Some(Target::Request(seq)) => {
                let topic = self.tasks.get(&seq).map(|task| &*task.request.topic);
                (topic.and_then(Asked::of_topic), own_number(seq))
            }
            None => {
                let number = response.merchant_order_no.as_deref().map(str::to_owned);
                (response.topic.as_deref().and_then(Asked::of_topic), number)
            }
        };
        let is_certain = response.topic.is_some() || response.request_id.is_some();
        if let (Some(asked), Some(number)) = (asked, number)
            && (is_certain || !self.unanswered.has(other(asked), &number))
        {
            self.count_answer(asked, &number);
        }
    }
}

fn other(asked: Asked) -> Asked {
    match asked {
        Asked::Query => Asked::Close,
        Asked::Close => Asked::Query,
    }
}
