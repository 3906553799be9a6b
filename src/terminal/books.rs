//! What goes into the journal and what comes out of it, step by step.
//!
//! Every step that writes is taken on a caller's thread: an order is begun by the thread that sends it, and its outcome
//! is written by the thread that fetches it, before it is handed out. So the disk never delays the I/O thread, and what
//! a till was told is always on disk.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Fault, Result, Status};
use crate::event::{Clarified, Completed, Event, EventKind, Sent};
use crate::journal::{Entry, Journal, NewOrder, Settlement};
use crate::json::Object;
use crate::planted::{Plant, Planted};
use crate::protocol::{self, Outcome, Request};
use crate::redact;
use crate::session::{Attempt, OpenRequest, Restored, RestoredState};

/// One terminal's part of a journal.
#[derive(Clone)]
pub struct Books {
    journal: Arc<dyn Journal>,
    terminal: String,
    plant: Plant,
}

impl Books {
    /// The orders that the journal keeps under this terminal's name.
    pub fn new(journal: Arc<dyn Journal>, terminal: impl Into<String>) -> Self {
        Books { journal, terminal: terminal.into(), plant: Plant::default() }
    }

    /// Breaks it on purpose.
    #[cfg(feature = "planted-faults")]
    pub fn planted(self, plant: Plant) -> Self {
        Books { plant, ..self }
    }

    /// The journal's file, if there is one.
    pub fn path(&self) -> Option<&str> {
        Some(self.journal.path()).filter(|path| !path.is_empty())
    }

    /// Before the first byte of an order leaves.
    pub fn begin(&self, order: &Request, at_ms: i64) -> Result<()> {
        if self.plant.is(Planted::ForgetBegin) {
            return Ok(());
        }
        self.journal.begin(&NewOrder {
            request_id: &order.request_id,
            merchant_order_no: order.merchant_order_no.as_deref().unwrap_or_default(),
            terminal: &self.terminal,
            request: &order.text,
            at_ms,
        })
    }

    /// The order that was begun is not sent after all.
    pub fn withdraw(&self, order: &Request, at_ms: i64) -> Result<()> {
        let settlement = Settlement {
            outcome: Outcome::NotSent,
            sent: Sent::No.name(),
            response: None,
            error: None,
            recovered: false,
            at_ms,
        };
        self.journal.settle(&order.request_id, &settlement)?;
        self.journal.acknowledge(&order.request_id, at_ms)
    }

    /// Before an event is told: writes down the outcome it carries.
    pub fn record(&self, event: &Event) -> Result<()> {
        if self.plant.is(Planted::ForgetRecord) {
            return Ok(());
        }
        match &event.kind {
            EventKind::Completed(done) if done.topic == protocol::ORDER => {
                let error = done.error.as_ref().map(Fault::to_json);
                let settlement = Settlement {
                    outcome: done.outcome,
                    sent: done.sent.name(),
                    response: done.response.as_deref(),
                    error: error.as_deref(),
                    recovered: done.recovered,
                    at_ms: event.at,
                };
                self.journal.settle(&done.request_id, &settlement)?;
                if self.plant.is(Planted::AcknowledgeEarly) {
                    self.journal.acknowledge(&done.request_id, event.at)?;
                }
                Ok(())
            }
            EventKind::Clarified(truth) => {
                let settlement = Settlement {
                    outcome: truth.outcome,
                    sent: Sent::Yes.name(),
                    response: truth.response.as_deref(),
                    error: None,
                    recovered: true,
                    at_ms: event.at,
                };
                self.journal.clarify(&truth.request_id, &settlement)
            }
            _ => Ok(()),
        }
    }

    /// The till has the outcome; see [`Journal::acknowledge`].
    pub fn acknowledge(&self, request_id: &str, at_ms: i64) -> Result<()> {
        self.journal.acknowledge(request_id, at_ms)
    }

    /// What a person decided; see [`Journal::resolve`].
    pub fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        note: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        self.journal.resolve(request_id, outcome, note, at_ms)
    }

    /// What earlier processes left: orders to find out or clarify, and completions to tell again.
    pub fn restore(&self) -> Result<(Vec<Restored>, Vec<Event>)> {
        let mut restored = Vec::new();
        let mut retold = Vec::new();
        for entry in self.journal.open(&self.terminal)? {
            let is_unknown = entry.outcome == Some(Outcome::Unknown)
                && entry.resolved_ms.is_none()
                && !self.plant.is(Planted::ForgetUnknown);
            if entry.outcome.is_none() || is_unknown {
                restored.push(Restored {
                    request: request_of(&entry)?,
                    since_ms: entry.since_ms,
                    answer_within_ms: 0,
                    attempt: Attempt::First,
                    state: if is_unknown {
                        RestoredState::Unknown { since_ms: entry.since_ms }
                    } else {
                        RestoredState::Open
                    },
                });
            }
            if entry.outcome.is_some()
                && entry.acknowledged_ms.is_none()
                && !self.plant.is(Planted::ForgetToRetell)
            {
                retold.push(tell_again(&entry, !self.plant.is(Planted::RetoldUnmarked)));
            }
        }
        Ok((restored, retold))
    }

    /// Everything open, oldest first, as the JSON array of `ecrhub_pending`: what memory holds, and the rest from the
    /// journal. `memory` was taken before, so that an order that completes meanwhile is not missed.
    pub fn pending(&self, memory: OpenInMemory) -> Result<String> {
        let entries = self.journal.open(&self.terminal)?;
        let ids = entries.iter().map(|entry| &*entry.request_id);
        let mut places: HashMap<&str, usize> = ids.zip(0..).collect();
        let mut rows = Vec::new();
        for open in memory.in_flight {
            let place = places.remove(&*open.request_id).unwrap_or(usize::MAX);
            rows.push((open.since_ms, place, open.row));
        }
        // Whatever still has a place is not in flight.
        for entry in &entries {
            let outcome = memory.outcomes.get(&entry.request_id).copied().or(entry.outcome);
            if let (Some(outcome), Some(place)) = (outcome, places.get(&*entry.request_id)) {
                rows.push((entry.since_ms, *place, row_settled(entry, outcome)));
            }
        }
        // Orders of one millisecond in the order in which they were begun, which is the journal's.
        rows.sort_by_key(|(since, place, _)| (*since, *place));
        let rows: Vec<String> = rows.into_iter().map(|(_, _, row)| row).collect();
        Ok(format!("[{}]", rows.join(",")))
    }
}

