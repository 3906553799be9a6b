//! A terminal that answers every order at once, for measuring: what it costs is as little as a terminal can cost, so
//! that what is measured is the till's side.
//!
//! It prints two ports of loopback, one for WebSocket and one for plain TCP, and ends with its standard input. A plain
//! connection begins with two numbers of four bytes each, big end first: how long its requests are and how long its
//! answers. From then on every full request is answered, and nothing is looked at.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use tungstenite::handshake::derive_accept_key;

const WEBSOCKET: Token = Token(0);
const PLAIN: Token = Token(1);
const FIRST: usize = 2;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PONG: u8 = 0x8a;

enum Speaks {
    /// The HTTP request that begins a WebSocket.
    Http,
    WebSocket,
    /// The sizes are not there yet.
    Sizes,
    Plain {
        request: usize,
        answer: Vec<u8>,
    },
}

struct Client {
    stream: TcpStream,
    speaks: Speaks,
    unread: Vec<u8>,
    unsent: Vec<u8>,
}

fn main() -> io::Result<()> {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut websocket = TcpListener::bind(loopback)?;
    let mut plain = TcpListener::bind(loopback)?;
    println!("{} {}", websocket.local_addr()?.port(), plain.local_addr()?.port());
    std::thread::spawn(|| {
        // Whatever comes, its end is the end.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let mut poll = Poll::new()?;
    poll.registry().register(&mut websocket, WEBSOCKET, Interest::READABLE)?;
    poll.registry().register(&mut plain, PLAIN, Interest::READABLE)?;
    serve(&mut poll, &websocket, &plain)
}

fn serve(poll: &mut Poll, websocket: &TcpListener, plain: &TcpListener) -> io::Result<()> {
    let mut clients = HashMap::new();
    let mut next = FIRST;
    let mut events = Events::with_capacity(1_024);
    loop {
        if let Err(error) = poll.poll(&mut events, None)
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error);
        }
        for event in &events {
            let (listener, speaks): (_, fn() -> Speaks) = match event.token() {
                WEBSOCKET => (websocket, || Speaks::Http),
                PLAIN => (plain, || Speaks::Sizes),
                token => {
                    if clients.get_mut(&token).is_some_and(|client| !take_turn(client)) {
                        clients.remove(&token);
                    }
                    continue;
                }
            };
            while let Ok((mut stream, _)) = listener.accept() {
                stream.set_nodelay(true)?;
                let both = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut stream, Token(next), both)?;
                let (unread, unsent) = (Vec::new(), Vec::new());
                clients.insert(Token(next), Client { stream, speaks: speaks(), unread, unsent });
                next += 1;
            }
        }
    }
}

/// False once the client is gone.
fn take_turn(client: &mut Client) -> bool {
    let mut buffer = [0; 65_536];
    loop {
        match client.stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(count) => {
                client.unread.extend_from_slice(&buffer[..count]);
                if !answer_all(client) || !send(client) {
                    return false;
                }
                // Less than there was room for: there is no more, and the next of it raises a new edge.
                if count < buffer.len() {
                    return true;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return send(client),
            Err(_) => return false,
        }
    }
}

fn send(client: &mut Client) -> bool {
    while !client.unsent.is_empty() {
        match client.stream.write(&client.unsent) {
            Ok(count) => drop(client.unsent.drain(..count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
            Err(_) => return false,
        }
    }
    true
}

fn answer_all(client: &mut Client) -> bool {
    let mut done = 0;
    loop {
        let unread = &mut client.unread[done..];
        let used = match &client.speaks {
            Speaks::Http => match shake_hands(unread, &mut client.unsent) {
                0 => 0,
                used => {
                    client.speaks = Speaks::WebSocket;
                    used
                }
            },
            Speaks::WebSocket => match answer_frame(unread, &mut client.unsent) {
                Some(used) => used,
                None => return false,
            },
            Speaks::Sizes if unread.len() < 8 => 0,
            Speaks::Sizes => {
                let size = |at: usize| {
                    unread[at..at + 4].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
                };
                client.speaks = Speaks::Plain { request: size(0), answer: vec![b'a'; size(4)] };
                8
            }
            Speaks::Plain { request, .. } if unread.len() < *request => 0,
            Speaks::Plain { request, answer } => {
                client.unsent.extend_from_slice(answer);
                *request
            }
        };
        done += used;
        if used == 0 {
            client.unread.drain(..done);
            return true;
        }
    }
}

/// How much of what was read is the request; 0 while it is not whole.
fn shake_hands(unread: &[u8], unsent: &mut Vec<u8>) -> usize {
    let text = String::from_utf8_lossy(unread);
    let Some(end) = text.find("\r\n\r\n") else { return 0 };
    let key = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map_or("", |(_, key)| key.trim());
    let accept = derive_accept_key(key.as_bytes());
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
    unsent
        .extend_from_slice(format!("{head}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").as_bytes());
    end + 4
}

/// How much of what was read is the frame; 0 while it is not whole, none when the client says goodbye.
fn answer_frame(unread: &mut [u8], unsent: &mut Vec<u8>) -> Option<usize> {
    let [first, second, ..] = *unread else { return Some(0) };
    let (head, length) = match second & 0x7f {
        126 if unread.len() >= 4 => (4, usize::from(u16::from_be_bytes([unread[2], unread[3]]))),
        126 => return Some(0),
        127 => return None,
        short => (2, usize::from(short)),
    };
    let start = head + 4;
    if unread.len() < start + length {
        return Some(0);
    }
    let mask = [unread[head], unread[head + 1], unread[head + 2], unread[head + 3]];
    let payload = &mut unread[start..start + length];
    for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
    match first {
        TEXT => push_frame(unsent, TEXT, &answer(payload)),
        CLOSE => return None,
        0x89 => push_frame(unsent, PONG, payload),
        _ => {}
    }
    Some(start + length)
}

fn push_frame(unsent: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    unsent.push(kind);
    match u16::try_from(payload.len()) {
        Ok(short @ 0..126) => unsent.extend_from_slice(&short.to_be_bytes()[1..]),
        Ok(length) => {
            unsent.push(126);
            unsent.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => unreachable!("no answer is as long as that"),
    }
    unsent.extend_from_slice(payload);
}

/// What a terminal says when a card was taken.
fn answer(request: &[u8]) -> Vec<u8> {
    let request = std::str::from_utf8(request).unwrap_or_default();
    let (id, number) = (member(request, "request_id"), member(request, "merchant_order_no"));
    let topic = member(request, "topic");
    format!(
        "{{\"topic\":\"{topic}\",\"request_id\":\"{id}\",\"timestamp\":\"1767225600000\",\
         \"version\":\"1.0\",\"app_id\":\"bench-till\",\"response_code\":\"000\",\
         \"response_msg\":\"success\",\"biz_data\":{{\"trans_type\":\"1\",\
         \"merchant_order_no\":\"{number}\",\"order_amount\":\"34.50\",\"price_currency\":\"USD\",\
         \"trans_no\":\"171014220240425000004\",\"trans_status\":\"2\",\
         \"pay_scenario\":\"SWIPE_CARD\",\"pay_method_id\":\"Visa\",\
         \"pay_channel_trans_no\":\"420000137\",\"trans_end_time\":\"2026-01-01 12:00:00\"}}}}"
    )
    .into_bytes()
}

/// A text of the request, as it was written. Measuring tills write no blanks and no escapes.
fn member<'a>(json: &'a str, name: &str) -> &'a str {
    let key = format!("\"{name}\":\"");
    json.split_once(&*key).and_then(|(_, rest)| rest.split_once('"')).map_or("", |(text, _)| text)
}
