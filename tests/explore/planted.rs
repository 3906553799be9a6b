//! Each fault that can be planted in the library is found, or it is said why these worlds are too small for it.

use ecrhub::internals::Planted;

use crate::kinds::Case;
use crate::runs::{corrected, kinds, variations};
use crate::search::explore;
use crate::table::{limits, my_turn_to_print};

#[test]
fn every_planted_fault_is_found() {
    let _turn = my_turn_to_print();
    let mut hidden = Vec::new();
    let cases = || {
        let one = kinds().into_iter().map(|kind| Case::new(kind, 1));
        one.chain(variations(1)).chain(corrected(1))
    };
    for (fault, meaning) in Planted::ALL {
        let started = std::time::Instant::now();
        let found = cases().enumerate().find_map(|(at, case)| {
            let name = format!("{} {}", case.name(), case.orders_name());
            let found = explore(Case { plant: Some(*fault), ..case }, limits()).found?;
            Some((at, name, found))
        });
        match found {
            Some((at, name, found)) => println!(
                "{fault:?} {at} {name} {} ({} steps) {:.1}",
                found.why,
                found.steps.len(),
                started.elapsed().as_secs_f64()
            ),
            None => {
                println!("HIDDEN {fault:?} {meaning} {:.1}", started.elapsed().as_secs_f64());
                hidden.push(format!("{fault:?}: {meaning}"))
            }
        }
    }
    assert!(hidden.is_empty(), "{hidden:#?}");
}
