//! What a till is told for everything that can happen to an order, over real sockets: the simulator's test amounts, one
//! by one, and whether money moved.

mod common;

use common::*;
use ecrhub::{Config, EventKind, Outcome, Terminal};
use ecrhub_simulator::{AMOUNTS, Behaviour, Options, Simulator};

/// Where the tests for Windows run, a system call takes many times as long.
const PACE: u32 = if cfg!(windows) { 6 } else { 1 };

/// Quick enough for a test, and still in the order in which a real till's times come.
fn quick(simulator: &Simulator) -> Config {
    Config { order_timeout_ms: 700 * PACE, recovery_timeout_ms: 1_500 * PACE, ..config(simulator) }
}

fn quick_terminal() -> Simulator {
    Simulator::start(Options {
        slow_ms: 150 * u64::from(PACE),
        very_slow_ms: 400 * u64::from(PACE),
        restart_ms: 200 * u64::from(PACE),
        freeze_ms: 900 * u64::from(PACE),
        ..Options::default()
    })
    .expect("a free port on loopback")
}

struct Case {
    behaviour: Behaviour,
    outcome: Outcome,
    charged: bool,
    recovering: bool,
}

const fn told(behaviour: Behaviour, outcome: Outcome, charged: bool) -> Case {
    Case { behaviour, outcome, charged, recovering: false }
}

const fn found_out(behaviour: Behaviour, outcome: Outcome, charged: bool) -> Case {
    Case { behaviour, outcome, charged, recovering: true }
}

fn cases() -> Vec<Case> {
    use Behaviour as B;
    use Outcome::{Approved, Cancelled, Declined, NotFound, Unknown};
    vec![
        told(B::Approved, Approved, true),
        told(B::Declined, Declined, false),
        told(B::Cancelled, Cancelled, false),
        told(B::Dropped, Cancelled, false),
        // Its text speaks of a timeout, so it is asked about.
        found_out(B::ReadTimeout, Declined, false),
        told(B::Rejected, Declined, false),
        told(B::OverLimit, Declined, false),
        told(B::NotLoggedIn, Declined, false),
        told(B::UnsupportedScenario, Declined, false),
        told(B::TokenExpired, Declined, false),
        told(B::Slow, Approved, true),
        told(B::SlowDeclined, Declined, false),
        told(B::VerySlow, Approved, true),
        found_out(B::NeverPaid, Cancelled, false),
        found_out(B::UnknownPaid, Approved, true),
        found_out(B::UnknownUnpaid, Declined, false),
        found_out(B::TimeoutPaid, Approved, true),
        found_out(B::TimeoutUnpaid, Declined, false),
        found_out(B::NetworkPaid, Approved, true),
        found_out(B::NetworkUnpaid, Declined, false),
        found_out(B::ErrorPaid, Approved, true),
        found_out(B::ErrorUnpaid, Declined, false),
        found_out(B::QrTimeoutPaid, Approved, true),
        found_out(B::TimeoutText, Approved, true),
        found_out(B::LostAnswer, Approved, true),
        found_out(B::LostDecline, Declined, false),
        found_out(B::CutBefore, NotFound, false),
        found_out(B::CutPaying, Approved, true),
        found_out(B::CutPayingSilent, Approved, true),
        found_out(B::CutPayingDeclined, Declined, false),
        found_out(B::CutAfter, Approved, true),
        found_out(B::CutAfterPush, Approved, true),
        found_out(B::CutInside, Approved, true),
        found_out(B::Restart, Approved, true),
        found_out(B::PowerLoss, NotFound, false),
        found_out(B::Freeze, Approved, true),
        found_out(B::Silence, NotFound, false),
        told(B::Twice, Approved, true),
        told(B::GarbageFirst, Approved, true),
        found_out(B::GarbageOnly, Approved, true),
        found_out(B::WrongNumber, Approved, true),
        found_out(B::WrongRequestId, Approved, true),
        found_out(B::QueryAmount, Unknown, true),
        found_out(B::QueryNumber, Unknown, true),
        found_out(B::QuerySilent, Unknown, true),
        found_out(B::BrokenFrame, Approved, true),
        found_out(B::BadUtf8, Approved, true),
        told(B::HiddenWhilePaying, Approved, true),
        found_out(B::Busy, NotFound, false),
        told(B::CloseTooLate, Approved, true),
        found_out(B::SettlesPaid, Approved, true),
        found_out(B::SettlesDeclined, Declined, false),
        told(B::NoStatus, Approved, true),
        found_out(B::NoCode, Approved, true),
        found_out(B::StrangeCode, Declined, false),
        told(B::Successful, Approved, true),
        found_out(B::NotObject, Approved, true),
        told(B::SuccessDeclined, Declined, false),
        told(B::SuccessCancelled, Cancelled, false),
        told(B::Huge, Approved, true),
    ]
}

/// A terminal and a till of their own for each case, so that all of them can run side by side.
fn run(case: &Case) {
    let simulator = quick_terminal();
    let terminal = Terminal::connect(quick(&simulator)).expect("a good configuration");
    wait_connected(&terminal);
    simulator.set_next(case.behaviour);
    let number = number();
    let id = send(&terminal, &sale(&number, "12.00"));
    let mut recovering = false;
    let done = wait_for(&terminal, |event| match &event.kind {
        EventKind::Recovering { request_id, .. } if *request_id == id => {
            recovering = true;
            None
        }
        EventKind::Completed(done) if done.request_id == id => Some(done.clone()),
        _ => None,
    });
    let name = format!("{:?}", case.behaviour);
    assert_eq!(done.outcome, case.outcome, "{name}: {done:?}");
    assert_eq!(simulator.charges(&number) > 0, case.charged, "{name}: the ledger");
    assert!(simulator.charges(&number) <= 1, "{name}: charged at most once");
    assert_eq!(recovering, case.recovering, "{name}: recovering told");
    let orders = simulator.received().iter().filter(|m| m.contains("ecrhub.pay.order")).count();
    assert!(orders <= 1, "{name}: an order is sent once at most, got {orders}");
}

#[test]
fn every_test_amount_ends_with_the_truth() {
    let cases = cases();
    for amount in AMOUNTS {
        let count = cases.iter().filter(|case| case.behaviour == amount.behaviour).count();
        assert_eq!(count, 1, "one case for {}", amount.name);
    }
    std::thread::scope(|scope| {
        let runs: Vec<_> = cases.iter().map(|case| scope.spawn(move || run(case))).collect();
        let failed = runs.into_iter().filter_map(|run| run.join().err()).count();
        assert_eq!(failed, 0, "cases failed; see above");
    });
}

#[test]
fn an_order_with_an_app_id_of_its_own_is_found_out_under_that_id() {
    let simulator = quick_terminal();
    let config = Config { app_id: None, ..quick(&simulator) };
    let terminal = Terminal::connect(config).expect("a good configuration");
    wait_connected(&terminal);
    simulator.set_next(Behaviour::CutAfter);
    let number = number();
    let request = sale(&number, "12.00").replacen('{', r#"{"app_id":"of-the-order","#, 1);
    let id = send(&terminal, &request);
    assert_eq!(wait_completed(&terminal, &id).outcome, Outcome::Approved);
    let asked = simulator.received();
    let question =
        asked.iter().find(|message| message.contains("ecrhub.pay.query")).expect("a query");
    assert!(question.contains(r#""app_id":"of-the-order""#), "{question}");
}
