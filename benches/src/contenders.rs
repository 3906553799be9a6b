//! Who is measured against whom, and with what settings.

use std::process::Command;

use crate::run::{Measured, Setting, Terminal, run, with_library};

/// Makes the command for one run: `(setting, terminal, count)`.
type Make = fn(&Setting, &Terminal, u32) -> Command;

/// One way to speak to a terminal.
pub struct Contender {
    pub name: &'static str,
    /// What a reader must know to judge it.
    pub note: &'static str,
    pub make: Make,
}

/// A contender's runs, or why there are none.
pub struct Entered {
    pub name: &'static str,
    pub note: String,
    pub runs: Vec<Measured>,
}

fn till(setting: &Setting, what: &str, terminal: &Terminal, count: u32) -> Command {
    let mut command = with_library(setting, setting.program("till"));
    command.args([what, &terminal.url(), &count.to_string()]);
    command
}

fn peer(setting: &Setting, name: &str, what: &str, to: String, count: u32) -> Command {
    let mut command = Command::new(setting.program(name));
    command.args([what, &to, &count.to_string()]);
    command
}

fn tungstenite(setting: &Setting, what: &str, terminal: &Terminal, count: u32) -> Command {
    let mut command = Command::new(setting.root.join("target/release/tungstenite-till"));
    command.args([what, &terminal.url(), &count.to_string()]);
    command
}

fn python(setting: &Setting, what: [&str; 2], terminal: &Terminal, count: u32) -> Command {
    let mut command = with_library(setting, setting.built.join("python/bin/python"));
    command.env("PYTHONPATH", setting.root.join("bindings/python/src"));
    command.arg(setting.root.join("benches/python/till.py")).args(what);
    command.args([terminal.url(), (count / 4).max(1).to_string()]);
    command
}

fn mono(setting: &Setting, what: [&str; 2], terminal: &Terminal, count: u32) -> Command {
    let mut command = with_library(setting, "mono");
    command.arg(setting.program("Tills.exe")).args(what);
    command.args([terminal.url(), (count / 4).max(1).to_string()]);
    command
}

const RAW: &str = "plain TCP, C";
const TUNGSTENITE: &str = "tungstenite + serde_json, Rust";

/// One request at a time. The first is the floor for TCP, the second the one for WebSocket.
pub const ROUND_TRIP: [Contender; 10] = [
    Contender {
        name: RAW,
        note: "the floor: the same sizes, blocking, `TCP_NODELAY`, nothing parsed",
        make: |s, t, n| peer(s, "raw", "roundtrip", t.plain_port.to_string(), n),
    },
    Contender {
        name: TUNGSTENITE,
        note: "the floor for WebSocket: blocking, one thread, `TCP_NODELAY`, defaults; builds, parses and pairs",
        make: |s, t, n| tungstenite(s, "roundtrip", t, n),
    },
    Contender {
        name: "`ecrhub_call`, C",
        note: "defaults, no journal",
        make: |s, t, n| till(s, "call", t, n),
    },
    Contender {
        name: "`ecrhub_send` + `ecrhub_poll`, C",
        note: "defaults, no journal",
        make: |s, t, n| till(s, "poll", t, n),
    },
    Contender {
        name: "libwebsockets + cJSON, C",
        note: "one event loop, defaults; cJSON builds and parses; pairs by `request_id`",
        make: |s, t, n| peer(s, "lws", "roundtrip", t.port.to_string(), n),
    },
    Contender {
        name: "libwebsockets without JSON, C",
        note: "does less: prints text and searches the answer for text; no JSON is read, nothing is remembered",
        make: |s, t, n| peer(s, "lws-bare", "roundtrip", t.port.to_string(), n),
    },
    Contender {
        name: "ecrhub, Python",
        note: "`terminal.sale`, defaults",
        make: |s, t, n| python(s, ["roundtrip", "ecrhub"], t, n),
    },
    Contender {
        name: "websocket-client, Python",
        note: "`create_connection`, defaults, `json`",
        make: |s, t, n| python(s, ["roundtrip", "websocket-client"], t, n),
    },
    Contender {
        name: "websockets (sync), Python",
        note: "`websockets.sync.client`, defaults, `json`",
        make: |s, t, n| python(s, ["roundtrip", "websockets"], t, n),
    },
    Contender {
        name: "ecrhub, C# on Mono",
        note: "`terminal.Sale`, defaults",
        make: |s, t, n| mono(s, ["roundtrip", "ecrhub"], t, n),
    },
];

