//! The runs.

use std::sync::Mutex;

use ecrhub::internals::Planted;

use crate::kinds::{
    Assumption, Case, Fault, Kind, Naming, Refusal, UnknownClose, Visible, VoidRecord, What,
};
use crate::search::{Limits, Report, explore};

/// One run prints at a time.
static PRINTING: Mutex<()> = Mutex::new(());

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

fn limits() -> Limits {
    Limits {
        states: usize::try_from(number("STATES").unwrap_or(30_000_000)).unwrap_or(usize::MAX),
        seconds: number("SECONDS").unwrap_or(7_200) as f64,
        rest_every: number("REST").unwrap_or(64),
    }
}

/// Kinds that between them have every pair of ways that could meet.
fn kinds() -> Vec<Kind> {
    use Naming::{Number, RequestId, Topic};
    use Refusal::{Bare, Cancelled, WithStatus, WithoutRecord};
    use UnknownClose::{Forgotten, Refused, Remembered};
    use Visible::{AtOnce, CardRead, Charged};
    let rows = [
        (Refused, AtOnce, RequestId, false, WithStatus, false),
        (Refused, CardRead, Topic, true, Bare, true),
        (Refused, Charged, Number, false, WithoutRecord, false),
        (Remembered, AtOnce, Topic, true, WithoutRecord, false),
        (Remembered, CardRead, Number, false, Cancelled, true),
        (Remembered, Charged, RequestId, true, Bare, false),
        (Forgotten, AtOnce, Number, true, Cancelled, false),
        (Forgotten, CardRead, RequestId, false, WithoutRecord, false),
        (Forgotten, Charged, Topic, false, WithStatus, true),
    ];
    rows.into_iter()
        .map(|(unknown_close, visible, naming, pushes, refusal, bare_success)| Kind {
            unknown_close,
            visible,
            naming,
            pushes,
            refusal,
            bare_success,
            ..Kind::PLAIN
        })
        .collect()
}

fn print(case: &Case, report: &Report) {
    let what = if report.found.is_some() {
        "FOUND"
    } else if report.is_complete {
        "complete"
    } else {
        "cut off"
    };
    println!(
        "{:<44} {:<3} {} {:>9} {:>10} {:>4} {:>7.1} {what}",
        case.name(),
        case.orders_name(),
        case.faults,
        report.states,
        report.edges,
        report.depth,
        report.seconds,
    );
    if let Some(found) = &report.found {
        println!("    {} ({} steps)", found.why, found.steps.len());
        found.trace.iter().for_each(|line| println!("    {line}"));
    }
}

fn header() {
    println!(
        "{:<44} {:<3} f {:>9} {:>10} {:>4} {:>7}",
        "kind of terminal", "ord", "states", "edges", "deep", "s"
    );
}

fn explore_all(cases: Vec<Case>) {
    let only = std::env::var("KIND").unwrap_or_default();
    let mut broken = Vec::new();
    let (mut states, mut edges, mut seconds) = (0, 0, 0.0);
    let _printing = PRINTING.lock();
    header();
    for case in cases.into_iter().filter(|case| case.name().contains(&only)) {
        let report = explore(case.clone(), limits());
        print(&case, &report);
        println!("    {:?} rests {} wrong {} ms", report.news, report.rests, report.wrong_ms);
        states += report.states;
        edges += report.edges;
        seconds += report.seconds;
        if let Some(found) = report.found {
            broken.push(format!("{}: {}", case.name(), found.why));
        }
    }
    println!("{states} states, {edges} edges, {seconds:.1} s");
    assert!(broken.is_empty(), "{broken:#?}");
}

fn faults() -> u8 {
    number("FAULTS").map_or(2, |faults| u8::try_from(faults).unwrap_or(u8::MAX))
}

#[test]
fn within_the_assumptions_no_outcome_is_wrong() {
    explore_all(kinds().into_iter().map(|kind| Case::new(kind, faults())).map(scratch).collect());
}

#[test]
fn others() {
    use Naming::Topic as T;
    let f = faults();
    let p = Kind { unknown_close: UnknownClose::Forgotten, ..Kind::PLAIN };
    let late = Kind {
        unknown_close: UnknownClose::Remembered,
        visible: Visible::Charged,
        pushes: true,
        ..Kind::PLAIN
    };
    let noid = Kind { naming: T, ..p };
    let screen = Kind { closes_by_screen: true, ..p };
    let mut v = vec![];
    for kind in [p, late, noid, Kind { refusal: Refusal::WithoutRecord, ..noid }] {
        v.push(Case { neighbour: true, sells_again: true, ..Case::new(kind, f) });
        v.push(Case { order_timeout_ms: 30_000, ..Case::new(kind, f) });
        v.push(Case { close_lost_orders: false, ..Case::new(kind, f) });
        v.push(Case { sells_again: true, ..Case::new(kind, f) });
        v.push(Case { pings: true, ..Case::new(kind, f) });
        for void_record in [VoidRecord::Successful, VoidRecord::Reversed, VoidRecord::OriginalOnly]
        {
            v.push(Case { orders: vec![What::Void], ..Case::new(Kind { void_record, ..kind }, f) });
        }
    }
    v.push(Case { neighbour: true, close_lost_orders: false, ..Case::new(screen, f) });
    for kind in [p, late, noid, screen] {
        v.push(Case { orders: vec![What::Sale, What::Sale], ..Case::new(kind, f) });
    }
    explore_all(v);
}

fn scratch(mut case: Case) -> Case {
    let without = std::env::var("WITHOUT").unwrap_or_default();
    for fault in Fault::ALL {
        if without.split(',').any(|name| name == format!("{fault:?}")) {
            case.most[*fault as usize] = 0;
        }
    }
    case
}
