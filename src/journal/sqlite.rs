//! The journal on disk: a SQLite file, one row per order.

#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::connect::{connect, tidy_up_on_close};
use super::files::{self, Named};
use super::owner::{self, Owner};
use super::rules::{self, Step};
use super::schema::{self, COLUMNS, Found, entry};
use super::shared::{self, Claim};
use super::sql::{
    INSERT, IS_OPEN, LOOKED, NEWEST, PURGE, PURGED, UPDATE, WRITE_OVER, adopt_sql, count_sql,
    look_sql, next_name_sql, open_sql, settled_sql,
};
use super::trouble::{
    Trouble, commit, failed, is_about_locks, is_about_syncing, is_damage, refused,
};
use super::{
    Acknowledged, DAY_MS, Entry, Handles, Journal, NewOrder, OpenUnder, REMEMBERED, REMEMBERED_MS,
    Settlement,
};
use crate::error::Result;
use crate::process;
use crate::protocol::Outcome;
use crate::redact;

/// How many forgotten orders one transaction deletes, so that none grows without bound.
const PURGE_BATCH: usize = 500;

/// Orders in a SQLite file that this process owns. Dropping it closes the file.
///
/// Beside the file there are its `-wal` and `-shm` while it is open, and a `.lock` that stays. On Unix all four are
/// for this user alone (0600), and [`Journal::begin`] refuses the order when the open file is no longer the named one.
/// After a `fork()`, the child's calls return [`Status::Forked`](crate::Status::Forked).
pub struct SqliteJournal {
    path: PathBuf,
    shown: String,
    keep_days: u32,
    process: u64,
    handles: Handles,
    named: Named,
    // In this order: the file is closed before another process may own it, and the path is free after that.
    pub(super) inner: Mutex<Option<Inner>>,
    held: Option<(Owner, Claim)>,
}

pub(super) struct Inner {
    pub(super) connection: Connection,
    /// When old orders were last looked for, epoch milliseconds.
    purged_ms: Option<i64>,
}

