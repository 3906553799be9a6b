//! The floor for WebSocket: blocking tungstenite and `serde_json` in one thread, as a developer would write it. It does
//! what must be done at the least: builds the request, sends it, reads the answer and pairs it by its `request_id`.
//!
//! `tungstenite-till roundtrip|pipelined URL COUNT`

use std::collections::HashMap;
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// As many as the others have in flight.
const IN_FLIGHT: usize = 64;
const WARM_UP: usize = 500;

type Till = WebSocket<TcpStream>;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, what, url, count] = &arguments[..] else {
        panic!("tungstenite-till roundtrip|pipelined URL COUNT");
    };
    let count: usize = count.parse().expect("COUNT is a number");
    let address = url.strip_prefix("ws://").expect("URL begins with ws://");
    let stream = TcpStream::connect(address).expect("the terminal listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let (mut till, _) = tungstenite::client(&**url, stream).expect("the terminal shakes hands");
    match what.as_str() {
        "roundtrip" => roundtrip(&mut till, count),
        "pipelined" => pipelined(&mut till, count),
        other => panic!("roundtrip or pipelined, got {other}"),
    }
}

fn request(serial: usize) -> (String, String) {
    let id = format!("{:016x}{serial:012x}", std::process::id());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let request = json!({
        "topic": "ecrhub.pay.order",
        "biz_data": {
            "trans_type": "1",
            "merchant_order_no": format!("B{serial:015}"),
            "order_amount": "34.50",
            "price_currency": "USD",
        },
        "request_id": id,
        "timestamp": now.to_string(),
        "version": "1.0",
        "app_id": "bench-till",
    });
    (id, request.to_string())
}

fn send(till: &mut Till, text: String) {
    till.send(Message::text(text)).expect("the terminal takes it");
}

fn answer(till: &mut Till) -> Value {
    loop {
        match till.read().expect("the terminal answers") {
            Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
            Message::Close(_) => panic!("the terminal said goodbye"),
            _ => {}
        }
    }
}

fn must_be_paid(answer: &Value) {
    assert_eq!(answer["response_code"], "000");
    assert_eq!(answer["biz_data"]["trans_status"], "2");
}

fn roundtrip(till: &mut Till, count: usize) {
    let mut one = |serial| {
        let (id, text) = request(serial);
        send(till, text);
        let answer = answer(till);
        assert_eq!(answer["request_id"], id);
        must_be_paid(&answer);
    };
    (0..WARM_UP).for_each(&mut one);
    let cpu = cpu_ns();
    let began = Instant::now();
    let mut samples: Vec<u128> = (WARM_UP..WARM_UP + count)
        .map(|serial| {
            let began = Instant::now();
            one(serial);
            began.elapsed().as_nanos()
        })
        .collect();
    report(&mut samples, began, cpu);
}

fn pipelined(till: &mut Till, count: usize) {
    keep_in_flight(till, 0..WARM_UP);
    let cpu = cpu_ns();
    let began = Instant::now();
    let mut samples = keep_in_flight(till, WARM_UP..WARM_UP + count);
    report(&mut samples, began, cpu);
}

fn keep_in_flight(till: &mut Till, mut serials: Range<usize>) -> Vec<u128> {
    let mut open = HashMap::new();
    let submit = |till: &mut Till, open: &mut HashMap<_, _>, serial| {
        let wanted = Instant::now();
        let (id, text) = request(serial);
        open.insert(id, wanted);
        send(till, text);
    };
    let mut samples = Vec::with_capacity(serials.len());
    serials.by_ref().take(IN_FLIGHT).for_each(|serial| submit(till, &mut open, serial));
    while !open.is_empty() {
        let answer = answer(till);
        must_be_paid(&answer);
        let id = answer["request_id"].as_str().expect("an id");
        samples.push(open.remove(id).expect("one of ours").elapsed().as_nanos());
        if let Some(serial) = serials.next() {
            submit(till, &mut open, serial);
        }
    }
    samples
}

/// One line, the same from every till.
fn report(samples: &mut [u128], began: Instant, cpu_before: u128) {
    let (wall, cpu) = (began.elapsed().as_nanos(), cpu_ns() - cpu_before);
    samples.sort_unstable();
    let at = |percent: usize| samples[(samples.len() * percent / 100).min(samples.len() - 1)];
    println!(
        "{{\"count\":{},\"p50_ns\":{},\"p99_ns\":{},\"wall_ns\":{wall},\"cpu_ns\":{cpu}}}",
        samples.len(),
        at(50),
        at(99)
    );
}

/// What the whole process has used.
fn cpu_ns() -> u128 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec to write to for the length of the call.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0, "every process has such a clock");
    u128::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
        + u128::try_from(time.tv_nsec).unwrap_or(0)
}
