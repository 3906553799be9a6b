//! Answers that a strict reader of JSON, or of the protocol, cannot use.

use serde_json::{Map, Value};

/// How an order's own answer is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mangle {
    TrailingComma,
    ByteOrderMark,
    TrailingNul,
    BlanksAround,
    Nan,
    SingleQuotes,
    Gbk,
    TwoObjects,
    TooDeep,
    IdCase,
}

/// What goes to the till: a message, or a frame the WebSocket cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    Text(String),
    Frame(Vec<u8>),
}

/// `交易成功` as terminals with Chinese firmware encode it.
const GBK_WORDS: [u8; 8] = [0xBD, 0xBB, 0xD2, 0xD7, 0xB3, 0xC9, 0xB9, 0xA6];

/// With the object around them, one level more than 64.
const NESTED: usize = 64;

impl Mangle {
    /// Spoils the text of one JSON object.
    pub fn apply(self, text: String) -> Outgoing {
        let open = text.strip_suffix('}').unwrap_or(&text);
        Outgoing::Text(match self {
            Mangle::TrailingComma => format!("{open},}}"),
            Mangle::ByteOrderMark => format!("\u{FEFF}{text}"),
            Mangle::TrailingNul => format!("{text}\0"),
            Mangle::BlanksAround => format!("\r\n \t{text}\0\0 \n"),
            Mangle::Nan => format!("{open},\"printTimes\":NaN}}"),
            Mangle::SingleQuotes => text.replace('"', "'"),
            Mangle::Gbk => return Outgoing::Frame(gbk(open)),
            Mangle::TwoObjects => format!("{text}{{\"topic\":\"ecrhub.heartbeat\"}}"),
            Mangle::TooDeep => {
                format!("{open},\"nested\":{}{}}}", "[".repeat(NESTED), "]".repeat(NESTED))
            }
            Mangle::IdCase => other_case(&text).unwrap_or(text),
        })
    }
}

/// A binary frame whose text is not UTF-8.
fn gbk(open: &str) -> Vec<u8> {
    let mut text = open.as_bytes().to_vec();
    text.extend(b",\"voice\":\"");
    text.extend(GBK_WORDS);
    text.extend(b"\"}");
    frame(0x82, &text)
}

/// The same answer, its `request_id` in capitals, or in small letters where it was in capitals.
fn other_case(text: &str) -> Option<String> {
    let mut fields: Map<String, Value> = serde_json::from_str(text).ok()?;
    let id = fields.get("request_id")?.as_str()?;
    let capitals = id.to_ascii_uppercase();
    let other = if capitals == id { id.to_ascii_lowercase() } else { capitals };
    fields.insert("request_id".to_owned(), other.into());
    Some(Value::Object(fields).to_string())
}

/// One whole frame, as a server sends it; `head` is its first byte.
pub(crate) fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![head];
    match payload.len() {
        short @ 0..=125 => bytes.push(u8::try_from(short).unwrap_or(125)),
        medium @ 126..=0xFFFF => {
            bytes.push(126);
            bytes.extend(u16::try_from(medium).unwrap_or(u16::MAX).to_be_bytes());
        }
        long => {
            bytes.push(127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}
