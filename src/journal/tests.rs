//! What can only be seen from inside: query plans, a disk that fills up, tables gone wrong.

use std::path::PathBuf;
use std::sync::PoisonError;

use tempfile::TempDir;

use super::sql::{PURGE, look_sql, next_name_sql, open_sql, settled_sql};
use super::sqlite::Inner;
use super::*;
use crate::error::{Error, Status};

const NOW_MS: i64 = 1_767_225_600_000;
const TILL: &str = "till";

struct Folder {
    path: PathBuf,
    _directory: TempDir,
}

impl Folder {
    fn new() -> Folder {
        let directory = TempDir::with_prefix("ecrhub-inside-").unwrap();
        let path = super::owner::plain(directory.path().canonicalize().unwrap());
        Folder { path, _directory: directory }
    }

    fn journal(&self) -> SqliteJournal {
        SqliteJournal::open(self.path.join("orders.db"), 400, NOW_MS).unwrap()
    }
}

fn inside<T>(journal: &SqliteJournal, look: impl FnOnce(&mut Inner) -> T) -> T {
    look(journal.inner.lock().unwrap_or_else(PoisonError::into_inner).as_mut().unwrap())
}

fn begin(journal: &SqliteJournal, id: &str) -> Result<()> {
    let order = NewOrder {
        request_id: id,
        merchant_order_no: id,
        terminal: TILL,
        request: "{}",
        answer_within_ms: 1_000,
        at_ms: NOW_MS,
    };
    journal.begin(&order).map(drop)
}

