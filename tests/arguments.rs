//! Any bytes for any text argument of any exported function: the status is one the header knows, a refusal says why, and
//! nothing is written that should not be.

mod common;

use std::ffi::{CString, c_char};
use std::ptr::{null, null_mut};

use common::*;
// Links the library's exports into this program.
use ecrhub as _;
use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};

// SAFETY: as in include/ecrhub.h, which the header's own test compares with the exports.
unsafe extern "C" {
    fn ecrhub_last_error(buffer: *mut c_char, capacity: usize, out_length: *mut usize) -> i32;
    fn ecrhub_connect(config_json: *const c_char, out_handle: *mut u64) -> i32;
    safe fn ecrhub_disconnect(handle: u64) -> i32;
    fn ecrhub_send(
        handle: u64,
        request: *const c_char,
        timeout_ms: i32,
        buffer: *mut c_char,
        capacity: usize,
        out_length: *mut usize,
    ) -> i32;
    fn ecrhub_poll(
        handle: u64,
        timeout_ms: i32,
        buffer: *mut c_char,
        capacity: usize,
        out_length: *mut usize,
    ) -> i32;
    fn ecrhub_call(
        handle: u64,
        request: *const c_char,
        timeout_ms: i32,
        buffer: *mut c_char,
        capacity: usize,
        out_length: *mut usize,
    ) -> i32;
    fn ecrhub_start(
        handle: u64,
        request: *const c_char,
        timeout_ms: i32,
        buffer: *mut c_char,
        capacity: usize,
        out_length: *mut usize,
    ) -> i32;
    fn ecrhub_wait(
        handle: u64,
        request_id: *const c_char,
        timeout_ms: i32,
        buffer: *mut c_char,
        capacity: usize,
        out_length: *mut usize,
    ) -> i32;
    fn ecrhub_acknowledge(handle: u64, request_id: *const c_char, outcome: *const c_char) -> i32;
    fn ecrhub_json_get(
        json: *const c_char,
        path: *const c_char,
        buffer: *mut c_char,
        capacity: usize,
        out_length: *mut usize,
    ) -> i32;
    fn ecrhub_json_set(
        json: *const c_char,
        path: *const c_char,
        value: *const c_char,
        buffer: *mut c_char,
        capacity: usize,
        out_length: *mut usize,
    ) -> i32;
    fn ecrhub_resolve(
        handle: u64,
        request_id: *const c_char,
        outcome: *const c_char,
        note: *const c_char,
    ) -> i32;
}

const OK: i32 = 0;
const NOTHING: i32 = 4;
const ARGUMENT: i32 = -1;
const HANDLE: i32 = -2;
const CONFIG: i32 = -3;
const JSON: i32 = -4;
const REQUEST: i32 = -5;
const DUPLICATE: i32 = -6;
const TOO_SMALL: i32 = -7;
const JOURNAL: i32 = -9;

fn why() -> String {
    let mut buffer = [0u8; 1_024];
    let mut length = 0;
    // SAFETY: the buffer has the capacity that is said.
    let status =
        unsafe { ecrhub_last_error(buffer.as_mut_ptr().cast(), buffer.len(), &raw mut length) };
    assert_eq!(status, OK);
    String::from_utf8(buffer[..length].to_vec()).expect("UTF-8")
}

/// One of these statuses; a refusal has a text.
fn check(status: i32, allowed: &[i32]) -> Result<(), TestCaseError> {
    prop_assert!(allowed.contains(&status), "status {status}: {}", why());
    if status < 0 {
        prop_assert!(!why().is_empty(), "a refusal says why");
    }
    Ok(())
}

/// What a caller may hand over as a text: NULL, garbage, JSON, and requests with something odd in them.
fn texts() -> impl Strategy<Value = Option<CString>> {
    let bytes = prop::collection::vec(1u8.., 0..120);
    let text = ".{0,80}".prop_map(String::into_bytes);
    let json = prop::collection::vec(("[a-z_]{0,12}", value()), 0..6).prop_map(object);
    let request = (prop::collection::vec((known_field(), value()), 0..6), known_topic()).prop_map(
        |(fields, topic)| {
            let biz_data = String::from_utf8(object(fields)).expect("made of text");
            format!(r#"{{"topic":"{topic}","app_id":"fuzz","biz_data":{biz_data}}}"#).into_bytes()
        },
    );
    let config = prop::collection::vec((known_key(), value()), 0..4).prop_map(object);
    prop_oneof![
        1 => Just(None),
        9 => prop_oneof![bytes, text, json, request, config].prop_map(|bytes| {
            let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0).collect();
            CString::new(bytes).ok()
        }),
    ]
}

