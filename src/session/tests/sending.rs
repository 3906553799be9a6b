//! Getting a request on the wire, or being sure that it never left.

use super::*;

#[test]
fn requests_go_out_in_the_order_of_acceptance() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    for id in ["a", "b", "c"] {
        bench.submit(query(id, "A"));
    }
    bench.takes_data = true;
    bench.step();
    let ids: Vec<String> = bench.wire().iter().map(|frame| frame.id().to_owned()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn nothing_is_handed_out_while_a_frame_is_half_written_or_the_link_is_down() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.submit(query("a", "A"));
    bench.submit(query("b", "A"));
    assert!(bench.session.next_frame(bench.now).is_some());
    assert_eq!(bench.session.next_frame(bench.now), None);
    bench.session.on_progress(Progress::Nothing, bench.now);
    assert_eq!(bench.session.next_frame(bench.now), None);
    bench.cut();
    assert_eq!(bench.session.next_frame(bench.now), None);
}

#[test]
fn what_is_not_on_the_wire_in_time_was_not_sent() {
    for request in [sale("A"), query("A", "B"), plain("A", "ecrhub.getInfo")] {
        let mut bench = Bench::new(settings());
        bench.submit(request);
        bench.pass(9_999);
        assert_eq!(bench.session.in_flight(), 1);
        bench.pass(1);
        let done = bench.completed("A");
        assert_eq!((done.outcome, done.sent), (Outcome::NotSent, Sent::No));
        assert_eq!((done.response, done.recovered, done.elapsed_ms), (None, false, 10_000));
        let error = done.error.expect("why");
        assert_eq!((error.status, error.stage), (Status::Timeout, Stage::Send));
    }
}

#[test]
fn not_sent_says_why_there_was_no_connection() {
    let mut bench = Bench::new(settings());
    bench.await_wish();
    bench.lose(Fault::new(Status::Terminal, Stage::Connect, "connection refused"));
    bench.events();
    bench.sale("A");
    bench.pass(10_000);
    let message = bench.completed("A").error.expect("why").message;
    assert!(
        message.contains("connection refused") || message.contains("no connection"),
        "{message}"
    );
}

#[test]
fn what_was_not_sent_is_never_sent_later() {
    let mut bench = Bench::new(settings());
    bench.sale("A");
    bench.pass(10_000);
    assert_eq!(bench.completed("A").outcome, Outcome::NotSent);
    bench.connect();
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn a_request_stuck_with_nothing_written_is_held_back_for_good_by_dropping_the_connection() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.sale("A");
    assert!(bench.session.next_frame(bench.now).is_some());
    bench.session.on_progress(Progress::Nothing, bench.now);
    bench.pass(10_000);
    assert_eq!(bench.drops, 1);
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.sent), (Outcome::NotSent, Sent::No));
    bench.takes_data = true;
    bench.connect();
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn a_request_behind_a_stuck_one_is_not_sent_either() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.sale("A");
    bench.submit(query("q", "B"));
    assert!(bench.session.next_frame(bench.now).is_some());
    bench.session.on_progress(Progress::Started, bench.now);
    bench.pass(10_000);
    let events = bench.events();
    assert!(matches!(&events[0], EventKind::Disconnected { .. }), "{events:#?}");
    assert!(matches!(&events[1], EventKind::Recovering { .. }), "{events:#?}");
    assert!(
        matches!(&events[2], EventKind::Completed(done)
            if done.request_id == "q" && done.outcome == Outcome::NotSent),
        "{events:#?}"
    );
}

