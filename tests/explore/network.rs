//! What travels between till and terminal, and the connections it travels on.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ecrhub::protocol;

use crate::kinds::Naming;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Order,
    Query,
    Close,
}

impl Topic {
    pub fn name(self) -> &'static str {
        match self {
            Topic::Order => protocol::ORDER,
            Topic::Query => protocol::QUERY,
            Topic::Close => protocol::CLOSE,
        }
    }
}

/// Which order a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Number {
    /// The till's, by place.
    Own(usize),
    /// The sale that the till's void at this place is to take back.
    Original(usize),
    Strangers,
}

impl Number {
    pub fn text(self) -> String {
        match self {
            Number::Own(k) => format!("N{k}"),
            Number::Original(k) => format!("O{k}"),
            Number::Strangers => "X9".to_owned(),
        }
    }

    fn read(text: &str) -> Number {
        let place = text.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX);
        match text.as_bytes().first() {
            Some(b'N') => Number::Own(place),
            Some(b'O') => Number::Original(place),
            _ => Number::Strangers,
        }
    }
}

/// The id of the library's own queries and closes begins so.
pub const PROBE: &str = "ecrhub-probe-";

/// A request on its way to the terminal.
#[derive(Debug, Clone)]
pub struct Frame {
    pub topic: Topic,
    pub number: Number,
    pub id: Arc<str>,
}

impl Frame {
    pub fn read(text: &str) -> Frame {
        let topic = match value_of(text, "topic") {
            protocol::ORDER => Topic::Order,
            protocol::QUERY => Topic::Query,
            _ => Topic::Close,
        };
        let number = Number::read(value_of(text, "merchant_order_no"));
        Frame { topic, number, id: value_of(text, "request_id").into() }
    }

    pub fn is_the_librarys(&self) -> bool {
        self.id.starts_with(PROBE)
    }

    fn print(&self, live: &[&str], to: &mut impl Hasher) {
        (self.topic, self.number, place_of(&self.id, live)).hash(to);
    }
}

/// A text member of a message that the library wrote, where nothing needs unescaping.
fn value_of<'a>(text: &'a str, key: &str) -> &'a str {
    let quoted = format!("\"{key}\":\"");
    let from = text.find(&quoted).map(|at| at + quoted.len());
    from.and_then(|from| text[from..].split('"').next()).unwrap_or("")
}

/// Ids of the library's own are random: equal states have them in equal places.
fn place_of(id: &str, live: &[&str]) -> Result<usize, String> {
    if id.starts_with(PROBE) {
        Ok(live.iter().position(|known| *known == id).unwrap_or(usize::MAX))
    } else {
        Err(id.to_owned())
    }
}

/// A message on its way to the till.
#[derive(Debug, Clone)]
pub struct Answer {
    pub topic: Topic,
    pub number: Number,
    pub id: Arc<str>,
    pub code: &'static str,
    pub status: Option<&'static str>,
    pub trans_type: &'static str,
    pub has_other_amount: bool,
    /// Nobody can read it.
    pub is_garbage: bool,
}

impl Answer {
    pub fn to(frame: &Frame, code: &'static str, status: Option<&'static str>) -> Self {
        Answer {
            topic: frame.topic,
            number: frame.number,
            id: Arc::clone(&frame.id),
            code,
            status,
            trans_type: "1",
            has_other_amount: false,
            is_garbage: false,
        }
    }

    pub fn shows_other_amount(&self) -> bool {
        self.has_other_amount && self.status.is_some() && !self.is_garbage
    }

