//! Each assumption is needed: without it an outcome is wrong, and the shortest way there is printed.

use crate::kinds::{Assumption, Case, Kind, UnknownClose, Visible, What};
use crate::search::explore;
use crate::table::{limits, my_turn_to_print, print_trace};

/// The smallest case in which an assumption matters.
fn case_of(assumption: Assumption) -> Case {
    let late = Kind { visible: Visible::Charged, ..Kind::PLAIN };
    let remembers = Kind { unknown_close: UnknownClose::Remembered, ..late };
    let by_screen = Kind { closes_by_screen: true, ..Kind::PLAIN };
    let with_neighbour = |case: Case| Case { neighbour: true, ..case };
    match assumption {
        Assumption::BusyIsFinal => with_neighbour(Case::new(Kind::PLAIN, 0)),
        Assumption::RefusedIsOver => Case::new(late, 1),
        Assumption::NoCloseWhileAuthorising | Assumption::ClosesAreFinal => Case::new(remembers, 0),
        Assumption::OneAddressOneDevice => Case::new(remembers, 0),
        Assumption::NumbersAreUnique => with_neighbour(Case::new(Kind::PLAIN, 1)),
        Assumption::VoidsLeaveARecord => {
            Case { orders: vec![What::Void], ..Case::new(remembers, 1) }
        }
        Assumption::NeighboursAreNotClosed => with_neighbour(Case::new(by_screen, 1)),
        Assumption::LateBytesAreBounded => {
            let forgets = Kind { unknown_close: UnknownClose::Forgotten, ..Kind::PLAIN };
            Case::new(forgets, 1)
        }
        Assumption::ClosesDoNotOutlive => {
            Case { orders: vec![What::Sale, What::Sale], ..Case::new(by_screen, 1) }
        }
        Assumption::RecordsAreKept | Assumption::RecordsAreTrue => Case::new(remembers, 1),
        Assumption::DiskKeepsItsWord => Case::new(Kind::PLAIN, 1),
    }
}

#[test]
fn each_assumption_is_needed() {
    let _turn = my_turn_to_print();
    let mut wrong = Vec::new();
    println!("\nWithout one assumption");
    for (assumption, meaning) in Assumption::ALL {
        let case = case_of(*assumption);
        if let Some(found) = explore(case.clone(), limits()).found {
            wrong.push(format!("with {assumption:?}: {}", found.why));
        }
        println!("{assumption:?}: {meaning}");
        match explore(case.without(*assumption), limits()).found {
            Some(found) => print_trace(&found),
            None => wrong.push(format!("{assumption:?} makes no difference")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
