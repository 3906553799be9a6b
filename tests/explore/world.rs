//! One till, one terminal, the network between them, and taking a step.

use std::rc::Rc;

use ecrhub::{Fault as LibraryFault, Stage, Status};

use crate::kinds::{Assumption, Case, Fault, RECOVERY_MS, UnknownClose};
use crate::ledger::Ledger;
use crate::moves::{Move, Reading, Telling};
use crate::network::{Answer, Conn, Frame, Late, Number, Socket, Topic};
use crate::terminal::{Act, Neighbour, Terminal};
use crate::till::Till;

#[derive(Clone)]
pub struct World {
    pub now: u64,
    pub case: Rc<Case>,
    pub till: Till,
    pub terminal: Terminal,
    pub conn: Option<Conn>,
    pub late: Vec<Late>,
    /// Answers of lost connections, to be pushed on the next.
    pub owed: Vec<Answer>,
    /// On which connection each order came.
    pub carriers: Vec<u64>,
    connections: u64,
    pub spent: Vec<u8>,
    pub ledger: Ledger,
    /// What happens, told line by line, when somebody wants to read it.
    pub story: Option<Vec<String>>,
}

impl World {
    pub fn new(case: Rc<Case>) -> Self {
        let orders = case.orders.len();
        let mut world = World {
            now: 0,
            till: Till::new(&case),
            terminal: Terminal::new(orders),
            conn: None,
            late: Vec::new(),
            owed: Vec::new(),
            carriers: vec![0; orders],
            connections: 0,
            spent: vec![0; Fault::ALL.len()],
            ledger: Ledger::new(orders),
            story: None,
            case,
        };
        world.start_till();
        world.turn();
        world
    }

