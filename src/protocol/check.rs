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

/// What rows' conditions hang on, where the request has it and it holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Conditions<'a> {
    pub(super) trans_type: Option<&'a str>,
    /// The currency whose number of decimals is a limit for every amount.
    pub(super) currency: Option<&'a str>,
}

/// Adds to `faults` whatever of `members` breaks a row of `table`. `place` goes before each name.
pub(super) fn walk(
    table: &[Field],
    members: &Members<'_>,
    place: &str,
    on: Conditions<'_>,
    faults: &mut Vec<String>,
) {
    if holds(table, members, on) {
        return;
    }
    for field in table {
        let fault = match members.get(field.name) {
            Some(value) => unwelcome(field.need, on.trans_type, &value)
                .or_else(|| broken(field.rule, &value, on.currency)),
            None => missing(field.need, members, on.trans_type),
        };
        if let Some(fault) = fault {
            faults.push(format!("{place}{}: {fault}", field.name));
        }
    }
}

/// Whether there is no fault at all, as with nearly every message. Only what must be there is looked for.
fn holds(table: &[Field], members: &Members<'_>, on: Conditions<'_>) -> bool {
    let is_fine = |(name, value): (&str, Value<'_>)| {
        table.iter().find(|field| field.name == name).is_none_or(|field| {
            unwelcome(field.need, on.trans_type, &value).is_none()
                && broken(field.rule, &value, on.currency).is_none()
        })
    };
    let is_there = |field: &Field| {
        !is_due(field.need, members, on.trans_type) || members.get(field.name).is_some()
    };
    members.values().all(is_fine) && table.iter().all(is_there)
}

/// Why a field may not be there.
fn unwelcome(need: Need, trans_type: Option<&str>, value: &Value<'_>) -> Option<String> {
    match (need, trans_type) {
        (Need::Never, _) => Some("only a response has it, leave it out".to_owned()),
        // What is switched off is not asked for.
        (Need::OnlyWith(_), _) if *value == Value::Bool(false) => None,
        (Need::OnlyWith(types), Some(given)) if !types.contains(&given) => {
            Some(format!("only with trans_type {}, got trans_type {given}", listed(types)))
        }
        _ => None,
    }
}

/// Why a field must be there.
fn missing(need: Need, members: &Members<'_>, trans_type: Option<&str>) -> Option<String> {
    match (need, trans_type) {
        _ if !is_due(need, members, trans_type) => None,
        (Need::MustOr(other), _) => {
            Some(format!("it or {other} is required, but both are missing"))
        }
        (Need::Must, _) | (_, None) => Some("required, but missing".to_owned()),
        (_, Some(given)) => Some(format!("required with trans_type {given}, but missing")),
    }
}

#[inline(always)]
fn is_due(need: Need, members: &Members<'_>, trans_type: Option<&str>) -> bool {
    match (need, trans_type) {
        (Need::Must, _) => true,
        (Need::MustOr(other), _) => members.get(other).is_none(),
        (Need::MustWith(types), Some(given)) => types.contains(&given),
        (Need::MustBut(types), Some(given)) => !types.contains(&given),
        _ => false,
    }
}

/// What is wrong with a value.
fn broken(rule: Rule, value: &Value<'_>, currency: Option<&str>) -> Option<String> {
    let expected = |what: &str| Some(format!("{what} expected, got {}", shown(value)));
    match (rule, value) {
        (Rule::Any, _) | (Rule::Flag, Value::Bool(_)) | (Rule::Object, Value::Object(_)) => None,
        (Rule::Flag, _) => expected("true or false"),
        (Rule::Object, _) => expected("an object"),
        (Rule::Amount | Rule::AmountAboveZero, Value::Number(_)) => {
            Some(format!("an amount is written as text, like \"34.50\", got {}", shown(value)))
        }
        (Rule::Amount | Rule::AmountAboveZero, Value::Text(text)) => {
            broken_amount(rule, text, currency)
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
        Rule::Seconds => but_got(is_count(text), "whole seconds, 1 to 15 digits"),
        Rule::EpochMs => but_got(is_count(text), "epoch milliseconds, 1 to 15 digits"),
        Rule::RequestId => but_got(
            (1..=REQUEST_ID_LENGTH).contains(&text.len())
                && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "1 to 64 printable ASCII characters",
        ),
        Rule::Text
        | Rule::Flag
        | Rule::Object
        | Rule::Any
        | Rule::Amount
        | Rule::AmountAboveZero => None,
    }
}

fn broken_amount(rule: Rule, text: &str, currency: Option<&str>) -> Option<String> {
    let but_got = |what: &str| Some(format!("{what}, got {}", shown_text(text)));
    let Some(is_zero) = amount::is_zero(text) else {
        return match amount::with_point(text) {
            Some(corrected) => {
                but_got(&format!("decimals follow a point, not a comma, like {corrected:?}"))
            }
            None => but_got(amount::RULE),
        };
    };
    if is_zero && matches!(rule, Rule::AmountAboveZero) {
        return but_got("more than zero");
    }
    let currency = currency?;
    match currency::decimals(currency)? {
        decimals if amount::decimals(text) > decimals => {
            but_got(&format!("{currency} has {decimals} decimals"))
        }
        _ => None,
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
