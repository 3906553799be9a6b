//! The library's log on standard error, when asked for.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

use crate::clock;
use crate::out::plain;

struct ToStderr;

impl Log for ToStderr {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let at = clock::time(clock::now_ms());
        let level = record.level().as_str().to_lowercase();
        // A log that cannot be written is no reason to give up a payment.
        let _ =
            writeln!(std::io::stderr(), "{at} {level:<5} {}", plain(&record.args().to_string()));
    }

    fn flush(&self) {}
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
