//! The I/O thread. It starts with the first terminal, sleeps until a socket, a deadline or a caller wants something,
//! and ends with [`shutdown`].

#![forbid(unsafe_code)]

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};

use super::borrow::Bell;
use super::clock::{self, JumpWatch};
use super::end::{End, Ending};
use super::lookup::{Found, Lookups};
use super::socket::Watch;
use super::{pin, thread};
use crate::error::{Error, Result, Status};
use crate::log_line;
use crate::process::PerProcess;
use crate::session::Now;

const WAKE: Token = Token(0);
#[cfg(target_os = "linux")]
const JUMP: Token = Token(1);
/// Bells kept for the next who wait: each is a descriptor, of which a host may need all it can have.
const BELLS_KEPT: usize = 16;

const FIRST: usize = 2;

/// Something the I/O thread drives: a terminal.
pub trait Driven: Send + Sync {
    /// Something happened; do what there is to do, without blocking.
    fn drive(&self, reactor: &mut Reactor<'_>, cause: Cause, now: Now) -> Turn;

    /// [`Driven::drive`] panicked: put things into a state in which nothing is lost.
    fn recover(&self, now: Now);

    /// The library is shutting down: end, with a closing handshake where there is a connection.
    fn end(&self);
}

/// Why a terminal is driven.
#[derive(Debug, Clone)]
pub enum Cause {
    /// A caller asks for it.
    Kicked,
    /// Its socket may be read or written.
    Ready,
    /// Its deadline has come, or it asked to go on.
    Due,
    /// Its name was looked up.
    Found(Found),
    /// The machine slept, or its clock was set.
    Jumped,
}

/// What a terminal says after it was driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Come back when the socket is ready, or at this moment.
    Until(Option<u64>),
    /// There is more to do; come back when the others had their turn.
    Again,
    /// It has ended and is to be forgotten.
    Ended,
}

/// What a terminal may ask of the I/O thread while it is driven.
pub struct Reactor<'a> {
    lookups: &'a mut Lookups,
    mailbox: &'a Arc<Mailbox>,
    token: Token,
}

impl Reactor<'_> {
    /// Looks a name up; [`Cause::Found`] follows.
    pub fn look_up(&mut self, host: &str, port: u16) {
        self.lookups.start(host, port, self.token, self.mailbox);
    }
}

pub(super) enum Command {
    Add(Token, Arc<dyn Driven>),
    Kick(Token),
    Found { name: (String, u16), found: Found },
    Stop,
}

/// What others leave for the I/O thread.
pub(super) struct Mailbox {
    /// None once the I/O thread has ended.
    commands: Mutex<Option<Vec<Command>>>,
    /// A wake-up is under way: no need for another system call.
    is_rung: AtomicBool,
    waker: Waker,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailbox")
    }
}

impl Mailbox {
    /// False when the I/O thread has ended: nobody will see to it.
    pub(super) fn post(&self, command: Command) -> bool {
        match &mut *lock(&self.commands) {
            Some(commands) => commands.push(command),
            None => return false,
        }
        if !self.is_rung.swap(true, Ordering::AcqRel)
            && let Err(error) = self.waker.wake()
        {
            log_line_later!(log::Level::Error, "the I/O thread cannot be woken: {error}");
        }
        true
    }

    fn take(&self) -> Vec<Command> {
        self.is_rung.store(false, Ordering::Release);
        lock(&self.commands).as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes nothing more, unless something has come that is not seen to.
    fn close(&self) -> bool {
        lock(&self.commands).take_if(|commands| commands.is_empty()).is_some()
    }
}

/// The callers' end of the I/O thread.
pub struct Driver {
    mailbox: Arc<Mailbox>,
    registry: Arc<mio::Registry>,
    next_token: AtomicUsize,
    /// Bells that no thread waits with just now.
    bells: Mutex<Vec<Arc<Bell>>>,
    /// It gives the look-ups that are still under way.
    thread: Mutex<Option<JoinHandle<Lookups>>>,
    ending: Arc<Ending>,
}

impl Driver {
    /// Where the sockets of a terminal are watched that [`Driver::add`] will announce.
    pub fn new_watch(&self) -> Watch {
        let token = Token(self.next_token.fetch_add(1, Ordering::Relaxed));
        Watch::new(Arc::clone(&self.registry), token)
    }

    /// A bell to wait with, where there are any.
    pub fn take_bell(&self) -> Option<Arc<Bell>> {
        lock(&self.bells).pop().or_else(|| Bell::new().map(Arc::new))
    }

