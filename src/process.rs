//! Which process this is.
//!
//! After `fork()` only one of the parent's threads goes on in the child, and whatever lock another one held at that
//! moment stays locked there for ever. So the child never touches process-wide state of its parent: it gets a fresh one
//! the first time it asks, and the old one is left alone, neither locked nor freed.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A number that is another one in a forked child, and never 0.
///
/// The process's id does not do: in a pid namespace of its own, a child may have the same one as its parent.
pub(crate) fn generation() -> u64 {
    #[cfg(target_os = "linux")]
    if let Some(generation) = wiped::generation() {
        return generation;
    }
    std::process::id().into()
}

/// The user whose rights this process has with files.
#[cfg(unix)]
pub(crate) fn user() -> u32 {
    // SAFETY: geteuid only returns a number.
    unsafe { libc::geteuid() }
}

/// A page that the kernel empties in every child, whichever way it was forked (`MADV_WIPEONFORK`, Linux 4.14).
#[cfg(target_os = "linux")]
mod wiped {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    /// The largest page that Linux has.
    const PAGE_MOST: usize = 65_536;

    const SLOT: usize = size_of::<AtomicU64>();

    /// There is a whole page in it, wherever it lies. It is the library's own memory: unloading leaves nothing behind.
    static MEMORY: [AtomicU64; 2 * PAGE_MOST / SLOT] =
        [const { AtomicU64::new(0) }; 2 * PAGE_MOST / SLOT];

    /// Which slot of the memory is in the page that is wiped.
    static PLACE: AtomicUsize = AtomicUsize::new(UNKNOWN);
    const UNKNOWN: usize = 0;
    const NOWHERE: usize = usize::MAX;

    /// The last number given out by this process or one it was forked from. Larger than any process's id.
    static LAST: AtomicU64 = AtomicU64::new(1 << 32);

    /// None where the kernel cannot do this.
    pub(super) fn generation() -> Option<u64> {
        let place = match PLACE.load(Ordering::Acquire) {
            UNKNOWN => find_place(),
            place => place,
        };
        let slot = MEMORY.get(place)?;
        match slot.load(Ordering::Acquire) {
            0 => Some(begin(slot)),
            generation => Some(generation),
        }
    }

    /// Several threads may do this at the same time, and find the same.
    fn find_place() -> usize {
        let place = have_a_page_wiped().unwrap_or(NOWHERE);
        PLACE.store(place, Ordering::Release);
        place
    }

    fn have_a_page_wiped() -> Option<usize> {
        // SAFETY: sysconf only returns a number.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
        if !(SLOT * 2..=PAGE_MOST).contains(&page) {
            return None;
        }
        let start = MEMORY.as_ptr();
        let before = start.addr().next_multiple_of(page) - start.addr();
        // SAFETY: at most one page of the memory, which is two of the largest long, lies before this place.
        let begin = unsafe { start.byte_add(before) }.cast_mut().cast();
        // An emulator that says yes to everything says yes to advice that does not exist, too.
        // SAFETY: it is one whole page of a static of our own that only this advice is about; it changes nothing in
        // this process, and a child reads zeros, which are atomics as good as others.
        let (is_nonsense_taken, is_taken) = unsafe {
            (
                libc::madvise(begin, page, -1) == 0,
                libc::madvise(begin, page, libc::MADV_WIPEONFORK) == 0,
            )
        };
        // The page's second slot: the first may be the memory's first, and 0 means that nobody has asked yet.
        (is_taken && !is_nonsense_taken).then_some(before / SLOT + 1)
    }

    /// This process's first question.
    fn begin(slot: &AtomicU64) -> u64 {
        let mine = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        match slot.compare_exchange(0, mine, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => mine,
            Err(found) => found,
        }
    }

    #[cfg(test)]
    pub(super) fn is_had() -> bool {
        generation().is_some()
    }
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

    /// What `look` gives in a forked child.
    #[cfg(unix)]
    fn in_a_child(look: impl Fn() -> u8) -> u8 {
        let mut status = 0;
        // SAFETY: the child calls nothing that may wait for a lock of another thread, and ends at once.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::_exit(look().into());
            }
            assert!(child > 0 && libc::waitpid(child, &raw mut status, 0) == child);
        }
        assert!(libc::WIFEXITED(status), "{status}");
        u8::try_from(libc::WEXITSTATUS(status)).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn each_fork_is_another_generation_also_of_a_child_and_it_stays_that() {
        let parents = generation();
        let differs = |before: u64| {
            let mine = generation();
            mine != before && mine != 0 && generation() == mine
        };
        let of_both = in_a_child(|| {
            let mine = generation();
            let grandchild = in_a_child(|| u8::from(differs(mine) && generation() != parents));
            u8::from(differs(parents)) + 2 * grandchild
        });
        assert_eq!(of_both, 3);
        assert_eq!(generation(), parents);
    }

    /// In a pid namespace of its own a child may have any id, its parent's too.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_generation_does_not_hang_on_the_processs_id() {
        assert!(wiped::is_had());
        assert!(generation() > u64::from(u32::MAX));
        let child = in_a_child(|| u8::from(generation() > u64::from(u32::MAX)));
        assert_eq!(child, 1);
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
