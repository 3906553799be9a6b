//! Ownership of a file under whatever name it is reached: a lock on the file itself.
//!
//! The `.lock` beside the journal cannot see a journal that was renamed while it was open, or that a mount shows in
//! another directory. So on Linux the file is locked as well, by a kind of lock that SQLite's own do not meet. Elsewhere
//! they do.
//!
//! On Unix a process that closes any descriptor of a file loses all its locks on it, SQLite's among them. So the one that
//! is locked here stays open until nobody in this process uses the file any more.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::files::Identity;
use super::owner::in_use;
use super::trouble::refused;
use crate::error::Result;
use crate::process::PerProcess;

type InUse = BTreeMap<Identity, Held>;

static IN_USE: PerProcess<Mutex<InUse>> =
    PerProcess::new(Mutex::new(BTreeMap::new()), Mutex::default);

#[derive(Default)]
struct Held {
    users: usize,
    is_owned: bool,
    file: Option<File>,
}

fn in_use_here() -> MutexGuard<'static, InUse> {
    IN_USE.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// A use of a file by this process. It must outlive the SQLite connection that it stands for.
#[derive(Debug)]
pub(super) struct Use {
    identity: Identity,
    owns: bool,
}

impl Use {
    /// For who only reads.
    pub(super) fn read(journal: &Path) -> Result<Use> {
        let identity = Identity::at(journal)
            .map_err(|error| refused(journal, format!("could not be found: {error}")))?;
        in_use_here().entry(identity).or_default().users += 1;
        Ok(Use { identity, owns: false })
    }

    /// For its owner; refused when it has one already.
    pub(super) fn own(journal: &Path) -> Result<Use> {
        let failed = |error: std::io::Error| {
            refused(
                journal,
                format!("could not be opened: {error}; let this program's user write the file"),
            )
        };
        let mut one = Use::read(journal)?;
        let mut table = in_use_here();
        let held = table.entry(one.identity).or_default();
        if held.is_owned {
            drop(table);
            return Err(in_use(journal, Some(std::process::id())));
        }
        let file = match held.file.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .read(true)
                .custom_flags(libc::O_NOFOLLOW)
                .open(journal)
                .map_err(failed)?,
        };
        let locked = file.try_lock();
        let is_same = file.metadata().is_ok_and(|found| Identity::of(&found) == one.identity);
        held.file = Some(file);
        held.is_owned = locked.is_ok();
        one.owns = held.is_owned;
        // What is refused gives up its use, which takes the table.
        drop(table);
        match locked {
            Ok(()) if is_same => Ok(one),
            Ok(()) => Err(refused(journal, "was replaced while it was opened; try again")),
            Err(TryLockError::WouldBlock) => Err(in_use(journal, holder(one.identity))),
            Err(TryLockError::Error(error)) => Err(refused(
                journal,
                format!("could not be locked: {error}; put it on a local disk"),
            )),
        }
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut table = in_use_here();
        let Some(held) = table.get_mut(&self.identity) else { return };
        if self.owns {
            held.is_owned = false;
            // Not left to the closing: a process that was being started meanwhile may hold a copy of the descriptor.
            let _ = held.file.as_ref().map(File::unlock);
        }
        held.users -= 1;
        if held.users == 0 {
            table.remove(&self.identity);
        }
        if table.is_empty() {
            // An empty map may still hold memory, which nobody would free when the library is unloaded.
            *table = InUse::new();
        }
    }
}

/// The process that took the lock on a file, where the system says so.
pub(super) fn holder(identity: Identity) -> Option<u32> {
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        // 1: FLOCK  ADVISORY  WRITE 4711 fe:01:1234 0 EOF
        let mut words = line.split_whitespace().skip(1);
        let (kind, pid, file) = (words.next()?, words.nth(2)?, words.next()?);
        let is_it = kind == "FLOCK" && file.rsplit(':').next()?.parse() == Ok(identity.inode);
        pid.parse().ok().filter(|&pid| is_it && pid > 0)
    })
}
