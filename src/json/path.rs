//! One value of a JSON text, read or changed: for languages without a JSON library.
//!
//! The text is checked once; everything after that walks over JSON that is known to be sound, and changes nothing but what
//! it was asked to. Of a name that comes twice in an object the last counts.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;

use super::push_quoted;
use crate::error::{Error, Result, Status};

/// The most names and indexes in a path.
const LONGEST_PATH: usize = 64;

/// The value at `path`: a text without its quotes, everything else as it is written. None if there is none, or it is null.
pub(crate) fn get<'a>(json: &'a str, path: &str) -> Result<Option<Cow<'a, str>>> {
    let steps = steps_of(path)?;
    let mut value = whole(json)?;
    for step in steps {
        match child(json, &value, step) {
            Some(found) => value = found,
            None => return Ok(None),
        }
    }
    match &json[value] {
        "null" => Ok(None),
        text if text.starts_with('"') => said(text, path).map(Some),
        other => Ok(Some(Cow::Borrowed(other))),
    }
}

/// `json`, or an empty object, with a text at `path`; objects on the way are created. None removes what is there.
pub(crate) fn set(json: Option<&str>, path: &str, value: Option<&str>) -> Result<String> {
    let steps = steps_of(path)?;
    let json = json.unwrap_or("{}");
    let root = whole(json)?;
    Ok(match value {
        Some(value) => {
            let (range, inserted) = place_for(json, root, &steps, value)?;
            [&json[..range.start], &inserted, &json[range.end..]].concat()
        }
        None => without(json, root, &steps).unwrap_or_else(|| json.to_owned()),
    })
}

fn argument(message: String) -> Error {
    Error::new(Status::Argument, message)
}

fn steps_of(path: &str) -> Result<Vec<&str>> {
    let steps: Vec<&str> = path.split('.').collect();
    if steps.iter().any(|step| step.is_empty()) {
        let allowed = "member names and array indexes joined by points, none of them empty";
        return Err(argument(format!("path: {allowed}, got {path:?}")));
    }
    if steps.len() > LONGEST_PATH {
        let count = steps.len();
        return Err(argument(format!(
            "path: at most {LONGEST_PATH} names and indexes, got {count}"
        )));
    }
    Ok(steps)
}

/// Where the one value of a text stands, once the text is known to be JSON.
fn whole(json: &str) -> Result<Range<usize>> {
    serde_json::from_str::<IgnoredAny>(json)
        .map_err(|error| Error::new(Status::Json, format!("json: not JSON: {error}")))?;
    let from = skip_blanks(json, 0);
    Ok(from..end_of_value(json, from))
}

fn byte(json: &str, at: usize) -> u8 {
    json.as_bytes().get(at).copied().unwrap_or(0)
}

fn skip_blanks(json: &str, mut at: usize) -> usize {
    while matches!(byte(json, at), b' ' | b'\t' | b'\n' | b'\r') {
        at += 1;
    }
    at
}

