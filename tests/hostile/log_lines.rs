//! The log of a till at a terminal that never stops talking.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use ecrhub::Terminal;
use serde_json::Value;

use crate::alone;
use crate::common::*;
use crate::terminal::{HostileTerminal, text};
use crate::till::config;

thread_local! {
    /// So many lines from now, this thread's log panics.
    pub static LINES_LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Lines since the program began.
static LINES: AtomicUsize = AtomicUsize::new(0);

struct Counting;

/// Counts, and says nothing.
pub fn log_from(level: log::LevelFilter) {
    // It may have been set by the test before.
    let _ = log::set_logger(&Counting);
    log::set_max_level(level);
}

impl log::Log for Counting {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("ecrhub::terminal")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        LINES.fetch_add(1, Ordering::Relaxed);
        match LINES_LEFT.get() {
            Some(0) => {
                LINES_LEFT.set(None);
                panic!("the host's log panics at {}", record.args());
            }
            left => LINES_LEFT.set(left.map(|left| left - 1)),
        }
    }

    fn flush(&self) {}
}

#[test]
fn what_a_terminal_says_without_end_does_not_fill_the_log() {
    let _alone = alone();
    let hostile = HostileTerminal::start(|victim| {
        victim.shake_hands()?;
        victim.flood(&[text("no message"), text("{}")].concat())
    });
    log_from(log::LevelFilter::Debug);
    let before = LINES.load(Ordering::Relaxed);
    let victim = Terminal::connect(config(&hostile)).unwrap();
    eventually("it has said more than is kept", || {
        let state: Value = serde_json::from_str(&victim.state().unwrap()).unwrap();
        state["events_dropped"].as_u64().unwrap() > 2_000
    });
    drop(victim);
    log_from(log::LevelFilter::Off);
    let lines = LINES.load(Ordering::Relaxed) - before;
    assert!((60..200).contains(&lines), "{lines} lines");
}
