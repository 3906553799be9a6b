//! A host's log may take its time: nothing the library owes to others waits for it. See `src/terminal/diary.rs`.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Condvar, Mutex};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use common::*;
use ecrhub::{Acknowledged, Called, Config, EventKind, Outcome, Terminal};
use ecrhub_simulator::{Options, Simulator};
use log::{LevelFilter, Log, Metadata, Record};

/// The thread that has the slow log.
const SLOW: &str = "slow";

#[derive(Default)]
struct Gate {
    is_held: bool,
    is_open: bool,
}

/// Holds the slow thread up at the first line that has these words; or whichever thread says it.
struct SlowLog {
    words: Mutex<&'static str>,
    holds_anybody: AtomicBool,
    gate: Mutex<Gate>,
    changed: Condvar,
}

static LOG: SlowLog = SlowLog {
    words: Mutex::new(""),
    holds_anybody: AtomicBool::new(false),
    gate: Mutex::new(Gate { is_held: false, is_open: false }),
    changed: Condvar::new(),
};

impl SlowLog {
    fn begin(&'static self, words: &'static str) {
        if log::set_logger(self).is_ok() {
            log::set_max_level(LevelFilter::Debug);
        }
        *self.words.lock().unwrap() = words;
        *self.gate.lock().unwrap() = Gate::default();
    }

    fn is_held(&self) -> bool {
        self.gate.lock().unwrap().is_held
    }

    fn await_held(&self) {
        let gate = self.gate.lock().unwrap();
        let held = self.changed.wait_timeout_while(gate, PATIENCE, |gate| !gate.is_held);
        assert!(!held.unwrap().1.timed_out(), "the line was not said");
    }

    fn release(&self) {
        let mut gate = self.gate.lock().unwrap();
        assert!(gate.is_held && !gate.is_open, "it was held up all the time");
        gate.is_open = true;
        self.changed.notify_all();
    }
}

impl Log for SlowLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let is_mine = (self.holds_anybody.load(Ordering::Relaxed)
            || thread::current().name() == Some(SLOW))
            && record.args().to_string().contains(*self.words.lock().unwrap());
        if !is_mine {
            return;
        }
        let mut gate = self.gate.lock().unwrap();
        gate.is_held = true;
        self.changed.notify_all();
        drop(self.changed.wait_timeout_while(gate, PATIENCE, |gate| !gate.is_open));
    }

    fn flush(&self) {}
}

/// The call comes back although the log does not.
fn comes_back(what: &str, call: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        scope.spawn(move || {
            call();
            tell.send(()).unwrap();
        });
        let has_come = told.recv_timeout(PATIENCE / 3).is_ok();
        if !has_come {
            LOG.release();
        }
        assert!(has_come, "{what} waits for the log");
    });
}

fn connect(simulator: &Simulator) -> Terminal {
    // No heartbeat that would wake the I/O thread by the way, and an end to everything.
    let terminal = Terminal::connect(Config {
        ping_interval_ms: 0,
        order_timeout_ms: 20_000,
        recovery_timeout_ms: 1_000,
        ..config(simulator)
    })
    .unwrap();
    wait_connected(&terminal);
    terminal
}

fn slowly<T>(run: impl FnOnce() -> T + Send, meanwhile: impl FnOnce()) -> T
where
    T: Send,
{
    thread::scope(|scope| {
        let slow = Builder::new().name(SLOW.into()).spawn_scoped(scope, run).unwrap();
        LOG.await_held();
        meanwhile();
        LOG.release();
        slow.join().unwrap()
    })
}

/// One log for the whole process, so one test.
#[test]
fn nobody_waits_for_the_log_of_another() {
    an_orders_time_runs_while_the_log_hears_that_it_was_taken();
    who_is_in_the_log_does_not_keep_the_socket();
    LOG.holds_anybody.store(true, Ordering::Relaxed);
    a_terminals_lock_is_not_held_while_the_log_hears_of_its_descriptor();
    outcomes_are_acknowledged_while_the_log_hears_of_the_journal();
    a_journal_is_open_while_the_log_hears_of_it();
}

fn an_orders_time_runs_while_the_log_hears_that_it_was_taken() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    simulator.freeze();
    LOG.begin("is taken");
    let order = terminal.prepare(&sale(&number(), "7.00")).unwrap();
    slowly(
        || terminal.submit(order, Some(Duration::from_millis(50))).unwrap(),
        || {
            wait_for(&terminal, |event| {
                matches!(event.kind, EventKind::Recovering { .. }).then_some(())
            });
        },
    );
}

