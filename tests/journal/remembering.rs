//! What a process that starts is given beside the open orders, and orders under other names.

use super::*;

fn completed_at(journal: &dyn Journal, id: &str, outcome: Outcome, at_ms: i64) {
    begin_at(journal, id, id, at_ms).unwrap();
    journal.settle(id, &Settlement { at_ms, ..ended(outcome) }).unwrap();
    acknowledge(journal, id, outcome, at_ms);
}

fn remembered(journal: &dyn Journal) -> Vec<String> {
    ids(&journal.remembered(TILL, NOW_MS).unwrap())
}

#[test]
fn completed_orders_of_the_last_seven_days_are_remembered_newest_first() {
    both(|journal| {
        completed_at(journal, "old", Outcome::Approved, NOW_MS - 7 * DAY_MS - 1);
        completed_at(journal, "r1", Outcome::Approved, NOW_MS - 7 * DAY_MS);
        completed_at(journal, "r2", Outcome::Declined, NOW_MS - 1_000);
        begin(journal, "open", "A1").unwrap();
        begin_on(journal, "another", "theirs", "A2", NOW_MS).unwrap();
        journal.settle("theirs", &ended(Outcome::Approved)).unwrap();
        assert_eq!(remembered(journal), ["r2", "r1"]);
    });
}

#[test]
fn what_no_answer_can_contradict_is_not_remembered() {
    both(|journal| {
        completed_at(journal, "never-left", Outcome::NotSent, NOW_MS);
        completed_at(journal, "unknown", Outcome::Unknown, NOW_MS);
        completed_at(journal, "decided", Outcome::Unknown, NOW_MS);
        journal.resolve("decided", Outcome::Approved, None, NOW_MS).unwrap();
        completed_at(journal, "busy", Outcome::Busy, NOW_MS);
        assert_eq!(remembered(journal), ["busy"]);
    });
}

#[test]
fn no_more_than_the_newest_1024_are_remembered_but_all_that_have_a_look_due() {
    both(|journal| {
        begin_at(journal, "due", "due", NOW_MS - 90 * DAY_MS).unwrap();
        let look_ms = Some(NOW_MS - 89 * DAY_MS);
        let at_ms = NOW_MS - 90 * DAY_MS;
        journal.settle("due", &Settlement { look_ms, at_ms, ..ended(Outcome::Declined) }).unwrap();
        for n in 0..1_030 {
            completed_at(journal, &format!("r{n}"), Outcome::Approved, NOW_MS - 2_000 + n);
        }
        let found = remembered(journal);
        assert_eq!(found.len(), 1_025);
        assert_eq!(found[..2], ["r1029", "r1028"]);
        assert_eq!(found[1_023..], ["r6", "due"]);
    });
}

#[test]
fn open_orders_under_other_names_are_counted_by_name() {
    both(|journal| {
        let elsewhere = |connected: &[&str]| -> Vec<(String, usize)> {
            let connected: Vec<String> = connected.iter().map(|name| (*name).to_owned()).collect();
            let found = journal.open_elsewhere(&connected).unwrap();
            found.into_iter().map(|under| (under.terminal, under.open)).collect()
        };
        assert!(elsewhere(&[]).is_empty());
        for (terminal, id) in [("bar", "r1"), ("bar", "r2"), ("attic", "r3"), ("cellar", "r4")] {
            begin_on(journal, terminal, id, id, NOW_MS).unwrap();
        }
        journal.settle("r4", &ended(Outcome::Approved)).unwrap();
        acknowledge(journal, "r4", Outcome::Approved, NOW_MS);
        assert_eq!(elsewhere(&[TILL]), [("attic".to_owned(), 1), ("bar".to_owned(), 2)]);
        assert_eq!(elsewhere(&["bar"]), [("attic".to_owned(), 1)]);
    });
}

#[test]
fn a_terminal_takes_over_what_is_left_to_do_under_its_former_name() {
    both(|journal| {
        begin_on(journal, "bar", "open", "A1", NOW_MS).unwrap();
        for (id, number, at_ms) in
            [("due", "A2", 40), ("recent", "A3", 1), ("long-done", "A4", 40), ("unknown", "A5", 40)]
        {
            let at_ms = NOW_MS - at_ms * DAY_MS;
            let outcome = if id == "unknown" { Outcome::Unknown } else { Outcome::Declined };
            begin_on(journal, "bar", id, number, at_ms).unwrap();
            let look_ms = (id == "due").then_some(at_ms + 30_000);
            journal.settle(id, &Settlement { look_ms, at_ms, ..ended(outcome) }).unwrap();
            acknowledge(journal, id, outcome, at_ms);
        }
        assert_eq!(journal.adopt("bar", TILL, NOW_MS).unwrap(), 4);
        assert_eq!(open_ids(journal), ["open", "unknown"]);
        assert_eq!(remembered(journal), ["recent", "due"]);
        assert_eq!(get(journal, "long-done").terminal, "bar", "where it was sold");
        assert_eq!(journal.adopt("bar", TILL, NOW_MS).unwrap(), 0);
    });
}
