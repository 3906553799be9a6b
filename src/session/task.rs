//! What is known of one request, from its acceptance until nothing more is to be learned.

use std::collections::{BTreeMap, VecDeque};

use super::Now;
use crate::event::Sent;
use crate::protocol::{Outcome, Request};

/// Position in the order of acceptance.
pub(super) type Seq = u64;

/// How many of the library's own questions about one order stay answerable at a time.
const PROBES_KEPT: usize = 16;

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
    /// Until then bytes of its dead connection may still reach the terminal, on the monotonic clock: a "not found"
    /// says nothing yet. None while its connection stands.
    pub(super) late_until: Option<u64>,
    /// The terminal has spoken of it: nothing of it is under way any more.
    pub(super) has_arrived: bool,
    /// An earlier process sent it.
    pub(super) restored: bool,
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
    /// An order whose outcome is being found out, or clarified.
    Finding(Finding),
}

/// Finding out what became of an order.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) phase: Phase,
    /// When the phase ends, on the monotonic clock.
    pub(super) until: u64,
    /// When to ask next, on the monotonic clock.
    pub(super) next_ask: u64,
    /// The terminal has accepted a close of this order that counts.
    pub(super) closed: bool,
    /// The newest close, when it was sent after all bytes of the order had arrived or were lost for good. Only what
    /// the terminal says to such a one counts.
    pub(super) firm_close: Option<String>,
    /// The terminal has answered such a close, either way.
    pub(super) close_answered: bool,
    /// Why it had to be found out.
    pub(super) why: crate::error::Fault,
    /// The order's own answer, when it came and settled nothing.
    pub(super) unsettled: Option<String>,
    /// The `request_id`s of the library's own questions, oldest first.
    pub(super) probes: VecDeque<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Querying; the customer may still be standing there.
    Asking,
    /// Time is up: the terminal was told to give the order up.
    Closing,
    /// Querying once more after the close.
    LastAsk,
    /// Completed as `unknown`; asked about now and then.
    Clarifying,
}

/// What the connection is writing.
#[derive(Debug, Clone)]
pub(super) enum Writing {
    Request { seq: Seq, started: bool },
    Probe(String),
}

impl Writing {
    pub(super) fn text<'a>(&'a self, tasks: &'a BTreeMap<Seq, Task>) -> &'a str {
        match self {
            Writing::Probe(text) => text,
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
    /// Whether its outcome is being found out.
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
            late_until: None,
            has_arrived: false,
            age_before_ms: 0,
            answer_within_ms,
            accepted: now,
            restored: false,
            deadline: Some(send_by),
        }
    }

    pub(super) fn restored(order: Restored, late_until: u64, now: Now) -> Self {
        let accepted = Now { mono_ms: now.mono_ms, wall_ms: order.since_ms };
        Task {
            step: Step::Waiting,
            sent: Sent::Maybe,
            age_before_ms: u64::try_from(now.wall_ms.saturating_sub(order.since_ms)).unwrap_or(0),
            late_until: Some(late_until),
            restored: true,
            deadline: None,
            ..Task::new(order.request, 0, accepted, 0)
        }
    }

    pub(super) fn finding(&self) -> Option<&Finding> {
        match &self.step {
            Step::Finding(finding) => Some(finding),
            _ => None,
        }
    }

    pub(super) fn finding_mut(&mut self) -> Option<&mut Finding> {
        match &mut self.step {
            Step::Finding(finding) => Some(finding),
            _ => None,
        }
    }

    /// It may have been answered.
    pub(super) fn is_on_the_wire(&self) -> bool {
        !matches!(self.step, Step::Queued)
    }

    /// It has completed as `unknown`.
    pub(super) fn is_clarifying(&self) -> bool {
        self.finding().is_some_and(|finding| finding.phase == Phase::Clarifying)
    }

    pub(super) fn probe_ids(&self) -> impl Iterator<Item = &String> {
        self.finding().into_iter().flat_map(|finding| &finding.probes)
    }

    /// Its bytes may still be on their way to the terminal on a connection that is no more.
    pub(super) fn may_still_arrive(&self, now: Now) -> bool {
        !self.has_arrived && self.late_until.is_some_and(|until| now.mono_ms < until)
    }

    /// Since it was accepted. The wall clock, which can be set, is asked only for what passed before this process.
    pub(super) fn elapsed_ms(&self, now: Now) -> u64 {
        self.age_before_ms.saturating_add(now.mono_ms.saturating_sub(self.accepted.mono_ms))
    }

    pub(super) fn describe(&self) -> OpenRequest<'_> {
        OpenRequest {
            request: &self.request,
            recovering: self.finding().is_some(),
            since_ms: self.accepted.wall_ms,
        }
    }
}

impl Finding {
    /// Remembers a question's id; returns one that is too old to be waited for.
    pub(super) fn asked(&mut self, id: String) -> Option<String> {
        self.probes.push_back(id);
        if self.probes.len() > PROBES_KEPT { self.probes.pop_front() } else { None }
    }
}
