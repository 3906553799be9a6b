//! One terminal's socket: connecting, the WebSocket handshake, frames, and a proper end; `PROTOCOL.md`'s "Transport".
//!
//! Nothing here blocks, and nothing here knows what the messages mean. Whatever goes wrong is returned as a [`Fault`]
//! with its stage, and the socket is closed then and there.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::handshake::{HandshakeError, MidHandshake};
use tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tungstenite::{Message, WebSocket};

pub use closing::Farewell;

use super::borrow::Watched;
use super::driver::Reactor;
use super::faults::{
    closed, complaint, handshake_fault, read_fault, unasked_extension, unreachable_because,
    write_fault,
};
use super::lookup::{Found, literal};
use super::open::{Frame, Open};
use super::socket::{CAN_LEND, Counted, Reading, WHILE_OPENING, Watch};
use crate::config::Address;
use crate::error::{Fault, Stage, Status};
use crate::session::Progress;

/// Messages read in one turn, so that one terminal that never stops talking does not starve the others; [`Counted`] bounds
/// its bytes and frames.
const READ_AT_ONCE: usize = 64;

/// A turn ends with the message during which this has passed since its second one: what a message costs depends on what it
/// is compared with, and on the machine.
const TURN_LASTS: Duration = Duration::from_millis(5);

/// Most terminals' messages fit; tungstenite's default of 128 KiB for each connection is too much for hundreds.
const READ_BUFFER: usize = 4_096;

/// What a terminal that does not read can make the library keep for it beside a request, in bytes: its pings are
/// answered later, or the last of them only.
const ROOM_FOR_PONGS: usize = 65_536;

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Resolving,
    Connecting(Connecting),
    Handshaking(MidHandshake<ClientHandshake<Counted>>),
    Open(Open),
    Closing(WebSocket<Counted>),
}

#[derive(Debug)]
struct Connecting {
    stream: Counted,
    /// Tried when this one fails or takes too long.
    others: VecDeque<SocketAddr>,
    until: u64,
}

/// What the socket brought.
#[derive(Debug)]
pub enum News {
    /// So far has got what [`Link::send`] could not write in full.
    Progress(Progress),
    /// The handshake is done.
    Connected,
    /// A message, as text or binary.
    Message(Message),
    /// The answer to a ping with this payload.
    Pong(u64),
    /// Something else that shows the terminal is alive.
    Alive,
    /// Not a message at all; the connection ends with it.
    Garbage(String),
}

/// One terminal's connection.
#[derive(Debug)]
pub struct Link {
    address: Address,
    max_message_bytes: usize,
    connect_timeout_ms: u64,
    /// When the present connection attempt must be over, on the monotonic clock.
    attempt_until: u64,
    watch: Watch,
    state: State,
}

impl Link {
    /// No connection yet.
    pub fn new(
        address: Address,
        max_message_bytes: u32,
        connect_timeout_ms: u32,
        watch: Watch,
    ) -> Self {
        Link {
            watch,
            address,
            max_message_bytes: usize::try_from(max_message_bytes).unwrap_or(usize::MAX),
            connect_timeout_ms: connect_timeout_ms.into(),
            attempt_until: 0,
            state: State::Idle,
        }
    }

    /// Starts a connection attempt. The stages follow by [`Link::stage`].
    pub fn connect(&mut self, reactor: &mut Reactor<'_>, now_ms: u64) -> Result<(), Fault> {
        self.attempt_until = now_ms + self.connect_timeout_ms;
        let (host, port) = (&self.address.host, self.address.port);
        match literal(host, port) {
            Some(address) => self.open([address].into(), now_ms),
            None => {
                reactor.look_up(host, port);
                self.state = State::Resolving;
                Ok(())
            }
        }
    }

    /// The name was looked up.
    pub fn on_found(&mut self, found: Found, now_ms: u64) -> Result<(), Fault> {
        if !matches!(self.state, State::Resolving) {
            return Ok(());
        }
        match found {
            Ok(addresses) => self.open(addresses.into(), now_ms),
            Err(message) => Err(self.fail(Fault::new(Status::Terminal, Stage::Resolve, message))),
        }
    }

