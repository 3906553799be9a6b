//! An order answered with `113`: the terminal has its number already.

use super::*;

fn answered_duplicate(attempt: Attempt) -> Bench {
    let mut bench = Bench::connected();
    bench.session.submit(sale("A"), None, attempt, bench.now);
    bench.step();
    bench.wire();
    bench.say(code("A", ORDER, "113"));
    bench
}

#[test]
fn without_an_earlier_attempt_it_is_unknown_with_the_record_as_response() {
    for status in ["2", "1", "3", "0"] {
        let mut bench = answered_duplicate(Attempt::First);
        let query = bench.only_frame(QUERY);
        let record = state(&query, "A", status);
        bench.say(record.clone());
        let done = bench.completed("A");
        assert_eq!(done.outcome, Outcome::Unknown, "{status}");
        assert_eq!(done.response, Some(record.to_string()));
        assert!(done.error.expect("why").message.contains("another till's"));
    }
}

#[test]
fn a_record_with_another_amount_is_shown_as_well() {
    let mut bench = answered_duplicate(Attempt::First);
    let query = bench.only_frame(QUERY);
    let record = with(state(&query, "A", "2"), "order_amount", "1.00");
    bench.say(record.clone());
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.response), (Outcome::Unknown, Some(record.to_string())));
}

#[test]
fn nobody_is_asked_again_for_nobody_can_say_whose_the_record_is() {
    let mut bench = answered_duplicate(Attempt::First);
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "2"));
    assert!(!bench.completed("A").second_look);
    bench.pass(600_000);
    assert_eq!(bench.topics(), [""; 0]);
    assert_eq!(bench.session.asked_about(), 0);
    bench.submit(query_of("q"));
    bench.say(state("q", "A", "2"));
    let EventKind::Completed(done) = bench.event() else { panic!("and nothing is clarified") };
    assert_eq!(done.outcome, Outcome::Approved);
}

#[test]
fn its_own_later_approval_clarifies_it_all_the_same() {
    let mut bench = answered_duplicate(Attempt::First);
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "1"));
    bench.events();
    bench.say(approval("A"));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Unknown));
}

#[test]
fn without_an_earlier_attempt_it_is_never_closed() {
    for status in ["104", "0", "silence"] {
        let mut bench = answered_duplicate(Attempt::First);
        bench.terminal(tells("A", status, Some("000")));
        bench.pass(300_000);
        bench.cut();
        bench.connect();
        bench.pass(300_000);
        assert!(!bench.topics().contains(&CLOSE.to_owned()), "{status}");
        assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
    }
}

#[test]
fn with_an_earlier_attempt_the_record_counts() {
    for (status, outcome) in
        [("2", Outcome::Approved), ("1", Outcome::Declined), ("3", Outcome::Cancelled)]
    {
        let mut bench = answered_duplicate(Attempt::Again);
        let query = bench.only_frame(QUERY);
        bench.say(state(&query, "A", status));
        let done = bench.completed("A");
        assert_eq!(done.outcome, outcome);
        assert_eq!(done.response, Some(state(&query, "A", status).to_string()));
    }
}

#[test]
fn with_an_earlier_attempt_it_is_closed_only_if_it_is_in_progress() {
    for (status, is_closed) in [("0", true), ("104", false), ("silence", false)] {
        let mut bench = answered_duplicate(Attempt::Again);
        bench.terminal(tells("A", status, Some("201")));
        bench.pass(300_000);
        assert_eq!(bench.topics().contains(&CLOSE.to_owned()), is_closed, "{status}");
        assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
    }
}

#[test]
fn an_unknown_order_that_is_answered_duplicate_at_last_does_not_complete_twice() {
    let mut bench = Bench::with_unknown("A");
    bench.terminal(tells("A", "2", None));
    bench.say(code("A", ORDER, "113"));
    bench.pass(300_000);
    let events = bench.events();
    assert!(!events.iter().any(|event| matches!(event, EventKind::Completed(_))), "{events:#?}");
}

#[test]
fn what_its_own_answer_says_after_all_is_not_corrected_by_a_record_that_may_be_anothers() {
    for status in ["0", "2"] {
        let mut bench = answered_duplicate(Attempt::First);
        bench.say(answer("A", ORDER, "A", "110", ""));
        assert_eq!(bench.completed("A").outcome, Outcome::Cancelled);
        bench.wire();
        bench.pass(30_000);
        let look = bench.only_frame(QUERY);
        bench.say(state(&look, "A", status));
        bench.no_event();
        assert_eq!(bench.looks(), ["A cancelled"]);
        bench.say(approval("A"));
        let clarified = bench.clarified();
        assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Cancelled));
    }
}

#[test]
fn a_number_that_was_never_sent_before_is_a_first_attempt() {
    let mut bench = Bench::new(settings());
    bench.sale("A");
    bench.pass(10_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotSent);
    bench.submit(request("A2", ORDER, sale_data("A")));
    bench.connect();
    bench.wire();
    bench.events();
    bench.say(code("A2", ORDER, "113"));
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "2"));
    assert_eq!(bench.completed("A2").outcome, Outcome::Unknown, "not ours: ours never left");
}

#[test]
fn an_attempt_after_busy_stays_one_when_it_was_not_sent_in_between() {
    let mut bench = Bench::with_sale("A");
    bench.say(code("A", ORDER, "101"));
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    bench.cut();
    bench.submit(request("A2", ORDER, sale_data("A")));
    bench.pass(10_000);
    bench.events();
    bench.submit(request("A3", ORDER, sale_data("A")));
    bench.connect();
    bench.wire();
    bench.events();
    bench.say(code("A3", ORDER, "113"));
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "2"));
    assert_eq!(bench.completed("A3").outcome, Outcome::Approved);
}

#[test]
fn an_order_restored_as_a_later_attempt_takes_its_record() {
    let mut bench = Bench::new(settings());
    let restored = Restored { attempt: Attempt::Again, ..open_order(START.wall_ms - 1_000) };
    bench.session.restore(restored, bench.now);
    bench.connect();
    bench.events();
    bench.wire();
    bench.say(code("A", ORDER, "113"));
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "2"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

fn query_of(id: &str) -> Request {
    query(id, "A")
}

#[test]
fn an_earlier_process_that_could_not_say_whose_the_number_is_leaves_it_unknown() {
    let mut bench = Bench::new(settings());
    let completed = RestoredState::Completed { outcome: Outcome::Unknown, look_at_ms: None };
    let since_ms = START.wall_ms - 60_000;
    let order = Restored { state: completed, ..open_order(since_ms) };
    bench.session.restore(order, bench.now);
    bench.terminal(tells("A", "2", None));
    bench.connect();
    bench.pass(300_000);
    assert_eq!(bench.topics(), [""; 0], "whose the record is, nobody can say");
    bench.events();
    bench.submit(query("q", "A"));
    let EventKind::Completed(done) = bench.event() else { panic!("and nothing is clarified") };
    assert_eq!(done.outcome, Outcome::Approved);
    assert_eq!(bench.session.asked_about(), 0);
}

#[test]
fn once_its_own_answer_has_come_the_record_is_known_to_be_its_own() {
    let mut bench = answered_duplicate(Attempt::First);
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "1"));
    bench.events();
    bench.say(approval("A"));
    assert_eq!(bench.clarified().outcome, Outcome::Approved);
    bench.submit(query_of("q"));
    bench.say(state("q", "A", "3"));
    let events = bench.events();
    let [EventKind::Completed(_), EventKind::Clarified(clarified)] = &events[..] else {
        panic!("{events:#?}")
    };
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Cancelled, Outcome::Approved));
}
