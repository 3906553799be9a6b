//! What stands in for a journal when none is configured: the same book, kept in memory, gone with the handle.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Entry, Journal, NewOrder, Settlement};
use crate::error::{Error, Result, Status};
use crate::protocol::Outcome;

/// Orders kept at most. The oldest acknowledged go first, then the oldest with an outcome.
const KEPT: usize = 4_096;

/// A journal without a file.
#[derive(Debug, Default)]
pub struct Volatile {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    next: u64,
    entries: BTreeMap<u64, Entry>,
    by_id: BTreeMap<String, u64>,
}

impl Book {
    fn find_mut(&mut self, request_id: &str) -> Result<&mut Entry> {
        self.by_id
            .get(request_id)
            .and_then(|at| self.entries.get_mut(at))
            .ok_or_else(|| no_such_order(request_id))
    }

    fn remove(&mut self, at: u64) {
        if let Some(entry) = self.entries.remove(&at) {
            self.by_id.remove(&entry.request_id);
        }
    }

    fn make_room(&mut self) {
        if self.entries.len() < KEPT {
            return;
        }
        let oldest = |is_spare: fn(&Entry) -> bool| {
            self.entries.iter().find(|(_, entry)| is_spare(entry)).map(|(at, _)| *at)
        };
        let spare = oldest(|entry| entry.acknowledged_ms.is_some())
            .or_else(|| oldest(|entry| entry.outcome.is_some()));
        if let Some(at) = spare {
            self.remove(at);
        }
    }
}

/// The error for an id that is not in the book.
pub(crate) fn no_such_order(request_id: &str) -> Error {
    Error::new(Status::Argument, format!("request_id: no order with this id here: \"{request_id}\""))
}

impl Volatile {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Volatile {
    fn path(&self) -> &str {
        ""
    }

    /// Duplicates are the session's to notice: this book forgets.
    fn begin(&self, order: &NewOrder<'_>) -> Result<()> {
        let mut book = self.lock();
        book.make_room();
        let at = book.next;
        book.next += 1;
        book.by_id.insert(order.request_id.to_owned(), at);
        let entry = Entry {
            request_id: order.request_id.to_owned(),
            merchant_order_no: order.merchant_order_no.to_owned(),
            terminal: order.terminal.to_owned(),
            request: order.request.to_owned(),
            since_ms: order.at_ms,
            outcome: None,
            sent: "maybe".to_owned(),
            response: None,
            error: None,
            recovered: false,
            clarified: false,
            settled_ms: None,
            acknowledged_ms: None,
            resolved_ms: None,
            note: None,
        };
        book.entries.insert(at, entry);
        Ok(())
    }

    fn settle(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()> {
        let mut book = self.lock();
        let entry = book.find_mut(request_id)?;
        entry.outcome = Some(settlement.outcome);
        entry.settled_ms = Some(settlement.at_ms);
        Ok(())
    }

    fn clarify(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()> {
        let mut book = self.lock();
        let entry = book.find_mut(request_id)?;
        entry.outcome = Some(settlement.outcome);
        entry.settled_ms = Some(settlement.at_ms);
        entry.clarified = true;
        entry.acknowledged_ms = None;
        Ok(())
    }

    fn acknowledge(&self, request_id: &str, at_ms: i64) -> Result<()> {
        let mut book = self.lock();
        let entry = book.find_mut(request_id)?;
        if entry.outcome.is_none() {
            return Err(not_settled(request_id));
        }
        entry.acknowledged_ms.get_or_insert(at_ms);
        Ok(())
    }

    fn resolve(&self, request_id: &str, outcome: Outcome, note: Option<&str>, at_ms: i64) -> Result<()> {
        let mut book = self.lock();
        let entry = book.find_mut(request_id)?;
        check_resolvable(entry)?;
        entry.outcome = Some(outcome);
        entry.note = note.map(str::to_owned);
        entry.resolved_ms = Some(at_ms);
        entry.acknowledged_ms = Some(at_ms);
        Ok(())
    }

    fn find(&self, request_id: &str) -> Result<Option<Entry>> {
        let book = self.lock();
        Ok(book.by_id.get(request_id).and_then(|at| book.entries.get(at)).cloned())
    }

    fn open(&self, terminal: &str) -> Result<Vec<Entry>> {
        let book = self.lock();
        Ok(book
            .entries
            .values()
            .filter(|entry| entry.terminal == terminal && entry.is_open())
            .cloned()
            .collect())
    }
}

/// The error for an order that has no outcome yet.
pub(crate) fn not_settled(request_id: &str) -> Error {
    Error::new(
        Status::Argument,
        format!("request_id: order \"{request_id}\" has no outcome yet, so there is nothing to acknowledge"),
    )
}

/// Only an order that is unknown is for a person to decide.
pub(crate) fn check_resolvable(entry: &Entry) -> Result<()> {
    match entry.outcome {
        Some(Outcome::Unknown) => Ok(()),
        Some(outcome) => Err(Error::new(
            Status::Argument,
            format!("request_id: only an unknown order can be resolved, \"{}\" is {outcome}", entry.request_id),
        )),
        None => Err(Error::new(
            Status::Argument,
            format!(
                "request_id: only an unknown order can be resolved, the outcome of \"{}\" is still being found out",
                entry.request_id
            ),
        )),
    }
}
