//! What the journal promises: the contract of `Journal`, kept by the file and by its stand-in in memory alike,
//! and what the file does with time, other files and trouble.
#![allow(missing_docs)]

mod journal_support;

use std::path::Path;

use ecrhub::journal::memory::MemoryJournal;
use ecrhub::journal::{self, Filter, Journal, NewOrder, Reader, Settlement, SqliteJournal};
use ecrhub::{Error, Outcome, Status};
use journal_support::*;

/// Runs a statement of the contract against each kind of journal.
fn both(test: impl Fn(&dyn Journal)) {
    let folder = Folder::new();
    test(&SqliteJournal::open(folder.file("orders.db"), 400, NOW_MS).unwrap());
    test(&MemoryJournal::new());
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, status: Status, words: &[&str]) {
    let error = result.expect_err("it was to be refused");
    assert_eq!(error.status(), status, "{error}");
    for word in words {
        assert!(error.message().contains(word), "{word:?} is not in: {error}");
    }
}

#[test]
fn an_order_is_listed_as_it_was_accepted_until_it_has_an_outcome_that_was_acknowledged() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        let entry = get(journal, "r1");
        assert_eq!((entry.merchant_order_no.as_str(), entry.terminal.as_str()), ("A1", TILL));
        assert_eq!(entry.request, r#"{"topic":"ecrhub.pay.order","request_id":"r1"}"#);
        assert_eq!((entry.since_ms, entry.outcome, entry.sent.as_str()), (NOW_MS, None, "maybe"));
        assert_eq!(open_ids(journal), ["r1"]);

        let settlement = Settlement {
            error: Some(r#"{"stage":"recovery"}"#),
            recovered: true,
            ..ended(Outcome::Approved)
        };
        journal.settle("r1", &settlement).unwrap();
        let entry = get(journal, "r1");
        assert_eq!((entry.outcome, entry.sent.as_str()), (Some(Outcome::Approved), "yes"));
        assert_eq!(entry.response.as_deref(), Some(r#"{"response_code":"000"}"#));
        assert_eq!(entry.error.as_deref(), Some(r#"{"stage":"recovery"}"#));
        assert_eq!((entry.recovered, entry.settled_ms), (true, Some(NOW_MS + 1_000)));
        assert_eq!(open_ids(journal), ["r1"], "it was not acknowledged");

        journal.acknowledge("r1", NOW_MS + 2_000).unwrap();
        assert!(open_ids(journal).is_empty());
        assert_eq!(get(journal, "r1").acknowledged_ms, Some(NOW_MS + 2_000));
    });
}

#[test]
fn open_orders_come_oldest_first_and_each_terminal_sees_its_own() {
    both(|journal| {
        // The clock is set back between the first and the second.
        begin_at(journal, "r1", "A1", NOW_MS + 5_000).unwrap();
        begin_at(journal, "r2", "A2", NOW_MS).unwrap();
        begin(journal, "r3", "A3").unwrap();
        let other = NewOrder {
            request_id: "r4",
            merchant_order_no: "A4",
            terminal: "back office",
            request: "{}",
            at_ms: NOW_MS,
        };
        journal.begin(&other).unwrap();
        assert_eq!(open_ids(journal), ["r1", "r2", "r3"]);
        assert_eq!(ids(&journal.open("back office").unwrap()), ["r4"]);
        assert!(journal.open("nobody").unwrap().is_empty());
    });
}

#[test]
fn a_number_is_used_once_across_all_terminals() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        let again = NewOrder {
            request_id: "r2",
            merchant_order_no: "A1",
            terminal: "another",
            request: "{}",
            at_ms: NOW_MS,
        };
        refused(
            journal.begin(&again),
            Status::Duplicate,
            &["merchant_order_no \"A1\"", "2026-01-01 00:00:00 UTC", "none yet", TILL, "\"r1\""],
        );
        journal.settle("r1", &ended(Outcome::Declined)).unwrap();
        refused(journal.begin(&again), Status::Duplicate, &["declined"]);
        journal.acknowledge("r1", NOW_MS).unwrap();
        refused(journal.begin(&again), Status::Duplicate, &["declined"]);
        assert!(journal.find("r2").unwrap().is_none());
        assert_eq!(get(journal, "r1").outcome, Some(Outcome::Declined));
    });
}

