//! Terminals: the simulator's model, with a plug that can be pulled and a record cabinet that can be mixed up.

use ecrhub_simulator::{Action, Behaviour, Model, Oddities, Options};

use crate::faults::Kind;
use crate::network::{Packet, Side};
use crate::trace::short;
use crate::world::{Due, World};

/// The time of day at which every world begins.
pub const DAWN_MS: u64 = 1_700_000_000_000;

pub struct Place {
    pub model: Model,
    pub is_off: bool,
    pub is_refusing: bool,
    pub frozen_until: u64,
    /// The world has frozen or rebooted it lately.
    pub trouble_until: u64,
    charged: usize,
    armed: Option<u64>,
}

impl Place {
    pub fn new(options: Options, seed: u64) -> Self {
        Place {
            model: Model::new(options, seed),
            is_off: false,
            is_refusing: false,
            frozen_until: 0,
            trouble_until: 0,
            charged: 0,
            armed: None,
        }
    }

    pub fn forgets_closes(&self) -> bool {
        self.model.options().close_unknown_forgotten
    }

    /// Its answers say too little for anyone to be certain.
    pub fn is_useless(&self) -> bool {
        let odd = &self.model.options().oddities;
        odd.no_biz_data
            || odd.biz_data_null
            || odd.biz_data_empty
            || (odd.no_topic && odd.no_request_id)
    }

    /// See [`crate::assumptions::Assumption::TerminalSaysTheTruth`]: a success code whose "no", or "not yet", stands in
    /// the part of the answer that this terminal leaves out would be a lie.
    pub fn can_tell(&self, cents: u8) -> bool {
        use Behaviour::{SettlesDeclined, SettlesPaid, SuccessCancelled, SuccessDeclined};
        let odd = &self.model.options().oddities;
        let leaves_out = odd.no_biz_data || odd.biz_data_null || odd.biz_data_empty;
        let is_in_the_status = matches!(
            Behaviour::from_cents(cents),
            SettlesDeclined | SettlesPaid | SuccessCancelled | SuccessDeclined
        );
        !(leaves_out && is_in_the_status)
    }
}

pub fn is_contradictory(cents: u8) -> bool {
    use Behaviour::{QueryAmount, QueryNumber, QuerySilent};
    matches!(Behaviour::from_cents(cents), QueryAmount | QueryNumber | QuerySilent)
}

impl World {
    pub fn new_terminal(&mut self) -> Place {
        let mut options = Options {
            think_ms: self.chance.between(0, 8_000),
            slow_ms: self.chance.between(2_000, 20_000),
            very_slow_ms: self.chance.between(30_000, 90_000),
            freeze_ms: self.chance.between(2_000, 40_000),
            ..Options::default()
        };
        if self.faults.happens(Kind::SlowCustomer, 700) {
            options.think_ms = self.faults.draw(Kind::SlowCustomer, 10_000, 200_000);
        }
        options.push_after_reconnect = self.faults.happens(Kind::Push, 700);
        if self.faults.happens(Kind::CloseForgotten, 800) {
            options.close_unknown_forgotten = true;
        } else {
            options.close_unknown_fails = self.faults.happens(Kind::CloseRefused, 300);
        }
        if self.faults.happens(Kind::Oddities, 800) {
            let which = self.faults.draw(Kind::Oddities, 0, 11);
            options.oddities = oddities(which);
        }
        let seed = self.chance.next_u64();
        Place::new(options, seed)
    }

    pub fn arrive_at_terminal(&mut self, conn: usize) {
        let t = self.conns[conn].terminal;
        let frozen_until = self.terminals[t].frozen_until;
        if frozen_until > self.now {
            self.postpone(conn, Side::Terminal, frozen_until);
            return;
        }
        let Some(packet) = self.take(conn, Side::Terminal) else { return };
        if self.terminals[t].is_off || self.is_past_the_bound(conn) {
            return;
        }
        let at = DAWN_MS + self.now;
        match packet {
            Packet::Hello => {
                self.conns[conn].terminal_open = true;
                self.push(conn, Side::Till, Packet::Welcome);
                self.terminals[t].model.on_connect(conn as u64, at);
                self.terminal_turn(t);
            }
            Packet::Text(text) if self.conns[conn].terminal_open => self.terminal_reads(conn, text),
            Packet::Ping(payload) if self.conns[conn].terminal_open => {
                self.push(conn, Side::Till, Packet::Pong(payload));
            }
            Packet::End => self.terminal_loses(conn),
            _ => self.reset(conn),
        }
    }

    /// See [`crate::assumptions::Assumption::LateBytesAreBounded`]: a freeze does not make bytes later than that.
    fn is_past_the_bound(&self, conn: usize) -> bool {
        let conn = &self.conns[conn];
        let recovery = self.tills[conn.till].settings.recovery_timeout_ms;
        let bound = crate::assumptions::late_bytes_ms(
            self.terminals[conn.terminal].forgets_closes(),
            recovery,
        );
        conn.dead_at.is_some_and(|dead_at| self.now > dead_at + bound)
    }

