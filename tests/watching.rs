//! A caller who waits watches the socket himself; everything else must go on as if he did not. See `src/io/borrow.rs`.
#![cfg(unix)]

mod common;

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use ecrhub::{Called, Config, EventKind, Outcome, Polled, Terminal};
use ecrhub_simulator::{Options, Simulator};

const A_WHILE: Duration = Duration::from_millis(900);

/// Without heartbeats and with requests that never give up: nothing but what is tested makes the library look again.
fn connect(simulator: &Simulator) -> Terminal {
    let config = Config {
        ping_interval_ms: 0,
        request_timeout_ms: 10 * u32::try_from(PATIENCE.as_millis()).unwrap(),
        ..config(simulator)
    };
    Terminal::connect(config).expect("a good configuration")
}

/// Asks about an order that nobody knows, and insists on the answer.
fn ask(terminal: &Terminal) {
    let number = number();
    let done = call(terminal, &query(&number));
    assert_eq!(done.merchant_order_no, Some(number));
    assert_eq!(done.outcome, Outcome::NotFound);
}

/// A terminal that pings all the time, and hangs up on who does not answer.
fn impatient() -> Simulator {
    let options = Options { ping_interval_ms: 20, pong_timeout_ms: 400, ..Options::default() };
    Simulator::start(options).expect("a free port on loopback")
}

fn reconnects(terminal: &Terminal) -> String {
    let state = terminal.state().unwrap();
    let from = state.find("\"reconnects\":").expect("the key is there") + 13;
    state[from..].chars().take_while(char::is_ascii_digit).collect()
}

fn is_interrupted(polled: &Polled) -> bool {
    matches!(polled, Polled::Interrupted)
}

#[test]
fn pings_are_answered_whoever_waits_or_not() {
    let simulator = impatient();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    thread::sleep(A_WHILE);
    assert!(matches!(terminal.poll(Some(A_WHILE)).unwrap(), Polled::Timeout));
    thread::scope(|scope| {
        let blocked = scope.spawn(|| terminal.poll(None).unwrap());
        thread::sleep(A_WHILE);
        terminal.wake().unwrap();
        assert!(is_interrupted(&blocked.join().unwrap()));
    });
    thread::sleep(A_WHILE);
    assert_eq!(reconnects(&terminal), "0");
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn a_wake_up_and_the_end_reach_who_watches_a_terminal_that_says_nothing() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    simulator.freeze();
    let blocked_in_call = || {
        let prepared = terminal.prepare(&query(&number())).unwrap();
        matches!(terminal.call(prepared, None).unwrap(), Called::Interrupted)
    };
    let blocked_in_poll = || is_interrupted(&terminal.poll(None).unwrap());
    let ends = |blocked: &(dyn Fn() -> bool + Sync), end: &dyn Fn()| {
        thread::scope(|scope| {
            let blocked = scope.spawn(blocked);
            thread::sleep(Duration::from_millis(100));
            let began = Instant::now();
            end();
            assert!(blocked.join().unwrap());
            assert!(began.elapsed() < Duration::from_secs(5));
        });
    };
    ends(&blocked_in_poll, &|| terminal.wake().unwrap());
    ends(&blocked_in_call, &|| terminal.wake().unwrap());
    ends(&blocked_in_poll, &|| terminal.disconnect());
}

