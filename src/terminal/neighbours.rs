//! Handles of this process on the same terminal: they share its screen, so a close of one may end the payment of another.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::process::PerProcess;
use crate::session::Others;

/// Each terminal's name, and the handles on it.
type Terminals = Vec<(String, Weak<Handles>)>;

static TERMINALS: PerProcess<Mutex<Terminals>> =
    PerProcess::new(Mutex::new(Vec::new()), || Mutex::new(Vec::new()));

/// The handles on one terminal.
#[derive(Debug, Default)]
struct Handles {
    shown: Mutex<Vec<Arc<Shown>>>,
}

/// What a handle shows to its neighbours.
#[derive(Debug, Default)]
struct Shown {
    serves_an_order: AtomicBool,
    /// No order may be written before then, on the monotonic clock; 0 for none.
    close_until: AtomicU64,
}

/// A handle's place among those on its terminal.
#[derive(Debug)]
pub(super) struct Neighbour {
    handles: Arc<Handles>,
    own: Arc<Shown>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Neighbour {
    /// Joins those on the terminal with this name.
    pub(super) fn join(terminal: &str) -> Self {
        let mut terminals = lock(TERMINALS.get());
        let known = terminals.iter().find(|(name, _)| name == terminal);
        let handles = known.and_then(|(_, handles)| handles.upgrade()).unwrap_or_else(|| {
            let handles = Arc::new(Handles::default());
            terminals.push((terminal.to_owned(), Arc::downgrade(&handles)));
            handles
        });
        let own = Arc::new(Shown::default());
        lock(&handles.shown).push(Arc::clone(&own));
        Neighbour { handles, own }
    }

    /// Nobody on this terminal writes while this is held.
    pub(super) fn take_turn(&self) -> Turn<'_> {
        Turn { neighbour: self, shown: lock(&self.handles.shown) }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        lock(&self.handles.shown).retain(|shown| !Arc::ptr_eq(shown, &self.own));
        let mut terminals = lock(TERMINALS.get());
        let is_last = Arc::strong_count(&self.handles) == 1;
        terminals
            .retain(|(_, handles)| !(is_last && handles.as_ptr() == Arc::as_ptr(&self.handles)));
        // Unloading the library leaves nothing behind.
        if terminals.is_empty() {
            *terminals = Vec::new();
        }
    }
}

/// While this stands, what the neighbours show does not change.
pub(super) struct Turn<'a> {
    neighbour: &'a Neighbour,
    shown: MutexGuard<'a, Vec<Arc<Shown>>>,
}

impl Turn<'_> {
    /// What the other handles do at the moment.
    pub(super) fn others(&self) -> Others {
        let mut others = Others::default();
        let own = &self.neighbour.own;
        for shown in self.shown.iter().filter(|shown| !Arc::ptr_eq(shown, own)) {
            others.serve_an_order |= shown.serves_an_order.load(Ordering::Relaxed);
            others.close_until = others.close_until.max(shown.close_until.load(Ordering::Relaxed));
        }
        others
    }

    /// Shows the others what this handle does.
    pub(super) fn show(&self, own: Others) {
        self.neighbour.own.serves_an_order.store(own.serve_an_order, Ordering::Relaxed);
        self.neighbour.own.close_until.store(own.close_until, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_one_terminal_see_each_other_and_no_others() {
        let (a, b) = (Neighbour::join("ws://one:1"), Neighbour::join("ws://one:1"));
        let elsewhere = Neighbour::join("ws://two:1");
        a.take_turn().show(Others { serve_an_order: true, close_until: 7 });
        assert_eq!(b.take_turn().others(), Others { serve_an_order: true, close_until: 7 });
        assert_eq!(a.take_turn().others(), Others::default());
        assert_eq!(elsewhere.take_turn().others(), Others::default());
        drop(a);
        assert_eq!(b.take_turn().others(), Others::default());
    }
}
