//! The state behind a terminal, and how callers and the I/O thread take turns at it.
//!
//! One lock guards a terminal. It is held for as long as it takes to step the session and to hand bytes to the socket,
//! which never blocks; never while waiting, and never while the journal writes.

use std::ffi::c_void;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mio::Token;

use super::Delivery;
use super::books::{Books, OpenInMemory};
use super::diary;
use super::inner::{Call, Ended, Inner, ended};
use super::queue::{EventQueue, Queued};
use super::wait::Wait;
use crate::config::{Address, Config, Validation};
use crate::error::{Error, Fault, Result, Stage, Status};
use crate::event::{Event, EventKind};
use crate::io::{self, Cause, Driven, Driver, Link, Reactor, Turn};
use crate::journal::{Journal, OpenUnder, SqliteJournal, Volatile};
use crate::json::Object;
use crate::process;
use crate::protocol::{self, Defaults, Outcome, Request};
use crate::session::{Attempt, LinkState, Now, Restored, Rng, Session, Settings};

/// How long a terminal may take to say goodbye, in milliseconds.
const LINGER_MS: u64 = 1_000;

pub(super) struct Shared {
    url: String,
    app_id: Option<String>,
    validation: Validation,
    max_in_flight: usize,
    books: Books,
    pub(super) driver: Arc<Driver>,
    pub(super) token: Token,
    inner: Mutex<Inner>,
    /// Recording an outcome and acknowledging one take turns, so that only what was told is acknowledged. Held while
    /// the journal writes; taken before `inner`, never while holding it.
    pen: Mutex<()>,
    /// Second looks are done that the journal does not know of yet.
    has_looked: AtomicBool,
    /// The journal could not be written once: it may lack outcomes.
    is_behind: AtomicBool,
    /// Who waits in `poll` without the socket.
    pub(super) ready: Condvar,
}

/// Differs between handles, processes (a forked child included) and machines.
fn fresh_seed(now: Now) -> u64 {
    RandomState::new().hash_one((
        std::process::id(),
        process::generation(),
        now.wall_ms,
        Instant::now(),
    ))
}

/// What a terminal starts with; used again when the I/O thread ends in that moment.
struct Beginning {
    config: Config,
    address: Address,
    books: Books,
    restored: Vec<Restored>,
    retold: Vec<Event>,
    now: Now,
}

impl Beginning {
    fn new(config: Config) -> Result<Self> {
        let address = config.check()?;
        let now = io::now();
        let books = open_books(&config, now)?;
        let (restored, retold) = books.restore(now.wall_ms)?;
        warn_of_orders_elsewhere(&books)?;
        Ok(Beginning { config, address, books, restored, retold, now })
    }

    fn session(&self, seed: u64) -> Session {
        let mut session = Session::new(Settings::from(&self.config), seed, self.now);
        for order in &self.restored {
            let mut order = order.clone();
            if order.answer_within_ms == 0 {
                // Written by a version that did not note it.
                order.answer_within_ms = session.answer_within_ms(&order.request, None);
            }
            session.restore(order, self.now);
        }
        session
    }

    fn queue(&self) -> EventQueue {
        let most = usize::try_from(self.config.max_queue_bytes).unwrap_or(usize::MAX);
        let mut queue = EventQueue::new(most);
        for event in &self.retold {
            queue.push(Queued { event: event.clone(), is_recorded: true });
        }
        queue
    }

    fn shared(&self, driver: &Arc<Driver>) -> Shared {
        let config = &self.config;
        let seed = fresh_seed(self.now);
        let watch = driver.new_watch();
        let token = watch.token();
        let (most, patience) = (config.max_message_bytes, config.connect_timeout_ms);
        let link = Link::new(self.address.clone(), most, patience, watch);
        let id_prefix = Rng::new(seed).next_u64();
        Shared {
            url: config.url.clone(),
            app_id: config.app_id.clone(),
            validation: config.validation,
            max_in_flight: usize::try_from(config.max_in_flight).unwrap_or(usize::MAX),
            books: self.books.clone(),
            driver: Arc::clone(driver),
            token,
            inner: Mutex::new(Inner::new(self.session(seed), link, self.queue(), id_prefix)),
            pen: Mutex::new(()),
            has_looked: AtomicBool::new(false),
            is_behind: AtomicBool::new(false),
            ready: Condvar::new(),
        }
    }
}

