//! Faults planted on purpose: what the checks are worth shows when the library, or the disk, is broken.

use ecrhub::internals::Settings;
use ecrhub::internals::journal::memory::MemoryJournal;
#[cfg(feature = "planted-faults")]
use ecrhub::internals::{Plant, Planted};

/// What is broken in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    Nothing,
    #[cfg(feature = "planted-faults")]
    Library(Planted),
    /// The disk says "written", and forgets it when the process dies.
    #[cfg(feature = "planted-faults")]
    Disk,
}

impl Sabotage {
    pub fn apply(self, settings: &mut Settings, disk: &MemoryJournal) {
        match self {
            Sabotage::Nothing => {}
            #[cfg(feature = "planted-faults")]
            Sabotage::Library(fault) => settings.plant = Plant::new(Some(fault)),
            #[cfg(feature = "planted-faults")]
            Sabotage::Disk => disk.lose_unsynced(true),
        }
        let _ = (settings, disk);
    }
}

/// How many worlds a planted fault may stay hidden in.
#[cfg(feature = "planted-faults")]
const BUDGET: u64 = 20_000;

#[cfg(feature = "planted-faults")]
#[test]
fn every_planted_fault_is_found() {
    use crate::faults::Without;
    use crate::trace::Trace;
    use crate::world::run;

    let mut sabotages: Vec<(Sabotage, String, &str)> = Planted::ALL
        .iter()
        .map(|(fault, meaning)| (Sabotage::Library(*fault), format!("{fault:?}"), *meaning))
        .collect();
    sabotages.push((
        Sabotage::Disk,
        "LyingDisk".to_owned(),
        "The disk forgets what it said was written.",
    ));
    let mut hidden = Vec::new();
    for (sabotage, name, meaning) in sabotages {
        let found = (1..=BUDGET).find_map(|seed| {
            let run = run(seed, Without::default(), Trace::default(), sabotage);
            run.broken.map(|why| (seed, why))
        });
        match found {
            Some((seed, why)) => {
                println!("{name:<22} found by seed {seed:>5}: {why}   [{meaning}]")
            }
            None => hidden.push(name),
        }
    }
    assert!(hidden.is_empty(), "not found within {BUDGET} worlds: {hidden:?}");
}
