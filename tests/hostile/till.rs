//! A till at a hostile terminal, the till beside it, and the bounds that hold for both.

use std::path::Path;
use std::time::{Duration, Instant};

use ecrhub::{Config, EventKind, Outcome, Polled, Status, Terminal};
use serde_json::Value;

use crate::common::*;
use crate::measure::{Memory, Row};
use crate::neighbour::{Delays, Neighbour};
use crate::program::HostileProgram;
use crate::terminal::{BEGIN, HostileTerminal};

/// How long requests of the till at the hostile terminal take at most.
const TIMEOUT: Duration = Duration::from_millis(100);

/// What a call may take beyond its own timeout. Without optimisation a giant message takes ten times as long.
const SLACK: Duration = Duration::from_secs(if cfg!(debug_assertions) { 3 } else { 1 });

/// What a shutdown may take.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// What the process may grow by, in KiB: `max_queue_bytes` for each of the two handles, what waits in the journal's
/// cache, a message that comes and one that is read.
const GROWTH_KIB: u64 = 100 * 1024;

/// How hard an attack is played.
#[derive(Clone, Copy)]
pub struct Strictness {
    /// How long.
    played: Duration,
    /// How long the neighbour works alone before.
    alone: Duration,
    /// Completed orders of a till that has a history.
    history: usize,
    /// What is expected of a neighbour.
    insist: fn(&Row),
}

impl Strictness {
    pub fn insist(self, row: &Row) {
        (self.insist)(row);
    }
}

/// With `make test`, beside whatever else the machine does.
pub const GENEROUS: Strictness = Strictness {
    played: Duration::from_millis(300),
    alone: Duration::ZERO,
    history: 300,
    insist: Row::insist_generously,
};

/// With `make hostile`, on a machine that does nothing else.
pub const STRICT: Strictness = Strictness {
    played: Duration::from_secs(2),
    alone: Duration::from_millis(500),
    history: 4_000,
    insist: Row::insist_strictly,
};

/// What a till does beside what all of them do.
struct Habits {
    /// Orders that have completed before the attack begins.
    has_history: bool,
    /// Its requests fill the way to the terminal.
    has_long_requests: bool,
    handles: usize,
}

impl Habits {
    fn at(attack: &str) -> Self {
        Habits {
            has_history: matches!(
                attack,
                "contradictions_for_many_orders" | "numbers_written_as_numbers"
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

/// Plays it, and insists on the bounds of every single call.
pub fn play(attack: &str, strictness: Strictness) -> Row {
    // In memory where there is one: what a disk takes is no terminal's doing.
    let memory = Path::new("/dev/shm");
    let within = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(within).unwrap();
    let journal = folder.path().join("journal.db").to_str().unwrap().to_owned();
    let neighbour = Neighbour::start(&journal);
    std::thread::sleep(strictness.alone);
    let before: Delays = neighbour.take();
    let memory = Memory::now();
    let hostile = HostileProgram::start(attack);
    let habits = Habits::at(attack);
    let config = Config { journal: Some(journal), ..quick(hostile.url()) };
    let mut till = Till { config, hostile, habits, strictness, longest: Duration::ZERO };
    let victims: Vec<Terminal> = (0..till.habits.handles).map(|_| till.attacked()).collect();
    neighbour.take();
    let began = Instant::now();
    while began.elapsed() < strictness.played {
        victims.iter().for_each(|victim| till.use_it(victim));
    }
    let another = till.attacked();
    till.timed("disconnect", Duration::ZERO, || another.disconnect());
    let during = neighbour.end();
    let shutdown = Instant::now();
    ecrhub::shutdown();
    let shutdown = shutdown.elapsed();
    assert!(shutdown < SHUTDOWN, "{attack}: shutdown took {shutdown:?}");
    let (peak_kib, grown_kib) = memory.peak_and_growth_kib();
    assert!(grown_kib < GROWTH_KIB, "{attack}: grown by {grown_kib} KiB");
    Row {
        attack: attack.to_owned(),
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
            let done = call(&victim, &sale(&number(), "7.00"));
            assert_eq!(done.outcome, Outcome::Declined);
        }
        send(&victim, &format!(r#"{{"topic":"{BEGIN}","biz_data":{{}}}}"#));
        victim
    }

    fn timed<T>(&mut self, what: &str, timeout: Duration, run: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = run();
        let took = began.elapsed();
        assert!(took < timeout + SLACK, "{what} took {took:?}");
        self.longest = took.saturating_sub(timeout).max(self.longest);
        result
    }

    /// Everything a till does, each back within its timeout and a second.
    fn use_it(&mut self, victim: &Terminal) {
        self.timed("state", Duration::ZERO, || {
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
        self.timed("call", TIMEOUT * 2, || match victim.call(request, Some(TIMEOUT)) {
            Ok(called) => drop(called),
            Err(error) => or_busy(&error),
        });
        self.submit(victim, &sale(&number(), "7.00"));
        self.timed("pending", Duration::ZERO, || victim.pending().unwrap());
        self.timed("wake", Duration::ZERO, || victim.wake().unwrap());
    }

    fn submit(&mut self, victim: &Terminal, request: &str) {
        let request = victim.prepare(request).unwrap();
        let submit =
            || victim.submit(request, Some(TIMEOUT)).unwrap_or_else(|error| or_busy(&error));
        self.timed("submit", Duration::ZERO, submit);
    }

    fn poll(&mut self, victim: &Terminal, wait: Duration) {
        let polled = self.timed("poll", wait, || victim.poll(Some(wait)).unwrap());
        let Polled::Event(delivery) = polled else { return };
        if let EventKind::Completed(done) = delivery.accept().kind {
            let id = &done.request_id;
            self.timed("acknowledge", Duration::ZERO, || victim.acknowledge(id).unwrap());
        }
    }
}

fn or_busy(error: &ecrhub::Error) {
    assert_eq!(error.status(), Status::Busy, "{error}");
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