    /// The wait is over; the bell is hushed.
    pub fn keep_bell(&self, bell: Arc<Bell>) {
        let mut bells = lock(&self.bells);
        if bells.len() < BELLS_KEPT {
            bells.push(bell);
        }
    }

    /// Hands a terminal over. False when the I/O thread has ended and nobody would drive it.
    pub fn add(&self, token: Token, driven: Arc<dyn Driven>) -> bool {
        self.mailbox.post(Command::Add(token, driven))
    }

    /// Has a terminal driven soon.
    pub fn kick(&self, token: Token) {
        self.mailbox.post(Command::Kick(token));
    }

    fn start() -> std::io::Result<Driver> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let mailbox = Arc::new(Mailbox {
            commands: Mutex::new(Some(Vec::new())),
            is_rung: AtomicBool::new(false),
            waker,
        });
        let registry = Arc::new(poll.registry().try_clone()?);
        let driven = Loop::new(poll, Arc::clone(&mailbox))?;
        let ending = Arc::new(Ending::default());
        let its = Arc::clone(&ending);
        let thread = thread::spawn("ecrhub-io", move || {
            let _tells = its.of_this_thread();
            driven.run()
        })?;
        let next_token = AtomicUsize::new(FIRST);
        Ok(Driver {
            mailbox,
            registry,
            next_token,
            bells: Mutex::new(Vec::new()),
            thread: Mutex::new(Some(thread)),
            ending,
        })
    }
}

type Slot = Mutex<Option<Arc<Driver>>>;

/// A forked child has no I/O thread of its parent's, and starts its own.
static DRIVER: PerProcess<Slot> = PerProcess::new(Mutex::new(None), || Mutex::new(None));

/// The process's I/O thread, started if there is none.
pub fn driver() -> Result<Arc<Driver>> {
    let mut slot = lock(DRIVER.get());
    if let Some(driver) = &*slot {
        return Ok(Arc::clone(driver));
    }
    let driver = Driver::start().map(Arc::new).map_err(|error| {
        Error::new(Status::Internal, format!("the I/O thread cannot be started: {error}"))
    })?;
    *slot = Some(Arc::clone(&driver));
    Ok(driver)
}

/// Ends every terminal and the I/O thread, and waits until all of it is gone, but for name look-ups under way; see
/// [`Lookups::abandon`].
pub fn shutdown() {
    let driver = lock(DRIVER.get()).take();
    let Some(driver) = driver else { return };
    driver.mailbox.post(Command::Stop);
    let thread = lock(&driver.thread).take();
    if driver.ending.wait() == End::Lost {
        // It stands in code of the library's, which must stay where it is.
        if !pin::stay_loaded() {
            log_line!(
                log::Level::Error,
                "the I/O thread is lost, and the library must not be unloaded"
            );
        }
        return;
    }
    match thread.map(JoinHandle::join) {
        Some(Ok(lookups)) => lookups.abandon(),
        Some(Err(_)) => log_line!(log::Level::Error, "the I/O thread panicked"),
        None => {}
    }
}

struct Entry {
    driven: Arc<dyn Driven>,
    due: Option<u64>,
}

struct Loop {
    poll: Poll,
    mailbox: Arc<Mailbox>,
    lookups: Lookups,
    entries: HashMap<Token, Entry>,
    timers: BTreeSet<(u64, Token)>,
    again: Vec<Token>,
    jumps: JumpWatch,
    #[cfg(target_os = "linux")]
    alarm: Option<clock::JumpAlarm>,
    is_stopping: bool,
}

impl Loop {
    fn new(poll: Poll, mailbox: Arc<Mailbox>) -> std::io::Result<Loop> {
        #[cfg(target_os = "linux")]
        let alarm = clock::JumpAlarm::new();
        #[cfg(target_os = "linux")]
        if let Some(alarm) = &alarm {
            let mut source = mio::unix::SourceFd(&alarm.raw());
            poll.registry().register(&mut source, JUMP, mio::Interest::READABLE)?;
        }
        Ok(Loop {
            poll,
            mailbox,
            lookups: Lookups::default(),
            entries: HashMap::new(),
            timers: BTreeSet::new(),
            again: Vec::new(),
            jumps: JumpWatch::default(),
            #[cfg(target_os = "linux")]
            alarm,
            is_stopping: false,
        })
    }

