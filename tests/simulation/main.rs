//! The deterministic simulation: tills, terminals and a network in which everything breaks, from one seed.
//!
//! `SEEDS=n` runs the worlds 1 to n, `SEED=n` one world with its story; `ALL=1` counts
//! everything that breaks, `WHOLE=1` does not make a failing world small. `docs/simulation.md` tells what is simulated,
//! what is assumed and what is checked.
//!
//! | module | what |
//! |---|---|
//! | `world` | the clock that goes from event to event, and the plan |
//! | `storm` | what strikes from outside, and the good weather at the end |
//! | `till` | a till's process: the library's session and books, glued step by step |
//! | `terminal` | the simulator's model, with a plug that can be pulled |
//! | `network` | connections that are slow, cut, dark, or late |
//! | `order` | a request of a till, and its history |
//! | `checks` | what is held against the library at every step |
//! | `assumptions` | what must be true of the world |
//! | `faults` | what may go wrong, and how often |
//! | `shrink`, `trace` | a failing world made small and told as a story |
//! | `planted` | the library broken on purpose, to prove the checks |

// Without planted faults some of it only has to compile.
#![cfg_attr(not(feature = "planted-faults"), allow(dead_code))]
#![allow(missing_docs, clippy::cast_possible_truncation, clippy::cast_possible_wrap)]

mod assumptions;
mod checks;
mod faults;
mod network;
mod order;
mod planted;
mod shrink;
mod storm;
mod tally;
mod terminal;
mod till;
mod trace;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use faults::Without;
use planted::Sabotage;
use tally::Tally;
use trace::Trace;
use world::run;

/// Worlds in a plain `cargo test`.
const FEW: u64 = if cfg!(debug_assertions) { 2_000 } else { 100_000 };

const THREADS: usize = 2;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[test]
fn the_till_always_learns_what_happened_to_the_money() {
    if let Some(seed) = number("SEED") {
        return tell(seed);
    }
    let all = Runs { seeds: number("SEEDS").unwrap_or(FEW), stops: number("ALL").is_none() };
    let started = Instant::now();
    let (tally, broken) = all.run();
    let took = started.elapsed().as_secs_f64();
    println!("{tally}{:.1} s, {:.0} seeds/s", took, tally.worlds as f64 / took);
    for (gist, seeds) in &broken {
        let first: Vec<_> = seeds.iter().take(SEEDS_PRINTED).collect();
        println!("{:>8} worlds, first {first:?}: {gist}", seeds.len());
    }
    if let Some(seed) = broken.values().filter_map(|seeds| seeds.first()).min() {
        let seed = *seed;
        if all.stops {
            tell(seed);
        }
        panic!("seed {seed} breaks");
    }
}

/// What was broken, without names and numbers, and in which worlds.
type Broken = BTreeMap<String, BTreeSet<u64>>;

const SEEDS_PRINTED: usize = 8;

struct Runs {
    seeds: u64,
    /// At the first world that breaks.
    stops: bool,
}

impl Runs {
    fn run(&self) -> (Tally, Broken) {
        let next = AtomicU64::new(1);
        let total = Mutex::new((Tally::default(), Broken::new()));
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let (tally, broken) = self.run_some(&next);
                    let mut total = total.lock().unwrap();
                    total.0.add(&tally);
                    for (gist, seeds) in broken {
                        total.1.entry(gist).or_default().extend(seeds);
                    }
                });
            }
        });
        total.into_inner().unwrap()
    }

    fn run_some(&self, next: &AtomicU64) -> (Tally, Broken) {
        let (mut tally, mut broken) = (Tally::default(), Broken::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > self.seeds {
                return (tally, broken);
            }
            let run = run(seed, Without::default(), Trace::default(), Sabotage::Nothing);
            tally.add(&run.tally);
            tally.worlds += 1;
            if let Some(why) = run.broken {
                broken.entry(gist(&why)).or_default().insert(seed);
                if self.stops {
                    next.store(self.seeds + 1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Leaves out the words that name an order.
fn gist(why: &str) -> String {
    let words = why.split(' ').filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

/// Runs one world; where it breaks, prints the smallest story of it.
fn tell(seed: u64) {
    let run = run(seed, Without::default(), Trace::recording(), Sabotage::Nothing);
    let Some(why) = run.broken else {
        println!("{}\n{}seed {seed} holds", run.trace.story(), run.tally);
        return;
    };
    if number("WHOLE").is_some() {
        println!("{}", run.trace.lines.unwrap_or_default().join("\n"));
        panic!("seed {seed}: {why}");
    }
    let (without, small) = shrink::shrink(seed, Sabotage::Nothing);
    let kinds: Vec<_> =
        small.happened.iter().filter(|(kind, _)| !without.kinds.contains(kind)).collect();
    println!("{}", small.trace.story());
    panic!("seed {seed}: {why}\nsmallest: {:?}, with {kinds:?}", small.broken);
}

#[test]
fn a_seed_gives_the_same_world_every_time() {
    for seed in 1..=20 {
        let one = run(seed, Without::default(), Trace::recording(), Sabotage::Nothing);
        let other = run(seed, Without::default(), Trace::recording(), Sabotage::Nothing);
        assert_eq!(one.trace.lines, other.trace.lines, "seed {seed}");
    }
}