/// The I/O thread notices that the time is up, and the caller sleeps at the socket.
#[test]
fn what_the_io_thread_finds_out_reaches_who_watches() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    simulator.freeze();
    let began = Instant::now();
    let prepared = terminal.prepare(&query(&number())).unwrap();
    match terminal.call(prepared, Some(Duration::from_millis(100))).unwrap() {
        Called::Completed(delivery) => match delivery.accept().kind {
            EventKind::Completed(done) => assert_eq!(done.outcome, Outcome::Unknown),
            other => panic!("{other:?}"),
        },
        Called::Interrupted => panic!("nobody interrupted"),
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_terminal_that_falls_silent_is_noticed_while_a_caller_waits() {
    let simulator = simulator();
    let patience = Config { ping_interval_ms: 100, ping_timeout_ms: 100, ..config(&simulator) };
    let terminal = Terminal::connect(patience).unwrap();
    wait_connected(&terminal);
    simulator.freeze();
    wait_for(&terminal, |event| match &event.kind {
        EventKind::Disconnected { error, .. } => {
            assert!(error.message.contains("ping"), "{error}");
            Some(())
        }
        _ => None,
    });
}

#[test]
fn what_comes_between_two_waits_is_noticed_by_itself() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    let waiting = || {
        let state = terminal.state().unwrap();
        !state.contains("\"events_waiting\":0")
    };
    for round in 0..300 {
        // Whether it comes before, while or after the socket comes home is left to chance.
        thread::scope(|scope| {
            scope.spawn(|| simulator.push_text(r#"{"topic":"a.push"}"#));
            let wait = Duration::from_millis(round % 2);
            if !matches!(terminal.poll(Some(wait)).unwrap(), Polled::Timeout) {
                simulator.push_text(r#"{"topic":"a.push"}"#);
            }
        });
        eventually("the event is there though nobody waits", waiting);
        drain(&terminal);
    }
}

/// Calls that follow each other at once leave the socket lent for a little while.
fn call_at_once_and_again(terminal: &Terminal) {
    for _ in 0..20 {
        ask(terminal);
    }
}

#[test]
fn after_the_last_of_many_calls_the_io_thread_takes_over() {
    let simulator = impatient();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    for _ in 0..20 {
        call_at_once_and_again(&terminal);
        simulator.push_text(r#"{"topic":"a.push"}"#);
        let waiting = || terminal.state().unwrap().contains("\"events_waiting\":1");
        eventually("the event is there though nobody asked", waiting);
        assert_eq!(drain(&terminal).len(), 1);
    }
    call_at_once_and_again(&terminal);
    thread::sleep(A_WHILE);
    assert_eq!(reconnects(&terminal), "0", "pings are answered");
    assert_eq!(simulator.connections(), 1);
    call_at_once_and_again(&terminal);
    simulator.cut_link();
    let is_lost = || !terminal.state().unwrap().contains("\"reconnects\":0");
    eventually("the loss is noticed though nobody asked", is_lost);
}

#[test]
fn who_does_not_wait_sees_what_has_come_after_many_calls() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    let mut at_once = 0;
    for _ in 0..60 {
        call_at_once_and_again(&terminal);
        simulator.push_text(r#"{"topic":"a.push"}"#);
        // Long enough for it to arrive, and too short for the I/O thread to come and read it, but by chance.
        thread::sleep(Duration::from_millis(2));
        at_once += drain(&terminal).len();
        let all_is_over = || {
            drain(&terminal);
            !terminal.state().unwrap().contains("\"events_waiting\":1")
        };
        thread::sleep(Duration::from_millis(30));
        eventually("nothing is left of it", all_is_over);
    }
    // All of them on a machine that is quiet; not one if only the I/O thread looked.
    assert!(at_once >= 10, "{at_once} of 60");
}

/// Whoever reads holds the lock: one who waits must leave it to others now and then, or nobody could ever interrupt him.
#[test]
fn a_terminal_that_talks_on_and_on_holds_nobody_up() {
    for (frame, is_silent) in [(&[0x8a, 0][..], true), (&b"\x81\x02{}"[..], false)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let began = Instant::now();
        let talk = thread::spawn(move || {
            let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
            let many = frame.repeat(4_096);
            while began.elapsed() < PATIENCE && socket.get_mut().write_all(&many).is_ok() {}
        });
        let talker =
            Terminal::connect(Config { request_timeout_ms: 300, ..config_for(&url) }).unwrap();
        // Its state and not its event, which a thousand others may have pushed out by now.
        eventually("it is connected", || {
            talker.state().unwrap().contains(r#""state":"connected""#)
        });
        let simulator = simulator();
        let neighbour = connect(&simulator);
        wait_connected(&neighbour);
        let done = call(&talker, &query(&number()));
        assert_eq!(done.outcome, Outcome::Unknown, "its time is up all the same");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| while !is_interrupted(&talker.poll(None).unwrap()) {});
            for _ in 0..20 {
                ask(&neighbour);
                talker.state().unwrap();
            }
            if is_silent {
                assert!(!waiting.is_finished());
            }
            talker.wake().unwrap();
            waiting.join().unwrap();
        });
        assert!(began.elapsed() < PATIENCE, "it went on only when the terminal had stopped");
        talker.disconnect();
        talk.join().unwrap();
    }
}

#[test]
fn the_wait_descriptor_tells_of_what_comes_after_many_calls() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    call_at_once_and_again(&terminal);
    let fd = terminal.wait_fd().unwrap();
    for _ in 0..20 {
        simulator.push_text(r#"{"topic":"a.push"}"#);
        let mut watched = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: one entry, valid for the length of the call.
        assert_eq!(unsafe { libc::poll(&raw mut watched, 1, 10_000) }, 1);
        assert_eq!(drain(&terminal).len(), 1);
        call_at_once_and_again(&terminal);
    }
}

#[test]
fn many_callers_of_one_terminal_get_each_his_own_answer() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..200 {
                    ask(&terminal);
                }
            });
        }
    });
    assert!(matches!(terminal.poll(Some(Duration::ZERO)).unwrap(), Polled::Timeout));
}

#[test]
fn a_signal_in_a_waiting_thread_changes_nothing() {
    extern "C" fn nothing(_: libc::c_int) {}
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    // SAFETY: the handler does nothing, and no other test of this program uses the signal.
    unsafe { libc::signal(libc::SIGUSR2, nothing as *const () as libc::sighandler_t) };
    // SAFETY: it takes nothing and always succeeds.
    let waiter = unsafe { libc::pthread_self() };
    let is_over = &AtomicBool::new(false);
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..20 {
                thread::sleep(Duration::from_millis(10));
                // SAFETY: the thread is in the scope that waits for this one.
                unsafe { libc::pthread_kill(waiter, libc::SIGUSR2) };
            }
            is_over.store(true, Ordering::Relaxed);
        });
        assert!(matches!(terminal.poll(Some(A_WHILE)).unwrap(), Polled::Timeout));
        assert!(is_over.load(Ordering::Relaxed));
    });
    assert!(began.elapsed() >= A_WHILE);
}

