//! Exit codes: the one table from which `--help` is made, and against which the documentation is checked.

use std::fmt;
use std::process::ExitCode;

use ecrhub::{CallError, Error, Outcome};

/// What a script learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    Declined,
    Usage,
    Cancelled,
    NotFound,
    InProgress,
    NotSent,
    Unknown,
    Unreachable,
    Refused,
    Busy,
    Interrupted,
}

pub struct Row {
    pub exit: Exit,
    pub code: u8,
    /// The outcomes that end so.
    pub outcomes: &'static [Outcome],
    pub meaning: &'static str,
}

const fn row(exit: Exit, code: u8, outcomes: &'static [Outcome], meaning: &'static str) -> Row {
    Row { exit, code, outcomes, meaning }
}

pub const TABLE: &[Row] = &[
    row(Exit::Done, 0, &[Outcome::Approved, Outcome::Ok], "approved, or done: record it"),
    row(
        Exit::Declined,
        1,
        &[Outcome::Declined, Outcome::Refused],
        "declined: no money moved, try again with a new order number; what is no order: refused",
    ),
    row(Exit::Usage, 2, &[], "the command line is wrong: nothing was sent"),
    row(
        Exit::Cancelled,
        3,
        &[Outcome::Cancelled],
        "cancelled: no money moved, try again with a new order number",
    ),
    row(
        Exit::NotFound,
        4,
        &[Outcome::NotFound],
        "the terminal has no record of it: no money moved",
    ),
    row(Exit::InProgress, 5, &[Outcome::InProgress], "still being paid: ask again"),
    row(Exit::NotSent, 6, &[Outcome::NotSent], "it never left this machine: it may be sent again"),
    row(
        Exit::Unknown,
        7,
        &[Outcome::Unknown],
        "nobody could tell, MONEY MAY HAVE MOVED: ask a person, never sell again blindly",
    ),
    row(Exit::Unreachable, 8, &[], "doctor: a step failed"),
    row(
        Exit::Refused,
        9,
        &[],
        "refused on this machine (ECRHUB_ERR_...), or a file cannot be used: nothing was sent",
    ),
    row(
        Exit::Busy,
        10,
        &[Outcome::Busy],
        "the terminal is serving another customer: send it again with the same order number",
    ),
    row(
        Exit::Interrupted,
        130,
        &[],
        "left by Ctrl-C before the outcome: the order is open, ask for it with query",
    ),
];

impl Exit {
    pub fn of(outcome: Outcome) -> Exit {
        let row = TABLE.iter().find(|row| row.outcomes.contains(&outcome));
        row.map_or(Exit::Unknown, |row| row.exit)
    }

    pub fn code(self) -> u8 {
        // A code that is in no row would be a mistake here; it must not read as success.
        TABLE.iter().find(|row| row.exit == self).map_or(u8::MAX, |row| row.code)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// The table as the end of `--help`.
pub fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for row in TABLE {
        text += &format!("  {:>3}  {}\n", row.code, row.meaning);
    }
    text.push_str("\nMore in docs/command-line.md.");
    text
}

/// Why a command ended without an outcome.
#[derive(Debug)]
pub enum Failure {
    /// The command line does not say enough.
    Usage(String),
    /// The library refused.
    Library(Error),
    /// A file, or the system.
    System(String),
}

impl Failure {
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Usage(_) => Exit::Usage,
            Failure::Library(_) | Failure::System(_) => Exit::Refused,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Library(error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(error) => Failure::Library(error),
            CallError::Interrupted { .. } => Failure::System(error.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(message) | Failure::System(message) => write!(f, "error: {message}"),
            Failure::Library(error) => write!(f, "error: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_and_every_code_is_in_one_row() {
        for outcome in Outcome::ALL {
            let rows = TABLE.iter().filter(|row| row.outcomes.contains(&outcome)).count();
            assert_eq!(rows, 1, "{outcome}");
        }
        for row in TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.code == row.code).count(), 1);
            assert_eq!(row.exit.code(), row.code);
        }
    }

    #[test]
    fn only_what_moved_money_or_was_done_reads_as_success() {
        for outcome in Outcome::ALL {
            let is_good = matches!(outcome, Outcome::Approved | Outcome::Ok);
            assert_eq!(Exit::of(outcome).code() == 0, is_good, "{outcome}");
        }
    }

    #[test]
    fn the_documentation_has_this_table() {
        let page = include_str!("../../docs/command-line.md");
        for row in TABLE {
            let outcomes: Vec<String> =
                row.outcomes.iter().map(|outcome| format!("`{outcome}`")).collect();
            let line = format!("| {} | {} | {} |", row.code, outcomes.join(", "), row.meaning);
            assert!(page.contains(&line), "docs/command-line.md lacks: {line}");
        }
    }
}
