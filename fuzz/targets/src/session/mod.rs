//! A till and its session against a terminal that says anything, in any pieces and at any time, with orders in flight,
//! connections that are lost, and processes that die. What must hold is in `ledger`; and the session never spins, never
//! grows, and every request completes once the terminal is silent.

mod ledger;
mod moves;
mod wire;

use std::sync::Arc;

use ecrhub::internals::{
    Action, Attempt, Books, LinkState, Now, Others, Progress, Restored, Session, Settings,
};
use ecrhub::journal::memory::MemoryJournal;
use ecrhub::protocol::{Defaults, Request, prepare};
use ecrhub::{Config, Event, Fault, Stage, Status, Validation};
use serde_json::Value;
use tungstenite::Message;

use crate::input::Input;
use ledger::Ledger;
use wire::{News, Wire};

const START: Now = Now { mono_ms: 1_000_000, wall_ms: 1_767_225_600_000 };
const URL: &str = "ws://192.0.2.7:35779";
const APP_ID: &str = "app";

/// More than any moment needs; a session that takes more is spinning.
const STEPS_AT_ONCE: usize = 10_000;

/// So many moves are enough to reach every state.
const MOST_MOVES: usize = 120;
const MOST_REQUESTS: usize = 24;

/// After so much time it is over: every end has come, and hours of heartbeats say nothing new.
const MOST_MS: u64 = 2 * 3_600_000;

/// The first byte chooses the settings, each that follows a move.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut world = World::new(settings(input.byte()));
    for _ in 0..MOST_MOVES {
        if input.is_empty() || world.now.mono_ms > START.mono_ms + MOST_MS {
            break;
        }
        world.act(&mut input);
        world.turn();
        world.check();
    }
    world.rest();
}

fn settings(choices: u8) -> Settings {
    let or_never = |bit: u8, ms: u32| if choices >> bit & 1 == 1 { 0 } else { ms };
    Settings::from(&Config {
        app_id: Some(APP_ID.to_owned()),
        close_lost_orders: choices & 1 == 0,
        second_look_ms: or_never(1, 30_000),
        clarify_interval_ms: or_never(2, 30_000),
        ping_interval_ms: or_never(3, 15_000),
        ping_interval_busy_ms: or_never(4, 2_000),
        ..Config::new(URL)
    })
}

/// A frame that the terminal has got.
struct Frame {
    id: String,
    topic: String,
    number: String,
}

/// How the network takes attempts to connect.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Yes,
    Refused,
    Silent,
}

struct World {
    settings: Settings,
    now: Now,
    disk: Arc<MemoryJournal>,
    books: Books,
    session: Session,
    wire: Option<Wire>,
    reach: Reach,
    /// Whether the socket takes data, and so far has the frame got that it took last.
    takes_data: bool,
    half: Option<(Frame, Progress)>,
    frames: Vec<Frame>,
    pings: Vec<u64>,
    ledger: Ledger,
    count: usize,
    lives: u64,
}

impl World {
    fn new(settings: Settings) -> World {
        let disk = Arc::new(MemoryJournal::new());
        World {
            now: START,
            books: Books::new(disk.clone(), "till").second_look_after(settings.second_look_ms),
            session: Session::new(settings.clone(), 7, START),
            disk,
            settings,
            wire: None,
            reach: Reach::Yes,
            takes_data: true,
            half: None,
            frames: Vec::new(),
            pings: Vec::new(),
            ledger: Ledger::default(),
            count: 0,
            lives: 0,
        }
    }

    /// The till sends a request, as `ecrhub_send` does.
    fn send(&mut self, json: &str) {
        if self.count == MOST_REQUESTS {
            return;
        }
        self.count += 1;
        let own_id = format!("own-{}", self.count);
        let defaults = Defaults {
            request_id: &own_id,
            timestamp_ms: self.now.wall_ms,
            app_id: Some(APP_ID),
            validation: Validation::Lenient,
        };
        let request = prepare(json, &defaults).expect("it passes the checks");
        if self.session.check_unused(&request).is_err() {
            return;
        }
        let Some(attempt) = self.begin(&request) else { return };
        self.session.submit(request.clone(), None, attempt, self.now);
        self.ledger.accepted(request);
    }

    fn begin(&mut self, request: &Request) -> Option<Attempt> {
        if !request.is_order() {
            return Some(Attempt::First);
        }
        let earlier = self.session.end_earlier_attempt(request);
        let within_ms = self.session.answer_within_ms(request, None);
        match self.books.begin(request, within_ms, self.now.wall_ms) {
            Ok(attempt) => Some(attempt),
            Err(error) => {
                assert_eq!(error.status(), Status::Duplicate, "{error}");
                if let Some(earlier) = earlier {
                    self.session.resume_earlier_attempt(&earlier, self.now);
                }
                None
            }
        }
    }

    /// Everything that can happen without time going by.
    fn turn(&mut self) {
        for _ in 0..STEPS_AT_ONCE {
            let did = self.carry_out() | self.connect() | self.write() | self.read();
            self.tell();
            if !did {
                return;
            }
        }
        panic!("the session never comes to rest");
    }

    fn carry_out(&mut self) -> bool {
        let Some(action) = self.session.next_action() else { return false };
        match action {
            Action::Ping(payload) => self.pings.push(payload),
            Action::Drop => {
                self.wire = None;
                self.half = None;
            }
        }
        true
    }

    fn connect(&mut self) -> bool {
        if self.reach == Reach::Silent || !self.session.take_wish_to_connect() {
            return false;
        }
        match self.reach {
            Reach::Refused => self.lose(Stage::Connect),
            _ => {
                self.wire = Some(Wire::new());
                self.session.on_connected(self.now);
            }
        }
        true
    }

