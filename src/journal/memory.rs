//! A journal without a file, for tests: a disk that can be made to lie, to fail and to lose power.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rules::{self, Step};
use super::{
    Acknowledged, Entry, Handles, Journal, NewOrder, OpenUnder, REMEMBERED, REMEMBERED_MS,
    Settlement,
};
use crate::error::{Error, Result, Status};
use crate::protocol::Outcome;

/// Orders in memory, by the same rules as on disk, cheap enough for millions of them.
///
/// Texts are kept as they come: nothing here reaches a disk. [`MemoryJournal::crash`] loses what was not on the
/// simulated disk; normally that is nothing, since every write is there when it returns.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    state: Mutex<State>,
    handles: Handles,
}

#[derive(Debug, Default, Clone)]
struct State {
    rows: BTreeMap<u64, Entry>,
    last: u64,
    by_request_id: HashMap<String, u64>,
    by_number: HashMap<String, u64>,
    open: HashMap<String, BTreeSet<u64>>,
    /// What rows were before the writes that are not on the disk, oldest first.
    unsynced: Vec<(u64, Option<Entry>)>,
    lying: bool,
    failing_writes: u64,
    failing_reads: u64,
    writes: u64,
}

impl MemoryJournal {
    /// An empty journal on a disk that works.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another disk with the same on it, and whatever makes this one fail. No handle uses it yet.
    pub fn copy(&self) -> Self {
        MemoryJournal { state: Mutex::new(self.locked().clone()), handles: Handles::default() }
    }

    /// Whether writes stay off the disk until [`MemoryJournal::sync`]: a disk that says "written" too early.
    pub fn lose_unsynced(&self, lying: bool) {
        let mut state = self.locked();
        state.lying = lying;
        if !lying {
            state.unsynced.clear();
        }
    }

    /// All that was written is on the disk now.
    pub fn sync(&self) {
        self.locked().unsynced.clear();
    }

    /// The power goes and comes back: what was not on the disk was never written. Injected failures end.
    pub fn crash(&self) {
        let mut state = self.locked();
        for (seq, before) in std::mem::take(&mut state.unsynced).into_iter().rev() {
            state.put(seq, before);
        }
        state.failing_writes = 0;
        state.failing_reads = 0;
    }

    /// The next `writes` writes are refused as a full disk would refuse them, and write nothing.
    pub fn fail_next(&self, writes: u64) {
        self.locked().failing_writes = writes;
    }

    /// The next `reads` calls that read are refused.
    pub fn fail_next_reads(&self, reads: u64) {
        self.locked().failing_reads = reads;
    }

    /// How many writes there have been; a write that changed nothing is none.
    pub fn writes(&self) -> u64 {
        self.locked().writes
    }

    /// Every order, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.locked().rows.values().cloned().collect()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        request_id: &str,
        rule: impl FnOnce(Option<&Entry>) -> Result<Step>,
        edit: impl FnOnce(&mut Entry),
    ) -> Result<Step> {
        let mut state = self.locked();
        let seq = state.by_request_id.get(request_id).copied();
        let found = seq.and_then(|seq| state.rows.get(&seq));
        let step = rule(found)?;
        let (Step::Write, Some(seq), Some(mut entry)) = (step, seq, found.cloned()) else {
            return Ok(step);
        };
        state.may_write()?;
        edit(&mut entry);
        state.write(seq, Some(entry));
        Ok(step)
    }
}

impl State {
    fn may_write(&mut self) -> Result<()> {
        fail(&mut self.failing_writes, "the disk is full")
    }

    fn write(&mut self, seq: u64, entry: Option<Entry>) {
        self.writes += 1;
        let before = self.put(seq, entry);
        if self.lying {
            self.unsynced.push((seq, before));
        }
    }

    /// Puts a row in place of another, and keeps the indices true.
    fn put(&mut self, seq: u64, entry: Option<Entry>) -> Option<Entry> {
        let before = self.rows.remove(&seq);
        if let Some(before) = &before {
            self.by_request_id.remove(&before.request_id);
            self.by_number.remove(&before.merchant_order_no);
            if let Some(open) = self.open.get_mut(&before.terminal) {
                open.remove(&seq);
            }
        }
        if let Some(entry) = entry {
            self.by_request_id.insert(entry.request_id.clone(), seq);
            self.by_number.insert(entry.merchant_order_no.clone(), seq);
            if entry.is_open() {
                self.open.entry(entry.terminal.clone()).or_default().insert(seq);
            }
            self.rows.insert(seq, entry);
        }
        before
    }
}

fn fail(left: &mut u64, why: &str) -> Result<()> {
    if *left == 0 {
        return Ok(());
    }
    *left -= 1;
    Err(Error::new(Status::Journal, format!("the journal (memory) failed: {why}")))
}

impl Journal for MemoryJournal {
    fn path(&self) -> &str {
        "(memory)"
    }

