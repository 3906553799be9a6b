//! A till at a hostile terminal, the till beside it, and the bounds that hold for both.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ecrhub::{Acknowledged, Config, EventKind, Outcome, Polled, Status, Terminal};
use serde_json::Value;

use crate::common::*;
use crate::measure::{Bounds, Memory, Row};
use crate::neighbour::Neighbour;
use crate::program::HostileProgram;
use crate::terminal::{BEGIN, HostileTerminal};

/// How long requests of the till at the hostile terminal take at most.
const TIMEOUT: Duration = Duration::from_millis(100);

/// The neighbour makes so many calls before the attack, and again during it, however long that takes.
const CALLS: usize = 6;

/// How hard an attack is played.
#[derive(Clone, Copy)]
pub struct Strictness {
    /// How long at least.
    played: Duration,
    /// Completed orders of a till that has a history.
    history: usize,
    pub bounds: fn(&Row) -> Bounds,
}

/// With `make test`, beside whatever else the machine does.
pub const GENEROUS: Strictness =
    Strictness { played: Duration::from_millis(200), history: 300, bounds: Bounds::generous };

/// With `make hostile`, on a machine that does nothing else.
pub const STRICT: Strictness =
    Strictness { played: Duration::from_secs(2), history: 4_000, bounds: Bounds::strict };

/// What a till does beside what all of them do.
struct Habits {
    /// Orders that have completed before the attack begins.
    has_history: bool,
    /// Its requests fill the way to the terminal.
    has_long_requests: bool,
    handles: u32,
}

impl Habits {
    fn at(attack: &str) -> Self {
        Habits {
            has_history: matches!(
                attack,
                "contradictions_for_many_orders"
                    | "long_contradictions_for_many_orders"
                    | "numbers_written_as_numbers"
            ),
            has_long_requests: matches!(attack, "never_reads" | "never_reads_and_talks"),
            handles: if attack == "eight_terminals_at_once" { 8 } else { 1 },
        }
    }
}

fn quick(url: &str) -> Config {
    Config {
        connect_timeout_ms: 300,
        send_timeout_ms: 100,
        request_timeout_ms: 100,
        order_timeout_ms: 100,
        recovery_timeout_ms: 100,
        ..config_for(url)
    }
}

pub fn config(terminal: &HostileTerminal) -> Config {
    quick(terminal.url())
}

pub const GET_INFO: &str = r#"{"topic":"ecrhub.getInfo","biz_data":{}}"#;

/// Plays it.
pub fn play(attack: &str, strictness: Strictness) -> Row {
    // In memory where there is one: what a disk takes is no terminal's doing.
    let memory = Path::new("/dev/shm");
    let within = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(within).unwrap();
    let journal = folder.path().join("journal.db").to_str().unwrap().to_owned();
    let neighbour = Neighbour::start(&journal);
    let alone = Instant::now();
    while neighbour.count() < CALLS || alone.elapsed() < strictness.played / 4 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let before = neighbour.take();
    let memory = Memory::now();
    let hostile = HostileProgram::start(attack);
    let habits = Habits::at(attack);
    let config = Config { journal: Some(journal), ..quick(hostile.url()) };
    let mut till = Till { config, hostile, habits, strictness, longest: Duration::ZERO };
    let victims: Vec<Terminal> = (0..till.habits.handles).map(|_| till.attacked()).collect();
    neighbour.take();
    let began = Instant::now();
    while neighbour.count() < CALLS || began.elapsed() < strictness.played {
        victims.iter().for_each(|victim| till.use_it(victim));
    }
    let another = till.attacked();
    till.timed(Duration::ZERO, || another.disconnect());
    let during = neighbour.end();
    let shutdown = Instant::now();
    ecrhub::shutdown();
    let shutdown = shutdown.elapsed();
    let (peak_kib, grown_kib) = memory.peak_and_growth_kib();
    Row {
        attack: attack.to_owned(),
        handles: till.habits.handles,
        connections: till.hostile.begun(),
        before,
        during,
        longest_call: till.longest,
        shutdown,
        peak_kib,
        grown_kib,
    }
}