    pub fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(format!("{:>8} {}", self.now, line()));
        }
    }

    pub fn can(&self, fault: Fault) -> bool {
        self.spent[fault as usize] < self.case.most[fault as usize]
            && self.spent.iter().sum::<u8>() < self.case.faults
    }

    pub fn spend(&mut self, fault: Fault) {
        self.spent[fault as usize] += 1;
    }

    pub fn is_faultless(&self) -> bool {
        self.spent.iter().all(|times| *times == 0)
    }

    pub fn next_deadline(&self) -> Option<u64> {
        let session = self.till.session.as_ref().and_then(|session| session.next_deadline());
        [session, self.next_expiry()].into_iter().flatten().min()
    }

    pub fn next_expiry(&self) -> Option<u64> {
        self.late.iter().filter_map(|late| late.until).min()
    }

    /// Something would happen by itself before any time passes.
    pub fn is_busy(&self) -> bool {
        self.till.is_connecting || self.conn.as_ref().is_some_and(Conn::is_busy)
    }

    pub fn apply(&mut self, step: Move) {
        self.say(|| format!("{step:?}"));
        match step {
            Move::Sell(k) | Move::SellAgain(k) => self.sell(k),
            Move::OwnQuery => self.ask_by_itself(0),
            Move::OwnClose => self.ask_by_itself(1),
            Move::Connect => self.connect(),
            Move::RefuseConnect => {
                self.spend(Fault::RefusedConnect);
                self.till.is_connecting = false;
                self.lose("refused");
            }
            Move::Read(reading) => self.read(reading),
            Move::ReadLate(at) => self.read_late(at),
            Move::Deliver(again) => self.deliver(again),
            Move::Customer(k, act, telling) => self.customer(k, act, telling),
            Move::Interim(k, fault) => self.interim(k, fault),
            Move::NeighbourComes => self.terminal.neighbour = Neighbour::Paying,
            Move::NeighbourPays => {
                self.terminal.neighbour = Neighbour::Served;
                self.terminal.serve_the_queue();
            }
            Move::Cut => {
                self.spend(Fault::Cut);
                self.cut();
            }
            Move::Reboot => {
                self.spend(Fault::Reboot);
                self.cut();
                self.owed.clear();
                self.terminal.reboot(&self.case);
            }
            Move::Block(socket) => self.block(socket),
            Move::Unblock => self.unblock(),
            Move::Darken => {
                self.spend(Fault::Dark);
                self.with_conn(Conn::darken);
            }
            Move::Hold => {
                self.spend(Fault::Held);
                self.with_conn(|conn| conn.is_held = true);
            }
            Move::Release => self.with_conn(|conn| conn.is_held = false),
            Move::Time | Move::LateBytesExpire => self.pass_time(step),
            Move::TillStep => self.till_step(),
            Move::LetEventsWait => {
                self.spend(Fault::LateTill);
                self.till.is_late = true;
            }
            Move::Crash => self.crash(Some(Fault::Crash)),
            Move::Restart => self.start_till(),
            Move::Stranger => self.receive_from_nobody(Fault::Stranger),
            Move::Unreadable => self.receive_from_nobody(Fault::Unreadable),
            Move::SwapDevice => {
                self.terminal.is_swapped = true;
                self.owed.clear();
                self.cut();
            }
        }
        self.turn();
        self.check_step();
    }

    pub fn with_conn(&mut self, change: impl FnOnce(&mut Conn)) {
        if let Some(conn) = &mut self.conn {
            change(conn);
        }
    }

    fn connect(&mut self) {
        self.till.is_connecting = false;
        self.connections += 1;
        self.ledger.on_new_connection();
        let owed = std::mem::take(&mut self.owed);
        self.conn = Some(Conn::new(self.connections, owed));
        let now = self.moment();
        self.till.session(|session| session.on_connected(now));
    }

    fn lose(&mut self, why: &str) {
        let stage = if why == "refused" { Stage::Connect } else { Stage::Receive };
        let fault = LibraryFault::new(Status::Interrupted, stage, why);
        let now = self.moment();
        self.till.session(|session| session.on_lost(fault, now));
    }

    fn cut(&mut self) {
        if self.conn.is_some() {
            self.bury();
            self.lose("lost");
        }
    }

    /// The connection is no more; what was under way may arrive late.
    pub fn bury(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        let kind = &self.case.kind;
        let bars_no_number = kind.unknown_close == UnknownClose::Forgotten || kind.closes_by_screen;
        let is_bounded = bars_no_number && self.case.assumes(Assumption::LateBytesAreBounded);
        let until = is_bounded.then_some(self.now + u64::from(RECOVERY_MS));
        self.late.extend(Late::of(conn, until));
    }

    fn read(&mut self, reading: Reading) {
        let Some(conn) = &mut self.conn else { return };
        let id = conn.id;
        let Some(frame) = conn.to_terminal.pop_front() else { return };
        match reading {
            Reading::Plain => {}
            Reading::Ignores => return self.spend(Fault::Ignored),
            Reading::AnswerLost => self.spend(Fault::Lost),
            Reading::OtherAmount => {
                self.spend(Fault::OtherAmount);
                let mut answer = Answer::to(&frame, "000", Some("2"));
                answer.has_other_amount = true;
                return self.with_conn(|conn| conn.push(answer));
            }
            Reading::Refuses => {
                self.spend(Fault::RefusedClose);
                let answer = Answer::to(&frame, "201", None);
                return self.with_conn(|conn| conn.push(answer));
            }
        }
        self.reads(&frame, Some(id), reading == Reading::AnswerLost);
    }

    fn read_late(&mut self, at: usize) {
        let Some(frame) = self.late[at].frames.pop_front() else { return };
        if self.late[at].frames.is_empty() {
            self.late.remove(at);
        }
        self.reads(&frame, None, false);
    }

    fn reads(&mut self, frame: &Frame, on: Option<u64>, is_answer_lost: bool) {
        self.say(|| format!("the terminal reads {:?} of {}", frame.topic, frame.number.text()));
        if let (Topic::Order, Number::Own(k)) = (frame.topic, frame.number) {
            if self.terminal.is_swapped {
                return;
            }
            self.carriers[k] = on.unwrap_or(0);
            self.drop_late_closes();
        }
        let case = Rc::clone(&self.case);
        let neighbour = self.terminal.neighbour;
        let at_screen: Vec<usize> =
            (0..self.carriers.len()).filter(|k| self.terminal.is_at_screen(*k)).collect();
        let replies = self.terminal.read(frame, &case);
        self.check_close_effect(frame, neighbour, &at_screen);
        self.terminal.serve_the_queue();
        if let Some(answer) = replies.direct.filter(|_| !is_answer_lost)
            && self.conn.as_ref().map(|conn| conn.id) == on
        {
            self.with_conn(|conn| conn.push(answer));
        }
        self.answer(replies.own);
    }

    /// A close that is still under way when the next order arrives never arrives.
    fn drop_late_closes(&mut self) {
        if !self.case.kind.closes_by_screen || !self.case.assumes(Assumption::ClosesDoNotOutlive) {
            return;
        }
        for late in &mut self.late {
            late.frames.retain(|frame| frame.topic != Topic::Close);
        }
        self.late.retain(|late| !late.frames.is_empty());
    }

    /// An order's own answer: on its connection while that stands, otherwise pushed or lost.
    fn answer(&mut self, own: Option<(usize, Answer)>) {
        let Some((k, answer)) = own.filter(|_| !self.terminal.is_swapped) else { return };
        let carrier = self.carriers[k];
        match &mut self.conn {
            Some(conn) if conn.id == carrier => conn.push(answer),
            _ if !self.case.kind.pushes => {}
            Some(conn) if !conn.is_dark => conn.push(answer),
            _ => self.owed.push(answer),
        }
    }

    fn customer(&mut self, k: usize, act: Act, telling: Telling) {
        let case = Rc::clone(&self.case);
        let mut own = self.terminal.act(k, act, &case);
        match telling {
            Telling::Plain => {}
            Telling::Lost => {
                self.spend(Fault::Lost);
                own = None;
            }
            Telling::Code107 => {
                self.spend(Fault::Code107);
                own = self.terminal.interim_answer(k, "107", None);
            }
            Telling::OtherAmount => {
                self.spend(Fault::OtherAmount);
                own.iter_mut().for_each(|(_, answer)| answer.has_other_amount = true);
            }
            Telling::Unreadable => {
                self.spend(Fault::Unreadable);
                own.iter_mut().for_each(|(_, answer)| answer.is_garbage = true);
            }
        }
        self.answer(own);
        self.terminal.serve_the_queue();
        if act == Act::Pays {
            self.on_charged(k);
        }
    }

    fn interim(&mut self, k: usize, fault: Fault) {
        self.spend(fault);
        let (code, status, is_last) = match fault {
            Fault::OpenStatus => ("000", Some("0"), true),
            Fault::EarlySuccess => ("000", None, false),
            _ => ("106", None, false),
        };
        let answer = self.terminal.interim_answer(k, code, status);
        self.terminal.records[k].has_answered |= is_last;
        self.answer(answer);
    }

    fn receive_from_nobody(&mut self, fault: Fault) {
        self.spend(fault);
        let frame = Frame { topic: Topic::Order, number: Number::Strangers, id: "x9".into() };
        let mut answer = Answer::to(&frame, "000", Some("2"));
        answer.is_garbage = fault == Fault::Unreadable;
        self.with_conn(|conn| conn.push(answer));
    }

    fn block(&mut self, socket: Socket) {
        self.spend(if socket == Socket::Half { Fault::Half } else { Fault::Blocked });
        self.with_conn(|conn| conn.socket = socket);
    }

    fn pass_time(&mut self, step: Move) {
        let is_time = step == Move::Time;
        if is_time && (self.is_busy() || self.conn.as_ref().is_some_and(Conn::is_full)) {
            self.spend(Fault::Slow);
        }
        let at = if is_time { self.next_deadline() } else { self.next_expiry() };
        self.now = at.unwrap_or(self.now).max(self.now);
        let now = self.now;
        self.late.retain(|late| late.until.is_none_or(|until| until > now));
        let now = self.moment();
        self.till.session(|session| session.on_time(now));
    }

    /// The till's process dies.
    pub fn crash(&mut self, fault: Option<Fault>) {
        fault.into_iter().for_each(|fault| self.spend(fault));
        self.bury();
        self.till.die();
        self.ledger.on_crash();
    }
}
