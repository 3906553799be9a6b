//! Orders on disk: written before their first byte leaves, told again until the till has acknowledged them.

#![forbid(unsafe_code)]

mod connect;
#[doc(hidden)]
pub mod memory;
mod owner;
mod reader;
mod rules;
mod schema;
mod shared;
mod sqlite;
mod trouble;
mod volatile;

pub use reader::{Filter, Reader};
pub use sqlite::{SqliteJournal, resolve};
pub(crate) use volatile::Volatile;

use crate::error::Result;
use crate::protocol::Outcome;

/// An order about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder<'a> {
    /// The envelope's `request_id`; unique in the journal.
    pub request_id: &'a str,
    /// `biz_data.merchant_order_no`; unique in the journal, but for one that was `not_sent`.
    pub merchant_order_no: &'a str,
    /// The terminal's name.
    pub terminal: &'a str,
    /// The message as it will be sent; the journal masks it.
    pub request: &'a str,
    /// Epoch milliseconds.
    pub at_ms: i64,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement<'a> {
    /// The outcome.
    pub outcome: Outcome,
    /// `"no"`, `"maybe"` or `"yes"`.
    pub sent: &'a str,
    /// The terminal's message, if there was one; the journal masks it.
    pub response: Option<&'a str>,
    /// The event's `error` object as JSON, if there was one.
    pub error: Option<&'a str>,
    /// Whether it came otherwise than as the direct answer on the same connection.
    pub recovered: bool,
    /// Epoch milliseconds.
    pub at_ms: i64,
}

/// One order as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The envelope's `request_id`.
    pub request_id: String,
    /// `biz_data.merchant_order_no`
    pub merchant_order_no: String,
    /// The terminal's name.
    pub terminal: String,
    /// The request, masked.
    pub request: String,
    /// When it was accepted, epoch milliseconds.
    pub since_ms: i64,
    /// None while it must still be found out.
    pub outcome: Option<Outcome>,
    /// `"no"`, `"maybe"` or `"yes"`; `"maybe"` while there is no outcome.
    pub sent: String,
    /// The terminal's message, masked.
    pub response: Option<String>,
    /// The event's `error` object as JSON.
    pub error: Option<String>,
    /// See [`Settlement::recovered`].
    pub recovered: bool,
    /// Whether the present outcome is the late truth about an order that had completed as `unknown`.
    pub clarified: bool,
    /// When it got its outcome, epoch milliseconds.
    pub settled_ms: Option<i64>,
    /// When the till acknowledged the present outcome, epoch milliseconds.
    pub acknowledged_ms: Option<i64>,
    /// When a person decided what an `unknown` was, epoch milliseconds.
    pub resolved_ms: Option<i64>,
    /// What that person noted.
    pub note: Option<String>,
}

impl Entry {
    /// An order as it is before anything is known of it.
    fn begun(order: &NewOrder<'_>) -> Self {
        Entry {
            request_id: order.request_id.to_owned(),
            merchant_order_no: order.merchant_order_no.to_owned(),
            terminal: order.terminal.to_owned(),
            request: order.request.to_owned(),
            since_ms: order.at_ms,
            outcome: None,
            sent: "maybe".to_owned(),
            response: None,
            error: None,
            recovered: false,
            clarified: false,
            settled_ms: None,
            acknowledged_ms: None,
            resolved_ms: None,
            note: None,
        }
    }

    /// Whether it is still to be found out, to be acknowledged, or to be resolved.
    pub fn is_open(&self) -> bool {
        self.acknowledged_ms.is_none() || self.outcome == Some(Outcome::Unknown)
    }
}

/// Where orders are kept. Every call that writes has the write on the disk when it returns.
///
/// All errors have [`Status::Journal`](crate::Status::Journal) unless said otherwise, and mean that nothing was written.
pub trait Journal: Send + Sync {
    /// The file, for a status line.
    fn path(&self) -> &str;

    /// Writes down an order that is about to be sent.
    /// [`Status::Duplicate`](crate::Status::Duplicate) when the journal knows its number or its `request_id`,
    /// unless that order was `not_sent`: its row is then replaced.
    fn begin(&self, order: &NewOrder<'_>) -> Result<()>;

    /// Writes down an outcome, of an order that has none yet. The outcome it already has, once more, changes nothing;
    /// another one is refused.
    fn settle(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()>;

    /// Writes down the truth about an order that had completed as `unknown`; it is to be acknowledged again.
    /// The same truth once more changes nothing; refused when the order is not `unknown` or a person has decided.
    fn clarify(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()>;

    /// The till has the present outcome. Acknowledging again changes nothing.
    /// [`Status::Argument`](crate::Status::Argument) when there is no such order, or it has no outcome.
    fn acknowledge(&self, request_id: &str, at_ms: i64) -> Result<()>;

    /// What a person decided about an `unknown`: it has that outcome from now on and counts as acknowledged.
    /// [`Status::Argument`](crate::Status::Argument) when there is no such order, or it is not `unknown`,
    /// or the outcome is not one of `approved`, `declined`, `cancelled`, `not_found`.
    fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        note: Option<&str>,
        at_ms: i64,
    ) -> Result<()>;

    /// One order.
    fn find(&self, request_id: &str) -> Result<Option<Entry>>;

    /// This terminal's orders that are open, oldest first: no outcome, not acknowledged, or `unknown` and not resolved.
    fn open(&self, terminal: &str) -> Result<Vec<Entry>>;
}

#[cfg(test)]
mod tests;
