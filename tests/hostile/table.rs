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
        let played = play_apart(name, true);
        let mark = if played.fault.is_some() { "  FAILED" } else { "" };
        println!("{}{mark}", played.row.unwrap_or_else(|| (*name).to_owned()));
        faults.extend(played.fault);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
