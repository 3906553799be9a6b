//! A close and the orders beside it: none is written while a close is unanswered, none is closed while another may be
//! with a customer, and a close that has not left is withdrawn when its order is settled.

use super::*;

/// The time of recovery of sale `A` is over, and its close was written; the terminal has not answered it.
fn closing() -> Bench {
    let mut bench = Bench::recovering("A");
    bench.pass_to(59_999);
    bench.wire();
    bench.pass(1);
    assert_eq!(bench.topics(), [CLOSE]);
    bench
}

fn close_id(bench: &mut Bench) -> String {
    bench.pass_to(59_999);
    bench.wire();
    bench.pass(1);
    bench.only_frame(CLOSE)
}

#[test]
fn no_order_is_written_while_a_close_is_unanswered() {
    let mut bench = closing();
    bench.sale("B");
    bench.submit(query("q", "C"));
    assert_eq!(bench.topics(), [QUERY], "what is no order goes out");
    bench.pass(1_999);
    bench.session.on_time(bench.now);
    bench.step();
    assert!(!bench.topics().contains(&ORDER.to_owned()));
    bench.pass(1);
    assert!(bench.topics().contains(&ORDER.to_owned()), "at most recovery_interval_ms");
}

#[test]
fn an_order_held_back_goes_out_as_soon_as_the_close_is_answered() {
    let mut bench = Bench::recovering("A");
    let close = close_id(&mut bench);
    bench.sale("B");
    assert_eq!(bench.topics(), [""; 0]);
    bench.say(code(&close, CLOSE, "201"));
    assert_eq!(bench.topics(), [QUERY, ORDER]);
}

#[test]
fn orders_held_back_keep_their_order_and_their_send_timeout() {
    let mut bench = Bench::recovering_with("A", |settings| settings.send_timeout_ms = 1_500);
    close_id(&mut bench);
    bench.sale("B");
    bench.pass(1_000);
    bench.sale("C");
    bench.pass(500);
    assert_eq!(bench.completed("B").outcome, Outcome::NotSent);
    bench.pass(500);
    let orders: Vec<String> = bench
        .wire()
        .iter()
        .filter(|frame| frame.topic() == ORDER)
        .map(|frame| frame.id().to_owned())
        .collect();
    assert_eq!(orders, ["C"]);
}

#[test]
fn a_close_of_the_tills_own_holds_orders_back_as_well() {
    let mut bench = Bench::connected();
    bench.submit(request("c", CLOSE, json!({"merchant_order_no": "X"})));
    bench.sale("B");
    assert_eq!(bench.topics(), [CLOSE]);
    bench.say(code("c", CLOSE, "000"));
    assert_eq!(bench.topics(), [ORDER]);
}

#[test]
fn a_close_held_up_in_the_socket_holds_orders_back_from_when_it_leaves() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(59_999);
    bench.wire();
    bench.takes_data = false;
    bench.pass(1);
    assert!(bench.session.next_frame(bench.now).is_some_and(|frame| frame.contains(CLOSE)));
    bench.session.on_progress(Progress::Nothing, bench.now);
    bench.sale("B");
    bench.pass(5_000);
    bench.session.on_progress(Progress::Done, bench.now);
    bench.takes_data = true;
    bench.step();
    assert!(!bench.topics().contains(&ORDER.to_owned()), "the close has only just left");
    bench.pass(2_000);
    assert!(bench.topics().contains(&ORDER.to_owned()));
}

#[test]
fn a_blocked_socket_behind_an_unanswered_close_does_not_wake_the_session_for_nothing() {
    let mut bench = closing();
    bench.takes_data = false;
    bench.sale("B");
    bench.pass(9_000);
    assert!(bench.session.next_deadline().is_none_or(|at| at > bench.now.mono_ms));
}

#[test]
fn no_order_is_closed_while_another_is_in_flight() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(50_000);
    bench.sale("B");
    bench.wire();
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(79_000);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown, "not_found is not proven");
}

#[test]
fn an_order_accepted_between_the_decision_and_the_write_keeps_the_close_from_leaving() {
    let mut bench = Bench::connected_with(|settings| settings.order_timeout_ms = 30_000);
    bench.sale("A");
    bench.pass(1_000);
    bench.say_raw("garbage");
    bench.terminal(tells("A", "0", Some("000")));
    bench.pass_to(60_999);
    bench.terminal(|_| None);
    bench.wire();
    bench.events();
    bench.takes_data = false;
    bench.sale("B");
    assert!(bench.session.next_frame(bench.now).is_some_and(|frame| frame.contains("\"B\"")));
    bench.pass(1);
    bench.session.on_progress(Progress::Done, bench.now);
    bench.takes_data = true;
    bench.step();
    assert!(!bench.topics().contains(&CLOSE.to_owned()), "B's customer is at the terminal");
}