    fn begin(&self, order: &NewOrder<'_>) -> Result<bool> {
        let mut state = self.locked();
        let known: BTreeSet<u64> = [
            state.by_number.get(order.merchant_order_no),
            state.by_request_id.get(order.request_id),
        ]
        .into_iter()
        .flatten()
        .copied()
        .collect();
        let entries: Vec<Entry> =
            known.iter().filter_map(|seq| state.rows.get(seq)).cloned().collect();
        let earlier_attempt = rules::begin(order, &entries)?;
        state.may_write()?;
        for seq in known {
            state.write(seq, None);
        }
        state.last += 1;
        let seq = state.last;
        state.write(seq, Some(Entry::begun(order, earlier_attempt)));
        Ok(earlier_attempt)
    }

    fn settle(&self, request_id: &str, new: &Settlement<'_>) -> Result<()> {
        let rule = |found: Option<&Entry>| rules::settle(request_id, found, new.outcome);
        self.change(request_id, rule, |entry| entry.settle(new)).map(drop)
    }

    fn clarify(&self, request_id: &str, was: Outcome, new: &Settlement<'_>) -> Result<()> {
        let rule = |found: Option<&Entry>| rules::clarify(request_id, found, new.outcome);
        self.change(request_id, rule, |entry| entry.clarify(was, new)).map(drop)
    }

    fn looked(&self, looks: &[(String, Outcome)]) -> Result<()> {
        for (request_id, outcome) in looks {
            let rule = |found: Option<&Entry>| {
                let is_due = found.is_some_and(|entry| {
                    entry.look_ms.is_some() && entry.outcome == Some(*outcome)
                });
                Ok(if is_due { Step::Write } else { Step::Nothing })
            };
            self.change(request_id, rule, |entry| entry.look_ms = None)?;
        }
        Ok(())
    }

    fn acknowledge(&self, request_id: &str, outcome: Outcome, at_ms: i64) -> Result<Acknowledged> {
        let rule = |found: Option<&Entry>| rules::acknowledge(request_id, found, outcome);
        self.change(request_id, rule, |entry| entry.acknowledged_ms = Some(at_ms))
            .map(Acknowledged::from)
    }

    fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        note: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        let rule = |found: Option<&Entry>| {
            rules::resolve(request_id, found, outcome).map(|()| Step::Write)
        };
        self.change(request_id, rule, |entry| entry.resolve(outcome, note, at_ms)).map(drop)
    }

    fn find(&self, request_id: &str) -> Result<Option<Entry>> {
        let mut state = self.locked();
        fail(&mut state.failing_reads, "it cannot be read")?;
        let seq = state.by_request_id.get(request_id);
        Ok(seq.and_then(|seq| state.rows.get(seq)).cloned())
    }

    fn open(&self, terminal: &str) -> Result<Vec<Entry>> {
        let mut state = self.locked();
        fail(&mut state.failing_reads, "it cannot be read")?;
        let seqs = state.open.get(terminal).into_iter().flatten();
        Ok(seqs.filter_map(|seq| state.rows.get(seq)).cloned().collect())
    }

    fn remembered(&self, terminal: &str, now_ms: i64) -> Result<Vec<Entry>> {
        let mut state = self.locked();
        fail(&mut state.failing_reads, "it cannot be read")?;
        let since_ms = now_ms.saturating_sub(REMEMBERED_MS);
        let mut found: Vec<(i64, &Entry)> = (state.rows.values())
            .filter(|entry| entry.terminal == terminal)
            .filter_map(|entry| Some((entry.remembered_since()?, entry)))
            .collect();
        found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let is_due = |entry: &Entry| entry.look_ms.is_some();
        let newest = found.iter().enumerate().filter(|(place, (at, entry))| {
            (*place < REMEMBERED && *at >= since_ms) || is_due(entry)
        });
        Ok(newest.map(|(_, (_, entry))| Entry::clone(entry)).collect())
    }

    fn open_elsewhere(&self, connected: &[String]) -> Result<Vec<OpenUnder>> {
        let mut state = self.locked();
        fail(&mut state.failing_reads, "it cannot be read")?;
        let mut found: Vec<OpenUnder> = (state.open.iter())
            .filter(|(terminal, open)| !open.is_empty() && !connected.contains(terminal))
            .map(|(terminal, open)| OpenUnder { terminal: terminal.clone(), open: open.len() })
            .collect();
        found.sort_by(|a, b| a.terminal.cmp(&b.terminal));
        Ok(found)
    }

    fn adopt(&self, former: &str, terminal: &str, now_ms: i64) -> Result<usize> {
        let mut state = self.locked();
        let since_ms = now_ms.saturating_sub(REMEMBERED_MS);
        let moves = |entry: &Entry| {
            entry.is_open()
                || entry.look_ms.is_some()
                || entry.settled_ms.is_some_and(|at| at >= since_ms)
        };
        let moved: Vec<(u64, Entry)> = (state.rows.iter())
            .filter(|(_, entry)| entry.terminal == former && moves(entry))
            .map(|(seq, entry)| (*seq, Entry { terminal: terminal.to_owned(), ..entry.clone() }))
            .collect();
        if !moved.is_empty() {
            state.may_write()?;
        }
        let count = moved.len();
        for (seq, entry) in moved {
            state.write(seq, Some(entry));
        }
        Ok(count)
    }

    fn handles(&self) -> Option<&Handles> {
        Some(&self.handles)
    }
}
