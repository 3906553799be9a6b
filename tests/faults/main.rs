//! Real tills whose system fails them: each call about the journal's files fails, each call is the last one before the
//! process is killed or the power goes, and at each call the clocks jump. Afterwards the till runs once more in peace, and
//! what it has written down is compared with the terminal's ledger, with what was on the wire, and with the journal:
//! `docs/fault-injection.md`.
//!
//! | module | what |
//! |---|---|
//! | `strike` | what goes wrong, and at which calls |
//! | `plan` | all cases, played side by side, and what came of them |
//! | `stage` | one case: the till's runs, and the verdict |
//! | `long_log` | a journal with a long log |
//! | `trace` | what the shim wrote down |
//! | `seen` | that the shim sees every call |
//! | `damage` | a journal that is damaged or too short |
//! | `shim/` | what stands between the till and the system |
//!
//! Without `COMPLETE=1` it is a sample. `ONLY="Left: lock"` plays the cases in whose names, as they are printed, that is.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;
#[allow(dead_code)]
#[path = "../torture/terminal.rs"]
mod terminal;
#[allow(dead_code)]
#[path = "../torture/verdict.rs"]
mod verdict;
#[allow(dead_code)]
#[path = "../torture/wire.rs"]
mod wire;

mod damage;
mod long_log;
mod plan;
mod seen;
mod stage;
mod strike;
mod trace;

use stage::Props;
use strike::{Scene, Series, Times, What};

#[test]
fn every_charge_is_reported_right_whatever_call_fails() {
    let is_complete = std::env::var("COMPLETE").is_ok_and(|value| value == "1");
    let series = if is_complete { strike::complete() } else { strike::sample() };
    let props = Props::new("all");
    let mut cases = plan::cases_of(&props, &series);
    let only = std::env::var("ONLY").unwrap_or_default();
    cases.retain(|case| case.to_string().contains(&only));
    assert!(!cases.is_empty(), "no case is called {only}");
    println!("faults: {} cases", cases.len());
    let report = plan::play(&props, cases, false, |fault| println!("{fault}"));
    report.print("faults");
    assert!(
        report.faults.is_empty(),
        "{} faults\n{}",
        report.faults.len(),
        report.faults.join("\n")
    );
    props.clear();
}

/// A till on a broken system, of which some cases must go wrong.
fn goes_wrong(name: &str, series: Series, has_a_lying_disk: bool, fault: &str) {
    let props = Props::new(name);
    let cases = plan::cases_of(&props, &[series]);
    let report = plan::play(&props, cases, has_a_lying_disk, |_| {});
    let found = report.faults.iter().filter(|found| found.contains(fault)).count();
    assert!(found > 0, "no \"{fault}\" in {} cases: {:?}", report.cases, report.faults);
    props.clear();
}

/// What was synced is lost all the same: as if the library did not sync what it has begun.
#[test]
fn an_order_that_is_not_on_the_disk_when_it_is_sent_would_be_noticed() {
    let series = Series { scene: Scene::Sale, kind: "sync", what: What::Power, first: 1, step: 1 };
    goes_wrong("unsynced", series, true, "accepted, and the till never learned what became of it");
}

/// Nothing reaches the file, and nobody says so: as if the library wrote nothing.
#[test]
fn an_outcome_that_is_not_in_the_journal_would_be_noticed() {
    let what = What::Lie(Times::FromHereOn);
    let series = Series { scene: Scene::Sale, kind: "write", what, first: 1, step: 13 };
    goes_wrong("unwritten", series, false, "has an outcome, and is not in the journal");
}
