//! Where answers carry no `request_id`, one that was held back must never count for a later question; and a close that
//! could overtake its order proves nothing.

use super::*;

fn nameless_not_found() -> Value {
    let mut answer = without(not_found(""), "request_id");
    answer["biz_data"] = json!({"merchant_order_no": "A"});
    answer
}

fn nameless_close(said: &str) -> Value {
    let mut answer = without(code("", CLOSE, said), "request_id");
    answer["biz_data"] = json!({"merchant_order_no": "A"});
    answer
}

/// A terminal whose answers name no request, and that has no record of sale `A`.
fn nameless(message: &Value) -> Option<Value> {
    match message["topic"].as_str()? {
        QUERY => Some(nameless_not_found()),
        CLOSE => Some(nameless_close("000")),
        _ => None,
    }
}

#[test]
fn answers_held_back_do_not_make_a_charged_order_not_found() {
    let mut bench = Bench::connected();
    bench.submit(Request { request_id: "r0".to_owned(), ..request("r0", ORDER, sale_data("A")) });
    bench.pass_to(100);
    bench.cut();
    bench.pass_to(1_100);
    bench.connect();
    bench.say(nameless_not_found());
    bench.pass_to(2_200);
    bench.submit(request("c", CLOSE, json!({"merchant_order_no": "A"})));
    bench.wire();
    // The terminal accepts that close and forgets it; its answer, and the last query's, stay in its queue.
    while bench.session.next_deadline().is_some_and(|at| at < START.mono_ms + 177_000) {
        bench.pass_to_deadline();
        for frame in bench.wire() {
            if frame.topic() == QUERY {
                bench.say(nameless_not_found());
            }
        }
    }
    bench.pass_to(179_999);
    bench.events();
    bench.wire();
    // Now the order's bytes arrive, and the customer pays.
    bench.pass_to(180_000);
    assert_eq!(bench.topics(), [""; 0], "no close while an older question is unanswered");
    assert_eq!(bench.drops, 1, "its answer can no longer come");
    bench.connect();
    assert_eq!(bench.topics(), [CLOSE]);
    bench.say(nameless_close("201"));
    bench.say(without(state("", "A", "2"), "request_id"));
    assert_eq!(bench.completed("r0").outcome, Outcome::Approved);
}

#[test]
fn nothing_unanswered_needs_no_other_connection() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.say(nameless_not_found());
    bench.terminal(nameless);
    bench.pass_to(62_000);
    assert_eq!(bench.drops, 0);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn a_terminal_known_to_name_requests_needs_no_other_connection() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(60_000);
    assert_eq!(bench.drops, 0);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn a_silent_terminal_is_left_once_before_the_deciding_close() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.pass_to(60_000);
    assert_eq!(bench.drops, 1);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    bench.connect();
    assert_eq!(bench.topics(), [CLOSE]);
    bench.pass(10_000);
    assert_eq!(bench.drops, 1, "at most once a round");
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn a_question_of_the_tills_own_counts_as_unanswered_too() {
    for own in [query("q", "A"), request("q", CLOSE, json!({"merchant_order_no": "A"}))] {
        let mut bench =
            Bench::recovering_order(sale("A"), |settings| settings.request_timeout_ms = 5_000);
        bench.say(nameless_not_found());
        bench.submit(own);
        bench.wire();
        bench.terminal(nameless);
        bench.pass_to(59_999);
        bench.events();
        // One answer less than questions has come.
        bench.pass_to(60_000);
        assert_eq!(bench.drops, 1);
    }
}

#[test]
fn a_question_about_another_number_does_not_count() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.say(nameless_not_found());
    bench.submit(query("q", "B"));
    bench.terminal(nameless);
    bench.pass_to(60_000);
    assert_eq!(bench.drops, 0);
}

