//! Requests that are started and waited for one by one: nothing is lost between a call and its caller's next line.

mod common;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::*;
use ecrhub::{Acknowledged, Completed, Config, EventKind, Outcome, Polled, Status, Terminal};
use ecrhub_simulator::{Behaviour, Options, Simulator};

const NOW: Option<Duration> = Some(Duration::ZERO);
const SOON: Option<Duration> = Some(PATIENCE);

fn start(terminal: &Terminal, request: &str) -> String {
    let prepared = terminal.prepare(request).expect("a good request");
    let id = prepared.request_id().to_owned();
    terminal.start(prepared, None).expect("accepted");
    id
}

/// The completion, read once.
fn read(terminal: &Terminal, request_id: &str) -> Completed {
    match terminal.wait(request_id, SOON).expect("it was started") {
        Polled::Event(delivery) => match delivery.accept().kind {
            EventKind::Completed(done) => done,
            other => panic!("a wait gives its completion, got {other:?}"),
        },
        Polled::Timeout => panic!("no completion within {PATIENCE:?}"),
        Polled::Interrupted => panic!("nobody interrupted"),
    }
}

/// One that asks the customer, and waits for [`Simulator::approve`].
fn manual() -> Simulator {
    let options = Options { manual: true, ..Options::default() };
    Simulator::start(options).expect("a free port on loopback")
}

fn is_timeout(terminal: &Terminal, request_id: &str) -> bool {
    matches!(terminal.wait(request_id, NOW).unwrap(), Polled::Timeout)
}

fn refused(terminal: &Terminal, request_id: &str) -> Status {
    terminal.wait(request_id, NOW).err().expect("refused").status()
}

#[test]
fn a_completion_is_read_again_and_again_and_never_polled() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    let number = number();
    let id = start(&terminal, &sale(&number, "12.00"));
    let first = read(&terminal, &id);
    assert_eq!((&first.request_id, first.outcome), (&id, Outcome::Approved));
    for _ in 0..3 {
        assert_eq!(read(&terminal, &id), first);
    }
    assert!(drain(&terminal).is_empty(), "nothing of it comes by poll");
    assert_eq!(simulator.charges(&number), 1);
}

#[test]
fn it_is_kept_until_it_is_acknowledged() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    for request in [sale(&number(), "12.00"), query(&number())] {
        let id = start(&terminal, &request);
        let outcome = read(&terminal, &id).outcome;
        let other = Outcome::Declined;
        assert_eq!(terminal.acknowledge(&id, other).unwrap(), Acknowledged::Outdated);
        assert_eq!(read(&terminal, &id).outcome, outcome, "nothing was changed");
        acknowledge(&terminal, &id, outcome);
        assert_eq!(refused(&terminal, &id), Status::Argument);
        acknowledge(&terminal, &id, outcome);
    }
}

#[test]
fn the_oldest_goes_once_a_thousand_later_ones_have_completed() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    let ids: Vec<String> = (0..=1_000).map(|_| start(&terminal, &query("NOSUCHORDER"))).collect();
    eventually("all have completed", || {
        terminal.wait(&ids[1_000], NOW).is_ok_and(|polled| matches!(polled, Polled::Event(_)))
    });
    assert_eq!(refused(&terminal, &ids[0]), Status::Argument);
    for id in &ids[1..] {
        assert_eq!(read(&terminal, id).outcome, Outcome::NotFound);
    }
}

#[test]
fn what_was_not_handed_over_is_not_read() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    let id = start(&terminal, &query("NOSUCHORDER"));
    for _ in 0..2 {
        match terminal.wait(&id, SOON).unwrap() {
            // As for a buffer that is too small.
            Polled::Event(delivery) => drop(delivery),
            Polled::Timeout | Polled::Interrupted => panic!("it completes"),
        }
    }
    assert_eq!(read(&terminal, &id).outcome, Outcome::NotFound);
    assert!(drain(&terminal).iter().all(|event| !matches!(event.kind, EventKind::Completed(_))));
}

#[test]
fn an_id_that_was_not_started_is_refused_whatever_became_of_it() {
    let simulator = manual();
    let terminal = connect(&simulator);
    let sent = send(&terminal, &query("NOSUCHORDER"));
    assert_eq!(refused(&terminal, &sent), Status::Argument, "its completion comes by poll");
    wait_completed(&terminal, &sent);
    for id in [sent.as_str(), "", "nobody's"] {
        assert_eq!(refused(&terminal, id), Status::Argument);
    }
    let id = start(&terminal, &sale(&number(), "12.00"));
    assert!(is_timeout(&terminal, &id), "that one is in flight");
    terminal.disconnect();
    assert_eq!(refused(&terminal, &id), Status::Handle);
}

