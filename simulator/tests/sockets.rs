//! The terminal on a real socket.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{PATIENCE, Till, request, sale, start};
use ecrhub_simulator::{Behaviour, Options, Simulator};
use serde_json::json;
use tungstenite::Message;

#[test]
fn a_sale_is_charged_once_and_answered() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    let answer = till.ask(&sale("A1", "34.50"));
    assert_eq!(answer["response_code"], "000");
    assert_eq!(answer["request_id"], "r1");
    assert_eq!(answer["biz_data"]["trans_status"], "2");
    assert_eq!(answer["biz_data"]["merchant_order_no"], "A1");
    assert_eq!(simulator.charges("A1"), 1);
    assert_eq!(simulator.ledger()[0].amount, "34.50");
    assert_eq!(simulator.record("A1").unwrap().trans_status, 2);
    assert_eq!((simulator.received().len(), simulator.connections()), (1, 1));
}

#[test]
fn a_handle_may_be_shared_by_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let simulator = start(|_| {});
    shared(&simulator);
    std::thread::scope(|scope| {
        for index in 0..4 {
            let simulator = &simulator;
            scope.spawn(move || {
                let mut till = Till::connect(simulator);
                while till.ask(&sale(&format!("A{index}"), "10.00"))["response_code"] != "000" {}
                assert_eq!(simulator.charges(&format!("A{index}")), 1);
            });
        }
    });
}

#[test]
fn many_tills_at_once() {
    // No pings: a till waits for the others without reading, on a slow machine for longer than a pong may take.
    let simulator = start(|options| {
        options.ping_interval_ms = 0;
        options.pong_timeout_ms = 0;
    });
    let mut tills: Vec<_> = (0..500).map(|_| Till::connect(&simulator)).collect();
    settle_at(500, &simulator, Simulator::connections);
    for (index, till) in tills.iter_mut().enumerate() {
        assert_eq!(till.ask(&sale(&format!("A{index}"), "10.00"))["response_code"], "000");
    }
    assert_eq!(simulator.ledger().len(), 500);
    drop(tills);
    settle_at(0, &simulator, Simulator::sockets);
}

/// Waits for this count. A slow machine takes its time; the wait is over only when nothing moves any more.
fn settle_at(wanted: usize, simulator: &Simulator, count: impl Fn(&Simulator) -> usize) {
    let mut last = count(simulator);
    while last != wanted {
        let moved = simulator.wait_until(PATIENCE, |simulator| count(simulator) != last);
        assert!(moved, "stuck at {last} of {wanted}");
        last = count(simulator);
    }
}

#[test]
fn a_refused_handshake_stays_open() {
    let simulator = start(|_| {});
    let mut stream = TcpStream::connect(("127.0.0.1", simulator.port())).unwrap();
    stream.write_all(b"GET /pay HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"</html>") {
        let mut chunk = [0; 512];
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "closed after {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&chunk[..count]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 404 WebSocket Upgrade Failure\r\n"));
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(stream.read(&mut [0; 1]).is_err(), "neither bytes nor an end");
    assert_eq!((simulator.connections(), simulator.sockets()), (0, 1));
    drop(stream);
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.sockets() == 0));
}

/// What a handshake with these headers is answered.
fn shake_hands(simulator: &Simulator, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", simulator.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\n{headers}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 2_048];
    let count = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

#[test]
fn a_web_page_cannot_sell_on_it() {
    let simulator = start(|_| {});
    for headers in ["Host: 127.0.0.1\r\nOrigin: https://shop.example", "Host: shop.example"] {
        let answer = shake_hands(&simulator, headers);
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{headers}: {answer}");
        assert!(answer.contains("shop.example"), "{answer}");
    }
    assert_eq!(simulator.connections(), 0);
    for headers in ["Host: localhost:1\r\nOrigin: http://127.0.0.1:3000", "Accept: */*"] {
        let answer = shake_hands(&simulator, headers);
        assert!(answer.starts_with("HTTP/1.1 101 "), "{headers}: {answer}");
    }
}

#[test]
fn beyond_loopback_it_answers_to_every_name() {
    let simulator = start(|options| options.host = "0.0.0.0".to_owned());
    let answer = shake_hands(&simulator, "Host: till.lan:35779");
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let answer = shake_hands(&simulator, "Host: till.lan\r\nOrigin: http://till.lan");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[test]
fn a_closed_websocket_is_closed_in_turn() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    till.socket.close(None).unwrap();
    assert_eq!(till.receive_text(), None);
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.connections() == 0));
    drop(till);
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.sockets() == 0));
}

