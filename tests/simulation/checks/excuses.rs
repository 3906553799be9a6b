//! When an outcome may be `unknown`, and why. Each unknown that cannot be excused by name is a fault.

use ecrhub::Outcome;
use ecrhub_simulator::Behaviour;

use crate::assumptions::{Assumption, PROMPT_MS};
use crate::order::Order;
use crate::terminal::Place;
use crate::till::Till;
use crate::world::World;

/// A question that waits for the next round.
const ROUNDING_MS: u64 = 600_000;

impl World {
    /// Why nobody could have known what became of the order; none if somebody could.
    pub(super) fn excuse(&self, at: usize) -> Option<&'static str> {
        let order = &self.orders[at];
        self.lasting_excuse(order)
            .or_else(|| self.excuse_of_the_terminal(at))
            .or_else(|| self.excuse_of_the_network(order))
    }

    /// The questions that could decide were asked after this.
    fn window_since(&self, order: &Order) -> u64 {
        let till = &self.tills[order.request.till];
        self.now.saturating_sub(till.last_questions_ms() + PROMPT_MS)
    }

    fn excuse_of_the_terminal(&self, at: usize) -> Option<&'static str> {
        let order = &self.orders[at];
        let till = &self.tills[order.request.till];
        let place = &self.terminals[till.terminal];
        let since = self.window_since(order);
        let queues = place.model.options().order_queue_mode.is_some();
        let is_running = place.model.running() == Some(&*order.request.number);
        if order.misled_ms.is_some_and(|at| at >= since) {
            Some("the terminal contradicted itself")
        } else if order.is_close_refused {
            Some("the terminal refused the close")
        } else if order.is_busy || order.is_duplicate {
            Some("an order answered 101 or 113 is not closed")
        } else if !till.settings.close_lost_orders
            && (is_running || queues || order.charged_ms.is_none())
        {
            Some("no close is allowed, and the customer was still there")
        } else if place.forgets_closes()
            && (is_running || order.charged_ms.is_some_and(|charged| charged >= since))
        {
            Some("a close was accepted that ended nothing, or another payment")
        } else if self.another_with_a_customer(order.request.till, at, since).is_some()
            || self.a_void_waits_in_the_queue(at)
        {
            Some("another order of the till was with a customer, so that no close was allowed")
        } else if till.wall_offset != 0 && self.is_restored_with_others(at) {
            Some("the clock was set, so that nobody knows how long other orders have waited")
        } else if self.another_is_acknowledged(at) {
            Some(
                "an order that was only acknowledged was in progress, so that no close was allowed",
            )
        } else {
            None
        }
    }

    /// A void of the till's that the terminal has queued may come to its screen at any time.
    fn a_void_waits_in_the_queue(&self, at: usize) -> bool {
        let till = self.orders[at].request.till;
        let queues =
            self.terminals[self.tills[till].terminal].model.options().order_queue_mode.is_some();
        let mut others = self.orders.iter().filter(|order| order.request.till == till);
        queues && others.any(|order| order.is_busy && order.is_void() && order.reported.is_none())
    }

    fn is_restored_with_others(&self, at: usize) -> bool {
        let till = self.orders[at].request.till;
        let life = self.tills[till].life;
        let is_old = |order: &Order| order.begun_life.is_some_and(|begun| begun < life);
        let others = self.orders.iter().enumerate().filter(|(other, _)| *other != at);
        is_old(&self.orders[at])
            && others
                .into_iter()
                .any(|(_, order)| order.request.till == till && is_old(order) && order.is_order())
    }

    /// Another order of the till was answered with a success code alone, and is looked at until it is over.
    fn another_is_acknowledged(&self, at: usize) -> bool {
        use Behaviour::{Acknowledged, AcknowledgedDeclined, AcknowledgedLost};
        let till = self.orders[at].request.till;
        self.orders.iter().enumerate().any(|(other, order)| {
            let behaviour = order.request.behaviour;
            other != at
                && order.request.till == till
                && order.reported == Some(Outcome::Approved)
                && matches!(behaviour, Acknowledged | AcknowledgedDeclined | AcknowledgedLost)
        })
    }

    fn excuse_of_the_network(&self, order: &Order) -> Option<&'static str> {
        let till = &self.tills[order.request.till];
        let place = &self.terminals[till.terminal];
        let since = self.window_since(order);
        let process = till.process.as_ref();
        let up_since = process.and_then(|process| process.up_since);
        let is_dark =
            process.and_then(|process| process.conn).is_some_and(|conn| self.conns[conn].is_dark);
        let recovery = till.settings.recovery_timeout_ms;
        if up_since.is_none_or(|at| at > since) || is_dark {
            Some("there was no connection at the deadline")
        } else if till.trouble_until.max(place.trouble_until) >= since {
            Some("the terminal did not answer in time")
        } else if order.carrier_lost_ms.is_some_and(|at| at + recovery >= since) {
            Some("bytes of the ended connection could still arrive")
        } else {
            None
        }
    }

    /// Why it cannot be known however long one asks.
    pub(super) fn lasting_excuse(&self, order: &Order) -> Option<&'static str> {
        let till = &self.tills[order.request.till];
        let place = &self.terminals[till.terminal];
        let is_known = place.knows(&order.request.number);
        let behaviour = order.request.behaviour;
        let odd = &place.model.options().oddities;
        if is_contradictory(behaviour) && is_known {
            Some("the terminal contradicts itself for ever")
        } else if is_another_amount(behaviour) && is_known {
            Some("the record is of another amount, currency or type than was asked")
        } else if place.is_useless() {
            Some("the terminal's answers say nothing")
        } else if odd.forgets_to_write && odd.no_request_id && till.settings.ping_interval_ms == 0 {
            Some("every answer is late by one, and none names its question")
        } else if order.shares_its_number || is_repeated(behaviour) {
            Some("the number is another order's")
        } else if !is_known {
            self.excuse_without_record(order, till, place)
        } else {
            None
        }
        .or_else(|| self.excuse_of_age(order))
    }

    fn excuse_without_record(
        &self,
        order: &Order,
        till: &Till,
        place: &Place,
    ) -> Option<&'static str> {
        let odd = &place.model.options().oddities;
        if odd.no_topic && odd.no_request_id {
            Some("what says that there is no record names neither its topic nor its question")
        } else if !till.settings.close_lost_orders {
            Some("no close is allowed, and the terminal has no record")
        } else if place.model.options().close_unknown_fails {
            Some("the terminal refuses every close of a number it does not know")
        } else if order.is_busy || order.is_duplicate {
            Some("an order answered 101 or 113 is not closed, and the terminal has no record")
        } else if odd.no_request_id || self.broken_assumption.is_some() {
            Some("the one close of its connection was not answered so that it counts")
        } else if order.is_void() {
            Some("a void without a record, whose original does not tell")
        } else if self.broken_assumption == Some(Assumption::TerminalKeepsRecords) {
            Some("the terminal has forgotten it")
        } else {
            None
        }
    }

    fn excuse_of_age(&self, order: &Order) -> Option<&'static str> {
        let settings = &self.tills[order.request.till].settings;
        let since = order.unknown_since_ms.unwrap_or(self.now);
        let is_old =
            settings.clarify_for_ms > 0 && self.now - since + ROUNDING_MS > settings.clarify_for_ms;
        (is_old || order.clock_was_far_off).then_some("it is older than clarify_days")
    }
}

fn is_contradictory(behaviour: Behaviour) -> bool {
    use Behaviour::{QueryAmount, QueryNumber, QuerySilent};
    matches!(behaviour, QueryAmount | QueryNumber | QuerySilent)
}

/// The gateway says that the number repeats.
fn is_repeated(behaviour: Behaviour) -> bool {
    behaviour == Behaviour::E04112
}

fn is_another_amount(behaviour: Behaviour) -> bool {
    use Behaviour::{OtherCurrency, OtherType, Partial};
    matches!(behaviour, Partial | OtherCurrency | OtherType)
}