    pub fn text(&self, naming: Naming) -> String {
        if self.is_garbage {
            return "{\"topic\":".to_owned();
        }
        let id = match naming {
            Naming::RequestId => format!(r#""request_id":"{}","#, self.id),
            Naming::Topic | Naming::Number => String::new(),
        };
        let topic = match naming {
            Naming::Number => String::new(),
            _ => format!(r#""topic":"{}","#, self.topic.name()),
        };
        let amount = if self.has_other_amount { "99.00" } else { "10.00" };
        let record = self.status.map_or(String::new(), |status| {
            format!(
                r#","trans_type":"{}","order_amount":"{amount}","trans_status":"{status}""#,
                self.trans_type
            )
        });
        format!(
            r#"{{{topic}{id}"response_code":"{}","biz_data":{{"merchant_order_no":"{}"{record}}}}}"#,
            self.code,
            self.number.text()
        )
    }

    fn print(&self, live: &[&str], to: &mut impl Hasher) {
        (self.topic, self.number, place_of(&self.id, live)).hash(to);
        (self.code, self.status, self.has_other_amount, self.is_garbage).hash(to);
    }
}

/// So many answers are held back at most.
const HELD_AT_MOST: usize = 4;

/// What the socket does with the next frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Socket {
    Takes,
    /// Not one byte, until it opens again.
    Blocked,
    /// Its first bytes, and the rest when it opens again.
    Half,
}

/// The connection that stands.
#[derive(Debug, Clone)]
pub struct Conn {
    pub id: u64,
    pub is_dark: bool,
    pub is_held: bool,
    pub socket: Socket,
    /// The frame that the socket has not taken in full.
    pub stuck: Option<Frame>,
    pub to_terminal: VecDeque<Frame>,
    pub to_till: VecDeque<Answer>,
}

impl Conn {
    pub fn new(id: u64, owed: Vec<Answer>) -> Self {
        Conn {
            id,
            is_dark: false,
            is_held: false,
            socket: Socket::Takes,
            stuck: None,
            to_terminal: VecDeque::new(),
            to_till: owed.into(),
        }
    }

    /// Something would arrive by itself, and at once.
    pub fn is_busy(&self) -> bool {
        !self.is_dark && (!self.to_terminal.is_empty() || !self.is_held && !self.to_till.is_empty())
    }

    /// As much is held back as is worth exploring.
    pub fn is_full(&self) -> bool {
        self.is_held && self.to_till.len() >= HELD_AT_MOST
    }

    /// A frame leaves. In a dark link only orders and closes can still matter, one of each.
    pub fn take(&mut self, frame: Frame) {
        let same = |other: &Frame| other.topic == frame.topic && other.number == frame.number;
        let is_lost =
            self.is_dark && (frame.topic == Topic::Query || self.to_terminal.iter().any(same));
        if !is_lost {
            self.to_terminal.push_back(frame);
        }
    }

    pub fn push(&mut self, answer: Answer) {
        if !self.is_dark {
            self.to_till.push_back(answer);
        }
    }

    pub fn darken(&mut self) {
        self.is_dark = true;
        self.to_till.clear();
        self.to_terminal.retain(|frame| frame.topic != Topic::Query);
    }

    /// The library's own ids that may still come back.
    pub fn live_ids(&self) -> impl Iterator<Item = &str> {
        let frames = self.to_terminal.iter().chain(&self.stuck).map(|frame| &*frame.id);
        frames
            .chain(self.to_till.iter().map(|answer| &*answer.id))
            .filter(|id| id.starts_with(PROBE))
    }

    pub fn print(&self, live: &[&str], to: &mut impl Hasher) {
        (self.is_dark, self.is_held, self.socket, self.stuck.is_some()).hash(to);
        (self.to_terminal.len(), self.to_till.len()).hash(to);
        for frame in self.to_terminal.iter().chain(&self.stuck) {
            frame.print(live, to);
        }
        print_answers(self.to_till.iter(), live, to);
    }
}

pub fn print_answers<'a>(
    answers: impl Iterator<Item = &'a Answer>,
    live: &[&str],
    to: &mut impl Hasher,
) {
    for answer in answers {
        answer.print(live, to);
    }
}

/// What was under way when its connection was lost: it arrives late, or never. Queries are left out: their answers
/// would be lost.
#[derive(Debug, Clone)]
pub struct Late {
    pub frames: VecDeque<Frame>,
    /// When it can no longer arrive.
    pub until: Option<u64>,
}

impl Late {
    pub fn of(conn: Conn, until: Option<u64>) -> Option<Late> {
        let frames: VecDeque<Frame> =
            conn.to_terminal.into_iter().filter(|frame| frame.topic != Topic::Query).collect();
        (!frames.is_empty()).then_some(Late { frames, until })
    }

    pub fn print(&self, now: u64, to: &mut impl Hasher) {
        (self.until.map(|until| until.saturating_sub(now)), self.frames.len()).hash(to);
        for frame in &self.frames {
            frame.print(&[], to);
        }
    }
}
