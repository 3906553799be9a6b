//! What stands in for a journal when none is configured: the same book, kept in memory, gone with the handle.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rules::{self, Step};
use super::{Entry, Journal, NewOrder, Settlement};
use crate::error::Result;
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
    fn find(&self, request_id: &str) -> Option<&Entry> {
        self.entries.get(self.by_id.get(request_id)?)
    }

    fn write(&mut self, request_id: &str, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.by_id.get(request_id).and_then(|at| self.entries.get_mut(at)) {
            change(entry);
        }
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
        book.entries.insert(at, Entry::begun(order));
        Ok(())
    }

    fn settle(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()> {
        let mut book = self.lock();
        if rules::settle(request_id, book.find(request_id), settlement.outcome)? == Step::Write {
            book.write(request_id, |entry| note(entry, settlement));
        }
        Ok(())
    }

    fn clarify(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()> {
        let mut book = self.lock();
        if rules::clarify(request_id, book.find(request_id), settlement.outcome)? == Step::Write {
            book.write(request_id, |entry| {
                note(entry, settlement);
                entry.clarified = true;
                entry.acknowledged_ms = None;
            });
        }
        Ok(())
    }

    fn acknowledge(&self, request_id: &str, at_ms: i64) -> Result<()> {
        let mut book = self.lock();
        if rules::acknowledge(request_id, book.find(request_id))? == Step::Write {
            book.write(request_id, |entry| entry.acknowledged_ms = Some(at_ms));
        }
        Ok(())
    }

    fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        remark: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        let mut book = self.lock();
        rules::resolve(request_id, book.find(request_id), outcome)?;
        book.write(request_id, |entry| {
            entry.outcome = Some(outcome);
            entry.note = remark.map(str::to_owned);
            entry.resolved_ms = Some(at_ms);
            entry.acknowledged_ms = Some(at_ms);
        });
        Ok(())
    }

    fn find(&self, request_id: &str) -> Result<Option<Entry>> {
        Ok(self.lock().find(request_id).cloned())
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

fn note(entry: &mut Entry, settlement: &Settlement<'_>) {
    entry.outcome = Some(settlement.outcome);
    entry.sent = settlement.sent.to_owned();
    entry.recovered = settlement.recovered;
    entry.settled_ms = Some(settlement.at_ms);
}
