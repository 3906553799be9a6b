//! How the I/O thread is waited for: it ends by itself, or a host's log callback never gives it back.

#![forbid(unsafe_code)]

use std::cell::OnceCell;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It has ended, or will in a moment.
    Ended,
    /// It stands still for ever in the host's code.
    Lost,
}

/// Shared between the I/O thread and whoever waits for its end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    end: Mutex<Option<End>>,
    changed: Condvar,
}

thread_local! {
    /// The I/O thread's own.
    static OWN: OnceCell<Arc<Ending>> = const { OnceCell::new() };
}

/// Tells of the thread's end when it is dropped.
pub(super) struct TellsEnd(Arc<Ending>);

impl Drop for TellsEnd {
    fn drop(&mut self) {
        self.0.tell(End::Ended);
    }
}

impl Ending {
    /// This thread is the one that is waited for, until what is returned is dropped.
    pub(super) fn of_this_thread(self: Arc<Self>) -> TellsEnd {
        // A thread is set up once.
        let _new = OWN.with(|own| own.set(Arc::clone(&self)));
        TellsEnd(self)
    }

    pub(super) fn wait(&self) -> End {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(end) = *end {
                return end;
            }
            end = self.changed.wait(end).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn tell(&self, how: End) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
        self.changed.notify_all();
    }
}

/// This thread never comes back from the host's code. If it is the I/O thread, nobody waits for it any more.
pub fn lose_this_thread() {
    // What is gone already waits for nobody.
    let _gone = OWN.try_with(|own| own.get().inspect(|ending| ending.tell(End::Lost)).is_some());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_waited_for_whichever_it_is() {
        for (lose, expected) in [(false, End::Ended), (true, End::Lost)] {
            let ending = Arc::new(Ending::default());
            let its = Arc::clone(&ending);
            let (go, may_go) = std::sync::mpsc::channel::<()>();
            let thread = std::thread::spawn(move || {
                let _told = its.of_this_thread();
                if lose {
                    lose_this_thread();
                    let _ = may_go.recv();
                }
            });
            assert_eq!(ending.wait(), expected);
            drop(go);
            thread.join().unwrap();
        }
        lose_this_thread();
    }
}
