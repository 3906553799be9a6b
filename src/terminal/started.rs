//! Requests that were started and are waited for one by one. Reading a completion does not consume it: it stays until it
//! is acknowledged, or a thousand later ones have completed.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::Arc;

use super::events::Outgoing;
use super::queue::TEXT_KEPT;
use crate::event::Event;
use crate::hash::OwnMap;

/// So many completions are kept at most, the newest.
const KEPT: u64 = 1_000;

#[derive(Debug)]
enum State {
    InFlight,
    Completed(Completed),
}

#[derive(Debug)]
struct Completed {
    outgoing: Arc<Outgoing>,
    /// Its place in the order of completion.
    place: u64,
    was_read: bool,
}

/// What a caller who waits for a request is told at once.
#[derive(Debug)]
pub(super) enum Found {
    InFlight,
    Completed(Arc<Outgoing>),
}

#[derive(Debug)]
pub(super) struct Started {
    /// By `request_id`.
    requests: OwnMap<String, State>,
    /// The `request_id` of each completed one, in the order of completion.
    completed: BTreeMap<u64, String>,
    next_place: u64,
    unread: usize,
    /// Completions that went before anybody read them, and so before they were written down.
    given_up: Vec<Arc<Outgoing>>,
    /// What the completed ones take up.
    bytes: usize,
    /// Where they would take up more, the oldest that were read go early.
    max_bytes: usize,
}

impl Started {
    pub(super) fn new(max_bytes: usize) -> Self {
        Started {
            requests: OwnMap::default(),
            completed: BTreeMap::new(),
            next_place: 0,
            unread: 0,
            given_up: Vec::new(),
            bytes: 0,
            max_bytes,
        }
    }

    /// The request is about to be sent.
    pub(super) fn begin(&mut self, request_id: &str) {
        self.forget(request_id);
        self.requests.insert(request_id.to_owned(), State::InFlight);
    }

    pub(super) fn is_in_flight(&self, request_id: &str) -> bool {
        matches!(self.requests.get(request_id), Some(State::InFlight))
    }

    /// Keeps the completion of a request that is in flight.
    pub(super) fn complete(&mut self, mut event: Event) -> Arc<Outgoing> {
        self.forget_read_ones_for(event.kind.size());
        if self.bytes + event.kind.size() > self.max_bytes {
            event.kind.leave_out_long_response(TEXT_KEPT);
        }
        let (request_id, place) = (event.request_id().to_owned(), self.next_place);
        self.next_place += 1;
        self.bytes += event.kind.size();
        self.unread += 1;
        let outgoing = Outgoing::new(event);
        let completed = Completed { outgoing: Arc::clone(&outgoing), place, was_read: false };
        self.requests.insert(request_id.clone(), State::Completed(completed));
        self.completed.insert(place, request_id);
        self.forget_oldest();
        outgoing
    }

    /// Where a thousand later ones have completed.
    fn forget_oldest(&mut self) {
        let oldest = self.completed.first_key_value();
        let too_old = oldest.filter(|(place, _)| **place + KEPT < self.next_place);
        let Some(request_id) = too_old.map(|(_, request_id)| request_id.clone()) else { return };
        if let Some(State::Completed(done)) = self.requests.get(&request_id)
            && !done.was_read
        {
            self.given_up.push(Arc::clone(&done.outgoing));
        }
        self.forget(&request_id);
    }

    /// The completions that nobody has read and nobody can read any more, each once.
    pub(super) fn take_given_up(&mut self) -> Vec<Arc<Outgoing>> {
        std::mem::take(&mut self.given_up)
    }

    /// Makes space for so many bytes, as far as that can be done without losing what nobody has read.
    fn forget_read_ones_for(&mut self, bytes: usize) {
        while self.bytes + bytes > self.max_bytes {
            let was_read = |request_id: &&String| matches!(self.requests.get(*request_id), Some(State::Completed(done)) if done.was_read);
            let Some(oldest) = self.completed.values().find(was_read).cloned() else { return };
            self.forget(&oldest);
        }
    }

    /// None if no started request has this id, or it is kept no longer.
    pub(super) fn find(&self, request_id: &str) -> Option<Found> {
        Some(match self.requests.get(request_id)? {
            State::InFlight => Found::InFlight,
            State::Completed(done) => Found::Completed(Arc::clone(&done.outgoing)),
        })
    }