#[test]
fn a_terminal_out_of_reach_afterwards_leaves_it_unknown_within_bounds() {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.pass_to(60_000);
    assert_eq!(bench.drops, 1);
    bench.pass_to(60_000 + 20_000 + 4_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn a_refusal_or_busy_is_looked_up_on_a_connection_without_older_questions() {
    for said in ["101", "106"] {
        let mut bench = Bench::with_sale("A");
        bench.submit(query("q", "A"));
        bench.wire();
        bench.say(without(with(code("", ORDER, said), "merchant_order_no", "A"), "request_id"));
        assert_eq!(bench.drops, 1, "the answer to the till's query could be taken for ours");
        bench.events();
        bench.terminal(nameless);
        bench.connect();
        bench.pass(2_000);
        assert!(matches!(bench.completed("A").outcome, Outcome::Busy | Outcome::Declined));
    }
}

#[test]
fn an_unanswered_query_does_not_keep_busy_or_a_refusal_from_being_told() {
    for (said, outcome) in [("101", Outcome::Busy), ("106", Outcome::Declined)] {
        let mut bench = Bench::with_sale("A");
        bench.say(without(with(code("", ORDER, said), "merchant_order_no", "A"), "request_id"));
        assert_eq!(bench.topics(), [QUERY]);
        bench.events();
        // The terminal has ignored it: each answer from now on may be the one to it.
        bench.terminal(nameless);
        bench.pass(2_000);
        assert_eq!(bench.drops, 1);
        bench.events();
        bench.connect();
        bench.pass(10_000);
        assert_eq!(bench.completed("A").outcome, outcome);
    }
}

#[test]
fn while_it_is_clarified_the_connection_is_given_up_at_most_once_a_round_and_never_beside_a_request()
 {
    let mut bench = Bench::recovering_order(sale("A"), |_| {});
    bench.pass_to(60_000);
    bench.connect();
    bench.pass_to(80_000);
    bench.cut();
    bench.connect();
    bench.session.submit(sale("B"), Some(600_000), Attempt::First, bench.now);
    bench.step();
    bench.events();
    let mut asked = 0;
    bench.terminal(move |message| {
        asked += 1;
        (message["topic"] == QUERY && asked % 2 == 0).then(nameless_not_found)
    });
    bench.pass(300_000);
    assert_eq!(bench.session.link_state(), LinkState::Connected, "B is being paid");
    bench.say(approval("B"));
    bench.events();
    let mut given_up = 0;
    for _ in 0..20 {
        bench.pass(10_000);
        if bench.session.link_state() != LinkState::Connected {
            given_up += 1;
            bench.connect();
        }
    }
    assert!((1..=7).contains(&given_up), "{given_up} times in 200 seconds");
}

/// The order's bytes may still be under way when the first time of recovery is over: the connection was lost later.
fn lost_at(ms: u64) -> Bench {
    lost_at_with(ms, |_| {})
}

fn lost_at_with(ms: u64, change: impl FnOnce(&mut Settings)) -> Bench {
    let mut bench = Bench::connected_with(|settings| {
        settings.order_timeout_ms = 30_000;
        change(settings);
    });
    bench.sale("A");
    bench.say_raw("garbage");
    bench.answer_all();
    bench.pass_to(ms);
    bench.cut();
    bench.terminal(tells("A", "104", Some("000")));
    bench.connect();
    bench
}

#[test]
fn no_close_is_sent_before_the_orders_bytes_have_arrived_or_are_lost_for_good() {
    let mut bench = lost_at(50_000);
    bench.pass_to(109_999);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    assert_eq!(bench.session.in_flight(), 1, "recovery goes on");
    bench.pass_to(110_000);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
    bench.pass_to(112_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn once_the_terminal_has_mentioned_the_order_a_close_counts_at_once() {
    let mut bench = lost_at(50_000);
    bench.terminal(tells("A", "0", Some("000")));
    bench.pass_to(59_000);
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(60_000);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn a_code_in_progress_alone_does_not_mention_the_order() {
    let mut bench = lost_at(50_000);
    bench.terminal(|message| {
        let id = message["request_id"].as_str()?;
        Some(code(
            id,
            message["topic"].as_str()?,
            if message["topic"] == QUERY { "101" } else { "000" },
        ))
    });
    bench.pass_to(59_000);
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(109_999);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn a_close_on_the_connection_that_carried_the_order_counts() {
    let mut bench = Bench::connected_with(|settings| settings.order_timeout_ms = 30_000);
    bench.sale("A");
    bench.say_raw("garbage");
    bench.answer_all();
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(62_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn the_close_waits_again_when_the_connection_of_the_order_ends_during_it() {
    let mut bench = Bench::connected_with(|settings| settings.order_timeout_ms = 30_000);
    bench.sale("A");
    bench.say_raw("garbage");
    bench.answer_all();
    bench.pass_to(60_000);
    bench.wire();
    bench.pass_to(61_000);
    bench.cut();
    bench.terminal(tells("A", "104", Some("000")));
    bench.connect();
    bench.pass_to(120_999);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    bench.pass_to(123_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn an_order_of_an_earlier_process_is_not_closed_before_its_bytes_are_lost_for_good() {
    let mut bench = Bench::new(settings());
    bench.session.restore(open_order(START.wall_ms - 3_600_000), bench.now);
    bench.terminal(tells("A", "104", Some("000")));
    bench.connect();
    bench.pass_to(59_999);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    bench.pass_to(62_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn an_order_of_an_earlier_process_keeps_what_is_left_of_its_own_time() {
    let mut bench = Bench::new(settings());
    let restored = Restored { answer_within_ms: 180_000, ..open_order(START.wall_ms - 20_000) };
    bench.session.restore(restored, bench.now);
    bench.terminal(tells("A", "0", Some("000")));
    bench.connect();
    bench.pass_to(159_999);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    bench.pass_to(160_000);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn no_connection_is_given_up_to_ask_while_a_request_that_may_move_money_waits_on_it() {
    let mut bench = Bench::connected_with(|settings| settings.order_timeout_ms = 30_000);
    bench.sale("A");
    bench.pass(29_000);
    bench.session.submit(
        plain("tip", "ecrhub.pay.tip.adjustment"),
        Some(600_000),
        Attempt::First,
        bench.now,
    );
    bench.step();
    bench.events();
    bench.pass(80_000);
    assert_eq!(bench.drops, 0, "the answer to the tip adjustment may still come");
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn a_refusal_or_busy_that_must_be_looked_up_beside_an_older_question_is_settled_by_no_not_found() {
    for said in ["101", "106"] {
        let mut bench = Bench::connected();
        bench.sale("B");
        bench.sale("A");
        bench.submit(query("q", "A"));
        bench.say(without(with(code("", ORDER, said), "merchant_order_no", "A"), "request_id"));
        assert_eq!(bench.drops, 0, "B's customer is at the terminal");
        bench.say(nameless_not_found());
        assert_eq!(bench.completed("q").outcome, Outcome::NotFound);
        for _ in 0..3 {
            bench.say(nameless_not_found());
            bench.pass(2_000);
        }
        assert_eq!(bench.session.in_flight(), 2, "{said}: any of them may be the older one's");
    }
}

#[test]
fn where_nothing_is_closed_nothing_is_waited_for() {
    let mut bench = lost_at_with(50_000, |settings| settings.close_lost_orders = false);
    bench.pass_to(66_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn an_order_that_may_never_be_closed_is_not_waited_for_either() {
    let mut bench = Bench::with_sale("A");
    bench.say(code("A", ORDER, "101"));
    bench.pass_to(170_000);
    bench.cut();
    bench.connect();
    bench.pass_to(190_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn an_answer_of_the_orders_own_shows_that_it_has_arrived() {
    let mut bench = Bench::connected_with(|settings| settings.order_timeout_ms = 30_000);
    bench.sale("A");
    bench.say(code("A", ORDER, "107"));
    bench.pass_to(50_000);
    bench.cut();
    bench.terminal(tells("A", "104", Some("000")));
    bench.connect();
    bench.pass_to(62_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotFound);
}

#[test]
fn while_an_older_question_is_unanswered_not_found_makes_no_order_busy_and_it_is_asked_anew() {
    let mut bench = Bench::with_sale("A");
    bench.say(without(with(code("", ORDER, "101"), "merchant_order_no", "A"), "request_id"));
    bench.pass(2_000);
    assert_eq!(bench.topics(), [QUERY, QUERY]);
    bench.events();
    bench.say(nameless_not_found());
    assert_eq!(bench.drops, 1);
    bench.events();
    bench.connect();
    bench.events();
    bench.say(nameless_not_found());
    assert_eq!(bench.completed("A").outcome, Outcome::Busy);
}

/// Sale `A` was refused while a query of the till's was unanswered, so that the connection was given up; the next one
/// ends with a close that could not be told from an older question.
#[test]
fn a_close_beside_an_older_question_proves_nothing_and_no_other_connection_is_made_for_it() {
    let mut bench = Bench::with_sale("A");
    bench.submit(query("q", "A"));
    bench.say(without(with(code("", ORDER, "106"), "merchant_order_no", "A"), "request_id"));
    assert_eq!(bench.drops, 1);
    bench.connect();
    bench.events();
    bench.pass_to(179_999);
    bench.wire();
    bench.terminal(nameless);
    bench.pass_to(190_000);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
    assert_eq!(bench.drops, 1, "at most once a round");
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn the_answer_to_a_close_beside_an_older_question_makes_no_order_not_found() {
    let mut bench =
        Bench::recovering_order(sale("A"), |settings| settings.request_timeout_ms = 600_000);
    bench.submit(plain("p", "ecrhub.print"));
    bench.pass_to(59_999);
    bench.wire();
    bench.terminal(nameless);
    bench.pass_to(70_000);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
    assert_eq!(bench.drops, 0, "the other request waits for its answer");
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
}

#[test]
fn an_answer_with_its_topic_answers_its_kind_of_question() {
    let mut bench = Bench::with_sale("A");
    bench.submit(query("q", "A"));
    bench.submit(request("c", CLOSE, json!({"merchant_order_no": "A"})));
    bench.say(nameless_close("201"));
    bench.say(nameless_not_found());
    bench.say_raw("garbage");
    bench.say(nameless_not_found());
    bench.terminal(nameless);
    bench.pass_to(190_000);
    assert_eq!(bench.drops, 0, "nothing is unanswered");
    assert!(bench.topics().contains(&CLOSE.to_owned()));
}

#[test]
fn a_close_of_the_tills_own_serves_no_order_of_an_earlier_process_before_its_bytes_are_lost() {
    let mut bench = Bench::new(settings());
    bench.session.restore(open_order(START.wall_ms - 3_600_000), bench.now);
    bench.terminal(tells("A", "104", Some("000")));
    bench.connect();
    bench.pass(10_000);
    bench.events();
    bench.submit(request("c", CLOSE, json!({"merchant_order_no": "A"})));
    assert_eq!(bench.completed("c").outcome, Outcome::Ok);
    bench.pass_to(59_999);
    assert_eq!(bench.session.in_flight(), 1);
}
