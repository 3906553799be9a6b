//! Which request an answer belongs to.

use super::*;

const TIP: &str = "ecrhub.pay.tip.adjustment";

#[test]
fn an_answer_with_the_request_id_completes_that_request() {
    let mut bench = Bench::connected();
    bench.sale("A");
    bench.sale("B");
    bench.say(approval("B"));
    assert_eq!(bench.completed("B").outcome, Outcome::Approved);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn an_answer_without_id_belongs_to_the_request_with_its_topic_and_number() {
    let mut bench = Bench::connected();
    bench.sale("A");
    bench.sale("B");
    bench.say(without(approval("B"), "request_id"));
    assert_eq!(bench.completed("B").outcome, Outcome::Approved);
}

#[test]
fn an_answer_without_id_goes_to_the_oldest_of_two_queries_about_the_number() {
    let mut bench = Bench::connected();
    bench.submit(query("q1", "A"));
    bench.submit(query("q2", "A"));
    bench.say(without(state("", "A", "2"), "request_id"));
    assert_eq!(bench.completed("q1").outcome, Outcome::Approved);
}

#[test]
fn an_unknown_id_is_never_taken_for_ours_and_makes_the_library_ask() {
    for stranger in ["somebody-elses", "a", "A "] {
        let mut bench = Bench::with_sale("A");
        bench.say(answer(stranger, ORDER, "A", "000", "2"));
        let events = bench.events();
        assert!(
            matches!(
                &events[..],
                [EventKind::Message { late_for: None, .. }, EventKind::Recovering { .. }]
            ),
            "{stranger}: {events:#?}"
        );
        assert_eq!(bench.topics(), [QUERY]);
    }
}

#[test]
fn an_id_under_another_topic_is_not_taken_for_ours() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", QUERY, "A", "000", "2"));
    assert_eq!(bench.message_late_for(), None);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn with_an_id_the_topic_may_be_missing() {
    let mut bench = Bench::with_sale("A");
    bench.say(without(approval("A"), "topic"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn with_an_id_the_number_may_be_missing() {
    let mut bench = Bench::with_sale("A");
    bench.say(without(approval("A"), "merchant_order_no"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn an_answer_with_our_id_that_names_another_order_settles_nothing() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", ORDER, "B", "000", "2"));
    assert!(matches!(bench.event(), EventKind::Recovering { request_id, .. } if request_id == "A"));
}

#[test]
fn a_query_answer_that_names_another_order_leaves_the_query_unknown() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.say(state("q", "B", "2"));
    let done = bench.completed("q");
    assert_eq!(done.outcome, Outcome::Unknown);
    assert_eq!(done.error.expect("why").stage, Stage::Terminal);
}

#[test]
fn an_answer_without_id_must_fit_the_order_in_full() {
    for (field, value) in [("order_amount", "35.00"), ("trans_type", "3")] {
        let mut bench = Bench::with_sale("A");
        bench.say(with(without(approval("A"), "request_id"), field, value));
        assert!(matches!(bench.event(), EventKind::Recovering { .. }), "{field}");
    }
}

#[test]
fn an_order_answer_without_id_and_number_only_makes_the_library_ask() {
    let mut bench = Bench::with_sale("A");
    bench.say(without(without(approval("A"), "request_id"), "merchant_order_no"));
    assert!(matches!(bench.event(), EventKind::Recovering { .. }));
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn an_answer_without_id_and_number_belongs_to_the_only_request_of_its_topic() {
    let mut bench = Bench::connected();
    bench.submit(request("t", TIP, json!({"merchant_order_no": "A"})));
    bench.say(without(code("", TIP, "000"), "request_id"));
    assert_eq!(bench.completed("t").outcome, Outcome::Ok);
}

#[test]
fn an_answer_without_id_and_number_is_nobodys_when_two_wait_for_one() {
    let mut bench = Bench::connected();
    bench.submit(request("t1", TIP, json!({"merchant_order_no": "A"})));
    bench.submit(request("t2", TIP, json!({"merchant_order_no": "B"})));
    bench.say(without(code("", TIP, "000"), "request_id"));
    assert_eq!(bench.message_late_for(), None);
    assert_eq!(bench.session.in_flight(), 2);
}

#[test]
fn a_request_about_no_order_is_answered_without_id_by_its_topic() {
    let mut bench = Bench::connected();
    bench.submit(plain("i", "ecrhub.getInfo"));
    bench.say(without(code("", "ecrhub.getInfo", "0"), "request_id"));
    assert_eq!(bench.completed("i").outcome, Outcome::Ok);
}

#[test]
fn the_late_answer_of_a_request_given_up_is_not_taken_for_the_next_ones() {
    let mut bench = Bench::connected();
    bench.submit(request("t1", TIP, json!({"merchant_order_no": "A"})));
    bench.pass(30_000);
    assert_eq!(bench.completed("t1").outcome, Outcome::Unknown);
    bench.submit(request("t2", TIP, json!({"merchant_order_no": "B"})));
    bench.say(without(code("", TIP, "000"), "request_id"));
    assert_eq!(bench.message_late_for(), None);
    bench.say(without(code("", TIP, "106"), "request_id"));
    assert_eq!(bench.completed("t2").outcome, Outcome::Refused);
}

#[test]
fn a_new_connection_brings_no_late_answers_of_other_topics() {
    let mut bench = Bench::connected();
    bench.submit(request("t1", TIP, json!({"merchant_order_no": "A"})));
    bench.pass(30_000);
    bench.cut();
    bench.connect();
    bench.submit(request("t2", TIP, json!({"merchant_order_no": "B"})));
    bench.events();
    bench.say(without(code("", TIP, "000"), "request_id"));
    assert_eq!(bench.completed("t2").outcome, Outcome::Ok);
}

#[test]
fn an_order_being_asked_about_does_not_take_other_topics_answers_away() {
    let mut bench = Bench::with_unknown("A");
    bench.submit(request("t", TIP, json!({"merchant_order_no": "B"})));
    bench.say(without(code("", TIP, "000"), "request_id"));
    assert_eq!(bench.completed("t").outcome, Outcome::Ok);
}

#[test]
fn without_id_topic_and_number_it_is_nobodys() {
    let mut bench = Bench::with_sale("A");
    bench.say(json!({"response_code": "000"}));
    let events = bench.events();
    assert!(
        matches!(
            &events[..],
            [EventKind::Message { late_for: None, .. }, EventKind::Recovering { .. }]
        ),
        "{events:#?}"
    );
}

#[test]
fn the_second_answer_is_a_message_late_for_the_request() {
    let mut bench = Bench::with_sale("A");
    bench.say(approval("A"));
    bench.events();
    bench.say(approval("A"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
    bench.say(without(approval("A"), "request_id"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"), "known by its number too");
}

#[test]
fn a_late_answer_after_time_was_up_is_a_message_late_for_the_request() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.pass(30_000);
    assert_eq!(bench.completed("q").outcome, Outcome::Unknown);
    bench.say(state("q", "A", "2"));
    assert_eq!(bench.message_late_for().as_deref(), Some("q"));
}

#[test]
fn late_answers_to_the_librarys_own_questions_are_not_told() {
    let mut bench = Bench::recovering("A");
    let probe = bench.only_frame(QUERY);
    bench.say(approval("A"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
    bench.say(state(&probe, "A", "2"));
    bench.no_event();
}

#[test]
fn an_answer_to_what_has_not_been_sent_is_not_an_answer() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.sale("A");
    bench.submit(query("q", "B"));
    for forged in [approval("A"), without(approval("A"), "request_id"), state("q", "B", "2")] {
        bench.say(forged);
        assert_eq!(bench.message_late_for(), None);
    }
    bench.say(without(without(approval("A"), "request_id"), "topic"));
    assert_eq!(bench.message_late_for(), None);
    assert_eq!(bench.session.in_flight(), 2);
    bench.takes_data = true;
    bench.step();
    assert_eq!(bench.topics(), [ORDER, QUERY]);
    bench.say(approval("A"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn an_unasked_message_is_handed_on_as_it_came() {
    let mut bench = Bench::connected();
    let text = r#"{"topic":"ecrhub.news",  "response_code":0}"#;
    bench.say_raw(text);
    let told = EventKind::Message { message: text.to_owned(), late_for: None };
    assert_eq!(bench.event(), told);
}

#[test]
fn what_is_no_message_is_a_protocol_error_and_makes_the_library_ask() {
    for garbage in [&b"\xff\xfe"[..], b"", b"null", b"[1]", b"{\"topic\":", b"\"text\""] {
        let mut bench = Bench::with_sale("A");
        bench.session.on_message(garbage, bench.now);
        bench.step();
        let events = bench.events();
        assert!(
            matches!(&events[..], [EventKind::ProtocolError { .. }, EventKind::Recovering { .. }]),
            "{garbage:?}: {events:#?}"
        );
        assert_eq!(bench.topics(), [QUERY], "at once");
        bench.say(approval("A"));
        let done = bench.completed("A");
        assert_eq!((done.outcome, done.recovered), (Outcome::Approved, false));
    }
}

#[test]
fn what_is_no_message_changes_nothing_while_two_orders_or_none_are_in_flight() {
    let mut bench = Bench::connected();
    bench.say_raw("garbage");
    assert!(matches!(bench.event(), EventKind::ProtocolError { .. }));
    bench.sale("A");
    bench.sale("B");
    bench.wire();
    bench.say_raw("garbage");
    assert!(matches!(bench.event(), EventKind::ProtocolError { .. }));
    bench.pass(10_000);
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn what_is_no_message_does_not_start_the_recovery_of_a_query() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.say_raw("garbage");
    assert!(matches!(bench.event(), EventKind::ProtocolError { .. }));
    bench.say(state("q", "A", "2"));
    assert_eq!(bench.completed("q").outcome, Outcome::Approved);
}

#[test]
fn blanks_nuls_and_a_byte_order_mark_around_an_answer_are_read_over() {
    for (before, after) in [("\u{feff}", ""), ("", "\0"), (" \r\n", "\n\0\0 ")] {
        let mut bench = Bench::with_sale("A");
        bench.say_raw(&format!("{before}{}{after}", approval("A")));
        assert_eq!(bench.completed("A").outcome, Outcome::Approved);
    }
}

#[test]
fn a_number_written_without_quotes_is_the_one_that_reads_the_same() {
    let mut bench = Bench::connected();
    bench.sale("007");
    bench.sale("7");
    let mut own = without(approval("7"), "request_id");
    own["biz_data"]["merchant_order_no"] = json!(7);
    bench.say(own);
    assert_eq!(bench.completed("7").outcome, Outcome::Approved);
}

#[test]
fn an_answer_without_id_and_number_is_nobodys_when_two_queries_wait_for_one() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.submit(query("r", "B"));
    bench.say(json!({"app_id": "app", "topic": QUERY, "response_code": "104"}));
    assert_eq!(bench.message_late_for(), None);
    assert_eq!(bench.session.in_flight(), 2);
}

#[test]
fn an_answer_without_id_and_number_is_nobodys_while_the_library_asks_too() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.submit(query("q", "B"));
    bench.say(json!({"app_id": "app", "topic": QUERY, "response_code": "104"}));
    assert_eq!(bench.message_late_for(), None);
    assert_eq!(bench.session.in_flight(), 2);
}

#[test]
fn an_answer_without_id_and_number_belongs_to_its_topic_whatever_else_waits() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.submit(plain("p", "ecrhub.print"));
    bench.say(json!({"app_id": "app", "topic": QUERY, "response_code": "104"}));
    assert_eq!(bench.completed("q").outcome, Outcome::NotFound);
    bench.say(json!({"app_id": "app", "topic": "ecrhub.print", "response_code": "000"}));
    assert_eq!(bench.completed("p").outcome, Outcome::Ok);
}
