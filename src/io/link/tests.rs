//! A socket without room, as that of a terminal that does not read: what has left is told, however it left.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use tungstenite::protocol::Role;

use super::*;

/// The terminal's end.
pub type Terminal = WebSocket<std::net::TcpStream>;

const LONG: Duration = Duration::from_secs(20);

impl Link {
    fn socket(&mut self) -> &mut Counted {
        let State::Open(open) = &mut self.state else { panic!("it stands") };
        open.socket.get_mut()
    }

    /// From now on its socket takes so many bytes.
    pub fn leave_room(&mut self, room: usize) {
        self.socket().room = Some(room);
    }

    /// From now on it takes all that the system's does.
    pub fn make_room(&mut self) {
        self.socket().room = None;
    }
}

/// A connection that stands, and the terminal's end of it.
pub struct Pair {
    pub link: Link,
    pub terminal: Terminal,
    _poll: Poll,
}

impl Pair {
    pub fn new() -> Pair {
        let mut poll = Poll::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let watch = Watch::new(Arc::new(poll.registry().try_clone().unwrap()), Token(0));
        let there = Address { host: "127.0.0.1".into(), port: address.port(), path: "/".into() };
        let mut link = Link::new(there, 1 << 20, 20_000, watch);
        link.attempt_until = 20_000;
        link.open([address].into(), 0).unwrap();
        let terminal =
            std::thread::spawn(move || tungstenite::accept(listener.accept().unwrap().0).unwrap());
        let mut events = Events::with_capacity(8);
        while !matches!(link.state, State::Open(_)) {
            poll.poll(&mut events, Some(LONG)).unwrap();
            link.on_ready(0, &mut |_| {}).unwrap();
        }
        Pair { link, terminal: terminal.join().unwrap(), _poll: poll }
    }

