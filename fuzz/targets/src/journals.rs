//! Journal files that are not what was written to them: they are refused with their path and nothing is written to them,
//! or all that can still be read of them is there. Nothing panics, and nothing is replaced in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ecrhub::internals::{Books, Now, Session, Settings};
use ecrhub::journal::{Entry, Filter, Journal, NewOrder, Reader, Settlement, SqliteJournal};
use ecrhub::{Config, Error, Outcome, Result, Status};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::input::Input;

const NOW_MS: i64 = 1_767_225_600_000;
const TILL: &str = "ws://10.0.0.7:35779";
const VERSION_1: &str = include_str!("../../../tests/journal/version_1.sql");

/// A journal's file and its log.
#[derive(Clone, Default, PartialEq, Eq)]
struct Files {
    file: Vec<u8>,
    log: Option<Vec<u8>>,
}

/// The first byte chooses the file, what follows changes it.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut files = match input.byte() % 5 {
        4 => Files { file: input.rest().to_vec(), log: None },
        which => base()[usize::from(which)].clone(),
    };
    while !input.is_empty() {
        change(&mut files, &mut input);
    }
    let folder = folder();
    let path = folder.path().join("orders.db");
    write(&path, &files);
    let expected = count(&files);
    match SqliteJournal::open(&path, 0, NOW_MS) {
        Ok(journal) => {
            use_it(Arc::new(journal), &path, expected, files.file.is_empty());
            reopen(&path);
        }
        Err(error) => {
            assert_names_the_file(&error, &path);
            if error.message().contains("Nothing was written to it") {
                assert!(read(&path) == files, "something was written: {error}");
            }
        }
    }
    assert!(fs::metadata(&path).is_ok() || files.file.is_empty(), "the file is gone");
}

/// One change: bytes, a page, the length, or a word in place of another one.
fn change(files: &mut Files, input: &mut Input<'_>) {
    let kind = input.byte();
    let bytes = match (&mut files.log, kind & 0x80) {
        (Some(log), 0x80) => log,
        _ => &mut files.file,
    };
    let page = |page: u8| usize::from(page % 24) * 4_096;
    match kind & 0x07 {
        // Nearly all that matters stands at a page's beginning or at its end.
        0..=2 => {
            let (at, offset) = (page(input.byte()), usize::from(input.word() % 4_096));
            overwrite(bytes, at + offset, input.some());
        }
        3 => {
            let length = page(input.byte()) + usize::from(input.word() % 4_096);
            bytes.truncate(length);
        }
        4 => {
            let (from, to) = (page(input.byte()), page(input.byte()));
            let copied = bytes.get(from..from + 4_096).unwrap_or_default().to_vec();
            overwrite(bytes, to, &copied);
        }
        5 => overwrite(bytes, page(input.byte()), &[0; 4_096]),
        // A value in a record: found by what it says, wherever it is.
        6 => {
            let (said, times) = (input.one_of(&WORDS).as_bytes(), usize::from(input.byte() % 4));
            let new = input.some();
            let places: Vec<usize> = (0..bytes.len().saturating_sub(said.len()))
                .filter(|at| bytes[*at..].starts_with(said))
                .collect();
            if let Some(at) = places.get(times).or(places.last()) {
                let fitting = &new[..new.len().min(said.len())];
                overwrite(bytes, *at, fitting);
            }
        }
        _ => files.log = Some(input.some().to_vec()).filter(|log| !log.is_empty()),
    }
}

const WORDS: [&str; 12] = [
    "approved",
    "declined",
    "unknown",
    "maybe",
    "yes",
    "ecrhub.pay.order",
    "biz_data",
    "trans_status",
    "ws://10.0.0.7",
    "CREATE TABLE",
    "orders_open",
    "response_code",
];

fn overwrite(bytes: &mut [u8], at: usize, new: &[u8]) {
    for (byte, new) in bytes.iter_mut().skip(at).zip(new) {
        *byte = *new;
    }
}

