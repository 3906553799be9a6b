//! Events waiting to be fetched. Completions are never dropped; of the others the oldest go first.

use std::collections::VecDeque;

use crate::event::Event;

/// Events other than completions that wait at most.
const ORDINARY_KEPT: usize = 1_000;

/// An event, and whether the journal already has what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) event: Event,
    pub(super) is_recorded: bool,
}

#[derive(Debug, Default)]
pub(super) struct EventQueue {
    /// Each with its place in the order of arrival. Two queues, so that dropping never has to search.
    precious: VecDeque<(i64, Queued)>,
    ordinary: VecDeque<(i64, Queued)>,
    next: i64,
    before: i64,
    dropped: u64,
}

impl EventQueue {
    pub(super) fn push(&mut self, queued: Queued) {
        let place = self.next;
        self.next += 1;
        self.side(&queued).push_back((place, queued));
        if self.ordinary.len() > ORDINARY_KEPT {
            self.ordinary.pop_front();
            self.dropped += 1;
        }
    }

    /// Back to where it was taken from.
    pub(super) fn put_back(&mut self, queued: Queued) {
        self.before -= 1;
        let place = self.before;
        self.side(&queued).push_front((place, queued));
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let precious = self.precious.front().map(|(place, _)| *place);
        let ordinary = self.ordinary.front().map(|(place, _)| *place);
        let side = match (precious, ordinary) {
            (Some(precious), Some(ordinary)) if ordinary < precious => &mut self.ordinary,
            (Some(_), _) => &mut self.precious,
            (None, _) => &mut self.ordinary,
        };
        side.pop_front().map(|(_, queued)| queued)
    }

    pub(super) fn len(&self) -> usize {
        self.precious.len() + self.ordinary.len()
    }

    /// Completions and clarifications nobody has fetched.
    pub(super) fn precious(&self) -> impl Iterator<Item = &Queued> {
        self.precious.iter().map(|(_, queued)| queued)
    }

    pub(super) fn precious_mut(&mut self) -> impl Iterator<Item = &mut Queued> {
        self.precious.iter_mut().map(|(_, queued)| queued)
    }

    pub(super) fn precious_len(&self) -> usize {
        self.precious.len()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn side(&mut self, queued: &Queued) -> &mut VecDeque<(i64, Queued)> {
        if queued.event.kind.is_precious() { &mut self.precious } else { &mut self.ordinary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Clarified, EventKind};
    use crate::protocol::Outcome;

    fn ordinary(at: i64) -> Queued {
        let kind = EventKind::Connected { url: String::new() };
        Queued { event: Event { at, kind }, is_recorded: false }
    }

    fn precious(at: i64) -> Queued {
        let kind = EventKind::Clarified(Clarified {
            request_id: String::new(),
            merchant_order_no: None,
            outcome: Outcome::Approved,
            was: Outcome::Unknown,
            differs: Vec::new(),
            second_look: false,
            response: None,
            retold: false,
        });
        Queued { event: Event { at, kind }, is_recorded: false }
    }

    fn drain(queue: &mut EventQueue) -> Vec<i64> {
        std::iter::from_fn(|| queue.pop()).map(|queued| queued.event.at).collect()
    }

    #[test]
    fn events_come_in_the_order_they_happened() {
        let mut queue = EventQueue::default();
        queue.push(ordinary(1));
        queue.push(precious(2));
        queue.push(ordinary(3));
        queue.push(precious(4));
        assert_eq!(drain(&mut queue), [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_put_back_comes_first_again() {
        let mut queue = EventQueue::default();
        queue.push(ordinary(1));
        queue.push(precious(2));
        queue.push(ordinary(3));
        let (first, second) = (queue.pop().unwrap(), queue.pop().unwrap());
        queue.put_back(second);
        queue.put_back(first);
        assert_eq!(drain(&mut queue), [1, 2, 3]);
    }

    #[test]
    fn past_a_thousand_the_oldest_go_but_never_a_completion() {
        let mut queue = EventQueue::default();
        queue.push(precious(0));
        for at in 1..=1_005 {
            queue.push(ordinary(at));
        }
        assert_eq!(queue.dropped(), 5);
        let events = drain(&mut queue);
        assert_eq!(events.len(), 1_001);
        assert_eq!(&events[..2], [0, 6]);
    }
}