    /// What a caller who watches reads, until it is enough or the connection ends.
    fn read_until(&mut self, enough: fn(&News) -> bool) -> (Vec<News>, Option<Fault>) {
        let mut heard = Vec::new();
        let began = Instant::now();
        while began.elapsed() < LONG {
            let mut is_enough = false;
            let read = self.link.read_lent(&mut |news| {
                is_enough |= enough(&news);
                heard.push(news);
            });
            match read {
                Err(fault) => return (heard, Some(fault)),
                Ok(_) if is_enough => return (heard, None),
                Ok(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        panic!("nothing came but {heard:?}");
    }
}

fn is_alive(news: &News) -> bool {
    matches!(news, News::Alive)
}

#[test]
fn a_request_of_any_length_is_written_when_its_last_byte_is() {
    let mut pair = Pair::new();
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000] {
        let text = "x".repeat(length);
        pair.link.leave_room(0);
        assert_eq!(pair.link.send(&text).0, Progress::Nothing, "{length}");
        assert!(!pair.link.can_send());
        pair.link.leave_room(1);
        assert_eq!(pair.link.flush().0, Progress::Started, "{length}");
        let header = if length < 126 {
            2
        } else if length < 65_536 {
            4
        } else {
            10
        };
        pair.link.leave_room(header + 4 + length - 2);
        assert_eq!(pair.link.flush().0, Progress::Started, "{length}");
        pair.link.leave_room(1);
        assert_eq!(pair.link.flush(), (Progress::Done, None), "{length}");
        pair.link.make_room();
        assert!(pair.link.can_send());
        assert_eq!(pair.terminal.read().unwrap().into_text().unwrap(), text);
    }
}

#[test]
fn what_leaves_with_a_pong_is_told_before_anything_that_is_read() {
    let mut pair = Pair::new();
    pair.link.leave_room(0);
    assert_eq!(pair.link.send("an order").0, Progress::Nothing);
    pair.link.make_room();
    pair.terminal.send(Message::Ping("?".into())).unwrap();
    let (heard, _) = pair.read_until(is_alive);
    // Its pong goes out with the next read.
    pair.terminal.send(Message::Ping("?".into())).unwrap();
    let (more, _) = pair.read_until(is_alive);
    let heard: Vec<News> = heard.into_iter().chain(more).collect();
    let told = heard.iter().position(|news| matches!(news, News::Progress(Progress::Done)));
    assert!(told.is_some_and(|told| told < heard.len() - 1), "{heard:?}");
    assert_eq!(pair.terminal.read().unwrap().into_text().unwrap(), "an order");
}

#[test]
fn what_left_in_part_is_told_before_the_connections_end() {
    let mut pair = Pair::new();
    pair.link.leave_room(0);
    assert_eq!(pair.link.send("an order").0, Progress::Nothing);
    pair.link.leave_room(3);
    pair.terminal.send(Message::Ping("?".into())).unwrap();
    pair.terminal.send(Message::Close(None)).unwrap();
    let (heard, fault) = pair.read_until(|_| false);
    assert!(fault.is_some());
    assert!(
        heard.iter().any(|news| matches!(news, News::Progress(Progress::Started))),
        "or it would be sent once more: {heard:?}"
    );
}

#[test]
fn what_leaves_with_a_ping_is_told_too() {
    let mut pair = Pair::new();
    pair.link.leave_room(0);
    assert_eq!(pair.link.send("an order").0, Progress::Nothing);
    pair.link.leave_room(3);
    assert_eq!(pair.link.ping(7), (Progress::Started, None));
    pair.link.make_room();
    assert_eq!(pair.link.ping(8), (Progress::Done, None));
}

#[test]
fn a_terminal_that_pings_and_never_reads_fills_no_memory() {
    for has_request in [false, true] {
        let mut pair = Pair::new();
        pair.link.leave_room(0);
        if has_request {
            assert_eq!(pair.link.send("an order").0, Progress::Nothing);
        }
        for _ in 0..2_000 {
            pair.terminal.send(Message::Ping(vec![0; 125].into())).unwrap();
            pair.read_until(is_alive);
        }
        assert_eq!(pair.link.ping(7), (Progress::Nothing, None));
        pair.link.make_room();
        let progress = if has_request { Progress::Done } else { Progress::Nothing };
        assert_eq!(pair.link.flush(), (progress, None));
        let left = pair.link.socket().written;
        assert!(left < 100_000, "{left} bytes were kept for it");
    }
}

/// Turns of the I/O thread until a message has come, at each of which `look` is told how much it handed on.
fn turns_until_a_message(pair: &mut Pair, mut look: impl FnMut(usize, bool)) {
    let began = Instant::now();
    let mut has_come = false;
    while !has_come {
        assert!(began.elapsed() < LONG);
        let mut bytes = 0;
        let more = pair.link.on_ready(0, &mut |news| {
            if let News::Message(message) = news {
                bytes += message.len();
                has_come |= message.to_string().ends_with("the end");
            }
        });
        look(bytes, more.unwrap());
    }
}

#[test]
fn a_turn_ends_after_so_many_bytes_and_says_that_there_is_more() {
    const LENGTH: usize = 100_000;
    let mut pair = Pair::new();
    let mut terminal = pair.terminal.get_ref().try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let mut terminal = WebSocket::from_raw_socket(&mut terminal, Role::Server, None);
        (0..30).for_each(|_| terminal.send(Message::text("x".repeat(LENGTH))).unwrap());
        terminal.send(Message::text("the end")).unwrap();
    });
    let (mut total, mut turns_with_more) = (0, 0);
    turns_until_a_message(&mut pair, |bytes, more| {
        assert!(bytes <= 262_144 + 4_096 + LENGTH, "{bytes}");
        total += bytes;
        turns_with_more += usize::from(more);
    });
    sending.join().unwrap();
    assert_eq!(total, 30 * LENGTH + "the end".len());
    assert!(turns_with_more > 0);
}

#[test]
fn a_turn_ends_after_so_many_frames_though_they_make_no_message() {
    let mut pair = Pair::new();
    let fragments = [&[0x01, 0][..], &[0; 2 * 12_000], &[0x80, 7], b"the end"].concat();
    pair.terminal.get_mut().write_all(&fragments).unwrap();
    let mut turns_with_more = 0;
    turns_until_a_message(&mut pair, |_, more| turns_with_more += usize::from(more));
    assert!((3..=12).contains(&turns_with_more), "{turns_with_more}");
}
