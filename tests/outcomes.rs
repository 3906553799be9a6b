//! What is reported to a till for everything that can happen to an order, over real sockets: the simulator's test amounts, one
//! by one, and whether money moved.

mod common;

use std::time::{Duration, Instant};

use common::*;
use ecrhub::{Config, EventKind, Outcome, Polled, Terminal};
use ecrhub_simulator::{AMOUNTS, Behaviour, Options, Simulator};

/// Where the tests for Windows run, a system call takes many times as long; so does everything under a sanitizer.
fn pace() -> u32 {
    if cfg!(windows) || slowness::factor() > 1 { 6 } else { 1 }
}

/// Quick enough for a test, and still in the order in which a real till's times come.
fn quick(simulator: &Simulator) -> Config {
    Config {
        order_timeout_ms: 700 * pace(),
        recovery_timeout_ms: 1_500 * pace(),
        second_look_ms: 300 * pace(),
        ..config(simulator)
    }
}

fn quick_terminal() -> Simulator {
    Simulator::start(Options {
        slow_ms: 150 * u64::from(pace()),
        very_slow_ms: 400 * u64::from(pace()),
        restart_ms: 200 * u64::from(pace()),
        freeze_ms: 900 * u64::from(pace()),
        signature_ms: 200 * u64::from(pace()),
        late_ms: 1_200 * u64::from(pace()),
        ..Options::default()
    })
    .expect("a free port on loopback")
}

struct Case {
    behaviour: Behaviour,
    outcome: Outcome,
    charged: bool,
    recovering: bool,
    /// What the outcome is corrected to.
    clarified: Option<Outcome>,
}

/// Completed by its own answer, or after a look at its record.
const fn answered(behaviour: Behaviour, outcome: Outcome, charged: bool) -> Case {
    Case { behaviour, outcome, charged, recovering: false, clarified: None }
}

const fn recovered(behaviour: Behaviour, outcome: Outcome, charged: bool) -> Case {
    Case { recovering: true, ..answered(behaviour, outcome, charged) }
}

const fn corrected(case: Case, to: Outcome) -> Case {
    Case { clarified: Some(to), ..case }
}

fn cases() -> Vec<Case> {
    use Behaviour as B;
    use Outcome::{Approved, Busy, Cancelled, Declined, NotFound, Unknown};
    vec![
        answered(B::Approved, Approved, true),
        answered(B::Declined, Declined, false),
        answered(B::Cancelled, Cancelled, false),
        answered(B::Dropped, Cancelled, false),
        answered(B::ReadTimeout, Declined, false),
        answered(B::Rejected, Declined, false),
        answered(B::OverLimit, Declined, false),
        answered(B::NotLoggedIn, Declined, false),
        answered(B::UnsupportedScenario, Declined, false),
        answered(B::TokenExpired, Declined, false),
        answered(B::Slow, Approved, true),
        answered(B::SlowDeclined, Declined, false),
        answered(B::VerySlow, Approved, true),
        // Its own answer says cancelled, its record closed.
        corrected(recovered(B::NeverPaid, Cancelled, false), Declined),
        recovered(B::UnknownPaid, Approved, true),
        recovered(B::UnknownUnpaid, Declined, false),
        recovered(B::TimeoutPaid, Approved, true),
        recovered(B::TimeoutUnpaid, Declined, false),
        recovered(B::NetworkPaid, Approved, true),
        recovered(B::NetworkUnpaid, Declined, false),
        recovered(B::ErrorPaid, Approved, true),
        recovered(B::ErrorUnpaid, Declined, false),
        recovered(B::QrTimeoutPaid, Approved, true),
        answered(B::TimeoutText, Approved, true),
        recovered(B::LostAnswer, Approved, true),
        recovered(B::LostDecline, Declined, false),
        recovered(B::CutBefore, NotFound, false),
        recovered(B::CutPaying, Approved, true),
        recovered(B::CutPayingSilent, Approved, true),
        recovered(B::CutPayingDeclined, Declined, false),
        recovered(B::CutAfter, Approved, true),
        recovered(B::CutAfterPush, Approved, true),
        recovered(B::CutInside, Approved, true),
        recovered(B::Restart, Approved, true),
        recovered(B::PowerLoss, NotFound, false),
        recovered(B::Freeze, Approved, true),
        recovered(B::Silence, NotFound, false),
        answered(B::Twice, Approved, true),
        recovered(B::GarbageFirst, Approved, true),
        recovered(B::GarbageOnly, Approved, true),
        recovered(B::WrongNumber, Approved, true),
        recovered(B::WrongRequestId, Approved, true),
        recovered(B::QueryAmount, Unknown, true),
        recovered(B::QueryNumber, Unknown, true),
        recovered(B::QuerySilent, Unknown, true),
        recovered(B::BrokenFrame, Approved, true),
        recovered(B::BadUtf8, Approved, true),
        answered(B::HiddenWhilePaying, Approved, true),
        answered(B::Busy, Busy, false),
        answered(B::CloseTooLate, Approved, true),
        recovered(B::SettlesPaid, Approved, true),
        recovered(B::SettlesDeclined, Declined, false),
        answered(B::NoStatus, Approved, true),
        recovered(B::NoCode, Approved, true),
        answered(B::StrangeCode, Declined, false),
        answered(B::Successful, Approved, true),
        recovered(B::NotObject, Approved, true),
        answered(B::SuccessDeclined, Declined, false),
        answered(B::SuccessCancelled, Cancelled, false),
        answered(B::Huge, Approved, true),
        corrected(answered(B::RefusedThenPaid, Declined, true), Approved),
        corrected(answered(B::HiddenThenPaid, Declined, true), Approved),
        corrected(answered(B::CancelledThenPaid, Cancelled, true), Approved),
        corrected(answered(B::BusyThenPaid, Busy, true), Approved),
        corrected(recovered(B::CloseThenPaid, Cancelled, true), Approved),
        answered(B::NotFoundThenPaid, Approved, true),
        answered(B::PaidThenReversed, Approved, true),
        answered(B::Signature, Approved, true),
        answered(B::SignaturePaying, Approved, true),
        answered(B::Acknowledged, Approved, true),
        corrected(answered(B::AcknowledgedDeclined, Approved, false), Declined),
        corrected(answered(B::AcknowledgedLost, Approved, false), Cancelled),
        answered(B::Partial, Approved, true),
        answered(B::TipApart, Approved, true),
        answered(B::TipIncluded, Approved, true),
        answered(B::OtherCurrency, Approved, true),
        answered(B::OtherType, Approved, true),
        recovered(B::TrailingComma, Approved, true),
        answered(B::ByteOrderMark, Approved, true),
        answered(B::TrailingNul, Approved, true),
        answered(B::BlanksAround, Approved, true),
        recovered(B::Nan, Approved, true),
        recovered(B::SingleQuotes, Approved, true),
        recovered(B::Gbk, Approved, true),
        recovered(B::TwoObjects, Approved, true),
        recovered(B::TooDeep, Approved, true),
        recovered(B::IdCase, Approved, true),
    ]
    .into_iter()
    .chain(inner_codes())
    .collect()
}

