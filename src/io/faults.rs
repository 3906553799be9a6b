//! What went wrong with a connection, in words.

#![forbid(unsafe_code)]

use std::io;
use std::net::SocketAddr;

use tungstenite::protocol::frame::coding::CloseCode;

use crate::error::{Fault, Stage, Status};

/// The close code with which to leave a terminal that does not speak WebSocket properly; none for a plain loss.
pub(super) fn complaint(error: &tungstenite::Error) -> Option<CloseCode> {
    use tungstenite::error::ProtocolError;
    match error {
        tungstenite::Error::Capacity(_) => Some(CloseCode::Size),
        tungstenite::Error::Utf8(_) => Some(CloseCode::Invalid),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        tungstenite::Error::Protocol(_) => Some(CloseCode::Protocol),
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

pub(super) fn handshake_fault(error: &tungstenite::Error) -> Fault {
    use tungstenite::error::ProtocolError;
    let why = match error {
        tungstenite::Error::Http(response) => format!(
            "the terminal refused the WebSocket handshake with HTTP {}: check the path of the url, and that the \
             terminal is in ECR mode",
            response.status()
        ),
        tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            "the connection was cut during the WebSocket handshake".to_owned()
        }
        error => format!("the WebSocket handshake failed: {error}: is this a terminal?"),
    };
    Fault::new(Status::Terminal, Stage::Handshake, why)
}

pub(super) fn unreachable_because(address: &SocketAddr, error: &io::Error) -> String {
    format!("{address} cannot be reached: {error}")
}
