//! What the journal does not have yet of each order: the one place that knows.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::sync::Arc;

use super::events::Outgoing;
use crate::event::Event;
use crate::protocol::Outcome;

/// A second look that is done: the order, and the outcome that it left standing.
pub(super) type Look = (String, Outcome);

#[derive(Debug)]
enum Item {
    /// An outcome. It is written before it is handed out.
    Outcome(Arc<Outgoing>),
    Look(Look),
}

/// In the order in which it happened.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    items: VecDeque<Item>,
}

impl Unwritten {
    pub(super) fn add_outcome(&mut self, outgoing: &Arc<Outgoing>) {
        self.items.push_back(Item::Outcome(Arc::clone(outgoing)));
    }

    /// The outcomes of this event's order that have to be written before it. None if it is written itself.
    pub(super) fn outcomes_before(&self, last: &Arc<Outgoing>) -> Option<Vec<Arc<Outgoing>>> {
        let mut before = Vec::new();
        for outcome in self.shared_outcomes() {
            if Arc::ptr_eq(outcome, last) {
                return Some(before);
            }
            if outcome.event.request_id() == last.event.request_id() {
                before.push(Arc::clone(outcome));
            }
        }
        None
    }

    /// The newest outcome of this order that is not written.
    pub(super) fn newest_outcome(&self, request_id: &str) -> Option<Arc<Outgoing>> {
        let mut newest_first = self.shared_outcomes().rev();
        newest_first.find(|outcome| outcome.event.request_id() == request_id).cloned()
    }

    /// All outcomes that are not written, oldest first.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &Event> {
        self.shared_outcomes().map(|outcome| &outcome.event)
    }

    fn shared_outcomes(&self) -> impl DoubleEndedIterator<Item = &Arc<Outgoing>> {
        self.items.iter().filter_map(|item| match item {
            Item::Outcome(outgoing) => Some(outgoing),
            Item::Look(_) => None,
        })
    }

    /// The outcome is written.
    pub(super) fn remove_outcome(&mut self, outgoing: &Arc<Outgoing>) {
        let is_it =
            |item: &Item| matches!(item, Item::Outcome(other) if Arc::ptr_eq(other, outgoing));
        if let Some(place) = self.items.iter().position(is_it) {
            self.items.remove(place);
        }
    }

    pub(super) fn add_looks(&mut self, looks: Vec<Look>) {
        self.items.extend(looks.into_iter().map(Item::Look));
    }

    /// All second looks, to be written now.
    pub(super) fn take_looks(&mut self) -> Vec<Look> {
        let mut looks = Vec::new();
        if self.items.iter().any(|item| matches!(item, Item::Look(_))) {
            for item in std::mem::take(&mut self.items) {
                match item {
                    Item::Look(look) => looks.push(look),
                    other => self.items.push_back(other),
                }
            }
        }
        looks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Clarified, EventKind};

    fn clarified(request_id: &str, at: i64) -> Arc<Outgoing> {
        let kind = EventKind::Clarified(Clarified {
            request_id: request_id.to_owned(),
            merchant_order_no: None,
            outcome: Outcome::Approved,
            was: Outcome::Unknown,
            differs: Vec::new(),
            second_look: false,
            description: None,
            response: None,
            retold: false,
        });
        Outgoing::new(Event { at, kind })
    }

    fn at(outcomes: &[Arc<Outgoing>]) -> Vec<i64> {
        outcomes.iter().map(|outcome| outcome.event.at).collect()
    }

    #[test]
    fn an_outcome_is_written_after_those_of_its_order_that_came_before_it_and_no_others() {
        let mut unwritten = Unwritten::default();
        // The clock was set back meanwhile.
        let [first, other, second, third] =
            [("a", 9), ("b", 1), ("a", 5), ("a", 7)].map(|(id, at)| clarified(id, at));
        for outcome in [&first, &other, &second, &third] {
            unwritten.add_outcome(outcome);
        }
        assert_eq!(at(&unwritten.outcomes_before(&second).unwrap()), [9]);
        unwritten.remove_outcome(&second);
        assert!(unwritten.outcomes_before(&second).is_none(), "it is written");
        assert_eq!(at(&unwritten.outcomes_before(&third).unwrap()), [9]);
        assert_eq!(unwritten.newest_outcome("a").unwrap().event.at, 7);
        assert!(unwritten.newest_outcome("c").is_none());
    }

    #[test]
    fn looks_are_taken_once_and_leave_everything_else() {
        let mut unwritten = Unwritten::default();
        unwritten.add_outcome(&clarified("a", 1));
        unwritten.add_looks(vec![("a".to_owned(), Outcome::Declined)]);
        unwritten.add_outcome(&clarified("a", 2));
        assert_eq!(unwritten.take_looks(), [("a".to_owned(), Outcome::Declined)]);
        assert_eq!(unwritten.take_looks(), []);
        assert_eq!(unwritten.outcomes().map(|event| event.at).collect::<Vec<_>>(), [1, 2]);
    }
}
