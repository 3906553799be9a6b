//! Reading what a terminal says, whatever shape it has.

use std::borrow::Cow;
use std::cell::RefCell;

use super::describe::Plain;
use super::members::{Members, Value, too_many, value_of};
use super::plain::{self, Member, Parts, Visitor};
use super::value::{same_amount, same_number, same_small_number};
use super::{Difference, Outcome, Request, Response, Verdict, verdict};

/// An answer with more members than this, in its envelope and its `biz_data`, is none.
pub(super) const MAX_MEMBERS: usize = 10_000;

/// A message without what some terminals put around it: a byte order mark, blanks, NULs.
pub fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| matches!(c, '\u{feff}' | '\0') || c.is_whitespace())
}

/// A message, taken apart.
pub(super) struct Message<'a> {
    pub(super) envelope: Members<'a>,
    pub(super) biz_data: Option<Members<'a>>,
    /// The text of `biz_data` where it had to be decoded: some terminals serialise the object a second time.
    pub(super) nested: Option<String>,
}

impl Message<'_> {
    /// What [`Message::nested`] holds; none where there is no such text, or it is no object.
    pub(super) fn nested_members(&self) -> Result<Option<Members<'_>>, String> {
        let members = self.nested.as_deref().map_or(Ok(None), inner_members)?;
        refuse_too_many(self.envelope.len() + members.as_ref().map_or(0, Members::len))?;
        Ok(members)
    }
}

pub(super) fn take_apart(text: &str) -> Result<Message<'_>, String> {
    let Parts { envelope, biz_data, .. } = Members::read_message(bare(text), MAX_MEMBERS)?;
    let mut message = Message { envelope, biz_data, nested: None };
    if message.biz_data.is_none() {
        match message.envelope.get("biz_data") {
            Some(Value::Object(json)) => message.biz_data = inner_members(json)?,
            // Without an escape there is no quote in it, and so no member.
            Some(Value::Text(Cow::Owned(json))) => message.nested = Some(bare(&json).to_owned()),
            _ => {}
        }
    }
    let inner = message.biz_data.as_ref().map_or(0, Members::len);
    refuse_too_many(message.envelope.len() + inner)?;
    Ok(message)
}

/// None where it is no object. One that cannot be read is not none: without its `biz_data` an answer can mean success.
fn inner_members(json: &str) -> Result<Option<Members<'_>>, String> {
    match Members::read_at_most(json, MAX_MEMBERS) {
        Ok(members) => Ok(Some(members)),
        Err(why) if json.starts_with('{') => Err(why),
        Err(_) => Ok(None),
    }
}

fn refuse_too_many(members: usize) -> Result<(), String> {
    match members > MAX_MEMBERS {
        true => Err(too_many(MAX_MEMBERS)),
        false => Ok(()),
    }
}

/// Reads one message. The error says in a few words why it is no message (not JSON, not an object).
pub fn read(text: &str) -> Result<Response<'_>, String> {
    if let Some(response) = read_plainly(bare(text)) {
        return Ok(response);
    }
    let message = take_apart(text)?;
    let mut response = Response::default();
    // What is not read is not decoded either: that may be megabytes of escapes.
    for (field, json) in message.envelope.iter().filter(|(field, _)| is_read_from_envelope(field)) {
        response.set_envelope(field, value_of(json));
    }
    if let Some(biz_data) = &message.biz_data {
        response.set_biz_data(biz_data);
    } else if let Some(biz_data) = message.nested_members()? {
        let mut inner = Response::default();
        inner.set_biz_data(&biz_data);
        response.take_biz_data(inner);
    }
    Ok(response)
}

/// Reads and describes, in one pass, what nearly every answer is: a message without escapes, and with an object for its
/// one `biz_data`.
fn read_plainly(text: &str) -> Option<Response<'_>> {
    let mut plain = PlainResponse { response: Response::default(), described: Plain::of(text) };
    plain::visit(text, &mut plain)?;
    let description = plain.described.end();
    Some(Response { description: RefCell::new(Some(description)), ..plain.response })
}

struct PlainResponse<'a> {
    response: Response<'a>,
    described: Plain<'a>,
}

impl<'a> Visitor<'a> for PlainResponse<'a> {
    fn begin_biz_data(&mut self, is_object: bool) -> Option<()> {
        self.described.begin_biz_data(is_object)
    }

    #[inline(always)]
    fn member(&mut self, is_of_biz_data: bool, member: Member<'a>) -> Option<()> {
        if is_of_biz_data {
            self.response.set_of_biz_data(member.name, || Value::of_plain(member.json));
        } else if is_read_from_envelope(member.name) {
            self.response.set_envelope(member.name, Value::of_plain(member.json));
        }
        self.described.member(is_of_biz_data, member)
    }
}

fn is_read_from_envelope(field: &str) -> bool {
    matches!(field, "topic" | "request_id" | "response_code" | "response_msg")
}

impl<'a> Response<'a> {
    /// Of a name that comes twice the last counts.
    fn set_envelope(&mut self, field: &str, value: Value<'a>) {
        match field {
            "topic" => self.topic = name(value),
            "request_id" => self.request_id = name(value),
            "response_code" => self.code = verbatim(value),
            "response_msg" => self.message = name(value),
            _ => {}
        }
    }

    fn set_biz_data(&mut self, biz_data: &Members<'a>) {
        for (field, json) in biz_data.iter() {
            self.set_of_biz_data(field, || value_of(json));
        }
    }

