//! Bytes that nobody thought of, before and after the handshake, and a terminal that never stops talking.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecrhub::{Config, EventKind, Outcome, Terminal};
use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};
use serde_json::Value;

use crate::alone;
use crate::common::*;

/// What the terminal does with the next connection.
#[derive(Debug, Clone)]
enum Act {
    /// Says this instead of the handshake's answer.
    Handshake(Vec<u8>),
    /// Shakes hands, then says this.
    Frames(Vec<u8>),
}

/// A terminal that does as it was last told and hangs up.
fn hostile_terminal() -> (String, Arc<Mutex<Option<Act>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let next = Arc::new(Mutex::new(None));
    let told = Arc::clone(&next);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let act = told.lock().unwrap().take();
            if let Some(act) = act {
                // The client may hang up first: that is its good right.
                let _ = play(stream, &act);
            }
        }
    });
    (url, next)
}

fn play(mut stream: TcpStream, act: &Act) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    match act {
        Act::Handshake(bytes) => {
            let mut request = [0; 4_096];
            let _some_of_it = stream.read(&mut request)?;
            stream.write_all(bytes)
        }
        Act::Frames(bytes) => match tungstenite::accept(stream) {
            Ok(mut socket) => socket.get_mut().write_all(bytes),
            Err(_) => Ok(()),
        },
    }
}

/// Bytes, some of which look like frames.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let anything = prop::collection::vec(any::<u8>(), 0..200);
    let frame =
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..125)).prop_map(|(first, payload)| {
            let mut bytes = vec![first, u8::try_from(payload.len()).unwrap()];
            bytes.extend(payload);
            bytes
        });
    let text = ".{0,100}".prop_map(|text| {
        let mut bytes = vec![0x81, 126];
        bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        bytes.extend(text.into_bytes());
        bytes
    });
    let parts = prop_oneof![anything, frame, text];
    prop::collection::vec(parts, 0..6).prop_map(|parts| parts.concat())
}

fn handshakes() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        Just("HTTP/1.1 101 Switching Protocols\r\n"),
        Just("HTTP/1.1 200 OK\r\n"),
        Just("HTTP/1.1 999 \r\n"),
        Just("HTTP/9.9 101 X\r\n"),
        Just(""),
    ];
    (start, prop::collection::vec(any::<u8>(), 0..300), any::<bool>()).prop_map(
        |(start, rest, end)| {
            let mut bytes = start.as_bytes().to_vec();
            bytes.extend(rest);
            if end {
                bytes.extend(b"\r\n\r\n");
            }
            bytes
        },
    )
}

fn survive(acts: impl Strategy<Value = Act>, runs: u32) {
    let _alone = alone();
    let (url, next) = hostile_terminal();
    let terminal = Terminal::connect(Config {
        reconnect_min_ms: 1,
        reconnect_max_ms: 2,
        connect_timeout_ms: 2_000,
        ..config_for(&url)
    })
    .unwrap();
    let simulator = simulator();
    let neighbour = connect(&simulator);
    let mut runner =
        TestRunner::new(Runs { cases: runs, failure_persistence: None, ..Runs::default() });
    runner
        .run(&acts, |act| {
            *next.lock().unwrap() = Some(act);
            eventually("the terminal came to its turn", || next.lock().unwrap().is_none());
            wait_for(&terminal, |event| {
                matches!(event.kind, EventKind::Disconnected { .. }).then_some(())
            });
            Ok(())
        })
        .unwrap();
    assert_eq!(call(&neighbour, &sale(&number(), "7.00")).outcome, Outcome::Approved);
    assert!(terminal.poll(Some(Duration::ZERO)).is_ok());
}

#[test]
fn any_bytes_after_the_handshake() {
    survive(frames().prop_map(Act::Frames), 500);
}

#[test]
fn any_bytes_instead_of_the_handshake() {
    survive(handshakes().prop_map(Act::Handshake), 300);
}

#[test]
fn a_terminal_that_never_stops_talking_starves_nobody_and_fills_no_memory() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
        while socket.send(tungstenite::Message::text(r#"{"topic":"chatter"}"#)).is_ok() {}
    });
    let talker = Terminal::connect(config_for(&url)).unwrap();
    let simulator = simulator();
    let terminal = connect(&simulator);
    for _ in 0..50 {
        assert_eq!(call(&terminal, &sale(&number(), "7.00")).outcome, Outcome::Approved);
    }
    eventually("the oldest events are dropped", || {
        !talker.state().unwrap().contains(r#""events_dropped":0,"#)
    });
    // Its state and not what can be fetched: of that there is more to come for as long as the terminal talks.
    for _ in 0..100 {
        let state: Value = serde_json::from_str(&talker.state().unwrap()).unwrap();
        assert!(state["events_waiting"].as_u64().unwrap() <= 1_000, "{state}");
    }
}
