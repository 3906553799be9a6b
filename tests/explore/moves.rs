//! The steps that can come next.

use crate::kinds::{Assumption, Fault, Visible};
use crate::network::{Conn, Frame, Number, Socket, Topic};
use crate::terminal::{Act, Neighbour, State};
use crate::world::World;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Sell(usize),
    SellAgain(usize),
    Connect,
    RefuseConnect,
    /// The terminal reads the next frame.
    Read(Reading),
    /// It reads a frame of a lost connection.
    ReadLate(usize),
    /// The till receives the next answer; once more later, if `true`.
    Deliver(bool),
    Customer(usize, Act, Telling),
    /// The order is answered while its customer still stands there.
    Interim(usize, Fault),
    NeighbourComes,
    NeighbourPays,
    Cut,
    Darken,
    Block(Socket),
    Unblock,
    Hold,
    Release,
    Time,
    /// While the till is dead.
    LateBytesExpire,
    /// The till's own thread: it records, receives or acknowledges the next event.
    TillStep,
    LetEventsWait,
    Crash,
    Restart,
    Stranger,
    Unreadable,
    Reboot,
    OwnQuery,
    OwnClose,
    SwapDevice,
}

/// What the terminal does with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Plain,
    Ignores,
    AnswerLost,
    OtherAmount,
    Refuses,
}

/// How the till learns what its customer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    Plain,
    Lost,
    Code107,
    OtherAmount,
    Unreadable,
}