fn plan(inner: &Inner, sql: &str) -> String {
    let mut query = inner.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let parameters = vec![1; query.parameter_count()];
    let steps =
        query.query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, String>(3));
    steps.unwrap().map(|step| step.unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn open_orders_are_found_without_passing_over_the_others() {
    let folder = Folder::new();
    inside(&folder.journal(), |inner| {
        let open = plan(inner, &open_sql());
        assert_eq!(
            open, "SEARCH orders USING INDEX orders_open (terminal=?)",
            "no scan and no sort"
        );
    });
}

#[test]
fn what_a_start_must_know_is_found_without_passing_over_the_rest() {
    let folder = Folder::new();
    inside(&folder.journal(), |inner| {
        let settled = plan(inner, &settled_sql());
        assert_eq!(
            settled,
            "SEARCH orders USING INDEX orders_settled (terminal=? AND settled_ms>?)"
        );
        assert_eq!(plan(inner, &look_sql()), "SEARCH orders USING INDEX orders_look (terminal=?)");
        let next = plan(inner, &next_name_sql());
        assert!(next.contains("INDEX orders_open (terminal>?)"), "{next}");
    });
}

#[test]
fn old_orders_are_found_without_passing_over_the_others() {
    let folder = Folder::new();
    inside(&folder.journal(), |inner| {
        let purge = plan(inner, PURGE);
        println!("{purge}");
        assert!(purge.contains("INDEX orders_done (acknowledged_ms<?)"), "{purge}");
        assert!(!purge.contains("SCAN orders"), "{purge}");
    });
}

#[test]
fn every_write_waits_for_the_disk() {
    let folder = Folder::new();
    inside(&folder.journal(), |inner| {
        let value = |name: &str| -> String {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
            format!("{:?}", inner.connection.pragma_query_value(None, name, read).unwrap())
        };
        assert_eq!(value("journal_mode"), r#"Text("wal")"#);
        assert_eq!(value("synchronous"), "Integer(2)", "FULL");
        assert_eq!(value("application_id"), format!("Integer({})", 0x4543_524A));
        assert_eq!(value("user_version"), "Integer(2)");
    });
}

#[track_caller]
fn refused(result: Result<()>, words: &[&str]) -> Error {
    let error = result.expect_err("it was to be refused");
    assert_eq!(error.status(), Status::Journal, "{error}");
    for word in words {
        assert!(error.message().contains(word), "{word:?} is not in: {error}");
    }
    error
}

fn limit_pages(journal: &SqliteJournal, more: i64) {
    inside(journal, |inner| {
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let pages = inner.connection.pragma_query_value(None, "page_count", count).unwrap();
        inner
            .connection
            .pragma_update_and_check(None, "max_page_count", pages + more, |_| Ok(()))
            .unwrap();
    });
}

#[test]
fn a_full_disk_refuses_the_order_and_what_was_there_stays() {
    let folder = Folder::new();
    let journal = folder.journal();
    begin(&journal, "first").unwrap();
    limit_pages(&journal, 0);
    let mut taken = vec!["first".to_owned()];
    let refusal = (0..10_000).find_map(|n| {
        let id = format!("r{n}");
        let result = begin(&journal, &id);
        if result.is_ok() {
            taken.push(id);
        }
        result.err()
    });
    refused(
        Err(refusal.expect("the disk never filled up")),
        &["disk is full", "make room", "orders.db"],
    );
    let listed = |journal: &SqliteJournal| -> Vec<String> {
        journal.open(TILL).unwrap().into_iter().map(|entry| entry.request_id).collect()
    };
    assert_eq!(listed(&journal), taken, "the refused one is not there in part");
    let truth = Settlement {
        outcome: Outcome::Approved,
        sent: "yes",
        response: Some(&"x".repeat(20_000)),
        error: None,
        recovered: false,
        look_ms: None,
        elapsed_ms: 1,
        at_ms: NOW_MS,
    };
    refused(journal.settle("first", &truth), &["disk is full"]);
    assert_eq!(journal.find("first").unwrap().unwrap().outcome, None);
    limit_pages(&journal, 1_000);
    begin(&journal, "after").unwrap();
    journal.settle("first", &truth).unwrap();
    taken.push("after".to_owned());
    drop(journal);
    assert_eq!(listed(&folder.journal()), taken);
}

#[test]
fn what_cannot_be_written_is_refused_and_says_so() {
    let folder = Folder::new();
    let journal = folder.journal();
    begin(&journal, "r1").unwrap();
    inside(&journal, |inner| inner.connection.pragma_update(None, "query_only", true).unwrap());
    refused(begin(&journal, "r2"), &["read-only", "orders.db"]);
    inside(&journal, |inner| inner.connection.pragma_update(None, "query_only", false).unwrap());
    assert!(journal.find("r2").unwrap().is_none());
    begin(&journal, "r2").unwrap();
}

#[test]
fn another_program_that_has_the_file_locked_is_named_as_the_reason() {
    let folder = Folder::new();
    let journal = folder.journal();
    inside(&journal, |inner| {
        inner.connection.busy_timeout(std::time::Duration::from_millis(20)).unwrap()
    });
    let browser = rusqlite::Connection::open(journal.path()).unwrap();
    browser.execute_batch("BEGIN IMMEDIATE").unwrap();
    refused(begin(&journal, "r1"), &["another program has it locked"]);
    browser.execute_batch("ROLLBACK").unwrap();
    begin(&journal, "r1").unwrap();
}

#[test]
fn a_row_that_makes_no_sense_is_damage_not_a_guess() {
    let folder = Folder::new();
    let journal = folder.journal();
    begin(&journal, "r1").unwrap();
    inside(&journal, |inner| {
        inner
            .connection
            .execute_batch(
                "PRAGMA ignore_check_constraints = 1; UPDATE orders SET outcome = 'perhaps', settled_ms = 1;",
            )
            .unwrap();
    });
    refused(journal.open(TILL).map(drop), &["damaged", "perhaps", "aside"]);
    drop(journal);
    let opened = SqliteJournal::open(folder.path.join("orders.db"), 400, NOW_MS);
    refused(opened.map(drop), &["damaged", "aside"]);
}

#[test]
fn a_journal_without_its_table_is_damage() {
    let folder = Folder::new();
    let journal = folder.journal();
    inside(&journal, |inner| inner.connection.execute_batch("DROP TABLE orders").unwrap());
    drop(journal);
    let opened = SqliteJournal::open(folder.path.join("orders.db"), 400, NOW_MS);
    refused(opened.map(drop), &["damaged", "aside"]);
}

#[test]
fn a_directory_that_cannot_be_written_is_read_without_a_log() {
    let folder = Folder::new();
    let path = folder.path.join("a b#c%41é.db");
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    begin(&journal, "r1").unwrap();
    drop(journal);
    let connection = super::reader::connect(&path, true).unwrap();
    let count: i64 =
        connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
    assert!(!super::schema::beside(&path, "-shm").exists(), "nothing is left beside it");
}