fn who_is_in_the_log_does_not_keep_the_socket() {
    let options = Options { manual: true, ..Options::default() };
    let simulator = Simulator::start(options).expect("a free port on loopback");
    let terminal = connect(&simulator);
    LOG.begin("query");
    let order = terminal.prepare(&sale(&number(), "7.00")).unwrap();
    let ask = || assert_eq!(call(&terminal, &query(&number())).outcome, Outcome::NotFound);
    let called = thread::scope(|scope| {
        // Its answer is read by the slow thread, which waits for the order's.
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            ask();
        });
        slowly(
            || terminal.call(order, None).unwrap(),
            || {
                let began = Instant::now();
                (0..10).for_each(|_| ask());
                let took = began.elapsed();
                terminal.disconnect();
                assert!(took < Duration::from_secs(10), "answered by a timer, after {took:?}");
            },
        )
    });
    assert!(matches!(called, Called::Interrupted));
}

/// A host that has something of its own where the library's descriptor was.
fn a_terminals_lock_is_not_held_while_the_log_hears_of_its_descriptor() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    let own = File::options().write(true).open("/dev/null").unwrap();
    // SAFETY: both are open, and dup2 takes no pointers.
    assert!(unsafe { libc::dup2(own.as_raw_fd(), terminal.wait_fd().unwrap()) } >= 0);
    LOG.begin("the wait descriptor cannot be set");
    simulator.push_text(r#"{"topic":"ecrhub.hello"}"#);
    LOG.await_held();
    comes_back("the state", || drop(terminal.state().unwrap()));
    LOG.release();
}

/// A journal in which something fails.
struct Broken {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Broken {
    fn new(simulator: &Simulator, how: &str) -> Broken {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        drop(with_journal(simulator, &path));
        ecrhub_is_done_with(&path);
        rusqlite::Connection::open(&path).unwrap().execute_batch(how).unwrap();
        Broken { _folder: folder, path }
    }
}

/// The journal is closed when its handle is forgotten, on the I/O thread.
fn ecrhub_is_done_with(path: &Path) {
    let shared_memory = PathBuf::from(format!("{}-shm", path.display()));
    eventually("the journal is closed", || !shared_memory.exists());
}

fn with_journal(simulator: &Simulator, path: &Path) -> Terminal {
    let journal = Some(path.to_str().unwrap().to_owned());
    Terminal::connect(Config { journal, second_look_ms: 50, ..config(simulator) }).unwrap()
}

fn outcomes_are_acknowledged_while_the_log_hears_of_the_journal() {
    let simulator = simulator();
    let journal = Broken::new(
        &simulator,
        "CREATE TRIGGER keeps_looks BEFORE UPDATE OF look_ms ON orders \
         WHEN OLD.look_ms IS NOT NULL AND NEW.look_ms IS NULL \
         BEGIN SELECT RAISE(FAIL, 'a look stays'); END",
    );
    let terminal = with_journal(&simulator, &journal.path);
    wait_connected(&terminal);
    let looked_at = call(&terminal, &sale(&number(), "7.01")).request_id;
    let looks = || simulator.received().iter().filter(|text| text.contains("pay.query")).count();
    eventually("the second look", || looks() == 1);
    LOG.begin("a second look could not be written");
    // Until its answer has been read, nothing is to be written.
    let sell = || {
        while !LOG.is_held() {
            drop(call(&terminal, &sale(&number(), "7.00")));
        }
    };
    slowly(sell, || {
        comes_back("the acknowledgement", || {
            let acknowledged = terminal.acknowledge(&looked_at, Outcome::Declined).unwrap();
            assert_eq!(acknowledged, Acknowledged::Done);
        });
    });
}

fn a_journal_is_open_while_the_log_hears_of_it() {
    let simulator = simulator();
    let journal = Broken::new(
        &simulator,
        "DELETE FROM meta WHERE key = 'purged_ms'; \
         CREATE TRIGGER never_purged BEFORE INSERT ON meta BEGIN SELECT RAISE(FAIL, 'not today'); END",
    );
    LOG.begin("old orders stay in the journal");
    let first = || drop(with_journal(&simulator, &journal.path));
    slowly(first, || {
        comes_back("the next handle", || drop(with_journal(&simulator, &journal.path)));
    });
}
