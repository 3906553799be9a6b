//! Events waiting to be fetched. Completions are never dropped; of the others the oldest go first. Completions that nobody
//! fetches do not pile up without end either: requests are refused, and of those already sent a long answer loses its
//! text.

use std::collections::VecDeque;
use std::sync::Arc;

use super::events::Outgoing;
use crate::event::{Event, EventKind};

/// Events other than completions that wait at most.
const ORDINARY_KEPT: usize = 1_000;

/// An answer of so many bytes keeps its text until twice as much waits before it as may: hardly any is as long.
pub(super) const TEXT_KEPT: usize = 16_384;

/// A completion that an earlier process or handle has left.
fn is_retold(event: &Event) -> bool {
    match &event.kind {
        EventKind::Completed(done) => done.retold,
        EventKind::Clarified(clarified) => clarified.retold,
        _ => false,
    }
}

#[derive(Debug)]
pub(super) struct EventQueue {
    /// Each with its place in the order of arrival. Two queues, so that dropping never has to search.
    precious: VecDeque<(i64, Arc<Outgoing>)>,
    ordinary: VecDeque<(i64, Arc<Outgoing>)>,
    next: i64,
    before: i64,
    dropped: u64,
    /// What all events take up, and what the ordinary ones do.
    bytes: usize,
    ordinary_bytes: usize,
    /// What the ordinary ones may take up, of which the newest may stay whatever its size; and the precious ones of this
    /// handle before they are [full](EventQueue::is_full).
    max_bytes: usize,
    /// Completions from earlier processes among the precious ones.
    retold: usize,
    retold_bytes: usize,
}

