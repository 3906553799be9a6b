//! What is known of one request, from its acceptance until the terminal is not asked about it any more.

use std::collections::{BTreeMap, VecDeque};

use super::Now;
use super::questions::Asked;
use crate::error::Fault;
use crate::event::Sent;
use crate::protocol::{Outcome, Request};

/// Position in the order of acceptance.
pub(super) type Seq = u64;

/// How many of the library's own questions about one order stay answerable at a time.
const QUESTIONS_KEPT: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) request: Request,
    pub(super) step: Step,
    pub(super) sent: Sent,
    /// The connection on which its first byte left.
    pub(super) connection: Option<u64>,
    pub(super) answer_within_ms: u64,
    pub(super) accepted: Now,
    /// How old it was when this process took it over.
    pub(super) age_before_ms: u64,
    /// Until then its answer may be waited for, whatever goes wrong: a customer may stand at the terminal. On the
    /// monotonic clock.
    pub(super) own_time_until: u64,
    /// Until then bytes of its ended connection may still reach the terminal, on the monotonic clock: a "not found"
    /// proves nothing yet. None while its connection stands.
    pub(super) late_until: Option<u64>,
    /// The terminal has mentioned it: nothing of it is on its way any more.
    pub(super) has_arrived: bool,
    /// An earlier process sent it.
    pub(super) restored: bool,
    pub(super) attempt: Attempt,
    /// For a void: the original was known to be reversed before this void was sent.
    pub(super) original_was_reversed: bool,
    /// For a close of the till's own: what the terminal says to it counts for the order it names.
    pub(super) is_conclusive_close: bool,
    /// When the session must look at it again, on the monotonic clock.
    pub(super) deadline: Option<u64>,
}

/// How far a request has got.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Waiting for the connection, or being written.
    Queued,
    /// On the wire; the answer is waited for.
    Waiting,
    /// An order about which the terminal is asked.
    Asking(Box<Recovery>),
}

/// What the terminal has been asked about an order, and what it said.
#[derive(Debug, Clone)]
pub(super) struct Recovery {
    pub(super) phase: Phase,
    pub(super) reason: Reason,
    /// When the phase ends, on the monotonic clock.
    pub(super) until: u64,
    /// When to ask next, on the monotonic clock.
    pub(super) next_ask: u64,
    /// A second look is answered by what was asked from then on, on the monotonic clock.
    pub(super) look_from: u64,
    /// The outcome reported, once there is one.
    pub(super) reported: Option<Outcome>,
    /// The `recovering` event was emitted.
    pub(super) is_announced: bool,
    /// The terminal has accepted a conclusive close.
    pub(super) is_closed: bool,
    /// The newest close of the library's own, when its answer counts.
    pub(super) conclusive_close: Option<String>,
    /// The connection on which the newest close was sent.
    pub(super) closed_on: Option<u64>,
    /// When the connection was last given up so that no answer to an older question is on its way, on the monotonic
    /// clock.
    pub(super) reconnected_at: Option<u64>,
    /// When the first of two "not found" that count was asked for, on the monotonic clock.
    pub(super) not_found_asked: Option<u64>,
    /// What the terminal has said of the order shows that it has it, or had it.
    pub(super) was_in_progress: bool,
    /// What a void waits with until its original was queried.
    pub(super) held: Option<Held>,
    /// Why it is recovered.
    pub(super) why: Fault,
    /// A message of the terminal that did not settle it: its own answer, or a record that does not match.
    pub(super) unsettled: Option<String>,
    /// The last record that did not match, in words.
    pub(super) mismatch: Option<String>,
    /// The library's own questions, oldest first.
    pub(super) questions: VecDeque<Question>,
}

