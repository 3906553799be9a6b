//! From a caller's message to the one that goes on the wire.

use std::borrow::Cow;

use super::check::Conditions;
use super::fields::{self, Field, Tables};
use super::members::{self, Members, Value};
use super::plain::Parts;
use super::{Defaults, Request, check};
use crate::config::Validation;
use crate::error::{Error, Result, Status};
use crate::json::{Object, push_quoted};

/// With this byte, or a higher one, a character of four bytes begins.
const FIRST_OF_FOUR: u8 = 0xf0;

/// The version an envelope gets.
const VERSION: &str = "1.0";

/// Checks a caller's message and fills what its envelope lacks.
///
/// A `request_id` of the caller's own is 1 to 64 printable ASCII characters. All faults are told at once.
pub fn prepare(json: &str, defaults: &Defaults<'_>) -> Result<Request> {
    let refused = |message| Error::new(Status::Json, message);
    let Parts { mut envelope, biz_data, mut is_compact } = Members::read_message(json, usize::MAX)
        .and_then(|read| read.envelope.insist(json).map(|()| read))
        .map_err(|why| refused(format!("the request is refused: {why}")))?;
    let mut biz_data = match (biz_data, envelope.get("biz_data")) {
        (Some(members), _) => Some(members),
        (None, Some(Value::Object(json))) => Some(Members::read(json).map_err(refused)?),
        (None, _) => None,
    };
    if let Some(members) = &biz_data {
        members
            .refuse_duplicates()
            .map_err(|why| refused(format!("the request is refused: biz_data: {why}")))?;
    }
    // What is null is as good as absent, and is not sent.
    let of_biz_data = biz_data.as_mut().is_some_and(Members::drop_nulls);
    is_compact &= !(envelope.drop_nulls() || of_biz_data);
    let message = Message { json, envelope, biz_data, is_compact };
    let tables = message.tables(defaults.validation);
    let faults = message.faults(&tables, defaults);
    if !faults.is_empty() {
        return Err(Error::new(Status::Request, faults.join("; ")));
    }
    Ok(message.into_request(&tables, defaults))
}

/// The library's own question about an order, or its request to give the order up.
/// `topic` is [`QUERY`](super::QUERY) or [`CLOSE`](super::CLOSE).
pub fn follow_up(
    topic: &str,
    merchant_order_no: &str,
    request_id: &str,
    timestamp_ms: i64,
    app_id: Option<&str>,
) -> Request {
    let object = Object::new();
    let object = match app_id {
        Some(app_id) => object.text("app_id", app_id),
        None => object,
    };
    let text = object
        .text("topic", topic)
        .text("request_id", request_id)
        .text("timestamp", &timestamp_ms.to_string())
        .text("version", VERSION)
        .json("biz_data", &Object::new().text("merchant_order_no", merchant_order_no).end())
        .end();
    Request {
        request_id: request_id.to_owned(),
        topic: topic.to_owned(),
        merchant_order_no: Some(merchant_order_no.to_owned()),
        trans_type: None,
        order_amount: None,
        price_currency: None,
        orig_merchant_order_no: None,
        text,
    }
}

/// The `app_id` under which a message was sent.
pub fn app_id_of(message: &str) -> Option<String> {
    text_of(&Members::read(message).ok()?, "app_id").map(Cow::into_owned)
}

/// What a person should know about a request that is sent all the same.
pub fn warnings(request: &Request) -> Vec<String> {
    let (mut has_wide_one, mut has_escape) = (false, false);
    for byte in request.text.bytes() {
        has_wide_one |= byte >= FIRST_OF_FOUR;
        // It may stand for half of such a character.
        has_escape |= byte == b'\\';
    }
    if !has_wide_one && !has_escape {
        return Vec::new();
    }
    let Ok(envelope) = Members::read(&request.text) else { return Vec::new() };
    let biz_data = match envelope.get("biz_data") {
        Some(Value::Object(json)) => Members::read(json).ok(),
        _ => None,
    };
    let of_envelope = envelope.iter().filter(|(name, _)| *name != "biz_data");
    let of_envelope = of_envelope.map(|(name, json)| ("", name, json));
    let of_biz_data = biz_data.iter().flat_map(Members::iter);
    let of_biz_data = of_biz_data.map(|(name, json)| ("biz_data.", name, json));
    let wide = of_envelope.chain(of_biz_data).filter(|(_, name, json)| has_wide(name, json));
    wide.map(|(place, name, _)| {
        let name = crate::redact::excerpt(name.as_bytes(), 48);
        format!(
            "{place}{name}: has a character of four bytes in UTF-8, which the gateway does not keep"
        )
    })
    .collect()
}

fn has_wide(name: &str, json: &str) -> bool {
    let is_wide = |text: &str| text.bytes().any(|byte| byte >= FIRST_OF_FOUR);
    let decoded = || serde_json::from_str::<serde_json::Value>(json).ok();
    is_wide(name) || is_wide(json) || decoded().is_some_and(|value| is_wide(&value.to_string()))
}

/// A caller's message, taken apart.
struct Message<'a> {
    json: &'a str,
    envelope: Members<'a>,
    /// None where there is none, or something else in its place.
    biz_data: Option<Members<'a>>,
    /// See [`Parts`].
    is_compact: bool,
}