#[test]
fn an_order_stuck_half_written_drops_the_connection_and_is_found_out() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.sale("A");
    assert!(bench.session.next_frame(bench.now).is_some());
    bench.session.on_progress(Progress::Started, bench.now);
    bench.pass(9_999);
    bench.no_event();
    bench.pass(1);
    assert_eq!(bench.drops, 1);
    let events = bench.events();
    assert!(
        matches!(&events[0], EventKind::Disconnected { error, .. } if error.stage == Stage::Send)
    );
    assert!(matches!(&events[1], EventKind::Recovering { .. }));
    bench.takes_data = true;
    bench.terminal(tells("A", "2", None));
    bench.connect();
    let done = bench.completed("A");
    assert_eq!((done.outcome, done.sent), (Outcome::Approved, Sent::Maybe));
    assert!(done.recovered);
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn another_request_stuck_half_written_is_unknown_and_may_have_been_sent() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.submit(query("q", "A"));
    assert!(bench.session.next_frame(bench.now).is_some());
    bench.session.on_progress(Progress::Started, bench.now);
    bench.pass(10_000);
    let done = bench.completed("q");
    assert_eq!((done.outcome, done.sent), (Outcome::Unknown, Sent::Maybe));
    assert_eq!(done.error.expect("why").stage, Stage::Send);
}

#[test]
fn what_is_not_written_survives_a_cut_and_goes_out_on_the_next_connection() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.sale("A");
    bench.sale("B");
    assert!(bench.session.next_frame(bench.now).is_some());
    bench.session.on_progress(Progress::Nothing, bench.now);
    bench.cut();
    bench.takes_data = true;
    bench.connect();
    let ids: Vec<String> = bench.wire().iter().map(|frame| frame.id().to_owned()).collect();
    assert_eq!(ids, ["A", "B"]);
    bench.events();
    bench.say(approval("A"));
    let done = bench.completed("A");
    assert_eq!((done.sent, done.recovered), (Sent::Yes, false));
}

#[test]
fn an_order_whose_first_byte_left_is_never_written_again() {
    for progress in [Progress::Started, Progress::Done] {
        let mut bench = Bench::connected();
        bench.takes_data = false;
        bench.sale("A");
        assert!(bench.session.next_frame(bench.now).is_some());
        bench.session.on_progress(progress, bench.now);
        bench.takes_data = true;
        for _ in 0..5 {
            bench.cut();
            bench.connect();
        }
        bench.pass(200_000);
        let wire = bench.wire();
        assert!(wire.iter().all(|frame| frame.topic() != ORDER), "{progress:?}: {wire:#?}");
        assert!(!wire.is_empty());
    }
}

#[test]
fn the_librarys_questions_do_not_outlive_what_they_are_about() {
    let mut bench = Bench::recovering("A");
    bench.takes_data = false;
    bench.pass(60_000);
    bench.wire();
    bench.say(approval("A"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
    bench.takes_data = true;
    bench.step();
    assert_eq!(bench.topics(), [""; 0], "above all no close of a sale that was approved");
}

#[test]
fn the_librarys_questions_do_not_heap_up_where_nothing_can_be_written() {
    let mut bench = Bench::recovering("A");
    bench.wire();
    bench.takes_data = false;
    bench.pass(3_600_000);
    bench.takes_data = true;
    bench.step();
    assert!(bench.wire().len() <= 2);
}

#[test]
fn whether_anything_waits_to_be_written_is_known() {
    let mut bench = Bench::connected();
    assert!(!bench.session.has_frames());
    bench.takes_data = false;
    bench.sale("A");
    assert!(bench.session.has_frames());
    bench.takes_data = true;
    bench.step();
    assert!(!bench.session.has_frames());
    bench.takes_data = false;
    bench.say_raw("garbage");
    assert!(bench.session.has_frames(), "a query");
}

#[test]
fn an_order_that_left_in_part_has_its_own_time_from_its_first_byte() {
    let mut bench = Bench::connected();
    bench.takes_data = false;
    bench.sale("A");
    assert!(bench.session.next_frame(bench.now).is_some());
    bench.session.on_progress(Progress::Started, bench.now);
    bench.cut();
    bench.takes_data = true;
    bench.terminal(tells("A", "0", Some("000")));
    bench.connect();
    bench.pass_to(179_999);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    bench.pass_to(180_000);
    assert!(bench.topics().contains(&CLOSE.to_owned()));
}
