//! Orders on disk: read at any time, written only while no till is running.

mod export;
mod row;

use ecrhub::journal::{self, Entry, Filter, Reader};
use ecrhub::{Outcome, Status};

use crate::args::{Filters, Global, JournalCommand};
use crate::exit::{Exit, Failure};
use crate::out::{Out, pairs, plain};
use crate::{clock, masked, settings};
use row::Row;

pub fn run(global: &Global, command: JournalCommand, out: &mut Out) -> Result<Exit, Failure> {
    let path = settings::journal(global)?;
    let exit = obey(&path, command, out)?;
    // An export that lacks its end must not look whole.
    if out.has_failed() {
        Err(Failure::System("the output is incomplete".to_owned()))
    } else {
        Ok(exit)
    }
}

fn obey(path: &str, command: JournalCommand, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        JournalCommand::List { filter } => list(path, &filter, out),
        JournalCommand::Show { id } => {
            let entry = find(path, &id)?;
            tell(&entry, out);
            Ok(Exit::Done)
        }
        JournalCommand::Resolve { id, outcome, note } => {
            resolve(path, &id, outcome.into(), note.as_deref(), out)
        }
        JournalCommand::Export { filter, output } => {
            export::run(path, &filter, output.as_deref(), out)
        }
    }
}

/// The library's filter. The newest so many are then in the wrong order.
fn filter(filters: &Filters) -> Filter {
    Filter {
        terminal: filters.terminal.clone(),
        open: filters.open,
        outcome: filters.outcome,
        from_ms: filters.from,
        until_ms: filters.until,
        limit: filters.last,
        newest_first: filters.last.is_some(),
    }
}

fn entries(path: &str, filters: &Filters) -> Result<Vec<Entry>, Failure> {
    let entries = Reader::open(path)?.list(&filter(filters))?;
    let mut entries: Vec<Entry> = entries.into_iter().map(masked::entry).collect();
    if filters.last.is_some() {
        entries.reverse();
    }
    Ok(entries)
}

fn find(path: &str, id: &str) -> Result<Entry, Failure> {
    Reader::open(path)?.find(id)?.map(masked::entry).ok_or_else(|| {
        Failure::System(format!(
            "the journal {path} has no order with the number or request_id {id:?}"
        ))
    })
}

fn list(path: &str, filters: &Filters, out: &mut Out) -> Result<Exit, Failure> {
    let entries = entries(path, filters)?;
    if out.is_json() {
        // Nobody reading any more ends it.
        let _all = entries.iter().all(|entry| out.json(&row::json(entry)));
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        out.note("No such orders.");
        return Ok(Exit::Done);
    }
    out.line(&table(&entries));
    Ok(Exit::Done)
}

fn table(entries: &[Entry]) -> String {
    let heads = ["Accepted", "Order", "Kind", "Amount", "Outcome", "State", "Terminal"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(entries.iter().map(|entry| {
        let row = Row::of(entry);
        [
            clock::date_time(entry.since_ms),
            plain(&entry.merchant_order_no),
            row.deed.name().to_owned(),
            plain(&row.amount()),
            entry.outcome.map_or("-", Outcome::name).to_owned(),
            row.state.to_owned(),
            plain(&entry.terminal),
        ]
    }));
    aligned(&rows)
}

/// Columns as wide as they must be; amounts stand at the right.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    const RIGHT: usize = 3;
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().enumerate().map(|(i, cell)| {
            let width = widths[i];
            if i == RIGHT { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn tell(entry: &Entry, out: &mut Out) {
    if out.is_json() {
        out.json(&row::json(entry));
    } else {
        out.line(&whole(entry));
    }
}

fn whole(entry: &Entry) -> String {
    let row = Row::of(entry);
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let time = |ms: Option<i64>| ms.map_or("-".to_owned(), clock::date_time);
    let text = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), plain);
    pairs(&[
        ("Order", plain(&entry.merchant_order_no)),
        ("Request id", plain(&entry.request_id)),
        ("Terminal", plain(&entry.terminal)),
        ("Kind", row.deed.name().to_owned()),
        ("Amount", plain(&row.amount())),
        ("Outcome", entry.outcome.map_or("none yet", Outcome::name).to_owned()),
        ("State", if row.state.is_empty() { "done" } else { row.state }.to_owned()),
        ("Sent", plain(&entry.sent)),
        ("Found out afterwards", yes_no(entry.recovered)),
        ("Reported before as", reported_before(entry).map_or("-", Outcome::name).to_owned()),
        ("Accepted", clock::date_time(entry.since_ms)),
        ("Settled", time(entry.settled_ms)),
        ("Acknowledged", time(entry.acknowledged_ms)),
        ("Resolved", time(entry.resolved_ms)),
        ("Second look due", time(entry.look_ms)),
        ("Note", text(&entry.note)),
        ("Reason", text(&entry.error)),
        ("Request", plain(&entry.request)),
        ("Response", text(&entry.response)),
    ])
}

/// The outcome that the present one corrects. A person decides about what is unknown only.
fn reported_before(entry: &Entry) -> Option<Outcome> {
    entry.resolved_ms.map(|_| Outcome::Unknown).or(entry.was)
}

fn resolve(
    path: &str,
    id: &str,
    outcome: Outcome,
    note: Option<&str>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let request_id = find(path, id)?.request_id;
    let entry = journal::resolve(path, &request_id, outcome, note, clock::now_ms())
        .map(masked::entry)
        .map_err(ask_the_owner)?;
    if out.is_json() {
        tell(&entry, out);
    } else {
        let number = plain(&entry.merchant_order_no);
        out.line(&format!("Order {number} was unknown and is written down as {outcome}."));
    }
    Ok(Exit::Done)
}

/// While a till owns the journal, only the till can write to it.
fn ask_the_owner(error: ecrhub::Error) -> Failure {
    if error.status() == Status::Journal && error.message().contains("in use by") {
        return Failure::System(format!(
            "{error}.\nOr have the till that runs decide it: its program calls ecrhub_resolve."
        ));
    }
    error.into()
}
