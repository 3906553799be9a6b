//! What goes into the journal and what comes out of it, step by step.
//!
//! Every step that writes is taken on a caller's thread: an order is begun by the thread that sends it, and its outcome
//! is written by the thread that fetches it, before it is handed out. So the disk never delays the I/O thread, and what
//! a till was told is always on disk.

use std::sync::Arc;

use crate::error::{Fault, Result};
use crate::event::{Clarified, Completed, Event, EventKind, Sent};
use crate::journal::{
    Acknowledged, Entry, Handles, Journal, NewOrder, OpenUnder, Settlement, damaged,
};
use crate::planted::{Plant, Planted};
use crate::protocol::members::{Members, Value};
use crate::protocol::{self, Outcome, Request, Verdict};
use crate::session::{Attempt, Restored, RestoredState};

/// One terminal's part of a journal.
#[derive(Clone)]
pub struct Books {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) terminal: String,
    second_look_ms: u64,
    /// None where the journal is this handle's own.
    handle: Option<Arc<Handle>>,
    plant: Plant,
}

/// This handle among those that use the journal.
struct Handle {
    journal: Arc<dyn Journal>,
    number: u64,
}

impl Handle {
    fn new(journal: &Arc<dyn Journal>, terminal: &str) -> Option<Arc<Self>> {
        let number = journal.handles()?.enter(terminal);
        Some(Arc::new(Handle { journal: Arc::clone(journal), number }))
    }

