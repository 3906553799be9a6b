//! The tables of `PROTOCOL.md`: every field a request may or must carry, and its rule.

use super::{CLOSE, ORDER, QUERY};

/// When a request carries a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Need {
    /// Always.
    Must,
    /// If it likes.
    May,
    /// Always; the library fills it where the caller left it out.
    Filled,
    /// Always with these `trans_type`s, else if it likes.
    MustWith(&'static [&'static str]),
    /// Always but with these `trans_type`s, else if it likes.
    MustBut(&'static [&'static str]),
    /// This or the other one.
    MustOr(&'static str),
    /// Only with these `trans_type`s.
    OnlyWith(&'static [&'static str]),
    /// Never: only a response has it.
    Never,
}

/// What a field's value must be. All but the last three are texts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// Any text.
    Text,
    /// Any text but the empty one.
    Word,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// The caller's own number of an order.
    OrderNo,
    /// An ISO 4217 code.
    Currency,
    /// Zero or more, in major units.
    Amount,
    /// More than zero, in major units.
    AmountAboveZero,
    /// Whole seconds.
    Seconds,
    /// Milliseconds since 1970.
    EpochMs,
    /// Short enough, and without anything that a log or a C string could not show.
    RequestId,
    /// `true` or `false`.
    Flag,
    /// An object.
    Object,
    /// Anything.
    Any,
}

impl Rule {
    /// Whether the field's type is a string.
    pub(super) fn is_text(self) -> bool {
        !matches!(self, Rule::Flag | Rule::Object | Rule::Any)
    }
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) need: Need,
    pub(super) rule: Rule,
}

const fn field(name: &'static str, need: Need, rule: Rule) -> Field {
    Field { name, need, rule }
}

use Need::{Filled, May, Must, MustBut, MustOr, MustWith, Never, OnlyWith};
use Rule::{
    Amount, AmountAboveZero, Any, Currency, EpochMs, Flag, Object, OneOf, OrderNo, RequestId,
    Seconds, Text, Word,
};

const TRANS_TYPES: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "11"];
const VERSIONS: &[&str] = &["1.0", "2.0"];
const CARD_TYPES: &[&str] = &["1", "2", "3", "4"];
const RECEIPT_PRINT_MODES: &[&str] = &["0", "1", "2", "3"];

/// "Envelope". Every request gets a `request_id`, so the condition under which it is required is always met.
#[rustfmt::skip]
pub(super) const ENVELOPE: &[Field] = &[
    field("topic",         Must,   Word),
    field("request_id",    Filled, RequestId),
    field("timestamp",     Filled, EpochMs),
    field("version",       Filled, OneOf(VERSIONS)),
    field("app_id",        Filled, Word),
    field("biz_data",      Must,   Object),
    field("response_code", Never,  Any),
    field("response_msg",  Never,  Any),
];

/// "`ecrhub.pay.order`: `biz_data`".
#[rustfmt::skip]
const ORDER_FIELDS: &[Field] = &[
    field("trans_type",                       Must,                            OneOf(TRANS_TYPES)),
    field("merchant_order_no",                Must,                            OrderNo),
    field("orig_merchant_order_no",           MustWith(&["2", "3", "6"]),      OrderNo),
    field("price_currency",                   May,                             Currency),
    field("order_amount",                     MustBut(&["2"]),                 AmountAboveZero),
    field("tip_amount",                       May,                             Amount),
    field("on_screen_tip",                    OnlyWith(&["1", "3", "4"]),      Flag),
    field("cashback_amount",                  May,                             Amount),
    field("pay_method_id",                    May,                             Word),
    field("pay_scenario",                     May,                             Word),
    field("card_type",                        May,                             OneOf(CARD_TYPES)),
    field("attach",                           May,                             Text),
    field("description",                      May,                             Text),
    field("notify_url",                       May,                             Text),
    field("expires",                          May,                             Seconds),
    field("confirm_on_terminal",              May,                             Flag),
    field("required_terminal_authentication", May,                             Flag),
    field("on_screen_signature",              May,                             Flag),
    field("receipt_print_mode",               May,                             OneOf(RECEIPT_PRINT_MODES)),
    field("tax_amount",                       May,                             Amount),
    field("trans_no",                         Never,                           Any),
    field("trans_status",                     Never,                           Any),
    field("pay_channel_trans_no",             Never,                           Any),
    field("discount_bmopc",                   Never,                           Any),
    field("discount_bpc",                     Never,                           Any),
    field("trans_end_time",                   Never,                           Any),
];

