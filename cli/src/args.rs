//! The command line, as clap reads it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ecrhub::Outcome;

use crate::exit;

/// Take card payments on a CodePay Register terminal, and find out why they do not work
#[derive(Debug, Parser)]
#[command(name = "ecrhub", version, after_help = exit::help(), max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection and output")]
pub struct Global {
    /// The terminal's address, ws://HOST[:PORT][/PATH]; a bare host will do
    #[arg(long, global = true, env = "ECRHUB_URL", value_name = "URL")]
    pub url: Option<String>,
    /// The payment application's id, registered with the gateway
    #[arg(long, global = true, env = "ECRHUB_APP_ID", value_name = "ID")]
    pub app_id: Option<String>,
    /// The journal's file: orders are on disk before they are sent
    #[arg(long, global = true, env = "ECRHUB_JOURNAL", value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// A file with a JSON configuration object; the options above go before it
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How long the command may take; an order that is not paid by then is given up
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// One JSON object per line on standard output, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// The library's log on standard error; -vv says more, -vvv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take a payment
    Sale {
        /// In major units: 34.50
        amount: String,
        #[command(flatten)]
        options: OrderOptions,
    },
    /// Take back a transaction of the same day
    Void {
        /// The number of the order to take back
        original: String,
        /// Its amount, where the terminal asks for it
        #[arg(long, value_name = "AMOUNT")]
        amount: Option<String>,
        #[command(flatten)]
        options: OrderOptions,
    },
    /// Give money back
    Refund {
        /// The number of the order that was paid
        original: String,
        /// In major units: 34.50
        amount: String,
        #[command(flatten)]
        options: OrderOptions,
    },
    /// Hold an amount on the customer's card
    Auth {
        /// In major units: 34.50
        amount: String,
        #[command(flatten)]
        options: OrderOptions,
    },
    /// Take an amount that auth holds
    Complete {
        /// The number of the authorization
        original: String,
        /// In major units: 34.50
        amount: String,
        #[command(flatten)]
        options: OrderOptions,
    },
    /// Take a payment with cash for the customer
    Cashback {
        /// The payment, in major units: 34.50
        amount: String,
        /// The cash, in major units: 20.00
        cash: String,
        #[command(flatten)]
        options: OrderOptions,
    },
    /// Ask what became of an order
    Query {
        /// The order's number
        number: String,
    },
    /// Give up an order that waits for the customer
    Close {
        /// The order's number
        number: String,
    },
    /// Send any request, given as JSON
    Send {
        /// The request, or - for standard input (the default)
        #[arg(conflicts_with = "file")]
        request: Option<String>,
        /// Read the request from a file
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show connection and events as they come, until Ctrl-C
    Watch,
    /// Go step by step towards a terminal, and say what to do where it fails
    Doctor {
        /// The terminal's address, instead of --url
        #[arg(value_name = "URL")]
        address: Option<String>,
    },
    /// Look at the orders on disk, also while a till is running
    Journal {
        #[command(subcommand)]
        command: JournalCommand,
    },
}

/// What may be said of an order; what does not go together, the library refuses by name.
#[derive(Debug, Args)]
#[command(next_help_heading = "Order")]
pub struct OrderOptions {
    /// This order's own number, at most 32 letters and digits, never used before; made up when not given
    #[arg(long, value_name = "NUMBER")]
    pub order: Option<String>,
    /// ISO 4217: USD
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// A tip beside the amount
    #[arg(long, value_name = "AMOUNT")]
    pub tip: Option<String>,
    /// The terminal asks the customer for a tip
    #[arg(long)]
    pub ask_tip: bool,
    /// The tax in the amount
    #[arg(long, value_name = "AMOUNT")]
    pub tax: Option<String>,
    /// Visa, MasterCard, Alipay, ...
    #[arg(long, value_name = "ID")]
    pub pay_method: Option<String>,
    /// SWIPE_CARD, SCANQR_PAY or BSCANQR_PAY
    #[arg(long, value_name = "SCENARIO")]
    pub scenario: Option<String>,
    /// 1 debit, 2 credit, 3 EBT, 4 gift
    #[arg(long, value_name = "TYPE")]
    pub card_type: Option<String>,
    /// Comes back unchanged with the answer
    #[arg(long, value_name = "TEXT")]
    pub attach: Option<String>,
    /// The goods or the service
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Where the gateway reports to
    #[arg(long, value_name = "URL")]
    pub notify_url: Option<String>,
    /// After so many seconds the order may no longer be paid
    #[arg(long, value_name = "SECONDS")]
    pub expires: Option<u32>,
    /// The cashier confirms on the terminal first
    #[arg(long)]
    pub confirm: bool,
    /// A void or refund needs the manager on the terminal
    #[arg(long)]
    pub manager: bool,
    /// The customer signs on the screen
    #[arg(long)]
    pub sign_on_screen: bool,
    /// 0 no receipt, 1 the merchant's, 2 the customer's, 3 both
    #[arg(long, value_name = "MODE")]
    pub receipt: Option<String>,
    /// Any other field of biz_data; may be given several times
    #[arg(long, value_name = "NAME=TEXT", value_parser = pair)]
    pub field: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// List orders, oldest first
    List {
        #[command(flatten)]
        filter: Filters,
    },
    /// Show one order whole
    Show {
        /// The order's number, or its request_id
        id: String,
    },
    /// Write down what a person found out about an unknown order
    Resolve {
        /// The order's number, or its request_id
        id: String,
        /// What happened to the money
        outcome: Decision,
        /// Who decided, and why
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Write all orders as CSV; with --json as JSON lines
    Export {
        #[command(flatten)]
        filter: Filters,
        /// To a new file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Which orders.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which orders")]
pub struct Filters {
    /// Only those without an outcome, not acknowledged, or unknown and not resolved
    #[arg(long)]
    pub open: bool,
    /// Only those with this outcome
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    pub outcome: Option<Outcome>,
    /// Only this terminal's
    #[arg(long, value_name = "NAME")]
    pub terminal: Option<String>,
    /// Only from this local day or time on: 2026-01-31, "2026-01-31 14:00"
    #[arg(long, value_name = "WHEN", value_parser = crate::clock::parse)]
    pub from: Option<i64>,
    /// Only those before this local day or time
    #[arg(long, value_name = "WHEN", value_parser = crate::clock::parse)]
    pub until: Option<i64>,
    /// Only the newest so many
    #[arg(long, value_name = "COUNT")]
    pub last: Option<u32>,
}

/// What a person may decide about an unknown order.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Decision {
    Approved,
    Declined,
    Cancelled,
    NotFound,
}

impl From<Decision> for Outcome {
    fn from(decision: Decision) -> Outcome {
        match decision {
            Decision::Approved => Outcome::Approved,
            Decision::Declined => Outcome::Declined,
            Decision::Cancelled => Outcome::Cancelled,
            Decision::NotFound => Outcome::NotFound,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let refused = || "seconds from 0.001 to 86400 expected".to_owned();
    let seconds: f64 = text.parse().map_err(|_| refused())?;
    if !(0.001..=86_400.0).contains(&seconds) {
        return Err(refused());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| refused())
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=TEXT expected".to_owned()),
    }
}

fn outcome(text: &str) -> Result<Outcome, String> {
    Outcome::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_documented() {
        fn check(command: &clap::Command, page: &str, missing: &mut Vec<String>) {
            for option in command.get_arguments().filter_map(|arg| arg.get_long()) {
                if !matches!(option, "help" | "version") && !page.contains(&format!("`--{option}"))
                {
                    missing.push(format!("{} --{option}", command.get_name()));
                }
            }
            for command in command.get_subcommands() {
                if !page.contains(&format!("{} ", command.get_name()))
                    && !page.contains(&format!("{}`", command.get_name()))
                {
                    missing.push(command.get_name().to_owned());
                }
                check(command, page, missing);
            }
        }
        let mut missing = Vec::new();
        check(&Cli::command(), include_str!("../../docs/command-line.md"), &mut missing);
        assert!(missing.is_empty(), "not in docs/command-line.md: {missing:?}");
    }

    #[test]
    fn seconds_have_bounds() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1_500)));
        for text in ["0", "-1", "nan", "inf", "1e9", "", "abc"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