impl std::fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteJournal").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteJournal {
    /// Opens the journal at `path`, or begins one there when there is no file or an empty one, and owns it until
    /// it is dropped or the process ends.
    ///
    /// Acknowledged orders older than `keep_days` days are forgotten, at most once a day; 0 keeps them for ever.
    /// Their age counts to the present time `now_ms`, in epoch milliseconds, and never further than to a day after the
    /// last acknowledgement: a clock that is far ahead ages nothing before orders were acknowledged for more than a day
    /// with it. Orders that are open are never forgotten.
    ///
    /// [`Status::Journal`](crate::Status::Journal), with what to do about it, when the file is owned already, is
    /// damaged, another program's, or a newer version's, or cannot be read or written, and when one of its files is
    /// another user's, a symbolic link, or has a second name. Nothing is then changed.
    /// [`Status::Forked`](crate::Status::Forked) when the process this one was forked from had it open.
    pub fn open(path: impl AsRef<Path>, keep_days: u32, now_ms: i64) -> Result<SqliteJournal> {
        let path = owner::locate(path.as_ref())?;
        shared::alone(&path, |claim| Self::begin_owning(claim, &path, keep_days, now_ms))
    }

    /// As [`SqliteJournal::open`], but everyone in this process who opens the same file this way, by whatever
    /// spelling of its path, has the same journal. The first one's `keep_days` counts.
    pub fn open_shared(
        path: impl AsRef<Path>,
        keep_days: u32,
        now_ms: i64,
    ) -> Result<Arc<SqliteJournal>> {
        let path = owner::locate(path.as_ref())?;
        shared::together(&path, |claim| Self::begin_owning(claim, &path, keep_days, now_ms))
    }

    fn begin_owning(claim: Claim, path: &Path, keep_days: u32, now_ms: i64) -> Result<Self> {
        files::must_be_own(path)?;
        let mut owner = Owner::acquire(path)?;
        let found = schema::inspect(path)?;
        files::make_private(path)?;
        let mut named = Named::of(path)?;
        owner.hold(path)?;
        let mut inner = Inner { connection: connect(path, found)?, purged_ms: None };
        inner.purged_ms = inner.purged().map_err(|error| failed(path, "read", &error))?;
        named.add_log(path)?;
        let journal = SqliteJournal {
            shown: path.to_string_lossy().into_owned(),
            path: path.to_owned(),
            keep_days,
            process: process::generation(),
            handles: Handles::default(),
            named,
            inner: Mutex::new(Some(inner)),
            held: Some((owner, claim)),
        };
        journal.with("written", |inner| {
            while journal.purge(inner, now_ms)? {}
            Ok(tidy_up_on_close(&inner.connection)?)
        })?;
        Ok(journal)
    }

    /// Forgets a batch of old orders when a day has gone by; true when there may be more.
    /// Only damage is an error: what cannot be deleted today is deleted another day.
    fn purge(&self, inner: &mut Inner, now_ms: i64) -> Result<bool> {
        match inner.purge(self.keep_days, now_ms) {
            Ok(more) => Ok(more),
            Err(error) if is_damage(&error) => Err(failed(&self.path, "read", &error)),
            Err(error) => {
                log_line_later!(
                    log::Level::Warn,
                    "old orders stay in the journal {} for now: {error}",
                    self.shown
                );
                inner.purged_ms = Some(now_ms);
                Ok(false)
            }
        }
    }

    fn locked(&self) -> Result<MutexGuard<'_, Option<Inner>>> {
        if process::generation() != self.process {
            return Err(shared::forked(&self.path));
        }
        Ok(self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with<T>(
        &self,
        doing: &str,
        work: impl FnOnce(&mut Inner) -> Result<T, Trouble>,
    ) -> Result<T> {
        let mut inner = self.locked()?;
        let inner = inner.as_mut().ok_or_else(|| refused(&self.path, "is closed"))?;
        work(inner).map_err(|trouble| match trouble {
            Trouble::Refused(error) => error,
            Trouble::Sqlite(error) => failed(&self.path, doing, &error),
            Trouble::Uncommitted(error) => {
                // Without a lock nothing was written, and the next attempt would wait as long for it.
                if !is_about_locks(&error) {
                    inner.write_over_what_was_not_committed(&self.shown);
                }
                failed(&self.path, doing, &error)
            }
        })
    }

    /// One transaction about one order: asks the rule, and makes the change when it is to be made.
    fn change(
        &self,
        request_id: &str,
        rule: impl FnOnce(Option<&Entry>) -> Result<Step>,
        edit: impl FnOnce(&mut Entry),
    ) -> Result<Step> {
        self.with("written", |inner| {
            let transaction = inner.write()?;
            let found = by_request_id(&transaction, request_id)?;
            let step = rule(found.as_ref())?;
            if let (Step::Write, Some(mut entry)) = (step, found) {
                edit(&mut entry);
                write_back(&transaction, &entry)?;
            }
            commit(transaction)?;
            Ok(step)
        })
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if process::generation() == self.process {
            drop(inner);
        } else {
            // A forked child: closing would tidy up files that are the parent's, and the table may be locked for ever.
            std::mem::forget(inner);
            std::mem::forget(self.held.take());
        }
    }
}

impl Inner {
    /// A commit that was written and could not be synced is undone here; the next process would find it in the log, and
    /// take an order that was refused for one that was sent. So another one is put in its place, as far as the disk
    /// still takes it; whether that can be synced makes no difference.
    fn write_over_what_was_not_committed(&self, shown: &str) {
        match self.connection.execute(WRITE_OVER, []) {
            Ok(_) => {}
            Err(error) if is_about_syncing(&error) => {}
            Err(error) => log_line!(
                log::Level::Error,
                "what the journal {shown} could not take may be found in it by the next process: {error}"
            ),
        }
    }

    /// The lock comes first, so that what is read cannot have changed when it is written.
    fn write(&mut self) -> rusqlite::Result<Transaction<'_>> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }

    fn purged(&self) -> rusqlite::Result<Option<i64>> {
        self.connection.query_row(PURGED, [], |row| row.get(0)).optional()
    }

    fn purge(&mut self, keep_days: u32, now_ms: i64) -> rusqlite::Result<bool> {
        // A clock that was set back counts as a new day.
        let due = self
            .purged_ms
            .is_none_or(|last| !(last..last.saturating_add(DAY_MS)).contains(&now_ms));
        if keep_days == 0 || !due {
            return Ok(false);
        }
        let transaction = self.write()?;
        let before = present_ms(&transaction, now_ms)?
            .saturating_sub(i64::from(keep_days).saturating_mul(DAY_MS));
        let deleted =
            transaction.prepare_cached(PURGE)?.execute(params![before, PURGE_BATCH as i64])?;
        let more = deleted == PURGE_BATCH;
        if !more {
            transaction.execute(
                "INSERT INTO meta (key, value) VALUES ('purged_ms', ?1) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [now_ms],
            )?;
        }
        transaction.commit()?;
        if !more {
            self.purged_ms = Some(now_ms);
        }
        Ok(more)
    }
}

