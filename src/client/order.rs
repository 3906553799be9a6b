//! Orders as they are built: a number, an amount, and whatever else is to be said.

#![forbid(unsafe_code)]

use std::marker::PhantomData;
use std::time::Duration;

use crate::json::{Object, push_quoted};
use crate::protocol;

/// What an [`Order`] is for.
pub mod kind {
    /// Tells orders of different kinds apart.
    pub trait Kind: sealed::Sealed {
        /// The `trans_type`.
        const TRANS_TYPE: &'static str;
    }

    mod sealed {
        pub trait Sealed {}
    }

    macro_rules! kinds {
        ($($(#[$doc:meta])* $name:ident = $trans_type:literal;)*) => {$(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum $name {}
            impl sealed::Sealed for $name {}
            impl Kind for $name {
                const TRANS_TYPE: &'static str = $trans_type;
            }
        )*};
    }

    kinds! {
        /// A payment.
        Sale = "1";
        /// Takes a transaction back.
        Void = "2";
        /// Gives money back.
        Refund = "3";
        /// Holds an amount.
        Authorization = "4";
        /// Takes an authorized amount.
        Completion = "6";
        /// A payment with cash for the customer.
        Cashback = "11";
    }
}

/// An order being built: a [`Sale`], [`Void`], [`Refund`], [`Authorization`], [`Completion`] or [`Cashback`].
///
/// **Amounts are text in major units**, `"34.50"` for 34 dollars 50: never cents, and never a floating-point number.
/// Every order needs a `merchant_order_no` of its own, a void or refund included: at most 32 letters and digits, never
/// used before.
///
/// A method called twice replaces what it said the first time. Nothing is checked here: what breaks the protocol is
/// refused when the order is sent, with an error that names the field and the rule.
///
/// ```
/// use ecrhub::Sale;
/// use std::time::Duration;
///
/// let sale = Sale::new("ORDER1", "34.50")
///     .currency("USD")
///     .tip_amount("5.00")
///     .description("Table 7")
///     .timeout(Duration::from_secs(120));
/// assert_eq!(
///     sale.to_json(),
///     r#"{"topic":"ecrhub.pay.order","biz_data":{"trans_type":"1","merchant_order_no":"ORDER1","order_amount":"34.50","price_currency":"USD","tip_amount":"5.00","description":"Table 7"}}"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an order does nothing until a Terminal sends it"]
pub struct Order<K> {
    /// Names and JSON values, in the order in which they were said.
    envelope: Fields,
    biz_data: Fields,
    answer_within: Option<Duration>,
    kind: PhantomData<K>,
}

/// A payment.
pub type Sale = Order<kind::Sale>;
/// Takes back a transaction of the same day, before it is settled.
pub type Void = Order<kind::Void>;
/// Gives money back.
pub type Refund = Order<kind::Refund>;
/// Holds an amount on the customer's card, to be taken by a [`Completion`].
pub type Authorization = Order<kind::Authorization>;
/// Takes an amount that an [`Authorization`] holds.
pub type Completion = Order<kind::Completion>;
/// A payment with cash for the customer.
pub type Cashback = Order<kind::Cashback>;

impl Sale {
    /// A payment of `amount`, in major units.
    pub fn new(merchant_order_no: &str, amount: &str) -> Self {
        Order::begin(merchant_order_no).amount(amount)
    }
}

impl Void {
    /// Takes back the transaction with the number `orig_merchant_order_no`, whole.
    pub fn new(merchant_order_no: &str, orig_merchant_order_no: &str) -> Self {
        Order::begin(merchant_order_no).original(orig_merchant_order_no)
    }
}

impl Refund {
    /// Gives back `amount`, in major units, of the transaction with the number `orig_merchant_order_no`.
    pub fn new(merchant_order_no: &str, orig_merchant_order_no: &str, amount: &str) -> Self {
        Order::begin(merchant_order_no).original(orig_merchant_order_no).amount(amount)
    }
}

impl Authorization {
    /// Holds `amount`, in major units.
    pub fn new(merchant_order_no: &str, amount: &str) -> Self {
        Order::begin(merchant_order_no).amount(amount)
    }
}

impl Completion {
    /// Takes `amount`, in major units, of the authorization with the number `orig_merchant_order_no`.
    pub fn new(merchant_order_no: &str, orig_merchant_order_no: &str, amount: &str) -> Self {
        Order::begin(merchant_order_no).original(orig_merchant_order_no).amount(amount)
    }
}

impl Cashback {
    /// A payment of `amount`, with `cashback_amount` in cash for the customer; both in major units.
    pub fn new(merchant_order_no: &str, amount: &str, cashback_amount: &str) -> Self {
        Order::begin(merchant_order_no).amount(amount).cashback_amount(cashback_amount)
    }
}

impl<K: kind::Kind> Order<K> {
    fn begin(merchant_order_no: &str) -> Self {
        let order = Order {
            envelope: Fields::default(),
            biz_data: Fields::default(),
            answer_within: None,
            kind: PhantomData,
        };
        order.field("trans_type", K::TRANS_TYPE).field("merchant_order_no", merchant_order_no)
    }

