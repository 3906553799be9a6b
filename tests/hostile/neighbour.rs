//! The till beside: at a well-behaved terminal, with the same journal, it works on and on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ecrhub::{Acknowledged, Config, Outcome, Terminal};
use ecrhub_simulator::Simulator;

use crate::common::*;

/// What its calls took.
#[derive(Default)]
pub struct Delays {
    pub count: usize,
    pub longest: Duration,
}

/// A running one.
pub struct Neighbour {
    shared: Arc<Shared>,
    working: std::thread::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    delays: Mutex<Delays>,
}

impl Neighbour {
    pub fn start(journal: &str) -> Self {
        let shared = Arc::new(Shared::default());
        let its_own = Arc::clone(&shared);
        let journal = journal.to_owned();
        let working = std::thread::spawn(move || work(&its_own, &journal));
        Neighbour { shared, working }
    }

    /// How many calls it has made since [`Neighbour::take`].
    pub fn count(&self) -> usize {
        self.shared.delays.lock().unwrap().count
    }

    /// What its calls took since this was last asked.
    pub fn take(&self) -> Delays {
        std::mem::take(&mut self.shared.delays.lock().unwrap())
    }

    pub fn end(self) -> Delays {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.working.join().unwrap();
        std::mem::take(&mut self.shared.delays.lock().unwrap())
    }
}

/// Every other handle it uses is new: what it is told of that one's connection comes from the I/O thread.
fn work(shared: &Shared, journal: &str) {
    let simulator = simulator();
    let terminal = connect_with(&simulator, journal);
    wait_connected(&terminal);
    while !shared.is_over.load(Ordering::Relaxed) {
        timed(shared, || {
            let done = call(&terminal, &sale(&number(), "7.00"));
            assert_eq!(done.outcome, Outcome::Approved);
            let acknowledged = terminal.acknowledge(&done.request_id, done.outcome).unwrap();
            assert_eq!(acknowledged, Acknowledged::Done);
        });
        timed(shared, || wait_connected(&connect_with(&simulator, journal)));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn connect_with(simulator: &Simulator, journal: &str) -> Terminal {
    let config = Config { journal: Some(journal.to_owned()), ..config(simulator) };
    Terminal::connect(config).unwrap()
}

fn timed(shared: &Shared, run: impl FnOnce()) {
    let began = Instant::now();
    run();
    let took = began.elapsed();
    let mut delays = shared.delays.lock().unwrap();
    delays.count += 1;
    delays.longest = took.max(delays.longest);
}