impl Message<'_> {
    fn tables(&self, validation: Validation) -> Tables {
        let topic = text_of(&self.envelope, "topic").unwrap_or_default();
        match validation {
            Validation::Strict => fields::strict(&topic),
            Validation::Lenient => fields::lenient(&topic),
        }
    }

    /// Everything that is wrong with it.
    fn faults(&self, tables: &Tables, defaults: &Defaults<'_>) -> Vec<String> {
        let mut faults = Vec::new();
        check::walk(tables.envelope, &self.envelope, "", Conditions::default(), &mut faults);
        let app_id_is_due =
            defaults.validation == Validation::Strict && self.envelope.get("app_id").is_none();
        if app_id_is_due && defaults.app_id.is_none_or(str::is_empty) {
            faults.push(
                "app_id: required, but neither in the request nor in the configuration".to_owned(),
            );
        }
        if let Some(biz_data) = &self.biz_data {
            // Conditions that hang on a trans_type are judged only by one that exists.
            let trans_type =
                text_of(biz_data, "trans_type").filter(|given| fields::is_trans_type(given));
            let currency = text_of(biz_data, "price_currency")
                .filter(|_| defaults.validation == Validation::Strict);
            let on =
                Conditions { trans_type: trans_type.as_deref(), currency: currency.as_deref() };
            check::walk(tables.biz_data, biz_data, "biz_data.", on, &mut faults);
        }
        faults
    }

    /// The message as it goes on the wire. It has no faults.
    fn into_request(self, tables: &Tables, defaults: &Defaults<'_>) -> Request {
        let envelope_text = |name| text_of(&self.envelope, name).map(Cow::into_owned);
        let biz_data_text = |name| {
            let members = self.biz_data.as_ref()?;
            text_of(members, name).map(Cow::into_owned)
        };
        Request {
            request_id: envelope_text("request_id")
                .unwrap_or_else(|| defaults.request_id.to_owned()),
            topic: envelope_text("topic").unwrap_or_default(),
            merchant_order_no: biz_data_text("merchant_order_no"),
            trans_type: biz_data_text("trans_type"),
            order_amount: biz_data_text("order_amount"),
            price_currency: biz_data_text("price_currency"),
            orig_merchant_order_no: biz_data_text("orig_merchant_order_no"),
            text: self.write(tables, defaults),
        }
    }

    /// The caller's members in the caller's order, then what was lacking.
    fn write(&self, tables: &Tables, defaults: &Defaults<'_>) -> String {
        let timestamp = defaults.timestamp_ms.to_string();
        let filled = [
            ("request_id", Some(defaults.request_id)),
            ("timestamp", Some(&*timestamp)),
            ("version", Some(VERSION)),
            ("app_id", defaults.app_id),
        ];
        let mut out = String::with_capacity(self.json.len() + 160);
        match self.json.strip_suffix('}') {
            Some(open) if self.is_compact && !self.has_numbers_for_texts(tables) => {
                out.push_str(open);
            }
            _ => self.write_members(tables, &mut out),
        }
        for (name, value) in filled {
            if let (None, Some(value)) = (self.envelope.get(name), value) {
                push_name(&mut out, name);
                push_quoted(&mut out, value);
            }
        }
        out.push('}');
        out
    }

    fn has_numbers_for_texts(&self, tables: &Tables) -> bool {
        let has = |members: &Members<'_>, table| {
            members.iter().any(|(name, json)| {
                json.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
                    && wants_text(table, name)
            })
        };
        has(&self.envelope, tables.envelope)
            || self.biz_data.as_ref().is_some_and(|biz_data| has(biz_data, tables.biz_data))
    }

    /// The object up to where it is closed.
    fn write_members(&self, tables: &Tables, out: &mut String) {
        out.push('{');
        for (name, json) in self.envelope.iter() {
            match &self.biz_data {
                Some(biz_data) if name == "biz_data" => {
                    push_name(out, name);
                    out.push('{');
                    for (name, json) in biz_data.iter() {
                        push_member(out, tables.biz_data, name, json);
                    }
                    out.push('}');
                }
                _ => push_member(out, tables.envelope, name, json),
            }
        }
    }
}

/// A text, or a number as the text it prints as. An empty text names nothing.
fn text_of<'a>(members: &Members<'a>, name: &str) -> Option<Cow<'a, str>> {
    match members.get(name)? {
        Value::Text(text) if !text.is_empty() => Some(text),
        Value::Number(digits) => Some(Cow::Borrowed(digits)),
        _ => None,
    }
}

fn push_name(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    push_quoted(out, name);
    out.push(':');
}

/// A member as the caller wrote it; a number where the table wants a text becomes that text.
fn push_member(out: &mut String, table: &[Field], name: &str, json: &str) {
    push_name(out, name);
    match members::value_of(json) {
        Value::Number(digits) if wants_text(table, name) => push_quoted(out, digits),
        _ => members::push_compact(out, json),
    }
}

fn wants_text(table: &[Field], name: &str) -> bool {
    table.iter().any(|field| field.name == name && field.rule.is_text())
}
