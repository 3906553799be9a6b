//! The verdict itself: each broken promise is seen.

use std::collections::HashMap;

use ecrhub::Outcome;
use ecrhub::journal::Entry;

use crate::verdict::{Disk, Evidence, judge};

/// A till that sold A1, which was approved and charged, and was then killed and ran once more.
const GOOD: &str =
    "B 1\nN A1 .00\nS A1 id1\nO A1 id1 completed approved false false\nA A1 id1\nB 2\nP []\nE\n";

fn row(number: &str, outcome: Option<Outcome>, acknowledged: bool) -> Entry {
    Entry {
        request_id: "id1".into(),
        merchant_order_no: number.into(),
        terminal: "L0".into(),
        request: "{}".into(),
        since_ms: 1,
        answer_within_ms: None,
        earlier_attempt: false,
        outcome,
        sent: "yes".into(),
        response: None,
        error: None,
        recovered: false,
        clarified: false,
        was: None,
        settled_ms: outcome.map(|_| 2),
        elapsed_ms: None,
        unknown_ms: None,
        look_ms: None,
        acknowledged_ms: acknowledged.then_some(3),
        resolved_ms: None,
        note: None,
    }
}

struct Case {
    record: String,
    ledger: Vec<String>,
    wire: HashMap<String, usize>,
    closes: HashMap<String, usize>,
    journal: Vec<Entry>,
    shares: bool,
    disk: Disk,
}

impl Case {
    fn good() -> Case {
        Case {
            record: GOOD.to_owned(),
            ledger: vec!["A1".to_owned()],
            wire: [("A1".to_owned(), 1)].into(),
            closes: HashMap::new(),
            journal: vec![row("A1", Some(Outcome::Approved), true)],
            shares: false,
            disk: Disk::Works,
        }
    }

    /// The same with this part of the record replaced.
    fn with(old: &str, new: &str) -> Case {
        assert!(GOOD.contains(old), "{old}");
        Case { record: GOOD.replace(old, new), ..Case::good() }
    }

    fn faults(&self) -> Vec<String> {
        judge(&Evidence {
            record: &self.record,
            ledger: &self.ledger,
            wire: &self.wire,
            closes: &self.closes,
            journal: &self.journal,
            shares: self.shares,
            disk: self.disk,
        })
        .1
    }

    #[track_caller]
    fn has(&self, fault: &str) {
        let faults = self.faults();
        assert!(faults.iter().any(|found| found.contains(fault)), "no \"{fault}\" in {faults:?}");
    }

    #[track_caller]
    fn is_fine(&self) {
        assert_eq!(self.faults(), Vec::<String>::new());
    }
}

#[test]
fn a_good_till_is_not_blamed() {
    Case::good().is_fine();
}

#[test]
fn money_that_moved_twice_or_for_nobody() {
    let mut case = Case::good();
    case.ledger.push("A1".into());
    case.has("charged 2 times");
    case.ledger[1] = "B1".into();
    case.has("the till never sold it");
}

#[test]
fn an_order_on_the_wire_twice() {
    let mut case = Case::good();
    case.wire.insert("A1".into(), 2);
    case.has("sent 2 times");
}

#[test]
fn an_outcome_that_is_lost() {
    let lost = Case::with("O A1 id1 completed approved false false\nA A1 id1\n", "");
    lost.has("never learned");
    let mut silent =
        Case::with("S A1 id1\nO A1 id1 completed approved false false\nA A1 id1\n", "");
    silent.has("never learned");
    // Neither accepted nor charged: the till died before it could send.
    silent.journal.clear();
    silent.wire.clear();
    silent.has("ended as never accepted, charged 1 times");
    silent.ledger.clear();
    silent.is_fine();
}

#[test]
fn an_outcome_that_is_wrong() {
    let mut case = Case::good();
    case.ledger.clear();
    case.has("ended as approved, charged 0 times");
    for word in ["declined", "cancelled", "not_found", "not_sent", "unknown"] {
        Case::with("approved", word).has("charged 1 times");
    }
    let mut unknown = Case::with("approved", "unknown");
    unknown.ledger.clear();
    unknown.has("still unknown");
    Case::with("approved", "not_sent").has("was on the wire");
}

