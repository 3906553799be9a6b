//! Text in, text out, and the other outputs: one rule for each.

use std::ffi::{CStr, c_char};
use std::ptr::NonNull;

use crate::error::{Error, Result, Status};

/// A text the caller gave. `name` is the argument's, for the message.
///
/// # Safety
/// `pointer` is NULL, or ends with a NUL and stays readable and unchanged for `'a`.
pub(super) unsafe fn read<'a>(pointer: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: the same promise.
    unsafe { read_optional(pointer, name) }?
        .ok_or_else(|| Error::new(Status::Argument, format!("{name} is NULL")))
}

/// As [`read`], where NULL means that there is none.
///
/// # Safety
/// As for [`read`].
pub(super) unsafe fn read_optional<'a>(
    pointer: *const c_char,
    name: &str,
) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so the caller promises a readable text that ends with a NUL.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|error| {
        let at = error.valid_up_to();
        Error::new(
            Status::Argument,
            format!("{name} is not UTF-8: its byte at offset {at} is wrong"),
        )
    })
}

/// The caller's room for a text: `(buffer, capacity, out_length)`.
pub(super) struct Out {
    /// None: the caller only asks for the length.
    buffer: Option<NonNull<u8>>,
    capacity: usize,
    out_length: Option<NonNull<usize>>,
}

impl Out {
    /// Refuses a NULL buffer with a capacity.
    ///
    /// # Safety
    /// Until the last use, `buffer` is NULL or writable for `capacity` bytes, and `out_length` is NULL or writable.
    pub(super) unsafe fn new(
        buffer: *mut c_char,
        capacity: usize,
        out_length: *mut usize,
    ) -> Result<Out> {
        let buffer = NonNull::new(buffer.cast());
        if buffer.is_none() && capacity > 0 {
            return Err(Error::new(
                Status::Argument,
                format!(
                    "the buffer is NULL, but its capacity is {capacity}; 0 asks for the length"
                ),
            ));
        }
        Ok(Out { buffer, capacity, out_length: NonNull::new(out_length) })
    }

    /// Whether the text and its NUL fit. Where they do not, the length is told all the same.
    pub(super) fn check(&self, text: &str) -> Result<()> {
        if text.len() < self.capacity {
            return Ok(());
        }
        self.tell_length(text.len());
        Err(Error::new(
            Status::BufferTooSmall,
            format!(
                "the text needs {} bytes with its NUL, the buffer has {}",
                text.len() + 1,
                self.capacity
            ),
        ))
    }

    /// Writes the text, its NUL and its length, or nothing but the length where it does not fit.
    pub(super) fn write(&self, text: &str) -> Result<Status> {
        self.check(text)?;
        if let Some(buffer) = self.buffer {
            // SAFETY: `check` saw that text and NUL fit into the capacity, for which `new` was promised a writable
            // buffer. The text is the library's own, so the two do not overlap.
            unsafe {
                buffer.copy_from_nonoverlapping(NonNull::from(text.as_bytes()).cast(), text.len());
                buffer.add(text.len()).write(0);
            }
        }
        self.tell_length(text.len());
        Ok(Status::Ok)
    }

    fn tell_length(&self, length: usize) {
        if let Some(out_length) = self.out_length {
            // SAFETY: not NULL, so `new` was promised that it is writable. Unaligned, because a till may have it in
            // a packed struct.
            unsafe { out_length.write_unaligned(length) };
        }
    }
}

/// The caller's room for a number.
pub(super) struct Slot<T>(NonNull<T>);

impl<T: Copy> Slot<T> {
    /// Refuses NULL.
    ///
    /// # Safety
    /// Until the last use, `pointer` is NULL or writable.
    pub(super) unsafe fn new(pointer: *mut T, name: &str) -> Result<Slot<T>> {
        NonNull::new(pointer)
            .map(Slot)
            .ok_or_else(|| Error::new(Status::Argument, format!("{name} is NULL")))
    }

    pub(super) fn write(&self, value: T) -> Result<Status> {
        // SAFETY: not NULL, so `new` was promised that it is writable. Unaligned, as in `Out`.
        unsafe { self.0.write_unaligned(value) };
        Ok(Status::Ok)
    }
}