#[test]
fn a_half_close_kills_the_answer_and_not_the_payment() {
    let simulator = start(|options| options.think_ms = 20);
    let mut till = Till::connect(&simulator);
    till.send(&sale("A1", "10.00"));
    till.socket.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(till.receive_text(), None);
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.charges("A1") == 1));
}

#[test]
fn the_cut_is_a_bare_fin() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.connections() == 1));
    // Bytes the terminal has not read must not make the end a reset.
    assert_eq!(simulator.cut_link(), 1);
    till.send(&sale("A1", "10.00"));
    let mut rest = Vec::new();
    till.socket.get_mut().read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"", "no close frame");
    assert_eq!(simulator.charges("A1"), 0);
    assert!(Till::connect(&simulator).ask(&sale("A1", "10.00"))["response_code"] == "000");
}

#[test]
fn pings_come_and_pongs_keep_the_link() {
    let simulator = start(|options| {
        options.ping_interval_ms = 20;
        // A busy machine holds the till back for longer than a quiet one.
        options.pong_timeout_ms = 2_000;
    });
    let mut till = Till::connect(&simulator);
    let started = Instant::now();
    let mut pings = 0;
    while pings < 3 || started.elapsed() < Duration::from_millis(2_500) {
        // Reading answers the ping.
        pings += usize::from(matches!(till.socket.read().unwrap(), Message::Ping(_)));
    }
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn a_till_without_pongs_is_cut_whatever_else_it_sends() {
    let simulator = start(|options| {
        options.ping_interval_ms = 20;
        options.pong_timeout_ms = 60;
    });
    let mut stream = Till::connect(&simulator);
    stream.send(&request("ecrhub.heartbeat", json!({})));
    // Below the WebSocket, so nothing answers the pings.
    let mut bytes = Vec::new();
    stream.socket.get_mut().read_to_end(&mut bytes).unwrap();
    assert!(bytes.windows(2).any(|pair| pair == [0x89, 0x00]), "pinged before");
    assert!(!bytes.contains(&0x88), "no close frame");
}

#[test]
fn frozen_it_neither_reads_nor_answers_and_stays_connected() {
    let simulator = start(|options| {
        options.ping_interval_ms = 50;
        options.pong_timeout_ms = 250;
    });
    let mut till = Till::connect(&simulator);
    till.ask(&request("ecrhub.heartbeat", json!({})));
    simulator.freeze();
    till.send(&sale("A1", "10.00"));
    till.socket.send(Message::Ping(b"hello".as_slice().into())).unwrap();
    let late =
        TcpStream::connect(("127.0.0.1", simulator.port())).expect("the system still connects");
    till.socket.get_ref().set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    while let Ok(message) = till.socket.read() {
        assert!(matches!(message, Message::Ping(_)), "only pings from before");
    }
    assert_eq!((simulator.charges("A1"), simulator.connections()), (0, 1));
    till.socket.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    simulator.thaw();
    assert_eq!(till.receive().unwrap()["response_code"], "000");
    assert_eq!(simulator.charges("A1"), 1);
    drop(late);
}

#[test]
fn a_frozen_row_thaws_by_itself() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    assert_eq!(till.ask(&sale("A1", "10.41"))["response_code"], "000");
    assert_eq!(simulator.charges("A1"), 1);
}

#[test]
fn refused_and_taken_again_on_the_same_port() {
    let simulator = start(|_| {});
    let mut before = Till::connect(&simulator);
    simulator.refuse_connections(true);
    let refused = TcpStream::connect(("127.0.0.1", simulator.port())).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(before.ask(&sale("A1", "10.00"))["response_code"], "000", "who is in stays in");
    simulator.refuse_connections(false);
    assert_eq!(Till::connect(&simulator).ask(&sale("B1", "10.00"))["response_code"], "000");
}

#[test]
fn a_restart_lets_nobody_in_for_a_while() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    till.send(&sale("A1", "10.39"));
    assert_eq!(till.receive_text(), None);
    assert!(simulator.wait_until(PATIENCE, |simulator| {
        TcpStream::connect(("127.0.0.1", simulator.port())).is_ok()
    }));
    assert_eq!(Till::connect(&simulator).query("A1")["biz_data"]["trans_status"], "2");
}