    fn terminal_reads(&mut self, conn: usize, text: String) {
        let t = self.conns[conn].terminal;
        self.trace
            .say(self.now, || format!("terminal {t} reads on connection {conn}: {}", short(&text)));
        let (topic, number) = (value_of(&text, "topic"), value_of(&text, "merchant_order_no"));
        let about = self.order_of_number(&number);
        let (mut text, mut swap) = (text, None);
        if let Some(order) = about
            && topic == "ecrhub.pay.query"
            && let Some(other) = self.another_record(t, &number)
        {
            if self.faults.happens(Kind::StaleRecord, 120) {
                self.orders[order].is_misled = true;
                swap = Some((other.clone(), number.clone()));
                text = text.replace(&number, &other);
            } else if self.faults.happens(Kind::MixedUp, 120) {
                self.orders[order].is_misled = true;
                text = text.replace(&number, &other);
            }
        }
        self.terminals[t].model.on_message(conn as u64, &text, DAWN_MS + self.now);
        let answered = self.terminal_acts(t, swap.as_ref());
        if let Some(order) = about
            && topic == "ecrhub.pay.close"
        {
            self.orders[order].is_close_refused =
                answered.is_some_and(|code| code != "000" && code != "0");
        }
        self.terminal_turn(t);
    }

    fn another_record(&self, terminal: usize, number: &str) -> Option<String> {
        let model = &self.terminals[terminal].model;
        let is_other = |order: &&crate::checks::Order| {
            order.number != number && model.record(&order.number).is_some()
        };
        self.orders.iter().find(is_other).map(|order| order.number.clone())
    }

    pub fn terminal_is_due(&mut self, t: usize) {
        self.terminals[t].armed = None;
        self.terminals[t].model.on_time(DAWN_MS + self.now);
        self.terminal_turn(t);
    }

    pub fn terminal_turn(&mut self, t: usize) {
        self.terminal_acts(t, None);
        let due = self.terminals[t]
            .model
            .next_deadline()
            .map(|at| at.saturating_sub(DAWN_MS).max(self.now));
        if let Some(due) = due
            && self.terminals[t].armed.is_none_or(|armed| armed > due || armed < self.now)
        {
            self.terminals[t].armed = Some(due);
            self.at(due, Due::Terminal(t));
        }
    }

    /// Does what the model wants; returns the code of the last answer it gave.
    fn terminal_acts(&mut self, t: usize, swap: Option<&(String, String)>) -> Option<String> {
        let mut code = None;
        // Money moves before anything is said of it.
        while let Some(entry) = self.terminals[t].model.ledger().get(self.terminals[t].charged) {
            let number = entry.merchant_order_no.clone();
            self.terminals[t].charged += 1;
            self.on_charged(t, &number);
        }
        while let Some(action) = self.terminals[t].model.poll_action() {
            match action {
                Action::Send { conn, mut text } => {
                    if let Some((other, number)) = swap {
                        text = text.replace(other, number);
                    }
                    code = Some(value_of(&text, "response_code"));
                    self.trace.say(self.now, || {
                        format!("terminal {t} says on connection {conn}: {}", short(&text))
                    });
                    self.push(conn as usize, Side::Till, Packet::Text(text));
                }
                Action::SendBytes { conn, bytes } => match bytes.first().zip(bytes.get(1)) {
                    Some((0x83, _)) => self.push(conn as usize, Side::Till, Packet::Broken),
                    Some((0x81, 4)) => self.push(conn as usize, Side::Till, Packet::NoText),
                    _ => {}
                },
                Action::Cut { conn } => {
                    self.conns[conn as usize].terminal_open = false;
                    self.push(conn as usize, Side::Till, Packet::End);
                }
                Action::Freeze => self.freeze(t, self.terminals[t].model.options().freeze_ms),
                Action::Thaw => self.terminals[t].frozen_until = self.now,
                Action::Refuse => self.terminals[t].is_refusing = true,
                Action::Accept => self.terminals[t].is_refusing = false,
                Action::Note(_) => {}
            }
        }
        code
    }

    pub fn freeze(&mut self, t: usize, for_ms: u64) {
        self.trace.say(self.now, || format!("terminal {t} freezes for {for_ms} ms"));
        let place = &mut self.terminals[t];
        place.frozen_until = place.frozen_until.max(self.now + for_ms);
        place.trouble_until = place.trouble_until.max(place.frozen_until);
    }

    /// The terminal restarts, and is away for a while.
    pub fn reboot(&mut self, t: usize, off_ms: u64) {
        self.trace.say(self.now, || format!("terminal {t} restarts, and is off for {off_ms} ms"));
        let place = &mut self.terminals[t];
        place.model.reboot(DAWN_MS + self.now);
        place.frozen_until = 0;
        place.trouble_until = place.trouble_until.max(self.now + off_ms);
        place.is_off = true;
        self.terminal_turn(t);
        self.at(self.now + off_ms, Due::On(t));
    }

    pub fn terminal_loses(&mut self, conn: usize) {
        if std::mem::take(&mut self.conns[conn].terminal_open) {
            let t = self.conns[conn].terminal;
            self.terminals[t].model.on_disconnect(conn as u64, DAWN_MS + self.now);
            self.terminal_turn(t);
        }
    }
}

/// A field's text in a message that is known to be compact JSON; empty where there is none.
pub fn value_of(text: &str, key: &str) -> String {
    let quoted = format!("\"{key}\":\"");
    text.find(&quoted)
        .and_then(|at| text[at + quoted.len()..].split('"').next())
        .unwrap_or_default()
        .to_owned()
}

fn oddities(which: u64) -> Oddities {
    let names: &[&str] = match which {
        0..=3 => &["no-request-id", "code-zero"],
        4 => &["no-request-id", "numbers", "undocumented", "timestamp-date"],
        5 => &["biz-data-text", "declined-status"],
        6 => &["no-topic", "no-app-id"],
        7 => &["inner-codes", "declined-status", "undocumented"],
        8 => &["no-request-id", "biz-data-text", "inner-codes"],
        9 => &["no-biz-data"],
        10 => &["no-request-id", "biz-data-null"],
        _ => &["no-request-id", "no-topic"],
    };
    Oddities::from_names(names.iter().copied()).unwrap_or_default()
}
