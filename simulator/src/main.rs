//! The simulator as a program.

#![forbid(unsafe_code)]

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use ecrhub_simulator::{
    ODDITIES, Oddities, Options, QueueMode, Simulator, amounts_table, oddities_table,
};

fn main() -> ExitCode {
    let matches = command().get_matches();
    if matches.get_flag("amounts") {
        return print(&amounts_table());
    }
    if matches.get_flag("oddities") {
        return print(&oddities_table());
    }
    // Held so that the two addresses come before anything the terminal has to say.
    let mut out = std::io::stdout().lock();
    let simulator = match Simulator::start(options(&matches)) {
        Ok(simulator) => simulator,
        Err(error) => {
            eprintln!("ecrhub-simulator: {error}");
            return ExitCode::FAILURE;
        }
    };
    let _ =
        writeln!(out, "listening on {}\ncontrol on {}", simulator.url(), simulator.control_url());
    let _ = out.flush();
    drop(out);
    // Ends by a signal; the system closes the sockets.
    loop {
        std::thread::park();
    }
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// One line, at once, also into a pipe; nobody listening is no reason to end.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("MS")
        .default_value(default)
        .value_parser(value_parser!(u64))
        .help(help)
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn port(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("PORT")
        .default_value(default)
        .value_parser(value_parser!(u16))
        .help(help)
}

fn command() -> Command {
    let oddities = ODDITIES.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    Command::new("ecrhub-simulator")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A CodePay Register payment terminal in software, to develop and test a till without hardware")
        .after_help(format!("Test amounts: the cents of order_amount choose what happens.\n\n{}", amounts_table()))
        .arg(Arg::new("host").long("host").default_value("127.0.0.1").help("The address to listen on"))
        .arg(port("port", "35779", "The terminal's port; 0 takes a free one"))
        .arg(port("control-port", "35780", "The control API's port, always on loopback; 0 takes a free one"))
        .arg(number("think-ms", "1500", "How long the customer takes"))
        .arg(number("slow-ms", "5000", "How long a slow customer takes"))
        .arg(number("very-slow-ms", "60000", "How long a very slow customer takes"))
        .arg(number("confirm-ms", "1500", "How long the cashier takes over confirm_on_terminal"))
        .arg(number("authorise-ms", "0", "How long the host takes once the card is read; no close is taken meanwhile"))
        .arg(number("signature-ms", "5000", "How long the test amounts for it wait for a signature"))
        .arg(number("late-ms", "5000", "How long after its answer an order is charged or reversed by the test amounts for it"))
        .arg(number("expires-floor-ms", "60000", "An order's expires is at least this long; 0 takes it as it is"))
        .arg(number("expires-default-ms", "0", "When an order without expires does; 0 for never"))
        .arg(number("restart-ms", "5000", "How long a restart refuses connections"))
        .arg(number("freeze-ms", "30000", "How long the test amount for it freezes"))
        .arg(number("ping-interval-ms", "60000", "How often tills are pinged; 0 for never"))
        .arg(number("pong-timeout-ms", "90000", "A till whose last pong is older is cut; 0 for never"))
        .arg(
            Arg::new("oddity")
                .long("oddity")
                .value_name("NAME")
                .action(ArgAction::Append)
                .value_parser(oddities)
                .hide_possible_values(true)
                .help("Something terminals do beside their documentation; may be repeated; --oddities lists them"),
        )
        .arg(flag("manual", "Orders wait for POST /approve, /decline or /cancel"))
        .arg(flag("push-after-reconnect", "An answer whose link dropped is pushed on the next connection"))
        .arg(flag("close-unknown-fails", "A close of an unknown number answers 104 instead of 000"))
        .arg(flag("close-unknown-forgotten", "A close of an unknown number answers 000 and is forgotten"))
        .arg(
            Arg::new("order-queue-mode")
                .long("order-queue-mode")
                .value_name("MODE")
                .value_parser(["FIFO", "FILO"])
                .help("Orders that come while it is busy wait their turn, FIFO or FILO; ecrhub.init says so"),
        )
        .arg(number("memory", "0", "How many ended transactions it remembers; 0 for all").value_name("COUNT"))
        .arg(flag("ignore-amounts", "Cents choose nothing: every order is approved"))
        .arg(
            Arg::new("ledger")
                .long("ledger")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Keeps records and ledger over a restart"),
        )
        .arg(number("seed", "1", "Chooses transaction numbers and cards").value_name("NUMBER"))
        .arg(flag("quiet", "Prints nothing but the two addresses"))
        .arg(flag("amounts", "Prints the test amounts and ends"))
        .arg(flag("oddities", "Prints the oddities and ends"))
}

fn options(matches: &ArgMatches) -> Options {
    let number = |name: &str| matches.get_one::<u64>(name).copied().unwrap_or_default();
    let port = |name: &str| matches.get_one::<u16>(name).copied().unwrap_or_default();
    let defaults = Options::default();
    let odd = matches.get_many::<String>("oddity").unwrap_or_default().map(String::as_str);
    Options {
        host: matches.get_one::<String>("host").cloned().unwrap_or(defaults.host),
        port: port("port"),
        control_port: port("control-port"),
        seed: number("seed"),
        think_ms: number("think-ms"),
        slow_ms: number("slow-ms"),
        very_slow_ms: number("very-slow-ms"),
        confirm_ms: number("confirm-ms"),
        restart_ms: number("restart-ms"),
        freeze_ms: number("freeze-ms"),
        manual: matches.get_flag("manual"),
        test_amounts: !matches.get_flag("ignore-amounts"),
        push_after_reconnect: matches.get_flag("push-after-reconnect"),
        close_unknown_fails: matches.get_flag("close-unknown-fails"),
        close_unknown_forgotten: matches.get_flag("close-unknown-forgotten"),
        authorise_ms: number("authorise-ms"),
        signature_ms: number("signature-ms"),
        late_ms: number("late-ms"),
        expires_floor_ms: number("expires-floor-ms"),
        expires_default_ms: number("expires-default-ms"),
        memory: usize::try_from(number("memory")).unwrap_or(usize::MAX),
        order_queue_mode: matches
            .get_one::<String>("order-queue-mode")
            .and_then(|mode| QueueMode::from_name(mode)),
        // The names were checked by the parser.
        oddities: Oddities::from_names(odd).unwrap_or_default(),
        ping_interval_ms: number("ping-interval-ms"),
        pong_timeout_ms: number("pong-timeout-ms"),
        ledger: matches.get_one::<PathBuf>("ledger").cloned(),
        log: (!matches.get_flag("quiet")).then_some(say),
    }
}
