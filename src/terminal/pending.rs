//! What is open, as `ecrhub_pending` lists it: what memory holds, and what the journal has.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::books::Books;
use crate::error::Result;
use crate::event::{Event, EventKind};
use crate::journal::Entry;
use crate::json::Object;
use crate::protocol::members::Members;
use crate::protocol::{self, Outcome};
use crate::redact;
use crate::session::OpenRequest;

impl Books {
    /// Everything open, oldest first, as the JSON array of `ecrhub_pending`: what memory holds, and the rest from the
    /// journal, also under names that nobody is connected under. `memory` was taken before, so that an order that
    /// completes meanwhile is not missed.
    pub fn pending(&self, memory: OpenInMemory) -> Result<String> {
        let mut entries = self.journal.open(&self.terminal)?;
        entries.retain(|entry| !self.is_of_another_handle(entry));
        let ids = entries.iter().map(|entry| &*entry.request_id);
        let mut places: HashMap<&str, usize> = ids.zip(0..).collect();
        let mut rows = Vec::new();
        for open in memory.in_flight {
            let place = places.remove(&*open.request_id).unwrap_or(usize::MAX);
            rows.push((open.since_ms, place, open.row(&self.terminal)));
        }
        // Whatever still has a place is not in flight.
        for entry in &entries {
            let outcome = memory.outcomes.get(&entry.request_id).copied().or(entry.outcome);
            let Some(place) = places.get(&*entry.request_id) else { continue };
            // Without an outcome: it is just being sent or has just completed, or the handle that sent it has ended.
            if outcome.is_some() || !self.is_ours(entry) {
                rows.push((entry.since_ms, *place, row_of_entry(entry, outcome).end()));
            }
        }
        for under in self.elsewhere()? {
            for entry in self.journal.open(&under.terminal)? {
                let row = row_of_entry(&entry, entry.outcome).bool("elsewhere", true).end();
                rows.push((entry.since_ms, usize::MAX, row));
            }
        }
        // Orders of one millisecond in the order in which they were begun, which is the journal's.
        rows.sort_by_key(|(since, place, _)| (*since, *place));
        let rows: Vec<String> = rows.into_iter().map(|(_, _, row)| row).collect();
        Ok(format!("[{}]", rows.join(",")))
    }

    fn is_ours(&self, entry: &Entry) -> bool {
        self.handles().is_none_or(|(handles, me)| handles.is_of(me, &entry.request_id))
    }
}

/// What is open and not, or not only, in the journal.
#[derive(Debug, Default)]
pub struct OpenInMemory {
    in_flight: Vec<InFlight>,
    /// The outcome last reported of each.
    outcomes: HashMap<String, Outcome>,
}

#[derive(Debug)]
struct InFlight {
    request_id: String,
    merchant_order_no: Option<String>,
    topic: String,
    state: &'static str,
    since_ms: i64,
    request: String,
}

impl InFlight {
    fn row(&self, terminal: &str) -> String {
        let number = self.merchant_order_no.as_deref();
        row(&self.request_id, number, &self.topic, terminal, self.state)
            .text_or_null("outcome", None)
            .number("since", self.since_ms)
            .json("request", &self.request)
            .end()
    }
}

impl OpenInMemory {
    /// Takes what is in flight, and what has completed and was not fetched or not written; of one order's events the
    /// last counts.
    pub fn take<'a>(
        in_flight: impl Iterator<Item = OpenRequest<'a>>,
        unfetched: impl Iterator<Item = &'a Event>,
    ) -> Self {
        let in_flight = in_flight.map(|open| InFlight {
            request_id: open.request.request_id.clone(),
            merchant_order_no: open.request.merchant_order_no.clone(),
            topic: open.request.topic.clone(),
            state: if open.recovering { "recovering" } else { "in_flight" },
            since_ms: open.since_ms,
            request: redact::json(&open.request.text),
        });
        OpenInMemory {
            in_flight: in_flight.collect(),
            outcomes: unfetched.filter_map(outcome_of).collect(),
        }
    }
}

