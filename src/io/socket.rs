//! A terminal's bare socket: what has left through it, how far it is read, and who is woken for it.

#![forbid(unsafe_code)]

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::borrow::Watched;
use super::frames::{Frames, MAX_FRAGMENTS};

/// Whether a caller can watch a socket on this system.
pub(super) const CAN_LEND: bool = cfg!(target_os = "linux");

/// What the I/O thread is woken for until the connection stands.
pub(super) const WHILE_OPENING: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// What is read in one turn before the lock is released and other terminals are served, in bytes. A read that has begun
/// goes beyond it, and so does a message: it is handed on in the turn in which its last byte comes.
const BYTES_AT_ONCE: usize = 262_144;

/// The same in frames: those without a payload are many for their bytes.
const FRAMES_AT_ONCE: u64 = 1_024;

/// A socket that counts what has left through it, so that it is known whether a request's first byte has.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) stream: TcpStream,
    pub(super) written: u64,
    /// The last write found no room; it may have been a pong's, of which nobody else is told.
    pub(super) is_full: bool,
    reading: Reading,
    turn: Turn,
    frames: Frames,
    /// How many bytes it still takes.
    #[cfg(test)]
    pub(super) room: Option<usize>,
}

/// What something said that does not speak HTTP: a handshake that fails with it knows its partner.
#[derive(Debug)]
pub(super) struct Stranger(pub(super) Vec<u8>);

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no HTTP")
    }
}

impl std::error::Error for Stranger {}

/// What was read since a turn began.
#[derive(Debug, Default)]
struct Turn {
    bytes: usize,
    /// How many frames there had been when it began.
    frames_before: u64,
}

/// How far the socket is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Until it says that there is no more: the I/O thread is told only of what comes after that.
    ToTheEnd,
    /// Until it gives less than there was room for: a caller who waits on it is told of the rest at once.
    UntilShort,
    /// It gave less than there was room for.
    WasShort,
}

impl Counted {
    pub(super) fn new(stream: TcpStream) -> Self {
        Counted {
            stream,
            written: 0,
            is_full: false,
            reading: Reading::ToTheEnd,
            turn: Turn::default(),
            frames: Frames::before_handshake(),
            #[cfg(test)]
            room: None,
        }
    }

    /// A turn begins, in which the socket is read so far.
    pub(super) fn begin_turn(&mut self, reading: Reading) {
        self.reading = reading;
        self.turn = Turn { bytes: 0, frames_before: self.frames.count() };
    }

    /// The turn has read what it may: there may be more.
    pub(super) fn is_turn_over(&self) -> bool {
        self.turn.bytes >= BYTES_AT_ONCE
            || self.frames.count() - self.turn.frames_before >= FRAMES_AT_ONCE
    }

    /// The code in the terminal's close frame, if there was one.
    pub(super) fn close_code(&self) -> Option<u16> {
        self.frames.close_code()
    }

    /// For a caller to wait on.
    #[cfg(target_os = "linux")]
    pub(super) fn watched(&self) -> Option<Watched> {
        use std::os::fd::AsRawFd;
        Some(self.stream.as_raw_fd())
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn watched(&self) -> Option<Watched> {
        None
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.reading == Reading::WasShort || self.is_turn_over() {
            return Err(ErrorKind::WouldBlock.into());
        }
        // Only now: messages that came before it have been handed on.
        if self.frames.is_too_fragmented() {
            return Err(io::Error::new(ErrorKind::InvalidData, too_fragmented()));
        }
        let count = self.stream.read(buffer)?;
        self.turn.bytes += count;
        if let Some(said) = self.frames.stranger(&buffer[..count]) {
            return Err(io::Error::new(ErrorKind::InvalidData, Stranger(said)));
        }
        self.frames.pass(&buffer[..count]);
        if self.reading == Reading::UntilShort && count < buffer.len() {
            self.reading = Reading::WasShort;
        }
        Ok(count)
    }
}

fn too_fragmented() -> String {
    format!("a message in more than {MAX_FRAGMENTS} fragments")
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(test)]
        let bytes = &bytes[..bytes.len().min(self.room.unwrap_or(usize::MAX))];
        #[cfg(test)]
        if self.room == Some(0) {
            self.is_full = true;
            return Err(ErrorKind::WouldBlock.into());
        }
        let written = self.stream.write(bytes);
        self.is_full = matches!(&written, Err(error) if error.kind() == ErrorKind::WouldBlock);
        let count = written?;
        #[cfg(test)]
        {
            self.room = self.room.map(|room| room - count);
        }
        self.written += u64::try_from(count).unwrap_or(0);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // A forked child may still hold the descriptor: without this the terminal would not see the end. It fails when
        // the peer was faster, which is as good.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Where a terminal's sockets are watched for the I/O thread.
#[derive(Debug, Clone)]
pub struct Watch {
    registry: Arc<Registry>,
    token: Token,
}

impl Watch {
    pub(super) fn new(registry: Arc<Registry>, token: Token) -> Self {
        Watch { registry, token }
    }

    /// The terminal's name on the I/O thread.
    pub fn token(&self) -> Token {
        self.token
    }

    pub(super) fn begin(&self, stream: &mut TcpStream) -> io::Result<()> {
        self.change(stream, None, Some(WHILE_OPENING))
    }

    /// What has happened already counts as happening anew.
    pub(super) fn change(
        &self,
        stream: &mut TcpStream,
        before: Option<Interest>,
        after: Option<Interest>,
    ) -> io::Result<()> {
        match (before, after) {
            (None, None) => Ok(()),
            (None, Some(after)) => self.registry.register(stream, self.token, after),
            (Some(_), Some(after)) => self.registry.reregister(stream, self.token, after),
            (Some(_), None) => self.registry.deregister(stream),
        }
    }
}