/// What is open and not, or not only, in the journal.
#[derive(Debug, Default)]
pub struct OpenInMemory {
    in_flight: Vec<InFlight>,
    /// The last word on each.
    outcomes: HashMap<String, Outcome>,
}

#[derive(Debug)]
struct InFlight {
    request_id: String,
    since_ms: i64,
    row: String,
}

impl OpenInMemory {
    /// Takes what is in flight, and what has completed and was not fetched.
    pub fn take<'a>(
        in_flight: impl Iterator<Item = OpenRequest<'a>>,
        unfetched: impl Iterator<Item = &'a Event>,
    ) -> Self {
        let in_flight = in_flight.map(|open| InFlight {
            request_id: open.request.request_id.clone(),
            since_ms: open.since_ms,
            row: row_in_flight(&open),
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

fn row(request_id: &str, number: Option<&str>, topic: &str, state: &str) -> Object {
    Object::new()
        .text("request_id", request_id)
        .text_or_null("merchant_order_no", number)
        .text("topic", topic)
        .text("state", state)
}

fn row_in_flight(open: &OpenRequest<'_>) -> String {
    let request = open.request;
    let state = if open.recovering { "recovering" } else { "in_flight" };
    row(&request.request_id, request.merchant_order_no.as_deref(), &request.topic, state)
        .text_or_null("outcome", None)
        .number("since", open.since_ms)
        .json("request", &redact::json(&request.text))
        .end()
}

fn row_settled(entry: &Entry, outcome: Outcome) -> String {
    let state = if outcome == Outcome::Unknown { "unknown" } else { "unacknowledged" };
    row(&entry.request_id, Some(&entry.merchant_order_no), protocol::ORDER, state)
        .text("outcome", outcome.name())
        .number("since", entry.since_ms)
        .json("request", &redact::json(&entry.request))
        .end()
}

/// What a session must know of an order, read from what was sent.
fn request_of(entry: &Entry) -> Result<Request> {
    let sent = protocol::read(&entry.request).map_err(|why| {
        let message = format!("the journal's order \"{}\" cannot be read: {why}", entry.request_id);
        Error::new(Status::Journal, message)
    })?;
    Ok(Request {
        request_id: entry.request_id.clone(),
        topic: protocol::ORDER.to_owned(),
        merchant_order_no: Some(entry.merchant_order_no.clone()),
        trans_type: sent.trans_type.map(Cow::into_owned),
        order_amount: sent.order_amount.map(Cow::into_owned),
        price_currency: sent.price_currency.map(Cow::into_owned),
        orig_merchant_order_no: None,
        text: entry.request.clone(),
    })
}

fn tell_again(entry: &Entry, retold: bool) -> Event {
    let at = entry.settled_ms.unwrap_or(entry.since_ms);
    let outcome = entry.outcome.unwrap_or(Outcome::Unknown);
    let kind = if entry.clarified {
        EventKind::Clarified(Clarified {
            request_id: entry.request_id.clone(),
            merchant_order_no: Some(entry.merchant_order_no.clone()),
            outcome,
            was: Outcome::Unknown,
            differs: Vec::new(),
            second_look: false,
            response: entry.response.clone(),
            retold,
        })
    } else {
        EventKind::Completed(Completed {
            request_id: entry.request_id.clone(),
            topic: protocol::ORDER.to_owned(),
            merchant_order_no: Some(entry.merchant_order_no.clone()),
            outcome,
            differs: Vec::new(),
            second_look: false,
            sent: Sent::from_name(&entry.sent).unwrap_or(Sent::Maybe),
            response: entry.response.clone(),
            error: entry.error.as_deref().and_then(Fault::from_json),
            recovered: entry.recovered,
            retold,
            elapsed_ms: u64::try_from(at.saturating_sub(entry.since_ms)).unwrap_or(0),
        })
    };
    Event { at, kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::memory::MemoryJournal;

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
    fn what_is_pending_stays_in_the_order_in_which_it_was_begun() {
        let books = Books::new(Arc::new(MemoryJournal::new()), "till");
        let orders: Vec<Request> = ["first", "second", "third", "fourth"].map(order).into();
        for order in &orders {
            books.begin(order, 7).unwrap();
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
