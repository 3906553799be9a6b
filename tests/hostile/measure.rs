//! What an attack came to: a row of the table that `make hostile` prints.

use std::fmt;
use std::time::Duration;

use crate::common::slowness;
use crate::neighbour::Delays;

/// What the process may grow by, in KiB: `max_queue_bytes` for each of the two handles, what waits in the journal's
/// cache, a message that comes and one that is read.
const GROWTH_KIB: u64 = 100 * 1024;

/// What everything may take.
pub struct Bounds {
    neighbour: Duration,
    call: Duration,
    shutdown: Duration,
}

impl Bounds {
    /// The contract's, on a machine that does nothing else: the neighbour is not delayed by more than 100 ms, a call comes
    /// back within its own timeout and a second, a shutdown within two.
    pub fn strict(row: &Row) -> Self {
        Bounds {
            neighbour: row.before.longest + Duration::from_millis(100),
            call: Duration::from_secs(1),
            shutdown: Duration::from_secs(2),
        }
    }

    /// Those of a build without optimisation on a machine that is as busy as the neighbour found it before the attack.
    pub fn generous(row: &Row) -> Self {
        let (busy, slowness) = (20 * row.before.longest, slowness::factor());
        Bounds {
            neighbour: row.handles * Duration::from_secs(3) * slowness + busy,
            call: Duration::from_secs(3) * slowness + busy,
            shutdown: Duration::from_secs(5) * slowness + busy,
        }
    }
}

pub struct Row {
    pub attack: String,
    /// Terminals that play it at once.
    pub handles: u32,
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

    pub fn insist(&self, bounds: &Bounds) {
        let Row { attack, during, longest_call, shutdown, grown_kib, .. } = self;
        let longest = during.longest;
        assert!(longest <= bounds.neighbour, "{attack}: the neighbour waited for {longest:.1?}");
        assert!(*longest_call <= bounds.call, "{attack}: a call took {longest_call:.1?} too long");
        assert!(*shutdown <= bounds.shutdown, "{attack}: shutdown took {shutdown:.1?}");
        let most_kib = GROWTH_KIB * u64::from(slowness::factor());
        assert!(*grown_kib <= most_kib, "{attack}: grown by {grown_kib} KiB");
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
