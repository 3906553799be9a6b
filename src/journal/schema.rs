//! The table, its versions, and how a file is recognised as a journal.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior};

use super::sql::statements;
use super::trouble::{damaged, failed, is_damage, refused};
use super::{Entry, Outcome};
use crate::config::canonical_name;
use crate::error::Result;

/// "ECRJ": marks a SQLite file as a journal, so that another program's file is never altered.
const APPLICATION_ID: i32 = 0x4543_524A;

/// Step n makes version n+1 out of version n. Append-only: tills in shops have every one of them.
const MIGRATIONS: &[&str] = &[V1, V2];

/// The version this library reads and writes.
const VERSION: i32 = MIGRATIONS.len() as i32;

// `seq` is the order of acceptance: the clock may be set back, rows still come oldest first.
// The first index holds only what is open, so listing that stays flat in time however many orders there are;
// the second finds what may be forgotten.
const V1: &str = "
CREATE TABLE orders (
    seq               INTEGER PRIMARY KEY,
    request_id        TEXT NOT NULL UNIQUE,
    merchant_order_no TEXT NOT NULL UNIQUE,
    terminal          TEXT NOT NULL,
    request           TEXT NOT NULL,
    since_ms          INTEGER NOT NULL,
    outcome           TEXT CHECK (outcome IN ('approved', 'declined', 'cancelled', 'not_found', 'not_sent', 'unknown')),
    sent              TEXT NOT NULL DEFAULT 'maybe' CHECK (sent IN ('no', 'maybe', 'yes')),
    response          TEXT,
    error             TEXT,
    recovered         INTEGER NOT NULL DEFAULT 0 CHECK (recovered IN (0, 1)),
    clarified         INTEGER NOT NULL DEFAULT 0 CHECK (clarified IN (0, 1)),
    settled_ms        INTEGER CHECK ((settled_ms IS NULL) = (outcome IS NULL)),
    acknowledged_ms   INTEGER CHECK (acknowledged_ms IS NULL OR outcome IS NOT NULL),
    resolved_ms       INTEGER CHECK (resolved_ms IS NULL OR outcome <> 'unknown'),
    note              TEXT
) STRICT;
CREATE INDEX orders_open ON orders (terminal, seq) WHERE acknowledged_ms IS NULL OR outcome = 'unknown';
CREATE INDEX orders_done ON orders (acknowledged_ms) WHERE acknowledged_ms IS NOT NULL AND outcome <> 'unknown';
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

// A constraint cannot be changed, so the table is built anew. A row of version 1 that was clarified had been `unknown`.
// The third index finds second looks that are due, the fourth what completed last.
const V2: &str = "
CREATE TABLE new_orders (
    seq               INTEGER PRIMARY KEY,
    request_id        TEXT NOT NULL UNIQUE,
    merchant_order_no TEXT NOT NULL UNIQUE,
    terminal          TEXT NOT NULL,
    request           TEXT NOT NULL,
    since_ms          INTEGER NOT NULL,
    answer_within_ms  INTEGER,
    earlier_attempt   INTEGER NOT NULL DEFAULT 0 CHECK (earlier_attempt IN (0, 1)),
    outcome           TEXT CHECK (outcome IN ('approved', 'declined', 'cancelled', 'not_found', 'busy', 'not_sent', 'unknown')),
    sent              TEXT NOT NULL DEFAULT 'maybe' CHECK (sent IN ('no', 'maybe', 'yes')),
    response          TEXT,
    error             TEXT,
    recovered         INTEGER NOT NULL DEFAULT 0 CHECK (recovered IN (0, 1)),
    clarified         INTEGER NOT NULL DEFAULT 0 CHECK (clarified IN (0, 1)),
    was               TEXT CHECK ((was IS NULL) = (clarified = 0)),
    settled_ms        INTEGER CHECK ((settled_ms IS NULL) = (outcome IS NULL)),
    elapsed_ms        INTEGER,
    unknown_ms        INTEGER,
    look_ms           INTEGER CHECK (look_ms IS NULL OR outcome IS NOT NULL),
    acknowledged_ms   INTEGER CHECK (acknowledged_ms IS NULL OR outcome IS NOT NULL),
    resolved_ms       INTEGER CHECK (resolved_ms IS NULL OR outcome <> 'unknown'),
    note              TEXT
) STRICT;
INSERT INTO new_orders (seq, request_id, merchant_order_no, terminal, request, since_ms, outcome, sent, response, error,
    recovered, clarified, was, settled_ms, unknown_ms, acknowledged_ms, resolved_ms, note)
