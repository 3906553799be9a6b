//! Terminals: the simulator's model, with a plug that can be pulled and a record cabinet that can be mixed up.

use ecrhub_simulator::{Action, Behaviour, Model, Oddities, Options, QueueMode};

use crate::assumptions::Assumption;
use crate::faults::Kind;
use crate::network::{Packet, Side};
use crate::trace::short;
use crate::world::{Due, World};

/// The time of day at which every world begins.
pub const DAWN_MS: u64 = 1_700_000_000_000;

/// Nobody stands at a terminal for longer than this.
const EXPIRES_MS: u64 = 300_000;

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

    /// Whether an order that arrives after its close was accepted may be charged.
    pub fn forgets_closes(&self) -> bool {
        let options = self.model.options();
        let odd = &options.oddities;
        options.close_unknown_forgotten || odd.close_by_screen || odd.close_authorising
    }

    /// Its answers say too little for anyone to be certain.
    pub fn is_useless(&self) -> bool {
        let odd = &self.model.options().oddities;
        odd.no_biz_data || odd.biz_data_null || odd.biz_data_empty
    }

    /// Whether a query is certain to find the order.
    pub fn knows(&self, number: &str) -> bool {
        let odd = &self.model.options().oddities;
        let may_hide = odd.found_once_charged || odd.found_once_read;
        self.model.record(number).is_some() && (!may_hide || self.model.charges(number) > 0)
    }

    /// See [`crate::assumptions::Assumption::AnswersAreTrue`]: a success code whose "no", or "not yet", stands in the
    /// part of the answer that this terminal leaves out would be a lie.
    pub fn can_express(&self, behaviour: Behaviour) -> bool {
        use Behaviour::{
            Acknowledged, AcknowledgedDeclined, AcknowledgedLost, SettlesDeclined, SettlesPaid,
            SuccessCancelled, SuccessDeclined,
        };
        let is_in_the_status = matches!(
            behaviour,
            SettlesDeclined
                | SettlesPaid
                | SuccessCancelled
                | SuccessDeclined
                | Acknowledged
                | AcknowledgedDeclined
                | AcknowledgedLost
        );
        !(self.is_useless() && is_in_the_status)
    }
}

impl World {
    pub fn new_terminal(&mut self) -> Place {
        let mut options = Options {
            think_ms: self.chance.between(0, 8_000),
            slow_ms: self.chance.between(2_000, 20_000),
            very_slow_ms: self.chance.between(30_000, 90_000),
            freeze_ms: self.chance.between(2_000, 40_000),
            expires_default_ms: EXPIRES_MS,
            ..Options::default()
        };
        if self.faults.happens(Kind::SlowCustomer, 700) {
            options.think_ms = self.faults.draw(Kind::SlowCustomer, 10_000, 200_000);
        }
        options.push_after_reconnect = self.faults.happens(Kind::Push, 700);
        options.late_ms = self.chance.between(0, 40_000);
        options.signature_ms = self.chance.between(1_000, 60_000);
        if self.faults.happens(Kind::CloseForgotten, 800) {
            options.close_unknown_forgotten = true;
        } else {
            options.close_unknown_fails = self.faults.happens(Kind::CloseRefused, 300);
        }
        if self.faults.happens(Kind::Oddities, 800) {
            let which = self.faults.draw(Kind::Oddities, 0, ODDITIES.len() as u64 - 1);
            let names = ODDITIES[which as usize].iter().copied();
            options.oddities = Oddities::from_names(names).unwrap_or_default();
        }
        self.draw_manners(&mut options);
        self.break_an_assumption(&mut options);
        let seed = self.chance.next_u64();
        Place::new(options, seed)
    }

    /// How the terminal does what the protocol leaves open.
    fn draw_manners(&mut self, options: &mut Options) {
        let odd = &mut options.oddities;
        odd.forgets_to_write = self.faults.happens(Kind::ForgetsToWrite, 800);
        odd.close_by_screen = self.faults.happens(Kind::CloseByScreen, 800);
        if self.faults.happens(Kind::Unreadable, 600) {
            let which = self.faults.draw(Kind::Unreadable, 0, UNREADABLE.len() as u64 - 1);
            odd.set(UNREADABLE[which as usize], true);
        }
        if self.faults.happens(Kind::VoidRecords, 900) {
            let names = ["void-record-3", "void-answer-3", "no-void-record"];
            odd.set(names[self.faults.draw(Kind::VoidRecords, 0, 2) as usize], true);
        }
        if self.faults.happens(Kind::FoundLate, 800) {
            let once_read = self.faults.draw(Kind::FoundLate, 0, 1) == 0;
            odd.found_once_read = once_read;
            odd.found_once_charged = !once_read;
            options.authorise_ms = self.faults.draw(Kind::FoundLate, 0, 5_000);
        }
        if self.faults.happens(Kind::Authorising, 800) {
            options.authorise_ms = self.faults.draw(Kind::Authorising, 500, 20_000);
        }
        // See [`Assumption::QueuesCloseByNumber`].
        let is_by_screen = options.oddities.close_by_screen;
        if self.faults.happens(Kind::Queue, 800) && !is_by_screen {
            let is_fifo = self.faults.draw(Kind::Queue, 0, 1) == 0;
            options.order_queue_mode =
                Some(if is_fifo { QueueMode::Fifo } else { QueueMode::Filo });
            options.oddities.queue_says_busy = self.faults.draw(Kind::Queue, 0, 2) > 0;
        }
    }

