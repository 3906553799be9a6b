//! Within the assumptions nothing is wrong; outcomes that turn out wrong are corrected.

use crate::kinds::{
    Assumption, Case, Fault, Kind, Naming, Refusal, UnknownClose, Visible, VoidRecord, What,
};
use crate::table::{explore_all, faults, my_turn_to_print};

/// Kinds that between them have every pair of what a terminal does with an unknown close, when a record shows, and how
/// answers are named.
pub fn kinds() -> Vec<Kind> {
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

/// The kinds that `make test` explores with two faults: those whose states are few enough.
const WITH_TWO_FAULTS: [&str; 2] = ["remembers,late,push,106", "forgets,late,no-id,bare"];

#[test]
fn within_the_assumptions_no_outcome_is_wrong() {
    let _turn = my_turn_to_print();
    let cases = match faults() {
        Some(faults) => kinds().into_iter().map(|kind| Case::new(kind, faults)).collect(),
        None => {
            let with_two = |kind: &Kind| WITH_TWO_FAULTS.contains(&&*kind.name());
            let (few, all) = (kinds().into_iter().filter(with_two), kinds().into_iter());
            all.map(|kind| Case::new(kind, 1)).chain(few.map(|kind| Case::new(kind, 2))).collect()
        }
    };
    explore_all("One order", cases).assert_nothing_is_broken();
}

/// What is sold otherwise than once and alone.
pub fn variations(faults: u8) -> Vec<Case> {
    let forgets = Kind { unknown_close: UnknownClose::Forgotten, ..Kind::PLAIN };
    let late = Kind {
        unknown_close: UnknownClose::Remembered,
        visible: Visible::Charged,
        pushes: true,
        ..Kind::PLAIN
    };
    let nameless = Kind { naming: Naming::Topic, refusal: Refusal::WithoutRecord, ..forgets };
    let mut cases = Vec::new();
    for kind in [forgets, late, nameless] {
        let case = Case::new(kind, faults);
        cases.push(Case { neighbour: true, sells_again: true, ..case.clone() });
        cases.push(Case { order_timeout_ms: 30_000, ..case.clone() });
        cases.push(Case { close_lost_orders: false, ..case.clone() });
        cases.push(Case { sells_again: true, ..case.clone() });
        cases.push(Case { pings: true, ..case });
        for record in [VoidRecord::Successful, VoidRecord::Reversed, VoidRecord::OriginalOnly] {
            let kind = Kind { void_record: record, ..kind };
            cases.push(Case { orders: vec![What::Void], ..Case::new(kind, faults) });
        }
    }
    let by_screen = Kind { closes_by_screen: true, ..Kind::PLAIN };
    cases.push(Case { neighbour: true, ..Case::new(by_screen, faults) });
    for kind in [late, by_screen] {
        cases.push(Case { orders: vec![What::Sale, What::Sale], ..Case::new(kind, faults) });
    }
    cases
}

#[test]
fn nor_with_a_neighbour_a_void_a_second_order_or_a_number_used_again() {
    let _turn = my_turn_to_print();
    let faults = faults().map_or(1, |faults| faults.saturating_sub(1).max(1));
    explore_all("Voids, neighbours, two orders", variations(faults)).assert_nothing_is_broken();
}

/// Cases in which an outcome that means "no money moved" turns out wrong.
pub fn corrected(faults: u8) -> Vec<Case> {
    let closing =
        |visible| Kind { visible, unknown_close: UnknownClose::Remembered, ..Kind::PLAIN };
    let forgets = Kind { unknown_close: UnknownClose::Forgotten, ..Kind::PLAIN };
    let card = Kind { visible: Visible::CardRead, ..Kind::PLAIN };
    let late = closing(Visible::Charged);
    let cases = [
        // Refused, then approved.
        Case::new(card, faults).without(Assumption::RefusedIsOver),
        Case::new(late, faults).without(Assumption::RefusedIsOver),
        // Approved after a close that was accepted.
        Case::new(closing(Visible::CardRead), faults).without(Assumption::ClosesAreFinal),
        Case::new(late, faults).without(Assumption::NoCloseWhileAuthorising),
        // Approved after "not found".
        Case::new(Kind { pushes: true, ..forgets }, faults)
            .without(Assumption::LateBytesAreBounded),
        // Approved by a bare success code, and not charged yet.
        Case::new(Kind::PLAIN, faults).and(Fault::EarlySuccess),
        // Busy, and served all the same.
        Case { neighbour: true, ..Case::new(Kind::PLAIN, faults) }.without(Assumption::BusyIsFinal),
    ];
    cases.into_iter().map(|case| Case { may_correct: true, ..case }).collect()
}

#[test]
fn what_turns_out_wrong_is_corrected_by_the_second_look() {
    let _turn = my_turn_to_print();
    let cases = corrected(faults().unwrap_or(1));
    let sum = explore_all("Outcomes that turn out wrong", cases);
    let windows: usize = sum.reports.iter().map(|report| report.windows).sum();
    let left: usize = sum.reports.iter().map(|report| report.left_wrong).sum();
    let longest = sum.reports.iter().map(|report| report.wrong_ms).max().unwrap_or(0);
    println!(
        "{windows} windows, {left} of them never closed as the terminal spoke last before it charged; the longest closed one {longest} ms"
    );
    sum.assert_nothing_is_broken();
    assert!(sum.reports.iter().all(|report| report.windows > 0), "nothing was wrong in a case");
}
