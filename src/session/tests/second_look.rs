//! The second look: an outcome that means "no money moved" is followed by one answered query.

use super::*;

const LOOK_AFTER: u64 = 30_000;

/// A sale that was declined at the start.
fn declined() -> Bench {
    declined_with(|_| {})
}

fn declined_with(change: impl FnOnce(&mut Settings)) -> Bench {
    let mut bench = Bench::connected_with(change);
    bench.sale("A");
    bench.wire();
    bench.say(answer("A", ORDER, "A", "106", "1"));
    assert_eq!(bench.completed("A").outcome, Outcome::Declined);
    bench
}

fn completed_earlier(look_at_ms: Option<i64>) -> Restored {
    let state = RestoredState::Completed { outcome: Outcome::Declined, look_at_ms };
    Restored { state, ..open_order(START.wall_ms - 60_000) }
}

#[test]
fn it_comes_once_after_its_time_and_ends_when_it_is_answered() {
    let mut bench = declined();
    bench.pass(LOOK_AFTER - 1);
    assert_eq!(bench.topics(), [""; 0]);
    bench.pass(1);
    let look = bench.only_frame(QUERY);
    assert_eq!(bench.looks(), [""; 0]);
    bench.say(not_found(&look));
    assert_eq!(bench.looks(), ["A declined"]);
    assert_eq!(bench.looks(), [""; 0], "each is returned once");
    assert_eq!(bench.session.asked_about(), 0);
    bench.pass(86_400_000);
    assert_eq!(bench.topics(), [""; 0]);
    bench.no_event();
}

#[test]
fn every_outcome_that_means_no_money_moved_gets_one_and_no_other() {
    for (code, status, gets_one) in
        [("106", "1", true), ("110", "", true), ("000", "3", true), ("000", "2", false)]
    {
        let mut bench = Bench::with_sale("A");
        bench.say(answer("A", ORDER, "A", code, status));
        assert_eq!(bench.completed("A").second_look, gets_one, "{code} {status}");
        bench.pass(LOOK_AFTER);
        assert_eq!(bench.topics().len(), usize::from(gets_one), "{code} {status}");
    }
    let mut bench = Bench::recovering("A");
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(62_000);
    assert!(bench.completed("A").second_look, "not_found");
    let mut bench = Bench::with_sale("A");
    bench.terminal(tells("A", "104", None));
    bench.say(code("A", ORDER, "101"));
    assert!(bench.completed("A").second_look, "busy");
}

#[test]
fn what_was_not_sent_gets_none() {
    let mut bench = Bench::new(settings());
    bench.sale("A");
    bench.pass(10_000);
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.second_look), (Outcome::NotSent, false));
    bench.connect();
    bench.pass(600_000);
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn what_contradicts_is_clarified_once_with_what_was_reported() {
    for (status, outcome) in [("2", Outcome::Approved), ("3", Outcome::Cancelled)] {
        let mut bench = declined();
        bench.pass(LOOK_AFTER);
        let look = bench.only_frame(QUERY);
        let record = state(&look, "A", status);
        bench.say(record.clone());
        let clarified = bench.clarified();
        assert_eq!((clarified.outcome, clarified.was), (outcome, Outcome::Declined));
        assert_eq!(clarified.response, Some(record.to_string()));
        assert_eq!(clarified.second_look, outcome.says_no_money_moved());
        bench.say(record);
        bench.no_event();
    }
}

#[test]
fn a_correction_that_means_no_money_moved_gets_a_look_of_its_own() {
    let mut bench = declined();
    bench.pass(LOOK_AFTER);
    let look = bench.only_frame(QUERY);
    bench.say(state(&look, "A", "3"));
    bench.events();
    bench.pass(LOOK_AFTER);
    let look = bench.only_frame(QUERY);
    bench.say(state(&look, "A", "2"));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Cancelled));
}

#[test]
fn the_same_outcome_is_no_news() {
    let mut bench = declined();
    bench.pass(LOOK_AFTER);
    let look = bench.only_frame(QUERY);
    bench.say(state(&look, "A", "1"));
    bench.no_event();
    assert_eq!(bench.looks(), ["A declined"]);
}

#[test]
fn unanswered_it_is_repeated() {
    let mut bench = declined();
    bench.pass(4 * LOOK_AFTER);
    let at: Vec<u64> = bench.wire().iter().map(|frame| frame.at - START.mono_ms).collect();
    assert_eq!(at, [30_000, 60_000, 90_000, 120_000]);
}

#[test]
fn answered_in_progress_it_is_repeated_until_it_is_known() {
    let mut bench = declined();
    bench.terminal(tells("A", "0", None));
    bench.pass(10 * LOOK_AFTER);
    bench.no_event();
    assert_eq!(bench.topics().len(), 10);
    bench.terminal(tells("A", "2", None));
    bench.pass(LOOK_AFTER);
    assert_eq!(bench.clarified().outcome, Outcome::Approved);
}

