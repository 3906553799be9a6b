//! A till's connection to its terminal: its turns, what it writes, what arrives, and losing it.

use ecrhub::internals::{Action, Progress};
use ecrhub::{EventKind, Fault, Stage, Status};

use super::Queued;
use crate::faults::Kind;
use crate::network::{Held, Packet, Side};
use crate::trace::short;
use crate::world::{Due, World};

impl World {
    pub fn till_is_due(&mut self, t: usize, life: u64) {
        if self.tills[t].life != life {
            return;
        }
        let Some(process) = self.tills[t].process.as_mut() else { return };
        if process.armed != Some(self.now) {
            return;
        }
        process.armed = None;
        if self.tills[t].asleep_until > self.now {
            return;
        }
        let now = self.moment(t);
        if let Some(process) = &mut self.tills[t].process {
            process.session.on_time(now);
        }
        self.turn(t);
    }

    pub fn clock_jumped(&mut self, t: usize) {
        let now = self.moment(t);
        if let Some(process) = &mut self.tills[t].process {
            process.session.on_clock_jump(now);
            process.session.on_time(now);
            self.turn(t);
        }
    }

    pub fn arrive_at_till(&mut self, conn: usize) {
        let t = self.conns[conn].till;
        if self.tills[t].asleep_until > self.now {
            return self.tills[t].missed.push(Due::Arrive(conn, Side::Till));
        }
        let Some(packet) = self.take(conn, Side::Till) else { return };
        if !self.conns[conn].till_open || self.dies_here(t) {
            return;
        }
        let now = self.moment(t);
        if matches!(packet, Packet::End | Packet::Broken) {
            return self.lose(conn, "the connection was closed");
        }
        let bytes = match &packet {
            Packet::Text(text) => Some(text.as_bytes()),
            Packet::Bytes(bytes) => Some(&**bytes),
            _ => None,
        };
        if let Some(bytes) = bytes {
            self.on_message_read(t, conn, bytes);
        }
        let Some(process) = &mut self.tills[t].process else { return };
        match packet {
            Packet::Welcome => {
                self.conns[conn].is_up = true;
                process.up_since = Some(self.now);
                process.session.on_connected(now);
            }
            Packet::Text(text) => process.session.on_message(text.as_bytes(), now),
            Packet::Bytes(bytes) => process.session.on_message(&bytes, now),
            Packet::Pong(payload) => process.session.on_pong(payload, now),
            _ => {}
        }
        self.turn(t);
        self.dies_here(t);
    }

    /// The till's socket reports the end of the connection, or that there will be none.
    pub fn lose(&mut self, conn: usize, why: &str) {
        if !self.conns[conn].till_open {
            return;
        }
        self.close(conn);
        let t = self.conns[conn].till;
        let now = self.moment(t);
        if let Some(process) =
            self.tills[t].process.as_mut().filter(|process| process.conn == Some(conn))
        {
            process.conn = None;
            process.up_since = None;
            process.session.on_lost(Fault::new(Status::Interrupted, Stage::Receive, why), now);
            self.turn(t);
        }
    }

    /// Everything the I/O thread does before it sleeps again.
    pub fn turn(&mut self, t: usize) {
        self.pump(t);
        while let Some(event) =
            self.tills[t].process.as_mut().and_then(|process| process.session.next_event())
        {
            self.trace.say(self.now, || format!("till {t}: {}", short(&event.to_json())));
            self.on_event(t, &event);
            self.learn_of_the_queue(t, &event);
            if let Some(process) = &mut self.tills[t].process {
                // Only what moves money, or answers a caller, matters here.
                if matches!(event.kind, EventKind::Completed(_) | EventKind::Clarified(_)) {
                    process.queue.push_back(Queued { event, is_recorded: false });
                }
            }
        }
        if let Some(process) = &mut self.tills[t].process {
            process.looked.extend(process.session.take_looked_at());
        }
        self.fetch_soon(t);
        let (now, life) = (self.now, self.tills[t].life);
        let Some(process) = &mut self.tills[t].process else { return };
        let due = process.session.next_deadline().map(|at| at.max(now));
        if due != process.armed {
            process.armed = due;
            if let Some(due) = due {
                self.at(due, Due::Till(t, life));
            }
        }
    }

