//! A terminal's bare socket: what has left through it, how far it is read, and who is woken for it.

#![forbid(unsafe_code)]

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::borrow::Watched;

/// Whether a caller can watch a socket on this system.
pub(super) const CAN_LEND: bool = cfg!(target_os = "linux");

/// What the I/O thread is woken for until the connection stands.
pub(super) const WHILE_OPENING: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A socket that counts what has left through it, so that it is known whether a request's first byte has.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) stream: TcpStream,
    pub(super) written: u64,
    /// The last write found no room; it may have been a pong's, of which nobody else is told.
    pub(super) is_full: bool,
    pub(super) reading: Reading,
    /// How many bytes it still takes.
    #[cfg(test)]
    pub(super) room: Option<usize>,
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
            #[cfg(test)]
            room: None,
        }
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
        if self.reading == Reading::WasShort {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = self.stream.read(buffer)?;
        if self.reading == Reading::UntilShort && count < buffer.len() {
            self.reading = Reading::WasShort;
        }
        Ok(count)
    }
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
