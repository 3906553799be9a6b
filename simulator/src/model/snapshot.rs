//! What a terminal keeps over a restart, as JSON.

use serde_json::{Map, Value, json};

use super::{LedgerEntry, Model, Record};
use crate::Behaviour;

impl Model {
    /// Records, ledger and barred numbers. A transaction under way is not kept: a restart loses it.
    pub fn snapshot(&self) -> Value {
        let kept = self.records.values().filter(|record| record.ended_at.is_some());
        json!({
            "ledger": self.ledger.iter().map(LedgerEntry::to_json).collect::<Vec<_>>(),
            "records": kept.map(record_to_json).collect::<Vec<_>>(),
            "barred": self.barred,
        })
    }

    /// Takes over a [`Model::snapshot`]; the text says what is wrong with one that is none.
    pub fn restore(&mut self, snapshot: &Value) -> Result<(), String> {
        let list =
            |key: &str| snapshot[key].as_array().ok_or_else(|| format!("{key} is not a list"));
        let ledger = list("ledger")?.iter().map(entry_from_json).collect::<Option<_>>();
        let records = list("records")?.iter().map(record_from_json).collect::<Option<Vec<_>>>();
        let barred = list("barred")?
            .iter()
            .map(|number| number.as_str().map(str::to_owned))
            .collect::<Option<_>>();
        self.ledger = ledger.ok_or("an entry of ledger is not whole")?;
        self.barred = barred.ok_or("an entry of barred is not text")?;
        let mut records = records.ok_or("an entry of records is not whole")?;
        records.sort_by_key(|record| record.ended_at);
        self.ended = records.iter().map(|record| record.merchant_order_no.clone()).collect();
        self.records =
            records.into_iter().map(|record| (record.merchant_order_no.clone(), record)).collect();
        Ok(())
    }
}

fn record_to_json(record: &Record) -> Value {
    json!({
        "merchant_order_no": record.merchant_order_no,
        "trans_type": record.trans_type,
        "orig_merchant_order_no": record.orig_merchant_order_no,
        "trans_no": record.trans_no,
        "trans_status": record.trans_status,
        "ended_at": record.ended_at,
        "behaviour": record.behaviour.name(),
        "amount": record.amount,
        "total": record.total,
        "refunded": record.refunded,
        "read": record.read,
        "paid": record.paid,
        "echoed": record.echoed,
        "draw": record.draw,
    })
}

fn record_from_json(value: &Value) -> Option<Record> {
    Some(Record {
        merchant_order_no: text(value, "merchant_order_no")?,
        trans_type: text(value, "trans_type")?,
        orig_merchant_order_no: text(value, "orig_merchant_order_no"),
        trans_no: text(value, "trans_no")?,
        trans_status: u8::try_from(value["trans_status"].as_u64()?).ok()?,
        ended_at: value["ended_at"].as_u64(),
        behaviour: Behaviour::from_name(value["behaviour"].as_str()?)?,
        amount: value["amount"].as_u64()?,
        total: value["total"].as_u64()?,
        refunded: value["refunded"].as_u64()?,
        read: value["read"].as_bool()?,
        paid: value["paid"].as_bool()?,
        echoed: value["echoed"].as_object().cloned().unwrap_or_else(Map::new),
        draw: value["draw"].as_u64()?,
    })
}

fn entry_from_json(value: &Value) -> Option<LedgerEntry> {
    Some(LedgerEntry {
        merchant_order_no: text(value, "merchant_order_no")?,
        trans_type: text(value, "trans_type")?,
        amount: text(value, "amount")?,
        total: text(value, "total")?,
        trans_no: text(value, "trans_no")?,
        orig_merchant_order_no: text(value, "orig_merchant_order_no"),
        at: value["at"].as_u64()?,
    })
}

fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}
