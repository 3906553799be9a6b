//! Queries, closes, and the topics of newer terminals.

use serde_json::{Map, Value, json};

use super::own_answer::other;
use super::request::{Refusal, Request};
use super::transaction::{Running, Stage};
use super::{ConnId, Model, Record, answer};
use crate::amounts::Fault;
use crate::{Oddities, codes, money};

const DEVICE_SN: &str = "WPYB002349000129";

/// What a close does to the transaction on the screen.
enum Closing {
    Refused,
    /// Accepted, without effect.
    Nothing,
    Done,
    /// Accepted; the order is charged all the same, later.
    InVain,
    /// As if nobody knew the number.
    Unknown,
}

fn closing(running: &Running, odd: &Oddities) -> Closing {
    match (running.behaviour.plan().fault, running.stage) {
        (Fault::NotClosable, _) | (_, Stage::Settling | Stage::Signing) => Closing::Refused,
        (_, Stage::Authorising) if odd.close_authorising => Closing::Nothing,
        (_, Stage::Authorising) => Closing::Refused,
        (Fault::CloseThenPaid, _) => Closing::InVain,
        (Fault::Unseen, _) => Closing::Unknown,
        _ => Closing::Done,
    }
}

impl Model {
    pub(super) fn on_query(
        &mut self,
        conn: ConnId,
        request: &Request,
        now: u64,
    ) -> Result<(), Refusal> {
        let not_found = || self.not_found(request);
        let record = match request.text("trans_no") {
            Some(trans_no) => self.records.values().find(|record| record.trans_no == trans_no),
            None => self.records.get(&request.need("merchant_order_no")?),
        };
        let record = record.filter(|record| self.is_visible(record)).ok_or_else(not_found)?;
        let number = record.merchant_order_no.clone();
        let mut biz_data = record.biz_data(self.status_of(record));
        match record.behaviour.plan().fault {
            Fault::QuerySilent if record.ended_at.is_some() => return Ok(()),
            Fault::QueryAmount => {
                biz_data.insert("order_amount".into(), money::print(record.amount + 1_000).into());
            }
            Fault::QueryNumber => {
                biz_data.insert("merchant_order_no".into(), other(&number).into());
            }
            _ => {}
        }
        self.note(|| {
            format!(
                "query {number}: trans_status {}",
                biz_data.get("trans_status").unwrap_or(&Value::Null)
            )
        });
        self.answer_success(conn, request, biz_data, now);
        Ok(())
    }

    fn not_found(&self, request: &Request) -> Refusal {
        let (code, inner) = self.options.oddities.not_found();
        let refusal = Refusal::new(code).about(request);
        match inner {
            Some(inner) => {
                let text = format!("{}[[{inner}]{}]", refusal.text, codes::inner_text(inner));
                Refusal { text, ..refusal }
            }
            None => refusal,
        }
    }

    /// Whether a query finds the record, and a close does not take its number for an unknown one.
    fn is_visible(&self, record: &Record) -> bool {
        let odd = &self.options.oddities;
        match record.behaviour.plan().fault {
            Fault::HiddenWhilePaying if record.ended_at.is_none() => false,
            Fault::Unseen | Fault::PaidLater { hidden: true } if !record.paid => false,
            _ if odd.found_once_charged => record.paid,
            _ if odd.found_once_read => record.read,
            _ => true,
        }
    }

    /// The status a query reports.
    fn status_of(&self, record: &Record) -> u8 {
        let is_signing = self.running.as_ref().is_some_and(|running| {
            running.stage == Stage::Signing && running.number == record.merchant_order_no
        });
        match record.behaviour.plan().fault {
            Fault::Signature { status } if is_signing => status,
            _ if self.options.oddities.void_record_3
                && record.is_void()
                && record.trans_status == 2 =>
            {
                3
            }
            _ => record.trans_status,
        }
    }

