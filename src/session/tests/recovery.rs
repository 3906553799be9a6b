//! Recovering an order's outcome: what starts it, how the library asks, and what ends it.

use super::*;

fn reason(event: EventKind) -> String {
    match event {
        EventKind::Recovering { reason, .. } => reason,
        other => panic!("not recovering: {other:#?}"),
    }
}

#[test]
fn a_lost_connection_after_the_first_byte_starts_it() {
    let mut bench = Bench::with_sale("A");
    bench.cut();
    let mut events = bench.events();
    assert_eq!(events.len(), 2);
    assert!(reason(events.remove(1)).contains("the cable was pulled"));
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn a_lost_connection_before_the_first_byte_does_not() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.sale("A");
    bench.cut();
    assert!(matches!(bench.event(), EventKind::Disconnected { .. }));
}

#[test]
fn recovering_is_told_once() {
    let mut bench = Bench::recovering("A");
    for _ in 0..3 {
        bench.say(answer("A", ORDER, "A", "108", ""));
        bench.cut();
        bench.connect();
    }
    let told = bench.events().iter().filter(|e| matches!(e, EventKind::Recovering { .. })).count();
    assert_eq!(told, 0, "it was told when it began");
}

#[test]
fn the_question_is_a_query_for_the_number_under_an_id_of_its_own() {
    let mut bench = Bench::recovering("A");
    let wire = bench.wire();
    assert_eq!(wire.len(), 1, "asked at once on the new connection");
    let message = &wire[0].message;
    assert_eq!(message["topic"], QUERY);
    assert_eq!(message["biz_data"], json!({"merchant_order_no": "A"}));
    assert_eq!(message["app_id"], "app");
    assert_ne!(message["request_id"], "A");
}

#[test]
fn it_asks_again_every_interval() {
    let mut bench = Bench::recovering("A");
    let since = bench.now.mono_ms;
    bench.pass(10_000);
    let at: Vec<u64> = bench.wire().iter().map(|frame| frame.at - since).collect();
    assert_eq!(at, [0, 2_000, 4_000, 6_000, 8_000, 10_000]);
}

#[test]
fn on_the_same_connection_it_asks_at_once_and_every_interval() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", ORDER, "A", "107", ""));
    let since = bench.now.mono_ms;
    bench.pass(4_000);
    let at: Vec<u64> = bench.wire().iter().map(|frame| frame.at - since).collect();
    assert_eq!(at, [0, 2_000, 4_000]);
}