    fn set_of_biz_data(&mut self, field: &str, value: impl FnOnce() -> Value<'a>) {
        match field {
            "merchant_order_no" => {
                let value = value();
                self.number_is_bare = matches!(value, Value::Number(_));
                self.merchant_order_no = name(value);
            }
            "trans_type" => self.trans_type = verbatim(value()),
            "trans_status" => self.trans_status = verbatim(value()),
            "order_amount" => self.order_amount = verbatim(value()),
            "tip_amount" => self.tip_amount = verbatim(value()),
            "price_currency" => self.price_currency = verbatim(value()),
            "trans_no" => self.trans_no = name(value()),
            _ => {}
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

/// A comparison of an answer's field with the order's: its name, both values, and whether they are the same.
type Compared<'r> = (&'static str, &'r Option<Cow<'r, str>>, &'r Option<String>, Same<'r>);

type Same<'r> = &'r dyn Fn(&str, &str) -> bool;

impl Response<'_> {
    /// Takes over what was read from a text that does not live as long.
    fn take_biz_data(&mut self, inner: Response<'_>) {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        self.merchant_order_no = owned(inner.merchant_order_no);
        self.number_is_bare = inner.number_is_bare;
        self.trans_type = owned(inner.trans_type);
        self.trans_status = owned(inner.trans_status);
        self.order_amount = owned(inner.order_amount);
        self.tip_amount = owned(inner.tip_amount);
        self.price_currency = owned(inner.price_currency);
        self.trans_no = owned(inner.trans_no);
    }

    /// Reads this as the answer to that order; `DESIGN.md`'s "How an order's own answer is interpreted".
    pub fn order_verdict(&self, order: &Request) -> Verdict {
        verdict::order_verdict(self, order)
    }

    /// Where this answer departs from what the order asked for. An amount that includes the tip named beside it does
    /// not.
    pub fn differs(&self, order: &Request) -> Vec<Difference> {
        let same_amount = |answered: &str, asked: &str| self.is_amount(answered, asked);
        let same_currency =
            |answered: &str, asked: &str| answered.trim().eq_ignore_ascii_case(asked);
        let rules: [Compared<'_>; 3] = [
            ("order_amount", &self.order_amount, &order.order_amount, &same_amount),
            ("price_currency", &self.price_currency, &order.price_currency, &same_currency),
            ("trans_type", &self.trans_type, &order.trans_type, &same_small_number),
        ];
        let departing = rules.into_iter().filter_map(departs);
        let difference = |(field, answered, asked): (&'static str, &str, &str)| Difference {
            field,
            asked: asked.to_owned(),
            answered: answered.to_owned(),
        };
        departing.map(difference).collect()
    }

    /// Reads this as the answer to a query, from `trans_status`. `Unknown` when it says nothing that can be used.
    pub fn query_outcome(&self) -> Outcome {
        verdict::query_outcome(self)
    }

    /// Whether this answers a query with something that can never be used: it carries no state, and its code says
    /// neither that there is no such order, nor that it is in progress, nor that asking again may help.
    pub fn query_refused(&self) -> bool {
        verdict::query_refused(self)
    }

    /// Reads this as the answer to any other topic: `Ok` or `Refused`.
    pub fn other_outcome(&self) -> Outcome {
        verdict::other_outcome(self)
    }

    /// Whether this carries that order's number, whichever way it is written. None where it carries none.
    pub fn names(&self, merchant_order_no: &str) -> Option<bool> {
        let answered = self.merchant_order_no.as_deref()?;
        Some(same_number(answered, self.number_is_bare, merchant_order_no))
    }

    /// Whether this can be about that order: the same number, and the same amount and type where it has them, compared
    /// as values. An answer without a number fits: the caller matched it by its own `request_id`.
    /// The error says what does not fit.
    pub fn fits(&self, order: &Request) -> Result<(), String> {
        let same_number =
            |answered: &str, asked: &str| same_number(answered, self.number_is_bare, asked);
        let same_amount = |answered: &str, asked: &str| self.is_amount(answered, asked);
        let rules: [Compared<'_>; 3] = [
            ("merchant_order_no", &self.merchant_order_no, &order.merchant_order_no, &same_number),
            ("order_amount", &self.order_amount, &order.order_amount, &same_amount),
            ("trans_type", &self.trans_type, &order.trans_type, &same_small_number),
        ];
        match rules.into_iter().find_map(departs) {
            None => Ok(()),
            Some((field, answered, asked)) => Err(format!(
                "{field} of the answer is {}, of the order {}",
                super::check::shown_text(answered),
                super::check::shown_text(asked)
            )),
        }
    }

    fn is_amount(&self, answered: &str, asked: &str) -> bool {
        same_amount(answered, asked, self.tip_amount.as_deref())
    }
}

/// The field, the answer and the order, where both have it and they are not the same.
fn departs<'r>(
    (field, answered, asked, same): Compared<'r>,
) -> Option<(&'static str, &'r str, &'r str)> {
    let (answered, asked) = (answered.as_deref()?, asked.as_deref()?);
    (!same(answered, asked)).then_some((field, answered, asked))
}

/// `order_queue_mode` of the answer to an initialisation: the terminal queues orders it answers with `101`.
pub fn order_queue_mode(text: &str) -> Option<String> {
    let message = take_apart(text).ok()?;
    let nested = message.nested_members().ok()?;
    let found = [message.biz_data.as_ref(), nested.as_ref(), Some(&message.envelope)]
        .into_iter()
        .flatten()
        .find_map(|members| name(members.get("order_queue_mode")?))?;
    let mode = found.trim();
    (!mode.is_empty()).then(|| mode.to_owned())
}
