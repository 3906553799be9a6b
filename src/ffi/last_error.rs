//! Why the last refused call of this thread was refused.

use std::cell::RefCell;

use crate::error::{Result, Status};

use super::text::Out;

/// No message is longer, in bytes without the NUL; the header promises it.
pub(super) const LONGEST: usize = 1023;

struct Text {
    length: usize,
    bytes: [u8; LONGEST],
}

thread_local! {
    // An array and no String: what has a destructor keeps the library from being unloaded.
    static LAST: RefCell<Text> = const { RefCell::new(Text { length: 0, bytes: [0; LONGEST] }) };
}

/// Keeps a message, cut at a character's boundary where it is too long.
pub(super) fn set(message: &str) {
    let mut length = message.len().min(LONGEST);
    while !message.is_char_boundary(length) {
        length -= 1;
    }
    LAST.with_borrow_mut(|last| {
        last.bytes[..length].copy_from_slice(&message.as_bytes()[..length]);
        last.length = length;
    });
}

/// Writes the message out and leaves it where it is.
pub(super) fn copy_to(out: &Out) -> Result<Status> {
    LAST.with_borrow(|last| {
        let text = str::from_utf8(&last.bytes[..last.length]).unwrap_or_default();
        out.write(text)
    })
}
