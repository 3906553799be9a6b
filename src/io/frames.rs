//! What passes through the socket, seen beside tungstenite, which reads it: how many frames there are, in how many
//! fragments a message comes, and with which code a terminal closes. tungstenite bounds the bytes of a message only, and
//! reports a code that is not allowed as its own.

#![forbid(unsafe_code)]

use crate::stranger::LOOKED_AT;

/// A message in more fragments is none: of 256 bytes each, they would be the longest message by default.
pub(super) const MAX_FRAGMENTS: u32 = 16_384;

/// How the answer to the handshake begins.
const HTTP: &[u8] = b"HTTP/1.1 ";

const LONGEST_HEADER: usize = 14;

const FINAL: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const FIRST_CONTROL: u8 = 0x08;
const CLOSE: u8 = 0x08;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;

/// Counts frames as their bytes pass.
#[derive(Debug)]
pub struct Frames {
    at: At,
    /// All that have begun.
    count: u64,
    /// Of the message that is not complete.
    fragments: u32,
    close: Close,
}

/// Where in the stream the next byte stands.
#[derive(Debug)]
enum At {
    /// In the answer to the handshake: it ends with an empty line.
    Handshake {
        has_begun: bool,
        is_line_empty: bool,
        /// How much of [`HTTP`] it has said.
        said: usize,
    },
    Header {
        bytes: [u8; LONGEST_HEADER],
        length: usize,
    },
    Payload {
        left: u64,
    },
}

/// The first two bytes of a close frame's payload.
#[derive(Debug, Default)]
struct Close {
    has_begun: bool,
    bytes: [u8; 2],
    length: usize,
}

const NEXT_HEADER: At = At::Header { bytes: [0; LONGEST_HEADER], length: 0 };

impl Frames {
    /// Nothing has come yet: the answer to the handshake comes first.
    pub fn before_handshake() -> Self {
        Frames {
            at: At::Handshake { has_begun: false, is_line_empty: true, said: 0 },
            count: 0,
            fragments: 0,
            close: Close::default(),
        }
    }

    /// How many frames have begun.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether a message came in more fragments than a message may.
    pub fn is_too_fragmented(&self) -> bool {
        self.fragments > MAX_FRAGMENTS
    }

    /// The code in the terminal's close frame, if there was one.
    pub fn close_code(&self) -> Option<u16> {
        (self.close.length == 2).then(|| u16::from_be_bytes(self.close.bytes))
    }

    /// What has come instead of an answer in HTTP, if these bytes show that: its beginning, those that passed before
    /// included. To be asked before [`Frames::pass`].
    pub fn stranger(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let At::Handshake { has_begun, said, .. } = &mut self.at else { return None };
        // As the parser of the handshake has it, empty lines may come first.
        let is_blank = |byte: &&u8| !*has_begun && matches!(byte, b'\r' | b'\n');
        let blanks = bytes.iter().take_while(is_blank).count();
        let (bytes, expected) = (&bytes[blanks..], &HTTP[*said..]);
        let looked_at = bytes.len().min(expected.len());
        if bytes[..looked_at] != expected[..looked_at] {
            let room = LOOKED_AT.min(bytes.len());
            return Some([&HTTP[..*said], &bytes[..room]].concat());
        }
        *said += looked_at;
        None
    }

    /// These bytes have come.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_too_fragmented() {
            let passed = match &mut self.at {
                At::Handshake { .. } => self.pass_handshake(bytes),
                At::Header { .. } => self.pass_header(bytes),
                At::Payload { .. } => self.pass_payload(bytes),
            };
            bytes = bytes.get(passed..).unwrap_or_default();
        }
    }

    /// As the parser of the handshake has it, empty lines may come first, and a line may end without a carriage return.
    fn pass_handshake(&mut self, bytes: &[u8]) -> usize {
        let At::Handshake { has_begun, is_line_empty, .. } = &mut self.at else { return 0 };
        for (place, byte) in bytes.iter().enumerate() {
            match byte {
                b'\r' => {}
                b'\n' if *is_line_empty && *has_begun => {
                    self.at = NEXT_HEADER;
                    return place + 1;
                }
                b'\n' => *is_line_empty = true,
                _ => (*has_begun, *is_line_empty) = (true, false),
            }
        }
        bytes.len()
    }

    fn pass_header(&mut self, bytes: &[u8]) -> usize {
        let At::Header { bytes: header, length } = &mut self.at else { return 0 };
        let wanted = header_length(header, *length);
        let passed = bytes.len().min(wanted - *length);
        header[*length..*length + passed].copy_from_slice(&bytes[..passed]);
        *length += passed;
        if *length >= 2 && *length == header_length(header, *length) {
            let (first, left) = (header[0], payload_length(header));
            self.begin(first, left);
        }
        passed
    }

    fn begin(&mut self, first: u8, left: u64) {
        let (opcode, is_final) = (first & OPCODE, first & FINAL != 0);
        self.count += 1;
        if opcode < FIRST_CONTROL {
            self.fragments = if is_final { 0 } else { self.fragments + 1 };
        }
        self.close.has_begun |= opcode == CLOSE;
        self.at = if left == 0 { NEXT_HEADER } else { At::Payload { left } };
    }

    fn pass_payload(&mut self, bytes: &[u8]) -> usize {
        let At::Payload { left } = &mut self.at else { return 0 };
        let passed = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
        *left -= passed as u64;
        if *left == 0 {
            self.at = NEXT_HEADER;
        }
        if self.close.has_begun {
            self.close.take(&bytes[..passed]);
        }
        passed
    }
}