#[test]
fn it_is_repeated_after_its_connection_was_lost() {
    let mut bench = declined();
    bench.pass(LOOK_AFTER);
    bench.cut();
    bench.terminal(tells("A", "2", None));
    bench.connect();
    bench.events();
    bench.pass(LOOK_AFTER);
    assert_eq!(bench.clarified().outcome, Outcome::Approved);
}

#[test]
fn it_waits_for_a_connection() {
    let mut bench = declined();
    bench.cut();
    bench.pass(600_000);
    assert_eq!(bench.topics(), [""; 0]);
    bench.connect();
    assert_eq!(bench.topics(), [QUERY], "and is not put off any longer");
}

#[test]
fn a_connection_that_comes_back_does_not_bring_it_forward() {
    let mut bench = declined();
    bench.pass(5_000);
    bench.cut();
    bench.connect();
    bench.pass_to(LOOK_AFTER - 1);
    assert_eq!(bench.topics(), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn it_waits_until_the_terminal_is_free() {
    let mut bench = declined();
    bench.pass(20_000);
    bench.sale("B");
    bench.wire();
    bench.pass(60_000);
    assert_eq!(bench.topics(), [""; 0], "B's customer is at the terminal");
    bench.say(approval("B"));
    bench.pass(2_000);
    assert_eq!(bench.only_frame(QUERY).len(), 29);
}

#[test]
fn it_is_never_a_close() {
    let mut bench = declined();
    bench.terminal(tells("A", "0", Some("000")));
    bench.pass(86_400_000);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn it_ends_with_the_days_of_clarification() {
    let mut bench = declined();
    bench.pass(7 * 86_400_000);
    assert_eq!(bench.session.asked_about(), 0);
    assert_eq!(bench.looks(), [""; 0], "the next process tries again");
}

#[test]
fn an_answer_that_can_never_be_used_ends_it() {
    let mut bench = declined();
    bench.pass(LOOK_AFTER);
    let look = bench.only_frame(QUERY);
    bench.say(code(&look, QUERY, "114"));
    assert_eq!(bench.looks(), ["A declined"]);
}

#[test]
fn an_answer_after_which_asking_again_may_help_does_not_end_it() {
    for said in ["107", "108", "109", "999"] {
        let mut bench = declined();
        bench.pass(LOOK_AFTER);
        let look = bench.only_frame(QUERY);
        bench.say(code(&look, QUERY, said));
        assert_eq!(bench.session.asked_about(), 1, "{said}");
    }
}

#[test]
fn a_record_of_something_else_neither_ends_nor_corrects() {
    let mut bench = declined();
    bench.pass(LOOK_AFTER);
    let look = bench.only_frame(QUERY);
    bench.say(with(state(&look, "A", "2"), "order_amount", "1.00"));
    bench.no_event();
    assert_eq!(bench.session.asked_about(), 1);
}

#[test]
fn the_terminals_own_answer_repeated_does_not_count_as_the_look() {
    let mut bench = declined();
    bench.say(answer("A", ORDER, "A", "106", "1"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
    bench.say(without(answer("A", ORDER, "A", "106", "1"), "request_id"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
    bench.pass(LOOK_AFTER);
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn the_tills_own_query_serves_as_the_look_once_its_time_has_come() {
    let mut bench = declined();
    bench.terminal(|_| None);
    bench.pass(LOOK_AFTER);
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "1"));
    assert_eq!(bench.completed("q").outcome, Outcome::Declined);
    assert_eq!(bench.looks(), ["A declined"]);
}

#[test]
fn the_tills_own_query_before_that_corrects_the_outcome_and_does_not_confirm_it() {
    let mut bench = declined();
    bench.submit(query("q", "A"));
    bench.pass(LOOK_AFTER - 1);
    bench.say(state("q", "A", "1"));
    assert_eq!(bench.completed("q").outcome, Outcome::Declined);
    assert_eq!(bench.looks(), [""; 0]);
    bench.wire();
    bench.pass(1);
    assert_eq!(bench.topics(), [QUERY], "it is looked at when its time has come");

    let mut bench = declined();
    bench.submit(query("q", "A"));
    bench.say(state("q", "A", "2"));
    let events = bench.events();
    let corrections = events.iter().filter_map(|event| match event {
        EventKind::Clarified(correction) => Some((correction.outcome, correction.was)),
        _ => None,
    });
    assert!(corrections.eq([(Outcome::Approved, Outcome::Declined)]));
}

#[test]
fn with_a_time_of_zero_there_is_none() {
    let mut bench = declined_with(|settings| settings.second_look_ms = 0);
    assert_eq!(bench.session.asked_about(), 0);
    bench.pass(600_000);
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn its_time_is_the_configured_one() {
    let mut bench = declined_with(|settings| settings.second_look_ms = 5_000);
    bench.pass(4_999);
    assert_eq!(bench.topics(), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn one_that_an_earlier_process_owed_is_taken_at_its_time() {
    for (look_at_ms, wait) in
        [(START.wall_ms - 3_600_000, 0), (START.wall_ms + 12_000, 12_000), (i64::MAX, 30_000)]
    {
        let mut bench = Bench::new(settings());
        bench.session.restore(completed_earlier(Some(look_at_ms)), bench.now);
        assert_eq!((bench.session.in_flight(), bench.session.asked_about()), (0, 1));
        bench.session.on_connected(bench.now);
        bench.step();
        bench.events();
        if wait > 0 {
            bench.pass(wait - 1);
            assert_eq!(bench.topics(), [""; 0], "{look_at_ms}");
            bench.pass(1);
        }
        let look = bench.only_frame(QUERY);
        bench.say(state(&look, "A", "2"));
        let clarified = bench.clarified();
        assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Declined));
    }
}

#[test]
fn one_that_was_done_in_an_earlier_process_is_not_repeated() {
    let mut bench = Bench::new(settings());
    bench.session.restore(completed_earlier(None), bench.now);
    bench.connect();
    bench.pass(600_000);
    assert_eq!(bench.topics(), [""; 0]);
    assert_eq!(bench.session.asked_about(), 0);
}

#[test]
fn with_a_time_of_zero_an_earlier_process_owes_none_either() {
    let mut bench = Bench::new(Settings { second_look_ms: 0, ..settings() });
    bench.session.restore(completed_earlier(Some(START.wall_ms)), bench.now);
    bench.connect();
    bench.pass(600_000);
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn reusing_the_number_ends_it() {
    let mut bench = Bench::with_sale("A");
    bench.terminal(tells("A", "104", None));
    bench.say(code("A", ORDER, "101"));
    assert_eq!(bench.completed("A").outcome, Outcome::Busy);
    bench.wire();
    bench.terminal(tells("A", "2", None));
    bench.submit(request("A2", ORDER, sale_data("A")));
    bench.say(answer("A2", ORDER, "A", "000", "2"));
    assert_eq!(bench.completed("A2").outcome, Outcome::Approved);
    bench.pass(600_000);
    assert_eq!(bench.topics(), [ORDER]);
    bench.no_event();
}

#[test]
fn an_order_declined_while_it_was_recovered_is_not_closed_after_it() {
    let mut bench = Bench::recovering("A");
    bench.takes_data = false;
    bench.pass_to(60_000);
    bench.wire();
    bench.say(answer("A", ORDER, "A", "106", "1"));
    bench.events();
    bench.takes_data = true;
    bench.step();
    bench.pass(10_000);
    assert_eq!(bench.topics(), [""; 0], "the close that waited is withdrawn");
}

/// Sale `A` was declined by its own answer while a query about it was under way; that query's `request_id`.
fn declined_beside_a_query() -> (Bench, String) {
    let mut bench = Bench::with_sale("A");
    bench.say_raw("garbage");
    let query = bench.only_frame(QUERY);
    bench.say(answer("A", ORDER, "A", "106", "1"));
    assert_eq!(bench.completed("A").outcome, Outcome::Declined);
    (bench, query)
}

#[test]
fn what_was_asked_before_the_outcome_cannot_confirm_it() {
    for says in [not_found as fn(&str) -> Value, |id| state(id, "A", "1"), |id| state(id, "A", "0")]
    {
        let (mut bench, query) = declined_beside_a_query();
        bench.pass(1_000);
        bench.say(says(&query));
        bench.no_event();
        assert_eq!(bench.looks(), [""; 0]);
        bench.pass(LOOK_AFTER - 1_000);
        let look = bench.only_frame(QUERY);
        bench.say(state(&look, "A", "1"));
        assert_eq!(bench.looks(), ["A declined"]);
    }
}

#[test]
fn what_was_asked_before_the_outcome_can_contradict_it() {
    let (mut bench, query) = declined_beside_a_query();
    bench.say(state(&query, "A", "2"));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Declined));
}

#[test]
fn an_own_answer_that_settles_nothing_does_not_bring_it_forward() {
    for said in ["101", "106", "107", "113"] {
        let mut bench = declined();
        bench.say(code("A", ORDER, said));
        assert_eq!(bench.message_late_for().as_deref(), Some("A"), "{said}");
        assert_eq!(bench.topics(), [""; 0]);
        bench.pass(LOOK_AFTER);
        assert_eq!(bench.topics(), [QUERY]);
    }
}

#[test]
fn a_bare_code_that_may_answer_the_look_corrects_nothing() {
    let mut bench = declined();
    bench.pass(LOOK_AFTER);
    bench.events();
    bench.say(
        json!({"app_id": "app", "response_code": "110", "biz_data": {"merchant_order_no": "A"}}),
    );
    assert!(matches!(bench.event(), EventKind::Message { late_for: Some(_), .. }));
}

#[test]
fn an_own_answer_during_the_look_may_lack_its_topic_or_its_request_id() {
    for missing in ["topic", "request_id"] {
        let mut bench = declined();
        bench.pass(LOOK_AFTER);
        let own = without(answer("A", ORDER, "A", "110", ""), missing);
        bench.say(without(own, "trans_status"));
        let clarified = bench.clarified();
        assert_eq!((clarified.outcome, clarified.was), (Outcome::Cancelled, Outcome::Declined));
    }
}
