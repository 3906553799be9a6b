//! What a void comes to, over real sockets: with a record of its own, with one that reads as reversed, and with none.

mod common;

use common::*;
use ecrhub::{Completed, Config, Outcome, Terminal};
use ecrhub_simulator::{Behaviour, Oddities, Options, Simulator};

fn terminal_with(oddities: &[&str]) -> Simulator {
    let oddities = Oddities::from_names(oddities.iter().copied()).expect("known oddities");
    Simulator::start(Options { oddities, ..Options::default() }).expect("a free port on loopback")
}

fn till(simulator: &Simulator) -> Terminal {
    let times = Config {
        order_timeout_ms: 1_000,
        recovery_timeout_ms: 2_000,
        second_look_ms: 0,
        ..config(simulator)
    };
    let till = Terminal::connect(times).expect("a good configuration");
    wait_connected(&till);
    till
}

fn void(number: &str, original: &str) -> String {
    format!(
        r#"{{"topic":"ecrhub.pay.order","biz_data":{{"trans_type":"2","merchant_order_no":"{number}","orig_merchant_order_no":"{original}","order_amount":"20.00"}}}}"#
    )
}

/// A sale that is approved, and its void, of which the terminal does this.
fn sale_and_void(simulator: &Simulator, till: &Terminal, behaviour: Behaviour) -> Completed {
    let (original, number) = (number(), number());
    assert_eq!(call(till, &sale(&original, "20.00")).outcome, Outcome::Approved);
    simulator.set_next(behaviour);
    call(till, &void(&number, &original))
}

#[test]
fn a_void_is_approved_whatever_its_record_reads() {
    for oddities in [&[][..], &["void-record-3"], &["void-answer-3"], &["no-void-record"]] {
        for behaviour in [Behaviour::Approved, Behaviour::LostAnswer, Behaviour::CutAfter] {
            let simulator = terminal_with(oddities);
            let done = sale_and_void(&simulator, &till(&simulator), behaviour);
            assert_eq!(done.outcome, Outcome::Approved, "{oddities:?} {behaviour:?}: {done:?}");
        }
    }
}

#[test]
fn a_void_that_did_nothing_is_not_approved() {
    for oddities in [&[][..], &["void-record-3"], &["no-void-record"]] {
        let simulator = terminal_with(oddities);
        let done = sale_and_void(&simulator, &till(&simulator), Behaviour::Declined);
        assert_eq!(done.outcome, Outcome::Declined, "{oddities:?}: {done:?}");
    }
}

#[test]
fn a_second_void_of_the_same_sale_is_never_called_cancelled() {
    let simulator = terminal_with(&["void-answer-3", "numbers-not-checked"]);
    let till = till(&simulator);
    let original = number();
    assert_eq!(call(&till, &sale(&original, "20.00")).outcome, Outcome::Approved);
    assert_eq!(call(&till, &void(&number(), &original)).outcome, Outcome::Approved);
    let again = call(&till, &void(&number(), &original));
    assert!(matches!(again.outcome, Outcome::Declined | Outcome::Unknown), "{again:?}");
}
