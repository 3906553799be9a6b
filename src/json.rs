//! Writing small JSON objects whose parts may already be JSON text.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

/// An object being written, key by key, in the order of the calls.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        Object { text: String::from("{") }
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        push_quoted(&mut self.text, key);
        self.text.push(':');
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
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
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
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_reads_back_as_what_was_put_in() {
        let text = Object::new()
            .text("a\"b", "line\nbreak \u{1} \\ é")
            .number("n", -5)
            .bool("t", true)
            .text_or_null("x", None)
            .json("raw", r#"{"k": [1, 2]}"#)
            .end();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["a\"b"], "line\nbreak \u{1} \\ é");
        assert_eq!(value["n"].to_string(), "-5");
        assert_eq!(value["t"], true);
        assert!(value["x"].is_null());
        assert!(text.contains(r#""raw":{"k": [1, 2]}"#), "raw parts stay as they are: {text}");
    }

    #[test]
    fn an_empty_object_is_an_object() {
        assert_eq!(Object::new().end(), "{}");
    }
}