/// A question of the library's own.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) request_id: String,
    /// When its first byte left, on the monotonic clock; none before.
    pub(super) left_at: Option<u64>,
    /// It was asked after a close whose acceptance would count.
    pub(super) is_after_close: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Querying; the customer may still be standing there.
    Querying,
    /// Time is up: the terminal was told to give the order up.
    Closing,
    /// Querying after the close.
    Concluding,
    /// A void's own record is known or missing; its original is queried.
    QueryingOriginal,
    /// Completed as `unknown`; queried now and then.
    Clarifying,
    /// Completed as "no money moved", or without proof; queried once more.
    SecondLook,
}

/// What made the library ask; `DESIGN.md`, "How an order's own answer is interpreted".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The answer is missing, or settles nothing.
    Lost,
    /// `101`: not accepted, once there is no record of it. Never closed.
    Busy,
    /// `101` of a terminal that queues orders: it may still serve this one. Never closed.
    Queued,
    /// `113`: the record is this order's only if this library has used its number before.
    DuplicateNumber,
    /// Refused without a `trans_status`: declined, if there is no record of it, twice.
    Refused,
    /// A void that was answered with success and `trans_status` 3.
    ReversedVoid,
}

/// A void's outcome, held back until its original was queried.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// No money moved, if the original is not reversed.
    NoMoney { outcome: Outcome, text: String, recovered: bool },
    /// The void's own record or answer reads 3, which may mean either.
    Reversed { text: String },
}

/// What the connection is writing.
#[derive(Debug, Clone)]
pub(super) enum Writing {
    Request { seq: Seq, started: bool },
    Question { seq: Seq, asked: Asked, request_id: String, text: String, started: bool },
}

impl Writing {
    pub(super) fn text<'a>(&'a self, tasks: &'a BTreeMap<Seq, Task>) -> &'a str {
        match self {
            Writing::Question { text, .. } => text,
            Writing::Request { seq, .. } => {
                tasks.get(seq).map_or("", |task| task.request.text.as_str())
            }
        }
    }
}

/// An order from an earlier process.
#[derive(Debug, Clone)]
pub struct Restored {
    /// As it was sent; card data may be masked.
    pub request: Request,
    /// When it was accepted, epoch milliseconds.
    pub since_ms: i64,
    /// How long its answer was to be waited for once it was on the wire, milliseconds.
    pub answer_within_ms: u64,
    /// Whether it was an attempt of this library's under a number used before.
    pub attempt: Attempt,
    /// What is known of it.
    pub state: RestoredState,
}

/// What an earlier process knew of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoredState {
    /// It has no outcome: it is recovered.
    Open,
    /// It completed as `unknown` at this time (epoch milliseconds): it is clarified.
    Unknown {
        /// Epoch milliseconds.
        since_ms: i64,
        /// It was answered `101`: it is never closed.
        was_busy: bool,
    },
    /// It completed. What contradicts this later is reported.
    Completed {
        /// The outcome last reported.
        outcome: Outcome,
        /// When the terminal is to be asked about it once more, epoch milliseconds; none where that was done.
        look_at_ms: Option<i64>,
    },
}

/// Whether this library may have sent an order under the same number before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attempt {
    /// Not that it knows.
    #[default]
    First,
    /// Yes: the terminal's record of the number may be that one's.
    Again,
}

/// A request in flight, for a list of what is open.
#[derive(Debug, Clone, Copy)]
pub struct OpenRequest<'a> {
    /// The request.
    pub request: &'a Request,
    /// Whether its outcome is being recovered.
    pub recovering: bool,
    /// When it was accepted, epoch milliseconds.
    pub since_ms: i64,
}

impl Task {
    pub(super) fn new(request: Request, answer_within_ms: u64, now: Now, send_by: u64) -> Self {
        Task {
            request,
            step: Step::Queued,
            sent: Sent::No,
            connection: None,
            own_time_until: 0,
            late_until: None,
            has_arrived: false,
            age_before_ms: 0,
            answer_within_ms,
            accepted: now,
            restored: false,
            attempt: Attempt::First,
            original_was_reversed: false,
            is_conclusive_close: false,
            deadline: Some(send_by),
        }
    }

