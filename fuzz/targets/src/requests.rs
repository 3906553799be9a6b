//! What a till may hand over as a request: it is refused with a reason, or it is valid JSON with sane amounts, says what
//! the till has said, and passes the checks again unchanged.

use ecrhub::protocol::{self, Defaults, Request};
use ecrhub::{Status, Validation};
use serde_json::{Map, Value};

use crate::input::Input;

const OWN_ID: &str = "made-here";
const NOW_MS: i64 = 1_767_225_600_000;
const AMOUNTS: [&str; 4] = ["order_amount", "tip_amount", "cashback_amount", "tax_amount"];

/// serde_json's own mark of a number that it keeps as text: its `Value` takes an object with this name for one.
const NUMBER_MARK: &str = "$serde_json::private::";

/// The first byte says how strict it is and whether the configuration has an `app_id`, the rest is the request.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let choices = input.byte();
    let text = String::from_utf8_lossy(input.rest());
    if text.contains(NUMBER_MARK) {
        return;
    }
    let app_id = (choices & 1 == 1).then_some("app");
    let defaults =
        |validation| Defaults { request_id: OWN_ID, timestamp_ms: NOW_MS, app_id, validation };
    let strict = prepare(&text, &defaults(Validation::Strict));
    let lenient = prepare(&text, &defaults(Validation::Lenient));
    if let Some(strict) = strict {
        check_strictly(&strict);
        // A number where a text belongs stays one, in fields that only strict checks know.
        let lenient = lenient.map(|lenient| Request { text: strict.text.clone(), ..lenient });
        assert_eq!(lenient, Some(strict), "lenient takes what strict takes");
    }
}

fn prepare(text: &str, defaults: &Defaults<'_>) -> Option<Request> {
    let request = match protocol::prepare(text, defaults) {
        Ok(request) => request,
        Err(error) => {
            assert!(matches!(error.status(), Status::Json | Status::Request), "{error}");
            assert!(!error.message().is_empty());
            return None;
        }
    };
    let given = members(text);
    let sent = members(&request.text);
    check_members(&given, &sent, defaults);
    check_fields(&request, &sent);
    let again = protocol::prepare(&request.text, defaults).expect("it passes again");
    assert_eq!(again, request);
    for warning in protocol::warnings(&request) {
        assert!(warning.contains("four bytes"), "{warning}");
    }
    Some(request)
}

/// serde_json takes what the library takes.
fn members(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members,
        other => panic!("accepted, and not a JSON object: {other:?}"),
    }
}

/// The caller's members are there in their order, then what was missing.
fn check_members(given: &Map<String, Value>, sent: &Map<String, Value>, defaults: &Defaults<'_>) {
    let present = |members: &Map<String, Value>| -> Vec<(String, Value)> {
        let kept = members.iter().filter(|(_, value)| !value.is_null());
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let given = present(given);
    let sent = present(sent);
    assert!(sent.len() >= given.len(), "{given:?} {sent:?}");
    for ((given_name, given), (name, sent)) in given.iter().zip(&sent) {
        assert_eq!(given_name, name);
        match (given, sent) {
            (Value::Object(given), Value::Object(sent)) if name == "biz_data" => {
                let (given, sent) = (present(given), present(sent));
                assert_eq!(given.len(), sent.len());
                for ((given_name, given), (name, sent)) in given.iter().zip(&sent) {
                    assert_eq!(given_name, name);
                    assert_same(given, sent);
                }
            }
            _ => assert_same(given, sent),
        }
    }
    let filled = sent[given.len()..].iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let timestamp = NOW_MS.to_string();
    for (name, value) in filled {
        let expected = match name {
            "request_id" => Some(OWN_ID),
            "timestamp" => Some(&*timestamp),
            "version" => Some("1.0"),
            "app_id" => defaults.app_id,
            _ => panic!("nobody asked for {name}"),
        };
        assert_eq!(value, expected, "{name}");
    }
}

/// A number may have become the text it prints as.
fn assert_same(given: &Value, sent: &Value) {
    if let (Value::Number(number), Value::String(text)) = (given, sent) {
        return assert_eq!(&number.to_string(), text);
    }
    assert_eq!(given.to_string(), sent.to_string());
}

/// What the session goes by is what is sent.
fn check_fields(request: &Request, sent: &Map<String, Value>) {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(digits)) => Some(digits.to_string()),
        _ => None,
    };
    let biz_data = sent.get("biz_data");
    let of_biz_data = |name: &str| text(biz_data.and_then(|biz_data| biz_data.get(name)));
    assert_eq!(Some(&request.request_id), text(sent.get("request_id")).as_ref());
    assert_eq!(Some(&request.topic), text(sent.get("topic")).as_ref());
    assert!((1..=64).contains(&request.request_id.len()));
    assert!(request.request_id.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    for (name, value) in [
        ("merchant_order_no", &request.merchant_order_no),
        ("trans_type", &request.trans_type),
        ("order_amount", &request.order_amount),
        ("price_currency", &request.price_currency),
        ("orig_merchant_order_no", &request.orig_merchant_order_no),
    ] {
        assert_eq!(value, &of_biz_data(name), "{name}");
    }
    if request.is_order() {
        assert!(request.merchant_order_no.is_some(), "an order has a number");
        for name in AMOUNTS {
            match biz_data.and_then(|biz_data| biz_data.get(name)) {
                None => {}
                Some(Value::String(text)) => assert!(is_amount(text), "{name}: {text:?}"),
                Some(other) => panic!("{name}: {other}"),
            }
        }
    }
}

fn check_strictly(request: &Request) {
    if !request.is_order() {
        return;
    }
    let number = request.merchant_order_no.as_deref().unwrap_or_default();
    assert!((1..=32).contains(&number.len()), "{number}");
    assert!(number.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{number}");
    let trans_type = request.trans_type.as_deref().expect("an order has a type");
    match request.order_amount.as_deref() {
        Some(amount) => assert!(amount.bytes().any(|byte| (b'1'..=b'9').contains(&byte))),
        None => assert_eq!(trans_type, "2", "only a void has no amount"),
    }
    if ["2", "3", "6"].contains(&trans_type) {
        assert!(request.orig_merchant_order_no.is_some());
    }
}

/// `PROTOCOL.md`: decimal, in major units, as text.
fn is_amount(text: &str) -> bool {
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.split_once('.') {
        None => digits(text, 12),
        Some((whole, fraction)) => digits(whole, 12) && digits(fraction, 4),
    }
}
