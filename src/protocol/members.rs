//! A JSON object taken apart without copying: names, and each value's own text.
//!
//! Values stay text until somebody asks, so a number is never anything but the digits it was written with, and what
//! nobody asks for travels on as it came.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::plain::{self, Parts};

/// How deep objects and arrays may be nested. Deep enough for any message; a reader that recurses survives it.
const MAX_DEPTH: usize = 64;

/// So many names are compared faster than hashed.
const FEW: usize = 16;

/// One value, as far as it must be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    /// As it was written.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// As it was written.
    Array(&'a str),
    /// As it was written.
    Object(&'a str),
}

impl<'a> Value<'a> {
    /// As [`Value::of`], where no string has an escape.
    pub(super) fn of_plain(json: &'a str) -> Self {
        match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(text) => Value::Text(Cow::Borrowed(text)),
            None => Value::of(json),
        }
    }

    /// `json` is one value's valid text. A string that is no Unicode (half a surrogate pair) reads as its raw text.
    fn of(json: &'a str) -> Self {
        match json.as_bytes().first() {
            Some(b'"') => Value::Text(text_of(json)),
            Some(b'{') => Value::Object(json),
            Some(b'[') => Value::Array(json),
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') | None => Value::Null,
            Some(_) => Value::Number(json),
        }
    }

    /// What it is, with its article, for a sentence.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }
}

/// An object's members in the order they were written.
#[derive(Debug)]
pub(crate) enum Members<'a> {
    /// No string in it has an escape.
    Plain(Vec<(&'a str, &'a str)>),
    Full(Vec<FullMember<'a>>),
}

type FullMember<'a> = (Cow<'a, str>, &'a RawValue);

impl<'a> Members<'a> {
    /// Reads an object as a terminal may write it: of a name that comes twice the last counts.
    /// The error is a few words on why it is no object.
    pub(crate) fn read(json: &'a str) -> Result<Self, String> {
        Self::read_at_most(json, usize::MAX)
    }

    /// The same, and no further than to the last of so many members: with more it is none.
    pub(super) fn read_at_most(json: &'a str, most: usize) -> Result<Self, String> {
        if let Some(members) = plain::members(json, most) {
            return Ok(Members::Plain(members));
        }
        check_depth(json)?;
        let is_over = Cell::new(false);
        let mut reader = serde_json::Deserializer::from_str(json);
        let read = AtMost { most, is_over: &is_over }.deserialize(&mut reader);
        if is_over.get() {
            return Err(too_many(most));
        }
        read.and_then(|members| reader.end().map(|()| members)).map_err(|error| {
            match serde_json::from_str::<IgnoredAny>(json) {
                Ok(_) => match Value::of(json.trim_ascii_start()).kind() {
                    // An object that reads as JSON and still fails has a name that is no Unicode.
                    "an object" => error.to_string(),
                    other => format!("a JSON object expected, got {other}"),
                },
                Err(error) => format!("not JSON: {error}"),
            }
        })
    }

    /// As [`Members::read_at_most`], of a message and together of its `biz_data`.
    pub(super) fn read_message(json: &'a str, most: usize) -> Result<Parts<Self>, String> {
        match plain::message(json, most) {
            Some(Parts { envelope, biz_data, is_compact }) => Ok(Parts {
                envelope: Members::Plain(envelope),
                biz_data: biz_data.map(Members::Plain),
                is_compact,
            }),
            None => {
                let envelope = Self::read_at_most(json, most)?;
                Ok(Parts { envelope, biz_data: None, is_compact: false })
            }
        }
    }

    /// Reads an object as a caller must write it: sound to its last character, and every name once.
    pub(crate) fn read_strictly(json: &'a str) -> Result<Self, String> {
        let members = Self::read(json)?;
        members.insist(json)?;
        Ok(members)
    }

    /// As [`Members::read_strictly`], of what was read from `json`.
    pub(crate) fn insist(&self, json: &str) -> Result<(), String> {
        // Of a plain one nothing was skipped over.
        if matches!(self, Members::Full(_)) {
            serde_json::from_str::<Sound>(json).map_err(|error| format!("not JSON: {error}"))?;
        }
        self.refuse_duplicates()
    }

    /// Says which name comes twice.
    pub(crate) fn refuse_duplicates(&self) -> Result<(), String> {
        match self.first_duplicate() {
            Some(name) => Err(format!("the key {name:?} is there twice")),
            None => Ok(()),
        }
    }

