//! One schedule: a session, an owner, a terminal and a caller, all driven by one seed, and a book of what must hold.

mod book;
mod terminal;

use std::collections::BTreeMap;

use book::Book;
use ecrhub::internals::{Action, LinkState, Now, Progress, Restored, Rng, Session, Settings};
use ecrhub::protocol::{CLOSE, ORDER, QUERY, Request};
use ecrhub::{Fault, Stage, Status};
use serde_json::{Value, json};
use terminal::Terminal;

const TOPICS: [&str; 3] = ["ecrhub.getInfo", "ecrhub.pay.tip.adjustment", "ecrhub.pay.batch.close"];

/// Steps of a schedule at most.
const STEPS: u64 = 120;

/// What callers give a request at most.
const ANSWER_MS: u64 = 40_000;

/// Wake-ups in one stretch of time at most: more is spinning.
const WAKE_UPS: u64 = 200_000;

/// The owner's end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Socket {
    Down,
    Connecting,
    Up,
}

/// How connection attempts go when only time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// By steps of the schedule.
    Scheduled,
    /// Always refused.
    Refused,
    /// They succeed, and the terminal reads and says nothing.
    Silent,
}

pub struct World {
    rng: Rng,
    is_told: bool,
    now: Now,
    settings: Settings,
    session: Session,
    socket: Socket,
    /// The frame that is being written.
    writing: Option<Value>,
    /// The socket takes no data.
    is_blocked: bool,
    ping: Option<u64>,
    reach: Reach,
    terminal: Terminal,
    book: Book,
    names: u64,
}

impl World {
    /// Runs the schedule of this seed; what happened, and how often.
    pub fn run(seed: u64, is_told: bool) -> BTreeMap<String, u64> {
        let mut rng = Rng::new(seed);
        let settings = random_settings(&mut rng);
        let now = Now { mono_ms: rng.between(0, 1_000_000), wall_ms: 1_700_000_000_000 };
        let session = Session::new(settings.clone(), rng.next_u64(), now);
        let mut world = World {
            rng,
            is_told,
            now,
            settings,
            session,
            socket: Socket::Down,
            writing: None,
            is_blocked: false,
            ping: None,
            reach: Reach::Scheduled,
            terminal: Terminal::default(),
            book: Book::default(),
            names: 0,
        };
        world.tell(|world| format!("{:?}", world.settings));
        for _ in 0..world.rng.between(10, STEPS) {
            world.step();
        }
        world.only_time_passes();
        if seed.is_multiple_of(128) {
            world.idle_for_an_hour();
        }
        world.book.happened
    }

    fn tell(&self, what: impl FnOnce(&World) -> String) {
        if self.is_told {
            println!("{:>10} {}", self.now.mono_ms, what(self));
        }
    }

    fn one_in(&mut self, chance: u64) -> bool {
        self.rng.between(1, chance) == 1
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let last = u64::try_from(choices.len() - 1).expect("few choices");
        choices[usize::try_from(self.rng.between(0, last)).expect("few choices")]
    }

    fn step(&mut self) {
        if self.socket == Socket::Connecting && self.one_in(2) {
            self.connection();
            self.after_step();
        }
        match self.rng.between(0, 99) {
            0..=24 => self.pass_some_time(),
            25..=39 => self.connection(),
            40..=51 => self.unblock(),
            52..=76 => self.terminal_speaks(),
            77..=94 => self.caller(),
            95..=96 => self.clock_jumps(),
            97 => self.restart(),
            _ => self.blow(),
        }
        self.after_step();
    }

    /// What the owner does after every turn, and what must hold after it.
    fn after_step(&mut self) {
        self.pump();
        self.fetch_events();
        self.book.check_sizes(&self.session);
        let link = self.session.link_state();
        let fits = match self.socket {
            Socket::Up => link == LinkState::Connected,
            Socket::Connecting => link == LinkState::Connecting,
            Socket::Down => link != LinkState::Connected,
        };
        assert!(fits, "the session thinks {link:?} of a socket that is {:?}", self.socket);
    }

    fn fetch_events(&mut self) {
        while let Some(event) = self.session.next_event() {
            self.tell(|_| format!("    event {}", event.to_json()));
            assert_eq!(event.at, self.now.wall_ms);
            self.book.on_event(&event.kind, self.now);
        }
    }

