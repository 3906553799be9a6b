//! Taking an order: the checks a terminal makes before the customer sees anything.

use super::record::{ECHOED, Record};
use super::request::{Refusal, Request};
use super::transaction::Running;
use super::{Action, ConnId, Model};
use crate::amounts::Fault;
use crate::{Behaviour, money};

/// The types that are about an earlier transaction.
const FOLLOW_UPS: [&str; 6] = ["2", "3", "5", "6", "7", "8"];

/// An order that passed the checks of its own fields.
struct Order {
    number: String,
    trans_type: String,
    original: Option<String>,
    amount: Option<money::Milli>,
    extras: money::Milli,
    expires_s: u64,
    confirm: bool,
}

impl Model {
    pub(super) fn on_order(
        &mut self,
        conn: ConnId,
        request: &Request,
        now: u64,
    ) -> Result<(), Refusal> {
        let number = self.check(request)?.number;
        if self.running.is_some() {
            return self.enqueue(conn, request, number);
        }
        self.on_turn(Some(conn), request, now)
    }

    /// The checks that an order waiting for its turn has passed too.
    fn check(&self, request: &Request) -> Result<Order, Refusal> {
        let order = read(request)?;
        let refuse = |code| Refusal::new(code).about(request);
        if self.barred.contains(&order.number) {
            return Err(refuse("102"));
        }
        let is_known = self.records.contains_key(&order.number) || self.is_queued(&order.number);
        if is_known && !self.options.oddities.numbers_not_checked {
            return Err(refuse("113"));
        }
        Ok(order)
    }

    /// The terminal is free for this order.
    pub(super) fn on_turn(
        &mut self,
        home: Option<ConnId>,
        request: &Request,
        now: u64,
    ) -> Result<(), Refusal> {
        let order = self.check(request)?;
        let refuse = |code| Refusal::new(code).about(request);
        self.check_original(&order).map_err(refuse)?;
        let behaviour = self.choose(order.amount);
        match behaviour.plan().fault {
            Fault::Busy => return Err(refuse("101")),
            Fault::Ignore => self.note(|| format!("order {}: swallowed", order.number)),
            Fault::CutFirst => {
                self.note(|| format!("order {}: the link is cut before it is taken", order.number));
                self.cut(home, now);
            }
            _ => self.take(home, request, order, behaviour, now),
        }
        Ok(())
    }

    fn choose(&mut self, amount: Option<money::Milli>) -> Behaviour {
        if let Some(behaviour) = self.next.pop_front() {
            return behaviour;
        }
        match amount {
            Some(amount) if self.options.test_amounts => {
                Behaviour::from_amount(money::units(amount), money::cents(amount))
            }
            _ => Behaviour::Approved,
        }
    }

