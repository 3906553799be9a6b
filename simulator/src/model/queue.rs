//! Orders that came while the terminal was busy and wait for their turn.

use super::request::{Refusal, Request};
use super::{ConnId, Model};
use crate::QueueMode;

/// An order that waits.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub number: String,
    pub request: Request,
    pub home: Option<ConnId>,
    push: bool,
}

impl Queued {
    pub fn adopt(&mut self, conn: ConnId) {
        if self.push && self.home.is_none() {
            self.home = Some(conn);
        }
    }

    pub fn abandon(&mut self, conn: ConnId) {
        if self.home == Some(conn) {
            self.home = None;
        }
    }
}

impl Model {
    /// Takes an order for later where the terminal does that, and refuses it as busy where not.
    pub(super) fn enqueue(
        &mut self,
        conn: ConnId,
        request: &Request,
        number: String,
    ) -> Result<(), Refusal> {
        let busy = Refusal::new("101").about(request);
        if self.options.order_queue_mode.is_none() {
            return Err(busy);
        }
        self.note(|| format!("order {number}: waits for its turn"));
        let (home, push) = (Some(conn), self.options.push_after_reconnect);
        self.queue.push_back(Queued { number, request: request.clone(), home, push });
        if self.options.oddities.queue_says_busy { Err(busy) } else { Ok(()) }
    }

    /// Whether an order of this number waits.
    pub(super) fn is_queued(&self, number: &str) -> bool {
        self.queue.iter().any(|queued| queued.number == number)
    }

    /// Takes the next orders off the queue, until one keeps the terminal busy.
    pub(super) fn serve_queue(&mut self, now: u64) {
        while self.running.is_none() {
            let next = match self.options.order_queue_mode {
                Some(QueueMode::Filo) => self.queue.pop_back(),
                _ => self.queue.pop_front(),
            };
            let Some(Queued { request, home, push, .. }) = next else {
                return;
            };
            if let Err(refusal) = self.on_turn(home, &request, now) {
                self.refuse(home, push, &request.envelope, &refusal, now);
            }
        }
    }

    /// Ends the wait of an order that was closed before its turn.
    pub(super) fn close_queued(&mut self, number: &str, now: u64) -> bool {
        let Some(place) = self.queue.iter().position(|queued| queued.number == number) else {
            return false;
        };
        if let Some(Queued { request, home, push, .. }) = self.queue.remove(place) {
            let refusal = Refusal::new("102").about(&request);
            self.refuse(home, push, &request.envelope, &refusal, now);
        }
        true
    }
}
