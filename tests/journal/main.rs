//! What the journal promises: the contract of `Journal`, kept by the file and by its stand-in in memory alike,
//! and what the file does with time, other files and trouble.
#![allow(missing_docs)]

mod clarifying;
mod files;
#[path = "../journal_support/mod.rs"]
mod journal_support;
mod migrating;
#[cfg(unix)]
mod private;
mod reading;
mod remembering;
mod the_disk_in_memory;
mod time;

use std::path::Path;

use ecrhub::journal::memory::MemoryJournal;
use ecrhub::journal::{
    self, Acknowledged, Filter, Journal, NewOrder, Reader, Settlement, SqliteJournal,
};
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

        acknowledge(journal, "r1", Outcome::Approved, NOW_MS + 2_000);
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
        begin_on(journal, "back office", "r4", "A4", NOW_MS).unwrap();
        assert_eq!(open_ids(journal), ["r1", "r2", "r3"]);
        assert_eq!(ids(&journal.open("back office").unwrap()), ["r4"]);
        assert!(journal.open("nobody").unwrap().is_empty());
    });
}

#[test]
fn a_number_is_used_once_across_all_terminals() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        let again = || begin_on(journal, "another", "r2", "A1", NOW_MS);
        refused(
            again(),
            Status::Duplicate,
            &["merchant_order_no \"A1\"", "2026-01-01 00:00:00 UTC", "none yet", TILL, "\"r1\""],
        );
        journal.settle("r1", &ended(Outcome::Declined)).unwrap();
        refused(again(), Status::Duplicate, &["declined"]);
        acknowledge(journal, "r1", Outcome::Declined, NOW_MS);
        refused(again(), Status::Duplicate, &["declined"]);
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

/// Begins an order on a number that was used, and gives whether an earlier attempt is known.
fn begin_again(journal: &dyn Journal, id: &str, number: &str) -> ecrhub::Result<bool> {
    journal.begin(&NewOrder {
        request_id: id,
        merchant_order_no: number,
        terminal: TILL,
        request: "{}",
        answer_within_ms: 180_000,
        at_ms: NOW_MS,
    })
}

#[test]
fn an_order_that_was_not_sent_gives_its_number_back() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        begin(journal, "r2", "A2").unwrap();
        journal.settle("r1", &Settlement { sent: "no", ..ended(Outcome::NotSent) }).unwrap();
        assert!(!begin_again(journal, "r3", "A1").unwrap(), "the terminal never saw the first");
        assert!(journal.find("r1").unwrap().is_none(), "its row is replaced");
        assert_eq!(open_ids(journal), ["r2", "r3"], "and the new one is the newest");
        // The same request_id may come back as well.
        journal.settle("r3", &Settlement { sent: "no", ..ended(Outcome::NotSent) }).unwrap();
        acknowledge(journal, "r3", Outcome::NotSent, NOW_MS);
        begin(journal, "r3", "A1").unwrap();
        assert_eq!(get(journal, "r3").outcome, None);
    });
}

#[test]
fn an_order_refused_as_busy_gives_its_number_back_and_stays_known_as_an_earlier_attempt() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        let busy = Settlement { look_ms: Some(NOW_MS + 31_000), ..ended(Outcome::Busy) };
        journal.settle("r1", &busy).unwrap();
        refused(begin_again(journal, "r1", "A2"), Status::Duplicate, &["r1", "busy"]);
        assert!(begin_again(journal, "r2", "A1").unwrap());
        assert!(journal.find("r1").unwrap().is_none(), "its row is replaced, its look is over");
        assert!(get(journal, "r2").earlier_attempt);
        // Also when the second attempt never left.
        journal.settle("r2", &Settlement { sent: "no", ..ended(Outcome::NotSent) }).unwrap();
        assert!(begin_again(journal, "r3", "A1").unwrap());
        refused(begin_again(journal, "r4", "A1"), Status::Duplicate, &["none yet"]);
    });
}

