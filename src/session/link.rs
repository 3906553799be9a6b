//! The connection: when to open it, when to ping, when to give it up and come back.

use super::task::{Seq, Step, Writing};
use super::{Action, Now, Session};
use crate::error::{Fault, Stage, Status};
use crate::event::{EventKind, Sent};
use crate::planted::Planted;

#[derive(Debug, Clone)]
enum State {
    Down { retry_at: u64 },
    Connecting { until: u64, stage: Stage },
    Up { ping: Option<Ping>, next_ping: Option<u64> },
}

#[derive(Debug, Clone, Copy)]
struct Ping {
    payload: u64,
    sent_at: u64,
    until: u64,
}

/// What a status line says of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// A connection is being made.
    Connecting,
    /// The connection stands.
    Connected,
    /// Waiting before the next attempt.
    Waiting,
}

#[derive(Debug, Clone)]
pub(super) struct Link {
    state: State,
    /// Attempts since the terminal was last heard of.
    failures: u32,
    last_attempt: u64,
    last_fault: Option<Fault>,
    connected_before: bool,
    reconnects: u64,
    last_ping_ms: Option<u64>,
    /// When the connection began, or was last pinged, on the monotonic clock.
    pinged_at: u64,
    /// Since when a request has been in flight, on the monotonic clock.
    busy_since: u64,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            state: State::Down { retry_at: 0 },
            failures: 0,
            last_attempt: 0,
            last_fault: None,
            connected_before: false,
            reconnects: 0,
            last_ping_ms: None,
            pinged_at: 0,
            busy_since: 0,
        }
    }
}

impl Link {
    pub(super) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// Adds to a fault of sending why there is no connection.
    pub(super) fn explain(&self, mut fault: Fault) -> Fault {
        if let (false, Some(last)) = (self.is_up(), &self.last_fault)
            && last.message != fault.message
        {
            fault.message = format!("{}: not connected ({last})", fault.message);
        }
        fault
    }
}

impl Session {
    /// What the connection is doing.
    pub fn link_state(&self) -> LinkState {
        match self.link.state {
            State::Down { .. } => LinkState::Waiting,
            State::Connecting { .. } => LinkState::Connecting,
            State::Up { .. } => LinkState::Connected,
        }
    }

    /// How often the connection came back after it had stood once.
    pub fn reconnects(&self) -> u64 {
        self.link.reconnects
    }

    /// How long the last answered ping took.
    pub fn last_ping_ms(&self) -> Option<u64> {
        self.link.last_ping_ms
    }

    pub(super) fn start_connecting(&mut self, now: Now) {
        let until = now.mono_ms + self.settings.connect_timeout_ms;
        self.link.last_attempt = now.mono_ms;
        self.link.state = State::Connecting { until, stage: Stage::Resolve };
        self.wants_connection = true;
    }

    /// How far the connection attempt has got, so that a failure can name it.
    pub fn on_stage(&mut self, reached: Stage) {
        if let State::Connecting { stage, .. } = &mut self.link.state {
            *stage = reached;
        }
    }

