//! An order refused without a `trans_status`: its record decides, and "not found" twice makes it declined.

use super::*;

fn refused(said: &str) -> Bench {
    let mut bench = Bench::with_sale("A");
    bench.say(code("A", ORDER, said));
    bench
}

#[test]
fn an_ordinary_decline_is_reported_within_a_round_trip_and_an_interval() {
    const ROUND_TRIP: u64 = 150;
    for said in ["106", "111", "115", "777"] {
        let mut bench = Bench::with_sale("A");
        bench.pass(20_000);
        let own = code("A", ORDER, said);
        bench.say(own.clone());
        let answered = bench.now.mono_ms;
        bench.no_event();
        let first = bench.only_frame(QUERY);
        bench.pass(ROUND_TRIP);
        bench.say(not_found(&first));
        bench.no_event();
        bench.pass(2_000 - ROUND_TRIP);
        let second = bench.only_frame(QUERY);
        bench.pass(ROUND_TRIP);
        bench.say(not_found(&second));
        let done = bench.completed("A");
        assert_eq!((done.outcome, done.recovered), (Outcome::Declined, false), "{said}");
        assert_eq!(done.response, Some(own.to_string()), "its own answer, not the query's");
        assert_eq!(bench.now.mono_ms - answered, 2_000 + ROUND_TRIP);
    }
}

#[test]
fn one_not_found_is_not_enough() {
    let mut bench = refused("106");
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    bench.say(not_found(&query));
    bench.pass(1_999);
    bench.say(not_found(&query));
    bench.no_event();
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn its_record_counts_instead() {
    for (status, outcome) in [("2", Outcome::Approved), ("3", Outcome::Cancelled)] {
        let mut bench = refused("106");
        let query = bench.only_frame(QUERY);
        bench.say(not_found(&query));
        bench.pass(2_000);
        let query = bench.only_frame(QUERY);
        bench.say(state(&query, "A", status));
        let done = bench.completed("A");
        assert_eq!((done.outcome, done.recovered), (outcome, true));
    }
}

#[test]
fn a_record_that_confirms_it_leaves_the_answer_that_says_why() {
    let mut bench = refused("106");
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "1"));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.recovered), (Outcome::Declined, false));
    assert!(done.response.is_some_and(|own| own.contains(r#""106""#)));
}

#[test]
fn a_record_that_does_not_match_declines_nothing() {
    let mut bench = refused("106");
    bench.terminal(|message| {
        let id = message["request_id"].as_str()?;
        (message["topic"] == QUERY).then(|| with(state(id, "A", "1"), "order_amount", "1.00"))
    });
    bench.pass(20_000);
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn in_progress_after_a_refusal_is_recovery() {
    let mut bench = refused("106");
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    bench.pass(2_000);
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "0"));
    assert!(matches!(bench.event(), EventKind::Recovering { .. }));
    bench.terminal(tells("A", "104", None));
    bench.pass(10_000);
    assert_eq!(
        bench.session.in_flight(),
        1,
        "the screen stayed: two not founds decline nothing now"
    );
}

#[test]
fn a_query_answered_busy_declines_nothing_and_cuts_nobody_short() {
    let mut bench = refused("106");
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    bench.pass(2_000);
    let query = bench.only_frame(QUERY);
    bench.say(code(&query, QUERY, "101"));
    bench.no_event();
    bench.terminal(tells("A", "104", None));
    bench.pass(2_000);
    assert_eq!(bench.session.in_flight(), 1);
    bench.pass(2_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Declined, "asked twice after it");
}

#[test]
fn an_approval_that_follows_counts() {
    for wait in [0, 1_000] {
        let mut bench = refused("106");
        bench.pass(wait);
        bench.say(approval("A"));
        assert_eq!(bench.completed("A").outcome, Outcome::Approved);
    }
}

#[test]
fn an_approval_after_it_was_declined_is_clarified() {
    let mut bench = refused("106");
    bench.terminal(tells("A", "104", None));
    bench.pass(4_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Declined);
    bench.say(approval("A"));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Declined));
}

#[test]
fn a_silent_terminal_leaves_it_in_recovery_and_it_is_announced_when_asked_again() {
    let mut bench = refused("106");
    bench.pass(2_000);
    bench.no_event();
    bench.pass(2_000);
    assert!(matches!(bench.event(), EventKind::Recovering { .. }));
    bench.pass(175_999);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    assert_eq!(bench.session.in_flight(), 1);
}

#[test]
fn a_connection_lost_between_the_two_queries_starts_neither_anew() {
    let mut bench = refused("106");
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    bench.cut();
    bench.terminal(tells("A", "104", None));
    bench.connect();
    bench.pass(4_000);
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.recovered), (Outcome::Declined, true));
}

/// The close of sale `A` and the query after it were not answered, and half a second before the end the order is refused.
fn refused_during_the_last_words() -> Bench {
    let mut bench = Bench::recovering("A");
    bench.pass_to(65_500);
    bench.say(code("A", ORDER, "106"));
    bench
}

#[test]
fn one_that_comes_during_the_last_words_is_still_looked_up() {
    let mut bench = refused_during_the_last_words();
    let query = bench.wire().pop().expect("a query");
    bench.say(not_found(query.id()));
    bench.terminal(tells("A", "104", None));
    bench.pass_to(67_500);
    assert_eq!(bench.completed("A").outcome, Outcome::Declined);
}

#[test]
fn one_that_is_repeated_during_the_last_words_does_not_put_the_end_off() {
    let mut bench = refused_during_the_last_words();
    for _ in 0..5 {
        bench.pass(1_000);
        bench.say(code("A", ORDER, "106"));
    }
    bench.pass_to(71_499);
    bench.no_event();
    bench.pass_to(71_500);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn one_that_is_repeated_while_the_close_is_unanswered_waits_for_that() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(59_000);
    bench.say(code("A", ORDER, "106"));
    bench.pass_to(60_000);
    assert_eq!(bench.wire().pop().expect("a close").topic(), CLOSE);
    bench.say(code("A", ORDER, "106"));
    assert_eq!(bench.topics(), [""; 0]);
    bench.pass(2_000);
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn an_unknown_order_that_is_refused_at_last_is_declined_once_there_is_no_record_of_it() {
    let mut bench = Bench::with_unknown("A");
    bench.terminal(tells("A", "104", Some("201")));
    bench.say(code("A", ORDER, "106"));
    bench.pass(2_000);
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Declined, Outcome::Unknown));
}