#[test]
fn two_orders_lost_together_do_not_keep_each_other_from_being_closed() {
    let mut bench = Bench::connected_with(|settings| settings.order_timeout_ms = 30_000);
    bench.sale("A");
    bench.sale("B");
    bench.cut();
    bench.terminal(|message| {
        let id = message["request_id"].as_str()?;
        Some(match message["topic"].as_str()? {
            CLOSE => code(id, CLOSE, "000"),
            _ => not_found(id),
        })
    });
    bench.connect();
    bench.pass_to(59_999);
    bench.events();
    bench.wire();
    bench.pass_to(70_000);
    let closed: Vec<Value> = bench
        .wire()
        .iter()
        .filter(|frame| frame.topic() == CLOSE)
        .map(|frame| frame.message["biz_data"]["merchant_order_no"].clone())
        .collect();
    assert_eq!(closed, ["A", "B"], "the oldest first");
    let outcomes: Vec<Outcome> = bench
        .events()
        .iter()
        .filter_map(|event| match event {
            EventKind::Completed(done) => Some(done.outcome),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, [Outcome::NotFound, Outcome::NotFound]);
}

#[test]
fn without_closes_not_found_is_never_reported() {
    let mut bench = Bench::recovering_with("A", |settings| settings.close_lost_orders = false);
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(66_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
    for _ in 0..3 {
        bench.cut();
        bench.connect();
        bench.pass(300_000);
    }
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    assert!(bench.events().iter().all(|event| !matches!(event, EventKind::Clarified(_))));
}

#[test]
fn without_closes_what_settles_it_still_does() {
    let mut bench = Bench::recovering_with("A", |settings| settings.close_lost_orders = false);
    bench.pass_to(60_000);
    bench.terminal(tells("A", "1", None));
    bench.pass(2_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Declined);
}

/// A close was handed to a socket that takes nothing.
fn blocked_close() -> Bench {
    let mut bench = Bench::recovering("A");
    bench.takes_data = false;
    bench.pass_to(60_000);
    bench.wire();
    let frame = bench.session.next_frame(bench.now).expect("a close");
    assert!(frame.contains(CLOSE));
    bench
}

#[test]
fn a_close_in_a_socket_that_takes_nothing_is_withdrawn_when_its_order_is_settled() {
    for own in
        [approval("A"), answer("A", ORDER, "A", "106", "1"), answer("A", ORDER, "A", "110", "")]
    {
        let mut bench = blocked_close();
        bench.session.on_progress(Progress::Nothing, bench.now);
        bench.say(own);
        let events = bench.events();
        assert!(matches!(&events[0], EventKind::Completed(_)), "{events:#?}");
        let EventKind::Disconnected { error, .. } = &events[1] else { panic!("{events:#?}") };
        assert_eq!(
            (error.stage, bench.drops),
            (Stage::Send, 1),
            "only the connection can be given up"
        );
        bench.takes_data = true;
        bench.connect();
        bench.pass(10_000);
        assert_eq!(bench.topics(), [""; 0]);
    }
}

#[test]
fn a_close_in_a_socket_that_takes_nothing_is_withdrawn_when_the_terminal_did_not_accept_the_order()
{
    for code_said in ["101", "113"] {
        let mut bench = blocked_close();
        bench.session.on_progress(Progress::Nothing, bench.now);
        bench.say(code("A", ORDER, code_said));
        assert_eq!(bench.drops, 1, "{code_said}: only the connection can be given up");
        bench.takes_data = true;
        bench.connect();
        bench.pass(600_000);
        assert!(!bench.topics().contains(&CLOSE.to_owned()), "{code_said}");
    }
}

#[test]
fn a_close_whose_first_byte_has_left_cannot_be_withdrawn() {
    let mut bench = blocked_close();
    bench.session.on_progress(Progress::Started, bench.now);
    bench.say(approval("A"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
    assert_eq!(bench.drops, 0);
}

#[test]
fn a_close_that_leaves_after_its_order_became_unknown_is_the_one_of_its_connection() {
    let mut bench = blocked_close();
    bench.session.on_progress(Progress::Nothing, bench.now);
    bench.pass_to(70_000);
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
    bench.session.on_progress(Progress::Done, bench.now);
    bench.takes_data = true;
    bench.terminal(tells("A", "104", Some("201")));
    bench.pass(300_000);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    bench.cut();
    bench.connect();
    bench.pass(300_000);
    assert_eq!(bench.topics().iter().filter(|topic| *topic == CLOSE).count(), 1);
}

#[test]
fn another_orders_close_stays_when_one_is_settled() {
    let mut bench = blocked_close();
    bench.session.on_progress(Progress::Nothing, bench.now);
    bench.sale("B");
    bench.pass(100);
    assert_eq!(bench.drops, 0);
    assert_eq!(bench.session.in_flight(), 2);
}

#[test]
fn a_query_does_not_take_the_place_of_a_close_that_waits_to_be_written() {
    let mut bench = Bench::recovering("A");
    let question = bench.only_frame(QUERY);
    bench.say(not_found(&question));
    bench.pass_to(59_000);
    bench.takes_data = false;
    bench.pass_to(62_500);
    bench.wire();
    bench.takes_data = true;
    bench.step();
    assert_eq!(bench.topics(), [CLOSE], "the query comes at its own time");
}
