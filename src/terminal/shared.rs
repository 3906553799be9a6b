//! The state behind a terminal, and how callers and the I/O thread take turns at it.
//!
//! One lock guards a terminal. It is held for as long as it takes to step the session and to hand bytes to the socket,
//! which never blocks; never while waiting, and never while the journal writes.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use mio::Token;

use super::books::Books;
use super::diary;
use super::inner::{Ended, Inner, ended};
use super::outcomes::Overdue;
use super::wait::Wait;
use crate::config::Validation;
use crate::error::{Error, Fault, Result, Stage, Status};
use crate::io::{self, Cause, Driven, Driver, Reactor, Turn};
use crate::json::Object;
use crate::log_line;
use crate::protocol::{self, Defaults, Request};
use crate::session::{Attempt, LinkState, Now};

/// How long a terminal may take to say goodbye, in milliseconds.
const LINGER_MS: u64 = 1_000;

/// How long the I/O thread leaves a terminal that has more to say to callers who want its lock, in milliseconds. The
/// first may have passed already.
const PAUSE_MS: u64 = 2;

/// A turn that took so long is followed by so many times as much for the other terminals, in milliseconds: one that has its
/// turn several times in what another terminal does would delay that each time.
const LONG_TURN_MS: u64 = 5;
const OTHERS_SHARE: u64 = 3;

pub(super) struct Shared {
    pub(super) url: String,
    pub(super) app_id: Option<String>,
    pub(super) validation: Validation,
    pub(super) max_in_flight: usize,
    pub(super) books: Books,
    pub(super) driver: Arc<Driver>,
    pub(super) token: Token,
    pub(super) inner: Mutex<Inner>,
    /// Who waits for that lock.
    pub(super) lined_up: AtomicUsize,
    /// See `lock_journal_order` in `outcomes`.
    pub(super) journal_order: Mutex<()>,
}

/// An order that may be written down.
struct Admitted {
    /// How long its answer is waited for.
    answer_within_ms: u64,
    /// The attempt under its number that it takes the place of.
    earlier: Option<String>,
    /// What is written before it.
    overdue: Overdue,
}

