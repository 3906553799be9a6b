//! Each fault that can be planted in the library is found, or it is said why these worlds are too small for it.

use ecrhub::internals::Planted;

use crate::kinds::{Case, Kind, Naming, Refusal, UnknownClose, Visible, VoidRecord, What};
use crate::runs::corrected;
use crate::search::{Limits, explore};
use crate::table::{limits, my_turn_to_print};

/// Where a planted fault shows, or why it cannot show in these worlds. What is left out here is found by
/// `tests/simulation`, or by the session's own test that it names.
fn case_of(fault: Planted) -> Result<Case, &'static str> {
    let plain = Case::new(Kind::PLAIN, 1);
    let forgets = Kind { unknown_close: UnknownClose::Forgotten, ..Kind::PLAIN };
    let remembers = Kind { unknown_close: UnknownClose::Remembered, ..Kind::PLAIN };
    let late = Kind { visible: Visible::Charged, ..remembers };
    let nameless = Kind { naming: Naming::Topic, pushes: true, ..Kind::PLAIN };
    let bare = Kind { refusal: Refusal::Bare, bare_success: true, ..nameless };
    Ok(match fault {
        Planted::CloseDuplicate | Planted::TrustDuplicate => {
            return Err("113 is only answered where two tills use the same numbers");
        }
        Planted::VoidedSaleCancelled => {
            return Err("a void takes back a sale from before the world began");
        }
        Planted::HeldAnswerCounts => {
            return Err("it takes more faults than are played here, and has a test of the session");
        }
        Planted::VoidReversedIsCancelled => {
            return Err("a void's original is queried all the same; it has a test of the session");
        }
        Planted::NeverPingsBusy => return Err("no engine holds an answer until it is pinged"),
        Planted::LookSurvivesReuse
        | Planted::CloseBusy
        | Planted::BusyIsDeclined
        | Planted::BusyAtOnce
        | Planted::SendAfterNotSent => {
            Case { neighbour: true, sells_again: true, ..Case::new(forgets, 1) }
        }
        Planted::CloseWhileOthersPay | Planted::WriteBesideClose => {
            Case { orders: vec![What::Sale, What::Sale], ..Case::new(late, 1) }
        }
        Planted::CloseAnyway | Planted::NotFoundUnclosed => {
            Case { close_lost_orders: false, ..Case::new(forgets, 1) }
        }
        Planted::CloseEarly => Case { order_timeout_ms: 30_000, ..plain },
        Planted::TrustAnyClose => Case { pings: true, ..Case::new(forgets, 1) },
        Planted::NotFoundOnce => Case::new(forgets, 1),
        Planted::VoidWithoutOriginal => {
            let kind = Kind { void_record: VoidRecord::OriginalOnly, ..forgets };
            Case { orders: vec![What::Void], ..Case::new(kind, 1) }
        }
        Planted::BelieveRefusal | Planted::TrustBare000 => Case::new(bare, 1),
        Planted::ForgetUnknown => Case::new(Kind { visible: Visible::CardRead, ..bare }, 1),
        Planted::WrongWas => Case::new(late, 1),
        Planted::ForgetToRetell => {
            let naming = Naming::Number;
            let refusal = Refusal::WithoutRecord;
            Case::new(Kind { visible: Visible::Charged, naming, refusal, ..Kind::PLAIN }, 1)
        }
        Planted::IgnoreLateAnswer => corrected(1).swap_remove(0),
        _ => plain,
    })
}

#[test]
fn every_planted_fault_is_found() {
    let _turn = my_turn_to_print();
    let mut hidden = Vec::new();
    println!("\nPlanted faults");
    for (fault, meaning) in Planted::ALL {
        let case = match case_of(*fault) {
            Ok(case) => case,
            Err(why) => {
                println!("{:<24} left to other tests: {why}   [{meaning}]", format!("{fault:?}"));
                continue;
            }
        };
        let every_state = Limits { rest_every: 1, ..limits() };
        let report = explore(Case { plant: Some(*fault), ..case.clone() }, every_state);
        match report.found {
            Some(found) => println!(
                "{:<24} found in {} steps, {:.1} s: {}   [{meaning}]",
                format!("{fault:?}"),
                found.steps.len(),
                report.seconds,
                found.why,
            ),
            None => hidden.push(format!("{fault:?} in {}: {meaning}", case.name())),
        }
    }
    assert!(hidden.is_empty(), "not found: {hidden:#?}");
}
