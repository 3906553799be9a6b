//! The C boundary under threads: a C program whose threads call everything at random on handles they share, at a terminal
//! that works and at one that breaks something now and then; see `stress.c` for what is asked of the library.
//!
//! `SECONDS` says for how long, `SEED` repeats the calls of each thread.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ecrhub_simulator::{Options, Simulator};
use support::Build;

/// Without `SECONDS`: one round.
const SHORT: u64 = 1;

/// A number from the environment; an empty one counts as none.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is \"{text}\", which is no number")))
}

fn new_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::from(now.subsec_nanos())
}

/// Whose orders break, as their amounts say, and whose links are cut.
fn odd_terminal() -> Simulator {
    let options = Options { restart_ms: 200, late_ms: 300, ..Options::default() };
    Simulator::start(options).expect("a free port on loopback")
}

/// Now and then something happens to the terminal, until it is over.
fn misbehave(terminal: &Simulator, is_over: &AtomicBool) {
    let pause = || std::thread::sleep(Duration::from_millis(70));
    for turn in (0_u32..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
        match turn % 8 {
            1 => drop(terminal.cut_link()),
            3 => drop(terminal.push_text(r#"{"topic":"ecrhub.note","biz_data":{}}"#)),
            5 => drop(terminal.push_bytes(b"\xff\x00 no message")),
            7 => {
                terminal.refuse_connections(true);
                terminal.cut_link();
                pause();
                terminal.refuse_connections(false);
            }
            _ => {}
        }
        pause();
    }
}

#[test]
fn sixteen_threads_that_call_everything_break_nothing_and_leave_nothing() {
    let seed = number("SEED").unwrap_or_else(new_seed).to_string();
    let seconds = number("SECONDS").unwrap_or(SHORT);
    println!("SEED={seed}");
    let good = Simulator::start(Options::default()).expect("a free port on loopback");
    let odd = odd_terminal();
    let folder = tempfile::tempdir().unwrap();
    let program = Build::new("tests/stress/stress.c");
    let folder = folder.path().to_str().expect("a path in UTF-8");
    let (good_url, odd_url, length) = (good.url(), odd.url(), seconds.to_string());
    let mut arguments = vec![seed.as_str(), &length, folder, &good_url, &odd_url];
    // The thread sanitizer does not follow a process that forks while it has threads.
    if std::env::var_os("ECRHUB_NO_FORK").is_some() {
        arguments.push("no-fork");
    }
    let is_over = AtomicBool::new(false);
    let shown = std::thread::scope(|scope| {
        scope.spawn(|| misbehave(&odd, &is_over));
        let end = End(&is_over);
        let shown = program.run(&arguments, seconds + 180);
        drop(end);
        shown
    });
    println!("{shown}");
    assert!(shown.contains("requests: "), "{shown}");
}

/// Also when the program fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
