//! A void (types 2, 5 and 7): its success may read as `trans_status` 3, in its own record or in its original's, and it
//! never ends with "no money moved" before its original was queried.

use super::*;

/// A terminal that answers queries about the void `V` and its original `O` like this, and accepts every close.
pub(super) fn knows(v: &'static str, o: &'static str) -> impl FnMut(&Value) -> Option<Value> {
    move |message| {
        let id = message["request_id"].as_str()?;
        let number = message["biz_data"]["merchant_order_no"].as_str()?;
        let (status, trans_type) = if number == "V" { (v, "2") } else { (o, "1") };
        match message["topic"].as_str()? {
            CLOSE => Some(code(id, CLOSE, "000")),
            QUERY if status == "104" => Some(not_found(id)),
            QUERY if status == "silence" => None,
            QUERY => Some(with(state(id, number, status), "trans_type", trans_type)),
            _ => None,
        }
    }
}

pub(super) fn own(code: &str, status: &str) -> Value {
    let answer = with(answer("V", ORDER, "V", code, status), "trans_type", "2");
    if status.is_empty() { without(answer, "trans_status") } else { answer }
}

fn with_void() -> Bench {
    let mut bench = Bench::connected();
    bench.submit(void_of("V", "2", "O"));
    bench.wire();
    bench
}

/// The void is answered like this, with records like these; what it comes to.
fn void_ends(own: Option<Value>, v: &'static str, o: &'static str) -> Completed {
    let mut bench = with_void();
    bench.terminal(knows(v, o));
    match own {
        Some(own) => bench.say(own),
        None => {
            bench.cut();
            bench.connect();
        }
    }
    bench.pass(300_000);
    bench.completed("V")
}

#[test]
fn success_that_reads_as_reversed_is_approved_by_its_own_record() {
    assert_eq!(void_ends(Some(own("000", "3")), "2", "2").outcome, Outcome::Approved);
}

#[test]
fn success_that_reads_as_reversed_is_approved_if_the_original_is_reversed() {
    for v in ["3", "104"] {
        let done = void_ends(Some(own("000", "3")), v, "3");
        assert_eq!(done.outcome, Outcome::Approved, "{v}");
    }
}

#[test]
fn success_that_reads_as_reversed_is_unknown_otherwise_and_never_cancelled() {
    for (v, o) in [("3", "2"), ("3", "104"), ("104", "2"), ("104", "104"), ("3", "1")] {
        let done = void_ends(Some(own("000", "3")), v, o);
        assert_eq!(done.outcome, Outcome::Unknown, "{v} {o}");
        assert!(done.response.is_some(), "what the terminal said is shown");
    }
}

#[test]
fn a_record_of_its_own_that_reads_as_reversed_asks_for_the_original() {
    assert_eq!(void_ends(None, "3", "3").outcome, Outcome::Approved);
    assert_eq!(void_ends(None, "3", "2").outcome, Outcome::Unknown);
}

#[test]
fn an_original_known_to_be_reversed_before_proves_nothing() {
    for known in ["query", "void", "cancelled"] {
        let mut bench = Bench::connected();
        let original = || with(answer("O", ORDER, "O", "000", "3"), "trans_type", "1");
        match known {
            "query" => {
                bench.submit(query("q", "O"));
                bench.say(state("q", "O", "3"));
            }
            "void" => {
                bench.submit(void_of("W", "2", "O"));
                bench.say(with(answer("W", ORDER, "W", "000", "2"), "trans_type", "2"));
            }
            _ => {
                bench.sale("O");
                bench.say(original());
            }
        }
        bench.events();
        bench.submit(void_of("V", "2", "O"));
        bench.wire();
        bench.terminal(knows("3", "3"));
        bench.say(own("000", "3"));
        bench.pass(10_000);
        let events = bench.events();
        let done = events.iter().find_map(|event| match event {
            EventKind::Completed(done) if done.request_id == "V" => Some(done.outcome),
            _ => None,
        });
        assert_eq!(done, Some(Outcome::Unknown), "{known}: {events:#?}");
    }
}

#[test]
fn no_money_moved_waits_for_the_original_and_is_approved_if_that_is_reversed() {
    for own in [own("110", ""), own("106", "1"), own("119", ""), own("102", "")] {
        let done = void_ends(Some(own.clone()), "104", "3");
        assert_eq!(done.outcome, Outcome::Approved, "{own}");
    }
}

#[test]
fn no_money_moved_stays_if_the_original_is_not_reversed() {
    for (own, outcome) in [
        (own("110", ""), Outcome::Cancelled),
        (own("106", "1"), Outcome::Declined),
        (own("119", ""), Outcome::Declined),
    ] {
        for o in ["2", "104", "1"] {
            let done = void_ends(Some(own.clone()), "104", o);
            assert_eq!(done.outcome, outcome, "{own} {o}");
            assert_eq!(done.response, Some(own.to_string()));
        }
    }
}

