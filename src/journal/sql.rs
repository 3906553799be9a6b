//! The statements of the journal on disk.
//!
//! Where a statement names its index, it is an error and not a slow till should the index ever stop to fit.

#![forbid(unsafe_code)]

use super::schema::COLUMNS;

pub(super) const PURGED: &str = "SELECT value FROM meta WHERE key = 'purged_ms'";

pub(super) const PURGE: &str = "DELETE FROM orders WHERE seq IN (SELECT seq FROM orders INDEXED BY orders_done \
     WHERE acknowledged_ms < ?1 AND outcome <> 'unknown' AND look_ms IS NULL LIMIT ?2)";

/// When the newest of those that may be forgotten was acknowledged, up to a moment.
pub(super) const NEWEST: &str = "SELECT max(acknowledged_ms) FROM orders INDEXED BY orders_done \
     WHERE acknowledged_ms <= ?1 AND outcome <> 'unknown' AND look_ms IS NULL";

pub(super) const INSERT: &str = "INSERT INTO orders (request_id, merchant_order_no, terminal, request, since_ms, \
     answer_within_ms, earlier_attempt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(super) const UPDATE: &str = "UPDATE orders SET outcome = ?2, sent = ?3, response = ?4, error = ?5, recovered = ?6, clarified = ?7, \
     was = ?8, settled_ms = ?9, elapsed_ms = ?10, unknown_ms = ?11, look_ms = ?12, acknowledged_ms = ?13, \
     resolved_ms = ?14, note = ?15 WHERE request_id = ?1";

/// See [`Journal::looked`](super::Journal::looked).
pub(super) const LOOKED: &str =
    "UPDATE orders SET look_ms = NULL WHERE request_id = ?1 AND outcome = ?2";

/// Changes the file each time, and nothing that counts.
pub(super) const WRITE_OVER: &str = "INSERT INTO meta (key, value) VALUES ('written_over', 1) \
     ON CONFLICT (key) DO UPDATE SET value = value + 1";

pub(super) const IS_OPEN: &str = "(acknowledged_ms IS NULL OR outcome = 'unknown')";

/// See [`Entry::remembered_since`](super::Entry::remembered_since).
pub(super) const MAY_BE_CORRECTED: &str =
    "outcome NOT IN ('unknown', 'not_sent') AND resolved_ms IS NULL";

/// A terminal's open orders, oldest first.
pub(super) fn open_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM orders INDEXED BY orders_open \
         WHERE terminal = ?1 AND {IS_OPEN} ORDER BY seq"
    )
}

/// The newest that completed since then.
pub(super) fn settled_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM orders INDEXED BY orders_settled WHERE terminal = ?1 AND settled_ms >= ?2 \
         AND {MAY_BE_CORRECTED} ORDER BY settled_ms DESC LIMIT ?3"
    )
}

pub(super) fn look_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM orders INDEXED BY orders_look WHERE terminal = ?1 AND look_ms IS NOT NULL \
         AND {MAY_BE_CORRECTED} ORDER BY seq DESC"
    )
}

/// The next name under which something is open; passes over all orders of the one before.
pub(super) fn next_name_sql() -> String {
    format!(
        "SELECT terminal FROM orders INDEXED BY orders_open WHERE terminal > ?1 AND {IS_OPEN} \
         ORDER BY terminal LIMIT 1"
    )
}

pub(super) fn count_sql() -> String {
    format!("SELECT count(*) FROM orders INDEXED BY orders_open WHERE terminal = ?1 AND {IS_OPEN}")
}

pub(super) fn adopt_sql(index: &str, which: &str) -> String {
    format!("UPDATE orders INDEXED BY {index} SET terminal = ?2 WHERE terminal = ?1 AND {which}")
}

/// The statements that an opened journal must understand.
pub(super) fn statements() -> Vec<String> {
    let mut all = vec![open_sql(), settled_sql(), look_sql(), next_name_sql(), count_sql()];
    all.extend([PURGED, NEWEST, PURGE, INSERT, UPDATE, LOOKED].map(str::to_owned));
    all
}
