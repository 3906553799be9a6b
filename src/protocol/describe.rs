//! What a terminal's message says, for an event: its fields flat, and its code in words.

use std::borrow::Cow;
use std::collections::HashSet;

use super::members::{Members, Value};
use super::response::take_apart;
use super::verdict::Said;
use super::{Code, Description, codes};
use crate::json::push_quoted;

/// So many names are compared faster than hashed.
const FEW: usize = 64;

/// For the quotes around what is no text as it was written, in bytes.
const ROOM_FOR_QUOTES: usize = 32;

/// What a terminal's message says, for an event.
pub fn describe(text: &str) -> Description {
    let described = take_apart(text).and_then(|message| {
        let nested = message.nested_members()?;
        let biz_data = match (&message.biz_data, &nested) {
            (Some(members), _) => Some(Source { text, members }),
            (None, Some(members)) => message.nested.as_deref().map(|text| Source { text, members }),
            (None, None) => None,
        };
        Ok(described(Source { text, members: &message.envelope }, biz_data))
    });
    described.unwrap_or_else(|_| Description { fields: "{}".to_owned(), code: None })
}

fn described(envelope: Source<'_>, biz_data: Option<Source<'_>>) -> Description {
    let of_envelope = |name| text_of(envelope.members, name);
    let status = biz_data.and_then(|biz_data| text_of(biz_data.members, "trans_status"));
    let (code, message) = (of_envelope("response_code"), of_envelope("response_msg"));
    let said = Said::from_texts(code.as_deref(), message.as_deref(), status.as_deref());
    Description { fields: flat(envelope, biz_data), code: in_words(&said) }
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
fn flat(envelope: Source<'_>, biz_data: Option<Source<'_>>) -> String {
    let of_envelope = || envelope.fields().filter(|field| field.name != "biz_data");
    let all = || of_envelope().chain(biz_data.iter().flat_map(Source::fields));
    let mut out = Flat::of(envelope.text);
    if may_repeat(all) {
        let all: Vec<Field<'_>> = all().collect();
        let mut seen = HashSet::with_capacity(all.len());
        let is_last: Vec<bool> = all.iter().rev().map(|field| seen.insert(field.name)).collect();
        let kept = all.iter().zip(is_last.iter().rev()).filter(|(_, is_last)| **is_last);
        kept.for_each(|(field, _)| out.push(*field));
    } else {
        all().for_each(|field| out.push(field));
    }
    out.end()
}

/// An object, and the text its members are parts of.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    members: &'a Members<'a>,
}

impl<'a> Source<'a> {
    fn fields(&self) -> impl Iterator<Item = Field<'a>> {
        let Source { text, members } = *self;
        let plain = members.is_plain().then_some(text);
        members.iter().map(move |(name, json)| Field { name, json, plain })
    }
}

/// A member's name and its value's text.
#[derive(Clone, Copy)]
struct Field<'a> {
    name: &'a str,
    json: &'a str,
    /// The text both are parts of, where it has no escapes.
    plain: Option<&'a str>,
}

/// Whether a name may come twice. Few names that look alike, by their lengths and some letters, are compared.
fn may_repeat<'a, I: Iterator<Item = Field<'a>>>(all: impl Fn() -> I) -> bool {
    let mut marks = [0_u64; 16];
    let mut is_marked = move |name: &[u8]| {
        let at = |place: usize| usize::from(name.get(place).copied().unwrap_or(0));
        let last = name.len().saturating_sub(1);
        let mixed = name.len() * 37 + at(0) * 5 + at(last) * 11 + at(last / 2) * 131;
        let (word, bit) = (mixed / 64 % 16, mixed % 64);
        let before = marks[word];
        marks[word] |= 1 << bit;
        before >> bit & 1 == 1
    };
    let came_before =
        |count: usize, name| count > FEW || all().take(count).any(|field| field.name == name);
    all()
        .enumerate()
        .any(|(count, field)| is_marked(field.name.as_bytes()) && came_before(count, field.name))
}

/// The object being written. Fields that follow each other in a plain text are copied at once.
struct Flat<'a> {
    out: String,
    text: &'a str,
    /// What of the text is still to be copied, from and to.
    run: (usize, usize),
}

impl<'a> Flat<'a> {
    fn of(text: &'a str) -> Self {
        let mut out = String::with_capacity(text.len() + ROOM_FOR_QUOTES);
        out.push('{');
        Flat { out, text, run: (0, 0) }
    }

    fn push(&mut self, field: Field<'a>) {
        if let Some(text) = field.plain
            && field.json.starts_with('"')
        {
            let place = |part: &str| part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
            let run = (place(field.name).saturating_sub(1), place(field.json) + field.json.len());
            let follows = self.run.1 > 0 && run.0 == self.run.1 + 1;
            if follows && std::ptr::eq(text, self.text) {
                self.run.1 = run.1;
            } else {
                self.copy();
                (self.text, self.run) = (text, run);
            }
            return;
        }
        self.copy();
        self.comma();
        push_quoted(&mut self.out, field.name);
        self.out.push(':');
        push_as_text(&mut self.out, field.json);
    }

    fn comma(&mut self) {
        if self.out.len() > 1 {
            self.out.push(',');
        }
    }

    fn copy(&mut self) {
        let (from, to) = std::mem::take(&mut self.run);
        if let Some(run) = self.text.get(from..to).filter(|run| !run.is_empty()) {
            self.comma();
            self.out.push_str(run);
        }
    }

    fn end(mut self) -> String {
        self.copy();
        self.out.push('}');
        self.out
    }
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
