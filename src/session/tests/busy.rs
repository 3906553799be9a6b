//! An order answered with `101`: the terminal serves another customer.

use super::*;

fn busy_answer() -> Value {
    code("A", ORDER, "101")
}

fn answered_busy() -> Bench {
    let mut bench = Bench::with_sale("A");
    bench.say(busy_answer());
    bench
}

/// A sale that completed as busy.
fn completed_busy() -> Bench {
    let mut bench = answered_busy();
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    assert_eq!(bench.completed("A").outcome, Outcome::Busy);
    bench
}

fn same_number(id: &str) -> Request {
    Request { request_id: id.to_owned(), ..request(id, ORDER, sale_data("A")) }
}

#[test]
fn it_is_reported_within_a_second_with_the_terminals_own_answer() {
    let mut bench = Bench::with_sale("A");
    bench.pass(300);
    bench.say(busy_answer());
    bench.no_event();
    let query = bench.only_frame(QUERY);
    bench.pass(300);
    bench.say(not_found(&query));
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.elapsed_ms, done.recovered), (Outcome::Busy, 600, false));
    assert_eq!(done.response, Some(busy_answer().to_string()));
    assert_eq!(done.error, None);
}

#[test]
fn not_found_in_other_words_makes_it_busy_too() {
    for said in ["104", "E04110", "E04111", "ET002", "ET003", "K015"] {
        let mut bench = answered_busy();
        let query = bench.only_frame(QUERY);
        bench.say(code(&query, QUERY, said));
        assert_eq!(bench.completed("A").outcome, Outcome::Busy, "{said}");

        let mut bench = answered_busy();
        let query = bench.only_frame(QUERY);
        let mut answer = code(&query, QUERY, if said == "104" { said } else { "106" });
        answer["response_msg"] = json!(format!("no record[[{said}]no record]"));
        bench.say(answer);
        assert_eq!(bench.completed("A").outcome, Outcome::Busy, "{said} in brackets");
    }
}

#[test]
fn a_record_that_settles_it_counts_instead() {
    for (status, outcome) in
        [("2", Outcome::Approved), ("1", Outcome::Declined), ("3", Outcome::Cancelled)]
    {
        let mut bench = answered_busy();
        let query = bench.only_frame(QUERY);
        bench.say(state(&query, "A", status));
        assert_eq!(bench.completed("A").outcome, outcome);
    }
}

