//! Reading what a terminal says, whatever shape it has.

use std::borrow::Cow;

use super::amount::Decimal;
use super::members::{Members, Value};
use super::plain::Parts;
use super::{Description, Difference, Outcome, Request, Response, Verdict, codes};

/// Reads one message. The error says in a few words why it is no message (not JSON, not an object).
pub fn read(text: &str) -> Result<Response<'_>, String> {
    let Parts { envelope, biz_data, .. } = Members::read_message(text)?;
    let mut response = Response::default();
    let mut given = None;
    // Of a name that comes twice the last counts.
    for (field, value) in envelope.values() {
        match field {
            "topic" => response.topic = name(value),
            "request_id" => response.request_id = name(value),
            "response_code" => response.code = verbatim(value),
            "response_msg" => response.message = name(value),
            "biz_data" => given = Some(value),
            _ => {}
        }
    }
    match (biz_data, given) {
        (Some(biz_data), _) => response.set_biz_data(&biz_data),
        (None, Some(Value::Object(json))) => response.read_biz_data(json),
        // Some terminals serialise the object a second time.
        (None, Some(Value::Text(Cow::Borrowed(json)))) => response.read_biz_data(json),
        (None, Some(Value::Text(Cow::Owned(json)))) => {
            let mut inner = Response::default();
            inner.read_biz_data(&json);
            response.take_biz_data(inner);
        }
        (None, _) => {}
    }
    Ok(response)
}

impl<'a> Response<'a> {
    /// What is no object says nothing, and that is an answer too.
    fn read_biz_data(&mut self, json: &'a str) {
        if let Ok(biz_data) = Members::read(json) {
            self.set_biz_data(&biz_data);
        }
    }

    fn set_biz_data(&mut self, biz_data: &Members<'a>) {
        for (field, value) in biz_data.values() {
            match field {
                "merchant_order_no" => self.merchant_order_no = name(value),
                "trans_type" => self.trans_type = verbatim(value),
                "trans_status" => self.trans_status = verbatim(value),
                "order_amount" => self.order_amount = verbatim(value),
                "trans_no" => self.trans_no = name(value),
                _ => {}
            }
        }
    }
}

/// A field that names something: only a text or a number can.
fn name(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text),
        Value::Number(digits) => Some(digits.into()),
        _ => None,
    }
}

/// A field that decides about money: what cannot be understood must not read as absent, for absence can mean success.
fn verbatim(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(value.to_string().into()),
        Value::Array(json) | Value::Object(json) => Some(json.into()),
        Value::Text(text) if text.is_empty() => None,
        Value::Text(text) => Some(text),
        Value::Number(digits) => Some(digits.into()),
    }
}

impl Response<'_> {
    /// Takes over what was read from a text that does not live as long.
    fn take_biz_data(&mut self, inner: Response<'_>) {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        self.merchant_order_no = owned(inner.merchant_order_no);
        self.trans_type = owned(inner.trans_type);
        self.trans_status = owned(inner.trans_status);
        self.order_amount = owned(inner.order_amount);
        self.trans_no = owned(inner.trans_no);
    }

    /// Reads this as the answer to an order; `PROTOCOL.md`'s table of response codes.
    ///
    /// A code that says no next to a `trans_status` that says the money moved settles nothing.
    pub fn order_verdict(&self, _order: &Request) -> Verdict {
        codes::order_verdict(self)
    }

    /// Where this answer departs from what the order asked for.
    pub fn differs(&self, _order: &Request) -> Vec<Difference> {
        Vec::new()
    }

    /// Reads this as the answer to a query, from `trans_status`. `Unknown` when it says nothing that can be used.
    pub fn query_outcome(&self) -> Outcome {
        codes::query_outcome(self)
    }

    /// Reads this as the answer to any other topic: `Ok` or `Refused`.
    pub fn other_outcome(&self) -> Outcome {
        codes::other_outcome(self)
    }

    /// Whether this can be about that order: the same number, and the same amount and type where it has them.
    /// An answer without a number fits: the caller matched it by its own `request_id`.
    /// The error says what does not fit.
    pub fn fits(&self, order: &Request) -> Result<(), String> {
        let own = [&self.merchant_order_no, &self.order_amount, &self.trans_type];
        let ordered = [&order.merchant_order_no, &order.order_amount, &order.trans_type];
        let rules: [(&str, Same); 3] = [
            ("merchant_order_no", same_text),
            ("order_amount", same_amount),
            ("trans_type", same_text),
        ];
        for ((field, same), (answered, ordered)) in rules.iter().zip(own.iter().zip(ordered)) {
            if let (Some(answered), Some(ordered)) = (answered, ordered)
                && !same(answered, ordered)
            {
                return Err(format!(
                    "{field} of the answer is {}, of the order {}",
                    super::check::shown_text(answered),
                    super::check::shown_text(ordered)
                ));
            }
        }
        Ok(())
    }
}

/// What a terminal's message says, for an event.
pub fn describe(_text: &str) -> Description {
    Description { fields: "{}".to_owned(), code: None }
}

/// `order_queue_mode` of the answer to an initialisation: the terminal queues orders it answers with `101`.
pub fn order_queue_mode(_text: &str) -> Option<String> {
    None
}

type Same = fn(&str, &str) -> bool;

fn same_text(answered: &str, ordered: &str) -> bool {
    answered == ordered
}

/// `34.5` is `34.50`; what cannot be read is nobody's amount.
fn same_amount(answered: &str, ordered: &str) -> bool {
    matches!((Decimal::read(answered), Decimal::read(ordered)), (Some(a), Some(b)) if a == b)
}
