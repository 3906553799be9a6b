//! What a round trip and a handle cost, in counts that depend little on the machine: a change that makes them dearer is
//! seen when it is made. The bounds are a few percent above what was counted when they were last written; whoever makes
//! something cheaper lowers them. Measured on the release library, which this builds, by the benchmark's own tills.
#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;

use ecrhub_simulator::{Options, Simulator};
use serde_json::{Value, json};

/// As many more round trips in the longer of two runs; their difference is what these cost.
const SHORT: u32 = 200;
const LONG: u32 = 800;
/// The least of so many counts is taken: what disturbs one, like a machine that is busy, adds and never takes away.
const TRIES: usize = 2;

/// On `x86_64` with glibc, and elsewhere not the same.
const IS_KNOWN_HERE: bool = cfg!(all(target_arch = "x86_64", target_env = "gnu"));

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs to the end and insists on success.
fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{err}", output.status);
    output
}

/// The folder with the release library under the names a linker and a loader ask for, and with the tills.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().nth(3).expect("target/debug/deps/costs");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--release", "--package", "ecrhub", "--lib", "--target-dir"]);
        run(build.arg(target).current_dir(root()));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("costs");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["libecrhub.so", "libecrhub.so.1"] {
            std::fs::copy(target.join("release/libecrhub.so"), folder.join(name)).unwrap();
        }
        for till in ["till", "many"] {
            let mut command = Command::new("cc");
            command.args(["-std=c11", "-D_GNU_SOURCE", "-O2", "-I"]).arg(root().join("include"));
            command.arg(root().join(format!("benches/c/{till}.c"))).arg("-L").arg(&folder);
            run(command.args(["-lecrhub", "-o"]).arg(folder.join(till)));
        }
        folder
    })
}

/// A terminal in this process, so that nothing it does is counted.
fn terminal() -> Simulator {
    let options = Options { test_amounts: false, ..Options::default() };
    Simulator::start(options).expect("a free port on loopback")
}

/// A till, or a tool that is given one to run.
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", folder());
    command
}

/// The number that stands behind these words.
fn number_after(text: &str, words: &str) -> u64 {
    let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("no {words:?} in {text}"));
    let digits: String = rest
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or_else(|_| panic!("no number behind {words:?} in {text}"))
}

/// One that approves every order at once, however many come.
fn quick_terminal() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    let url = format!("ws://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for till in listener.incoming().flatten() {
            thread::spawn(move || approve_all(till));
        }
    });
    url
}

fn approve_all(till: TcpStream) {
    till.set_nodelay(true).unwrap();
    let mut till = tungstenite::accept(till).unwrap();
    while let Ok(message) = till.read() {
        let Ok(order) = serde_json::from_slice::<Value>(&message.into_data()) else { continue };
        let answer = json!({
            "topic": order["topic"],
            "request_id": order["request_id"],
            "response_code": "000",
            "biz_data": {
                "merchant_order_no": order["biz_data"]["merchant_order_no"],
                "trans_status": "2",
            },
        });
        // A till that has gone needs no answer.
        let _ = till.send(answer.to_string().into());
    }
}

