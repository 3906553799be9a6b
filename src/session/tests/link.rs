//! The connection: when it is made, when it is checked, when it is given up.

use super::*;

const PING_EVERY: u64 = 15_000;

fn refused() -> Fault {
    Fault::new(Status::Terminal, Stage::Connect, "connection refused")
}

fn with_heartbeat() -> Bench {
    Bench::connected_with(|settings| settings.ping_interval_ms = PING_EVERY)
}

fn disconnected(event: &EventKind) -> (&Fault, u64) {
    match event {
        EventKind::Disconnected { error, retry_in_ms } => (error, *retry_in_ms),
        other => panic!("not disconnected: {other:#?}"),
    }
}

#[test]
fn it_connects_at_once() {
    let mut bench = Bench::new(settings());
    assert_eq!(bench.session.link_state(), LinkState::Connecting);
    assert!(bench.session.take_wish_to_connect());
    assert!(!bench.session.take_wish_to_connect(), "asked once");
    bench.session.on_connected(bench.now);
    assert_eq!(bench.session.link_state(), LinkState::Connected);
    assert_eq!(bench.event(), EventKind::Connected { url: settings().url });
}

#[test]
fn a_failed_attempt_is_told_and_repeated() {
    let mut bench = Bench::new(settings());
    bench.await_wish();
    bench.lose(refused());
    assert_eq!(bench.session.link_state(), LinkState::Waiting);
    let event = bench.event();
    let (error, retry_in_ms) = disconnected(&event);
    assert_eq!(*error, refused());
    assert_eq!(bench.await_wish(), retry_in_ms);
    assert_eq!(bench.session.link_state(), LinkState::Connecting);
}

#[test]
fn pauses_are_jittered_between_the_bounds_and_double() {
    let mut longest = [0_u64; 8];
    for seed in 0..200 {
        let mut bench = Bench::seeded(settings(), seed);
        for (attempt, longest) in longest.iter_mut().enumerate() {
            bench.await_wish();
            bench.lose(refused());
            let event = bench.event();
            let (_, pause) = disconnected(&event);
            let bound = 15_000.min(500 << (attempt + 1));
            assert!((500..=bound).contains(&pause), "attempt {attempt}: {pause}");
            *longest = pause.max(*longest);
        }
    }
    for (attempt, longest) in longest.into_iter().enumerate() {
        let bound = 15_000.min(500 << (attempt + 1));
        assert!(longest > bound * 8 / 10, "attempt {attempt} uses its room: {longest} of {bound}");
    }
}

#[test]
fn pauses_are_short_again_once_the_terminal_was_heard_of() {
    let mut bench = Bench::new(settings());
    for _ in 0..10 {
        bench.await_wish();
        bench.lose(refused());
    }
    bench.connect();
    bench.events();
    bench.session.on_heard(bench.now);
    bench.cut();
    let event = bench.event();
    assert!(disconnected(&event).1 <= 1_000);
}

#[test]
fn a_terminal_that_hangs_up_at_once_does_not_shorten_the_pauses() {
    let mut longest = 0;
    for seed in 0..50 {
        let mut bench = Bench::seeded(settings(), seed);
        for _ in 0..10 {
            bench.connect();
            bench.cut();
        }
        longest = disconnected(bench.events().last().expect("an event")).1.max(longest);
    }
    assert!(longest > 10_000, "{longest}");
}

#[test]
fn a_request_shortens_the_pause() {
    let mut bench = Bench::new(settings());
    for _ in 0..10 {
        bench.await_wish();
        bench.lose(refused());
    }
    bench.events();
    bench.sale("A");
    assert_eq!(bench.await_wish(), 500, "counted from the last attempt");
    bench.lose(refused());
    bench.pass(450);
    bench.submit(query("q", "A"));
    assert_eq!(bench.await_wish(), 50);
}

#[test]
fn an_attempt_takes_no_longer_than_connect_timeout_and_names_its_stage() {
    for stage in [Stage::Resolve, Stage::Connect, Stage::Handshake] {
        let mut bench = Bench::new(settings());
        bench.await_wish();
        bench.session.on_stage(stage);
        bench.pass(4_999);
        bench.no_event();
        bench.pass(1);
        assert_eq!(bench.drops, 1);
        let event = bench.event();
        let (error, _) = disconnected(&event);
        assert_eq!((error.status, error.stage), (Status::Timeout, stage));
    }
}

