//! The control API.

mod common;

use common::{PATIENCE, Till, call, raw_call, sale, start};
use ecrhub_simulator::{AMOUNTS, QueueMode, Simulator};
use serde_json::{Value, json};

fn post(simulator: &Simulator, path: &str, body: &str) -> Value {
    let (status, answer) = call(simulator, "POST", path, body);
    assert_eq!(status, 200, "{path} {body}: {answer}");
    answer
}

fn state(simulator: &Simulator) -> Value {
    call(simulator, "GET", "/state", "").1
}

#[test]
fn state_ledger_and_amounts() {
    let simulator = start(|_| {});
    let fresh = state(&simulator);
    assert_eq!(fresh["url"], simulator.url());
    assert_eq!(
        (&fresh["connections"], &fresh["running"], &fresh["charges"]),
        (&json!(0), &Value::Null, &json!(0))
    );
    let mut till = Till::connect(&simulator);
    till.ask(&sale("A1", "10.00"));
    let (status, ledger) = call(&simulator, "GET", "/ledger", "");
    assert_eq!((status, ledger.as_array().unwrap().len()), (200, 1));
    assert_eq!(
        (&ledger[0]["merchant_order_no"], &ledger[0]["amount"]),
        (&json!("A1"), &json!("10.00"))
    );
    assert_eq!(
        (&state(&simulator)["connections"], &state(&simulator)["received"]),
        (&json!(1), &json!(1))
    );
    let amounts = call(&simulator, "GET", "/amounts", "").1;
    assert_eq!(amounts.as_array().unwrap().len(), AMOUNTS.len());
    assert_eq!(
        (&amounts[1]["cents"], &amounts[1]["behaviour"]),
        (&json!(".01"), &json!("declined"))
    );
}

#[test]
fn next_in_every_form() {
    let simulator = start(|_| {});
    let bodies = [
        r#"{"behaviour":"declined"}"#,
        r#"{"behaviour":["declined"]}"#,
        r#"["declined"]"#,
        "\"declined\"",
        "declined\n",
    ];
    let mut till = Till::connect(&simulator);
    for (index, body) in bodies.iter().enumerate() {
        assert_eq!(post(&simulator, "/next", body)["next"], json!(["declined"]));
        assert_eq!(till.ask(&sale(&format!("A{index}"), "10.00"))["response_code"], "106");
    }
}