/// The last of the round trips.
pub const CLIENT_WEB_SOCKET: Contender = Contender {
    name: "`ClientWebSocket`, C# on Mono",
    note: "defaults; text is printed and searched, never parsed: Mono has no JSON reader",
    make: |s, t, n| mono(s, ["roundtrip", "ClientWebSocket"], t, n),
};

/// 64 requests in flight.
pub const PIPELINED: [Contender; 10] = [
    Contender {
        name: RAW,
        note: "one write and, where answers come together, one read for several",
        make: |s, t, n| peer(s, "raw", "pipelined", t.plain_port.to_string(), n),
    },
    Contender {
        name: TUNGSTENITE,
        note: "as above; a map pairs the answers",
        make: |s, t, n| tungstenite(s, "pipelined", t, n),
    },
    Contender {
        name: "`ecrhub_send` + `ecrhub_poll`, C",
        note: "defaults, no journal",
        make: |s, t, n| till(s, "pipelined", t, n),
    },
    Contender {
        name: "libwebsockets + cJSON, C",
        note: "one frame for each time its loop says that the socket is writable",
        make: |s, t, n| peer(s, "lws", "pipelined", t.port.to_string(), n),
    },
    Contender {
        name: "libwebsockets without JSON, C",
        note: "does less, as above",
        make: |s, t, n| peer(s, "lws-bare", "pipelined", t.port.to_string(), n),
    },
    Contender {
        name: "ecrhub, Python",
        note: "`terminal.submit` and `terminal.events`, defaults",
        make: |s, t, n| python(s, ["pipelined", "ecrhub"], t, n),
    },
    Contender {
        name: "websocket-client, Python",
        note: "as above; a dictionary pairs the answers",
        make: |s, t, n| python(s, ["pipelined", "websocket-client"], t, n),
    },
    Contender {
        name: "websockets (sync), Python",
        note: "as above; a dictionary pairs the answers",
        make: |s, t, n| python(s, ["pipelined", "websockets"], t, n),
    },
    Contender {
        name: "ecrhub, C# on Mono",
        note: "64 tasks that await `terminal.SaleAsync`, defaults",
        make: |s, t, n| mono(s, ["pipelined", "ecrhub"], t, n),
    },
    Contender {
        name: "`ClientWebSocket`, C# on Mono",
        note: "as above, never parsed; a dictionary pairs the answers",
        make: |s, t, n| mono(s, ["pipelined", "ClientWebSocket"], t, n),
    },
];

/// Everybody in turn, then everybody again: what the machine does meanwhile is the same for all.
pub fn interleave(
    setting: &Setting,
    terminal: &Terminal,
    contenders: &[&Contender],
    count: u32,
) -> Vec<Entered> {
    let mut all: Vec<Entered> = contenders
        .iter()
        .map(|who| Entered { name: who.name, note: who.note.to_owned(), runs: Vec::new() })
        .collect();
    for _ in 0..setting.rounds() {
        for (who, entered) in contenders.iter().zip(&mut all) {
            match run(&mut (who.make)(setting, terminal, count)) {
                Ok(measured) => entered.runs.push(measured),
                Err(why) => {
                    eprintln!("{}: {why}", who.name);
                    entered.note = "not measured: not there, or failed".to_owned();
                }
            }
        }
    }
    all
}
