//! All orders, for a spreadsheet or another program.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use ecrhub::journal::{Entry, Reader};
use ecrhub::{Error, Outcome, Status};

use super::row::{self, Row};
use super::{entries, filter};
use crate::args::Filters;
use crate::exit::{Exit, Failure};
use crate::out::{Out, plain, plain_json};
use crate::{clock, masked};

/// Standard output gets this much at a time.
const CHUNK: usize = 64 * 1_024;

const HEADS: [&str; 23] = [
    "accepted",
    "merchant_order_no",
    "request_id",
    "terminal",
    "kind",
    "trans_type",
    "order_amount",
    "price_currency",
    "orig_merchant_order_no",
    "outcome",
    "sent",
    "recovered",
    "clarified",
    "was",
    "settled",
    "acknowledged",
    "resolved",
    "trans_no",
    "card_no",
    "auth_code",
    "response_code",
    "response_msg",
    "note",
];

pub fn run(
    path: &str,
    filters: &Filters,
    output: Option<&Path>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let mut sink = Sink::open(output, out.is_json())?;
    sink.begin(out)?;
    if filters.last.is_some() {
        for entry in &entries(path, filters)? {
            sink.put(entry, out)?;
        }
    } else {
        // An export of any length is never in memory whole.
        let mut stopped = None;
        let read = Reader::open(path)?.for_each(&filter(filters), |entry| {
            sink.put(&masked::entry(entry), out).map_err(|failure| {
                stopped = Some(failure);
                Error::new(Status::Internal, "stopped")
            })
        });
        if let Some(failure) = stopped {
            return Err(failure);
        }
        read?;
    }
    sink.end(out)?;
    Ok(Exit::Done)
}

/// Where the lines go, and in which shape.
struct Sink<'a> {
    file: Option<(&'a Path, BufWriter<File>)>,
    pending: String,
    is_json: bool,
}

impl<'a> Sink<'a> {
    fn open(output: Option<&'a Path>, is_json: bool) -> Result<Sink<'a>, Failure> {
        let file = match output {
            None => None,
            // An export must not replace an earlier one, and never the journal itself.
            Some(path) => {
                let file = create(path).map_err(|error| cannot_write(path, &error))?;
                Some((path, BufWriter::new(file)))
            }
        };
        Ok(Sink { file, pending: String::new(), is_json })
    }

    fn begin(&mut self, out: &mut Out) -> Result<(), Failure> {
        if self.is_json {
            return Ok(());
        }
        self.pending = csv_line(&HEADS.map(str::to_owned));
        self.flush_if(0, out)
    }

    fn put(&mut self, entry: &Entry, out: &mut Out) -> Result<(), Failure> {
        if self.is_json {
            self.pending += &plain_json(&row::json(entry));
            self.pending.push('\n');
        } else {
            self.pending += &csv_line(&cells(entry));
        }
        self.flush_if(CHUNK, out)
    }

    fn flush_if(&mut self, more_than: usize, out: &mut Out) -> Result<(), Failure> {
        if self.pending.len() <= more_than {
            return Ok(());
        }
        let text = std::mem::take(&mut self.pending);
        match &mut self.file {
            Some((path, file)) => {
                file.write_all(text.as_bytes()).map_err(|error| cannot_write(path, &error))
            }
            None => {
                out.write(text.as_bytes());
                Ok(())
            }
        }
    }

    fn end(mut self, out: &mut Out) -> Result<(), Failure> {
        self.flush_if(0, out)?;
        match &mut self.file {
            Some((path, file)) => file.flush().map_err(|error| cannot_write(path, &error)),
            None => Ok(()),
        }
    }
}

/// A new file, as private as the journal is.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // The umask may have taken something away.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::System(format!("{} cannot be written: {error}", path.display()))
}

fn cells(entry: &Entry) -> [String; HEADS.len()] {
    let row = Row::of(entry);
    let asked = |name: &str| row.asked(name).unwrap_or_default();
    let said = |name: &str| entry.field(name).unwrap_or_default();
    let time = |ms: Option<i64>| ms.map(clock::iso).unwrap_or_default();
    [
        clock::iso(entry.since_ms),
        entry.merchant_order_no.clone(),
        entry.request_id.clone(),
        entry.terminal.clone(),
        row.deed.name().to_lowercase(),
        asked("trans_type"),
        asked("order_amount"),
        asked("price_currency"),
        asked("orig_merchant_order_no"),
        entry.outcome.map(Outcome::name).unwrap_or_default().to_owned(),
        entry.sent.clone(),
        entry.recovered.to_string(),
        entry.clarified.to_string(),
        entry.was.map(Outcome::name).unwrap_or_default().to_owned(),
        time(entry.settled_ms),
        time(entry.acknowledged_ms),
        time(entry.resolved_ms),
        said("trans_no"),
        said("card_no"),
        said("auth_code"),
        said("response_code"),
        said("response_msg"),
        entry.note.clone().unwrap_or_default(),
    ]
}

/// One line of RFC 4180.
fn csv_line(cells: &[String]) -> String {
    cells.iter().map(|cell| csv_cell(&plain(cell))).collect::<Vec<_>>().join(",") + "\r\n"
}

fn csv_cell(cell: &str) -> String {
    // A spreadsheet would take this for a formula, and what a terminal says must never be run.
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !cell.contains(['"', ',', '\r', '\n']) {
        return cell.to_owned();
    }
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_never_formulas() {
        assert_eq!(csv_cell("34.50"), "34.50");
        assert_eq!(csv_cell("a,b"), "\"a,b\"");
        assert_eq!(csv_cell("say \"no\"\n"), "\"say \"\"no\"\"\n\"");
        assert_eq!(csv_cell("=1+1"), "\"'=1+1\"");
    }
}
