//! What a till reads, and what the library must do at once because of it.

use serde_json::Value;

use crate::assumptions::PROMPT_MS;
use crate::terminal::value_of;
use crate::world::{Due, World};

/// Part of what the simulator puts into an answer that is too deep.
const TOO_DEEP: &str = "[[[[[[[[";

impl World {
    /// The till's connection gives a message to the session.
    pub fn on_message_read(&mut self, t: usize, conn: usize, message: &[u8]) {
        let Ok(text) = std::str::from_utf8(message) else {
            return self.on_unreadable(t, conn);
        };
        let plain = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
        if !is_one_object(plain) {
            return self.on_unreadable(t, conn);
        }
        let plain = plain.replace("\\\"", "\"");
        let topic = value_of(&plain, "topic");
        if topic.is_empty() || topic == "ecrhub.pay.close" {
            self.tills[t].open_close.take_if(|close| close.conn == conn);
        }
        if topic == "ecrhub.pay.order"
            && let Some(order) = self.order_answered(t, &plain)
        {
            // From now on it is asked about, if it is not settled.
            self.orders[order].recovering_ms.get_or_insert(self.now);
            self.note_contradiction(order, &plain);
        }
        match &*value_of(&plain, "response_code") {
            "101" => self.on_busy_read(t, &plain),
            "113" => {
                if let Some(order) = self.order_answered(t, &plain) {
                    self.orders[order].is_duplicate = true;
                }
            }
            _ => {}
        }
    }

    /// The order's own answer says otherwise than was reported: it must be corrected, look or no look.
    fn note_contradiction(&mut self, at: usize, answer: &str) {
        let order = &mut self.orders[at];
        let says_no = order.reported.is_some_and(|outcome| outcome.says_no_money_moved());
        let number = value_of(answer, "merchant_order_no");
        let is_own = value_of(answer, "request_id") == order.request.request_id
            && (number.is_empty() || number == order.request.number);
        let is_paid = value_of(answer, "trans_status") == "2"
            && matches!(&*value_of(answer, "response_code"), "000" | "0");
        order.is_contradicted |= says_no && is_own && is_paid && !order.is_void();
    }

    fn on_busy_read(&mut self, t: usize, answer: &str) {
        let place = &self.terminals[self.tills[t].terminal];
        let is_queued = place.model.options().order_queue_mode.is_some();
        let process = self.tills[t].process.as_ref();
        let is_known = process.is_some_and(|process| process.knows_of_the_queue);
        let (id, number) = (value_of(answer, "request_id"), value_of(answer, "merchant_order_no"));
        for order in self.orders.iter_mut().filter(|order| order.request.till == t) {
            let is_it = order.request.request_id == id || order.request.number == number;
            order.was_queued_unknown |= is_it && is_queued && !is_known;
        }
        if let Some(at) = self.order_answered(t, answer) {
            self.orders[at].is_busy = true;
        }
    }

    /// The order of this till that this is an answer to.
    fn order_answered(&self, t: usize, answer: &str) -> Option<usize> {
        let (id, number) = (value_of(answer, "request_id"), value_of(answer, "merchant_order_no"));
        if id.is_empty() && value_of(answer, "topic").is_empty() {
            // Whose answer it is, nobody can say.
            return None;
        }
        self.orders.iter().position(|order| {
            order.is_order()
                && order.request.till == t
                && !order.is_replaced
                && order.frames > 0
                && (order.request.request_id == id
                    || id.is_empty() && order.request.number == number)
        })
    }

    /// A message that is no JSON object, or shares its frame with another: where only one order is in flight it may
    /// have been its answer, and the terminal is asked at once.
    fn on_unreadable(&mut self, t: usize, conn: usize) {
        let life = self.tills[t].life;
        let is_waiting = |at: &usize| {
            let order = &self.orders[*at];
            order.request.till == t
                && order.is_order()
                && order.accepted_life == Some(life)
                && !order.has_completed_in(life)
        };
        let in_flight: Vec<usize> = (0..self.orders.len()).filter(is_waiting).collect();
        let is_alone =
            self.tills[t].process.as_ref().is_some_and(|process| process.session.in_flight() == 1);
        let [order] = in_flight[..] else { return };
        let is_new = self.orders[order].recovering_ms.is_none();
        if is_alone && is_new && self.orders[order].carrier == Some(conn) {
            let due = Due::Asked { order, conn, since_ms: self.now };
            self.at(self.now + PROMPT_MS, due);
        }
    }

    pub fn must_have_asked(&mut self, order: usize, conn: usize, since_ms: u64) {
        let t = self.orders[order].request.till;
        let process = self.tills[t].process.as_ref();
        let stands = process.is_some_and(|process| process.conn == Some(conn));
        let is_free = self.conns[conn].held.is_none() && self.tills[t].asleep_until <= since_ms;
        let has_completed = self.orders[order].has_completed_in(self.tills[t].life);
        let has_asked = self.orders[order].queried_ms.is_some_and(|asked| asked >= since_ms);
        if stands && is_free && !has_completed && !has_asked {
            let id = &self.orders[order].request.request_id;
            self.fail(format!("nothing was asked about {id} after an unreadable message"));
        }
    }

    /// An engine that leaves an answer in its queue writes it with the next pong: while an order is in flight a till
    /// pings every couple of seconds.
    pub fn expect_a_ping(&mut self, conn: usize) {
        let settings = &self.tills[self.conns[conn].till].settings;
        if settings.ping_interval_ms > 0 && settings.ping_interval_busy_ms > 0 {
            let within = settings.ping_interval_busy_ms + 2 * PROMPT_MS;
            self.at(self.now + within, Due::Pinged { conn, since_ms: self.now });
        }
    }

    pub fn must_have_pinged(&mut self, conn: usize, since_ms: u64) {
        let t = self.conns[conn].till;
        let life = self.tills[t].life;
        let stood = self.tills[t].process.as_ref().is_some_and(|process| {
            process.conn == Some(conn) && process.up_since.is_some_and(|up| up <= since_ms)
        });
        let is_waiting = self.orders.iter().any(|order| {
            order.request.till == t
                && order.is_order()
                && order.carrier == Some(conn)
                && order.sent_ms.is_some_and(|sent| sent <= since_ms)
                && !order.has_completed_in(life)
        });
        let had_trouble = self.tills[t].trouble_until >= since_ms
            || self.terminals[self.conns[conn].terminal].trouble_until >= since_ms;
        let is_clear = !self.conns[conn].is_dark && !had_trouble;
        if stood && is_waiting && is_clear && self.conns[conn].has_forgotten_since(since_ms) {
            self.fail(format!("till {t} waits on connection {conn}, and does not ping"));
        }
    }
}

/// Whether the library can read it: it takes no more than 64 levels.
fn is_one_object(text: &str) -> bool {
    !text.contains(TOO_DEEP)
        && serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}
