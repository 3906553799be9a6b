//! What went wrong with a connection, in words.

#![forbid(unsafe_code)]

use std::io;
use std::net::SocketAddr;

use tungstenite::handshake::client::Response;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

use super::socket::Stranger;
use crate::error::{Fault, Stage, Status};
use crate::{redact, stranger};

/// Of a header that a terminal sent, in bytes.
const SHOWN: usize = 100;

/// The close code with which to leave a terminal that does not speak WebSocket properly; none for a plain loss.
pub(super) fn complaint(error: &tungstenite::Error) -> Option<CloseCode> {
    use tungstenite::error::ProtocolError;
    match error {
        tungstenite::Error::Capacity(_) => Some(CloseCode::Size),
        tungstenite::Error::Utf8(_) => Some(CloseCode::Invalid),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Protocol(_) => Some(CloseCode::Protocol),
        // What the socket's own look at the frames refuses.
        tungstenite::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            Some(CloseCode::Protocol)
        }
        _ => None,
    }
}

pub(super) fn read_fault(error: &tungstenite::Error) -> Fault {
    use tungstenite::error::ProtocolError;
    let why = match error {
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "the connection was cut".to_owned()
        }
        error => format!("the connection is lost: {error}"),
    };
    Fault::new(Status::Terminal, Stage::Receive, why)
}

pub(super) fn write_fault(error: &tungstenite::Error) -> Fault {
    Fault::new(Status::Terminal, Stage::Send, format!("the connection is lost: {error}"))
}

/// `path` is what was asked for.
pub(super) fn handshake_fault(error: &tungstenite::Error, path: &str) -> Fault {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError;
    match error {
        Error::AttackAttempt => stranger::endless(),
        Error::Http(answer) => {
            let place = answer.headers().get("Location").map(HeaderValue::as_bytes);
            let page = answer.body().as_deref().unwrap_or_default();
            stranger::refused(answer.status().as_u16(), place.unwrap_or_default(), page, path)
        }
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(Stranger(said)) => stranger::no_terminal(said, path),
            None => stranger::cut(&error.to_string()),
        },
        Error::Protocol(ProtocolError::HandshakeIncomplete) => stranger::cut("by the other side"),
        error => stranger::broken_rules(&error.to_string()),
    }
}

/// RFC 6455, 4.1: a terminal that uses an extension nobody offered sends frames that nobody can read.
pub(super) fn unasked_extension(answer: &Response) -> Option<Fault> {
    let is_used = |value: &&HeaderValue| !value.as_bytes().trim_ascii().is_empty();
    let value = answer.headers().get_all("Sec-WebSocket-Extensions").iter().find(is_used)?;
    let why = format!(
        "the terminal uses the extension {:?}, which nobody offered",
        redact::excerpt(value.as_bytes(), SHOWN)
    );
    Some(stranger::broken_rules(&why))
}

/// The terminal's close frame; `code` is the one that it carried. One that is not allowed in a frame is reported all the
/// same: tungstenite puts its own in its place, and in that of the reason.
pub(super) fn closed(frame: Option<&CloseFrame>, code: Option<u16>) -> Fault {
    let why = match (frame, code) {
        (Some(_), Some(code)) if !CloseCode::from(code).is_allowed() => format!(
            "the terminal closed the connection with the code {code}, which is not allowed there"
        ),
        (Some(frame), _) if !frame.reason.is_empty() => format!(
            "the terminal closed the connection ({}: {})",
            frame.code,
            redact::text(&frame.reason)
        ),
        (Some(frame), _) => format!("the terminal closed the connection ({})", frame.code),
        (None, _) => "the terminal closed the connection".to_owned(),
    };
    Fault::new(Status::Terminal, Stage::Receive, why)
}

pub(super) fn unreachable_because(address: &SocketAddr, error: &io::Error) -> String {
    format!("{address} cannot be reached: {error}")
}