/// How a request is sent, and so where its completion goes.
pub(super) enum How<'a, 'w> {
    /// To the queue.
    Send,
    /// To those who wait for it.
    Start,
    /// To the caller, who waits for it.
    Call(&'a Wait<'w>),
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        match self.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => self.line_up(),
        }
    }

    /// The lock is not handed on in turn: the I/O thread, which comes back for more at once, must know who waits.
    #[cold]
    fn line_up(&self) -> MutexGuard<'_, Inner> {
        self.lined_up.fetch_add(1, Ordering::Relaxed);
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        self.lined_up.fetch_sub(1, Ordering::Relaxed);
        inner
    }

    /// How a turn ends that has left something to read: with a pause if callers want the lock, and with a longer one if it
    /// took long. `now` is when the I/O thread woke up.
    fn turn_with_more(&self, inner: &Inner, now: Now) -> Turn {
        let ended_ms = io::now().mono_ms;
        let took_ms = ended_ms.saturating_sub(now.mono_ms);
        let is_wanted =
            self.lined_up.load(Ordering::Relaxed) > 0 || inner.events.waiters.is_anybody_asleep();
        let pause_ms = match (took_ms, is_wanted) {
            (LONG_TURN_MS.., _) => took_ms * OTHERS_SHARE,
            (_, true) => PAUSE_MS,
            (_, false) => return Turn::Again,
        };
        let until = ended_ms + pause_ms;
        Turn::Until(Some(inner.armed.map_or(until, |due| due.min(until))))
    }

    /// Lets go of the lock, wakes the I/O thread when it must come, and then tells the log what has happened: that may
    /// take as long as the host likes.
    pub(super) fn unlock(&self, mut inner: MutexGuard<'_, Inner>, must_kick: bool) {
        let lines = std::mem::take(&mut inner.log_lines);
        drop(inner);
        if must_kick {
            self.driver.kick(self.token);
        }
        diary::say(&self.url, lines);
        log_line::say_kept();
    }

    pub(super) fn lock_live(&self) -> Result<MutexGuard<'_, Inner>> {
        let inner = self.lock();
        if inner.ended.is_some() { Err(ended()) } else { Ok(inner) }
    }

    pub(super) fn prepare(&self, json: &str) -> Result<Request> {
        let request_id = self.lock_live()?.ids.next();
        protocol::prepare(
            json,
            &Defaults {
                request_id: &request_id,
                timestamp_ms: io::now().wall_ms,
                app_id: self.app_id.as_deref(),
                validation: self.validation,
            },
        )
    }

    /// Takes a request: an order goes into the journal first, and nothing is sent when that fails.
    pub(super) fn submit(
        &self,
        request: Request,
        timeout: Option<Duration>,
        how: How<'_, '_>,
    ) -> Result<()> {
        let timeout_ms = timeout.map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX / 4));
        let is_order = request.is_order();
        let warnings = protocol::warnings(&request);
        let mut attempt = Attempt::First;
        let order = is_order.then(|| self.lock_journal_order());
        if let Some(order) = &order {
            let Admitted { answer_within_ms, earlier, overdue } =
                self.admit(&request, timeout_ms)?;
            if !overdue.is_empty() {
                self.write_overdue(overdue, order);
            }
            match self.books.begin(&request, answer_within_ms, io::now().wall_ms) {
                Ok(begun) => attempt = begun,
                Err(error) => {
                    if let Some(earlier) = earlier {
                        self.lock().session.resume_earlier_attempt(&earlier, io::now());
                    }
                    return Err(error);
                }
            }
        }
        let mut inner = self.lock();
        let now = io::now();
        let refused =
            inner.may_take(self.max_in_flight).and_then(|()| inner.session.check_unused(&request));
        if let Err(error) = refused {
            drop(inner);
            if is_order {
                self.books.withdraw(&request, now.wall_ms)?;
            }
            return Err(error);
        }
        if is_order && log::log_enabled!(log::Level::Info) {
            let number = request.merchant_order_no.as_deref();
            let what = diary::named(&request.topic, number, &request.request_id);
            inner.log_lines.push((log::Level::Info, format!("{what} is taken")));
        }
        if !warnings.is_empty() {
            let number = request.merchant_order_no.as_deref();
            let what = diary::named(&request.topic, number, &request.request_id);
            let line = |warning| (log::Level::Warn, format!("{what}: {warning}"));
            inner.log_lines.extend(warnings.into_iter().map(line));
        }
        match how {
            How::Send => {}
            How::Start => inner.events.started.begin(&request.request_id),
            // Before the request leaves: its answer may be faster than the next line. Where the log comes in between,
            // the I/O thread watches until it is done.
            How::Call(wait) if inner.log_lines.is_empty() => wait.borrow_socket(&mut inner),
            How::Call(_) => {}
        }
        inner.session.submit(request, timeout_ms, attempt, now);
        inner.pump(None, now);
        let is_late = self.after_turn(&mut inner);
        drop(order);
        self.unlock(inner, is_late);
        Ok(())
    }

    /// Refuses an order that may not be taken, before the journal writes it.
    fn admit(&self, order: &Request, timeout_ms: Option<u64>) -> Result<Admitted> {
        let mut inner = self.lock();
        inner.may_take(self.max_in_flight)?;
        // Before the journal is asked: it may not have the last outcome of the number's earlier order yet.
        inner.session.check_unused(order)?;
        Ok(Admitted {
            answer_within_ms: inner.session.answer_within_ms(order, timeout_ms),
            earlier: inner.session.end_earlier_attempt(order),
            overdue: inner.take_overdue(),
        })
    }

    pub(super) fn wake(&self) -> Result<()> {
        self.lock_live()?.events.waiters.interrupt();
        Ok(())
    }

    #[cfg(unix)]
    pub(super) fn wait_fd(&self) -> Result<i32> {
        self.signal(io::ReadySignal::fd)
    }

    #[cfg(windows)]
    pub(super) fn wait_fd(&self) -> Result<i32> {
        self.unsupported(
            "there are no descriptors to wait on here; ecrhub_wait_handle gives an event object",
        )
    }

    #[cfg(windows)]
    pub(super) fn wait_handle(&self) -> Result<*mut c_void> {
        self.signal(io::ReadySignal::handle)
    }

    #[cfg(unix)]
    pub(super) fn wait_handle(&self) -> Result<*mut c_void> {
        self.unsupported("event objects are Windows' own; ecrhub_wait_fd gives a descriptor")
    }

    /// What a host waits on, made when it is first asked for.
    fn signal<T>(&self, of: fn(&io::ReadySignal) -> T) -> Result<T> {
        let mut inner = self.lock_live()?;
        let signal = inner.events.signal().map(of).map_err(|error| {
            Error::new(Status::Internal, format!("nothing to wait on can be made: {error}"))
        })?;
        // Whoever waits for it waits for the I/O thread to notice.
        inner.recall_socket(&self.driver);
        Ok(signal)
    }

    fn unsupported<T>(&self, why: &str) -> Result<T> {
        drop(self.lock_live()?);
        Err(Error::new(Status::Unsupported, why))
    }

    pub(super) fn state(&self) -> Result<String> {
        let elsewhere = self.books.elsewhere().ok();
        let inner = self.lock_live()?;
        let state = match inner.session.link_state() {
            LinkState::Connecting => "connecting",
            LinkState::Connected => "connected",
            LinkState::Waiting => "waiting",
        };
        let object = Object::new()
            .text("state", state)
            .text("url", &self.url)
            .number("in_flight", as_number(inner.session.in_flight()))
            .number("events_waiting", as_number(inner.events.queue.len()))
            .number("events_dropped", inner.events.queue.dropped())
            .number("bytes_waiting", as_number(inner.events.queue.bytes()))
            .number("reconnects", inner.session.reconnects());
        let object = match inner.session.last_ping_ms() {
            Some(ms) => object.number("last_ping_ms", ms),
            None => object.json_or_null("last_ping_ms", None),
        };
        let object = object.text_or_null("journal", self.books.path());
        let object = match elsewhere {
            Some(names) => {
                object.number("elsewhere", as_number(names.iter().map(|under| under.open).sum()))
            }
            None => object.json_or_null("elsewhere", None),
        };
        Ok(object.end())
    }

    pub(super) fn disconnect(&self) {
        let mut inner = self.lock();
        if inner.ended.is_some() {
            return;
        }
        inner.ended = Some(Ended { linger_until: io::now().mono_ms + LINGER_MS });
        inner.recall_socket(&self.driver);
        inner.link.close();
        inner.events.end();
        self.unlock(inner, true);
        let overdue = self.lock().take_overdue();
        let order = self.lock_journal_order();
        self.write_overdue(overdue, &order);
        self.books.leave();
    }

    /// Ends a turn on a caller's thread; true when the I/O thread must be kicked, because it would come too late by
    /// itself.
    pub(super) fn after_turn(&self, inner: &mut Inner) -> bool {
        emit_events(inner);
        inner.is_late()
    }

    /// After a panic: gives up the connection, so that whatever was on it is found out.
    pub(super) fn recover_with(&self, inner: &mut Inner, now: Now) {
        inner.link.drop_now();
        let message = "a bug in the library: a panic was caught";
        inner.session.on_lost(Fault::new(Status::Internal, Stage::Receive, message), now);
        emit_events(inner);
    }
}