    /// Somebody has read its completion.
    pub(super) fn note_read(&mut self, request_id: &str) {
        if let Some(State::Completed(done)) = self.requests.get_mut(request_id)
            && !std::mem::replace(&mut done.was_read, true)
        {
            self.unread -= 1;
        }
    }

    /// A completion is kept no longer.
    pub(super) fn forget(&mut self, request_id: &str) {
        if !matches!(self.requests.get(request_id), Some(State::Completed(_))) {
            return;
        }
        if let Some(State::Completed(done)) = self.requests.remove(request_id) {
            self.completed.remove(&done.place);
            self.bytes -= done.outgoing.event.kind.size();
            self.unread -= usize::from(!done.was_read);
        }
    }

    /// How many completions nobody has read.
    pub(super) fn unread(&self) -> usize {
        self.unread
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Completed, EventKind, Sent};
    use crate::protocol::{ORDER, Outcome};

    fn completion(request_id: &str, length: usize) -> Event {
        let kind = EventKind::Completed(Completed {
            request_id: request_id.to_owned(),
            topic: ORDER.to_owned(),
            merchant_order_no: None,
            outcome: Outcome::Approved,
            differs: Vec::new(),
            second_look: false,
            description: None,
            sent: Sent::Yes,
            response: Some(" ".repeat(length)),
            error: None,
            recovered: false,
            retold: false,
            elapsed_ms: 1,
        });
        Event { at: 1, kind }
    }

    fn complete(started: &mut Started, request_id: &str, length: usize) {
        started.begin(request_id);
        assert!(matches!(started.find(request_id), Some(Found::InFlight)));
        started.complete(completion(request_id, length));
    }

    fn response_length(started: &Started, request_id: &str) -> Option<usize> {
        let Some(Found::Completed(outgoing)) = started.find(request_id) else { return None };
        let EventKind::Completed(done) = &outgoing.event.kind else { return None };
        Some(done.response.as_ref().map_or(0, String::len))
    }

    #[test]
    fn a_completion_stays_until_it_is_acknowledged_or_a_thousand_later_ones_completed() {
        let mut started = Started::new(usize::MAX);
        complete(&mut started, "first", 0);
        complete(&mut started, "second", 0);
        complete(&mut started, "acknowledged", 0);
        started.forget("acknowledged");
        assert!(started.find("acknowledged").is_none());
        (3..KEPT).for_each(|n| complete(&mut started, &format!("r{n}"), 0));
        assert!(started.find("first").is_some(), "999 later ones have completed");
        complete(&mut started, "one more", 0);
        assert!(started.find("first").is_none());
        let given_up = started.take_given_up();
        assert_eq!(given_up.len(), 1, "nobody has read it");
        assert_eq!(given_up[0].event.request_id(), "first");
        assert!(started.take_given_up().is_empty());
        assert!(started.find("second").is_some());
        assert_eq!(started.unread(), 999);
    }

    #[test]
    fn reading_changes_nothing_but_what_counts_as_unread() {
        let mut started = Started::new(usize::MAX);
        complete(&mut started, "r", 10);
        started.note_read("r");
        started.note_read("r");
        assert_eq!((started.unread(), response_length(&started, "r")), (0, Some(10)));
        started.forget("r");
        started.forget("r");
        assert_eq!((started.unread(), started.bytes), (0, 0));
    }

    #[test]
    fn what_is_in_flight_is_never_forgotten() {
        let mut started = Started::new(usize::MAX);
        started.begin("r");
        started.forget("r");
        assert!(started.is_in_flight("r"));
    }

    #[test]
    fn where_space_ends_the_oldest_that_was_read_goes_and_what_nobody_read_stays() {
        let mut started = Started::new(250_000);
        complete(&mut started, "unread", 50_000);
        complete(&mut started, "read", 50_000);
        started.note_read("read");
        complete(&mut started, "new", 50_000);
        assert_eq!(response_length(&started, "read"), None);
        assert_eq!(response_length(&started, "unread"), Some(50_000));
        assert_eq!(response_length(&started, "new"), Some(50_000));
        complete(&mut started, "too much", 50_000);
        assert_eq!(response_length(&started, "too much"), Some(0), "its text was not kept");
        assert!(started.bytes < 250_000);
    }
}
