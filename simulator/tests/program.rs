//! The program.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

use ecrhub_simulator::{amounts_table, oddities_table};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecrhub-simulator"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

fn connect(url: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(url.strip_prefix("ws://").unwrap()).unwrap();
    tungstenite::client(url, stream).unwrap().0
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_says_where_it_is_and_what_happens() {
    let arguments =
        ["--port", "0", "--control-port", "0", "--think-ms", "0", "--oddity", "code-zero"];
    let mut running = Running(program(&arguments).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    assert!(lines.next().unwrap().starts_with("control on http://127.0.0.1:"));
    let mut socket = connect(&url);
    socket.send(Message::text(common::sale("A1", "10.00").to_string())).unwrap();
    assert!(socket.read().unwrap().to_text().unwrap().contains(r#""response_code":"0""#));
    let said: Vec<_> = lines.by_ref().take(3).collect();
    assert_eq!(
        said,
        [
            "a till connected",
            "order A1: sale of 10.00, will be approved",
            "order A1: sale of 10.00 done"
        ]
    );
    let steering = common::request("ecrhub.\u{1b}[2J\nforged", json!({}));
    socket.send(Message::text(steering.to_string())).unwrap();
    let said = lines.next().unwrap();
    assert!(said.contains(r"ecrhub.\u{1b}[2J\nforged"), "{said:?}");
}

/// A program with these flags, and a till connected to it.
struct Shop {
    _running: Running,
    till: WebSocket<TcpStream>,
}

impl Shop {
    fn open(flags: &[&str]) -> Shop {
        let arguments = ["--port", "0", "--control-port", "0", "--think-ms", "0", "--quiet"];
        let mut program = program(&arguments);
        let mut running = Running(program.args(flags).stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let till = connect(line.trim().strip_prefix("listening on ").unwrap());
        Shop { _running: running, till }
    }

    fn send(&mut self, request: &Value) {
        self.till.send(Message::text(request.to_string())).unwrap();
    }

    fn receive(&mut self) -> Value {
        serde_json::from_str(self.till.read().unwrap().to_text().unwrap()).unwrap()
    }

    /// The answers to these requests, each sent after the answer to the one before.
    fn codes(flags: &[&str], requests: &[Value]) -> Vec<String> {
        let mut shop = Shop::open(flags);
        let answers = requests.iter().map(|request| {
            shop.send(request);
            shop.receive()["response_code"].as_str().unwrap().to_owned()
        });
        answers.collect()
    }
}

fn about(topic: &str, number: &str) -> Value {
    common::request(topic, json!({"merchant_order_no": number}))
}

#[test]
fn closes_queue_and_memory_by_flags() {
    let (close, query) = (about("ecrhub.pay.close", "A1"), about("ecrhub.pay.query", "A1"));
    let sale = |number: &str| common::sale(number, "10.00");
    let requests = [close, sale("A1")];
    assert_eq!(Shop::codes(&[], &requests), ["000", "102"]);
    assert_eq!(Shop::codes(&["--close-unknown-forgotten"], &requests), ["000", "000"]);
    assert_eq!(Shop::codes(&["--close-unknown-fails"], &requests), ["104", "000"]);
    let requests = [sale("A1"), sale("A2"), query];
    assert_eq!(Shop::codes(&[], &requests), ["000", "000", "000"]);
    assert_eq!(Shop::codes(&["--memory", "1"], &requests), ["000", "000", "104"]);
    let mut shop = Shop::open(&["--order-queue-mode", "FILO"]);
    shop.send(&common::request("ecrhub.init", json!({})));
    assert_eq!(shop.receive()["biz_data"]["order_queue_mode"], "FILO");
}

#[test]
fn times_by_flags() {
    let mut expiring = common::sale("A1", "10.13");
    expiring["biz_data"]["expires"] = "1".into();
    assert_eq!(Shop::codes(&["--expires-floor-ms", "0"], &[expiring]), ["107"]);
    let waiting = common::sale("A1", "10.13");
    assert_eq!(Shop::codes(&["--expires-default-ms", "1"], &[waiting]), ["107"]);

    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    let floor = help.split("--expires-floor-ms").nth(1).unwrap().split("--").next().unwrap();
    assert!(floor.contains("[default: 60000]"), "{floor}");

    let mut shop = Shop::open(&["--authorise-ms", "60000"]);
    shop.send(&common::sale("A1", "10.00"));
    shop.send(&about("ecrhub.pay.query", "A1"));
    assert_eq!(shop.receive()["biz_data"]["trans_status"], "0");
    shop.send(&about("ecrhub.pay.close", "A1"));
    assert_eq!(shop.receive()["response_code"], "201");

    let signed = common::sale("A1", "10.83");
    assert_eq!(Shop::codes(&["--signature-ms", "1"], &[signed]), ["000"]);
    let mut shop = Shop::open(&["--late-ms", "1"]);
    shop.send(&common::sale("A1", "10.74"));
    assert_eq!(
        [shop.receive(), shop.receive()].map(|answer| answer["response_code"].clone()),
        ["106", "000"]
    );
}

#[test]
fn the_documentation_names_every_flag() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    let documented = include_str!("../../docs/simulator.md");
    let flags = help.split_whitespace().filter(|word| word.starts_with("--"));
    for flag in flags.map(|flag| flag.trim_matches(|c: char| !c.is_ascii_alphabetic() && c != '-'))
    {
        assert!(documented.contains(&format!("`{flag}")), "docs/simulator.md: {flag}");
    }
}

#[test]
fn tables_and_mistakes() {
    assert_eq!(String::from_utf8(run(&["--amounts"]).stdout).unwrap(), amounts_table());
    assert_eq!(String::from_utf8(run(&["--oddities"]).stdout).unwrap(), oddities_table());
    // Its lines may be broken where the screen is narrow.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    assert!(words(&help).contains(&words(&amounts_table())), "{help}");
    assert!(
        String::from_utf8(run(&["--version"]).stdout).unwrap().starts_with("ecrhub-simulator ")
    );
    for bad in [&["--oddity", "nope"][..], &["--port", "70000"], &["--nope"], &["--think-ms", "-1"]]
    {
        assert_eq!(run(bad).status.code(), Some(2), "{bad:?}");
    }
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = run(&["--port", &port.to_string(), "--control-port", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, format!("ecrhub-simulator: 127.0.0.1:{port} is already in use\n"));
}

#[test]
fn quiet_prints_the_addresses_only() {
    let arguments = ["--port", "0", "--control-port", "0", "--quiet"];
    let mut running = Running(program(&arguments).stdout(Stdio::piped()).spawn().unwrap());
    let mut out = BufReader::new(running.0.stdout.take().unwrap());
    let mut lines = String::new();
    out.read_line(&mut lines).unwrap();
    let url = lines.trim().strip_prefix("listening on ").unwrap().to_owned();
    out.read_line(&mut lines).unwrap();
    let mut socket = connect(&url);
    socket.send(Message::text(common::sale("A1", "ten").to_string())).unwrap();
    assert!(socket.read().unwrap().to_text().unwrap().contains("121"));
    running.0.kill().unwrap();
    out.read_to_string(&mut lines).unwrap();
    assert_eq!(lines.lines().count(), 2, "{lines}");
}
