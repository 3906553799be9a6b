//! Journals of version 1: tills in shops have them.

use super::*;

const VERSION_1: &str = include_str!("version_1.sql");

/// A journal as version 1 wrote it.
fn version_1(folder: &Folder) -> std::path::PathBuf {
    let path = folder.file("orders.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();
    path
}

#[test]
fn a_journal_of_version_1_opens_with_everything_in_it() {
    let folder = Folder::new();
    let journal = SqliteJournal::open(version_1(&folder), 400, NOW_MS).unwrap();
    let entry = get(&journal, "approved");
    assert_eq!((entry.outcome, entry.sent.as_str()), (Some(Outcome::Approved), "yes"));
    assert_eq!((entry.since_ms, entry.settled_ms), (1_767_225_000_000, Some(1_767_225_003_000)));
    assert_eq!(entry.acknowledged_ms, Some(1_767_225_004_000));
    assert_eq!(entry.response.as_deref(), Some(r#"{"response_code":"000"}"#));
    assert_eq!((entry.answer_within_ms, entry.elapsed_ms, entry.look_ms), (None, None, None));

    let entry = get(&journal, "unknown");
    assert_eq!(entry.unknown_ms, Some(1_767_225_103_000), "when it completed");
    let entry = get(&journal, "clarified");
    assert_eq!((entry.clarified, entry.was), (true, Some(Outcome::Unknown)));
    let entry = get(&journal, "resolved");
    assert_eq!((entry.resolved_ms, entry.note.as_deref()), (Some(1_767_225_305_000), Some("seen")));
    begin(&journal, "new", "N1").unwrap();
    journal.settle("new", &ended(Outcome::Busy)).unwrap();
    let all = Reader::open(folder.file("orders.db")).unwrap().list(&Filter::default()).unwrap();
    assert_eq!(
        ids(&all),
        ["approved", "unknown", "clarified", "resolved", "open", "slash", "bare", "named", "new"],
        "in the order in which they were begun"
    );
}

#[test]
fn names_that_version_1_wrote_are_one_name_for_one_address() {
    let folder = Folder::new();
    let journal = SqliteJournal::open(version_1(&folder), 400, NOW_MS).unwrap();
    // Written as ws://10.0.0.7:35779, ws://10.0.0.7:35779/ and WS://10.0.0.7.
    assert_eq!(open_ids(&journal), ["unknown", "open", "slash", "bare"]);
    assert_eq!(ids(&journal.open("Bar").unwrap()), ["named"]);
    drop(journal);
    let reader = Reader::open(folder.file("orders.db")).unwrap();
    let of = |terminal: &str| {
        let filter =
            Filter { terminal: Some(terminal.to_owned()), open: true, ..Filter::default() };
        ids(&reader.list(&filter).unwrap())
    };
    assert_eq!(of("ws://10.0.0.7/"), ["unknown", "open", "slash", "bare"]);
    assert_eq!(of("Bar"), ["named"]);
}

#[test]
fn a_journal_of_version_1_is_brought_up_to_date_whole_or_not_at_all() {
    let folder = Folder::new();
    let path = version_1(&folder);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE new_orders (in_the_way TEXT)").unwrap();
    drop(raw);
    SqliteJournal::open(&path, 400, NOW_MS).unwrap_err();
    let raw = rusqlite::Connection::open(&path).unwrap();
    let version: i32 = raw.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let count: i32 = raw.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap();
    assert_eq!((version, count), (1, 8));
    raw.execute_batch("DROP TABLE new_orders").unwrap();
    drop(raw);
    assert_eq!(open_ids(&SqliteJournal::open(&path, 400, NOW_MS).unwrap()).len(), 4);
}
