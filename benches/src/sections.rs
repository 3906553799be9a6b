//! The sections of the page, each with what was asked of it and whether it holds.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::contenders::{CLIENT_WEB_SOCKET, Contender, Entered, PIPELINED, ROUND_TRIP, interleave};
use crate::run::{Measured, Setting, Terminal, median, run, run_for, with_library};
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
  p50 and p99 are within a run. Machines differ and have moods: where the kernel keeps till and terminal on two processors that
  sleep in between, a round trip takes several times as long as on one. **The ratios are what counts.**
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

/// A ratio of which nothing was asked.
fn told(out: &mut String, what: &str, got: f64, why: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "- {what}: {}, {why}", number(got));
}

/// Whatever the numbers say.
const WHY_NOT_FASTER: &str = "
Why it is not faster still: beside what a bare client does, the library checks the order against the protocol, remembers its
number so that it is never sold twice, keeps what a later question would ask for, and waits so that another thread can wake it
(`poll` and then `recv`, where a client with one thread has `recv` alone). Of the time in Python most is the binding's own
Python, which makes a typed object of every answer.
";

/// Of a till that cannot be used as it is.
const DOES_LESS: &str = "told but not judged, for it does less: it prints its order and searches the answer for three texts, \
                         reads no JSON and remembers nothing; the till on libwebsockets that does the job is the one with cJSON";

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
    told(&mut out, "`ecrhub_call` / libwebsockets without JSON", p50(2) / p50(5), DOES_LESS);
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

/// Whatever the numbers say.
const WHY_DEARER: &str = "\
Nothing is asked of these numbers. Every till writes each request by itself. Beside that the library keeps its books of all
the orders in flight. In Python it makes a typed object of every answer here, too.
";

/// 64 requests in flight.
pub fn pipelined(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let contenders: Vec<&Contender> = PIPELINED.iter().collect();
    let all = interleave(setting, terminal, &contenders, setting.count(20_000));
    Ok(format!(
        "64 requests in flight: as soon as one is answered, the next one is sent. The clock of each starts when the till wants \
         to send it.\n\n{}\n{WHY_DEARER}",
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
    let count = setting.count(500).to_string();
    let file = setting.built.join("journal.db");
    for _ in 0..setting.rounds() {
        forget(&file);
        let mut till = with_library(setting, setting.program("till"));
        till.env("JOURNAL", &file).args(["beside", &terminal.url(), &count]);
        let [one_without, one_with] = run_for(&mut till)?;
        without.push(one_without);
        with.push(one_with);
        let mut writes = Command::new(setting.program("disk"));
        disk.push(run(writes.arg(setting.built.join("disk.bin")).arg(&count))?);
    }
    forget(&file);
    let mut table = Table::new(&["what", "p50 us", "CPU us/order"]);
    let mut row = |what: &str, p50, cpu| table.row([what.to_owned(), number(p50), number(cpu)]);
    let [p50, p50_without, p50_disk] = [&with, &without, &disk].map(|runs| median(runs, p50_us));
    let [cpu, cpu_without, cpu_disk] =
        [&with, &without, &disk].map(|runs| median(runs, Measured::cpu_us));
    row("`ecrhub_call` of an order without a journal", p50_without, cpu_without);
    row("the same with a journal", p50, cpu);
    row("added", p50 - p50_without, cpu - cpu_without);
    row("the disk's own: one page appended and synced", p50_disk, cpu_disk);
    row("added, in such writes", (p50 - p50_without) / p50_disk, f64::NAN);
    Ok(format!(
        "An order is on the disk before its first byte leaves, and its outcome before the till is told: two writes, each of \
         which waits for the disk. One order without a journal and one with it, in turn, in one process: both come after a \
         wait for the disk, which has put till and terminal to sleep, so this round trip is slower than one among many. The \
         till's acknowledgement, which waits for no disk, is in the journal's CPU and not in its time.\n\n{}",
        table.text()
    ))
}

/// Measures at each size in turn, and again from the first: the medians of processor time for an operation.
fn grow(
    rounds: usize,
    sizes: &[u32],
    measure: impl Fn(u32) -> Result<Measured, String>,
) -> Result<Vec<f64>, String> {
    let mut runs = vec![Vec::new(); sizes.len()];
    for _ in 0..rounds {
        for (size, runs) in sizes.iter().zip(&mut runs) {
            runs.push(measure(*size)?);
        }
    }
    Ok(runs.iter().map(|runs| median(runs, Measured::cpu_us)).collect())
}

/// By tens: it must stay flat.
pub fn growth(setting: &Setting, terminal: &Terminal) -> Result<String, String> {
    let mut table = Table::new(&["what grows", "1", "10", "100", "1,000", "10,000"]);
    let mut row = |what: &str, numbers: Vec<f64>| {
        let mut cells: Vec<String> = numbers.into_iter().map(number).collect();
        cells.resize(5, "-".to_owned());
        table.row([what.to_owned()].into_iter().chain(cells));
    };
    let sizes = [1, 10, 100, 1_000, 10_000];
    let handles = grow(setting.rounds(), &sizes[..4], |count| {
        many_run(setting, terminal, "burst", count, 3)
    })?;
    row("terminals, all at once: us/message", handles);
    let in_flight = grow(setting.rounds(), &sizes[..4], |many| {
        let mut till = with_library(setting, setting.program("till"));
        till.env("IN_FLIGHT", many.to_string());
        run(till.args(["pipelined", &terminal.url(), &setting.count(20_000).to_string()]))
    })?;
    row("requests in flight: us/request", in_flight);
    let measured = setting.count(2_000);
    // They are short, and the machine's mood may be the other one in some of them.
    let orders_rounds = setting.rounds() * 3;
    let without =
        grow(orders_rounds, &sizes, |rows| grown(setting, terminal, rows, measured, None))?;
    row("orders so far, no journal: us/order", without);
    let folder = Folder::new(setting)?;
    let with = grow(orders_rounds, &sizes, |rows| {
        grown(setting, terminal, rows, measured, Some(&folder))
    })?;
    row("orders in the journal: us/order", with);
    Ok(format!(
        "Processor time per operation as things grow by tens: where the kernel puts till and terminal changes it, too, \
         though less than what the clock says. All sizes of a row take turns, those of orders three times as often.\n\n{}\n\
         Terminals are asked once a second: the message of a single one has to wake a till that sleeps, and those of many share \
         one waking. Orders are those after so many at a fresh terminal with a fresh journal, of which there are enough that \
         {} are measured: as many at each as were before them, ten at the least. The journal lies in memory here: the disk's \
         own time does not depend on what was written before.\n",
        table.text(),
        whole(f64::from(measured))
    ))
}

/// Where journals lie for as long as they are measured: in memory where it can be.
struct Folder(PathBuf);

impl Folder {
    fn new(setting: &Setting) -> Result<Folder, String> {
        let memory = Path::new("/dev/shm");
        let within = if memory.is_dir() { memory } else { &setting.built };
        let folder = within.join(format!("ecrhub-bench-{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Orders after so many others, in a journal or not.
fn grown(
    setting: &Setting,
    terminal: &Terminal,
    rows: u32,
    count: u32,
    folder: Option<&Folder>,
) -> Result<Measured, String> {
    let mut till = with_library(setting, setting.program("till"));
    till.env("ROWS", rows.to_string());
    if let Some(Folder(folder)) = folder {
        // Each run in a folder of its own, gone before the next: memory is not there for all of them.
        let folder = folder.join("run");
        // There is none before the first.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        till.env("JOURNAL", folder.join("journal"));
    }
    run(till.args(["grown", &terminal.url(), &count.to_string()]))
}
