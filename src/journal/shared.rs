//! The journals this process has open: terminals that name the same file share one.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::SqliteJournal;
use super::trouble::refused;
use crate::error::{Error, Result, Status};
use crate::process;

type Places = BTreeMap<PathBuf, Place>;

static PLACES: Mutex<Places> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();

struct Place {
    /// A forked child inherits the table, but none of the files' locks.
    process: u64,
    state: State,
}

enum State {
    Opening,
    Alone,
    /// Closing, when nobody holds it any more.
    Shared(Weak<SqliteJournal>),
}

/// A path's entry in the table; it goes when the journal that holds it is closed.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut places = places();
        places.remove(&self.path);
        if places.is_empty() {
            // An empty map may still hold memory, which nobody would free when the library is unloaded.
            *places = Places::new();
        }
        drop(places);
        CHANGED.notify_all();
    }
}

fn places() -> MutexGuard<'static, Places> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Claims a path for an opening, or returns the journal that is open there.
fn enter(path: &Path) -> Result<Result<Claim, Option<Arc<SqliteJournal>>>> {
    let mut places = places();
    loop {
        match places.get(path) {
            None => break,
            Some(place) if place.process != process::generation() => return Err(forked(path)),
            Some(Place { state: State::Alone, .. }) => return Ok(Err(None)),
            Some(Place { state: State::Shared(journal), .. }) => {
                if let Some(journal) = journal.upgrade() {
                    return Ok(Err(Some(journal)));
                }
            }
            Some(Place { state: State::Opening, .. }) => {}
        }
        // Another thread is opening or closing it; both end.
        places = CHANGED
            .wait_timeout(places, Duration::from_secs(1))
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
    let place = Place { process: process::generation(), state: State::Opening };
    places.insert(path.to_owned(), place);
    Ok(Ok(Claim { path: path.to_owned() }))
}

fn publish(path: &Path, state: State) {
    if let Some(place) = places().get_mut(path) {
        place.state = state;
    }
    CHANGED.notify_all();
}

/// The journal at `path` for this caller alone.
pub(super) fn alone(
    path: &Path,
    open: impl FnOnce(Claim) -> Result<SqliteJournal>,
) -> Result<SqliteJournal> {
    let Ok(claim) = enter(path)? else {
        return Err(refused(
            path,
            "is in use by this process already; one owner has a journal at a time. Close it first",
        ));
    };
    let journal = open(claim)?;
    publish(path, State::Alone);
    Ok(journal)
}

/// The journal at `path`, the same for everyone in this process who asks this way.
pub(super) fn together(
    path: &Path,
    open: impl FnOnce(Claim) -> Result<SqliteJournal>,
) -> Result<Arc<SqliteJournal>> {
    match enter(path)? {
        Ok(claim) => {
            let journal = Arc::new(open(claim)?);
            publish(path, State::Shared(Arc::downgrade(&journal)));
            Ok(journal)
        }
        Err(Some(journal)) => Ok(journal),
        Err(None) => {
            Err(refused(path, "is in use by this process already, and not shared. Close it first"))
        }
    }
}

/// SQLite's locks do not survive a fork, so a child must not even try.
pub(super) fn forked(path: &Path) -> Error {
    Error::new(
        Status::Forked,
        format!(
            "the journal {} was opened by the process this one was forked from; open it in one of them only, after the fork",
            path.display()
        ),
    )
}
