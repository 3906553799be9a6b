//! Threads that do the same at the same time. A handle ends in the midst of selling, and the next one on its terminal and
//! journal goes on: each order is told once, by one of the two, and one that was refused by none. One number is sold by many
//! threads at once: one of them sells it.
#![allow(missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::*;
use ecrhub::{Acknowledged, Config, EventKind, Outcome, Polled, Status, Terminal};
use ecrhub_simulator::Simulator;

const ROUNDS: u64 = 40;

fn till(simulator: &Simulator, journal: &std::path::Path) -> Terminal {
    let journal = Some(journal.to_str().expect("a path in UTF-8").to_owned());
    Terminal::connect(Config { journal, ..config(simulator) }).expect("a good configuration")
}

/// The `request_id`s of orders: those that were accepted, and those that were refused.
#[derive(Default)]
struct Sold {
    accepted: Vec<String>,
    refused: Vec<String>,
}

/// Sells until the handle has ended.
fn sell(till: &Terminal) -> Sold {
    let mut sold = Sold::default();
    while let Ok(order) = till.prepare(&sale(&number(), "7.00")) {
        let id = order.request_id().to_owned();
        match till.submit(order, None) {
            Ok(()) => sold.accepted.push(id),
            Err(error) => {
                assert_eq!(error.status(), Status::Handle, "{error}");
                sold.refused.push(id);
            }
        }
    }
    sold
}

/// How often each order was told as news.
type Told = BTreeMap<String, usize>;

fn fetch(till: &Terminal, patience: Duration, told: &mut Told) -> bool {
    match till.poll(Some(patience)) {
        Ok(Polled::Event(delivery)) => {
            if let EventKind::Completed(done) = delivery.accept().kind {
                *told.entry(done.request_id).or_default() += usize::from(!done.retold);
            }
            true
        }
        Ok(Polled::Timeout | Polled::Interrupted) => false,
        Err(error) => {
            assert_eq!(error.status(), Status::Handle, "{error}");
            false
        }
    }
}

/// Acknowledges what was told, until nothing is open.
fn fetch_the_rest(till: &Terminal, told: &mut Told) {
    eventually("nothing is open", || {
        while fetch(till, Duration::from_millis(20), told) {}
        for id in told.keys() {
            assert_eq!(till.acknowledge(id, Outcome::Approved).unwrap(), Acknowledged::Done);
        }
        till.pending().unwrap() == "[]"
    });
}

fn hand_over(simulator: &Simulator, journal: &std::path::Path, after: Duration) {
    let first = till(simulator, journal);
    wait_connected(&first);
    let mut told = Told::new();
    let (sold, next) = std::thread::scope(|scope| {
        let selling = scope.spawn(|| sell(&first));
        let fetching = scope.spawn(|| {
            let mut told = Told::new();
            while fetch(&first, PATIENCE, &mut told) {}
            told
        });
        std::thread::sleep(after);
        first.disconnect();
        let next = till(simulator, journal);
        told = fetching.join().unwrap();
        (selling.join().unwrap(), next)
    });
    fetch_the_rest(&next, &mut told);
    for id in &sold.accepted {
        assert_eq!(told.get(id), Some(&1), "an accepted order, of {}", told.len());
    }
    for id in &sold.refused {
        assert_eq!(told.get(id), None, "an order that was refused");
    }
}

/// Also when a round fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn each_order_is_told_once_by_the_one_handle_or_the_next() {
    let simulator = simulator();
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal.db");
    // Others use the journal meanwhile, so that who wants it has to wait.
    let beside = till(&simulator, &journal);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    beside.state().unwrap();
                }
            });
        }
        let _end = End(&is_over);
        for round in 0..ROUNDS {
            hand_over(&simulator, &journal, Duration::from_micros(round * 997 % 20_000));
        }
    });
}

#[test]
fn of_threads_that_send_the_same_number_at_once_one_does() {
    const THREADS: usize = 4;
    let simulator = simulator();
    let folder = tempfile::tempdir().unwrap();
    let till = till(&simulator, &folder.path().join("journal.db"));
    wait_connected(&till);
    for _ in 0..20 {
        let (number, start) = (number(), Barrier::new(THREADS));
        let send = || {
            let order = till.prepare(&sale(&number, "7.00")).unwrap();
            let id = order.request_id().to_owned();
            start.wait();
            till.submit(order, None).map(|()| id)
        };
        let sent: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(send)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (accepted, refused): (Vec<_>, Vec<_>) = sent.into_iter().partition(Result::is_ok);
        assert_eq!((accepted.len(), refused.len()), (1, THREADS - 1), "{refused:?}");
        for refusal in refused {
            assert_eq!(refusal.unwrap_err().status(), Status::Duplicate);
        }
        wait_completed(&till, accepted[0].as_ref().unwrap());
        assert_eq!(simulator.charges(&number), 1);
    }
}