    pub(super) fn on_close(
        &mut self,
        conn: ConnId,
        request: &Request,
        now: u64,
    ) -> Result<(), Refusal> {
        let refuse = |code| Refusal::new(code).about(request);
        let number = match request.text("merchant_order_no") {
            Some(_) => request.number("merchant_order_no")?,
            None => self.running().map(str::to_owned).ok_or_else(|| refuse("201"))?,
        };
        let odd = &self.options.oddities;
        let is_known = self.records.get(&number).is_some_and(|record| self.is_visible(record));
        let on_screen = self
            .running
            .as_ref()
            .filter(|running| running.number == number || odd.close_by_screen)
            .map(|running| closing(running, odd));
        match on_screen {
            Some(closing) => self.close_screen(closing, now).map_err(refuse)?,
            _ if self.close_queued(&number, now) => {}
            _ if is_known => return Err(refuse("201")),
            _ if self.options.close_unknown_fails => return Err(refuse("104")),
            _ if self.options.close_unknown_forgotten => {}
            _ => {
                self.barred.insert(number.clone());
                self.revision += 1;
            }
        }
        self.note(|| format!("close {number}: done"));
        self.answer_success(
            conn,
            request,
            Map::from_iter([("merchant_order_no".to_owned(), number.into())]),
            now,
        );
        Ok(())
    }

    /// Closes the payment on the screen, or not; then the code that refuses it.
    fn close_screen(&mut self, closing: Closing, now: u64) -> Result<(), &'static str> {
        match closing {
            Closing::Refused => return Err("201"),
            Closing::Unknown if self.options.close_unknown_fails => return Err("104"),
            Closing::Nothing | Closing::Unknown => {}
            Closing::Done => self.give_up("102", 1, now),
            Closing::InVain => self.close_in_vain(now),
        }
        Ok(())
    }

    /// What the terminal can do, as `ecrhub.init` answers.
    fn abilities(&self) -> Value {
        let card = |name: &str| {
            json!({"pay_method_id": name, "pay_method_name": name,
                "supported_trans_type_list": ["1", "2", "3", "4", "6", "11"]})
        };
        let mut abilities = json!({
            "device_sn": DEVICE_SN,
            "confirm_on_terminal": "false",
            "is_auto_settlement": "false",
            "pay_method_category_list": [{
                "pay_method_category": "BANKCARD",
                "pay_method_list": [card("Visa"), card("MasterCard"), card("Amex")],
            }],
        });
        if let Some(mode) = self.options.order_queue_mode {
            abilities["order_queue_mode"] = mode.name().into();
        }
        abilities
    }

    /// Topics that move nothing here, with answers that look the part.
    pub(super) fn on_other(
        &mut self,
        conn: ConnId,
        request: &Request,
        now: u64,
    ) -> Result<(), Refusal> {
        let biz_data = match request.envelope.topic.as_str() {
            "ecrhub.getInfo" => json!({
                "device_sn": DEVICE_SN,
                "device_model": "WisePOS-Simulator",
                "app_version": env!("CARGO_PKG_VERSION"),
                "merchant_no": "312345678901",
            }),
            "ecrhub.init" | "ecrhub.pay.init" => self.abilities(),
            "ecrhub.pair" | "ecrhub.unpair" => json!({"device_sn": DEVICE_SN}),
            "ecrhub.pay.batch.close" => {
                json!({"batch_no": "000001", "total_count": self.ledger.len().to_string()})
            }
            "ecrhub.heartbeat" => json!({}),
            "ecrhub.pay.tip.adjustment" | "ecrhub.pay.reprint" => {
                let number = request.need("merchant_order_no")?;
                if !self.records.contains_key(&number) {
                    return Err(Refusal::new("104").about(request));
                }
                json!({"merchant_order_no": number})
            }
            topic => {
                return Err(Refusal::because("202", &format!("topic {topic} is not known")));
            }
        };
        let biz_data = biz_data.as_object().cloned().unwrap_or_default();
        let odd = &self.options.oddities;
        let mut fields = answer::build(odd, &request.envelope, "000", "", biz_data, now);
        if request.envelope.topic == "ecrhub.getInfo" {
            let device = json!({"device_name": "WisePOS-Simulator", "sn": DEVICE_SN});
            fields.insert("device_data".to_owned(), device);
        }
        if let Some(msg_id) = &request.msg_id {
            fields.insert("msg_id".to_owned(), msg_id.clone());
        }
        self.send(Some(conn), Value::Object(fields).to_string());
        Ok(())
    }

    fn answer_success(
        &mut self,
        conn: ConnId,
        request: &Request,
        biz_data: Map<String, Value>,
        now: u64,
    ) {
        let text =
            answer::render(&self.options.oddities, &request.envelope, "000", "", biz_data, now);
        self.send(Some(conn), text);
    }
}
