//! Tills: the library's session and books, glued as `src/terminal/shared.rs` glues them, with a process around them
//! that may die between any two steps.

mod connection;
mod sales;

use std::collections::VecDeque;
use std::sync::Arc;

use ecrhub::internals::journal::memory::MemoryJournal;
use ecrhub::internals::{Attempt, Books, Now, RestoredState, Session, Settings};
use ecrhub::protocol::{self, Defaults, Request};
use ecrhub::{Acknowledged, Event, EventKind, Outcome, Validation};

use crate::faults::Kind;
use crate::terminal::DAWN_MS;
use crate::world::{Due, World};

pub const APP_ID: &str = "simulated";

pub struct Till {
    pub terminal: usize,
    pub settings: Settings,
    pub disk: Arc<MemoryJournal>,
    pub process: Option<Process>,
    pub life: u64,
    pub wall_offset: i64,
    pub asleep_until: u64,
    pub slept_ms: u64,
    /// What waits until the machine wakes.
    pub missed: Vec<Due>,
    pub trouble_until: u64,
    /// The newest close of the library's own, until it is answered.
    pub open_close: Option<OpenClose>,
}

#[derive(Debug, Clone, Copy)]
pub struct OpenClose {
    pub conn: usize,
    pub since_ms: u64,
}

/// What dies with the process.
pub struct Process {
    pub session: Session,
    pub books: Books,
    queue: VecDeque<Queued>,
    /// The newest outcome of each order that the journal could not take.
    unwritten: Vec<Event>,
    /// Orders whose second look is done, and that the journal does not have yet.
    looked: Vec<(String, Outcome)>,
    pub conn: Option<usize>,
    pub up_since: Option<u64>,
    armed: Option<u64>,
    is_fetching: bool,
    /// Has left the queue, and has not been delivered yet.
    delivering: Option<Event>,
    acknowledges: bool,
    /// `ecrhub.init` has named an `order_queue_mode`.
    pub knows_of_the_queue: bool,
}

/// An event, and whether the journal has what it says.
#[derive(Debug, Clone)]
pub struct Queued {
    pub event: Event,
    pub is_recorded: bool,
}

/// What a caller's thread does next.
#[derive(Debug)]
pub enum Step {
    Begin(usize),
    Submit(usize, Attempt, Box<Request>),
    Fetch,
    Record(Box<Queued>),
    Deliver(Box<Queued>),
    Acknowledge(usize, Outcome),
}

impl Process {
    /// The newest outcome of this order that the journal may not have yet.
    fn newest_outcome(&self, id: &str) -> Option<Outcome> {
        let queued = self.queue.iter().rev().map(|queued| &queued.event);
        let mut newest_first = queued.chain(&self.delivering).chain(&self.unwritten);
        newest_first.find(|event| id_of(event) == Some(id)).and_then(outcome_of)
    }
}

impl Process {
    /// What is not written is looked at once more by the next process.
    fn write_down_looks(&mut self) {
        if !self.looked.is_empty() && self.books.looked(&self.looked).is_ok() {
            self.looked.clear();
        }
    }
}

impl Till {
    /// The close at the end of recovery, and the queries that decide.
    pub fn last_questions_ms(&self) -> u64 {
        2 * self.settings.recovery_interval_ms.max(2_000)
    }
}

impl World {
    pub fn moment(&self, t: usize) -> Now {
        let wall_ms = (DAWN_MS + self.now) as i64 + self.tills[t].wall_offset;
        Now { mono_ms: self.now, wall_ms }
    }

    pub fn books_of(&self, t: usize) -> Books {
        let till = &self.tills[t];
        let books = Books::new(till.disk.clone(), "counter")
            .second_look_after(till.settings.second_look_ms);
        #[cfg(feature = "planted-faults")]
        let books = books.planted(till.settings.plant);
        books
    }

    pub fn start(&mut self, t: usize) {
        if self.tills[t].process.is_some() {
            return;
        }
        if self.tills[t].asleep_until > self.now {
            return self.tills[t].missed.push(Due::Start(t));
        }
        let now = self.moment(t);
        let till = &mut self.tills[t];
        till.life += 1;
        let books = self.books_of(t);
        let till = &self.tills[t];
        let (restored, retold) = match books.restore(now.wall_ms) {
            Ok(found) => found,
            Err(error) => return self.fail(format!("till {t} cannot start: {error}")),
        };
        let mut session = Session::new(till.settings.clone(), self.chance.next_u64(), now);
        let mut unsettled = Vec::new();
        for order in restored {
            let is_open = order.state == RestoredState::Open;
            unsettled.push((order.request.request_id.clone(), is_open));
            session.restore(order, now);
        }
        let queue: VecDeque<Queued> =
            retold.into_iter().map(|event| Queued { event, is_recorded: true }).collect();
        let acknowledges = !self.faults.happens(Kind::NoAcknowledge, 500);
        let life = self.tills[t].life;
        self.trace.say(self.now, || {
            format!(
                "till {t} starts, life {life}: {} orders to ask about, {} to report again",
                unsettled.len(),
                queue.len()
            )
        });
        self.tills[t].process = Some(Process {
            session,
            books,
            queue,
            unwritten: Vec::new(),
            looked: Vec::new(),
            conn: None,
            up_since: None,
            armed: None,
            is_fetching: false,
            delivering: None,
            acknowledges,
            knows_of_the_queue: false,
        });
        for (id, is_open) in unsettled {
            self.on_restored(t, &id, is_open);
        }
        self.ask_for_the_queue(t);
        self.turn(t);
    }

