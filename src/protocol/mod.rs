//! What a CodePay Register terminal speaks: requests are checked strictly, answers are read tolerantly.
//!
//! Everything here is pure: text in, text and verdicts out.

#![forbid(unsafe_code)]

mod amount;
mod check;
mod codes;
mod currency;
mod describe;
mod envelope;
mod fields;
pub(crate) mod members;
mod outcome;
mod plain;
mod response;
mod value;
mod verdict;

pub use codes::{CodeRow, Kind as CodeKind, Money, code_rows};
pub use describe::describe;
pub use envelope::{app_id_of, follow_up, prepare, warnings};
pub use outcome::Outcome;
pub use response::{bare, order_queue_mode, read};
pub(crate) use value::bare_number;

use std::borrow::Cow;
use std::cell::RefCell;

use crate::config::Validation;

/// `ecrhub.pay.order`
pub const ORDER: &str = "ecrhub.pay.order";
/// `ecrhub.pay.query`
pub const QUERY: &str = "ecrhub.pay.query";
/// `ecrhub.pay.close`
pub const CLOSE: &str = "ecrhub.pay.close";

#[cfg(test)]
pub(crate) fn described_fields() -> (Vec<(&'static str, &'static str)>, Vec<&'static str>) {
    (fields::described_order_fields(), fields::described_response_fields())
}

/// What the envelope gets where the caller left it out.
#[derive(Debug, Clone, Copy)]
pub struct Defaults<'a> {
    /// A fresh unique id.
    pub request_id: &'a str,
    /// Now, epoch milliseconds.
    pub timestamp_ms: i64,
    /// From the configuration.
    pub app_id: Option<&'a str>,
    /// How much is checked.
    pub validation: Validation,
}

/// A request that has passed the checks, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The envelope's `request_id`.
    pub request_id: String,
    /// The envelope's `topic`.
    pub topic: String,
    /// `biz_data.merchant_order_no`, where there is one.
    pub merchant_order_no: Option<String>,
    /// `biz_data.trans_type`, where there is one.
    pub trans_type: Option<String>,
    /// `biz_data.order_amount`, where there is one.
    pub order_amount: Option<String>,
    /// `biz_data.price_currency`, where there is one.
    pub price_currency: Option<String>,
    /// `biz_data.orig_merchant_order_no`, where there is one.
    pub orig_merchant_order_no: Option<String>,
    /// The whole message as it goes on the wire.
    pub text: String,
}

impl Request {
    /// Whether this moves money, so that its outcome must be found out.
    pub fn is_order(&self) -> bool {
        self.topic == ORDER
    }

    /// Whether this order takes another one back whole: `trans_type` 2, 5 or 7. Its record may be the original's.
    pub fn is_void(&self) -> bool {
        let trans_type = self.trans_type.as_deref().map(value::small_number);
        self.is_order() && matches!(trans_type, Some("2" | "5" | "7"))
    }

    /// To be remembered: what went on the wire is not needed any more.
    pub(crate) fn without_text(self) -> Self {
        Request { text: String::new(), ..self }
    }
}

/// A terminal's message, read tolerantly. Texts are as the terminal wrote them; numbers became their text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response<'a> {
    /// What it says, for the event of the request that it completes, which takes it. None where the message is not
    /// plain: it is described when that is asked for.
    pub description: RefCell<Option<Description>>,
    /// `topic`
    pub topic: Option<Cow<'a, str>>,
    /// `request_id`; an empty one counts as missing.
    pub request_id: Option<Cow<'a, str>>,
    /// `response_code`
    pub code: Option<Cow<'a, str>>,
    /// `response_msg`
    pub message: Option<Cow<'a, str>>,
    /// `biz_data.merchant_order_no`
    pub merchant_order_no: Option<Cow<'a, str>>,
    /// It is a JSON number, which has no leading zeros.
    pub number_is_bare: bool,
    /// `biz_data.trans_type`
    pub trans_type: Option<Cow<'a, str>>,
    /// `biz_data.trans_status`
    pub trans_status: Option<Cow<'a, str>>,
    /// `biz_data.order_amount`
    pub order_amount: Option<Cow<'a, str>>,
    /// `biz_data.tip_amount`
    pub tip_amount: Option<Cow<'a, str>>,
    /// `biz_data.price_currency`
    pub price_currency: Option<Cow<'a, str>>,
    /// `biz_data.trans_no`
    pub trans_no: Option<Cow<'a, str>>,
}

/// What the answer to an order says of the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This happened.
    Settled(Outcome),
    /// A success code without a `trans_status`: approved, and to be looked at again at once.
    Acknowledged,
    /// A success code with `trans_status` 3, for a void: its own record and then the original's tell what happened.
    ReversedVoid,
    /// The terminal serves somebody else; not accepted, once a query finds no record.
    Busy,
    /// The terminal knows this number already.
    DuplicateNumber,
    /// Refused without a `trans_status`, why: the order's record is looked at before this is believed.
    Refused(String),
    /// It must be recovered; why, for a person.
    Unsettled(String),
}

/// A field in which the answer to an approved order departs from what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `order_amount`, `price_currency` or `trans_type`.
    pub field: &'static str,
    /// What the order said.
    pub asked: String,
    /// What the terminal answered.
    pub answered: String,
}

/// What a terminal's message says, for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// A flat JSON object, text to text: `biz_data`'s members over the envelope's.
    pub fields: String,
    /// What the terminal said and what the cashier should do, where there is a code.
    pub code: Option<Code>,
}

/// A terminal's code, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// `response_code`
    pub response_code: Option<String>,
    /// The code in brackets in `response_msg`, such as `K026`.
    pub inner: Option<String>,
    /// What the tables say it means.
    pub text: String,
    /// One sentence on what the cashier should do.
    pub advice: String,
}

#[cfg(test)]
mod tests;
