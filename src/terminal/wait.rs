//! How a caller waits. One at a time watches the terminal's socket itself and reads what comes, for everybody; the others
//! sleep until somebody has something for them, and so does the I/O thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::events::Outgoing;
use super::inner::Inner;
use super::outcomes::not_started;
use super::shared::{How, Shared};
use super::started::Found;
use super::waiters::{Awaits, Sleep, Ticket};
use super::{Called, Delivery, Polled, Source};
use crate::error::Result;
use crate::io;
use crate::protocol::Request;
use crate::session::Now;

/// One caller's wait. At its end the caller has left the waiters and returned the socket, also when it ends by a panic.
pub(super) struct Wait<'a> {
    shared: &'a Shared,
    /// None once it has left.
    ticket: Option<Ticket>,
    /// When this caller last read something, on the monotonic clock.
    read_ms: Option<u64>,
    /// Was taken for this caller, who does not have it yet.
    taken: Option<Arc<Outgoing>>,
    source: Source,
    /// It was ready to sleep: that it found something at once says that callers follow each other.
    is_patient: bool,
}

/// How a wait ended.
enum Ended {
    /// What was waited for is there.
    Found,
    Timeout,
    Interrupted,
}

impl<'a> Wait<'a> {
    fn join(shared: &'a Shared, inner: &mut Inner, awaits: Awaits) -> Self {
        let source = match &awaits {
            Awaits::AnyEvent | Awaits::Call(_) => Source::Queue,
            Awaits::Started(_) => Source::Started,
        };
        let ticket = Some(inner.events.waiters.join(awaits));
        Wait { shared, ticket, read_ms: None, taken: None, source, is_patient: false }
    }

    /// Watches the socket from now on, if it can be watched and nobody does.
    pub(super) fn borrow_socket(&self, inner: &mut Inner) {
        if let Some(ticket) = self.ticket {
            inner.borrow_socket(ticket, &self.shared.driver);
        }
    }

    /// True when the I/O thread must be kicked.
    fn return_socket(&self, inner: &mut Inner) -> bool {
        let Some(ticket) = self.ticket else { return false };
        if !inner.return_socket(ticket, self.read_ms, &self.shared.driver) {
            return false;
        }
        let is_late = inner.is_late();
        is_late || inner.link.has_unread()
    }

    /// Leaves the waiters, with what has come for this caller alone. True when the I/O thread must be kicked.
    fn end(&mut self, inner: &mut Inner) -> bool {
        let must_kick = self.return_socket(inner);
        if let Some(ticket) = self.ticket.take()
            && let Some(completion) = inner.events.waiters.leave(ticket)
        {
            self.taken = Some(completion);
        }
        must_kick
    }

    /// Ends it, and lets go of the lock. The host's log comes last: it may take its time.
    fn leave(&mut self, mut inner: MutexGuard<'a, Inner>) {
        let must_kick = self.end(&mut inner);
        self.shared.unlock(inner, must_kick);
    }

    /// Takes what is waited for, if it is there.
    fn take(&mut self, inner: &mut Inner, what: For) -> bool {
        let Some(ticket) = self.ticket else { return false };
        self.taken = match what {
            For::AnyEvent => inner.events.take_next(),
            For::Completion => inner.events.waiters.take_completion(ticket),
        };
        self.taken.is_some()
    }

    /// Waits until what is waited for is there, `until` at the latest, and leaves.
    fn run(
        &mut self,
        mut inner: MutexGuard<'a, Inner>,
        what: For,
        until: Option<Instant>,
    ) -> Ended {
        let mut has_read = false;
        loop {
            // A poll leaves the next event to the next one when it is interrupted; a completion is this caller's.
            if what == For::AnyEvent && self.is_interrupted(&mut inner) {
                self.leave(inner);
                return Ended::Interrupted;
            }
            if self.take(&mut inner, what) {
                self.leave_with_result(inner);
                return Ended::Found;
            }
            if what == For::Completion && self.is_interrupted(&mut inner) {
                self.leave(inner);
                return Ended::Interrupted;
            }
            if is_over(until) {
                if inner.is_unwatched() && !std::mem::replace(&mut has_read, true) {
                    self.shared.read_for_everybody(&mut inner);
                    continue;
                }
                self.leave(inner);
                return Ended::Timeout;
            }
            inner = self.sleep(inner, until);
        }
    }

    fn is_interrupted(&self, inner: &mut Inner) -> bool {
        inner.ended.is_some()
            || self.ticket.is_none_or(|ticket| inner.events.waiters.is_interrupted(ticket))
    }

    fn leave_with_result(&mut self, mut inner: MutexGuard<'a, Inner>) {
        let mut is_late = false;
        if let Some(ticket) = self.ticket.filter(|_| self.is_patient)
            && inner.socket_loan.borrower() != Some(ticket)
        {
            inner.note_poll(ticket, io::now().mono_ms, &self.shared.driver);
            is_late = inner.is_late();
        }
        let must_kick = self.end(&mut inner);
        self.shared.unlock(inner, is_late || must_kick);
    }