#[test]
fn mistakes_are_explained() {
    let simulator = start(|_| {});
    for (path, body, allowed) in [
        ("/next", "no-such", "declined"),
        ("/next", "{\"behavior\":\"declined\"}", "declined"),
        ("/next", "{", "declined"),
        ("/next", "[1]", "declined"),
        ("/oddities", "[\"no-such\"]", "code-zero"),
        ("/options", "late_ms", "late_ms"),
        ("/options", r#"{"no_such":1}"#, "late_ms"),
        ("/options", r#"{"late_ms":"1"}"#, "late_ms"),
        ("/options", r#"{"order_queue_mode":"LIFO"}"#, "order_queue_mode"),
        ("/push", "hello", "text"),
        ("/push", "{\"hex\":\"8\"}", "hex"),
        ("/push", "{\"hex\":\"zz\"}", "hex"),
    ] {
        let (status, answer) = call(&simulator, "POST", path, body);
        assert_eq!(status, 400, "{path} {body}");
        assert!(
            answer["error"].is_string()
                && answer["allowed"].as_array().unwrap().contains(&json!(allowed)),
            "{answer}"
        );
    }
    let (status, answer) = call(&simulator, "GET", "/nothing", "");
    assert_eq!(
        (status, answer["allowed"].as_array().unwrap().contains(&json!("POST /next"))),
        (404, true)
    );
    assert_eq!(
        call(&simulator, "GET", "/next", ""),
        (405, json!({"error": "/next takes POST", "allowed": ["POST"]}))
    );
    assert_eq!(call(&simulator, "POST", "/state", "").0, 405);
    for path in ["/approve", "/decline", "/cancel", "/confirm"] {
        assert_eq!(call(&simulator, "POST", path, "").0, 409, "{path}");
    }
    assert_eq!(raw_call(&simulator, b"nonsense\r\n\r\n").0, 400);
    assert_eq!(
        raw_call(&simulator, b"POST /next HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n").0,
        413
    );
}

#[test]
fn a_person_at_the_terminal() {
    let simulator = start(|options| options.manual = true);
    let mut till = Till::connect(&simulator);
    for (number, path, code) in
        [("A1", "/approve", "000"), ("A2", "/decline", "106"), ("A3", "/cancel", "110")]
    {
        till.send(&sale(number, "10.00"));
        assert!(simulator.wait_until(PATIENCE, |simulator| simulator.running().is_some()));
        assert_eq!(state(&simulator)["running"], number);
        post(&simulator, path, "");
        assert_eq!(till.receive().unwrap()["response_code"], code);
    }
    let mut confirmed = sale("A4", "10.00");
    confirmed["biz_data"]["confirm_on_terminal"] = true.into();
    till.send(&confirmed);
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.running().is_some()));
    assert_eq!(state(&simulator)["confirming"], true);
    post(&simulator, "/confirm", "");
    assert_eq!(state(&simulator)["confirming"], false);
    post(&simulator, "/approve", "");
    assert_eq!(till.receive().unwrap()["response_code"], "000");
    let charged: Vec<_> =
        simulator.ledger().into_iter().map(|entry| entry.merchant_order_no).collect();
    assert_eq!(charged, ["A1", "A4"]);
}

#[test]
fn links() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    assert_eq!(post(&simulator, "/push", r#"{"text":"hello"}"#)["pushed"], 1);
    assert_eq!(till.receive_text().unwrap(), "hello");
    assert_eq!(post(&simulator, "/push", r#"{"hex":"81026869"}"#)["pushed"], 1);
    assert_eq!(till.receive_text().unwrap(), "hi");
    post(&simulator, "/freeze", "");
    till.send(&sale("A1", "10.00"));
    assert_eq!(
        (&state(&simulator)["frozen"], &state(&simulator)["charges"]),
        (&json!(true), &json!(0))
    );
    post(&simulator, "/thaw", "");
    assert_eq!(till.receive().unwrap()["response_code"], "000");
    assert_eq!(post(&simulator, "/cut", "")["cut"], 1);
    assert_eq!(till.receive_text(), None);
    post(&simulator, "/refuse", "");
    assert_eq!(state(&simulator)["refusing"], true);
    assert!(std::net::TcpStream::connect(("127.0.0.1", simulator.port())).is_err());
    post(&simulator, "/accept", "");
    Till::connect(&simulator);
}

#[test]
fn options_change_while_it_runs() {
    let simulator = start(|options| options.late_ms = 60_000);
    let body = r#"{"late_ms":1,"memory":2,"order_queue_mode":"FILO","close_unknown_fails":true}"#;
    let options = post(&simulator, "/options", body)["options"].clone();
    assert_eq!(state(&simulator)["options"], options);
    for (key, value) in [
        ("late_ms", json!(1)),
        ("memory", json!(2)),
        ("order_queue_mode", json!("FILO")),
        ("close_unknown_fails", json!(true)),
        ("expires_floor_ms", json!(0)),
    ] {
        assert_eq!(options[key], value, "{key}");
    }
    let mut till = Till::connect(&simulator);
    assert_eq!(till.ask(&sale("A1", "10.74"))["response_code"], "106");
    assert_eq!(till.receive().unwrap()["response_code"], "000");
    let (status, _) = call(&simulator, "POST", "/options", r#"{"memory":3,"late_ms":-1}"#);
    assert_eq!((status, &state(&simulator)["options"]["memory"]), (400, &json!(2)), "all or none");
    post(&simulator, "/reset", "");
    assert_eq!(state(&simulator)["options"]["late_ms"], 60_000);
    simulator.configure(|options| options.close_unknown_forgotten = true);
    assert_eq!(state(&simulator)["options"]["close_unknown_forgotten"], true);
}

#[test]
fn queued_orders_are_counted() {
    let simulator = start(|options| {
        (options.manual, options.order_queue_mode) = (true, Some(QueueMode::Fifo));
    });
    let mut till = Till::connect(&simulator);
    till.send(&sale("A1", "10.00"));
    till.send(&sale("A2", "10.00"));
    assert!(simulator.wait_until(PATIENCE, |simulator| state(simulator)["queued"] == 1));
    post(&simulator, "/approve", "");
    assert_eq!(
        (&state(&simulator)["queued"], &state(&simulator)["running"]),
        (&json!(0), &json!("A2"))
    );
}

#[test]
fn oddities_and_reset() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    assert_eq!(
        post(&simulator, "/oddities", r#"{"oddities":["code-zero","binary"]}"#)["oddities"],
        json!(["code-zero", "binary"])
    );
    assert_eq!(till.ask(&sale("A1", "10.00"))["response_code"], "0");
    post(&simulator, "/next", "declined");
    post(&simulator, "/freeze", "");
    post(&simulator, "/refuse", "");
    post(&simulator, "/reset", "");
    let state = state(&simulator);
    for (key, value) in [
        ("oddities", json!([])),
        ("next", json!([])),
        ("frozen", json!(false)),
        ("refusing", json!(false)),
        ("charges", json!(0)),
    ] {
        assert_eq!(state[key], value, "{key}");
    }
    assert_eq!(till.ask(&sale("A1", "10.00"))["response_code"], "000", "the number is new again");
}

#[test]
fn a_web_page_can_neither_read_nor_steer_it() {
    let simulator = start(|_| {});
    for headers in [
        "Host: localhost\r\nOrigin: https://shop.example",
        "Host: 127.0.0.1\r\nOrigin: null",
        "Host: shop.example",
        "Host: localhost\r\nHost: shop.example",
    ] {
        for call in ["GET /ledger", "POST /freeze"] {
            let request = format!("{call} HTTP/1.1\r\n{headers}\r\nContent-Length: 0\r\n\r\n");
            let (status, answer) = raw_call(&simulator, request.as_bytes());
            assert_eq!(status, 403, "{call} {headers}: {answer}");
            let why = answer["error"].as_str().unwrap();
            assert!(why.contains("simulator"), "{why}");
        }
    }
    assert_eq!(state(&simulator)["frozen"], false);
    let request = "GET /ledger HTTP/1.1\r\nHost: [::1]:80\r\nOrigin: http://localhost:3000\r\n\r\n";
    assert_eq!(raw_call(&simulator, request.as_bytes()).0, 200);
}
