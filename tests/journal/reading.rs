//! Reading a journal from beside, as `ecrhub journal` does.

use super::*;

fn all(reader: &Reader) -> Vec<String> {
    ids(&reader.list(&Filter::default()).unwrap())
}

#[test]
fn the_table_is_readable_while_a_till_runs_and_when_none_does() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(all(&reader), ["r1"]);
    begin(&journal, "r2", "A2").unwrap();
    assert_eq!(all(&reader), ["r1", "r2"], "each call sees what is there by then");
    drop(reader);
    drop(journal);
    let before = std::fs::read(&path).unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(all(&reader), ["r1", "r2"]);
    let journal = SqliteJournal::open(&path, 400, NOW_MS).expect("a reader owns nothing");
    drop(reader);
    drop(journal);
    drop(Reader::open(&path).unwrap());
    assert!(std::fs::read(&path).unwrap() == before);
}

#[test]
fn what_is_only_in_the_log_of_a_killed_till_is_read_too() {
    let folder = Folder::new();
    let (path, copy) = (folder.file("orders.db"), folder.file("copy.db"));
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    for suffix in ["", "-wal"] {
        std::fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
    }
    let log = std::fs::read(beside(&copy, "-wal")).unwrap();
    let reader = Reader::open(&copy).unwrap();
    assert_eq!(all(&reader), ["r1"]);
    drop(reader);
    assert!(std::fs::read(beside(&copy, "-wal")).unwrap() == log, "the log was changed");
}

#[test]
fn orders_are_picked_by_terminal_state_outcome_and_time() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    for n in 0..6 {
        begin_at(&journal, &format!("r{n}"), &format!("A{n}"), NOW_MS + n).unwrap();
    }
    journal.settle("r0", &ended(Outcome::Approved)).unwrap();
    acknowledge(&journal, "r0", Outcome::Approved, NOW_MS);
    journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
    acknowledge(&journal, "r1", Outcome::Unknown, NOW_MS);
    let reader = Reader::open(&path).unwrap();
    let pick = |filter: Filter| ids(&reader.list(&filter).unwrap());
    let any = Filter::default;
    assert_eq!(pick(Filter { open: true, ..any() }), ["r1", "r2", "r3", "r4", "r5"]);
    assert_eq!(pick(Filter { outcome: Some(Outcome::Approved), ..any() }), ["r0"]);
    assert_eq!(
        pick(Filter { from_ms: Some(NOW_MS + 2), until_ms: Some(NOW_MS + 4), ..any() }),
        ["r2", "r3"]
    );
    assert_eq!(pick(Filter { newest_first: true, limit: Some(2), ..any() }), ["r5", "r4"]);
    assert_eq!(pick(Filter { terminal: Some(TILL.into()), ..any() }).len(), 6);
    assert!(pick(Filter { terminal: Some("other".into()), ..any() }).is_empty());
    assert_eq!(reader.find("r3").unwrap().unwrap().merchant_order_no, "A3");
    assert_eq!(reader.find("A3").unwrap().unwrap().request_id, "r3");
    assert!(reader.find("r9").unwrap().is_none());
    // One order's number may be another's request_id: the request_id counts.
    begin(&journal, "A3", "B3").unwrap();
    assert_eq!(reader.find("A3").unwrap().unwrap().merchant_order_no, "B3");
}

#[test]
fn a_reader_begins_no_journal() {
    let folder = Folder::new();
    refused(Reader::open(folder.file("orders.db")), Status::Journal, &["does not exist"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_order_is_resolved_from_outside_when_no_till_runs_and_only_then() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let decide =
        || journal::resolve(&path, "r1", Outcome::Approved, Some("seen"), NOW_MS + 900 * DAY_MS);
    refused(decide(), Status::Journal, &["does not exist"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
    begin(&journal, "r2", "A2").unwrap();
    journal.settle("r2", &ended(Outcome::Approved)).unwrap();
    acknowledge(&journal, "r2", Outcome::Approved, NOW_MS);
    refused(decide(), Status::Journal, &["in use"]);
    drop(journal);
    let entry = decide().unwrap();
    assert_eq!((entry.outcome, entry.note.as_deref()), (Some(Outcome::Approved), Some("seen")));
    refused(decide(), Status::Argument, &["approved"]);
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    assert!(open_ids(&journal).is_empty());
    assert!(journal.find("r2").unwrap().is_some(), "nothing else changes");
}
