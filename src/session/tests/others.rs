//! Two handles of one process on the same terminal: each knows what the other does there.

use super::*;

const NOTHING: Others = Others { serve_an_order: false, close_until: 0 };
const SERVE_AN_ORDER: Others = Others { serve_an_order: true, ..NOTHING };

#[test]
fn an_order_is_shown_from_its_first_byte_to_its_outcome() {
    let mut bench = Bench::connected();
    assert_eq!(bench.session.shown_to_others(bench.now), NOTHING);
    bench.takes_data = false;
    bench.sale("A");
    assert_eq!(bench.session.shown_to_others(bench.now), NOTHING, "it has not left");
    bench.session.next_frame(bench.now).expect("the order");
    bench.session.on_progress(Progress::Started, bench.now);
    assert_eq!(bench.session.shown_to_others(bench.now), SERVE_AN_ORDER);
    bench.session.on_progress(Progress::Done, bench.now);
    assert_eq!(bench.session.shown_to_others(bench.now), SERVE_AN_ORDER);
    bench.say(approval("A"));
    assert_eq!(bench.session.shown_to_others(bench.now), NOTHING);
}

#[test]
fn an_order_that_is_recovered_is_shown_until_its_time_is_over() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(59_999);
    assert_eq!(bench.session.shown_to_others(bench.now), SERVE_AN_ORDER);
    bench.pass(1);
    let until = bench.now.mono_ms + 2_000;
    let closes = Others { close_until: until, ..NOTHING };
    assert_eq!(bench.session.shown_to_others(bench.now), closes);
}

#[test]
fn a_completed_order_is_shown_only_if_it_turns_out_to_be_in_progress() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", ORDER, "A", "106", "1"));
    bench.events();
    bench.wire();
    assert_eq!(bench.session.shown_to_others(bench.now), NOTHING);
    bench.pass(30_000);
    let look = bench.only_frame(QUERY);
    bench.say(state(&look, "A", "0"));
    assert_eq!(bench.session.shown_to_others(bench.now), SERVE_AN_ORDER);
}

#[test]
fn what_moves_no_money_is_not_shown() {
    let mut bench = Bench::connected();
    bench.submit(query("q", "A"));
    assert_eq!(bench.session.shown_to_others(bench.now), NOTHING);
}

#[test]
fn no_order_is_closed_while_another_handle_serves_one() {
    let mut bench = Bench::recovering("A");
    bench.session.note_others(SERVE_AN_ORDER);
    bench.terminal(tells("A", "104", Some("000")));
    bench.pass_to(66_000);
    assert!(!bench.topics().contains(&CLOSE.to_owned()));
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown, "not_found is not proven");
}

#[test]
fn a_second_look_waits_until_no_other_handle_serves_an_order() {
    let mut bench = Bench::with_sale("A");
    bench.say(answer("A", ORDER, "A", "106", "1"));
    bench.wire();
    bench.session.note_others(SERVE_AN_ORDER);
    bench.pass(60_000);
    assert_eq!(bench.topics(), [""; 0]);
    bench.session.note_others(NOTHING);
    bench.pass(2_000);
    assert_eq!(bench.topics(), [QUERY]);
}

#[test]
fn no_order_is_written_beside_the_close_of_another_handle() {
    let mut bench = Bench::connected();
    let close_until = bench.now.mono_ms + 2_000;
    bench.session.note_others(Others { close_until, ..NOTHING });
    bench.sale("A");
    bench.submit(query("q", "B"));
    assert_eq!(bench.topics(), [QUERY], "what is no order goes out");
    assert_eq!(bench.session.next_deadline(), Some(close_until));
    bench.pass(1_999);
    bench.session.on_time(bench.now);
    bench.step();
    assert_eq!(bench.topics(), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.topics(), [ORDER]);
}

#[test]
fn the_close_of_another_handle_that_is_over_holds_nothing_back() {
    let mut bench = Bench::connected();
    let close_until = bench.now.mono_ms;
    bench.session.note_others(Others { close_until, ..NOTHING });
    bench.sale("A");
    assert_eq!(bench.topics(), [ORDER]);
}

#[test]
fn the_close_of_another_handle_wakes_nobody_who_has_nothing_to_write() {
    let mut bench = Bench::connected();
    let close_until = bench.now.mono_ms + 1_000;
    bench.session.note_others(Others { close_until, ..NOTHING });
    assert_eq!(bench.session.next_deadline(), None);
    let mut bench = Bench::new(settings());
    bench.session.note_others(Others { close_until, ..NOTHING });
    bench.sale("A");
    let connect_until = bench.now.mono_ms + 5_000;
    assert_eq!(bench.session.next_deadline(), Some(connect_until), "it could not be written");
}
