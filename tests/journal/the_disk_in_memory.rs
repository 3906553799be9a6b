//! The stand-in loses in a crash what a disk would lose.

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
    acknowledge(&journal, "r3", Outcome::Approved, NOW_MS);
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
