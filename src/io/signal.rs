//! A descriptor that is readable while an event waits, for tills with an event loop of their own.

#![forbid(unsafe_code)]

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// Level-triggered: readable from [`ReadySignal::set`]`(true)` until `set(false)`.
#[derive(Debug)]
pub struct ReadySignal {
    reader: UnixStream,
    writer: UnixStream,
    is_set: bool,
}

impl ReadySignal {
    /// A signal that is not set.
    pub fn new() -> std::io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(ReadySignal { reader, writer, is_set: false })
    }

    /// The descriptor to wait on.
    pub fn fd(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    /// Makes the descriptor readable, or not.
    pub fn set(&mut self, ready: bool) {
        if ready == self.is_set {
            return;
        }
        let done = if ready {
            self.writer.write(&[1]).map(|_| ())
        } else {
            // A caller may have read the byte itself, though it was not his.
            match self.reader.read(&mut [0; 8]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
                other => other.map(|_| ()),
            }
        };
        match done {
            Ok(()) => self.is_set = ready,
            Err(error) => log_line_later!(
                log::Level::Error,
                "the wait descriptor cannot be set to {ready}: {error}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_readable(signal: &ReadySignal) -> bool {
        let mut peer = signal.reader.try_clone().unwrap();
        let mut byte = [0];
        match peer.read(&mut byte) {
            Ok(1) => {
                (&signal.writer).write_all(&byte).unwrap();
                true
            }
            Ok(_) => panic!("closed"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }

    #[test]
    fn it_is_readable_exactly_while_set() {
        let mut signal = ReadySignal::new().unwrap();
        assert!(!is_readable(&signal));
        for _ in 0..3 {
            signal.set(true);
            signal.set(true);
            assert!(is_readable(&signal));
            signal.set(false);
            assert!(!is_readable(&signal), "however often it was set");
        }
    }
}
