//! What strikes from outside, and the good weather at the end of every world.

use crate::faults::Kind;
use crate::world::{Due, World};

/// Faults that strike at a time of their own, and how often at most.
pub const STORMS: [(Kind, u64); 9] = [
    (Kind::Cut, 4),
    (Kind::HalfOpen, 2),
    (Kind::Reboot, 2),
    (Kind::Off, 2),
    (Kind::Freeze, 3),
    (Kind::Crash, 3),
    (Kind::Sleep, 2),
    (Kind::ClockSet, 3),
    (Kind::ClockFarOff, 1),
];

/// After the storms everything must be over within this long.
const PATIENCE_MS: u64 = 60 * 60_000;

/// A terminal forgets a till that sleeps for longer than this.
const MISSED_AFTER_MS: u64 = 90_000;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

impl World {
    pub fn storm(&mut self, kind: Kind) {
        if !self.faults.happens(kind, 500) {
            return;
        }
        let terminal = self.faults.draw(kind, 0, self.terminals.len() as u64 - 1) as usize;
        let till = self.faults.draw(kind, 0, self.tills.len() as u64 - 1) as usize;
        let conn = self.tills[till].process.as_ref().and_then(|process| process.conn);
        match kind {
            Kind::Cut => conn.into_iter().for_each(|conn| self.cut(conn)),
            Kind::HalfOpen => conn.into_iter().for_each(|conn| self.darken(conn)),
            Kind::Reboot => {
                let off_ms = self.faults.draw(kind, 1_000, 60_000);
                self.reboot(terminal, off_ms);
            }
            Kind::Off => {
                let is_long = self.faults.draw(kind, 0, 19) == 0;
                let most = if is_long { 5 * HOUR_MS } else { 600_000 };
                let off_ms = self.faults.draw(kind, 60_000, most);
                self.reboot(terminal, off_ms);
            }
            Kind::Freeze => {
                let for_ms = self.faults.draw(kind, 500, 90_000);
                self.freeze(terminal, for_ms);
            }
            Kind::Crash => self.crash(till),
            Kind::Sleep => {
                let most = if self.faults.draw(kind, 0, 9) == 0 { 4 * HOUR_MS } else { 300_000 };
                let for_ms = self.faults.draw(kind, 2_000, most);
                self.sleep(till, for_ms);
            }
            Kind::ClockSet => {
                let by = self.faults.draw(kind, 0, 3 * HOUR_MS) as i64;
                self.set_clock(till, if by % 2 == 0 { by } else { -by });
            }
            Kind::ClockFarOff => {
                let days = self.faults.draw(kind, 1, 20_000) as i64;
                let by = days * DAY_MS;
                self.set_clock(till, if days % 3 == 0 { -by } else { by });
            }
            _ => {}
        }
    }

    fn set_clock(&mut self, t: usize, by_ms: i64) {
        self.trace.say(self.now, || format!("till {t}'s wall clock is set by {by_ms} ms"));
        self.tills[t].wall_offset += by_ms;
        if self.tills[t].asleep_until <= self.now {
            self.clock_jumped(t);
        }
    }

    fn sleep(&mut self, t: usize, for_ms: u64) {
        self.trace.say(self.now, || format!("till {t}'s machine sleeps for {for_ms} ms"));
        let (now, till) = (self.now, &mut self.tills[t]);
        let until = now + for_ms;
        till.slept_ms += until.saturating_sub(till.asleep_until.max(now));
        till.asleep_until = till.asleep_until.max(until);
        self.trouble(t, until);
        self.at(until, Due::Wake(t));
        if for_ms > MISSED_AFTER_MS
            && let Some(conn) = self.tills[t].process.as_ref().and_then(|process| process.conn)
        {
            self.at(now + MISSED_AFTER_MS, Due::Forgotten(conn));
            self.at(now + MISSED_AFTER_MS, Due::Reset(conn));
        }
    }

    pub fn wake(&mut self, t: usize) {
        if self.tills[t].asleep_until <= self.now {
            self.trace.say(self.now, || format!("till {t}'s machine wakes"));
            for due in std::mem::take(&mut self.tills[t].missed) {
                self.at(self.now, due);
            }
            self.clock_jumped(t);
        }
    }

    /// From now on nothing goes wrong any more, and what was wrong is put right.
    pub fn heal(&mut self) {
        self.trace.say(self.now, || "the weather clears".to_owned());
        self.faults.heal();
        self.healed_at = Some(self.now);
        for place in &mut self.terminals {
            place.is_off = false;
            place.is_refusing = false;
            place.frozen_until = place.frozen_until.min(self.now);
        }
        for conn in 0..self.conns.len() {
            self.release(conn);
            if self.conns[conn].is_dark {
                self.reset(conn);
            }
        }
        for t in 0..self.tills.len() {
            if self.tills[t].asleep_until > self.now {
                self.tills[t].slept_ms -= self.tills[t].asleep_until - self.now;
                self.tills[t].asleep_until = self.now;
                self.wake(t);
            }
            self.at(self.now, Due::Start(t));
        }
    }

    /// Whether nothing more can happen that matters.
    pub fn is_over(&mut self) -> bool {
        let Some(healed_at) = self.healed_at else { return false };
        if self.now > healed_at + PATIENCE_MS {
            let left = (0..self.orders.len()).find(|order| !self.is_settled(*order));
            let what =
                left.map_or("something", |order| &self.orders[order].request.request_id).to_owned();
            self.fail(format!("{what} is not settled long after the weather has cleared"));
            return true;
        }
        let are_tills_quiet = (0..self.tills.len()).all(|t| self.is_quiet(t))
            && self
                .tills
                .iter()
                .all(|till| till.process.as_ref().is_some_and(|p| p.session.in_flight() == 0));
        are_tills_quiet
            && self.terminals.iter().all(|place| place.model.next_deadline().is_none())
            && (0..self.orders.len()).all(|order| self.is_settled(order))
            && !self.conns.iter().any(crate::network::Conn::has_bytes_for_the_terminal)
    }
}
