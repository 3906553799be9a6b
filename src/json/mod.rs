//! Writing small JSON objects whose parts may already be JSON text; [`path`] reads and changes one value of a text.

#![forbid(unsafe_code)]

pub(crate) mod path;

use std::fmt::Write as _;

/// An object being written, key by key, in the order of the calls.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        Object::with_room(0)
    }

    /// One that need not grow until it is so long, in bytes.
    pub(crate) fn with_room(length: usize) -> Self {
        let mut text = String::with_capacity(length.max(1));
        text.push('{');
        Object { text }
    }

    /// The library's own keys need no escapes.
    fn key(&mut self, key: &str) {
        debug_assert!(!key.bytes().any(must_be_escaped), "{key:?}");
        self.text.push_str(if self.text.len() > 1 { ",\"" } else { "\"" });
        self.text.push_str(key);
        self.text.push_str("\":");
    }

    pub(crate) fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        push_quoted(&mut self.text, value);
        self
    }

    pub(crate) fn text_or_null(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self.json(key, "null"),
        }
    }

    pub(crate) fn number(mut self, key: &str, value: impl Into<i128>) -> Self {
        self.key(key);
        let value: i128 = value.into();
        // Writing to a String cannot fail. What fits is written in half the time.
        let _ = match i64::try_from(value) {
            Ok(value) => write!(self.text, "{value}"),
            Err(_) => write!(self.text, "{value}"),
        };
        self
    }

    pub(crate) fn bool(self, key: &str, value: bool) -> Self {
        self.json(key, if value { "true" } else { "false" })
    }

    /// `value` must be JSON already.
    pub(crate) fn json(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        self.text.push_str(value);
        self
    }

    pub(crate) fn json_or_null(self, key: &str, value: Option<&str>) -> Self {
        self.json(key, value.unwrap_or("null"))
    }

    pub(crate) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// Appends `value` as a JSON string, with its quotes.
pub(crate) fn push_quoted(out: &mut String, value: &str) {
    out.reserve(value.len() + 2);
    out.push('"');
    let mut rest = value;
    // What must be escaped is ASCII, so that every cut is between two characters.
    while let Some(at) = first_special(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        push_escaped(out, rest.as_bytes()[at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Where the first byte is that cannot stand in a JSON string as it is: a quote, a backslash or a control character.
pub(crate) fn first_special(bytes: &[u8]) -> Option<usize> {
    first_of(bytes, special_bytes, must_be_escaped)
}

/// Where the first quote is.
#[inline(always)]
pub(crate) fn first_quote(bytes: &[u8]) -> Option<usize> {
    first_of(bytes, quote_bytes, |byte| byte == b'"')
}

/// `marks` marks in a word what `is_it`, eight bytes at a time.
#[inline(always)]
fn first_of(bytes: &[u8], marks: fn(u64) -> u64, is_it: fn(u8) -> bool) -> Option<usize> {
    let mut before = 0;
    let mut left = bytes;
    while let Some((word, rest)) = left.split_first_chunk::<8>() {
        let marked = marks(u64::from_le_bytes(*word));
        if marked != 0 {
            return Some(before + (marked.trailing_zeros() / 8) as usize);
        }
        before += 8;
        left = rest;
    }
    left.iter().position(|byte| is_it(*byte)).map(|at| before + at)
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);

/// The highest bit of each byte below a bound, as far as the first one; above that there may be false ones. The other
/// bits mean nothing.
fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(bound)) & !word
}

fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

fn quote_bytes(word: u64) -> u64 {
    equal(word, b'"') & HIGHEST
}

fn special_bytes(word: u64) -> u64 {
    (below(word, 0x20) | equal(word, b'"') | equal(word, b'\\')) & HIGHEST
}

fn must_be_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escaped(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        other => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{other:04x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_reads_back_as_what_was_put_in() {
        let text = Object::new()
            .text("a", "line\nbreak \u{1} \\ é")
            .number("n", -5)
            .bool("t", true)
            .text_or_null("x", None)
            .json("raw", r#"{"k": [1, 2]}"#)
            .end();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["a"], "line\nbreak \u{1} \\ é");
        assert_eq!(value["n"].to_string(), "-5");
        assert_eq!(value["t"], true);
        assert!(value["x"].is_null());
        assert!(text.contains(r#""raw":{"k": [1, 2]}"#), "raw parts stay as they are: {text}");
    }

    #[test]
    fn the_first_special_byte_is_found_wherever_it_is() {
        let slowly = |bytes: &[u8]| bytes.iter().position(|byte| must_be_escaped(*byte));
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    for filler in [b'a', 0x20, 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']'] {
                        let mut bytes = vec![filler; length];
                        bytes[at] = byte;
                        assert_eq!(first_special(&bytes), slowly(&bytes), "{bytes:?}");
                        let quote = bytes.iter().position(|byte| *byte == b'"');
                        assert_eq!(first_quote(&bytes), quote, "{bytes:?}");
                        if at + 1 < length {
                            bytes[at + 1] = b'"';
                            assert_eq!(first_special(&bytes), slowly(&bytes), "{bytes:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_empty_object_is_an_object() {
        assert_eq!(Object::new().end(), "{}");
    }
}
