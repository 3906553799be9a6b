//! The host's log callback, behind the `log` crate's facade.

use std::ffi::{CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use log::{LevelFilter, Metadata, Record};

use crate::error::{Error, Result, Status};
use crate::process::PerProcess;

use super::{guard, held};

/// What the host gave to be called.
pub(super) type Callback =
    unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void);

#[derive(Clone, Copy)]
struct Target {
    callback: Callback,
    user_data: *mut c_void,
    level: LevelFilter,
}

// SAFETY: the header tells the host that the callback comes from any thread; the pointer is only handed back to it.
unsafe impl Send for Target {}

struct State {
    target: Option<Target>,
    /// How often it has been replaced.
    generation: u64,
    /// Callbacks of this one that have not returned.
    running: usize,
    /// The same of those before it.
    running_before: usize,
}

struct Log {
    state: Mutex<State>,
    /// None of those before is running.
    replaced: Condvar,
}

impl Log {
    const fn new() -> Self {
        let state = State { target: None, generation: 0, running: 0, running_before: 0 };
        Log { state: Mutex::new(state), replaced: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock that is returned is held for reading how many are running, not while they are.
    fn replace(&self, target: Option<Target>) -> MutexGuard<'_, State> {
        let level = target.as_ref().map_or(LevelFilter::Off, |target| target.level);
        let mut state = self.lock();
        log::set_max_level(level);
        state.target = target;
        state.generation += 1;
        state.running_before += std::mem::take(&mut state.running);
        state
    }

    fn begin(&self, level: log::Level) -> Option<(Target, u64)> {
        let mut state = self.lock();
        let target = state.target.filter(|target| level <= target.level)?;
        state.running += 1;
        Some((target, state.generation))
    }

    fn end(&self, generation: u64) {
        let mut state = self.lock();
        if generation == state.generation {
            state.running -= 1;
            return;
        }
        state.running_before -= 1;
        if state.running_before == 0 {
            self.replaced.notify_all();
        }
    }
}

static LOG: PerProcess<Log> = PerProcess::new(Log::new(), Log::new);

/// Replaces the callback; none ends it. Afterwards the one before is not running and will not be called.
pub(super) fn set(
    callback: Option<Callback>,
    user_data: *mut c_void,
    max_level: i32,
) -> Result<Status> {
    let level = level_filter(max_level)?;
    install()?;
    at_exit::notice();
    let log = LOG.get();
    let mut state = log.replace(callback.map(|callback| Target { callback, user_data, level }));
    while state.running_before > 0 {
        state = log.replaced.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    Ok(Status::Ok)
}

fn level_filter(level: i32) -> Result<LevelFilter> {
    let filter = usize::try_from(level).ok().and_then(|level| LevelFilter::iter().nth(level));
    filter.ok_or_else(|| {
        Error::new(
            Status::Argument,
            format!(
                "max_level is {level}; it goes from 0 (nothing) and 1 (errors) to 5 (everything)"
            ),
        )
    })
}

/// Makes the facade ours, once. It cannot be taken back, only left silent.
fn install() -> Result<()> {
    const NOT_YET: u8 = 0;
    const ASKED: u8 = 1;
    const REFUSED: u8 = 2;
    // No Once: in a forked child, one that a thread of the parent had begun would never end.
    static STATE: AtomicU8 = AtomicU8::new(NOT_YET);
    let before = STATE.compare_exchange(NOT_YET, ASKED, Ordering::AcqRel, Ordering::Acquire);
    let refused = match before {
        Ok(_) => log::set_logger(&Facade).is_err(),
        Err(state) => state == REFUSED,
    };
    if refused {
        STATE.store(REFUSED, Ordering::Release);
        return Err(Error::new(
            Status::Unsupported,
            "this Rust program has a logger of its own already",
        ));
    }
    Ok(())
}

struct Facade;

impl log::Log for Facade {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Only our own words: what the WebSocket library logs is the messages themselves.
        metadata.target().split("::").next() == Some("ecrhub")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) && !guard::in_log_callback() {
            // Logging must not end what is being logged, and nothing may unwind into the host's frames below.
            let _ = catch_unwind(AssertUnwindSafe(|| deliver(record)));
        }
    }

    fn flush(&self) {}
}

fn deliver(record: &Record<'_>) {
    let message = CString::new(record.args().to_string()).unwrap_or_default();
    let Some((target, generation)) = LOG.get().begin(record.level()) else { return };
    let call = held::Call {
        callback: target.callback,
        level: record.level() as i32,
        message: message.as_ptr(),
        user_data: target.user_data,
        generation,
    };
    // SAFETY: the host promised that callback and user_data may be used until they are replaced, and whoever replaces
    // them waits until none is running. The message ends with a NUL and outlives the call.
    guard::during_log_callback(|| unsafe { held::call(&call, on_held) });
    LOG.get().end(generation);
}

/// This thread does not come back from the callback.
fn on_held(call: &held::Call) {
    LOG.get().end(call.generation);
    crate::io::lose_this_thread();
}

/// The end of the process, where it can be noticed: from then on what a callback uses may be gone.
#[cfg(unix)]
mod at_exit {
    use std::sync::PoisonError;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::{LOG, guard};

    /// A callback that runs just then has this time to return.
    const PATIENCE: Duration = Duration::from_millis(100);

    /// From now on it is noticed. What the host has set up before, it takes down after the log has ended.
    pub(super) fn notice() {
        static IS_NOTICED: AtomicBool = AtomicBool::new(false);
        if !IS_NOTICED.swap(true, Ordering::AcqRel) {
            // SAFETY: `end` needs nothing of the host's. It also runs, and is forgotten, when the library is unloaded.
            // Where it cannot be had, the log ends as the header tells the host to end it.
            let _taken = unsafe { libc::atexit(end) };
        }
    }

    extern "C" fn end() {
        let log = LOG.get();
        let state = log.replace(None);
        if !guard::in_log_callback() {
            let is_running = |state: &mut super::State| state.running_before > 0;
            let waited = log.replaced.wait_timeout_while(state, PATIENCE, is_running);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }
}

#[cfg(not(unix))]
mod at_exit {
    /// The system ends the library's thread before it tells the library of the process's end.
    pub(super) fn notice() {}
}
