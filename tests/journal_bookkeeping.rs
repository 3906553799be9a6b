//! What a till finds in its journal after a crash, a weekend, or a disk that was full for a moment.
#![allow(missing_docs)]

mod common;
mod journal_support;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::*;
use ecrhub::journal::{Entry, Journal, NewOrder, Reader, Settlement, SqliteJournal};
use ecrhub::{Acknowledged, Called, Completed, Config, EventKind, Outcome, Polled, Terminal};
use ecrhub_simulator::{Behaviour, Simulator};
use journal_support::{DAY_MS, Folder};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

fn with_journal(simulator: &Simulator, path: &Path) -> Config {
    Config {
        journal: Some(path.to_str().unwrap().to_owned()),
        clarify_interval_ms: 50,
        second_look_ms: 0,
        ..config(simulator)
    }
}

fn open(config: Config) -> Terminal {
    Terminal::connect(config).expect("a good configuration, and a journal of its own")
}

fn row(path: &Path, id: &str) -> Entry {
    Reader::open(path).unwrap().find(id).unwrap().unwrap()
}

fn pending(till: &Terminal) -> Vec<(String, Value)> {
    let list: Vec<Value> = serde_json::from_str(&till.pending().unwrap()).unwrap();
    let row = |row: &Value| (row["state"].as_str().unwrap().to_owned(), row["outcome"].clone());
    list.iter().map(row).collect()
}

fn is(state: &str, outcome: &str) -> (String, Value) {
    (state.to_owned(), json!(outcome))
}

/// The next event of this kind, as JSON.
fn wait_json(till: &Terminal, kind: &str) -> Value {
    loop {
        match till.poll(Some(PATIENCE)).unwrap() {
            Polled::Event(delivery) => {
                let json: Value = serde_json::from_str(delivery.json()).unwrap();
                delivery.accept();
                if json["event"] == kind {
                    return json;
                }
            }
            Polled::Timeout | Polled::Interrupted => panic!("no {kind} comes"),
        }
    }
}

/// An order in the journal as a till left it that was begun and became unknown at these times.
fn leave_unknown(simulator: &Simulator, path: &Path, id: &str, since_ms: i64, unknown_ms: i64) {
    let journal = SqliteJournal::open(path, 400, now_ms()).unwrap();
    let request = sale(id, "12.00");
    journal
        .begin(&NewOrder {
            request_id: id,
            merchant_order_no: id,
            terminal: &simulator.url(),
            request: &request,
            answer_within_ms: 180_000,
            at_ms: since_ms,
        })
        .unwrap();
    let unknown = Settlement {
        outcome: Outcome::Unknown,
        sent: "maybe",
        response: None,
        error: None,
        recovered: true,
        look_ms: Some(unknown_ms),
        elapsed_ms: 1,
        at_ms: unknown_ms,
    };
    journal.settle(id, &unknown).unwrap();
    let acknowledged = journal.acknowledge(id, Outcome::Unknown, unknown_ms).unwrap();
    assert_eq!(acknowledged, Acknowledged::Done);
}

fn charge(simulator: &Simulator, number: &str) {
    let till = open(config(simulator));
    assert_eq!(call(&till, &sale(number, "12.00")).outcome, Outcome::Approved);
}

/// The shop was closed over the weekend. The days in which an order is asked about count from the moment at which it
/// became unknown, not from the crash before that.
#[test]
fn an_order_is_asked_about_for_days_after_it_became_unknown() {
    let (folder, simulator) = (Folder::new(), simulator());
    for (since, unknown, is_asked) in [
        (25 * HOUR_MS, 24 * HOUR_MS, true),
        (30 * DAY_MS, 6 * DAY_MS, true),
        (30 * DAY_MS, 7 * DAY_MS + HOUR_MS, false),
    ] {
        let number = number();
        charge(&simulator, &number);
        let path = folder.file(&format!("{number}.db"));
        leave_unknown(&simulator, &path, &number, now_ms() - since, now_ms() - unknown);
        let till = open(with_journal(&simulator, &path));
        if is_asked {
            let event = wait_json(&till, "clarified");
            assert_eq!((&event["outcome"], &event["was"]), (&json!("approved"), &json!("unknown")));
            assert_eq!(event["request_id"], json!(number));
        } else {
            wait_connected(&till);
            std::thread::sleep(Duration::from_millis(300));
            assert!(drain(&till).is_empty());
            assert_eq!(pending(&till), [is("unknown", "unknown")], "a person decides");
        }
    }
}