#[test]
fn an_attempt_nobody_made_is_not_made_later_twice() {
    let mut bench = Bench::new(settings());
    bench.pass(5_000);
    assert!(!bench.session.take_wish_to_connect(), "its time was over");
    bench.await_wish();
    assert!(!bench.session.take_wish_to_connect());
}

#[test]
fn it_pings_after_the_interval_and_tells_how_long_the_answer_took() {
    let mut bench = with_heartbeat();
    assert_eq!(bench.session.last_ping_ms(), None);
    bench.pass(PING_EVERY - 1);
    assert_eq!(bench.pings.len(), 0);
    bench.pass(1);
    assert_eq!(bench.pings.len(), 1);
    bench.pass(42);
    bench.session.on_pong(bench.pings[0], bench.now);
    assert_eq!(bench.session.last_ping_ms(), Some(42));
    bench.pass(PING_EVERY);
    assert_eq!(bench.pings.len(), 2);
    assert_ne!(bench.pings[0], bench.pings[1]);
    bench.no_event();
}

#[test]
fn without_an_interval_it_never_pings() {
    let mut bench = Bench::connected();
    assert_eq!(bench.session.next_deadline(), None, "nothing at all to do");
    bench.pass(86_400_000);
    assert!(bench.pings.is_empty());
}

#[test]
fn a_terminal_that_does_not_answer_a_ping_is_gone() {
    let mut bench = with_heartbeat();
    bench.pass(PING_EVERY + 9_999);
    bench.no_event();
    bench.pass(1);
    assert_eq!(bench.drops, 1);
    let event = bench.event();
    let (error, _) = disconnected(&event);
    assert_eq!((error.status, error.stage), (Status::Timeout, Stage::Heartbeat));
}

#[test]
fn whatever_the_terminal_says_shows_that_it_is_alive() {
    let speak: [fn(&mut Bench); 4] = [
        |bench| bench.session.on_heard(bench.now),
        |bench| bench.say(json!({"topic": "ecrhub.news"})),
        |bench| bench.say_raw("garbage"),
        |bench| bench.session.on_pong(12_345, bench.now),
    ];
    for say in speak {
        let mut bench = with_heartbeat();
        bench.pass(PING_EVERY + 9_000);
        say(&mut bench);
        bench.pass(PING_EVERY);
        assert_eq!((bench.drops, bench.pings.len()), (0, 2));
        assert_eq!(bench.session.last_ping_ms(), None, "no ping was answered");
    }
}

#[test]
fn after_a_clock_jump_the_connection_is_checked_at_once() {
    let mut bench = with_heartbeat();
    bench.session.on_clock_jump(bench.now);
    bench.step();
    assert_eq!(bench.pings.len(), 1);
    bench.pass(10_000);
    let event = bench.event();
    assert_eq!(disconnected(&event).0.stage, Stage::Heartbeat);
}

#[test]
fn repeated_clock_jumps_do_not_keep_a_dead_connection_alive() {
    let mut bench = with_heartbeat();
    for _ in 0..10 {
        bench.session.on_clock_jump(bench.now);
        bench.step();
        bench.pass(5_000);
    }
    assert!(bench.drops >= 1);
}

#[test]
fn after_a_clock_jump_a_pause_is_over() {
    let mut bench = Bench::new(settings());
    for _ in 0..10 {
        bench.await_wish();
        bench.lose(refused());
    }
    bench.session.on_clock_jump(bench.now);
    assert_eq!(bench.await_wish(), 0);
}

#[test]
fn connections_that_came_back_are_counted() {
    let mut bench = Bench::new(settings());
    bench.await_wish();
    bench.lose(refused());
    bench.connect();
    assert_eq!(bench.session.reconnects(), 0);
    for count in 1..=3 {
        bench.cut();
        bench.connect();
        assert_eq!(bench.session.reconnects(), count);
    }
}

