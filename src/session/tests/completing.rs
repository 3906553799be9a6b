//! What a completion says: outcome, how far it was sent, whether it was recovered, how long it took, and what went wrong.

use super::*;

#[test]
fn a_direct_answer_completes_with_everything_that_is_known() {
    let mut bench = Bench::with_sale("A");
    bench.pass(25_000);
    bench.say(approval("A"));
    let done = bench.completed("A");
    let expected = Completed {
        request_id: "A".to_owned(),
        topic: ORDER.to_owned(),
        merchant_order_no: Some("A".to_owned()),
        outcome: Outcome::Approved,
        differs: Vec::new(),
        second_look: false,
        description: Some(crate::protocol::describe(&approval("A").to_string())),
        sent: Sent::Yes,
        response: Some(approval("A").to_string()),
        error: None,
        recovered: false,
        retold: false,
        elapsed_ms: 25_000,
    };
    assert_eq!(done, expected);
    assert_eq!(bench.session.in_flight(), 0);
}

#[test]
fn a_querys_answer_reads_by_its_status() {
    for (status, outcome) in [
        ("2", Outcome::Approved),
        ("4", Outcome::Approved),
        ("1", Outcome::Declined),
        ("3", Outcome::Cancelled),
        ("0", Outcome::InProgress),
        ("9", Outcome::InProgress),
    ] {
        let mut bench = Bench::connected();
        bench.submit(query("q", "A"));
        bench.say(state("q", "A", status));
        assert_eq!(bench.completed("q").outcome, outcome, "{status}");
    }
}

#[test]
fn a_query_about_what_the_terminal_does_not_know_is_not_found() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.say(not_found("q"));
    assert_eq!(bench.completed("q").outcome, Outcome::NotFound);
}

#[test]
fn a_query_answer_that_says_nothing_is_unknown_and_says_why() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.say(code("q", QUERY, "999"));
    let done = bench.completed("q");
    assert_eq!((done.outcome, done.sent), (Outcome::Unknown, Sent::Yes));
    assert_eq!(done.error.expect("why").stage, Stage::Terminal);
}

#[test]
fn other_topics_are_ok_or_refused() {
    for (said, outcome) in [("000", Outcome::Ok), ("0", Outcome::Ok), ("201", Outcome::Refused)] {
        let mut bench = Bench::connected();
        bench.submit(request("c", CLOSE, json!({"merchant_order_no": "A"})));
        bench.say(code("c", CLOSE, said));
        assert_eq!(bench.completed("c").outcome, outcome);
    }
}

#[test]
fn an_order_without_answer_in_time_is_found_out() {
    let mut bench = Bench::with_sale("A");
    bench.pass(179_999);
    bench.no_event();
    bench.pass(1);
    let EventKind::Recovering { request_id, merchant_order_no, reason } = bench.event() else {
        panic!("not found out")
    };
    assert_eq!((request_id.as_str(), merchant_order_no.as_deref()), ("A", Some("A")));
    assert!(reason.contains("no answer within 180000 ms"), "{reason}");
}

#[test]
fn anything_else_without_answer_in_time_is_unknown() {
    for other in [query("q", "A"), plain("q", "ecrhub.getInfo")] {
        let mut bench = Bench::connected();
        bench.submit(other);
        bench.pass(29_999);
        bench.no_event();
        bench.pass(1);
        let done = bench.completed("q");
        assert_eq!((done.outcome, done.sent), (Outcome::Unknown, Sent::Yes));
        assert_eq!(done.elapsed_ms, 30_000);
        let error = done.error.expect("why");
        assert_eq!((error.status, error.stage), (Status::Timeout, Stage::Receive));
    }
}

#[test]
fn a_requests_own_timeout_overrides_the_configured_one() {
    let mut bench = Bench::connected();
    bench.session.submit(query("q", "A"), Some(1_500), Attempt::First, bench.now);
    bench.session.submit(sale("B"), Some(200_000), Attempt::First, bench.now);
    bench.step();
    bench.pass(1_500);
    assert_eq!(bench.completed("q").elapsed_ms, 1_500);
    bench.pass(198_499);
    bench.no_event();
    bench.pass(1);
    assert!(matches!(bench.event(), EventKind::Recovering { .. }));
}

#[test]
fn the_answer_is_waited_for_from_when_it_was_sent() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.submit(query("q", "A"));
    bench.pass(9_000);
    bench.takes_data = true;
    bench.step();
    bench.pass(29_999);
    bench.no_event();
    bench.pass(1);
    assert_eq!(bench.completed("q").elapsed_ms, 39_000);
}

#[test]
fn what_was_on_a_lost_connection_and_is_no_order_is_unknown() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.cut();
    let done = bench.completed("q");
    assert_eq!((done.outcome, done.sent, done.recovered), (Outcome::Unknown, Sent::Yes, false));
    assert_eq!(done.error.expect("why").stage, Stage::Receive);
}

#[test]
fn the_cause_of_the_loss_is_the_cause_of_the_completion() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    let fault = Fault::new(Status::Timeout, Stage::Heartbeat, "no pong");
    bench.lose(fault.clone());
    assert_eq!(bench.completed("q").error, Some(fault));
}

#[test]
fn events_tell_the_wall_clock() {
    let mut bench = Bench::with_sale("A");
    bench.pass(1_234);
    bench.say(approval("A"));
    let event = bench.session.next_event().expect("a completion");
    assert_eq!(event.at, START.wall_ms + 1_234);
}

#[test]
fn a_query_of_the_tills_own_completes_with_what_it_was_answered() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    let record = state("q", "A", "2");
    bench.say(record.clone());
    let done = bench.completed("q");
    assert_eq!(done.response, Some(record.to_string()));
    assert!(done.description.is_some());
}

#[test]
fn what_is_remembered_of_an_order_is_not_its_text() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", ORDER, "A", "106", "1"));
    let text =
        |bench: &Bench| bench.session.recent.order("A").map(|past| past.request.text.clone());
    assert_eq!(text(&bench).as_deref(), Some(""));
    bench.say(approval("A"));
    assert_eq!(text(&bench).as_deref(), Some(""));
    let mut bench = Bench::new(settings());
    bench.session.restore(unknown_order(START.wall_ms), bench.now);
    assert_eq!(text(&bench).as_deref(), Some(""));
}

#[test]
fn what_has_completed_is_known_by_its_request_id() {
    let mut bench = Bench::with_sale("A");
    assert_eq!(bench.session.outcome_of("A"), None);
    bench.say(approval("A"));
    assert_eq!(bench.session.outcome_of("A"), Some(Outcome::Approved));
    assert_eq!(bench.session.outcome_of("B"), None);
}
