//! Queries, closes, and the topics of newer terminals.

use serde_json::{Map, Value, json};

use super::request::{Refusal, Request};
use super::transaction::{Stage, other};
use super::{ConnId, Model, answer};
use crate::amounts::Fault;
use crate::money;

impl Model {
    pub(super) fn on_query(
        &mut self,
        conn: ConnId,
        request: &Request,
        now: u64,
    ) -> Result<(), Refusal> {
        let number = request.need("merchant_order_no")?;
        let record = self.records.get(&number).ok_or_else(|| Refusal::new("104").about(request))?;
        let mut biz_data = record.biz_data(record.trans_status);
        match record.behaviour.plan().fault {
            Fault::HiddenWhilePaying if record.ended_at.is_none() => {
                return Err(Refusal::new("104").about(request));
            }
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
        match &self.running {
            Some(running) if running.number == number => {
                let fixed = running.behaviour.plan().fault == Fault::NotClosable
                    || running.stage == Stage::Settling;
                if fixed {
                    return Err(refuse("201"));
                }
                self.give_up("102", 1, now);
            }
            _ if self.records.contains_key(&number) => return Err(refuse("201")),
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

    /// Topics that move nothing here, with answers that look the part.
    pub(super) fn on_other(
        &mut self,
        conn: ConnId,
        request: &Request,
        now: u64,
    ) -> Result<(), Refusal> {
        let biz_data = match request.envelope.topic.as_str() {
            "ecrhub.getInfo" => json!({
                "device_sn": "WPYB002349000129",
                "device_model": "WisePOS-Simulator",
                "app_version": env!("CARGO_PKG_VERSION"),
                "merchant_no": "312345678901",
            }),
            "ecrhub.init" | "ecrhub.pair" | "ecrhub.unpair" => {
                json!({"device_sn": "WPYB002349000129"})
            }
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
        self.answer_success(conn, request, biz_data, now);
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