    /// The connection stands, handshake included.
    pub fn on_connected(&mut self, now: Now) {
        self.connection += 1;
        self.stale.clear();
        self.unanswered.clear();
        if std::mem::replace(&mut self.link.connected_before, true) {
            self.link.reconnects += 1;
        }
        let next_ping = self.ping_due(now);
        self.link.pinged_at = now.mono_ms;
        self.link.state = State::Up { ping: None, next_ping };
        self.emit(EventKind::Connected { url: self.settings.url.clone() }, now);
        let asking: Vec<Seq> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.recovery().is_some())
            .map(|(seq, _)| *seq)
            .collect();
        for seq in asking {
            self.resume_recovery(seq, now);
        }
    }

    /// The connection is gone, or could not be made. What was on it is recovered; what was not stays queued.
    pub fn on_lost(&mut self, fault: Fault, now: Now) {
        let was_up = self.link.is_up();
        let retry_in_ms = self.backoff();
        self.link.failures = self.link.failures.saturating_add(1);
        self.link.state = State::Down { retry_at: now.mono_ms + retry_in_ms };
        self.link.last_fault = Some(fault.clone());
        self.emit(EventKind::Disconnected { error: fault.clone(), retry_in_ms }, now);
        self.questions.clear();
        self.unanswered.clear();
        if let Some(Writing::Request { seq, started: false }) = self.writing.take() {
            self.queue.insert(seq);
        }
        if was_up {
            let late_until = now.mono_ms + self.settings.recovery_timeout_ms;
            for task in self.tasks.values_mut() {
                if task.sent != Sent::No && task.connection == Some(self.connection) {
                    task.late_until = Some(late_until);
                }
            }
            for seq in self.left_on_the_wire() {
                if self.settings.is_planted(Planted::ResendAfterLoss) {
                    self.queue.insert(seq);
                    continue;
                }
                self.no_answer(seq, fault.clone(), now);
            }
        }
    }

    fn left_on_the_wire(&self) -> Vec<Seq> {
        self.tasks
            .iter()
            .filter(|(_, task)| match task.step {
                Step::Queued => task.sent != Sent::No,
                Step::Waiting => true,
                Step::Asking(_) => false,
            })
            .map(|(seq, _)| *seq)
            .collect()
    }

    pub(super) fn drop_link(&mut self, fault: Fault, now: Now) {
        self.wants_connection = false;
        self.actions.push_back(Action::Drop);
        self.on_lost(fault, now);
    }

    /// Between `reconnect_min_ms` and a bound that doubles with each failure up to `reconnect_max_ms`, so that many
    /// tills do not come back to one terminal all at once.
    fn backoff(&mut self) -> u64 {
        let min = self.settings.reconnect_min_ms;
        let max = self.settings.reconnect_max_ms;
        let doubled = min.saturating_mul(1 << self.link.failures.saturating_add(1).min(20));
        self.rng.between(min, doubled.min(max))
    }

    /// Somebody wants to send: no need to sit out a long pause.
    pub(super) fn hurry(&mut self, now: Now) {
        let soonest = self.link.last_attempt + self.settings.reconnect_min_ms;
        if let State::Down { retry_at } = &mut self.link.state {
            *retry_at = (*retry_at).min(soonest.max(now.mono_ms));
        }
    }

    /// The terminal said something, whatever it was: it is alive.
    pub fn on_heard(&mut self, now: Now) {
        self.link.failures = 0;
        let next = self.ping_due(now);
        if let State::Up { ping, next_ping } = &mut self.link.state
            && ping.take().is_some()
        {
            *next_ping = next;
        }
    }

    /// The answer to a ping.
    pub fn on_pong(&mut self, payload: u64, now: Now) {
        if let State::Up { ping: Some(ping), .. } = &self.link.state
            && ping.payload == payload
        {
            self.link.last_ping_ms = Some(now.mono_ms.saturating_sub(ping.sent_at));
        }
        self.on_heard(now);
    }

    /// The machine slept, or its clock was set: deadlines of the old time say little, so the link is checked now.
    pub fn on_clock_jump(&mut self, now: Now) {
        match &mut self.link.state {
            State::Down { retry_at } => *retry_at = (*retry_at).min(now.mono_ms),
            State::Connecting { .. } => {}
            // Being checked already: a clock that jumps again and again must not put the verdict off.
            State::Up { ping: Some(ping), .. } if ping.until > now.mono_ms => {}
            State::Up { .. } => self.ping(now),
        }
    }

    fn ping_due(&self, now: Now) -> Option<u64> {
        let interval = self.settings.ping_interval_ms;
        (interval > 0).then(|| now.mono_ms + interval)
    }

    /// The next ping comes sooner while a request is in flight: an engine that forgets to write sends its answer with
    /// the pong.
    fn next_ping(&self, ordinary: Option<u64>) -> Option<u64> {
        let busy = self.settings.ping_interval_busy_ms;
        if self.in_flight == 0 || busy == 0 || self.settings.is_planted(Planted::NeverPingsBusy) {
            return ordinary;
        }
        let sooner = self.link.pinged_at.max(self.link.busy_since) + busy;
        ordinary.map(|ordinary| ordinary.min(sooner))
    }

    /// A request is in flight after none was.
    pub(super) fn note_busy(&mut self, now: Now) {
        self.link.busy_since = now.mono_ms;
    }

    /// When the connection has something to do.
    pub(super) fn link_deadline(&self) -> Option<u64> {
        match &self.link.state {
            State::Down { retry_at } => Some(*retry_at),
            State::Connecting { until, .. } => Some(*until),
            State::Up { ping: Some(ping), .. } => Some(ping.until),
            State::Up { ping: None, next_ping } => self.next_ping(*next_ping),
        }
    }

    fn ping(&mut self, now: Now) {
        let payload = self.rng.next_u64();
        self.link.pinged_at = now.mono_ms;
        let until = now.mono_ms + self.settings.ping_timeout_ms;
        self.link.state = State::Up {
            ping: Some(Ping { payload, sent_at: now.mono_ms, until }),
            next_ping: None,
        };
        self.actions.push_back(Action::Ping(payload));
    }

    pub(super) fn link_on_time(&mut self, now: Now) {
        if self.link_deadline().is_none_or(|at| at > now.mono_ms) {
            return;
        }
        match &self.link.state {
            State::Down { .. } => self.start_connecting(now),
            State::Connecting { stage, .. } => {
                let message =
                    format!("no connection within {} ms", self.settings.connect_timeout_ms);
                let fault = Fault::new(Status::Timeout, *stage, message);
                self.drop_link(fault, now);
            }
            State::Up { ping: None, .. } => self.ping(now),
            State::Up { ping: Some(_), .. } => {
                let message = format!(
                    "the terminal did not answer a ping within {} ms",
                    self.settings.ping_timeout_ms
                );
                self.drop_link(Fault::new(Status::Timeout, Stage::Heartbeat, message), now);
            }
        }
    }
}

#[cfg(feature = "planted-faults")]
impl Link {
    /// See [`Session::fingerprint`].
    pub(super) fn fingerprint(
        &self,
        now: Now,
        reconnect_min_ms: u64,
        to: &mut impl std::hash::Hasher,
    ) {
        use std::hash::Hash;
        let Link {
            state,
            failures: _,
            last_attempt,
            last_fault: _,
            connected_before: _,
            reconnects: _,
            last_ping_ms: _,
            pinged_at,
            busy_since,
        } = self;
        let left = |at: u64| at.saturating_sub(now.mono_ms);
        match state {
            State::Down { retry_at } => (0u8, left(*retry_at)).hash(to),
            State::Connecting { until, .. } => (1u8, left(*until)).hash(to),
            State::Up { ping, next_ping } => {
                (2u8, ping.map(|ping| left(ping.until)), next_ping.map(left)).hash(to);
                // Where nothing is ever pinged, neither counts.
                let quiet_ms = now.mono_ms - pinged_at.max(busy_since);
                next_ping.map(|_| quiet_ms).hash(to);
            }
        }
        now.mono_ms.saturating_sub(*last_attempt).min(reconnect_min_ms).hash(to);
    }
}
