//! The functions of the C header. Their comments are the header's.

// C's names, as the header has them.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::protocol::Outcome;
use crate::registry;
use crate::terminal::{self, Acknowledged, Called, Delivery, Polled, Prepared, Terminal};

use super::guard::{enter, enter_to_read_last_error};
use super::text::{self, Out, Slot};
use super::{last_error, logging, names};

/// A connection to one terminal: a number, never an address. 0 is never valid, and no number is given out twice. It
/// needs all of its 64 bits.
pub type ecrhub_handle = u64;

/// What `ecrhub_set_log` calls: `level` is one of `ECRHUB_LOG_...`, `message` is UTF-8 and lives until the callback
/// returns, `user_data` is what was given to `ecrhub_set_log`.
pub type ecrhub_log_fn =
    Option<unsafe extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void)>;

/// The version of the library's C ABI. A till that loads the library at run time compares it with
/// ECRHUB_ABI_VERSION before it calls anything else, and leaves the library alone when they differ.
#[unsafe(no_mangle)]
pub extern "C" fn ecrhub_abi_version() -> u32 {
    crate::ABI_VERSION
}

/// The library's version, "major.minor.patch", for a log or a support call. Static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ecrhub_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The name of a status, "ECRHUB_ERR_REQUEST", and "ECRHUB_UNKNOWN_STATUS" for a number that is none. Static text,
/// never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ecrhub_status_name(status: i32) -> *const c_char {
    names::status_name(status).as_ptr()
}

/// Tells why the last refused call of this thread was refused: a sentence for a log or a person, at most 1,023
/// bytes without its NUL.
///
/// `buffer`, `capacity`, `out_length`: see "Text and buffers" above.
///
/// Every call that returns a negative status replaces the sentence of its own thread; a call that succeeds leaves
/// it as it is, so look at the status first. It is empty in a thread that was never refused anything. This function
/// itself never changes it, not even by being refused, and may be called from inside the log callback.
///
/// Returns ECRHUB_OK, ECRHUB_ERR_ARGUMENT (`buffer` is NULL with a capacity) or ECRHUB_ERR_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_last_error(
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter_to_read_last_error(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let out = unsafe { Out::new(buffer, capacity, out_length) }?;
        last_error::copy_to(&out)
    })
}

/// Starts connecting to a terminal and returns at once, with a handle.
///
/// `config_json`: the terminal's URL, "ws://192.168.1.20:35779", or a JSON object with `url` and any of the keys in
/// the chapter "Configuration". It is taken whole or refused whole.
///
/// `out_handle`: where the handle is written. It stays valid until `ecrhub_disconnect` or `ecrhub_shutdown`.
///
/// How connecting went arrives as events, "connected" or "disconnected". A connection that fails or is lost comes
/// back by itself for as long as the handle lives. Requests may be sent at once; they wait for the connection for
/// `send_timeout_ms`. With a journal, the orders of this terminal that were left without an outcome are found out
/// and told, and those that were not acknowledged are told again.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (NULL, or not UTF-8); ECRHUB_ERR_JSON (it begins with "{" and is no JSON object);
/// ECRHUB_ERR_CONFIG (an unknown key, a value of the wrong type or out of range: the text names it);
/// ECRHUB_ERR_JOURNAL (the journal cannot be opened, is damaged, or belongs to another process);
/// ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL. After a refusal no handle
/// exists and `*out_handle` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_connect(
    config_json: *const c_char,
    out_handle: *mut ecrhub_handle,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let config = unsafe { text::read(config_json, "config_json") }?;
        // SAFETY: as above.
        let out_handle = unsafe { Slot::new(out_handle, "out_handle") }?;
        let terminal = Terminal::connect(Config::parse(config)?)?;
        out_handle.write(registry::insert(terminal))
    })
}

