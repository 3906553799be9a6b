//! What a terminal's message says, for an event: its fields flat, and its code in words.

use std::borrow::Cow;
use std::collections::HashSet;

use super::members::{Members, Value};
use super::response::{Message, take_apart};
use super::verdict::Said;
use super::{Code, Description, codes};
use crate::json::push_quoted;

/// So many names are compared faster than hashed.
const FEW: usize = 64;

/// What a terminal's message says, for an event.
pub fn describe(text: &str) -> Description {
    let Ok(message) = take_apart(text) else {
        return Description { fields: "{}".to_owned(), code: None };
    };
    let Message { envelope, biz_data, nested } = &message;
    match nested {
        None => described(envelope, biz_data.as_ref(), text.len()),
        Some(json) => described(envelope, Members::read(json).ok().as_ref(), text.len()),
    }
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
    let of_biz_data = biz_data.into_iter().flat_map(Members::iter);
    let of_envelope = envelope.iter().filter(|(name, _)| *name != "biz_data");
    let all: Vec<(&str, &str)> = of_envelope.chain(of_biz_data).collect();
    let mut seen = Seen::of(all.len());
    let kept: Vec<&(&str, &str)> = all.iter().rev().filter(|(name, _)| seen.is_new(name)).collect();
    let mut out = String::with_capacity(length + 2);
    out.push('{');
    for (name, json) in kept.into_iter().rev() {
        if out.len() > 1 {
            out.push(',');
        }
        push_quoted(&mut out, name);
        out.push(':');
        push_as_text(&mut out, json);
    }
    out.push('}');
    out
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

/// The names that came before.
struct Seen<'a> {
    /// A bit for each name's length and ends: where it is not set, the name is new.
    marks: u64,
    few: Vec<&'a str>,
    many: Option<HashSet<&'a str>>,
}

impl<'a> Seen<'a> {
    fn of(count: usize) -> Self {
        let many = (count > FEW).then(|| HashSet::with_capacity(count));
        let few = if many.is_some() { Vec::new() } else { Vec::with_capacity(count) };
        Seen { marks: 0, few, many }
    }

    fn is_new(&mut self, name: &'a str) -> bool {
        if let Some(many) = &mut self.many {
            return many.insert(name);
        }
        let mark = mark_of(name);
        if self.marks & mark != 0 && self.few.contains(&name) {
            return false;
        }
        self.marks |= mark;
        self.few.push(name);
        true
    }
}

fn mark_of(name: &str) -> u64 {
    let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or(0));
    let bytes = name.as_bytes();
    1 << ((bytes.len() + 5 * end(bytes.first()) + 11 * end(bytes.last())) % 64)
}
