//! One world: tills, terminals, the network between them, and a clock that goes from event to event.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use ecrhub::Config;
use ecrhub::internals::journal::memory::MemoryJournal;
use ecrhub::internals::{Rng, Settings};
use ecrhub_simulator::{AMOUNTS, Amount, Behaviour};

use crate::assumptions::{Assumption, BREAKABLE};
use crate::faults::{Faults, Kind, Without};
use crate::network::{Conn, Side};
use crate::order::{Order, Request, Topic};
use crate::planted::Sabotage;
use crate::storm::STORMS;
use crate::tally::Tally;
use crate::terminal::Place;
use crate::till::{APP_ID, Step, Till};
use crate::trace::Trace;

/// A world that takes more steps than this goes in a circle.
const MOST_STEPS: u64 = 200_000;

/// What happens next.
#[derive(Debug)]
pub enum Due {
    Arrive(usize, Side),
    Refused(usize),
    Forgotten(usize),
    Reset(usize),
    Unblock(usize),
    Release(usize),
    Terminal(usize),
    On(usize),
    Till(usize, u64),
    Start(usize),
    Wake(usize),
    Step(usize, u64, Step),
    Sale(usize),
    Storm(Kind),
    Bound { order: usize, life: u64, slept_ms: u64 },
    Asked { order: usize, conn: usize, since_ms: u64 },
    Pinged { conn: usize, since_ms: u64 },
    Heal,
}

struct Entry {
    at: u64,
    place: u64,
    due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.place).cmp(&(other.at, other.place))
    }
}

pub struct World {
    pub now: u64,
    due: BinaryHeap<Reverse<Entry>>,
    place: u64,
    pub chance: Rng,
    pub faults: Faults,
    pub trace: Trace,
    pub tally: Tally,
    pub terminals: Vec<Place>,
    pub tills: Vec<Till>,
    pub conns: Vec<Conn>,
    pub orders: Vec<Order>,
    pub by_id: HashMap<String, usize>,
    pub broken: Option<String>,
    pub healed_at: Option<u64>,
    /// What is not true of this world, for a change.
    pub broken_assumption: Option<Assumption>,
    seed: u64,
}

/// What came of a run.
pub struct Run {
    pub broken: Option<String>,
    pub tally: Tally,
    pub trace: Trace,
    pub happened: Vec<(Kind, u32)>,
}

pub fn run(seed: u64, without: Without, trace: Trace, sabotage: Sabotage) -> Run {
    run_breaking(None, seed, without, trace, sabotage)
}

/// A world in which this assumption does not hold; with none, one in which all do, or the seed's own does not.
pub fn run_breaking(
    assumption: Option<Assumption>,
    seed: u64,
    without: Without,
    trace: Trace,
    sabotage: Sabotage,
) -> Run {
    let mut world = World::new(assumption, seed, without, trace, sabotage);
    world.live();
    Run {
        broken: world.broken.take(),
        happened: world.faults.happened(),
        tally: world.tally,
        trace: world.trace,
    }
}