/// Left open by a crash on Friday; on Monday morning the till starts before the terminal does and gives up.
#[test]
fn an_order_that_a_later_process_gave_up_is_clarified_once_the_terminal_is_there() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let number = number();
    charge(&simulator, &number);
    let three_days_ago = now_ms() - 3 * DAY_MS;
    let journal = SqliteJournal::open(&path, 400, now_ms()).unwrap();
    journal
        .begin(&NewOrder {
            request_id: &number,
            merchant_order_no: &number,
            terminal: &simulator.url(),
            request: &sale(&number, "12.00"),
            answer_within_ms: 300,
            at_ms: three_days_ago,
        })
        .unwrap();
    drop(journal);
    simulator.refuse_connections(true);
    let impatient =
        Config { recovery_timeout_ms: 300, clarify_days: 1, ..with_journal(&simulator, &path) };
    let till = open(impatient.clone());
    let done = wait_json(&till, "completed");
    assert_eq!((&done["outcome"], &done["recovered"]), (&json!("unknown"), &json!(true)));
    assert!(row(&path, &number).unknown_ms.unwrap() > now_ms() - HOUR_MS);
    acknowledge(&till, &number, Outcome::Unknown);
    drop(till);
    simulator.refuse_connections(false);
    let till = open(impatient);
    assert_eq!(wait_json(&till, "clarified")["outcome"], "approved");
}

/// Of an order: its first delivery, and how the next process is given it again.
fn delivered_twice(order: &Value, path: &Path, simulator: &Simulator) -> (Value, Value) {
    let till = open(with_journal(simulator, path));
    send(&till, &order.to_string());
    let first = wait_json(&till, "completed");
    drop(till);
    let till = open(with_journal(simulator, path));
    let again = wait_json(&till, "completed");
    let outcome = Outcome::from_name(again["outcome"].as_str().unwrap()).unwrap();
    acknowledge(&till, again["request_id"].as_str().unwrap(), outcome);
    (first, again)
}

#[test]
fn a_completion_delivered_again_is_the_first_one_but_for_saying_so() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    for amount in ["12.00", "12.01", "12.04"] {
        let mut order: Value = serde_json::from_str(&sale(&number(), amount)).unwrap();
        order["biz_data"]["attach"] = json!("till 4711, receipt 0815");
        let (first, mut again) = delivered_twice(&order, &path, &simulator);
        assert_eq!((&first["retold"], &again["retold"]), (&json!(false), &json!(true)));
        again["retold"] = json!(false);
        assert_eq!(first.to_string(), again.to_string());
        for key in ["fields", "differs", "code", "response", "elapsed_ms", "at", "error"] {
            assert!(first.get(key).is_some(), "{key}");
        }
    }
}

/// The order was answered with less than was asked for: that is worked out anew from what was sent and answered.
#[test]
fn a_completion_delivered_again_says_what_differs_and_keeps_the_types_of_values() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let response = r#"{"response_code":"000","biz_data":{"trans_status":2,"order_amount":20.00,"tip":null,"n":1E+2}}"#;
    let journal = SqliteJournal::open(&path, 400, now_ms()).unwrap();
    let order = |id, outcome| {
        journal
            .begin(&NewOrder {
                request_id: id,
                merchant_order_no: id,
                terminal: &simulator.url(),
                request: &sale(id, "30.00"),
                answer_within_ms: 180_000,
                at_ms: now_ms(),
            })
            .unwrap();
        let settlement = Settlement {
            outcome,
            sent: "yes",
            response: Some(response),
            error: None,
            recovered: false,
            look_ms: None,
            elapsed_ms: 7,
            at_ms: now_ms(),
        };
        journal.settle(id, &settlement).unwrap();
        settlement
    };
    order("A1", Outcome::Approved);
    let clarified = Settlement { outcome: Outcome::Approved, ..order("A2", Outcome::Declined) };
    journal.clarify("A2", Outcome::Declined, &clarified).unwrap();
    drop(journal);
    let till = open(with_journal(&simulator, &path));
    let differs = json!({"order_amount": {"asked": "30.00", "answered": "20.00"}});
    let mut texts = Vec::new();
    while texts.len() < 2 {
        let Polled::Event(delivery) = till.poll(Some(PATIENCE)).unwrap() else { panic!("none") };
        if delivery.json().contains("\"fields\"") {
            texts.push(delivery.json().to_owned());
        }
        delivery.accept();
    }
    for (text, kind) in texts.iter().zip(["completed", "clarified"]) {
        let event: Value = serde_json::from_str(text).unwrap();
        assert_eq!((event["event"].as_str(), &event["differs"]), (Some(kind), &differs), "{text}");
        assert!(text.contains(response), "byte for byte: {text}");
    }
    assert!(texts[1].contains(r#""was":"declined""#), "{}", texts[1]);
}

/// Writing an outcome fails once and succeeds when the event is fetched again: nothing stale is left of it.
#[test]
fn an_outcome_written_at_the_second_fetch_leaves_nothing_stale() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let till = open(Config {
        order_timeout_ms: 300,
        recovery_timeout_ms: 300,
        ..with_journal(&simulator, &path)
    });
    wait_connected(&till);
    let number = number();
    simulator.set_next(Behaviour::LostAnswer);
    let id = send(&till, &sale(&number, "12.00"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.charges(&number) == 1));
    simulator.refuse_connections(true);
    simulator.cut_link();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Its buffer is too small, say: the till does not get it yet.
    loop {
        match till.poll(Some(PATIENCE)).unwrap() {
            Polled::Event(delivery) if delivery.json().contains("\"completed\"") => break,
            Polled::Event(delivery) => drop(delivery.accept()),
            Polled::Timeout | Polled::Interrupted => panic!("no completion"),
        }
    }
    assert_eq!(row(&path, &id).outcome, None, "it could not be written");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Unknown);
    assert_eq!(row(&path, &id).outcome, Some(Outcome::Unknown));

    simulator.refuse_connections(false);
    assert_eq!(wait_json(&till, "clarified")["outcome"], "approved");
    assert_eq!(pending(&till), [is("unacknowledged", "approved")]);
    acknowledge(&till, &id, Outcome::Approved);
    assert_eq!(pending(&till), []);
    assert_eq!(row(&path, &id).outcome, Some(Outcome::Approved));
}

