//! Walks a table over an object and says what does not hold.

use super::fields::{Field, Need, Rule};
use super::members::{Members, Value};
use super::{amount, currency};
use crate::redact;

/// How much of a value a fault shows, in bytes.
const SHOWN: usize = 48;

/// An order's number may be this long.
const ORDER_NO_LENGTH: usize = 32;
/// A `request_id` may be this long; a UUID has 36.
const REQUEST_ID_LENGTH: usize = 64;
/// More digits than any year needs in seconds, or any clock in milliseconds.
const COUNT_DIGITS: usize = 15;

/// Adds to `faults` whatever of `members` breaks a row of `table`. `place` goes before each name; `trans_type` is the
/// request's, where it has one that holds: conditions on it are judged only then.
pub(super) fn walk(
    table: &[Field],
    members: &Members<'_>,
    place: &str,
    trans_type: Option<&str>,
    faults: &mut Vec<String>,
) {
    if holds(table, members, trans_type) {
        return;
    }
    for field in table {
        let fault = match members.get(field.name) {
            Some(value) => unwelcome(field.need, trans_type).or_else(|| broken(field.rule, &value)),
            None => missing(field.need, trans_type),
        };
        if let Some(fault) = fault {
            faults.push(format!("{place}{}: {fault}", field.name));
        }
    }
}

/// Whether there is no fault at all, as with nearly every message. Only what must be there is looked for.
fn holds(table: &[Field], members: &Members<'_>, trans_type: Option<&str>) -> bool {
    let is_fine = |(name, value): (&str, Value<'_>)| {
        table.iter().find(|field| field.name == name).is_none_or(|field| {
            unwelcome(field.need, trans_type).is_none() && broken(field.rule, &value).is_none()
        })
    };
    let is_there =
        |field: &Field| !is_due(field.need, trans_type) || members.get(field.name).is_some();
    members.values().all(is_fine) && table.iter().all(is_there)
}

/// Why a field may not be there.
fn unwelcome(need: Need, trans_type: Option<&str>) -> Option<String> {
    match (need, trans_type) {
        (Need::Never, _) => Some("only a response has it, leave it out".to_owned()),
        (Need::OnlyWith(types), Some(given)) if !types.contains(&given) => {
            Some(format!("only with trans_type {}, got trans_type {given}", listed(types)))
        }
        _ => None,
    }
}

/// Why a field must be there.
fn missing(need: Need, trans_type: Option<&str>) -> Option<String> {
    match (need, trans_type) {
        _ if !is_due(need, trans_type) => None,
        (Need::Must, _) | (_, None) => Some("required, but missing".to_owned()),
        (_, Some(given)) => Some(format!("required with trans_type {given}, but missing")),
    }
}

fn is_due(need: Need, trans_type: Option<&str>) -> bool {
    match (need, trans_type) {
        (Need::Must, _) => true,
        (Need::MustWith(types), Some(given)) => types.contains(&given),
        (Need::MustBut(types), Some(given)) => !types.contains(&given),
        _ => false,
    }
}

/// What is wrong with a value.
fn broken(rule: Rule, value: &Value<'_>) -> Option<String> {
    let expected = |what: &str| Some(format!("{what} expected, got {}", shown(value)));
    match (rule, value) {
        (Rule::Any, _) | (Rule::Flag, Value::Bool(_)) | (Rule::Object, Value::Object(_)) => None,
        (Rule::Flag, _) => expected("true or false"),
        (Rule::Object, _) => expected("an object"),
        (Rule::Amount | Rule::AmountAboveZero, Value::Number(_)) => {
            Some(format!("an amount is written as text, like \"34.50\", got {}", shown(value)))
        }
        (_, Value::Text(text)) => broken_text(rule, text),
        (_, Value::Number(digits)) => broken_text(rule, digits),
        _ => expected("a text"),
    }
}

/// What is wrong with a text, or with a number's text where a text belongs.
fn broken_text(rule: Rule, text: &str) -> Option<String> {
    let but_got =
        |holds: bool, what: &str| (!holds).then(|| format!("{what}, got {}", shown_text(text)));
    match rule {
        Rule::Word => but_got(!text.is_empty(), "a text that is not empty"),
        Rule::OneOf(allowed) if allowed.contains(&text) => None,
        Rule::OneOf(allowed) => but_got(false, &format!("one of {}", listed(allowed))),
        Rule::OrderNo => broken_order_no(text),
        Rule::Currency => {
            but_got(currency::exists(text), "an ISO 4217 code of three capital letters")
        }
        Rule::Amount => but_got(amount::is_zero(text).is_some(), amount::RULE),
        Rule::AmountAboveZero => match amount::is_zero(text) {
            Some(zero) => but_got(!zero, "more than zero"),
            None => but_got(false, amount::RULE),
        },
        Rule::Seconds => but_got(is_count(text), "whole seconds, 1 to 15 digits"),
        Rule::EpochMs => but_got(is_count(text), "epoch milliseconds, 1 to 15 digits"),
        Rule::RequestId => but_got(
            (1..=REQUEST_ID_LENGTH).contains(&text.len())
                && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "1 to 64 printable ASCII characters",
        ),
        Rule::Text | Rule::Flag | Rule::Object | Rule::Any => None,
    }
}

fn broken_order_no(text: &str) -> Option<String> {
    let rule = "at most 32 alphanumeric characters";
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Some(format!("{rule}, got {}", shown_text(text)))
    } else if text.len() > ORDER_NO_LENGTH {
        Some(format!("{rule}, got {}", text.len()))
    } else {
        None
    }
}

fn is_count(text: &str) -> bool {
    (1..=COUNT_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `1, 3 or 4`
fn listed(values: &[&str]) -> String {
    match values {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// A value in a sentence: short, and without a card's number.
fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(digits) => {
            format!("the number {}", redact::excerpt(digits.as_bytes(), SHOWN))
        }
        Value::Text(text) => shown_text(text),
        Value::Array(_) | Value::Object(_) => value.kind().to_owned(),
    }
}

/// A text in a sentence: quoted, short, and without a card's number.
pub(super) fn shown_text(text: &str) -> String {
    format!("{:?}", redact::excerpt(text.as_bytes(), SHOWN))
}
