//! A till for the tests: a plain WebSocket client.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ecrhub_simulator::{Options, Simulator};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn start(change: impl FnOnce(&mut Options)) -> Simulator {
    let mut options = Options {
        slow_ms: 20,
        very_slow_ms: 40,
        restart_ms: 50,
        freeze_ms: 50,
        ..Options::default()
    };
    change(&mut options);
    Simulator::start(options).expect("a simulator on free ports")
}

pub struct Till {
    pub socket: WebSocket<TcpStream>,
}

impl Till {
    pub fn connect(simulator: &Simulator) -> Till {
        let stream = TcpStream::connect(("127.0.0.1", simulator.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(format!("{}/", simulator.url()), stream).unwrap();
        Till { socket }
    }

    pub fn send(&mut self, request: &Value) {
        self.socket.send(Message::text(request.to_string())).unwrap();
    }

    /// The next message, or none once the link has ended.
    pub fn receive_text(&mut self) -> Option<String> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Binary(bytes)) => {
                    return Some(String::from_utf8(bytes.to_vec()).unwrap());
                }
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if error.kind() == std::io::ErrorKind::WouldBlock =>
                {
                    panic!("nothing came in time")
                }
                Err(_) => return None,
            }
        }
    }

    /// The next message as it came, JSON or not.
    pub fn receive_bytes(&mut self) -> Vec<u8> {
        loop {
            let message = self.socket.read().expect("a message");
            if matches!(message, Message::Text(_) | Message::Binary(_)) {
                return message.into_data().to_vec();
            }
        }
    }

    pub fn receive(&mut self) -> Option<Value> {
        self.receive_text().map(|text| serde_json::from_str(&text).unwrap())
    }

    pub fn ask(&mut self, request: &Value) -> Value {
        self.send(request);
        self.receive().expect("an answer")
    }

    pub fn query(&mut self, number: &str) -> Value {
        self.ask(&request("ecrhub.pay.query", json!({"merchant_order_no": number})))
    }
}

pub fn request(topic: &str, biz_data: Value) -> Value {
    json!({
        "app_id": "app", "topic": topic, "request_id": "r1", "timestamp": "1698302992263", "version": "1.0",
        "biz_data": biz_data,
    })
}

pub fn sale(number: &str, amount: &str) -> Value {
    request(
        "ecrhub.pay.order",
        json!({"trans_type": "1", "merchant_order_no": number, "order_amount": amount}),
    )
}

/// One call of the control API: status and body.
pub fn call(simulator: &Simulator, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    raw_call(simulator, request.as_bytes())
}

pub fn raw_call(simulator: &Simulator, request: &[u8]) -> (u16, Value) {
    let address = simulator.control_url().strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}