impl Close {
    fn take(&mut self, payload: &[u8]) {
        for byte in payload {
            if self.length < 2 {
                self.bytes[self.length] = *byte;
                self.length += 1;
            }
        }
    }
}

/// How long a header is, as far as that is known.
fn header_length(header: &[u8; LONGEST_HEADER], known: usize) -> usize {
    if known < 2 {
        return 2;
    }
    let extended = match header[1] & LENGTH {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if header[1] & MASKED != 0 { 4 } else { 0 };
    2 + extended + mask
}

fn payload_length(header: &[u8; LONGEST_HEADER]) -> u64 {
    let extended = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    match header[1] & LENGTH {
        126 => extended(&header[2..4]),
        127 => extended(&header[2..10]),
        short => short.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    fn after(parts: &[&[u8]]) -> Frames {
        let mut frames = Frames::before_handshake();
        frames.pass(ANSWER);
        parts.iter().for_each(|part| frames.pass(part));
        frames
    }

    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        match u16::try_from(length) {
            Ok(short) if short < 126 => bytes.push(u8::try_from(short).unwrap()),
            Ok(long) => {
                bytes.push(126);
                bytes.extend(long.to_be_bytes());
            }
            Err(_) => {
                bytes.push(127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(vec![0x81; length]);
        bytes
    }

    #[test]
    fn frames_begin_behind_the_first_empty_line_of_the_handshakes_answer() {
        for answer in ["HTTP/1.1 101 X\r\nA: b\r\n\r\n", "\r\n\nHTTP/1.1 101 X\nA: b\n\n"] {
            let mut frames = Frames::before_handshake();
            frames.pass(answer.as_bytes());
            assert_eq!(frames.count(), 0);
            frames.pass(&frame(0x81, 5));
            assert_eq!(frames.count(), 1, "{answer:?}");
        }
    }

    #[test]
    fn what_does_not_speak_http_is_recognised_however_its_bytes_are_cut() {
        for (said, is_stranger) in [
            (&b"SSH-2.0-x\r\n"[..], true),
            (b"HTTP/1.0 400 Bad\r\n", true),
            (b"\x15\x03\x03", true),
            (b"HTTP", false),
            (b"\r\n\nHTTP/1.1 404 Not Found\r\n\r\n<body>", false),
            (ANSWER, false),
        ] {
            for cut in 1..=said.len() {
                let mut frames = Frames::before_handshake();
                let found = said.chunks(cut).find_map(|bytes| {
                    let found = frames.stranger(bytes);
                    frames.pass(bytes);
                    found
                });
                assert_eq!(found.is_some(), is_stranger, "{said:?} by {cut}");
                assert!(found.is_none_or(|found| said.starts_with(&found)), "{said:?} by {cut}");
            }
        }
    }

    #[test]
    fn a_message_may_come_in_so_many_fragments_and_not_in_one_more() {
        let mut frames = after(&[&frame(0x01, 1)]);
        for _ in 2..=MAX_FRAGMENTS {
            frames.pass(&[0, 0]);
        }
        frames.pass(&frame(0x89, 3));
        assert!(!frames.is_too_fragmented());
        frames.pass(&[0x80, 0]);
        frames.pass(&frame(0x01, 1));
        assert!(!frames.is_too_fragmented(), "each message has its own");
        for _ in 1..=MAX_FRAGMENTS {
            frames.pass(&[0, 0]);
        }
        assert!(frames.is_too_fragmented());
    }

    #[test]
    fn the_code_of_a_close_is_what_its_frame_carries() {
        assert_eq!(after(&[&[0x88, 2], &[0x03], &[0xed]]).close_code(), Some(1005));
        assert_eq!(after(&[&[0x88, 5, 0x03, 0xe8, b'b', b'y', b'e']]).close_code(), Some(1000));
        assert_eq!(after(&[&[0x88, 0]]).close_code(), None);
        assert_eq!(after(&[&frame(0x81, 300)]).close_code(), None);
    }

    proptest! {
        #[test]
        fn frames_are_counted_however_their_bytes_are_cut(
            lengths in prop::collection::vec(prop_oneof![0..130_usize, 60_000..70_000_usize], 0..8),
            cuts in prop::collection::vec(1..5_000_usize, 1..20),
        ) {
            let bytes: Vec<u8> =
                ANSWER.iter().copied().chain(lengths.iter().flat_map(|l| frame(0x82, *l))).collect();
            let mut frames = Frames::before_handshake();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(*cut));
                frames.pass(now);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(frames.count(), lengths.len() as u64);
        }
    }
}