#[test]
fn an_idle_terminal_costs_two_wake_ups_a_ping_at_most() {
    let mut bench = with_heartbeat();
    let end = bench.now.mono_ms + 3_600_000;
    let mut wake_ups = 0;
    while bench.now.mono_ms < end {
        bench.pass_to_deadline();
        wake_ups += 1;
        if let Some(payload) = bench.pings.pop() {
            bench.session.on_pong(payload, bench.now);
        }
    }
    assert!(wake_ups <= 2 * 3_600_000 / PING_EVERY, "{wake_ups}");
}

fn with_both_heartbeats() -> Bench {
    Bench::connected_with(|settings| {
        settings.ping_interval_ms = PING_EVERY;
        settings.ping_interval_busy_ms = 2_000;
    })
}

/// Time goes by at a terminal that answers every ping; how many there were.
fn pings_in(bench: &mut Bench, ms: u64) -> usize {
    let end = bench.now.mono_ms + ms;
    let mut count = 0;
    while bench.now.mono_ms < end {
        bench.pass(100.min(end - bench.now.mono_ms));
        for payload in std::mem::take(&mut bench.pings) {
            bench.session.on_pong(payload, bench.now);
            count += 1;
        }
    }
    count
}

#[test]
fn while_a_request_is_in_flight_it_pings_at_the_busy_interval() {
    let mut bench = with_both_heartbeats();
    assert_eq!(pings_in(&mut bench, 30_000), 2);
    bench.sale("A");
    assert!((13..=16).contains(&pings_in(&mut bench, 30_000)));
    bench.say(approval("A"));
    bench.events();
    assert!(pings_in(&mut bench, 60_000) <= 5);
}

#[test]
fn an_idle_heartbeat_that_is_far_off_is_brought_forward_by_a_request() {
    let mut bench = with_both_heartbeats();
    bench.pass(1_000);
    bench.submit(query("q", "A"));
    bench.pass(1_999);
    assert_eq!(bench.pings.len(), 0);
    bench.pass(1);
    assert_eq!(
        bench.pings.len(),
        1,
        "an engine that forgets to write sends its answer with the pong"
    );
}

#[test]
fn it_also_pings_at_the_busy_interval_while_an_order_is_recovered_on_a_new_connection() {
    let mut bench = with_both_heartbeats();
    bench.sale("A");
    bench.cut();
    bench.connect();
    assert!((4..=5).contains(&pings_in(&mut bench, 10_000)));
}

#[test]
fn a_busy_interval_of_zero_changes_nothing() {
    let mut bench = Bench::connected_with(|settings| {
        settings.ping_interval_ms = PING_EVERY;
        settings.ping_interval_busy_ms = 0;
    });
    bench.sale("A");
    assert_eq!(pings_in(&mut bench, 60_000), 4);
}

#[test]
fn a_busy_interval_longer_than_the_other_does_not_slow_the_heartbeat_down() {
    let mut bench = Bench::connected_with(|settings| {
        settings.ping_interval_ms = 1_000;
        settings.ping_interval_busy_ms = 30_000;
    });
    bench.sale("A");
    assert!(pings_in(&mut bench, 20_000) >= 18);
}

#[test]
fn after_a_clock_jump_a_ping_that_is_overdue_is_repeated_before_the_connection_is_given_up() {
    let mut bench = with_heartbeat();
    bench.pass(PING_EVERY);
    assert_eq!(bench.pings.len(), 1);
    bench.now.mono_ms += 10_000;
    bench.session.on_clock_jump(bench.now);
    bench.step();
    assert_eq!((bench.pings.len(), bench.drops), (2, 0));
    bench.pass(9_999);
    assert_eq!(bench.drops, 0);
}

#[test]
fn it_does_nothing_before_its_time_and_does_it_when_it_is_called_late() {
    let mut bench = with_heartbeat();
    bench.now.mono_ms += PING_EVERY - 1;
    bench.session.on_time(bench.now);
    bench.step();
    assert_eq!(bench.pings.len(), 0);
    bench.now.mono_ms += 5_000;
    bench.session.on_time(bench.now);
    bench.step();
    assert_eq!(bench.pings.len(), 1);
}