/// The codes that come in brackets. Those after which money may have moved are recovered, whatever else the answer says.
fn inner_codes() -> impl Iterator<Item = Case> {
    use Behaviour as B;
    use Outcome::{Approved, Cancelled, Declined};
    let may_have_moved = [
        (B::K009, B::K009Paid),
        (B::K017, B::K017Paid),
        (B::K027, B::K027Paid),
        (B::K036, B::K036Paid),
        (B::K037, B::K037Paid),
        (B::Sys001Unpaid, B::Sys001Paid),
        (B::E07001Unpaid, B::E07001Paid),
    ];
    let refused = [
        B::K015,
        B::K016,
        B::K018,
        B::K019,
        B::K020,
        B::K021,
        B::K024,
        B::K025,
        B::K028,
        B::K029,
        B::K030,
        B::K031,
        B::K032,
        B::K033,
        B::K035,
        B::K039,
        B::M003,
        B::M009,
        B::N003,
        B::Et002,
        B::Et003,
        B::E04110,
        B::E04111,
        B::E04126,
        B::E04130,
        B::E04132,
        B::Et007,
        B::Et008,
        B::Cf008,
        B::TsD051,
    ];
    let recovered = may_have_moved.into_iter().flat_map(|(unpaid, paid)| {
        [recovered(unpaid, Declined, false), recovered(paid, Approved, true)]
    });
    let refused = refused.into_iter().map(|behaviour| answered(behaviour, Declined, false));
    // The number repeats: whose the record under it is, nobody can say.
    let others =
        [answered(B::K026, Cancelled, false), answered(B::E04112, Outcome::Unknown, false)];
    recovered.chain(refused).chain(others)
}

/// The last correction, once the expected one has come or the terminal was looked at again.
fn corrected_to(terminal: &Terminal, id: &str, expected: Option<Outcome>) -> Option<Outcome> {
    let wait = if expected.is_some() { PATIENCE } else { Duration::from_millis(900) * pace() };
    let until = Instant::now() + wait;
    let mut last = None;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if let Polled::Event(delivery) = terminal.poll(Some(left)).expect("a live terminal")
            && let EventKind::Clarified(correction) = delivery.accept().kind
        {
            assert_eq!(correction.request_id, id);
            last = Some(correction.outcome);
            if last == expected {
                break;
            }
        }
    }
    last
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
    assert_eq!(recovering, case.recovering, "{name}: recovering was reported");
    let correction = corrected_to(&terminal, &id, case.clarified);
    assert_eq!(correction, case.clarified, "{name}: corrected");
    assert_eq!(simulator.charges(&number) > 0, case.charged, "{name}: the ledger");
    assert!(simulator.charges(&number) <= 1, "{name}: charged at most once");
    let orders = simulator.received().iter().filter(|m| m.contains("ecrhub.pay.order")).count();
    assert!(orders <= 1, "{name}: an order is sent once at most, got {orders}");
}

#[test]
fn every_test_amount_ends_with_what_happened() {
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
fn an_order_with_an_app_id_of_its_own_is_recovered_under_that_id() {
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