/// Ends a connection and its handle.
///
/// The connection is closed properly, with WebSocket's closing handshake. Every `ecrhub_poll`, `ecrhub_call` and
/// `ecrhub_wait` that waits on the handle returns ECRHUB_INTERRUPTED; every later call on it returns ECRHUB_ERR_HANDLE. Events
/// that nobody fetched are gone, but for what the journal keeps: an order without an outcome stays open there, and
/// the next `ecrhub_connect` for this terminal finds it out.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_HANDLE (never given out, or ended already); ECRHUB_ERR_FORKED;
/// ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub extern "C" fn ecrhub_disconnect(handle: ecrhub_handle) -> i32 {
    enter(|| {
        registry::remove(handle)?.disconnect();
        Ok(Status::Ok)
    })
}

/// Ends every handle of this process, as `ecrhub_disconnect` does, and the library's thread, and waits until it has
/// ended.
///
/// Afterwards nothing of the library runs any more. It may be unloaded (`dlclose`, `FreeLibrary`), provided that no
/// other thread is inside one of its functions and that `ecrhub_set_log(NULL, NULL, 0)` has been called if a log
/// callback was set. Or it may be used again: `ecrhub_connect` starts everything anew. Calling it twice, or without
/// any handle, is allowed.
///
/// A name server is not waited for. While a look-up is under way that nothing can interrupt, the library stays in memory
/// until the process ends, also when it is unloaded: the look-up's thread still returns through it.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub extern "C" fn ecrhub_shutdown() -> i32 {
    enter(|| {
        registry::drain_all().iter().for_each(|terminal| terminal.disconnect());
        terminal::shutdown();
        Ok(Status::Ok)
    })
}

/// Sends a request and returns once it is accepted; what became of it arrives as an event, "completed", exactly
/// once.
///
/// `request_json`: the message for the terminal, a JSON object with at least `topic` and `biz_data`. It is checked
/// against the protocol first. Where it lacks `request_id`, `timestamp`, `version` or `app_id`, they are filled in;
/// `app_id` from the configuration.
///
/// `timeout_ms`: how long to wait for the answer, at least 1; 0 takes the configuration's `order_timeout_ms` or
/// `request_timeout_ms`. When it is over, an order is found out, which takes at most `recovery_timeout_ms` and a
/// little more.
///
/// `request_id`, `capacity`, `out_length`: where the request's id is written, see "Text and buffers" above. If it
/// does not fit, nothing is sent. No id is longer than 64 characters, so 65 bytes are always enough.
///
/// With a journal, an order is on the disk when this returns ECRHUB_OK. A request that cannot leave within
/// `send_timeout_ms` completes as "not_sent"; it is never sent later, and no order is ever sent twice.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, a negative `timeout_ms`); ECRHUB_ERR_HANDLE;
/// ECRHUB_ERR_FORKED; ECRHUB_ERR_JSON (not a JSON object); ECRHUB_ERR_REQUEST (breaks the protocol: the text names
/// the field, the rule and the value); ECRHUB_ERR_DUPLICATE (`merchant_order_no` or `request_id` used before);
/// ECRHUB_ERR_BUFFER_TOO_SMALL; ECRHUB_ERR_BUSY (more than `max_in_flight` requests in flight and completions not
/// fetched); ECRHUB_ERR_JOURNAL (the order cannot be written down); ECRHUB_ERR_UNSUPPORTED (called from inside the
/// log callback); ECRHUB_ERR_INTERNAL. After a negative status nothing was sent and no event will come.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_send(
    handle: ecrhub_handle,
    request_json: *const c_char,
    timeout_ms: i32,
    request_id: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let request = unsafe { text::read(request_json, "request_json") }?;
        // SAFETY: as above.
        let out = unsafe { Out::new(request_id, capacity, out_length) }?;
        send(handle, request, timeout_ms, &out, Terminal::submit)
    })
}

/// Gives the next event of a handle, and waits for one if need be.
///
/// `timeout_ms`: 0 never waits, a negative one waits for ever.
///
/// `event_json`, `capacity`, `out_length`: where the event is written, see "Text and buffers" above. An event that
/// does not fit stays where it is, the first in the queue: call again with a larger buffer. 4,096 bytes are enough
/// for nearly all; an event with a terminal's message in it has that message twice, as it came and as `fields`, and may
/// be three times as long as `max_message_bytes` and some 2,000 bytes more.
///
/// Each event is given once, to one caller. Several threads may poll one handle.
///
/// Returns ECRHUB_OK (the event is written); ECRHUB_TIMEOUT (none came in time); ECRHUB_INTERRUPTED (`ecrhub_wake`
/// was called, or the handle was disconnected while this waited); ECRHUB_ERR_ARGUMENT; ECRHUB_ERR_HANDLE;
/// ECRHUB_ERR_FORKED; ECRHUB_ERR_BUFFER_TOO_SMALL; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback);
/// ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_poll(
    handle: ecrhub_handle,
    timeout_ms: i32,
    event_json: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let out = unsafe { Out::new(event_json, capacity, out_length) }?;
        polled(registry::get(handle)?.poll(wait_time(timeout_ms))?, &out)
    })
}

