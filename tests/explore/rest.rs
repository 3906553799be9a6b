//! From any state a run without further faults comes to rest: nothing is asked for ever, and every outcome is right.

use std::rc::Rc;

use crate::kinds::{Case, SECOND_LOOK_MS};
use crate::moves::{Move, Reading, Telling};
use crate::network::Socket;
use crate::terminal::{Act, State};
use crate::world::World;

/// Steps until a world must be at rest.
const STEPS: usize = 1_000;
/// Of these at most so many let time pass,
const TIMES: usize = 80;
/// after so many the terminal gives up whoever still stands there,
const EXPIRES: usize = 20;
/// and after so many the connection, which does not stand for ever, is lost;
const RECONNECTS: usize = 40;
/// so many follow each other before it does.
const AT_ONCE: usize = 80;

/// From when nothing goes wrong any more, the terminal is reachable within this time.
const RECONNECT_MS: u64 = 2_000;

/// What a run to rest showed.
#[derive(Debug, Default)]
pub struct Rest {
    /// The steps it took.
    pub steps: Vec<Move>,
    /// The longest time for which a wrong outcome stood, milliseconds.
    pub wrong_ms: u64,
    /// An outcome stays wrong: the terminal has not spoken of the order since it was charged.
    pub is_left_wrong: bool,
}

impl World {
    /// Goes on without faults and without choices. `is_paid`: whoever stands at the terminal pays.
    pub fn come_to_rest(&mut self, is_paid: bool) -> Rest {
        let mut rest = Rest::default();
        let began = self.now;
        if !self.ledger.has_begun() {
            return rest;
        }
        self.case = Rc::new(Case { faults: 0, ..(*self.case).clone() });
        let (mut times, mut at_once) = (0, 0);
        while self.ledger.broken.is_none() {
            let Some(step) = self.step_to_rest(is_paid, times) else { break };
            let is_time = step == Move::Time;
            times += usize::from(is_time || times == RECONNECTS);
            at_once = if is_time { 0 } else { at_once + 1 };
            if rest.steps.len() > STEPS || times > TIMES || at_once > AT_ONCE {
                let stands: Vec<_> = self.ledger.sales.iter().map(|sale| sale.reported).collect();
                self.ledger.fail(format!("does not come to rest: {stands:?}"));
                break;
            }
            let wrong: Vec<_> = self.ledger.sales.iter().map(|sale| sale.wrong_since).collect();
            self.apply(step);
            rest.steps.push(step);
            self.note_corrections(&wrong, began, &mut rest);
        }
        rest.is_left_wrong = self.ledger.sales.iter().any(|sale| sale.wrong_since.is_some());
        if self.ledger.broken.is_none() {
            self.start_once_more();
        }
        rest
    }

    /// A wrong outcome is corrected by the second look, if by nothing before.
    fn note_corrections(&mut self, wrong: &[Option<u64>], began: u64, rest: &mut Rest) {
        for (k, since) in wrong.iter().enumerate() {
            let Some(since) = since.filter(|_| self.ledger.sales[k].wrong_since.is_none()) else {
                continue;
            };
            rest.wrong_ms = rest.wrong_ms.max(self.now - since);
            let waited_ms = self.now - since.max(began);
            if waited_ms > u64::from(SECOND_LOOK_MS) + RECONNECT_MS {
                self.ledger.fail(format!("N{k} is corrected only after {waited_ms} ms"));
            }
        }
    }

    fn step_to_rest(&self, is_paid: bool, times: usize) -> Option<Move> {
        if self.till.session.is_none() {
            return Some(Move::Restart);
        }
        if !self.till.queue.is_empty() {
            return Some(Move::TillStep);
        }
        if let Some(k) = self.ledger.sales.iter().position(|sale| sale.attempt == 0) {
            return Some(Move::Sell(k));
        }
        if self.till.is_connecting {
            return Some(Move::Connect);
        }
        if let Some(conn) = &self.conn {
            if conn.socket != Socket::Takes {
                return Some(Move::Unblock);
            }
            if conn.is_dark || times == RECONNECTS {
                return Some(Move::Cut);
            }
            if conn.is_held {
                return Some(Move::Release);
            }
            if !conn.to_terminal.is_empty() {
                return Some(Move::Read(Reading::Plain));
            }
            if !conn.to_till.is_empty() {
                return Some(Move::Deliver(false));
            }
        }
        let at_screen = (0..self.case.orders.len()).find(|k| self.terminal.is_at_screen(*k));
        if let Some(k) = at_screen.filter(|_| times > EXPIRES && !is_paid) {
            return Some(Move::Customer(k, Act::IsRefused, Telling::Plain));
        }
        if let Some(k) = at_screen.filter(|_| is_paid) {
            let is_read = self.terminal.records[k].state == State::Authorising;
            let act = if is_read || !self.reads_cards() { Act::Pays } else { Act::PresentsCard };
            return Some(Move::Customer(k, act, Telling::Plain));
        }
        let is_over = (0..self.case.orders.len()).all(|k| self.is_at_rest(k));
        (!is_over).then_some(Move::Time)
    }

    /// What was acknowledged is not told again, and all else is: the checks of a start see to it.
    fn start_once_more(&mut self) {
        self.crash(None);
        self.apply(Move::Restart);
        while self.ledger.broken.is_none() && !self.till.queue.is_empty() {
            self.apply(Move::TillStep);
        }
    }
}
