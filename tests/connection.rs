//! Connections come, go and come back, over real sockets; `PROTOCOL.md`'s "Transport".

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use common::*;
use ecrhub::{Config, EventKind, Fault, Outcome, Sent, Stage, Status, Terminal};
use ecrhub_simulator::{Oddities, Options, Simulator};

fn wait_disconnected(terminal: &Terminal) -> Fault {
    wait_for(terminal, |event| match &event.kind {
        EventKind::Disconnected { error, .. } => Some(error.clone()),
        _ => None,
    })
}

/// A port of which nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A listener that does with each connection what it is told, on a thread of its own.
fn serve(mut each: impl FnMut(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            each(stream);
        }
    });
    url
}

fn shake_hands(stream: TcpStream) -> tungstenite::WebSocket<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    tungstenite::accept(stream).expect("the client's handshake is a good one")
}

#[test]
fn a_port_nobody_listens_on_is_told_and_tried_again() {
    let terminal =
        Terminal::connect(config_for(&format!("ws://127.0.0.1:{}", closed_port()))).unwrap();
    for _ in 0..3 {
        let fault = wait_disconnected(&terminal);
        assert_eq!((fault.stage, fault.status), (Stage::Connect, Status::Terminal), "{fault:?}");
        assert!(fault.message.contains("refused"), "{fault:?}");
    }
}

#[test]
fn a_name_that_does_not_resolve_is_told_and_delays_no_other_terminal() {
    let lost = Terminal::connect(config_for("ws://no-such-terminal.invalid:35779")).unwrap();
    let simulator = simulator();
    let terminal = connect(&simulator);
    assert_eq!(call(&terminal, &sale(&number(), "5.00")).outcome, Outcome::Approved);
    let fault = wait_disconnected(&lost);
    assert_eq!(fault.stage, Stage::Resolve, "{fault:?}");
    assert!(fault.message.contains("no-such-terminal.invalid"), "{fault:?}");
}

#[test]
fn a_port_that_takes_connections_and_says_nothing_times_out_in_the_handshake() {
    let (keep, _kept) = mpsc::channel();
    let url = serve(move |stream| keep.send(stream).unwrap());
    let terminal =
        Terminal::connect(Config { connect_timeout_ms: 100, ..config_for(&url) }).unwrap();
    let fault = wait_disconnected(&terminal);
    assert_eq!((fault.stage, fault.status), (Stage::Handshake, Status::Timeout), "{fault:?}");
}

#[test]
fn a_refused_handshake_is_told_and_the_socket_closed_though_the_terminal_leaves_it_open() {
    let (closed, was_closed) = mpsc::channel();
    let url = serve(move |mut stream| {
        let closed = closed.clone();
        std::thread::spawn(move || {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 404 WebSocket Upgrade Failure\r\n\r\n").unwrap();
            // What follows is the client's to end.
            closed.send(matches!(stream.read(&mut request), Ok(0) | Err(_))).unwrap();
        });
    });
    let terminal = Terminal::connect(config_for(&url)).unwrap();
    let fault = wait_disconnected(&terminal);
    assert_eq!(fault.stage, Stage::Handshake, "{fault:?}");
    assert!(fault.message.contains("404"), "{fault:?}");
    assert!(was_closed.recv_timeout(PATIENCE).unwrap());
}