/// Sends a request and waits for its own "completed" event: `ecrhub_start` and `ecrhub_wait` in one. All other events
/// stay for `ecrhub_poll`.
///
/// `request_json`, `timeout_ms`: as for `ecrhub_send`. This returns at the latest when the request completes: after
/// `timeout_ms`, and for an order that must be recovered `recovery_timeout_ms` and a little more.
///
/// `event_json`, `capacity`, `out_length`: where the event is written, see "Text and buffers" above.
///
/// Returns ECRHUB_OK (the event is written; its `outcome` says what happened); ECRHUB_INTERRUPTED (`ecrhub_wake`
/// was called during this call, or the handle was disconnected); ECRHUB_ERR_BUFFER_TOO_SMALL (the answer is there, but
/// does not fit). After these two the request has been sent and lives on, and its completion comes by `ecrhub_poll`. All
/// other statuses are those of `ecrhub_send` and mean that nothing was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_call(
    handle: ecrhub_handle,
    request_json: *const c_char,
    timeout_ms: i32,
    event_json: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let request = unsafe { text::read(request_json, "request_json") }?;
        // SAFETY: as above.
        let out = unsafe { Out::new(event_json, capacity, out_length) }?;
        let timeout = answer_timeout(timeout_ms)?;
        let terminal = registry::get(handle)?;
        match terminal.call(terminal.prepare(request)?, timeout)? {
            Called::Completed(delivery) => hand_over(delivery, &out),
            Called::Interrupted => Ok(Status::Interrupted),
        }
    })
}

/// Sends a request as `ecrhub_send` does, for a till that waits for this one request: its "completed" event is read with
/// `ecrhub_wait`, as often as one likes, and never comes by `ecrhub_poll`. Whatever becomes of the calling thread, the
/// completion is there for whoever knows the `request_id`.
///
/// Parameters and statuses are those of `ecrhub_send`. A till that names the `request_id` in the request itself knows it
/// even if this call never returns to it.
///
/// Everything else comes by `ecrhub_poll` as ever: "recovering", and a "clarified" event that corrects the outcome.
///
/// A started request is bound to its handle. When the handle ends, or the process does, nothing waits for it any more:
/// with a journal, the next `ecrhub_connect` for this terminal delivers an order's completion by `ecrhub_poll`, unless it
/// was acknowledged; `retold` is true if it had been known before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_start(
    handle: ecrhub_handle,
    request_json: *const c_char,
    timeout_ms: i32,
    request_id: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let request = unsafe { text::read(request_json, "request_json") }?;
        // SAFETY: as above.
        let out = unsafe { Out::new(request_id, capacity, out_length) }?;
        send(handle, request, timeout_ms, &out, Terminal::start)
    })
}

/// Gives the "completed" event of a request that was sent with `ecrhub_start`, and waits for it if need be.
///
/// `request_id`: what `ecrhub_start` has given.
///
/// `timeout_ms`: how long to wait, 0 for not at all, a negative one for ever; it changes nothing about the request.
///
/// `event_json`, `capacity`, `out_length`: where the event is written, see "Text and buffers" above.
///
/// Reading does not consume it: any number of threads may wait for one request, and each gets the same event, again and
/// again, until it is acknowledged or a thousand requests that were started have completed after it. Where such
/// completions take up more than `max_queue_bytes`, the oldest of those that were read go before that. So nothing is lost
/// between this call and the caller's next line: what was not stored is read again.
///
/// Returns ECRHUB_OK (the event is written); ECRHUB_TIMEOUT (the request is in flight, or is being recovered);
/// ECRHUB_INTERRUPTED (`ecrhub_wake` was called, or the handle was disconnected, while this waited; the request lives
/// on); ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, no request of this id was started on this handle, or its completion is
/// kept no longer); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_BUFFER_TOO_SMALL (call again with a larger
/// buffer); ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_wait(
    handle: ecrhub_handle,
    request_id: *const c_char,
    timeout_ms: i32,
    event_json: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let request_id = unsafe { text::read(request_id, "request_id") }?;
        // SAFETY: as above.
        let out = unsafe { Out::new(event_json, capacity, out_length) }?;
        polled(registry::get(handle)?.wait(request_id, wait_time(timeout_ms))?, &out)
    })
}

