//! The terminal's bytes on their way to the session: WebSocket frames in any pieces, as `src/io/link.rs` reads them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use ecrhub::internals::Frames;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// Long enough for every answer here, and short enough to be exceeded.
const MAX_MESSAGE: usize = 4_096;

/// What has come.
pub(super) enum News {
    Message(Message),
    Pong(Option<u64>),
    Alive,
    /// The connection ends; with why, where it was no message.
    End(Option<String>),
}

/// The library's end of a connection that stands.
pub(super) struct Wire {
    socket: WebSocket<Pipe>,
}

/// Bytes in the pieces in which they come; what is written to it is of no interest.
struct Pipe {
    pieces: VecDeque<Vec<u8>>,
    frames: Frames,
}

impl Wire {
    pub(super) fn new() -> Self {
        let mut frames = Frames::before_handshake();
        frames.pass(b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
        let pipe = Pipe { pieces: VecDeque::new(), frames };
        let config = WebSocketConfig::default()
            .read_buffer_size(4_096)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        Wire { socket: WebSocket::from_raw_socket(pipe, Role::Client, Some(config)) }
    }

    /// These bytes come, in pieces of this size.
    pub(super) fn push(&mut self, bytes: &[u8], piece: usize) {
        let pieces = bytes.chunks(piece.max(1)).map(<[u8]>::to_vec);
        self.socket.get_mut().pieces.extend(pieces);
    }

    /// The next thing that has come whole.
    pub(super) fn next(&mut self) -> Option<News> {
        let before = self.socket.get_ref().frames.count();
        let news = match self.socket.read() {
            Ok(Message::Pong(payload)) => {
                News::Pong(payload[..].try_into().ok().map(u64::from_be_bytes))
            }
            Ok(Message::Ping(_) | Message::Frame(_)) => News::Alive,
            Ok(Message::Close(_)) => News::End(None),
            Ok(message) => News::Message(message),
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                return None;
            }
            Err(error @ (tungstenite::Error::Io(_) | tungstenite::Error::ConnectionClosed)) => {
                let _ = error;
                News::End(None)
            }
            Err(error) => News::End(Some(error.to_string())),
        };
        assert!(self.socket.get_ref().frames.count() >= before);
        Some(news)
    }

    /// How many frames have begun, and the close code that was counted beside tungstenite.
    pub(super) fn frames(&self) -> u64 {
        self.socket.get_ref().frames.count()
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.frames.is_too_fragmented() {
            return Err(ErrorKind::InvalidData.into());
        }
        let Some(piece) = self.pieces.front_mut() else {
            return Err(ErrorKind::WouldBlock.into());
        };
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        piece.drain(..count);
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        self.frames.pass(&buffer[..count]);
        Ok(count)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A text message as frames of this many bytes each.
pub(super) fn text_frames(text: &str, fragment: usize) -> Vec<u8> {
    let mut frames = Vec::with_capacity(text.len() + 16);
    let parts: Vec<&[u8]> = match text.len() {
        0 => vec![&[]],
        _ => text.as_bytes().chunks(fragment.max(1)).collect(),
    };
    for (at, part) in parts.iter().enumerate() {
        let opcode = if at == 0 { 1 } else { 0 };
        let last = if at + 1 == parts.len() { 0x80 } else { 0 };
        frames.push(last | opcode);
        match u16::try_from(part.len()) {
            Ok(short @ 0..=125) => frames.push(short as u8),
            Ok(long) => {
                frames.push(126);
                frames.extend(long.to_be_bytes());
            }
            Err(_) => {
                frames.push(127);
                frames.extend((part.len() as u64).to_be_bytes());
            }
        }
        frames.extend(*part);
    }
    frames
}