impl EventQueue {
    pub(super) fn new(max_bytes: usize) -> Self {
        EventQueue {
            precious: VecDeque::new(),
            ordinary: VecDeque::new(),
            next: 0,
            before: 0,
            dropped: 0,
            bytes: 0,
            ordinary_bytes: 0,
            max_bytes,
            retold: 0,
            retold_bytes: 0,
        }
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    pub(super) fn push(&mut self, mut event: Event) -> Arc<Outgoing> {
        if self.is_full() && event.kind.is_precious() && !is_retold(&event) {
            event.kind.leave_out_long_response(self.text_kept());
        }
        let place = self.next;
        self.next += 1;
        self.count(&event);
        let outgoing = Outgoing::new(event);
        self.side(&outgoing.event).push_back((place, Arc::clone(&outgoing)));
        while self.is_too_much()
            && let Some((_, oldest)) = self.ordinary.pop_front()
        {
            self.discount(&oldest.event);
            self.dropped += 1;
        }
        outgoing
    }

    /// How long an answer may be that keeps its text while the queue is full: thousands of corrections may be waiting.
    fn text_kept(&self) -> usize {
        if self.own_precious_bytes() > self.max_bytes.saturating_mul(2) { 0 } else { TEXT_KEPT }
    }

    fn is_too_much(&self) -> bool {
        let kept = self.ordinary.len();
        kept > ORDINARY_KEPT || (kept > 1 && self.ordinary_bytes > self.max_bytes)
    }

    fn count(&mut self, event: &Event) {
        let bytes = event.kind.size();
        self.bytes += bytes;
        if event.kind.is_precious() {
            if is_retold(event) {
                self.retold += 1;
                self.retold_bytes += bytes;
            }
        } else {
            self.ordinary_bytes += bytes;
        }
    }

    fn discount(&mut self, event: &Event) {
        let bytes = event.kind.size();
        self.bytes -= bytes;
        if event.kind.is_precious() {
            if is_retold(event) {
                self.retold -= 1;
                self.retold_bytes -= bytes;
            }
        } else {
            self.ordinary_bytes -= bytes;
        }
    }

    /// Back to where it was taken from.
    pub(super) fn put_back(&mut self, outgoing: Arc<Outgoing>) {
        self.before -= 1;
        let place = self.before;
        self.count(&outgoing.event);
        self.side(&outgoing.event).push_front((place, outgoing));
    }

    pub(super) fn pop(&mut self) -> Option<Arc<Outgoing>> {
        let precious = self.precious.front().map(|(place, _)| *place);
        let ordinary = self.ordinary.front().map(|(place, _)| *place);
        let side = match (precious, ordinary) {
            (Some(precious), Some(ordinary)) if ordinary < precious => &mut self.ordinary,
            (Some(_), _) => &mut self.precious,
            (None, _) => &mut self.ordinary,
        };
        let (_, outgoing) = side.pop_front()?;
        self.discount(&outgoing.event);
        Some(outgoing)
    }

    pub(super) fn len(&self) -> usize {
        self.precious.len() + self.ordinary.len()
    }

    /// How many completions and clarifications nobody has fetched that are of this handle's own requests.
    pub(super) fn own_precious_len(&self) -> usize {
        self.precious.len() - self.retold
    }

    /// What these take up.
    pub(super) fn own_precious_bytes(&self) -> usize {
        self.bytes - self.ordinary_bytes - self.retold_bytes
    }

    /// More completions wait than are kept without consequences.
    pub(super) fn is_full(&self) -> bool {
        self.own_precious_bytes() > self.max_bytes
    }

    /// What the events that wait take up, about as much as their JSON.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn side(&mut self, event: &Event) -> &mut VecDeque<(i64, Arc<Outgoing>)> {
        if event.kind.is_precious() { &mut self.precious } else { &mut self.ordinary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Clarified, EventKind};
    use crate::protocol::Outcome;

    fn ordinary(at: i64) -> Event {
        let kind = EventKind::Connected { url: String::new() };
        Event { at, kind }
    }

    fn precious(at: i64) -> Event {
        let kind = EventKind::Clarified(Clarified {
            request_id: String::new(),
            merchant_order_no: None,
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

    fn drain(queue: &mut EventQueue) -> Vec<i64> {
        std::iter::from_fn(|| queue.pop()).map(|outgoing| outgoing.event.at).collect()
    }

    #[test]
    fn events_come_in_the_order_they_happened() {
        let mut queue = EventQueue::new(usize::MAX);
        queue.push(ordinary(1));
        queue.push(precious(2));
        queue.push(ordinary(3));
        queue.push(precious(4));
        assert_eq!(drain(&mut queue), [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_put_back_comes_first_again() {
        let mut queue = EventQueue::new(usize::MAX);
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
        let mut queue = EventQueue::new(usize::MAX);
        queue.push(precious(0));
        for at in 1..=1_005 {
            queue.push(ordinary(at));
        }
        assert_eq!(queue.dropped(), 5);
        let events = drain(&mut queue);
        assert_eq!(events.len(), 1_001);
        assert_eq!(&events[..2], [0, 6]);
    }

    fn message(at: i64, length: usize) -> Event {
        let kind = EventKind::Message { message: " ".repeat(length), late_for: None };
        Event { at, kind }
    }

    #[test]
    fn past_so_many_bytes_the_oldest_go_but_never_a_completion_nor_the_newest() {
        let mut queue = EventQueue::new(10_000);
        queue.push(precious(0));
        (1..=3).for_each(|at| drop(queue.push(message(at, 4_000))));
        assert_eq!(queue.dropped(), 1);
        assert!((8_000..10_000).contains(&queue.bytes()), "{}", queue.bytes());
        queue.push(message(4, 20_000));
        assert_eq!((queue.dropped(), queue.len()), (3, 2));
        assert_eq!(drain(&mut queue), [0, 4]);
        assert_eq!(queue.bytes(), 0);
    }

    fn answered(at: i64, length: usize) -> Event {
        let mut event = precious(at);
        if let EventKind::Clarified(clarified) = &mut event.kind {
            clarified.response = Some(" ".repeat(length));
        }
        event
    }

    #[test]
    fn completions_past_so_many_bytes_are_full_and_of_later_ones_a_long_answer_loses_its_text() {
        let mut queue = EventQueue::new(100_000);
        queue.push(answered(1, 50_000));
        assert!(queue.is_full());
        (2..=100).for_each(|at| drop(queue.push(answered(at, 4_000_000))));
        queue.push(answered(101, TEXT_KEPT));
        (102..=1_000).for_each(|at| drop(queue.push(answered(at, TEXT_KEPT))));
        assert!(queue.bytes() < 1_000_000, "{}", queue.bytes());
        let lengths: Vec<_> = std::iter::from_fn(|| queue.pop())
            .filter_map(|outgoing| match &outgoing.event.kind {
                EventKind::Clarified(clarified) => clarified.response.as_ref().map(String::len),
                _ => None,
            })
            .collect();
        assert_eq!(lengths[..2], [50_000, TEXT_KEPT]);
        assert!(lengths.len() < 5, "{lengths:?}");
        assert!(!queue.is_full());
        queue.push(answered(1_002, 50_000));
        assert!(queue.bytes() > 50_000, "there is space again");
    }

    #[test]
    fn completions_of_earlier_processes_are_not_this_handles_own() {
        let mut queue = EventQueue::new(usize::MAX);
        let mut again = precious(1);
        if let EventKind::Clarified(truth) = &mut again.kind {
            truth.retold = true;
        }
        queue.push(again);
        queue.push(precious(2));
        assert_eq!(queue.own_precious_len(), 1);
        let first = queue.pop().unwrap();
        assert_eq!(queue.own_precious_len(), 1);
        queue.put_back(first);
        assert_eq!(queue.own_precious_len(), 1);
        assert_eq!(drain(&mut queue), [1, 2]);
        assert_eq!(queue.own_precious_len(), 0);
    }
}
