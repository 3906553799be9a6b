//! The simulator as a process of its own, and its control API.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Starting a program or asking one on this machine takes no time worth mentioning.
const PATIENCE: Duration = Duration::from_secs(30);

/// Builds the simulator, as it may be older than its sources, and says where it is.
pub fn build() -> PathBuf {
    // <target>/<profile>/deps/torture-<hash>
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let profile = match folder.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => "dev",
        other => other,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "ecrhub-simulator", "--profile", profile])
        .arg("--target-dir")
        .arg(folder.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .status();
    assert!(built.expect("cargo starts").success(), "the simulator does not build");
    folder.join("ecrhub-simulator")
}

/// A running simulator; dropping it ends it.
pub struct Terminal {
    child: Child,
    /// Where tills connect.
    pub address: SocketAddr,
    control: SocketAddr,
}

impl Terminal {
    /// `folder` gets its ledger and its log.
    pub fn start(program: &Path, folder: &Path, seed: u64, options: &[&str]) -> Terminal {
        let log = folder.join("terminal.log");
        let mut child = Command::new(program)
            .args(["--port", "0", "--control-port", "0", "--ledger"])
            .arg(folder.join("ledger.json"))
            .args(["--seed", &seed.to_string(), "--think-ms", "30", "--slow-ms", "300"])
            .args(["--very-slow-ms", "1200", "--restart-ms", "300", "--freeze-ms", "800"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let (address, control) = loop {
            let said = std::fs::read_to_string(&log).unwrap();
            if let Some(addresses) = addresses(&said) {
                break addresses;
            }
            if begun.elapsed() > PATIENCE || child.try_wait().unwrap().is_some() {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the simulator does not start: {said}");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Terminal { child, address, control }
    }

    /// `POST` of what needs no body, such as `/cut`.
    pub fn order(&self, path: &str) {
        self.call("POST", path);
    }

    /// How often each number was charged, as the terminal says.
    pub fn ledger(&self) -> Vec<String> {
        numbers(&self.call("GET", "/ledger"))
    }

    fn call(&self, method: &str, path: &str) -> Value {
        let answer = (|| -> std::io::Result<String> {
            let mut stream = TcpStream::connect_timeout(&self.control, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        })();
        let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the ledger's file says, which outlives the process.
pub fn ledger_in(folder: &Path) -> Vec<String> {
    match std::fs::read_to_string(folder.join("ledger.json")) {
        Ok(text) => numbers(&serde_json::from_str::<Value>(&text).unwrap()["ledger"]),
        Err(_) => Vec::new(),
    }
}

fn numbers(ledger: &Value) -> Vec<String> {
    let number = |entry: &Value| entry["merchant_order_no"].as_str().unwrap().to_owned();
    ledger.as_array().unwrap().iter().map(number).collect()
}

fn addresses(said: &str) -> Option<(SocketAddr, SocketAddr)> {
    let (first, rest) = said.split_once('\n')?;
    let (second, _) = rest.split_once('\n')?;
    let till = first.strip_prefix("listening on ws://")?.parse().ok()?;
    let control = second.strip_prefix("control on http://")?.parse().ok()?;
    Some((till, control))
}
