//! What went wrong with a file, in a sentence that says what to do.

#![forbid(unsafe_code)]

use std::path::Path;

use rusqlite::{ErrorCode, Transaction};

use crate::error::{Error, Status};

/// A refusal that concerns the journal at `path`.
pub(super) fn refused(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::new(Status::Journal, format!("the journal {} {what}", path.display()))
}

/// The file is no longer what was written to it.
pub(crate) fn damaged(path: impl AsRef<Path>, detail: impl std::fmt::Display) -> Error {
    let path = path.as_ref();
    let shown = path.display();
    refused(
        path,
        format!(
            "is damaged ({detail}). Nothing was written to it. Move {shown}, {shown}-wal and {shown}-shm aside together, keep \
             them, and connect again: a new journal is begun. Orders that had no outcome in the damaged one must be \
             looked up on the terminal before anything is sold again"
        ),
    )
}

/// A file is no longer where it was opened: what is written to it would not be found again.
#[cfg(unix)]
pub(super) fn displaced(path: &Path, file: &Path, what: &dyn std::fmt::Display) -> Error {
    refused(
        path,
        format!(
            "takes no order any more: {} was removed, renamed or replaced while it was open ({what}). Put the file back; \
             or end every program that uses it, look up on the terminal what was sold last, and connect again",
            file.display()
        ),
    )
}

/// Whether an error says that the file is not what was written to it.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        }
        // The schema is ours, so a value of another type or an unknown word was not written by us.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// Whether all was written, and could not be synced.
pub(super) fn is_about_syncing(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_IOERR_FSYNC)
}

/// Whether a lock could not be had.
pub(super) fn is_about_locks(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}

/// What SQLite said, for a person. `doing` is what failed: "opened", "read", "written".
pub(super) fn failed(path: &Path, doing: &str, error: &rusqlite::Error) -> Error {
    if is_damage(error) {
        return damaged(path, error);
    }
    let remedy = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full; make room, then try again",
        Some(ErrorCode::ReadOnly) => {
            "it is read-only; let this program's user write the file and its directory"
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "let this program's user write the file and its directory"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has it locked; end what else opens the file (a database browser, a backup), then try again"
        }
        Some(ErrorCode::SystemIoFailure) => {
            "the disk or the file system reports an error; check it before selling on"
        }
        Some(ErrorCode::FileLockingProtocolFailed) => {
            "the file system cannot lock files; put the journal on a local disk"
        }
        _ => "nothing was written",
    };
    refused(path, format!("could not be {doing}: {error}; {remedy}"))
}

/// What ends a piece of work: a rule, or SQLite.
pub(super) enum Trouble {
    Refused(Error),
    Sqlite(rusqlite::Error),
    /// At the last step of a transaction. All of it may be in the log nevertheless.
    Uncommitted(rusqlite::Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Refused(error)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::Sqlite(error)
    }
}

/// The last step of a transaction.
pub(super) fn commit(transaction: Transaction<'_>) -> Result<(), Trouble> {
    transaction.commit().map_err(Trouble::Uncommitted)
}
