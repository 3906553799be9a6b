//! From ids to terminals.
//!
//! What C holds is a number and never an address: a wrong, old or invented one is looked up, not followed. Numbers are
//! never used again, and are larger than 32 bits from the first one on, so that a binding that cuts them off is found
//! out by its first call and not by its four-billionth.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result, Status};
use crate::process::PerProcess;
use crate::terminal::Terminal;

const FIRST: u64 = 0x1_0000;

/// The serial number of the next terminal. Outside of what a forked child replaces, and no lock: this is how the
/// child tells its parent's ids from its own.
static NEXT: AtomicU64 = AtomicU64::new(FIRST);

static REGISTRY: PerProcess<Registry<Terminal>> =
    PerProcess::new(Registry::starting_at(FIRST), || {
        Registry::starting_at(NEXT.load(Ordering::Relaxed))
    });

/// Gives a terminal its id.
pub(crate) fn insert(terminal: Terminal) -> u64 {
    REGISTRY.get().insert(terminal)
}

/// The terminal of this id. It is held, not locked: it stays usable while another thread ends the id.
pub(crate) fn get(id: u64) -> Result<Arc<Terminal>> {
    REGISTRY.get().get(id)
}

/// Ends the id.
pub(crate) fn remove(id: u64) -> Result<Arc<Terminal>> {
    REGISTRY.get().remove(id)
}

/// Ends all ids of this process.
pub(crate) fn drain_all() -> Vec<Arc<Terminal>> {
    REGISTRY.get().drain_all()
}

struct Registry<T> {
    /// Smaller serial numbers are the parent process's.
    floor: u64,
    live: Mutex<BTreeMap<u64, Arc<T>>>,
}

impl<T> Registry<T> {
    const fn starting_at(floor: u64) -> Self {
        Registry { floor, live: Mutex::new(BTreeMap::new()) }
    }

    fn insert(&self, terminal: T) -> u64 {
        let id = id_of(NEXT.fetch_add(1, Ordering::Relaxed));
        self.live().insert(id, Arc::new(terminal));
        id
    }

    fn get(&self, id: u64) -> Result<Arc<T>> {
        self.check(id)?;
        self.live().get(&id).cloned().ok_or_else(|| ended(id))
    }

    fn remove(&self, id: u64) -> Result<Arc<T>> {
        self.check(id)?;
        self.live().remove(&id).ok_or_else(|| ended(id))
    }

    fn drain_all(&self) -> Vec<Arc<T>> {
        std::mem::take(&mut *self.live()).into_values().collect()
    }

    /// Whether this process has ever given out this id.
    fn check(&self, id: u64) -> Result<()> {
        match serial_of(id) {
            Some(serial) if serial >= self.floor => Ok(()),
            Some(_) => Err(Error::new(
                Status::Forked,
                format!(
                    "the handle {id} belongs to the process this one was forked from; connect anew here"
                ),
            )),
            None => Err(Error::new(Status::Handle, never_given_out(id))),
        }
    }

    fn live(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<T>>> {
        // Whoever panicked here left a whole map: each of the operations on it is one call.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ended(id: u64) -> Error {
    Error::new(Status::Handle, format!("the handle {id} has ended; it was disconnected"))
}

fn never_given_out(id: u64) -> String {
    if id == 0 {
        "the handle is 0, which is never valid; ecrhub_connect gives one".to_owned()
    } else if id <= u64::from(u32::MAX) {
        format!("{id} was never given out as a handle; was it stored in fewer than 64 bits?")
    } else {
        format!("{id} was never given out as a handle")
    }
}

fn id_of(serial: u64) -> u64 {
    serial << 16 | tag(serial)
}

/// The serial number in an id, if it is one that was given out.
fn serial_of(id: u64) -> Option<u64> {
    let serial = id >> 16;
    let given_out = (FIRST..NEXT.load(Ordering::Relaxed)).contains(&serial);
    (given_out && tag(serial) == id & 0xffff).then_some(serial)
}

/// Sixteen bits that somebody who counts up or down from an id does not hit.
fn tag(serial: u64) -> u64 {
    let mixed = (serial ^ serial >> 7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29) >> 17 & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn status<T>(result: Result<T>) -> Status {
        result.err().map_or(Status::Ok, |error| error.status())
    }

    #[test]
    fn an_id_leads_to_its_terminal_until_it_is_removed() {
        let registry = Registry::starting_at(FIRST);
        let (a, b) = (registry.insert("a"), registry.insert("b"));
        assert_eq!(*registry.get(a).unwrap(), "a");
        assert_eq!(*registry.remove(a).unwrap(), "a");
        assert_eq!(status(registry.get(a)), Status::Handle);
        assert_eq!(status(registry.remove(a)), Status::Handle);
        assert_eq!(*registry.get(b).unwrap(), "b");
    }

    #[test]
    fn an_id_is_never_given_out_twice() {
        let registry = Registry::starting_at(FIRST);
        let mut seen = HashSet::new();
        for _ in 0..1_000 {
            let id = registry.insert(());
            assert!(seen.insert(id));
            registry.remove(id).unwrap();
        }
    }

    #[test]
    fn an_id_does_not_fit_into_32_bits_and_its_halves_are_no_ids() {
        let registry = Registry::starting_at(FIRST);
        let id = registry.insert(());
        assert!(id > u64::from(u32::MAX));
        let error = registry.get(id & 0xffff_ffff).unwrap_err();
        assert_eq!(error.status(), Status::Handle);
        assert!(error.message().contains("64 bits"), "{error}");
        assert_eq!(status(registry.get(id >> 32)), Status::Handle);
    }

    #[test]
    fn a_forged_id_is_refused() {
        let registry = Registry::starting_at(FIRST);
        let id = registry.insert(());
        for bit in 0..64 {
            assert_eq!(status(registry.get(id ^ 1 << bit)), Status::Handle, "bit {bit}");
        }
        for forged in [0, 1, id + 1, id - 1, id + 0x1_0000, u64::MAX] {
            assert_eq!(status(registry.get(forged)), Status::Handle, "{forged}");
        }
    }

    #[test]
    fn drain_ends_every_id() {
        let registry = Registry::starting_at(FIRST);
        let ids = [registry.insert(1), registry.insert(2)];
        assert_eq!(registry.drain_all().len(), 2);
        assert!(ids.iter().all(|&id| status(registry.get(id)) == Status::Handle));
        assert!(registry.drain_all().is_empty());
    }

    #[test]
    fn a_childs_registry_knows_its_parents_ids_from_its_own() {
        let parent = Registry::starting_at(FIRST);
        let (live, ended) = (parent.insert(()), parent.insert(()));
        parent.remove(ended).unwrap();
        let child = Registry::starting_at(NEXT.load(Ordering::Relaxed));
        assert_eq!(status(child.get(live)), Status::Forked);
        assert_eq!(status(child.remove(live)), Status::Forked);
        assert_eq!(status(child.get(ended)), Status::Forked);
        let own = child.insert(());
        assert!(child.get(own).is_ok());
        assert_eq!(status(child.get(0)), Status::Handle);
    }

    #[test]
    fn a_terminal_in_use_outlives_its_id() {
        let registry = Registry::starting_at(FIRST);
        let id = registry.insert("a");
        let held = registry.get(id).unwrap();
        registry.remove(id).unwrap();
        assert_eq!(*held, "a");
    }
}
