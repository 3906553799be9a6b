//! The sections of the page, each with what was asked of it and whether it holds.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::contenders::{CLIENT_WEB_SOCKET, Contender, Entered, PIPELINED, ROUND_TRIP, interleave};
use crate::run::{Measured, Setting, Terminal, median, run, with_library};
use crate::table::{Table, number, whole};

/// Measures and writes one section.
pub type Section = fn(&Setting, &Terminal) -> Result<String, String>;

/// How it is measured.
pub const METHOD: &str = "# Benchmarks

Written by `make bench`, which builds everything, installs the peers and measures again; `make bench QUICK=1` shows in a
minute or two that it works, and writes nothing. What can be counted instead of timed is guarded in `make test`
(`tests/costs.rs`), so that no change makes it dearer unseen.

- One terminal for all: a small program in a process of its own that answers every order at once, over WebSocket or over
  plain TCP (`benches/src/bin/answering_terminal.rs`). Everything goes over loopback.
- Everybody sells the same order and gets the same answer, 261 and 483 bytes on the wire, and must find in it that
  the order was paid.
- All contenders take turns, A B C A B C, five times; a number is the median of its five runs, each of which warms up first.
  p50 and p99 are within a run. Machines differ and have moods: **the ratios are what counts.**
- No peer runs with settings that its users would not use; the last column says which.
- CPU is what the till's whole process used, all threads of it.
";

/// The kind of machine, from what it says of itself.
pub fn machine() -> String {
    let value = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).map(str::to_owned);
        line.and_then(|line| {
            Some(line.split_once([':', '='])?.1.trim().trim_matches('"').to_owned())
        })
        .unwrap_or_else(|| "unknown".to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "\nThe machine: {cores} processors of the kind \"{}\", {}, Linux {}.\n",
        value("/proc/cpuinfo", "model name"),
        value("/etc/os-release", "PRETTY_NAME"),
        fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
    )
}

fn p50_us(measured: &Measured) -> f64 {
    measured.get("p50_ns") / 1e3
}

fn p99_us(measured: &Measured) -> f64 {
    measured.get("p99_ns") / 1e3
}

/// A line that says whether what was asked for holds.
fn verdict(out: &mut String, what: &str, got: f64, at_most: f64) {
    let word = match got {
        got if got.is_nan() => "not measured",
        got if got <= at_most => "holds",
        _ => "**falls short**",
    };
    // Writing to a String cannot fail.
    let _ =
        writeln!(out, "- {what}: {}, at most {} asked for: {word}", number(got), number(at_most));
}

fn table_of(all: &[Entered], rate: bool) -> Table {
    let mut table = if rate {
        Table::new(&[
            "till",
            "requests/s",
            "CPU us/request",
            "p50 us",
            "p99 us",
            "CPU / tungstenite's",
            "how",
        ])
    } else {
        Table::new(&[
            "till",
            "p50 us",
            "p99 us",
            "CPU us/request",
            "/ plain TCP",
            "/ tungstenite",
            "how",
        ])
    };
    let p50 = |at: usize| median(&all[at].runs, p50_us);
    let cpu = |runs: &[Measured]| median(runs, Measured::cpu_us);
    for entered in all {
        let runs = &entered.runs;
        let own = median(runs, p50_us);
        let numbers = if rate {
            let ratio = cpu(runs) / cpu(&all[1].runs);
            [median(runs, Measured::rate), cpu(runs), own, median(runs, p99_us), ratio]
        } else {
            [own, median(runs, p99_us), cpu(runs), own / p50(0), own / p50(1)]
        };
        let cells = numbers.into_iter().map(number);
        let name = [entered.name.to_owned()];
        table.row(name.into_iter().chain(cells).chain([entered.note.clone()]));
    }
    table
}

/// Whatever the numbers say.
const WHY_NOT_FASTER: &str = "
Why it is not faster still: beside what a bare client does, the library checks the order against the protocol, remembers its
number so that it is never sold twice, keeps what a later question would ask for, and waits so that another thread can wake it
(`poll` and then `recv`, where a client with one thread has `recv` alone). Of the time in Python most is the binding's own
Python, which makes a typed object of every answer.
";

