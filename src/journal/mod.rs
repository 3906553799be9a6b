//! Orders on disk: written before their first byte leaves, told again until the till has acknowledged them.

#![forbid(unsafe_code)]

mod connect;
mod files;
mod handles;
#[cfg(target_os = "linux")]
mod hold;
#[doc(hidden)]
pub mod memory;
mod owner;
mod reader;
mod rules;
mod schema;
mod shared;
mod sql;
mod sqlite;
mod trouble;
mod volatile;

pub use handles::Handles;
pub use reader::{Filter, Reader};
pub use sqlite::{SqliteJournal, resolve};
pub(crate) use trouble::damaged;
pub(crate) use volatile::Volatile;

use crate::error::Result;
use crate::protocol::Outcome;

const DAY_MS: i64 = 86_400_000;

/// How long a completed order is remembered, so that what contradicts its outcome is noticed.
const REMEMBERED_MS: i64 = 7 * DAY_MS;

/// How many completed orders of a terminal are remembered at most, the newest; those with a look due are not counted.
const REMEMBERED: usize = 1_024;

/// An order about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder<'a> {
    /// The envelope's `request_id`; unique in the journal.
    pub request_id: &'a str,
    /// `biz_data.merchant_order_no`; unique in the journal, but for one that was `not_sent` or `busy`.
    pub merchant_order_no: &'a str,
    /// The terminal's name.
    pub terminal: &'a str,
    /// The message as it will be sent; the journal masks it.
    pub request: &'a str,
    /// How long its answer is waited for, milliseconds.
    pub answer_within_ms: u64,
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
    /// When the terminal is to be asked about it once more, epoch milliseconds; none where it is not.
    pub look_ms: Option<i64>,
    /// From acceptance to completion, milliseconds; not used by a clarification.
    pub elapsed_ms: u64,
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
    /// How long its answer was to be waited for, milliseconds; none in rows of version 1.
    pub answer_within_ms: Option<u64>,
    /// Whether an earlier attempt under this number may have reached the terminal.
    pub earlier_attempt: bool,
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
    /// Whether the present outcome corrects one that was reported before.
    pub clarified: bool,
    /// The outcome reported before the present one, where it was clarified.
    pub was: Option<Outcome>,
    /// When it got its outcome, epoch milliseconds.
    pub settled_ms: Option<i64>,
    /// From acceptance to completion, milliseconds; none in rows of version 1.
    pub elapsed_ms: Option<u64>,
    /// When it became `unknown`, epoch milliseconds, if it ever did.
    pub unknown_ms: Option<i64>,
    /// When the terminal is to be asked about it once more, epoch milliseconds; none where that is done or not due.
    pub look_ms: Option<i64>,
    /// When the till acknowledged the present outcome, epoch milliseconds.
    pub acknowledged_ms: Option<i64>,
    /// When a person decided what an `unknown` was, epoch milliseconds.
    pub resolved_ms: Option<i64>,
    /// What that person noted.
    pub note: Option<String>,
}

impl Entry {
    /// An order as it is before anything is known of it.
    fn begun(order: &NewOrder<'_>, earlier_attempt: bool) -> Self {
        Entry {
            request_id: order.request_id.to_owned(),
            merchant_order_no: order.merchant_order_no.to_owned(),
            terminal: order.terminal.to_owned(),
            request: order.request.to_owned(),
            since_ms: order.at_ms,
            answer_within_ms: Some(order.answer_within_ms),
            earlier_attempt,
            outcome: None,
            sent: "maybe".to_owned(),
            response: None,
            error: None,
            recovered: false,
            clarified: false,
            was: None,
            settled_ms: None,
            elapsed_ms: None,
            unknown_ms: None,
            look_ms: None,
            acknowledged_ms: None,
            resolved_ms: None,
            note: None,
        }
    }

    /// Whether it is still to be found out, to be acknowledged, or to be resolved.
    pub fn is_open(&self) -> bool {
        self.acknowledged_ms.is_none() || self.outcome == Some(Outcome::Unknown)
    }

    /// What a process that starts must know of it beside the open orders: when it completed, if a later answer may
    /// still contradict that.
    fn remembered_since(&self) -> Option<i64> {
        let may_be_corrected =
            !matches!(self.outcome, None | Some(Outcome::Unknown | Outcome::NotSent));
        self.settled_ms.filter(|_| may_be_corrected && self.resolved_ms.is_none())
    }