    fn run(mut self) -> Lookups {
        let mut events = Events::with_capacity(256);
        while !(self.is_stopping && self.entries.is_empty() && self.mailbox.close()) {
            let timeout = self.timeout();
            if let Err(error) = self.poll.poll(&mut events, timeout)
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                log_line!(log::Level::Error, "waiting for sockets failed: {error}");
                std::thread::sleep(Duration::from_millis(100));
            }
            let now = clock::now();
            self.look_at_the_clock(now);
            for command in self.mailbox.take() {
                self.obey(command, now);
            }
            for event in &events {
                match event.token() {
                    WAKE => {}
                    #[cfg(target_os = "linux")]
                    JUMP => self.rearm(),
                    token => self.drive(token, Cause::Ready, now),
                }
            }
            for token in std::mem::take(&mut self.again) {
                self.drive(token, Cause::Due, now);
            }
            self.drive_due(now);
            log_line::say_kept();
        }
        self.lookups
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let due = self
            .timers
            .first()
            .map(|(due, _)| Duration::from_millis(due.saturating_sub(clock::now().mono_ms)));
        #[cfg(not(target_os = "linux"))]
        if !self.entries.is_empty() {
            return Some(due.map_or(clock::LOOK_AGAIN, |due| due.min(clock::LOOK_AGAIN)));
        }
        due
    }

    fn look_at_the_clock(&mut self, now: Now) {
        if self.jumps.jumped() {
            log_line!(log::Level::Info, "the clock jumped: checking every connection");
            let tokens: Vec<Token> = self.entries.keys().copied().collect();
            for token in tokens {
                self.drive(token, Cause::Jumped, now);
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn rearm(&mut self) {
        if self.alarm.as_ref().is_some_and(|alarm| !alarm.arm()) {
            log_line!(log::Level::Warn, "clock jumps will be noticed late");
            self.alarm = None;
        }
    }

    fn obey(&mut self, command: Command, now: Now) {
        match command {
            Command::Add(token, driven) => {
                if self.is_stopping {
                    driven.end();
                }
                self.entries.insert(token, Entry { driven, due: None });
                self.drive(token, Cause::Kicked, now);
            }
            Command::Kick(token) => self.drive(token, Cause::Kicked, now),
            Command::Found { name, found } => {
                for token in self.lookups.finish(&name) {
                    self.drive(token, Cause::Found(found.clone()), now);
                }
            }
            Command::Stop => self.stop(now),
        }
    }

    fn stop(&mut self, now: Now) {
        self.is_stopping = true;
        let tokens: Vec<Token> = self.entries.keys().copied().collect();
        for token in tokens {
            if let Some(entry) = self.entries.get(&token) {
                entry.driven.end();
            }
            self.drive(token, Cause::Kicked, now);
        }
    }

    fn drive_due(&mut self, now: Now) {
        while let Some(&(due, token)) = self.timers.first() {
            if due > now.mono_ms {
                break;
            }
            self.timers.remove(&(due, token));
            if let Some(entry) = self.entries.get_mut(&token) {
                entry.due = None;
            }
            self.drive(token, Cause::Due, now);
        }
    }

    fn drive(&mut self, token: Token, cause: Cause, now: Now) {
        let Some(entry) = self.entries.get(&token) else { return };
        let driven = Arc::clone(&entry.driven);
        let mut reactor = Reactor { lookups: &mut self.lookups, mailbox: &self.mailbox, token };
        // A bug in one terminal's code must not take the others down.
        let turn = catch_unwind(AssertUnwindSafe(|| driven.drive(&mut reactor, cause, now)));
        let turn = turn.unwrap_or_else(|_| {
            log_line!(log::Level::Error, "a panic on the I/O thread was caught");
            match catch_unwind(AssertUnwindSafe(|| driven.recover(now))) {
                Ok(()) => Turn::Again,
                Err(_) => Turn::Ended,
            }
        });
        self.keep(token, turn);
    }

    fn keep(&mut self, token: Token, turn: Turn) {
        let Some(entry) = self.entries.get_mut(&token) else { return };
        let due = match turn {
            Turn::Until(due) => due,
            Turn::Again => {
                self.again.push(token);
                return;
            }
            Turn::Ended => None,
        };
        if entry.due != due {
            if let Some(old) = entry.due {
                self.timers.remove(&(old, token));
            }
            if let Some(new) = due {
                self.timers.insert((new, token));
            }
            entry.due = due;
        }
        if turn == Turn::Ended {
            self.entries.remove(&token);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
