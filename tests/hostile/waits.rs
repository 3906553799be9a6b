//! A wait that ends by a panic is no wait any more: the next wake-up is for who comes next, and no completion is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ecrhub::{EventKind, Polled};

use crate::alone;
use crate::common::*;
use crate::log_lines::{LINES_LEFT, log_from};

#[test]
fn a_panic_in_a_call_leaves_no_wait_behind_and_its_completion_comes_by_poll() {
    let _alone = alone();
    log_from(log::LevelFilter::Info);
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    // "is taken" comes first, then the completion; that one is now and then said by the I/O thread.
    let mut panics_at = [0; 2];
    for lines in (0..2).cycle().take(200) {
        let order = terminal.prepare(&sale(&number(), "7.00")).unwrap();
        let id = order.request_id().to_owned();
        LINES_LEFT.set(Some(lines));
        let called = catch_unwind(AssertUnwindSafe(|| terminal.call(order, None).is_ok()));
        LINES_LEFT.set(None);
        if called.is_ok() {
            continue;
        }
        panics_at[lines] += 1;
        wait_completed(&terminal, &id);
        terminal.wake().unwrap();
        let polled = terminal.poll(Some(Duration::ZERO)).unwrap();
        assert!(matches!(polled, Polled::Interrupted), "{lines}: nobody waits but who comes next");
        if panics_at[0] > 0 && panics_at[1] > 0 {
            break;
        }
    }
    assert!(panics_at[0] > 0 && panics_at[1] > 0, "it did not come to it: {panics_at:?}");
    log_from(log::LevelFilter::Off);
}

#[test]
fn a_panic_in_a_poll_loses_no_event() {
    let _alone = alone();
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    log_from(log::LevelFilter::Debug);
    let mut has_panicked = false;
    // Now and then the I/O thread reads the message, and this one says nothing.
    for _ in 0..100 {
        LINES_LEFT.set(Some(0));
        let message = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(10));
                simulator.push_text(r#"{"topic":"ecrhub.hello"}"#);
            });
            loop {
                match catch_unwind(AssertUnwindSafe(|| next_event(&terminal))) {
                    Ok(event) => break event,
                    Err(_) => has_panicked = true,
                }
            }
        });
        assert!(matches!(message.kind, EventKind::Message { .. }), "{message:?}");
        if has_panicked {
            break;
        }
    }
    LINES_LEFT.set(None);
    log_from(log::LevelFilter::Off);
    assert!(has_panicked);
}
