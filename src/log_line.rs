//! The one way into the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use log::Level;

use crate::process::PerProcess;

/// One line for the log, masked, with control characters escaped; whatever a terminal sent must be masked already, see
/// [`crate::redact::line`]. Done here and not by one of the loggers: a Rust program brings its own.
macro_rules! log_line {
    ($level:expr, $($words:tt)+) => {
        if log::log_enabled!($level) {
            log::log!($level, "{}", $crate::redact::line(&format!($($words)+)));
        }
    };
}

/// The same from where a lock is held that other calls wait for: the host's log may take its time, or wait itself for
/// whoever makes such a call. [`say_kept`] says it.
macro_rules! log_line_later {
    ($level:expr, $($words:tt)+) => {
        if log::log_enabled!($level) {
            $crate::log_line::keep($level, format!($($words)+));
        }
    };
}

#[derive(Default)]
struct Kept {
    is_any: AtomicBool,
    lines: Mutex<Vec<(Level, String)>>,
}

static KEPT: PerProcess<Kept> = PerProcess::new(
    Kept { is_any: AtomicBool::new(false), lines: Mutex::new(Vec::new()) },
    Kept::default,
);

pub(crate) fn keep(level: Level, line: String) {
    let kept = KEPT.get();
    kept.lines.lock().unwrap_or_else(PoisonError::into_inner).push((level, line));
    kept.is_any.store(true, Ordering::Release);
}

/// Says what was kept. By a thread that holds no lock: each call of the C API ends with it, and so does each turn of a
/// terminal and of the I/O thread.
pub(crate) fn say_kept() {
    let kept = KEPT.get();
    if !kept.is_any.load(Ordering::Relaxed) || !kept.is_any.swap(false, Ordering::Acquire) {
        return;
    }
    let lines = std::mem::take(&mut *kept.lines.lock().unwrap_or_else(PoisonError::into_inner));
    for (level, line) in lines {
        log_line!(level, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    #[test]
    fn nothing_goes_into_the_log_beside_it() {
        let mut found = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 50, "{}", found.len());
        let beside = found.iter().filter(|(path, _)| !path.contains("log_line"));
        let beside = beside.filter(|(path, _)| !path.ends_with("tests.rs"));
        for (path, text) in beside {
            for level in ["log", "error", "warn", "info", "debug", "trace"] {
                assert!(!text.contains(&format!("log::{level}!")), "{path} has log::{level}!");
            }
        }
    }
}
