//! The `ecrhub` command line: take, void, refund and look up card payments, and find out why they do not work.
//!
//! | room | what |
//! |---|---|
//! | `args` | the command line itself |
//! | `exit` | exit codes: the one table |
//! | `settings` | options, environment and file become a configuration |
//! | `ask` | what is asked of the terminal: orders, queries, anything |
//! | `pay` | one request from connecting to its outcome, Ctrl-C included |
//! | `limit` | `--timeout` |
//! | `watch` | events as they come |
//! | `doctor` | step by step towards a terminal |
//! | `journal` | orders on disk |
//! | `say` | events and outcomes in plain words |
//! | `masked` | what is printed has no card data |
//! | `out` | standard output and error, and the live line |
//! | `interrupt` | Ctrl-C |
//! | `clock` | times for people |

#![forbid(unsafe_code)]

mod args;
mod ask;
mod clock;
mod doctor;
mod exit;
mod interrupt;
mod journal;
mod limit;
mod logging;
mod masked;
mod out;
mod pay;
#[cfg(test)]
mod printed_commands;
mod say;
mod settings;
mod watch;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;
use exit::{Exit, Failure};
use out::Out;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(cli.global.verbose);
    let mut out = Out::new(cli.global.json);
    match run(cli, &mut out) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            out.note(&failure.to_string());
            failure.exit().into()
        }
    }
}

fn run(cli: Cli, out: &mut Out) -> Result<Exit, Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Watch => watch::run(global, out),
        Command::Doctor { address } => doctor::run(global, address.as_deref(), out),
        Command::Journal { command } => journal::run(global, command, out),
        other => pay::run(global, &ask::of(other)?, out),
    }
}