#[test]
fn link_faults_reach_the_wire() {
    let simulator = start(|_| {});
    for (number, behaviour) in
        [("A1", Behaviour::CutInside), ("A2", Behaviour::BrokenFrame), ("A3", Behaviour::BadUtf8)]
    {
        let mut till = Till::connect(&simulator);
        simulator.set_next(behaviour);
        till.send(&sale(number, "10.00"));
        assert_eq!(till.receive_text(), None, "{behaviour}");
        assert_eq!(simulator.charges(number), 1, "{behaviour}");
    }
    let mut till = Till::connect(&simulator);
    simulator.set_next(Behaviour::CutPaying);
    till.send(&sale("A4", "10.00"));
    assert_eq!(till.receive_text(), None);
    let pushed = Till::connect(&simulator).receive().unwrap();
    assert_eq!(pushed["biz_data"]["merchant_order_no"], "A4");
}

#[test]
fn an_answer_of_a_mebibyte_arrives() {
    let simulator = start(|_| {});
    assert!(Till::connect(&simulator).ask(&sale("A1", "10.69")).to_string().len() > 1 << 20);
}

#[test]
fn by_hand_and_pushes() {
    let simulator = start(|options| options.manual = true);
    let mut till = Till::connect(&simulator);
    assert!(!simulator.approve());
    till.send(&sale("A1", "10.00"));
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.running().is_some()));
    assert!(simulator.approve());
    assert_eq!(till.receive().unwrap()["response_code"], "000");
    assert_eq!(simulator.push_text("hello"), 1);
    assert_eq!(till.receive_text().unwrap(), "hello");
    assert_eq!(simulator.push_bytes(&[0x81, 2, b'h', b'i']), 1);
    assert_eq!(till.receive_text().unwrap(), "hi");
    simulator.set_manual(false);
    assert_eq!(till.ask(&sale("A2", "10.00"))["response_code"], "000");
}

#[test]
fn hostile_clients_do_no_harm() {
    let simulator = start(|_| {});
    for bytes in [&b"\x00\x01\x02"[..], b"GET / HTTP/1.1\r\n\r\n", &[b'x'; 100_000]] {
        let mut stream = TcpStream::connect(("127.0.0.1", simulator.port())).unwrap();
        let _ = stream.write_all(bytes);
    }
    let mut till = Till::connect(&simulator);
    // Not masked: against the rules.
    till.socket.get_mut().write_all(&[0x81, 0x02, b'h', b'i']).unwrap();
    assert_eq!(till.receive_text(), None);
    assert_eq!(Till::connect(&simulator).ask(&sale("A1", "10.00"))["response_code"], "000");
}

#[test]
fn stopping_closes_everything() {
    let simulator = start(|_| {});
    let port = simulator.port();
    let mut till = Till::connect(&simulator);
    simulator.stop();
    assert_eq!(till.receive_text(), None);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    // The port is free again at once.
    let again = start(|options| options.port = port);
    assert_eq!(again.port(), port);
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let simulator = start(|_| {});
    let error =
        Simulator::start(Options { port: simulator.port(), ..Options::default() }).err().unwrap();
    assert_eq!(error.to_string(), format!("127.0.0.1:{} is already in use", simulator.port()));
    let error = Simulator::start(Options { host: "no such host".to_owned(), ..Options::default() })
        .err()
        .unwrap();
    assert!(error.to_string().contains("no such host"), "{error}");
}

#[test]
fn the_ledger_file_outlives_the_simulator() {
    let directory = tempfile::TempDir::with_prefix("ecrhub-simulator-").unwrap();
    let path = directory.path().join("ledger.json");
    let with_file = || start(|options| options.ledger = Some(path.clone()));
    let first = with_file();
    Till::connect(&first).ask(&sale("A1", "10.00"));
    let ledger = first.ledger();
    first.stop();
    let second = with_file();
    assert_eq!(second.ledger(), ledger);
    assert_eq!(Till::connect(&second).ask(&sale("A1", "10.00"))["response_code"], "113");
    second.stop();
    std::fs::write(&path, "not a ledger").unwrap();
    let error = Simulator::start(Options { ledger: Some(path.clone()), ..Options::default() })
        .err()
        .unwrap();
    assert!(error.to_string().contains("ledger.json"), "{error}");
}