fn outcome_of(event: &Event) -> Option<(String, Outcome)> {
    match &event.kind {
        EventKind::Completed(done) => Some((done.request_id.clone(), done.outcome)),
        EventKind::Clarified(truth) => Some((truth.request_id.clone(), truth.outcome)),
        _ => None,
    }
}

fn row(request_id: &str, number: Option<&str>, topic: &str, terminal: &str, state: &str) -> Object {
    Object::new()
        .text("request_id", request_id)
        .text_or_null("merchant_order_no", number)
        .text("topic", topic)
        .text("terminal", terminal)
        .text("state", state)
}

fn row_of_entry(entry: &Entry, outcome: Option<Outcome>) -> Object {
    let state = match outcome {
        None => "recovering",
        Some(Outcome::Unknown) => "unknown",
        Some(_) => "unacknowledged",
    };
    let number = Some(&*entry.merchant_order_no);
    let row = row(&entry.request_id, number, protocol::ORDER, &entry.terminal, state)
        .text_or_null("outcome", outcome.map(Outcome::name))
        .number("since", entry.since_ms);
    let request = redact::json(&entry.request);
    // Another terminal's orders were not looked at when this one was connected: one may be damaged.
    match Members::read(&request) {
        Ok(_) => row.json("request", &request),
        Err(_) => row.text("request", &request),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{Completed, Sent};
    use crate::journal::memory::MemoryJournal;
    use crate::protocol::Request;

    fn order(number: &str) -> Request {
        Request {
            request_id: number.to_owned(),
            topic: protocol::ORDER.to_owned(),
            merchant_order_no: Some(number.to_owned()),
            trans_type: None,
            order_amount: None,
            price_currency: None,
            orig_merchant_order_no: None,
            text: "{}".to_owned(),
        }
    }

    fn completed(number: &str) -> Event {
        let kind = EventKind::Completed(Completed {
            request_id: number.to_owned(),
            topic: protocol::ORDER.to_owned(),
            merchant_order_no: Some(number.to_owned()),
            outcome: Outcome::Approved,
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
        Event { at: 8, kind }
    }

    fn ids(pending: &str) -> Vec<String> {
        let rows: Vec<serde_json::Value> = serde_json::from_str(pending).unwrap();
        rows.iter().map(|row| row["request_id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn another_terminals_order_that_is_no_json_is_shown_as_a_text() {
        let journal = Arc::new(MemoryJournal::new());
        let damaged = Request { text: "{\"a".to_owned(), ..order("A1") };
        Books::new(journal.clone(), "another").begin(&damaged, 1_000, 7).unwrap();
        let pending = Books::new(journal, "till").pending(OpenInMemory::default()).unwrap();
        let rows: serde_json::Value = serde_json::from_str(&pending).unwrap();
        assert_eq!(rows[0]["request"], "{\"a");
    }

    #[test]
    fn what_is_pending_stays_in_the_order_in_which_it_was_begun() {
        let books = Books::new(Arc::new(MemoryJournal::new()), "till");
        let orders: Vec<Request> = ["first", "second", "third", "fourth"].map(order).into();
        for order in &orders {
            books.begin(order, 1_000, 7).unwrap();
        }
        let query = Request { topic: protocol::QUERY.to_owned(), ..order("a query") };
        books.record(&completed("first")).unwrap();
        let unfetched = [completed("third")];
        let in_flight = [&query, &orders[1], &orders[3]].map(|request| OpenRequest {
            request,
            recovering: false,
            since_ms: 7,
        });
        let memory = OpenInMemory::take(in_flight.into_iter(), unfetched.iter());
        let begun = ["first", "second", "third", "fourth", "a query"];
        assert_eq!(ids(&books.pending(memory).unwrap()), begun);
    }
}