/// One request at a time.
pub fn round_trip(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let contenders: Vec<&Contender> = ROUND_TRIP.iter().chain([&CLIENT_WEB_SOCKET]).collect();
    let all = interleave(setting, terminal, &contenders, setting.count(10_000));
    let p50 = |at: usize| median(&all[at].runs, p50_us);
    let mut out = table_of(&all, false).text();
    out.push('\n');
    out.push_str(&libcurl());
    verdict(&mut out, "`ecrhub_call` / tungstenite with serde_json", p50(2) / p50(1), 1.3);
    verdict(&mut out, "`ecrhub_call` / plain TCP", p50(2) / p50(0), 2.0);
    verdict(&mut out, "`ecrhub_call` / libwebsockets with cJSON", p50(2) / p50(4), 1.0);
    verdict(&mut out, "`ecrhub_call` / libwebsockets without JSON", p50(2) / p50(5), 1.0);
    verdict(&mut out, "Python: ecrhub / websocket-client", p50(6) / p50(7), 1.0);
    verdict(&mut out, "Python: ecrhub / websockets", p50(6) / p50(8), 1.0);
    verdict(&mut out, "C#: ecrhub / `ClientWebSocket`", p50(9) / p50(10), 1.0);
    out.push_str(WHY_NOT_FASTER);
    Ok(out)
}

/// libcurl's WebSocket must have been built in, and in Debian 12 it is not.
fn libcurl() -> String {
    let told = Command::new("curl").arg("--version").output();
    let told = told.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let told = told.unwrap_or_default();
    let name = told.split_whitespace().nth(1).unwrap_or("not installed");
    let protocols = told.lines().find(|line| line.starts_with("Protocols:")).unwrap_or_default();
    if protocols.split_whitespace().any(|word| word == "ws") {
        format!(
            "- libcurl {name} of this system has WebSocket; there is no till for it here yet.\n"
        )
    } else {
        format!("- libcurl ({name}) is not measured: this system's has no WebSocket built in.\n")
    }
}

/// 64 requests in flight.
pub fn pipelined(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let contenders: Vec<&Contender> = PIPELINED.iter().collect();
    let all = interleave(setting, terminal, &contenders, setting.count(20_000));
    Ok(format!(
        "64 requests in flight: as soon as one is answered, the next one is sent.\n\n{}",
        table_of(&all, true).text()
    ))
}

fn many_run(
    setting: &Setting,
    terminal: &Terminal,
    what: &str,
    handles: u32,
    seconds: u32,
) -> Result<Measured, String> {
    let mut command = with_library(setting, setting.program("many"));
    run(command.args([what, &terminal.url(), &handles.to_string(), &seconds.to_string()]))
}

/// 1 to 1,000 terminals, a request a second to each.
pub fn many(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let heads = ["terminals", "how", "CPU us/message", "p50 us", "p99 us", "threads", "KiB each"];
    let mut table = Table::new(&heads);
    let mut cpu_of_paced = Vec::new();
    for (what, words) in [
        ("paced", "in turn, `ecrhub_call`"),
        ("burst", "all at once, `ecrhub_send`, `ecrhub_poll`"),
    ] {
        for handles in [1, 10, 100, 1_000] {
            // With few of them as many messages as can be had in the time.
            let measured = many_run(setting, terminal, what, handles, setting.count(10).max(2))?;
            if what == "paced" {
                cpu_of_paced.push(measured.cpu_us());
            }
            let numbers = [measured.cpu_us(), p50_us(&measured), p99_us(&measured)].map(number);
            // With few, what the process has once weighs more than what each holds.
            let kib = if handles < 100 { f64::NAN } else { measured.get("bytes_each") / 1024.0 };
            let rest = [measured.get("threads"), kib].map(whole);
            let name = [handles.to_string(), words.to_owned()];
            table.row(name.into_iter().chain(numbers).chain(rest));
        }
    }
    let mut out = format!(
        "Each terminal gets a request every second. What a till holds for a terminal is resident memory of the process, \
         without the kernel's part.\n\n{}\n",
        table.text()
    );
    let ratio = cpu_of_paced[3] / cpu_of_paced[0];
    verdict(&mut out, "CPU per message with 1,000 terminals / with one", ratio, 1.5);
    Ok(out)
}