    fn pass_some_time(&mut self) {
        match self.rng.between(0, 9) {
            0..=4 => {
                let ms = self.rng.between(0, 100);
                self.pass(ms);
            }
            5 | 6 => {
                let ms = self.rng.between(100, 3_000);
                self.pass(ms);
            }
            7 => {
                let ms = self.rng.between(3_000, 30_000);
                self.pass(ms);
            }
            8 => {
                let next = self.session.next_deadline().unwrap_or(0);
                self.pass(next.saturating_sub(self.now.mono_ms));
            }
            _ if self.one_in(4) => {
                let ms = self.pick(&[60_000, 120_000, 600_000]);
                self.pass(ms);
            }
            _ => {
                let ms = self.rng.between(1_000, 400_000);
                self.tell(|_| format!("nobody is awake for {ms} ms"));
                self.turn_clock(ms);
                self.on_time();
            }
        }
    }

    fn turn_clock(&mut self, ms: u64) {
        self.now.mono_ms += ms;
        self.now.wall_ms += i64::try_from(ms).expect("a short time");
    }

    fn on_time(&mut self) {
        self.session.on_time(self.now);
        let next = self.session.next_deadline();
        assert!(next.is_none_or(|at| at > self.now.mono_ms), "a deadline in the past: spinning");
        self.after_step();
    }

    /// Time goes by, and the session is called whenever it asked to be; how often that was.
    fn pass(&mut self, ms: u64) -> u64 {
        self.tell(|_| format!("{ms} ms pass"));
        let end = self.now.mono_ms + ms;
        for wake_ups in 0..WAKE_UPS {
            let Some(at) = self.session.next_deadline().filter(|at| *at <= end) else {
                self.turn_clock(end - self.now.mono_ms);
                return wake_ups;
            };
            self.turn_clock(at.saturating_sub(self.now.mono_ms));
            self.on_time();
        }
        panic!("{WAKE_UPS} wake-ups in {ms} ms");
    }

    /// Does what the session asks for, and writes what the socket takes.
    fn pump(&mut self) {
        while let Some(action) = self.session.next_action() {
            self.tell(|_| format!("    action {action:?}"));
            match action {
                Action::Ping(payload) => self.ping = Some(payload),
                Action::Drop => {
                    self.book.note("dropped");
                    self.hang_up();
                }
            }
        }
        if self.session.take_wish_to_connect() {
            assert_eq!(self.socket, Socket::Down, "a second connection");
            self.socket = Socket::Connecting;
            match self.reach {
                Reach::Scheduled => {}
                Reach::Refused => self.lose(Stage::Connect),
                Reach::Silent => self.connected(),
            }
        }
        while self.socket == Socket::Up && self.writing.is_none() && !self.is_blocked {
            let Some(text) = self.session.next_frame().map(str::to_owned) else { break };
            self.tell(|_| format!("    frame {text}"));
            let message: Value = serde_json::from_str(&text).expect("every frame is JSON");
            self.book.on_frame(&text, &message);
            self.writing = Some(message);
            let how_far = if self.reach == Reach::Silent { 9 } else { self.rng.between(0, 9) };
            match how_far {
                0 => self.wrote(Progress::Nothing),
                1 => self.wrote(Progress::Started),
                _ => self.wrote(Progress::Done),
            }
        }
    }

    fn wrote(&mut self, progress: Progress) {
        let Some(message) = self.writing.take() else { return };
        self.is_blocked = progress != Progress::Done;
        self.book.on_progress(&message, progress);
        if progress == Progress::Done {
            self.terminal.hears(message);
        } else {
            self.writing = Some(message);
        }
        self.tell(|_| format!("    written: {progress:?}"));
        self.session.on_progress(progress, self.now);
    }

    fn unblock(&mut self) {
        self.is_blocked = false;
        if self.writing.is_some() {
            let progress =
                self.pick(&[Progress::Nothing, Progress::Started, Progress::Done, Progress::Done]);
            self.wrote(progress);
        }
    }

    fn hang_up(&mut self) {
        self.socket = Socket::Down;
        self.writing = None;
        self.is_blocked = false;
        self.ping = None;
    }

