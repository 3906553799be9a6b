//! `--timeout`: how long a command may take, from its beginning to its end.

use std::time::{Duration, Instant};

use ecrhub::Config;

/// A connection is closed properly in this time, or left to the system.
const GOODBYE: Duration = Duration::from_secs(2);
/// The same where there is a limit.
const LATE_GOODBYE: Duration = Duration::from_millis(300);
/// The library's own word that nothing came goes before the command's.
const AFTER_THE_LIBRARY: Duration = Duration::from_millis(300);
/// Of an order's time the last part, at most so long, is for giving it up.
const FOR_GIVING_UP: Duration = Duration::from_secs(5);
const SHARE_FOR_GIVING_UP: u32 = 4;

/// Without a limit, the configuration's times are all there is.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    began: Instant,
    time: Option<Duration>,
}

impl Limit {
    /// It runs from now on.
    pub fn starts(time: Option<Duration>) -> Limit {
        Limit { began: Instant::now(), time }
    }

    /// How long the answer is waited for. That of an order well beyond its being given up: one that the library already
    /// asks about is not given up here. What is left then is for asking, where the answer is lost.
    pub fn for_the_answer(self, is_order: bool) -> Option<Duration> {
        if !is_order {
            return self.time;
        }
        let (time, before) = (self.time?, self.before_giving_up()?);
        Some(before + (time - before) / 2)
    }

    /// When an order that still waits for the customer is given up.
    pub fn gives_up_at(self) -> Option<Instant> {
        Some(self.began + self.before_giving_up()?)
    }

    fn before_giving_up(self) -> Option<Duration> {
        self.time.map(|time| time - FOR_GIVING_UP.min(time / SHARE_FOR_GIVING_UP))
    }

    /// When the command ends, whatever is still open.
    pub fn ends_at(self) -> Option<Instant> {
        Some(self.began + self.time? + AFTER_THE_LIBRARY)
    }

    pub fn time(self) -> Option<Duration> {
        self.time
    }

    /// What is left of it, where a step by itself takes at most `longest`.
    pub fn left_of(self, longest: Duration) -> Duration {
        let left = self.time.map(|time| time.saturating_sub(self.began.elapsed()));
        left.map_or(longest, |left| left.max(Duration::from_millis(1)))
    }

    pub fn for_goodbye(self) -> Duration {
        if self.time.is_some() { LATE_GOODBYE } else { GOODBYE }
    }

    /// Nothing may wait for longer to be sent.
    pub fn apply(self, config: &mut Config, is_order: bool) {
        let time = if is_order { self.before_giving_up() } else { self.time };
        if let Some(time) = time {
            let ms = u32::try_from(time.as_millis()).unwrap_or(u32::MAX).max(1);
            config.send_timeout_ms = config.send_timeout_ms.min(ms);
            config.connect_timeout_ms = config.connect_timeout_ms.min(ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_given_up_while_there_is_time_for_it() {
        let before = |seconds| {
            let limit = Limit::starts(Some(Duration::from_secs(seconds)));
            let before = limit.before_giving_up().unwrap();
            let answer = limit.for_the_answer(true).unwrap();
            assert!(before < answer && answer < Duration::from_secs(seconds), "{answer:?}");
            before
        };
        assert_eq!(before(2), Duration::from_millis(1_500));
        assert_eq!(before(180), Duration::from_secs(175));
        assert_eq!(Limit::starts(None).gives_up_at(), None);
    }

    #[test]
    fn all_of_it_ends_within_a_second_after_the_limit() {
        let limit = Limit::starts(Some(Duration::ZERO));
        let late = limit.ends_at().unwrap() - limit.began + limit.for_goodbye();
        assert!(late < Duration::from_secs(1), "{late:?}");
    }

    #[test]
    fn nothing_waits_longer_to_be_sent() {
        let mut config = Config::new("ws://t");
        Limit::starts(Some(Duration::from_secs(2))).apply(&mut config, false);
        assert_eq!((config.send_timeout_ms, config.connect_timeout_ms), (2_000, 2_000));
        Limit::starts(Some(Duration::from_secs(60))).apply(&mut config, false);
        assert_eq!(config.send_timeout_ms, 2_000, "the file's own is shorter");
    }
}