#[test]
fn an_outcome_that_is_told_again() {
    let again = |how: &str| Case::with("B 2\n", &format!("B 2\nO A1 id1 {how}\n"));
    again("completed approved true false").has("after it was acknowledged");
    again("completed declined true false").has("then as completed declined");
    let unacknowledged = |how: &str| Case::with("A A1 id1\nB 2\n", how);
    unacknowledged("O A1 id1 completed approved true false\nB 2\n").has("told twice");
    unacknowledged("B 2\nO A1 id1 completed approved false false\n").has("not marked as retold");
    unacknowledged("B 2\nO A1 id1 completed approved true false\nA A1 id1\n").is_fine();
    Case::with("approved false", "approved true").has("is marked as retold");
}

#[test]
fn an_order_is_corrected_to_another_outcome_only() {
    let unknown = "O A1 id1 completed unknown false false\nA A1 id1\n";
    let told = "O A1 id1 completed approved false false\nA A1 id1\n";
    let correction = "O A1 id1 clarified approved false -\nA A1 id1\n";
    Case::with(told, &format!("{unknown}{correction}")).is_fine();
    let declined = unknown.replace("unknown", "declined");
    Case::with(told, &format!("{declined}{correction}")).is_fine();
    Case::with(told, &format!("{told}{correction}")).has("then as clarified");
    Case::with(told, &format!("{unknown}{correction}{correction}"))
        .has("after it was acknowledged");
}

#[test]
fn an_order_that_was_busy_is_sent_again_under_its_number() {
    let told = "O A1 id1 completed approved false false\nA A1 id1\n";
    let busy = "O A1 id0 completed busy false false\nA A1 id0\n";
    let again = |before: &str| Case::with(told, &format!("{before}N A1 again\nS A1 id1\n{told}"));
    let mut case = again(busy);
    case.record = case.record.replacen("S A1 id1", "S A1 id0", 1);
    case.is_fine();
    case.wire.insert("A1".into(), 2);
    case.is_fine();
    case.wire.insert("A1".into(), 3);
    case.has("sent 3 times");
    again(&busy.replace("busy", "declined")).has("the till used it twice");
}

fn cancelled() -> Case {
    let mut case = Case::with("approved", "cancelled");
    case.ledger.clear();
    case.journal = vec![row("A1", Some(Outcome::Cancelled), true)];
    case
}

#[test]
fn an_order_that_a_close_of_another_one_has_ended() {
    let mut case = cancelled();
    case.closes.insert("A2".into(), 1);
    case.has("cancelled by a neighbour");
    case.closes.insert("A1".into(), 1);
    case.is_fine();
}

/// A till with two windows, the first of which sold A1.
const WINDOWS: &str = "B 1\n1 B 1A\n2 B 1B\n1 N A1 .00\n1 S A1 id1\n";

fn windows(rest: &str) -> Case {
    Case { record: format!("{WINDOWS}{rest}B 2\nP []\nE\n"), ..Case::good() }
}

#[test]
fn a_window_tells_what_it_sold_and_the_other_does_not() {
    let told = |window: u8, retold: bool| {
        format!("{window} O A1 id1 completed approved {retold} {retold}\n{window} A A1 id1\n")
    };
    let (one, two) = (told(1, false), told(2, false));
    windows(&one).is_fine();
    windows(&two).has("while it was another's");
    windows(&format!("1 O A1 id1 completed approved false false\n{}", told(2, true)))
        .has("while it was another's");
    // Opened again, the other window may take what the first has left; opened before that, it may not.
    windows(&format!("1 D\n2 D\n2 B 1B\n{}", told(2, true))).is_fine();
    windows(&format!("2 D\n2 B 1B\n1 D\n{}", told(2, true))).has("while it was another's");
    // The same handle is the first window's no more.
    windows(&format!("1 D\n1 B 1A\n{}", told(1, true))).is_fine();
    let corrected = "1 D\n1 B 1A\n2 O A1 id1 clarified approved false -\n";
    windows(corrected).has("while it was another's");
    // After a kill whoever comes first.
    windows(&format!("B 3\n1 B 3A\n2 B 3B\n{}", told(2, true))).is_fine();
}

#[test]
fn what_a_window_does_says_nothing_of_what_the_other_has_in_its_hands() {
    let mut case = windows("");
    case.record = case.record.replace("1 S A1 id1\n", "2 N A2 .00\n");
    case.ledger.clear();
    case.wire.clear();
    case.journal.clear();
    case.is_fine();
    case.record = case.record.replace("2 N A2", "1 N A2");
    case.has("neither accepted nor refused");
}