#[test]
fn no_money_moved_stays_if_the_original_was_reversed_before() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "O"));
    bench.say(state("q", "O", "3"));
    bench.submit(void_of("V", "2", "O"));
    bench.events();
    bench.terminal(knows("104", "3"));
    bench.say(own("119", ""));
    assert_eq!(bench.completed("V").outcome, Outcome::Declined);
}

#[test]
fn a_refusal_without_status_and_a_busy_terminal_wait_for_the_original_too() {
    for (said, outcome) in [("106", Outcome::Declined), ("101", Outcome::Busy)] {
        assert_eq!(void_ends(Some(own(said, "")), "104", "2").outcome, outcome);
        assert_eq!(void_ends(Some(own(said, "")), "104", "3").outcome, Outcome::Approved);
    }
}

#[test]
fn a_lost_answer_and_no_record_of_its_own_is_approved_if_the_original_is_marked() {
    let mut bench = Bench::connected();
    bench.submit(void_of("V", "2", "O"));
    bench.cut();
    bench.terminal(knows("104", "3"));
    bench.connect();
    bench.pass(300_000);
    assert_eq!(bench.completed("V").outcome, Outcome::Approved);
    let topics: Vec<String> = bench.topics();
    assert!(topics.contains(&CLOSE.to_owned()));
}

#[test]
fn a_lost_answer_and_no_record_anywhere_is_not_found() {
    let done = void_ends(None, "104", "2");
    assert_eq!(done.outcome, Outcome::NotFound);
}

#[test]
fn an_original_that_is_not_answered_leaves_it_unknown_within_bounds() {
    let mut bench = with_void();
    bench.terminal(knows("104", "silence"));
    bench.say(own("110", ""));
    bench.pass(59_999);
    bench.events();
    assert_eq!(bench.session.in_flight(), 1);
    bench.pass(1);
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
}

#[test]
fn an_original_in_progress_is_asked_about_again() {
    let mut bench = with_void();
    bench.terminal(knows("104", "0"));
    bench.say(own("110", ""));
    bench.pass(4_000);
    assert_eq!(bench.session.in_flight(), 1);
    bench.terminal(knows("104", "2"));
    bench.pass(2_000);
    assert_eq!(bench.completed("V").outcome, Outcome::Cancelled);
}

#[test]
fn an_answer_about_another_order_is_not_the_originals() {
    let mut bench = with_void();
    bench.say(own("110", ""));
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "X", "3"));
    bench.say(code(&query, QUERY, "107"));
    bench.no_event();
    bench.say(state(&query, "O", "3"));
    assert_eq!(bench.completed("V").outcome, Outcome::Approved);
}

#[test]
fn the_originals_answer_may_lack_its_request_id() {
    let mut bench = with_void();
    bench.say(own("110", ""));
    assert_eq!(bench.only_frame(QUERY).len(), "ecrhub-probe-0123456789abcdef".len());
    bench.say(without(state("", "O", "3"), "request_id"));
    assert_eq!(bench.completed("V").outcome, Outcome::Approved);
}

#[test]
fn the_query_for_the_original_outlives_a_lost_connection() {
    let mut bench = with_void();
    bench.say(own("110", ""));
    bench.wire();
    bench.cut();
    bench.terminal(knows("104", "2"));
    bench.connect();
    assert_eq!(bench.completed("V").outcome, Outcome::Cancelled);
}

#[test]
fn a_void_that_names_no_original_is_unknown_where_it_reads_as_reversed() {
    let biz_data = json!({"trans_type": "2", "merchant_order_no": "V", "order_amount": AMOUNT});
    let mut bench = Bench::connected();
    bench.submit(request("V", ORDER, biz_data));
    bench.terminal(knows("3", "3"));
    bench.say(own("000", "3"));
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
}

#[test]
fn a_second_look_at_a_void_asks_for_its_original_as_well() {
    let mut bench = with_void();
    bench.terminal(knows("104", "2"));
    bench.say(own("110", ""));
    assert_eq!(bench.completed("V").outcome, Outcome::Cancelled);
    bench.terminal(knows("104", "3"));
    bench.pass(30_000);
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Cancelled));
}

#[test]
fn a_second_look_that_finds_the_original_unchanged_ends() {
    let mut bench = with_void();
    bench.terminal(knows("104", "2"));
    bench.say(own("110", ""));
    bench.events();
    bench.wire();
    bench.pass(30_000);
    bench.no_event();
    assert_eq!(bench.topics(), [QUERY, QUERY]);
    assert_eq!(bench.looks(), ["V cancelled"]);
}

#[test]
fn a_void_that_is_unknown_is_clarified_by_its_original() {
    let mut bench = with_void();
    bench.say(own("107", ""));
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    bench.pass(300_000);
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
    bench.terminal(knows("104", "3"));
    bench.pass(90_000);
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Unknown));
}

