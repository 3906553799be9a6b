//! All cases of all series, played side by side, and what came of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::stage::{Before, Played, Props, Stage};
use crate::strike::{Case, Scene, Series};
use crate::verdict::Tally;

/// Tills that run side by side. Most of the time each of them waits.
const STAGES: usize = 12;

/// After so many faults nothing new comes to light.
const ENOUGH: usize = 40;

/// How many calls of each kind a till makes that nothing befalls.
type Calls = HashMap<String, usize>;

/// What was seen.
#[derive(Default)]
pub struct Report {
    pub cases: usize,
    /// Calls struck, by kind and by what was done to them.
    struck: BTreeMap<(&'static str, &'static str), usize>,
    tally: Tally,
    refusals: usize,
    longest: Duration,
    took: Duration,
    pub faults: Vec<String>,
}

impl Report {
    fn add(&mut self, case: &Case, played: Played) {
        self.cases += 1;
        if played.was_struck {
            *self.struck.entry((case.series.kind, case.series.what.name())).or_default() += 1;
        }
        for (outcome, count) in played.tally.outcomes {
            *self.tally.outcomes.entry(outcome).or_default() += count;
        }
        self.tally.charges += played.tally.charges;
        self.tally.recovered += played.tally.recovered;
        self.tally.retold += played.tally.retold;
        self.tally.clarified += played.tally.clarified;
        self.refusals += played.refusals;
        self.longest = self.longest.max(played.longest);
        self.faults.extend(played.faults);
    }

    pub fn print(&self, name: &str) {
        let mut by_what: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((kind, what), count) in &self.struck {
            by_what.entry(what).or_default().push(format!("{count} {kind}"));
        }
        for (what, kinds) in by_what {
            println!("{name}: {what}: {}", kinds.join(", "));
        }
        let Tally { outcomes, charges, recovered, retold, clarified, .. } = &self.tally;
        let orders: usize = outcomes.values().sum();
        let list: Vec<_> = outcomes.iter().map(|(name, count)| format!("{count} {name}")).collect();
        println!(
            "{name}: {} cases in {:.0?}, {} of them struck; {orders} orders: {}; {charges} charges",
            self.cases,
            self.took,
            self.struck.values().sum::<usize>(),
            list.join(", "),
        );
        println!(
            "{name}: {} refusals, {recovered} recovered, {clarified} clarified, {retold} delivered again; {} wrong; \
             the longest run took {:.1?}",
            self.refusals,
            self.faults.len(),
            self.longest
        );
    }
}

/// Plays the cases side by side, and says each fault when it is found.
pub fn play(props: &Props, cases: Vec<Case>, has_a_lying_disk: bool, say: fn(&str)) -> Report {
    let begun = Instant::now();
    let cases = Mutex::new(cases.into_iter());
    let report = Mutex::new(Report::default());
    let work = |index: usize| {
        let mut stage = Stage::new(props, &format!("F{index}"));
        loop {
            let Some(case) = cases.lock().unwrap().next() else { return };
            let played = stage.play(&case, has_a_lying_disk);
            let mut report = report.lock().unwrap();
            played.faults.iter().for_each(|fault| say(fault));
            report.add(&case, played);
            if report.faults.len() >= ENOUGH {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for index in 0..STAGES {
            let work = &work;
            scope.spawn(move || work(index));
        }
    });
    Report { took: begun.elapsed(), ..report.into_inner().unwrap() }
}

/// A case for each call of each series, to the last that a till in peace makes.
pub fn cases_of(props: &Props, series: &[Series]) -> Vec<Case> {
    let mut stage = Stage::new(props, "peace");
    let mut scenes: Vec<(Scene, Calls)> = Vec::new();
    for Series { scene, .. } in series {
        if !scenes.iter().any(|(known, _)| known == scene) {
            scenes.push((*scene, calls_of(&mut stage, *scene)));
        }
    }
    let cases = |series: &Series| {
        let of_scene = scenes.iter().find(|(scene, _)| *scene == series.scene);
        let last = of_scene.and_then(|(_, calls)| calls.get(series.kind)).copied().unwrap_or(0);
        let series = *series;
        (series.first..=last).step_by(series.step).map(move |at| Case { series, at })
    };
    series.iter().flat_map(cases).collect()
}

fn calls_of(stage: &mut Stage<'_>, scene: Scene) -> Calls {
    let mut desk = stage.desk();
    desk.set(scene).unwrap();
    desk.must_end(Before::Shim(""), "sell", scene.sells()).unwrap();
    let mut calls = Calls::new();
    for call in desk.calls() {
        *calls.entry("any".to_owned()).or_default() += 1;
        *calls.entry("file".to_owned()).or_default() +=
            usize::from(call.file != "-" && call.kind != "-");
        *calls.entry(call.kind).or_default() += 1;
    }
    calls
}