fn sells(till: &Terminal) -> Completed {
    call(till, &sale(&number(), "12.00"))
}

/// A till that calls and never acknowledges: what is delivered again from before does not count against its new sales.
#[test]
fn completions_of_earlier_processes_do_not_shut_a_till_out() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let config = Config { max_in_flight: 3, ..with_journal(&simulator, &path) };
    for _ in 0..3 {
        let till = open(config.clone());
        for _ in 0..4 {
            assert_eq!(sells(&till).outcome, Outcome::Approved);
        }
    }
    let till = open(config);
    assert_eq!(pending(&till).len(), 12);
    // Its own count, as ever.
    for _ in 0..3 {
        send(&till, &query("A1"));
    }
    let refused = till.submit(till.prepare(&query("A1")).unwrap(), None).unwrap_err();
    assert_eq!(refused.status(), ecrhub::Status::Busy, "{refused}");
}

#[test]
fn a_wake_up_left_by_nobody_ends_the_next_poll_and_no_call() {
    let simulator = simulator();
    let till = connect(&simulator);
    wait_connected(&till);
    till.wake().unwrap();
    assert_eq!(sells(&till).outcome, Outcome::Approved);
    assert!(matches!(till.poll(Some(PATIENCE)).unwrap(), Polled::Interrupted));
    assert_eq!(drain(&till), []);
}

#[test]
fn a_wake_up_during_a_call_ends_it() {
    let simulator = simulator();
    let till = connect(&simulator);
    wait_connected(&till);
    simulator.set_next(Behaviour::NeverPaid);
    std::thread::scope(|scope| {
        let waking = scope.spawn(|| {
            assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
            till.wake().unwrap();
        });
        let prepared = till.prepare(&sale(&number(), "12.00")).unwrap();
        assert!(matches!(till.call(prepared, None).unwrap(), Called::Interrupted));
        waking.join().unwrap();
    });
    assert_eq!(drain(&till), []);
}

/// A cashier cancels while the order is still being written to the journal.
#[test]
fn a_wake_up_ends_a_call_also_before_that_waits() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let till = open(with_journal(&simulator, &path));
    wait_connected(&till);
    simulator.set_next(Behaviour::NeverPaid);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| {
            let prepared = till.prepare(&sale(&number(), "12.00")).unwrap();
            matches!(till.call(prepared, None).unwrap(), Called::Interrupted)
        });
        std::thread::sleep(Duration::from_millis(300));
        till.wake().unwrap();
        other.execute_batch("ROLLBACK").unwrap();
        assert!(calling.join().unwrap());
    });
    assert_eq!(pending(&till), [("in_flight".to_owned(), Value::Null)]);
    assert_eq!(drain(&till), []);
}

fn queries(simulator: &Simulator, number: &str) -> usize {
    let is_one = |text: &&String| text.contains("ecrhub.pay.query") && text.contains(number);
    simulator.received().iter().filter(is_one).count()
}