#[test]
fn it_does_not_ask_while_there_is_no_connection() {
    let mut bench = Bench::with_sale("A");
    bench.cut();
    bench.pass(30_000);
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn a_query_answer_that_settles_it_and_fits_completes_it_as_recovered() {
    for (status, outcome) in [
        ("2", Outcome::Approved),
        ("4", Outcome::Approved),
        ("1", Outcome::Declined),
        ("3", Outcome::Cancelled),
    ] {
        let mut bench = Bench::recovering("A");
        let probe = bench.only_frame(QUERY);
        bench.say(state(&probe, "A", status));
        let done = bench.completed("A");
        assert_eq!((done.outcome, done.recovered, done.sent), (outcome, true, Sent::Yes));
        assert_eq!(done.response, Some(state(&probe, "A", status).to_string()));
        assert_eq!(done.error, None);
        bench.pass(29_999);
        assert_eq!(bench.topics(), [""; 0], "and nothing more is asked");
    }
}

#[test]
fn an_older_questions_answer_settles_it_too() {
    let mut bench = Bench::recovering("A");
    let first = bench.only_frame(QUERY);
    bench.pass(6_000);
    bench.say(state(&first, "A", "2"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn a_query_answer_without_id_settles_it_by_its_number() {
    let mut bench = Bench::recovering("A");
    bench.say(without(state("", "A", "2"), "request_id"));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true));
}

#[test]
fn the_amount_fits_however_it_is_written() {
    let mut bench = Bench::recovering("A");
    let probe = bench.only_frame(QUERY);
    bench.say(with(state(&probe, "A", "2"), "order_amount", "034.5"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn a_query_answer_that_does_not_match_is_never_taken_for_the_orders() {
    for (field, value) in
        [("merchant_order_no", "B"), ("order_amount", "3450"), ("trans_type", "3")]
    {
        let mut bench = Bench::recovering("A");
        bench.terminal(move |message| match message["topic"].as_str()? {
            QUERY => Some(with(state(message["request_id"].as_str()?, "A", "2"), field, value)),
            _ => None,
        });
        bench.pass_to(65_999);
        bench.no_event();
        let queries = bench.topics().iter().filter(|topic| *topic == QUERY).count();
        assert!(queries > 30, "the query is repeated: {queries}");
        bench.pass(1);
        let done = bench.completed("A");
        assert_eq!((done.outcome, done.recovered), (Outcome::Unknown, false), "{field}");
        let error = done.error.expect("why");
        assert_eq!(error.stage, Stage::Recovery);
        assert!(error.message.contains(field), "{}", error.message);
        assert!(done.response.is_some(), "the record is shown");
    }
}

#[test]
fn a_query_answer_that_matches_at_last_settles_it() {
    let mut bench = Bench::recovering("A");
    let query = bench.only_frame(QUERY);
    bench.say(with(state(&query, "A", "2"), "order_amount", "3450"));
    bench.no_event();
    bench.say(state(&query, "A", "2"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn in_progress_not_found_and_nonsense_do_not_settle_it() {
    let mut bench = Bench::recovering("A");
    let probe = bench.only_frame(QUERY);
    bench.say(state(&probe, "A", "0"));
    bench.say(state(&probe, "A", "9"));
    bench.say(not_found(&probe));
    bench.say(code(&probe, QUERY, "999"));
    bench.say(answer(&probe, QUERY, "A", "104", "2"));
    bench.no_event();
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn the_orders_own_late_answer_on_the_same_connection_is_not_recovered() {
    let mut bench = Bench::with_sale("A");
    bench.pass(180_000);
    bench.events();
    bench.say(approval("A"));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, false));
    assert_eq!(done.elapsed_ms, 180_000);
}

#[test]
fn the_orders_own_answer_on_the_new_connection_is_recovered() {
    let mut bench = Bench::recovering("A");
    bench.say(approval("A"));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true));
}

#[test]
fn the_orders_own_answer_may_lack_its_id_on_the_new_connection() {
    let mut bench = Bench::recovering("A");
    bench.say(without(approval("A"), "request_id"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn the_callers_own_query_settles_it_as_well() {
    let mut bench = Bench::recovering("A");
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "2"));
    let events = bench.events();
    let [EventKind::Completed(asked), EventKind::Completed(order)] = &events[..] else {
        panic!("{events:#?}")
    };
    assert_eq!((asked.request_id.as_str(), asked.outcome), ("q", Outcome::Approved));
    assert_eq!((order.request_id.as_str(), order.outcome), ("A", Outcome::Approved));
    assert!(order.recovered);
}

#[test]
fn the_callers_own_query_does_not_settle_what_is_not_being_found_out_or_does_not_fit() {
    let mut bench = Bench::with_sale("A");
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "2"));
    assert_eq!(bench.completed("q").outcome, Outcome::Approved);
    assert_eq!(bench.session.in_flight(), 1, "the direct answer is on its way");
    bench.cut();
    bench.connect();
    bench.submit(query("r", "A"));
    bench.events();
    bench.say(with(state("r", "A", "2"), "order_amount", "1"));
    assert_eq!(bench.completed("r").outcome, Outcome::Approved);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn several_orders_are_found_out_side_by_side() {
    let mut bench = Bench::connected();
    for number in ["A", "B", "C"] {
        bench.sale(number);
    }
    bench.cut();
    bench.wire();
    bench.connect();
    bench.events();
    for frame in bench.wire() {
        let number = frame.message["biz_data"]["merchant_order_no"].as_str().expect("a number");
        let status = if number == "B" { "1" } else { "2" };
        bench.say(state(frame.id(), number, status));
        let expected = if number == "B" { Outcome::Declined } else { Outcome::Approved };
        assert_eq!(bench.completed(number).outcome, expected);
    }
    assert_eq!(bench.session.in_flight(), 0);
}

#[test]
fn an_order_of_an_earlier_process_is_found_out_and_recovered() {
    let mut bench = Bench::new(settings());
    let since_ms = START.wall_ms - 3_600_000;
    bench.session.restore(open_order(since_ms), bench.now);
    assert!(reason(bench.event()).contains("stopped before the outcome was known"));
    assert_eq!(bench.session.in_flight(), 1);
    bench.terminal(tells("A", "2", None));
    bench.connect();
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.sent, done.recovered), (Outcome::Approved, Sent::Maybe, true));
    assert_eq!(done.elapsed_ms, 3_600_000);
}

#[test]
fn an_own_answer_recovers_an_order_of_an_earlier_process() {
    let mut bench = Bench::new(settings());
    let since_ms = START.wall_ms - 5_000;
    bench.session.restore(open_order(since_ms), bench.now);
    bench.connect();
    bench.events();
    bench.say(approval("A"));
    assert!(bench.completed("A").recovered);
}

#[test]
fn what_is_open_is_listed_oldest_first_with_what_it_is_doing() {
    let mut bench = Bench::recovering("A");
    bench.sale("B");
    let open: Vec<(String, bool)> = bench
        .session
        .open_requests()
        .map(|open| (open.request.request_id.clone(), open.recovering))
        .collect();
    assert_eq!(open, [("A".to_owned(), true), ("B".to_owned(), false)]);
}

#[test]
fn the_customer_has_the_whole_order_time_whatever_went_wrong_at_its_beginning() {
    let trouble: [fn(&mut Bench); 3] = [
        |bench| {
            bench.cut();
            bench.connect();
        },
        |bench| bench.say_raw("garbage"),
        |bench| bench.say(json!({"topic": "ecrhub.news"})),
    ];
    for trouble in trouble {
        let mut bench = Bench::with_sale("A");
        bench.pass(1_000);
        trouble(&mut bench);
        bench.terminal(tells("A", "0", Some("000")));
        bench.pass_to(179_999);
        assert!(!bench.topics().contains(&CLOSE.to_owned()), "nobody is cut short");
        bench.pass_to(180_000);
        assert!(bench.topics().contains(&CLOSE.to_owned()));
    }
}

#[test]
fn recovery_lasts_its_whole_time_after_the_order_time_as_well() {
    let mut bench = Bench::with_sale("A");
    bench.pass(180_000);
    bench.terminal(tells("A", "0", Some("000")));
    bench.pass_to(239_999);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    bench.pass_to(240_000);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn an_unreadable_answer_followed_by_an_approval_is_reported_within_3_seconds() {
    let mut bench = Bench::with_sale("A");
    bench.pass(5_000);
    bench.say_raw(&format!("{},", approval("A")));
    bench.events();
    let since = bench.now.mono_ms;
    let query = bench.only_frame(QUERY);
    bench.pass(100);
    bench.say(state(&query, "A", "0"));
    bench.pass_to_deadline();
    let query = bench.only_frame(QUERY);
    bench.pass(100);
    bench.say(state(&query, "A", "2"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
    assert!(bench.now.mono_ms - since <= 3_000);
}

#[test]
fn a_device_that_restarts_does_not_make_an_order_leave_twice() {
    let mut bench = Bench::recovering("A");
    for _ in 0..20 {
        bench.pass(1_000);
        bench.cut();
        bench.connect();
    }
    assert!(!bench.topics().contains(&ORDER.to_owned()));
}

#[test]
fn its_questions_come_from_the_application_that_the_order_came_from() {
    let mut order = sale("A");
    order.text = order.text.replace(r#""app_id":"app""#, r#""app_id":"another""#);
    let bench = &mut Bench::recovering_order(order, |_| {});
    assert_eq!(bench.wire()[0].message["app_id"], "another");
}