    pub(super) fn restored(order: Restored, late_until: u64, now: Now) -> Self {
        let accepted = Now { mono_ms: now.mono_ms, wall_ms: order.since_ms };
        let age_ms = u64::try_from(now.wall_ms.saturating_sub(order.since_ms)).unwrap_or(0);
        let left_ms = order.answer_within_ms.saturating_sub(age_ms);
        Task {
            step: Step::Waiting,
            sent: Sent::Maybe,
            age_before_ms: age_ms,
            own_time_until: now.mono_ms.saturating_add(left_ms),
            late_until: Some(late_until),
            restored: true,
            attempt: order.attempt,
            deadline: None,
            ..Task::new(order.request, order.answer_within_ms, accepted, 0)
        }
    }

    pub(super) fn recovery(&self) -> Option<&Recovery> {
        match &self.step {
            Step::Asking(recovery) => Some(recovery),
            _ => None,
        }
    }

    pub(super) fn recovery_mut(&mut self) -> Option<&mut Recovery> {
        match &mut self.step {
            Step::Asking(recovery) => Some(recovery),
            _ => None,
        }
    }

    /// It may have been answered.
    pub(super) fn is_on_the_wire(&self) -> bool {
        !matches!(self.step, Step::Queued)
    }

    /// Its outcome was reported; it is still asked about.
    pub(super) fn is_completed(&self) -> bool {
        self.recovery().is_some_and(|recovery| recovery.reported.is_some())
    }

    pub(super) fn question_ids(&self) -> impl Iterator<Item = &String> {
        let questions = self.recovery().into_iter().flat_map(|recovery| &recovery.questions);
        questions.map(|question| &question.request_id)
    }

    /// Its bytes may still be on their way to the terminal on a connection that has ended.
    pub(super) fn may_still_arrive(&self, now: Now) -> bool {
        !self.has_arrived && self.late_until.is_some_and(|until| now.mono_ms < until)
    }

    /// Since it was accepted. The wall clock, which can be set, counts only for what passed before this process.
    pub(super) fn elapsed_ms(&self, now: Now) -> u64 {
        self.age_before_ms.saturating_add(now.mono_ms.saturating_sub(self.accepted.mono_ms))
    }

    pub(super) fn describe(&self) -> OpenRequest<'_> {
        OpenRequest {
            request: &self.request,
            recovering: self.recovery().is_some(),
            since_ms: self.accepted.wall_ms,
        }
    }
}

impl Recovery {
    pub(super) fn new(phase: Phase, reason: Reason, why: Fault, until: u64, next_ask: u64) -> Self {
        Recovery {
            phase,
            reason,
            until,
            next_ask,
            look_from: 0,
            reported: None,
            is_announced: false,
            is_closed: false,
            conclusive_close: None,
            closed_on: None,
            reconnected_at: None,
            not_found_asked: None,
            was_in_progress: false,
            held: None,
            why,
            unsettled: None,
            mismatch: None,
            questions: VecDeque::new(),
        }
    }

    /// Remembers a question; returns one that is too old to be waited for.
    pub(super) fn asked(&mut self, question: Question) -> Option<Question> {
        self.questions.push_back(question);
        if self.questions.len() > QUESTIONS_KEPT { self.questions.pop_front() } else { None }
    }

    /// The question that an answer belongs to; without a `request_id` that is the newest that has left.
    pub(super) fn question(&self, request_id: Option<&str>) -> Option<&Question> {
        match request_id {
            Some(id) => self.questions.iter().find(|question| question.request_id == id),
            None => self.questions.iter().rfind(|question| question.left_at.is_some()),
        }
    }

    /// What is true of what the terminal says of an order from now on, not of what it said before.
    pub(super) fn restart(&mut self, reason: Reason) {
        self.reason = reason;
        self.not_found_asked = None;
    }
}
