//! What is refused as a duplicate, and that nothing grows without end.

use super::*;

fn refusal(bench: &Bench, request: &Request) -> Option<Status> {
    bench.session.check_unused(request).err().map(|error| error.status())
}

fn same_number_other_id(number: &str) -> Request {
    Request { request_id: "another".to_owned(), ..sale(number) }
}

#[test]
fn an_id_in_flight_or_completed_is_refused() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    assert_eq!(refusal(&bench, &query("q", "B")), Some(Status::Duplicate));
    bench.say(state("q", "A", "2"));
    assert_eq!(refusal(&bench, &query("q", "B")), Some(Status::Duplicate));
    assert_eq!(refusal(&bench, &query("r", "B")), None);
}

#[test]
fn an_orders_number_is_refused_while_in_flight_found_out_completed_and_unknown() {
    let again = same_number_other_id("A");
    let mut bench = Bench::with_sale("A");
    assert_eq!(refusal(&bench, &again), Some(Status::Duplicate));
    bench.say(approval("A"));
    assert_eq!(refusal(&bench, &again), Some(Status::Duplicate));

    assert_eq!(refusal(&Bench::recovering("A"), &again), Some(Status::Duplicate));
    let mut bench = Bench::with_unknown("A");
    assert_eq!(refusal(&bench, &again), Some(Status::Duplicate));
    bench.session.forget_unknown("A");
    assert_eq!(refusal(&bench, &again), Some(Status::Duplicate));
}

#[test]
fn an_order_that_was_not_sent_frees_its_number() {
    let mut bench = Bench::new(settings());
    bench.sale("A");
    bench.pass(10_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotSent);
    assert_eq!(refusal(&bench, &same_number_other_id("A")), None);
    assert_eq!(
        refusal(&bench, &sale("A")),
        Some(Status::Duplicate),
        "its id is spent all the same"
    );
    bench.submit(same_number_other_id("A"));
    bench.connect();
    bench.events();
    bench.say(answer("another", ORDER, "A", "000", "2"));
    assert_eq!(bench.completed("another").outcome, Outcome::Approved);
}

#[test]
fn queries_and_closes_may_name_a_number_again_and_again() {
    let mut bench = Bench::with_sale("A");
    for id in ["q1", "q2", "q3"] {
        bench.submit(query(id, "A"));
    }
    bench.submit(request("c", CLOSE, json!({"merchant_order_no": "A"})));
    assert_eq!(bench.session.in_flight(), 5);
}

#[test]
fn a_restored_orders_number_and_id_are_refused() {
    for unknown in [false, true] {
        let mut bench = Bench::new(settings());
        let since_ms = START.wall_ms - 1_000;
        bench.session.restore(
            if unknown { unknown_order(since_ms) } else { open_order(since_ms) },
            bench.now,
        );
        assert_eq!(refusal(&bench, &sale("A")), Some(Status::Duplicate));
        assert_eq!(refusal(&bench, &same_number_other_id("A")), Some(Status::Duplicate));
    }
}

#[test]
fn what_has_completed_is_remembered_within_bounds() {
    let mut bench = Bench::connected();
    for count in 0..5_000 {
        let number = format!("N{count}");
        bench.sale(&number);
        bench.say(approval(&number));
        bench.events();
        bench.wire();
    }
    assert_eq!(refusal(&bench, &same_number_other_id("N4999")), Some(Status::Duplicate));
    assert_eq!(refusal(&bench, &same_number_other_id("N1000")), Some(Status::Duplicate));
    assert_eq!(refusal(&bench, &same_number_other_id("N0")), None);
    let footprint = bench.session.footprint();
    assert!(footprint <= 3 * 4_096, "{footprint}");
}

#[test]
fn a_session_that_has_done_its_work_holds_next_to_nothing() {
    let mut bench = Bench::recovering("A");
    bench.pass(20_000);
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "2"));
    bench.events();
    assert_eq!((bench.session.in_flight(), bench.session.asked_about()), (0, 0));
    // Two requests, an order's number, and what was asked about it on this connection.
    let remembered = 4;
    assert!(bench.session.footprint() <= 2 * remembered, "{:?}", bench.session);
}

#[test]
fn the_orders_being_clarified_are_bounded() {
    let mut bench = Bench::connected();
    for count in 0..1_500 {
        bench.sale(&format!("N{count}"));
    }
    bench.cut();
    bench.pass(180_000);
    assert_eq!((bench.session.in_flight(), bench.session.asked_about()), (0, 1_024));
    let done = bench.events();
    assert_eq!(done.iter().filter(|e| matches!(e, EventKind::Completed(_))).count(), 1_500);
    bench.wire();
    bench.connect();
    assert_eq!(bench.wire().len(), 1_024);
}

#[test]
fn the_librarys_questions_about_one_order_are_bounded() {
    let mut bench = Bench::with_unknown("A");
    bench.pass(3_600_000);
    assert!(bench.wire().len() > 100);
    bench.events();
    assert!(bench.session.footprint() < 64, "{}", bench.session.footprint());
}

#[test]
fn requests_waiting_for_a_connection_are_gone_when_their_time_is_up() {
    let mut bench = Bench::new(settings());
    for count in 0..1_000 {
        bench.submit(query(&format!("q{count}"), "A"));
    }
    bench.pass(10_000);
    assert_eq!(bench.session.in_flight(), 0);
    bench.connect();
    assert!(bench.wire().is_empty());
}

#[test]
fn a_number_that_is_free_again_leaves_nothing_of_its_earlier_attempt() {
    let mut bench = Bench::connected();
    bench.terminal(tells("A", "104", None));
    let mut footprint = 0;
    for count in 0..200 {
        let id = format!("A{count}");
        bench.submit(request(&id, ORDER, sale_data("A")));
        bench.say(code(&id, ORDER, "101"));
        assert_eq!(bench.completed(&id).outcome, Outcome::Busy);
        bench.wire();
        assert_eq!(bench.session.asked_about(), 1, "the newest attempt's second look");
        if count == 0 {
            footprint = bench.session.footprint();
        }
    }
    let remembered_ids = 2 * 199;
    assert!(bench.session.footprint() <= footprint + remembered_ids + 2);
}

#[test]
fn second_looks_are_bounded_like_whatever_else_is_asked_about() {
    let mut bench = Bench::connected();
    for count in 0..1_500 {
        let number = format!("N{count}");
        bench.sale(&number);
        bench.say(answer(&number, ORDER, &number, "106", "1"));
        bench.events();
    }
    assert_eq!(bench.session.asked_about(), 1_024);
}

#[test]
fn answers_that_repeat_without_end_leave_nothing_behind() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", ORDER, "A", "106", "1"));
    bench.events();
    let footprint = bench.session.footprint();
    for _ in 0..10_000 {
        bench.say(answer("A", ORDER, "A", "106", "1"));
        bench.say(without(approval("B"), "request_id"));
        bench.say(without(state("", "B", "2"), "request_id"));
        bench.events();
    }
    assert_eq!(bench.session.footprint(), footprint);
}

#[test]
fn questions_of_the_till_are_counted_within_bounds_answered_or_not() {
    for is_answered in [false, true] {
        let mut bench = Bench::connected_with(|settings| settings.request_timeout_ms = 1);
        for count in 0..10_000 {
            let id = format!("q{count}");
            bench.submit(query(&id, &format!("N{count}")));
            if is_answered {
                bench.say(not_found(&id));
            }
            bench.pass(1);
            bench.events();
            bench.wire();
        }
        let footprint = bench.session.footprint();
        assert!(footprint < 4 * 4_096 + 64, "{is_answered}: {footprint}");
    }
}
