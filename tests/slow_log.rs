//! A host's log may take its time: nothing the library owes to others waits for it. See `src/terminal/diary.rs`.
#![cfg(unix)]

mod common;

use std::sync::{Condvar, Mutex};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use common::*;
use ecrhub::{Called, Config, EventKind, Outcome, Terminal};
use ecrhub_simulator::{Options, Simulator};
use log::{LevelFilter, Log, Metadata, Record};

/// The thread that has the slow log.
const SLOW: &str = "slow";

#[derive(Default)]
struct Gate {
    is_held: bool,
    is_open: bool,
}

/// Holds the slow thread up at the first line that has these words.
struct SlowLog {
    words: Mutex<&'static str>,
    gate: Mutex<Gate>,
    changed: Condvar,
}

static LOG: SlowLog = SlowLog {
    words: Mutex::new(""),
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
        let is_mine = thread::current().name() == Some(SLOW)
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