#[test]
fn a_cut_connection_comes_back_by_itself() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    for _ in 0..3 {
        simulator.cut_link();
        let fault = wait_disconnected(&terminal);
        assert_eq!(fault.stage, Stage::Receive, "{fault:?}");
        wait_connected(&terminal);
    }
    assert!(terminal.state().unwrap().contains(r#""reconnects":3"#));
    assert_eq!(call(&terminal, &sale(&number(), "5.00")).outcome, Outcome::Approved);
}

#[test]
fn what_cannot_be_sent_in_time_never_leaves_and_says_so() {
    let simulator = simulator();
    simulator.refuse_connections(true);
    let terminal =
        Terminal::connect(Config { send_timeout_ms: 150, ..config(&simulator) }).unwrap();
    let number = number();
    let done = call(&terminal, &sale(&number, "9.00"));
    assert_eq!((done.outcome, done.sent), (Outcome::NotSent, Sent::No), "{done:?}");
    assert_eq!(done.error.map(|fault| fault.stage), Some(Stage::Send));
    simulator.refuse_connections(false);
    wait_connected(&terminal);
    assert_eq!(simulator.charges(&number), 0);
    assert!(simulator.received().is_empty(), "nothing is sent minutes later");
    // The number was never used, so it may be.
    assert_eq!(call(&terminal, &sale(&number, "9.00")).outcome, Outcome::Approved);
}

#[test]
fn what_is_sent_while_connecting_leaves_as_soon_as_the_connection_stands() {
    let simulator = simulator();
    simulator.refuse_connections(true);
    let terminal = connect(&simulator);
    let ids: Vec<String> = (0..5).map(|_| send(&terminal, &query("SOMEORDER"))).collect();
    simulator.refuse_connections(false);
    for id in ids {
        assert_eq!(wait_completed(&terminal, &id).outcome, Outcome::NotFound);
    }
}

#[test]
fn a_frozen_terminal_is_noticed_by_the_heartbeat() {
    let simulator = simulator();
    let terminal = Terminal::connect(Config {
        ping_interval_ms: 50,
        ping_timeout_ms: 100,
        ..config(&simulator)
    })
    .unwrap();
    wait_connected(&terminal);
    simulator.freeze();
    let fault = wait_disconnected(&terminal);
    assert_eq!((fault.stage, fault.status), (Stage::Heartbeat, Status::Timeout), "{fault:?}");
    simulator.thaw();
    wait_connected(&terminal);
}

#[test]
fn a_terminal_that_is_alive_answers_the_heartbeat() {
    let simulator = simulator();
    let terminal =
        Terminal::connect(Config { ping_interval_ms: 20, ..config(&simulator) }).unwrap();
    wait_connected(&terminal);
    eventually("a ping is answered", || {
        !terminal.state().unwrap().contains(r#""last_ping_ms":null"#)
    });
}

#[test]
fn the_terminals_pings_are_answered_while_nobody_polls() {
    let simulator = Simulator::start(Options {
        ping_interval_ms: 20,
        // A busy machine holds the till back for longer than a quiet one.
        pong_timeout_ms: 2_000,
        ..Options::default()
    })
    .unwrap();
    let terminal = connect(&simulator);
    eventually("connected", || terminal.state().unwrap().contains(r#""state":"connected""#));
    // Long enough for the terminal to have cut a client that stays silent.
    let until = std::time::Instant::now() + Duration::from_millis(2_500);
    while std::time::Instant::now() < until {
        assert_eq!(simulator.connections(), 1);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(terminal.state().unwrap().contains(r#""reconnects":0"#));
}

#[test]
fn disconnecting_says_goodbye_and_closes_the_socket() {
    let (said, heard) = mpsc::channel();
    let url = serve(move |stream| {
        let mut socket = shake_hands(stream);
        let goodbye = loop {
            match socket.read() {
                Ok(tungstenite::Message::Close(frame)) => break frame,
                Ok(_) => {}
                Err(error) => panic!("no closing handshake: {error}"),
            }
        };
        said.send(goodbye).unwrap();
        // Answers the close, and sees the end of the stream.
        while socket.read().is_ok() {}
        let mut rest = [0; 64];
        let end = socket.get_mut().read(&mut rest);
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    });
    let terminal = Terminal::connect(config_for(&url)).unwrap();
    wait_connected(&terminal);
    terminal.disconnect();
    let goodbye = heard.recv_timeout(PATIENCE).unwrap().expect("a close frame with a code");
    assert_eq!(u16::from(goodbye.code), 1_000);
    assert_eq!(terminal.poll(None).err().map(|error| error.status()), Some(Status::Handle));
}

#[test]
fn no_socket_is_left_open_on_any_path() {
    let simulator = simulator();
    for round in 0..20 {
        let terminal = connect(&simulator);
        match round % 4 {
            0 => wait_connected(&terminal),
            1 => {
                wait_connected(&terminal);
                simulator.cut_link();
            }
            2 => drop(call(&terminal, &query("NOSUCHORDER"))),
            _ => {}
        }
    }
    eventually("every socket is closed", || simulator.sockets() == 0);
}

#[test]
fn the_link_survives_every_kind_of_frame_a_terminal_was_seen_to_send() {
    let oddities = Oddities::from_names(["fragmented", "binary"]).unwrap();
    let simulator = Simulator::start(Options { oddities, ..Options::default() }).unwrap();
    let terminal = connect(&simulator);
    for _ in 0..20 {
        assert_eq!(call(&terminal, &sale(&number(), "3.00")).outcome, Outcome::Approved);
    }
    assert!(terminal.state().unwrap().contains(r#""reconnects":0"#));
}

#[test]
fn a_message_that_is_too_large_is_told_and_the_next_connection_works() {
    let simulator = simulator();
    let terminal =
        Terminal::connect(Config { max_message_bytes: 1_024, ..config(&simulator) }).unwrap();
    wait_connected(&terminal);
    simulator.push_text(&format!(r#"{{"topic":"x","filler":"{}"}}"#, "y".repeat(2_000)));
    let detail = wait_for(&terminal, |event| match &event.kind {
        EventKind::ProtocolError { detail, .. } => Some(detail.clone()),
        _ => None,
    });
    assert!(detail.contains("too long") || detail.contains("too large"), "{detail}");
    wait_connected(&terminal);
    assert_eq!(call(&terminal, &query("NOSUCHORDER")).outcome, Outcome::NotFound);
}

#[test]
fn garbage_is_told_and_the_connection_stays() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    for garbage in ["not json", "[1,2]", "\"text\"", "{\"topic\":", "null", ""] {
        simulator.push_text(garbage);
        let raw = wait_for(&terminal, |event| match &event.kind {
            EventKind::ProtocolError { raw, .. } => Some(raw.clone()),
            EventKind::Disconnected { error, .. } => panic!("{garbage}: {error}"),
            _ => None,
        });
        assert_eq!(raw, garbage);
    }
    simulator.push_text("4111111111111111 is no message");
    let raw = wait_for(&terminal, |event| match &event.kind {
        EventKind::ProtocolError { raw, .. } => Some(raw.clone()),
        _ => None,
    });
    assert!(!raw.contains("4111111111111111"), "masked: {raw}");
    assert!(terminal.state().unwrap().contains(r#""reconnects":0"#));
}