/// Ends the waiting of a handle: every `ecrhub_poll`, `ecrhub_call` and `ecrhub_wait` blocked on it returns
/// ECRHUB_INTERRUPTED. When none is blocked, the next `ecrhub_poll` does, so that the wake-up of a thread that polls is
/// never lost in between; several of them count as one.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_UNSUPPORTED (called from inside the log
/// callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub extern "C" fn ecrhub_wake(handle: ecrhub_handle) -> i32 {
    enter(|| {
        registry::get(handle)?.wake()?;
        Ok(Status::Ok)
    })
}

/// Gives a file descriptor that is readable while an event waits, or the completion of a started request that nobody
/// has read; for a till that has an event loop of its own (`poll`, `epoll`, glib, Qt). When it becomes readable, call
/// `ecrhub_poll` with timeout 0 until it returns ECRHUB_TIMEOUT, and `ecrhub_wait` with timeout 0 for each request that
/// was started and is waited for: it stays readable until that is done. Windows has no such descriptors; there `ecrhub_wait_handle` takes its place.
///
/// `out_fd`: where the descriptor is written. It is the library's own: never read it, write it or close it. It ends
/// with the handle, so take it out of the loop before `ecrhub_disconnect`. Each call gives the same one.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (`out_fd` is NULL); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED;
/// ECRHUB_ERR_UNSUPPORTED (on Windows, or called from inside the log callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_wait_fd(handle: ecrhub_handle, out_fd: *mut i32) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let out_fd = unsafe { Slot::new(out_fd, "out_fd") }?;
        out_fd.write(registry::get(handle)?.wait_fd()?)
    })
}

/// Gives a Windows event object that is signalled while an event waits, or the completion of a started request that
/// nobody has read; for a till that has a message loop or a wait of its own (`MsgWaitForMultipleObjects`,
/// `WaitForMultipleObjects`). When it is signalled, call `ecrhub_poll` with timeout 0 until it returns ECRHUB_TIMEOUT,
/// and `ecrhub_wait` with timeout 0 for each request that was started and is waited for. Everywhere else `ecrhub_wait_fd` takes its place.
///
/// `out_handle`: where the event object is written, a HANDLE. It is the library's own: only wait for it, never set,
/// reset or close it. It ends with the handle, so stop waiting for it before `ecrhub_disconnect`. It is not
/// inherited by other processes. Each call gives the same one.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (`out_handle` is NULL); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED;
/// ECRHUB_ERR_UNSUPPORTED (not on Windows, or called from inside the log callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_wait_handle(
    handle: ecrhub_handle,
    out_handle: *mut *mut c_void,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let out_handle = unsafe { Slot::new(out_handle, "out_handle") }?;
        out_handle.write(registry::get(handle)?.wait_handle()?)
    })
}

/// Gives a snapshot of a connection, for a status line or a support call: a JSON object with `state` ("connecting",
/// "connected", "waiting" for the next attempt), `url`, `in_flight`, `events_waiting`, `events_dropped`,
/// `bytes_waiting`, `reconnects`, `last_ping_ms`, `journal` and `elsewhere`: how many orders are open in the journal
/// under terminals that nobody is connected to, or null when it cannot be read.
///
/// `state_json`, `capacity`, `out_length`: see "Text and buffers" above.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT; ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_BUFFER_TOO_SMALL;
/// ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL. Nothing changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_state(
    handle: ecrhub_handle,
    state_json: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let out = unsafe { Out::new(state_json, capacity, out_length) }?;
        out.write(&registry::get(handle)?.state()?)
    })
}

