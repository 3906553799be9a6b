//! Masks secrets by name in a text that is no JSON: JSON cut short, JSON inside a string, `name=value`, `name: 123`.

use std::borrow::Cow;
use std::ops::Range;

use super::HIDDEN;
use super::names::{Kind, MAX_NAME, kind_of};

/// So far a digit is looked for in what may be a sentence.
const MAX_LOOK: usize = 256;

/// Hides the values of members that are secret by name.
pub(super) fn mask(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(separator) = text[at..].find([':', '=']).map(|found| at + found) {
        let label = &text[at..separator];
        at = separator + 1;
        let Some(name) = name_before(label) else { continue };
        if kind_of(name.text) != Kind::Secret {
            continue;
        }
        let is_certain = name.is_quoted || text.as_bytes()[separator] == b'=';
        let Some(value) = value_after(text, at, is_certain) else { continue };
        out.push_str(&text[copied..value.start]);
        out.push_str(HIDDEN);
        copied = value.end;
        at = value.end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

struct Name<'a> {
    text: &'a str,
    is_quoted: bool,
}

/// The name that ends where the value's sign is.
fn name_before(label: &str) -> Option<Name<'_>> {
    let is_quote = |c: char| matches!(c, '"' | '\'' | '\\');
    let label = label.trim_ascii_end();
    let unquoted = label.trim_end_matches(is_quote);
    // A masked digit is a part as the digit was: masking again finds the same name.
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'*');
    let length = unquoted.bytes().rev().take(MAX_NAME).take_while(is_part).count();
    let text = &unquoted[unquoted.len() - length..];
    (length > 0).then_some(Name { text, is_quoted: unquoted.len() < label.len() })
}

/// Where the value is, if there is one. After a bare `name:` comes a sentence, unless there is a quote or a digit.
fn value_after(text: &str, from: usize, is_certain: bool) -> Option<Range<usize>> {
    let skip = |from: usize, set: &[char]| text.len() - text[from..].trim_start_matches(set).len();
    let blank = skip(from, &[' ', '\t', '\r', '\n']);
    let begin = skip(blank, &['\\']);
    let slashes = begin - blank;
    match text.as_bytes().get(begin)? {
        quote @ (b'"' | b'\'') => {
            let begin = begin + 1;
            let end = end_of_quoted(text, begin, *quote, slashes);
            (end > begin).then_some(begin..end)
        }
        b'{' | b'[' => Some(begin..end_of_container(text, begin)),
        _ => {
            let ends = |c: char| {
                c.is_whitespace() || matches!(c, ',' | '}' | ']' | '&' | ';' | '"' | '\'' | '\\')
            };
            if !is_certain
                && !text.as_bytes()[begin..].iter().take(MAX_LOOK).any(u8::is_ascii_digit)
            {
                return None;
            }
            let end = text[begin..].find(ends).map_or(text.len(), |length| begin + length);
            let value = &text[begin..end];
            let is_word = matches!(value, "" | "null" | "true" | "false");
            let is_value =
                is_certain || value.bytes().take(MAX_LOOK).any(|byte| byte.is_ascii_digit());
            (is_value && !is_word).then_some(begin..end)
        }
    }
}

/// The quote that closes is one with as many backslashes before it as the one that opened had.
fn end_of_quoted(text: &str, begin: usize, quote: u8, slashes: usize) -> usize {
    let mut run = 0;
    for (at, byte) in text.bytes().enumerate().skip(begin) {
        match byte {
            b'\\' => run += 1,
            _ if byte == quote && run <= slashes => return at - run,
            _ => run = 0,
        }
    }
    text.len()
}

/// Brackets are counted wherever they are: what is hidden too much is no JSON anyhow.
fn end_of_container(text: &str, begin: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().skip(begin) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}
