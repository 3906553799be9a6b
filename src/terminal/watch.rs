//! Who watches a terminal's socket: the I/O thread, a caller who waits, or for a moment nobody. See the `borrow` page of
//! `io`.

use std::sync::Arc;

use super::inner::Inner;
use crate::io::{Bell, Driver};
use crate::session::Now;

/// A caller's thread that watches the socket while it waits.
pub(super) struct Watcher {
    pub(super) bell: Arc<Bell>,
    /// It sleeps; what others do for it must ring the bell. Otherwise it holds the lock.
    pub(super) is_asleep: bool,
    pub(super) has_rung: bool,
}

/// After a watch, when one has followed the other at once: the next one is not far. Fetching the socket home and lending
/// it again would cost as much as all the rest; so the I/O thread comes and looks whether it is still needed.
pub(super) struct Stay {
    /// When it comes, on the monotonic clock. Not while a caller watches on and on: he reads it himself.
    pub(super) until: Option<u64>,
    /// A watch has ended since it last came.
    pub(super) was_used: bool,
    pub(super) bell: Option<Arc<Bell>>,
}

/// Watches that follow each other as closely as this make a stay.
const AT_ONCE_MS: u64 = 2;

/// How long a stay lasts before the I/O thread reads the socket, and fetches it home if nobody has watched it since it
/// last came. What comes when nobody asks for it is noticed so late.
const STAY_MS: u64 = 10;

fn is_at_once(before_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(before_ms) <= AT_ONCE_MS
}

impl Inner {
    /// What the watcher waits for may have come, or it has nothing to watch any more.
    pub(super) fn ring(&mut self) {
        if let Some(watcher) = &mut self.watcher
            && watcher.is_asleep
            && !std::mem::replace(&mut watcher.has_rung, true)
        {
            watcher.bell.ring();
        }
    }

    /// Begins a watch, if nobody watches and the socket can be lent.
    pub(super) fn begin_watch(&mut self, driver: &Driver) -> bool {
        // A terminal that talks on and on is read by the I/O thread, which lets others have the lock in between.
        if self.watcher.is_some() || self.link.has_unread() || self.link.lend().is_none() {
            return false;
        }
        let kept = self.stay.as_mut().and_then(|stay| stay.bell.take());
        match kept.or_else(|| driver.take_bell()) {
            Some(bell) => {
                self.watcher = Some(Watcher { bell, is_asleep: false, has_rung: false });
                true
            }
            None => {
                self.link.take_home();
                false
            }
        }
    }

    /// Ends a watch. `read_ms` is when something was read in it.
    pub(super) fn end_watch(&mut self, read_ms: Option<u64>, driver: &Driver) {
        let Some(Watcher { bell, .. }) = self.watcher.take() else { return };
        let before = std::mem::replace(&mut self.last_watch_ms, read_ms);
        match (before, read_ms) {
            (Some(before), Some(at)) if is_at_once(before, at) && self.may_stay() => {
                let until = self.stay.as_ref().and_then(|stay| stay.until).unwrap_or(at + STAY_MS);
                self.stay = Some(Stay { until: Some(until), was_used: true, bell: Some(bell) });
            }
            _ => {
                driver.keep_bell(bell);
                self.fetch_home(driver);
            }
        }
    }

    /// A caller who is ready to wait came by and found something without waiting. When one does so at once and again,
    /// the next is not far either: the socket stays lent, and the I/O thread sleeps on while they read it themselves.
    pub(super) fn come_by(&mut self, now_ms: u64, driver: &Driver) {
        if self.watcher.is_some() {
            return;
        }
        if let Some(stay) = &mut self.stay {
            stay.was_used = true;
            self.last_watch_ms = Some(now_ms);
        } else if self.last_watch_ms.is_some_and(|before| is_at_once(before, now_ms))
            && self.begin_watch(driver)
        {
            self.end_watch(Some(now_ms), driver);
        } else {
            self.last_watch_ms = Some(now_ms);
        }
    }

    /// Nobody waits for the I/O thread to notice something.
    fn may_stay(&self) -> bool {
        let is_signalled = self.signal.is_some();
        let is_quiet = !self.link.has_unread() && !self.link.is_blocked();
        self.wakes.waiting == 0 && is_quiet && !is_signalled && self.link.lent().is_some()
    }

    /// The socket is the I/O thread's again.
    pub(super) fn fetch_home(&mut self, driver: &Driver) {
        if let Some(Stay { bell: Some(bell), .. }) = self.stay.take() {
            driver.keep_bell(bell);
        }
        if self.watcher.is_none() {
            self.link.take_home();
        }
    }

    /// The I/O thread is to look after a stay.
    pub(super) fn is_stay_over(&self, now: Now) -> bool {
        let until = self.stay.as_ref().and_then(|stay| stay.until);
        until.is_some_and(|until| until <= now.mono_ms)
    }

    /// The I/O thread has read the socket, and looks whether the stay is still of use.
    pub(super) fn look_after_the_stay(&mut self, now: Now, driver: &Driver) {
        let is_watched = self.watcher.is_some();
        let Some(stay) = &mut self.stay else { return };
        if std::mem::take(&mut stay.was_used) {
            stay.until = Some(now.mono_ms + STAY_MS);
        } else if is_watched {
            stay.until = None;
        } else {
            self.fetch_home(driver);
        }
    }

    /// A socket that stays lent and that nobody watches: who comes by and does not wait reads it himself.
    pub(super) fn is_unwatched(&self) -> bool {
        self.stay.is_some() && self.watcher.is_none() && self.link.lent().is_some()
    }

    /// Ends a turn: a watcher must not sleep at a socket that is gone.
    pub(super) fn look_after_the_watcher(&mut self) {
        if self.watcher.is_some() && self.link.lent().is_none() {
            self.ring();
        }
    }
}
