//! A terminal that decides nothing by itself: whatever a terminal of its kind may do next is a move of the world.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::kinds::{Assumption, Case, Refusal, UnknownClose, Visible, VoidRecord, What};
use crate::network::{Answer, Frame, Number, Topic};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Absent,
    /// On the screen, waiting for the customer.
    Waiting,
    /// The card was read and is being authorised.
    Authorising,
    /// For a void: the original was reversed.
    Charged,
    Declined,
    Cancelled,
}

/// What the terminal knows of one number.
#[derive(Debug, Clone, Hash)]
pub struct Record {
    pub state: State,
    pub charges: u8,
    /// A close of it was accepted before it came.
    refuses: bool,
    /// It was answered as busy, and is served all the same when the screen is free.
    pub is_queued: bool,
    /// Its final answer was given.
    pub has_answered: bool,
    /// The order's frame as it came, to be answered.
    id: Option<Arc<str>>,
}

/// The order of another till.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Neighbour {
    Away,
    Paying,
    Served,
    /// By this till's close.
    Cancelled,
}

/// What a customer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    PresentsCard,
    Pays,
    IsRefused,
}

#[derive(Debug, Clone)]
pub struct Terminal {
    pub records: Vec<Record>,
    pub neighbour: Neighbour,
    /// Another device has its address now; whoever stood at the old one stays there.
    pub is_swapped: bool,
}

/// What reading a frame led to.
#[derive(Debug, Default)]
pub struct Replies {
    /// To the frame, on its connection.
    pub direct: Option<Answer>,
    /// An order's own answer, on the order's connection.
    pub own: Option<(usize, Answer)>,
}

impl Replies {
    fn direct(answer: Answer) -> Self {
        Replies { direct: Some(answer), own: None }
    }
}

impl Terminal {
    pub fn new(orders: usize) -> Self {
        let record = Record {
            state: State::Absent,
            charges: 0,
            refuses: false,
            is_queued: false,
            has_answered: false,
            id: None,
        };
        Terminal { records: vec![record; orders], neighbour: Neighbour::Away, is_swapped: false }
    }

    pub fn is_at_screen(&self, k: usize) -> bool {
        matches!(self.records[k].state, State::Waiting | State::Authorising)
    }

    pub fn is_screen_free(&self) -> bool {
        self.neighbour != Neighbour::Paying
            && !(0..self.records.len()).any(|k| self.is_at_screen(k))
    }

    /// The terminal reads a frame and does what its kind does.
    pub fn read(&mut self, frame: &Frame, case: &Case) -> Replies {
        match (frame.topic, frame.number) {
            (Topic::Order, Number::Own(k)) => self.read_order(k, frame, case),
            (Topic::Query, number) => Replies::direct(self.read_query(frame, number, case)),
            (Topic::Close, Number::Own(k)) => self.read_close(k, frame, case),
            (_, _) => Replies::direct(Answer::to(frame, "104", None)),
        }
    }

    fn read_order(&mut self, k: usize, frame: &Frame, case: &Case) -> Replies {
        let is_free = self.is_screen_free();
        let is_shared = !case.assumes(Assumption::NumbersAreUnique);
        let neighbour_has_it = is_shared && self.neighbour != Neighbour::Away;
        let queues = !case.assumes(Assumption::BusyIsFinal);
        let record = &mut self.records[k];
        let answer = |code| Some((k, Answer::to(frame, code, None)));
        let own = if record.refuses {
            record.state = State::Cancelled;
            answer("102")
        } else if (record.state != State::Absent || neighbour_has_it) && case.kind.checks_numbers {
            answer("113")
        } else if !is_free {
            record.is_queued |= queues && record.state == State::Absent;
            record.id = Some(Arc::clone(&frame.id));
            answer("101")
        } else {
            record.state = State::Waiting;
            record.has_answered = false;
            record.id = Some(Arc::clone(&frame.id));
            None
        };
        Replies { direct: None, own }
    }

    fn read_query(&self, frame: &Frame, number: Number, case: &Case) -> Answer {
        let (k, is_original) = match number {
            Number::Own(k) => (k, false),
            Number::Original(k) => (k, true),
            Number::Strangers => return Answer::to(frame, "104", None),
        };
        let Some(record) = self.records.get(k).filter(|_| !self.is_swapped) else {
            return Answer::to(frame, "104", None);
        };
        if is_original {
            let is_reversed =
                record.state == State::Charged && case.assumes(Assumption::VoidsLeaveARecord);
            return Answer::to(frame, "000", Some(if is_reversed { "3" } else { "2" }));
        }
        let is_void = case.orders[k] == What::Void;
        let status = match self.state_shown(record, case) {
            State::Absent => None,
            State::Waiting if case.kind.visible == Visible::AtOnce => Some("0"),
            State::Waiting => None,
            State::Authorising if case.kind.visible == Visible::Charged => None,
            State::Authorising => Some("0"),
            State::Charged if !case.assumes(Assumption::RecordsAreTrue) => Some("1"),
            State::Charged if !is_void => Some("2"),
            State::Charged if !case.assumes(Assumption::VoidsLeaveARecord) => None,
            State::Charged => match case.kind.void_record {
                VoidRecord::Successful => Some("2"),
                VoidRecord::Reversed => Some("3"),
                VoidRecord::OriginalOnly => None,
            },
            State::Declined | State::Cancelled if case.kind.refusal == Refusal::WithoutRecord => {
                None
            }
            State::Declined => Some("1"),
            State::Cancelled => Some("3"),
        };
        let mut answer = Answer::to(frame, if status.is_some() { "000" } else { "104" }, status);
        answer.trans_type = if is_void { "2" } else { "1" };
        answer
    }