    /// Where a connection attempt stands.
    pub fn stage(&self) -> Stage {
        match self.state {
            State::Idle | State::Resolving => Stage::Resolve,
            State::Connecting(_) => Stage::Connect,
            State::Handshaking(_) => Stage::Handshake,
            State::Open(_) | State::Closing(_) => Stage::Receive,
        }
    }

    /// When [`Link::on_due`] has something to do.
    pub fn deadline(&self) -> Option<u64> {
        match &self.state {
            State::Connecting(attempt) if !attempt.others.is_empty() => Some(attempt.until),
            _ => None,
        }
    }

    /// An address that does not answer gives way to the next one.
    pub fn on_due(&mut self, now_ms: u64) -> Result<(), Fault> {
        if self.deadline().is_some_and(|at| at <= now_ms)
            && let State::Connecting(attempt) = std::mem::take(&mut self.state)
        {
            let Connecting { others, .. } = attempt;
            return self.open(others, now_ms);
        }
        Ok(())
    }

    /// Closes the socket at once, whatever its state.
    pub fn drop_now(&mut self) {
        self.state = State::Idle;
    }

    /// Whether a frame may be sent now.
    pub fn can_send(&self) -> bool {
        matches!(&self.state, State::Open(open) if open.writing.is_none() && !open.is_blocked)
    }

    /// Whether something waits for the socket to take more: call [`Link::flush`] when it may.
    pub fn is_blocked(&self) -> bool {
        matches!(&self.state, State::Open(open) if open.is_blocked)
    }

    fn fail(&mut self, fault: Fault) -> Fault {
        self.state = State::Idle;
        fault
    }

    fn open(&mut self, mut addresses: VecDeque<SocketAddr>, now_ms: u64) -> Result<(), Fault> {
        let mut last = None;
        while let Some(address) = addresses.pop_front() {
            let connecting = TcpStream::connect(address)
                .and_then(|mut stream| self.watch.begin(&mut stream).map(|()| stream));
            match connecting {
                Ok(stream) => {
                    let left = self.attempt_until.saturating_sub(now_ms);
                    let share = left / (addresses.len() as u64 + 1);
                    let stream = Counted::new(stream);
                    let until = now_ms + share;
                    self.state = State::Connecting(Connecting { stream, others: addresses, until });
                    return Ok(());
                }
                Err(error) => last = Some((address, error)),
            }
        }
        let why = match last {
            Some((address, error)) => unreachable_because(&address, &error),
            None => "the name has no address".to_owned(),
        };
        Err(self.fail(Fault::new(Status::Terminal, Stage::Connect, why)))
    }

    /// The socket may be read or written: goes as far as it gets. `News` that make sense come first even when a fault
    /// ends the connection. True when there is more to read.
    pub fn on_ready(&mut self, now_ms: u64, tell: &mut impl FnMut(News)) -> Result<bool, Fault> {
        if matches!(self.state, State::Connecting(_)) {
            self.finish_connecting(now_ms)?;
        }
        if matches!(self.state, State::Handshaking(_)) && self.finish_handshake()? {
            tell(News::Connected);
        }
        self.read_until(Reading::ToTheEnd, tell)
    }

    /// Reads on the thread of a caller who watches the socket. True when there is more to read without waiting.
    pub fn read_lent(&mut self, tell: &mut impl FnMut(News)) -> Result<bool, Fault> {
        self.read_until(Reading::UntilShort, tell)
    }

    fn read_until(&mut self, reading: Reading, tell: &mut impl FnMut(News)) -> Result<bool, Fault> {
        let State::Open(open) = &mut self.state else { return Ok(false) };
        open.socket.get_mut().begin_turn(reading);
        let more = self.read(tell)?;
        if let State::Open(open) = &mut self.state {
            open.has_unread = more;
            if open.socket.get_ref().is_full {
                self.set_blocked(true);
            }
        }
        Ok(more)
    }

    /// Whether messages have left the socket that [`Link::on_ready`] would hand on.
    pub fn has_unread(&self) -> bool {
        matches!(&self.state, State::Open(open) if open.has_unread)
    }

    /// Lends the socket to a caller who wants to watch it, if it stands and takes data. Lending it again is allowed.
    pub fn lend(&mut self) -> Option<Watched> {
        let State::Open(open) = &mut self.state else { return None };
        if !CAN_LEND || open.is_blocked {
            return None;
        }
        open.is_lent = true;
        self.show_interest();
        self.lent()
    }

