//! Which process this is.
//!
//! After `fork()` only one of the parent's threads goes on in the child, and whatever lock another one held at that
//! moment stays locked there for ever. So the child never touches process-wide state of its parent: it gets a fresh one
//! the first time it asks, and the old one is left alone, neither locked nor freed.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A number that is another one in a forked child, and never 0.
pub(crate) fn generation() -> u64 {
    std::process::id().into()
}

/// Process-wide state of which every forked child has its own.
///
/// The first process's lies in the static itself, so that unloading the library leaves nothing behind; a child's lies
/// on the heap for as long as the child lives.
pub(crate) struct PerProcess<T: 'static> {
    owner: AtomicU64,
    first: T,
    in_child: AtomicPtr<InChild<T>>,
    fresh: fn() -> T,
}

struct InChild<T> {
    owner: u64,
    value: T,
    /// What a parent that was a child itself had, so that it stays reachable.
    _before: *const InChild<T>,
}

impl<T: Sync> PerProcess<T> {
    /// `first` is what the first process gets, `fresh` makes what its forked children get.
    pub(crate) const fn new(first: T, fresh: fn() -> T) -> Self {
        PerProcess {
            owner: AtomicU64::new(0),
            first,
            in_child: AtomicPtr::new(ptr::null_mut()),
            fresh,
        }
    }

    /// This process's own. Takes no lock.
    pub(crate) fn get(&'static self) -> &'static T {
        // No process is a fork of another.
        if cfg!(windows) {
            return &self.first;
        }
        let me = generation();
        let owner = match self.owner.compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => me,
            Err(owner) => owner,
        };
        if owner == me { &self.first } else { self.of_child(me) }
    }

    fn of_child(&'static self, me: u64) -> &'static T {
        let mut newest = self.in_child.load(Ordering::Acquire);
        loop {
            // SAFETY: the slot holds null or what a Box was turned into below, which from then on is only read and
            // never freed.
            if let Some(child) = unsafe { newest.as_ref() }
                && child.owner == me
            {
                return &child.value;
            }
            let made = Box::new(InChild { owner: me, value: (self.fresh)(), _before: newest });
            let made = Box::into_raw(made);
            match self.in_child.compare_exchange(newest, made, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => newest = made,
                Err(found) => {
                    // SAFETY: it comes from the Box above, and no other thread has seen it.
                    drop(unsafe { Box::from_raw(made) });
                    newest = found;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(not(windows))]
    use std::sync::Mutex;

    #[test]
    fn one_process_has_one_state() {
        static STATE: PerProcess<AtomicU64> =
            PerProcess::new(AtomicU64::new(7), || AtomicU64::new(0));
        STATE.get().store(8, Ordering::Relaxed);
        assert_eq!(STATE.get().load(Ordering::Relaxed), 8);
        assert!(ptr::eq(STATE.get(), &STATE.first));
    }

    #[cfg(not(windows))]
    #[test]
    fn another_process_gets_its_own_and_keeps_it_though_the_parents_is_locked() {
        static STATE: PerProcess<Mutex<u32>> = PerProcess::new(Mutex::new(1), || Mutex::new(2));
        let _held_at_fork = STATE.first.lock().unwrap();
        STATE.owner.store(generation() + 1, Ordering::Relaxed);
        assert_eq!(*STATE.get().lock().unwrap(), 2);
        *STATE.get().lock().unwrap() = 3;
        assert_eq!(*STATE.get().lock().unwrap(), 3);
        // And the child's child: a third one.
        let child = STATE.in_child.load(Ordering::Relaxed);
        let grandparents =
            InChild { owner: generation() + 1, value: Mutex::new(9), _before: child };
        STATE.in_child.store(Box::into_raw(Box::new(grandparents)), Ordering::Relaxed);
        assert_eq!(*STATE.get().lock().unwrap(), 2);
    }

    #[cfg(not(windows))]
    #[test]
    fn threads_that_ask_first_at_the_same_time_get_the_same() {
        static STATE: PerProcess<AtomicU64> =
            PerProcess::new(AtomicU64::new(0), || AtomicU64::new(0));
        STATE.owner.store(generation() + 1, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| STATE.get().fetch_add(1, Ordering::Relaxed));
            }
        });
        assert_eq!(STATE.get().load(Ordering::Relaxed), 8);
    }
}