impl Shared {
    pub(super) fn start(config: Config) -> Result<Arc<Shared>> {
        let beginning = Beginning::new(config)?;
        loop {
            let driver = io::driver()?;
            let shared = Arc::new(beginning.shared(&driver));
            // Refused when a shutdown has just ended that thread: then a new one is started.
            if driver.add(shared.token, Arc::clone(&shared) as Arc<dyn Driven>) {
                return Ok(shared);
            }
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the lock, wakes the I/O thread when it must come, and then tells the log what has happened: that may
    /// take as long as the host likes.
    pub(super) fn unlock(&self, mut inner: MutexGuard<'_, Inner>, must_kick: bool) {
        let lines = std::mem::take(&mut inner.to_say);
        drop(inner);
        if must_kick {
            self.driver.kick(self.token);
        }
        diary::say(&self.url, lines);
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
        call: Option<&mut Wait<'_>>,
    ) -> Result<()> {
        let timeout_ms = timeout.map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX / 4));
        let is_order = request.is_order();
        let warnings = protocol::warnings(&request);
        let mut attempt = Attempt::First;
        if is_order {
            let answer_within_ms = self.reserve(&request, timeout_ms)?;
            self.write_down_looks();
            match self.books.begin(&request, answer_within_ms, io::now().wall_ms) {
                Ok(begun) => attempt = begun,
                Err(error) => {
                    self.lock().release(&request);
                    return Err(error);
                }
            }
        }
        let mut inner = self.lock();
        let now = io::now();
        inner.release(&request);
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
            inner.to_say.push((log::Level::Info, format!("{what} is taken")));
        }
        if !warnings.is_empty() {
            let number = request.merchant_order_no.as_deref();
            let what = diary::named(&request.topic, number, &request.request_id);
            let line = |warning| (log::Level::Warn, format!("{what}: {warning}"));
            inner.to_say.extend(warnings.into_iter().map(line));
        }
        if let Some(wait) = call {
            inner.calls.insert(request.request_id.clone(), Call::default());
            // Before the request leaves: its answer may be faster than the next line. Where the log comes in between,
            // the I/O thread watches until it is done.
            if inner.to_say.is_empty() {
                wait.watch(&mut inner);
            }
        }
        inner.session.submit(request, timeout_ms, attempt, now);
        inner.pump(None, now);
        let is_late = self.after_turn(&mut inner);
        self.unlock(inner, is_late);
        Ok(())
    }

    /// Holds the order's number and id while the journal writes them. Gives how long its answer is waited for.
    fn reserve(&self, order: &Request, timeout_ms: Option<u64>) -> Result<u64> {
        let mut inner = self.lock();
        inner.may_take(self.max_in_flight)?;
        // A journal knows more of whoever used the number before, and tells it when the order is begun.
        if self.books.path().is_none() {
            inner.session.check_unused(order)?;
        }
        let is_held = inner.reserved.iter().any(|(id, number)| {
            *id == order.request_id || (number.is_some() && *number == order.merchant_order_no)
        });
        if is_held {
            let message =
                "biz_data.merchant_order_no or request_id: being sent by another thread right now";
            return Err(Error::new(Status::Duplicate, message));
        }
        inner.reserved.push((order.request_id.clone(), order.merchant_order_no.clone()));
        Ok(inner.session.answer_within_ms(order, timeout_ms))
    }

    /// Second looks that are done go into the journal with whatever is written next. One that is not written is only
    /// taken once more.
    fn write_down_looks(&self) {
        if !self.has_looked.swap(false, Ordering::AcqRel) {
            return;
        }
        let looked = std::mem::take(&mut self.lock().looked);
        if let Err(error) = self.books.looked(&looked) {
            log::warn!("a second look could not be written to the journal: {error}");
            self.lock().looked.extend(looked);
            self.has_looked.store(true, Ordering::Release);
        }
    }

    /// Writes down what the event says, then hands it out. An outcome that cannot be written is told all the same: the
    /// till must learn it now, and [`Shared::acknowledge`] tries again.
    pub(super) fn deliver(self: &Arc<Self>, mut queued: Queued) -> Delivery {
        let is_precious = queued.event.kind.is_precious();
        let pen = is_precious.then(|| self.pen.lock().unwrap_or_else(PoisonError::into_inner));
        if is_truth(&queued) {
            self.lock().delivering.push(queued.clone());
        }
        if is_precious {
            self.write_down_looks();
        }
        let recorded = if queued.is_recorded { Ok(()) } else { self.books.record(&queued.event) };
        if !queued.is_recorded && is_of_an_order(&queued.event.kind) {
            self.note_record(&queued.event, recorded.is_ok());
        }
        queued.is_recorded = recorded.is_ok();
        drop(pen);
        if let Err(error) = recorded {
            log::error!("an outcome could not be written to the journal: {error}");
        }
        Delivery::new(self, queued)
    }

    /// Notes which outcomes the journal still lacks.
    fn note_record(&self, event: &Event, is_written: bool) {
        if is_written && !self.is_behind.load(Ordering::Acquire) {
            return;
        }
        let mut inner = self.lock();
        if is_written {
            inner.unwritten.forget(event);
        } else {
            inner.unwritten.keep(event);
            self.is_behind.store(true, Ordering::Release);
        }
    }

    /// The caller has it now.
    pub(super) fn delivered(&self, queued: &Queued) {
        if is_truth(queued) {
            self.lock().no_longer_delivering(queued);
        }
    }

    pub(super) fn put_back(&self, queued: Queued) {
        let mut inner = self.lock();
        inner.no_longer_delivering(&queued);
        if inner.ended.is_none() {
            inner.queue.put_back(queued);
            inner.show_readiness();
            inner.ring();
            self.ready.notify_all();
        }
    }

    pub(super) fn wake(&self) -> Result<()> {
        let mut inner = self.lock_live()?;
        if inner.wakes.waiting == 0 {
            inner.wakes.for_the_next = true;
        } else {
            inner.wakes.round += 1;
            self.wake_all(&mut inner);
        }
        Ok(())
    }

    fn wake_all(&self, inner: &mut Inner) {
        inner.ring();
        self.ready.notify_all();
        inner.calls.values().for_each(Call::wake);
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
        if inner.signal.is_none() {
            let signal = io::ReadySignal::new().map_err(|error| {
                Error::new(Status::Internal, format!("nothing to wait on can be made: {error}"))
            })?;
            inner.signal = Some(signal);
            // Whoever waits for the descriptor waits for the I/O thread to notice.
            inner.fetch_home(&self.driver);
            inner.show_readiness();
        }
        inner.signal.as_ref().map(of).ok_or_else(ended)
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
            .number("events_waiting", as_number(inner.queue.len()))
            .number("events_dropped", inner.queue.dropped())
            .number("bytes_waiting", as_number(inner.queue.bytes()))
            .number("reconnects", inner.session.reconnects());
        let object = match inner.session.last_ping_ms() {
            Some(ms) => object.number("last_ping_ms", ms),
            None => object.json_or_null("last_ping_ms", None),
        };
        let elsewhere = elsewhere.map(|elsewhere| as_json(&elsewhere));
        let object = object.text_or_null("journal", self.books.path());
        Ok(object.json_or_null("elsewhere", elsewhere.as_deref()).end())
    }

    pub(super) fn pending(&self) -> Result<String> {
        let memory = {
            let inner = self.lock_live()?;
            // What is put back into the queue may be older than what could not be written since.
            let unwritten =
                |queued: &&Queued| inner.unwritten.of(queued.event.request_id()).is_none();
            let waiting = inner.queue.precious().filter(unwritten).map(|queued| &queued.event);
            OpenInMemory::take(
                inner.session.open_requests(),
                inner.unwritten.events().chain(waiting),
            )
        };
        self.books.pending(memory)
    }

    /// What is acknowledged is what the till was told. The truth about an unknown order that still waits to be fetched,
    /// or is just being handed out, is owed to it: covered by the acknowledgement of the "unknown" before it, it would be lost with this process.
    pub(super) fn acknowledge(&self, request_id: &str) -> Result<()> {
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_owed = {
            let inner = self.lock_live()?;
            let mut precious = inner.queue.precious();
            inner.delivering.iter().any(|queued| is_about(queued, request_id))
                || precious.any(|queued| {
                    queued.is_recorded && is_truth(queued) && is_about(queued, request_id)
                })
        };
        if is_owed {
            return Ok(());
        }
        self.write_down_looks();
        self.write_if_unwritten(request_id, |queued| !is_truth(queued))?;
        match self.books.acknowledge(request_id, io::now().wall_ms) {
            Err(error) if error.status() == Status::Argument => {
                // Requests that move no money are in no book; there is nothing to keep of them once they have completed.
                if self.lock_live()?.session.has_completed(request_id) {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            other => other,
        }
    }

    pub(super) fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        note: Option<&str>,
    ) -> Result<()> {
        self.write_if_unwritten(request_id, |_| true)?;
        self.books.resolve(request_id, outcome, note, io::now().wall_ms)?;
        self.lock_live()?.session.forget_unknown(request_id);
        Ok(())
    }

    /// The newest outcome that was handed out and is not in the journal yet is written before anything builds on it; so
    /// is what waits to be handed out and `counts`.
    fn write_if_unwritten(&self, request_id: &str, counts: fn(&Queued) -> bool) -> Result<()> {
        let unwritten: Vec<Event> = {
            let inner = self.lock_live()?;
            let waiting = inner.queue.precious().filter(|queued| {
                !queued.is_recorded && counts(queued) && is_about(queued, request_id)
            });
            let waiting = waiting.map(|queued| &queued.event);
            inner.unwritten.of(request_id).into_iter().chain(waiting).cloned().collect()
        };
        for event in &unwritten {
            self.books.record(event)?;
        }
        if !unwritten.is_empty() {
            let mut inner = self.lock();
            unwritten.iter().for_each(|event| inner.unwritten.forget(event));
            for queued in inner.queue.precious_mut() {
                queued.is_recorded |= unwritten.contains(&queued.event);
            }
        }
        Ok(())
    }

    pub(super) fn disconnect(&self) {
        let mut inner = self.lock();
        if inner.ended.is_some() {
            return;
        }
        inner.ended = Some(Ended { linger_until: io::now().mono_ms + LINGER_MS });
        inner.fetch_home(&self.driver);
        inner.link.close();
        inner.signal = None;
        self.wake_all(&mut inner);
        self.unlock(inner, true);
        self.write_down_looks();
        self.books.leave();
    }

    /// Ends a turn on a caller's thread; true when the I/O thread must be kicked, because it would come too late by
    /// itself.
    pub(super) fn after_turn(&self, inner: &mut Inner) -> bool {
        self.tell(inner);
        inner.is_late()
    }

    /// After a panic: gives up the connection, so that whatever was on it is found out.
    pub(super) fn recover_with(&self, inner: &mut Inner, now: Now) {
        inner.link.drop_now();
        let message = "a bug in the library: a panic was caught";
        inner.session.on_lost(Fault::new(Status::Internal, Stage::Receive, message), now);
        self.tell(inner);
    }

    /// Hands the session's events to who waits for them.
    fn tell(&self, inner: &mut Inner) {
        let looked = inner.session.take_looked_at();
        if !looked.is_empty() {
            inner.looked.extend(looked);
            self.has_looked.store(true, Ordering::Release);
        }
        let (mut has_new, mut is_answered) = (false, false);
        while let Some(event) = inner.session.next_event() {
            inner.to_say.extend(diary::line_for(&event));
            let waiting = match &event.kind {
                EventKind::Completed(done) => inner.calls.get_mut(&done.request_id),
                _ => None,
            };
            let queued = Queued { event, is_recorded: false };
            match waiting {
                Some(call) => {
                    call.done = Some(queued);
                    call.wake();
                    is_answered = true;
                }
                None => {
                    inner.queue.push(queued);
                    has_new = true;
                }
            }
        }
        if has_new {
            inner.show_readiness();
            if inner.wakes.polls > 0 {
                self.ready.notify_all();
            }
        }
        if has_new || is_answered {
            inner.ring();
        }
        inner.look_after_the_watcher();
    }
}

