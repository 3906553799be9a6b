//! Whose an order in the journal is: the terminal's, however its address is spelled, and the handle's that sent it.
#![allow(missing_docs)]

mod common;
mod journal_support;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use common::*;
use ecrhub::journal::{Filter, Reader};
use ecrhub::{Completed, Config, EventKind, Outcome, Status, Terminal};
use ecrhub_simulator::{Options, Simulator};
use journal_support::Folder;
use serde_json::{Value, json};

fn manual() -> Simulator {
    Simulator::start(Options { manual: true, ..Options::default() }).expect("a free port")
}

fn open(config: Config) -> Terminal {
    Terminal::connect(config).expect("a good configuration, and a journal of its own")
}

fn at(url: &str, path: &Path) -> Config {
    Config { journal: Some(path.to_str().unwrap().to_owned()), ..config_for(url) }
}

fn wait_for_completion(till: &Terminal) -> Completed {
    wait_for(till, |event| match &event.kind {
        EventKind::Completed(done) => Some(done.clone()),
        _ => None,
    })
}

fn pending(till: &Terminal) -> Vec<Value> {
    serde_json::from_str(&till.pending().unwrap()).unwrap()
}

fn state(till: &Terminal) -> Value {
    serde_json::from_str(&till.state().unwrap()).unwrap()
}

/// An order that the till with this address left without an outcome, and that the customer has paid since.
fn leave_an_order_open(simulator: &Simulator, url: &str, path: &Path) -> (String, String) {
    let till = open(at(url, path));
    let number = number();
    let id = send(&till, &sale(&number, "12.00"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
    drop(till);
    assert!(simulator.approve());
    (id, number)
}

#[test]
fn an_order_left_open_is_recovered_under_every_spelling_of_the_address() {
    let folder = Folder::new();
    let simulator = manual();
    let port = simulator.port();
    let plain = format!("ws://127.0.0.1:{port}");
    let spellings = [
        plain.clone(),
        format!("ws://127.0.0.1:{port}/"),
        format!("WS://127.0.0.1:{port}"),
        format!("ws://127.0.0.1:000{port}"),
        format!("127.0.0.1:{port}"),
        format!(" ws://127.0.0.1:{port}/ \n"),
    ];
    for (n, spelling) in spellings.iter().enumerate() {
        for (first, second) in [(&plain, spelling), (spelling, &plain)] {
            let path = folder.file(&format!("{n}.db"));
            let (id, number) = leave_an_order_open(&simulator, first, &path);
            let till = open(at(second, &path));
            let done = wait_for_completion(&till);
            assert_eq!((&done.request_id, done.outcome), (&id, Outcome::Approved), "{second:?}");
            assert_eq!(pending(&till)[0]["request_id"], json!(id));
            assert_eq!(state(&till)["elsewhere"], 0);
            drop(till);
            // What was not acknowledged does not vanish either.
            let till = open(at(first, &path));
            let again = wait_for_completion(&till);
            assert!(again.request_id == id && again.retold, "{first:?}: {again:?}");
            acknowledge(&till, &id, Outcome::Approved);
            assert_eq!(simulator.charges(&number), 1);
        }
    }
}

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Collector;

impl log::Log for Collector {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = record.args().to_string();
            LOG.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn flush(&self) {}
}

/// Nobody can know that `localhost` is `127.0.0.1`: the order is shown, and taken over when the till says so.
#[test]
fn an_order_open_under_another_name_is_never_silent_and_is_adopted_by_name() {
    static COLLECTOR: Collector = Collector;
    log::set_logger(&COLLECTOR).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let simulator = manual();
    let former = format!("ws://127.0.0.1:{}", simulator.port());
    let now = format!("localhost:{}", simulator.port());
    let (id, number) = leave_an_order_open(&simulator, &former, &path);

    let till = open(at(&now, &path));
    wait_connected(&till);
    assert_eq!(state(&till)["elsewhere"], 1);
    let rows = pending(&till);
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((&row["terminal"], &row["elsewhere"]), (&json!(former), &json!(true)));
    assert_eq!((&row["request_id"], &row["merchant_order_no"]), (&json!(id), &json!(number)));
    assert_eq!((&row["topic"], &row["outcome"]), (&json!("ecrhub.pay.order"), &Value::Null));
    assert_eq!(row["state"], "recovering");
    assert!(row["since"].is_i64() && row["request"]["biz_data"]["order_amount"] == "12.00");
    let warned = |words: &[&str]| {
        let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().any(|line| words.iter().all(|word| line.contains(word)))
    };
    assert!(warned(&["1 orders are open", &format!("{former:?}"), "terminal_was"]));
    drop(till);

    let config = Config { terminal_was: vec![former.clone()], ..at(&now, &path) };
    let till = open(config);
    let done = wait_for_completion(&till);
    assert_eq!((done.request_id, done.outcome), (id.clone(), Outcome::Approved));
    assert_eq!(state(&till)["elsewhere"], 0);
    let row = &pending(&till)[0];
    assert_eq!(row["terminal"], json!(format!("ws://{now}")));
    assert_eq!(row.get("elsewhere"), None);
    acknowledge(&till, &id, Outcome::Approved);
    drop(till);
    // For good: the next one need not be told any more.
    let till = open(at(&now, &path));
    wait_connected(&till);
    assert_eq!((state(&till)["elsewhere"].clone(), pending(&till)), (json!(0), Vec::new()));
}

#[test]
fn orders_of_another_handle_on_the_journal_are_not_elsewhere() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let (one, two) = (manual(), manual());
    let first = open(at(&one.url(), &path));
    send(&first, &sale(&number(), "12.00"));
    assert!(one.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
    let second = open(at(&two.url(), &path));
    assert_eq!((state(&second)["elsewhere"].clone(), pending(&second)), (json!(0), Vec::new()));
    // The first name belongs to a handle that lives, so its orders stay where they are.
    drop(second);
    let was = vec![one.url()];
    let second = open(Config { terminal_was: was, ..at(&two.url(), &path) });
    assert_eq!(pending(&first).len(), 1);
    assert_eq!(pending(&first)[0]["terminal"], json!(one.url()));
    assert_eq!(pending(&second), Vec::<Value>::new());
    // It ends: now they are.
    drop(first);
    assert_eq!(state(&second)["elsewhere"], 1);
}

fn topics(simulator: &Simulator, topic: &str) -> usize {
    simulator.received().iter().filter(|text| text.contains(topic)).count()
}

/// The customer pays by way of the first handle; a second one, on the same terminal and journal, has no part in that.
#[test]
fn an_order_belongs_to_the_handle_that_sent_it_for_as_long_as_that_lives() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let simulator = manual();
    let impatient = Config {
        order_timeout_ms: 60_000,
        recovery_timeout_ms: 100,
        recovery_interval_ms: 20,
        clarify_interval_ms: 20,
        ..at(&simulator.url(), &path)
    };
    let first = open(impatient.clone());
    let number = number();
    let id = send(&first, &sale(&number, "12.00"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));

    let second = open(impatient.clone());
    wait_connected(&second);
    std::thread::sleep(Duration::from_millis(600));
    let events = drain(&second);
    assert!(events.is_empty(), "{events:?}");
    assert_eq!((topics(&simulator, "pay.query"), topics(&simulator, "pay.close")), (0, 0));
    assert_eq!(pending(&second), Vec::<Value>::new());
    assert_eq!(simulator.running().as_deref(), Some(&*number), "the customer is still asked");

    assert!(simulator.approve());
    let done = wait_completed(&first, &id);
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, false));
    // Neither is it told again by the other one before it is acknowledged here.
    let third = open(impatient.clone());
    wait_connected(&third);
    assert_eq!(pending(&third), Vec::<Value>::new());
    assert!(drain(&third).is_empty());
    drop((second, third));
    drop(first);
    let fourth = open(impatient);
    let again = wait_for_completion(&fourth);
    assert!(again.retold && again.request_id == id, "{again:?}");
}

