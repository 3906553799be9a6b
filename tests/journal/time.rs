//! What the file does with time: how long acknowledged orders are kept, and what a clock may say.

use super::*;

fn acknowledged(journal: &SqliteJournal, id: &str, at_ms: i64) {
    begin_at(journal, id, id, at_ms).unwrap();
    journal.settle(id, &ended(Outcome::Approved)).unwrap();
    acknowledge(journal, id, Outcome::Approved, at_ms);
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
        acknowledge(&journal, "unknown", Outcome::Unknown, NOW_MS);
    }
    let later = NOW_MS + 30 * DAY_MS;
    acknowledged(&SqliteJournal::open(&path, 30, later).unwrap(), "the-day-before", later - DAY_MS);
    acknowledged(&SqliteJournal::open(&path, 30, later).unwrap(), "newest", later);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(
        reader.list(&Filter::default()).unwrap().len(),
        7,
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
    acknowledge(&journal, "old", Outcome::Approved, NOW_MS - 2 * DAY_MS);
    acknowledged(&journal, "new", NOW_MS);
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
    acknowledged(&journal, "newest", NOW_MS + 3 * DAY_MS);
    drop(journal);
    drop(SqliteJournal::open(&path, 1, NOW_MS + 4 * DAY_MS).unwrap());
    let reader = Reader::open(&path).unwrap();
    assert_eq!(ids(&reader.list(&Filter::default()).unwrap()), ["newest"]);
}

#[test]
fn a_clock_that_is_far_ahead_forgets_nothing_that_the_till_still_needs() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = SqliteJournal::open(&path, 400, NOW_MS).unwrap();
    acknowledged(&journal, "long-ago", NOW_MS - 401 * DAY_MS);
    for day in 0..30 {
        acknowledged(&journal, &format!("r{day}"), NOW_MS - day * DAY_MS);
    }
    drop(journal);
    for ahead in [400, 431, 40_000] {
        let journal = SqliteJournal::open(&path, 400, NOW_MS + ahead * DAY_MS).unwrap();
        let id = format!("ahead-{ahead}");
        begin_at(&journal, &id, &id, NOW_MS + ahead * DAY_MS).unwrap();
        assert!(journal.find("r29").unwrap().is_some(), "{ahead} days ahead");
        assert!(journal.find("long-ago").unwrap().is_none(), "that one is too old for any clock");
    }
}

/// As a till does whose clock is set in the middle of its day.
#[test]
fn a_clock_that_jumps_is_not_believed_before_the_till_has_sold_for_more_than_a_day() {
    let folder = Folder::new();
    let journal = SqliteJournal::open(folder.file("orders.db"), 400, NOW_MS).unwrap();
    acknowledged(&journal, "before", NOW_MS);
    let ahead = NOW_MS + 401 * DAY_MS;
    acknowledged(&journal, "after", ahead);
    acknowledged(&journal, "a-day-later", ahead + DAY_MS - 1);
    begin_at(&journal, "r1", "A1", ahead + DAY_MS).unwrap();
    assert!(journal.find("before").unwrap().is_some(), "it may be a day old");
    acknowledged(&journal, "the-next-day", ahead + DAY_MS);
    begin_at(&journal, "r2", "A2", ahead + 2 * DAY_MS).unwrap();
    assert!(journal.find("before").unwrap().is_none(), "the clock has stayed so");
    assert!(journal.find("after").unwrap().is_some());
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
