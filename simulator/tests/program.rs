//! The program.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

use ecrhub_simulator::{amounts_table, oddities_table};
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