#[test]
fn a_request_id_is_used_once() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        refused(begin(journal, "r1", "A2"), Status::Duplicate, &["request_id \"r1\"", "\"A1\""]);
        assert_eq!(get(journal, "r1").merchant_order_no, "A1");
    });
}

#[test]
fn an_order_that_was_not_sent_gives_its_number_back() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        begin(journal, "r2", "A2").unwrap();
        journal.settle("r1", &Settlement { sent: "no", ..ended(Outcome::NotSent) }).unwrap();
        begin(journal, "r3", "A1").unwrap();
        assert!(journal.find("r1").unwrap().is_none(), "its row is replaced");
        assert_eq!(open_ids(journal), ["r2", "r3"], "and the new one is the newest");
        // The same request_id may come back as well.
        journal.settle("r3", &Settlement { sent: "no", ..ended(Outcome::NotSent) }).unwrap();
        journal.acknowledge("r3", NOW_MS).unwrap();
        begin(journal, "r3", "A1").unwrap();
        assert_eq!(get(journal, "r3").outcome, None);
    });
}

#[test]
fn an_outcome_is_written_once_and_never_over_another() {
    both(|journal| {
        refused(journal.settle("r1", &ended(Outcome::Approved)), Status::Journal, &["\"r1\""]);
        begin(journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Approved)).unwrap();
        journal.acknowledge("r1", NOW_MS).unwrap();
        journal
            .settle("r1", &Settlement { at_ms: NOW_MS + 9_000, ..ended(Outcome::Approved) })
            .unwrap();
        let entry = get(journal, "r1");
        assert_eq!(entry.settled_ms, Some(NOW_MS + 1_000), "the same once more changes nothing");
        assert_eq!(entry.acknowledged_ms, Some(NOW_MS));
        refused(
            journal.settle("r1", &ended(Outcome::Declined)),
            Status::Journal,
            &["approved", "declined"],
        );
        assert_eq!(get(journal, "r1").outcome, Some(Outcome::Approved));
    });
}

#[test]
fn only_what_an_order_can_end_with_is_an_outcome() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        for outcome in [Outcome::InProgress, Outcome::Ok, Outcome::Refused] {
            refused(journal.settle("r1", &ended(outcome)), Status::Journal, &[outcome.name()]);
            refused(journal.clarify("r1", &ended(outcome)), Status::Journal, &[outcome.name()]);
        }
        for (n, outcome) in [
            Outcome::Approved,
            Outcome::Declined,
            Outcome::Cancelled,
            Outcome::NotFound,
            Outcome::NotSent,
            Outcome::Unknown,
        ]
        .into_iter()
        .enumerate()
        {
            begin(journal, &format!("x{n}"), &format!("X{n}")).unwrap();
            journal.settle(&format!("x{n}"), &ended(outcome)).unwrap();
            assert_eq!(get(journal, &format!("x{n}")).outcome, Some(outcome));
        }
    });
}

#[test]
fn an_unknown_stays_open_after_it_was_acknowledged() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
        journal.acknowledge("r1", NOW_MS).unwrap();
        assert_eq!(open_ids(journal), ["r1"]);
    });
}