impl World {
    fn new(
        assumption: Option<Assumption>,
        seed: u64,
        without: Without,
        trace: Trace,
        sabotage: Sabotage,
    ) -> Self {
        let mut world = World {
            now: 0,
            due: BinaryHeap::new(),
            place: 0,
            chance: Rng::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed),
            faults: Faults::new(seed, without),
            trace,
            tally: Tally::default(),
            terminals: Vec::new(),
            tills: Vec::new(),
            conns: Vec::new(),
            orders: Vec::new(),
            by_id: HashMap::new(),
            broken: None,
            healed_at: None,
            broken_assumption: None,
            seed,
        };
        let breaks_one = world.faults.happens(Kind::BrokenAssumption, 500);
        let which = world.faults.draw(Kind::BrokenAssumption, 0, BREAKABLE.len() as u64 - 1);
        world.broken_assumption =
            assumption.or_else(|| breaks_one.then_some(BREAKABLE[which as usize]));
        for _ in 0..1 + world.chance.between(0, 3) / 3 {
            let terminal = world.new_terminal();
            world.terminals.push(terminal);
        }
        for _ in 0..world.chance.between(1, 3) {
            let till = world.new_till(sabotage);
            world.tills.push(till);
        }
        world.forbid_closes();
        world.plan();
        world
    }

    fn new_till(&mut self, sabotage: Sabotage) -> Till {
        let terminal = self.chance.between(0, self.terminals.len() as u64 - 1) as usize;
        let mut config = Config { app_id: Some(APP_ID.to_owned()), ..Config::new("ws://terminal") };
        if self.faults.happens(Kind::QuickTimes, 800) {
            config.send_timeout_ms = 3_000;
            config.order_timeout_ms = self.faults.draw(Kind::QuickTimes, 2_000, 30_000) as u32;
            config.recovery_timeout_ms = self.faults.draw(Kind::QuickTimes, 5_000, 30_000) as u32;
            config.recovery_interval_ms = 500;
            config.clarify_interval_ms = 20_000;
            config.second_look_ms = 3_000;
        }
        if self.faults.happens(Kind::NoPings, 500) {
            config.ping_interval_ms = 0;
            config.ping_interval_busy_ms = 0;
        }
        let mut settings = Settings::from(&config);
        let disk = MemoryJournal::new();
        sabotage.apply(&mut settings, &disk);
        Till {
            terminal,
            settings,
            disk: Arc::new(disk),
            process: None,
            life: 0,
            wall_offset: 0,
            asleep_until: 0,
            slept_ms: 0,
            missed: Vec::new(),
            trouble_until: 0,
            open_close: None,
        }
    }

    /// A terminal that takes a close for whatever is on its screen wants tills that never close, if there are several.
    fn forbid_closes(&mut self) {
        for t in 0..self.tills.len() {
            let terminal = self.tills[t].terminal;
            let sharing = self.tills.iter().filter(|till| till.terminal == terminal).count();
            let is_by_screen = self.terminals[terminal].model.options().oddities.close_by_screen;
            let wants_none = self.faults.happens(Kind::NoClose, 800);
            self.tills[t].settings.close_lost_orders = !(wants_none || is_by_screen && sharing > 1);
        }
    }

    /// What the tills want to sell, and when the storms come.
    fn plan(&mut self) {
        let horizon = self.chance.between(20_000, 400_000);
        for t in 0..self.tills.len() {
            let at = self.chance.between(0, 2_000);
            self.at(at, Due::Start(t));
        }
        for place in 0..self.chance.between(1, 5) as usize {
            let at = self.chance.between(0, horizon);
            let t = self.chance.between(0, self.tills.len() as u64 - 1) as usize;
            let order = self.plan_order(place, t);
            if !self.faults.places_order(place) {
                continue;
            }
            let order = self.place(order);
            self.at(at, Due::Sale(order));
        }
        for (kind, most) in STORMS {
            for _ in 0..most {
                let at = self.faults.draw(kind, 0, horizon + 60_000);
                self.at(at, Due::Storm(kind));
            }
        }
        self.at(horizon + 120_000, Due::Heal);
    }

    fn plan_order(&mut self, place: usize, t: usize) -> Order {
        let row = self.draw_row(t);
        let mut number = format!("S{}N{place}", self.seed);
        let is_unique = self.broken_assumption != Some(Assumption::NumbersAreUnique);
        let is_own = |number: &str| {
            self.orders.iter().any(|own| own.request.till == t && own.request.number == number)
        };
        let earlier = self.orders.iter().find(|order| {
            order.request.till != t
                && !is_own(&order.request.number)
                && self.tills[order.request.till].terminal == self.tills[t].terminal
        });
        let shared = earlier.map(|order| order.request.number.clone()).filter(|_| !is_unique);
        let shares_its_number = shared.is_some();
        for order in self.orders.iter_mut() {
            order.shares_its_number |= shared.as_ref() == Some(&order.request.number);
        }
        number = shared.unwrap_or(number);
        let units = row.units.map_or((place as u64 + 1) * 10, u64::from);
        let request = Request {
            amount: format!("{units}.{:02}", row.cents),
            tip: self.faults.happens(Kind::Tips, 500).then(|| "1.50".to_owned()),
            behaviour: row.behaviour,
            timeout_ms: (self.chance.between(0, 9) == 0).then_some(5_000),
            ..Request::new(t, Topic::Order, number, format!("r{}-{place}", self.seed))
        };
        Order { shares_its_number, ..Order::new(request) }
    }

    /// What an order will meet at the terminal.
    fn draw_row(&mut self, t: usize) -> &'static Amount {
        let usual = [0, 0, 0, 0, 0, 0, 0, 1, 2, 13][self.chance.between(0, 9) as usize];
        let usual = Behaviour::from_cents(usual).amount();
        let terminal = self.tills[t].terminal;
        let broken = self.broken_assumption;
        let breaking: Vec<&Amount> = AMOUNTS
            .iter()
            .filter(|row| broken.is_some() && Assumption::broken_by(row.behaviour) == broken)
            .collect();
        if !breaking.is_empty() && self.chance.between(0, 1) == 0 {
            let which = self.chance.between(0, breaking.len() as u64 - 1);
            return breaking[which as usize];
        }
        if !self.faults.happens(Kind::Behaviour, 600) {
            return usual;
        }
        let row = &AMOUNTS[self.faults.draw(Kind::Behaviour, 0, AMOUNTS.len() as u64 - 1) as usize];
        let breaks = Assumption::broken_by(row.behaviour);
        // A megabyte of answer shows nothing here, and costs much.
        let may_be = row.behaviour != Behaviour::Huge
            && (breaks.is_none() || breaks == broken)
            && self.terminals[terminal].can_express(row.behaviour);
        if may_be { row } else { usual }
    }

    pub fn place(&mut self, order: Order) -> usize {
        self.by_id.insert(order.request.request_id.clone(), self.orders.len());
        self.orders.push(order);
        self.orders.len() - 1
    }

    pub fn at(&mut self, at: u64, due: Due) {
        self.place += 1;
        self.due.push(Reverse(Entry { at, place: self.place, due }));
    }

    pub fn fail(&mut self, why: String) {
        self.trace.say(self.now, || format!("BROKEN: {why}"));
        self.broken.get_or_insert(why);
    }

    fn live(&mut self) {
        while let Some(Reverse(entry)) = self.due.pop() {
            self.now = entry.at;
            self.tally.steps += 1;
            self.happen(entry.due);
            if self.tally.steps > MOST_STEPS {
                self.fail("it never comes to rest".to_owned());
            }
            if self.broken.is_some() || self.is_over() {
                break;
            }
        }
        self.tally.simulated_ms += self.now;
        if self.broken.is_none() {
            self.last_restart();
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Arrive(conn, Side::Terminal) => self.arrive_at_terminal(conn),
            Due::Arrive(conn, Side::Till) => self.arrive_at_till(conn),
            Due::Refused(conn) => self.lose(conn, "connection refused"),
            Due::Forgotten(conn) => self.terminal_loses(conn),
            Due::Reset(conn) => self.reset(conn),
            Due::Unblock(conn) => self.unblock(conn),
            Due::Release(conn) => self.release(conn),
            Due::Terminal(t) => self.terminal_is_due(t),
            Due::On(t) => self.terminals[t].is_off = false,
            Due::Till(t, life) => self.till_is_due(t, life),
            Due::Start(t) => self.start(t),
            Due::Wake(t) => self.wake(t),
            Due::Step(t, life, step) => self.step(t, life, step),
            Due::Sale(order) => self.sell(order),
            Due::Storm(kind) => self.storm(kind),
            Due::Bound { order, life, slept_ms } => self.bound_is_reached(order, life, slept_ms),
            Due::Asked { order, conn, since_ms } => self.must_have_asked(order, conn, since_ms),
            Due::Pinged { conn, since_ms } => self.must_have_pinged(conn, since_ms),
            Due::Heal => self.heal(),
        }
    }

    fn sell(&mut self, order: usize) {
        let t = self.orders[order].request.till;
        if self.tills[t].process.is_none() || self.tills[t].asleep_until > self.now {
            if self.healed_at.is_none() {
                self.at(self.now + 7_000, Due::Sale(order));
            }
            return;
        }
        let life = self.tills[t].life;
        self.at(self.now, Due::Step(t, life, Step::Begin(order)));
        if !self.orders[order].is_order() {
            return;
        }
        for (kind, topic) in [(Kind::OwnQuery, Topic::Query), (Kind::OwnClose, Topic::Close)] {
            if self.faults.happens(kind, 400) {
                let sold = &self.orders[order].request;
                let (number, id) = (sold.number.clone(), format!("{}-{topic:?}", sold.request_id));
                let in_ms = self.faults.draw(kind, 10, 60_000);
                let own = self.place(Order::new(Request::new(t, topic, number, id)));
                self.at(self.now + in_ms, Due::Sale(own));
            }
        }
    }
}
