//! The till: the library's session, books and journal rules, glued as a handle glues them, in a process that can die.

use std::collections::VecDeque;
use std::hash::Hash;
use std::rc::Rc;
use std::sync::Arc;

use ecrhub::internals::journal::memory::MemoryJournal;
use ecrhub::internals::{Action, Books, Now, Progress, Session};
use ecrhub::protocol::{self, Defaults, Request};
use ecrhub::{Acknowledged, Event, EventKind, Outcome, Validation};

use crate::kinds::{Assumption, Case, Fault, What};
use crate::network::{Frame, Socket, Topic};
use crate::print::Bytes;
use crate::world::World;

/// The wall clock when a world begins.
const DAWN_MS: u64 = 1_700_000_000_000;

/// The till's own query and close.
pub const OWN_IDS: [&str; 2] = ["own-query", "own-close"];

#[derive(Clone)]
pub struct Till {
    /// None while the process is dead. Shared between worlds until one of them changes it.
    pub session: Option<Rc<Session>>,
    disk: Arc<MemoryJournal>,
    pub life: u32,
    pub is_connecting: bool,
    /// Completions and clarifications that the till has not dealt with.
    pub queue: VecDeque<Queued>,
    /// The till takes its time over them.
    pub is_late: bool,
}

/// How far the till is with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    New,
    Recorded,
    Received,
}

#[derive(Debug, Clone)]
pub struct Queued {
    pub event: Rc<Event>,
    pub stage: Stage,
}

/// What an event says about an order of the till's.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub request_id: &'a str,
    pub outcome: Outcome,
    /// The outcome it corrects; none for a completion.
    pub was: Option<Outcome>,
    pub is_retold: bool,
}

pub fn report(event: &Event) -> Option<Report<'_>> {
    match &event.kind {
        EventKind::Completed(done) => Some(Report {
            request_id: &done.request_id,
            outcome: done.outcome,
            was: None,
            is_retold: done.retold,
        }),
        EventKind::Clarified(done) => Some(Report {
            request_id: &done.request_id,
            outcome: done.outcome,
            was: Some(done.was),
            is_retold: done.retold,
        }),
        _ => None,
    }
}

impl Till {
    pub fn new(case: &Case) -> Self {
        let disk = MemoryJournal::new();
        disk.lose_unsynced(!case.assumes(Assumption::DiskKeepsItsWord));
        Till {
            session: None,
            disk: Arc::new(disk),
            life: 0,
            is_connecting: false,
            queue: VecDeque::new(),
            is_late: false,
        }
    }

    /// Changes the session; nothing while the process is dead.
    pub fn session<T>(&mut self, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.session.as_mut().map(|session| change(Rc::make_mut(session)))
    }

    /// The journal, to be read.
    pub fn books(&self, case: &Case) -> Books {
        let second_look_ms = case.settings().second_look_ms;
        Books::new(self.disk.clone(), "counter")
            .second_look_after(second_look_ms)
            .planted(case.plant())
    }

    /// The journal, to be written: worlds share a disk until one of them writes.
    fn books_to_write(&mut self, case: &Case) -> Books {
        self.disk = Arc::new(self.disk.copy());
        self.books(case)
    }

    pub fn outcome_on_disk(&self, request_id: &str) -> Option<Outcome> {
        let entries = self.disk.entries();
        entries.into_iter().find(|entry| entry.request_id == request_id)?.outcome
    }

    pub fn is_on_disk(&self, request_id: &str) -> bool {
        self.disk.entries().iter().any(|entry| entry.request_id == request_id)
    }

    pub fn die(&mut self) {
        self.session = None;
        self.is_connecting = false;
        self.is_late = false;
        self.queue.clear();
        self.disk = Arc::new(self.disk.copy());
        self.disk.crash();
    }

    pub fn print(&self, now: Now, live: &[&str], to: &mut Bytes) {
        self.session.is_some().hash(to);
        if let Some(session) = &self.session {
            session.fingerprint(now, live, to);
        }
        (self.is_connecting, self.is_late, self.queue.len()).hash(to);
        for queued in &self.queue {
            queued.stage.hash(to);
            if let Some(report) = report(&queued.event) {
                (report.request_id, report.outcome, report.was, report.is_retold).hash(to);
            }
        }
        for entry in self.disk.entries() {
            (entry.request_id, entry.outcome, entry.was, entry.acknowledged_ms.is_some()).hash(to);
            let look_ms = entry.look_ms.map(|at| at.saturating_sub(now.wall_ms).max(0));
            (entry.earlier_attempt, look_ms).hash(to);
        }
    }
}

impl World {
    pub fn moment(&self) -> Now {
        let wall_ms = i64::try_from(DAWN_MS + self.now).unwrap_or(i64::MAX);
        Now { mono_ms: self.now, wall_ms }
    }

