//! An `unknown` order is asked about until it is known, resolved, or a week has passed since it became unknown.

use super::*;

const WEEK: u64 = 7 * 86_400_000;

#[test]
fn an_unknown_order_is_no_longer_in_flight_but_asked_about() {
    let bench = Bench::with_unknown("A");
    assert_eq!((bench.session.in_flight(), bench.session.asked_about()), (0, 1));
    assert_eq!(bench.session.open_requests().count(), 0);
    assert_eq!(bench.session.outcome_of("A"), Some(Outcome::Unknown));
}

#[test]
fn only_orders_are_clarified() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    bench.cut();
    assert_eq!(bench.completed("q").outcome, Outcome::Unknown);
    assert_eq!(bench.session.asked_about(), 0);
}

#[test]
fn it_asks_every_interval() {
    let mut bench = Bench::with_unknown("A");
    let since = bench.now.mono_ms;
    bench.pass(90_000);
    let at: Vec<u64> = bench.wire().iter().map(|frame| frame.at - since).collect();
    assert_eq!(at, [30_000, 60_000, 90_000]);
}

#[test]
fn it_asks_at_once_when_the_terminal_is_back() {
    let mut bench = Bench::with_unknown("A");
    bench.cut();
    bench.pass(200_000);
    assert_eq!(bench.topics(), [""; 0]);
    bench.connect();
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn with_an_interval_of_zero_it_never_asks() {
    let mut bench = Bench::with_unknown_and("A", |settings| settings.clarify_interval_ms = 0);
    bench.cut();
    bench.connect();
    bench.pass(3_600_000);
    assert_eq!(bench.topics(), [""; 0]);
    bench.events();
    bench.say(approval("A"));
    assert_eq!(bench.clarified().outcome, Outcome::Approved, "a late own answer still does");
}

#[test]
fn what_settles_it_and_fits_is_told_once_as_clarified() {
    for (status, outcome) in
        [("2", Outcome::Approved), ("1", Outcome::Declined), ("3", Outcome::Cancelled)]
    {
        let mut bench = Bench::with_unknown("A");
        bench.pass(30_000);
        let probe = bench.only_frame(QUERY);
        let told = state(&probe, "A", status);
        bench.say(told.clone());
        let expected = Clarified {
            request_id: "A".to_owned(),
            merchant_order_no: Some("A".to_owned()),
            outcome,
            was: Outcome::Unknown,
            differs: Vec::new(),
            second_look: outcome.says_no_money_moved(),
            description: Some(crate::protocol::describe(&told.to_string())),
            response: Some(told.to_string()),
            retold: false,
        };
        assert_eq!(bench.clarified(), expected);
        bench.say(told);
        bench.pass(10_000);
        bench.no_event();
        assert_eq!(bench.topics(), [""; 0]);
    }
}

#[test]
fn a_late_own_answer_clarifies_and_the_second_is_a_message() {
    let mut bench = Bench::with_unknown("A");
    bench.say(approval("A"));
    assert_eq!(bench.clarified().outcome, Outcome::Approved);
    bench.say(approval("A"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
}

#[test]
fn an_own_answer_that_settles_nothing_is_a_message() {
    let mut bench = Bench::with_unknown("A");
    bench.say(answer("A", ORDER, "A", "108", ""));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
    assert_eq!(bench.session.asked_about(), 1);
}

#[test]
fn the_callers_own_query_clarifies_it() {
    let mut bench = Bench::with_unknown("A");
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "2"));
    let events = bench.events();
    assert!(matches!(&events[0], EventKind::Completed(done) if done.request_id == "q"));
    assert!(matches!(&events[1], EventKind::Clarified(truth) if truth.request_id == "A"));
    assert_eq!(events.len(), 2);
}

#[test]
fn what_does_not_fit_or_settle_does_not_clarify() {
    let mut bench = Bench::with_unknown("A");
    bench.pass(30_000);
    let probe = bench.only_frame(QUERY);
    bench.say(with(state(&probe, "A", "2"), "order_amount", "1"));
    bench.say(state(&probe, "A", "0"));
    bench.no_event();
    assert_eq!(bench.session.asked_about(), 1);
}

#[test]
fn a_close_that_was_never_answered_is_made_up_for_on_the_next_connection() {
    let mut bench = Bench::with_unknown("A");
    bench.cut();
    bench.terminal(tells("A", "104", Some("000")));
    bench.connect();
    bench.events();
    assert_eq!(bench.topics(), [QUERY, CLOSE, QUERY]);
    bench.pass(1_999);
    bench.no_event();
    bench.pass(1);
    assert_eq!(bench.topics(), [QUERY]);
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::NotFound, Outcome::Unknown));
}

#[test]
fn not_found_clarifies_only_after_an_accepted_close() {
    for close in [None, Some("201")] {
        let mut bench = Bench::with_unknown("A");
        bench.terminal(tells("A", "104", close));
        bench.pass(300_000);
        bench.no_event();
        assert_eq!(bench.session.asked_about(), 1, "{close:?}");
    }
}

#[test]
fn it_is_closed_at_most_once_on_each_connection() {
    let mut bench = Bench::with_unknown("A");
    bench.terminal(tells("A", "104", Some("201")));
    bench.pass(300_000);
    assert_eq!(closes(&mut bench), 1, "besides the one at the end of recovery");
    for _ in 0..3 {
        bench.cut();
        bench.connect();
        bench.pass(300_000);
        assert_eq!(closes(&mut bench), 1);
    }
    bench.events();
    assert_eq!(bench.session.asked_about(), 1);
}

