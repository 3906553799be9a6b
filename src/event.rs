//! What a terminal's handle tells: connection, completions, and whatever else the terminal says.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use crate::error::{Fault, Stage, Status};
use crate::json::Object;
use crate::protocol::{self, Code, Description, Difference, Outcome};

/// Whether a request's bytes left this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Not one byte.
    No,
    /// Some of it, or an earlier process may have sent it.
    Maybe,
    /// All of it was handed to the network.
    Yes,
}

impl Sent {
    /// The word used in events.
    pub const fn name(self) -> &'static str {
        match self {
            Sent::No => "no",
            Sent::Maybe => "maybe",
            Sent::Yes => "yes",
        }
    }

    /// The value of this name.
    pub fn from_name(name: &str) -> Option<Sent> {
        [Sent::No, Sent::Maybe, Sent::Yes].into_iter().find(|sent| sent.name() == name)
    }
}

/// A request is over: what happened, told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The request's `request_id`.
    pub request_id: String,
    /// The request's `topic`.
    pub topic: String,
    /// The order's number, where the request had one.
    pub merchant_order_no: Option<String>,
    /// What happened.
    pub outcome: Outcome,
    /// Where the answer to an approved order departs from what was asked.
    pub differs: Vec<Difference>,
    /// The terminal is asked about it once more: its word may still change. Not part of the event's JSON.
    pub second_look: bool,
    /// What the response says, where it is described already; else that is done when it is asked for.
    pub description: Option<Description>,
    /// Whether it left this machine.
    pub sent: Sent,
    /// The terminal's message as it came: JSON text.
    pub response: Option<String>,
    /// Why there is no better outcome.
    pub error: Option<Fault>,
    /// It did not come as the direct answer on the same connection.
    pub recovered: bool,
    /// It was told before and not acknowledged.
    pub retold: bool,
    /// From acceptance to completion, milliseconds.
    pub elapsed_ms: u64,
}

/// Corrects an outcome that was reported before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clarified {
    /// The order's `request_id`.
    pub request_id: String,
    /// The order's number.
    pub merchant_order_no: Option<String>,
    /// What happened after all.
    pub outcome: Outcome,
    /// The outcome reported before.
    pub was: Outcome,
    /// See [`Completed::differs`].
    pub differs: Vec<Difference>,
    /// See [`Completed::second_look`].
    pub second_look: bool,
    /// See [`Completed::description`].
    pub description: Option<Description>,
    /// The terminal's message as it came: JSON text.
    pub response: Option<String>,
    /// It was told before and not acknowledged.
    pub retold: bool,
}

/// What an [`Event`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// The connection stands.
    Connected {
        /// The terminal's address.
        url: String,
    },
    /// The connection is lost, or could not be made; it is tried again.
    Disconnected {
        /// Why.
        error: Fault,
        /// When it is tried again, milliseconds from now.
        retry_in_ms: u64,
    },
    /// A request is over.
    Completed(Completed),
    /// An order's outcome is being found out.
    Recovering {
        /// The order's `request_id`.
        request_id: String,
        /// The order's number.
        merchant_order_no: Option<String>,
        /// Why, for the till's display.
        reason: String,
    },
    /// An outcome reported before was wrong, or an `unknown` is known now.
    Clarified(Clarified),
    /// The terminal said something nobody waits for.
    Message {
        /// What it said: JSON text, as it came.
        message: String,
        /// The completed request it belongs to.
        late_for: Option<String>,
    },
    /// The terminal said something that is no message.
    ProtocolError {
        /// What is wrong with it.
        detail: String,
        /// Its beginning, masked, at most 1 KiB.
        raw: String,
    },
}

/// For an event's keys and short texts, in bytes.
const ROOM_FOR_THE_REST: usize = 384;

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Epoch milliseconds.
    pub at: i64,
    /// What.
    pub kind: EventKind,
}

impl EventKind {
    /// The word in the event's `event` key.
    pub const fn name(&self) -> &'static str {
        match self {
            EventKind::Connected { .. } => "connected",
            EventKind::Disconnected { .. } => "disconnected",
            EventKind::Completed(_) => "completed",
            EventKind::Recovering { .. } => "recovering",
            EventKind::Clarified(_) => "clarified",
            EventKind::Message { .. } => "message",
            EventKind::ProtocolError { .. } => "protocol_error",
        }
    }

    /// Of the texts that may be long.
    fn length_of_texts(&self) -> usize {
        match self {
            // It is there twice: as it came, and as fields.
            EventKind::Completed(done) => 2 * done.response.as_ref().map_or(0, String::len),
            EventKind::Clarified(truth) => 2 * truth.response.as_ref().map_or(0, String::len),
            EventKind::Message { message, .. } => message.len(),
            EventKind::ProtocolError { raw, .. } => raw.len(),
            _ => 0,
        }
    }

    /// What it takes up while it waits, in bytes: about as much as its JSON.
    pub(crate) fn size(&self) -> usize {
        self.length_of_texts() + ROOM_FOR_THE_REST
    }

    /// Of an answer that is longer, only what it came to is kept.
    pub(crate) fn leave_out_long_response(&mut self, longest: usize) {
        let (response, description) = match self {
            EventKind::Completed(done) => (&mut done.response, &mut done.description),
            EventKind::Clarified(truth) => (&mut truth.response, &mut truth.description),
            _ => return,
        };
        let Some(text) = response.take_if(|text| text.len() > longest) else { return };
        if let Some(description) = description {
            description.fields = "{}".to_owned();
        }
        if let EventKind::Completed(done) = self
            && done.error.is_none()
        {
            let why = format!(
                "the answer of {} bytes was not kept: completions that nobody has fetched take up max_queue_bytes",
                text.len()
            );
            done.error = Some(Fault::new(Status::Busy, Stage::Receive, why));
        }
    }

    /// Completions and clarifications are never dropped; of the others the oldest go first.
    pub(crate) const fn is_precious(&self) -> bool {
        matches!(self, EventKind::Completed(_) | EventKind::Clarified(_))
    }
}

