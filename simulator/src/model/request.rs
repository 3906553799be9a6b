//! What a till sends, read and checked.

use serde_json::{Map, Value};

use super::answer::Envelope;
use crate::{codes, money};

/// A request the terminal will not carry out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub code: &'static str,
    pub text: String,
    pub biz_data: Map<String, Value>,
}

impl Refusal {
    pub fn new(code: &'static str) -> Refusal {
        Refusal { code, text: codes::meaning(code).to_owned(), biz_data: Map::new() }
    }

    /// With what is wrong in detail.
    pub fn because(code: &'static str, detail: &str) -> Refusal {
        Refusal { text: format!("{}: {detail}", codes::meaning(code)), ..Refusal::new(code) }
    }

    /// About an order: tills match it by its number.
    pub fn about(mut self, request: &Request) -> Refusal {
        for key in ["trans_type", "merchant_order_no", "order_amount", "price_currency", "attach"] {
            if let Some(value) = request.biz_data.get(key) {
                self.biz_data.insert(key.to_owned(), value.clone());
            }
        }
        self
    }
}

/// A request with a whole envelope.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub envelope: Envelope,
    pub biz_data: Map<String, Value>,
    pub msg_id: Option<Value>,
}

/// Topics whose `app_id` and `biz_data` tills leave out.
const BARE: [&str; 7] = [
    "ecrhub.init",
    "ecrhub.pay.init",
    "ecrhub.pay.batch.close",
    "ecrhub.getInfo",
    "ecrhub.heartbeat",
    "ecrhub.pair",
    "ecrhub.unpair",
];

impl Request {
    /// Reads a message; a refusal comes with as much of the envelope as there was.
    pub fn read(text: &str) -> Result<Request, Box<(Envelope, Refusal)>> {
        let mut fields = match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(fields)) => fields,
            _ => return refuse(Envelope::default(), "not a JSON object"),
        };
        let envelope = Envelope {
            topic: text_of(&fields, "topic").unwrap_or_default(),
            app_id: text_of(&fields, "app_id").unwrap_or_default(),
            request_id: text_of(&fields, "request_id"),
        };
        if envelope.topic.is_empty() {
            return refuse(envelope, "topic is missing");
        }
        let is_bare = BARE.contains(&envelope.topic.as_str());
        if envelope.app_id.is_empty() && !is_bare {
            return refuse(envelope, "app_id is missing");
        }
        let msg_id = fields.remove("msg_id");
        match fields.remove("biz_data") {
            Some(Value::Object(biz_data)) => Ok(Request { envelope, biz_data, msg_id }),
            None | Some(Value::Null) if is_bare => {
                Ok(Request { envelope, biz_data: Map::new(), msg_id })
            }
            None | Some(Value::Null) => refuse(envelope, "biz_data is missing"),
            Some(_) => refuse(envelope, "biz_data is not an object"),
        }
    }

    /// A field of `biz_data` as text; numbers and booleans as they print, empty ones as absent.
    pub fn text(&self, key: &str) -> Option<String> {
        text_of(&self.biz_data, key)
    }

    /// A field that must be there.
    pub fn need(&self, key: &str) -> Result<String, Refusal> {
        self.text(key)
            .ok_or_else(|| Refusal::because("202", &format!("{key} is missing")).about(self))
    }

    /// The caller's number of the request, well formed.
    pub fn number(&self, key: &str) -> Result<String, Refusal> {
        let number = self.need(key)?;
        if number.len() <= 32 && number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(number);
        }
        Err(Refusal::because("202", &format!("{key} is not at most 32 letters and digits"))
            .about(self))
    }

    /// An amount, which must be text: a number has lost its exact meaning.
    pub fn amount(&self, key: &str) -> Result<Option<money::Milli>, Refusal> {
        let refusal = || Refusal::because("121", key).about(self);
        match self.biz_data.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => money::parse(text).map(Some).ok_or_else(refusal),
            Some(_) => Err(refusal()),
        }
    }

    /// A flag, false unless it says otherwise.
    pub fn flag(&self, key: &str) -> Result<bool, Refusal> {
        match self.text(key).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => {
                Err(Refusal::because("202", &format!("{key} is neither true nor false"))
                    .about(self))
            }
        }
    }
}

fn refuse(envelope: Envelope, detail: &str) -> Result<Request, Box<(Envelope, Refusal)>> {
    Err(Box::new((envelope, Refusal::because("202", detail))))
}

fn text_of(fields: &Map<String, Value>, key: &str) -> Option<String> {
    match fields.get(key)? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