fn open_books(config: &Config, now: Now) -> Result<Books> {
    let journal: Arc<dyn Journal> = match &config.journal {
        Some(path) => SqliteJournal::open_shared(path, config.journal_keep_days, now.wall_ms)?,
        None => Arc::new(Volatile::default()),
    };
    let books =
        Books::new(journal, config.terminal_name()).second_look_after(config.second_look_ms.into());
    books.adopt(&config.former_names(), now.wall_ms)?;
    Ok(books)
}

/// Orders that nobody recovers must not be silent.
fn warn_of_orders_elsewhere(books: &Books) -> Result<()> {
    for OpenUnder { terminal, open } in books.elsewhere()? {
        log::warn!(
            "{open} orders are open in the journal under the terminal \"{terminal}\", which nobody is connected to; \
             if that is a former name or address of this terminal, name it in terminal_was"
        );
    }
    Ok(())
}

fn as_json(elsewhere: &[OpenUnder]) -> String {
    let each = |under: &OpenUnder| {
        Object::new().text("terminal", &under.terminal).number("open", as_number(under.open)).end()
    };
    format!("[{}]", elsewhere.iter().map(each).collect::<Vec<_>>().join(","))
}

fn as_number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn is_truth(queued: &Queued) -> bool {
    matches!(queued.event.kind, EventKind::Clarified(_))
}