/// "`ecrhub.pay.query`: `biz_data`".
#[rustfmt::skip]
const QUERY_FIELDS: &[Field] = &[
    field("merchant_order_no",    Must,  OrderNo),
    field("trans_type",           Never, Any),
    field("price_currency",       Never, Any),
    field("order_amount",         Never, Any),
    field("trans_no",             Never, Any),
    field("trans_status",         Never, Any),
    field("tip_amount",           Never, Any),
    field("cashback_amount",      Never, Any),
    field("attach",               Never, Any),
    field("pay_scenario",         Never, Any),
    field("pay_method_id",        Never, Any),
    field("pay_channel_trans_no", Never, Any),
    field("discount_bmopc",       Never, Any),
    field("discount_bpc",         Never, Any),
    field("trans_end_time",       Never, Any),
];

/// "`ecrhub.pay.close`: `biz_data`". Whether the terminal runs in confirmation mode only the terminal knows.
const CLOSE_FIELDS: &[Field] = &[field("merchant_order_no", May, OrderNo)];

/// What must hold even where little else is checked: without it no answer could be matched, or money be told.
const LENIENT_ENVELOPE: &[Field] = &[
    field("topic", Must, Word),
    field("request_id", Filled, RequestId),
    field("biz_data", May, Object),
];
const LENIENT_ENVELOPE_BY_NUMBER: &[Field] = &[
    field("topic", Must, Word),
    field("request_id", Filled, RequestId),
    field("biz_data", Must, Object),
];
const LENIENT_ORDER: &[Field] = &[
    field("trans_type", May, Word),
    field("merchant_order_no", Must, Word),
    field("orig_merchant_order_no", May, Word),
    field("order_amount", May, Amount),
    field("tip_amount", May, Amount),
    field("cashback_amount", May, Amount),
    field("tax_amount", May, Amount),
];
const LENIENT_QUERY: &[Field] =
    &[field("merchant_order_no", MustOr("trans_no"), Word), field("trans_no", May, Word)];
const LENIENT_CLOSE: &[Field] = &[field("merchant_order_no", May, Word)];

/// Whether there is such a `trans_type`.
pub(super) fn is_trans_type(text: &str) -> bool {
    TRANS_TYPES.contains(&text)
}

/// The fields an order may carry and what they are, for what describes the library to others.
#[cfg(test)]
pub(super) fn described_order_fields() -> Vec<(&'static str, &'static str)> {
    let kind = |rule| match rule {
        Amount | AmountAboveZero => "amount",
        Seconds => "seconds",
        Flag => "flag",
        _ => "text",
    };
    let may_be_sent = ORDER_FIELDS.iter().filter(|field| !matches!(field.need, Never));
    may_be_sent.map(|field| (field.name, kind(field.rule))).collect()
}

/// What a response is known to carry: what the tables keep from requests, what is documented for both ways, and what
/// real terminals were seen to add.
#[cfg(test)]
pub(super) fn described_response_fields() -> Vec<&'static str> {
    let in_envelope = ["response_code", "response_msg"];
    let both_ways = [
        "trans_type",
        "merchant_order_no",
        "orig_merchant_order_no",
        "price_currency",
        "order_amount",
        "tip_amount",
        "cashback_amount",
        "pay_method_id",
        "pay_scenario",
        "attach",
    ];
    let seen = [
        "total_amount",
        "card_no",
        "card_brand",
        "auth_code",
        "ref_no",
        "entry_mode",
        "signature_url",
        "merchant_no",
    ];
    let answered = ORDER_FIELDS.iter().filter(|field| matches!(field.need, Never));
    let answered = answered.map(|field| field.name);
    in_envelope.into_iter().chain(answered).chain(both_ways).chain(seen).collect()
}

/// The tables for one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables {
    pub(super) envelope: &'static [Field],
    pub(super) biz_data: &'static [Field],
}

/// `PROTOCOL.md` whole. A topic it does not describe has only its envelope checked.
pub(super) fn strict(topic: &str) -> Tables {
    let biz_data = match topic {
        ORDER => ORDER_FIELDS,
        QUERY => QUERY_FIELDS,
        CLOSE => CLOSE_FIELDS,
        _ => &[],
    };
    Tables { envelope: ENVELOPE, biz_data }
}

/// Only what an answer is matched by, and that an amount is one.
pub(super) fn lenient(topic: &str) -> Tables {
    match topic {
        ORDER => Tables { envelope: LENIENT_ENVELOPE_BY_NUMBER, biz_data: LENIENT_ORDER },
        QUERY => Tables { envelope: LENIENT_ENVELOPE_BY_NUMBER, biz_data: LENIENT_QUERY },
        CLOSE => Tables { envelope: LENIENT_ENVELOPE, biz_data: LENIENT_CLOSE },
        _ => Tables { envelope: LENIENT_ENVELOPE, biz_data: &[] },
    }
}