    fn leave(&self) {
        if let Some(handles) = self.journal.handles() {
            handles.leave(self.number);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Books {
    /// The orders that the journal keeps under this terminal's name.
    pub fn new(journal: Arc<dyn Journal>, terminal: impl Into<String>) -> Self {
        let terminal = terminal.into();
        let handle = Handle::new(&journal, &terminal);
        Books { journal, terminal, second_look_ms: 30_000, handle, plant: Plant::default() }
    }

    /// How long after its outcome an order's second look is due; 30 seconds when this is not called.
    pub fn second_look_after(self, second_look_ms: u64) -> Self {
        Books { second_look_ms, ..self }
    }

    /// The handle ends: its orders are free for the next one.
    pub fn leave(&self) {
        if let Some(handle) = &self.handle {
            handle.leave();
        }
    }

    /// Breaks it on purpose.
    #[cfg(feature = "planted-faults")]
    pub fn planted(self, plant: Plant) -> Self {
        Books { plant, ..self }
    }

    /// The journal's file, if there is one.
    pub fn path(&self) -> Option<&str> {
        Some(self.journal.path()).filter(|path| !path.is_empty())
    }

    /// Before the first byte of an order leaves. Says whether an earlier attempt under its number may have arrived.
    pub fn begin(&self, order: &Request, answer_within_ms: u64, at_ms: i64) -> Result<Attempt> {
        if self.plant.is(Planted::ForgetBegin) {
            return Ok(Attempt::First);
        }
        // First, so that no other handle takes it for an order of an earlier process.
        let is_new = self.handles().is_some_and(|(handles, me)| handles.own(me, &order.request_id));
        let begun = self.journal.begin(&NewOrder {
            request_id: &order.request_id,
            merchant_order_no: order.merchant_order_no.as_deref().unwrap_or_default(),
            terminal: &self.terminal,
            request: &order.text,
            answer_within_ms,
            at_ms,
        });
        if let (Err(_), true, Some((handles, me))) = (&begun, is_new, self.handles()) {
            handles.release(me, &order.request_id);
        }
        Ok(if begun? { Attempt::Again } else { Attempt::First })
    }

    /// The order that was begun is not sent after all.
    pub fn withdraw(&self, order: &Request, at_ms: i64) -> Result<()> {
        let settlement = Settlement {
            outcome: Outcome::NotSent,
            sent: Sent::No.name(),
            response: None,
            error: None,
            recovered: false,
            look_ms: None,
            elapsed_ms: 0,
            at_ms,
        };
        self.journal.settle(&order.request_id, &settlement)?;
        self.acknowledge(&order.request_id, Outcome::NotSent, at_ms).map(|_| ())
    }

    /// Before an event is told: writes down the outcome it carries.
    pub fn record(&self, event: &Event) -> Result<()> {
        if self.plant.is(Planted::ForgetRecord) {
            return Ok(());
        }
        match &event.kind {
            EventKind::Completed(done) if done.topic == protocol::ORDER => {
                let error = done.error.as_ref().map(Fault::to_json);
                let settlement = Settlement {
                    outcome: done.outcome,
                    sent: done.sent.name(),
                    response: done.response.as_deref(),
                    error: error.as_deref(),
                    recovered: done.recovered,
                    look_ms: self.look_ms(done.second_look, event.at),
                    elapsed_ms: done.elapsed_ms,
                    at_ms: event.at,
                };
                self.journal.settle(&done.request_id, &settlement)?;
                if self.plant.is(Planted::AcknowledgeEarly) {
                    let _ = self.journal.acknowledge(&done.request_id, done.outcome, event.at)?;
                }
                Ok(())
            }
            EventKind::Clarified(truth) => {
                let settlement = Settlement {
                    outcome: truth.outcome,
                    sent: Sent::Yes.name(),
                    response: truth.response.as_deref(),
                    error: None,
                    recovered: true,
                    look_ms: self.look_ms(truth.second_look, event.at),
                    elapsed_ms: 0,
                    at_ms: event.at,
                };
                self.journal.clarify(&truth.request_id, truth.was, &settlement)
            }
            _ => Ok(()),
        }
    }

    fn look_ms(&self, second_look: bool, settled_ms: i64) -> Option<i64> {
        let after = i64::try_from(self.second_look_ms).unwrap_or(i64::MAX);
        second_look.then(|| settled_ms.saturating_add(after))
    }

    /// The terminal has been asked about these orders once more; see [`Journal::looked`].
    pub fn looked(&self, looks: &[(String, Outcome)]) -> Result<()> {
        self.journal.looked(looks)?;
        looks.iter().for_each(|(request_id, _)| self.disown_if_done(request_id));
        Ok(())
    }

    /// The till has the outcome; see [`Journal::acknowledge`].
    pub fn acknowledge(
        &self,
        request_id: &str,
        outcome: Outcome,
        at_ms: i64,
    ) -> Result<Acknowledged> {
        let acknowledged = self.journal.acknowledge(request_id, outcome, at_ms)?;
        self.disown_if_done(request_id);
        Ok(acknowledged)
    }

    /// Keeps no account of orders about which nothing is left to do.
    fn disown_if_done(&self, request_id: &str) {
        if let Some((handles, _)) = self.handles()
            && let Ok(Some(entry)) = self.journal.find(request_id)
            && !entry.is_open()
            && entry.look_ms.is_none()
        {
            handles.disown(request_id);
        }
    }

    pub(super) fn handles(&self) -> Option<(&Handles, u64)> {
        Some((self.journal.handles()?, self.handle.as_ref()?.number))
    }

    pub(super) fn is_of_another_handle(&self, entry: &Entry) -> bool {
        self.handles().is_some_and(|(handles, me)| handles.is_of_another(me, &entry.request_id))
    }

    /// What a person decided; see [`Journal::resolve`].
    pub fn resolve(
        &self,
        request_id: &str,
        outcome: Outcome,
        note: Option<&str>,
        at_ms: i64,
    ) -> Result<()> {
        self.journal.resolve(request_id, outcome, note, at_ms)?;
        self.disown_if_done(request_id);
        Ok(())
    }

    /// Takes over what is open under former names of this terminal. A name that another handle is connected under is
    /// left to it.
    pub fn adopt(&self, former_names: &[String], now_ms: i64) -> Result<()> {
        let connected = self.connected();
        for former in former_names {
            if connected.contains(former) {
                log_line!(
                    log::Level::Warn,
                    "the orders of \"{former}\" stay there: a handle is connected under that name"
                );
                continue;
            }
            let moved = self.journal.adopt(former, &self.terminal, now_ms)?;
            if moved > 0 {
                log_line!(
                    log::Level::Info,
                    "{moved} orders of \"{former}\" are those of \"{}\" now",
                    self.terminal
                );
            }
        }
        Ok(())
    }

    /// The names that somebody is connected under.
    fn connected(&self) -> Vec<String> {
        let mut names = self.handles().map(|(handles, _)| handles.terminals()).unwrap_or_default();
        names.push(self.terminal.clone());
        names
    }

    /// Open orders under names that nobody is connected under.
    pub fn elsewhere(&self) -> Result<Vec<OpenUnder>> {
        match self.handles() {
            Some(_) => self.journal.open_elsewhere(&self.connected()),
            None => Ok(Vec::new()),
        }
    }

    /// What earlier processes and handles left: orders to recover or clarify, completed ones that may still be
    /// contradicted, and completions to deliver again. Nothing that belongs to another handle.
    pub fn restore(&self, now_ms: i64) -> Result<(Vec<Restored>, Vec<Event>)> {
        let mut restored = Vec::new();
        let mut retold = Vec::new();
        for entry in self.journal.open(&self.terminal)? {
            if !self.handles().is_none_or(|(handles, me)| handles.claim(me, &entry.request_id)) {
                continue;
            }
            let readable = request_of(&entry).and_then(|request| {
                check_response(&entry)?;
                Ok(request)
            });
            let request = readable.map_err(|why| damaged(self.journal.path(), why))?;
            if entry.outcome.is_some()
                && entry.acknowledged_ms.is_none()
                && !self.plant.is(Planted::ForgetToRetell)
            {
                let is_marked = !self.plant.is(Planted::RetoldUnmarked);
                retold.push(deliver_again(&entry, &request, is_marked));
            }
            let is_unknown =
                entry.outcome == Some(Outcome::Unknown) && !self.plant.is(Planted::ForgetUnknown);
            let state = match entry.outcome {
                None => RestoredState::Open,
                // Whose the record of its number is, nobody can say: it is not asked about.
                Some(outcome) if is_unknown && entry.unknown_ms.is_none() => {
                    RestoredState::Completed { outcome, look_at_ms: None }
                }
                Some(_) if is_unknown => {
                    let since_ms = entry.unknown_ms.unwrap_or(entry.since_ms);
                    RestoredState::Unknown { since_ms, was_busy: was_busy(&entry, &request) }
                }
                Some(_) => continue,
            };
            restored.push(restored_order(&entry, request, state));
        }
        // The oldest first: a session's memory has an end.
        for entry in self.journal.remembered(&self.terminal, now_ms)?.into_iter().rev() {
            let Some(outcome) = entry.outcome else { continue };
            let is_done = entry.look_ms.is_none() && !entry.is_open();
            let is_another_handles = match self.handles() {
                Some((handles, me)) if is_done => handles.is_of_another(me, &entry.request_id),
                Some((handles, me)) => !handles.claim(me, &entry.request_id),
                None => false,
            };
            let request = request_of(&entry);
            if let Err(why) = &request {
                log_line!(
                    log::Level::Warn,
                    "the journal {}: {why}; what the terminal says of it later is not noticed",
                    self.journal.path()
                );
            }
            if !is_another_handles && let Ok(request) = request {
                let look_at_ms = entry.look_ms.filter(|_| !self.plant.is(Planted::ForgetLook));
                let state = RestoredState::Completed { outcome, look_at_ms };
                restored.push(restored_order(&entry, request, state));
            }
        }
        Ok((restored, retold))
    }
}

/// What a session must know of an order, read from what was sent.
fn request_of(entry: &Entry) -> std::result::Result<Request, String> {
    let message = Members::read(&entry.request)
        .map_err(|why| format!("the order \"{}\" cannot be read: {why}", entry.request_id))?;
    let biz_data = match message.get("biz_data") {
        Some(Value::Object(json)) => Members::read(json).ok(),
        _ => None,
    };
    let text = |name| match biz_data.as_ref()?.get(name)? {
        Value::Text(text) => Some(text.into_owned()),
        Value::Number(digits) => Some(digits.to_owned()),
        _ => None,
    };
    Ok(Request {
        request_id: entry.request_id.clone(),
        topic: protocol::ORDER.to_owned(),
        merchant_order_no: Some(entry.merchant_order_no.clone()),
        trans_type: text("trans_type"),
        order_amount: text("order_amount"),
        price_currency: text("price_currency"),
        orig_merchant_order_no: text("orig_merchant_order_no"),
        text: entry.request.clone(),
    })
}

/// It is handed out as it is, and must be what a terminal has said.
fn check_response(entry: &Entry) -> std::result::Result<(), String> {
    let Some(response) = &entry.response else { return Ok(()) };
    Members::read(response)
        .map(drop)
        .map_err(|why| format!("the answer to \"{}\" cannot be read: {why}", entry.request_id))
}

fn restored_order(entry: &Entry, request: Request, state: RestoredState) -> Restored {
    Restored {
        request,
        since_ms: entry.since_ms,
        answer_within_ms: entry.answer_within_ms.unwrap_or(0),
        attempt: if entry.earlier_attempt { Attempt::Again } else { Attempt::First },
        state,
    }
}

/// The terminal's last word on it was that it serves another customer.
fn was_busy(entry: &Entry, request: &Request) -> bool {
    let response = entry.response.as_deref().map(protocol::read);
    matches!(response, Some(Ok(response)) if response.order_verdict(request) == Verdict::Busy)
}

fn deliver_again(entry: &Entry, request: &Request, retold: bool) -> Event {
    let at = entry.settled_ms.unwrap_or(entry.since_ms);
    let outcome = entry.outcome.unwrap_or(Outcome::Unknown);
    let differs = match entry.response.as_deref().map(protocol::read) {
        Some(Ok(response)) if outcome == Outcome::Approved => response.differs(request),
        _ => Vec::new(),
    };
    let passed = u64::try_from(at.saturating_sub(entry.since_ms)).unwrap_or(0);
    let kind = match entry.was {
        Some(was) if entry.clarified => EventKind::Clarified(Clarified {
            request_id: entry.request_id.clone(),
            merchant_order_no: Some(entry.merchant_order_no.clone()),
            outcome,
            was,
            differs,
            second_look: false,
            description: None,
            response: entry.response.clone(),
            retold,
        }),
        _ => EventKind::Completed(Completed {
            request_id: entry.request_id.clone(),
            topic: protocol::ORDER.to_owned(),
            merchant_order_no: Some(entry.merchant_order_no.clone()),
            outcome,
            differs,
            second_look: false,
            description: None,
            sent: Sent::from_name(&entry.sent).unwrap_or(Sent::Maybe),
            response: entry.response.clone(),
            error: entry.error.as_deref().and_then(Fault::from_json),
            recovered: entry.recovered,
            retold,
            elapsed_ms: entry.elapsed_ms.unwrap_or(passed),
        }),
    };
    Event { at, kind }
}