impl World {
    pub fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        if self.till.session.is_none() {
            moves.push(Move::Restart);
            self.outside_moves(&mut moves);
            if self.next_expiry().is_some() {
                moves.push(Move::LateBytesExpire);
            }
            return moves;
        }
        if !self.till.queue.is_empty() {
            moves.push(Move::TillStep);
            if self.can(Fault::Crash) {
                moves.push(Move::Crash);
            }
            if !self.till.is_late {
                if self.can(Fault::LateTill) {
                    moves.push(Move::LetEventsWait);
                }
                return moves;
            }
        }
        self.selling_moves(&mut moves);
        if !self.ledger.has_begun() {
            if self.till.is_connecting {
                moves.push(Move::Connect);
            }
            return moves;
        }
        self.connection_moves(&mut moves);
        self.outside_moves(&mut moves);
        if self.till.queue.is_empty() && self.can(Fault::Crash) {
            moves.push(Move::Crash);
        }
        let is_waiting = !self.is_busy() && !self.conn.as_ref().is_some_and(Conn::is_full);
        if self.next_deadline().is_some() && (is_waiting || self.can(Fault::Slow)) {
            moves.push(Move::Time);
        }
        moves
    }

    fn selling_moves(&self, moves: &mut Vec<Move>) {
        let next = self.ledger.sales.iter().position(|sale| sale.attempt == 0);
        moves.extend(next.map(Move::Sell));
        if self.case.sells_again && self.till.queue.is_empty() {
            let again = (0..self.ledger.sales.len()).filter(|k| self.ledger.may_sell_again(*k));
            moves.extend(again.map(Move::SellAgain));
        }
        for (own, fault, step) in
            [(0, Fault::OwnQuery, Move::OwnQuery), (1, Fault::OwnClose, Move::OwnClose)]
        {
            if self.ledger.has_begun() && !self.ledger.own_asked[own] && self.can(fault) {
                moves.push(step);
            }
        }
    }

    fn connection_moves(&self, moves: &mut Vec<Move>) {
        let mut may = |fault: Fault, step: Move| {
            if self.can(fault) {
                moves.push(step);
            }
        };
        let Some(conn) = &self.conn else {
            if self.till.is_connecting {
                moves.push(Move::Connect);
                if self.can(Fault::RefusedConnect) {
                    moves.push(Move::RefuseConnect);
                }
            }
            return;
        };
        may(Fault::Cut, Move::Cut);
        may(Fault::Reboot, Move::Reboot);
        if !conn.is_dark {
            may(Fault::Dark, Move::Darken);
            may(Fault::Stranger, Move::Stranger);
            may(Fault::Unreadable, Move::Unreadable);
            if !conn.is_held {
                may(Fault::Held, Move::Hold);
            }
        }
        if conn.socket == Socket::Takes {
            may(Fault::Blocked, Move::Block(Socket::Blocked));
            may(Fault::Half, Move::Block(Socket::Half));
        } else {
            moves.push(Move::Unblock);
        }
        if conn.is_held {
            moves.push(Move::Release);
        }
        if conn.is_dark {
            return;
        }
        if let Some(frame) = conn.to_terminal.front() {
            self.reading_moves(frame, moves);
        }
        if !conn.to_till.is_empty() && !conn.is_held {
            moves.push(Move::Deliver(false));
            if self.can(Fault::Twice) {
                moves.push(Move::Deliver(true));
            }
        }
    }

    fn reading_moves(&self, frame: &Frame, moves: &mut Vec<Move>) {
        moves.push(Move::Read(Reading::Plain));
        let mut may = |fault: Fault, reading: Reading| {
            if self.can(fault) {
                moves.push(Move::Read(reading));
            }
        };
        may(Fault::Ignored, Reading::Ignores);
        match (frame.topic, frame.number) {
            (Topic::Query, _) => may(Fault::OtherAmount, Reading::OtherAmount),
            (Topic::Close, Number::Own(k)) => {
                may(Fault::Lost, Reading::AnswerLost);
                if self.terminal.is_at_screen(k) {
                    may(Fault::RefusedClose, Reading::Refuses);
                }
            }
            _ => {}
        }
    }

    /// What happens whether the till lives or not.
    fn outside_moves(&self, moves: &mut Vec<Move>) {
        moves.extend((0..self.late.len()).map(Move::ReadLate));
        let without = |assumption| !self.case.assumes(assumption);
        if self.case.neighbour && self.ledger.has_begun() {
            if self.terminal.neighbour == Neighbour::Away && self.terminal.is_screen_free() {
                moves.push(Move::NeighbourComes);
            }
            if self.terminal.neighbour == Neighbour::Paying {
                moves.push(Move::NeighbourPays);
            }
        }
        if without(Assumption::OneAddressOneDevice) && !self.terminal.is_swapped {
            moves.push(Move::SwapDevice);
        }
        for k in (0..self.case.orders.len()).filter(|k| self.terminal.is_at_screen(*k)) {
            self.customer_moves(k, moves);
        }
    }

    /// Whether reading the card is a step of its own.
    pub fn reads_cards(&self) -> bool {
        self.case.kind.visible == Visible::CardRead
            || !self.case.assumes(Assumption::NoCloseWhileAuthorising)
    }

    fn customer_moves(&self, k: usize, moves: &mut Vec<Move>) {
        let record = &self.terminal.records[k];
        let reads_card = self.reads_cards();
        let is_waiting = record.state == State::Waiting;
        if reads_card && is_waiting {
            moves.push(Move::Customer(k, Act::PresentsCard, Telling::Plain));
        } else {
            moves.push(Move::Customer(k, Act::Pays, Telling::Plain));
        }
        moves.push(Move::Customer(k, Act::IsRefused, Telling::Plain));
        if record.has_answered {
            return;
        }
        let mut may = |fault: Fault, step: Move| {
            if self.can(fault) {
                moves.push(step);
            }
        };
        if !(reads_card && is_waiting) {
            may(Fault::Lost, Move::Customer(k, Act::Pays, Telling::Lost));
            may(Fault::Code107, Move::Customer(k, Act::Pays, Telling::Code107));
            may(Fault::OtherAmount, Move::Customer(k, Act::Pays, Telling::OtherAmount));
            may(Fault::Unreadable, Move::Customer(k, Act::Pays, Telling::Unreadable));
        }
        may(Fault::Lost, Move::Customer(k, Act::IsRefused, Telling::Lost));
        may(Fault::OpenStatus, Move::Interim(k, Fault::OpenStatus));
        may(Fault::EarlySuccess, Move::Interim(k, Fault::EarlySuccess));
        may(Fault::RefusedThenPaid, Move::Interim(k, Fault::RefusedThenPaid));
    }
}