#[test]
fn its_own_approval_counts_instead() {
    let mut bench = answered_busy();
    bench.say(approval("A"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn a_record_in_progress_is_recovered_and_never_closed() {
    let mut bench = answered_busy();
    bench.terminal(tells("A", "0", Some("000")));
    bench.pass(200_000);
    let events = bench.events();
    let [EventKind::Recovering { .. }, EventKind::Completed(done)] = &events[..] else {
        panic!("{events:#?}")
    };
    assert_eq!(done.outcome, Outcome::Unknown);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn not_found_after_in_progress_is_not_busy() {
    let mut bench = answered_busy();
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "0"));
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass(200_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown, "the terminal had accepted it");
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn a_query_answered_busy_is_not_a_record_of_the_order() {
    let mut bench = answered_busy();
    let query = bench.only_frame(QUERY);
    bench.say(code(&query, QUERY, "101"));
    bench.no_event();
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass(2_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Busy);
}

#[test]
fn while_no_query_is_answered_it_is_neither_busy_nor_closed() {
    let mut bench = answered_busy();
    bench.pass(180_000);
    assert_eq!(bench.session.in_flight(), 1);
    bench.pass(4_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
    bench.cut();
    bench.connect();
    bench.pass(600_000);
    assert!(!bench.topics().contains(&CLOSE.to_owned()), "not while it is clarified either");
}

#[test]
fn an_unknown_one_is_clarified_to_busy_when_there_is_no_record_after_all() {
    let mut bench = answered_busy();
    bench.pass(184_000);
    bench.events();
    bench.wire();
    bench.pass(30_000);
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Busy, Outcome::Unknown));
}

#[test]
fn a_terminal_that_queues_orders_is_never_merely_busy() {
    for topic in ["ecrhub.init", "ecrhub.pay.init"] {
        let mut bench = Bench::connected();
        bench.submit(plain("i", topic));
        let mut answer = code("i", topic, "000");
        answer["biz_data"] = json!({"order_queue_mode": "FIFO"});
        bench.say(answer);
        bench.sale("A");
        bench.events();
        bench.wire();
        bench.terminal(tells("A", "104", Some("000")));
        bench.say(busy_answer());
        bench.pass(179_000);
        assert_eq!(bench.session.in_flight(), 1, "the customer may still be served");
        bench.pass(6_000);
        assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
        assert!(!bench.topics().contains(&CLOSE.to_owned()));
    }
}

#[test]
fn an_initialisation_without_a_queue_mode_changes_nothing() {
    let mut bench = Bench::connected();
    bench.submit(plain("i", "ecrhub.init"));
    bench.say(code("i", "ecrhub.init", "000"));
    bench.sale("A");
    bench.events();
    bench.wire();
    bench.say(busy_answer());
    let query = bench.only_frame(QUERY);
    bench.say(not_found(&query));
    assert_eq!(bench.completed("A").outcome, Outcome::Busy);
}

#[test]
fn its_number_may_be_used_again_and_its_id_may_not() {
    let bench = completed_busy();
    assert!(bench.session.check_unused(&same_number("A2")).is_ok());
    assert!(bench.session.check_unused(&sale("A")).is_err());
}

#[test]
fn a_duplicate_after_busy_means_the_earlier_attempt_and_its_record_counts() {
    let mut bench = completed_busy();
    bench.submit(same_number("A2"));
    bench.wire();
    bench.say(code("A2", ORDER, "113"));
    let query = bench.only_frame(QUERY);
    bench.say(state(&query, "A", "2"));
    assert_eq!(bench.completed("A2").outcome, Outcome::Approved);
}

#[test]
fn sent_again_with_the_same_number_the_earlier_attempt_is_over() {
    let mut bench = completed_busy();
    bench.submit(same_number("A2"));
    assert_eq!(bench.topics(), [ORDER]);
    assert_eq!(bench.session.asked_about(), 0, "no second look at the earlier attempt");
    bench.say(answer("A2", ORDER, "A", "000", "2"));
    bench.events();
    bench.pass(100_000);
    bench.no_event();
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn a_late_answer_of_the_earlier_attempt_is_a_message_and_makes_the_library_ask_about_the_newer() {
    let mut bench = completed_busy();
    bench.submit(same_number("A2"));
    bench.wire();
    bench.say(approval("A"));
    let events = bench.events();
    let [EventKind::Message { late_for, .. }, EventKind::Recovering { request_id, .. }] =
        &events[..]
    else {
        panic!("{events:#?}")
    };
    assert_eq!((late_for.as_deref(), &**request_id), (Some("A"), "A2"));
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn an_order_that_could_not_be_written_down_leaves_its_earlier_attempt_as_it_was() {
    let mut bench = Bench::connected();
    bench.terminal(|message| {
        let id = message["request_id"].as_str()?;
        match message["topic"].as_str()? {
            ORDER => Some(answer(id, ORDER, "A", "101", "")),
            QUERY => Some(not_found(id)),
            _ => None,
        }
    });
    bench.sale("A");
    assert_eq!(bench.completed("A").outcome, Outcome::Busy);
    let again = Request { request_id: "again".to_owned(), ..sale("A") };
    let earlier = bench.session.end_earlier_attempt(&again).expect("the first attempt");
    assert_eq!(earlier, "A");
    bench.session.resume_earlier_attempt(&earlier, bench.now);
    bench.say(without(approval("A"), "request_id"));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Busy));
}

/// A sale that completed as busy, whose second look is over, and whose number was nearly used again.
fn resumed_with(second_look_ms: u64) -> Bench {
    let mut bench = Bench::connected_with(|settings| settings.second_look_ms = second_look_ms);
    bench.terminal(tells("A", "104", None));
    bench.sale("A");
    bench.say(busy_answer());
    bench.pass(second_look_ms);
    bench.looks();
    bench.events();
    bench.wire();
    let earlier = bench.session.end_earlier_attempt(&same_number("A2")).expect("the first attempt");
    bench.session.resume_earlier_attempt(&earlier, bench.now);
    bench
}

#[test]
fn an_order_that_could_not_be_written_down_gives_its_earlier_attempt_another_look() {
    let mut bench = resumed_with(30_000);
    bench.pass(29_999);
    assert_eq!(bench.topics(), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.topics(), [QUERY]);
    assert_eq!(bench.looks(), ["A busy"]);
    bench.say(without(approval("A"), "request_id"));
    assert_eq!(bench.clarified().outcome, Outcome::Approved, "it stands for its number again");
    let mut bench = resumed_with(0);
    bench.pass(100_000);
    assert_eq!(bench.topics(), [""; 0], "where there are none");
}

#[test]
fn an_earlier_attempt_that_was_not_sent_gets_no_look() {
    let mut bench = Bench::new(settings());
    bench.sale("A");
    bench.pass(10_000);
    let earlier = bench.session.end_earlier_attempt(&same_number("A2")).expect("the first attempt");
    bench.session.resume_earlier_attempt(&earlier, bench.now);
    assert_eq!(bench.session.asked_about(), 0);
}

#[test]
fn once_its_number_is_used_again_nothing_corrects_an_attempt_that_was_looked_at() {
    let mut bench = completed_busy();
    bench.terminal(tells("A", "104", None));
    bench.pass(30_000);
    assert_eq!(bench.looks(), ["A busy"]);
    bench.terminal(|_| None);
    bench.submit(same_number("A2"));
    bench.events();
    bench.say(approval("A"));
    let events = bench.events();
    assert!(matches!(&events[0], EventKind::Message { .. }), "{events:#?}");
    assert!(!events.iter().any(|event| matches!(event, EventKind::Clarified(_))), "{events:#?}");
}
