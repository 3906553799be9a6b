//! What a terminal's message says, for an event: its fields flat, and its code in words.

use std::borrow::Cow;
use std::collections::HashSet;

use super::members::{Members, Value, value_of};
use super::plain::{self, Member, Visitor};
use super::response::{bare, take_apart};
use super::verdict::Said;
use super::{Code, Description, codes};
use crate::json::push_quoted;

/// For the quotes around what is no text as it was written, in bytes.
const ROOM_FOR_QUOTES: usize = 32;

/// What a terminal's message says, for an event.
pub fn describe(text: &str) -> Description {
    let text = bare(text);
    let mut plain = Plain::of(text);
    if plain::visit(text, &mut plain).is_some() {
        return plain.end();
    }
    let described = take_apart(text).and_then(|message| {
        let nested = message.nested_members()?;
        Ok(described(&message.envelope, message.biz_data.as_ref().or(nested.as_ref()), text.len()))
    });
    described.unwrap_or_else(|_| Description { fields: "{}".to_owned(), code: None })
}

/// Of any message.
fn described(envelope: &Members<'_>, biz_data: Option<&Members<'_>>, length: usize) -> Description {
    let status = biz_data.and_then(|members| members.get("trans_status")).and_then(text_of);
    let of_envelope = |name| envelope.get(name).and_then(text_of);
    let (code, message) = (of_envelope("response_code"), of_envelope("response_msg"));
    let said = Said::from_texts(code.as_deref(), message.as_deref(), status.as_deref());
    Description { fields: flat(envelope, biz_data, length), code: in_words(&said) }
}

fn text_of(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(text),
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
    let of_envelope = envelope.iter().filter(|(name, _)| *name != "biz_data");
    let of_biz_data = biz_data.into_iter().flat_map(Members::iter);
    let all: Vec<(&str, &str)> = of_envelope.chain(of_biz_data).collect();
    let mut seen = HashSet::with_capacity(all.len());
    let is_last: Vec<bool> = all.iter().rev().map(|(name, _)| seen.insert(*name)).collect();
    let mut out = String::with_capacity(length + ROOM_FOR_QUOTES);
    out.push('{');
    for ((name, json), is_last) in all.iter().zip(is_last.iter().rev()) {
        // Null is absent, here as everywhere.
        if *is_last && *json != "null" {
            push_comma(&mut out);
            push_quoted(&mut out, name);
            out.push(':');
            push_as_text(&mut out, json);
        }
    }
    out.push('}');
    out
}

fn push_comma(out: &mut String) {
    if out.len() > 1 {
        out.push(',');
    }
}

/// Describes, as it is read, what nearly every message is: one without escapes and without a name that comes twice. Fields
/// that follow each other are copied at once.
pub(super) struct Plain<'a> {
    text: &'a str,
    fields: String,
    /// What of the text is still to be copied, from and to.
    run: (usize, usize),
    /// A bit for each name that was there, by its length and some letters: there are far fewer than an answer may have
    /// members.
    names: [u64; 16],
    has_biz_data: bool,
    code: Option<&'a str>,
    message: Option<&'a str>,
    status: Option<&'a str>,
}

impl<'a> Plain<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut fields = String::with_capacity(text.len() + ROOM_FOR_QUOTES);
        fields.push('{');
        Plain {
            text,
            fields,
            run: (0, 0),
            names: [0; 16],
            has_biz_data: false,
            code: None,
            message: None,
            status: None,
        }
    }

    /// Whether it is like none before. One that only looks like another costs time, and nothing else.
    fn is_new(&mut self, name: &str) -> bool {
        let (Some(first), Some(last)) = (name.bytes().next(), name.bytes().next_back()) else {
            return false;
        };
        let middle = name.as_bytes()[name.len() / 2];
        let mixed = name.len() * 2_311
            + usize::from(first) * 131
            + usize::from(last) * 517
            + usize::from(middle) * 1_031;
        let (word, bit) = (mixed / 64 % 16, mixed % 64);
        let before = self.names[word];
        self.names[word] |= 1 << bit;
        before >> bit & 1 == 0
    }

    fn copy_run(&mut self) {
        let (from, to) = std::mem::take(&mut self.run);
        if let Some(run) = self.text.get(from..to).filter(|run| !run.is_empty()) {
            push_comma(&mut self.fields);
            self.fields.push_str(run);
        }
    }

    pub(super) fn end(mut self) -> Description {
        self.copy_run();
        self.fields.push('}');
        let text_of = |json: Option<&'a str>| json.map(value_of).and_then(text_of);
        let (code, message) = (text_of(self.code), text_of(self.message));
        let status = text_of(self.status);
        let said = Said::from_texts(code.as_deref(), message.as_deref(), status.as_deref());
        Description { code: in_words(&said), fields: self.fields }
    }
}

impl<'a> Visitor<'a> for Plain<'a> {
    /// A second one, and one that may be an object in a string, are for others.
    fn begin_biz_data(&mut self, is_object: bool) -> Option<()> {
        let is_first = !std::mem::replace(&mut self.has_biz_data, true);
        (is_object && is_first).then_some(())
    }

    #[inline(always)]
    fn member(&mut self, is_of_biz_data: bool, member: Member<'a>) -> Option<()> {
        let Member { name, json, from, to } = member;
        if name == "biz_data" && !is_of_biz_data {
            return Some(());
        }
        if !self.is_new(name) {
            return None;
        }
        match (name, is_of_biz_data) {
            ("response_code", false) => self.code = Some(json),
            ("response_msg", false) => self.message = Some(json),
            ("trans_status", true) => self.status = Some(json),
            _ => {}
        }
        if json == "null" {
            return Some(());
        }
        if !json.starts_with('"') {
            self.copy_run();
            push_comma(&mut self.fields);
            push_quoted(&mut self.fields, name);
            self.fields.push(':');
            push_quoted(&mut self.fields, json);
        } else if self.run.1 > 0 && from == self.run.1 + 1 {
            self.run.1 = to;
        } else {
            self.copy_run();
            self.run = (from, to);
        }
        Some(())
    }
}

/// A value as a JSON text; what is none as it was written.
fn push_as_text(out: &mut String, json: &str) {
    if !json.starts_with('"') {
        push_quoted(out, json);
    } else if !json.contains('\\') {
        out.push_str(json);
    } else if let Value::Text(text) = value_of(json) {
        push_quoted(out, &text);
    }
}
