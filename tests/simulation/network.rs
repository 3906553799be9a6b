//! The network between tills and terminals. Each connection carries packets in order, once or not at all; it may be
//! slow, be cut, go dark without a word, and what was under way when it died may still arrive.

use std::collections::VecDeque;

use crate::assumptions::{ANY_TIME_MS, Assumption, PROMPT_MS, late_bytes_ms};
use crate::faults::Kind;
use crate::world::{Due, World};

/// One thing that arrives whole.
#[derive(Debug, Clone)]
pub enum Packet {
    Hello,
    Welcome,
    Text(String),
    Ping(u64),
    Pong(u64),
    /// Bytes that break the rules of the connection.
    Broken,
    /// A message that is no text, or no JSON.
    Bytes(Vec<u8>),
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Terminal,
    Till,
}

/// What is under way in one direction, with its time of arrival.
#[derive(Debug, Default)]
pub struct Pipe {
    packets: VecDeque<(u64, Packet)>,
    last: u64,
}

const NEVER: u64 = u64::MAX;

/// A terminal that hears nothing from a till for this long forgets the connection.
const FORGOTTEN_AFTER_MS: u64 = 90_000;

/// A frame the socket has not taken whole.
#[derive(Debug)]
pub struct Held {
    pub text: String,
    pub is_started: bool,
    /// Pings that wait behind it.
    pub pings: Vec<u64>,
}

#[derive(Debug)]
pub struct Conn {
    pub till: usize,
    pub terminal: usize,
    /// The till has not closed it, nor heard of its end.
    pub till_open: bool,
    /// The till knows that it stands.
    pub is_up: bool,
    /// The terminal has it.
    pub terminal_open: bool,
    pub dead_at: Option<u64>,
    /// Carries nothing, and nobody is told.
    pub is_dark: bool,
    is_buried: bool,
    pub held: Option<Held>,
    /// Until then the terminal keeps its answers for this connection, in order.
    holds_until: u64,
    held_answers: VecDeque<Packet>,
    /// Written by the terminal's program, and left in its engine's queue until the next write.
    forgotten: Option<(u64, Packet)>,
    to_terminal: Pipe,
    to_till: Pipe,
}

impl Conn {
    fn pipe(&mut self, side: Side) -> &mut Pipe {
        match side {
            Side::Terminal => &mut self.to_terminal,
            Side::Till => &mut self.to_till,
        }
    }

    /// Whether this very answer still lies in the engine's queue.
    pub fn has_forgotten_since(&self, since_ms: u64) -> bool {
        self.forgotten.as_ref().is_some_and(|(at, _)| *at == since_ms)
    }

    /// Whether something a terminal would act on is still under way to it.
    pub fn has_bytes_for_the_terminal(&self) -> bool {
        self.terminal_open
            && self
                .to_terminal
                .packets
                .iter()
                .any(|(at, packet)| *at != NEVER && matches!(packet, Packet::Text(_)))
    }
}

impl World {
    pub fn connect(&mut self, till: usize) -> usize {
        let terminal = self.tills[till].terminal;
        let conn = self.conns.len();
        self.conns.push(Conn {
            till,
            terminal,
            till_open: true,
            is_up: false,
            terminal_open: false,
            dead_at: None,
            is_dark: false,
            is_buried: false,
            held: None,
            holds_until: 0,
            held_answers: VecDeque::new(),
            forgotten: None,
            to_terminal: Pipe::default(),
            to_till: Pipe::default(),
        });
        let place = &self.terminals[terminal];
        let is_away = place.is_off || place.is_refusing;
        if self.faults.happens(Kind::NoAnswerToConnect, 150) || (is_away && place_is_silent(conn)) {
            return conn;
        }
        if is_away || self.faults.happens(Kind::Refused, 150) {
            self.at(self.now + 3, Due::Refused(conn));
        } else {
            self.push(conn, Side::Terminal, Packet::Hello);
        }
        conn
    }

