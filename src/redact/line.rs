//! A line for the log: masked, and one line whatever is in it.

use std::fmt::Write as _;
use std::ops::Range;

use super::digits::{self, Rule};
use super::labels;

/// The words of this library's own log before an order's number or a request's id.
const LABELS: [&str; 12] = [
    "order",
    "query",
    "close",
    "reprint",
    "batch.close",
    "tip.adjustment",
    "request",
    "request_id",
    "merchant_order_no",
    "for",
    // Refused for a number or an id that was used before.
    "twice:",
    "terminal:",
];

pub(super) fn line(text: &str) -> String {
    let shown = labels::mask(text);
    escape(&digits::mask(&shown, Rule::Anywhere, |place| is_own_number(&shown, place)))
}

/// `order 4111111111111111 (4111111111111111)`: without its number a line of the log could be matched with nothing.
fn is_own_number(text: &str, place: Range<usize>) -> bool {
    let before = &text[..place.start];
    if let Some(before) = before.strip_suffix(" (")
        && text[place.end..].starts_with(')')
    {
        let (rest, last) = last_word(before);
        return is_label(last) || is_label(last_word(rest).1);
    }
    before.ends_with([' ', '"']) && is_label(last_word(before.trim_end_matches([' ', '"'])).1)
}

fn last_word(text: &str) -> (&str, &str) {
    // Longer than any label or number: the search must not go through the whole text for each number in it.
    let from = text.len().saturating_sub(80);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    match text[from..].rfind(' ') {
        Some(at) => (&text[..from + at], &text[from + at + 1..]),
        None => ("", &text[from..]),
    }
}

fn is_label(word: &str) -> bool {
    LABELS.contains(&word)
}

/// Control characters, and what breaks or turns a line, as escapes.
fn escape(text: &str) -> String {
    if !text.contains(must_be_escaped) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a String cannot fail.
            c if must_be_escaped(c) => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

fn must_be_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