/// What became of every request of one handle: how often each has completed.
#[derive(Default)]
struct Tally {
    completed: Mutex<HashMap<String, usize>>,
    sent: AtomicUsize,
}

impl Tally {
    fn under_way(&self) -> usize {
        let completed = self.completed.lock().unwrap().len();
        self.sent.load(Ordering::Relaxed).saturating_sub(completed)
    }

    fn count(&self, event: EventKind) {
        if let EventKind::Completed(done) = event {
            *self.completed.lock().unwrap().entry(done.request_id).or_default() += 1;
        }
    }
}

struct Lane {
    terminal: Terminal,
    tally: Tally,
}

/// One thread's mischief, until it is told to stop.
fn play(lane: &Lane, role: usize, is_over: &AtomicBool) {
    let terminal = &lane.terminal;
    while !is_over.load(Ordering::Relaxed) {
        // Not so many at once that one is refused: a call that is woken leaves its request under way.
        let role = if role < 4 && lane.tally.under_way() > 200 { 4 } else { role };
        match role {
            0..3 => {
                let prepared = terminal.prepare(&query(&number())).unwrap();
                lane.tally.sent.fetch_add(1, Ordering::Relaxed);
                if let Called::Completed(delivery) = terminal.call(prepared, None).unwrap() {
                    lane.tally.count(delivery.accept().kind);
                }
            }
            3 => {
                lane.tally.sent.fetch_add(1, Ordering::Relaxed);
                send(terminal, &query(&number()));
            }
            4 => {
                if let Polled::Event(delivery) =
                    terminal.poll(Some(Duration::from_millis(2))).unwrap()
                {
                    lane.tally.count(delivery.accept().kind);
                }
            }
            _ => {
                terminal.wake().unwrap();
                thread::sleep(Duration::from_micros(300));
            }
        }
    }
}

/// Everything at once, on a few handles: callers, senders, pollers, wake-ups, a terminal that hangs up and speaks out of
/// turn, and the end in the midst of it. Every request completes exactly once.
#[test]
fn whatever_happens_at_once_every_request_completes_once() {
    let rounds: u64 =
        std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(150);
    let simulator = simulator();
    let lanes: Vec<Lane> =
        (0..3).map(|_| Lane { terminal: connect(&simulator), tally: Tally::default() }).collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for lane in &lanes {
            for role in 0..7 {
                let is_over = &is_over;
                scope.spawn(move || play(lane, role % 6, is_over));
            }
        }
        for round in 0..rounds {
            thread::sleep(Duration::from_micros(500 + 137 * (round % 31)));
            match round % 3 {
                0 => drop(simulator.cut_link()),
                1 => drop(simulator.push_text(r#"{"topic":"a.push"}"#)),
                _ => {}
            }
        }
        is_over.store(true, Ordering::Relaxed);
        // A caller whose request is being waited for gets it, or is woken.
        for lane in &lanes {
            lane.terminal.wake().unwrap();
        }
    });
    for lane in &lanes {
        settle(lane);
    }
}

/// Fetches what is left; then the books must be even.
fn settle(lane: &Lane) {
    let sent = lane.tally.sent.load(Ordering::Relaxed);
    let began = Instant::now();
    while lane.tally.completed.lock().unwrap().values().sum::<usize>() < sent {
        assert!(began.elapsed() < PATIENCE, "{}", lane.terminal.state().unwrap());
        if let Polled::Event(delivery) = lane.terminal.poll(Some(A_WHILE)).unwrap() {
            lane.tally.count(delivery.accept().kind);
        }
    }
    for event in drain(&lane.terminal) {
        lane.tally.count(event.kind);
    }
    let completed = lane.tally.completed.lock().unwrap();
    assert!(completed.values().all(|count| *count == 1), "told more than once");
    assert_eq!(completed.len(), sent);
    assert!(sent > 100, "it was no test: {sent}");
}

#[test]
fn the_end_of_a_handle_ends_every_wait_in_the_midst_of_it() {
    let simulator = simulator();
    for round in 0..60 {
        let terminal = connect(&simulator);
        let ended = AtomicUsize::new(0);
        thread::scope(|scope| {
            for role in 0..4 {
                let (terminal, ended) = (&terminal, &ended);
                scope.spawn(move || {
                    // Each goes on until the handle is gone.
                    while let Ok(prepared) = terminal.prepare(&query(&number())) {
                        if role == 0 {
                            if terminal.poll(None).is_err() {
                                break;
                            }
                        } else if terminal.call(prepared, None).is_err() {
                            break;
                        }
                    }
                    ended.fetch_add(1, Ordering::Relaxed);
                });
            }
            thread::sleep(Duration::from_micros(211 * round));
            terminal.disconnect();
        });
        assert_eq!(ended.load(Ordering::Relaxed), 4);
    }
    eventually("every socket is closed", || simulator.sockets() == 0);
}