    /// The process dies, at whatever it was doing.
    pub fn crash(&mut self, t: usize) {
        let Some(process) = self.tills[t].process.take() else { return };
        self.trace.say(self.now, || format!("till {t} dies"));
        self.tally.crashes += 1;
        if let Some(conn) = process.conn {
            self.close(conn);
        }
        self.tills[t].disk.crash();
        self.forget_what_only_the_session_knew(t);
        let down = if self.faults.happens(Kind::LongDown, 300) {
            self.faults.draw(Kind::LongDown, 600_000, 6 * 3_600_000)
        } else {
            self.chance.between(100, 20_000)
        };
        self.at(self.now + down, Due::Start(t));
    }

    /// What was not written down died with the process.
    fn forget_what_only_the_session_knew(&mut self, t: usize) {
        let entries = self.tills[t].disk.entries();
        for order in self.orders.iter_mut().filter(|order| order.request.till == t) {
            let entry = entries.iter().find(|entry| entry.request_id == order.request.request_id);
            order.reported = entry.and_then(|entry| entry.outcome);
            // Of an order without an outcome the journal does not say what made the library ask.
            let is_unknown = order.reported == Some(Outcome::Unknown);
            order.is_busy &= is_unknown;
            order.is_duplicate &= is_unknown;
            order.is_contradicted = false;
        }
    }

    /// A chance to die between two steps; true when it was taken.
    fn dies_here(&mut self, t: usize) -> bool {
        let dies = self.faults.happens(Kind::Crash, 15);
        if dies {
            self.crash(t);
        }
        dies
    }

    pub fn step(&mut self, t: usize, life: u64, step: Step) {
        if self.tills[t].life != life || self.tills[t].process.is_none() || self.dies_here(t) {
            return;
        }
        if self.tills[t].asleep_until > self.now {
            return self.tills[t].missed.push(Due::Step(t, life, step));
        }
        match step {
            Step::Begin(order) => self.begin(t, order),
            Step::Submit(order, attempt, request) => self.submit(t, order, attempt, *request),
            Step::Fetch => self.fetch(t),
            Step::Record(queued) => self.record(t, *queued),
            Step::Deliver(queued) => self.deliver(t, *queued),
            Step::Acknowledge(order, outcome) => self.acknowledge(t, order, outcome),
        }
    }

    fn then(&mut self, t: usize, in_ms: u64, step: Step) {
        let life = self.tills[t].life;
        self.at(self.now + in_ms, Due::Step(t, life, step));
    }

    fn disk_ms(&mut self) -> u64 {
        if self.faults.happens(Kind::SlowDisk, 150) {
            self.faults.draw(Kind::SlowDisk, 500, 8_000)
        } else {
            self.chance.between(0, 15)
        }
    }

    fn maybe_fill_the_disk(&mut self, t: usize) -> bool {
        let is_full = self.faults.happens(Kind::DiskFull, 120);
        if is_full {
            self.tills[t].disk.fail_next(1);
        }
        is_full
    }

    fn begin(&mut self, t: usize, order: usize) {
        let now = self.moment(t);
        let json = self.orders[order].request.json();
        let defaults = Defaults {
            request_id: &self.orders[order].request.request_id,
            timestamp_ms: now.wall_ms,
            app_id: Some(APP_ID),
            validation: Validation::Strict,
        };
        let request = match protocol::prepare(&json, &defaults) {
            Ok(request) => request,
            Err(error) => return self.fail(format!("a fault of the simulation: {error}: {json}")),
        };
        if !request.is_order() {
            return self.submit(t, order, Attempt::First, request);
        }
        self.maybe_fill_the_disk(t);
        let Some(process) = &mut self.tills[t].process else { return };
        if let Err(error) = process.session.check_unused(&request) {
            return self.trace.say(self.now, || format!("till {t}: {error}"));
        }
        let earlier = process.session.end_earlier_attempt(&request);
        process.write_down_looks();
        let timeout_ms = self.orders[order].request.timeout_ms;
        let within_ms = process.session.answer_within_ms(&request, timeout_ms);
        let begun = process.books.begin(&request, within_ms, now.wall_ms);
        self.tills[t].disk.fail_next(0);
        match begun {
            Ok(attempt) => {
                self.on_begun(order);
                let in_ms = self.disk_ms();
                self.then(t, in_ms, Step::Submit(order, attempt, Box::new(request)));
            }
            Err(error) => {
                if let (Some(earlier), Some(process)) = (earlier, &mut self.tills[t].process) {
                    process.session.resume_earlier_attempt(&earlier, now);
                }
                self.trace.say(self.now, || {
                    format!("till {t}: {} is refused: {error}", request.request_id)
                });
            }
        }
    }

