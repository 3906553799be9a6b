//! Faults planted on purpose: what the checks are worth shows when the library, or the disk, is broken.

use ecrhub::internals::Settings;
use ecrhub::internals::journal::memory::MemoryJournal;
#[cfg(feature = "planted-faults")]
use ecrhub::internals::{Plant, Planted};

#[cfg(feature = "planted-faults")]
use crate::faults::Kind;

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
const BUDGET: u64 = 4_000;

/// So rare here that the random worlds need not find them. Each fails the test of the session that is named.
#[cfg(feature = "planted-faults")]
const FOUND_BY_UNIT_TESTS: [(Planted, &str); 5] = [
    (
        Planted::KeepBlockedClose,
        "holding::a_close_in_a_socket_that_takes_nothing_is_withdrawn_when_its_order_is_settled",
    ),
    (
        Planted::HeldAnswerCounts,
        "unanswered::answers_held_back_do_not_make_a_charged_order_not_found",
    ),
    (Planted::NotFoundOnce, "closing::a_charge_between_the_two_queries_is_approved"),
    (
        Planted::TrustDuplicate,
        "duplicate::without_an_earlier_attempt_it_is_unknown_with_the_record_as_response",
    ),
    (
        Planted::VoidReversedIsCancelled,
        "voids::a_record_of_its_own_that_reads_as_reversed_asks_for_the_original",
    ),
];

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
        let elsewhere = |(fault, _): &&(Planted, &str)| sabotage == Sabotage::Library(*fault);
        if let Some((_, test)) = FOUND_BY_UNIT_TESTS.iter().find(elsewhere) {
            println!("{name:<24} found by session::tests::{test}   [{meaning}]");
            continue;
        }
        let places = [Worlds::Usual, Worlds::BreakingAnAssumption, Worlds::Late];
        let found = places.into_iter().find_map(|worlds| {
            first_seed_that_finds(sabotage, worlds).map(|(seed, why)| (worlds, seed, why))
        });
        match found {
            Some((worlds, seed, why)) => {
                println!("{name:<24} found by seed {seed:>5} ({worlds:?}): {why}   [{meaning}]")
            }
            None => {
                println!("{name:<24} NOT FOUND   [{meaning}]");
                hidden.push(name);
            }
        }
    }
    assert!(hidden.is_empty(), "not found within {BUDGET} worlds: {hidden:?}");
}

/// Where a planted fault is looked for: some take what is rare in the usual worlds.
#[cfg(feature = "planted-faults")]
#[derive(Debug, Clone, Copy)]
enum Worlds {
    Usual,
    BreakingAnAssumption,
    Late,
}

/// What is late, and on a terminal that forgets closes of numbers it does not know.
#[cfg(feature = "planted-faults")]
const LATE: &[Kind] = &[
    Kind::Cut,
    Kind::HalfOpen,
    Kind::LateBytes,
    Kind::CloseForgotten,
    Kind::QuickTimes,
    Kind::SlowCustomer,
    Kind::HeldAnswers,
    Kind::Oddities,
    Kind::OwnClose,
    Kind::OwnQuery,
];

#[cfg(feature = "planted-faults")]
impl Worlds {
    fn run(self, seed: u64, sabotage: Sabotage) -> Option<String> {
        use crate::assumptions::BREAKABLE;
        use crate::faults::Without;
        use crate::trace::Trace;
        use crate::world::run_breaking;

        let breaks = match self {
            Worlds::BreakingAnAssumption => BREAKABLE.get(seed as usize % BREAKABLE.len()).copied(),
            _ => None,
        };
        let only = if matches!(self, Worlds::Late) { LATE } else { &[] };
        let without = Without { only, ..Without::default() };
        run_breaking(breaks, seed, without, Trace::default(), sabotage).broken
    }
}

#[cfg(feature = "planted-faults")]
fn first_seed_that_finds(sabotage: Sabotage, worlds: Worlds) -> Option<(u64, String)> {
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
                    if let Some(why) = worlds.run(seed, sabotage)
                        && worlds.run(seed, Sabotage::Nothing).is_none()
                    {
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
