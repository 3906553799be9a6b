//! Outcomes that are corrected, and second looks.

use super::*;

fn later(outcome: Outcome) -> Settlement<'static> {
    Settlement { at_ms: NOW_MS + 7_000, recovered: true, ..ended(outcome) }
}

fn with_look(outcome: Outcome) -> Settlement<'static> {
    Settlement { look_ms: Some(NOW_MS + 31_000), ..ended(outcome) }
}

#[test]
fn a_correction_is_to_be_acknowledged_like_any_outcome() {
    both(|journal| {
        for (id, was) in [
            ("r1", Outcome::Unknown),
            ("r2", Outcome::Declined),
            ("r3", Outcome::Cancelled),
            ("r4", Outcome::NotFound),
            ("r5", Outcome::Busy),
        ] {
            begin(journal, id, id).unwrap();
            journal.settle(id, &ended(was)).unwrap();
            acknowledge(journal, id, was, NOW_MS);
            journal.clarify(id, was, &later(Outcome::Approved)).unwrap();
            let entry = get(journal, id);
            assert_eq!((entry.outcome, entry.was), (Some(Outcome::Approved), Some(was)));
            assert_eq!((entry.clarified, entry.recovered), (true, true));
            assert_eq!((entry.settled_ms, entry.acknowledged_ms), (Some(NOW_MS + 7_000), None));
            assert_eq!(entry.elapsed_ms, Some(900), "that is the order's own");
            assert_eq!(open_ids(journal), [id]);
            acknowledge(journal, id, Outcome::Approved, NOW_MS + 8_000);
            journal.clarify(id, was, &later(Outcome::Approved)).unwrap();
            assert!(open_ids(journal).is_empty(), "the same once more changes nothing");
        }
    });
}

#[test]
fn an_approved_order_may_turn_out_to_be_reversed_and_a_correction_be_corrected() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Approved)).unwrap();
        journal.clarify("r1", Outcome::Approved, &later(Outcome::Cancelled)).unwrap();
        journal.clarify("r1", Outcome::Cancelled, &later(Outcome::Approved)).unwrap();
        let entry = get(journal, "r1");
        assert_eq!((entry.outcome, entry.was), (Some(Outcome::Approved), Some(Outcome::Cancelled)));
    });
}

#[test]
fn the_same_outcome_corrects_nothing() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Declined)).unwrap();
        acknowledge(journal, "r1", Outcome::Declined, NOW_MS);
        let before = get(journal, "r1");
        journal.clarify("r1", Outcome::Declined, &later(Outcome::Declined)).unwrap();
        assert_eq!(get(journal, "r1"), before);
    });
}

#[test]
fn unknown_corrects_nothing_and_a_persons_decision_stands() {
    both(|journal| {
        let clarify = |id, outcome| journal.clarify(id, Outcome::Unknown, &later(outcome));
        refused(clarify("r1", Outcome::Approved), Status::Journal, &["\"r1\""]);
        begin(journal, "r1", "A1").unwrap();
        journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
        refused(clarify("r1", Outcome::Unknown), Status::Journal, &["\"r1\""]);
        journal.resolve("r1", Outcome::Declined, None, NOW_MS).unwrap();
        refused(clarify("r1", Outcome::Approved), Status::Journal, &["person"]);
        assert_eq!(get(journal, "r1").outcome, Some(Outcome::Declined));
    });
}

/// The disk was full when the first outcome came; the correction is written in its place, and the first one, tried
/// again, is not written over it.
#[test]
fn a_correction_is_written_though_what_it_corrects_could_not_be() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        journal.clarify("r1", Outcome::Unknown, &later(Outcome::Approved)).unwrap();
        journal.settle("r1", &ended(Outcome::Unknown)).unwrap();
        let entry = get(journal, "r1");
        assert_eq!((entry.outcome, entry.was), (Some(Outcome::Approved), Some(Outcome::Unknown)));
        refused(journal.settle("r1", &ended(Outcome::Declined)), Status::Journal, &["approved"]);
    });
}

