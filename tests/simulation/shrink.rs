//! Makes a failing world smaller: leaves out whatever it fails without.

use crate::faults::{Kind, Without};
use crate::planted::Sabotage;
use crate::trace::Trace;
use crate::world::{Run, run};

/// How many smaller worlds are tried at most, and how many steps they may take together.
const TRIES: u32 = 3_000;
const STEPS: u64 = 10_000_000;

/// The smallest world found that still breaks, with its trace.
pub fn shrink(seed: u64, sabotage: Sabotage) -> (Without, Run) {
    let mut shrinker = Shrinker { seed, sabotage, tries: 0, steps: 0, best: Without::default() };
    while shrinker.may_try() && shrinker.pass() {}
    let run = run(seed, shrinker.best.clone(), Trace::recording(), sabotage);
    (shrinker.best, run)
}

struct Shrinker {
    seed: u64,
    sabotage: Sabotage,
    tries: u32,
    steps: u64,
    best: Without,
}

impl Shrinker {
    /// Tries to leave out each thing; true when something went.
    fn pass(&mut self) -> bool {
        let mut has_shrunk = false;
        for place in 0..5 {
            has_shrunk |= self.attempt(|without| without.orders.insert(place));
        }
        for (kind, _) in Kind::ALL {
            has_shrunk |= self.attempt(|without| without.kinds.insert(*kind));
        }
        for (kind, count) in
            run(self.seed, self.best.clone(), Trace::default(), self.sabotage).happened
        {
            for which in (1..=count.min(200)).rev() {
                has_shrunk |= self.attempt(|without| without.single.insert((kind, which)));
            }
        }
        has_shrunk
    }

    fn attempt(&mut self, leave_out: impl FnOnce(&mut Without) -> bool) -> bool {
        let mut without = self.best.clone();
        if !self.may_try() || !leave_out(&mut without) {
            return false;
        }
        self.tries += 1;
        let run = run(self.seed, without.clone(), Trace::default(), self.sabotage);
        self.steps += run.tally.steps;
        let still_breaks = run.broken.is_some();
        if still_breaks {
            self.best = without;
        }
        still_breaks
    }

    fn may_try(&self) -> bool {
        self.tries < TRIES && self.steps < STEPS
    }
}
