//! All attacks in a row, for a quiet machine: `make hostile`.

use crate::attacks;
use crate::measure::Row;
use crate::program::play_apart;

/// `ONLY` plays those with these words in their names.
#[test]
#[ignore = "make hostile: five minutes of a machine that does nothing else"]
fn no_attack_delays_the_neighbour_by_more_than_100_ms() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut faults = Vec::new();
    println!("\n{}", Row::head());
    for (name, _) in attacks::all().filter(|(name, _)| name.contains(&only)) {
        match play_apart(name, true) {
            Ok(row) => println!("{row}"),
            Err(fault) => {
                println!("{name} FAILED");
                faults.push(fault);
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