SELECT seq, request_id, merchant_order_no, terminal, request, since_ms, outcome, sent, response, error,
    recovered, clarified, iif(clarified, 'unknown', NULL), settled_ms, iif(outcome = 'unknown', settled_ms, NULL),
    acknowledged_ms, resolved_ms, note
FROM orders ORDER BY seq;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
CREATE INDEX orders_open ON orders (terminal, seq) WHERE acknowledged_ms IS NULL OR outcome = 'unknown';
CREATE INDEX orders_done ON orders (acknowledged_ms)
    WHERE acknowledged_ms IS NOT NULL AND outcome <> 'unknown' AND look_ms IS NULL;
CREATE INDEX orders_look ON orders (terminal, seq) WHERE look_ms IS NOT NULL;
CREATE INDEX orders_settled ON orders (terminal, settled_ms) WHERE settled_ms IS NOT NULL;
";

/// The columns [`entry`] reads, in its order.
pub(super) const COLUMNS: &str = "request_id, merchant_order_no, terminal, request, since_ms, answer_within_ms, \
     earlier_attempt, outcome, sent, response, error, recovered, clarified, was, settled_ms, elapsed_ms, unknown_ms, \
     look_ms, acknowledged_ms, resolved_ms, note";

/// One row of [`COLUMNS`].
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        request_id: row.get(0)?,
        merchant_order_no: row.get(1)?,
        terminal: row.get(2)?,
        request: row.get(3)?,
        since_ms: row.get(4)?,
        answer_within_ms: duration(row, 5)?,
        earlier_attempt: row.get(6)?,
        outcome: outcome(row, 7)?,
        sent: row.get(8)?,
        response: row.get(9)?,
        error: row.get(10)?,
        recovered: row.get(11)?,
        clarified: row.get(12)?,
        was: outcome(row, 13)?,
        settled_ms: row.get(14)?,
        elapsed_ms: duration(row, 15)?,
        unknown_ms: row.get(16)?,
        look_ms: row.get(17)?,
        acknowledged_ms: row.get(18)?,
        resolved_ms: row.get(19)?,
        note: row.get(20)?,
    })
}

fn outcome(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Outcome>> {
    let Some(name) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    match Outcome::from_name(name) {
        Some(outcome) => Ok(Some(outcome)),
        None => {
            let detail = format!("{name:?} is no outcome");
            Err(rusqlite::Error::FromSqlConversionFailure(column, Type::Text, detail.into()))
        }
    }
}

fn duration(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(|ms| u64::try_from(ms).ok()))
}

/// The journal's file with something appended to its name: `-wal`, `.lock`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The size of a file, 0 when there is none.
pub(super) fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// What a file is, judged before SQLite touches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, or nothing in it: a new journal may be begun here.
    Nothing,
    /// A journal.
    Journal,
}

/// Looks at a file in a way that changes nothing; merely to open it as usual would bring a foreign database up to date.
pub(super) fn inspect(path: &Path) -> Result<Found> {
    let log = size(&beside(path, "-wal"));
    if size(path) == 0 {
        // SQLite would throw the lone log away, and with it the latest orders.
        return match log {
            0 => Ok(Found::Nothing),
            _ => Err(damaged(path, "the file is missing or empty, but its -wal is there")),
        };
    }
    let peek = |connection: &Connection| -> rusqlite::Result<(i32, i32)> {
        Ok((pragma(connection, "application_id")?, pragma(connection, "user_version")?))
    };
    match open_bare(path).and_then(|connection| peek(&connection)) {
        Ok((application_id, version)) => identify(path, application_id, version)?,
        // A page torn while it was being brought up to date is mended from the log, or from the way back.
        Err(error) if is_damage(&error) && (log > 0 || size(&beside(path, "-journal")) > 0) => {}
        Err(error) if is_damage(&error) => {
            return Err(damaged(path, format!("{error}; it may also be another program's file")));
        }
        Err(error) => return Err(failed(path, "read", &error)),
    }
    Ok(Found::Journal)
}