    fn original(self, number: &str) -> Self {
        self.field("orig_merchant_order_no", number)
    }

    /// `order_amount`: in major units. A void may say it, all others begin with it.
    pub fn amount(self, amount: &str) -> Self {
        self.field("order_amount", amount)
    }

    /// `price_currency`: three letters of ISO 4217, `"USD"`.
    pub fn currency(self, code: &str) -> Self {
        self.field("price_currency", code)
    }

    /// `tip_amount`: in major units, not contained in the amount.
    pub fn tip_amount(self, amount: &str) -> Self {
        self.field("tip_amount", amount)
    }

    /// `on_screen_tip`: the terminal asks the customer for a tip.
    pub fn on_screen_tip(self, asks: bool) -> Self {
        self.flag("on_screen_tip", asks)
    }

    /// `cashback_amount`: in major units.
    pub fn cashback_amount(self, amount: &str) -> Self {
        self.field("cashback_amount", amount)
    }

    /// `tax_amount`: in major units, contained in the amount.
    pub fn tax_amount(self, amount: &str) -> Self {
        self.field("tax_amount", amount)
    }

    /// `pay_method_id`: how to pay, `"Visa"` or `"Alipay"`.
    pub fn pay_method(self, id: &str) -> Self {
        self.field("pay_method_id", id)
    }

    /// `pay_scenario`: `"SWIPE_CARD"`, `"SCANQR_PAY"` (the customer scans) or `"BSCANQR_PAY"` (the merchant scans).
    pub fn pay_scenario(self, scenario: &str) -> Self {
        self.field("pay_scenario", scenario)
    }

    /// `card_type`: `"1"` debit, `"2"` credit, `"3"` EBT, `"4"` gift.
    pub fn card_type(self, card_type: &str) -> Self {
        self.field("card_type", card_type)
    }

    /// `attach`: comes back unchanged with the answer.
    pub fn attach(self, text: &str) -> Self {
        self.field("attach", text)
    }

    /// `description`: the goods or the service.
    pub fn description(self, text: &str) -> Self {
        self.field("description", text)
    }

    /// `notify_url`: where the gateway reports to.
    pub fn notify_url(self, url: &str) -> Self {
        self.field("notify_url", url)
    }

    /// `expires`: after so many seconds the order may no longer be paid.
    pub fn expires(self, seconds: u32) -> Self {
        self.field("expires", &seconds.to_string())
    }

    /// `confirm_on_terminal`: the cashier confirms on the terminal first.
    pub fn confirm_on_terminal(self, confirms: bool) -> Self {
        self.flag("confirm_on_terminal", confirms)
    }

    /// `required_terminal_authentication`: a void or refund needs the manager's authorization on the terminal.
    pub fn required_terminal_authentication(self, required: bool) -> Self {
        self.flag("required_terminal_authentication", required)
    }

    /// `on_screen_signature`: the customer signs on the screen.
    pub fn on_screen_signature(self, on_screen: bool) -> Self {
        self.flag("on_screen_signature", on_screen)
    }

    /// `receipt_print_mode`: `"0"` none, `"1"` the merchant's, `"2"` the customer's, `"3"` both.
    pub fn receipt_print_mode(self, mode: &str) -> Self {
        self.field("receipt_print_mode", mode)
    }

    /// Any other field of `biz_data` whose value is a text.
    pub fn field(mut self, name: &str, text: &str) -> Self {
        self.biz_data.set(name, quoted(text));
        self
    }

    /// Any other field of `biz_data` whose value is true or false.
    pub fn flag(mut self, name: &str, value: bool) -> Self {
        self.biz_data.set(name, value.to_string());
        self
    }

    /// The envelope's `request_id`, 1 to 64 printable ASCII characters, never used before. The library makes one
    /// when none is given.
    pub fn request_id(mut self, id: &str) -> Self {
        self.envelope.set("request_id", quoted(id));
        self
    }

    /// The envelope's `app_id`, instead of the configuration's.
    pub fn app_id(mut self, id: &str) -> Self {
        self.envelope.set("app_id", quoted(id));
        self
    }

    /// How long to wait for the answer, instead of the configuration's `order_timeout_ms`. What follows, finding out
    /// what became of the order, is bounded by `recovery_timeout_ms`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.answer_within = Some(timeout);
        self
    }

    /// What [`Order::timeout`] said.
    pub fn answer_within(&self) -> Option<Duration> {
        self.answer_within
    }

    /// The request as JSON, the text that `ecrhub_send` takes.
    pub fn to_json(&self) -> String {
        let object = Object::new().text("topic", protocol::ORDER);
        self.envelope
            .write(object)
            .json("biz_data", &self.biz_data.write(Object::new()).end())
            .end()
    }
}

fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_quoted(&mut json, text);
    json
}

/// A JSON object's members, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn set(&mut self, name: &str, json: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, value)) => *value = json,
            None => self.0.push((name.to_owned(), json)),
        }
    }

    fn write(&self, object: Object) -> Object {
        self.0.iter().fold(object, |object, (name, json)| object.json(name, json))
    }
}