/// Its journal failed it: nobody but the till knows what it was told.
#[test]
fn an_outcome_that_could_not_be_written_is_found_out_anew() {
    let told = "O A1 id1 completed approved false false\nA A1 id1\n";
    let again = "F A1 -9\nB 2\nO A1 id1 completed approved false true\nA A1 id1\n";
    let twice = |first: &str| {
        let first = told.replace("approved", first).replace("A A1 id1\n", again);
        Case { disk: Disk::Fails, ..Case::with(told, &first) }
    };
    twice("approved").is_fine();
    twice("unknown").is_fine();
    twice("declined").has("told as completed declined, then as completed approved");
    let mut later = twice("approved");
    let found = "O A1 id1 completed approved false true\n";
    let unknown = found.replace("approved", "unknown");
    let known = format!("{unknown}A A1 id1\nO A1 id1 clarified approved false -\n");
    later.record = later.record.replace(found, &known);
    later.is_fine();
    let mut declined = twice("busy");
    declined.ledger.clear();
    declined.journal = vec![row("A1", Some(Outcome::Declined), true)];
    declined.record = declined.record.replace("approved", "declined");
    declined.is_fine();
    let mut works = twice("approved");
    works.disk = Disk::Works;
    works.has("not marked as retold");
    works.has("a line that is none");
}

#[test]
fn an_order_that_was_refused_because_of_the_journal() {
    let told = "S A1 id1\nO A1 id1 completed approved false false\nA A1 id1\n";
    let mut case = Case { disk: Disk::Fails, ..Case::with(told, "R A1 -9\n") };
    case.has("sent all the same");
    case.ledger.clear();
    case.has("sent all the same");
    case.wire.clear();
    case.journal.clear();
    case.is_fine();
    // It may be sent again under its number, once.
    case.record = case.record.replace("R A1 -9\n", &format!("R A1 -9\nN A1 .00\n{told}"));
    case.ledger = vec!["A1".to_owned()];
    case.journal = vec![row("A1", Some(Outcome::Approved), true)];
    case.wire.insert("A1".into(), 1);
    case.is_fine();
    case.wire.insert("A1".into(), 2);
    case.has("sent 2 times");
}

/// What was written last may be there, though it was said that it is not.
#[test]
fn an_order_that_was_refused_by_a_dying_disk_may_be_told_of_as_one_that_was_never_sent() {
    let told = "S A1 id1\nO A1 id1 completed approved false false\nA A1 id1\n";
    let after = "R A1 -9\nB 2\nO A1 id1 completed not_found false true\nA A1 id1\n";
    let mut case = Case { disk: Disk::Dies, ..Case::with(told, after) };
    case.ledger.clear();
    case.wire.clear();
    case.journal = vec![row("A1", Some(Outcome::NotFound), true)];
    case.is_fine();
    case.wire.insert("A1".into(), 1);
    case.has("has an outcome all the same");
    case.wire.clear();
    case.disk = Disk::Fails;
    case.has("has an outcome all the same");
}

#[test]
fn a_shared_terminal() {
    let mut case = Case { shares: true, ..cancelled() };
    case.has("cancelled by a neighbour");
    case.record = case.record.replace(".00", ".02");
    case.is_fine();
    // It never arrived, and nothing may be closed.
    case.record = case.record.replace("cancelled", "unknown");
    case.record = case.record.replace("P []", r#"P [{"state":"unknown"}]"#);
    case.journal = vec![row("A1", Some(Outcome::Unknown), true)];
    case.is_fine();
    case.record = case.record.replace(r#""state":"unknown""#, r#""state":"recovering""#);
    case.has("still pending");
    case.ledger = vec!["A1".to_owned()];
    case.has("still unknown");
}

#[test]
fn what_is_left_open() {
    Case::with("P []", "P [{}]").has("still pending");
    Case::with("P []\n", "").has("did not heal");
    let mut case = Case::good();
    case.journal[0] = row("A1", Some(Outcome::Approved), false);
    case.has("still open in the journal");
    case.journal[0] = row("A1", Some(Outcome::Declined), true);
    case.has("in the journal as");
    case.journal.clear();
    case.has("is not in the journal");
}

#[test]
fn a_refusal() {
    let refused = "R A1 -1\n";
    let mut case =
        Case::with("S A1 id1\nO A1 id1 completed approved false false\nA A1 id1\n", refused);
    case.has("refused with -1");
    case.has("sent all the same");
    case.record = case.record.replace("-1", "-2");
    case.ledger.clear();
    case.wire.clear();
    case.journal = vec![row("A1", Some(Outcome::NotSent), true)];
    case.is_fine();
}