/// Everything that a till does with a journal.
fn use_it(journal: Arc<SqliteJournal>, path: &Path, expected: Option<i64>, was_empty: bool) {
    let known = listed(path);
    // An empty file becomes a new journal, and nothing else does.
    if let Ok(known) = &known
        && (expected.is_some() || !was_empty)
    {
        assert_eq!(Some(known.len() as i64), expected, "as many orders as SQLite counts");
    }
    let known = known.unwrap_or_default();
    for entry in &known {
        let found = journal.find(&entry.request_id);
        if let Some(found) = checked(found, path) {
            assert!(found.is_none_or(|found| found.request_id == entry.request_id));
        }
    }
    checked(journal.open(TILL), path);
    checked(journal.remembered(TILL, NOW_MS), path);
    checked(journal.open_elsewhere(&[TILL.to_owned()]), path);
    restore(&journal, path);
    for entry in known.iter().take(3) {
        let outcome = entry.outcome.unwrap_or(Outcome::Unknown);
        let acknowledged = journal.acknowledge(&entry.request_id, outcome, NOW_MS);
        checked_or(acknowledged, path, Status::Argument);
        checked(journal.settle(&entry.request_id, &declined()), path);
    }
    if checked(journal.adopt("Bar", TILL, NOW_MS), path).is_none() {
        return;
    }
    begin(&*journal, path);
}

fn restore(journal: &Arc<SqliteJournal>, path: &Path) {
    let books = Books::new(Arc::clone(journal) as Arc<dyn Journal>, TILL);
    let Some((restored, retold)) = checked(books.restore(NOW_MS), path) else { return };
    for event in retold {
        let json = event.to_json();
        let read: serde_json::Result<Value> = serde_json::from_str(&json);
        assert!(read.is_ok(), "an event is JSON: {json}");
    }
    let now = Now { mono_ms: 1_000_000, wall_ms: NOW_MS };
    let mut session = Session::new(Settings::from(&Config::new(TILL)), 7, now);
    for order in restored {
        session.restore(order, now);
    }
    session.on_connected(now);
    while let Some(frame) = session.next_frame(now) {
        let read: serde_json::Result<Value> = serde_json::from_str(frame);
        assert!(read.is_ok(), "a question is JSON: {frame}");
        session.on_progress(ecrhub::internals::Progress::Done, now);
    }
    while let Some(event) = session.next_event() {
        let read: serde_json::Result<Value> = serde_json::from_str(&event.to_json());
        assert!(read.is_ok(), "an event is JSON: {event:?}");
    }
}

const NEW_ORDER: &str =
    r#"{"topic":"ecrhub.pay.order","request_id":"new","biz_data":{"merchant_order_no":"N1"}}"#;

/// What is written is there.
fn begin(journal: &dyn Journal, path: &Path) {
    let order = NewOrder {
        request_id: "new",
        merchant_order_no: "N1",
        terminal: TILL,
        request: NEW_ORDER,
        answer_within_ms: 180_000,
        at_ms: NOW_MS,
    };
    if checked_or(journal.begin(&order), path, Status::Duplicate).is_some()
        && let Some(found) = checked(journal.find("new"), path)
    {
        assert_eq!(found.map(|entry| entry.request), Some(NEW_ORDER.to_owned()));
    }
}

/// It opens again, or says why not.
fn reopen(path: &Path) {
    if let Err(error) = SqliteJournal::open(path, 0, NOW_MS) {
        assert_names_the_file(&error, path);
    }
}

fn declined() -> Settlement<'static> {
    Settlement {
        outcome: Outcome::Declined,
        sent: "yes",
        response: Some(r#"{"response_code":"106"}"#),
        error: None,
        recovered: false,
        look_ms: None,
        elapsed_ms: 5,
        at_ms: NOW_MS,
    }
}

fn listed(path: &Path) -> Result<Vec<Entry>> {
    let listed = Reader::open(path).and_then(|reader| reader.list(&Filter::default()));
    if let Err(error) = &listed {
        assert_names_the_file(error, path);
    }
    listed
}

fn checked<T>(result: Result<T>, path: &Path) -> Option<T> {
    checked_or(result, path, Status::Journal)
}

