//! The vendor's own acceptance test, over real sockets: the link is cut while the customer pays, and comes back a few
//! seconds later. The till gets "approved", once, without a hand on it.

mod common;

use std::time::Duration;

use common::*;
use ecrhub::{Config, EventKind, Outcome, Terminal};
use ecrhub_simulator::{Options, Simulator};

/// A terminal whose customers wait for the test to say when they pay.
fn terminal(push_after_reconnect: bool) -> Simulator {
    Simulator::start(Options { manual: true, push_after_reconnect, ..Options::default() })
        .expect("a free port on loopback")
}

/// The link goes while the customer stands at the terminal, who pays meanwhile, and is back after `outage`.
fn the_link_is_gone_while_the_customer_pays(simulator: &Simulator, number: &str, outage: Duration) {
    assert!(
        simulator.wait_until(PATIENCE, |terminal| terminal.running().as_deref() == Some(number))
    );
    simulator.refuse_connections(true);
    assert_eq!(simulator.cut_link(), 1, "the till's one connection");
    std::thread::sleep(outage / 2);
    assert!(simulator.approve(), "the customer pays");
    std::thread::sleep(outage / 2);
    simulator.refuse_connections(false);
}

/// The order's completion; all that was told on the way is in the order a till's display would show it.
fn sell_with_an_outage(config: Config, simulator: &Simulator, outage: Duration, answered_by: &str) {
    let till = Terminal::connect(config).expect("a good configuration");
    wait_connected(&till);
    let number = number();
    let id = send(&till, &sale(&number, "34.50"));
    the_link_is_gone_while_the_customer_pays(simulator, &number, outage);
    let mut seen = Vec::new();
    let done = wait_for(&till, |event| {
        seen.push(event.kind.name());
        match &event.kind {
            EventKind::Completed(done) => Some(done.clone()),
            _ => None,
        }
    });
    assert_eq!(done.request_id, id);
    assert_eq!(done.merchant_order_no.as_deref(), Some(number.as_str()));
    assert_eq!(done.outcome, Outcome::Approved, "{done:?}");
    assert!(done.recovered && !done.retold, "{done:?}");
    let response = done.response.expect("the terminal's own words");
    assert!(response.contains(answered_by), "by {answered_by}: {response}");
    assert!(seen.contains(&"recovering") && seen.contains(&"disconnected"), "{seen:?}");
    assert_eq!(simulator.charges(&number), 1);

    // Once: nothing about this order follows.
    std::thread::sleep(Duration::from_millis(500));
    let more = drain(&till);
    assert!(
        !more.iter().any(|event| matches!(event.kind.name(), "completed" | "clarified")),
        "{more:?}"
    );
    let orders =
        simulator.received().iter().filter(|text| text.contains("ecrhub.pay.order")).count();
    assert_eq!(orders, 1, "sent once");
    assert_eq!(simulator.ledger().len(), 1, "charged once");
}

#[test]
fn the_answer_is_found_by_asking() {
    let simulator = terminal(false);
    let outage = Duration::from_secs(2);
    sell_with_an_outage(config(&simulator), &simulator, outage, "ecrhub.pay.query");
}

#[test]
fn the_answer_is_pushed_by_the_terminal() {
    let simulator = terminal(true);
    let outage = Duration::from_secs(3);
    sell_with_an_outage(config(&simulator), &simulator, outage, "ecrhub.pay.order");
}

/// A till that sets nothing but the address and its name.
#[test]
fn the_defaults_do_it_too() {
    let simulator = terminal(false);
    let config = Config { app_id: Some("till".into()), ..Config::new(simulator.url()) };
    sell_with_an_outage(config, &simulator, Duration::from_secs(4), "ecrhub.pay.query");
}

/// The customer is slower than the network: asked about too early, the order is still being paid, and waited for.
#[test]
fn the_customer_pays_after_the_link_is_back() {
    let simulator = terminal(false);
    let till = connect(&simulator);
    wait_connected(&till);
    let number = number();
    let id = send(&till, &sale(&number, "34.50"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
    simulator.cut_link();
    wait_for(&till, |event| match event.kind {
        EventKind::Recovering { .. } => Some(()),
        _ => None,
    });
    assert!(simulator.wait_until(PATIENCE, |terminal| {
        terminal.received().iter().filter(|text| text.contains("ecrhub.pay.query")).count() > 2
    }));
    assert!(simulator.approve());
    let done = wait_completed(&till, &id);
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true), "{done:?}");
    assert_eq!(simulator.charges(&number), 1);
}

/// Blocked in one call all the while, as a simple till is.
#[test]
fn a_till_that_waits_in_the_call_gets_it_there() {
    let simulator = terminal(false);
    let till = connect(&simulator);
    let number = number();
    let done = std::thread::scope(|scope| {
        let call = scope.spawn(|| call(&till, &sale(&number, "34.50")));
        let outage = Duration::from_secs(2);
        the_link_is_gone_while_the_customer_pays(&simulator, &number, outage);
        call.join().expect("the call comes back")
    });
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true), "{done:?}");
    assert_eq!(simulator.charges(&number), 1);
}

/// The link goes again and again; each time the order is asked about anew, and never sent anew.
#[test]
fn the_link_comes_and_goes() {
    let simulator = terminal(false);
    let till = connect(&simulator);
    wait_connected(&till);
    let number = number();
    let id = send(&till, &sale(&number, "34.50"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
    for _ in 0..10 {
        assert!(simulator.wait_until(PATIENCE, |terminal| terminal.connections() == 1));
        simulator.cut_link();
    }
    assert!(simulator.approve());
    let done = wait_completed(&till, &id);
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true), "{done:?}");
    let orders =
        simulator.received().iter().filter(|text| text.contains("ecrhub.pay.order")).count();
    assert_eq!((orders, simulator.charges(&number)), (1, 1));
}
