//! Running the terminal and the tills.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Where things are, and how long to measure.
pub struct Setting {
    /// The repository.
    pub root: PathBuf,
    /// What `scripts/bench` has built.
    pub built: PathBuf,
    /// A short run, to see that it works.
    pub is_quick: bool,
}

impl Setting {
    /// How often each contender has its turn.
    pub fn rounds(&self) -> usize {
        if self.is_quick { 1 } else { 5 }
    }

    /// So many in a full run, and a tenth of it in a short one.
    pub fn count(&self, full: u32) -> u32 {
        if self.is_quick { (full / 10).max(1) } else { full }
    }

    /// A program that `scripts/bench` has built.
    pub fn program(&self, name: &str) -> PathBuf {
        self.built.join(name)
    }
}

/// The answering terminal. It ends with this value.
pub struct Terminal {
    process: Child,
    /// For WebSocket.
    pub port: u16,
    /// For plain TCP.
    pub plain_port: u16,
}

impl Terminal {
    /// Starts one, on free ports of loopback.
    pub fn start(setting: &Setting) -> Result<Terminal, String> {
        let program = setting.root.join("target/release/answering-terminal");
        let mut process = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut line = String::new();
        if let Some(out) = process.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|error| error.to_string())?;
        }
        let ports: Vec<u16> =
            line.split_whitespace().filter_map(|port| port.parse().ok()).collect();
        match ports[..] {
            [port, plain_port] => Ok(Terminal { process, port, plain_port }),
            _ => Err(format!("the answering terminal said {line:?} instead of two ports")),
        }
    }

    /// What a till is told.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a till measured, in one run.
#[derive(Debug, Clone)]
pub struct Measured(Value);

impl Measured {
    /// A number by its key; nanoseconds for times.
    pub fn get(&self, key: &str) -> f64 {
        self.0[key].as_f64().unwrap_or(f64::NAN)
    }

    /// Microseconds of processor time for each request.
    pub fn cpu_us(&self) -> f64 {
        self.get("cpu_ns") / self.get("count") / 1e3
    }

    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.get("count") * 1e9 / self.get("wall_ns")
    }
}

/// Runs a till once. The error says why there are no numbers.
pub fn run(command: &mut Command) -> Result<Measured, String> {
    let [measured] = run_for(command)?;
    Ok(measured)
}

/// Runs a till that ends with so many lines of results.
pub fn run_for<const LINES: usize>(command: &mut Command) -> Result<[Measured; LINES], String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{command:?}: {}: {err}", output.status));
    }
    let lines: Vec<&str> = out.lines().collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    let measured: Result<Vec<Measured>, String> = last
        .iter()
        .map(|line| {
            serde_json::from_str(line).map(Measured).map_err(|why| format!("{line}: {why}"))
        })
        .collect();
    measured?.try_into().map_err(|_| format!("{command:?}: no results: {out}"))
}

/// A till that uses the library.
pub fn with_library(setting: &Setting, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env("LD_LIBRARY_PATH", &setting.built);
    command.env("ECRHUB_LIBRARY", setting.built.join("libecrhub.so"));
    command
}

/// The median of one number over all rounds.
pub fn median(measured: &[Measured], of: impl Fn(&Measured) -> f64) -> f64 {
    let mut numbers: Vec<f64> = measured.iter().map(of).collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
