//! When an outcome is written to the journal, and what may build on it: handing it out, acknowledging and resolving.

#![forbid(unsafe_code)]

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::Delivery;
use super::pending::OpenInMemory;
use super::queue::Queued;
use super::shared::Shared;
use crate::error::{Result, Status};
use crate::event::{Event, EventKind};
use crate::io;
use crate::protocol::{self, Outcome};

impl Shared {
    /// Second looks that are done go into the journal with whatever is written next. One that is not written is only
    /// taken once more.
    pub(super) fn write_down_looks(&self) {
        if !self.has_looked.swap(false, Ordering::AcqRel) {
            return;
        }
        let looked = std::mem::take(&mut self.lock().looked);
        if let Err(error) = self.books.looked(&looked) {
            log_line!(
                log::Level::Warn,
                "a second look could not be written to the journal: {error}"
            );
            self.lock().looked.extend(looked);
            self.has_looked.store(true, Ordering::Release);
        }
    }

    /// Writes down what the event says, then hands it out. An outcome that cannot be written is told all the same: the
    /// till must learn it now, and [`Shared::acknowledge`] tries again.
    pub(super) fn deliver(self: &Arc<Self>, mut queued: Queued) -> Delivery {
        let is_precious = queued.event.kind.is_precious();
        let pen = is_precious.then(|| self.pen.lock().unwrap_or_else(PoisonError::into_inner));
        if is_truth(&queued) {
            self.lock().delivering.push(queued.clone());
        }
        if is_precious {
            self.write_down_looks();
        }
        let recorded = if queued.is_recorded { Ok(()) } else { self.books.record(&queued.event) };
        if !queued.is_recorded && is_of_an_order(&queued.event.kind) {
            self.note_record(&queued.event, recorded.is_ok());
        }
        queued.is_recorded = recorded.is_ok();
        drop(pen);
        if let Err(error) = recorded {
            log_line!(log::Level::Error, "an outcome could not be written to the journal: {error}");
        }
        Delivery::new(self, queued)
    }

    /// Notes which outcomes the journal still lacks.
    fn note_record(&self, event: &Event, is_written: bool) {
        if is_written && !self.is_behind.load(Ordering::Acquire) {
            return;
        }
        let mut inner = self.lock();
        if is_written {
            inner.unwritten.forget(event);
        } else {
            inner.unwritten.keep(event);
            self.is_behind.store(true, Ordering::Release);
        }
    }

    /// The caller has it now.
    pub(super) fn delivered(&self, queued: &Queued) {
        if is_truth(queued) {
            self.lock().no_longer_delivering(queued);
        }
    }

    pub(super) fn put_back(&self, queued: Queued) {
        let mut inner = self.lock();
        inner.no_longer_delivering(&queued);
        if inner.ended.is_none() {
            inner.queue.put_back(queued);
            inner.show_readiness();
            inner.ring();
            self.ready.notify_all();
        }
    }

    pub(super) fn pending(&self) -> Result<String> {
        let memory = {
            let inner = self.lock_live()?;
            // What is put back into the queue may be older than what could not be written since.
            let unwritten =
                |queued: &&Queued| inner.unwritten.of(queued.event.request_id()).is_none();
            let waiting = inner.queue.precious().filter(unwritten).map(|queued| &queued.event);
            OpenInMemory::take(
                inner.session.open_requests(),
                inner.unwritten.events().chain(waiting),
            )
        };
        self.books.pending(memory)
    }

    /// What is acknowledged is what the till was told. The truth about an unknown order that still waits to be fetched,
    /// or is just being handed out, is owed to it: covered by the acknowledgement of the "unknown" before it, it would be lost with this process.
    pub(super) fn acknowledge(&self, request_id: &str) -> Result<()> {
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_owed = {
            let inner = self.lock_live()?;
            let mut precious = inner.queue.precious();
            inner.delivering.iter().any(|queued| is_about(queued, request_id))
                || precious.any(|queued| {
                    queued.is_recorded && is_truth(queued) && is_about(queued, request_id)
                })
        };
        if is_owed {
            return Ok(());
        }
        self.write_down_looks();
        self.write_if_unwritten(request_id, |queued| !is_truth(queued))?;
        match self.books.acknowledge(request_id, io::now().wall_ms) {
            Err(error) if error.status() == Status::Argument => {
                // Requests that move no money are in no book; there is nothing to keep of them once they have completed.
                if self.lock_live()?.session.has_completed(request_id) {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            other => other,
        }
    }

    pub(super) fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        note: Option<&str>,
    ) -> Result<()> {
        self.write_if_unwritten(request_id, |_| true)?;
        self.books.resolve(request_id, outcome, note, io::now().wall_ms)?;
        self.lock_live()?.session.forget_unknown(request_id);
        Ok(())
    }

    /// The newest outcome that was handed out and is not in the journal yet is written before anything builds on it; so
    /// is what waits to be handed out and `counts`.
    fn write_if_unwritten(&self, request_id: &str, counts: fn(&Queued) -> bool) -> Result<()> {
        let unwritten: Vec<Event> = {
            let inner = self.lock_live()?;
            let waiting = inner.queue.precious().filter(|queued| {
                !queued.is_recorded && counts(queued) && is_about(queued, request_id)
            });
            let waiting = waiting.map(|queued| &queued.event);
            inner.unwritten.of(request_id).into_iter().chain(waiting).cloned().collect()
        };
        for event in &unwritten {
            self.books.record(event)?;
        }
        if !unwritten.is_empty() {
            let mut inner = self.lock();
            unwritten.iter().for_each(|event| inner.unwritten.forget(event));
            for queued in inner.queue.precious_mut() {
                queued.is_recorded |= unwritten.contains(&queued.event);
            }
        }
        Ok(())
    }
}

fn is_truth(queued: &Queued) -> bool {
    matches!(queued.event.kind, EventKind::Clarified(_))
}

/// Whether it carries an outcome that the journal keeps.
fn is_of_an_order(kind: &EventKind) -> bool {
    match kind {
        EventKind::Completed(done) => done.topic == protocol::ORDER,
        kind => matches!(kind, EventKind::Clarified(_)),
    }
}

/// Whether it is the outcome of this order.
fn is_about(queued: &Queued, request_id: &str) -> bool {
    is_of_an_order(&queued.event.kind) && queued.event.request_id() == request_id
}
