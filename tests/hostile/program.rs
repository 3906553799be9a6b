//! The hostile terminal, and the till at it, as programs: this test program itself, started with an attack's name. The
//! terminal by hand:
//!
//! ```sh
//! ATTACK=endless_fragments cargo test --test hostile -- --ignored --exact program::a_hostile_terminal --nocapture
//! ```

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::terminal::HostileTerminal;
use crate::{attacks, till};

/// What they are told by.
const ATTACK: &str = "ATTACK";
const STRICT: &str = "STRICT";

/// Far more than a till takes for an attack.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a till says of an attack.
const ROW: &str = "row: ";

/// What a terminal says: its address, and how many attacks have begun on how many connections.
const LISTENING: &str = "listening on ";
const BEGUN: &str = "begun on ";

fn program(which: &str, attack: &str) -> Command {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--ignored", "--exact", which, "--nocapture"]).env(ATTACK, attack);
    program
}

/// What came of an attack.
pub struct Played {
    /// Its row of the table; none where it did not come to its end.
    pub row: Option<String>,
    /// What was wrong.
    pub fault: Option<String>,
}

/// Plays an attack against a till in a process of its own.
pub fn play_apart(attack: &str, is_strict: bool) -> Played {
    let mut till = program("program::a_till_at_a_hostile_terminal", attack);
    if is_strict {
        till.env(STRICT, "1");
    }
    let child = till.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let said = read_aside(child.stdout.take().unwrap());
    let complaint = read_aside(child.stderr.take().unwrap());
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begun.elapsed() > PATIENCE => {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let (said, complaint) = (said.join().unwrap(), complaint.join().unwrap());
    let row = said.lines().find_map(|line| line.strip_prefix(ROW)).map(str::to_owned);
    let fault = (!status.success() || row.is_none())
        .then(|| format!("{attack}: {status}\n{said}{complaint}"));
    Played { row, fault }
}

/// So that whoever writes it does not wait.
fn read_aside(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    })
}

#[test]
#[ignore = "no test: the till that the attacks are played against"]
fn a_till_at_a_hostile_terminal() {
    let attack = std::env::var(ATTACK).unwrap_or_default();
    let strictness = if std::env::var_os(STRICT).is_some() { till::STRICT } else { till::GENEROUS };
    let row = till::play(&attack, strictness);
    println!("\n{ROW}{row}");
    row.insist(&(strictness.bounds)(&row));
}

/// A running terminal; dropping it ends it.
pub struct HostileProgram {
    child: Child,
    url: String,
    begun: Arc<AtomicUsize>,
    listening: Option<JoinHandle<()>>,
}

impl HostileProgram {
    pub fn start(attack: &str) -> Self {
        let mut child = program("program::a_hostile_terminal", attack)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let url = said
            .find_map(|line| line.split_once(LISTENING).map(|(_, url)| url.to_owned()))
            .expect("the hostile terminal says where it listens");
        let begun = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&begun);
        let listening = std::thread::spawn(move || {
            for count in said.filter_map(|line| line.strip_prefix(BEGUN)?.parse().ok()) {
                counted.store(count, Ordering::Relaxed);
            }
        });
        HostileProgram { child, url, begun, listening: Some(listening) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// See [`HostileTerminal::begun`].
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }
}

impl Drop for HostileProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.listening.take().map(JoinHandle::join);
    }
}

#[test]
#[ignore = "no test: the terminal that the attacks are played by"]
fn a_hostile_terminal() {
    let name = std::env::var(ATTACK).unwrap_or_default();
    let Some(attack) = attacks::named(&name) else {
        let names: Vec<_> = attacks::all().map(|(name, _)| *name).collect();
        panic!("{ATTACK} is {name:?}; it may be one of {}", names.join(", "));
    };
    let terminal = HostileTerminal::start(attack);
    println!("{LISTENING}{}", terminal.url());
    // It ends with the one that started it.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let mut told = 0;
    loop {
        let begun = terminal.begun();
        if begun != told {
            println!("{BEGUN}{begun}");
            told = begun;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
