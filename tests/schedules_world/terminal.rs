//! A terminal that answers what it has heard: rightly, wrongly, twice, late, or with half a message.

use ecrhub::internals::Rng;
use ecrhub::protocol::{CLOSE, ORDER, QUERY, Request};
use serde_json::{Value, json};

/// How far back it remembers.
const MEMORY: usize = 12;

#[derive(Debug, Default)]
pub struct Terminal {
    heard: Vec<Value>,
    amounts: std::collections::HashMap<String, Value>,
}

fn pick<'a, T>(rng: &mut Rng, choices: &'a [T]) -> &'a T {
    let last = u64::try_from(choices.len() - 1).expect("few choices");
    &choices[usize::try_from(rng.between(0, last)).expect("few choices")]
}

impl Terminal {
    /// A message has arrived in full.
    pub fn hears(&mut self, message: Value) {
        let biz_data = &message["biz_data"];
        if message["topic"] == ORDER
            && let Some(number) = biz_data["merchant_order_no"].as_str()
        {
            self.amounts.insert(number.to_owned(), biz_data["order_amount"].clone());
        }
        self.heard.push(message);
        if self.heard.len() > MEMORY {
            self.heard.remove(0);
        }
    }

    /// Says something about what it has heard, or something nobody asked for.
    pub fn speaks(&mut self, rng: &mut Rng) -> Vec<u8> {
        match rng.between(0, 19) {
            0 => pick(rng, &[&b"\xff\xfe{"[..], b"", b"null", b"{}", b"[{}]", b"\"\""]).to_vec(),
            1 => br#"{"topic":"ecrhub.pay.order","response_code":"000"}"#.to_vec(),
            _ if self.heard.is_empty() => br#"{"topic":"ecrhub.news"}"#.to_vec(),
            // Mostly about the latest.
            2..=11 => self.answers(self.heard.len() - 1, rng),
            _ => {
                let last = u64::try_from(self.heard.len() - 1).expect("few messages");
                let which = usize::try_from(rng.between(0, last)).expect("few messages");
                self.answers(which, rng)
            }
        }
    }

    /// Answers a request whether it has heard it or not.
    pub fn speaks_of(&self, request: &Request, rng: &mut Rng) -> Vec<u8> {
        let message = serde_json::from_str(&request.text).expect("a request is JSON");
        self.answers_to(&message, rng)
    }

    fn answers(&self, which: usize, rng: &mut Rng) -> Vec<u8> {
        self.answers_to(&self.heard[which], rng)
    }

    fn answers_to(&self, message: &Value, rng: &mut Rng) -> Vec<u8> {
        let (code, status) = match message["topic"].as_str() {
            Some(ORDER) => *pick(
                rng,
                &[
                    ("000", Some("2")),
                    ("000", Some("2")),
                    ("0", None),
                    ("000", Some("1")),
                    ("000", Some("3")),
                    ("106", Some("1")),
                    ("110", None),
                    ("101", None),
                    ("108", None),
                    ("000", Some("0")),
                    ("106", Some("2")),
                    ("777", Some("2")),
                ],
            ),
            Some(QUERY) => *pick(
                rng,
                &[
                    ("000", Some("2")),
                    ("000", Some("1")),
                    ("000", Some("3")),
                    ("000", Some("0")),
                    ("000", Some("9")),
                    ("104", None),
                    ("104", None),
                    ("104", None),
                    ("104", Some("2")),
                    ("999", None),
                ],
            ),
            Some(CLOSE) => *pick(rng, &[("000", None), ("0", None), ("201", None)]),
            _ => *pick(rng, &[("000", None), ("116", None)]),
        };
        let number = &message["biz_data"]["merchant_order_no"];
        let mut biz_data = json!({"trans_type": "1", "trans_no": "5021"});
        if let Some(text) = number.as_str() {
            biz_data["merchant_order_no"] = number.clone();
            if let Some(amount) = self.amounts.get(text) {
                biz_data["order_amount"] = amount.clone();
            }
        }
        if let Some(status) = status {
            biz_data["trans_status"] = json!(status);
        }
        let mut answer = json!({
            "app_id": "app",
            "topic": message["topic"],
            "request_id": message["request_id"],
            "response_code": code,
            "biz_data": biz_data,
        });
        if rng.between(0, 2) == 0 {
            spoil(&mut answer, rng);
        }
        let mut text = answer.to_string().into_bytes();
        if rng.between(0, 29) == 0 {
            let cut = rng.between(0, u64::try_from(text.len()).expect("a short text"));
            text.truncate(usize::try_from(cut).expect("a short text"));
        }
        text
    }
}

fn spoil(answer: &mut Value, rng: &mut Rng) {
    let take_out = |answer: &mut Value, name: &str| {
        if let Some(members) = answer.as_object_mut() {
            members.shift_remove(name);
            if let Some(biz_data) = members.get_mut("biz_data").and_then(Value::as_object_mut) {
                biz_data.shift_remove(name);
            }
        }
    };
    match rng.between(0, 13) {
        0..=2 => take_out(answer, "request_id"),
        3 => {
            take_out(answer, "request_id");
            take_out(answer, "merchant_order_no");
        }
        4 => {
            take_out(answer, "request_id");
            take_out(answer, "topic");
        }
        5 => take_out(answer, "topic"),
        6 => take_out(answer, "merchant_order_no"),
        7 => take_out(answer, "response_code"),
        8 => take_out(answer, "biz_data"),
        9 => answer["request_id"] = json!("somebody-elses"),
        10 => answer["topic"] = json!(*pick(rng, &[ORDER, QUERY, CLOSE, "ecrhub.getInfo"])),
        11 => answer["biz_data"]["merchant_order_no"] = json!(*pick(rng, &["N1", "N2", "N3"])),
        12 => answer["biz_data"]["order_amount"] = json!("99.99"),
        _ => answer["biz_data"] = json!(answer["biz_data"].to_string()),
    }
}
