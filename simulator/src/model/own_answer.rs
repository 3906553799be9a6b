//! The order's own answer: what it says, and how it is spoilt or lost.

use serde_json::{Map, Value};

use super::transaction::Running;
use super::{Model, Record, answer};
use crate::amounts::{Ends, Fault};
use crate::codes;
use crate::mangle::{self, Outgoing};

impl Model {
    /// Tells the till how it ended, as well or badly as the order's behaviour says.
    pub(super) fn conclude(&mut self, running: &Running, record: &Record, now: u64) {
        let home = running.home;
        let code = running.behaviour.plan().code;
        let text = Value::Object(self.answer_fields(running, record, code, now)).to_string();
        match running.behaviour.plan().fault {
            Fault::Acknowledged { lost: true }
            | Fault::Lost
            | Fault::QueryAmount
            | Fault::QueryNumber
            | Fault::QuerySilent => {
                self.note(|| "the answer is lost".to_owned());
            }
            Fault::CutAfter { push } => {
                self.cut(home, now);
                self.deliver(None, push, Outgoing::Text(text));
            }
            Fault::CutInside => {
                let mut bytes = mangle::frame(0x81, text.as_bytes());
                bytes.truncate(bytes.len() / 2);
                self.send_bytes(home, bytes);
                self.cut(home, now);
            }
            Fault::Restart => self.go_away(now),
            Fault::PowerLoss => {
                self.records.remove(&running.number);
                self.revision += 1;
                self.go_away(now);
            }
            Fault::Twice => {
                self.send(home, text.clone());
                self.deliver(home, running.push, Outgoing::Text(text));
            }
            Fault::GarbageFirst => {
                self.send(home, "{\"topic\":\"ecrhub.pay.or".to_owned());
                self.deliver(home, running.push, Outgoing::Text(text));
            }
            Fault::GarbageOnly => self.send(home, "<html>502 Bad Gateway</html>".to_owned()),
            Fault::NotObject => self.send(home, format!("[{text}]")),
            Fault::BrokenFrame => self.send_bytes(home, vec![0x83, 0x02, b'h', b'i']),
            Fault::BadUtf8 => self.send_bytes(home, vec![0x81, 0x04, b'{', 0xC3, 0x28, b'}']),
            _ => {
                let answer = self.mangled(running, text);
                self.deliver(home, running.push, answer);
            }
        }
    }

    /// The order's own answer as it goes on the wire: spoilt where its behaviour or an oddity says so.
    pub(super) fn mangled(&self, running: &Running, text: String) -> Outgoing {
        match running.behaviour.plan().fault {
            Fault::Mangled(mangle) => mangle.apply(text),
            _ => match self.options.oddities.mangle() {
                Some(mangle) => mangle.apply(text),
                None => Outgoing::Text(text),
            },
        }
    }

    /// An answer as it goes on the wire, with another code than the behaviour's own.
    pub(super) fn answer_text(
        &self,
        running: &Running,
        record: &Record,
        code: &'static str,
        now: u64,
    ) -> Outgoing {
        let text = Value::Object(self.answer_fields(running, record, code, now)).to_string();
        self.mangled(running, text)
    }

    /// The answer's fields, bent where the behaviour says so.
    fn answer_fields(
        &self,
        running: &Running,
        record: &Record,
        mut code: &'static str,
        now: u64,
    ) -> Map<String, Value> {
        let plan = running.behaviour.plan();
        let odd = &self.options.oddities;
        let says_3 = odd.void_answer_3 && record.is_void() && record.paid;
        let mut biz_data = record.biz_data(if says_3 { 3 } else { record.trans_status });
        let mut envelope = running.envelope.clone();
        let mut text = codes::meaning(code).to_owned();
        match plan.fault {
            Fault::SaysSuccess => {}
            Fault::NoStatus | Fault::NoCode => drop(biz_data.remove("trans_status")),
            Fault::WrongNumber => {
                drop(biz_data.insert("merchant_order_no".into(), other(&running.number).into()))
            }
            Fault::WrongRequestId => envelope.request_id = Some("0000000000".to_owned()),
            Fault::Huge => drop(biz_data.insert("receipt".into(), "x".repeat(1 << 20).into())),
            _ if matches!(code, "000" | "103") => {}
            // A code that settles nothing tells nothing about the payment either.
            _ => {
                let is_refused = plan.ends == Ends::Failed
                    || matches!(plan.fault, Fault::PaidLater { hidden: false });
                biz_data = unpaid(biz_data, odd.declined_status && is_refused);
            }
        }
        if let Fault::Inner(inner) = plan.fault {
            if odd.gateway_code_first && codes::is_gateway(inner) {
                code = inner;
                text = codes::inner_text(inner).to_owned();
            } else {
                text = format!("{text}[[{inner}]{}]", codes::inner_text(inner));
            }
        }
        if plan.fault == Fault::TimeoutText {
            text = format!("{text}[[K041]Read timed out]");
        }
        let mut fields = answer::build(odd, &envelope, code, &text, biz_data, now);
        if plan.fault == Fault::NoCode {
            fields.remove("response_code");
        }
        fields
    }
}

/// A failed answer's `biz_data`: who it is about, and the status only from terminals that send it.
pub(super) fn unpaid(mut biz_data: Map<String, Value>, with_status: bool) -> Map<String, Value> {
    if with_status {
        return biz_data;
    }
    biz_data.retain(|key, _| {
        matches!(
            key.as_str(),
            "trans_type"
                | "merchant_order_no"
                | "order_amount"
                | "price_currency"
                | "attach"
                | "orig_merchant_order_no"
        )
    });
    biz_data
}

/// Another number that looks much like it.
pub(super) fn other(number: &str) -> String {
    let mut other = number.to_owned();
    let last = other.pop();
    other.push(if last == Some('0') { '1' } else { '0' });
    other
}