fn object(members: Vec<(String, String)>) -> Vec<u8> {
    let members: Vec<String> =
        members.into_iter().map(|(key, value)| format!(r#""{key}":{value}"#)).collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,40}".prop_map(|digits| format!("\"{digits}\"")),
        "[a-zA-Z0-9 .:/-]{0,40}".prop_map(|text| format!("\"{text}\"")),
        "-?[0-9]{1,30}(\\.[0-9]{1,10})?(e[0-9]{1,3})?",
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("{}".to_owned()),
        Just("[1,[2,[3]]]".to_owned()),
        Just("\"34.50\"".to_owned()),
        Just("\"\\ud800\"".to_owned()),
    ]
}

fn known_field() -> impl Strategy<Value = String> {
    let names = [
        "trans_type",
        "merchant_order_no",
        "orig_merchant_order_no",
        "order_amount",
        "price_currency",
        "tip_amount",
        "on_screen_tip",
        "expires",
        "attach",
        "confirm_on_terminal",
    ];
    prop::sample::select(names.to_vec()).prop_map(str::to_owned)
}

fn known_topic() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["ecrhub.pay.query", "ecrhub.pay.close", "ecrhub.other", ""])
}

fn known_key() -> impl Strategy<Value = String> {
    let keys = ["url", "app_id", "connect_timeout_ms", "validation", "max_in_flight", "terminal"];
    prop::sample::select(keys.to_vec()).prop_map(str::to_owned)
}

fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(null(), |text| text.as_ptr())
}

fn run<T: std::fmt::Debug>(
    inputs: impl Strategy<Value = T>,
    test: impl Fn(T) -> Result<(), TestCaseError>,
) {
    let config = Runs { cases: 1_500, failure_persistence: None, ..Runs::default() };
    TestRunner::new(config).run(&inputs, test).unwrap();
}

/// A handle on a terminal that is there, so that what is accepted is also sent.
fn with_terminal(test: impl FnOnce(u64)) {
    let simulator = simulator();
    let url = CString::new(simulator.url()).unwrap();
    let mut handle = 0;
    // SAFETY: a text with its NUL and a place for the handle.
    assert_eq!(unsafe { ecrhub_connect(url.as_ptr(), &raw mut handle) }, OK);
    test(handle);
    assert_eq!(ecrhub_disconnect(handle), OK);
}

#[test]
fn connect_takes_any_text() {
    run(texts(), |config| {
        let mut handle = 42;
        // SAFETY: NULL or a text with its NUL, and a place for the handle.
        let status = unsafe { ecrhub_connect(pointer(&config), &raw mut handle) };
        check(status, &[OK, ARGUMENT, CONFIG, JSON, JOURNAL])?;
        if status == OK {
            prop_assert_eq!(ecrhub_disconnect(handle), OK);
        } else {
            prop_assert_eq!(handle, 42, "outputs are written on success only");
        }
        Ok(())
    });
}

#[test]
fn send_start_and_call_take_any_text_any_time_and_any_capacity() {
    with_terminal(|handle| {
        let inputs = (texts(), prop_oneof![Just(0), any::<i32>()], 0usize..100, 0usize..3);
        run(inputs, |(request, timeout, capacity, which)| {
            let mut buffer = vec![0x55u8; capacity + 1];
            let mut length = usize::MAX;
            let function = [ecrhub_call, ecrhub_send, ecrhub_start][which];
            let out = buffer.as_mut_ptr().cast();
            // SAFETY: NULL or a text with its NUL; the buffer is one byte larger than is said.
            let status = unsafe {
                function(
                    handle,
                    pointer(&request),
                    timeout.min(2_000),
                    out,
                    capacity,
                    &raw mut length,
                )
            };
            check(status, &[OK, ARGUMENT, JSON, REQUEST, DUPLICATE, TOO_SMALL])?;
            prop_assert_eq!(buffer[capacity], 0x55, "nothing is written past the capacity");
            match status {
                OK => prop_assert!(length < capacity && buffer[length] == 0),
                TOO_SMALL => prop_assert!(length >= capacity && length != usize::MAX),
                _ => {
                    prop_assert_eq!(length, usize::MAX, "outputs are written on success only");
                    prop_assert!(buffer.iter().all(|byte| *byte == 0x55));
                }
            }
            // Completions are fetched, so that nothing piles up.
            let mut event = vec![0u8; 65_536];
            let out = event.as_mut_ptr().cast();
            // SAFETY: the buffer has the capacity that is said.
            while unsafe { ecrhub_poll(handle, 0, out, event.len(), null_mut()) } == OK {}
            Ok(())
        });
    });
}