    /// Whether the original allows it; the code that refuses it if not.
    fn check_original(&self, order: &Order) -> Result<(), &'static str> {
        let Some(number) = &order.original else {
            return Ok(());
        };
        let original = self.records.get(number).ok_or("104")?;
        let kind = original.trans_type.as_str();
        let cannot =
            if matches!(order.trans_type.as_str(), "2" | "5" | "7") { "119" } else { "106" };
        match order.trans_type.as_str() {
            "2" if !matches!(kind, "1" | "3" | "4" | "6" | "11") || original.refunded > 0 => {
                return Err(cannot);
            }
            "3" if !matches!(kind, "1" | "6" | "11") => return Err(cannot),
            "5" | "6" if kind != "4" => return Err(cannot),
            "7" if kind != "6" || original.refunded > 0 => return Err(cannot),
            "8" if kind != "6" => return Err(cannot),
            _ => {}
        }
        if original.trans_status != 2 {
            return Err(cannot);
        }
        match (order.trans_type.as_str(), order.amount) {
            ("3" | "8", _) if original.refunded >= original.total => Err("105"),
            ("3" | "8", Some(amount)) if original.refunded + amount > original.total => Err("120"),
            ("6", Some(amount)) if amount > original.amount => Err("120"),
            _ => Ok(()),
        }
    }

    fn take(
        &mut self,
        home: Option<ConnId>,
        request: &Request,
        order: Order,
        behaviour: Behaviour,
        now: u64,
    ) {
        let record = self.new_record(request, &order, behaviour);
        let (plan, manual) = (behaviour.plan(), self.options.manual);
        self.note(|| {
            let (kind, amount) = (kind(&order.trans_type), money::print(record.total));
            format!("order {}: {kind} of {amount}, will be {behaviour}", order.number)
        });
        let mut running =
            Running::new(home, request.envelope.clone(), order.number.clone(), behaviour);
        running.push = self.options.push_after_reconnect;
        running.expires_at = self.expiry(order.expires_s).map(|ms| now.saturating_add(ms));
        self.records.insert(order.number, record);
        self.running = Some(running);
        if order.confirm {
            self.start_confirming(now, manual);
        } else {
            self.start_paying(now);
        }
        match plan.fault {
            Fault::CutPaying { push } => {
                self.set_push(push);
                self.cut(home, now);
            }
            Fault::Acknowledged { .. } => self.acknowledge(now),
            Fault::Freeze => {
                self.actions.push_back(Action::Freeze);
                self.later.push((now.saturating_add(self.options.freeze_ms), Action::Thaw));
            }
            _ => {}
        }
    }

    /// How long an order of that `expires` may wait to be paid.
    fn expiry(&self, expires_s: u64) -> Option<u64> {
        let (floor, default) = (self.options.expires_floor_ms, self.options.expires_default_ms);
        match expires_s.saturating_mul(1_000) {
            0 => (default > 0).then_some(default),
            ms => Some(ms.max(floor)),
        }
    }

    fn new_record(&mut self, request: &Request, order: &Order, behaviour: Behaviour) -> Record {
        let draw = self.draw();
        let original = order.original.as_ref().and_then(|number| self.records.get(number));
        let amount = order.amount.or(original.map(|original| original.amount)).unwrap_or(0);
        let mut echoed = serde_json::Map::new();
        for key in ECHOED {
            if let Some(text) = request.text(key) {
                echoed.insert(key.to_owned(), text.into());
            }
        }
        echoed.entry("price_currency").or_insert_with(|| "USD".into());
        // A void may leave its amount out; the answer tells what was voided.
        echoed.entry("order_amount").or_insert_with(|| money::print(amount).into());
        Record {
            merchant_order_no: order.number.clone(),
            trans_type: order.trans_type.clone(),
            orig_merchant_order_no: order.original.clone(),
            trans_no: format!("5021{:08}{:010}", draw % 100_000_000, self.records.len() + 1),
            trans_status: 9,
            ended_at: None,
            behaviour,
            amount,
            total: amount + order.extras,
            refunded: 0,
            read: false,
            paid: false,
            echoed,
            draw,
        }
    }
}

/// Checks the fields of an order by themselves.
fn read(request: &Request) -> Result<Order, Refusal> {
    let trans_type = request.need("trans_type")?;
    if !matches!(trans_type.as_str(), "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "11") {
        return Err(Refusal::because("114", &format!("trans_type {trans_type}")).about(request));
    }
    let number = request.number("merchant_order_no")?;
    let amount = request.amount("order_amount")?;
    let wrong = |text: &str| Refusal::because("202", text).about(request);
    match amount {
        None if trans_type != "2" => return Err(wrong("order_amount is missing")),
        Some(0) => return Err(Refusal::because("121", "order_amount is zero").about(request)),
        _ => {}
    }
    let original = if FOLLOW_UPS.contains(&&*trans_type) {
        Some(request.number("orig_merchant_order_no")?)
    } else {
        None
    };
    let expires = request.text("expires").unwrap_or_else(|| "0".to_owned());
    let expires_s = expires.parse().map_err(|_| wrong("expires is not a number of seconds"))?;
    let confirm = request.flag("confirm_on_terminal")?;
    if confirm && request.envelope.request_id.is_none() {
        return Err(wrong("confirm_on_terminal needs request_id"));
    }
    if request.flag("on_screen_tip")? && !matches!(trans_type.as_str(), "1" | "3" | "4") {
        return Err(wrong("on_screen_tip does not go with this trans_type"));
    }
    check_currency(request)?;
    let extras = request.amount("tip_amount")?.unwrap_or(0)
        + request.amount("cashback_amount")?.unwrap_or(0);
    Ok(Order { number, trans_type, original, amount, extras, expires_s, confirm })
}

fn check_currency(request: &Request) -> Result<(), Refusal> {
    match request.text("price_currency") {
        Some(code) if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            Err(Refusal::because("202", "price_currency is not three capital letters")
                .about(request))
        }
        _ => Ok(()),
    }
}

/// The type in a word.
pub(super) fn kind(trans_type: &str) -> &'static str {
    match trans_type {
        "1" => "sale",
        "2" => "void",
        "3" => "refund",
        "4" => "authorization",
        "5" => "authorization cancel",
        "6" => "completion",
        "7" => "completion cancel",
        "8" => "completion refund",
        _ => "sale with cashback",
    }
}
