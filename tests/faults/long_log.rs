//! A journal whose log is long.

use std::path::{Path, PathBuf};

use ecrhub::Outcome;
use ecrhub::journal::{Acknowledged, Journal, NewOrder, Settlement, SqliteJournal};

/// SQLite puts the log into the file when it has this many pages.
const PAGES: u64 = 1_000;
const BYTES_A_PAGE: u64 = 4_096 + 24;

/// The file, and its log with all but a few of those pages.
pub struct LongLog {
    file: Vec<u8>,
    log: Vec<u8>,
}

fn log_of(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

impl LongLog {
    /// Writes it at `path`, and takes it from there as if the process had died.
    pub fn new(path: &Path) -> LongLog {
        let journal = SqliteJournal::open(path, 400, 0).unwrap();
        let log = log_of(path);
        for n in 0.. {
            sell(&journal, &format!("long{n}"));
            let pages = std::fs::metadata(&log).unwrap().len() / BYTES_A_PAGE;
            assert!(pages < PAGES, "an order takes more pages than are left");
            if pages + 12 > PAGES {
                break;
            }
        }
        LongLog { file: std::fs::read(path).unwrap(), log: std::fs::read(&log).unwrap() }
    }

    pub fn put(&self, journal: &Path) {
        std::fs::write(journal, &self.file).unwrap();
        std::fs::write(log_of(journal), &self.log).unwrap();
    }
}

fn sell(journal: &SqliteJournal, number: &str) {
    let order = NewOrder {
        request_id: number,
        merchant_order_no: number,
        terminal: "a till of last week",
        request: r#"{"topic":"ecrhub.pay.order"}"#,
        answer_within_ms: 1_000,
        at_ms: 1,
    };
    let settlement = Settlement {
        outcome: Outcome::Approved,
        sent: "yes",
        response: None,
        error: None,
        recovered: false,
        look_ms: None,
        elapsed_ms: 1,
        at_ms: 2,
    };
    journal.begin(&order).unwrap();
    journal.settle(number, &settlement).unwrap();
    let acknowledged = journal.acknowledge(number, Outcome::Approved, 3).unwrap();
    assert_eq!(acknowledged, Acknowledged::Done);
}