impl Fault {
    /// The fault as the JSON object of the `error` key.
    pub fn to_json(&self) -> String {
        Object::new()
            .number("status", self.status.code())
            .text("name", self.status.name())
            .text("stage", self.stage.name())
            .text("message", &self.message)
            .end()
    }
}

impl Fault {
    /// Reads what [`Fault::to_json`] wrote; none when it is something else.
    pub(crate) fn from_json(text: &str) -> Option<Fault> {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        let code = value.get("status")?.as_i64()?;
        let stage = value.get("stage")?.as_str()?;
        Some(Fault {
            status: Status::ALL.into_iter().find(|status| i64::from(status.code()) == code)?,
            stage: Stage::ALL.into_iter().find(|known| known.name() == stage)?,
            message: value.get("message")?.as_str()?.to_owned(),
        })
    }
}

impl Event {
    /// The request whose outcome it carries; empty where it carries none.
    pub(crate) fn request_id(&self) -> &str {
        match &self.kind {
            EventKind::Completed(done) => &done.request_id,
            EventKind::Clarified(truth) => &truth.request_id,
            _ => "",
        }
    }

    /// The event as the JSON object that `ecrhub_poll` hands out.
    pub fn to_json(&self) -> String {
        let object = Object::with_room(self.kind.size())
            .text("event", self.kind.name())
            .number("at", self.at);
        match &self.kind {
            EventKind::Connected { url } => object.text("url", url),
            EventKind::Disconnected { error, retry_in_ms } => {
                object.json("error", &error.to_json()).number("retry_in_ms", *retry_in_ms)
            }
            EventKind::Completed(done) => {
                let error = done.error.as_ref().map(Fault::to_json);
                object
                    .text("request_id", &done.request_id)
                    .text("topic", &done.topic)
                    .text_or_null("merchant_order_no", done.merchant_order_no.as_deref())
                    .text("outcome", done.outcome.name())
                    .text("sent", done.sent.name())
                    .described(done.response.as_deref(), done.description.as_ref(), &done.differs)
                    .json_or_null("response", done.response.as_deref())
                    .json_or_null("error", error.as_deref())
                    .bool("recovered", done.recovered)
                    .bool("retold", done.retold)
                    .number("elapsed_ms", done.elapsed_ms)
            }
            EventKind::Recovering { request_id, merchant_order_no, reason } => object
                .text("request_id", request_id)
                .text_or_null("merchant_order_no", merchant_order_no.as_deref())
                .text("reason", reason),
            EventKind::Clarified(truth) => object
                .text("request_id", &truth.request_id)
                .text_or_null("merchant_order_no", truth.merchant_order_no.as_deref())
                .text("outcome", truth.outcome.name())
                .text("was", truth.was.name())
                .described(truth.response.as_deref(), truth.description.as_ref(), &truth.differs)
                .json_or_null("response", truth.response.as_deref())
                .bool("retold", truth.retold),
            EventKind::Message { message, late_for } => {
                object.json("message", message).text_or_null("late_for", late_for.as_deref())
            }
            EventKind::ProtocolError { detail, raw } => {
                object.text("detail", detail).text("raw", raw)
            }
        }
        .end()
    }
}

impl Object {
    /// The keys `fields`, `differs` and `code` of an event that carries a terminal's message.
    fn described(
        self,
        response: Option<&str>,
        description: Option<&Description>,
        differs: &[Difference],
    ) -> Self {
        let description = match (description, response) {
            (Some(known), _) => Some(Cow::Borrowed(known)),
            (None, response) => response.map(|text| Cow::Owned(protocol::describe(text))),
        };
        let fields = description.as_ref().map_or("{}", |description| &description.fields);
        let code = description.as_ref().and_then(|description| description.code.as_ref());
        self.json("fields", fields)
            .json_or_null("differs", differences(differs).as_deref())
            .json_or_null("code", code.map(Code::to_json).as_deref())
    }
}

fn differences(differs: &[Difference]) -> Option<String> {
    let each = |object: Object, difference: &Difference| {
        let values = Object::new()
            .text("asked", &difference.asked)
            .text("answered", &difference.answered)
            .end();
        object.json(difference.field, &values)
    };
    (!differs.is_empty()).then(|| differs.iter().fold(Object::new(), each).end())
}

impl Code {
    /// The code as the JSON object of the `code` key.
    pub fn to_json(&self) -> String {
        Object::new()
            .text_or_null("response_code", self.response_code.as_deref())
            .text_or_null("inner", self.inner.as_deref())
            .text("text", &self.text)
            .text("advice", &self.advice)
            .end()
    }
}