#[test]
fn only_not_sent_and_busy_give_their_number_back() {
    both(|journal| {
        let others = Outcome::ALL.into_iter().filter(|outcome| {
            !matches!(
                outcome,
                Outcome::NotSent
                    | Outcome::Busy
                    | Outcome::InProgress
                    | Outcome::Ok
                    | Outcome::Refused
            )
        });
        for outcome in others {
            begin(journal, outcome.name(), outcome.name()).unwrap();
            journal.settle(outcome.name(), &ended(outcome)).unwrap();
            acknowledge(journal, outcome.name(), outcome, NOW_MS);
            let again = begin_again(journal, "again", outcome.name());
            refused(again, Status::Duplicate, &[outcome.name()]);
        }
    });
}

#[test]
fn how_long_the_answer_was_to_be_waited_for_is_kept() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        assert_eq!(get(journal, "r1").answer_within_ms, Some(180_000));
        journal.settle("r1", &ended(Outcome::Approved)).unwrap();
        assert_eq!(get(journal, "r1").elapsed_ms, Some(900));
    });
}

#[test]
fn an_outcome_is_written_once_and_never_over_another() {
    both(|journal| {
        refused(journal.settle("r1", &ended(Outcome::Approved)), Status::Journal, &["\"r1\""]);
        begin(journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Approved)).unwrap();
        acknowledge(journal, "r1", Outcome::Approved, NOW_MS);
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
            refused(
                journal.clarify("r1", Outcome::Declined, &ended(outcome)),
                Status::Journal,
                &[outcome.name()],
            );
        }
        for (n, outcome) in [
            Outcome::Approved,
            Outcome::Declined,
            Outcome::Cancelled,
            Outcome::NotFound,
            Outcome::Busy,
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
        acknowledge(journal, "r1", Outcome::Unknown, NOW_MS);
        assert_eq!(open_ids(journal), ["r1"]);
    });
}

#[test]
fn acknowledging_again_changes_nothing() {
    both(|journal| {
        let approved = |at_ms| journal.acknowledge("r1", Outcome::Approved, at_ms);
        refused(approved(NOW_MS), Status::Argument, &["\"r1\""]);
        begin(journal, "r1", "A1").unwrap();
        refused(approved(NOW_MS), Status::Argument, &["no outcome"]);
        journal.settle("r1", &ended(Outcome::Approved)).unwrap();
        assert_eq!(approved(NOW_MS), Ok(Acknowledged::Done));
        assert_eq!(approved(NOW_MS + 1), Ok(Acknowledged::Done));
        assert_eq!(get(journal, "r1").acknowledged_ms, Some(NOW_MS));
    });
}

#[test]
fn only_the_present_outcome_is_acknowledged() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Declined)).unwrap();
        for other in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Declined) {
            let before = get(journal, "r1");
            assert_eq!(journal.acknowledge("r1", other, NOW_MS), Ok(Acknowledged::Outdated));
            assert_eq!(get(journal, "r1"), before, "{other}: nothing was changed");
        }
        acknowledge(journal, "r1", Outcome::Declined, NOW_MS);
        journal.clarify("r1", Outcome::Declined, &ended(Outcome::Approved)).unwrap();
        let declined = journal.acknowledge("r1", Outcome::Declined, NOW_MS + 1);
        assert_eq!(declined, Ok(Acknowledged::Outdated), "though it was acknowledged before");
        assert_eq!(open_ids(journal), ["r1"]);
        acknowledge(journal, "r1", Outcome::Approved, NOW_MS + 2);
        assert_eq!(get(journal, "r1").acknowledged_ms, Some(NOW_MS + 2));
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
            answer_within_ms: 180_000,
            at_ms: NOW_MS,
        };
        journal.begin(&order).unwrap();
        let unknown =
            Settlement { response: Some(&text), error: Some(&text), ..ended(Outcome::Unknown) };
        journal.settle(id, &unknown).unwrap();
    }
    let truth =
        Settlement { response: Some(&text), error: Some(&text), ..ended(Outcome::Approved) };
    journal.clarify("r1", Outcome::Unknown, &truth).unwrap();
    journal.resolve("r2", Outcome::Approved, Some(&format!("card {CARD}")), NOW_MS).unwrap();
    let on_disk = |suffix| std::fs::read(beside(&path, suffix)).unwrap();
    for bytes in [on_disk(""), on_disk("-wal")] {
        assert!(!bytes.windows(CARD.len()).any(|window| window == CARD.as_bytes()));
    }
    assert!(get(&journal, "r1").request.contains("1111"), "masked, not gone");
}