#[test]
fn the_truth_about_an_unknown_is_to_be_acknowledged_again() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
        journal.acknowledge("r1", NOW_MS).unwrap();
        let truth = Settlement {
            at_ms: NOW_MS + 7_000,
            response: Some("{}"),
            recovered: true,
            ..ended(Outcome::Approved)
        };
        journal.clarify("r1", &truth).unwrap();
        let entry = get(journal, "r1");
        assert_eq!((entry.outcome, entry.clarified), (Some(Outcome::Approved), true));
        assert_eq!((entry.settled_ms, entry.acknowledged_ms), (Some(NOW_MS + 7_000), None));
        assert_eq!((entry.response.as_deref(), entry.recovered), (Some("{}"), true));
        assert_eq!(open_ids(journal), ["r1"]);
        journal.acknowledge("r1", NOW_MS + 8_000).unwrap();
        assert!(open_ids(journal).is_empty());
        journal.clarify("r1", &truth).unwrap();
        assert!(open_ids(journal).is_empty(), "the same truth once more changes nothing");
    });
}

#[test]
fn only_an_unknown_is_clarified_and_never_against_a_persons_word() {
    both(|journal| {
        refused(journal.clarify("r1", &ended(Outcome::Approved)), Status::Journal, &["\"r1\""]);
        begin(journal, "r1", "A1").unwrap();
        refused(journal.clarify("r1", &ended(Outcome::Approved)), Status::Journal, &["none yet"]);
        journal.settle("r1", &ended(Outcome::Declined)).unwrap();
        refused(journal.clarify("r1", &ended(Outcome::Approved)), Status::Journal, &["declined"]);
        refused(journal.clarify("r1", &ended(Outcome::Declined)), Status::Journal, &["declined"]);

        begin(journal, "r2", "A2").unwrap();
        journal.settle("r2", &ended(Outcome::Unknown)).unwrap();
        refused(journal.clarify("r2", &ended(Outcome::Unknown)), Status::Journal, &["\"r2\""]);
        journal.resolve("r2", Outcome::Declined, None, NOW_MS).unwrap();
        refused(journal.clarify("r2", &ended(Outcome::Approved)), Status::Journal, &["person"]);
        assert_eq!(get(journal, "r2").outcome, Some(Outcome::Declined));
    });
}

#[test]
fn acknowledging_again_changes_nothing() {
    both(|journal| {
        refused(journal.acknowledge("r1", NOW_MS), Status::Argument, &["\"r1\""]);
        begin(journal, "r1", "A1").unwrap();
        refused(journal.acknowledge("r1", NOW_MS), Status::Argument, &["no outcome"]);
        journal.settle("r1", &ended(Outcome::Approved)).unwrap();
        journal.acknowledge("r1", NOW_MS).unwrap();
        journal.acknowledge("r1", NOW_MS + 1).unwrap();
        assert_eq!(get(journal, "r1").acknowledged_ms, Some(NOW_MS));
    });
}

#[test]
fn a_person_decides_about_an_unknown_once_and_about_nothing_else() {
    both(|journal| {
        let decide =
            |id, outcome| journal.resolve(id, outcome, Some("seen on the receipt"), NOW_MS + 3);
        refused(decide("r1", Outcome::Approved), Status::Argument, &["\"r1\""]);
        begin(journal, "r1", "A1").unwrap();
        refused(decide("r1", Outcome::Approved), Status::Argument, &["none yet"]);
        journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
        for outcome in Outcome::ALL {
            if !matches!(
                outcome,
                Outcome::Approved | Outcome::Declined | Outcome::Cancelled | Outcome::NotFound
            ) {
                refused(decide("r1", outcome), Status::Argument, &[outcome.name()]);
            }
        }
        decide("r1", Outcome::NotFound).unwrap();
        let entry = get(journal, "r1");
        assert_eq!(entry.outcome, Some(Outcome::NotFound));
        assert_eq!(
            (entry.resolved_ms, entry.acknowledged_ms),
            (Some(NOW_MS + 3), Some(NOW_MS + 3))
        );
        assert_eq!(entry.note.as_deref(), Some("seen on the receipt"));
        assert!(open_ids(journal).is_empty());
        refused(decide("r1", Outcome::Approved), Status::Argument, &["not_found"]);
    });
}

