//! What the terminal remembers: a record for each number, and the ledger of what moved money.

use serde_json::{Map, Value};

use crate::amounts::Fault;
use crate::{Behaviour, clock, money};

/// One movement of money. An authorization is one too: it reserves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The number of the request that moved it.
    pub merchant_order_no: String,
    /// `1` sale, `2` void, ...
    pub trans_type: String,
    /// `order_amount` as the till wrote it; of a void without one, the original's.
    pub amount: String,
    /// With tip and cashback, printed with two decimals.
    pub total: String,
    /// The terminal's number for it.
    pub trans_no: String,
    /// The number it was about, where there is one.
    pub orig_merchant_order_no: Option<String>,
    /// When, in epoch milliseconds.
    pub at: u64,
}

/// What the terminal knows about one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The caller's number.
    pub merchant_order_no: String,
    /// `1` sale, `2` void, ...
    pub trans_type: String,
    /// The number it is about, where there is one.
    pub orig_merchant_order_no: Option<String>,
    /// The terminal's number.
    pub trans_no: String,
    /// `9` created, `0` paying, `1` closed, `2` successful, `3` void, `4` captured.
    pub trans_status: u8,
    /// When it ended, in epoch milliseconds.
    pub ended_at: Option<u64>,
    /// What the order was to do.
    pub behaviour: Behaviour,
    pub(super) amount: money::Milli,
    pub(super) total: money::Milli,
    pub(super) refunded: money::Milli,
    /// Whether the card was read.
    pub(super) read: bool,
    /// Whether money moved.
    pub(super) paid: bool,
    /// The fields of the request that answers give back.
    pub(super) echoed: Map<String, Value>,
    pub(super) draw: u64,
}

/// Fields of an order that its answers and queries return unchanged.
pub(super) const ECHOED: [&str; 9] = [
    "orig_merchant_order_no",
    "order_amount",
    "price_currency",
    "tip_amount",
    "cashback_amount",
    "tax_amount",
    "pay_scenario",
    "pay_method_id",
    "attach",
];

/// What a customer adds on the screen.
const TIP: money::Milli = 2_000;

/// Masked number, brand, how it was read.
const CARDS: [(&str, &str, &str); 4] = [
    ("456331******3919", "Visa", "CONTACTLESS"),
    ("545454******5454", "MasterCard", "CHIP"),
    ("374245******1007", "Amex", "SWIPE"),
    ("601100******9424", "Discover", "CONTACTLESS"),
];

impl Record {
    /// `biz_data` of an answer about it.
    pub(super) fn biz_data(&self, status: u8) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("trans_type".into(), self.trans_type.clone().into());
        fields.insert("merchant_order_no".into(), self.merchant_order_no.clone().into());
        fields.extend(self.echoed.clone());
        fields.insert("trans_no".into(), self.trans_no.clone().into());
        fields.insert("trans_status".into(), status.to_string().into());
        // A voided or captured transaction was paid once, and keeps the particulars.
        if matches!(status, 2..=4) && self.paid {
            self.add_payment(&mut fields);
        }
        self.bend(&mut fields);
        fields
    }

    pub(super) fn is_void(&self) -> bool {
        matches!(self.trans_type.as_str(), "2" | "5" | "7")
    }

    /// Where answers and queries alike differ from what was asked.
    fn bend(&self, fields: &mut Map<String, Value>) {
        let bent = match self.behaviour.plan().fault {
            Fault::TipIncluded if self.paid => {
                ("order_amount", money::print(self.amount + self.extra("tip_amount")))
            }
            Fault::OtherCurrency => {
                let is_euro = fields.get("price_currency").is_some_and(|asked| asked == "EUR");
                ("price_currency", if is_euro { "USD" } else { "EUR" }.to_owned())
            }
            Fault::OtherType => {
                let is_sale = self.trans_type == "1";
                ("trans_type", if is_sale { "3" } else { "1" }.to_owned())
            }
            _ => return,
        };
        fields.insert(bent.0.to_owned(), bent.1.into());
    }

    fn extra(&self, key: &str) -> money::Milli {
        self.echoed.get(key).and_then(Value::as_str).and_then(money::parse).unwrap_or(0)
    }

    /// Money moved: as much as the behaviour says.
    pub(super) fn pay(&mut self) {
        self.paid = true;
        match self.behaviour.plan().fault {
            Fault::Partial => {
                let asked = self.amount;
                // Of half an amount only what is whole cents.
                self.amount = if asked > 10_000 { asked - 10_000 } else { asked / 20 * 10 };
                self.total -= asked - self.amount;
                self.echoed.insert("order_amount".into(), money::print(self.amount).into());
            }
            Fault::TipApart | Fault::TipIncluded if self.extra("tip_amount") == 0 => {
                self.total += TIP;
                self.echoed.insert("tip_amount".into(), money::print(TIP).into());
            }
            _ => {}
        }
    }

    fn add_payment(&self, fields: &mut Map<String, Value>) {
        let (card_no, card_brand, entry_mode) = CARDS[(self.draw % 4) as usize];
        let scenario = self
            .echoed
            .get("pay_scenario")
            .and_then(Value::as_str)
            .unwrap_or("SWIPE_CARD")
            .to_owned();
        let mut put = |key: &str, value: String| {
            if !fields.contains_key(key) {
                fields.insert(key.to_owned(), Value::String(value));
            }
        };
        if scenario == "SWIPE_CARD" {
            put("pay_method_id", card_brand.to_owned());
            put("card_no", card_no.to_owned());
            put("card_brand", card_brand.to_owned());
            put("entry_mode", entry_mode.to_owned());
            put("auth_code", format!("{:06}", self.draw / 4 % 1_000_000));
        } else {
            put("entry_mode", "QR_CODE".to_owned());
        }
        put("pay_scenario", scenario);
        put("total_amount", money::print(self.total));
        put("pay_channel_trans_no", format!("CH{}", self.trans_no));
        put("ref_no", format!("{:012}", self.draw / 7 % 1_000_000_000_000));
        put("merchant_no", "312345678901".to_owned());
        put("discount_bmopc", "0.00".to_owned());
        put("discount_bpc", "0.00".to_owned());
        put("trans_end_time", clock::date_time(self.ended_at.unwrap_or(0)));
    }

    pub(super) fn ledger_entry(&self, at: u64) -> LedgerEntry {
        let amount = self.echoed.get("order_amount").and_then(Value::as_str);
        LedgerEntry {
            merchant_order_no: self.merchant_order_no.clone(),
            trans_type: self.trans_type.clone(),
            amount: amount.map_or_else(|| money::print(self.amount), str::to_owned),
            total: money::print(self.total),
            trans_no: self.trans_no.clone(),
            orig_merchant_order_no: self.orig_merchant_order_no.clone(),
            at,
        }
    }
}

impl LedgerEntry {
    /// As the control API tells it.
    pub fn to_json(&self) -> Value {
        serde_json::json!({
            "merchant_order_no": self.merchant_order_no,
            "trans_type": self.trans_type,
            "amount": self.amount,
            "total": self.total,
            "trans_no": self.trans_no,
            "orig_merchant_order_no": self.orig_merchant_order_no,
            "at": self.at,
        })
    }
}
