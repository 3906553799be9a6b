//! Reading a journal without owning it, while a till runs or when none does.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::connect::BUSY;
use super::schema::{self, COLUMNS, Found, beside, entry, size};
use super::trouble::{failed, refused};
use super::{Entry, owner};
use crate::config::canonical_name;
use crate::error::Result;
use crate::protocol::Outcome;

/// Which orders to list; by default all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this terminal's.
    pub terminal: Option<String>,
    /// Only those that are open: no outcome, not acknowledged, or `unknown` and not resolved.
    pub open: bool,
    /// Only those with this outcome.
    pub outcome: Option<Outcome>,
    /// Only those accepted at or after this time, epoch milliseconds.
    pub from_ms: Option<i64>,
    /// Only those accepted before this time, epoch milliseconds.
    pub until_ms: Option<i64>,
    /// At most so many.
    pub limit: Option<u32>,
    /// The newest first, instead of the oldest.
    pub newest_first: bool,
}

/// A journal opened for reading only. It never takes the ownership, and sees what is committed at the time of each call.
///
/// Nothing is written to the journal. Where nobody has it open, SQLite may leave an empty `-wal` and a `-shm` beside
/// it; in a directory that cannot be written it is read without them.
pub struct Reader {
    path: PathBuf,
    connection: Connection,
    #[cfg(target_os = "linux")]
    _use: super::hold::Use,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Reader {
    /// Opens the journal at `path` for reading.
    /// [`Status::Journal`](crate::Status::Journal) when there is none, it is damaged or of another version.
    pub fn open(path: impl AsRef<Path>) -> Result<Reader> {
        let path = owner::locate(path.as_ref())?;
        if schema::inspect(&path)? == Found::Nothing {
            return Err(refused(&path, "does not exist, or is empty"));
        }
        #[cfg(target_os = "linux")]
        let used = super::hold::Use::read(&path)?;
        let connection = match connect(&path, false) {
            Err(error) if may_read_bare(&path, &error) => connect(&path, true),
            other => other,
        }
        .map_err(|error| failed(&path, "read", &error))?;
        let version = schema::version(&connection, &path)?;
        if !schema::is_current(version) {
            return Err(refused(
                &path,
                format!(
                    "has the older version {version}; it can be read once a till of this version has opened it"
                ),
            ));
        }
        Ok(Reader {
            path,
            connection,
            #[cfg(target_os = "linux")]
            _use: used,
        })
    }

    /// The orders that pass the filter, in the order they were accepted.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        self.for_each(filter, |entry| {
            found.push(entry);
            Ok(())
        })?;
        Ok(found)
    }

    /// As [`Reader::list`], one by one, for exports of any length. Ends with the first error that `each` returns.
    pub fn for_each(
        &self,
        filter: &Filter,
        mut each: impl FnMut(Entry) -> Result<()>,
    ) -> Result<()> {
        let read = |error: rusqlite::Error| failed(&self.path, "read", &error);
        let direction = if filter.newest_first { "DESC" } else { "ASC" };
        let mut query = self
            .connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM orders WHERE (?1 IS NULL OR terminal = ?1) \
                 AND (NOT ?2 OR acknowledged_ms IS NULL OR outcome = 'unknown') AND (?3 IS NULL OR outcome = ?3) \
                 AND (?4 IS NULL OR since_ms >= ?4) AND (?5 IS NULL OR since_ms < ?5) ORDER BY seq {direction} LIMIT ?6"
            ))
            .map_err(read)?;
        let limit = filter.limit.map_or(-1, i64::from);
        let outcome = filter.outcome.map(Outcome::name);
        let rows = query
            .query_map(
                params![
                    filter.terminal.as_deref().map(canonical_name),
                    filter.open,
                    outcome,
                    filter.from_ms,
                    filter.until_ms,
                    limit
                ],
                entry,
            )
            .map_err(read)?;
        for row in rows {
            each(row.map_err(read)?)?;
        }
        Ok(())
    }

    /// The order with this `request_id`, or else with this `merchant_order_no`.
    pub fn find(&self, id: &str) -> Result<Option<Entry>> {
        self.connection
            .query_row(
                &format!(
                    "SELECT {COLUMNS} FROM orders WHERE request_id = ?1 OR merchant_order_no = ?1 \
                     ORDER BY request_id = ?1 DESC LIMIT 1"
                ),
                [id],
                entry,
            )
            .optional()
            .map_err(|error| failed(&self.path, "read", &error))
    }
}

pub(super) fn connect(path: &Path, bare: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection =
        if bare { schema::open_bare(path)? } else { Connection::open_with_flags(path, flags)? };
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(
        "PRAGMA query_only = 1; PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1;",
    )?;
    // SQLite opens lazily; the first read tells whether it can.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Without a log there is no owner, and all there is to read is in the one file.
fn may_read_bare(path: &Path, error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
        && size(&beside(path, "-wal")) == 0
}