#[test]
fn when_it_became_unknown_is_kept_apart_from_when_it_was_accepted() {
    both(|journal| {
        begin_at(journal, "r1", "A1", NOW_MS - 3 * DAY_MS).unwrap();
        assert_eq!(get(journal, "r1").unknown_ms, None);
        journal.settle("r1", &with_look(Outcome::Unknown)).unwrap();
        assert_eq!(get(journal, "r1").unknown_ms, Some(NOW_MS + 1_000));
    });
}

#[test]
fn a_look_is_due_until_it_is_done() {
    both(|journal| {
        for id in ["r1", "r2"] {
            begin(journal, id, id).unwrap();
            journal.settle(id, &with_look(Outcome::Declined)).unwrap();
            acknowledge(journal, id, Outcome::Declined, NOW_MS);
            assert_eq!(get(journal, id).look_ms, Some(NOW_MS + 31_000), "acknowledged or not");
        }
        let look = |id: &str, outcome| (id.to_owned(), outcome);
        let done = [look("r1", Outcome::Declined), look("nobody's", Outcome::Declined)];
        journal.looked(&done).unwrap();
        assert_eq!(get(journal, "r1").look_ms, None);
        assert_eq!(get(journal, "r2").look_ms, Some(NOW_MS + 31_000));
        // A correction decides anew.
        journal.clarify("r2", Outcome::Declined, &later(Outcome::Approved)).unwrap();
        assert_eq!(get(journal, "r2").look_ms, None);
        let correction = Settlement { look_ms: Some(NOW_MS + 90_000), ..later(Outcome::Declined) };
        journal.clarify("r1", Outcome::Declined, &later(Outcome::Approved)).unwrap();
        journal.clarify("r1", Outcome::Approved, &correction).unwrap();
        assert_eq!(get(journal, "r1").look_ms, Some(NOW_MS + 90_000));
    });
}

#[test]
fn a_look_at_an_outcome_that_is_not_written_yet_does_not_count_for_the_one_before_it() {
    both(|journal| {
        begin(journal, "r1", "A1").unwrap();
        let looks = |outcome| journal.looked(&[("r1".to_owned(), outcome)]).unwrap();
        looks(Outcome::Declined);
        journal.settle("r1", &with_look(Outcome::Approved)).unwrap();
        acknowledge(journal, "r1", Outcome::Approved, NOW_MS);
        looks(Outcome::Declined);
        assert_eq!(get(journal, "r1").look_ms, Some(NOW_MS + 31_000), "the correction is owed");
        looks(Outcome::Approved);
        assert_eq!(get(journal, "r1").look_ms, None);
    });
}

#[test]
fn an_order_with_a_look_due_is_never_forgotten() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = SqliteJournal::open(&path, 30, NOW_MS).unwrap();
    for (id, acknowledged_ms) in [
        ("looked", NOW_MS),
        ("due", NOW_MS),
        ("the-day-before", NOW_MS + 59 * DAY_MS),
        ("newest", NOW_MS + 60 * DAY_MS),
    ] {
        begin(&journal, id, id).unwrap();
        journal.settle(id, &with_look(Outcome::NotFound)).unwrap();
        acknowledge(&journal, id, Outcome::NotFound, acknowledged_ms);
    }
    let done = ["looked", "the-day-before", "newest"].map(|id| (id.to_owned(), Outcome::NotFound));
    journal.looked(&done).unwrap();
    drop(journal);
    let journal = SqliteJournal::open(&path, 30, NOW_MS + 60 * DAY_MS).unwrap();
    assert!(journal.find("looked").unwrap().is_none());
    assert_eq!(ids(&journal.remembered(TILL, NOW_MS + 60 * DAY_MS).unwrap()), ["due"]);
}