/// The present, as far as the clock is believed: it may be wrong, but that a till was used is certain. At most a day after
/// the last acknowledgement; and no more than two after the last one that was a day before that, so that a clock which jumps
/// ages nothing before the till has sold for more than a day with it.
fn present_ms(connection: &Connection, now_ms: i64) -> rusqlite::Result<i64> {
    let mut newest = connection.prepare_cached(NEWEST)?;
    let mut newest_until = |until_ms: i64| -> rusqlite::Result<Option<i64>> {
        newest.query_row([until_ms], |row| row.get(0))
    };
    let Some(last) = newest_until(i64::MAX)? else { return Ok(now_ms) };
    let a_day_before = newest_until(last.saturating_sub(DAY_MS))?;
    let bounds = [Some((last, 1)), a_day_before.map(|at| (at, 2))];
    let bounds = bounds.into_iter().flatten().map(|(at, days)| at.saturating_add(days * DAY_MS));
    Ok(bounds.fold(now_ms, i64::min))
}

fn by_request_id(connection: &Connection, request_id: &str) -> rusqlite::Result<Option<Entry>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM orders WHERE request_id = ?1"))?
        .query_row([request_id], entry)
        .optional()
}

fn list(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Entry>> {
    let mut query = connection.prepare_cached(sql)?;
    query.query_map(parameters, entry)?.collect()
}

/// Writes what may change of an order.
fn write_back(transaction: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<()> {
    let number = |ms: Option<u64>| ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
    transaction.prepare_cached(UPDATE)?.execute(params![
        entry.request_id,
        entry.outcome.map(Outcome::name),
        entry.sent,
        entry.response,
        entry.error,
        entry.recovered,
        entry.clarified,
        entry.was.map(Outcome::name),
        entry.settled_ms,
        number(entry.elapsed_ms),
        entry.unknown_ms,
        entry.look_ms,
        entry.acknowledged_ms,
        entry.resolved_ms,
        entry.note,
    ])?;
    Ok(())
}

impl Journal for SqliteJournal {
    fn path(&self) -> &str {
        &self.shown
    }

    fn begin(&self, order: &NewOrder<'_>) -> Result<bool> {
        let request = redact::json(order.request);
        self.with("written", |inner| {
            self.named.check(&self.path)?;
            let transaction = inner.write()?;
            let sql = format!(
                "SELECT {COLUMNS} FROM orders WHERE merchant_order_no = ?1 OR request_id = ?2"
            );
            let known = list(&transaction, &sql, [order.merchant_order_no, order.request_id])?;
            let earlier_attempt = rules::begin(order, &known)?;
            for replaced in &known {
                transaction
                    .prepare_cached("DELETE FROM orders WHERE request_id = ?1")?
                    .execute([&replaced.request_id])?;
            }
            transaction.prepare_cached(INSERT)?.execute(params![
                order.request_id,
                order.merchant_order_no,
                order.terminal,
                request,
                order.at_ms,
                i64::try_from(order.answer_within_ms).unwrap_or(i64::MAX),
                earlier_attempt
            ])?;
            commit(transaction)?;
            // A till that runs for months forgets as well. The order is on disk, whatever becomes of this.
            if let Err(error) = self.purge(inner, order.at_ms) {
                log_line_later!(log::Level::Error, "{error}");
            }
            Ok(earlier_attempt)
        })
    }

    fn settle(&self, request_id: &str, new: &Settlement<'_>) -> Result<()> {
        let masked = Masked::of(new);
        let rule = |found: Option<&Entry>| rules::settle(request_id, found, new.outcome);
        self.change(request_id, rule, |entry| entry.settle(&masked.settlement(new))).map(drop)
    }

    fn clarify(&self, request_id: &str, was: Outcome, new: &Settlement<'_>) -> Result<()> {
        let masked = Masked::of(new);
        let rule = |found: Option<&Entry>| rules::clarify(request_id, found, new.outcome);
        self.change(request_id, rule, |entry| entry.clarify(was, &masked.settlement(new))).map(drop)
    }

    fn looked(&self, looks: &[(String, Outcome)]) -> Result<()> {
        self.with("written", |inner| {
            let transaction = inner.write()?;
            for (request_id, outcome) in looks {
                transaction.prepare_cached(LOOKED)?.execute((request_id, outcome.name()))?;
            }
            commit(transaction)
        })
    }

    fn acknowledge(&self, request_id: &str, outcome: Outcome, at_ms: i64) -> Result<Acknowledged> {
        let rule = |found: Option<&Entry>| rules::acknowledge(request_id, found, outcome);
        self.change(request_id, rule, |entry| entry.acknowledged_ms = Some(at_ms))
            .map(Acknowledged::from)
    }

    fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        note: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        let note = note.map(redact::json);
        let rule = |found: Option<&Entry>| {
            rules::resolve(request_id, found, outcome).map(|()| Step::Write)
        };
        self.change(request_id, rule, |entry| entry.resolve(outcome, note.as_deref(), at_ms))
            .map(drop)
    }

    fn find(&self, request_id: &str) -> Result<Option<Entry>> {
        self.with("read", |inner| Ok(by_request_id(&inner.connection, request_id)?))
    }

    fn open(&self, terminal: &str) -> Result<Vec<Entry>> {
        self.with("read", |inner| Ok(list(&inner.connection, &open_sql(), [terminal])?))
    }

    fn remembered(&self, terminal: &str, now_ms: i64) -> Result<Vec<Entry>> {
        let since_ms = now_ms.saturating_sub(REMEMBERED_MS);
        self.with("read", |inner| {
            let connection = &inner.connection;
            let most = REMEMBERED as i64;
            let mut found = list(connection, &settled_sql(), params![terminal, since_ms, most])?;
            let due = list(connection, &look_sql(), [terminal])?;
            let known: HashSet<String> =
                found.iter().map(|entry| entry.request_id.clone()).collect();
            found.extend(due.into_iter().filter(|entry| !known.contains(&entry.request_id)));
            Ok(found)
        })
    }

    fn open_elsewhere(&self, connected: &[String]) -> Result<Vec<OpenUnder>> {
        self.with("read", |inner| {
            let mut found = Vec::new();
            let mut next = inner.connection.prepare_cached(&next_name_sql())?;
            let mut count = inner.connection.prepare_cached(&count_sql())?;
            let mut name = String::new();
            while let Some(terminal) =
                next.query_row([&name], |row| row.get::<_, String>(0)).optional()?
            {
                if !connected.contains(&terminal) {
                    let open: i64 = count.query_row([&terminal], |row| row.get(0))?;
                    let open = usize::try_from(open).unwrap_or(usize::MAX);
                    found.push(OpenUnder { terminal: terminal.clone(), open });
                }
                name = terminal;
            }
            Ok(found)
        })
    }

    fn adopt(&self, former: &str, terminal: &str, now_ms: i64) -> Result<usize> {
        let since_ms = now_ms.saturating_sub(REMEMBERED_MS);
        self.with("written", |inner| {
            let transaction = inner.write()?;
            let mut moved = 0;
            for (index, which) in [("orders_open", IS_OPEN), ("orders_look", "look_ms IS NOT NULL")]
            {
                moved += transaction.execute(&adopt_sql(index, which), [former, terminal])?;
            }
            moved += transaction.execute(
                &adopt_sql("orders_settled", "settled_ms >= ?3"),
                params![former, terminal, since_ms],
            )?;
            commit(transaction)?;
            Ok(moved)
        })
    }

    fn handles(&self) -> Option<&Handles> {
        Some(&self.handles)
    }
}

/// A settlement's texts as they may be written down.
struct Masked {
    response: Option<String>,
    error: Option<String>,
}

impl Masked {
    fn of(new: &Settlement<'_>) -> Masked {
        Masked { response: new.response.map(redact::json), error: new.error.map(redact::json) }
    }

    fn settlement<'a>(&'a self, new: &Settlement<'a>) -> Settlement<'a> {
        Settlement {
            response: self.response.as_deref(),
            error: self.error.as_deref(),
            ..new.clone()
        }
    }
}

/// Resolves an order in a journal that nobody has open: opens it, writes down what a person decided, and closes it.
/// Returns the order as it is then. Nothing else in the journal changes, and no journal is begun where there is none.
///
/// Errors are those of [`SqliteJournal::open`] and [`Journal::resolve`]; while a till owns the journal, that is
/// [`Status::Journal`](crate::Status::Journal), and the till has to be asked to do it.
pub fn resolve(
    path: impl AsRef<Path>,
    request_id: &str,
    outcome: Outcome,
    note: Option<&str>,
    now_ms: i64,
) -> Result<Entry> {
    let path = path.as_ref();
    if schema::inspect(&owner::locate(path)?)? == Found::Nothing {
        return Err(refused(path, "does not exist, or is empty"));
    }
    let journal = SqliteJournal::open(path, 0, now_ms)?;
    journal.resolve(request_id, outcome, note, now_ms)?;
    let found = journal.find(request_id)?;
    found.ok_or_else(|| refused(path, format!("has lost the order \"{request_id}\"")))
}