    fn connected(&mut self) {
        self.tell(|_| "connected".to_owned());
        self.socket = Socket::Up;
        self.book.connections += 1;
        self.session.on_connected(self.now);
    }

    fn lose(&mut self, stage: Stage) {
        self.tell(|_| format!("lost: {}", stage.name()));
        self.hang_up();
        self.session.on_lost(Fault::new(Status::Terminal, stage, "lost"), self.now);
    }

    fn connection(&mut self) {
        match self.socket {
            Socket::Up => {
                if self.one_in(4) {
                    self.lose(Stage::Receive);
                }
            }
            Socket::Connecting => {
                let stage = self.pick(&[Stage::Resolve, Stage::Connect, Stage::Handshake]);
                self.session.on_stage(stage);
                match self.rng.between(0, 5) {
                    0 => self.lose(stage),
                    1 => {}
                    _ => self.connected(),
                }
            }
            Socket::Down => {}
        }
    }

    /// Half a frame, then nothing: the worst moment for a connection to fall.
    fn blow(&mut self) {
        if self.socket == Socket::Up && self.writing.is_some() {
            self.wrote(Progress::Started);
            self.lose(Stage::Send);
        }
    }

    fn clock_jumps(&mut self) {
        let hours = i64::try_from(self.rng.between(0, 48)).expect("few hours");
        self.now.wall_ms += (hours - 24) * 3_600_000;
        self.tell(|_| format!("the clock jumps by {} h", hours - 24));
        self.session.on_clock_jump(self.now);
    }