    /// The terminal answers. Its program may keep the answer for minutes while it works on, and its engine may leave it
    /// in the queue until the next write.
    pub fn answer(&mut self, conn: usize, packet: Packet) {
        let is_held = self.conns[conn].holds_until > self.now;
        if !is_held && self.faults.happens(Kind::HeldAnswers, 25) {
            let for_ms = self.faults.draw(Kind::HeldAnswers, 1_000, 300_000);
            self.conns[conn].holds_until = self.now + for_ms;
            self.trace.say(self.now, || {
                format!("the terminal holds answers on connection {conn} back for {for_ms} ms")
            });
            self.at(self.now + for_ms, Due::Release(conn));
        }
        if self.conns[conn].holds_until > self.now {
            let (till, until) = (self.conns[conn].till, self.conns[conn].holds_until);
            self.trouble(till, until);
            self.conns[conn].held_answers.push_back(packet);
        } else {
            self.write(conn, packet);
        }
    }

    pub fn release(&mut self, conn: usize) {
        self.conns[conn].holds_until = self.conns[conn].holds_until.min(self.now);
        for packet in std::mem::take(&mut self.conns[conn].held_answers) {
            self.write(conn, packet);
        }
    }

    /// The engine writes, or leaves it for later.
    fn write(&mut self, conn: usize, packet: Packet) {
        let forgets = self.terminals[self.conns[conn].terminal].model.options().oddities;
        if forgets.forgets_to_write && self.conns[conn].forgotten.is_none() {
            self.conns[conn].forgotten = Some((self.now, packet));
            return self.expect_a_ping(conn);
        }
        self.write_what_was_forgotten(conn);
        self.push(conn, Side::Till, packet);
    }

    pub fn write_what_was_forgotten(&mut self, conn: usize) {
        if let Some((_, packet)) = self.conns[conn].forgotten.take() {
            let till = self.conns[conn].till;
            self.trouble(till, self.now);
            self.push(conn, Side::Till, packet);
        }
    }

    /// See [`Assumption::LateBytesAreBounded`].
    pub fn late_bytes_bound_ms(&self, conn: usize) -> u64 {
        let terminal = &self.terminals[self.conns[conn].terminal];
        let recovery = self.tills[self.conns[conn].till].settings.recovery_timeout_ms;
        if self.broken_assumption == Some(Assumption::LateBytesAreBounded) {
            ANY_TIME_MS
        } else {
            late_bytes_ms(terminal.forgets_closes(), recovery)
        }
    }

    pub fn push(&mut self, conn: usize, to: Side, packet: Packet) {
        if self.conns[conn].is_buried {
            return;
        }
        let mut trip = 1 + self.chance.between(0, 30);
        if self.faults.happens(Kind::SlowNetwork, 40) {
            trip = self.faults.draw(Kind::SlowNetwork, 100, 6_000);
        }
        if trip > PROMPT_MS / 2 {
            let till = self.conns[conn].till;
            self.trouble(till, self.now + trip);
        }
        let thawed = self.terminals[self.conns[conn].terminal].frozen_until;
        let at = if to == Side::Till { (self.now + trip).max(thawed) } else { self.now + trip };
        let is_dark = self.conns[conn].is_dark;
        let pipe = self.conns[conn].pipe(to);
        pipe.last = pipe.last.max(at);
        let at = if is_dark { NEVER } else { pipe.last };
        pipe.packets.push_back((at, packet));
        if at != NEVER {
            self.at(at, Due::Arrive(conn, to));
        }
    }

    /// The front of a pipe, when it has arrived.
    pub fn take(&mut self, conn: usize, side: Side) -> Option<Packet> {
        let now = self.now;
        let pipe = self.conns[conn].pipe(side);
        let (at, _) = pipe.packets.front()?;
        if *at > now {
            return None;
        }
        pipe.packets.pop_front().map(|(_, packet)| packet)
    }

    /// The front of a pipe waits until then; what is behind it too.
    pub fn postpone(&mut self, conn: usize, side: Side, until: u64) {
        let pipe = self.conns[conn].pipe(side);
        for (at, _) in pipe.packets.iter_mut().filter(|(at, _)| *at < until) {
            *at = until;
        }
        pipe.last = pipe.last.max(until);
        let waiting = pipe.packets.iter().filter(|(at, _)| *at == until).count();
        for _ in 0..waiting {
            self.at(until, Due::Arrive(conn, side));
        }
    }

