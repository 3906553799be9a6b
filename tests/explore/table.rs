//! Running cases, and what is printed of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::kinds::Case;
use crate::ledger::News;
use crate::search::{Found, Limits, Report, explore};

/// One test prints at a time.
static PRINTING: Mutex<()> = Mutex::new(());

pub fn my_turn_to_print() -> MutexGuard<'static, ()> {
    PRINTING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// How many faults are asked for.
pub fn faults() -> Option<u8> {
    number("FAULTS").map(|faults| u8::try_from(faults).unwrap_or(u8::MAX))
}

/// When one case is cut off. Three million states take up to three gigabytes.
pub fn limits() -> Limits {
    Limits {
        states: usize::try_from(number("STATES").unwrap_or(3_000_000)).unwrap_or(usize::MAX),
        seconds: number("SECONDS").unwrap_or(180) as f64,
        rest_every: 64,
    }
}

fn header() {
    println!(
        "{:<46} {:<6} f {:>9} {:>10} {:>4} {:>6}",
        "kind of terminal", "orders", "states", "edges", "deep", "s"
    );
}

fn print(case: &Case, report: &Report) {
    let what = if report.found.is_some() {
        "FOUND"
    } else if report.is_complete {
        "complete"
    } else {
        "cut off"
    };
    println!(
        "{:<46} {:<6} {} {:>9} {:>10} {:>4} {:>6.1} {what}",
        case.name(),
        case.orders_name(),
        case.faults,
        report.states,
        report.edges,
        report.depth,
        report.seconds,
    );
    report.found.iter().for_each(print_trace);
}

pub fn print_trace(found: &Found) {
    println!("    {} ({} steps)", found.why, found.steps.len());
    found.trace.iter().for_each(|line| println!("    {line}"));
}

/// What a table adds up to.
#[derive(Debug, Default)]
pub struct Sum {
    pub reports: Vec<Report>,
    pub broken: Vec<String>,
}

/// Explores every case whose name has the words of `KIND`, and prints a line for each.
pub fn explore_all(title: &str, cases: Vec<Case>) -> Sum {
    let only = std::env::var("KIND").unwrap_or_default();
    let mut sum = Sum::default();
    println!("\n{title}");
    header();
    for case in cases.into_iter().filter(|case| case.name().contains(&only)) {
        let mut report = explore(case.clone(), limits());
        print(&case, &report);
        if let Some(found) = report.found.take() {
            sum.broken.push(format!("{}: {}", case.name(), found.why));
        } else if !report.is_complete && faults().is_none() {
            sum.broken.push(format!("{}: cut off", case.name()));
        }
        sum.reports.push(report);
    }
    sum.print();
    sum
}

impl Sum {
    fn print(&self) {
        let total = |of: fn(&Report) -> usize| self.reports.iter().map(of).sum::<usize>();
        println!(
            "{} states, {} edges, {} runs to rest, {:.1} s, memory {} MB at most",
            total(|report| report.states),
            total(|report| report.edges),
            total(|report| report.rests),
            self.reports.iter().map(|report| report.seconds).sum::<f64>(),
            peak_mb().map_or("?".to_owned(), |mb| mb.to_string()),
        );
        let mut news: BTreeMap<News, usize> = BTreeMap::new();
        for (what, times) in self.reports.iter().flat_map(|report| &report.news) {
            *news.entry(*what).or_default() += times;
        }
        let words: Vec<_> = news.iter().map(|(what, times)| format!("{what} {times}")).collect();
        println!("reported: {}", words.join(", "));
    }

    pub fn assert_nothing_is_broken(&self) {
        assert!(self.broken.is_empty(), "{:#?}", self.broken);
    }
}

/// The most memory this process has had, where the system says so.
fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1024)
}