    fn terminal_speaks(&mut self) {
        if self.socket != Socket::Up {
            return;
        }
        if let Some(payload) = self.ping.take_if(|_| self.rng.between(0, 1) == 0) {
            let payload = if self.one_in(5) { payload ^ 1 } else { payload };
            self.session.on_pong(payload, self.now);
            return;
        }
        if self.one_in(20) {
            self.session.on_heard(self.now);
            return;
        }
        let said = match self.book.any_request(&mut self.rng).filter(|_| self.one_in(12)) {
            Some(forged) => self.terminal.speaks_of(&forged, &mut self.rng),
            None => self.terminal.speaks(&mut self.rng),
        };
        self.tell(|_| format!("terminal: {}", String::from_utf8_lossy(&said)));
        if let Ok(text) = std::str::from_utf8(&said) {
            self.book.on_said(text);
        }
        self.session.on_message(&said, self.now);
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn caller(&mut self) {
        match self.rng.between(0, 19) {
            0..=8 => self.submits_an_order(),
            9..=18 => self.submits_something_else(),
            _ => {
                if let Some(request) = self.book.any_request(&mut self.rng) {
                    self.tell(|_| format!("caller forgets {}", request.request_id));
                    self.session.forget_unknown(&request.request_id);
                    self.book.forget(&request.request_id);
                }
            }
        }
    }

    fn submits_an_order(&mut self) {
        let used = self.book.any_request(&mut self.rng).filter(|_| self.one_in(5));
        let number = match used.and_then(|request| request.merchant_order_no) {
            Some(number) => number,
            None => self.name("N"),
        };
        let amount = self.pick(&["34.50", "10"]);
        let biz_data = json!({
            "trans_type": "1", "merchant_order_no": number, "order_amount": amount
        });
        self.submit(ORDER, &biz_data);
    }

    fn submits_something_else(&mut self) {
        let topic = match self.rng.between(0, 3) {
            0 | 1 => QUERY,
            2 => CLOSE,
            _ => self.pick(&TOPICS),
        };
        let about = self.book.any_request(&mut self.rng);
        let number = about.and_then(|request| request.merchant_order_no);
        let biz_data = match number.filter(|_| !self.one_in(4)) {
            Some(number) => json!({"merchant_order_no": number}),
            None => json!({}),
        };
        self.submit(topic, &biz_data);
    }

    fn submit(&mut self, topic: &str, biz_data: &Value) {
        let used = self.book.any_request(&mut self.rng).filter(|_| self.one_in(20));
        let request_id = used.map_or_else(|| self.name("r"), |request| request.request_id);
        let text = json!({
            "app_id": "app", "topic": topic, "request_id": request_id, "biz_data": biz_data
        });
        let field = |name: &str| biz_data[name].as_str().map(str::to_owned);
        let request = Request {
            request_id,
            topic: topic.to_owned(),
            merchant_order_no: field("merchant_order_no"),
            trans_type: field("trans_type"),
            order_amount: field("order_amount"),
            text: text.to_string(),
        };
        let timeout_ms = if self.one_in(4) { Some(self.rng.between(1, ANSWER_MS)) } else { None };
        self.tell(|_| format!("caller: {} ({timeout_ms:?})", request.text));
        let refused = self.session.check_unused(&request).is_err();
        assert_eq!(refused, self.book.is_used(&request), "a duplicate, or not");
        if refused {
            self.book.note("duplicate");
        } else {
            self.book.accept(&request, self.now);
            self.session.submit(request, timeout_ms, self.now);
        }
    }

    /// The process ends without a word; the next one takes over what its journal has.
    fn restart(&mut self) {
        self.tell(|_| "the process ends, and the next one starts".to_owned());
        self.hang_up();
        self.session = Session::new(self.settings.clone(), self.rng.next_u64(), self.now);
        for (request, since_ms, unknown) in self.book.restart() {
            self.book.note(if unknown { "restored unknown" } else { "restored" });
            self.session.restore(Restored { request, since_ms, unknown }, self.now);
        }
    }

    /// With nothing but time, everything completes within the promised bounds.
    fn only_time_passes(&mut self) {
        self.reach = self.pick(&[Reach::Refused, Reach::Silent]);
        self.tell(|world| format!("from now on: {:?}", world.reach));
        if self.socket == Socket::Connecting {
            match self.reach {
                Reach::Silent => self.connected(),
                _ => self.lose(Stage::Connect),
            }
        }
        self.after_step();
        let settings = &self.settings;
        let answer = settings.order_timeout_ms.max(settings.request_timeout_ms).max(ANSWER_MS);
        let last_words = 2 * settings.recovery_interval_ms.max(2_000);
        let bound = settings.send_timeout_ms + answer + settings.recovery_timeout_ms + last_words;
        self.pass(bound);
        assert_eq!(self.session.in_flight(), 0, "still in flight after {bound} ms");
        self.book.everything_has_completed();
    }

    /// An hour without anything to do costs little.
    fn idle_for_an_hour(&mut self) {
        const HOUR: u64 = 3_600_000;
        let settings = &self.settings;
        let asking = u64::try_from(self.session.clarifying()).expect("a few");
        let clarifying = match settings.clarify_interval_ms {
            0 => 0,
            interval => asking * (HOUR / interval + 1),
        };
        // A connection costs an attempt, its questions, a ping, and the ping's time being up.
        let connecting = match (self.reach, settings.ping_interval_ms) {
            (Reach::Silent, 0) => 1,
            (Reach::Silent, interval) => {
                (HOUR / (interval + settings.ping_timeout_ms) + 1) * (3 + asking)
            }
            _ => HOUR / settings.reconnect_min_ms + 1,
        };
        let wake_ups = self.pass(HOUR);
        let bound = clarifying + connecting;
        assert!(wake_ups <= bound, "{wake_ups} wake-ups in an idle hour, {bound} are fair");
    }
}

fn random_settings(rng: &mut Rng) -> Settings {
    let mut one_of =
        |choices: [u64; 3]| choices[usize::try_from(rng.between(0, 2)).expect("three choices")];
    Settings {
        url: "ws://192.0.2.7:35779".to_owned(),
        app_id: Some("app".to_owned()),
        connect_timeout_ms: one_of([1_000, 5_000, 20_000]),
        send_timeout_ms: one_of([1_000, 10_000, 30_000]),
        order_timeout_ms: one_of([1, 5_000, 40_000]),
        request_timeout_ms: one_of([1, 5_000, 30_000]),
        recovery_timeout_ms: one_of([1, 5_000, 20_000]),
        recovery_interval_ms: one_of([1_000, 2_000, 5_000]),
        clarify_interval_ms: one_of([0, 10_000, 30_000]),
        ping_interval_ms: one_of([0, 15_000, 15_000]),
        ping_timeout_ms: one_of([1_000, 10_000, 10_000]),
        reconnect_min_ms: one_of([100, 500, 500]),
        reconnect_max_ms: one_of([500, 15_000, 15_000]),
    }
}
