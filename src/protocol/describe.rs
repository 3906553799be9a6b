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
    let of_envelope = || fields_of(envelope).filter(|(name, ..)| *name != "biz_data");
    let of_biz_data = || biz_data.into_iter().flat_map(fields_of);
    let mut out = String::with_capacity(length + ROOM_FOR_QUOTES);
    out.push('{');
    if may_repeat(of_envelope().chain(of_biz_data())) {
        let all: Vec<Field<'_>> = of_envelope().chain(of_biz_data()).collect();
        let mut seen = HashSet::with_capacity(all.len());
        let is_last: Vec<bool> = all.iter().rev().map(|(name, ..)| seen.insert(*name)).collect();
        let kept = all.iter().zip(is_last.iter().rev()).filter(|(_, is_last)| **is_last);
        kept.for_each(|(field, _)| push_field(&mut out, *field));
    } else {
        of_envelope().for_each(|field| push_field(&mut out, field));
        of_biz_data().for_each(|field| push_field(&mut out, field));
    }
    out.push('}');
    out
}

/// A member's name, its value's text, and whether neither has an escape.
type Field<'a> = (&'a str, &'a str, bool);

fn fields_of<'a>(members: &'a Members<'_>) -> impl Iterator<Item = Field<'a>> {
    let is_plain = members.is_plain();
    members.iter().map(move |(name, json)| (name, json, is_plain))
}

/// Whether a name may come twice: two look alike, by their lengths and ends.
fn may_repeat<'a>(fields: impl Iterator<Item = Field<'a>>) -> bool {
    let mut marks = [0_u64; 16];
    fields.into_iter().any(|(name, ..)| {
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

fn push_field(out: &mut String, (name, json, is_plain): Field<'_>) {
    let before = if out.len() > 1 { ",\"" } else { "\"" };
    if is_plain && json.starts_with('"') {
        // Without escapes, both are JSON as they are.
        out.push_str(before);
        out.push_str(name);
        out.push_str("\":");
        out.push_str(json);
        return;
    }
    out.push_str(before.trim_end_matches('"'));
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