    /// The connection ends, or does not come about.
    fn lose(&mut self, stage: Stage) {
        self.wire = None;
        self.half = None;
        self.session.on_lost(Fault::new(Status::Terminal, stage, "cut"), self.now);
    }

    fn write(&mut self) -> bool {
        if !self.takes_data || self.wire.is_none() {
            return false;
        }
        if let Some((frame, progress)) = self.half.take() {
            self.progress(frame, progress, Progress::Done);
            return true;
        }
        let Some(frame) = self.take_frame() else { return false };
        self.progress(frame, Progress::Nothing, Progress::Done);
        true
    }

    fn take_frame(&mut self) -> Option<Frame> {
        let text = self.session.next_frame(self.now)?;
        let message: Value = serde_json::from_str(text).expect("a frame is JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Some(Frame {
            id: text(&message["request_id"]),
            topic: text(&message["topic"]),
            number: text(&message["biz_data"]["merchant_order_no"]),
        })
    }

    fn progress(&mut self, frame: Frame, before: Progress, after: Progress) {
        if before == Progress::Nothing && after != Progress::Nothing {
            self.ledger.started(&frame.id);
        }
        self.session.on_progress(after, self.now);
        match after {
            Progress::Done => self.frames.push(frame),
            _ => self.half = Some((frame, after)),
        }
    }

    fn read(&mut self) -> bool {
        let Some(news) = self.wire.as_mut().and_then(Wire::next) else { return false };
        match news {
            News::Message(Message::Text(text)) => {
                self.ledger.heard(&text);
                self.session.on_text(&text, self.now);
            }
            News::Message(message) => {
                let bytes = message.into_data();
                self.ledger.heard(&String::from_utf8_lossy(&bytes));
                self.session.on_message(&bytes, self.now);
            }
            News::Pong(Some(payload)) => self.session.on_pong(payload, self.now),
            News::Pong(None) | News::Alive => self.session.on_heard(self.now),
            News::End(why) => {
                if let Some(why) = why {
                    self.session.on_garbage(why, &[], self.now);
                }
                self.lose(Stage::Receive);
            }
        }
        true
    }

    /// What the till is told is in the journal first.
    fn tell(&mut self) {
        while let Some(event) = self.session.next_event() {
            self.books.record(&event).expect("the journal takes what is told");
            self.told(&event);
        }
        let looked = self.session.take_looked_at();
        self.books.looked(&looked).expect("the journal takes it");
    }

    fn told(&mut self, event: &Event) {
        let json = event.to_json();
        let read: serde_json::Result<Value> = serde_json::from_str(&json);
        // Half a surrogate pair is the terminal's, and is handed on as it came.
        assert!(read.is_ok() || json.contains("\\u"), "an event is JSON: {json}");
        self.ledger.told(&event.kind);
    }

    fn pass(&mut self, ms: u64) {
        let end = self.now.mono_ms + ms;
        // Pings and queries come every two seconds at most, for each order.
        let most = 100 + (ms / 500) * (2 + self.count as u64);
        for _ in 0..most {
            let Some(at) = self.session.next_deadline().filter(|at| *at <= end) else {
                return self.turn_clock(end);
            };
            self.turn_clock(at);
            self.session.on_time(self.now);
            self.turn();
            let next = self.session.next_deadline();
            assert!(next.is_none_or(|next| next > self.now.mono_ms), "a deadline in the past");
        }
        panic!("the session wakes up too often: {most} times in {ms} ms");
    }

    fn turn_clock(&mut self, mono_ms: u64) {
        let passed = mono_ms.saturating_sub(self.now.mono_ms);
        self.now.mono_ms += passed;
        self.now.wall_ms += passed as i64;
    }

    /// The process dies, and the next one takes over what is in the journal.
    fn crash(&mut self) {
        self.lives += 1;
        self.disk.crash();
        self.wire = None;
        self.half = None;
        self.ledger.process_died();
        let second_look_ms = self.settings.second_look_ms;
        self.books = Books::new(self.disk.clone(), "till").second_look_after(second_look_ms);
        let (restored, retold) = self.books.restore(self.now.wall_ms).expect("it can be read");
        self.session = Session::new(self.settings.clone(), 7 + self.lives, self.now);
        for order in restored {
            self.restore(order);
        }
        for event in retold {
            self.told(&event);
        }
        for account in self.ledger.accounts.values_mut() {
            account.may_be_retold = false;
        }
    }

    fn restore(&mut self, order: Restored) {
        self.session.restore(order, self.now);
    }

    fn check(&self) {
        let most = 100 + 24 * self.count;
        let footprint = self.session.footprint();
        assert!(footprint <= most, "{footprint} entries for {} requests", self.count);
        assert!(self.session.in_flight() <= self.count);
    }

    /// The terminal says nothing any more, and can be reached: everything comes to an end.
    fn rest(&mut self) {
        self.reach = Reach::Yes;
        self.takes_data = true;
        self.session.note_others(Others::default());
        self.turn();
        for _ in 0..60 {
            if self.session.in_flight() == 0 {
                break;
            }
            self.pass(20_000);
        }
        self.check();
        let state = self.session.link_state();
        assert_eq!(self.session.in_flight(), 0, "it never ends, the link is {state:?}");
        for (id, account) in &self.ledger.accounts {
            assert!(account.told.is_some(), "{id} never completed");
        }
    }

    fn is_up(&self) -> bool {
        self.session.link_state() == LinkState::Connected && self.wire.is_some()
    }
}