    /// The socket that is lent.
    pub fn lent(&self) -> Option<Watched> {
        match &self.state {
            State::Open(open) if open.is_lent => open.socket.get_ref().watched(),
            _ => None,
        }
    }

    /// The caller watches it no more. What has arrived meanwhile wakes the I/O thread.
    pub fn take_home(&mut self) {
        if let State::Open(open) = &mut self.state {
            open.is_lent = false;
            self.show_interest();
        }
    }

    /// Has the I/O thread woken for what it is to do.
    fn show_interest(&mut self) {
        let State::Open(open) = &mut self.state else { return };
        let wanted = open.wanted();
        if wanted == open.interest {
            return;
        }
        match self.watch.change(&mut open.socket.get_mut().stream, open.interest, wanted) {
            Ok(()) => open.interest = wanted,
            Err(error) => {
                log_line_later!(
                    log::Level::Error,
                    "the socket cannot be watched for {wanted:?}: {error}"
                )
            }
        }
    }

    fn finish_connecting(&mut self, now_ms: u64) -> Result<(), Fault> {
        let State::Connecting(attempt) = std::mem::take(&mut self.state) else { return Ok(()) };
        let failed = match attempt.stream.stream.take_error() {
            Ok(None) => match attempt.stream.stream.peer_addr() {
                Ok(_) => None,
                Err(error) if error.kind() == ErrorKind::NotConnected => {
                    self.state = State::Connecting(attempt);
                    return Ok(());
                }
                Err(error) => Some(error),
            },
            Ok(Some(error)) | Err(error) => Some(error),
        };
        if let Some(error) = failed {
            if attempt.others.is_empty() {
                let message = format!(
                    "{}:{} does not take connections: {error}",
                    self.address.host, self.address.port
                );
                return Err(self.fail(Fault::new(Status::Terminal, Stage::Connect, message)));
            }
            return self.open(attempt.others, now_ms);
        }
        // Without it all works, only slower.
        let _ = attempt.stream.stream.set_nodelay(true);
        self.start_handshake(attempt.stream)
    }

    fn start_handshake(&mut self, stream: Counted) -> Result<(), Fault> {
        let Address { host, port, path } = &self.address;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(ROOM_FOR_PONGS)
            .max_message_size(Some(self.max_message_bytes))
            .max_frame_size(Some(self.max_message_bytes));
        let started = format!("ws://{host}:{port}{path}")
            .into_client_request()
            .and_then(|request| ClientHandshake::start(stream, request, Some(config)));
        match started {
            Ok(handshake) => {
                self.state = State::Handshaking(handshake);
                Ok(())
            }
            Err(error) => Err(self.fail_handshake(&error)),
        }
    }

    fn finish_handshake(&mut self) -> Result<bool, Fault> {
        let State::Handshaking(handshake) = std::mem::take(&mut self.state) else {
            return Ok(false);
        };
        match handshake.handshake() {
            Ok((socket, answer)) => {
                if let Some(fault) = unasked_extension(&answer) {
                    return Err(self.fail(fault));
                }
                self.state = State::Open(Open::new(socket));
                self.show_interest();
                Ok(true)
            }
            Err(HandshakeError::Interrupted(handshake)) => {
                self.state = State::Handshaking(handshake);
                Ok(false)
            }
            // Dropping the error's stream closes a refused connection, which the terminal itself leaves open.
            Err(HandshakeError::Failure(error)) => Err(self.fail_handshake(&error)),
        }
    }

    fn fail_handshake(&mut self, error: &tungstenite::Error) -> Fault {
        let fault = handshake_fault(error, &self.address.path);
        self.fail(fault)
    }