#[test]
fn a_void_is_not_found_out_to_be_declined_before_its_original_was_queried_when_the_link_is_down() {
    let mut bench = with_void();
    bench.say(own("110", ""));
    bench.cut();
    bench.pass(60_000);
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
}

#[test]
fn a_second_look_that_reads_as_reversed_ends_if_the_original_is_not() {
    let mut bench = with_void();
    bench.terminal(knows("104", "2"));
    bench.say(own("110", ""));
    assert_eq!(bench.completed("V").outcome, Outcome::Cancelled);
    bench.terminal(knows("3", "2"));
    bench.pass(30_000);
    bench.no_event();
    assert_eq!(bench.looks(), ["V cancelled"]);
    assert_eq!(bench.session.asked_about(), 0);
}

#[test]
fn a_silent_original_is_waited_for_as_long_as_recovery_lasts() {
    let mut bench = with_void();
    bench.say(own("110", ""));
    bench.pass_to(59_999);
    assert_eq!(bench.session.in_flight(), 1);
    bench.pass_to(60_000);
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
}

#[test]
fn a_silent_original_at_the_end_of_recovery_is_waited_for_a_little_longer() {
    let mut bench = Bench::recovering_order(void_of("V", "2", "O"), |_| {});
    bench.terminal(knows("104", "silence"));
    bench.pass_to(61_999);
    bench.no_event();
    bench.wire();
    bench.pass_to(62_000);
    assert_eq!(bench.topics(), [QUERY, QUERY], "the void was not found twice");
    bench.pass_to(67_999);
    bench.no_event();
    assert_eq!(bench.topics(), [QUERY, QUERY], "every recovery_interval_ms");
    bench.pass_to(68_000);
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
}

#[test]
fn a_void_shows_its_own_answer_where_its_original_decides() {
    let mut bench = with_void();
    bench.terminal(knows("104", "3"));
    bench.say(own("000", "3"));
    let done = bench.completed("V");
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true));
    assert_eq!(done.response, Some(own("000", "3").to_string()));
}

#[test]
fn a_void_found_to_have_moved_money_shows_the_original() {
    let mut bench = with_void();
    bench.terminal(knows("104", "3"));
    bench.say(own("110", ""));
    let done = bench.completed("V");
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true));
    let shown: Value = serde_json::from_str(&done.response.expect("a record")).expect("JSON");
    assert_eq!(shown["biz_data"]["merchant_order_no"], "O");
}

#[test]
fn a_void_that_moved_no_money_is_recovered_only_if_its_own_answer_was_lost() {
    assert!(!void_ends(Some(own("110", "")), "104", "2").recovered);
    let mut bench = with_void();
    bench.terminal(knows("1", "2"));
    bench.cut();
    bench.connect();
    let done = bench.completed("V");
    assert_eq!((done.outcome, done.recovered), (Outcome::Declined, true));
    let shown: Value = serde_json::from_str(&done.response.expect("a record")).expect("JSON");
    assert_eq!(shown["biz_data"]["merchant_order_no"], "V");
}

#[test]
fn the_originals_of_two_voids_are_told_apart_without_request_ids() {
    let mut bench = Bench::connected();
    bench.submit(void_of("V", "2", "O"));
    bench.submit(void_of("W", "2", "P"));
    for number in ["V", "W"] {
        let refused = with(answer(number, ORDER, number, "110", ""), "trans_type", "2");
        bench.say(without(refused, "trans_status"));
    }
    bench.events();
    let original = with(state("", "P", "3"), "trans_type", "1");
    bench.say(without(original, "request_id"));
    assert_eq!(bench.completed("W").outcome, Outcome::Approved);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn every_original_known_to_be_reversed_before_proves_nothing() {
    let mut bench = Bench::connected();
    for number in ["O", "P"] {
        bench.submit(query(number, number));
        bench.say(state(number, number, "3"));
    }
    bench.events();
    bench.submit(void_of("V", "2", "O"));
    bench.terminal(knows("3", "3"));
    bench.say(own("000", "3"));
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
}

#[test]
fn a_void_that_has_no_answer_of_its_own_left_is_clarified_with_its_originals_record() {
    let mut bench = with_void();
    bench.say(own("000", "3"));
    let query = bench.only_frame(QUERY);
    bench.say(code(&query, QUERY, "101"));
    bench.pass(300_000);
    assert_eq!(bench.completed("V").outcome, Outcome::Unknown);
    bench.terminal(knows("104", "3"));
    bench.pass(60_000);
    let clarified = bench.clarified();
    assert_eq!(clarified.outcome, Outcome::Approved);
    let shown: Value = serde_json::from_str(&clarified.response.expect("a record")).expect("JSON");
    assert_eq!(shown["biz_data"]["merchant_order_no"], "O");
}