#[test]
fn a_request_that_was_refused_was_not_started() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    let number = number();
    let first = start(&terminal, &sale(&number, "12.00"));
    let prepared = terminal.prepare(&sale(&number, "12.00")).unwrap();
    let second = prepared.request_id().to_owned();
    assert_eq!(terminal.start(prepared, None).unwrap_err().status(), Status::Duplicate);
    assert_eq!(refused(&terminal, &second), Status::Argument);
    assert_eq!(read(&terminal, &first).outcome, Outcome::Approved);
}

#[test]
fn any_number_of_threads_wait_and_each_reads_the_same() {
    const THREADS: usize = 8;
    let simulator = manual();
    let terminal = connect(&simulator);
    let id = start(&terminal, &sale(&number(), "12.00"));
    let all = Barrier::new(THREADS + 1);
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    all.wait();
                    read(&terminal, &id)
                })
            })
            .collect();
        all.wait();
        assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
        thread::sleep(Duration::from_millis(50));
        assert!(simulator.approve());
        let read: Vec<Completed> =
            waiting.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(read.iter().all(|done| *done == read[0] && done.outcome == Outcome::Approved));
    });
}

/// Whoever was waiting when it completed gets it, also where another one was faster and has acknowledged it.
#[test]
fn an_acknowledgement_takes_nothing_from_those_who_wait() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    for _ in 0..200 {
        let id = start(&terminal, &sale(&number(), "12.00"));
        let both = Barrier::new(2);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    both.wait();
                    // The slower one may come so late that there is nothing to wait for.
                    match terminal.wait(&id, SOON) {
                        Ok(Polled::Event(delivery)) => drop(delivery.accept()),
                        Ok(_) => panic!("no completion"),
                        Err(error) => assert_eq!(error.status(), Status::Argument),
                    }
                    acknowledge(&terminal, &id, Outcome::Approved);
                });
            }
        });
    }
    assert_eq!(terminal.pending().unwrap(), "[]");
}

#[test]
fn a_wake_and_a_disconnect_end_every_wait_and_the_request_lives_on() {
    let simulator = manual();
    let terminal = connect(&simulator);
    let id = start(&terminal, &sale(&number(), "12.00"));
    let interrupted = || matches!(terminal.wait(&id, None).unwrap(), Polled::Interrupted);
    let ends_all = |end: &dyn Fn()| {
        thread::scope(|scope| {
            let waiting: Vec<_> = (0..3).map(|_| scope.spawn(interrupted)).collect();
            thread::sleep(Duration::from_millis(100));
            end();
            assert!(waiting.into_iter().all(|thread| thread.join().unwrap()));
        });
    };
    ends_all(&|| terminal.wake().unwrap());
    assert!(is_timeout(&terminal, &id), "it lives on");
    ends_all(&|| terminal.disconnect());
}

#[test]
fn a_wake_up_that_was_left_ends_the_next_poll_and_no_wait() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    terminal.wake().unwrap();
    let id = start(&terminal, &query("NOSUCHORDER"));
    assert_eq!(read(&terminal, &id).outcome, Outcome::NotFound);
    assert!(matches!(terminal.poll(NOW).unwrap(), Polled::Interrupted));
    assert!(matches!(terminal.poll(NOW).unwrap(), Polled::Timeout));
}

#[test]
fn a_wait_times_out_while_the_order_is_in_flight_and_while_it_is_recovered() {
    let simulator = manual();
    let terminal = connect(&simulator);
    let number = number();
    let id = start(&terminal, &sale(&number, "12.00"));
    assert!(matches!(
        terminal.wait(&id, Some(Duration::from_millis(20))).unwrap(),
        Polled::Timeout
    ));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
    simulator.cut_link();
    wait_for(&terminal, |event| matches!(event.kind, EventKind::Recovering { .. }).then_some(()));
    assert!(is_timeout(&terminal, &id));
    assert!(simulator.approve());
    let done = read(&terminal, &id);
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true));
    assert_eq!(simulator.charges(&number), 1);
}