/// What one round trip costs, by the difference of two runs.
fn per_round_trip(mode: &str, count: impl Fn(&mut Command) -> u64, tool: &[&str]) -> f64 {
    let once = || {
        let of = |rounds: u32| {
            let simulator = terminal();
            let url = if mode == "pipelined" { quick_terminal() } else { simulator.url() };
            let mut command = command(tool[0]);
            command.args(&tool[1..]).arg(folder().join("till"));
            count(command.args([mode, &url, &rounds.to_string()]))
        };
        let (short, long) = (of(SHORT), of(LONG));
        (long as f64 - short as f64) / f64::from(LONG - SHORT)
    };
    (0..TRIES).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn insist(what: &str, counted: f64, bound: f64) {
    println!("{what}: {counted:.1}, at most {bound} allowed");
    assert!(
        !IS_KNOWN_HERE || counted <= bound,
        "{what} has become dearer: {counted:.1}, at most {bound} allowed"
    );
    assert!(counted > bound * 0.3, "{what}: {counted:.1} is no count; is the bound {bound} stale?");
}

fn instructions(mode: &str) -> f64 {
    let count = |command: &mut Command| {
        let err = run(command).stderr;
        number_after(&String::from_utf8_lossy(&err), "Collected :")
    };
    per_round_trip(mode, count, &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"])
}

#[test]
fn instructions_of_a_call() {
    insist("instructions of ecrhub_call", instructions("call"), 59_400.0);
}

#[test]
fn instructions_of_send_and_poll() {
    insist("instructions of ecrhub_send and ecrhub_poll", instructions("poll"), 59_400.0);
}

#[test]
fn allocations_of_a_call() {
    let count = |command: &mut Command| {
        let err = run(command).stderr;
        number_after(&String::from_utf8_lossy(&err), "total heap usage:")
    };
    let counted = per_round_trip("call", count, &["valgrind", "--leak-check=no"]);
    insist("allocations of ecrhub_call", counted, 36.5);
}

/// How often each system call was made, as `strace -c` has it.
fn table_of(summary: &str) -> HashMap<&str, u64> {
    let rows = summary.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let name = *columns.last()?;
        (columns.len() >= 5 && name != "total").then_some((name, columns[3].parse().ok()?))
    });
    rows.collect()
}

/// What handing the socket to and fro between the threads takes. On a busy machine calls do not follow each other at once,
/// and there is more of it.
const HANDING_OVER: [&str; 5] = ["epoll_ctl", "epoll_wait", "futex", "read", "write"];

fn system_calls(mode: &str, is_counted: fn(&str) -> bool) -> f64 {
    // Tests run side by side.
    let file = folder().join(format!("strace-{mode}"));
    let file = file.to_str().expect("a path of this repository");
    let count = |command: &mut Command| {
        run(command);
        let summary = std::fs::read_to_string(file).unwrap();
        table_of(&summary).iter().filter(|(name, _)| is_counted(name)).map(|(_, count)| count).sum()
    };
    per_round_trip(mode, count, &["strace", "-f", "-c", "-o", file])
}

#[test]
fn system_calls_of_a_call() {
    let own = system_calls("call", |name| !HANDING_OVER.contains(&name));
    insist("system calls of ecrhub_call", own, 4.3);
    let handing_over = system_calls("call", |name| HANDING_OVER.contains(&name)).max(0.0);
    println!(
        "system calls of ecrhub_call between the threads: {handing_over:.1}, at most 3 allowed"
    );
    assert!(handing_over <= 3.0, "{handing_over}");
}

fn many(what: &str, handles: u32, seconds: u32) -> String {
    let simulator = terminal();
    let mut command = command(folder().join("many"));
    let output = run(command
        .args([what, &simulator.url()])
        .args([handles, seconds].map(|number| number.to_string())));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A till that asks on and on and always has something to fetch: nobody is woken for its answers, and several come with
/// one read.
#[test]
fn a_till_that_never_waits_reads_for_itself() {
    let counted = system_calls("pipelined", |name| name == "epoll_wait");
    println!("times the I/O thread was woken for each of many requests in flight: {counted:.2}");
    assert!(counted <= 0.5, "{counted}");
}

#[test]
fn memory_of_a_handle() {
    let counted = (0..TRIES).map(|_| number_after(&many("idle", 400, 0), "\"bytes_each\":")).min();
    insist("bytes of an idle handle", counted.unwrap_or(0) as f64, 11_700.0);
}

/// What a stay of the lent socket leaves behind, and nothing else; see `src/terminal/watch.rs`.
#[test]
fn after_many_calls_the_library_sleeps() {
    for (what, then) in [("rest", "after many calls"), ("wait", "of one who waits after them")] {
        let told = many(what, 20, 2);
        let counted = number_after(&told, "\"wake_ups\":");
        println!("wake-ups in two seconds {then}: {counted}");
        assert!(counted <= 12, "{told}");
        assert_eq!(number_after(&told, "\"threads\":"), 2);
    }
}
