//! Step by step towards a terminal: the first step that fails says what to do, those after it are not tried.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ecrhub::protocol::QUERY;
use ecrhub::{
    Address, Completed, Config, Error, EventKind, Fault, Outcome, Polled, Stage, Status, Terminal,
};
use serde_json::json;

use crate::args::Global;
use crate::exit::{Exit, Failure};
use crate::limit::Limit;
use crate::out::{Out, plain, wrapped};
use crate::{ask, masked, pay, settings};

/// How soon the first ping goes out.
const PING_INTERVAL_MS: u32 = 50;

pub fn run(global: &Global, url: Option<&str>, out: &mut Out) -> Result<Exit, Failure> {
    let mut config = settings::config(global, url)?;
    let address = config.check()?;
    let limit = Limit::starts(global.timeout);
    let longest = Duration::from_millis(config.connect_timeout_ms.into());
    let longest = global.timeout.unwrap_or(longest);
    let patience = || limit.left_of(longest);
    config.journal = None;
    config.ping_interval_ms = PING_INTERVAL_MS;
    let has_app_id = config.app_id.is_some();
    if !out.is_json() {
        let Address { host, port, .. } = &address;
        out.line(&format!("{}: host {host}, port {port}", plain(&config.shown_url())));
    }
    let mut report = Report { out, failed: None };
    let found = report.step("name", || look_up(&address, patience()));
    let route = report.step("route", || route(found.as_deref().unwrap_or_default()));
    report.step("tcp", || tcp(found.as_deref().unwrap_or_default(), route, patience()));
    let terminal = report.step("websocket", || websocket(config, patience()));
    report.step("ping", || ping(terminal.as_ref(), patience()));
    if has_app_id || report.failed.is_some() {
        report.step("query", || query(terminal.as_ref(), patience()));
    } else {
        report.tell("query", "not tried", None, "a query needs --app-id", None);
    }
    drop(terminal);
    pay::goodbye(limit);
    Ok(report.end())
}

/// What a step found, and what the next one needs of it.
type Found<T> = Result<(String, T), Trouble>;

struct Trouble {
    what: String,
    advice: String,
}

fn trouble(what: impl Into<String>, advice: impl Into<String>) -> Trouble {
    Trouble { what: what.into(), advice: advice.into() }
}

struct Report<'a> {
    out: &'a mut Out,
    failed: Option<&'static str>,
}

impl Report<'_> {
    fn step<T>(&mut self, name: &'static str, does: impl FnOnce() -> Found<T>) -> Option<T> {
        if self.failed.is_some() {
            self.tell(name, "not tried", None, "", None);
            return None;
        }
        let since = Instant::now();
        let found = does();
        let took = Some(since.elapsed());
        match found {
            Ok((detail, value)) => {
                self.tell(name, "ok", took, &detail, None);
                Some(value)
            }
            Err(Trouble { what, advice }) => {
                self.tell(name, "failed", took, &what, Some(&advice));
                self.failed = Some(name);
                None
            }
        }
    }

    fn tell(
        &mut self,
        name: &str,
        result: &str,
        took: Option<Duration>,
        detail: &str,
        advice: Option<&str>,
    ) {
        let ms = took.map(|took| took.as_secs_f64() * 1_000.0);
        if self.out.is_json() {
            let ms = ms.map(|ms| (ms * 1_000.0).round() / 1_000.0);
            let result = result.replace(' ', "_");
            let line = json!({"step": name, "result": result, "ms": ms, "detail": detail, "advice": advice});
            self.out.line(&line.to_string());
            return;
        }
        let colour = match result {
            "ok" => 32,
            "failed" => 31,
            _ => 33,
        };
        let ms = ms.map(|ms| format!("{ms:.1} ms")).unwrap_or_default();
        let mut line = format!(
            "  {name:<9}  \u{1b}[{colour}m{result:<9}\u{1b}[0m  {ms:>10}  {}",
            plain(detail)
        );
        if let Some(advice) = advice {
            // Writing to a String cannot fail.
            let _ = write!(line, "\n\n{}\n", wrapped(&format!("What to do: {}", plain(advice)), 4));
        }
        self.out.line(line.trim_end_matches(' '));
    }

    fn end(self) -> Exit {
        let exit = if self.failed.is_some() { Exit::Unreachable } else { Exit::Done };
        if !self.out.is_json() {
            self.out.line(&match self.failed {
                Some(step) => format!("The terminal cannot be used: the step \"{step}\" failed."),
                None => "The terminal can be used.".to_owned(),
            });
        }
        exit
    }
}

fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX).max(1)
}

/// The system's look-up has no time limit of its own, so it is left behind on its thread when it takes too long.
fn look_up(address: &Address, patience: Duration) -> Found<Vec<SocketAddr>> {
    let Address { host, port, .. } = address.clone();
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(("an address needs no look-up".to_owned(), vec![SocketAddr::new(ip, port)]));
    }
    let advice = format!(
        "Check the spelling of \"{host}\". Names of terminals are seldom known to the shop's router: use the address \
         that the terminal shows in its ECR settings."
    );
    let (found, is_found) = mpsc::channel();
    let name = host.clone();
    std::thread::spawn(move || {
        let looked_up = (name.as_str(), port).to_socket_addrs();
        // Nobody listens any more when it took too long.
        let _ = found.send(looked_up.map(Iterator::collect::<Vec<_>>));
    });
    match is_found.recv_timeout(patience) {
        Ok(Ok(addresses)) if !addresses.is_empty() => {
            let ips: Vec<String> = addresses.iter().map(|a| a.ip().to_string()).collect();
            Ok((format!("{host} is {}", ips.join(", ")), addresses))
        }
        Ok(Ok(_)) => Err(trouble(format!("{host} has no address"), advice)),
        Ok(Err(error)) => Err(trouble(error.to_string(), advice)),
        Err(_) => Err(trouble(
            format!("no answer from the name service within {} ms", patience.as_millis()),
            format!("Check this machine's network and name server. {advice}"),
        )),
    }
}

/// Which of this machine's addresses leads there. A datagram socket finds out without sending anything.
fn route(addresses: &[SocketAddr]) -> Found<IpAddr> {
    let mut why = String::from("there is no address to go to");
    for address in addresses {
        match local_address(*address) {
            Ok(local) => return Ok((format!("to {} from {local}", address.ip()), local)),
            Err(error) => why = format!("{}: {error}", address.ip()),
        }
    }
    Err(trouble(
        why,
        "This machine has no way into the terminal's network: check its cable or Wi-Fi, and that it has an address.",
    ))
}

fn local_address(to: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(to)?;
    Ok(socket.local_addr()?.ip())
}

fn tcp(addresses: &[SocketAddr], from: Option<IpAddr>, patience: Duration) -> Found<()> {
    let mut last = trouble("there is no address to connect to", "");
    let until = Instant::now() + patience;
    for (tried, address) in addresses.iter().enumerate() {
        // Each has the same share of what is left.
        let left = until.saturating_duration_since(Instant::now());
        let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = (left / others).max(Duration::from_millis(1));
        match TcpStream::connect_timeout(address, share) {
            Ok(_) => return Ok((format!("{address} takes connections"), ())),
            Err(error) => last = tcp_trouble(*address, from, &error),
        }
    }
    Err(last)
}

fn tcp_trouble(address: SocketAddr, from: Option<IpAddr>, error: &io::Error) -> Trouble {
    let port = address.port();
    let advice = match error.kind() {
        ErrorKind::ConnectionRefused => format!(
            "A machine answers, but nothing listens on port {port}. Open the register (ECR, WLAN/LAN) mode on the \
             terminal, compare the port it shows, and give it a minute: after leaving that mode the port stays closed \
             for a while."
        ),
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            let from = from.map(|ip| format!(" (this machine is {ip} there)")).unwrap_or_default();
            format!(
                "Nobody answers. Check that the terminal is on and awake, that it still has the address {}, that both \
                 are in the same network{from}, that the Wi-Fi lets devices talk to each other (guest networks do \
                 not), and that no firewall blocks port {port}.",
                address.ip()
            )
        }
        _ => "Check the terminal's address and port, and this machine's firewall.".to_owned(),
    };
    trouble(format!("{address}: {error}"), advice)
}

