//! Breadth first through all states of a world, each once: what is found first has the shortest trace.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;
use std::time::Instant;

use crate::kinds::Case;
use crate::ledger::News;
use crate::moves::Move;
use crate::world::World;

/// How a state was reached.
struct Node {
    before: Option<Rc<Node>>,
    step: Option<Move>,
}

/// When a search gives up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub states: usize,
    pub seconds: f64,
    /// From one in so many states a run to rest is made, and from each in which an outcome is wrong.
    pub rest_every: u64,
}

/// A violation, and how it comes about.
#[derive(Debug, Clone)]
pub struct Found {
    pub why: String,
    pub steps: Vec<Move>,
    pub trace: Vec<String>,
}

#[derive(Debug, Default)]
pub struct Report {
    pub states: usize,
    pub edges: usize,
    pub depth: usize,
    pub seconds: f64,
    pub is_complete: bool,
    pub found: Option<Found>,
    pub rests: usize,
    /// The longest time for which a wrong outcome stood in a run to rest, milliseconds.
    pub wrong_ms: u64,
    /// Runs to rest from a state in which an outcome was wrong.
    pub windows: usize,
    /// Runs to rest that left an outcome wrong of which the terminal never spoke again.
    pub left_wrong: usize,
    pub news: BTreeMap<News, usize>,
}

/// Prints are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        let mut low = [0; 8];
        low.copy_from_slice(&bytes[..8]);
        self.0 = u64::from_ne_bytes(low);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Prints = HashSet<u128, BuildHasherDefault<AsItIs>>;

struct Search<'a> {
    case: &'a Rc<Case>,
    limits: Limits,
    started: Instant,
    seen: Prints,
    front: VecDeque<(World, Rc<Node>)>,
    report: Report,
}

pub fn explore(case: Case, limits: Limits) -> Report {
    let case = Rc::new(case);
    let mut search = Search {
        case: &case,
        limits,
        started: Instant::now(),
        seen: Prints::default(),
        front: VecDeque::new(),
        report: Report::default(),
    };
    search.run();
    search.report.seconds = search.started.elapsed().as_secs_f64();
    search.report
}

impl Search<'_> {
    fn run(&mut self) {
        let start = World::new(Rc::clone(self.case));
        self.seen.insert(start.print());
        self.front.push_back((start, Rc::new(Node { before: None, step: None })));
        let mut left_of_level = 1;
        while let Some((world, node)) = self.front.pop_front() {
            if let Some(found) = self.expand(&world, &node) {
                self.report.found = Some(found);
                break;
            }
            left_of_level -= 1;
            if left_of_level == 0 {
                left_of_level = self.front.len();
                self.report.depth += 1;
            }
            let is_over = self.seen.len() >= self.limits.states
                || self.started.elapsed().as_secs_f64() > self.limits.seconds;
            if is_over && !self.front.is_empty() {
                self.report.states = self.seen.len();
                return;
            }
        }
        self.report.is_complete = self.report.found.is_none();
        self.report.states = self.seen.len();
    }

    fn expand(&mut self, world: &World, node: &Rc<Node>) -> Option<Found> {
        for step in world.moves() {
            let mut next = world.clone();
            next.apply(step);
            self.report.edges += 1;
            if next.ledger.broken.is_some() {
                return Some(self.found(node, step, &[]));
            }
            let print = next.print();
            if !self.seen.insert(print) {
                continue;
            }
            for news in next.ledger.news.drain(..) {
                *self.report.news.entry(news).or_default() += 1;
            }
            if let Some(steps) = self.try_to_rest(&next, print) {
                return Some(self.found(node, step, &steps));
            }
            let node = Rc::new(Node { before: Some(Rc::clone(node)), step: Some(step) });
            self.front.push_back((next, node));
        }
        None
    }

    /// The steps of a run to rest that broke something.
    fn try_to_rest(&mut self, world: &World, print: u128) -> Option<Vec<Move>> {
        let chance = u64::try_from(print & u128::from(u64::MAX)).unwrap_or(0);
        let is_wrong = world.ledger.sales.iter().any(|sale| sale.wrong_since.is_some());
        if !is_wrong && !chance.is_multiple_of(self.limits.rest_every) {
            return None;
        }
        self.report.rests += 1;
        self.report.windows += usize::from(is_wrong);
        let mut world = world.clone();
        let rest = world.come_to_rest(print >> 127 == 0);
        self.report.wrong_ms = self.report.wrong_ms.max(rest.wrong_ms);
        self.report.left_wrong += usize::from(rest.is_left_wrong);
        world.ledger.broken.is_some().then_some(rest.steps)
    }

    fn found(&self, node: &Rc<Node>, last: Move, rest: &[Move]) -> Found {
        let mut steps = vec![last];
        let mut at = Some(node);
        while let Some(node) = at {
            steps.extend(node.step);
            at = node.before.as_ref();
        }
        steps.reverse();
        let (why, trace) = tell(self.case, &steps, rest);
        Found { why, steps, trace }
    }
}

/// Plays the steps once more and writes down what happens.
fn tell(case: &Rc<Case>, steps: &[Move], rest: &[Move]) -> (String, Vec<String>) {
    let mut world = World::new(Rc::clone(case));
    world.story = Some(Vec::new());
    for step in steps {
        world.apply(*step);
    }
    if !rest.is_empty() {
        world.say(|| "--- from here on nothing goes wrong".to_owned());
        let is_paid = world.print() >> 127 == 0;
        world.come_to_rest(is_paid);
    }
    let why = world.ledger.broken.take().unwrap_or_else(|| "the trace does not repeat".to_owned());
    world.say(|| format!("BROKEN: {why}"));
    (why, world.story.take().unwrap_or_default())
}
