//! Masks JSON, member by member.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::json::{first_special, push_quoted};

use super::digits::{self, Rule};
use super::labels;
use super::names::{Kind, kind_of};
use super::{HIDDEN, text};

/// Strings inside strings are JSON again this often, then plain text.
const MAX_NESTED_TEXTS: usize = 4;

/// An own number as a till or this library writes it: longer, or with blanks in it, it is something else.
const MAX_OWN_NUMBER: usize = 64;

/// `depth` counts the strings this JSON was found in.
pub(super) fn json_at(json: &str, depth: usize) -> String {
    if depth > MAX_NESTED_TEXTS || serde_json::from_str::<IgnoredAny>(json).is_err() {
        return text(json);
    }
    Walk { json, out: String::new(), copied: 0, at: 0, depth }.run()
}

/// A walk over valid JSON, token by token, without recursion: a hostile message may be nested as deep as it is long.
struct Walk<'a> {
    json: &'a str,
    /// What is masked so far; it takes in the JSON as far as `copied`.
    out: String,
    copied: usize,
    at: usize,
    depth: usize,
}

impl<'a> Walk<'a> {
    fn run(mut self) -> String {
        let mut kind = None;
        while let Some(byte) = self.json.as_bytes().get(self.at) {
            match byte {
                b'"' => {
                    let token = self.take(string_length);
                    if self.json[self.at..].trim_ascii_start().starts_with(':') {
                        kind = Some(kind_of(&plain(token)));
                        // A name may hold a number as well as a value.
                        self.replace(token, digits::mask(token, Rule::Anywhere, |_| false));
                    } else {
                        self.value(token, kind.take());
                    }
                }
                b'-' | b'0'..=b'9' => {
                    let token = self.take(scalar_length);
                    self.value(token, kind.take());
                }
                b'{' | b'[' if kind == Some(Kind::Secret) => {
                    let token = self.take(container_length);
                    kind = None;
                    self.replace(token, Cow::Owned(quoted(HIDDEN)));
                }
                // A name belongs to one value: what is in a container has names of its own, or none. Nothing is secret
                // in `true`, `false` and `null`.
                b'{' | b'[' | b't' | b'f' | b'n' => {
                    kind = None;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        self.out.push_str(&self.json[self.copied..]);
        self.out
    }

    /// The next token, of the length that `measure` finds.
    fn take(&mut self, measure: fn(&str) -> usize) -> &'a str {
        let rest = &self.json[self.at..];
        let token = &rest[..measure(rest)];
        self.at += token.len();
        token
    }

    /// Puts something in the place of the token that was just taken, if it is something else.
    fn replace(&mut self, token: &str, masked: Cow<'_, str>) {
        if let Cow::Owned(masked) = masked {
            self.out.push_str(&self.json[self.copied..self.at - token.len()]);
            self.out.push_str(&masked);
            self.copied = self.at;
        }
    }

    /// A string or a number.
    fn value(&mut self, token: &'a str, kind: Option<Kind>) {
        let masked = match kind {
            Some(Kind::Secret) if token == "\"\"" || is_masked(token) => return,
            Some(Kind::Secret) => Cow::Owned(quoted(HIDDEN)),
            Some(Kind::OwnNumber) if is_own_number(token) => return,
            Some(Kind::OwnNumber) => self.masked(token, Rule::ByItself),
            Some(Kind::Digits(rule)) => self.masked(token, rule),
            None => self.masked(token, Rule::Anywhere),
        };
        self.replace(token, masked);
    }

    fn masked(&self, token: &'a str, rule: Rule) -> Cow<'a, str> {
        if let Some(nested) = self.nested(token) {
            return nested;
        }
        let is_text = token.starts_with('"');
        if is_text && token.contains([':', '=']) {
            let value = plain(token);
            if let Cow::Owned(shown) = labels::mask(&value) {
                return Cow::Owned(quoted(&digits::mask(&shown, rule, |_| false)));
            }
        }
        match digits::mask(token, rule, |_| false) {
            // A number that holds one can only become a text.
            Cow::Owned(masked) if !is_text => Cow::Owned(quoted(&masked)),
            masked => masked,
        }
    }

    /// Of a text that is JSON itself, what it is masked; as it is, if nothing in it is to be.
    fn nested(&self, token: &'a str) -> Option<Cow<'a, str>> {
        let inside = token.strip_prefix('"')?;
        if !inside.trim_start_matches([' ', '\\', 't', 'n', 'r']).starts_with(['{', '[', 'u']) {
            return None;
        }
        let value = plain(token);
        if !value.trim_ascii_start().starts_with(['{', '[']) {
            return None;
        }
        let masked = json_at(&value, self.depth + 1);
        if masked == value {
            return Some(Cow::Borrowed(token));
        }
        Some(Cow::Owned(quoted(&masked)))
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    push_quoted(&mut quoted, text);
    quoted
}

fn is_own_number(token: &str) -> bool {
    let value = token.trim_matches('"');
    value.len() <= MAX_OWN_NUMBER
        && value.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"'))
}

/// `456331******3919`, as terminals write a card's number.
fn is_masked(token: &str) -> bool {
    let Some(value) = token.strip_prefix('"').and_then(|token| token.strip_suffix('"')) else {
        return false;
    };
    let first = value.bytes().take_while(u8::is_ascii_digit).count();
    let last = value.bytes().rev().take_while(u8::is_ascii_digit).count();
    let hides = |byte: u8| matches!(byte, b'*' | b'x' | b'X');
    first <= 6
        && last <= 4
        && value.len() >= first + last + 3
        && value[first..value.len() - last].bytes().all(hides)
}

/// A string's text, without its quotes and escapes.
fn plain(token: &str) -> Cow<'_, str> {
    match token.strip_prefix('"').and_then(|token| token.strip_suffix('"')) {
        Some(inside) if !inside.contains('\\') => Cow::Borrowed(inside),
        _ => serde_json::from_str(token).map_or(Cow::Borrowed(token), Cow::Owned),
    }
}

/// A string token begins here.
fn string_length(rest: &str) -> usize {
    let mut at = 1;
    while let Some(found) = rest.as_bytes().get(at..).and_then(first_special) {
        at += found + 1;
        match rest.as_bytes()[at - 1] {
            b'"' => return at,
            b'\\' => at += 1,
            _ => {}
        }
    }
    rest.len()
}

/// A number or a word begins here.
fn scalar_length(rest: &str) -> usize {
    let ends = |byte: u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
    rest.bytes().position(ends).unwrap_or(rest.len())
}

/// An object or an array begins here.
fn container_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = rest.as_bytes().get(at) {
        match byte {
            b'"' => at += string_length(&rest[at..]),
            _ => {
                match byte {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return at;
                }
            }
        }
    }
    rest.len()
}
