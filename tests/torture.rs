//! The same promise against real processes: tills in C that are killed, stopped and suspended at random instants, on
//! wires that are cut, held back and torn, at simulated terminals that freeze and refuse. Afterwards everything works
//! again, each till runs once more in peace, and what it has written down is compared with the terminal's ledger, with
//! what was on the wire, and with the journal:
//!
//! - no order was charged or sent twice;
//! - every order that was accepted has an outcome in the till's record, and the right one: approved if and only if it
//!   was charged; `unknown` was clarified, except at a shared terminal that never received the order;
//! - an order whose `ecrhub_send` never came back before the kill, and that the journal does not have, was not charged;
//! - an outcome that was acknowledged was never told again, one that was told again said so, and none changed;
//! - nothing is pending;
//! - two windows of one till, each with a handle on the same terminal and journal: an order is told by the handle that sent
//!   it for as long as that lives, and no close ends the payment of the other;
//! - two tills on one terminal that takes a close for whatever is on its screen, both with `close_lost_orders` false: no
//!   order is closed, and none is cancelled by the neighbour; one refused as `busy` is sent again with its number.
//!
//! It rests on what a terminal must keep: it charges a number at most once, keeps its records, and never charges a
//! number any more whose close it has accepted, also when the order reaches it later than the close.
//!
//! `ROUNDS` says how often something is done to a till, `SEED` repeats a run as far as clocks allow.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

mod support;

#[path = "torture/dice.rs"]
mod dice;
#[path = "torture/lane.rs"]
mod lane;
#[path = "torture/terminal.rs"]
mod terminal;
#[path = "torture/verdict.rs"]
mod verdict;
#[path = "torture/verdict_tests.rs"]
mod verdict_tests;
#[path = "torture/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lane::{Lane, Place, Report, Torture};
use support::Build;

/// Terminals that two tills share.
const SHARED: usize = 3;

/// Tills with two windows.
const WINDOWED: usize = 8;

/// Tills that run side by side. Most of the time each of them waits.
const TILLS: usize = 6;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is \"{text}\", which is no number")))
}

#[test]
fn every_till_learns_what_happened_once_whatever_breaks() {
    torture("torture", |torture, seed| {
        let one = |index: usize| {
            let seed = seed ^ (index as u64) << 32;
            let place = Arc::new(Place::of_one(torture, index, seed));
            Lane::new(torture, place, format!("L{index}"), seed)
        };
        (0..TILLS).map(one).collect()
    });
}

/// Each of the two never closes an order: the terminal would take it for the other's.
#[test]
fn two_tills_on_one_terminal_that_closes_by_screen_do_not_harm_each_other() {
    torture("shared", |torture, seed| {
        let two = |index: usize| {
            let seed = seed ^ (index as u64) << 32;
            let place = Arc::new(Place::of_several(torture, index, seed));
            ["A", "B"].map(|till| {
                let name = format!("T{index}{till}");
                Lane::new(torture, Arc::clone(&place), name, seed ^ u64::from(till.as_bytes()[0]))
            })
        };
        (0..SHARED).flat_map(two).collect()
    });
}

/// The windows are opened and closed while the other one sells, and lost orders are closed.
#[test]
fn two_windows_of_one_till_never_tell_nor_close_each_others_orders() {
    torture("windows", |torture, seed| {
        let one = |index: usize| {
            let seed = seed ^ (index as u64) << 32;
            let place = Arc::new(Place::of_windows(torture, index, seed));
            Lane::new(torture, place, format!("W{index}"), seed)
        };
        (0..WINDOWED).map(one).collect()
    });
}

fn torture(name: &str, lanes: impl for<'a> Fn(&'a Torture<'a>, u64) -> Vec<Lane<'a>>) {
    let rounds = number("ROUNDS").unwrap_or(25);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let seed = number("SEED").unwrap_or(clock % 1_000_000_000);
    // Building the simulator is not counted.
    let simulator = terminal::build();
    let till = Build::new("tests/torture/till.c");
    // Memory would be quicker, but a disk is what tills write to.
    let folder = Build::scratch(&format!("{name}-{}", std::process::id()));
    let begun = Instant::now();
    let budget = Duration::from_millis(100_000 + rounds * 500);
    println!("{name}: SEED={seed} ROUNDS={rounds}, at most {budget:.0?}");
    let torture = Torture {
        till: till.program(),
        libraries: support::library_folder(),
        simulator: &simulator,
        folder: &folder,
        rounds_left: AtomicUsize::new(usize::try_from(rounds).unwrap()),
        until: begun + budget / 2,
    };
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let lanes = lanes(&torture, seed).into_iter();
        let running: Vec<_> = lanes.map(|lane| scope.spawn(move || lane.run())).collect();
        running.into_iter().map(|lane| lane.join().expect("a lane runs to its end")).collect()
    });
    let took = begun.elapsed();
    print(name, &reports, took);
    let faults: Vec<String> = reports.into_iter().flat_map(|report| report.faults).collect();
    assert!(
        faults.is_empty(),
        "{} faults with SEED={seed}; all that was written is in {}\n{}",
        faults.len(),
        folder.display(),
        faults.join("\n")
    );
    assert!(took < budget, "it took {took:.0?}, more than the {budget:.0?} it may");
    let left = torture.rounds_left.into_inner();
    assert_eq!(left, 0, "there was no time for {left} of the {rounds} rounds");
    std::fs::remove_dir_all(&folder).unwrap();
}

fn print(name: &str, reports: &[Report], took: Duration) {
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut charges, mut clarified, mut recovered, mut retold, mut again) = (0, 0, 0, 0, 0);
    for report in reports {
        for (what, count) in &report.done {
            *done.entry(what).or_default() += count;
        }
        for (outcome, count) in &report.tally.outcomes {
            *outcomes.entry(outcome).or_default() += count;
        }
        charges += report.tally.charges;
        again += report.tally.sent_again;
        clarified += report.tally.clarified;
        recovered += report.tally.recovered;
        retold += report.tally.retold;
    }
    let list = |counts: &BTreeMap<&str, usize>| {
        let list: Vec<_> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        list.join(", ")
    };
    let orders: usize = outcomes.values().sum();
    println!("{name}: {}", list(&done));
    println!(
        "{name}: {orders} orders in {took:.0?} ({:.0} a second): {}; {charges} charges",
        orders as f64 / took.as_secs_f64(),
        list(&outcomes),
    );
    println!(
        "{name}: {recovered} recovered, {clarified} clarified, {again} sent again after busy, {retold} delivered again"
    );
}
