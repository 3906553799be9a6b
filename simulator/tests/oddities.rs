//! Every oddity, on the wire.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use common::{PATIENCE, Till, sale, start};
use ecrhub_simulator::{Behaviour, ODDITIES, Oddities, Simulator};
use serde_json::{Value, json};
use tungstenite::{Bytes, Message};

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
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
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
        if *name == "forgets-to-write" {
            till.socket.send(Message::Ping(Bytes::new())).unwrap();
        }
        let answers = if *name == "frame-with-handshake" { 2 } else { 1 };
        for _ in 0..answers {
            let text = till.receive_bytes();
            let is_object = serde_json::from_slice::<Value>(&text).is_ok_and(|v| v.is_object());
            assert_eq!(is_object, !UNREADABLE.contains(name), "{name}");
        }
        assert_eq!(simulator.charges("A1"), 1, "{name}");
    }
}

/// The oddities whose answers are no JSON, and so are those of the rows of the same names.
const UNREADABLE: [&str; 8] = [
    "trailing-comma",
    "byte-order-mark",
    "trailing-nul",
    "blanks-around",
    "nan",
    "single-quotes",
    "gbk",
    "two-objects",
];

/// What is on the wire instead of the answer `{...}`: its beginning and its end.
const SPOILT: [(&str, &[u8], &[u8]); 8] = [
    ("trailing-comma", b"{\"app_id\":", b"},}"),
    ("byte-order-mark", b"\xEF\xBB\xBF{\"app_id\":", b"}}"),
    ("trailing-nul", b"{\"app_id\":", b"}}\0"),
    ("blanks-around", b"\r\n \t{\"app_id\":", b"}}\0\0 \n"),
    ("nan", b"{\"app_id\":", b",\"printTimes\":NaN}"),
    ("single-quotes", b"{'app_id':", b"'}}"),
    ("gbk", b"{\"app_id\":", b",\"voice\":\"\xBD\xBB\xD2\xD7\xB3\xC9\xB9\xA6\"}"),
    ("two-objects", b"{\"app_id\":", b"}}{\"topic\":\"ecrhub.heartbeat\"}"),
];

fn assert_spoilt(text: &[u8], name: &str) {
    let (_, begin, end) = SPOILT.iter().find(|(known, ..)| *known == name).unwrap();
    assert!(text.starts_with(begin) && text.ends_with(end), "{}", String::from_utf8_lossy(text));
}

#[test]
fn an_orders_own_answer_is_spoilt_once_or_always() {
    for (name, ..) in SPOILT {
        let once = start(|_| {});
        let mut till = Till::connect(&once);
        once.set_next(Behaviour::from_name(name).unwrap());
        till.send(&sale("A1", "10.00"));
        assert_spoilt(&till.receive_bytes(), name);
        assert_eq!(till.query("A1")["biz_data"]["trans_status"], "2", "{name}");
        assert_eq!(till.ask(&sale("A2", "10.00"))["response_code"], "000", "{name}");

        let always = odd(name);
        let mut till = Till::connect(&always);
        for (number, amount) in [("A1", "10.00"), ("A2", "10.01"), ("A3", "10.60"), ("A4", "10.15")]
        {
            till.send(&sale(number, amount));
            assert_spoilt(&till.receive_bytes(), name);
        }
        assert_eq!(till.query("A2")["biz_data"]["trans_status"], "1", "{name}");
        assert_eq!((always.charges("A1"), always.charges("A2")), (1, 0), "{name}");
    }
}

#[test]
fn an_answer_may_be_65_levels_deep() {
    let deepest = |text: &str| {
        let depths = text.bytes().scan(0, |depth, byte| {
            *depth += i32::from(matches!(byte, b'{' | b'['));
            *depth -= i32::from(matches!(byte, b'}' | b']'));
            Some(*depth)
        });
        depths.max()
    };
    let simulator = odd("too-deep");
    let mut till = Till::connect(&simulator);
    till.send(&sale("A1", "10.00"));
    assert_eq!(deepest(&till.receive_text().unwrap()), Some(65));
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    till.send(&sale("A2", "9.73"));
    assert_eq!(deepest(&till.receive_text().unwrap()), Some(65));
}

#[test]
fn what_is_not_utf8_comes_in_a_binary_frame() {
    let simulator = odd("gbk");
    let mut till = Till::connect(&simulator);
    till.send(&sale("A1", "10.00"));
    assert!(matches!(till.socket.read().unwrap(), Message::Binary(_)));
}

#[test]
fn an_id_may_come_back_in_another_case() {
    for (sent, received) in [("abc-1f", "ABC-1F"), ("ABC-1F", "abc-1f")] {
        let mut request = sale("A1", "10.00");
        request["request_id"] = sent.into();
        let simulator = odd("id-case");
        assert_eq!(Till::connect(&simulator).ask(&request)["request_id"], received);
        let simulator = start(|_| {});
        request["biz_data"]["order_amount"] = "10.73".into();
        assert_eq!(Till::connect(&simulator).ask(&request)["request_id"], received);
    }
}

#[test]
fn topic_and_request_id_may_both_be_missing() {
    let oddities = Oddities::from_names(["no-topic", "no-request-id"]).unwrap();
    let simulator = start(|options| options.oddities = oddities);
    let mut till = Till::connect(&simulator);
    for answer in [till.ask(&sale("A1", "10.00")), till.query("A1")] {
        assert_eq!((answer.get("topic"), answer.get("request_id")), (None, None));
        let biz = &answer["biz_data"];
        for (key, value) in [
            ("merchant_order_no", "A1"),
            ("order_amount", "10.00"),
            ("trans_type", "1"),
            ("trans_status", "2"),
        ] {
            assert_eq!(biz[key], value, "{key}");
        }
    }
}

#[test]
fn a_message_may_be_forgotten_until_the_next_write() {
    // The terminal's own pings are writes too.
    let simulator = start(|options| {
        options.ping_interval_ms = 0;
        options.oddities.forgets_to_write = true;
    });
    let mut till = Till::connect(&simulator);
    let silent = |till: &mut Till| {
        till.socket.get_ref().set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        assert!(till.socket.get_ref().peek(&mut [0; 1]).is_err(), "nothing came");
        till.socket.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    };
    till.send(&sale("A1", "10.00"));
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.charges("A1") == 1));
    silent(&mut till);
    till.socket.send(Message::Ping(Bytes::new())).unwrap();
    assert_eq!(till.receive().unwrap()["biz_data"]["merchant_order_no"], "A1");
    assert!(matches!(till.socket.read().unwrap(), Message::Pong(_)), "the answer came first");

    till.send(&sale("A2", "10.00"));
    silent(&mut till);
    // Another answer is a write too, and is not forgotten itself.
    assert_eq!(till.query("A2")["topic"], "ecrhub.pay.order");
    assert_eq!(till.receive().unwrap()["topic"], "ecrhub.pay.query");

    till.send(&sale("A3", "10.00"));
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.charges("A3") == 1));
    drop(till);
    let mut next = Till::connect(&simulator);
    next.socket.send(Message::Ping(Bytes::new())).unwrap();
    assert!(matches!(next.socket.read().unwrap(), Message::Pong(_)), "it was lost with its link");
}

#[test]
fn oddities_change_while_it_runs() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    assert_eq!(till.ask(&sale("A1", "10.00"))["response_code"], "000");
    simulator.set_oddities(Oddities { code_zero: true, ..Oddities::default() });
    assert_eq!(till.ask(&sale("A2", "10.00"))["response_code"], "0");
}
