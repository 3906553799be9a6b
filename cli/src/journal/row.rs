//! An order on disk, as people and programs want to see it.

use ecrhub::Outcome;
use ecrhub::journal::Entry;
use ecrhub::protocol::ORDER;
use serde_json::{Value, json};

use crate::say::Deed;

/// What has to be read out of an order's request.
pub struct Row {
    pub deed: Deed,
    pub state: &'static str,
    biz_data: Value,
}

impl Row {
    pub fn of(entry: &Entry) -> Row {
        let request = value(&entry.request);
        let biz_data = request["biz_data"].clone();
        let mut row = Row { deed: Deed::Order, state: state(entry), biz_data };
        row.deed = Deed::of(ORDER, row.asked("trans_type").as_deref());
        row
    }

    /// A field of the request's `biz_data`.
    pub fn asked(&self, name: &str) -> Option<String> {
        match &self.biz_data[name] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// `34.50 USD`
    pub fn amount(&self) -> String {
        let parts = [self.asked("order_amount"), self.asked("price_currency")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// What is still to be done about it; nothing when it is done.
fn state(entry: &Entry) -> &'static str {
    match entry.outcome {
        None => "no outcome yet",
        Some(Outcome::Unknown) => "to be resolved",
        Some(_) if entry.resolved_ms.is_some() => "resolved",
        Some(_) if entry.acknowledged_ms.is_none() => "not acknowledged",
        Some(_) => "",
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}

/// An order as one JSON object, with the request and the response inside it.
pub fn json(entry: &Entry) -> String {
    let inside = |text: &Option<String>| text.as_deref().map_or(Value::Null, value);
    json!({
        "request_id": entry.request_id,
        "merchant_order_no": entry.merchant_order_no,
        "terminal": entry.terminal,
        "outcome": entry.outcome.map(Outcome::name),
        "open": entry.is_open(),
        "sent": entry.sent,
        "recovered": entry.recovered,
        "clarified": entry.clarified,
        "was": entry.was.map(Outcome::name),
        "earlier_attempt": entry.earlier_attempt,
        "since": entry.since_ms,
        "settled": entry.settled_ms,
        "acknowledged": entry.acknowledged_ms,
        "resolved": entry.resolved_ms,
        "look_due": entry.look_ms,
        "note": entry.note,
        "request": value(&entry.request),
        "response": inside(&entry.response),
        "error": inside(&entry.error),
    })
    .to_string()
}