/// Whether it carries an outcome that the journal keeps.
fn is_of_an_order(kind: &EventKind) -> bool {
    match kind {
        EventKind::Completed(done) => done.topic == protocol::ORDER,
        kind => matches!(kind, EventKind::Clarified(_)),
    }
}

/// Whether it is the outcome of this order.
fn is_about(queued: &Queued, request_id: &str) -> bool {
    is_of_an_order(&queued.event.kind) && queued.event.request_id() == request_id
}

impl Driven for Shared {
    fn drive(&self, reactor: &mut Reactor<'_>, cause: Cause, now: Now) -> Turn {
        let mut inner = self.lock();
        if inner.ended.is_some() {
            return inner.linger(now);
        }
        let mut more = false;
        let is_stay_over = inner.is_stay_over(now);
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
            Cause::Kicked if inner.link.has_unread() || is_stay_over => more = inner.on_ready(now),
            Cause::Kicked => {}
        }
        if let Err(fault) = inner.link.on_due(now.mono_ms) {
            inner.session.on_lost(fault, now);
        }
        if is_stay_over {
            inner.look_after_the_stay(now, &self.driver);
        }
        inner.session.on_time(now);
        inner.pump(Some(reactor), now);
        self.tell(&mut inner);
        inner.armed = inner.due();
        let turn = if more { Turn::Again } else { Turn::Until(inner.armed) };
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
