//! Which closes of the library's own may leave, and when. A terminal may take a close for whatever is on its screen.

use ecrhub::Outcome;

use crate::till::OpenClose;
use crate::world::World;

impl World {
    /// The first byte of a close of the library's own leaves.
    pub(super) fn on_close_out(&mut self, t: usize, conn: usize, number: &str) {
        self.tally.closes += 1;
        self.tills[t].open_close = Some(OpenClose { conn, since_ms: self.now });
        let is_it = |order: &crate::order::Order| {
            order.is_order()
                && order.request.till == t
                && order.request.number == number
                && !order.is_superseded
        };
        let Some(at) = self.orders.iter().position(is_it) else {
            return self.fail(format!("till {t} closes {number}, which is no order of its own"));
        };
        self.trace.say(self.now, || format!("till {t} closes {number} on connection {conn}"));
        if let Some(complaint) = self.complaint_about_close(t, at, conn) {
            return self.fail(complaint);
        }
        if self.orders[at].is_unknown_still() {
            self.orders[at].closed_on.push(conn);
        }
    }

    fn complaint_about_close(&self, t: usize, at: usize, conn: usize) -> Option<String> {
        let order = &self.orders[at];
        let number = &order.request.number;
        let life = self.tills[t].life;
        let is_settled_now = order.has_completed_in(life) || order.delivered_in(life);
        let settled = order.reported.filter(|outcome| *outcome != Outcome::Unknown);
        if !self.tills[t].settings.close_lost_orders {
            Some(format!("{number} is closed, although no close is allowed"))
        } else if order.is_busy {
            Some(format!("{number} was refused as busy, and is closed"))
        } else if order.is_duplicate && order.shares_its_number {
            Some(format!("{number} was refused with 113, and is closed"))
        } else if let Some(outcome) = settled.filter(|_| is_settled_now) {
            Some(format!("{number} is closed after {outcome} was reported"))
        } else if let Some(other) = self.another_with_a_customer(t, at, self.now) {
            Some(format!("{number} is closed while {other} is in flight"))
        } else if order.closed_on.contains(&conn) {
            Some(format!("{number} is unknown, and is closed twice on connection {conn}"))
        } else if self.is_cut_short(at) {
            Some(format!("{number} is closed before its own time is up"))
        } else {
            None
        }
    }

    /// Another order of this process whose customer may have been at the terminal at that time: it has left, has not
    /// completed, and was not past its own recovery time.
    pub(super) fn another_with_a_customer(&self, t: usize, at: usize, when: u64) -> Option<&str> {
        let other = (0..self.orders.len()).find(|other| {
            let order = &self.orders[*other];
            *other != at && order.request.till == t && self.is_with_a_customer(*other, when)
        })?;
        Some(&self.orders[other].request.request_id)
    }

    fn is_with_a_customer(&self, at: usize, when: u64) -> bool {
        let order = &self.orders[at];
        let till = &self.tills[order.request.till];
        // A process that has just started knows by the wall clock how long an order has waited.
        let is_restored = order.begun_life.is_some_and(|life| life < till.life);
        let since = match order.sent_ms {
            sent if !is_restored => sent,
            _ if till.wall_offset != 0 => None,
            _ => Some(order.begun_ms),
        };
        let recovered = order.recovering_ms.map(|since| since + till.settings.recovery_timeout_ms);
        // A void that was refused as busy waits for its original's record only.
        let is_refused = order.is_busy && order.is_void();
        let is_over = is_refused || order.reported.is_some() && order.reported_ms <= when;
        order.is_order()
            && !order.is_superseded
            && !is_over
            && (order.sent_ms.is_some() || is_restored)
            && (since.is_some_and(|since| when < since + self.answer_within_ms(at))
                || recovered.is_none_or(|end| when < end))
    }

    /// The customer still had time.
    fn is_cut_short(&self, at: usize) -> bool {
        let order = &self.orders[at];
        let till = &self.tills[order.request.till];
        let is_of_this_life = order.accepted_life == Some(till.life);
        let sent = order.sent_ms.filter(|_| is_of_this_life && !order.has_completed_in(till.life));
        sent.is_some_and(|sent| self.now < sent + self.answer_within_ms(at))
    }

    /// While a close is unanswered, no order of its process is written.
    pub(super) fn check_no_close_is_unanswered(&mut self, t: usize, conn: usize, id: &str) {
        let till = &self.tills[t];
        let interval = till.settings.recovery_interval_ms;
        let is_unanswered = till
            .open_close
            .is_some_and(|close| close.conn == conn && self.now < close.since_ms + interval);
        if is_unanswered {
            self.fail(format!("{id} leaves while a close is unanswered"));
        }
    }
}
