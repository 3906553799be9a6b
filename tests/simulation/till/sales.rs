//! What a till wants of its terminal beside the plan: orders sent again, voids, and how the terminal queues.

use ecrhub::{Event, EventKind, Outcome};
use ecrhub_simulator::Behaviour;

use super::{id_of, outcome_of};
use crate::assumptions::Assumption;
use crate::faults::Kind;
use crate::order::{self, Order, Topic};
use crate::world::{Due, World};

impl World {
    /// A till on a terminal that takes orders for later asks how it does that.
    pub(super) fn ask_for_the_queue(&mut self, t: usize) {
        let place = &self.terminals[self.tills[t].terminal];
        let breaks = self.broken_assumption == Some(Assumption::BusyIsFinal);
        if place.model.options().order_queue_mode.is_some() && !breaks {
            let id = format!("init{t}-{}", self.tills[t].life);
            let init =
                self.place(Order::new(order::Request::new(t, Topic::Init, String::new(), id)));
            self.at(self.now, Due::Sale(init));
        }
    }

    pub(super) fn learn_of_the_queue(&mut self, t: usize, event: &Event) {
        let EventKind::Completed(done) = &event.kind else { return };
        if done.topic == "ecrhub.init"
            && done.response.as_deref().is_some_and(|answer| answer.contains("order_queue_mode"))
            && let Some(process) = &mut self.tills[t].process
        {
            process.knows_of_the_queue = true;
        }
    }

    /// The number of an order that was not sent, or refused as busy, is free again.
    pub(super) fn maybe_send_again(&mut self, event: &Event) {
        let Some(at) = id_of(event).and_then(|id| self.by_id.get(id)).copied() else { return };
        let order = &self.orders[at];
        if order.is_superseded
            || !order.may_be_sent_again()
            || !self.faults.happens(Kind::SellAgain, 900)
        {
            return;
        }
        let sold = &self.orders[at].request;
        let id = format!("{}b", sold.request_id);
        if self.by_id.contains_key(&id) || id.ends_with("bbbb") {
            return;
        }
        let again = order::Request {
            request_id: id,
            number: sold.number.clone(),
            amount: sold.amount.clone(),
            tip: sold.tip.clone(),
            voids: sold.voids.clone(),
            timeout_ms: sold.timeout_ms,
            ..*sold
        };
        let shares_its_number = self.orders[at].shares_its_number;
        let again = self.place(Order { shares_its_number, ..Order::new(again) });
        let in_ms = self.faults.draw(Kind::SellAgain, 1, 30_000);
        self.at(self.now + in_ms, Due::Sale(again));
    }

    /// The customer brings the goods back.
    pub(super) fn maybe_void(&mut self, t: usize, event: &Event) {
        let Some(at) = id_of(event).and_then(|id| self.by_id.get(id)).copied() else { return };
        let sold = &self.orders[at];
        let is_voidable = sold.is_order()
            && !sold.is_void()
            && outcome_of(event) == Some(Outcome::Approved)
            && may_be_voided(sold.request.behaviour)
            && !sold.shares_its_number;
        let number = format!("V{}", sold.request.number);
        let id = format!("v{}", sold.request.number);
        if !is_voidable || self.by_id.contains_key(&id) || !self.faults.happens(Kind::Voids, 700) {
            return;
        }
        let sold = &self.orders[at].request;
        let void = order::Request {
            amount: sold.amount.clone(),
            voids: Some(sold.number.clone()),
            behaviour: sold.behaviour,
            ..order::Request::new(t, Topic::Order, number, id)
        };
        let (sale, query) = (sold.number.clone(), format!("{}-Look", sold.request_id));
        let void = self.place(Order::new(void));
        let in_ms = self.faults.draw(Kind::Voids, 1, 60_000);
        self.at(self.now + in_ms, Due::Sale(void));
        if self.faults.happens(Kind::OwnQuery, 700) {
            let look = order::Request::new(t, Topic::Query, sale, query);
            let look = self.place(Order::new(look));
            let later_ms = self.faults.draw(Kind::OwnQuery, 1, 60_000);
            self.at(self.now + in_ms + later_ms, Due::Sale(look));
        }
    }
}

/// Whether a sale of this behaviour can be taken back by a void whose own behaviour is the same.
fn may_be_voided(behaviour: Behaviour) -> bool {
    use Behaviour::{
        Approved, CutAfter, CutAfterPush, CutInside, CutPaying, GarbageOnly, LostAnswer, NoStatus,
        Slow, Successful, TimeoutPaid, Twice, UnknownPaid,
    };
    matches!(
        behaviour,
        Approved
            | CutAfter
            | CutAfterPush
            | CutInside
            | CutPaying
            | GarbageOnly
            | LostAnswer
            | NoStatus
            | Slow
            | Successful
            | TimeoutPaid
            | Twice
            | UnknownPaid
    )
}
