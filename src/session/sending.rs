//! Which request is written next, how far it has got, and what happens to one that cannot leave.

use super::completed::Report;
use super::questions::Asked;
use super::task::{Seq, Step, Writing};
use super::{Now, Progress, Session};
use crate::error::{Fault, Stage, Status};
use crate::event::{Completed, EventKind, Sent};
use crate::planted::Planted;
use crate::protocol::Outcome;

impl Session {
    /// The next message to write, when the connection takes data and nothing is half written.
    /// The owner must then call [`Session::on_progress`].
    pub fn next_frame(&mut self, now: Now) -> Option<&str> {
        if !self.link.is_up() || self.writing.is_some() {
            return None;
        }
        let writing = match self.next_question(now) {
            Some(question) => question,
            None => Writing::Request { seq: self.next_request(now)?, started: false },
        };
        let writing = self.writing.insert(writing);
        Some(writing.text(&self.tasks))
    }

    /// Whether anything waits to be written.
    pub fn has_frames(&self) -> bool {
        !self.questions.is_empty() || !self.queue.is_empty()
    }

    /// The oldest request that may be written: no order while a close is unanswered.
    fn next_request(&mut self, now: Now) -> Option<Seq> {
        let is_held = self.orders_held_until().is_some_and(|until| now.mono_ms < until)
            && !self.settings.is_planted(Planted::WriteBesideClose);
        if !is_held {
            self.hold_orders_until = None;
        }
        let mut may_go = self.queue.iter().copied().filter(|seq| {
            !is_held || self.tasks.get(seq).is_none_or(|task| !task.request.is_order())
        });
        let seq = may_go.next()?;
        self.queue.remove(&seq);
        self.count_own_question(seq, now);
        Some(seq)
    }

    /// While a close of this process is unanswered no order is written.
    pub(super) fn orders_held_until(&self) -> Option<u64> {
        let by_others = Some(self.others.close_until).filter(|until| *until > 0);
        self.hold_orders_until.max(by_others)
    }

    /// A query or close of the till's own is about to leave.
    fn count_own_question(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let Some(asked) = Asked::of_topic(&task.request.topic) else { return };
        let Some(number) = task.request.merchant_order_no.clone() else {
            return self.hold_orders_for(asked, now);
        };
        let order = self.order_in_flight(&number);
        let is_conclusive = asked == Asked::Close
            && order.is_some_and(|order| {
                let may_arrive =
                    self.tasks.get(&order).is_some_and(|task| task.may_still_arrive(now));
                !may_arrive && !self.is_ambiguous(order)
            });
        if let Some(task) = self.tasks.get_mut(&seq) {
            task.is_conclusive_close = is_conclusive;
        }
        self.count_question(asked, &number, now);
    }

    /// How far the frame from [`Session::next_frame`] has got.
    pub fn on_progress(&mut self, progress: Progress, now: Now) {
        if progress == Progress::Nothing {
            return;
        }
        let connection = self.connection;
        match &mut self.writing {
            None => {}
            Some(Writing::Question { seq, asked, request_id, started, .. }) => {
                let (seq, asked) = (*seq, *asked);
                let left = (!std::mem::replace(started, true)).then(|| std::mem::take(request_id));
                if let Some(request_id) = left {
                    self.note_question_left(seq, &request_id, now);
                }
                if progress == Progress::Done {
                    self.writing = None;
                    self.hold_orders_for(asked, now);
                }
            }
            Some(Writing::Request { seq, started }) => {
                let (seq, first) = (*seq, !std::mem::replace(started, true));
                let mut asked = None;
                if let Some(task) = self.tasks.get_mut(&seq) {
                    asked = Asked::of_topic(&task.request.topic);
                    if first {
                        task.sent = Sent::Maybe;
                        task.connection = Some(connection);
                        task.own_time_until = now.mono_ms + task.answer_within_ms;
                    }
                    if progress == Progress::Done {
                        task.sent = Sent::Yes;
                    }
                }
                if progress == Progress::Done {
                    self.writing = None;
                    // From now on it may be answered, however long the socket has held it back.
                    if let Some(asked) = asked {
                        self.hold_orders_for(asked, now);
                    }
                    self.await_answer(seq, now);
                }
            }
        }
    }

    fn await_answer(&mut self, seq: Seq, now: Now) {
        if let Some(task) = self.tasks.get_mut(&seq)
            && matches!(task.step, Step::Queued)
        {
            task.step = Step::Waiting;
            let at = now.mono_ms + task.answer_within_ms;
            task.own_time_until = at;
            self.set_deadline(seq, Some(at));
        }
    }

    /// The request never got on the wire, or got stuck on its way. What is stuck in the socket can only be held
    /// back for good by giving up the connection.
    pub(super) fn send_time_is_up(&mut self, seq: Seq, now: Now) {
        let message = format!("not on the wire within {} ms", self.settings.send_timeout_ms);
        let fault = Fault::new(Status::Timeout, Stage::Send, message);
        if matches!(&self.writing, Some(Writing::Request { seq: stuck, .. }) if *stuck == seq) {
            self.drop_link(fault.clone(), now);
        }
        let never_left = self.tasks.get(&seq).is_some_and(|task| task.sent == Sent::No);
        if never_left {
            let fault = self.link.explain(fault);
            if self.settings.is_planted(Planted::SendAfterNotSent) {
                self.planted_not_sent(seq, now);
                return;
            }
            self.complete(seq, Report { error: Some(fault), ..Report::of(Outcome::NotSent) }, now);
        }
    }

    /// For [`Planted::SendAfterNotSent`].
    fn planted_not_sent(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        let told = Completed {
            request_id: task.request.request_id.clone(),
            topic: task.request.topic.clone(),
            merchant_order_no: task.request.merchant_order_no.clone(),
            outcome: Outcome::NotSent,
            differs: Vec::new(),
            second_look: false,
            description: None,
            sent: Sent::No,
            response: None,
            error: None,
            recovered: false,
            retold: false,
            elapsed_ms: task.elapsed_ms(now),
        };
        self.emit(EventKind::Completed(told), now);
    }
}
