//! What stands in for a journal when none is configured: the same book, kept in memory, gone with the handle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rules::{self, Step};
use super::{Acknowledged, Entry, Handles, Journal, NewOrder, OpenUnder, Settlement};
use crate::error::Result;
use crate::hash::OwnMap;
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
    /// On the heap each, so that the map moves little when it grows and shrinks.
    entries: BTreeMap<u64, Box<Entry>>,
    by_id: OwnMap<String, u64>,
    /// Who goes when there is no room, in the order of going.
    acknowledged: BTreeSet<u64>,
    settled: BTreeSet<u64>,
}

/// How much an entry is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shelf {
    Open,
    Settled,
    Acknowledged,
}

impl Shelf {
    fn of(entry: &Entry) -> Shelf {
        match (entry.acknowledged_ms, entry.outcome) {
            (Some(_), _) => Shelf::Acknowledged,
            (None, Some(_)) => Shelf::Settled,
            (None, None) => Shelf::Open,
        }
    }
}

impl Book {
    fn find(&self, request_id: &str) -> Option<&Entry> {
        self.entries.get(self.by_id.get(request_id)?).map(|entry| &**entry)
    }

    /// Asks the rule, and makes the change when it is to be made.
    fn write(
        &mut self,
        request_id: &str,
        rule: impl FnOnce(Option<&Entry>) -> Result<Step>,
        change: impl FnOnce(&mut Entry),
    ) -> Result<Step> {
        let at = self.by_id.get(request_id).copied();
        let mut entry = at.and_then(|at| self.entries.get_mut(&at)).map(|entry| &mut **entry);
        let step = rule(entry.as_deref())?;
        if let (Step::Write, Some(at), Some(entry)) = (step, at, &mut entry) {
            let before = Shelf::of(entry);
            change(entry);
            let after = Shelf::of(entry);
            self.put(at, before, after);
        }
        Ok(step)
    }

    fn put(&mut self, at: u64, before: Shelf, after: Shelf) {
        if before == after {
            return;
        }
        if let Some(shelf) = self.shelf(before) {
            shelf.remove(&at);
        }
        if let Some(shelf) = self.shelf(after) {
            shelf.insert(at);
        }
    }

    fn shelf(&mut self, shelf: Shelf) -> Option<&mut BTreeSet<u64>> {
        match shelf {
            Shelf::Open => None,
            Shelf::Settled => Some(&mut self.settled),
            Shelf::Acknowledged => Some(&mut self.acknowledged),
        }
    }

    fn make_room(&mut self) {
        if self.entries.len() < KEPT {
            return;
        }
        let oldest = self.acknowledged.pop_first().or_else(|| self.settled.pop_first());
        if let Some(entry) = oldest.and_then(|at| self.entries.remove(&at)) {
            self.by_id.remove(&entry.request_id);
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

    /// Duplicates and earlier attempts are the session's to notice: this book forgets.
    fn begin(&self, order: &NewOrder<'_>) -> Result<bool> {
        let mut book = self.lock();
        book.make_room();
        let at = book.next;
        book.next += 1;
        book.by_id.insert(order.request_id.to_owned(), at);
        book.entries.insert(at, Box::new(Entry::begun(order, false)));
        Ok(false)
    }

    fn settle(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()> {
        let rule = |found: Option<&Entry>| rules::settle(request_id, found, settlement.outcome);
        self.lock().write(request_id, rule, |entry| entry.settle(&bare(settlement))).map(drop)
    }

    fn clarify(&self, request_id: &str, was: Outcome, settlement: &Settlement<'_>) -> Result<()> {
        let rule = |found: Option<&Entry>| rules::clarify(request_id, found, settlement.outcome);
        self.lock().write(request_id, rule, |entry| entry.clarify(was, &bare(settlement))).map(drop)
    }

    /// Nobody asks this book what is due: it is gone with the handle.
    fn looked(&self, _: &[(String, Outcome)]) -> Result<()> {
        Ok(())
    }

    fn acknowledge(&self, request_id: &str, outcome: Outcome, at_ms: i64) -> Result<Acknowledged> {
        let rule = |found: Option<&Entry>| rules::acknowledge(request_id, found, outcome);
        self.lock()
            .write(request_id, rule, |entry| entry.acknowledged_ms = Some(at_ms))
            .map(Acknowledged::from)
    }

    fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        remark: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        let rule = |found: Option<&Entry>| {
            rules::resolve(request_id, found, outcome).map(|()| Step::Write)
        };
        self.lock().write(request_id, rule, |entry| entry.resolve(outcome, remark, at_ms)).map(drop)
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
            .map(|entry| Entry::clone(entry))
            .collect())
    }

    /// No earlier process has left anything here.
    fn remembered(&self, _: &str, _: i64) -> Result<Vec<Entry>> {
        Ok(Vec::new())
    }

    fn open_elsewhere(&self, _: &[String]) -> Result<Vec<OpenUnder>> {
        Ok(Vec::new())
    }

    fn adopt(&self, _: &str, _: &str, _: i64) -> Result<usize> {
        Ok(0)
    }

    /// It is one handle's own.
    fn handles(&self) -> Option<&Handles> {
        None
    }
}

/// Without the texts: nobody reads them here.
fn bare<'a>(settlement: &Settlement<'a>) -> Settlement<'a> {
    Settlement { response: None, error: None, ..settlement.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(book: &Volatile, count: usize) {
        let id = count.to_string();
        let order = NewOrder {
            request_id: &id,
            merchant_order_no: &id,
            terminal: "",
            request: "{}",
            answer_within_ms: 0,
            at_ms: 0,
        };
        book.begin(&order).unwrap();
    }

    fn settle(book: &Volatile, count: usize) {
        let settlement = Settlement {
            outcome: Outcome::Approved,
            sent: "yes",
            response: None,
            error: None,
            recovered: false,
            look_ms: None,
            elapsed_ms: 0,
            at_ms: 0,
        };
        book.settle(&count.to_string(), &settlement).unwrap();
    }

    fn is_kept(book: &Volatile, count: usize) -> bool {
        book.find(&count.to_string()).unwrap().is_some()
    }

    #[test]
    fn the_oldest_acknowledged_go_first_then_the_oldest_with_an_outcome() {
        let book = Volatile::default();
        (0..KEPT).for_each(|count| begin(&book, count));
        (1..4).for_each(|count| settle(&book, count));
        assert_eq!(book.acknowledge("3", Outcome::Approved, 0).unwrap(), Acknowledged::Done);
        begin(&book, KEPT);
        assert!(!is_kept(&book, 3), "it is acknowledged");
        begin(&book, KEPT + 1);
        assert!(!is_kept(&book, 1), "it is the oldest that has an outcome");
        begin(&book, KEPT + 2);
        assert!(!is_kept(&book, 2));
        assert!(is_kept(&book, 0), "nobody knows yet what became of it");
    }

    #[test]
    fn what_nobody_may_forget_stays_though_there_is_no_room() {
        let book = Volatile::default();
        (0..=KEPT).for_each(|count| begin(&book, count));
        assert!((0..=KEPT).all(|count| is_kept(&book, count)));
        settle(&book, 7);
        book.resolve("7", Outcome::Approved, None, 0).unwrap_err();
        begin(&book, KEPT + 1);
        assert!(!is_kept(&book, 7));
    }
}