    /// Where the numbers of two tills meet, the neighbour's record may be returned.
    fn state_shown(&self, record: &Record, case: &Case) -> State {
        if case.assumes(Assumption::NumbersAreUnique) || record.state != State::Absent {
            return record.state;
        }
        match self.neighbour {
            Neighbour::Away => State::Absent,
            Neighbour::Paying => State::Waiting,
            Neighbour::Served => State::Charged,
            Neighbour::Cancelled => State::Cancelled,
        }
    }

    fn read_close(&mut self, k: usize, frame: &Frame, case: &Case) -> Replies {
        let accepts_late = !case.assumes(Assumption::NoCloseWhileAuthorising);
        let mut own = None;
        let code = match self.hit_by_close(k, case) {
            Hit::Neighbour => {
                self.neighbour = Neighbour::Cancelled;
                "000"
            }
            Hit::Own(_) if !case.assumes(Assumption::ClosesAreFinal) => "000",
            Hit::Own(k) if self.records[k].state == State::Waiting => {
                own = self.cancel(k);
                "000"
            }
            // Accepted, and paid all the same.
            Hit::Own(_) if accepts_late => "000",
            Hit::Own(_) => "201",
            Hit::Nobody => self.close_of_nobody(k, case),
        };
        Replies { direct: Some(Answer::to(frame, code, None)), own }
    }

    /// Whose payment a close ends.
    fn hit_by_close(&self, k: usize, case: &Case) -> Hit {
        let is_by_screen = case.kind.closes_by_screen;
        let is_shared = !case.assumes(Assumption::NumbersAreUnique);
        if self.is_swapped {
            return Hit::Nobody;
        }
        if self.neighbour == Neighbour::Paying && (is_by_screen || is_shared) {
            return Hit::Neighbour;
        }
        let at_screen = (0..self.records.len()).find(|j| self.is_at_screen(*j));
        at_screen.filter(|j| is_by_screen || *j == k).map_or(Hit::Nobody, Hit::Own)
    }

    fn close_of_nobody(&mut self, k: usize, case: &Case) -> &'static str {
        let record = &mut self.records[k];
        let state = if self.is_swapped { State::Absent } else { record.state };
        match state {
            State::Charged => "201",
            State::Declined | State::Cancelled => "000",
            _ => match case.kind.unknown_close {
                UnknownClose::Refused => "104",
                UnknownClose::Remembered => {
                    record.refuses |= !self.is_swapped;
                    "000"
                }
                UnknownClose::Forgotten => "000",
            },
        }
    }

    /// The order is given up; its own answer says so, if it was not answered before.
    fn cancel(&mut self, k: usize) -> Option<(usize, Answer)> {
        self.records[k].state = State::Cancelled;
        self.final_answer(k, "102", None, &What::Sale)
    }

    /// What the customer did; the order's own answer.
    pub fn act(&mut self, k: usize, act: Act, case: &Case) -> Option<(usize, Answer)> {
        let what = case.orders[k];
        match act {
            Act::PresentsCard => {
                self.records[k].state = State::Authorising;
                None
            }
            Act::Pays => {
                self.records[k].state = State::Charged;
                self.records[k].charges += 1;
                let status = match (what, case.kind.void_record) {
                    _ if case.kind.bare_success => None,
                    (What::Void, VoidRecord::Reversed) => Some("3"),
                    _ => Some("2"),
                };
                self.final_answer(k, "000", status, &what)
            }
            Act::IsRefused => {
                let (state, code, status) = match case.kind.refusal {
                    Refusal::WithStatus => (State::Declined, "106", Some("1")),
                    Refusal::Bare | Refusal::WithoutRecord => (State::Declined, "106", None),
                    Refusal::Cancelled => (State::Cancelled, "110", None),
                };
                self.records[k].state = state;
                self.final_answer(k, code, status, &what)
            }
        }
    }

    /// An answer to the order while it stays where it is.
    pub fn interim_answer(
        &self,
        k: usize,
        code: &'static str,
        status: Option<&'static str>,
    ) -> Option<(usize, Answer)> {
        let id = Arc::clone(self.records[k].id.as_ref()?);
        let frame = Frame { topic: Topic::Order, number: Number::Own(k), id };
        Some((k, Answer::to(&frame, code, status)))
    }

    fn final_answer(
        &mut self,
        k: usize,
        code: &'static str,
        status: Option<&'static str>,
        what: &What,
    ) -> Option<(usize, Answer)> {
        if std::mem::replace(&mut self.records[k].has_answered, true) {
            return None;
        }
        let (k, mut answer) = self.interim_answer(k, code, status)?;
        answer.trans_type = if *what == What::Void { "2" } else { "1" };
        Some((k, answer))
    }

    /// Whoever was queued comes to the screen once it is free.
    pub fn serve_the_queue(&mut self) {
        if self.is_screen_free()
            && let Some(next) = self.records.iter_mut().find(|record| record.is_queued)
        {
            next.is_queued = false;
            next.state = State::Waiting;
            next.has_answered = false;
        }
    }

    /// Whoever stood there is forgotten.
    pub fn reboot(&mut self, case: &Case) {
        for record in &mut self.records {
            record.is_queued = false;
            let is_lost = matches!(record.state, State::Waiting | State::Authorising)
                || record.state == State::Charged && !case.assumes(Assumption::RecordsAreKept);
            if is_lost {
                record.state = State::Absent;
            }
        }
        if self.neighbour == Neighbour::Paying {
            self.neighbour = Neighbour::Away;
        }
    }

    pub fn print(&self, to: &mut impl Hasher) {
        (&self.records, self.neighbour, self.is_swapped).hash(to);
    }
}

enum Hit {
    Neighbour,
    Own(usize),
    Nobody,
}