/// A refusal of this kind, or one that names the file.
fn checked_or<T>(result: Result<T>, path: &Path, other: Status) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) if error.status() == other && other != Status::Journal => None,
        Err(error) => {
            // Of an order that is not found, or may not have this outcome, not of the file.
            let is_about_an_order =
                ["outcome", "has no order"].iter().any(|words| error.message().contains(words));
            if !is_about_an_order {
                assert_names_the_file(&error, path);
            }
            None
        }
    }
}

fn assert_names_the_file(error: &Error, path: &Path) {
    assert_eq!(error.status(), Status::Journal, "{error}");
    assert!(error.message().contains(&*path.to_string_lossy()), "the path is missing: {error}");
}

/// How many orders SQLite finds, with its log, in a copy.
fn count(files: &Files) -> Option<i64> {
    let folder = folder();
    let path = folder.path().join("copy.db");
    write(&path, files);
    let connection = Connection::open(&path).ok()?;
    connection.query_row("SELECT count(*) FROM orders NOT INDEXED", [], |row| row.get(0)).ok()
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn write(path: &Path, files: &Files) {
    fs::write(path, &files.file).expect("a file in a folder of our own");
    if let Some(log) = &files.log {
        fs::write(log_of(path), log).expect("a file in a folder of our own");
    }
}

/// A log that is empty is none.
fn read(path: &Path) -> Files {
    let log = fs::read(log_of(path)).ok().filter(|log| !log.is_empty());
    Files { file: fs::read(path).unwrap_or_default(), log }
}

/// In memory where there is some: thousands of files are synced.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    TempDir::with_prefix_in("ecrhub-fuzz-", base).expect("a folder of our own")
}

/// A journal that was closed, one whose process died, one of version 1, and an empty one.
fn base() -> &'static [Files; 4] {
    static BASE: OnceLock<[Files; 4]> = OnceLock::new();
    BASE.get_or_init(|| {
        let folder = folder();
        let path = folder.path().join("orders.db");
        let journal = SqliteJournal::open(&path, 0, NOW_MS).expect("a new journal");
        fill(&journal).expect("a new journal takes orders");
        let died = read(&path);
        drop(journal);
        let closed = read(&path);
        let old = folder.path().join("old.db");
        Connection::open(&old)
            .and_then(|connection| connection.execute_batch(VERSION_1))
            .expect("a journal of version 1");
        [closed, died, read(&old), Files::default()]
    })
}

/// Orders in every state.
fn fill(journal: &dyn Journal) -> Result<()> {
    let outcomes = [
        None,
        Some(Outcome::Approved),
        Some(Outcome::Declined),
        Some(Outcome::Unknown),
        Some(Outcome::Busy),
        Some(Outcome::NotSent),
    ];
    for (at, outcome) in outcomes.into_iter().enumerate() {
        for (is_acknowledged, terminal) in [(false, TILL), (true, TILL), (false, "Bar")] {
            let id = format!("r{at}-{is_acknowledged}-{terminal}");
            let number = format!("A{at}{}{}", u8::from(is_acknowledged), terminal.len());
            let request = format!(
                r#"{{"topic":"ecrhub.pay.order","request_id":"{id}","biz_data":{{"trans_type":"1","merchant_order_no":"{number}","order_amount":"34.50"}}}}"#
            );
            journal.begin(&NewOrder {
                request_id: &id,
                merchant_order_no: &number,
                terminal,
                request: &request,
                answer_within_ms: 180_000,
                at_ms: NOW_MS - 60_000,
            })?;
            let Some(outcome) = outcome else { continue };
            journal.settle(
                &id,
                &Settlement {
                    outcome,
                    response: Some(r#"{"response_code":"000","biz_data":{"trans_status":"2"}}"#),
                    error: Some(r#"{"status":-13,"name":"ECRHUB_ERR_TERMINAL","stage":"receive","message":"m"}"#),
                    look_ms: Some(NOW_MS),
                    ..declined()
                },
            )?;
            if is_acknowledged {
                let _taken = journal.acknowledge(&id, outcome, NOW_MS - 30_000)?;
            }
        }
    }
    Ok(())
}