/// The till was told "unknown"; what the terminal says later comes by poll, and ends what the till may acknowledge.
#[test]
fn a_clarification_comes_by_poll_and_outdates_what_was_read() {
    let simulator = simulator();
    let config = Config {
        order_timeout_ms: 300,
        recovery_timeout_ms: 300,
        clarify_interval_ms: 50,
        ..config(&simulator)
    };
    let terminal = Terminal::connect(config).unwrap();
    wait_connected(&terminal);
    simulator.set_next(Behaviour::LostAnswer);
    let number = number();
    let id = start(&terminal, &sale(&number, "12.00"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.charges(&number) == 1));
    simulator.refuse_connections(true);
    simulator.cut_link();
    assert_eq!(read(&terminal, &id).outcome, Outcome::Unknown);
    simulator.refuse_connections(false);
    let clarified = wait_for(&terminal, |event| match &event.kind {
        EventKind::Completed(_) => {
            panic!("a started request's completion comes by poll: {event:?}")
        }
        EventKind::Clarified(clarified) => Some(clarified.clone()),
        _ => None,
    });
    assert_eq!((clarified.was, clarified.outcome), (Outcome::Unknown, Outcome::Approved));
    assert_eq!(read(&terminal, &id).outcome, Outcome::Unknown, "the completion is what it was");
    assert_eq!(terminal.acknowledge(&id, Outcome::Unknown).unwrap(), Acknowledged::Outdated);
    acknowledge(&terminal, &id, Outcome::Approved);
    assert_eq!(refused(&terminal, &id), Status::Argument);
    assert_eq!(terminal.pending().unwrap(), "[]");
}

/// A call whose caller has gone leaves its completion to poll, not to wait.
#[test]
fn an_interrupted_calls_completion_is_polled() {
    let simulator = manual();
    let terminal = connect(&simulator);
    let prepared = terminal.prepare(&sale(&number(), "12.00")).unwrap();
    let id = prepared.request_id().to_owned();
    thread::scope(|scope| {
        let calling = scope.spawn(|| {
            matches!(terminal.call(prepared, None).unwrap(), ecrhub::Called::Interrupted)
        });
        assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
        terminal.wake().unwrap();
        assert!(calling.join().unwrap());
    });
    assert_eq!(refused(&terminal, &id), Status::Argument);
    assert!(simulator.approve());
    assert_eq!(wait_completed(&terminal, &id).outcome, Outcome::Approved);
}

/// Ends the others when it goes, also by a panic.
struct EndOf<'a>(&'a AtomicBool);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sells by starting and waiting in slices, and gives how many were approved.
fn sell_in_slices(terminal: &Terminal, count: usize) -> usize {
    let mut approved = 0;
    for _ in 0..count {
        let number = number();
        let id = start(terminal, &sale(&number, "12.00"));
        let event = loop {
            match terminal.wait(&id, Some(Duration::from_millis(3))).unwrap() {
                Polled::Event(delivery) => break delivery.accept(),
                Polled::Timeout | Polled::Interrupted => {}
            }
        };
        let EventKind::Completed(done) = event.kind else { panic!("{event:?}") };
        assert_eq!((&done.request_id, done.merchant_order_no.as_ref()), (&id, Some(&number)));
        // Another seller's customer may be at the terminal.
        assert!(matches!(done.outcome, Outcome::Approved | Outcome::Busy), "{done:?}");
        approved += usize::from(done.outcome == Outcome::Approved);
        acknowledge(terminal, &id, done.outcome);
    }
    approved
}

/// Sellers that wait in slices, somebody who polls, and somebody who wakes them all the time.
#[test]
fn nothing_is_lost_or_given_to_the_wrong_one_whatever_comes_between() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    let is_over = AtomicBool::new(false);
    let approved: usize = thread::scope(|scope| {
        let _end = EndOf(&is_over);
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                if let Polled::Event(delivery) =
                    terminal.poll(Some(Duration::from_millis(2))).unwrap()
                {
                    assert!(!matches!(delivery.accept().kind, EventKind::Completed(_)));
                }
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                terminal.wake().unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        });
        let sellers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| sell_in_slices(&terminal, 50))).collect();
        sellers.into_iter().map(|seller| seller.join().unwrap()).sum()
    });
    assert_eq!(simulator.ledger().len(), approved);
    assert_eq!(terminal.pending().unwrap(), "[]");
}
