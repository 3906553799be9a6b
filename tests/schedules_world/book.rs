//! What has been accepted, written, said and told, and what must hold of it. It judges messages by itself, from
//! `PROTOCOL.md` and `DESIGN.md`, not with the library's own reader.

use std::collections::{BTreeMap, HashMap, HashSet};

use ecrhub::internals::{Now, Progress, Rng, Session};
use ecrhub::protocol::{CLOSE, ORDER, QUERY, Request};
use ecrhub::{Completed, EventKind, Outcome, Sent};
use serde_json::Value;

#[derive(Debug)]
struct Entry {
    request: Request,
    accepted: Now,
    sent: Sent,
    /// The connection its first byte left on.
    connection: Option<u64>,
    restored: bool,
    outcome: Option<Outcome>,
    recovering: bool,
    clarified: bool,
    forgotten: bool,
}

impl Entry {
    fn number(&self) -> Option<&str> {
        self.request.merchant_order_no.as_deref()
    }

    /// The library may ask about it.
    fn may_be_asked_about(&self) -> bool {
        let is_unknown =
            self.outcome == Some(Outcome::Unknown) && !self.clarified && !self.forgotten;
        let is_open = self.outcome.is_none() && self.sent != Sent::No;
        self.request.is_order() && (is_open || is_unknown)
    }
}

/// A terminal's message, read plainly.
struct Said {
    id: Option<String>,
    topic: Option<String>,
    code: Option<String>,
    number: Option<String>,
    status: Option<String>,
    amount: Option<String>,
    trans_type: Option<String>,
}

impl Said {
    fn read(text: &str) -> Option<Said> {
        let message: Value = serde_json::from_str(text).ok()?;
        let biz_data = match &message["biz_data"] {
            Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            other => other.clone(),
        };
        let text_of = |value: &Value| value.as_str().map(str::to_owned);
        Some(Said {
            id: text_of(&message["request_id"]),
            topic: text_of(&message["topic"]),
            code: text_of(&message["response_code"]),
            number: text_of(&biz_data["merchant_order_no"]),
            status: text_of(&biz_data["trans_status"]),
            amount: text_of(&biz_data["order_amount"]),
            trans_type: text_of(&biz_data["trans_type"]),
        })
    }

    fn is_success(&self) -> bool {
        matches!(self.code.as_deref(), Some("000" | "0" | "103"))
    }

    fn fits(&self, order: &Request) -> bool {
        let same =
            |said: &Option<String>, ordered: &Option<String>| said.is_none() || said == ordered;
        same(&self.number, &order.merchant_order_no)
            && same(&self.amount, &order.order_amount)
            && same(&self.trans_type, &order.trans_type)
    }
}

#[derive(Debug, Default)]
pub struct Book {
    entries: BTreeMap<String, Entry>,
    /// In the order of acceptance, for a repeatable choice.
    ids: Vec<String>,
    /// The library's own questions: id, and the number asked about.
    probes: HashMap<String, String>,
    said: HashSet<String>,
    closed: HashSet<String>,
    pub connections: u64,
    pub happened: BTreeMap<String, u64>,
}

impl Book {
    pub fn note(&mut self, what: &str) {
        *self.happened.entry(what.to_owned()).or_insert(0) += 1;
    }

    pub fn any_request(&self, rng: &mut Rng) -> Option<Request> {
        let last = u64::try_from(self.ids.len().checked_sub(1)?).ok()?;
        let which = usize::try_from(rng.between(0, last)).ok()?;
        Some(self.entries[&self.ids[which]].request.clone())
    }

    /// Whether the id, or an order's number, is used up.
    pub fn is_used(&self, request: &Request) -> bool {
        let number = request.merchant_order_no.as_deref();
        self.entries.contains_key(&request.request_id)
            || request.is_order()
                && self.entries.values().any(|entry| {
                    entry.request.is_order()
                        && entry.number() == number
                        && entry.outcome != Some(Outcome::NotSent)
                })
    }

    pub fn accept(&mut self, request: &Request, now: Now) {
        let entry = Entry {
            request: request.clone(),
            accepted: now,
            sent: Sent::No,
            connection: None,
            restored: false,
            outcome: None,
            recovering: false,
            clarified: false,
            forgotten: false,
        };
        self.ids.push(request.request_id.clone());
        self.entries.insert(request.request_id.clone(), entry);
    }

    pub fn forget(&mut self, id: &str) {
        if let Some(entry) = self.entries.get_mut(id)
            && entry.outcome == Some(Outcome::Unknown)
        {
            entry.forgotten = true;
        }
    }