    pub fn start_till(&mut self) {
        self.till.life += 1;
        let case = Rc::clone(&self.case);
        let (restored, retold) =
            match self.till.books_to_write(&case).restore(self.moment().wall_ms) {
                Ok(found) => found,
                Err(error) => return self.ledger.fail(format!("the till cannot start: {error}")),
            };
        let now = self.moment();
        let mut session = Session::new(case.settings(), u64::from(self.till.life), now);
        for order in restored {
            self.on_restored(&order);
            session.restore(order, now);
        }
        self.till.session = Some(Rc::new(session));
        self.till.queue = retold
            .into_iter()
            .map(|event| Queued { event: Rc::new(event), stage: Stage::Recorded })
            .collect();
    }

    fn prepare(&mut self, json: &str, request_id: &str) -> Option<Request> {
        let defaults = Defaults {
            request_id,
            timestamp_ms: self.moment().wall_ms,
            app_id: Some("till"),
            validation: Validation::Strict,
        };
        let request = protocol::prepare(json, &defaults);
        if let Err(error) = &request {
            self.ledger.fail(format!("a fault of the exploration: {error}"));
        }
        request.ok()
    }

    pub fn sell(&mut self, k: usize) {
        let attempt = self.ledger.sales[k].attempt + 1;
        let id = request_id(k, attempt);
        let what = match self.case.orders[k] {
            What::Sale => r#""trans_type":"1""#.to_owned(),
            What::Void => format!(r#""trans_type":"2","orig_merchant_order_no":"O{k}""#),
        };
        let json = format!(
            r#"{{"topic":"ecrhub.pay.order","request_id":"{id}","biz_data":{{{what},"merchant_order_no":"N{k}","order_amount":"10.00"}}}}"#
        );
        let Some(request) = self.prepare(&json, &id) else { return };
        let case = Rc::clone(&self.case);
        let now = self.moment();
        let within_ms = u64::from(case.order_timeout_ms);
        let begun = self.till.books_to_write(&case).begin(&request, within_ms, now.wall_ms);
        match begun {
            Ok(attempt) => {
                self.on_sold(k);
                self.till.session(|session| session.submit(request, None, attempt, now));
            }
            Err(error) => self.ledger.fail(format!("the journal refuses {id}: {error}")),
        }
    }

    /// The till's own query (0) or close (1) of its first order.
    pub fn ask_by_itself(&mut self, which: usize) {
        let topic = [Topic::Query, Topic::Close][which];
        let id = OWN_IDS[which];
        let json = format!(
            r#"{{"topic":"{}","request_id":"{id}","biz_data":{{"merchant_order_no":"N0"}}}}"#,
            topic.name()
        );
        let Some(request) = self.prepare(&json, id) else { return };
        self.spend([Fault::OwnQuery, Fault::OwnClose][which]);
        self.on_asked_by_itself(which);
        let now = self.moment();
        self.till.session(|session| session.submit(request, None, Default::default(), now));
    }

    /// The till receives the next answer.
    pub fn deliver(&mut self, again: bool) {
        let Some(conn) = &mut self.conn else { return };
        let Some(answer) = conn.to_till.pop_front() else { return };
        if again {
            conn.to_till.push_back(answer.clone());
            self.spend(Fault::Twice);
        }
        let text = answer.text(self.case.kind.naming);
        self.say(|| format!("the till receives {text}"));
        self.on_delivered(&answer);
        let now = self.moment();
        self.till.session(|session| session.on_message(text.as_bytes(), now));
    }

    /// All that a handle does before it waits again.
    pub fn turn(&mut self) {
        while self.till.session.is_some() && self.half_turn() {}
        self.check_footprint();
        if !self.may_be_interrupted() {
            while !self.till.queue.is_empty() {
                self.till_step();
                while self.till.session.is_some() && self.half_turn() {}
            }
        }
        if self.till.queue.is_empty() {
            self.till.is_late = false;
        }
    }

    /// Nothing can come between the steps in which the till deals with an event.
    fn may_be_interrupted(&self) -> bool {
        self.can(Fault::Crash) || self.till.is_late || self.can(Fault::LateTill)
    }

    fn half_turn(&mut self) -> bool {
        let now = self.moment();
        let mut did = false;
        while let Some(action) = self.till.session(Session::next_action).flatten() {
            did = true;
            match action {
                Action::Drop => {
                    self.say(|| "the till gives the connection up".to_owned());
                    self.till.is_connecting = false;
                    self.bury();
                }
                Action::Ping(payload) => {
                    if self.conn.as_ref().is_some_and(|conn| !conn.is_dark) {
                        self.till.session(|session| session.on_pong(payload, now));
                    }
                }
            }
        }
        if self.till.session(Session::take_wish_to_connect) == Some(true) {
            self.till.is_connecting = true;
            did = true;
        }
        did |= self.send_frames();
        while let Some(event) = self.till.session(Session::next_event).flatten() {
            did = true;
            self.on_event(event);
        }
        let looked = self.till.session(Session::take_looked_at).unwrap_or_default();
        if !looked.is_empty() {
            let case = Rc::clone(&self.case);
            if let Err(error) = self.till.books_to_write(&case).looked(&looked) {
                self.ledger.fail(format!("a second look is refused: {error}"));
            }
        }
        did
    }

    fn send_frames(&mut self) -> bool {
        let mut did = false;
        while self.conn.as_ref().is_some_and(|conn| conn.stuck.is_none()) {
            let Some(frame) = self.next_frame() else { break };
            did = true;
            let Some(conn) = &mut self.conn else { break };
            let progress = match conn.socket {
                Socket::Takes => {
                    conn.take(frame.clone());
                    Progress::Done
                }
                Socket::Blocked => {
                    conn.stuck = Some(frame);
                    break;
                }
                Socket::Half => {
                    conn.stuck = Some(frame.clone());
                    Progress::Started
                }
            };
            self.on_frame_left(&frame);
            let now = self.moment();
            self.till.session(|session| session.on_progress(progress, now));
        }
        did
    }

    fn next_frame(&mut self) -> Option<Frame> {
        let now = self.moment();
        self.till.session(|session| session.next_frame(now).map(Frame::read)).flatten()
    }

    /// The socket takes bytes again.
    pub fn unblock(&mut self) {
        let Some(conn) = &mut self.conn else { return };
        let was = std::mem::replace(&mut conn.socket, Socket::Takes);
        let Some(frame) = conn.stuck.take() else { return };
        conn.take(frame.clone());
        if was == Socket::Blocked {
            self.on_frame_left(&frame);
        }
        let now = self.moment();
        self.till.session(|session| session.on_progress(Progress::Done, now));
    }

    fn on_event(&mut self, event: Event) {
        let Some(report) = report(&event) else {
            if let EventKind::Recovering { request_id, .. } = &event.kind {
                self.on_recovering(request_id);
            }
            return self.say(|| format!("event {}", event.kind.name()));
        };
        self.say(|| {
            let was = report.was.map_or(String::new(), |was| format!(" (was {was})"));
            format!("event {}: {} {}{was}", event.kind.name(), report.request_id, report.outcome)
        });
        self.on_report(&event, report);
        if !OWN_IDS.contains(&report.request_id) {
            self.till.queue.push_back(Queued { event: Rc::new(event), stage: Stage::New });
        }
    }

    /// The till's thread goes one step further with the oldest event: into the journal, into the till, acknowledged.
    pub fn till_step(&mut self) {
        let Some(queued) = self.till.queue.front().cloned() else { return };
        let Some(report) = report(&queued.event) else { return };
        let case = Rc::clone(&self.case);
        match queued.stage {
            Stage::New => {
                self.say(|| format!("the journal has {} {}", report.request_id, report.outcome));
                match self.till.books_to_write(&case).record(&queued.event) {
                    Ok(()) => self.on_recorded(report),
                    Err(error) => self.ledger.fail(format!("an outcome is refused: {error}")),
                }
                self.advance(Stage::Recorded);
            }
            Stage::Recorded => {
                self.say(|| format!("the till knows {} {}", report.request_id, report.outcome));
                self.on_received(report);
                self.advance(Stage::Received);
            }
            Stage::Received => {
                self.till.queue.pop_front();
                self.acknowledge(report);
            }
        }
    }

    fn advance(&mut self, stage: Stage) {
        if let Some(queued) = self.till.queue.front_mut() {
            queued.stage = stage;
        }
    }

    fn acknowledge(&mut self, told: Report<'_>) {
        let is_newer = |queued: &Queued| {
            report(&queued.event).is_some_and(|other| other.request_id == told.request_id)
        };
        // Outdated: what waits is acknowledged in its turn.
        if self.till.queue.iter().any(is_newer) {
            return;
        }
        self.say(|| format!("the till acknowledges {} {}", told.request_id, told.outcome));
        let case = Rc::clone(&self.case);
        let now = self.moment();
        let books = self.till.books_to_write(&case);
        match books.acknowledge(told.request_id, told.outcome, now.wall_ms) {
            Ok(Acknowledged::Done) => self.on_acknowledged(told),
            // A number that was used again took the row of its earlier attempt.
            Ok(Acknowledged::Outdated) | Err(_) if self.is_of_earlier_attempt(told) => {}
            Ok(Acknowledged::Outdated) => self.ledger.fail(format!(
                "{} {} is outdated, and nothing newer is delivered",
                told.request_id, told.outcome
            )),
            Err(error) => self.ledger.fail(format!("an acknowledgement is refused: {error}")),
        }
    }
}

pub fn request_id(k: usize, attempt: u8) -> String {
    format!("r{k}-{attempt}")
}

/// The order that a request of the till's belongs to: its place, and which attempt under its number it was.
pub fn place_of(request_id: &str) -> Option<(usize, u8)> {
    let (place, attempt) = request_id.strip_prefix('r')?.split_once('-')?;
    Some((place.parse().ok()?, attempt.parse().ok()?))
}
