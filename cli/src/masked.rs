//! What comes from a terminal or a file, without card data, before anything of it is printed or looked at.

use ecrhub::journal::Entry;
use ecrhub::{Delivery, Difference, Event, EventKind, mask};

/// An event as its JSON and as its value. It counts as fetched then.
pub fn fetched(delivery: Delivery) -> (String, Event) {
    (mask::json(delivery.json()), event(delivery.accept()))
}

/// An event's own words and numbers are the library's; only the terminal's may have card data in them.
pub fn event(mut event: Event) -> Event {
    match &mut event.kind {
        EventKind::Completed(done) => {
            json(&mut done.response);
            done.description = None;
            differs(&mut done.differs);
            if let Some(error) = &mut done.error {
                error.message = mask::text(&error.message);
            }
        }
        EventKind::Clarified(truth) => {
            json(&mut truth.response);
            truth.description = None;
            differs(&mut truth.differs);
        }
        EventKind::Message { message, .. } => *message = mask::json(message),
        EventKind::ProtocolError { detail, raw } => {
            (*detail, *raw) = (mask::text(detail), mask::text(raw));
        }
        EventKind::Disconnected { error, .. } => error.message = mask::text(&error.message),
        EventKind::Recovering { reason, .. } => *reason = mask::text(reason),
        EventKind::Connected { .. } => {}
    }
    event
}

/// The journal is masked already, but another version may have written it.
pub fn entry(mut entry: Entry) -> Entry {
    entry.request = mask::json(&entry.request);
    json(&mut entry.response);
    json(&mut entry.error);
    json(&mut entry.note);
    entry
}

fn json(text: &mut Option<String>) {
    *text = text.as_deref().map(mask::json);
}

fn differs(differs: &mut [Difference]) {
    for difference in differs {
        difference.answered = mask::text(&difference.answered);
    }
}
