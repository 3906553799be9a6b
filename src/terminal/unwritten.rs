//! Outcomes that were handed out although the journal could not be written: the one place that knows them.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use crate::event::{Event, EventKind};

/// Of each order the newest outcome that is not in the journal.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    newest: BTreeMap<String, Event>,
}

/// Whose outcome it is, and how it ranks among that order's: a clarification comes after the completion, a later one
/// after an earlier one.
fn place(event: &Event) -> Option<(&str, (bool, i64))> {
    match &event.kind {
        EventKind::Completed(done) => Some((&done.request_id, (false, event.at))),
        EventKind::Clarified(truth) => Some((&truth.request_id, (true, event.at))),
        _ => None,
    }
}

impl Unwritten {
    /// The event could not be written.
    pub(super) fn keep(&mut self, event: &Event) {
        let Some((request_id, rank)) = place(event) else { return };
        let known = self.newest.get(request_id).and_then(place);
        if known.is_none_or(|(_, known)| known <= rank) {
            self.newest.insert(request_id.to_owned(), event.clone());
        }
    }

    /// The event is in the journal: it and what came before it need not be written any more.
    pub(super) fn forget(&mut self, event: &Event) {
        let Some((request_id, rank)) = place(event) else { return };
        let known = self.newest.get(request_id).and_then(place);
        if known.is_some_and(|(_, known)| known <= rank) {
            self.newest.remove(request_id);
        }
    }

    pub(super) fn of(&self, request_id: &str) -> Option<&Event> {
        self.newest.get(request_id)
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.newest.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Clarified, Completed, Sent};
    use crate::protocol::{ORDER, Outcome};

    fn completed(at: i64) -> Event {
        let kind = EventKind::Completed(Completed {
            request_id: "r1".to_owned(),
            topic: ORDER.to_owned(),
            merchant_order_no: Some("A1".to_owned()),
            outcome: Outcome::Unknown,
            differs: Vec::new(),
            second_look: false,
            description: None,
            sent: Sent::Yes,
            response: None,
            error: None,
            recovered: false,
            retold: false,
            elapsed_ms: 1,
        });
        Event { at, kind }
    }

    fn clarified(at: i64) -> Event {
        let kind = EventKind::Clarified(Clarified {
            request_id: "r1".to_owned(),
            merchant_order_no: Some("A1".to_owned()),
            outcome: Outcome::Approved,
            was: Outcome::Unknown,
            differs: Vec::new(),
            second_look: false,
            description: None,
            response: None,
            retold: false,
        });
        Event { at, kind }
    }

    #[test]
    fn the_newest_outcome_of_an_order_counts_whichever_could_not_be_written_first() {
        // The clock was set back between the two.
        for events in [[completed(9), clarified(5)], [clarified(5), completed(9)]] {
            let mut unwritten = Unwritten::default();
            events.iter().for_each(|event| unwritten.keep(event));
            assert_eq!(unwritten.of("r1"), Some(&clarified(5)));
            assert_eq!(unwritten.events().count(), 1);
        }
    }

    #[test]
    fn what_is_written_takes_with_it_what_came_before_and_nothing_newer() {
        let mut unwritten = Unwritten::default();
        unwritten.keep(&completed(1));
        unwritten.forget(&clarified(2));
        assert_eq!(unwritten.of("r1"), None);
        unwritten.keep(&clarified(2));
        unwritten.forget(&completed(1));
        assert_eq!(unwritten.of("r1"), Some(&clarified(2)));
        unwritten.forget(&clarified(2));
        assert_eq!(unwritten.of("r1"), None);
    }
}
