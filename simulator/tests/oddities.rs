//! Every oddity, on the wire.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;

use common::{PATIENCE, Till, sale, start};
use ecrhub_simulator::{ODDITIES, Oddities, Simulator};
use serde_json::{Value, json};
use tungstenite::Message;

fn odd(name: &str) -> Simulator {
    start(|options| options.oddities = Oddities::from_names([name]).unwrap())
}

fn answer(name: &str, amount: &str) -> Value {
    Till::connect(&odd(name)).ask(&sale("A1", amount))
}

#[test]
fn envelopes() {
    assert_eq!(answer("code-zero", "10.00")["response_code"], "0");
    assert_eq!(answer("code-zero", "10.01")["response_code"], "106");
    for (name, field) in [
        ("no-request-id", "request_id"),
        ("no-topic", "topic"),
        ("no-app-id", "app_id"),
        ("no-biz-data", "biz_data"),
    ] {
        assert_eq!(answer(name, "10.00").get(field), None, "{name}");
    }
    assert!(answer("timestamp-number", "10.00")["timestamp"].is_number());
    let date = answer("timestamp-date", "10.00")["timestamp"].as_str().unwrap().to_owned();
    assert_eq!((date.len(), &date[4..5], &date[13..14]), (19, "-", ":"));
}

#[test]
fn biz_data() {
    let text = answer("biz-data-text", "10.00")["biz_data"].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["trans_status"], "2");
    assert_eq!(answer("biz-data-empty", "10.00")["biz_data"], "");
    assert_eq!(answer("biz-data-null", "10.00")["biz_data"], Value::Null);
    let numbers = answer("numbers", "10.50")["biz_data"].clone();
    assert_eq!((&numbers["trans_status"], &numbers["trans_type"]), (&json!(2), &json!(1)));
    assert!(numbers["order_amount"].is_number());
    assert_eq!(numbers["merchant_order_no"], "A1");
}

#[test]
fn extras() {
    let undocumented = answer("undocumented", "10.00");
    assert!(
        undocumented["device_data"]["$ref"].is_string() && undocumented["voice_data"].is_object()
    );
    assert!(
        undocumented["callAppMode"].is_number()
            && undocumented["biz_data"]["pay_user_account_id"]["$ref"].is_string()
    );
    assert_eq!(answer("inner-codes", "10.02")["response_msg"], "Operator cancellation[[K026]...]");
    assert_eq!(answer("inner-codes", "10")["response_msg"], "");
    let bad = answer("inner-codes", "ten")["response_msg"].as_str().unwrap().to_owned();
    assert_eq!(bad, "Incorrect amount format[[M003]order_amount]");
    assert_eq!(answer("declined-status", "10.01")["biz_data"]["trans_status"], "1");
}

#[test]
fn frames() {
    let simulator = odd("binary");
    let mut till = Till::connect(&simulator);
    till.send(&sale("A1", "10.00"));
    assert!(matches!(till.socket.read().unwrap(), Message::Binary(_)));

    let simulator = odd("fragmented");
    let mut till = Till::connect(&simulator);
    till.send(&sale("A1", "10.00"));
    let mut head = [0; 1];
    till.socket.get_ref().peek(&mut head).unwrap();
    assert_eq!(head[0], 0x01, "a text frame that is not the last");
    assert_eq!(till.receive().unwrap()["response_code"], "000");
}

fn shake_hands(simulator: &Simulator) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", simulator.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .unwrap();
    let mut answer = [0; 4096];
    let count = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..count]).into_owned()
}

#[test]
fn handshakes() {
    let plain = shake_hands(&start(|_| {}));
    assert!(plain.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{plain}");
    assert!(
        plain.ends_with("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
        "{plain}"
    );
    let reason = shake_hands(&odd("handshake-reason"));
    assert!(reason.starts_with("HTTP/1.1 101 Web Socket Protocol Handshake\r\n"), "{reason}");
    let case = shake_hands(&odd("handshake-case"));
    assert!(
        case.contains("\r\nupgrade: websocket\r\nCONNECTION: Upgrade\r\nsec-WEBSOCKET-accept: "),
        "{case}"
    );
    let frame = shake_hands(&odd("frame-with-handshake"));
    assert!(frame.contains("\r\n\r\n") && frame.contains("ecrhub.heartbeat"), "{frame}");
    let simulator = odd("frame-with-handshake");
    let mut till = Till::connect(&simulator);
    assert_eq!(till.receive().unwrap()["topic"], "ecrhub.heartbeat");
    assert_eq!(till.ask(&sale("A1", "10.00"))["response_code"], "000");
}

#[test]
fn every_oddity_still_charges_and_can_be_read() {
    for (name, _) in ODDITIES {
        let simulator = odd(name);
        let mut till = Till::connect(&simulator);
        till.send(&sale("A1", "10.00"));
        let answers = if *name == "frame-with-handshake" { 2 } else { 1 };
        for _ in 0..answers {
            assert!(till.receive().unwrap().is_object(), "{name}");
        }
        assert_eq!(simulator.charges("A1"), 1, "{name}");
    }
}

#[test]
fn oddities_change_while_it_runs() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    assert_eq!(till.ask(&sale("A1", "10.00"))["response_code"], "000");
    simulator.set_oddities(Oddities { code_zero: true, ..Oddities::default() });
    assert_eq!(till.ask(&sale("A2", "10.00"))["response_code"], "0");
}
