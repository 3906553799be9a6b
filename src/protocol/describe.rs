//! What a terminal's message says, for an event: its fields flat, and its code in words.

use std::borrow::Cow;
use std::collections::HashSet;

use super::members::{Members, Value};
use super::response::take_apart;
use super::verdict::Said;
use super::{Code, Description, codes};
use crate::json::push_quoted;

/// For the quotes around what is no text as it was written, in bytes.
const ROOM_FOR_QUOTES: usize = 32;

/// What a terminal's message says, for an event.
pub fn describe(text: &str) -> Description {
    let described = take_apart(text).and_then(|message| {
        let nested = message.nested_members()?;
        let biz_data = message.biz_data.as_ref().or(nested.as_ref());
        Ok(described(&message.envelope, biz_data, text.len()))
    });
    described.unwrap_or_else(|_| Description { fields: "{}".to_owned(), code: None })
}

fn described(envelope: &Members<'_>, biz_data: Option<&Members<'_>>, length: usize) -> Description {
    let status = biz_data.and_then(|members| text_of(members, "trans_status"));
    let (code, message) = (text_of(envelope, "response_code"), text_of(envelope, "response_msg"));
    let said = Said::from_texts(code.as_deref(), message.as_deref(), status.as_deref());
    Description { fields: flat(envelope, biz_data, length), code: in_words(&said) }
}

fn text_of<'a>(members: &Members<'a>, name: &str) -> Option<Cow<'a, str>> {
    match members.get(name)? {
        Value::Text(text) if !text.is_empty() => Some(text),
        Value::Number(digits) => Some(Cow::Borrowed(digits)),
        _ => None,
    }
}

/// None without any code, and of a plain success.
fn in_words(said: &Said<'_>) -> Option<Code> {
    let row = said.explained()?;
    // Beside a state that is open, or that says the opposite, no code's own advice is safe.
    let advice = if said.proves_nothing() { codes::LOOK_FIRST } else { row.advice };
    Some(Code {
        response_code: said.code().map(str::to_owned),
        inner: said.inner().map(str::to_owned),
        text: row.meaning.to_owned(),
        advice: advice.to_owned(),
    })
}

/// `biz_data`'s members over the envelope's, text to text. Of a name that comes twice the last counts.
fn flat(envelope: &Members<'_>, biz_data: Option<&Members<'_>>, length: usize) -> String {
    let of_envelope = || envelope.iter().filter(|(name, _)| *name != "biz_data");
    let of_biz_data = || biz_data.into_iter().flat_map(Members::iter);
    let mut out = String::with_capacity(length + ROOM_FOR_QUOTES);
    out.push('{');
    if may_repeat(of_envelope().chain(of_biz_data())) {
        let all: Vec<(&str, &str)> = of_envelope().chain(of_biz_data()).collect();
        let mut seen = HashSet::with_capacity(all.len());
        let is_last: Vec<bool> = all.iter().rev().map(|(name, _)| seen.insert(*name)).collect();
        let kept = all.iter().zip(is_last.iter().rev()).filter(|(_, is_last)| **is_last);
        kept.for_each(|((name, json), _)| push_field(&mut out, name, json));
    } else {
        of_envelope().for_each(|(name, json)| push_field(&mut out, name, json));
        of_biz_data().for_each(|(name, json)| push_field(&mut out, name, json));
    }
    out.push('}');
    out
}

/// Whether a name may come twice: two look alike, by their lengths and ends.
fn may_repeat<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let mut marks = [0_u64; 16];
    members.into_iter().any(|(name, _)| {
        let bytes = name.as_bytes();
        let at = |place: usize| usize::from(bytes.get(place).copied().unwrap_or(0));
        let last = bytes.len().saturating_sub(1);
        let mixed = bytes.len() * 37 + at(0) * 5 + at(last) * 11 + at(last / 2) * 131;
        let (word, bit) = (mixed / 64 % 16, mixed % 64);
        let is_marked = marks[word] >> bit & 1 == 1;
        marks[word] |= 1 << bit;
        is_marked
    })
}

fn push_field(out: &mut String, name: &str, json: &str) {
    if out.len() > 1 {
        out.push(',');
    }
    push_quoted(out, name);
    out.push(':');
    push_as_text(out, json);
}

/// A value as a JSON text; what is none as it was written.
fn push_as_text(out: &mut String, json: &str) {
    if !json.starts_with('"') {
        push_quoted(out, json);
    } else if !json.contains('\\') {
        out.push_str(json);
    } else if let Value::Text(text) = super::members::value_of(json) {
        push_quoted(out, &text);
    }
}
