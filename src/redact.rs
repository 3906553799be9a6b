//! Keeps card numbers and signatures out of logs and files.
//!
//! A card's number is 12 to 19 digits, possibly with single blanks or dashes between them; its first six and last four
//! stay readable, as on a receipt. What looks like one is treated as one: a log that hides too much is a nuisance, one
//! that hides too little is a breach.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::json::push_quoted;
use crate::protocol::members;

/// What stands where a whole value was.
const HIDDEN: &str = "***";

/// The digits of a card's number, at least and at most.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
/// Of those, readable at the beginning and at the end.
const KEPT_FIRST: usize = 6;
const KEPT_LAST: usize = 4;

/// The member that is a picture of somebody's signature.
const SIGNATURE: &str = "signature_url";

/// Members that are never shown, whatever they look like.
const SECRET: [&str; 10] = [
    SIGNATURE,
    "cvv",
    "cvv2",
    "cvc",
    "pin",
    "pin_block",
    "pin_data",
    "track1",
    "track2",
    "track_data",
];

/// Members that identify a transaction, or say how much and when: digits, and no card's.
const READABLE: [&str; 29] = [
    "merchant_order_no",
    "orig_merchant_order_no",
    "trans_no",
    "orig_trans_no",
    "pay_channel_trans_no",
    "request_id",
    "timestamp",
    "trans_end_time",
    "ref_no",
    "auth_code",
    "batch_no",
    "trace_no",
    "app_id",
    "merchant_no",
    "store_no",
    "terminal_no",
    "terminal_id",
    "terminal_sn",
    "device_sn",
    "order_amount",
    "total_amount",
    "trans_amount",
    "tip_amount",
    "tax_amount",
    "cashback_amount",
    "discount_bmopc",
    "discount_bpc",
    "expires",
    "at",
];

/// Strings inside strings are JSON again this often, then plain text.
const MAX_NESTED_TEXTS: usize = 4;

/// Masks, in any text, whatever looks like a full card number, and every value of `signature_url`.
pub fn text(text: &str) -> String {
    mask_digits(&mask_signatures(text)).into_owned()
}

/// Masks a JSON object's values by name and by look; the numbers that identify a transaction stay readable.
/// A text that is no JSON is masked as [`text`] does.
pub fn json(json: &str) -> String {
    json_at(json, 0)
}

/// At most `limit` bytes of the text, masked, cut at a character's boundary with `…` where something is left out.
pub fn excerpt(bytes: &[u8], limit: usize) -> String {
    // Masking never lengthens a text, but a signature's address may shrink a lot; a little is read ahead.
    let window = &bytes[..bytes.len().min(limit.saturating_add(256))];
    let mut masked = text(&String::from_utf8_lossy(window));
    let is_cut = window.len() < bytes.len();
    if is_cut {
        // Half a card's number at the window's end was not recognised as one.
        let end = masked
            .trim_end_matches(|c: char| c.is_ascii_digit() || is_separator(c))
            .len();
        masked.truncate(end);
    }
    if !is_cut && masked.len() <= limit {
        return masked;
    }
    let room = limit.saturating_sub('…'.len_utf8()).min(masked.len());
    let end = (0..=room)
        .rev()
        .find(|&end| masked.is_char_boundary(end))
        .unwrap_or(0);
    masked.truncate(end);
    if limit >= '…'.len_utf8() {
        masked.push('…');
    }
    masked
}

fn is_separator(c: char) -> bool {
    c == ' ' || c == '-'
}

/// Masks every run of digits, with single separators between them, that is long enough to hold a card's number.
///
/// A group of more than 19 digits is something else and ends the run. Short groups that are together more than 19 may
/// hide a card's number and its expiry, so they are masked as one.
fn mask_digits(text: &str) -> Cow<'_, str> {
    let mut masker = Masker {
        text,
        out: String::new(),
        copied: 0,
    };
    let bytes = text.as_bytes();
    let mut run: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let group = bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if group == 0 {
            let continues =
                is_separator(char::from(bytes[at])) && at > 0 && bytes[at - 1].is_ascii_digit();
            if !continues {
                masker.end_run(&mut run);
            }
            at += 1;
            continue;
        }
        if group > *CARD_DIGITS.end() {
            masker.end_run(&mut run);
        } else {
            run.extend(at..at + group);
        }
        at += group;
    }
    masker.end_run(&mut run);
    masker.finish()
}

/// A text of which some digits are replaced; it is copied only if there are any.
struct Masker<'a> {
    text: &'a str,
    out: String,
    copied: usize,
}

impl<'a> Masker<'a> {
    /// `run` holds the places of the digits.
    fn end_run(&mut self, run: &mut Vec<usize>) {
        if run.len() >= *CARD_DIGITS.start() {
            for &digit in &run[KEPT_FIRST..run.len() - KEPT_LAST] {
                self.out.push_str(&self.text[self.copied..digit]);
                self.out.push('*');
                self.copied = digit + 1;
            }
        }
        run.clear();
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.copied..]);
        Cow::Owned(self.out)
    }
}