    /// Takes over an outcome, to be acknowledged.
    fn settle(&mut self, new: &Settlement<'_>) {
        self.outcome = Some(new.outcome);
        self.sent = new.sent.to_owned();
        self.response = new.response.map(str::to_owned);
        self.error = new.error.map(str::to_owned);
        self.recovered = new.recovered;
        self.settled_ms = Some(new.at_ms);
        self.elapsed_ms = Some(new.elapsed_ms);
        if new.outcome == Outcome::Unknown {
            // One that is not asked about again is left to people.
            self.unknown_ms = new.look_ms.map(|_| new.at_ms);
            self.look_ms = None;
        } else {
            self.look_ms = new.look_ms;
        }
        self.acknowledged_ms = None;
    }

    /// Takes over the correction of an outcome.
    fn clarify(&mut self, was: Outcome, new: &Settlement<'_>) {
        let elapsed_ms = self.elapsed_ms;
        self.settle(new);
        self.elapsed_ms = elapsed_ms;
        self.clarified = true;
        self.was = Some(was);
    }

    /// Takes over a person's decision; nothing is asked about it any more.
    fn resolve(&mut self, outcome: Outcome, note: Option<&str>, at_ms: i64) {
        self.outcome = Some(outcome);
        self.note = note.map(str::to_owned);
        self.resolved_ms = Some(at_ms);
        self.acknowledged_ms = Some(at_ms);
        self.look_ms = None;
    }
}

/// What came of an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Acknowledged {
    /// The outcome is acknowledged, and not delivered again.
    Done,
    /// The order has another outcome meanwhile, which is delivered. Nothing was changed.
    Outdated,
}

impl From<rules::Step> for Acknowledged {
    fn from(step: rules::Step) -> Self {
        match step {
            rules::Step::Write | rules::Step::Nothing => Acknowledged::Done,
            rules::Step::Outdated => Acknowledged::Outdated,
        }
    }
}

/// How many orders are open under a terminal's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenUnder {
    /// The terminal's name.
    pub terminal: String,
    /// Open orders; see [`Entry::is_open`].
    pub open: usize,
}

/// Where orders are kept. Every call that writes has the write on the disk when it returns.
///
/// All errors have [`Status::Journal`](crate::Status::Journal) unless said otherwise, and mean that nothing was written.
pub trait Journal: Send + Sync {
    /// The file, for a status line.
    fn path(&self) -> &str;

    /// Writes down an order that is about to be sent. True if an earlier attempt under its number is known that may
    /// have reached the terminal.
    ///
    /// [`Status::Duplicate`](crate::Status::Duplicate) when the journal knows its number or its `request_id`,
    /// unless that order was `not_sent` or, under the same number, `busy`: its row is then replaced.
    fn begin(&self, order: &NewOrder<'_>) -> Result<bool>;

    /// Writes down an outcome, of an order that has none yet. The outcome it already has or had before it was
    /// clarified, once more, changes nothing; another one is refused.
    fn settle(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()>;

    /// Writes down the correction of an outcome that was reported as `was`; it is to be acknowledged again.
    /// The outcome it has, once more, changes nothing; refused when a person has decided.
    fn clarify(&self, request_id: &str, was: Outcome, settlement: &Settlement<'_>) -> Result<()>;

    /// The terminal has been asked about these orders once more, each with the outcome that this left standing. One that
    /// the journal does not know is passed over, and so is one that has another outcome here: its newest was not written
    /// yet, and a process that stopped now would leave an outcome that nobody looks at again.
    fn looked(&self, looks: &[(String, Outcome)]) -> Result<()>;

    /// The till has this outcome. Takes effect only if it is the present one; acknowledging again changes nothing.
    /// [`Status::Argument`](crate::Status::Argument) when there is no such order, or it has no outcome.
    fn acknowledge(&self, request_id: &str, outcome: Outcome, at_ms: i64) -> Result<Acknowledged>;

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

    /// This terminal's completed orders that a later answer may still contradict, newest first: those that completed
    /// in the last seven days, at most 1,024, and all that have a look due. Neither `unknown` ones nor those that were
    /// `not_sent` or that a person has decided about.
    fn remembered(&self, terminal: &str, now_ms: i64) -> Result<Vec<Entry>>;

    /// Open orders of terminals other than these, by the terminal's name.
    fn open_elsewhere(&self, connected: &[String]) -> Result<Vec<OpenUnder>>;

    /// Moves to `terminal` what is open under this former name of it, has a look due or is remembered.
    /// Gives how many orders that were.
    fn adopt(&self, former: &str, terminal: &str, now_ms: i64) -> Result<usize>;

    /// Which handles of this process use the journal, where more than one can.
    fn handles(&self) -> Option<&Handles>;
}

#[cfg(test)]
mod tests;
