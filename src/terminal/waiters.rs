//! Who waits, and how each is woken: the only place that wakes a caller.
//!
//! A caller joins when its wait begins and leaves when it ends. In between it may sleep: at the terminal's socket, which it
//! watches for everybody, or on a condition variable of its own.

#![forbid(unsafe_code)]

use std::sync::{Arc, Condvar};

use super::events::Outgoing;
use crate::io::Bell;

/// A caller who waits, by a number that is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u64);

/// What a caller waits for.
#[derive(Debug)]
pub(super) enum Awaits {
    /// Whatever comes next.
    AnyEvent,
    /// The completion of a request that was started.
    Started(String),
    /// The completion of the request that it has sent itself.
    Call(String),
}

/// How a caller sleeps, and so how it is woken.
#[derive(Debug)]
pub(super) enum Sleep {
    AtSocket(Arc<Bell>),
    Elsewhere(Arc<Condvar>),
}

#[derive(Debug)]
struct Waiter {
    ticket: Ticket,
    awaits: Awaits,
    /// None while it is awake.
    sleep: Option<Sleep>,
    was_woken: bool,
    is_interrupted: bool,
    /// Has come, and is its own.
    completion: Option<Arc<Outgoing>>,
}

impl Waiter {
    /// Once for each sleep.
    fn wake(&mut self) {
        let Some(sleep) = &self.sleep else { return };
        if !std::mem::replace(&mut self.was_woken, true) {
            match sleep {
                Sleep::AtSocket(bell) => bell.ring(),
                Sleep::Elsewhere(ready) => ready.notify_one(),
            }
        }
    }

    fn awaits_completion_of(&self, request_id: &str) -> bool {
        matches!(&self.awaits, Awaits::Started(id) | Awaits::Call(id) if id == request_id)
    }
}

#[derive(Debug, Default)]
pub(super) struct Waiters {
    waiters: Vec<Waiter>,
    next: u64,
    /// A wake-up came while nobody waited: the next poll takes it.
    interrupts_next_poll: bool,
}

impl Waiters {
    pub(super) fn join(&mut self, awaits: Awaits) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiters.push(Waiter {
            ticket,
            awaits,
            sleep: None,
            was_woken: false,
            is_interrupted: false,
            completion: None,
        });
        ticket
    }

    /// Gives the completion that had come for a call: nobody else has it.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Option<Arc<Outgoing>> {
        let place = self.waiters.iter().position(|waiter| waiter.ticket == ticket)?;
        let waiter = self.waiters.swap_remove(place);
        waiter.completion.filter(|_| matches!(waiter.awaits, Awaits::Call(_)))
    }

    fn get_mut(&mut self, ticket: Ticket) -> Option<&mut Waiter> {
        self.waiters.iter_mut().find(|waiter| waiter.ticket == ticket)
    }

    /// The caller goes to sleep; it says [`Waiters::note_awake`] when it is up again.
    pub(super) fn note_asleep(&mut self, ticket: Ticket, sleep: Sleep) {
        if let Some(waiter) = self.get_mut(ticket) {
            waiter.sleep = Some(sleep);
            waiter.was_woken = false;
        }
    }

    /// Whether somebody has woken it.
    pub(super) fn note_awake(&mut self, ticket: Ticket) -> bool {
        let Some(waiter) = self.get_mut(ticket) else { return false };
        waiter.sleep = None;
        waiter.was_woken
    }

    pub(super) fn is_anybody_asleep(&self) -> bool {
        self.waiters.iter().any(|waiter| waiter.sleep.is_some())
    }

    /// Whether its wait is over without a result. A poll also takes a wake-up that came while nobody waited.
    pub(super) fn is_interrupted(&mut self, ticket: Ticket) -> bool {
        let Some(waiter) = self.get_mut(ticket) else { return true };
        let is_poll = matches!(waiter.awaits, Awaits::AnyEvent);
        waiter.is_interrupted || (is_poll && std::mem::take(&mut self.interrupts_next_poll))
    }

    /// What it waits for is there already.
    pub(super) fn give(&mut self, ticket: Ticket, completion: Arc<Outgoing>) {
        if let Some(waiter) = self.get_mut(ticket) {
            waiter.completion = Some(completion);
        }
    }

    /// The completion it waits for, once it has come.
    pub(super) fn take_completion(&mut self, ticket: Ticket) -> Option<Arc<Outgoing>> {
        self.get_mut(ticket)?.completion.take()
    }

    /// Whether a caller has sent the request itself and waits for its completion.
    pub(super) fn is_called(&self, request_id: &str) -> bool {
        self.waiters
            .iter()
            .any(|waiter| matches!(&waiter.awaits, Awaits::Call(id) if id == request_id))
    }

    /// The completion is everybody's who waits for it.
    pub(super) fn complete(&mut self, outgoing: &Arc<Outgoing>) {
        let request_id = outgoing.event.request_id();
        for waiter in &mut self.waiters {
            if waiter.awaits_completion_of(request_id) {
                waiter.completion = Some(Arc::clone(outgoing));
                waiter.wake();
            }
        }
    }

    /// An event is in the queue, for whoever comes first.
    pub(super) fn wake_for_event(&mut self) {
        let polls = |waiter: &&mut Waiter| matches!(waiter.awaits, Awaits::AnyEvent);
        self.waiters.iter_mut().filter(polls).for_each(Waiter::wake);
    }

    /// The caller has to look again.
    pub(super) fn wake(&mut self, ticket: Ticket) {
        if let Some(waiter) = self.get_mut(ticket) {
            waiter.wake();
        }
    }

    /// Ends the wait of everybody, or of the next poll if nobody waits.
    pub(super) fn interrupt(&mut self) {
        self.interrupts_next_poll = self.waiters.is_empty() || self.interrupts_next_poll;
        self.interrupt_all();
    }

    /// Ends the wait of everybody.
    pub(super) fn interrupt_all(&mut self) {
        for waiter in &mut self.waiters {
            waiter.is_interrupted = true;
            waiter.wake();
        }
    }
}
