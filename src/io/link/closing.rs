//! The end of a connection that stands: both say goodbye, and the socket is closed.

use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

use super::{Link, READ_AT_ONCE, Reading, State, WHILE_OPENING, would_block};

/// Where a closing handshake stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// The terminal has not answered yet.
    Awaited,
    /// There is more to read before its answer.
    More,
    /// The socket is closed.
    Over,
}

impl Link {
    /// Begins the closing handshake. What is not connected is closed at once.
    pub fn close(&mut self) {
        self.come_home_for_good();
        if let State::Open(mut open) = std::mem::take(&mut self.state) {
            let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            match open.socket.close(Some(frame)) {
                Ok(()) => self.state = State::Closing(open.socket),
                Err(error) if would_block(&error) => self.state = State::Closing(open.socket),
                // It is closed all the same, without a goodbye.
                Err(_) => {}
            }
        }
    }

    /// The goodbye is the I/O thread's.
    fn come_home_for_good(&mut self) {
        let State::Open(open) = &mut self.state else { return };
        let socket = open.socket.get_mut();
        socket.begin_turn(Reading::ToTheEnd);
        // If it fails, the terminal's goodbye is missed, and the socket closed a moment later.
        let _ = self.watch.change(&mut socket.stream, open.interest, Some(WHILE_OPENING));
    }

    /// Goes on with the closing handshake.
    pub fn linger(&mut self) -> Farewell {
        let State::Closing(socket) = &mut self.state else {
            self.state = State::Idle;
            return Farewell::Over;
        };
        socket.get_mut().begin_turn(Reading::ToTheEnd);
        for _ in 0..READ_AT_ONCE {
            match socket.read() {
                // The terminal's own close: both have said goodbye.
                Ok(Message::Close(_)) => {
                    self.state = State::Idle;
                    return Farewell::Over;
                }
                Ok(_) => {}
                Err(error) if would_block(&error) => {
                    let is_turn_over = socket.get_ref().is_turn_over();
                    return if is_turn_over { Farewell::More } else { Farewell::Awaited };
                }
                Err(_) => {
                    self.state = State::Idle;
                    return Farewell::Over;
                }
            }
        }
        Farewell::More
    }
}
