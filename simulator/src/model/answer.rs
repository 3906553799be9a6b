//! Answers as text, with the terminal's oddities.

use serde_json::{Map, Number, Value, json};

use crate::{Oddities, clock, codes, money};

/// What of a request its answer repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    pub topic: String,
    pub app_id: String,
    pub request_id: Option<String>,
}

/// The answer as an object, before it is written down.
pub(super) fn render(
    odd: &Oddities,
    envelope: &Envelope,
    code: &str,
    text: &str,
    biz_data: Map<String, Value>,
    now: u64,
) -> String {
    Value::Object(build(odd, envelope, code, text, biz_data, now)).to_string()
}

pub(super) fn build(
    odd: &Oddities,
    envelope: &Envelope,
    code: &str,
    text: &str,
    biz_data: Map<String, Value>,
    now: u64,
) -> Map<String, Value> {
    let mut fields = Map::new();
    if !odd.no_app_id && !envelope.app_id.is_empty() {
        fields.insert("app_id".into(), envelope.app_id.clone().into());
    }
    if !odd.no_topic && !envelope.topic.is_empty() {
        fields.insert("topic".into(), envelope.topic.clone().into());
    }
    if let Some(request_id) = envelope.request_id.as_ref().filter(|_| !odd.no_request_id) {
        fields.insert("request_id".into(), request_id.clone().into());
    }
    fields.insert("timestamp".into(), timestamp(odd, now));
    fields.insert("version".into(), "1.0".into());
    let written = if odd.code_zero && code == "000" { "0" } else { code };
    fields.insert("response_code".into(), written.into());
    fields.insert("response_msg".into(), message(odd, code, text).into());
    if let Some(biz_data) = biz_data_value(odd, biz_data) {
        fields.insert("biz_data".into(), biz_data);
    }
    if odd.undocumented {
        fields.insert("callAppMode".into(), json!(2));
        fields.insert(
            "device_data".into(),
            json!({"sn": "WPYB002349000129", "battery": 87, "$ref": "$"}),
        );
        fields.insert(
            "voice_data".into(),
            json!({"content": "Payment received", "content_locale": "en-US"}),
        );
    }
    fields
}

fn timestamp(odd: &Oddities, now: u64) -> Value {
    if odd.timestamp_number {
        json!(now)
    } else if odd.timestamp_date {
        json!(clock::date_time(now))
    } else {
        json!(now.to_string())
    }
}

fn message(odd: &Oddities, code: &str, text: &str) -> String {
    let text = odd.language().text(code, text);
    match text.split_once(": ") {
        _ if !odd.inner_codes || text.is_empty() || text.contains("[[") => text,
        Some((meaning, detail)) => format!("{meaning}[[{}]{detail}]", codes::inner(code)),
        None => format!("{text}[[{}]...]", codes::inner(code)),
    }
}

fn biz_data_value(odd: &Oddities, mut biz_data: Map<String, Value>) -> Option<Value> {
    if odd.numbers {
        to_numbers(&mut biz_data);
    }
    spell_oddly(odd, &mut biz_data);
    if odd.undocumented {
        biz_data.insert("pay_user_account_id".into(), json!({"$ref": "$.biz_data"}));
        biz_data.insert("printTimes".into(), json!(1));
    }
    match () {
        () if odd.no_biz_data => None,
        () if odd.biz_data_null => Some(Value::Null),
        () if odd.biz_data_empty => Some(json!("")),
        () if odd.biz_data_text => Some(Value::String(Value::Object(biz_data).to_string())),
        () => Some(Value::Object(biz_data)),
    }
}

const AMOUNTS: [&str; 4] = ["order_amount", "tip_amount", "cashback_amount", "total_amount"];
const CODES: [&str; 2] = ["trans_type", "trans_status"];

/// The same values, spelt in other ways.
fn spell_oddly(odd: &Oddities, biz_data: &mut Map<String, Value>) {
    let mut respell = |key: &str, spell: &dyn Fn(&str) -> Option<Value>| {
        let spelt = biz_data.get(key).and_then(Value::as_str).and_then(spell);
        if let Some(spelt) = spelt {
            biz_data.insert(key.to_owned(), spelt);
        }
    };
    for key in AMOUNTS {
        if odd.blanks {
            respell(key, &|text| Some(format!("{text} ").into()));
        }
        if odd.exponents {
            respell(key, &exponent);
        }
    }
    for key in CODES.into_iter().filter(|_| odd.padded_codes) {
        respell(key, &|text| Some(format!("{text:0>2}").into()));
    }
    if odd.number_as_number {
        respell("merchant_order_no", &|text| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            let digits = text.trim_start_matches('0');
            let number = if digits.is_empty() { "0" } else { digits };
            is_number.then(|| serde_json::from_str(number).ok()).flatten()
        });
    }
}

/// `100.00` as `1E+2`, `34.50` as `345E-1`.
fn exponent(text: &str) -> Option<Value> {
    let milli = money::parse(text)?;
    let mut digits = milli.to_string();
    let mut exponent = -3;
    while digits.len() > 1 && digits.ends_with('0') {
        digits.pop();
        exponent += 1;
    }
    // Not read from text: that would turn the E into an e.
    Some(Value::Number(Number::from_string_unchecked(format!("{digits}E{exponent:+}"))))
}

/// The fields terminals were seen to send as numbers. Never the caller's own number: it may have leading zeros.
fn to_numbers(biz_data: &mut Map<String, Value>) {
    for key in CODES.into_iter().chain(AMOUNTS) {
        let Some(Value::String(text)) = biz_data.get(key) else {
            continue;
        };
        if let Ok(number) = serde_json::from_str::<serde_json::Number>(text) {
            biz_data.insert(key.to_owned(), Value::Number(number));
        }
    }
}
