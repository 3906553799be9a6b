//! Two handles of one process on one terminal share its screen: neither closes anything while the other's customer pays.

mod common;

use common::*;
use ecrhub::{Config, Outcome, Terminal};
use ecrhub_simulator::{Behaviour, Oddities, Options, Simulator};

fn closes(simulator: &Simulator) -> usize {
    simulator.received().iter().filter(|message| message.contains("ecrhub.pay.close")).count()
}

fn till(simulator: &Simulator) -> Terminal {
    let times = Config {
        order_timeout_ms: 200,
        recovery_timeout_ms: 200,
        clarify_interval_ms: 100,
        second_look_ms: 0,
        ..config(simulator)
    };
    let till = Terminal::connect(times).expect("a good configuration");
    wait_connected(&till);
    till
}

#[test]
fn a_lost_order_is_closed_only_once_the_other_handles_customer_has_paid() {
    let options = Options {
        slow_ms: 1_500,
        oddities: Oddities::from_names(["close-by-screen"]).expect("known"),
        ..Options::default()
    };
    let simulator = Simulator::start(options).expect("a free port on loopback");
    let (a, b) = (till(&simulator), till(&simulator));
    simulator.set_next(Behaviour::Silence);
    let lost = send(&a, &sale(&number(), "10.00"));
    simulator.set_next(Behaviour::Slow);
    let prepared = b.prepare(&sale(&number(), "20.00")).expect("a good request");
    let paying = prepared.request_id().to_owned();
    b.submit(prepared, Some(std::time::Duration::from_secs(20))).expect("accepted");
    assert_eq!(wait_completed(&a, &lost).outcome, Outcome::Unknown, "it may not be closed");
    assert_eq!(closes(&simulator), 0, "the other handle's customer is at the terminal");
    assert_eq!(wait_completed(&b, &paying).outcome, Outcome::Approved);
    eventually("the lost order is closed", || closes(&simulator) > 0);
}
