//! Events on their way to the till: who gets one, and who is woken for it.

#![forbid(unsafe_code)]

use std::sync::{Arc, OnceLock};

use super::queue::EventQueue;
use super::started::Started;
use super::waiters::Waiters;
use crate::event::{Event, EventKind};
use crate::io;
use crate::protocol::{self, Outcome};

/// An event on its way to the till. Shared by everyone who hands it out, so that it is rendered once.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) event: Event,
    json: OnceLock<String>,
}

impl Outgoing {
    pub(super) fn new(event: Event) -> Arc<Self> {
        Arc::new(Outgoing { event, json: OnceLock::new() })
    }

    /// The event as JSON.
    pub(super) fn json(&self) -> &str {
        self.json.get_or_init(|| self.event.to_json())
    }

    /// The event itself, without a copy where nobody else has it.
    pub(super) fn into_event(self: Arc<Self>) -> Event {
        Arc::try_unwrap(self).map_or_else(|shared| shared.event.clone(), |outgoing| outgoing.event)
    }

    /// The outcome of an order that it carries: what the journal keeps.
    pub(super) fn outcome_of_order(&self) -> Option<Outcome> {
        match &self.event.kind {
            EventKind::Completed(done) if done.topic == protocol::ORDER => Some(done.outcome),
            EventKind::Clarified(clarified) => Some(clarified.outcome),
            _ => None,
        }
    }
}

/// Everything that waits for the till, and everyone who waits for it.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) queue: EventQueue,
    pub(super) started: Started,
    pub(super) waiters: Waiters,
    /// What a host's own event loop waits for, once it was asked for.
    signal: Option<io::ReadySignal>,
}

impl Events {
    pub(super) fn new(queue: EventQueue) -> Self {
        let started = Started::new(queue.max_bytes());
        Events { queue, started, waiters: Waiters::default(), signal: None }
    }

    /// Gives the event to those it is for: the completion of a started request to whoever waits for that, of a call to
    /// its caller, everything else to the queue of [`Terminal::poll`](super::Terminal::poll).
    pub(super) fn emit(&mut self, event: Event) -> Arc<Outgoing> {
        if matches!(event.kind, EventKind::Completed(_)) {
            if self.started.is_in_flight(event.request_id()) {
                let outgoing = self.started.complete(event);
                self.waiters.complete(&outgoing);
                self.show_readiness();
                return outgoing;
            }
            if self.waiters.is_called(event.request_id()) {
                let outgoing = Outgoing::new(event);
                self.waiters.complete(&outgoing);
                return outgoing;
            }
        }
        let outgoing = self.queue.push(event);
        self.on_queued();
        outgoing
    }

    /// The next event of the queue.
    pub(super) fn take_next(&mut self) -> Option<Arc<Outgoing>> {
        let next = self.queue.pop();
        if next.is_some() {
            self.show_readiness();
        }
        next
    }

    /// The event was not handed over: it is the queue's next one.
    pub(super) fn put_back(&mut self, outgoing: Arc<Outgoing>) {
        self.queue.put_back(outgoing);
        self.on_queued();
    }

    fn on_queued(&mut self) {
        self.show_readiness();
        self.waiters.wake_for_event();
    }

    /// The completion of a started request was handed over.
    pub(super) fn note_read(&mut self, request_id: &str) {
        self.started.note_read(request_id);
        self.show_readiness();
    }

    /// The till has acknowledged it: nobody can wait for it any more.
    pub(super) fn forget_started(&mut self, request_id: &str) {
        self.started.forget(request_id);
        self.show_readiness();
    }

    /// The signal is made when it is first asked for.
    pub(super) fn signal(&mut self) -> std::io::Result<&io::ReadySignal> {
        if self.signal.is_none() {
            self.signal = Some(io::ReadySignal::new()?);
            self.show_readiness();
        }
        self.signal.as_ref().ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    pub(super) fn has_signal(&self) -> bool {
        self.signal.is_some()
    }

    /// The handle ends.
    pub(super) fn end(&mut self) {
        self.signal = None;
        self.waiters.interrupt_all();
    }

    /// The signal is set exactly while there is something to fetch.
    fn show_readiness(&mut self) {
        if let Some(signal) = &mut self.signal {
            signal.set(self.queue.len() > 0 || self.started.unread() > 0);
        }
    }
}