    fn submit(&mut self, t: usize, order: usize, attempt: Attempt, request: Request) {
        let now = self.moment(t);
        let Some(process) = &mut self.tills[t].process else { return };
        if let Err(error) = process.session.check_unused(&request) {
            if let Err(error) = process.books.withdraw(&request, now.wall_ms) {
                self.trace.say(self.now, || format!("till {t}: {error}"));
            }
            return self.trace.say(self.now, || format!("till {t}: {error}"));
        }
        let timeout = self.orders[order].request.timeout_ms;
        process.session.submit(request, timeout, attempt, now);
        self.on_accepted(order);
        self.turn(t);
        self.dies_here(t);
    }

    fn fetch(&mut self, t: usize) {
        let Some(process) = &mut self.tills[t].process else { return };
        let Some(queued) = process.queue.pop_front() else {
            process.is_fetching = false;
            return;
        };
        process.delivering = Some(queued.event.clone());
        if queued.is_recorded {
            return self.then(t, 0, Step::Deliver(Box::new(queued)));
        }
        let in_ms = self.disk_ms();
        self.then(t, in_ms, Step::Record(Box::new(queued)));
    }

    fn record(&mut self, t: usize, mut queued: Queued) {
        self.maybe_fill_the_disk(t);
        let Some(process) = &mut self.tills[t].process else { return };
        process.write_down_looks();
        let recorded = process.books.record(&queued.event);
        self.tills[t].disk.fail_next(0);
        let Some(process) = &mut self.tills[t].process else { return };
        process.unwritten.retain(|event| id_of(event) != id_of(&queued.event));
        match recorded {
            Ok(()) => {
                queued.is_recorded = true;
                self.on_recorded(t, &queued.event);
            }
            Err(error) => {
                process.unwritten.push(queued.event.clone());
                self.on_unwritten(t, &queued.event, &error);
            }
        }
        let in_ms = self.chance.between(0, 3);
        self.then(t, in_ms, Step::Deliver(Box::new(queued)));
    }

    fn deliver(&mut self, t: usize, queued: Queued) {
        if let Some(order) = self.on_delivered(t, &queued.event) {
            let acknowledges =
                self.tills[t].process.as_ref().is_some_and(|process| process.acknowledges);
            if acknowledges && let Some(outcome) = outcome_of(&queued.event) {
                let in_ms = self.chance.between(0, 3_000);
                self.then(t, in_ms, Step::Acknowledge(order, outcome));
            }
        }
        self.maybe_send_again(&queued.event);
        self.maybe_void(t, &queued.event);
        if let Some(process) = &mut self.tills[t].process {
            process.is_fetching = false;
            process.delivering = None;
        }
        self.fetch_soon(t);
    }

    fn acknowledge(&mut self, t: usize, order: usize, outcome: Outcome) {
        let now = self.moment(t);
        let id = self.orders[order].request.request_id.clone();
        self.maybe_fill_the_disk(t);
        let Some(process) = &mut self.tills[t].process else { return };
        // Outdated: the correction that waits is acknowledged in its turn.
        if process.newest_outcome(&id).is_some_and(|newest| newest != outcome) {
            return;
        }
        process.write_down_looks();
        let is_it = |event: &&Event| id_of(event) == Some(&*id);
        let mut unwritten = process.unwritten.iter().filter(is_it);
        let written = unwritten.try_for_each(|event| process.books.record(event));
        let done = written.and_then(|()| {
            process.unwritten.retain(|event| !is_it(&event));
            process.books.acknowledge(&id, outcome, now.wall_ms)
        });
        self.tills[t].disk.fail_next(0);
        match done {
            Ok(Acknowledged::Done) => self.on_acknowledged(t, order),
            Ok(Acknowledged::Outdated) => {
                self.trace.say(self.now, || format!("till {t}: {id} is {outcome} no more"));
            }
            Err(error) => {
                self.trace.say(self.now, || format!("till {t} cannot acknowledge {id}: {error}"))
            }
        }
    }

    fn fetch_soon(&mut self, t: usize) {
        let late = self.faults.happens(Kind::LateFetch, 200);
        let in_ms = if late { self.faults.draw(Kind::LateFetch, 1_000, 60_000) } else { 0 };
        let Some(process) = &mut self.tills[t].process else { return };
        if !process.is_fetching && !process.queue.is_empty() {
            process.is_fetching = true;
            self.then(t, in_ms, Step::Fetch);
        }
    }
}

pub fn id_of(event: &Event) -> Option<&str> {
    match &event.kind {
        EventKind::Completed(done) => Some(&done.request_id),
        EventKind::Clarified(clarified) => Some(&clarified.request_id),
        _ => None,
    }
}

pub fn outcome_of(event: &Event) -> Option<Outcome> {
    match &event.kind {
        EventKind::Completed(done) => Some(done.outcome),
        EventKind::Clarified(clarified) => Some(clarified.outcome),
        _ => None,
    }
}
