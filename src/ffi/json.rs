//! The header's two functions for languages without a JSON library. Their comments are the header's.

use std::ffi::c_char;

use crate::error::Status;
use crate::json::path;

use super::guard::enter;
use super::text::{self, Out};

/// Reads one value from a JSON text, for languages without a JSON library. It needs no handle, and changes nothing.
///
/// `json`: any JSON, such as an event.
///
/// `path`: member names and array indexes joined by points, at most 64: "outcome", "fields.trans_no", "0.state" of a
/// list. A member whose own name has a point in it cannot be reached. Of a name that comes twice the last counts.
///
/// `buffer`, `capacity`, `out_length`: where the value is written, see "Text and buffers" above; not into `json` itself. A text comes without its
/// quotes and with its escapes undone; numbers, `true`, `false`, objects and arrays as they are written.
///
/// Returns ECRHUB_OK; ECRHUB_NOTHING (there is no such value, or it is null); ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, an
/// empty name in the path); ECRHUB_ERR_JSON (`json` is not JSON, or the text has a NUL or half a character in it);
/// ECRHUB_ERR_BUFFER_TOO_SMALL; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_json_get(
    json: *const c_char,
    path: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let json = unsafe { text::read(json, "json") }?;
        // SAFETY: as above.
        let path = unsafe { text::read(path, "path") }?;
        // SAFETY: as above.
        let out = unsafe { Out::new(buffer, capacity, out_length) }?;
        match path::get(json, path)? {
            Some(value) => out.write(&value),
            None => Ok(Status::Nothing),
        }
    })
}

/// Gives a JSON text with one text in it set or removed, for languages without a JSON library. It needs no handle, and
/// keeps nothing. `buffer` may be the memory that `json` is in: a request is built step by step in one buffer.
///
/// `json`: any JSON, such as a request that is being built; NULL for an empty object.
///
/// `path`: as for `ecrhub_json_get`. Objects that it goes through are created where they are missing or null; an array
/// takes one index more than it has.
///
/// `value`: the text to be there, escaped as JSON asks for; NULL to remove whatever is there. Amounts and all other fields
/// of a request are texts.
///
/// `buffer`, `capacity`, `out_length`: where the result is written, see "Text and buffers" above. What is not changed
/// stays as it was written.
///
/// Returns ECRHUB_OK; ECRHUB_ERR_ARGUMENT (NULL, not UTF-8, an empty name in the path, or the path goes through a value
/// that has no members, or past the end of an array); ECRHUB_ERR_JSON (`json` is not JSON);
/// ECRHUB_ERR_BUFFER_TOO_SMALL; ECRHUB_ERR_UNSUPPORTED (called from inside the log callback); ECRHUB_ERR_INTERNAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ecrhub_json_set(
    json: *const c_char,
    path: *const c_char,
    value: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    out_length: *mut usize,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise, in the header's "Text and buffers".
        let json = unsafe { text::read_optional(json, "json") }?;
        // SAFETY: as above.
        let path = unsafe { text::read(path, "path") }?;
        // SAFETY: as above.
        let value = unsafe { text::read_optional(value, "value") }?;
        // SAFETY: as above.
        let out = unsafe { Out::new(buffer, capacity, out_length) }?;
        // The result is the library's own, so that it may be written over what was read.
        let result = path::set(json, path, value)?;
        out.write(&result)
    })
}
