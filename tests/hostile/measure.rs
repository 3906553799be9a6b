//! What an attack came to: a row of the table that `make hostile` prints.

use std::fmt;
use std::time::Duration;

use crate::neighbour::{DELAYED, Delays};

pub struct Row {
    pub attack: String,
    pub connections: usize,
    /// The neighbour's, before the attack and during it.
    pub before: Delays,
    pub during: Delays,
    /// What a call on the attacked handle took beyond its own timeout.
    pub longest_call: Duration,
    pub shutdown: Duration,
    /// The till's process.
    pub peak_kib: u64,
    pub grown_kib: u64,
}

impl Row {
    pub fn head() -> String {
        format!(
            "{:<52} {:>6}  {:>19}  {:>8}  {:>8}  {:>15}",
            "attack", "conns", "neighbour ms", "call ms", "shutdown", "peak (grown) MiB"
        )
    }

    /// With the bounds of a machine that may do other work.
    pub fn insist_generously(&self) {
        self.during.insist(&self.attack);
    }

    /// With those of one that does nothing else. What counts is how much longer the neighbour's longest call is than without
    /// the attack.
    pub fn insist_strictly(&self) {
        let delay = self.during.longest.saturating_sub(self.before.longest);
        assert!(delay <= DELAYED, "{}: the neighbour is delayed by {delay:.0?}", self.attack);
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| format!("{:.1}", duration.as_secs_f64() * 1e3);
        let mib = |kib: u64| format!("{:.1}", kib as f64 / 1024.0);
        write!(
            f,
            "{:<52} {:>6}  {:>8} (alone {:>4})  {:>8}  {:>8}  {:>7} ({:>6})",
            self.attack,
            self.connections,
            ms(self.during.longest),
            ms(self.before.longest),
            ms(self.longest_call),
            ms(self.shutdown),
            mib(self.peak_kib),
            mib(self.grown_kib)
        )
    }
}

/// The process's, where the system says it.
pub struct Memory {
    before_kib: Option<u64>,
}

impl Memory {
    pub fn now() -> Self {
        // From here on the peak counts anew.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        Memory { before_kib: status_kib("VmRSS:") }
    }

    pub fn peak_and_growth_kib(&self) -> (u64, u64) {
        match (self.before_kib, status_kib("VmHWM:")) {
            (Some(before), Some(peak)) => (peak, peak.saturating_sub(before)),
            _ => (0, 0),
        }
    }
}

fn status_kib(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
