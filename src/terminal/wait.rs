//! How a caller waits. One at a time watches the terminal's socket itself and reads what comes, for everybody; the others
//! sleep until somebody has something for them, and so does the I/O thread. See the `borrow` page of `io`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::inner::{Call, Inner};
use super::queue::Queued;
use super::shared::Shared;
use super::{Called, Polled};
use crate::error::Result;
use crate::io;
use crate::protocol::Request;
use crate::session::Now;

/// What a caller waits for.
#[derive(Clone, Copy)]
enum For {
    AnyEvent,
    /// Of the call that was begun.
    Answer,
}

/// One caller's wait, from before its request leaves. At its end the socket comes home and nothing counts it as waiting
/// any more, also when it ends by a panic.
pub(super) struct Wait<'a> {
    shared: &'a Shared,
    is_watcher: bool,
    /// When this caller last read something, on the monotonic clock.
    read_ms: Option<u64>,
    counted: Counted,
}

/// Where [`Wakes`](super::inner::Wakes) and the calls have this caller.
#[derive(Default)]
struct Counted {
    as_waiting: bool,
    as_poll: bool,
    /// In a call for the answer to this request.
    as_call: Option<String>,
    /// Taken for this caller, who does not have it yet.
    taken: Option<Queued>,
}

impl<'a> Wait<'a> {
    fn new(shared: &'a Shared) -> Self {
        Wait { shared, is_watcher: false, read_ms: None, counted: Counted::default() }
    }

    /// Watches the socket from now on, if it can be watched and nobody does.
    pub(super) fn watch(&mut self, inner: &mut Inner) {
        if self.is_watcher {
            // The socket may be another one by now.
            inner.link.lend();
        } else {
            self.is_watcher = inner.begin_watch(&self.shared.driver);
        }
    }

    /// Ends it; true when the I/O thread must be kicked.
    fn end(&mut self, inner: &mut Inner) -> bool {
        if !std::mem::take(&mut self.is_watcher) {
            return false;
        }
        inner.end_watch(self.read_ms, &self.shared.driver);
        let is_late = inner.is_late();
        is_late || inner.link.has_unread()
    }

    /// Ends it, and lets go of the lock. The watch ends first: the host's log may take its time.
    fn leave(&mut self, mut inner: MutexGuard<'a, Inner>) {
        let must_kick = self.end(&mut inner);
        self.shared.unlock(inner, must_kick);
    }