/// Lists the requests that are open, oldest first: a JSON array of objects with `request_id`, `merchant_order_no`,
/// `topic`, `terminal` (its name in the journal), `state`, `outcome`, `since` and `request`. Orders that are open in the
/// journal under a terminal that nobody is connected to are among them, with `elsewhere` true.
///
/// `requests_json`, `capacity`, `out_length`: see "Text and buffers" above.
///
/// `state` is "in_flight" (its answer is awaited), "recovering" (its outcome is being found out), "unacknowledged" (an
/// order that has completed, but `ecrhub_acknowledge` was not called) or "unknown" (until it is clarified or
/// `ecrhub_resolve` is called). The list may grow between two calls: ask again when it does not fit.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT; ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_BUFFER_TOO_SMALL;
/// ECRHUB_ERR_JOURNAL; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL. Nothing
/// changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_pending(
    handle: ecrhub_handle,
    requests_json: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let out = unsafe { Out::new(requests_json, capacity, out_length) }?;
        out.write(&registry::get(handle)?.pending()?)
    })
}

/// Says that the till has stored this outcome: it is not delivered again, and no longer listed by `ecrhub_pending`.
///
/// `request_id`, `outcome`: of the "completed" or "clarified" event that the till has stored.
///
/// It takes effect only if `outcome` is the request's present one. If that has changed meanwhile, this returns
/// ECRHUB_OUTDATED and changes nothing; the "clarified" event with the new outcome comes by `ecrhub_poll`, to be
/// acknowledged in its turn.
///
/// Call it after the till has stored the outcome, not before. Doing it again changes nothing. Without a journal it is the
/// same, but for what ends with the handle; a till that never acknowledges loses nothing there, only the oldest of
/// more than 4,096 orders from that list. The completion of a started request is not kept for `ecrhub_wait` any longer.
///
/// Returns ECRHUB_OK; ECRHUB_OUTDATED; ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, no word for an outcome, or there is no such
/// request that has completed); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_JOURNAL (it could not be written: the
/// outcome will be delivered again); ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_acknowledge(
    handle: ecrhub_handle,
    request_id: *const c_char,
    outcome: *const c_char,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let request_id = unsafe { text::read(request_id, "request_id") }?;
        // SAFETY: as above.
        let outcome = outcome_named(unsafe { text::read(outcome, "outcome") }?, &Outcome::ALL)?;
        Ok(match registry::get(handle)?.acknowledge(request_id, outcome)? {
            Acknowledged::Done => Status::Ok,
            Acknowledged::Outdated => Status::Outdated,
        })
    })
}

/// Writes down what a person decided about an order whose outcome is "unknown", for instance after looking at the
/// terminal's own list. The library stops asking the terminal about it, and the order counts as acknowledged.
///
/// `request_id`: of the "completed" event whose outcome was "unknown".
///
/// `outcome`: "approved", "declined", "cancelled" or "not_found".
///
/// `note`: who decided it and why, kept in the journal; may be NULL.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, another outcome, no such order, or one that is not
/// "unknown"); ECRHUB_ERR_HANDLE; ECRHUB_ERR_FORKED; ECRHUB_ERR_JOURNAL; ECRHUB_ERR_UNSUPPORTED (called from inside
/// the log callback); ECRHUB_ERR_INTERNAL. After a refusal nothing is written down.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_resolve(
    handle: ecrhub_handle,
    request_id: *const c_char,
    outcome: *const c_char,
    note: *const c_char,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let request_id = unsafe { text::read(request_id, "request_id") }?;
        // SAFETY: as above.
        let outcome =
            outcome_named(unsafe { text::read(outcome, "outcome") }?, &Terminal::CAN_BE_DECIDED)?;
        // SAFETY: as above.
        let note = unsafe { text::read_optional(note, "note") }?;
        registry::get(handle)?.resolve(request_id, outcome, note)?;
        Ok(Status::Ok)
    })
}

