//! A shop for the tests: a terminal in software, the built program, and a directory of its own.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use ecrhub_simulator::{Options, Simulator};
use serde_json::Value;
use tempfile::TempDir;

/// Only against hanging.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Shop {
    pub simulator: Simulator,
    dir: TempDir,
}

impl Shop {
    pub fn open() -> Shop {
        Shop::open_with(|_| {})
    }

    pub fn open_with(change: impl FnOnce(&mut Options)) -> Shop {
        let mut options = Options { slow_ms: 20, very_slow_ms: 40, ..Options::default() };
        change(&mut options);
        let simulator = Simulator::start(options).expect("a simulator on free ports");
        let dir = TempDir::with_prefix("ecrhub-cli-").expect("a directory of its own");
        Shop { simulator, dir }
    }

    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("a UTF-8 path").to_owned()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.dir.path().join(name), text).expect("a file");
        self.path(name)
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The program, pointed at this shop's terminal.
    pub fn ecrhub(&self, args: &[&str]) -> Command {
        let mut command = ecrhub(args);
        command.env("ECRHUB_URL", self.simulator.url()).env("ECRHUB_APP_ID", "app");
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        run(self.ecrhub(args))
    }

    /// As [`Shop::run`], with the shop's journal.
    pub fn run_with_journal(&self, args: &[&str]) -> Ran {
        let mut command = self.ecrhub(args);
        command.env("ECRHUB_JOURNAL", self.path("journal.db"));
        run(command)
    }

    pub fn start(&self, args: &[&str]) -> Running {
        Running::start(self.ecrhub(args))
    }

    /// A configuration file, for `--config`, with which an order is recovered soon or never.
    pub fn impatient(&self) -> String {
        let times = r#"{"order_timeout_ms": 200, "recovery_timeout_ms": 200, "recovery_interval_ms": 50,
            "request_timeout_ms": 200, "reconnect_min_ms": 20, "reconnect_max_ms": 100}"#;
        self.write("impatient.json", times)
    }

    /// The journal's orders, as `journal list --json` tells them.
    pub fn orders(&self) -> Vec<Value> {
        self.run_with_journal(&["journal", "list", "--json"]).with_code(0).json()
    }

    pub fn wait_for_a_customer(&self) {
        assert!(self.simulator.wait_until(PATIENCE, |s| s.running().is_some()), "no order came");
    }
}

/// A terminal that says to each request what it is told to say, and nothing else. It ends with the test program.
pub fn terminal(answers: impl Fn(&Value) -> Vec<String> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("its port"));
    let answers = Arc::new(answers);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || {
                let Ok(mut socket) = tungstenite::accept(stream) else { return };
                while let Ok(message) = socket.read() {
                    let Some(request) = message.to_text().ok().and_then(|text| {
                        serde_json::from_str::<Value>(text).ok().filter(Value::is_object)
                    }) else {
                        continue;
                    };
                    for answer in answers(&request) {
                        let _ = socket.send(tungstenite::Message::text(answer));
                    }
                }
            });
        }
    });
    url
}

/// The program, with nothing of the tests' own environment.
pub fn ecrhub(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecrhub"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["ECRHUB_URL", "ECRHUB_APP_ID", "ECRHUB_JOURNAL", "NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

pub fn run(command: Command) -> Ran {
    Running::start(command).end()
}

/// The program while it runs; its standard error is there line by line.
pub struct Running {
    pub child: Child,
    stdout: Option<Receiver<String>>,
    stderr: Receiver<String>,
    told: Vec<String>,
    noted: Vec<String>,
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (line, lines) = channel();
    std::thread::spawn(move || {
        for text in BufReader::new(from).lines().map_while(Result::ok) {
            if line.send(text).is_err() {
                break;
            }
        }
    });
    lines
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        let mut child = command.spawn().expect("the built program");
        let stdout = child.stdout.take().map(lines);
        let stderr = lines(child.stderr.take().expect("a pipe"));
        Running { child, stdout, stderr, told: Vec::new(), noted: Vec::new() }
    }

    /// The next line on standard output that has this in it.
    pub fn wait_told(&mut self, part: &str) -> String {
        let lines = self.stdout.as_ref().expect("standard output is read");
        wait_for(lines, part, &mut self.told)
    }

    /// The next line on standard error that has this in it.
    pub fn wait_noted(&mut self, part: &str) -> String {
        wait_for(&self.stderr, part, &mut self.noted)
    }

    pub fn interrupt(&self) {
        let status = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(status.expect("the kill program").success());
    }

    pub fn end(mut self) -> Ran {
        let status = self.wait();
        if let Some(lines) = &self.stdout {
            self.told.extend(lines.iter());
        }
        self.noted.extend(self.stderr.iter());
        let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect();
        Ran { code: status.code(), stdout: text(&self.told), stderr: text(&self.noted) }
    }

    fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child to wait for") {
                return status;
            }
            assert!(Instant::now() < until, "it hangs");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for(lines: &Receiver<String>, part: &str, seen: &mut Vec<String>) -> String {
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                seen.push(line.clone());
                if line.contains(part) {
                    return line;
                }
            }
            Err(_) => panic!("{part:?} was never said, but: {seen:#?}"),
        }
    }
}

/// How it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn with_code(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn told(&self, part: &str) -> &Ran {
        assert!(self.stdout.contains(part), "{part:?} is not told: {self:#?}");
        self
    }

    #[track_caller]
    pub fn noted(&self, part: &str) -> &Ran {
        assert!(self.stderr.contains(part), "{part:?} is not noted: {self:#?}");
        self
    }

    /// Every line of standard output is a JSON object.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let object = |line: &str| match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => value,
            other => panic!("{line}: {other:?}"),
        };
        self.stdout.lines().map(object).collect()
    }

    /// The `completed` event with this number.
    #[track_caller]
    pub fn completed(&self) -> Value {
        let events = self.json();
        let completed = events.iter().rev().find(|event| event["event"] == "completed");
        completed.unwrap_or_else(|| panic!("nothing completed: {self:#?}")).clone()
    }
}