/// Hands the session's events to those they are for.
fn emit_events(inner: &mut Inner) {
    let looks = inner.session.take_looked_at();
    if !looks.is_empty() {
        inner.unwritten.add_looks(looks);
    }
    while let Some(event) = inner.session.next_event() {
        let lines = inner.diary.lines_for(&event);
        inner.log_lines.extend(lines.into_iter().flatten());
        let outgoing = inner.events.emit(event);
        if outgoing.outcome_of_order().is_some() {
            inner.unwritten.add_outcome(&outgoing);
        }
    }
    inner.wake_borrower_of_lost_socket();
}

fn as_number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Driven for Shared {
    fn drive(&self, reactor: &mut Reactor<'_>, cause: Cause, now: Now) -> Turn {
        let mut inner = self.lock();
        if inner.ended.is_some() {
            return inner.linger(now);
        }
        let mut more = false;
        let is_check_due = inner.socket_loan.is_check_due(now);
        match cause {
            Cause::Found(found) => {
                if let Err(fault) = inner.link.on_found(found, now.mono_ms) {
                    inner.session.on_lost(fault, now);
                }
                let stage = inner.link.stage();
                inner.session.on_stage(stage);
            }
            Cause::Jumped => inner.session.on_clock_jump(now),
            Cause::Ready | Cause::Due => more = inner.on_ready(now),
            Cause::Kicked if inner.link.has_unread() || is_check_due => more = inner.on_ready(now),
            Cause::Kicked => {}
        }
        if let Err(fault) = inner.link.on_due(now.mono_ms) {
            inner.session.on_lost(fault, now);
        }
        if is_check_due {
            inner.check_loan(now, &self.driver);
        }
        inner.session.on_time(now);
        inner.pump(Some(reactor), now);
        emit_events(&mut inner);
        inner.armed = inner.due();
        let turn = if more { self.turn_with_more(&inner, now) } else { Turn::Until(inner.armed) };
        self.unlock(inner, false);
        turn
    }

    fn recover(&self, now: Now) {
        let mut inner = self.lock();
        self.recover_with(&mut inner, now);
        self.unlock(inner, false);
    }

    fn end(&self) {
        self.disconnect();
    }
}