/// Connected, and nothing to do.
pub fn idle(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let seconds = setting.count(60).max(5);
    let heads = ["terminals", "seconds", "wake-ups", "CPU us", "threads"];
    let mut table = Table::new(&heads);
    let mut out = String::new();
    for handles in [1, 1_000] {
        let measured = many_run(setting, terminal, "idle", handles, seconds)?;
        let [wake_ups, cpu] = [measured.get("wake_ups"), measured.get("cpu_ns") / 1e3];
        let kib = measured.get("bytes_each") / 1024.0;
        let cells = [f64::from(seconds), wake_ups, cpu, measured.get("threads")];
        table.row([handles.to_string()].into_iter().chain(cells.map(whole)));
        let heartbeats = f64::from(handles) * f64::from(seconds / 15 * 2);
        let what = format!("wake-ups of {handles} idle, for a ping and its pong every 15 seconds");
        verdict(&mut out, &what, wake_ups, heartbeats.max(2.0));
        if handles > 1 {
            verdict(&mut out, "KiB of memory for each of them", kib, 16.0);
        }
    }
    Ok(format!("Nothing is asked, and only heartbeats are due.\n\n{}\n{out}", table.text()))
}

/// What it takes to have it.
pub fn footprint(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let library = setting.built.join("libecrhub.so");
    let size = |path| fs::metadata(path).map_or(f64::NAN, |data| data.len() as f64 / 1e6);
    let mut loads = Vec::new();
    for _ in 0..setting.rounds() * 4 {
        let mut command = Command::new(setting.program("load"));
        loads.push(run(command.arg(&library).arg(terminal.url()))?);
    }
    let load_ms = median(&loads, |load| load.get("p50_ns") / 1e6);
    let megabytes = size(setting.built.join("libecrhub-stripped.so"));
    let mut out = String::new();
    verdict(&mut out, "MB of the release library with its journal, stripped", megabytes, 3.0);
    verdict(&mut out, "ms from `dlopen` to `connected`", load_ms, 5.0);
    out.push_str(&costs(setting)?);
    Ok(out)
}