fn websocket(mut config: Config, patience: Duration) -> Found<Terminal> {
    config.connect_timeout_ms = millis(patience);
    let refused = |error: Error| trouble(error.to_string(), "This is a fault of this machine.");
    let terminal = Terminal::connect(config).map_err(refused)?;
    let until = Instant::now() + patience + Duration::from_millis(300);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match terminal.poll(Some(left)).map_err(refused)? {
            Polled::Event(delivery) => match masked::event(delivery.accept()).kind {
                EventKind::Connected { .. } => {
                    return Ok(("the handshake is done".to_owned(), terminal));
                }
                EventKind::Disconnected { error, .. } => return Err(handshake_trouble(&error)),
                _ => {}
            },
            Polled::Timeout | Polled::Interrupted => {
                let what = format!("no handshake within {} ms", patience.as_millis());
                return Err(handshake_trouble(&Fault::new(
                    Status::Timeout,
                    Stage::Handshake,
                    what,
                )));
            }
        }
    }
}

/// The TCP step has passed, so what fails before the handshake fails again by itself.
fn handshake_trouble(fault: &Fault) -> Trouble {
    match fault.advice() {
        Some((what, advice)) => trouble(what, format!("{advice}.")),
        None => trouble(fault.to_string(), "Try again: the steps before were well a moment ago."),
    }
}

fn ping(terminal: Option<&Terminal>, patience: Duration) -> Found<()> {
    let advice = "The connection stands, but pings are not answered, so a till would give it up again and again. \
                  Restart the register app on the terminal; if that does not help, update it.";
    let terminal = terminal.ok_or_else(|| trouble("there is no connection", ""))?;
    let until = Instant::now() + patience;
    while Instant::now() < until {
        if let Ok(Polled::Event(delivery)) = terminal.poll(Some(Duration::from_millis(10)))
            && let EventKind::Disconnected { error, .. } = masked::event(delivery.accept()).kind
        {
            return Err(trouble(error.to_string(), advice));
        }
        if let Some(ms) = last_ping_ms(terminal) {
            return Ok((format!("answered within {ms} ms"), ()));
        }
    }
    Err(trouble(format!("no answer within {} ms", patience.as_millis()), advice))
}

fn last_ping_ms(terminal: &Terminal) -> Option<u64> {
    let state: serde_json::Value = serde_json::from_str(&terminal.state().ok()?).ok()?;
    state["last_ping_ms"].as_u64()
}

/// Asks for an order that cannot exist: a terminal that says so understands requests and answers them.
fn query(terminal: Option<&Terminal>, patience: Duration) -> Found<()> {
    let terminal = terminal.ok_or_else(|| trouble("there is no connection", ""))?;
    let number = ask::fresh_number();
    let refused = |error: Error| trouble(error.to_string(), "Check the configuration.");
    let done = answer(terminal, &ask::about(QUERY, &number), patience).map_err(refused)?;
    let Some(done) = done else {
        return Err(trouble(format!("no answer within {} ms", patience.as_millis()), UNANSWERED));
    };
    if done.outcome == Outcome::NotFound {
        return Ok((format!("knows no order {number}, as it should"), ()));
    }
    let said: Vec<String> =
        [done.response_code(), done.response_msg()].into_iter().flatten().collect();
    if done.response.is_some() {
        return Err(trouble(
            format!("it answers \"{}\" ({})", said.join(" "), done.outcome),
            "The terminal talks, but not as expected: look at its screen for a message, check that it is logged in, and \
             that --app-id is the id registered for it.",
        ));
    }
    Err(trouble(
        done.error.map_or_else(|| "no answer".to_owned(), |fault| fault.to_string()),
        UNANSWERED,
    ))
}

const UNANSWERED: &str = "The connection stands, but requests are not answered: look at the terminal's screen, end what \
    it is busy with, check --app-id, and restart the register app on it.";

/// The completion, if there is one in time: the library counts the time from when the request is on its way.
fn answer(
    terminal: &Terminal,
    request: &str,
    patience: Duration,
) -> Result<Option<Completed>, Error> {
    let until = Instant::now() + patience;
    let prepared = terminal.prepare(request)?;
    let request_id = prepared.request_id().to_owned();
    terminal.submit(prepared, Some(patience))?;
    while let Polled::Event(delivery) =
        terminal.poll(Some(until.saturating_duration_since(Instant::now())))?
    {
        if let EventKind::Completed(done) = masked::event(delivery.accept()).kind
            && done.request_id == request_id
        {
            return Ok(Some(done));
        }
    }
    Ok(None)
}
