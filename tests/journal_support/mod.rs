//! What the journal's tests share.
#![allow(dead_code, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ecrhub::journal::{Entry, Journal, NewOrder, Settlement};
use ecrhub::{Outcome, Result};

pub const DAY_MS: i64 = 86_400_000;
/// 2026-01-01
pub const NOW_MS: i64 = 1_767_225_600_000;
pub const TILL: &str = "ws://10.0.0.7:35779";

/// A directory of its own that goes with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Memory where there is some: these tests sync thousands of times, and none pulls a real plug.
        let base = Some(PathBuf::from("/dev/shm")).filter(|path| path.is_dir());
        let base = base.unwrap_or_else(std::env::temp_dir);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("ecrhub-journal-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(plain(path.canonicalize().unwrap()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
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

pub fn begin_at(journal: &dyn Journal, id: &str, number: &str, at_ms: i64) -> Result<()> {
    let request = format!(r#"{{"topic":"ecrhub.pay.order","request_id":"{id}"}}"#);
    let order = NewOrder {
        request_id: id,
        merchant_order_no: number,
        terminal: TILL,
        request: &request,
        at_ms,
    };
    journal.begin(&order)
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
