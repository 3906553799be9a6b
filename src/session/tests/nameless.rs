//! Answers with neither `topic` nor `request_id`: the number, and what they say, show what they belong to.

use super::*;

fn bare(message: Value) -> Value {
    without(without(message, "request_id"), "topic")
}

fn bare_code(said: &str) -> Value {
    json!({"app_id": "app", "response_code": said, "biz_data": {"merchant_order_no": "A"}})
}

#[test]
fn an_order_is_answered_by_its_number() {
    let mut bench = Bench::with_sale("A");
    bench.say(bare(approval("A")));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, false));
}

#[test]
fn every_query_of_recovery_is_answered_by_its_number() {
    for (status, outcome) in
        [("2", Outcome::Approved), ("1", Outcome::Declined), ("3", Outcome::Cancelled)]
    {
        let mut bench = Bench::recovering_order(sale("A"), |_| {});
        bench.say(bare(state("", "A", status)));
        let done = bench.completed("A");
        assert_eq!((done.outcome, done.recovered), (outcome, true));
    }
}

#[test]
fn in_progress_and_not_found_answer_a_query_too() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.say(bare(state("", "A", "0")));
    bench.pass(2_000);
    bench.say(bare_code("104"));
    bench.no_event();
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn not_found_said_once_more_than_asked_declines_nothing() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.say(bare_code("104"));
    bench.say(bare_code("104"));
    assert_eq!(bench.message_late_for(), None);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn a_whole_recovery_works_without_either() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.say(bare_code("104"));
    bench.terminal(|message| match message["topic"].as_str()? {
        QUERY => Some(bare_code("104")),
        CLOSE => Some(bare_code("000")),
        _ => None,
    });
    bench.pass_to(62_000);
    assert_eq!(bench.drops, 0);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn a_record_answers_the_tills_own_query_that_is_open() {
    let mut bench = Bench::with_sale("A");
    bench.submit(query("q", "A"));
    bench.say(bare(approval("A")));
    assert_eq!(bench.completed("q").outcome, Outcome::Approved);
    assert_eq!(bench.session.in_flight(), 1, "the order's own answer is still to come");
    bench.say(bare(approval("A")));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn a_success_code_alone_is_nobodys_while_a_query_and_its_order_wait() {
    let mut bench = Bench::with_sale("A");
    bench.submit(query("q", "A"));
    bench.say(bare_code("000"));
    let events = bench.events();
    assert!(matches!(&events[0], EventKind::Message { late_for: None, .. }), "{events:#?}");
    assert_eq!(bench.session.in_flight(), 2);
}

#[test]
fn a_success_code_alone_is_the_answer_to_a_close_that_is_open() {
    let mut bench = Bench::with_sale("A");
    bench.submit(request("c", CLOSE, json!({"merchant_order_no": "A"})));
    bench.say(bare_code("000"));
    assert_eq!(bench.completed("c").outcome, Outcome::Ok);
    assert_eq!(bench.session.in_flight(), 1, "never an approval of the order");
}

#[test]
fn a_success_code_alone_beside_an_open_query_never_approves_the_order() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.say(bare_code("000"));
    assert!(!bench.events().iter().any(|event| matches!(event, EventKind::Completed(_))));
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn a_completed_order_is_corrected_by_its_number() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", ORDER, "A", "106", "1"));
    bench.events();
    bench.say(bare(approval("A")));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Declined));
}

#[test]
fn another_orders_number_answers_nothing() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.say(bare(state("", "B", "2")));
    assert!(matches!(bench.event(), EventKind::Message { late_for: None, .. }));
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn two_orders_are_told_apart_by_their_numbers() {
    let mut bench = Bench::connected();
    bench.sale("A");
    bench.sale("B");
    bench.say(bare(answer("", ORDER, "B", "106", "1")));
    assert_eq!(bench.completed("B").outcome, Outcome::Declined);
    bench.say(bare(approval("A")));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

/// Sale `A`, a query and a close about it, none of them answered.
fn with_query_and_close() -> Bench {
    let mut bench = Bench::with_sale("A");
    bench.submit(query("q", "A"));
    bench.submit(request("c", CLOSE, json!({"merchant_order_no": "A"})));
    bench
}

#[test]
fn a_success_code_alone_answers_the_close_beside_a_query() {
    let mut bench = with_query_and_close();
    bench.say(bare_code("000"));
    assert_eq!(bench.completed("c").outcome, Outcome::Ok);
    assert_eq!(bench.session.in_flight(), 2);
}

#[test]
fn what_may_answer_a_query_or_a_close_is_nobodys() {
    for said in ["104", "201"] {
        let mut bench = with_query_and_close();
        bench.say(bare_code(said));
        let events = bench.events();
        assert!(matches!(&events[0], EventKind::Message { late_for: None, .. }), "{events:#?}");
        assert_eq!(bench.session.in_flight(), 3, "{said}");
    }
}

#[test]
fn a_code_alone_is_the_orders_own_while_nothing_else_was_asked_about_it() {
    let mut bench = Bench::with_sale("A");
    bench.say(bare_code("110"));
    assert_eq!(bench.completed("A").outcome, Outcome::Cancelled);
}

#[test]
fn after_its_second_look_a_completed_order_is_corrected_by_what_names_it() {
    let cancelled = without(answer("A", ORDER, "A", "110", ""), "trans_status");
    for (own, outcome) in [
        (bare(approval("A")), Outcome::Approved),
        (without(cancelled.clone(), "topic"), Outcome::Cancelled),
        (without(cancelled, "request_id"), Outcome::Cancelled),
    ] {
        let mut bench = Bench::with_sale("A");
        bench.say(answer("A", ORDER, "A", "106", "1"));
        bench.terminal(tells("A", "104", None));
        bench.pass(30_000);
        assert_eq!(bench.looks(), ["A declined"]);
        bench.events();
        bench.say(own);
        assert_eq!(bench.clarified().outcome, outcome);
    }
}
