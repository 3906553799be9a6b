//! The boundary's own rules, without a terminal; `tests/c` has the whole contract, in C.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::exports::*;
use super::guard;
use super::json::*;
use crate::error::Status;

fn last_error() -> String {
    let mut buffer = [0x55_u8; 1024];
    let mut length = 0;
    // SAFETY: the buffer is as large as said.
    let status = unsafe { ecrhub_last_error(buffer.as_mut_ptr().cast(), 1024, &raw mut length) };
    assert_eq!(status, Status::Ok.code());
    assert_eq!(buffer[length], 0, "the NUL");
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

type Export = (&'static str, fn() -> i32);

/// Every export with a status, with arguments that would be refused at the latest for their handle.
fn every_export() -> [Export; 18] {
    const TEXT: *const c_char = c"{}".as_ptr();
    // SAFETY: the texts end with a NUL, and the outputs are NULL or writable.
    unsafe {
        [
            ("connect", || ecrhub_connect(c"".as_ptr(), &mut 0)),
            ("disconnect", || ecrhub_disconnect(0)),
            ("shutdown", || ecrhub_shutdown()),
            ("send", || ecrhub_send(0, TEXT, 0, null_mut(), 0, null_mut())),
            ("poll", || ecrhub_poll(0, 0, null_mut(), 0, null_mut())),
            ("call", || ecrhub_call(0, TEXT, 0, null_mut(), 0, null_mut())),
            ("start", || ecrhub_start(0, TEXT, 0, null_mut(), 0, null_mut())),
            ("wait", || ecrhub_wait(0, TEXT, 0, null_mut(), 0, null_mut())),
            ("wake", || ecrhub_wake(0)),
            ("wait_fd", || ecrhub_wait_fd(0, &mut 0)),
            ("wait_handle", || ecrhub_wait_handle(0, &mut null_mut())),
            ("state", || ecrhub_state(0, null_mut(), 0, null_mut())),
            ("pending", || ecrhub_pending(0, null_mut(), 0, null_mut())),
            ("acknowledge", || ecrhub_acknowledge(0, TEXT, c"approved".as_ptr())),
            ("resolve", || ecrhub_resolve(0, TEXT, c"approved".as_ptr(), null())),
            ("json_get", || ecrhub_json_get(TEXT, c"".as_ptr(), null_mut(), 0, null_mut())),
            ("json_set", || ecrhub_json_set(TEXT, c"".as_ptr(), TEXT, null_mut(), 0, null_mut())),
            ("set_log", || ecrhub_set_log(None, null_mut(), 9)),
        ]
    }
}

#[test]
fn a_panic_in_any_function_is_an_internal_error_with_a_text() {
    for (name, call) in every_export() {
        guard::panic_next();
        assert_eq!(call(), Status::Internal.code(), "{name}");
        assert!(last_error().contains("a panic for the test"), "{name}: {}", last_error());
    }
    guard::panic_next();
    // SAFETY: a NULL buffer without a capacity is allowed.
    let status = unsafe { ecrhub_last_error(null_mut(), 0, null_mut()) };
    assert_eq!(status, Status::Internal.code());
}

#[test]
fn no_function_may_be_called_from_inside_the_log_callback() {
    guard::during_log_callback(|| {
        for (name, call) in every_export() {
            assert_eq!(call(), Status::Unsupported.code(), "{name}");
            assert!(last_error().contains("log callback"), "{name}: {}", last_error());
        }
    });
    assert_eq!(ecrhub_wake(0), Status::Handle.code(), "outside of it they may");
}

#[test]
fn a_panic_in_the_log_callback_does_not_shut_the_door_for_ever() {
    let callback = || guard::during_log_callback(|| panic!("as if it came from below"));
    assert!(std::panic::catch_unwind(callback).is_err());
    assert!(!guard::in_log_callback());
}

#[test]
fn a_message_that_is_too_long_is_cut_at_a_characters_boundary() {
    super::last_error::set(&format!("{}é{}", "a".repeat(1022), "b".repeat(100)));
    assert_eq!(last_error(), "a".repeat(1022));
    super::last_error::set(&"é".repeat(5000));
    assert_eq!(last_error().len(), 1022);
}

/// One logger for the process: these tests take turns.
static LOG_TESTS: Mutex<()> = Mutex::new(());
static CALLS: AtomicUsize = AtomicUsize::new(0);
static USER_DATA: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
static LAST_MESSAGE: Mutex<(i32, String)> = Mutex::new((0, String::new()));

unsafe extern "C" fn remember(level: i32, message: *const c_char, user_data: *mut c_void) {
    // SAFETY: the library promises a text that ends with a NUL.
    let message = unsafe { CStr::from_ptr(message) }.to_str().unwrap().to_owned();
    if !message.starts_with("log test") {
        return;
    }
    CALLS.fetch_add(1, Ordering::Relaxed);
    USER_DATA.store(user_data, Ordering::Relaxed);
    *LAST_MESSAGE.lock().unwrap() = (level, message);
}

#[test]
fn the_log_goes_to_the_callback_up_to_its_level_until_it_is_ended() {
    let _turn = LOG_TESTS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut mine = 7;
    for _ in 0..3 {
        CALLS.store(0, Ordering::Relaxed);
        assert_eq!(ecrhub_set_log(Some(remember), (&raw mut mine).cast(), 2), 0);
        log::warn!("log test one");
        log::info!("log test two");
        log::error!(target: "tungstenite::protocol", "log test three");
        assert_eq!(*LAST_MESSAGE.lock().unwrap(), (2, "log test one".to_owned()));
        assert_eq!(
            CALLS.load(Ordering::Relaxed),
            1,
            "neither above the level nor others' messages"
        );
        assert_eq!(USER_DATA.load(Ordering::Relaxed), (&raw mut mine).cast());
        assert_eq!(ecrhub_set_log(None, null_mut(), 5), 0);
        log::error!("log test four");
        assert_eq!(CALLS.load(Ordering::Relaxed), 1, "none after the end");
    }
}

#[test]
fn a_level_that_does_not_exist_is_refused() {
    for level in [-1, 6, i32::MIN, i32::MAX] {
        assert_eq!(ecrhub_set_log(Some(remember), null_mut(), level), Status::Argument.code());
        assert!(last_error().contains(&level.to_string()));
    }
}

#[test]
fn every_status_has_its_name_in_c() {
    let name = |status| {
        // SAFETY: static text.
        unsafe { CStr::from_ptr(ecrhub_status_name(status)) }.to_str().unwrap()
    };
    for status in Status::ALL {
        assert_eq!(name(status.code()), status.name());
    }
    for none in [5, -14, i32::MIN, i32::MAX] {
        assert_eq!(name(none), "ECRHUB_UNKNOWN_STATUS");
    }
}