struct Till {
    config: Config,
    hostile: HostileProgram,
    habits: Habits,
    strictness: Strictness,
    longest: Duration,
}

impl Till {
    /// A handle at the terminal, whose attack on it has begun.
    fn attacked(&mut self) -> Terminal {
        let begun = self.hostile.begun();
        let victim = if self.habits.has_history {
            self.with_history()
        } else {
            Terminal::connect(self.config.clone()).unwrap()
        };
        eventually("the attack has begun", || self.hostile.begun() > begun);
        victim
    }

    fn with_history(&self) -> Terminal {
        let patient = Config {
            send_timeout_ms: 20_000,
            order_timeout_ms: 20_000,
            request_timeout_ms: 100,
            ..self.config.clone()
        };
        let victim = Terminal::connect(patient).unwrap();
        for _ in 0..self.strictness.history {
            let done = call(&victim, &sale(&digits(), "7.00"));
            assert_eq!(done.outcome, Outcome::Declined);
            let acknowledged = victim.acknowledge(&done.request_id, done.outcome).unwrap();
            assert_eq!(acknowledged, Acknowledged::Done);
        }
        send(&victim, &format!(r#"{{"topic":"{BEGIN}","biz_data":{{}}}}"#));
        victim
    }

    /// Notes what a call takes beyond its timeout.
    fn timed<T>(&mut self, timeout: Duration, run: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = run();
        self.longest = began.elapsed().saturating_sub(timeout).max(self.longest);
        result
    }

    /// Everything a till does, each back within its timeout and a second.
    fn use_it(&mut self, victim: &Terminal) {
        self.timed(Duration::ZERO, || {
            let state: Value = serde_json::from_str(&victim.state().unwrap()).unwrap();
            assert!(state["events_waiting"].as_u64().unwrap() <= 10_000, "{state}");
        });
        self.submit(victim, GET_INFO);
        if self.habits.has_long_requests {
            let filler = "x".repeat(2_000_000);
            let note = format!(r#"{{"topic":"ecrhub.note","biz_data":{{"filler":"{filler}"}}}}"#);
            self.submit(victim, &note);
        }
        self.poll(victim, Duration::ZERO);
        self.poll(victim, TIMEOUT / 10);
        let request = victim.prepare(GET_INFO).unwrap();
        self.timed(TIMEOUT * 2, || match victim.call(request, Some(TIMEOUT)) {
            Ok(called) => drop(called),
            Err(error) => or_busy(&error),
        });
        self.submit(victim, &sale(&number(), "7.00"));
        self.timed(Duration::ZERO, || victim.pending().unwrap());
        self.timed(Duration::ZERO, || victim.wake().unwrap());
    }

    fn submit(&mut self, victim: &Terminal, request: &str) {
        let request = victim.prepare(request).unwrap();
        let submit =
            || victim.submit(request, Some(TIMEOUT)).unwrap_or_else(|error| or_busy(&error));
        self.timed(Duration::ZERO, submit);
    }

    fn poll(&mut self, victim: &Terminal, wait: Duration) {
        let polled = self.timed(wait, || victim.poll(Some(wait)).unwrap());
        let Polled::Event(delivery) = polled else { return };
        if let EventKind::Completed(done) = delivery.accept().kind {
            let id = &done.request_id;
            // A terminal that contradicts itself may have changed it already: then it is outdated.
            let _ = self.timed(Duration::ZERO, || victim.acknowledge(id, done.outcome).unwrap());
        }
    }
}

fn or_busy(error: &ecrhub::Error) {
    assert_eq!(error.status(), Status::Busy, "{error}");
}

/// An order number nobody else has, of digits, as many tills' are.
fn digits() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:020}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The next reason for which a connection ended.
pub fn reason(victim: &Terminal) -> String {
    wait_for(victim, |event| match &event.kind {
        EventKind::Disconnected { error, .. } => Some(error.to_string()),
        _ => None,
    })
}

/// What is fetched until nothing more is there.
pub fn fetch_all(victim: &Terminal) -> Vec<ecrhub::Event> {
    drain(victim)
}
