//! A till at a hostile terminal, the till beside it, and the bounds that hold for both.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ecrhub::{Config, EventKind, Outcome, Polled, Status, Terminal};
use serde_json::Value;

use crate::common::*;
use crate::terminal::{Attack, HostileTerminal};

/// How long each attack is played.
const PLAYED: Duration = Duration::from_millis(300);

/// How long requests of the till at the hostile terminal take at most.
const TIMEOUT: Duration = Duration::from_millis(100);

/// What a call may take beyond its own timeout. Without optimisation a giant message takes ten times as long.
const SLACK: Duration = Duration::from_secs(if cfg!(debug_assertions) { 3 } else { 1 });

/// The neighbour is not to be delayed by more than 100 ms. A machine that is busy with something else delays it by more,
/// but neither often nor for ever; and so does a build without optimisation, which takes ten times as long for a message.
const DELAYED: Duration =
    if cfg!(debug_assertions) { Duration::from_secs(1) } else { Duration::from_millis(100) };
const DELAYED_FOR_EVER: Duration = Duration::from_secs(2);

/// What the process may grow by, in KiB: `max_queue_bytes`, a message that comes and one that is read, and the hostile
/// terminal's own.
const GROWTH_KIB: u64 = 100 * 1024;

pub fn config(terminal: &HostileTerminal) -> Config {
    Config {
        connect_timeout_ms: 300,
        send_timeout_ms: 100,
        request_timeout_ms: 100,
        order_timeout_ms: 100,
        recovery_timeout_ms: 100,
        ..config_for(terminal.url())
    }
}

pub const GET_INFO: &str = r#"{"topic":"ecrhub.getInfo","biz_data":{}}"#;

/// Plays it, and insists on every bound.
pub fn play(name: &str, attack: Attack) {
    let _alone = crate::alone();
    let memory = Memory::now();
    let hostile = HostileTerminal::start(attack);
    let victim = Terminal::connect(config(&hostile)).unwrap();
    eventually("the attack has begun", || hostile.has_begun());
    let neighbour = Neighbour::start();
    let mut longest = Duration::ZERO;
    let began = Instant::now();
    while began.elapsed() < PLAYED {
        use_it(&victim, &mut longest);
    }
    let shutdown = Instant::now();
    let delays = neighbour.end();
    // Beside the neighbour's: it ends with it.
    ecrhub::shutdown();
    let shutdown = shutdown.elapsed();
    let grown = memory.growth_kib();
    let connections = hostile.connections();
    drop(hostile);
    println!(
        "{name}: {connections} connections; neighbour {} calls, longest {:?}; longest call {longest:?}; shutdown {shutdown:?}; grown by {grown} KiB",
        delays.count, delays.longest
    );
    delays.insist(name);
    assert!(shutdown < Duration::from_secs(2), "{name}: shutdown took {shutdown:?}");
    assert!(grown < GROWTH_KIB, "{name}: grown by {grown} KiB");
}

/// Everything a till does, each back within its timeout and a second.
fn use_it(victim: &Terminal, longest: &mut Duration) {
    let mut timed = |what: &str, timeout: Duration, run: &mut dyn FnMut()| {
        let began = Instant::now();
        run();
        let took = began.elapsed();
        assert!(took < timeout + SLACK, "{what} took {took:?}");
        *longest = took.max(*longest);
    };
    timed("state", Duration::ZERO, &mut || {
        let state: Value = serde_json::from_str(&victim.state().unwrap()).unwrap();
        assert!(state["events_waiting"].as_u64().unwrap() <= 3_000, "{state}");
    });
    let request = || victim.prepare(GET_INFO).unwrap();
    let or_busy = |error: ecrhub::Error| assert_eq!(error.status(), Status::Busy, "{error}");
    timed("submit", Duration::ZERO, &mut || {
        victim.submit(request(), Some(TIMEOUT)).unwrap_or_else(or_busy);
    });
    timed("poll", TIMEOUT / 10, &mut || drop(victim.poll(Some(TIMEOUT / 10)).unwrap()));
    timed("call", TIMEOUT * 2, &mut || match victim.call(request(), Some(TIMEOUT)) {
        Ok(called) => drop(called),
        Err(error) => or_busy(error),
    });
    let order = || victim.prepare(&sale(&number(), "7.00")).unwrap();
    timed("submit", Duration::ZERO, &mut || {
        victim.submit(order(), Some(TIMEOUT)).unwrap_or_else(or_busy);
    });
    timed("wake", Duration::ZERO, &mut || victim.wake().unwrap());
}

/// A till at a well-behaved terminal, which works on and on. Every other handle it uses is new: what it is told of that
/// one's connection comes from the I/O thread.
struct Neighbour {
    is_over: Arc<AtomicBool>,
    working: std::thread::JoinHandle<Delays>,
}

#[derive(Default)]
struct Delays {
    count: usize,
    delayed: usize,
    longest: Duration,
}

impl Delays {
    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.delayed += usize::from(took > DELAYED);
        self.longest = took.max(self.longest);
    }

    fn insist(&self, name: &str) {
        let Delays { count, delayed, longest } = self;
        assert!(*longest < DELAYED_FOR_EVER, "{name}: the neighbour waited for {longest:?}");
        assert!(*count > 1, "{name}: the neighbour came to {count} calls only");
        assert!(*delayed <= 1 + count / 4, "{name}: {delayed} of {count} calls were delayed");
    }
}

impl Neighbour {
    fn start() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&is_over);
        let working = std::thread::spawn(move || work(&until));
        Neighbour { is_over, working }
    }

    fn end(self) -> Delays {
        self.is_over.store(true, Ordering::Relaxed);
        self.working.join().unwrap()
    }
}

fn work(is_over: &AtomicBool) -> Delays {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    let mut delays = Delays::default();
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        assert_eq!(call(&terminal, &sale(&number(), "7.00")).outcome, Outcome::Approved);
        delays.add(began.elapsed());
        let began = Instant::now();
        wait_connected(&connect(&simulator));
        delays.add(began.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    delays
}

/// The process's, where the system says it.
struct Memory {
    before_kib: Option<u64>,
}

impl Memory {
    fn now() -> Self {
        // From here on the peak counts anew.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        Memory { before_kib: status_kib("VmRSS:") }
    }

    fn growth_kib(&self) -> u64 {
        match (self.before_kib, status_kib("VmHWM:")) {
            (Some(before), Some(peak)) => peak.saturating_sub(before),
            _ => 0,
        }
    }
}

fn status_kib(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
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
    let mut events = Vec::new();
    while let Polled::Event(delivery) = victim.poll(Some(Duration::ZERO)).unwrap() {
        events.push(delivery.accept());
    }
    events
}
