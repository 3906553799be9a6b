//! The library's log on standard error, when asked for.

use std::io::Write;

use ecrhub::mask;
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::clock;
use crate::out::plain;

struct ToStderr;

impl Log for ToStderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What the WebSocket library logs is the terminal's messages, whole and with the card's number in clear.
        is_the_librarys(metadata) || metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let at = clock::time(clock::now_ms());
        let level = record.level().as_str().to_lowercase();
        let line = record.args().to_string();
        // The library's own lines are masked already, and it knows which numbers are an order's.
        let line = if is_the_librarys(record.metadata()) { line } else { mask::text(&line) };
        // A log that cannot be written is no reason to give up a payment.
        let _ = writeln!(std::io::stderr(), "{at} {level:<5} {}", plain(&line));
    }

    fn flush(&self) {}
}

fn is_the_librarys(metadata: &Metadata<'_>) -> bool {
    metadata.target().split("::").next() == Some("ecrhub")
}

/// `-v` is once, `-vv` twice.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::Info,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    if log::set_logger(&ToStderr).is_ok() {
        log::set_max_level(level);
    }
}
