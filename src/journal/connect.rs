//! Opening a journal's file for its owner: the settings that make a write last, and the checks before the first one.

#![forbid(unsafe_code)]

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::owner;
use super::schema::{self, Found, beside, size};
use super::trouble::{damaged, failed, refused};
use crate::error::Result;

/// How long a write waits for another program that has the file locked. Readers never block a writer.
pub(super) const BUSY: Duration = Duration::from_secs(3);

/// Up to this size a journal is checked page by page each time it is opened (about a fifth of a second);
/// a larger one only after an end that was not clean.
const ALWAYS_CHECKED_BYTES: u64 = 64 << 20;

/// Until [`tidy_up_on_close`] the log stays as it is when this is closed: of a file that is refused nothing is changed.
pub(super) fn connect(path: &Path, found: Found) -> Result<Connection> {
    let opened = |error: rusqlite::Error| failed(path, "opened", &error);
    let unclean = size(&beside(path, "-wal")) > 0;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut connection = Connection::open_with_flags(path, flags).map_err(opened)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(opened)?;
    connection.busy_timeout(BUSY).map_err(opened)?;
    // SQLite falls back to reading only, in silence.
    if connection.is_readonly("main").map_err(opened)? {
        return Err(refused(
            path,
            "is read-only; let this program's user write the file and its directory",
        ));
    }
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1; \
             PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1; PRAGMA temp_store = MEMORY;",
        )
        .map_err(opened)?;
    let version = schema::version(&connection, path)?;
    if version > 0 && (unclean || size(path) <= ALWAYS_CHECKED_BYTES) {
        check(&connection, path)?;
    }
    schema::migrate(&mut connection, version, path)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(opened)?;
    if mode != "wal" {
        return Err(refused(
            path,
            format!(
                "cannot be kept safe where it is (SQLite's mode stays \"{mode}\"); put it on a local disk"
            ),
        ));
    }
    if found == Found::Nothing {
        owner::sync_directory(path)?;
    }
    Ok(connection)
}

/// The file is accepted: its log may go into it when it is closed.
pub(super) fn tidy_up_on_close(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map(|_| ())
}

fn check(connection: &Connection, path: &Path) -> Result<()> {
    let said: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| failed(path, "read", &error))?;
    match said.as_str() {
        "ok" => Ok(()),
        _ => Err(damaged(path, said.lines().last().unwrap_or_default())),
    }
}