    /// Sleeps until something may have changed, or until the time is up.
    fn sleep(
        &mut self,
        mut inner: MutexGuard<'a, Inner>,
        until: Option<Instant>,
    ) -> MutexGuard<'a, Inner> {
        let shared = self.shared;
        let Some(ticket) = self.ticket else { return inner };
        if !inner.log_lines.is_empty() {
            let must_kick = self.return_socket(&mut inner);
            shared.unlock(inner, must_kick);
            return shared.lock();
        }
        if inner.link.has_unread() && self.return_socket(&mut inner) {
            shared.driver.kick(shared.token);
        }
        self.borrow_socket(&mut inner);
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match (inner.socket_loan.bell_of(ticket).cloned(), inner.link.lent()) {
            (Some(bell), Some(socket)) => {
                inner.events.waiters.note_asleep(ticket, Sleep::AtSocket(Arc::clone(&bell)));
                drop(inner);
                let may_read = bell.wait(socket, left);
                inner = shared.lock();
                if inner.events.waiters.note_awake(ticket) {
                    bell.hush();
                }
                // The socket that was watched may be gone.
                if may_read && inner.link.lent().is_some() {
                    self.read_ms = Some(shared.read_for_everybody(&mut inner).mono_ms);
                }
            }
            _ => {
                let ready = Arc::new(Condvar::new());
                inner.events.waiters.note_asleep(ticket, Sleep::Elsewhere(Arc::clone(&ready)));
                inner = sleep_on(&ready, inner, left);
                inner.events.waiters.note_awake(ticket);
            }
        }
        inner
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.ticket.is_none() && self.taken.is_none() {
            return;
        }
        let shared = self.shared;
        let mut inner = shared.lock();
        let must_kick = self.end(&mut inner);
        if let (Some(taken), Source::Queue) = (self.taken.take(), self.source) {
            inner.put_back(taken);
        }
        drop(inner);
        if must_kick {
            shared.driver.kick(shared.token);
        }
    }
}

/// What [`Wait::run`] takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    AnyEvent,
    Completion,
}

fn is_over(until: Option<Instant>) -> bool {
    until.is_some_and(|until| Instant::now() >= until)
}

fn sleep_on<'a>(
    ready: &Condvar,
    inner: MutexGuard<'a, Inner>,
    left: Option<Duration>,
) -> MutexGuard<'a, Inner> {
    match left {
        Some(left) => ready.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0,
        None => ready.wait(inner).unwrap_or_else(PoisonError::into_inner),
    }
}

impl Shared {
    pub(super) fn call(
        self: &Arc<Self>,
        request: Request,
        timeout: Option<Duration>,
    ) -> Result<Called> {
        let mut wait = {
            let mut inner = self.lock_live()?;
            // A wake-up from now on ends the call; one that was left before does not.
            Wait::join(self, &mut inner, Awaits::Call(request.request_id.clone()))
        };
        self.submit(request, timeout, How::Call(&wait))?;
        let ended = wait.run(self.lock(), For::Completion, None);
        Ok(match self.delivery(ended, wait) {
            Polled::Event(delivery) => Called::Completed(delivery),
            Polled::Timeout | Polled::Interrupted => Called::Interrupted,
        })
    }

    /// `wait_for` none waits for ever.
    pub(super) fn poll(self: &Arc<Self>, wait_for: Option<Duration>) -> Result<Polled> {
        let until = deadline(wait_for);
        let mut inner = self.lock_live()?;
        let mut wait = Wait::join(self, &mut inner, Awaits::AnyEvent);
        wait.is_patient = wait_for != Some(Duration::ZERO);
        let ended = wait.run(inner, For::AnyEvent, until);
        Ok(self.delivery(ended, wait))
    }

    /// `wait_for` none waits for ever.
    pub(super) fn wait(
        self: &Arc<Self>,
        request_id: &str,
        wait_for: Option<Duration>,
    ) -> Result<Polled> {
        let until = deadline(wait_for);
        let mut inner = self.lock_live()?;
        let Some(found) = inner.events.started.find(request_id) else {
            return Err(not_started(request_id));
        };
        let mut wait = Wait::join(self, &mut inner, Awaits::Started(request_id.to_owned()));
        wait.is_patient = wait_for != Some(Duration::ZERO);
        if let (Found::Completed(completion), Some(ticket)) = (found, wait.ticket) {
            inner.events.waiters.give(ticket, completion);
        }
        let ended = wait.run(inner, For::Completion, until);
        Ok(self.delivery(ended, wait))
    }

    /// Hands on what a wait has found, once the journal has it.
    fn delivery(self: &Arc<Self>, ended: Ended, mut wait: Wait<'_>) -> Polled {
        match (ended, wait.taken.take()) {
            (Ended::Timeout, _) => Polled::Timeout,
            (Ended::Found, Some(outgoing)) => {
                let delivery = Delivery::new(self, outgoing, wait.source);
                if self.record(&delivery) { Polled::Event(delivery) } else { Polled::Interrupted }
            }
            (Ended::Found | Ended::Interrupted, _) => Polled::Interrupted,
        }
    }

    /// A turn on the thread of a caller. Gives when it was.
    fn read_for_everybody(&self, inner: &mut Inner) -> Now {
        let now = io::now();
        let turn = catch_unwind(AssertUnwindSafe(|| {
            inner.read_lent(now);
            inner.pump(None, now);
            self.after_turn(inner)
        }));
        let is_late = turn.unwrap_or_else(|_| {
            // As on the I/O thread: a bug in what was read must not cost the caller the answer.
            log_line_later!(log::Level::Error, "a panic while reading was caught");
            self.recover_with(inner, now);
            true
        });
        if is_late {
            self.driver.kick(self.token);
        }
        now
    }
}

fn deadline(wait_for: Option<Duration>) -> Option<Instant> {
    wait_for.and_then(|wait| Instant::now().checked_add(wait))
}
