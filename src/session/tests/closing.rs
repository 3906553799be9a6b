//! When the time for recovery is over: a close, the queries after it, and the outcome that is then known.

use super::super::task::{Phase, Question, Reason, Recovery};
use super::*;

/// Recovery for the whole time, with a terminal that answers like this: its outcome, and what was sent at the end.
fn end_of(status: &'static str, close: Option<&'static str>) -> (Completed, Vec<String>) {
    let mut bench = Bench::recovering("A");
    bench.terminal(tells("A", status, close));
    bench.pass_to(59_999);
    bench.no_event();
    bench.wire();
    bench.pass_to(66_000);
    (bench.completed("A"), bench.topics())
}

#[test]
fn it_ends_with_a_close_and_one_more_question() {
    let (_, topics) = end_of("104", Some("000"));
    assert_eq!(topics[..2], [CLOSE, QUERY]);
}

#[test]
fn the_close_is_for_the_orders_number() {
    let mut bench = Bench::recovering("A");
    bench.wire();
    bench.pass_to(60_000);
    let wire = bench.wire();
    let close = wire.iter().find(|frame| frame.topic() == CLOSE).expect("a close");
    assert_eq!(close.message["biz_data"], json!({"merchant_order_no": "A"}));
}

#[test]
fn not_found_after_a_successful_close_is_not_found() {
    let (done, _) = end_of("104", Some("000"));
    assert_eq!((done.outcome, done.recovered, done.sent), (Outcome::NotFound, true, Sent::Yes));
    assert!(done.response.is_some() && done.error.is_none());
}

#[test]
fn not_found_without_a_successful_close_is_unknown() {
    for close in [Some("201"), Some("104"), None] {
        let (done, _) = end_of("104", close);
        assert_eq!((done.outcome, done.recovered), (Outcome::Unknown, false), "{close:?}");
        assert_eq!(done.error.expect("why").stage, Stage::Recovery);
    }
}

#[test]
fn still_in_progress_after_the_close_is_unknown() {
    let (done, _) = end_of("0", Some("000"));
    assert_eq!(done.outcome, Outcome::Unknown);
}

#[test]
fn a_settled_answer_to_the_last_question_is_what_it_says() {
    for (status, outcome) in
        [("2", Outcome::Approved), ("1", Outcome::Declined), ("3", Outcome::Cancelled)]
    {
        for close in ["000", "201"] {
            let mut bench = Bench::recovering("A");
            let mut is_closed = false;
            bench.terminal(move |message| {
                is_closed |= message["topic"] == CLOSE;
                tells("A", if is_closed { status } else { "0" }, Some(close))(message)
            });
            bench.pass_to(60_000);
            let done = bench.completed("A");
            assert_eq!((done.outcome, done.recovered), (outcome, true));
        }
    }
}

#[test]
fn a_silent_terminal_leaves_it_unknown_within_bounds() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(60_000 + 2_000 + 4_000 - 1);
    bench.no_event();
    bench.pass(1);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn a_terminal_out_of_reach_at_the_end_leaves_it_unknown_at_once() {
    let mut bench = Bench::with_sale("A");
    bench.cut();
    bench.pass(179_999);
    assert_eq!(bench.session.in_flight(), 1);
    bench.pass(1);
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.sent, done.elapsed_ms), (Outcome::Unknown, Sent::Yes, 180_000));
    let error = done.error.expect("why");
    assert_eq!(error.stage, Stage::Recovery);
    assert!(error.message.contains("cannot be reached"), "{}", error.message);
    assert!(error.message.contains("the cable was pulled"), "{}", error.message);
}

#[test]
fn the_answer_that_settled_nothing_is_shown_with_the_unknown() {
    let mut bench = Bench::with_sale("A");
    let unclear = answer("A", ORDER, "A", "108", "");
    bench.say(unclear.clone());
    let question = bench.only_frame(QUERY);
    bench.say(not_found(&question));
    bench.pass(186_000);
    assert_eq!(bench.completed("A").response, Some(unclear.to_string()));
}

