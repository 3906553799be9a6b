//! Hundreds of terminals on one thread. Alone in its program, because it counts the process's threads.

mod common;

use common::*;
use ecrhub::{Config, EventKind, Outcome, Terminal};

const HANDLES: usize = 500;

/// None where the system does not tell it as simply as Linux does; tests/c/waiting.c counts them on Windows too.
fn threads() -> Option<usize> {
    cfg!(target_os = "linux")
        .then(|| std::fs::read_dir("/proc/self/task").expect("a Linux system").count())
}

#[test]
fn five_hundred_handles_share_one_thread_and_a_frozen_terminal_delays_nobody() {
    let simulator = simulator();
    let frozen = common::simulator();
    let before = threads();
    let with_one_more = before.map(|count| count + 1);

    // However long the others take on a slow machine, nothing of it is given up meanwhile.
    let stuck = Terminal::connect(Config {
        send_timeout_ms: 300_000,
        request_timeout_ms: 300_000,
        ping_interval_ms: 0,
        ..config(&frozen)
    })
    .unwrap();
    wait_connected(&stuck);
    frozen.freeze();
    let terminals: Vec<Terminal> = (0..HANDLES)
        .map(|_| {
            Terminal::connect(Config { connect_timeout_ms: 30_000, ..config(&simulator) }).unwrap()
        })
        .collect();
    // More than a socket's buffers hold, to a terminal that does not read.
    let filler = "x".repeat(100_000);
    for _ in 0..100 {
        let note = format!(r#"{{"topic":"ecrhub.note","biz_data":{{"filler":"{filler}"}}}}"#);
        send(&stuck, &note);
    }
    for terminal in &terminals {
        wait_connected(terminal);
    }
    assert_eq!(simulator.connections(), HANDLES);
    assert_eq!(threads(), with_one_more, "the caller's thread and one more");

    let ids: Vec<String> =
        terminals.iter().map(|terminal| send(terminal, &query("NOSUCHORDER"))).collect();
    for (terminal, id) in terminals.iter().zip(&ids) {
        assert_eq!(wait_completed(terminal, id).outcome, Outcome::NotFound);
    }
    let answered =
        drain(&stuck).iter().filter(|e| matches!(e.kind, EventKind::Completed(_))).count();
    assert_eq!(answered, 0, "the frozen terminal was stuck all the while");

    drop(terminals);
    drop(stuck);
    eventually("every socket is closed", || simulator.sockets() == 0);
    assert_eq!(threads(), with_one_more);
}