    fn read(&mut self, tell: &mut impl FnMut(News)) -> Result<bool, Fault> {
        let mut since = None;
        for count in 0..READ_AT_ONCE {
            let State::Open(open) = &mut self.state else { return Ok(false) };
            let read = open.socket.read();
            // Before anything else is told: an answer may be to it, and after a loss it decides whether it may leave again.
            match open.progress() {
                Progress::Nothing => {}
                progress => tell(News::Progress(progress)),
            }
            match read {
                Ok(message) => {
                    if let Some(fault) = sort(message, open.socket.get_ref(), tell) {
                        // The answer to the terminal's close is queued; it goes out with this, if it can.
                        let _ = open.socket.flush();
                        return Err(self.fail(fault));
                    }
                    if open.socket.get_ref().is_turn_over() {
                        return Ok(true);
                    }
                    // Nearly all turns have one message: they need no clock.
                    if count > 0 && since.get_or_insert_with(Instant::now).elapsed() > TURN_LASTS {
                        return Ok(true);
                    }
                }
                Err(error) if would_block(&error) => {
                    return Ok(open.socket.get_ref().is_turn_over());
                }
                Err(error) => return Err(self.end_reading(&error, tell)),
            }
        }
        Ok(true)
    }

    fn end_reading(&mut self, error: &tungstenite::Error, tell: &mut impl FnMut(News)) -> Fault {
        let State::Open(open) = &mut self.state else { return read_fault(error) };
        if let Some(code) = complaint(error) {
            tell(News::Garbage(error.to_string()));
            let frame = CloseFrame { code, reason: "".into() };
            // If it can be said; the connection ends anyway.
            let _ = open.socket.close(Some(frame));
        }
        self.fail(read_fault(error))
    }

    /// Sends one message; only when [`Link::can_send`]. How far it got is told also when the connection broke under it.
    pub fn send(&mut self, text: &str) -> (Progress, Option<Fault>) {
        let State::Open(open) = &mut self.state else { return (Progress::Nothing, None) };
        open.writing = Some(Frame::of(text, open.socket.get_ref().written));
        let limit = text.len().saturating_add(ROOM_FOR_PONGS);
        open.socket.set_config(|config| config.max_write_buffer_size = limit);
        let written = open.socket.write(Message::text(text));
        self.after_write(written)
    }

    /// Goes on with a half-written frame, and with pongs.
    pub fn flush(&mut self) -> (Progress, Option<Fault>) {
        let State::Open(open) = &mut self.state else { return (Progress::Nothing, None) };
        let flushed = open.socket.flush();
        self.after_write(flushed)
    }

    fn after_write(&mut self, written: tungstenite::Result<()>) -> (Progress, Option<Fault>) {
        let State::Open(open) = &mut self.state else { return (Progress::Nothing, None) };
        let progress = open.progress();
        match written {
            Ok(()) => {
                debug_assert!(open.writing.is_none(), "all of it has left");
                self.set_blocked(false);
                (progress, None)
            }
            Err(error) if would_block(&error) => {
                self.set_blocked(true);
                (progress, None)
            }
            Err(error) => (progress, Some(self.fail(write_fault(&error)))),
        }
    }

    fn set_blocked(&mut self, is_blocked: bool) {
        if let State::Open(open) = &mut self.state {
            open.is_blocked = is_blocked;
            self.show_interest();
        }
    }

    /// Sends a ping, and before it what is half written. One that finds no room is left out: what fills the way to the
    /// terminal is not read by it, and the time for its answer runs.
    pub fn ping(&mut self, payload: u64) -> (Progress, Option<Fault>) {
        let State::Open(open) = &mut self.state else { return (Progress::Nothing, None) };
        let ping = Message::Ping(payload.to_be_bytes().to_vec().into());
        let written = match open.socket.write(ping) {
            Err(tungstenite::Error::WriteBufferFull(_)) => Err(still_full()),
            written => written,
        };
        self.after_write(written)
    }
}

/// Hands a message on; returns a fault when it was the terminal's goodbye.
fn sort(message: Message, socket: &Counted, tell: &mut impl FnMut(News)) -> Option<Fault> {
    match message {
        Message::Text(_) | Message::Binary(_) => tell(News::Message(message)),
        Message::Pong(payload) => match payload[..].try_into() {
            Ok(payload) => tell(News::Pong(u64::from_be_bytes(payload))),
            Err(_) => tell(News::Alive),
        },
        Message::Ping(_) | Message::Frame(_) => tell(News::Alive),
        Message::Close(frame) => return Some(closed(frame.as_ref(), socket.close_code())),
    }
    None
}

fn still_full() -> tungstenite::Error {
    std::io::Error::from(ErrorKind::WouldBlock).into()
}

fn would_block(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(error) if error.kind() == ErrorKind::WouldBlock)
}

mod closing;
#[cfg(test)]
pub mod tests;
