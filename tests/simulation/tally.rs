//! What many worlds together came to.

use std::collections::BTreeMap;
use std::fmt;

use ecrhub::Outcome;

#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub worlds: u64,
    pub accepted: u64,
    pub charged: u64,
    pub frames: u64,
    pub crashes: u64,
    pub clarified: u64,
    pub retold: u64,
    pub steps: u64,
    pub simulated_ms: u64,
    /// Closes of the library's own.
    pub closes: u64,
    /// Wrong outcomes by cause: how many, how many of them were corrected, how many were not in the end.
    wrong: BTreeMap<&'static str, [u64; 3]>,
    outcomes: BTreeMap<&'static str, u64>,
    excuses: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub fn outcome(&mut self, outcome: Outcome) {
        *self.outcomes.entry(outcome.name()).or_default() += 1;
    }

    pub fn excused(&mut self, why: &'static str) {
        *self.excuses.entry(why).or_default() += 1;
    }

    /// An outcome does not agree with the money.
    pub fn wrong(&mut self, cause: &'static str) {
        self.wrong.entry(cause).or_default()[0] += 1;
    }

    pub fn corrected(&mut self, cause: &'static str) {
        self.wrong.entry(cause).or_default()[1] += 1;
    }

    pub fn left_wrong(&mut self, cause: &'static str) {
        self.wrong.entry(cause).or_default()[2] += 1;
    }

    pub fn is_wrong_by(&self, cause: &str) -> bool {
        self.wrong.contains_key(cause)
    }

    pub fn add(&mut self, other: &Tally) {
        self.worlds += other.worlds;
        self.accepted += other.accepted;
        self.charged += other.charged;
        self.frames += other.frames;
        self.crashes += other.crashes;
        self.clarified += other.clarified;
        self.retold += other.retold;
        self.steps += other.steps;
        self.simulated_ms += other.simulated_ms;
        self.closes += other.closes;
        for (cause, counts) in &other.wrong {
            let sums = self.wrong.entry(cause).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (why, count) in &other.excuses {
            *self.excuses.entry(why).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} worlds, {:.1} years, {} steps: {} orders accepted, {} charges; {} frames left the tills, which died {} times",
            self.worlds,
            self.simulated_ms as f64 / (365.25 * 86_400_000.0),
            self.steps,
            self.accepted,
            self.charged,
            self.frames,
            self.crashes
        )?;
        let completed: u64 = self.outcomes.values().sum();
        for (outcome, count) in &self.outcomes {
            writeln!(f, "  {outcome:<10} {count:>8}  {:>6.2} %", percent(*count, completed))?;
        }
        writeln!(
            f,
            "  {} clarified, {} reported again, {} closes of the library's own",
            self.clarified, self.retold, self.closes
        )?;
        for (cause, [wrong, corrected, left]) in &self.wrong {
            let share = percent(*wrong, completed);
            writeln!(
                f,
                "  wrong   {wrong:>8}  {share:>6.3} %  then clarified {corrected}, never {left}: {cause}"
            )?;
        }
        for (why, count) in &self.excuses {
            writeln!(f, "  unknown {count:>8}  {:>6.2} %  {why}", percent(*count, completed))?;
        }
        Ok(())
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}
