//! Time for the session, and noticing that it jumped.

use crate::session::Now;
use std::time::{SystemTime, UNIX_EPOCH};

/// Wall clock and monotonic clock may drift apart this much between two looks before it counts as a jump.
const JUMP_MS: i64 = 2_000;

/// This moment.
pub fn now() -> Now {
    let wall_ms = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    };
    Now { mono_ms: mono_ms(), wall_ms }
}

/// Without a [`JumpAlarm`], the loop looks at the clock this often by itself while there is a terminal: the system does
/// not count the time it sleeps as time that a timeout has waited.
#[cfg(not(target_os = "linux"))]
pub(super) const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Milliseconds since the machine started, sleep included.
#[cfg(target_os = "linux")]
fn mono_ms() -> u64 {
    read(libc::CLOCK_BOOTTIME)
}

/// The same without sleep.
#[cfg(target_os = "linux")]
fn awake_ms() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

#[cfg(target_os = "linux")]
fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec to write to for the length of the call.
    let status = unsafe { libc::clock_gettime(clock, &raw mut time) };
    debug_assert_eq!(status, 0, "both clocks exist since Linux 2.6.39");
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds * 1_000 + nanoseconds / 1_000_000
}

/// Milliseconds since the machine started, sleep included.
#[cfg(windows)]
fn mono_ms() -> u64 {
    // SAFETY: it takes nothing, and cannot fail.
    unsafe { windows_sys::Win32::System::SystemInformation::GetTickCount64() }
}

/// The same without sleep. Windows 7 has both clocks.
#[cfg(windows)]
fn awake_ms() -> u64 {
    use windows_sys::Win32::System::WindowsProgramming::QueryUnbiasedInterruptTime;
    const PER_MS: u64 = 10_000;
    let mut awake = 0;
    // SAFETY: `awake` is a number to write to for the length of the call.
    let done = unsafe { QueryUnbiasedInterruptTime(&raw mut awake) };
    debug_assert_ne!(done, 0, "it fails for NULL only");
    awake / PER_MS
}

/// How long the machine has slept in all: one of the clocks stands still meanwhile.
#[cfg(any(target_os = "linux", windows))]
fn asleep_ms() -> u64 {
    mono_ms().saturating_sub(awake_ms())
}

/// Milliseconds since the library's first look at the clock.
#[cfg(not(any(target_os = "linux", windows)))]
fn mono_ms() -> u64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX / 2)
}

/// Where sleep cannot be told from the clocks, it shows as a wall clock that went ahead.
#[cfg(not(any(target_os = "linux", windows)))]
fn asleep_ms() -> u64 {
    0
}

/// Compares the clocks from one look to the next.
#[derive(Debug, Default)]
pub(super) struct JumpWatch {
    last: Option<(i64, u64)>,
}

impl JumpWatch {
    /// Whether, since the last look, the wall clock was set or the machine slept.
    pub(super) fn jumped(&mut self) -> bool {
        self.jumped_at(now(), asleep_ms())
    }

    fn jumped_at(&mut self, now: Now, asleep_ms: u64) -> bool {
        let offset = now.wall_ms - i64::try_from(now.mono_ms).unwrap_or(i64::MAX);
        let last = self.last.replace((offset, asleep_ms));
        last.is_some_and(|(last_offset, last_asleep)| {
            (offset - last_offset).abs() > JUMP_MS
                || asleep_ms.saturating_sub(last_asleep) > JUMP_MS.unsigned_abs()
        })
    }
}

/// A kernel timer that becomes readable when the wall clock jumps, which includes waking up from sleep: without it a
/// jump is noticed only when the loop has something else to do.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct JumpAlarm {
    fd: std::os::fd::OwnedFd,
}

#[cfg(target_os = "linux")]
impl JumpAlarm {
    /// The timer armed; none where the kernel has none.
    pub(super) fn new() -> Option<Self> {
        use std::os::fd::FromRawFd;
        // SAFETY: timerfd_create takes no pointers.
        let raw = unsafe {
            libc::timerfd_create(libc::CLOCK_REALTIME, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC)
        };
        if raw < 0 {
            return None;
        }
        // SAFETY: the descriptor was just made and nobody else has it.
        let alarm = JumpAlarm { fd: unsafe { std::os::fd::OwnedFd::from_raw_fd(raw) } };
        alarm.arm().then_some(alarm)
    }