/// The counts that `make test` guards.
fn costs(setting: &Setting) -> Result<String, String> {
    let output = Command::new("cargo")
        .args(["test", "--test", "costs", "--", "--nocapture", "--test-threads=1"])
        .current_dir(&setting.root)
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    // The test's own name may stand before it.
    let lines = told.lines().map(|line| line.rsplit(" ... ").next().unwrap_or(line));
    let counts = lines.filter(|line| line.contains("allowed") || line.starts_with("wake-ups"));
    let mut lines: Vec<String> = counts.map(|line| format!("- {line}\n")).collect();
    lines.sort();
    if lines.is_empty() {
        return Err(format!("tests/costs.rs: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(format!("\nPer round trip, as `tests/costs.rs` counts it:\n\n{}", lines.concat()))
}

fn with_journal(
    setting: &Setting,
    terminal: &Terminal,
    file: &Path,
    first: u32,
    count: u32,
) -> Result<Measured, String> {
    let mut command = with_library(setting, setting.program("till"));
    command.env("JOURNAL", file).env("FIRST", first.to_string());
    run(command.args(["call", &terminal.url(), &count.to_string()]))
}

/// Removes a journal and what SQLite keeps beside it.
fn forget(file: &Path) {
    for end in ["", "-wal", "-shm", "-lock", ".lock"] {
        // Not all of them exist.
        let _ = fs::remove_file(format!("{}{end}", file.display()));
    }
}

/// What being on disk costs.
pub fn journal(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let (mut with, mut without, mut disk) = (Vec::new(), Vec::new(), Vec::new());
    let count = setting.count(500);
    for _ in 0..setting.rounds() {
        let mut till = with_library(setting, setting.program("till"));
        without.push(run(till.args(["call", &terminal.url(), &count.to_string()]))?);
        let file = setting.built.join("journal.db");
        forget(&file);
        with.push(with_journal(setting, terminal, &file, 0, count)?);
        forget(&file);
        let mut writes = Command::new(setting.program("disk"));
        disk.push(run(writes.arg(setting.built.join("disk.bin")).arg(count.to_string()))?);
    }
    let [with, without, disk] = [&with, &without, &disk].map(|runs| median(runs, p50_us));
    let mut table = Table::new(&["what", "p50 us"]);
    table.row(["`ecrhub_call` of an order without a journal".to_owned(), number(without)]);
    table.row(["the same with a journal".to_owned(), number(with)]);
    table.row(["added".to_owned(), number(with - without)]);
    table.row(["the disk's own: one page appended and synced".to_owned(), number(disk)]);
    table.row(["added, in such writes".to_owned(), number((with - without) / disk)]);
    Ok(format!(
        "An order is on the disk before its first byte leaves, and its outcome before the till is told: two writes, each of \
         which waits for the disk.\n\n{}",
        table.text()
    ))
}

/// The median of several runs.
fn again(
    setting: &Setting,
    command: &mut Command,
    of: fn(&Measured) -> f64,
) -> Result<f64, String> {
    let runs: Result<Vec<Measured>, String> = (0..setting.rounds()).map(|_| run(command)).collect();
    Ok(median(&runs?, of))
}

/// By tens: it must stay flat.
pub fn growth(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let mut table = Table::new(&["what grows", "1", "10", "100", "1,000", "10,000"]);
    let mut handles = Vec::new();
    for count in [1, 10, 100, 1_000] {
        handles.push(many_run(setting, terminal, "burst", count, 3)?.cpu_us());
    }
    grown(&mut table, "terminals, all at once: CPU us/message", &handles);
    let mut in_flight = Vec::new();
    for many in [1, 10, 100, 1_000] {
        let mut command = with_library(setting, setting.program("till"));
        command.env("IN_FLIGHT", many.to_string());
        let count = setting.count(20_000).to_string();
        command.args(["pipelined", &terminal.url(), &count]);
        in_flight.push(again(setting, &mut command, Measured::cpu_us)?);
    }
    grown(&mut table, "requests in flight: CPU us/request", &in_flight);
    let mut orders = Vec::new();
    for many in [10, 100, 1_000, 10_000] {
        let mut command = with_library(setting, setting.program("till"));
        command.args(["call", &terminal.url(), &many.to_string()]);
        orders.push(again(setting, &mut command, p50_us)?);
    }
    orders.insert(0, f64::NAN);
    grown(&mut table, "orders so far, no journal: p50 us", &orders);
    grown(&mut table, "orders in the journal: CPU us/order", &rows(setting, terminal)?);
    Ok(format!("Time per operation as things grow by tens.\n\n{}", table.text()))
}

/// The processor time of an order when the journal has so many already. The file is in memory where it can be: the disk's
/// own time does not depend on what was written before.
fn rows(setting: &Setting, terminal: &Terminal) -> Result<Vec<f64>, String> {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory } else { &setting.built };
    let file = folder.join(format!("ecrhub-bench-{}.db", std::process::id()));
    forget(&file);
    // 500 to warm up and 500 to measure, and 8,500 on the way in between.
    let first = with_journal(setting, terminal, &file, 0, 500)?;
    with_journal(setting, terminal, &file, 1_000, 8_000)?;
    let last = with_journal(setting, terminal, &file, 9_500, 500)?;
    forget(&file);
    Ok(vec![f64::NAN, f64::NAN, f64::NAN, first.cpu_us(), last.cpu_us()])
}

fn grown(table: &mut Table, what: &str, numbers: &[f64]) {
    let mut cells: Vec<String> = numbers.iter().copied().map(number).collect();
    cells.resize(5, "-".to_owned());
    table.row([what.to_owned()].into_iter().chain(cells));
}