    fn pump(&mut self, t: usize) {
        loop {
            while let Some(action) =
                self.tills[t].process.as_mut().and_then(|process| process.session.next_action())
            {
                let Some(conn) = self.tills[t].process.as_ref().and_then(|process| process.conn)
                else {
                    continue;
                };
                match action {
                    Action::Ping(payload) => match &mut self.conns[conn].held {
                        Some(held) => held.pings.push(payload),
                        None => self.push(conn, Side::Terminal, Packet::Ping(payload)),
                    },
                    Action::Drop => {
                        if let Some(process) = &mut self.tills[t].process {
                            process.conn = None;
                            process.up_since = None;
                        }
                        self.close(conn);
                    }
                }
            }
            if self.tills[t]
                .process
                .as_mut()
                .is_some_and(|process| process.session.take_wish_to_connect())
            {
                let conn = self.connect(t);
                if let Some(process) = &mut self.tills[t].process {
                    process.conn = Some(conn);
                }
            }
            if !self.write_one(t) {
                return;
            }
        }
    }

    fn write_one(&mut self, t: usize) -> bool {
        let now = self.moment(t);
        let Some(process) = &mut self.tills[t].process else { return false };
        let Some(conn) =
            process.conn.filter(|conn| self.conns[*conn].is_up && self.conns[*conn].held.is_none())
        else {
            return false;
        };
        let Some(frame) = process.session.next_frame(now) else { return false };
        let text = frame.to_owned();
        let is_started = self.faults.happens(Kind::HalfWritten, 80);
        if is_started || self.faults.happens(Kind::Blocked, 80) {
            let kind = if is_started { Kind::HalfWritten } else { Kind::Blocked };
            let for_ms = self.faults.draw(kind, 10, 30_000);
            self.trace.say(self.now, || {
                format!(
                    "till {t}'s socket is blocked for {for_ms} ms, {}",
                    if is_started { "half a frame gone" } else { "nothing gone" }
                )
            });
            self.trouble(t, self.now + for_ms);
            if is_started {
                self.on_frame_out(conn, &text);
            }
            let Some(process) = &mut self.tills[t].process else { return false };
            process
                .session
                .on_progress(if is_started { Progress::Started } else { Progress::Nothing }, now);
            self.conns[conn].held = Some(Held { text, is_started, pings: Vec::new() });
            self.at(self.now + for_ms, Due::Unblock(conn));
            return false;
        }
        self.on_frame_out(conn, &text);
        self.push(conn, Side::Terminal, Packet::Text(text));
        if let Some(process) = &mut self.tills[t].process {
            process.session.on_progress(Progress::Done, now);
        }
        if self.faults.happens(Kind::Cut, 60) {
            self.cut(conn);
        } else if self.faults.happens(Kind::HalfOpen, 40) {
            self.darken(conn);
        }
        true
    }

    pub fn unblock(&mut self, conn: usize) {
        let t = self.conns[conn].till;
        if self.tills[t].asleep_until > self.now {
            return self.tills[t].missed.push(Due::Unblock(conn));
        }
        let Some(held) = self.conns[conn].held.take() else { return };
        if !self.conns[conn].till_open {
            return;
        }
        if !held.is_started {
            self.on_frame_out(conn, &held.text);
        }
        self.push(conn, Side::Terminal, Packet::Text(held.text));
        for payload in held.pings {
            self.push(conn, Side::Terminal, Packet::Ping(payload));
        }
        let now = self.moment(t);
        if let Some(process) = &mut self.tills[t].process {
            process.session.on_progress(Progress::Done, now);
        }
        self.turn(t);
    }

    /// Nothing waits to be told or written.
    pub fn is_quiet(&self, t: usize) -> bool {
        self.tills[t]
            .process
            .as_ref()
            .is_some_and(|process| process.queue.is_empty() && !process.is_fetching)
    }
}