#[test]
fn acknowledge_and_resolve_take_any_text() {
    with_terminal(|handle| {
        run((texts(), texts(), texts()), |(id, outcome, note)| {
            // SAFETY: each is NULL or a text with its NUL.
            let status = unsafe { ecrhub_acknowledge(handle, pointer(&id), pointer(&outcome)) };
            check(status, &[ARGUMENT])?;
            // SAFETY: as above.
            let status =
                unsafe { ecrhub_resolve(handle, pointer(&id), pointer(&outcome), pointer(&note)) };
            check(status, &[ARGUMENT])
        });
    });
}

/// Writes nothing where it is not to, and says how long the text is.
fn check_text(
    status: i32,
    buffer: &[u8],
    capacity: usize,
    length: usize,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(buffer[capacity], 0x55, "nothing is written past the capacity");
    match status {
        OK => prop_assert!(length < capacity && buffer[length] == 0),
        TOO_SMALL => prop_assert!(length >= capacity && length != usize::MAX),
        _ => prop_assert_eq!(length, usize::MAX, "outputs are written on success only"),
    }
    Ok(())
}

#[test]
fn wait_takes_any_text_any_time_and_any_capacity() {
    with_terminal(|handle| {
        run((texts(), any::<i32>(), 0usize..100), |(id, timeout, capacity)| {
            let mut buffer = vec![0x55u8; capacity + 1];
            let mut length = usize::MAX;
            let out = buffer.as_mut_ptr().cast();
            // SAFETY: NULL or a text with its NUL; the buffer is one byte larger than is said.
            let status = unsafe {
                ecrhub_wait(handle, pointer(&id), timeout, out, capacity, &raw mut length)
            };
            check(status, &[ARGUMENT])?;
            check_text(status, &buffer, capacity, length)
        });
    });
}

#[test]
fn the_json_functions_take_any_text_and_any_capacity() {
    run((texts(), texts(), texts(), 0usize..100), |(json, path, value, capacity)| {
        let mut buffer = vec![0x55u8; capacity + 1];
        let mut length = usize::MAX;
        let out = buffer.as_mut_ptr().cast();
        // SAFETY: NULL or texts with their NULs; the buffer is one byte larger than is said.
        let status = unsafe {
            ecrhub_json_get(pointer(&json), pointer(&path), out, capacity, &raw mut length)
        };
        check(status, &[OK, NOTHING, ARGUMENT, JSON, TOO_SMALL])?;
        check_text(status, &buffer, capacity, length)?;
        buffer.fill(0x55);
        length = usize::MAX;
        let out = buffer.as_mut_ptr().cast();
        // SAFETY: as above.
        let status = unsafe {
            let value = pointer(&value);
            ecrhub_json_set(pointer(&json), pointer(&path), value, out, capacity, &raw mut length)
        };
        check(status, &[OK, ARGUMENT, JSON, TOO_SMALL])?;
        check_text(status, &buffer, capacity, length)
    });
}

#[test]
fn every_number_that_is_no_handle_is_refused() {
    run(any::<u64>(), |handle| {
        let text = c"{}".as_ptr();
        // SAFETY: static texts, and no buffers.
        unsafe {
            check(ecrhub_disconnect(handle), &[HANDLE])?;
            check(ecrhub_send(handle, text, 0, null_mut(), 0, null_mut()), &[HANDLE])?;
            check(ecrhub_poll(handle, -1, null_mut(), 0, null_mut()), &[HANDLE])?;
            check(ecrhub_start(handle, text, 0, null_mut(), 0, null_mut()), &[HANDLE])?;
            check(ecrhub_wait(handle, text, -1, null_mut(), 0, null_mut()), &[HANDLE])?;
            check(ecrhub_acknowledge(handle, text, c"approved".as_ptr()), &[HANDLE])
        }
    });
}