    fn break_an_assumption(&mut self, options: &mut Options) {
        match self.broken_assumption {
            Some(Assumption::TerminalKeepsRecords) => {
                options.memory = self.faults.draw(Kind::BrokenAssumption, 1, 2) as usize;
            }
            Some(Assumption::AuthorisationIsNotClosed) => {
                options.oddities.close_authorising = true;
                options.oddities.found_once_charged =
                    self.faults.draw(Kind::BrokenAssumption, 0, 1) == 0;
                options.authorise_ms = self.faults.draw(Kind::BrokenAssumption, 5_000, 120_000);
            }
            Some(Assumption::LateBytesAreBounded) => options.close_unknown_forgotten = true,
            Some(Assumption::BusyIsFinal) => {
                options.oddities.close_by_screen = false;
                options.order_queue_mode = Some(QueueMode::Fifo);
                options.oddities.queue_says_busy = true;
            }
            _ => {}
        }
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
                // The next write takes along what the engine has forgotten; a pong is one.
                self.write_what_was_forgotten(conn);
                self.push(conn, Side::Till, Packet::Pong(payload));
            }
            Packet::End => self.terminal_loses(conn),
            _ => self.reset(conn),
        }
    }

    /// See [`Assumption::LateBytesAreBounded`]: a freeze does not make bytes later than that.
    fn is_past_the_bound(&self, conn: usize) -> bool {
        let bound = self.late_bytes_bound_ms(conn);
        self.conns[conn].dead_at.is_some_and(|dead_at| self.now > dead_at + bound)
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
                self.orders[order].misled_ms = Some(self.now);
                swap = Some((other.clone(), number.clone()));
                text = text.replace(&number, &other);
            } else if self.faults.happens(Kind::MixedUp, 120) {
                self.orders[order].misled_ms = Some(self.now);
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
        let is_other = |order: &&crate::order::Order| {
            order.request.number != number && model.record(&order.request.number).is_some()
        };
        self.orders.iter().find(is_other).map(|order| order.request.number.clone())
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
                    self.answer(conn as usize, Packet::Text(text));
                }
                Action::SendBytes { conn, bytes } => {
                    if let Some(packet) = packet_of(&bytes) {
                        self.answer(conn as usize, packet);
                    }
                }
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

/// What a till makes of a frame that is put on the socket as it is; nothing where it is cut short.
fn packet_of(frame: &[u8]) -> Option<Packet> {
    let (head, length) = (*frame.first()?, *frame.get(1)?);
    let payload = match length {
        126 => frame.get(4..)?,
        127 => frame.get(10..)?,
        _ => frame.get(2..)?,
    };
    match head {
        0x83 => Some(Packet::Broken),
        0x82 => Some(Packet::Bytes(payload.to_vec())),
        0x81 if usize::from(length) == payload.len() => Some(Packet::Bytes(payload.to_vec())),
        _ => None,
    }
}

/// What terminals were seen to do beside their documentation, several at a time.
const ODDITIES: &[&[&str]] = &[
    &["no-request-id", "code-zero"],
    &["no-request-id", "code-zero"],
    &["no-request-id", "code-zero"],
    &["no-request-id", "numbers", "undocumented", "timestamp-date"],
    &["biz-data-text", "declined-status"],
    &["no-topic", "no-app-id"],
    &["inner-codes", "declined-status", "undocumented"],
    &["no-request-id", "biz-data-text", "inner-codes"],
    &["no-biz-data"],
    &["no-request-id", "biz-data-null"],
    &["no-request-id", "no-topic"],
    &["spanish", "inner-codes"],
    &["japanese", "no-request-id"],
    &["chinese", "gateway-code-first"],
    &["exponents", "padded-codes"],
    &["blanks", "no-request-id"],
    &["no-refused-record"],
    &["no-refused-record", "no-request-id"],
    &["not-found-et003"],
    &["not-found-e04111", "no-request-id"],
    &["not-found-k015", "inner-codes"],
];

/// How every order's own answer may be spoilt.
const UNREADABLE: &[&str] = &[
    "trailing-comma",
    "byte-order-mark",
    "trailing-nul",
    "blanks-around",
    "nan",
    "single-quotes",
    "gbk",
    "two-objects",
    "too-deep",
    "id-case",
];