    /// The descriptor for the event loop.
    pub(super) fn raw(&self) -> std::os::fd::RawFd {
        use std::os::fd::AsRawFd;
        self.fd.as_raw_fd()
    }

    /// Sets it to a moment that never comes, to be cancelled when the clock is set. Doing it again clears it.
    pub(super) fn arm(&self) -> bool {
        // Where seconds are 32 bits it comes in 2038: then the timer is done without, rather than spun at.
        if i128::from(now().wall_ms / 1_000) >= i128::from(NEVER_S) {
            return false;
        }
        let never = libc::itimerspec {
            it_interval: libc::timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: libc::timespec { tv_sec: NEVER_S, tv_nsec: 0 },
        };
        let flags = libc::TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
        // SAFETY: the descriptor is ours and open, `never` lives through the call, and no old value is asked for.
        unsafe {
            libc::timerfd_settime(self.raw(), flags, &raw const never, std::ptr::null_mut()) == 0
        }
    }
}

/// The last second that the system's clock can count to.
#[cfg(target_os = "linux")]
const NEVER_S: libc::time_t = libc::time_t::MAX;

/// `include/linux/timerfd.h`; not every C library's binding has it.
#[cfg(target_os = "linux")]
const TFD_TIMER_CANCEL_ON_SET: libc::c_int = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mono_ms: u64, wall_ms: i64) -> Now {
        Now { mono_ms, wall_ms }
    }

    #[test]
    fn time_that_passes_is_no_jump() {
        let mut watch = JumpWatch::default();
        assert!(!watch.jumped_at(at(0, 1_000_000), 0));
        assert!(!watch.jumped_at(at(3_600_000, 4_600_000), 0));
    }

    #[test]
    fn a_clock_that_was_set_is_a_jump_forwards_and_backwards() {
        let mut watch = JumpWatch::default();
        assert!(!watch.jumped_at(at(0, 1_000_000), 0));
        assert!(watch.jumped_at(at(10, 1_100_000), 0));
        assert!(watch.jumped_at(at(20, 1_000_000), 0));
        assert!(!watch.jumped_at(at(30, 1_000_010), 0), "told once");
    }

    #[test]
    fn sleep_is_a_jump_though_both_clocks_agree() {
        let mut watch = JumpWatch::default();
        assert!(!watch.jumped_at(at(0, 1_000_000), 0));
        assert!(watch.jumped_at(at(60_000, 1_060_000), 60_000));
    }

    /// A wrong unit in one of the two would show within these milliseconds.
    #[cfg(any(target_os = "linux", windows))]
    #[test]
    fn awake_both_clocks_run_alike() {
        const SLACK_MS: u64 = 300;
        let (mono, awake) = (mono_ms(), awake_ms());
        assert!(awake <= mono + SLACK_MS, "{awake} is more than {mono}, sleep included");
        std::thread::sleep(std::time::Duration::from_millis(500));
        let passed = mono_ms() - mono;
        assert!(passed + SLACK_MS >= 500, "{passed}");
        assert!((awake_ms() - awake).abs_diff(passed) <= SLACK_MS, "they part");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_alarm_can_be_made_here() {
        assert!(JumpAlarm::new().is_some_and(|alarm| alarm.arm()));
    }

    /// Armed for 2038, the loop would spin from then on: each look finds it readable.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    #[test]
    fn the_alarm_is_set_for_no_year_that_a_till_will_see() {
        const YEAR_S: i64 = 31_556_952;
        let alarm = JumpAlarm::new().unwrap();
        let mut armed = std::mem::MaybeUninit::<libc::itimerspec>::uninit();
        // SAFETY: the descriptor is open, and timerfd_gettime fills `armed` when it returns 0.
        let armed = unsafe {
            assert_eq!(libc::timerfd_gettime(alarm.raw(), armed.as_mut_ptr()), 0);
            armed.assume_init()
        };
        assert!(armed.it_value.tv_sec > 200 * YEAR_S, "{} s from now", armed.it_value.tv_sec);
    }
}