#[test]
fn the_own_answer_settles_it_during_the_close_and_the_last_question() {
    for wait in [60_000, 62_000, 65_999] {
        let mut bench = Bench::recovering("A");
        bench.pass_to(wait);
        bench.say(approval("A"));
        let done = bench.completed("A");
        assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true));
        bench.pass(100_000);
        bench.no_event();
    }
}

#[test]
fn a_close_accepted_late_counts_for_what_was_asked_after_it() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(59_999);
    bench.wire();
    bench.pass_to(62_000);
    let [close, query] = &bench.wire()[..] else { panic!("a close and a query") };
    assert_eq!((close.topic(), query.topic()), (CLOSE, QUERY));
    bench.say(code(close.id(), CLOSE, "000"));
    bench.say(not_found(query.id()));
    bench.no_event();
    bench.pass_to(64_000);
    let last = bench.only_frame(QUERY);
    bench.say(not_found(&last));
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn what_a_query_before_the_close_says_is_not_the_answer_to_one_after_it() {
    let mut bench = Bench::recovering("A");
    let early = bench.only_frame(QUERY);
    bench.terminal(tells("A", "", Some("000")));
    bench.pass_to(60_000);
    let wire = bench.wire();
    let [.., close, after] = &wire[..] else { panic!("{wire:#?}") };
    assert_eq!((close.topic(), after.topic()), (CLOSE, QUERY));
    bench.say(not_found(&early));
    bench.say(not_found(&early));
    bench.pass_to(62_000);
    bench.say(not_found(&early));
    bench.no_event();
    bench.say(state(after.id(), "A", "2"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn not_found_must_be_said_twice_an_interval_apart() {
    let mut bench = Bench::recovering("A");
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(61_999);
    bench.no_event();
    bench.pass(1);
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.elapsed_ms), (Outcome::NotFound, 62_000));
}

#[test]
fn the_same_not_found_heard_twice_counts_once() {
    let mut bench = Bench::recovering("A");
    bench.terminal(tells("A", "", Some("000")));
    bench.pass_to(60_000);
    let query = bench.wire().last().expect("a query").id().to_owned();
    for _ in 0..3 {
        bench.say(not_found(&query));
        bench.pass(600);
    }
    bench.no_event();
}

#[test]
fn queries_that_a_blocked_socket_lets_go_together_count_once() {
    for is_named in [true, false] {
        let mut bench = Bench::recovering("A");
        bench.pass_to(59_999);
        bench.wire();
        bench.pass_to(60_000);
        let close = bench.only_frame(CLOSE);
        bench.takes_data = false;
        let named = move |message| {
            let message = with(message, "merchant_order_no", "A");
            if is_named { message } else { without(message, "request_id") }
        };
        bench.say(named(code(&close, CLOSE, "000")));
        let first = bench.session.next_frame(bench.now).expect("a query").to_owned();
        let first: Value = serde_json::from_str(&first).expect("every frame is JSON");
        bench.session.on_progress(Progress::Nothing, bench.now);
        bench.pass(2_000);
        bench.session.on_progress(Progress::Done, bench.now);
        let first = not_found(first["request_id"].as_str().expect("an id"));
        bench.say(named(first));
        let mut tells = tells("A", "104", None);
        bench.terminal(move |frame| tells(frame).map(named));
        bench.takes_data = true;
        bench.step();
        bench.pass(1);
        bench.no_event();
        assert_eq!(bench.topics(), [QUERY], "the second query left with the first");
        bench.pass(1_999);
        assert_eq!(bench.completed("A").outcome, Outcome::Unknown, "the time is over");
    }
}

#[test]
fn an_answer_without_an_id_is_to_no_question_that_has_not_left() {
    let why = Fault::new(Status::Timeout, Stage::Receive, "no answer");
    let mut recovery = Recovery::new(Phase::Concluding, Reason::Lost, why, 0, 0);
    for (id, left_at) in [("first", Some(1)), ("second", None)] {
        let question = Question { request_id: id.to_owned(), left_at, is_after_close: true };
        recovery.asked(question);
    }
    assert_eq!(recovery.question(None).map(|question| &*question.request_id), Some("first"));
    assert_eq!(recovery.question(Some("second")).and_then(|question| question.left_at), None);
}

#[test]
fn a_charge_between_the_two_queries_is_approved() {
    let mut bench = Bench::recovering("A");
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(61_000);
    bench.terminal(tells("A", "2", Some("000")));
    bench.pass_to(62_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn in_progress_between_two_not_founds_makes_them_count_anew() {
    let mut bench = Bench::recovering("A");
    bench.terminal(tells("A", "", Some("000")));
    bench.pass_to(60_000);
    let first = bench.wire().last().expect("a query").id().to_owned();
    bench.say(not_found(&first));
    bench.say(state(&first, "A", "0"));
    bench.pass_to(62_000);
    let second = bench.only_frame(QUERY);
    bench.say(not_found(&second));
    bench.no_event();
}

#[test]
fn a_close_of_another_number_closes_nothing() {
    let mut bench = Bench::recovering("A");
    bench.terminal(|message| match message["topic"].as_str()? {
        CLOSE => Some(with(
            code(message["request_id"].as_str()?, CLOSE, "000"),
            "merchant_order_no",
            "B",
        )),
        _ => tells("A", "104", None)(message),
    });
    bench.pass_to(66_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn not_found_that_does_not_fit_says_nothing() {
    for (field, value) in [("merchant_order_no", "B"), ("order_amount", "1"), ("trans_type", "3")] {
        let mut bench = Bench::recovering("A");
        bench.terminal(move |message| {
            let id = message["request_id"].as_str()?;
            match message["topic"].as_str()? {
                CLOSE => Some(code(id, CLOSE, "000")),
                _ => Some(with(not_found(id), field, value)),
            }
        });
        bench.pass_to(66_000);
        assert_eq!(bench.completed("A").outcome, Outcome::Unknown, "{field}");
    }
}

#[test]
fn a_connection_lost_during_the_last_words_does_not_lengthen_them() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(60_000);
    bench.cut();
    bench.pass(6_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn a_connection_that_comes_back_during_the_last_words_repeats_them() {
    let mut bench = Bench::recovering("A");
    bench.wire();
    bench.pass_to(60_000);
    bench.wire();
    bench.cut();
    bench.terminal(tells("A", "104", Some("000")));
    bench.connect();
    assert_eq!(bench.topics(), [CLOSE, QUERY]);
    bench.pass(2_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn a_connection_that_comes_and_goes_does_not_put_the_end_off() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(60_000);
    while bench.now.mono_ms < START.mono_ms + 70_000 {
        bench.cut();
        bench.connect();
        bench.session.on_heard(bench.now);
        bench.pass(100);
    }
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn not_found_to_what_was_asked_before_the_close_says_nothing_after_it() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(59_000);
    let before = bench.wire().pop().expect("a query");
    bench.pass_to(60_000);
    let close = bench.only_frame(CLOSE);
    bench.say(code(&close, CLOSE, "000"));
    let after = bench.only_frame(QUERY);
    bench.say(not_found(before.id()));
    bench.no_event();
    bench.say(not_found(&after));
    bench.terminal(tells("A", "104", None));
    bench.pass_to(62_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn not_found_after_a_refused_close_is_unknown_at_once() {
    let (done, _) = end_of("104", Some("201"));
    assert_eq!((done.outcome, done.elapsed_ms), (Outcome::Unknown, 60_000));
}

#[test]
fn a_question_of_the_tills_own_that_is_unanswered_keeps_no_order_from_being_closed() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(50_000);
    bench.submit(query("q", "B"));
    bench.wire();
    bench.pass_to(60_000);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
}