#[test]
fn everything_is_still_there_when_the_file_is_opened_again() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let before = {
        let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
        begin(&journal, "r1", "A1").unwrap();
        begin(&journal, "r2", "A2").unwrap();
        begin(&journal, "r3", "A3").unwrap();
        journal.settle("r2", &ended(Outcome::Unknown)).unwrap();
        journal.resolve("r2", Outcome::Approved, Some("n"), NOW_MS).unwrap();
        journal.settle("r3", &ended(Outcome::Declined)).unwrap();
        ["r1", "r2", "r3"].map(|id| get(&journal, id))
    };
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    assert_eq!(["r1", "r2", "r3"].map(|id| get(&journal, id)), before);
    assert_eq!(open_ids(&journal), ["r1", "r3"]);
    assert_eq!(journal.path(), path.to_str().unwrap());
}

#[test]
fn card_numbers_never_reach_the_disk() {
    const CARD: &str = "4111111111111111";
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    let text = format!(r#"{{"biz_data":{{"card_no":"{CARD}","attach":"{CARD}"}}}}"#);
    for (id, number) in [("r1", "A1"), ("r2", "A2")] {
        let order = NewOrder {
            request_id: id,
            merchant_order_no: number,
            terminal: TILL,
            request: &text,
            at_ms: NOW_MS,
        };
        journal.begin(&order).unwrap();
        let unknown =
            Settlement { response: Some(&text), error: Some(&text), ..ended(Outcome::Unknown) };
        journal.settle(id, &unknown).unwrap();
    }
    let truth =
        Settlement { response: Some(&text), error: Some(&text), ..ended(Outcome::Approved) };
    journal.clarify("r1", &truth).unwrap();
    journal.resolve("r2", Outcome::Approved, Some(&format!("card {CARD}")), NOW_MS).unwrap();
    let on_disk = |suffix| std::fs::read(beside(&path, suffix)).unwrap();
    for bytes in [on_disk(""), on_disk("-wal")] {
        assert!(!bytes.windows(CARD.len()).any(|window| window == CARD.as_bytes()));
    }
    assert!(get(&journal, "r1").request.contains("1111"), "masked, not gone");
}

mod time {
    use super::*;

    fn acknowledged(journal: &SqliteJournal, id: &str, at_ms: i64) {
        begin_at(journal, id, id, at_ms).unwrap();
        journal.settle(id, &ended(Outcome::Approved)).unwrap();
        journal.acknowledge(id, at_ms).unwrap();
    }

    #[test]
    fn what_is_acknowledged_is_forgotten_after_its_days_and_what_is_open_never() {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        {
            let journal = SqliteJournal::open(&path, 30, NOW_MS).unwrap();
            acknowledged(&journal, "done", NOW_MS);
            acknowledged(&journal, "later", NOW_MS + DAY_MS);
            begin(&journal, "no-outcome", "A1").unwrap();
            begin(&journal, "untold", "A2").unwrap();
            journal.settle("untold", &ended(Outcome::Approved)).unwrap();
            begin(&journal, "unknown", "A3").unwrap();
            journal.settle("unknown", &ended(Outcome::Unknown)).unwrap();
            journal.acknowledge("unknown", NOW_MS).unwrap();
        }
        let later = NOW_MS + 30 * DAY_MS;
        drop(SqliteJournal::open(&path, 30, later).unwrap());
        let reader = Reader::open(&path).unwrap();
        assert_eq!(
            reader.list(&Filter::default()).unwrap().len(),
            5,
            "thirty days to the millisecond are not over"
        );
        drop(reader);
        let journal = SqliteJournal::open(&path, 30, later + DAY_MS).unwrap();
        assert!(journal.find("done").unwrap().is_none());
        assert!(journal.find("later").unwrap().is_some());
        assert_eq!(open_ids(&journal), ["no-outcome", "untold", "unknown"]);
        begin(&journal, "again", "done").unwrap();
    }

    #[test]
    fn old_orders_are_looked_for_once_a_day_also_by_a_till_that_is_never_restarted() {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        let journal = SqliteJournal::open(&path, 1, NOW_MS).unwrap();
        begin(&journal, "old", "A0").unwrap();
        journal.settle("old", &ended(Outcome::Approved)).unwrap();
        journal.acknowledge("old", NOW_MS - 2 * DAY_MS).unwrap();
        begin_at(&journal, "r1", "A1", NOW_MS + DAY_MS - 1).unwrap();
        assert!(journal.find("old").unwrap().is_some(), "today has been done");
        drop(journal);
        let journal = SqliteJournal::open(&path, 1, NOW_MS + DAY_MS - 1).unwrap();
        assert!(journal.find("old").unwrap().is_some(), "a restart is no new day");
        begin_at(&journal, "r2", "A2", NOW_MS + DAY_MS).unwrap();
        assert!(journal.find("old").unwrap().is_none());
    }

    #[test]
    fn many_old_orders_go_at_once_when_the_journal_is_opened() {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        let journal = SqliteJournal::open(&path, 1, NOW_MS).unwrap();
        for n in 0..1_200 {
            acknowledged(&journal, &format!("r{n}"), NOW_MS);
        }
        drop(journal);
        drop(SqliteJournal::open(&path, 1, NOW_MS + 3 * DAY_MS).unwrap());
        assert!(Reader::open(&path).unwrap().list(&Filter::default()).unwrap().is_empty());
    }

    #[test]
    fn zero_days_keep_everything_and_no_time_overflows() {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        let journal = SqliteJournal::open(&path, 0, i64::MIN).unwrap();
        acknowledged(&journal, "old", i64::MIN);
        drop(journal);
        drop(SqliteJournal::open(&path, 0, i64::MAX).unwrap());
        let journal = SqliteJournal::open(&path, u32::MAX, i64::MIN).unwrap();
        assert!(journal.find("old").unwrap().is_some());
    }
}

mod files {
    use super::*;

    fn open(path: impl AsRef<Path>) -> ecrhub::Result<SqliteJournal> {
        SqliteJournal::open(path, 400, NOW_MS)
    }

    fn filled(path: &Path) {
        let journal = open(path).unwrap();
        for n in 0..50 {
            begin(&journal, &format!("r{n}"), &format!("A{n}")).unwrap();
        }
    }

    /// Refused in these words, and not one byte changed.
    #[track_caller]
    fn left_alone(path: &Path, words: &[&str]) {
        let before = std::fs::read(path).unwrap();
        let shown = path.to_str().unwrap();
        refused(open(path), Status::Journal, &[&[shown], words].concat());
        refused(Reader::open(path), Status::Journal, &[&[shown], words].concat());
        assert!(std::fs::read(path).unwrap() == before, "the file was changed");
    }

    #[test]
    fn a_missing_and_an_empty_file_become_a_new_journal() {
        let folder = Folder::new();
        begin(&open(folder.file("new.db")).unwrap(), "r1", "A1").unwrap();
        std::fs::write(folder.file("empty.db"), "").unwrap();
        begin(&open(folder.file("empty.db")).unwrap(), "r1", "A1").unwrap();
        assert_eq!(open_ids(&open(folder.file("empty.db")).unwrap()), ["r1"]);
    }

    #[test]
    fn what_is_no_journal_is_refused_and_left_alone() {
        let folder = Folder::new();
        let text = folder.file("notes.txt");
        std::fs::write(&text, "shopping list\n".repeat(1_000)).unwrap();
        left_alone(&text, &["aside", "another program's"]);

        let foreign = folder.file("browser.db");
        let database = rusqlite::Connection::open(&foreign).unwrap();
        database.execute_batch("CREATE TABLE history (url TEXT)").unwrap();
        drop(database);
        left_alone(&foreign, &["another program's"]);
    }

    #[test]
    fn a_journal_of_a_newer_version_is_refused_naming_both_versions() {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        filled(&path);
        rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
        // Also where the version is still in the log only.
        let _ = std::fs::remove_file(beside(&path, "-wal"));
        left_alone(&path, &["version 7", "up to 1", "Update ecrhub"]);
    }

    #[test]
    fn a_newer_version_is_noticed_while_it_is_in_the_log_only() {
        let folder = Folder::new();
        let (path, copy) = (folder.file("orders.db"), folder.file("copy.db"));
        filled(&path);
        let database = rusqlite::Connection::open(&path).unwrap();
        database.pragma_update(None, "user_version", 7).unwrap();
        for suffix in ["", "-wal"] {
            std::fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
        }
        refused(open(&copy), Status::Journal, &["version 7", "up to 1"]);
    }

    #[test]
    fn places_where_no_journal_can_be_are_refused_with_the_reason() {
        let folder = Folder::new();
        std::fs::create_dir(folder.file("directory")).unwrap();
        refused(open(folder.file("directory")), Status::Journal, &["directory", "name a file"]);
        let missing = folder.file("missing").join("orders.db");
        refused(open(missing), Status::Journal, &["could not be found", "create it first"]);
        std::fs::write(folder.file("file"), "x").unwrap();
        let under_a_file = folder.file("file").join("orders.db");
        refused(open(under_a_file), Status::Journal, &["orders.db"]);
        refused(open(""), Status::Journal, &["empty"]);
        refused(open(".."), Status::Journal, &["directory"]);
        refused(open("a\0b"), Status::Journal, &["NUL"]);
        std::fs::create_dir(folder.file("locked.db.lock")).unwrap();
        refused(open(folder.file("locked.db")), Status::Journal, &["locked.db.lock"]);
        assert!(!folder.file("locked.db").exists(), "nothing was created");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_links_to_nowhere_and_directories_that_cannot_be_written_are_refused() {
        let folder = Folder::new();
        refused(open("/dev/null"), Status::Journal, &["no regular file"]);
        refused(
            open("/proc/orders.db"),
            Status::Journal,
            &["/proc/orders.db.lock", "could not be opened"],
        );
        std::os::unix::fs::symlink(folder.file("nowhere"), folder.file("link")).unwrap();
        refused(open(folder.file("link")), Status::Journal, &["link"]);
    }

    #[test]
    fn names_with_spaces_and_signs_are_names() {
        let folder = Folder::new();
        for name in ["a b?mode=memory#x%41é.db", ":memory:", "file:x?mode=memory"] {
            if cfg!(windows) && name.contains([':', '?']) {
                continue;
            }
            let path = folder.file(name);
            filled(&path);
            assert!(path.metadata().unwrap().len() > 0, "{name}");
            assert_eq!(Reader::open(&path).unwrap().list(&Filter::default()).unwrap().len(), 50);
        }
    }

    #[test]
    fn a_damaged_file_is_refused_with_what_to_do_and_left_alone() {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        filled(&path);
        let good = std::fs::read(&path).unwrap();
        let words = ["is damaged", "-wal", "aside", "looked up on the terminal"];

        let mut torn = good.clone();
        torn[..16].fill(0);
        std::fs::write(&path, &torn).unwrap();
        left_alone(&path, &words);

        // The head of the table's second page: not seen until someone reads there, but for the check.
        let mut torn = good.clone();
        torn[2 * 4_096..2 * 4_096 + 64].fill(0xA5);
        std::fs::write(&path, &torn).unwrap();
        refused(open(&path), Status::Journal, &words);
        assert!(std::fs::read(&path).unwrap() == torn, "the file was changed");

        std::fs::write(&path, &good[..good.len() / 2]).unwrap();
        refused(open(&path), Status::Journal, &words);
        std::fs::write(&path, &good).unwrap();
        assert_eq!(open_ids(&open(&path).unwrap()).len(), 50, "the file was good");
    }

    #[test]
    fn a_lone_log_is_never_thrown_away() {
        let folder = Folder::new();
        let (path, copy) = (folder.file("orders.db"), folder.file("copy.db"));
        let journal = open(&path).unwrap();
        begin(&journal, "r1", "A1").unwrap();
        std::fs::copy(beside(&path, "-wal"), beside(&copy, "-wal")).unwrap();
        refused(open(&copy), Status::Journal, &["missing or empty", "aside"]);
        std::fs::write(&copy, "").unwrap();
        refused(open(&copy), Status::Journal, &["missing or empty", "aside"]);
        assert_eq!(
            std::fs::metadata(beside(&copy, "-wal")).unwrap().len(),
            std::fs::metadata(beside(&path, "-wal")).unwrap().len()
        );
    }
}

mod reading {
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
        journal.acknowledge("r0", NOW_MS).unwrap();
        journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
        journal.acknowledge("r1", NOW_MS).unwrap();
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
        let decide = || {
            journal::resolve(&path, "r1", Outcome::Approved, Some("seen"), NOW_MS + 900 * DAY_MS)
        };
        refused(decide(), Status::Journal, &["does not exist"]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
        begin(&journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
        begin(&journal, "r2", "A2").unwrap();
        journal.settle("r2", &ended(Outcome::Approved)).unwrap();
        journal.acknowledge("r2", NOW_MS).unwrap();
        refused(decide(), Status::Journal, &["in use"]);
        drop(journal);
        let entry = decide().unwrap();
        assert_eq!((entry.outcome, entry.note.as_deref()), (Some(Outcome::Approved), Some("seen")));
        refused(decide(), Status::Argument, &["approved"]);
        let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
        assert!(open_ids(&journal).is_empty());
        assert!(journal.find("r2").unwrap().is_some(), "nothing else changes");
    }
}

mod the_disk_in_memory {
    use super::*;

    #[test]
    fn a_crash_loses_what_was_not_on_the_disk_and_nothing_else() {
        let journal = MemoryJournal::new();
        begin(&journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::NotSent)).unwrap();
        begin(&journal, "r2", "A2").unwrap();
        let before = journal.entries();
        journal.crash();
        assert_eq!(journal.entries(), before, "every write was on the disk");

        journal.lose_unsynced(true);
        begin(&journal, "r3", "A1").unwrap();
        journal.settle("r2", &ended(Outcome::Unknown)).unwrap();
        journal.settle("r3", &ended(Outcome::Approved)).unwrap();
        journal.acknowledge("r3", NOW_MS).unwrap();
        assert_eq!(open_ids(&journal), ["r2"]);
        journal.crash();
        assert_eq!(journal.entries(), before);
        assert_eq!(open_ids(&journal), ["r1", "r2"]);

        begin(&journal, "r3", "A3").unwrap();
        journal.sync();
        begin(&journal, "r4", "A4").unwrap();
        journal.crash();
        assert_eq!(open_ids(&journal), ["r1", "r2", "r3"]);
    }

    #[test]
    fn an_injected_failure_refuses_and_writes_nothing() {
        let journal = MemoryJournal::new();
        journal.fail_next(2);
        refused(begin(&journal, "r1", "A1"), Status::Journal, &["full"]);
        refused(begin(&journal, "r1", "A1"), Status::Journal, &["full"]);
        assert_eq!((journal.entries().len(), journal.writes()), (0, 0));
        begin(&journal, "r1", "A1").unwrap();
        journal.fail_next(1);
        refused(journal.settle("r1", &ended(Outcome::Approved)), Status::Journal, &["full"]);
        assert_eq!(get(&journal, "r1").outcome, None);
        journal.fail_next_reads(1);
        refused(journal.open(TILL), Status::Journal, &["read"]);
        assert_eq!(open_ids(&journal), ["r1"]);
    }
}
