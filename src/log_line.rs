//! The one way into the log.

/// One line for the log, masked, with control characters escaped; whatever a terminal sent must be masked already, see
/// [`crate::redact::line`]. Done here and not by one of the loggers: a Rust program brings its own.
macro_rules! log_line {
    ($level:expr, $($words:tt)+) => {
        if log::log_enabled!($level) {
            log::log!($level, "{}", $crate::redact::line(&format!($($words)+)));
        }
    };
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