/// Has the library's log given to a callback; NULL ends it. One callback serves all handles of the process.
///
/// `callback`: called from any thread, the library's own and those that are inside one of its functions, several at
/// the same time. It must return soon, must not throw or `longjmp`, and may call no function of this library but
/// `ecrhub_last_error` and the three without a status: all others return ECRHUB_ERR_UNSUPPORTED there. A line may come
/// a moment after the call it tells of has returned; what is not said yet when the log is ended is not said any more.
///
/// `user_data`: handed to the callback as it is; the library never looks at it.
///
/// `max_level`: ECRHUB_LOG_ERROR to ECRHUB_LOG_TRACE, or ECRHUB_LOG_OFF for nothing.
///
/// It may be called as often as one likes. When it returns ECRHUB_OK, the callback before is not running any more
/// and will not be called again, so what its `user_data` points to may be freed. It waits for that, so do not hold
/// a lock here that the callback takes. Card numbers and signatures are masked in all messages. A forked child
/// starts without a callback.
///
/// End it, by this function with NULL or by `ecrhub_shutdown` and then this, before what the callback needs is gone.
/// A callback of a managed runtime (Python, .NET, Java) must end before that runtime does, for instance in Python's
/// `atexit` or .NET's `ProcessExit`; the Python and .NET packages do so. Where the library notices the end it does not
/// call: on Linux from `exit` on, before what was set up earlier than the log is taken down; and a thread that a
/// runtime ends inside the callback stands still for ever, its terminals with it, instead of ending the process.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (`max_level` is not within 0 to 5); ECRHUB_ERR_UNSUPPORTED (called from
/// inside the callback, or the library is part of a Rust program that has a logger of its own);
/// ECRHUB_ERR_INTERNAL. After a refusal everything is as it was.
#[unsafe(no_mangle)]
pub extern "C" fn ecrhub_set_log(
    callback: ecrhub_log_fn,
    user_data: *mut c_void,
    max_level: i32,
) -> i32 {
    enter(|| logging::set(callback, user_data, max_level))
}

/// Sends a request whose id fits, in one way or the other.
fn send(
    handle: ecrhub_handle,
    request: &str,
    timeout_ms: i32,
    out: &Out,
    submit: fn(&Terminal, Prepared, Option<Duration>) -> Result<()>,
) -> Result<Status> {
    let timeout = answer_timeout(timeout_ms)?;
    let terminal = registry::get(handle)?;
    let prepared = terminal.prepare(request)?;
    let id = prepared.request_id().to_owned();
    out.check(&id)?;
    submit(&terminal, prepared, timeout)?;
    out.write(&id)
}

fn polled(polled: Polled, out: &Out) -> Result<Status> {
    match polled {
        Polled::Event(delivery) => hand_over(delivery, out),
        Polled::Timeout => Ok(Status::Timeout),
        Polled::Interrupted => Ok(Status::Interrupted),
    }
}

/// Hands an event to the caller. One that does not fit goes back to where it came from.
fn hand_over(delivery: Delivery, out: &Out) -> Result<Status> {
    out.write(delivery.json())?;
    delivery.accept_json();
    Ok(Status::Ok)
}

/// How long to wait for an event; none for ever.
fn wait_time(timeout_ms: i32) -> Option<Duration> {
    u64::try_from(timeout_ms).ok().map(Duration::from_millis)
}

/// How long to wait for an answer; none takes the configuration's.
fn answer_timeout(timeout_ms: i32) -> Result<Option<Duration>> {
    let millis = u64::try_from(timeout_ms).map_err(|_| {
        Error::new(
            Status::Argument,
            format!("timeout_ms is {timeout_ms}; it is at least 1, or 0 for the configuration's"),
        )
    })?;
    Ok((millis > 0).then(|| Duration::from_millis(millis)))
}

/// One of these outcomes by its name.
fn outcome_named(name: &str, allowed: &[Outcome]) -> Result<Outcome> {
    let outcome = Outcome::from_name(name).filter(|outcome| allowed.contains(outcome));
    outcome.ok_or_else(|| {
        let names: Vec<&str> = allowed.iter().map(|outcome| outcome.name()).collect();
        let message = format!("outcome: one of {}, got {name:?}", names.join(", "));
        Error::new(Status::Argument, message)
    })
}