/// Opens what is in the file itself, without its log and without a lock.
///
/// By SQLite all the same: a process that closes any descriptor of a file loses all its locks on it (on Unix), and
/// only SQLite knows to wait with that.
pub(super) fn open_bare(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE
        | OpenFlags::SQLITE_OPEN_URI;
    let name = path.to_string_lossy();
    let mut uri = String::from(match cfg!(windows) {
        // A share's name begins with two slashes, a drive's with none.
        true if name.starts_with('\\') => "file://",
        true => "file:///",
        false => "file:",
    });
    for byte in name.bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b':' | b'.' | b'-' | b'_' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    Connection::open_with_flags(uri, flags)
}

fn identify(path: &Path, application_id: i32, version: i32) -> Result<()> {
    if application_id != APPLICATION_ID {
        return Err(refused(
            path,
            "is another program's SQLite database and is left alone; name another file as the journal",
        ));
    }
    if version > VERSION {
        return Err(refused(
            path,
            format!(
                "has version {version}, written by a newer ecrhub; this one ({}) knows versions up to {VERSION}. \
                 Update ecrhub, or name another file as the journal",
                crate::VERSION
            ),
        ));
    }
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// The version of an opened journal; 0 for a database with nothing in it.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<i32> {
    let read = |error: rusqlite::Error| failed(path, "read", &error);
    let application_id = pragma(connection, "application_id").map_err(read)?;
    let version = pragma(connection, "user_version").map_err(read)?;
    let count = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(count, [], |row| row.get(0)).map_err(read)?;
    if (application_id, version, tables) == (0, 0, 0) {
        return Ok(0);
    }
    identify(path, application_id, version)?;
    match version {
        // Version and tables are written in one transaction.
        ..=0 => Err(damaged(path, format!("it says it has version {version}"))),
        _ => Ok(version),
    }
}

/// Whether this library reads this version as it is.
pub(super) fn is_current(version: i32) -> bool {
    version == VERSION
}

/// Version 1 named a terminal by its URL as that was spelled.
fn spell_terminals_alike(connection: &Connection) -> rusqlite::Result<()> {
    let mut query = connection.prepare("SELECT DISTINCT terminal FROM orders")?;
    let names =
        query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    for name in names {
        let canonical = canonical_name(&name);
        if canonical != name {
            connection.execute(
                "UPDATE orders SET terminal = ?2 WHERE terminal = ?1",
                [name.as_str(), canonical.as_str()],
            )?;
        }
    }
    Ok(())
}

/// Brings an empty or older journal up to date, whole or not at all.
pub(super) fn migrate(connection: &mut Connection, from: i32, path: &Path) -> Result<()> {
    let opened = |error: rusqlite::Error| failed(path, "opened", &error);
    if is_current(from) {
        return check_statements(connection, path);
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(opened)?;
    for (done, step) in MIGRATIONS.iter().enumerate().skip(from.max(0) as usize) {
        transaction.execute_batch(step).map_err(opened)?;
        if done == 1 {
            spell_terminals_alike(&transaction).map_err(opened)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(opened)?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(opened)?;
    check_statements(&transaction, path)?;
    transaction.commit().map_err(opened)
}

/// Version and tables are written together, so a statement that does not fit tells of damage.
fn check_statements(connection: &Connection, path: &Path) -> Result<()> {
    for sql in statements() {
        connection.prepare_cached(&sql).map_err(|error| damaged(path, error))?;
    }
    Ok(())
}