    /// Takes out what is null, and says whether there was any.
    pub(super) fn drop_nulls(&mut self) -> bool {
        let before = self.len();
        match self {
            Members::Plain(members) => members.retain(|(_, json)| *json != "null"),
            Members::Full(members) => members.retain(|(_, json)| json.get() != "null"),
        }
        self.len() < before
    }

    /// How many there are, each of a name that comes twice counted.
    pub(super) fn len(&self) -> usize {
        match self {
            Members::Plain(members) => members.len(),
            Members::Full(members) => members.len(),
        }
    }

    fn first_duplicate(&self) -> Option<&str> {
        let count = self.len();
        if count <= FEW {
            let is_repeated =
                |(at, name): &(usize, &str)| self.names().take(*at).any(|before| before == *name);
            return self.names().enumerate().find(is_repeated).map(|(_, name)| name);
        }
        let mut seen = HashSet::with_capacity(count);
        self.names().find(|name| !seen.insert(*name))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'a>> {
        match self {
            Members::Plain(members) => {
                let (_, value) = members.iter().rev().find(|(key, _)| *key == name)?;
                Some(Value::of_plain(value))
            }
            Members::Full(members) => {
                let (_, value) = members.iter().rev().find(|(key, _)| key == name)?;
                Some(Value::of(value.get()))
            }
        }
    }

    /// Every name with its value.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, Value<'a>)> {
        let of = match self {
            Members::Plain(_) => Value::of_plain,
            Members::Full(_) => Value::of,
        };
        self.iter().map(move |(name, json)| (name, of(json)))
    }

    /// Every name with its value's text.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        let (plain, full): (&[(&str, &'a str)], &[FullMember<'a>]) = match self {
            Members::Plain(members) => (members, &[]),
            Members::Full(members) => (&[], members),
        };
        let plain = plain.iter().map(|(name, value)| (*name, *value));
        plain.chain(full.iter().map(|(name, value)| (&**name, value.get())))
    }
}

/// What [`Members::read_at_most`] says of an object with more.
pub(super) fn too_many(most: usize) -> String {
    format!("more than {most} members")
}

/// What a valid JSON string says. Without escapes that is what stands between its quotes.
fn text_of(json: &str) -> Cow<'_, str> {
    if let (false, Some(plain)) = (json.contains('\\'), json.get(1..json.len() - 1)) {
        return Cow::Borrowed(plain);
    }
    match serde_json::from_str(json) {
        Ok(Text(text)) => text,
        Err(_) => Cow::Borrowed(json),
    }
}

/// One value's valid text, told apart.
pub(crate) fn value_of(json: &str) -> Value<'_> {
    Value::of(json)
}

/// Brackets outside strings, counted before anything that recurses sees the text.
fn check_depth(json: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("nested deeper than {MAX_DEPTH} levels"));
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Appends a valid JSON value without the blanks between its tokens.
pub(crate) fn push_compact(out: &mut String, json: &str) {
    if !json.contains([' ', '\t', '\n', '\r']) {
        out.push_str(json);
        return;
    }
    let mut in_string = false;
    let mut escaped = false;
    for c in json.chars() {
        if in_string {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => {}
            }
        } else if matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        } else if c == '"' {
            in_string = true;
        }
        out.push(c);
    }
}

/// A string, borrowed where it has no escapes; serde's own `Cow` always copies.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// An object of so many members at most; says when there are more.
struct AtMost<'s> {
    most: usize,
    is_over: &'s Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for AtMost<'_> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AtMost<'_> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some((Text(name), value)) = map.next_entry()? {
            if members.len() >= self.most {
                self.is_over.set(true);
                return Err(A::Error::custom("too many members"));
            }
            members.push((name, value));
        }
        Ok(Members::Full(members))
    }
}

/// Reads a value to its end and keeps nothing. Raw values are only skipped over, and skipping lets half a surrogate
/// pair pass; reading does not.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Sound)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = Sound;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_str<E>(self, _: &str) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sound, A::Error> {
        while seq.next_element::<Sound>()?.is_some() {}
        Ok(Sound)
    }

    // Numbers that fit no machine type come here too, as one member: that is how serde_json hands out their digits.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sound, A::Error> {
        while map.next_entry::<Sound, Sound>()?.is_some() {}
        Ok(Sound)
    }
}