#[test]
fn the_order_of_a_handle_that_ended_is_recovered_by_the_next_though_another_lives() {
    let folder = Folder::new();
    let path: PathBuf = folder.file("orders.db");
    let simulator = manual();
    let bystander = open(at(&simulator.url(), &path));
    let (id, _) = leave_an_order_open(&simulator, &simulator.url(), &path);
    let row = &pending(&bystander)[0];
    assert_eq!((&row["request_id"], &row["state"]), (&json!(id), &json!("recovering")));
    let next = open(at(&simulator.url(), &path));
    let done = wait_for_completion(&next);
    assert_eq!((done.request_id, done.outcome), (id, Outcome::Approved));
    assert!(drain(&bystander).iter().all(|event| !matches!(event.kind, EventKind::Completed(_))));
}

#[test]
fn a_number_sold_under_another_name_is_refused_all_the_same() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let simulator = manual();
    let (_, number) = leave_an_order_open(&simulator, &simulator.url(), &path);
    let till = open(Config { terminal: Some("bar".to_owned()), ..at(&simulator.url(), &path) });
    let prepared = till.prepare(&sale(&number, "12.00")).unwrap();
    let error = till.submit(prepared, None).unwrap_err();
    assert_eq!(error.status(), Status::Duplicate, "{error}");
    assert_eq!(Reader::open(&path).unwrap().list(&Filter::default()).unwrap().len(), 1);
}
