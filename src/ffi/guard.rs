//! The one door of the C API.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Result, Status};
use crate::log_line;

use super::last_error;

thread_local! {
    static IN_LOG_CALLBACK: Cell<bool> = const { Cell::new(false) };
    #[cfg(test)]
    static PANIC_NEXT: Cell<bool> = const { Cell::new(false) };
}

/// Does an export's work and makes a status of whatever comes of it. A refusal leaves its message for the thread;
/// success leaves the message of an earlier one as it is.
pub(super) fn enter(work: impl FnOnce() -> Result<Status>) -> i32 {
    let result = if in_log_callback() { Err(inside_callback()) } else { caught(work) };
    let status = result.unwrap_or_else(|error| refuse(&error)).code();
    if !in_log_callback() {
        log_line::say_kept();
    }
    status
}

/// As [`enter`], for reading the last message: it is never replaced by the message about reading it, and may be read
/// inside the log callback too.
pub(super) fn enter_to_read_last_error(work: impl FnOnce() -> Result<Status>) -> i32 {
    caught(work).unwrap_or_else(|error| error.status()).code()
}

/// Runs the host's log callback, during which [`enter`] lets nothing in.
pub(super) fn during_log_callback(callback: impl FnOnce()) {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            IN_LOG_CALLBACK.set(false);
        }
    }
    IN_LOG_CALLBACK.set(true);
    let _leave = Leave;
    callback();
}

/// Whether this thread is inside the host's log callback.
pub(super) fn in_log_callback() -> bool {
    IN_LOG_CALLBACK.get()
}

fn caught(work: impl FnOnce() -> Result<Status>) -> Result<Status> {
    // What a panic left half done is never looked at again without being checked: locks ignore poisoning one by one,
    // where that is justified.
    catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        assert!(!PANIC_NEXT.take(), "a panic for the test");
        work()
    }))
    .unwrap_or_else(|payload| Err(bug(payload.as_ref())))
}

fn refuse(error: &Error) -> Status {
    match error.status() {
        Status::Internal => log_line!(log::Level::Error, "{error}"),
        _ => log_line!(log::Level::Debug, "refused: {error}"),
    }
    // Last, because the log callback may have been refused something meanwhile, in this same thread.
    last_error::set(error.message());
    error.status()
}

fn inside_callback() -> Error {
    Error::new(
        Status::Unsupported,
        "no function may be called from inside the log callback but ecrhub_last_error and those without a status",
    )
}

fn bug(payload: &(dyn Any + Send)) -> Error {
    let what = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no further words");
    Error::new(Status::Internal, format!("a bug in ecrhub, please report it: {what}"))
}

/// The next call of this thread panics inside the door.
#[cfg(test)]
pub(super) fn panic_next() {
    PANIC_NEXT.set(true);
}