    /// The network ends the connection; both sides hear of it in their time.
    pub fn cut(&mut self, conn: usize) {
        if self.conns[conn].is_buried || self.conns[conn].is_dark || !self.conns[conn].till_open {
            return;
        }
        self.trace.say(self.now, || format!("connection {conn} is cut"));
        let till = self.conns[conn].till;
        self.trouble(till, self.now);
        let lost = self.faults.happens(Kind::LostBytes, 500);
        let pipe = &mut self.conns[conn].to_till;
        if lost {
            let keep = pipe.packets.len() / 2;
            pipe.packets.truncate(keep);
        }
        self.push(conn, Side::Till, Packet::End);
        self.bury(conn);
    }

    /// From now on the connection carries nothing; nobody is told until it is missed.
    pub fn darken(&mut self, conn: usize) {
        if self.conns[conn].is_buried || !self.conns[conn].is_up || self.conns[conn].is_dark {
            return;
        }
        self.trace.say(self.now, || format!("connection {conn} goes dark"));
        self.conns[conn].is_dark = true;
        for side in [Side::Terminal, Side::Till] {
            for (at, _) in &mut self.conns[conn].pipe(side).packets {
                *at = NEVER;
            }
        }
        self.at(self.now + FORGOTTEN_AFTER_MS, Due::Forgotten(conn));
        // In the end the machine's own retransmissions give up.
        let at = self.now + 60_000 + self.chance.between(0, 600_000);
        self.at(at, Due::Reset(conn));
    }

    /// A machine says that a connection is no more.
    pub fn reset(&mut self, conn: usize) {
        if self.conns[conn].till_open && !self.conns[conn].is_buried {
            self.conns[conn].is_dark = false;
            self.conns[conn].to_till.packets.clear();
            self.push(conn, Side::Till, Packet::End);
            self.conns[conn].is_dark = true;
            self.bury(conn);
        }
    }

    /// The till closes its side, or dies.
    pub fn close(&mut self, conn: usize) {
        if !self.conns[conn].till_open {
            return;
        }
        self.conns[conn].till_open = false;
        self.conns[conn].is_up = false;
        self.conns[conn].dead_at = Some(self.now);
        self.carrier_lost(conn);
        self.bury(conn);
    }

    /// What was under way to the terminal is lost, arrives, or arrives late; then the terminal hears of the end.
    fn bury(&mut self, conn: usize) {
        if self.conns[conn].is_buried {
            return;
        }
        let bound = self.late_bytes_bound_ms(conn);
        let is_dark = std::mem::take(&mut self.conns[conn].is_dark);
        let held = self.conns[conn].to_terminal.packets.len();
        if held > 0 && self.faults.happens(Kind::LostBytes, 400) {
            let keep = self.faults.draw(Kind::LostBytes, 0, held as u64) as usize;
            self.conns[conn].to_terminal.packets.truncate(keep);
        }
        let late = if held > 0 && self.faults.happens(Kind::LateBytes, 600) {
            let near = self.faults.draw(Kind::LateBytes, 0, bound);
            Some(if near.is_multiple_of(3) { bound - near % 50 } else { near })
        } else {
            None
        };
        match late {
            Some(late) => {
                let until = self.now + late;
                self.trace.say(self.now, || {
                    format!("what is under way on connection {conn} comes {late} ms late")
                });
                for (at, _) in &mut self.conns[conn].to_terminal.packets {
                    *at = until;
                }
                self.conns[conn].to_terminal.last = until;
                for _ in 0..self.conns[conn].to_terminal.packets.len() {
                    self.at(until, Due::Arrive(conn, Side::Terminal));
                }
                self.push(conn, Side::Terminal, Packet::End);
            }
            None if is_dark => self.conns[conn].to_terminal.packets.clear(),
            None => self.push(conn, Side::Terminal, Packet::End),
        }
        self.conns[conn].is_buried = true;
    }

    /// Something bad happened to what this till could learn until then.
    pub fn trouble(&mut self, till: usize, until: u64) {
        let till = &mut self.tills[till];
        till.trouble_until = till.trouble_until.max(until);
    }
}

/// Whether a terminal that is away lets attempts run out instead of refusing them.
fn place_is_silent(conn: usize) -> bool {
    conn.is_multiple_of(3)
}
