//! Which handles of this process use a journal, and whose an order is: it belongs to the handle that sent it for as long
//! as that handle lives.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::hash::{BuildOwn, OwnSet};

/// The handles that use one journal.
#[derive(Debug, Default)]
pub struct Handles {
    live: Mutex<Live>,
}

#[derive(Debug, Default)]
struct Live {
    last: u64,
    handles: BTreeMap<u64, Handle>,
}

#[derive(Debug)]
struct Handle {
    terminal: String,
    /// Hashes of the `request_id`s of its orders, until they are acknowledged.
    orders: OwnSet<u64>,
}

impl Handles {
    /// A handle begins. Gives its number.
    pub(crate) fn enter(&self, terminal: &str) -> u64 {
        let mut live = self.lock();
        live.last += 1;
        let number = live.last;
        let handle = Handle { terminal: terminal.to_owned(), orders: OwnSet::default() };
        live.handles.insert(number, handle);
        number
    }

    /// A handle ends; its orders are nobody's.
    pub(crate) fn leave(&self, number: u64) {
        self.lock().handles.remove(&number);
    }

    /// The order is this handle's from now on; false when it was already.
    pub(crate) fn own(&self, number: u64, request_id: &str) -> bool {
        let mut live = self.lock();
        let handle = live.handles.get_mut(&number);
        handle.is_some_and(|handle| handle.orders.insert(BuildOwn.hash_one(request_id)))
    }

    /// The order is not this handle's after all.
    pub(crate) fn release(&self, number: u64, request_id: &str) {
        if let Some(handle) = self.lock().handles.get_mut(&number) {
            handle.orders.remove(&BuildOwn.hash_one(request_id));
        }
    }

    /// Whether the order belongs to this handle.
    pub(crate) fn is_of(&self, number: u64, request_id: &str) -> bool {
        let live = self.lock();
        let handle = live.handles.get(&number);
        handle.is_some_and(|handle| handle.orders.contains(&BuildOwn.hash_one(request_id)))
    }

    /// Takes an order for this handle; false when it is another one's.
    pub(crate) fn claim(&self, number: u64, request_id: &str) -> bool {
        let order = BuildOwn.hash_one(request_id);
        let mut live = self.lock();
        if live.is_of_another(number, order) {
            return false;
        }
        if let Some(handle) = live.handles.get_mut(&number) {
            handle.orders.insert(order);
        }
        true
    }

    /// Nothing is left to be done about the order.
    pub(crate) fn disown(&self, request_id: &str) {
        let order = BuildOwn.hash_one(request_id);
        for handle in self.lock().handles.values_mut() {
            handle.orders.remove(&order);
        }
    }

    /// Whether the order belongs to another handle than this one.
    pub(crate) fn is_of_another(&self, number: u64, request_id: &str) -> bool {
        self.lock().is_of_another(number, BuildOwn.hash_one(request_id))
    }

    /// The names of the terminals that a handle is connected to.
    pub(crate) fn terminals(&self) -> Vec<String> {
        self.lock().handles.values().map(|handle| handle.terminal.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn is_of_another(&self, number: u64, order: u64) -> bool {
        self.handles
            .iter()
            .any(|(other, handle)| *other != number && handle.orders.contains(&order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_its_handles_until_that_ends_or_nothing_is_left_to_do() {
        let handles = Handles::default();
        let (a, b) = (handles.enter("bar"), handles.enter("bar"));
        assert!(handles.own(a, "r1") && !handles.own(a, "r1"));
        assert!(handles.is_of(a, "r1") && !handles.is_of(b, "r1"));
        assert!(!handles.is_of_another(a, "r1"));
        assert!(handles.is_of_another(b, "r1"));
        assert!(!handles.claim(b, "r1"));
        assert!(handles.claim(b, "r2") && !handles.claim(a, "r2"));
        handles.disown("r2");
        assert!(handles.claim(a, "r2"));
        handles.release(a, "r2");
        assert!(!handles.is_of(a, "r2"));
        handles.leave(a);
        assert!(handles.claim(b, "r1") && handles.claim(b, "r2"));
        assert_eq!(handles.terminals(), ["bar"]);
    }
}
