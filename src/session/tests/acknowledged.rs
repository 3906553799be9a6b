//! A success code without a `trans_status`: approved, and looked at again at once.

use super::*;

fn bare(code: &str) -> Value {
    without(answer("A", ORDER, "A", code, ""), "trans_status")
}

fn acknowledged() -> (Bench, String) {
    let mut bench = Bench::with_sale("A");
    bench.say(bare("000"));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.second_look), (Outcome::Approved, true));
    assert_eq!(done.response, Some(bare("000").to_string()));
    let query = bench.only_frame(QUERY);
    (bench, query)
}

#[test]
fn the_look_comes_at_once_and_the_same_outcome_ends_it() {
    let (mut bench, query) = acknowledged();
    bench.say(state(&query, "A", "2"));
    bench.no_event();
    assert_eq!(bench.looks(), ["A approved"]);
    bench.pass(600_000);
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn a_record_that_says_otherwise_is_clarified() {
    for (status, outcome) in [("1", Outcome::Declined), ("3", Outcome::Cancelled)] {
        let (mut bench, query) = acknowledged();
        bench.say(state(&query, "A", status));
        let clarified = bench.clarified();
        assert_eq!((clarified.outcome, clarified.was), (outcome, Outcome::Approved));
    }
}

#[test]
fn while_the_customer_is_still_there_it_is_looked_at_again() {
    let (mut bench, query) = acknowledged();
    bench.say(state(&query, "A", "0"));
    bench.no_event();
    bench.pass(30_000);
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "3"));
    assert_eq!(
        bench.clarified().outcome,
        Outcome::Cancelled,
        "an acknowledgement, as it turns out"
    );
}

#[test]
fn a_terminal_that_never_names_a_status_says_nothing_new() {
    let (mut bench, query) = acknowledged();
    bench.say(code(&query, QUERY, "000"));
    bench.no_event();
    assert_eq!(bench.session.asked_about(), 0);
    let (mut bench, query) = acknowledged();
    bench.say(not_found(&query));
    bench.no_event();
    assert_eq!(bench.session.asked_about(), 0, "not found settles nothing");
}

#[test]
fn its_own_cancellation_that_follows_is_clarified() {
    let (mut bench, _) = acknowledged();
    bench.say(answer("A", ORDER, "A", "110", ""));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Cancelled, Outcome::Approved));
}

#[test]
fn it_is_looked_at_on_the_next_connection_if_this_one_ends() {
    let (mut bench, _) = acknowledged();
    bench.cut();
    bench.connect();
    bench.pass(30_000);
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn without_second_looks_it_is_just_approved() {
    let mut bench = Bench::connected_with(|settings| settings.second_look_ms = 0);
    bench.sale("A");
    bench.wire();
    bench.say(bare("000"));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.second_look), (Outcome::Approved, false));
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn with_a_code_in_brackets_it_is_not_a_success() {
    let mut bench = Bench::with_sale("A");
    let mut contradiction = bare("000");
    contradiction["response_msg"] = json!("[[N003]declined]");
    bench.say(contradiction);
    assert!(matches!(bench.event(), EventKind::Recovering { .. }));
}

#[test]
fn after_a_refusal_was_reported_it_is_clarified_and_looked_at_again() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", ORDER, "A", "106", "1"));
    assert_eq!(bench.completed("A").outcome, Outcome::Declined);
    bench.say(bare("000"));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.second_look), (Outcome::Approved, true));
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn the_same_success_again_is_no_look() {
    let (mut bench, query) = acknowledged();
    bench.say(bare("000"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
    assert_eq!(bench.session.asked_about(), 1);
    bench.say(state(&query, "A", "1"));
    assert_eq!(bench.clarified().outcome, Outcome::Declined);
}

#[test]
fn on_a_later_connection_it_is_recovered() {
    let mut bench = Bench::with_sale("A");
    bench.cut();
    bench.connect();
    bench.events();
    bench.say(bare("000"));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true));
}

#[test]
fn after_the_second_look_at_a_refusal_it_is_clarified_and_looked_at_again() {
    let look = |own: Value| {
        let mut bench = Bench::with_sale("A");
        bench.say(answer("A", ORDER, "A", "106", "1"));
        bench.terminal(tells("A", "104", None));
        bench.pass(30_000);
        assert_eq!(bench.looks(), ["A declined"]);
        bench.events();
        bench.wire();
        bench.terminal(|_| None);
        bench.say(own);
        let clarified = bench.clarified();
        assert_eq!(clarified.outcome, Outcome::Approved);
        assert_eq!(bench.topics().len(), usize::from(clarified.second_look));
        clarified.second_look
    };
    assert!(look(bare("000")));
    assert!(!look(approval("A")), "with a trans_status it is proven");
}