    /// Sleeps until something may have changed, or for as long as is left.
    fn sleep(
        &mut self,
        mut inner: MutexGuard<'a, Inner>,
        what: For,
        left: Option<Duration>,
    ) -> MutexGuard<'a, Inner> {
        if !inner.to_say.is_empty() {
            self.leave(inner);
            return self.shared.lock();
        }
        if self.is_watcher && inner.link.has_unread() && self.end(&mut inner) {
            self.shared.driver.kick(self.shared.token);
        }
        self.watch(&mut inner);
        inner.wakes.waiting += 1;
        self.counted.as_waiting = true;
        inner = if self.is_watcher && inner.link.lent().is_some() {
            self.sleep_at_the_socket(inner, left)
        } else {
            self.sleep_elsewhere(inner, what, left)
        };
        self.no_longer_waits(&mut inner);
        inner
    }

    fn no_longer_waits(&mut self, inner: &mut Inner) {
        inner.wakes.waiting -= usize::from(std::mem::take(&mut self.counted.as_waiting));
        inner.wakes.polls -= usize::from(std::mem::take(&mut self.counted.as_poll));
    }

    /// A wake-up from now on ends the call; one that was left before does not. Gives the round it is in.
    fn begin_call(&mut self, request_id: String) -> u64 {
        let mut inner = self.shared.lock();
        inner.wakes.calls += 1;
        self.counted.as_call = Some(request_id);
        inner.wakes.round
    }

    fn call_of<'i>(&self, inner: &'i mut Inner) -> Option<&'i mut Call> {
        inner.calls.get_mut(self.counted.as_call.as_deref()?)
    }

    /// Takes the completion, if it has come.
    fn end_call(&mut self, inner: &mut Inner) {
        if let Some(request_id) = self.counted.as_call.take() {
            inner.wakes.calls -= 1;
            self.counted.taken = inner.calls.remove(&request_id).and_then(|call| call.done);
        }
    }

    fn sleep_at_the_socket(
        &mut self,
        mut inner: MutexGuard<'a, Inner>,
        left: Option<Duration>,
    ) -> MutexGuard<'a, Inner> {
        let shared = self.shared;
        let mut may_read = false;
        if let (Some(socket), Some(watcher)) = (inner.link.lent(), &mut inner.watcher) {
            watcher.is_asleep = true;
            let bell = Arc::clone(&watcher.bell);
            drop(inner);
            may_read = bell.wait(socket, left);
            inner = shared.lock();
            if let Some(watcher) = &mut inner.watcher {
                watcher.is_asleep = false;
                if std::mem::take(&mut watcher.has_rung) {
                    bell.hush();
                }
            }
        }
        // The socket that was watched may be gone.
        if may_read && inner.link.lent().is_some() {
            self.read_ms = Some(shared.read_for_everybody(&mut inner).mono_ms);
        }
        inner
    }

    fn sleep_elsewhere(
        &mut self,
        mut inner: MutexGuard<'a, Inner>,
        what: For,
        left: Option<Duration>,
    ) -> MutexGuard<'a, Inner> {
        match what {
            For::AnyEvent => {
                inner.wakes.polls += 1;
                self.counted.as_poll = true;
                sleep_on(&self.shared.ready, inner, left)
            }
            For::Answer => {
                let ready = Arc::new(Condvar::new());
                if let Some(call) = self.call_of(&mut inner) {
                    call.ready = Some(Arc::clone(&ready));
                }
                sleep_on(&ready, inner, left)
            }
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Counted { as_waiting, as_call, taken, .. } = &self.counted;
        if !self.is_watcher && !as_waiting && as_call.is_none() && taken.is_none() {
            return;
        }
        let shared = self.shared;
        let mut inner = shared.lock();
        self.no_longer_waits(&mut inner);
        self.end_call(&mut inner);
        if self.end(&mut inner) {
            shared.driver.kick(shared.token);
        }
        drop(inner);
        if let Some(taken) = self.counted.taken.take() {
            shared.put_back(taken);
        }
    }
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
        let mut wait = Wait::new(self);
        let round = wait.begin_call(request.request_id.clone());
        self.submit(request, timeout, Some(&mut wait))?;
        let mut inner = self.lock();
        loop {
            let is_done = wait.call_of(&mut inner).is_some_and(|call| call.done.is_some());
            if is_done || inner.is_interrupted(round) {
                wait.end_call(&mut inner);
                break;
            }
            inner = wait.sleep(inner, For::Answer, None);
        }
        wait.leave(inner);
        Ok(match wait.counted.taken.take() {
            Some(done) => Called::Completed(self.deliver(done)),
            None => Called::Interrupted,
        })
    }

    pub(super) fn poll(self: &Arc<Self>, wait_for: Option<Duration>) -> Result<Polled> {
        let until = wait_for.and_then(|wait| Instant::now().checked_add(wait));
        let mut wait = Wait::new(self);
        let mut inner = self.lock_live()?;
        let round = inner.wakes.round;
        let mut has_looked = false;
        loop {
            if inner.is_poll_interrupted(round) {
                wait.leave(inner);
                return Ok(Polled::Interrupted);
            }
            if let Some(queued) = inner.queue.pop() {
                inner.show_readiness();
                wait.counted.taken = Some(queued);
                if !wait.is_watcher && wait_for != Some(Duration::ZERO) {
                    let must_kick = self.come_by(&mut inner);
                    self.unlock(inner, must_kick);
                } else {
                    wait.leave(inner);
                }
                return Ok(match wait.counted.taken.take() {
                    Some(queued) => Polled::Event(self.deliver(queued)),
                    None => Polled::Timeout,
                });
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                if inner.is_unwatched() && !std::mem::replace(&mut has_looked, true) {
                    self.read_for_everybody(&mut inner);
                    continue;
                }
                wait.leave(inner);
                return Ok(Polled::Timeout);
            }
            inner = wait.sleep(inner, For::AnyEvent, left);
        }
    }

    /// True when the I/O thread must be kicked.
    fn come_by(&self, inner: &mut Inner) -> bool {
        inner.come_by(io::now().mono_ms, &self.driver);
        inner.is_late()
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
            // As on the I/O thread: a bug in what was read must not cost the caller his answer.
            log_line!(log::Level::Error, "a panic while reading was caught");
            self.recover_with(inner, now);
            true
        });
        if is_late {
            self.driver.kick(self.token);
        }
        now
    }
}
