//! What happens to connections and orders, for the log.
//!
//! Lines are made under a terminal's lock and said once it is free: a host's log callback may be slow, and may take locks
//! of its own. An order's own number stays readable there; what may be a terminal's words is masked before it is put
//! beside one.

use log::Level;

use crate::event::{Completed, Event, EventKind};
use crate::io;
use crate::protocol::{self, Outcome};
use crate::redact;

/// A line for the log.
pub(super) type Line = (Level, String);

/// Says them, about the terminal at this address.
pub(super) fn say(url: &str, lines: Vec<Line>) {
    for (level, line) in lines {
        log_line!(level, "{url}: {line}");
    }
}

/// Lines in a minute on what nobody asked the terminal for: it may say a hundred thousand such things in a second, and a log
/// is on a disk.
const UNASKED_A_MINUTE: u32 = 60;

const MINUTE_MS: u64 = 60_000;

/// Makes the lines for a terminal's events.
#[derive(Debug, Default)]
pub(super) struct Diary {
    /// When the present minute began, on the monotonic clock.
    minute_ms: u64,
    /// Lines on what nobody asked for in this minute, those not said included.
    unasked: u32,
}

impl Diary {
    /// What an event is to the log; nothing where nobody listens, and where the terminal has said too much.
    pub(super) fn lines_for(&mut self, event: &Event) -> [Option<Line>; 2] {
        let level = level_of(&event.kind);
        if !log::log_enabled!(level) {
            return [None, None];
        }
        let left_out = self.begin_minute(io::now().mono_ms).map(|count| {
            (Level::Warn, format!("{count} more messages that nobody asked for came in a minute"))
        });
        let is_said = !is_unasked(&event.kind) || self.may_say();
        [left_out, is_said.then(|| (level, words_for(&event.kind)))]
    }

    /// How many lines of the minute before were not said.
    fn begin_minute(&mut self, now_ms: u64) -> Option<u32> {
        if now_ms.saturating_sub(self.minute_ms) < MINUTE_MS {
            return None;
        }
        self.minute_ms = now_ms;
        let count = std::mem::take(&mut self.unasked).saturating_sub(UNASKED_A_MINUTE);
        Some(count).filter(|count| *count > 0)
    }

    fn may_say(&mut self) -> bool {
        self.unasked = self.unasked.saturating_add(1);
        self.unasked <= UNASKED_A_MINUTE
    }
}

/// The terminal can say it as often as it likes.
fn is_unasked(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Message { .. } | EventKind::ProtocolError { .. })
}

fn level_of(kind: &EventKind) -> Level {
    match kind {
        EventKind::Completed(done) if done.outcome == Outcome::Unknown => Level::Warn,
        EventKind::Completed(done) if done.topic != protocol::ORDER => Level::Debug,
        EventKind::Connected { .. } | EventKind::Completed(_) | EventKind::Clarified(_) => {
            Level::Info
        }
        EventKind::Disconnected { .. }
        | EventKind::Recovering { .. }
        | EventKind::ProtocolError { .. } => Level::Warn,
        EventKind::Message { .. } => Level::Debug,
    }
}

fn words_for(kind: &EventKind) -> String {
    match kind {
        EventKind::Connected { .. } => "connected".to_owned(),
        EventKind::Disconnected { error, retry_in_ms } => {
            let why = redact::text(&error.message);
            format!("disconnected: {why}; tried again in {retry_in_ms} ms")
        }
        EventKind::Completed(done) => words_for_completion(done),
        EventKind::Recovering { request_id, merchant_order_no, reason } => {
            let what = named(protocol::ORDER, merchant_order_no.as_deref(), request_id);
            format!("{what} is being found out: {}", redact::text(reason))
        }
        EventKind::Clarified(truth) => {
            let number = truth.merchant_order_no.as_deref();
            let what = named(protocol::ORDER, number, &truth.request_id);
            format!("{what} was {} after all", truth.outcome)
        }
        EventKind::Message { late_for: Some(id), .. } => format!("a late message for {id}"),
        EventKind::Message { late_for: None, .. } => "a message nobody waits for".to_owned(),
        EventKind::ProtocolError { detail, .. } => {
            format!("said what is no message: {}", redact::text(detail))
        }
    }
}