#[test]
fn what_is_still_in_progress_while_it_is_clarified_is_closed_once() {
    let mut bench = Bench::with_unknown("A");
    bench.cut();
    bench.terminal(tells("A", "0", Some("201")));
    bench.connect();
    bench.pass(300_000);
    assert_eq!(closes(&mut bench), 1);
}

#[test]
fn no_close_is_sent_while_another_order_is_in_flight() {
    let mut bench = Bench::with_unknown("A");
    bench.cut();
    bench.connect();
    bench.sale("B");
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass(29_000);
    bench.events();
    assert_eq!(closes(&mut bench), 0, "B's customer may be at the terminal");
    bench.say(approval("B"));
    bench.pass(30_000);
    assert_eq!(closes(&mut bench), 1);
}

fn closes(bench: &mut Bench) -> usize {
    bench.topics().iter().filter(|topic| *topic == CLOSE).count()
}

#[test]
fn after_a_week_of_being_unknown_it_is_left_to_people() {
    let mut bench = Bench::with_unknown("A");
    bench.pass(WEEK - 1);
    assert_eq!(bench.session.asked_about(), 1);
    bench.pass(1);
    assert_eq!(bench.session.asked_about(), 0);
    bench.wire();
    bench.pass(300_000);
    assert_eq!(bench.topics(), [""; 0]);
    bench.no_event();
}

#[test]
fn a_wall_clock_that_is_set_does_not_make_an_order_old() {
    let mut bench = Bench::with_unknown("A");
    bench.now.wall_ms += 20 * 365 * 86_400_000;
    bench.session.on_clock_jump(bench.now);
    bench.pass(300_000);
    assert_eq!(bench.session.asked_about(), 1);
}

#[test]
fn a_person_who_has_decided_ends_it() {
    let mut bench = Bench::with_unknown("A");
    bench.session.forget_unknown("A");
    assert_eq!(bench.session.asked_about(), 0);
    bench.pass(100_000);
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn only_unknown_orders_can_be_forgotten() {
    let mut bench = Bench::with_sale("A");
    bench.session.forget_unknown("A");
    bench.session.forget_unknown("nobody");
    assert_eq!(bench.session.in_flight(), 1);
    bench.cut();
    bench.session.forget_unknown("A");
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn an_unknown_order_of_an_earlier_process_is_clarified_without_completing_again() {
    let mut bench = Bench::new(settings());
    let since_ms = START.wall_ms - 3_600_000;
    bench.session.restore(unknown_order(since_ms), bench.now);
    assert_eq!((bench.session.in_flight(), bench.session.asked_about()), (0, 1));
    bench.no_event();
    bench.terminal(tells("A", "2", None));
    bench.connect();
    let events = bench.events();
    let [EventKind::Connected { .. }, EventKind::Clarified(truth)] = &events[..] else {
        panic!("{events:#?}")
    };
    assert_eq!(truth.outcome, Outcome::Approved);
}

#[test]
fn the_week_counts_from_becoming_unknown_also_in_an_earlier_process() {
    let week = i64::try_from(WEEK).expect("a week");
    let mut bench = Bench::new(settings());
    bench.session.restore(unknown_order(START.wall_ms - week), bench.now);
    assert_eq!((bench.session.in_flight(), bench.session.asked_about()), (0, 0));
    bench.connect();
    assert_eq!(bench.topics(), [""; 0]);

    let mut bench = Bench::new(settings());
    let since_ms = START.wall_ms - week + 1;
    let restored = Restored { since_ms: 0, ..unknown_order(since_ms) };
    bench.session.restore(restored, bench.now);
    bench.connect();
    assert_eq!(bench.topics(), [QUERY], "when it was accepted does not count");
}

#[test]
fn with_clarify_days_of_zero_it_is_asked_about_without_limit() {
    let mut bench = Bench::new(Settings { clarify_for_ms: 0, ..settings() });
    bench.session.restore(unknown_order(0), bench.now);
    bench.connect();
    bench.wire();
    bench.pass(3_600_000);
    assert_eq!(bench.topics().len(), 120);
}

#[test]
fn with_an_interval_of_zero_a_late_close_or_answer_does_not_make_it_ask_for_ever() {
    let late: [fn(&mut Bench, &str); 3] = [
        |bench, close| bench.say(code(close, CLOSE, "000")),
        |bench, _| bench.say(code("A", ORDER, "106")),
        |bench, _| {
            bench.submit(request("c", CLOSE, json!({"merchant_order_no": "A"})));
            bench.say(code("c", CLOSE, "000"));
        },
    ];
    for late in late {
        let mut bench = Bench::recovering_with("A", |settings| settings.clarify_interval_ms = 0);
        bench.pass_to(66_000);
        bench.events();
        let wire = bench.wire();
        let close = wire.iter().find(|frame| frame.topic() == CLOSE).expect("a close").id();
        late(&mut bench, close);
        bench.pass(600_000);
        assert!(bench.topics().len() <= 3);
    }
}

#[test]
fn nothing_corrects_what_a_person_has_decided() {
    let mut bench = Bench::with_unknown("A");
    bench.session.forget_unknown("A");
    bench.say(approval("A"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "2"));
    assert!(matches!(bench.event(), EventKind::Completed(done) if done.request_id == "q"));
}

#[test]
fn its_days_are_those_of_the_configuration() {
    let config = crate::config::Config::parse(r#"{"url":"terminal","clarify_days":3}"#);
    let settings = Settings::from(&config.expect("a config"));
    assert_eq!(settings.clarify_for_ms, 3 * 24 * 60 * 60 * 1_000);
}
