//! What the till is given, and what it acknowledges.

use ecrhub::{Error, Event, EventKind, Outcome};

use crate::order::{Delivered, Order};
use crate::world::World;

impl World {
    pub fn on_recorded(&mut self, t: usize, event: &Event) {
        let life = self.tills[t].life;
        if let Some((order, outcome)) = self.subject(event) {
            self.orders[order].recorded = Some((life, outcome));
        }
    }

    pub fn on_unwritten(&mut self, t: usize, event: &Event, error: &Error) {
        self.trace.say(self.now, || format!("till {t} cannot write: {error}"));
        if let Some((order, _)) = self.subject(event) {
            self.orders[order].disk_refused = true;
        }
    }

    /// The till has the event; returns the order it may now acknowledge.
    pub fn on_delivered(&mut self, t: usize, event: &Event) -> Option<usize> {
        let (at, outcome) = self.subject(event)?;
        let life = self.tills[t].life;
        self.trace.say(self.now, || {
            format!("till {t} receives {outcome} of {}", self.orders[at].request.request_id)
        });
        let (is_retold, is_clarified) = match &event.kind {
            EventKind::Completed(done) => (done.retold, false),
            EventKind::Clarified(clarified) => (clarified.retold, true),
            _ => return None,
        };
        let delivered = Delivered { life, outcome, is_clarified };
        let complaint = self.orders[at].complaint_about(delivered, is_retold);
        self.tally.retold += u64::from(is_retold);
        self.orders[at].delivered.push(delivered);
        if let Some(complaint) = complaint {
            let id = &self.orders[at].request.request_id;
            self.fail(format!("{id} {complaint}"));
        }
        self.orders[at].is_order().then_some(at)
    }

    pub fn on_acknowledged(&mut self, t: usize, order: usize) {
        let id = self.orders[order].request.request_id.clone();
        self.trace.say(self.now, || format!("till {t} acknowledges {id}"));
        let written = self.tills[t].disk.entries().into_iter().find(|entry| entry.request_id == id);
        let written = written.and_then(|entry| entry.outcome);
        let delivered = self.orders[order].delivered.last().map(|delivered| delivered.outcome);
        if written.is_some() && written != delivered {
            return self.fail(format!(
                "{id}: {written:?} counts as acknowledged, but the till received {delivered:?}"
            ));
        }
        self.orders[order].acknowledged = delivered;
    }
}

impl Order {
    /// Something was given to the till in this life of its process.
    pub fn delivered_in(&self, life: u64) -> bool {
        self.delivered.iter().any(|delivered| delivered.life == life)
    }

    fn complaint_about(&self, new: Delivered, is_retold: bool) -> Option<String> {
        let Delivered { life, outcome, is_clarified } = new;
        let last = self.delivered.last();
        let is_repeated = |earlier: &Delivered| {
            earlier.life == life
                && earlier.is_clarified == is_clarified
                && (!is_clarified || earlier.outcome == outcome)
        };
        let was_delivered_before =
            self.delivered.iter().any(|earlier| earlier.life < life && earlier.outcome == outcome);
        let is_the_same = last.is_some_and(|last| last.outcome == outcome);
        let is_over =
            |acknowledged: Outcome| !is_clarified || is_the_same && acknowledged == outcome;
        if is_clarified && last.is_some_and(is_repeated)
            || !is_clarified && self.delivered.iter().any(is_repeated)
        {
            Some("is delivered twice in one life of the process".to_owned())
        } else if self.acknowledged.is_some_and(is_over) {
            Some("is delivered again although it was acknowledged".to_owned())
        } else if !is_retold && !is_clarified && was_delivered_before && !self.disk_refused {
            Some("is delivered again, and does not say so".to_owned())
        } else if is_retold && self.recorded.is_none_or(|(recorded, _)| recorded >= life) {
            Some("says that it was delivered before, but it was not".to_owned())
        } else if !is_clarified
            && last.is_some_and(|last| last.outcome != Outcome::Unknown && last.outcome != outcome)
            && !self.disk_refused
        {
            Some(format!("completes as {outcome}, and was reported otherwise before"))
        } else {
            None
        }
    }
}
