//! The host's log callback, behind the `log` crate's facade.

use std::ffi::{CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{PoisonError, RwLock};

use log::{LevelFilter, Log, Metadata, Record};

use crate::error::{Error, Result, Status};
use crate::process::PerProcess;

use super::guard;

/// What the host gave to be called.
pub(super) type Callback =
    unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void);

struct Target {
    callback: Callback,
    user_data: *mut c_void,
    level: LevelFilter,
}

// SAFETY: the header tells the host that the callback comes from any thread; the pointer is only handed back to it.
unsafe impl Send for Target {}
// SAFETY: as for Send.
unsafe impl Sync for Target {}

/// Read-locked while a callback runs, so that whoever replaces it waits until none is running.
static TARGET: PerProcess<RwLock<Option<Target>>> =
    PerProcess::new(RwLock::new(None), || RwLock::new(None));

/// Replaces the callback; none ends it. Afterwards the one before is not running and will not be called.
pub(super) fn set(
    callback: Option<Callback>,
    user_data: *mut c_void,
    max_level: i32,
) -> Result<Status> {
    let level = level_filter(max_level)?;
    install()?;
    let target = callback.map(|callback| Target { callback, user_data, level });
    let wanted = target.as_ref().map_or(LevelFilter::Off, |target| target.level);
    let mut current = TARGET.get().write().unwrap_or_else(PoisonError::into_inner);
    *current = target;
    log::set_max_level(wanted);
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

impl Log for Facade {
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
    let current = TARGET.get().read().unwrap_or_else(PoisonError::into_inner);
    let Some(target) = current.as_ref().filter(|target| record.level() <= target.level) else {
        return;
    };
    let message = CString::new(record.args().to_string()).unwrap_or_default();
    let level = record.level() as i32;
    // SAFETY: the host promised that callback and user_data may be used until they are replaced, and whoever replaces
    // them waits for the read lock held here. The message ends with a NUL and outlives the call.
    guard::during_log_callback(|| unsafe {
        (target.callback)(level, message.as_ptr(), target.user_data);
    });
}