/// Behind the closing quote of the text that begins here.
fn end_of_text(json: &str, from: usize) -> usize {
    let mut at = from + 1;
    while at < json.len() && byte(json, at) != b'"' {
        at += if byte(json, at) == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Behind the value that begins here.
fn end_of_value(json: &str, from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    loop {
        match byte(json, at) {
            b'"' => at = end_of_text(json, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            _ if depth > 0 => at += 1,
            _ => {
                let is_end =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                let rest = json.as_bytes().get(at..).unwrap_or_default();
                at += rest.iter().position(is_end).unwrap_or(rest.len());
            }
        }
        if depth == 0 || at >= json.len() {
            return at;
        }
    }
}

/// A member of an object, or an element of an array.
struct Item {
    /// From the member's name on, or the element itself.
    whole: Range<usize>,
    /// With its quotes; empty in an array.
    name: Range<usize>,
    value: Range<usize>,
}

/// The items of the object or array that stands here; none of any other value.
fn items<'a>(json: &'a str, container: &Range<usize>) -> impl Iterator<Item = Item> + 'a {
    let is_object = byte(json, container.start) == b'{';
    let is_container = is_object || byte(json, container.start) == b'[';
    let mut at = container.start + 1;
    std::iter::from_fn(move || {
        at = skip_blanks(json, at);
        if byte(json, at) == b',' {
            at = skip_blanks(json, at + 1);
        }
        if !is_container || matches!(byte(json, at), b'}' | b']') {
            return None;
        }
        let from = at;
        let mut name = from..from;
        if is_object {
            name.end = end_of_text(json, from);
            let colon = skip_blanks(json, name.end);
            at = skip_blanks(json, colon + 1);
        }
        let value = at..end_of_value(json, at);
        at = value.end;
        Some(Item { whole: from..value.end, name, value })
    })
}

fn is_named(json: &str, item: &Item, step: &str) -> bool {
    let quoted = &json[item.name.clone()];
    match quoted.get(1..quoted.len().max(2) - 1) {
        Some(plain) if !quoted.contains('\\') => plain == step,
        _ => serde_json::from_str::<String>(quoted).is_ok_and(|name| name == step),
    }
}

/// What a step can be in an array.
fn index(step: &str) -> Option<usize> {
    let is_number = step.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = step == "0" || !step.starts_with('0');
    if is_number && is_plain { step.parse().ok() } else { None }
}

fn item(json: &str, container: &Range<usize>, step: &str) -> Option<Item> {
    match byte(json, container.start) {
        b'{' => items(json, container).filter(|item| is_named(json, item, step)).last(),
        b'[' => items(json, container).nth(index(step)?),
        _ => None,
    }
}

fn child(json: &str, container: &Range<usize>, step: &str) -> Option<Range<usize>> {
    item(json, container, step).map(|item| item.value)
}

/// What a text says.
fn said<'a>(quoted: &'a str, path: &str) -> Result<Cow<'a, str>> {
    let refused =
        |why: &str| Err(Error::new(Status::Json, format!("json: the text at {path:?} {why}")));
    let said = match quoted.get(1..quoted.len() - 1) {
        Some(plain) if !quoted.contains('\\') => Cow::Borrowed(plain),
        _ => match serde_json::from_str::<String>(quoted) {
            Ok(text) => Cow::Owned(text),
            Err(_) => return refused("is no Unicode"),
        },
    };
    if said.contains('\0') {
        return refused("has a NUL in it, at which it would be cut off");
    }
    Ok(said)
}

/// Where the text goes, and what is to stand there.
fn place_for(
    json: &str,
    root: Range<usize>,
    steps: &[&str],
    value: &str,
) -> Result<(Range<usize>, String)> {
    let mut container = root;
    for (depth, step) in steps.iter().enumerate() {
        let rest = &steps[depth + 1..];
        if let Some(found) = child(json, &container, step) {
            container = found;
            continue;
        }
        let count = items(json, &container).count();
        let end = container.end - 1;
        let comma = if count > 0 { "," } else { "" };
        return match byte(json, container.start) {
            b'{' => Ok((end..end, format!("{comma}{}", member(step, rest, value)))),
            b'[' if index(step) == Some(count) => {
                Ok((end..end, format!("{comma}{}", nested(rest, value))))
            }
            b'[' => Err(argument(format!(
                "path: the array at {:?} takes an index from 0 to {count}, got {step:?}",
                steps[..depth].join(".")
            ))),
            b'n' => Ok((container, nested(&steps[depth..], value))),
            other => Err(argument(format!(
                "path: {:?} is {}, which has no members",
                steps[..depth].join("."),
                kind(other)
            ))),
        };
    }
    Ok((container, nested(&[], value)))
}

/// `{"a":{"b":"value"}}` for the steps `a` and `b`.
fn nested(steps: &[&str], value: &str) -> String {
    match steps.split_first() {
        Some((step, rest)) => format!("{{{}}}", member(step, rest, value)),
        None => quoted(value),
    }
}

fn member(step: &str, rest: &[&str], value: &str) -> String {
    format!("{}:{}", quoted(step), nested(rest, value))
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    push_quoted(&mut out, text);
    out
}

/// What begins with this byte and has no members.
fn kind(first: u8) -> &'static str {
    match first {
        b'"' => "a text",
        b't' | b'f' => "a boolean",
        _ => "a number",
    }
}

/// The text with nothing at these steps; none if there is nothing already.
fn without(json: &str, root: Range<usize>, steps: &[&str]) -> Option<String> {
    let (last, way) = steps.split_last()?;
    let container = way.iter().try_fold(root, |container, step| child(json, &container, step))?;
    let is_object = byte(json, container.start) == b'{';
    let stays = |(place, item): &(usize, Item)| {
        if is_object { !is_named(json, item, last) } else { Some(*place) != index(last) }
    };
    let all = items(json, &container).count();
    let kept: Vec<&str> = items(json, &container)
        .enumerate()
        .filter(stays)
        .map(|(_, item)| &json[item.whole])
        .collect();
    let (head, tail) = (&json[..=container.start], &json[container.end - 1..]);
    (kept.len() < all).then(|| [head, &kept.join(","), tail].concat())
}

#[cfg(test)]
mod tests;
