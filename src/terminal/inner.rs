//! One terminal's state under its lock: a session, a socket, a queue, and who waits.

use std::collections::HashMap;
use std::sync::{Arc, Condvar};

use super::queue::{EventQueue, Queued};
use crate::error::{Error, Fault, Result, Status};
use crate::io::{self, Link, News, Reactor, Turn};
use crate::protocol::Request;
use crate::session::{Action, Now, Progress, Session};

pub(super) struct Inner {
    pub(super) session: Session,
    pub(super) link: Link,
    pub(super) queue: EventQueue,
    /// Requests whose completion a blocked `call` takes.
    pub(super) calls: HashMap<String, Call>,
    /// (`request_id`, number) of orders that are being written to the journal.
    pub(super) reserved: Vec<(String, Option<String>)>,
    /// Outcomes that were told although the journal could not be written, in the order of telling.
    pub(super) unwritten: Vec<Queued>,
    /// Clarifications that have left the queue and not reached the caller yet.
    pub(super) delivering: Vec<Queued>,
    pub(super) wakes: Wakes,
    /// When the I/O thread will come by itself.
    pub(super) armed: Option<u64>,
    pub(super) ids: Ids,
    pub(super) ended: Option<Ended>,
    pub(super) signal: Option<io::ReadySignal>,
}

/// A blocked `call`.
pub(super) struct Call {
    pub(super) ready: Arc<Condvar>,
    pub(super) done: Option<Queued>,
}

/// Wake-ups: for who is blocked now, or else for who comes next.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    pub(super) polls: usize,
    pub(super) calls: usize,
    /// Moves with every wake-up of blocked waiters.
    pub(super) round: u64,
    pub(super) for_the_next: bool,
}

/// The handle has ended; its socket may still be saying goodbye.
pub(super) struct Ended {
    pub(super) linger_until: u64,
}

/// Ids nobody else makes: random for the terminal's handle, then counting.
#[derive(Debug)]
pub(super) struct Ids {
    pub(super) prefix: u64,
    pub(super) count: u64,
}

impl Ids {
    pub(super) fn next(&mut self) -> String {
        self.count += 1;
        format!("{:016x}{:012x}", self.prefix, self.count)
    }
}

/// The error of every call on a terminal that has ended.
pub(super) fn ended() -> Error {
    Error::new(Status::Handle, "the terminal is disconnected")
}

impl Inner {
    /// The clarification has reached the caller, or is back in the queue.
    pub(super) fn no_longer_delivering(&mut self, queued: &Queued) {
        let place = self.delivering.iter().position(|other| other.event == queued.event);
        if let Some(place) = place {
            self.delivering.remove(place);
        }
    }

    pub(super) fn may_take(&self, max_in_flight: usize) -> Result<()> {
        if self.ended.is_some() {
            return Err(ended());
        }
        let in_flight = self.session.in_flight() + self.reserved.len();
        let unfetched = self.queue.precious_len();
        if in_flight + unfetched >= max_in_flight {
            return Err(Error::new(
                Status::Busy,
                format!(
                    "{in_flight} requests in flight and {unfetched} completions not fetched, \
                     max_in_flight is {max_in_flight}: fetch events with ecrhub_poll"
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn release(&mut self, order: &Request) {
        self.reserved.retain(|(id, _)| *id != order.request_id);
    }

    /// Whether a wait that began in this round is over; takes the wake-up that was left for the next one.
    pub(super) fn is_interrupted(&mut self, round: u64) -> bool {
        self.ended.is_some()
            || self.wakes.round != round
            || std::mem::take(&mut self.wakes.for_the_next)
    }

    /// The signal is set exactly while an event waits.
    pub(super) fn show_readiness(&mut self) {
        if let Some(signal) = &mut self.signal {
            signal.set(self.queue.len() > 0);
        }
    }

    pub(super) fn due(&self) -> Option<u64> {
        [self.session.next_deadline(), self.link.deadline()].into_iter().flatten().min()
    }

    /// Does what the session asks for and writes what the socket takes. A connection is made on the I/O thread only.
    pub(super) fn pump(&mut self, mut reactor: Option<&mut Reactor<'_>>, now: Now) {
        loop {
            while let Some(action) = self.session.next_action() {
                let done = match action {
                    Action::Ping(payload) => self.link.ping(payload),
                    Action::Drop => {
                        self.link.drop_now();
                        Ok(())
                    }
                };
                if let Err(fault) = done {
                    self.session.on_lost(fault, now);
                }
            }
            if let Some(reactor) = &mut reactor
                && self.session.take_wish_to_connect()
                && let Err(fault) = self.link.connect(reactor, now.mono_ms)
            {
                self.session.on_lost(fault, now);
            }
            if !self.write_one(now) {
                return;
            }
        }
    }

    /// Writes the next frame; true when something changed, so that there may be more to do.
    pub(super) fn write_one(&mut self, now: Now) -> bool {
        if !self.link.can_send() {
            return false;
        }
        let Some(frame) = self.session.next_frame() else { return false };
        let (progress, fault) = self.link.send(frame);
        self.after_write(progress, fault, now)
    }

    pub(super) fn after_write(
        &mut self,
        progress: Progress,
        fault: Option<Fault>,
        now: Now,
    ) -> bool {
        self.session.on_progress(progress, now);
        let is_lost = fault.is_some();
        if let Some(fault) = fault {
            self.session.on_lost(fault, now);
        }
        is_lost || progress == Progress::Done
    }

    /// The socket may be read or written.
    pub(super) fn on_ready(&mut self, reactor: &Reactor<'_>, now: Now) -> bool {
        if self.link.is_blocked() {
            let (progress, fault) = self.link.flush();
            self.after_write(progress, fault, now);
        }
        let session = &mut self.session;
        let mut tell = |news: News| match news {
            News::Connected => session.on_connected(now),
            News::Message(message) => session.on_message(&message.into_data(), now),
            News::Pong(payload) => session.on_pong(payload, now),
            News::Alive => session.on_heard(now),
            News::Garbage(detail) => session.on_garbage(detail, &[], now),
        };
        let more = self.link.on_ready(reactor, now.mono_ms, &mut tell);
        self.session.on_stage(self.link.stage());
        more.unwrap_or_else(|fault| {
            self.session.on_lost(fault, now);
            false
        })
    }

    pub(super) fn linger(&mut self, now: Now) -> Turn {
        let Some(ended) = &self.ended else { return Turn::Ended };
        let until = ended.linger_until;
        if self.link.linger() || now.mono_ms >= until {
            self.link.drop_now();
            return Turn::Ended;
        }
        Turn::Until(Some(until))
    }
}
