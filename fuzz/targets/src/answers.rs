//! What a terminal may answer: the library's reader takes what serde_json takes, but for its own limits, and reads the
//! same values.

use std::collections::HashMap;

use ecrhub::protocol::{self, Outcome, Request, Response, Verdict};
use serde_json::value::RawValue;

/// The reader's own limit.
const MAX_DEPTH: usize = 64;

/// Shorter than an answer with as many members as the reader refuses.
const LONGEST: usize = 30_000;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > LONGEST {
        return;
    }
    let read = protocol::read(text);
    let Some(expected) = Expected::of(protocol::bare(text)) else {
        assert!(read.is_err(), "serde_json does not take it: {read:?}");
        return;
    };
    let response = match read {
        Ok(response) => response,
        Err(why) => panic!("serde_json takes it: {why}"),
    };
    expected.check(&response);
    expected.check_description(text);
    if let Some(said) = response.description.take() {
        assert_eq!(said, protocol::describe(text), "described as it was read, or afterwards");
    }
    judge(&response);
}

/// The members of an object, each as it was written. Of a name that comes twice the last counts.
type Members<'a> = HashMap<String, &'a RawValue>;

/// What serde_json reads.
struct Expected<'a> {
    envelope: Members<'a>,
    biz_data: HashMap<String, String>,
}

impl<'a> Expected<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let envelope = limited(text)?;
        let biz_data = match envelope.get("biz_data").map(|value| value.get()) {
            Some(object) if object.starts_with('{') => read_inner(object)?,
            // A text that is no object says nothing; one that begins as one is to be one.
            Some(string) if string.starts_with('"') => {
                let inner = serde_json::from_str::<String>(string).unwrap_or_default();
                match protocol::bare(&inner) {
                    object if object.starts_with('{') => read_inner(object)?,
                    _ => HashMap::new(),
                }
            }
            _ => HashMap::new(),
        };
        Some(Expected { envelope, biz_data })
    }

    fn check(&self, response: &Response<'_>) {
        let envelope = |name: &str| self.envelope.get(name).map(|value| value.get());
        let biz_data = |name: &str| self.biz_data.get(name).map(String::as_str);
        for (name, read, expected) in [
            ("topic", &response.topic, envelope("topic").and_then(name_of)),
            ("request_id", &response.request_id, envelope("request_id").and_then(name_of)),
            ("response_code", &response.code, envelope("response_code").and_then(verbatim)),
            ("response_msg", &response.message, envelope("response_msg").and_then(name_of)),
            (
                "merchant_order_no",
                &response.merchant_order_no,
                biz_data("merchant_order_no").and_then(name_of),
            ),
            ("trans_type", &response.trans_type, biz_data("trans_type").and_then(verbatim)),
            ("trans_status", &response.trans_status, biz_data("trans_status").and_then(verbatim)),
            ("order_amount", &response.order_amount, biz_data("order_amount").and_then(verbatim)),
            ("tip_amount", &response.tip_amount, biz_data("tip_amount").and_then(verbatim)),
            (
                "price_currency",
                &response.price_currency,
                biz_data("price_currency").and_then(verbatim),
            ),
            ("trans_no", &response.trans_no, biz_data("trans_no").and_then(name_of)),
        ] {
            assert_eq!(read.as_deref(), expected.as_deref(), "{name}");
        }
        let is_bare = biz_data("merchant_order_no").is_some_and(is_number);
        assert_eq!(response.number_is_bare, is_bare);
    }

    /// `biz_data`'s members over the envelope's, text to text, without what is null.
    fn check_description(&self, text: &str) {
        let fields = protocol::describe(text).fields;
        let fields: HashMap<String, String> =
            serde_json::from_str(&fields).unwrap_or_else(|error| panic!("{fields}: {error}"));
        let mut expected: HashMap<&str, &str> = self
            .envelope
            .iter()
            .filter(|(name, _)| *name != "biz_data")
            .map(|(name, value)| (name.as_str(), value.get()))
            .collect();
        expected.extend(self.biz_data.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        expected.retain(|_, value| *value != "null");
        if expected.len() != fields.len() {
            panic!("{fields:?} instead of {expected:?}");
        }
        for (name, value) in expected {
            assert_eq!(fields.get(name), Some(&as_text(value)), "{name}");
        }
    }
}

/// An object that serde_json reads, and that is not too deep.
fn limited(text: &str) -> Option<Members<'_>> {
    (depth(text) <= MAX_DEPTH).then(|| serde_json::from_str(text).ok()).flatten()
}

fn read_inner(text: &str) -> Option<HashMap<String, String>> {
    let owned = |(name, value): (String, &RawValue)| (name, value.get().to_owned());
    Some(limited(text)?.into_iter().map(owned).collect())
}

/// The deepest nesting outside of strings.
pub(crate) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// What a string says, and everything else as it was written. A string that is no Unicode is, too.
fn as_text(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}

/// A field that names something: a text that is not empty, or a number.
fn name_of(json: &str) -> Option<String> {
    match json.starts_with('"') || is_number(json) {
        true => Some(as_text(json)).filter(|text| !text.is_empty()),
        false => None,
    }
}

/// A field that decides about money: all but null and the empty text.
fn verbatim(json: &str) -> Option<String> {
    Some(as_text(json)).filter(|text| json != "null" && !text.is_empty())
}

/// Whatever it says, it can be judged, and an answer that says nothing of the money is no approval.
fn judge(response: &Response<'_>) {
    for trans_type in ["1", "2"] {
        let order = order(trans_type);
        let verdict = response.order_verdict(&order);
        let is_success =
            matches!(response.code.as_deref().map(str::trim), Some("000" | "0" | "103"));
        let status = response.trans_status.as_deref().map(str::trim);
        let says_paid = status.is_some_and(|status| {
            matches!(status.trim_start_matches('0').split('.').next(), Some("2" | "4"))
        });
        match verdict {
            Verdict::Acknowledged => assert!(is_success && status.is_none_or(str::is_empty)),
            Verdict::Settled(Outcome::Approved) => assert!(says_paid, "{response:?}"),
            _ => {}
        }
        let _differences = response.differs(&order);
        let _fits = response.fits(&order);
    }
    let (query, other) = (response.query_outcome(), response.other_outcome());
    assert!(!matches!(query, Outcome::Ok | Outcome::Refused), "{query}");
    assert!(matches!(other, Outcome::Ok | Outcome::Refused), "{other}");
    let _refused = response.query_refused();
}

fn order(trans_type: &str) -> Request {
    let text = |text: &str| Some(text.to_owned());
    Request {
        request_id: "r1".to_owned(),
        topic: protocol::ORDER.to_owned(),
        merchant_order_no: text("A1"),
        trans_type: text(trans_type),
        order_amount: text("34.50"),
        price_currency: text("USD"),
        orig_merchant_order_no: text("A0"),
        text: String::new(),
    }
}
