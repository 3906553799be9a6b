//! What else is known when an order reads as reversed: a void of it, a refund, what earlier processes knew.

use super::voids::{knows, own};
use super::*;

/// A refund (type 3) of a part of sale `O`: its record is its own.
fn refund() -> Request {
    void_of("V", "3", "O")
}

#[test]
fn a_refund_does_not_wait_for_its_original() {
    let mut bench = Bench::connected();
    bench.submit(refund());
    bench.wire();
    bench.say(with(answer("V", ORDER, "V", "106", "1"), "trans_type", "3"));
    assert_eq!(bench.completed("V").outcome, Outcome::Declined);
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn a_refund_that_is_unknown_is_not_clarified_by_its_original() {
    let mut bench =
        Bench::recovering_order(refund(), |settings| settings.close_lost_orders = false);
    bench.terminal(knows("104", "3"));
    bench.pass_to(66_000);
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
    bench.pass(100_000);
    bench.no_event();
    let asked = bench.wire();
    assert!(asked.iter().all(|frame| frame.message["biz_data"]["merchant_order_no"] == "V"));
}

#[test]
fn an_approved_sale_that_reads_as_reversed_is_clarified_to_cancelled() {
    let mut bench = Bench::with_sale("O");
    bench.say(approval("O"));
    bench.events();
    bench.submit(query("q", "O"));
    bench.say(state("q", "O", "3"));
    let events = bench.events();
    let [EventKind::Completed(_), EventKind::Clarified(clarified)] = &events[..] else {
        panic!("{events:#?}")
    };
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Cancelled, Outcome::Approved));
}

#[test]
fn an_approved_sale_is_not_clarified_to_cancelled_when_its_void_was_approved() {
    let mut bench = Bench::with_sale("O");
    bench.say(approval("O"));
    bench.submit(void_of("V", "2", "O"));
    bench.say(own("000", "2"));
    bench.events();
    bench.submit(query("q", "O"));
    bench.say(state("q", "O", "3"));
    assert_eq!(bench.completed("q").outcome, Outcome::Cancelled);
    bench.no_event();
}

#[test]
fn a_bare_success_of_a_sale_that_was_voided_meanwhile_is_not_clarified() {
    let mut bench = Bench::with_sale("O");
    bench.takes_data = false;
    bench.say(code("O", ORDER, "000"));
    bench.takes_data = true;
    bench.submit(void_of("V", "2", "O"));
    bench.say(own("000", "2"));
    bench.events();
    bench.terminal(knows("2", "3"));
    bench.pass(60_000);
    bench.no_event();
}

#[test]
fn an_approved_sale_is_not_clarified_to_cancelled_while_its_void_is_open() {
    let mut bench = Bench::with_sale("O");
    bench.say(approval("O"));
    bench.submit(void_of("V", "2", "O"));
    bench.events();
    bench.submit(query("q", "O"));
    bench.say(state("q", "O", "3"));
    assert_eq!(bench.completed("q").outcome, Outcome::Cancelled);
    bench.no_event();
}

#[test]
fn a_void_of_another_sale_explains_nothing() {
    for is_open in [true, false] {
        let mut bench = Bench::with_sale("O");
        bench.say(approval("O"));
        bench.submit(void_of("V", "2", "P"));
        if !is_open {
            bench.say(own("000", "2"));
        }
        bench.events();
        bench.submit(query("q", "O"));
        bench.say(state("q", "O", "3"));
        let events = bench.events();
        let [EventKind::Completed(_), EventKind::Clarified(clarified)] = &events[..] else {
            panic!("{events:#?}")
        };
        assert_eq!((clarified.outcome, clarified.was), (Outcome::Cancelled, Outcome::Approved));
    }
}

#[test]
fn only_an_approved_void_explains_that_its_sale_reads_as_reversed() {
    let declined_void = |bench: &mut Bench| {
        bench.submit(void_of("V", "2", "O"));
        bench.terminal(knows("104", "2"));
        bench.say(own("110", ""));
        bench.pass(30_000);
    };
    let approved_refund = |bench: &mut Bench| {
        bench.submit(refund());
        bench.say(with(answer("V", ORDER, "V", "000", "2"), "trans_type", "3"));
    };
    for other in [&declined_void as &dyn Fn(&mut Bench), &approved_refund] {
        let mut bench = Bench::with_sale("O");
        bench.say(approval("O"));
        other(&mut bench);
        bench.terminal(|_| None);
        assert_eq!((bench.session.in_flight(), bench.session.asked_about()), (0, 0));
        bench.events();
        bench.submit(query("q", "O"));
        bench.say(state("q", "O", "3"));
        let events = bench.events();
        let [EventKind::Completed(_), EventKind::Clarified(clarified)] = &events[..] else {
            panic!("{events:#?}")
        };
        assert_eq!((clarified.outcome, clarified.was), (Outcome::Cancelled, Outcome::Approved));
    }
}

#[test]
fn an_original_known_to_be_reversed_by_an_earlier_process_proves_nothing_in_whichever_order_they_are_restored()
 {
    let void = Restored { request: void_of("V", "2", "O"), ..open_order(START.wall_ms - 1_000) };
    let completed = |request: Request, outcome| Restored {
        request,
        state: RestoredState::Completed { outcome, look_at_ms: None },
        ..open_order(START.wall_ms - 60_000)
    };
    for known in [
        completed(sale("O"), Outcome::Cancelled),
        completed(void_of("W", "2", "O"), Outcome::Approved),
    ] {
        for orders in [[void.clone(), known.clone()], [known.clone(), void.clone()]] {
            let mut bench = Bench::new(settings());
            for order in orders {
                bench.session.restore(order, bench.now);
            }
            bench.terminal(knows("3", "3"));
            bench.connect();
            bench.pass(300_000);
            assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
        }
    }
}

#[test]
fn a_void_of_an_earlier_process_is_approved_by_its_original_whatever_else_was_reversed() {
    let void = Restored { request: void_of("V", "2", "O"), ..open_order(START.wall_ms - 1_000) };
    let completed = |request: Request, outcome| Restored {
        request,
        state: RestoredState::Completed { outcome, look_at_ms: None },
        ..open_order(START.wall_ms - 60_000)
    };
    let refund = Request { request_id: "R".to_owned(), ..void_of("R", "3", "O") };
    for known in [
        completed(sale("P"), Outcome::Cancelled),
        completed(refund, Outcome::Approved),
        completed(void_of("W", "2", "P"), Outcome::Approved),
    ] {
        let mut bench = Bench::new(settings());
        bench.session.restore(void.clone(), bench.now);
        bench.session.restore(known, bench.now);
        bench.terminal(knows("3", "3"));
        bench.connect();
        bench.pass(300_000);
        assert_eq!(bench.completed("V").outcome, Outcome::Approved);
    }
}

#[test]
fn a_void_of_an_earlier_process_is_not_taken_for_another_one_of_its_original() {
    let state =
        RestoredState::Completed { outcome: Outcome::Approved, look_at_ms: Some(START.wall_ms) };
    let order = Restored { request: void_of("V", "2", "O"), state, ..open_order(START.wall_ms) };
    let mut bench = Bench::new(settings());
    bench.session.restore(order, bench.now);
    bench.terminal(knows("1", "3"));
    bench.connect();
    bench.pass(60_000);
    assert!(!bench.events().iter().any(|event| matches!(event, EventKind::Clarified(_))));
    assert_eq!(bench.looks(), ["V approved"]);
}