/// The till ended before the look was due, and had acknowledged the outcome: the next one takes it all the same.
#[test]
fn a_second_look_that_was_due_after_the_tills_end_is_taken_by_the_next() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let patient = Config { second_look_ms: 60_000, ..with_journal(&simulator, &path) };
    let till = open(patient);
    let number = number();
    let id = send(&till, &sale(&number, "12.02"));
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Cancelled);
    acknowledge(&till, &id, Outcome::Cancelled);
    drop(till);
    let entry = row(&path, &id);
    assert_eq!(entry.look_ms, entry.settled_ms.map(|at| at + 60_000));
    assert!(!entry.is_open());

    let before = queries(&simulator, &number);
    let quick = Config { second_look_ms: 100, ..with_journal(&simulator, &path) };
    let till = open(quick.clone());
    eventually("it is looked at again", || queries(&simulator, &number) > before);
    // Noted with the next write, at the latest when the handle ends.
    std::thread::sleep(Duration::from_millis(200));
    drop(till);
    assert_eq!(row(&path, &id).look_ms, None);

    let done = queries(&simulator, &number);
    let till = open(quick);
    wait_connected(&till);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(queries(&simulator, &number), done, "once");
    assert!(drain(&till).is_empty());
}

#[test]
fn a_second_look_that_is_done_is_written_with_the_next_order() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let till = open(Config { second_look_ms: 100, ..with_journal(&simulator, &path) });
    let first = number();
    let id = send(&till, &sale(&first, "12.02"));
    wait_completed(&till, &id);
    let before = queries(&simulator, &first);
    assert!(row(&path, &id).look_ms.is_some());
    eventually("it is looked at again", || queries(&simulator, &first) > before);
    std::thread::sleep(Duration::from_millis(200));
    sells(&till);
    assert_eq!(row(&path, &id).look_ms, None);
}

/// The till has acknowledged an approval, and stops before it has fetched what corrects it. The terminal was looked at
/// once more after the correction: that says nothing of the approval, which is all that the journal knows.
#[test]
fn a_correction_that_was_not_fetched_is_found_again_by_the_next_process() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let config = Config { second_look_ms: 100, ..with_journal(&simulator, &path) };
    let till = open(config.clone());
    let number = number();
    simulator.set_next(Behaviour::AcknowledgedDeclined);
    let id = send(&till, &sale(&number, "12.00"));
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Approved);
    acknowledge(&till, &id, Outcome::Approved);
    let waiting = || serde_json::from_str::<Value>(&till.state().unwrap()).unwrap();
    eventually("it is corrected", || waiting()["events_waiting"] == json!(1));
    let before = queries(&simulator, &number);
    eventually("it is looked at again", || queries(&simulator, &number) > before);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(till.acknowledge(&id, Outcome::Approved).unwrap(), Acknowledged::Outdated);
    // Another write of this till takes with it which looks are done.
    send(&till, &sale(&common::number(), "12.00"));
    drop(till);
    assert_eq!(row(&path, &id).outcome, Some(Outcome::Approved), "nobody has fetched more");

    let till = open(config);
    let correction = wait_json(&till, "clarified");
    assert_eq!(correction["request_id"], json!(id));
    assert_eq!(correction["outcome"], json!("declined"));
    assert_eq!(correction["was"], json!("approved"));
}

#[test]
fn an_order_refused_as_busy_may_be_sold_again_with_its_number() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let number = number();
    let till = open(with_journal(&simulator, &path));
    let busy = call(&till, &sale(&number, "12.15"));
    assert_eq!(busy.outcome, Outcome::Busy, "{busy:?}");
    // Also by the next process, also before it was acknowledged.
    drop(till);
    let till = open(with_journal(&simulator, &path));
    let again = call(&till, &sale(&number, "12.00"));
    assert_eq!(again.outcome, Outcome::Approved);
    assert!(row(&path, &again.request_id).earlier_attempt);
    assert_eq!(simulator.charges(&number), 1);
}

#[test]
fn state_says_what_the_waiting_events_take_up() {
    let simulator = simulator();
    let till = open(Config { max_queue_bytes: 10_000, ..config(&simulator) });
    let state = || serde_json::from_str::<Value>(&till.state().unwrap()).unwrap();
    wait_connected(&till);
    assert_eq!((&state()["bytes_waiting"], &state()["elsewhere"]), (&json!(0), &json!(0)));
    for n in 0..40 {
        simulator.cut_link();
        eventually("it comes back", || state()["reconnects"].as_u64() > Some(n));
    }
    let state = state();
    assert!(state["bytes_waiting"].as_u64().unwrap() <= 10_000, "{state}");
    assert!(state["events_dropped"].as_u64().unwrap() > 0, "{state}");
    let is_connection = |kind: &EventKind| {
        matches!(kind, EventKind::Connected { .. } | EventKind::Disconnected { .. })
    };
    assert!(drain(&till).iter().all(|event| is_connection(&event.kind)));
}
