//! The contract of `PROTOCOL.md`, row by row.

mod answers;
mod descriptions;
mod envelopes;
mod fields;
mod lenient;
mod properties;
mod values;
mod verdicts;

use super::*;
use crate::error::Status;
use serde_json::{Value, json};
use std::sync::Mutex;

const DEFAULTS: Defaults<'static> = Defaults {
    request_id: "fresh-id",
    timestamp_ms: 1_698_302_992_263,
    app_id: Some("app-of-config"),
    validation: Validation::Strict,
};

const LENIENT: Defaults<'static> = Defaults { validation: Validation::Lenient, ..DEFAULTS };

/// A sale that breaks nothing.
fn sale() -> Value {
    json!({
        "topic": ORDER,
        "biz_data": {"trans_type": "1", "merchant_order_no": "12320231220110257", "order_amount": "34.50"}
    })
}

/// The sale with one field of `biz_data` set, or taken out by `null`.
fn sale_with(field: &str, value: Value) -> Value {
    order_with(&[(field, value)])
}

fn order_with(changes: &[(&str, Value)]) -> Value {
    let mut request = sale();
    set_all(&mut request["biz_data"], changes);
    request
}

fn set_all(object: &mut Value, changes: &[(&str, Value)]) {
    let members = object.as_object_mut().expect("an object");
    for (name, value) in changes {
        members.insert((*name).to_owned(), value.clone());
    }
}

fn without(mut request: Value, pointer: &str, name: &str) -> Value {
    let members = request.pointer_mut(pointer).and_then(Value::as_object_mut);
    members.expect("an object").shift_remove(name);
    request
}

fn accepted(request: &Value) -> Request {
    match prepare(&request.to_string(), &DEFAULTS) {
        Ok(accepted) => accepted,
        Err(error) => panic!("{request} was refused: {error}"),
    }
}

fn sent(request: &Value) -> Value {
    serde_json::from_str(&accepted(request).text).expect("what is sent is JSON")
}

fn refusal_of(json: &str, defaults: &Defaults<'_>, status: Status) -> String {
    match prepare(json, defaults) {
        Ok(accepted) => panic!("{json} was accepted as {}", accepted.text),
        Err(error) => {
            assert_eq!(error.status(), status, "{json}: {error}");
            error.message().to_owned()
        }
    }
}

/// Why the request breaks the protocol.
fn refusal(request: &Value) -> String {
    refusal_of(&request.to_string(), &DEFAULTS, Status::Request)
}

/// Why the text is no request at all.
fn json_refusal(json: &str) -> String {
    refusal_of(json, &DEFAULTS, Status::Json)
}

/// What is read of an answer, without its description: that has tests of its own. Its text lives as long as the test
/// program.
fn reading(answer: &Value) -> Response<'static> {
    // Still known to somebody, so that it is no leak.
    static TEXTS: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    let text: &str = answer.to_string().leak();
    TEXTS.lock().unwrap().push(text);
    reading_text(text)
}

fn reading_text(text: &str) -> Response<'_> {
    let response = read(text).unwrap_or_else(|why| panic!("{text}: {why}"));
    Response { description: None.into(), ..response }
}

fn answer<'a>(code: &'a str, trans_status: Option<&'a str>) -> Response<'a> {
    Response {
        code: Some(code.into()),
        trans_status: trans_status.map(Cow::from),
        ..Response::default()
    }
}

fn order() -> Request {
    accepted(&sale())
}
