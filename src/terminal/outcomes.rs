//! When an outcome is written to the journal, and what builds on it: handing it out, acknowledging and resolving.

#![forbid(unsafe_code)]

use std::sync::{Arc, MutexGuard, PoisonError};

use super::events::Outgoing;
use super::inner::Inner;
use super::pending::OpenInMemory;
use super::shared::Shared;
use super::unwritten::Look;
use super::{Acknowledged, Delivery};
use crate::error::{Error, Result, Status};
use crate::io;
use crate::protocol::Outcome;

/// Held while an order is taken, while outcomes are written, and while the handle ends: so that those of one order are
/// written in the order in which they came, and no order is left to the next handle about which this one still writes.
pub(super) type JournalOrder<'a> = MutexGuard<'a, ()>;

/// What is written with the next outcome or order.
#[derive(Debug)]
pub(super) struct Overdue {
    pub(super) looks: Vec<Look>,
    pub(super) given_up: Vec<Arc<Outgoing>>,
}

impl Overdue {
    pub(super) fn is_empty(&self) -> bool {
        self.looks.is_empty() && self.given_up.is_empty()
    }
}

impl Inner {
    pub(super) fn take_overdue(&mut self) -> Overdue {
        Overdue {
            looks: self.unwritten.take_looks(),
            given_up: self.events.started.take_given_up(),
        }
    }
}

fn log_unwritten(recorded: Result<()>) {
    if let Err(error) = recorded {
        log_line_later!(
            log::Level::Error,
            "an outcome could not be written to the journal: {error}"
        );
    }
}

impl Shared {
    /// Taken before `inner`, never while holding it.
    pub(super) fn lock_journal_order(&self) -> JournalOrder<'_> {
        self.journal_order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what the event says, then lets it be handed out. An outcome that cannot be written is delivered all
    /// the same: the till must learn it now, and [`Shared::acknowledge`] tries again. False if it is not to be handed
    /// out: the handle has ended meanwhile, and its orders are the next one's, which finds out what is not written and
    /// tells it.
    pub(super) fn record(&self, delivery: &Delivery) -> bool {
        if !delivery.event().kind.is_precious() {
            return true;
        }
        let order = self.lock_journal_order();
        if self.is_left_to_the_next_handle(delivery.outgoing()) {
            return false;
        }
        let recorded = self.write_outcome(delivery.outgoing(), &order);
        drop(order);
        log_unwritten(recorded);
        true
    }

    fn is_left_to_the_next_handle(&self, outgoing: &Arc<Outgoing>) -> bool {
        let inner = self.lock();
        inner.ended.is_some()
            && self.books.handles().is_some()
            && inner.unwritten.outcomes_before(outgoing).is_some()
    }

    /// Writes an outcome that is not written yet, and whatever waits to be written with the next one.
    fn write_outcome(&self, outgoing: &Arc<Outgoing>, order: &JournalOrder<'_>) -> Result<()> {
        let (overdue, before) = {
            let mut inner = self.lock();
            (inner.take_overdue(), inner.unwritten.outcomes_before(outgoing))
        };
        self.write_overdue(overdue, order);
        before.map_or(Ok(()), |before| self.write_in_order(before, outgoing, order))
    }

    /// Writes the earlier outcomes of an order, and this one. One of the earlier that cannot be written changes nothing:
    /// the journal takes a correction without what it corrects.
    fn write_in_order(
        &self,
        before: Vec<Arc<Outgoing>>,
        outgoing: &Arc<Outgoing>,
        _: &JournalOrder<'_>,
    ) -> Result<()> {
        for earlier in before {
            if self.books.record(&earlier.event).is_ok() {
                self.lock().unwritten.remove_outcome(&earlier);
            }
        }
        self.books.record(&outgoing.event)?;
        self.lock().unwritten.remove_outcome(outgoing);
        Ok(())
    }

    /// Second looks that are done, and outcomes that nobody will fetch, are written with whatever is written next. A look
    /// that cannot be written is only taken once more; an outcome is tried again when it is acknowledged.
    pub(super) fn write_overdue(&self, overdue: Overdue, order: &JournalOrder<'_>) {
        let Overdue { looks, given_up } = overdue;
        if !looks.is_empty()
            && let Err(error) = self.books.looked(&looks)
        {
            self.lock().unwritten.add_looks(looks);
            log_line_later!(
                log::Level::Warn,
                "a second look could not be written to the journal: {error}"
            );
        }
        for outgoing in &given_up {
            let before = self.lock().unwritten.outcomes_before(outgoing);
            if let Some(before) = before {
                log_unwritten(self.write_in_order(before, outgoing, order));
            }
        }
    }

    pub(super) fn pending(&self) -> Result<String> {
        let memory = {
            let inner = self.lock_live()?;
            OpenInMemory::take(inner.session.open_requests(), inner.unwritten.outcomes())
        };
        self.books.pending(memory)
    }

    /// Takes effect only if `outcome` is the order's newest one, whether that has been fetched or not.
    pub(super) fn acknowledge(&self, request_id: &str, outcome: Outcome) -> Result<Acknowledged> {
        let acknowledged = {
            let order = self.lock_journal_order();
            let newest = self.lock_live()?.unwritten.newest_outcome(request_id);
            if let Some(newest) = newest {
                if newest.outcome_of_order() != Some(outcome) {
                    return Ok(Acknowledged::Outdated);
                }
                self.write_outcome(&newest, &order)?;
            }
            let overdue = self.lock().take_overdue();
            self.write_overdue(overdue, &order);
            self.acknowledge_written(request_id, outcome)?
        };
        if acknowledged == Acknowledged::Done {
            self.lock().events.forget_started(request_id);
        }
        Ok(acknowledged)
    }

    fn acknowledge_written(&self, request_id: &str, outcome: Outcome) -> Result<Acknowledged> {
        let acknowledged = self.books.acknowledge(request_id, outcome, io::now().wall_ms);
        if !matches!(&acknowledged, Err(error) if error.status() == Status::Argument) {
            return acknowledged;
        }
        // Requests that are no orders are in no journal.
        match self.lock_live()?.session.outcome_of(request_id) {
            Some(present) if present == outcome => Ok(Acknowledged::Done),
            Some(_) => Ok(Acknowledged::Outdated),
            None => acknowledged,
        }
    }

    pub(super) fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        note: Option<&str>,
    ) -> Result<()> {
        let order = self.lock_journal_order();
        let newest = self.lock_live()?.unwritten.newest_outcome(request_id);
        if let Some(newest) = newest {
            self.write_outcome(&newest, &order)?;
        }
        self.books.resolve(request_id, outcome, note, io::now().wall_ms)?;
        let mut inner = self.lock_live()?;
        inner.session.forget_unknown(request_id);
        inner.events.forget_started(request_id);
        Ok(())
    }
}

/// The error for a wait that can never end.
pub(super) fn not_started(request_id: &str) -> Error {
    let message = format!(
        "request_id: no request \"{request_id}\" was started here, or its completion is kept no longer: it was \
         acknowledged, or a thousand later ones have completed"
    );
    Error::new(Status::Argument, message)
}
