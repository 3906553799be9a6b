//! Queries and closes of the till's own, and what they mean for the order they name.

use super::*;

fn close(id: &str, number: &str) -> Request {
    request(id, CLOSE, json!({"merchant_order_no": number}))
}

/// Sale `A` is recovered on the connection that carried it.
fn recovering_here() -> Bench {
    let mut bench = Bench::with_sale("A");
    bench.say_raw("garbage");
    bench.answer_all();
    bench.events();
    bench
}

#[test]
fn an_accepted_close_of_the_tills_own_serves_as_the_librarys_and_recovery_goes_on_at_once() {
    let mut bench = recovering_here();
    bench.pass(10_000);
    bench.wire();
    bench.terminal(tells("A", "104", Some("000")));
    bench.submit(close("c", "A"));
    assert_eq!(bench.topics(), [CLOSE, QUERY]);
    assert_eq!(bench.completed("c").outcome, Outcome::Ok);
    bench.pass(2_000);
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.elapsed_ms), (Outcome::NotFound, 12_000));
    assert_eq!(bench.topics(), [QUERY], "no close of the library's");
}

#[test]
fn a_refused_close_of_the_tills_own_serves_for_nothing() {
    let mut bench = recovering_here();
    bench.terminal(tells("A", "104", Some("201")));
    bench.submit(close("c", "A"));
    assert_eq!(bench.completed("c").outcome, Outcome::Refused);
    bench.pass(20_000);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn a_close_of_the_tills_own_that_could_overtake_the_order_serves_for_nothing() {
    let mut bench = Bench::recovering("A");
    bench.terminal(tells("A", "104", Some("000")));
    bench.submit(close("c", "A"));
    assert_eq!(bench.completed("c").outcome, Outcome::Ok);
    bench.pass_to(59_999);
    assert_eq!(bench.session.in_flight(), 1, "the order's bytes may still arrive");
}

#[test]
fn a_close_of_another_number_serves_for_nothing() {
    let mut bench = recovering_here();
    bench.terminal(tells("A", "104", Some("000")));
    bench.submit(close("c", "B"));
    bench.events();
    bench.pass(20_000);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn a_close_whose_answer_names_another_order_serves_for_nothing() {
    let mut bench = recovering_here();
    bench.submit(close("c", "A"));
    bench.say(with(code("c", CLOSE, "000"), "merchant_order_no", "B"));
    bench.terminal(tells("A", "104", None));
    bench.pass(20_000);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn closing_an_order_whose_answer_is_waited_for_leaves_the_outcome_to_its_answer() {
    let mut bench = Bench::with_sale("A");
    bench.submit(close("c", "A"));
    bench.say(code("c", CLOSE, "000"));
    assert_eq!(bench.completed("c").outcome, Outcome::Ok);
    assert_eq!(bench.session.in_flight(), 1);
    bench.say(answer("A", ORDER, "A", "102", ""));
    assert_eq!(bench.completed("A").outcome, Outcome::Cancelled);
}

#[test]
fn an_unknown_order_is_asked_about_as_soon_as_a_close_of_the_tills_own_is_accepted() {
    let mut bench = Bench::with_unknown("A");
    bench.terminal(tells("A", "104", Some("000")));
    bench.submit(close("c", "A"));
    assert_eq!(bench.topics(), [CLOSE, QUERY]);
    bench.events();
    bench.pass(2_000);
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::NotFound, Outcome::Unknown));
}

#[test]
fn a_query_of_the_tills_own_corrects_what_was_reported() {
    for (own, status, was, outcome) in [
        (approval("A"), "3", Outcome::Approved, Outcome::Cancelled),
        (approval("A"), "1", Outcome::Approved, Outcome::Declined),
        (answer("A", ORDER, "A", "106", "1"), "2", Outcome::Declined, Outcome::Approved),
        (answer("A", ORDER, "A", "110", ""), "2", Outcome::Cancelled, Outcome::Approved),
    ] {
        for later in [0, 100_000] {
            let mut bench = Bench::with_sale("A");
            bench.say(own.clone());
            bench.terminal(tells("A", "104", None));
            bench.pass(later);
            bench.terminal(|_| None);
            bench.events();
            bench.submit(query("q", "A"));
            bench.say(state("q", "A", status));
            let events = bench.events();
            let [EventKind::Completed(asked), EventKind::Clarified(clarified)] = &events[..] else {
                panic!("{events:#?}")
            };
            assert_eq!(asked.outcome, outcome, "a query's outcome is what the record says");
            assert_eq!((clarified.outcome, clarified.was), (outcome, was));
        }
    }
}

#[test]
fn a_query_of_the_tills_own_that_agrees_or_settles_nothing_corrects_nothing() {
    for status in ["2", "0", "9", "104"] {
        let mut bench = Bench::with_sale("A");
        bench.say(approval("A"));
        bench.events();
        bench.submit(query("q", "A"));
        bench.say(if status == "104" { not_found("q") } else { state("q", "A", status) });
        bench.completed("q");
        bench.no_event();
    }
}

#[test]
fn a_query_of_the_tills_own_that_does_not_match_corrects_nothing() {
    let mut bench = Bench::with_sale("A");
    bench.say(approval("A"));
    bench.events();
    bench.submit(query("q", "A"));
    bench.say(with(state("q", "A", "1"), "order_amount", "1.00"));
    assert_eq!(bench.completed("q").outcome, Outcome::Declined);
    bench.no_event();
}

#[test]
fn a_query_answered_with_a_number_that_has_lost_its_zeros_is_about_the_same_order() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "00042"));
    let mut record = state("q", "00042", "2");
    record["biz_data"]["merchant_order_no"] = json!(42);
    bench.say(record);
    assert_eq!(bench.completed("q").outcome, Outcome::Approved);
}

#[test]
fn a_number_in_progress_is_what_a_query_says_of_a_busy_terminal() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "0"));
    assert_eq!(bench.completed("q").outcome, Outcome::InProgress);
}

#[test]
fn the_record_of_another_order_in_its_answer_settles_neither() {
    let mut bench = Bench::recovering_order(sale("B"), |_| {});
    bench.submit(query("q", "A"));
    bench.say(state("q", "B", "2"));
    assert_eq!(bench.completed("q").outcome, Outcome::Unknown);
    assert_eq!(bench.session.in_flight(), 1, "what is asked about B is its own query");
}

#[test]
fn a_record_corrects_no_order_that_was_not_sent() {
    let mut bench = Bench::new(settings());
    bench.sale("A");
    bench.pass(10_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotSent);
    bench.connect();
    bench.events();
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "2"));
    assert!(matches!(bench.event(), EventKind::Completed(done) if done.request_id == "q"));
}
