//! What real terminals were seen to do beside their documentation is accepted, one by one; `PROTOCOL.md`'s *(observed)*.

mod common;

use common::*;
use ecrhub::{Completed, EventKind, Outcome, Terminal};
use ecrhub_simulator::{ODDITIES, Oddities, Options, Simulator};

fn odd_terminal(name: &str) -> Simulator {
    let oddities = Oddities::from_names([name]).expect("a known oddity");
    Simulator::start(Options { oddities, ..Options::default() }).expect("a free port on loopback")
}

struct Told {
    approved: Completed,
    declined: Completed,
    query: Completed,
    close: Completed,
}

/// An approved sale, a declined one, a query for each and a close of an unknown number, on one odd terminal.
fn run(name: &str) -> Told {
    let simulator = odd_terminal(name);
    let terminal = Terminal::connect(ecrhub::Config {
        // The library's own questions must not be waited for long where an oddity makes an answer say nothing.
        order_timeout_ms: 2_000,
        recovery_timeout_ms: 1_000,
        request_timeout_ms: 5_000,
        // For the terminal that forgets to write: its answers come with a pong.
        ping_interval_busy_ms: 100,
        ..config(&simulator)
    })
    .expect("a good configuration");
    let (paid, refused) = (number(), number());
    let approved = call(&terminal, &sale(&paid, "20.00"));
    let declined = call(&terminal, &sale(&refused, "20.01"));
    let query = call(&terminal, &query(&paid));
    let close = call(&terminal, &close("NEVERSEEN"));
    assert_eq!(simulator.charges(&paid), 1, "{name}: the ledger");
    assert_eq!(simulator.charges(&refused), 0, "{name}: the ledger");
    Told { approved, declined, query, close }
}

#[test]
fn each_oddity_is_accepted() {
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            ODDITIES.iter().map(|(name, _)| (*name, scope.spawn(|| run(name)))).collect();
        for (name, run) in runs {
            let told = run.join().unwrap_or_else(|_| panic!("{name}: see above"));
            assert_eq!(told.approved.outcome, Outcome::Approved, "{name}: {:?}", told.approved);
            assert_eq!(told.close.outcome, Outcome::Ok, "{name}: {:?}", told.close);
            // Without biz_data an answer to a query says that it succeeded, and nothing about the payment.
            let says_nothing = ["biz-data-empty", "biz-data-null", "no-biz-data"].contains(&name);
            let expected = if says_nothing { Outcome::Unknown } else { Outcome::Approved };
            assert_eq!(told.query.outcome, expected, "{name}: {:?}", told.query);
            // A refusal without a trans_status is believed once the records have been asked, and these say nothing.
            let expected = if says_nothing { Outcome::Unknown } else { Outcome::Declined };
            assert_eq!(told.declined.outcome, expected, "{name}: {:?}", told.declined);
        }
    });
}

#[test]
fn what_the_terminal_said_is_handed_on_unchanged() {
    let simulator = odd_terminal("undocumented");
    let terminal = connect(&simulator);
    let odd = r#"{ "topic" : "ecrhub.other", "n": 1.10e2, "big": 123456789012345678901234567890, "k":{"$ref":"$.x"},
        "é":"\u00e9\ud83d\ude00" }"#;
    wait_connected(&terminal);
    simulator.push_text(odd);
    let message = wait_for(&terminal, |event| match &event.kind {
        EventKind::Message { message, late_for: None } => Some(message.clone()),
        _ => None,
    });
    assert_eq!(message, odd, "to the byte");
}

#[test]
fn a_frame_that_comes_with_the_handshake_is_read() {
    let simulator = odd_terminal("frame-with-handshake");
    let terminal = connect(&simulator);
    wait_for(&terminal, |event| matches!(event.kind, EventKind::Message { .. }).then_some(()));
}
