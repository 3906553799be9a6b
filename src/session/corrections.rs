//! How often an outcome that was reported may be corrected. A terminal that contradicts itself would otherwise have the
//! till told of an order as often as it likes, and no correction is ever dropped.

use super::recent::Past;
use super::{Now, Session};
use crate::event::EventKind;

/// So many corrections of an order are told as they come. Each further one has to wait, twice as long as the one before, and
/// comes from the terminal's answer to a look that is taken then.
const TOLD_AT_ONCE: u32 = 4;

/// The first of those waits where no second look is taken, in milliseconds.
const PAUSE_MS: u64 = 30_000;

/// The longest wait is the first one, doubled so often: a day and a half by default.
const DOUBLED_AT_MOST: u32 = 12;

/// The corrections of an order so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Corrections {
    count: u32,
    /// The next one is not told before, on the monotonic clock.
    next_ms: u64,
}

impl Corrections {
    fn and_one_more(self, pause_ms: u64, now: Now) -> Self {
        let count = self.count.saturating_add(1);
        let next_ms = match count.checked_sub(TOLD_AT_ONCE) {
            Some(doubled) => {
                let pause_ms = pause_ms.saturating_mul(1 << doubled.min(DOUBLED_AT_MOST));
                now.mono_ms.saturating_add(pause_ms)
            }
            None => 0,
        };
        Corrections { count, next_ms }
    }

    /// When the terminal is asked about the order whatever its outcome is, as nothing it says is told before.
    pub(super) fn look_at(self) -> Option<u64> {
        Some(self.next_ms).filter(|at| *at > 0)
    }
}

impl Session {
    /// The order's corrections with one that is told now.
    pub(super) fn count_correction(&self, past: &Past, now: Now) -> Corrections {
        let pause_ms = match self.settings.second_look_ms {
            0 => PAUSE_MS,
            pause_ms => pause_ms,
        };
        past.corrections.and_one_more(pause_ms, now)
    }

    /// The order was corrected too often to be corrected again now: the till sees the message as one that changes nothing. True
    /// when that is so.
    pub(super) fn puts_off_correction(&mut self, past: &Past, message: &str, now: Now) -> bool {
        let at = past.corrections.next_ms;
        if at <= now.mono_ms {
            return false;
        }
        let request_id = past.request.request_id.clone();
        if !self.targets.contains_key(&request_id) && self.settings.second_look_ms > 0 {
            self.look_again(past.request.clone(), past.outcome, at, now);
        }
        let kind = EventKind::Message { message: message.to_owned(), late_for: Some(request_id) };
        self.emit(kind, now);
        true
    }
}
