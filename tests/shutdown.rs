//! Connecting while another thread shuts the library down: it may happen before or after, never in between.
#![allow(missing_docs)]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::*;
use ecrhub::{Config, EventKind, Outcome, Polled, Status, Terminal};

/// Nobody listens there.
fn config() -> Config {
    Config { send_timeout_ms: 50, ..config_for("ws://127.0.0.1:1") }
}

/// What becomes of an order on a handle that was given out: refused, or completed in time, or the handle ends.
fn is_seen_to(till: &Terminal) -> Result<(), String> {
    let prepared = match till.prepare(&sale(&number(), "1.00")) {
        Ok(prepared) => prepared,
        Err(error) if error.status() == Status::Handle => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    match till.submit(prepared, None) {
        Ok(()) => {}
        Err(error) if error.status() == Status::Handle => return Ok(()),
        Err(error) => return Err(error.to_string()),
    }
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        match till.poll(Some(Duration::from_millis(500))) {
            Ok(Polled::Event(delivery)) => {
                if let EventKind::Completed(done) = delivery.accept().kind {
                    assert_eq!(done.outcome, Outcome::NotSent);
                    return Ok(());
                }
            }
            Ok(Polled::Timeout) => {}
            Ok(Polled::Interrupted) => return Ok(()),
            Err(error) if error.status() == Status::Handle => return Ok(()),
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("an order was accepted and nobody saw to it: {}", till.state().unwrap()))
}

#[test]
fn a_handle_given_out_during_a_shutdown_is_driven_or_has_ended() {
    let is_over = AtomicBool::new(false);
    let connected = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let shutting_down = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                ecrhub::shutdown();
            }
        });
        let tills: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..300 {
                        let till = Terminal::connect(config()).unwrap();
                        connected.fetch_add(1, Ordering::Relaxed);
                        is_seen_to(&till)?;
                    }
                    Ok::<(), String>(())
                })
            })
            .collect();
        let ends: Vec<_> = tills.into_iter().map(|till| till.join().unwrap()).collect();
        is_over.store(true, Ordering::Relaxed);
        shutting_down.join().unwrap();
        assert_eq!(ends, [Ok(()), Ok(()), Ok(())]);
    });
    assert_eq!(connected.load(Ordering::Relaxed), 900);
}
