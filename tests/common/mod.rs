//! What the tests against a simulated terminal share.

#![allow(dead_code, missing_docs)]

pub mod slowness;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ecrhub::{
    Acknowledged, Called, Completed, Config, Event, EventKind, Outcome, Polled, Terminal,
};
use ecrhub_simulator::{Options, Simulator};

/// Nothing in these tests takes this long; it only keeps a broken build from hanging.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn simulator() -> Simulator {
    Simulator::start(Options::default()).expect("a free port on loopback")
}

/// Patient where a test would otherwise race the machine, quick where it waits.
pub fn config(simulator: &Simulator) -> Config {
    config_for(&simulator.url())
}

pub fn config_for(url: &str) -> Config {
    Config {
        app_id: Some("test-app".into()),
        reconnect_min_ms: 20,
        reconnect_max_ms: 100,
        recovery_interval_ms: 50,
        ..Config::new(url)
    }
}

pub fn connect(simulator: &Simulator) -> Terminal {
    Terminal::connect(config(simulator)).expect("a good configuration")
}

/// An order number nobody else has.
pub fn number() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("T{}N{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn sale(number: &str, amount: &str) -> String {
    format!(
        r#"{{"topic":"ecrhub.pay.order","biz_data":{{"trans_type":"1","merchant_order_no":"{number}","order_amount":"{amount}","price_currency":"USD"}}}}"#
    )
}

pub fn query(number: &str) -> String {
    format!(r#"{{"topic":"ecrhub.pay.query","biz_data":{{"merchant_order_no":"{number}"}}}}"#)
}

pub fn close(number: &str) -> String {
    format!(r#"{{"topic":"ecrhub.pay.close","biz_data":{{"merchant_order_no":"{number}"}}}}"#)
}

pub fn send(terminal: &Terminal, request: &str) -> String {
    let prepared = terminal.prepare(request).expect("a good request");
    let id = prepared.request_id().to_owned();
    terminal.submit(prepared, None).expect("accepted");
    id
}

pub fn call(terminal: &Terminal, request: &str) -> Completed {
    let prepared = terminal.prepare(request).expect("a good request");
    match terminal.call(prepared, None).expect("accepted") {
        Called::Completed(delivery) => match delivery.accept().kind {
            EventKind::Completed(completed) => completed,
            other => panic!("a call gives its completion, got {other:?}"),
        },
        Called::Interrupted => panic!("nobody interrupted"),
    }
}

/// Acknowledges what is the present outcome.
pub fn acknowledge(terminal: &Terminal, request_id: &str, outcome: Outcome) {
    assert_eq!(terminal.acknowledge(request_id, outcome).unwrap(), Acknowledged::Done);
}

pub fn next_event(terminal: &Terminal) -> Event {
    match terminal.poll(Some(PATIENCE)).expect("a live terminal") {
        Polled::Event(delivery) => delivery.accept(),
        Polled::Timeout => panic!("no event within {PATIENCE:?}: {}", terminal.state().unwrap()),
        Polled::Interrupted => panic!("nobody interrupted"),
    }
}

/// The next event for which `pick` gives something; others are passed over.
pub fn wait_for<T>(terminal: &Terminal, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
    loop {
        if let Some(found) = pick(&next_event(terminal)) {
            return found;
        }
    }
}

pub fn wait_connected(terminal: &Terminal) {
    wait_for(terminal, |event| matches!(event.kind, EventKind::Connected { .. }).then_some(()));
}

pub fn wait_completed(terminal: &Terminal, request_id: &str) -> Completed {
    wait_for(terminal, |event| match &event.kind {
        EventKind::Completed(done) if done.request_id == request_id => Some(done.clone()),
        _ => None,
    })
}

/// Whatever has already been told and not fetched.
pub fn drain(terminal: &Terminal) -> Vec<Event> {
    let mut events = Vec::new();
    while let Polled::Event(delivery) =
        terminal.poll(Some(Duration::ZERO)).expect("a live terminal")
    {
        events.push(delivery.accept());
    }
    events
}

/// Waits for something that happens on another thread.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