/// Replaces what follows `signature_url`, however it is written: JSON, JSON inside a string, or `name=value`.
fn mask_signatures(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(found) = rest.find(SIGNATURE) {
        let (before, after) = rest.split_at(found + SIGNATURE.len());
        out.push_str(before);
        rest = after;
        if let Some((start, end)) = signature_value(after) {
            out.push_str(&after[..start]);
            out.push_str(HIDDEN);
            rest = &after[end..];
        }
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where, after the name, the value begins and ends.
fn signature_value(after: &str) -> Option<(usize, usize)> {
    let skip =
        |from: usize, set: &[char]| after.len() - after[from..].trim_start_matches(set).len();
    let sign = skip(0, &['\\', '"', '\'', ' ', '\t', '\r', '\n']);
    if !after[sign..].starts_with([':', '=']) {
        return None;
    }
    let blank = skip(sign + 1, &[' ', '\t', '\r', '\n']);
    let slashes = skip(blank, &['\\']) - blank;
    let start = blank + slashes;
    let Some(quote) = after[start..]
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))
    else {
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']' | '&' | ';');
        let length = after[start..].find(ends).unwrap_or(after.len() - start);
        return Some((start, start + length));
    };
    let start = start + 1;
    Some((start, end_of_quoted(after, start, quote, slashes)))
}

/// The quote that closes is one with as many backslashes before it as the one that opened had.
fn end_of_quoted(text: &str, start: usize, quote: char, slashes: usize) -> usize {
    let mut run = 0;
    for (at, c) in text[start..].char_indices() {
        match c {
            '\\' => run += 1,
            _ if c == quote && run <= slashes => return start + at - run,
            _ => run = 0,
        }
    }
    text.len()
}

/// `depth` counts the strings this JSON was found in.
fn json_at(json: &str, depth: usize) -> String {
    if depth > MAX_NESTED_TEXTS || serde_json::from_str::<IgnoredAny>(json).is_err() {
        return text(json);
    }
    Walk {
        json,
        out: String::with_capacity(json.len()),
        at: 0,
        depth,
    }
    .run()
}

/// A walk over valid JSON, token by token, without recursion: a hostile message may be nested as deep as it is long.
struct Walk<'a> {
    json: &'a str,
    out: String,
    at: usize,
    depth: usize,
}

impl<'a> Walk<'a> {
    fn run(mut self) -> String {
        let mut name: Option<Cow<'a, str>> = None;
        while let Some(byte) = self.json.as_bytes().get(self.at) {
            match byte {
                b'"' => {
                    let token = self.take(string_length);
                    if self.json[self.at..].trim_ascii_start().starts_with(':') {
                        self.out.push_str(token);
                        name = Some(plain(token));
                    } else {
                        self.value(token, name.take().as_deref());
                    }
                }
                b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                    let token = self.take(scalar_length);
                    self.value(token, name.take().as_deref());
                }
                b'{' | b'[' if name.as_deref().is_some_and(is_secret) => {
                    self.take(container_length);
                    name = None;
                    push_quoted(&mut self.out, HIDDEN);
                }
                _ => {
                    // Of an array's elements only those by look: a name belongs to one value.
                    if matches!(byte, b'{' | b'[') {
                        name = None;
                    }
                    let token = self.take(|_| 1);
                    self.out.push_str(token);
                }
            }
        }
        self.out
    }

    /// The next token, of the length that `measure` finds.
    fn take(&mut self, measure: fn(&str) -> usize) -> &'a str {
        let rest = &self.json[self.at..];
        let token = &rest[..measure(rest)];
        self.at += token.len();
        token
    }

    /// A string, a number or a word.
    fn value(&mut self, token: &str, name: Option<&str>) {
        if name.is_some_and(is_secret) && token != "null" {
            push_quoted(&mut self.out, HIDDEN);
            return;
        }
        if name.is_some_and(|name| READABLE.contains(&name)) {
            self.out.push_str(token);
            return;
        }
        let value = plain(token);
        let masked = match value.trim_ascii_start().as_bytes().first() {
            Some(b'{' | b'[') => Cow::Owned(json_at(&value, self.depth + 1)),
            _ => Cow::Owned(text(&value)),
        };
        if masked == value {
            self.out.push_str(token);
        } else {
            push_quoted(&mut self.out, &masked);
        }
    }
}

fn is_secret(name: &str) -> bool {
    SECRET.contains(&name)
}

/// A token's text: a string without its quotes and escapes, anything else as it stands.
fn plain(token: &str) -> Cow<'_, str> {
    match members::value_of(token) {
        members::Value::Text(text) => text,
        _ => Cow::Borrowed(token),
    }
}

/// A string token begins here.
fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
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

#[cfg(test)]
mod tests;
