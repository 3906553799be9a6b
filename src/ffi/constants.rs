//! The numbers of the C header.

// Their reader is the header, and the test below.
#![allow(dead_code)]

/// The version of the C ABI this header describes. A library whose `ecrhub_abi_version()` is another one must not be
/// called further.
pub const ECRHUB_ABI_VERSION: u32 = 1;

/// Done.
pub const ECRHUB_OK: i32 = 0;
/// Nothing came within the given time.
pub const ECRHUB_TIMEOUT: i32 = 1;
/// The wait was ended by `ecrhub_wake`, or because the handle was disconnected.
pub const ECRHUB_INTERRUPTED: i32 = 2;
/// The outcome that was acknowledged is not the order's outcome any more: the new one is delivered.
pub const ECRHUB_OUTDATED: i32 = 3;
/// The JSON has no value at this path, or it is null.
pub const ECRHUB_NOTHING: i32 = 4;
/// An argument is NULL, not UTF-8 or out of range.
pub const ECRHUB_ERR_ARGUMENT: i32 = -1;
/// The handle was never given out, or has been disconnected.
pub const ECRHUB_ERR_HANDLE: i32 = -2;
/// The configuration is refused; the text names the key and what it may be.
pub const ECRHUB_ERR_CONFIG: i32 = -3;
/// The text is not JSON, or not a JSON object.
pub const ECRHUB_ERR_JSON: i32 = -4;
/// The request breaks the protocol; the text names the field, the rule and the value.
pub const ECRHUB_ERR_REQUEST: i32 = -5;
/// The `merchant_order_no` or `request_id` has been used already.
pub const ECRHUB_ERR_DUPLICATE: i32 = -6;
/// The text does not fit into the buffer; `*out_length` tells how long it is.
pub const ECRHUB_ERR_BUFFER_TOO_SMALL: i32 = -7;
/// Too many requests in flight, or too many completions that nobody has fetched.
pub const ECRHUB_ERR_BUSY: i32 = -8;
/// The journal cannot be opened, read or written; the text names the file and the remedy.
pub const ECRHUB_ERR_JOURNAL: i32 = -9;
/// The handle belongs to the process this one was forked from.
pub const ECRHUB_ERR_FORKED: i32 = -10;
/// Not available on this system, or not from inside the log callback.
pub const ECRHUB_ERR_UNSUPPORTED: i32 = -11;
/// A bug in the library, caught. The handle may still be used.
pub const ECRHUB_ERR_INTERNAL: i32 = -12;
/// The terminal could not be reached, went away, or said something unusable. Only in events, never returned.
pub const ECRHUB_ERR_TERMINAL: i32 = -13;

/// Log nothing.
pub const ECRHUB_LOG_OFF: i32 = 0;
/// Log what went wrong.
pub const ECRHUB_LOG_ERROR: i32 = 1;
/// And what looks wrong.
pub const ECRHUB_LOG_WARN: i32 = 2;
/// And what happens to connections and orders.
pub const ECRHUB_LOG_INFO: i32 = 3;
/// And refused calls, retries and the like.
pub const ECRHUB_LOG_DEBUG: i32 = 4;
/// And everything else.
pub const ECRHUB_LOG_TRACE: i32 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn every_status_has_its_constant() {
        let constants = [
            ("ECRHUB_OK", ECRHUB_OK),
            ("ECRHUB_TIMEOUT", ECRHUB_TIMEOUT),
            ("ECRHUB_INTERRUPTED", ECRHUB_INTERRUPTED),
            ("ECRHUB_OUTDATED", ECRHUB_OUTDATED),
            ("ECRHUB_NOTHING", ECRHUB_NOTHING),
            ("ECRHUB_ERR_ARGUMENT", ECRHUB_ERR_ARGUMENT),
            ("ECRHUB_ERR_HANDLE", ECRHUB_ERR_HANDLE),
            ("ECRHUB_ERR_CONFIG", ECRHUB_ERR_CONFIG),
            ("ECRHUB_ERR_JSON", ECRHUB_ERR_JSON),
            ("ECRHUB_ERR_REQUEST", ECRHUB_ERR_REQUEST),
            ("ECRHUB_ERR_DUPLICATE", ECRHUB_ERR_DUPLICATE),
            ("ECRHUB_ERR_BUFFER_TOO_SMALL", ECRHUB_ERR_BUFFER_TOO_SMALL),
            ("ECRHUB_ERR_BUSY", ECRHUB_ERR_BUSY),
            ("ECRHUB_ERR_JOURNAL", ECRHUB_ERR_JOURNAL),
            ("ECRHUB_ERR_FORKED", ECRHUB_ERR_FORKED),
            ("ECRHUB_ERR_UNSUPPORTED", ECRHUB_ERR_UNSUPPORTED),
            ("ECRHUB_ERR_INTERNAL", ECRHUB_ERR_INTERNAL),
            ("ECRHUB_ERR_TERMINAL", ECRHUB_ERR_TERMINAL),
        ];
        assert_eq!(constants, Status::ALL.map(|status| (status.name(), status.code())));
    }

    #[test]
    fn the_abi_version_is_the_librarys() {
        assert_eq!(ECRHUB_ABI_VERSION, crate::ABI_VERSION);
    }

    #[test]
    fn the_log_levels_are_those_of_the_log_crate() {
        use log::LevelFilter::{Debug, Error, Info, Off, Trace, Warn};
        let filters = [Off, Error, Warn, Info, Debug, Trace].map(|filter| filter as i32);
        let constants = [
            ECRHUB_LOG_OFF,
            ECRHUB_LOG_ERROR,
            ECRHUB_LOG_WARN,
            ECRHUB_LOG_INFO,
            ECRHUB_LOG_DEBUG,
            ECRHUB_LOG_TRACE,
        ];
        assert_eq!(constants, filters);
    }
}