    /// A journal keeps orders without outcome, and unknown ones nobody has decided about.
    pub fn restart(&mut self) -> Vec<(Request, i64, bool)> {
        let mut kept = Vec::new();
        self.entries.retain(|_, entry| {
            let is_unknown = entry.outcome.is_some();
            let is_kept =
                entry.request.is_order() && (entry.outcome.is_none() || entry.may_be_asked_about());
            if is_kept {
                entry.restored = true;
                entry.recovering = false;
                entry.sent = Sent::Maybe;
                entry.connection = None;
                kept.push((entry.request.clone(), entry.accepted.wall_ms, is_unknown));
            }
            is_kept
        });
        self.ids.retain(|id| self.entries.contains_key(id));
        kept
    }

    /// The session hands a frame out for writing.
    pub fn on_frame(&mut self, text: &str, frame: &Value) {
        let id = frame["request_id"].as_str().expect("every frame has an id");
        if let Some(entry) = self.entries.get(id) {
            assert_eq!(text, entry.request.text, "a request goes out as it was accepted");
            assert_eq!(entry.outcome, None, "written after completion: {id}");
            assert_eq!(entry.sent, Sent::No, "written a second time: {id}");
            assert!(!entry.restored, "written by the next process: {id}");
            return;
        }
        assert!(id.starts_with("ecrhub-probe-"), "a frame nobody asked for: {text}");
        let topic = frame["topic"].as_str().expect("every frame has a topic");
        assert!(topic == QUERY || topic == CLOSE, "the library only asks and closes: {text}");
        let number = frame["biz_data"]["merchant_order_no"].as_str().expect("a number");
        let is_open = self
            .entries
            .values()
            .any(|entry| entry.number() == Some(number) && entry.may_be_asked_about());
        assert!(is_open, "asks about an order that is settled or was never sent: {text}");
        let is_new = self.probes.insert(id.to_owned(), number.to_owned()).is_none();
        assert!(is_new, "an id twice: {id}");
        if topic == CLOSE {
            self.note("close");
        }
    }

    pub fn on_progress(&mut self, frame: &Value, progress: Progress) {
        let connection = self.connections;
        let id = frame["request_id"].as_str().expect("every frame has an id");
        let Some(entry) = self.entries.get_mut(id) else { return };
        match progress {
            Progress::Nothing => return,
            Progress::Started => entry.sent = Sent::Maybe,
            Progress::Done => entry.sent = Sent::Yes,
        }
        entry.connection = Some(connection);
        if progress == Progress::Started {
            self.note("half written");
        }
    }

    pub fn on_said(&mut self, text: &str) {
        self.said.insert(text.to_owned());
        let Some(said) = Said::read(text) else { return };
        let accepts = matches!(said.code.as_deref(), Some("000" | "0"))
            && said.topic.as_deref().is_none_or(|topic| topic == CLOSE);
        let asked_about = said.id.as_ref().map(|id| self.probes.get(id).cloned());
        let number = match (asked_about, said.number) {
            (Some(Some(asked)), None) => Some(asked),
            (Some(Some(asked)), Some(number)) => (asked == number).then_some(number),
            (Some(None), _) => None,
            (None, number) => number,
        };
        if let (true, Some(number)) = (accepts, number) {
            self.closed.insert(number);
        }
    }

    pub fn on_event(&mut self, event: &EventKind, now: Now) {
        match event {
            EventKind::Connected { .. } | EventKind::Disconnected { .. } => {}
            EventKind::ProtocolError { .. } => self.note("protocol_error"),
            EventKind::Completed(done) => self.on_completed(done, now),
            EventKind::Recovering { request_id, .. } => {
                self.note("recovering");
                let entry = self.entries.get_mut(request_id).expect("an accepted order");
                assert!(entry.request.is_order() && entry.sent != Sent::No);
                assert_eq!(entry.outcome, None);
                assert!(!std::mem::replace(&mut entry.recovering, true), "told twice");
            }
            EventKind::Clarified(truth) => {
                self.note(&format!("clarified {}", truth.outcome.name()));
                let entry = self.entries.get_mut(&truth.request_id).expect("an accepted order");
                assert_eq!(entry.outcome, Some(Outcome::Unknown));
                assert!(!entry.forgotten, "a person had decided");
                assert!(!std::mem::replace(&mut entry.clarified, true), "told twice");
                self.check_evidence(&truth.request_id, truth.outcome, truth.response.as_deref());
            }
            EventKind::Message { message, late_for } => {
                assert!(self.said.contains(message), "as it came: {message}");
                if let Some(id) = late_for {
                    self.note("late message");
                    assert!(self.entries[id].outcome.is_some(), "late for an open request");
                }
            }
        }
    }

