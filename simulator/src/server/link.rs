//! One till's connection: a socket, and a WebSocket that reads and writes memory.
//!
//! With the WebSocket kept off the socket, bytes that break its rules, half frames and a frame in the handshake's own
//! packet are all the same simple thing: more bytes in the outbox.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Bytes, Message};

use super::access::Access;
use super::handshake::{self, Handshake};
use crate::Oddities;

/// How long a connection the terminal has ended may stay half open.
const LINGER_MS: u64 = 1_000;

/// Bytes that came and bytes to go.
#[derive(Debug, Default)]
pub(super) struct Wire {
    inbox: VecDeque<u8>,
    outbox: Vec<u8>,
    sent: usize,
    /// What the engine forgot to write, until it writes something else.
    forgotten: Vec<u8>,
}

impl Wire {
    /// Reads the socket empty; false once the other side has ended.
    pub fn fill(&mut self, stream: &mut TcpStream) -> bool {
        let mut chunk = [0; 16 * 1024];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => return false,
                Ok(count) => self.inbox.extend(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Writes as much as the socket takes; false when the connection is broken.
    pub fn drain(&mut self, stream: &mut TcpStream) -> bool {
        while self.sent < self.outbox.len() {
            match stream.write(&self.outbox[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        self.outbox = Vec::new();
        self.sent = 0;
        true
    }

    pub fn drained(&self) -> bool {
        self.outbox.is_empty()
    }

    pub fn put(&mut self, bytes: &[u8]) {
        self.outbox.append(&mut self.forgotten);
        self.outbox.extend_from_slice(bytes);
    }

    /// Takes back what was put since the outbox was that long, to be written with the next thing.
    fn forget(&mut self, length: usize) {
        self.forgotten = self.outbox.split_off(length);
    }

    /// What came and is not read yet.
    pub fn inbox(&mut self) -> &[u8] {
        self.inbox.make_contiguous()
    }

    pub fn discard(&mut self) {
        self.inbox.clear();
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.inbox.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.inbox.read(buffer)
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.put(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum State {
    Handshaking,
    Open(Box<WebSocketContext>),
    /// The handshake was refused; only the client ends this.
    Refused,
    /// A FIN is sent, or will be once the outbox is empty.
    Ending {
        until: u64,
    },
}

/// What happened on a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Opened,
    Message(String),
    Closed,
    /// Refused at the handshake, for this reason.
    Forbidden(String),
}

/// One till's connection.
pub(super) struct Link {
    pub stream: TcpStream,
    pub last_pong: u64,
    wire: Wire,
    state: State,
    access: Access,
}

impl Link {
    pub fn new(stream: TcpStream, access: Access, now: u64) -> Link {
        let (wire, state) = (Wire::default(), State::Handshaking);
        Link { stream, last_pong: now, wire, state, access }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// When it is dropped by itself, once it is ending.
    pub fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Ending { until } => Some(until),
            _ => None,
        }
    }

    /// Takes in what the socket has; false when the connection is over and to be dropped.
    pub fn receive(&mut self, odd: &Oddities, now: u64, incoming: &mut Vec<Incoming>) -> bool {
        let alive = self.wire.fill(&mut self.stream);
        if matches!(self.state, State::Handshaking) {
            self.shake_hands(odd, now, incoming);
        }
        match self.state {
            State::Open(_) => self.read_messages(now, incoming),
            State::Handshaking => {}
            State::Refused | State::Ending { .. } => self.wire.discard(),
        }
        alive
    }

    fn shake_hands(&mut self, odd: &Oddities, now: u64, incoming: &mut Vec<Incoming>) {
        let local = self.stream.local_addr().ok().map(|address| address.ip());
        match handshake::read(self.wire.inbox(), &self.access, local) {
            Handshake::Partial => {}
            Handshake::Refused => {
                self.wire.put(handshake::refusal().as_bytes());
                self.state = State::Refused;
            }
            Handshake::Forbidden(why) => {
                self.wire.put(handshake::forbidden(&why).as_bytes());
                self.state = State::Refused;
                incoming.push(Incoming::Forbidden(why));
            }
            Handshake::Upgrade(length, key) => {
                self.wire.inbox.drain(..length);
                self.wire.put(handshake::upgrade(&key, odd).as_bytes());
                // Small buffers: hundreds of connections are held at once.
                let config = WebSocketConfig::default()
                    .read_buffer_size(4_096)
                    .write_buffer_size(0)
                    .max_message_size(Some(4 << 20))
                    .max_frame_size(Some(4 << 20));
                self.state =
                    State::Open(Box::new(WebSocketContext::new(Role::Server, Some(config))));
                self.last_pong = now;
                incoming.push(Incoming::Opened);
            }
        }
    }

    fn read_messages(&mut self, now: u64, incoming: &mut Vec<Incoming>) {
        while let State::Open(socket) = &mut self.state {
            let message = socket.read(&mut self.wire);
            match message {
                Ok(Message::Text(text)) => {
                    incoming.push(Incoming::Message(text.as_str().to_owned()))
                }
                Ok(Message::Binary(bytes)) => {
                    incoming.push(Incoming::Message(String::from_utf8_lossy(&bytes).into_owned()));
                }
                Ok(Message::Pong(_)) => self.last_pong = now,
                // The WebSocket answers pings and closes by itself.
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return;
                }
                Err(_) => {
                    self.end(now);
                    incoming.push(Incoming::Closed);
                }
            }
        }
    }

    /// Sends one message, framed as the oddities want it.
    pub fn send(&mut self, text: &str, odd: &Oddities) {
        let is_forgotten = odd.forgets_to_write && self.wire.forgotten.is_empty();
        let length = self.wire.outbox.len();
        self.send_frames(text, odd);
        if is_forgotten {
            self.wire.forget(length);
        }
    }

    fn send_frames(&mut self, text: &str, odd: &Oddities) {
        let kind = if odd.binary { Data::Binary } else { Data::Text };
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        if !odd.fragmented || bytes.len() < 3 {
            return self.write(Frame::message(bytes, OpCode::Data(kind), true));
        }
        let third = bytes.len() / 3;
        self.write(Frame::message(bytes.slice(..third), OpCode::Data(kind), false));
        self.write(Frame::message(
            bytes.slice(third..2 * third),
            OpCode::Data(Data::Continue),
            false,
        ));
        self.write(Frame::message(bytes.slice(2 * third..), OpCode::Data(Data::Continue), true));
    }

    pub fn ping(&mut self) {
        self.write(Frame::ping(Bytes::new()));
    }

    /// Puts bytes on the socket as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.wire.put(bytes);
    }

    fn write(&mut self, frame: Frame) {
        if let State::Open(socket) = &mut self.state {
            // Writing to memory cannot fail; a socket that is closing takes no more, which is right.
            let _ = socket.write(&mut self.wire, Message::Frame(frame));
            let _ = socket.flush(&mut self.wire);
        }
    }

    /// Sends what waits; false when the connection is broken.
    pub fn flush(&mut self) -> bool {
        let alive = self.wire.drain(&mut self.stream);
        if alive && self.wire.drained() && matches!(self.state, State::Ending { .. }) {
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        alive
    }

    /// Ends it with a bare FIN behind what was already written. What the till still sends is read and dropped: closing
    /// a socket with unread bytes would be a reset.
    pub fn end(&mut self, now: u64) {
        if !matches!(self.state, State::Ending { .. }) {
            self.state = State::Ending { until: now.saturating_add(LINGER_MS) };
        }
    }
}
