//! A connection that stands: its socket, what is under way on it, and who is told of what it brings.

#![forbid(unsafe_code)]

use mio::Interest;
use tungstenite::WebSocket;

use super::socket::{Counted, WHILE_OPENING};
use crate::session::Progress;

#[derive(Debug)]
pub(super) struct Open {
    pub(super) socket: WebSocket<Counted>,
    /// The request that has not left in full.
    pub(super) writing: Option<Frame>,
    /// The socket takes no more for now; whatever is buffered goes out when it does again.
    pub(super) is_blocked: bool,
    /// There may be messages that have left the socket and were not handed on.
    pub(super) has_unread: bool,
    /// A caller watches the socket; see the `borrow` page.
    pub(super) is_lent: bool,
    /// What the I/O thread is woken for; none is not even looked at by the kernel when something arrives.
    pub(super) interest: Option<Interest>,
}

impl Open {
    pub(super) fn new(socket: WebSocket<Counted>) -> Self {
        Open {
            socket,
            writing: None,
            is_blocked: false,
            has_unread: false,
            is_lent: false,
            interest: Some(WHILE_OPENING),
        }
    }

    /// How far the request that is being written has got since this was last asked. What is buffered leaves by whatever
    /// is written or read next: before a pong goes out with a read, the request before it has.
    pub(super) fn progress(&mut self) -> Progress {
        let Some(frame) = &self.writing else { return Progress::Nothing };
        let written = self.socket.get_ref().written;
        if written >= frame.end {
            self.writing = None;
            Progress::Done
        } else if written > frame.start {
            Progress::Started
        } else {
            Progress::Nothing
        }
    }

    pub(super) fn wanted(&self) -> Option<Interest> {
        match (self.is_lent, self.is_blocked) {
            (false, false) => Some(Interest::READABLE),
            (false, true) => Some(Interest::READABLE | Interest::WRITABLE),
            (true, false) => None,
            (true, true) => Some(Interest::WRITABLE),
        }
    }
}

/// Where a frame stands among all bytes that leave through the socket.
#[derive(Debug)]
pub(super) struct Frame {
    start: u64,
    end: u64,
}

impl Frame {
    /// A masked one with this text, after `start` bytes.
    pub(super) fn of(text: &str, start: u64) -> Self {
        let header = match text.len() {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        const MASK: u64 = 4;
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        Frame { start, end: start.saturating_add(header + MASK).saturating_add(length) }
    }
}
