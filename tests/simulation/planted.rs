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
    let library = Planted::ALL
        .iter()
        .map(|(fault, meaning)| (Sabotage::Library(*fault), format!("{fault:?}"), *meaning));
    let disk =
        (Sabotage::Disk, "LyingDisk".to_owned(), "The disk forgets what it said was written.");
    let mut hidden = Vec::new();
    for (sabotage, name, meaning) in library.chain([disk]) {
        match first_seed_that_finds(sabotage) {
            Some((seed, why)) => {
                println!("{name:<24} found by seed {seed:>5}: {why}   [{meaning}]")
            }
            None => {
                println!("{name:<24} NOT FOUND   [{meaning}]");
                hidden.push(name);
            }
        }
    }
    assert!(hidden.is_empty(), "not found within {BUDGET} worlds: {hidden:?}");
}

#[cfg(feature = "planted-faults")]
fn first_seed_that_finds(sabotage: Sabotage) -> Option<(u64, String)> {
    use crate::faults::Without;
    use crate::trace::Trace;
    use crate::world::run;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    let (next, found) = (AtomicU64::new(1), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..crate::THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > BUDGET {
                        return;
                    }
                    let run = run(seed, Without::default(), Trace::default(), sabotage);
                    if let Some(why) = run.broken {
                        next.store(BUDGET + 1, Ordering::Relaxed);
                        let mut found = found.lock().unwrap();
                        *found = found.take().into_iter().chain([(seed, why)]).min();
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}