    fn on_completed(&mut self, done: &Completed, now: Now) {
        self.note(done.outcome.name());
        let entry = self.entries.get_mut(&done.request_id).expect("an accepted request");
        assert_eq!(entry.outcome.replace(done.outcome), None, "completed twice");
        assert_eq!(done.topic, entry.request.topic);
        assert_eq!(done.merchant_order_no, entry.request.merchant_order_no);
        assert_eq!(done.sent, entry.sent);
        assert_eq!(done.outcome == Outcome::NotSent, done.sent == Sent::No, "not sent, or it was");
        let is_open = matches!(done.outcome, Outcome::NotSent | Outcome::Unknown);
        assert_eq!(done.error.is_some(), is_open, "an error exactly where there is no answer");
        assert!(!done.retold);
        if !entry.restored {
            assert_eq!(done.elapsed_ms, now.mono_ms - entry.accepted.mono_ms);
        }
        let is_order = entry.request.is_order();
        let is_settled = is_order && !is_open;
        let is_direct = entry.connection == Some(self.connections) && !entry.restored;
        assert!(!is_settled || done.recovered || is_direct, "recovered, and does not say so");
        assert!(is_order || !done.recovered);
        let allowed: &[Outcome] = match done.topic.as_str() {
            ORDER => &[Outcome::Approved, Outcome::Declined, Outcome::Cancelled, Outcome::NotFound],
            QUERY => &[
                Outcome::Approved,
                Outcome::Declined,
                Outcome::Cancelled,
                Outcome::NotFound,
                Outcome::InProgress,
            ],
            _ => &[Outcome::Ok, Outcome::Refused],
        };
        assert!(is_open || allowed.contains(&done.outcome), "{:?} of {}", done.outcome, done.topic);
        assert!(done.response.as_ref().is_none_or(|text| self.said.contains(text)));
        if done.recovered {
            self.note("recovered");
        }
        if done.sent == Sent::Maybe {
            self.note("sent maybe");
        }
        if is_settled {
            self.check_evidence(&done.request_id, done.outcome, done.response.as_deref());
        }
    }

    /// The terminal has said this of this very order.
    fn check_evidence(&self, id: &str, outcome: Outcome, response: Option<&str>) {
        let text = response.expect("a settled order comes with what the terminal said");
        assert!(self.said.contains(text));
        let said = Said::read(text).expect("a message");
        let entry = &self.entries[id];
        let order = &entry.request;
        let asked_about = |id: &str| match self.probes.get(id) {
            Some(number) => Some(number.as_str()),
            None => {
                let entry = self.entries.get(id).filter(|entry| entry.request.topic == QUERY)?;
                entry.number()
            }
        };
        let is_own = match &said.id {
            Some(said_id) if said_id == id => {
                assert!(said.number.is_none() || said.number == order.merchant_order_no, "{text}");
                true
            }
            Some(said_id) => {
                assert_eq!(asked_about(said_id), entry.number(), "{text} settles {id}");
                assert!(said.fits(order), "{text} settles {id}");
                false
            }
            None => {
                assert!(said.number.is_some() && said.fits(order), "{text} settles {id}");
                said.topic.as_deref() != Some(QUERY)
            }
        };
        let status = said.status.as_deref();
        let is_so = match outcome {
            Outcome::Approved if is_own => said.is_success() && matches!(status, None | Some("2")),
            Outcome::Approved => status == Some("2") && said.code.as_deref() != Some("104"),
            Outcome::Declined | Outcome::Cancelled => status != Some("2"),
            Outcome::NotFound => {
                let is_closed = entry.number().is_some_and(|number| self.closed.contains(number));
                said.code.as_deref() == Some("104") && status.is_none() && !is_own && is_closed
            }
            _ => false,
        };
        assert!(is_so, "{text} makes {id} {}", outcome.name());
    }

    pub fn check_sizes(&self, session: &Session) {
        let open = self.entries.values().filter(|entry| entry.outcome.is_none());
        let mut open: Vec<&str> = open.map(|entry| entry.request.request_id.as_str()).collect();
        assert_eq!(session.in_flight(), open.len(), "in flight");
        let mut listed: Vec<&str> =
            session.open_requests().map(|listed| listed.request.request_id.as_str()).collect();
        open.sort_unstable();
        listed.sort_unstable();
        assert_eq!(open, listed);
        let unknown = self.entries.values().filter(|entry| entry.outcome.is_some());
        let unknown = unknown.filter(|entry| entry.may_be_asked_about()).count();
        assert!(session.clarifying() <= unknown, "asks about what is settled");
        // Sixteen questions for each order, each in two places, and some entries for each request; three for each that
        // is remembered.
        let bound = 40 * (open.len() + session.clarifying()) + 3 * self.entries.len() + 8;
        assert!(session.footprint() <= bound, "{} entries: {session:#?}", session.footprint());
    }

    pub fn everything_has_completed(&self) {
        for (id, entry) in &self.entries {
            assert!(entry.outcome.is_some(), "never completed: {id}");
        }
    }
}
