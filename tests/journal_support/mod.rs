//! What the journal's tests share.
#![allow(dead_code, missing_docs)]

use std::path::{Path, PathBuf};

use ecrhub::journal::{Acknowledged, Entry, Journal, NewOrder, Settlement};
use ecrhub::{Outcome, Result};
use tempfile::TempDir;

pub const DAY_MS: i64 = 86_400_000;
/// 2026-01-01
pub const NOW_MS: i64 = 1_767_225_600_000;
pub const TILL: &str = "ws://10.0.0.7:35779";

/// Acknowledges what is the present outcome.
#[track_caller]
pub fn acknowledge(journal: &dyn Journal, request_id: &str, outcome: Outcome, at_ms: i64) {
    assert_eq!(journal.acknowledge(request_id, outcome, at_ms), Ok(Acknowledged::Done));
}

/// A directory of its own that goes with the value.
pub struct Folder {
    path: PathBuf,
    _directory: TempDir,
}

impl Folder {
    pub fn new() -> Folder {
        // Memory where there is some: these tests sync thousands of times, and none pulls a real plug.
        let base = Some(PathBuf::from("/dev/shm")).filter(|path| path.is_dir());
        let base = base.unwrap_or_else(std::env::temp_dir);
        // A process's number comes again, on Windows soon: what a killed test has left must not be found by the next.
        let directory = TempDir::with_prefix_in("ecrhub-journal-", base).unwrap();
        Folder { path: plain(directory.path().canonicalize().unwrap()), _directory: directory }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// As a person spells it: Windows' full paths begin with `\\?\`.
fn plain(path: PathBuf) -> PathBuf {
    path.to_str().and_then(|text| text.strip_prefix(r"\\?\")).map(PathBuf::from).unwrap_or(path)
}

pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub fn begin_on(
    journal: &dyn Journal,
    terminal: &str,
    id: &str,
    number: &str,
    at_ms: i64,
) -> Result<()> {
    let request = format!(r#"{{"topic":"ecrhub.pay.order","request_id":"{id}"}}"#);
    let order = NewOrder {
        request_id: id,
        merchant_order_no: number,
        terminal,
        request: &request,
        answer_within_ms: 180_000,
        at_ms,
    };
    journal.begin(&order).map(drop)
}

pub fn begin_at(journal: &dyn Journal, id: &str, number: &str, at_ms: i64) -> Result<()> {
    begin_on(journal, TILL, id, number, at_ms)
}

pub fn begin(journal: &dyn Journal, id: &str, number: &str) -> Result<()> {
    begin_at(journal, id, number, NOW_MS)
}

pub fn ended(outcome: Outcome) -> Settlement<'static> {
    Settlement {
        outcome,
        sent: "yes",
        response: Some(r#"{"response_code":"000"}"#),
        error: None,
        recovered: false,
        look_ms: None,
        elapsed_ms: 900,
        at_ms: NOW_MS + 1_000,
    }
}

pub fn open_ids(journal: &dyn Journal) -> Vec<String> {
    ids(&journal.open(TILL).unwrap())
}

pub fn ids(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.request_id.clone()).collect()
}

pub fn get(journal: &dyn Journal, id: &str) -> Entry {
    journal.find(id).unwrap().unwrap_or_else(|| panic!("{id} is gone"))
}