fn words_for_completion(done: &Completed) -> String {
    let what = named(&done.topic, done.merchant_order_no.as_deref(), &done.request_id);
    let mut words = format!("{what}: {}", done.outcome);
    for (is_so, word) in [(done.recovered, ", found out"), (done.retold, ", told again")] {
        if is_so {
            words.push_str(word);
        }
    }
    if let Some(error) = &done.error {
        words.push_str(": ");
        words.push_str(&redact::text(&error.message));
    }
    words
}

/// A request by what a person knows it by.
pub(super) fn named(topic: &str, number: Option<&str>, request_id: &str) -> String {
    let kind = topic.strip_prefix("ecrhub.pay.").unwrap_or(topic);
    match number {
        Some(number) => format!("{kind} {number} ({request_id})"),
        None => format!("{kind} ({request_id})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Fault, Stage, Status};
    use crate::event::Sent;

    fn completed(topic: &str, outcome: Outcome) -> EventKind {
        EventKind::Completed(Completed {
            request_id: "id7".into(),
            topic: topic.into(),
            merchant_order_no: Some("A1".into()),
            outcome,
            differs: Vec::new(),
            second_look: false,
            description: None,
            sent: Sent::Yes,
            response: None,
            error: None,
            recovered: true,
            retold: false,
            elapsed_ms: 5,
        })
    }

    #[test]
    fn an_order_is_told_with_its_number_and_its_outcome() {
        let kind = completed(protocol::ORDER, Outcome::Approved);
        assert_eq!(words_for(&kind), "order A1 (id7): approved, found out");
        assert_eq!(level_of(&kind), Level::Info);
    }

    #[test]
    fn a_terminal_cannot_pass_a_card_off_as_an_orders_number() {
        const CARD: &str = "4111111111111111";
        let words = format!("order {CARD} ({CARD})");
        let fault = || Fault::new(Status::Terminal, Stage::Terminal, words.clone());
        let mut done = completed(protocol::ORDER, Outcome::Declined);
        if let EventKind::Completed(done) = &mut done {
            done.error = Some(fault());
        }
        let (request_id, raw) = ("id7".to_owned(), String::new());
        for kind in [
            done,
            EventKind::Disconnected { error: fault(), retry_in_ms: 1 },
            EventKind::Recovering { request_id, merchant_order_no: None, reason: words.clone() },
            EventKind::ProtocolError { detail: words.clone(), raw },
        ] {
            let line = redact::line(&words_for(&kind));
            assert!(line.contains("order 411111******1111"), "{line}");
            assert!(!line.contains(CARD), "{line}");
        }
    }

    #[test]
    fn what_nobody_asked_for_is_said_only_so_often_and_then_how_often_it_came() {
        let kind = EventKind::ProtocolError { detail: "x".to_owned(), raw: String::new() };
        let mut diary = Diary::default();
        diary.begin_minute(MINUTE_MS);
        let said = (0..1_000).filter(|_| diary.may_say()).count();
        assert_eq!((said, is_unasked(&kind)), (60, true));
        assert_eq!(diary.begin_minute(2 * MINUTE_MS - 1), None);
        assert_eq!(diary.begin_minute(2 * MINUTE_MS), Some(940));
        assert!(diary.may_say());
        assert_eq!(diary.begin_minute(3 * MINUTE_MS), None);
    }

    #[test]
    fn what_nobody_could_tell_looks_wrong_and_a_query_is_detail() {
        assert_eq!(level_of(&completed(protocol::ORDER, Outcome::Unknown)), Level::Warn);
        assert_eq!(level_of(&completed(protocol::QUERY, Outcome::Approved)), Level::Debug);
    }
}
