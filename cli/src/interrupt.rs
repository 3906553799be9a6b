//! Ctrl-C: counted, and a waiting terminal is woken by it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ecrhub::Terminal;

use crate::exit::{Exit, Failure};

static PRESSED: AtomicUsize = AtomicUsize::new(0);
static WAITING: Mutex<Weak<Terminal>> = Mutex::new(Weak::new());

/// From now on Ctrl-C does not end the program but wakes this terminal's waits.
pub fn listen(terminal: &Arc<Terminal>) -> Result<(), Failure> {
    *WAITING.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(terminal);
    ctrlc::set_handler(pressed)
        .map_err(|error| Failure::System(format!("Ctrl-C cannot be listened to: {error}")))
}

/// Runs on a thread of its own, not inside the signal.
fn pressed() {
    // Whoever presses a third time faces a program that cannot even print.
    if PRESSED.fetch_add(1, Ordering::SeqCst) >= 2 {
        std::process::exit(Exit::Interrupted.code().into());
    }
    let waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    if let Some(terminal) = waiting {
        // A terminal that has ended has nobody left to wake.
        let _ = terminal.wake();
    }
}

/// How often it was pressed.
pub fn count() -> usize {
    PRESSED.load(Ordering::SeqCst)
}
