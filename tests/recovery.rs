//! What the journal does for a till, at the handle: orders that outlive a handle or a process, outcomes that are told
//! until they are acknowledged, and orders that are refused because they cannot be written down.
#![allow(missing_docs)]

mod common;
mod journal_support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::*;
use ecrhub::journal::{Entry, Filter, Reader};
use ecrhub::{
    Acknowledged, Clarified, Completed, Config, Event, EventKind, Outcome, Polled, Status, Terminal,
};
use ecrhub_simulator::{Behaviour, Options, Simulator};
use journal_support::Folder;
use serde_json::Value;

/// Long enough that whatever is not to be told would have been.
const A_WHILE: Duration = Duration::from_millis(400);

fn with_journal(simulator: &Simulator, path: &Path) -> Config {
    Config {
        journal: Some(path.to_str().unwrap().to_owned()),
        clarify_interval_ms: 50,
        ..config(simulator)
    }
}

/// As [`with_journal`], for tests in which finding out comes to nothing.
fn impatient(simulator: &Simulator, path: &Path) -> Config {
    Config {
        order_timeout_ms: 300,
        recovery_timeout_ms: 300,
        clarify_interval_ms: 0,
        ..with_journal(simulator, path)
    }
}

fn open(config: Config) -> Terminal {
    Terminal::connect(config).expect("a good configuration, and a journal of its own")
}

fn manual() -> Simulator {
    Simulator::start(Options { manual: true, ..Options::default() }).expect("a free port")
}

fn rows(path: &Path) -> Vec<Entry> {
    Reader::open(path).unwrap().list(&Filter::default()).unwrap()
}

/// `state` and `outcome` of everything that is pending, oldest first.
fn pending(till: &Terminal) -> Vec<(String, Option<String>)> {
    let list: Value = serde_json::from_str(&till.pending().unwrap()).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let row = |row: &Value| (text(&row["state"]).unwrap(), text(&row["outcome"]));
    list.as_array().unwrap().iter().map(row).collect()
}

fn is(state: &str, outcome: Option<&str>) -> (String, Option<String>) {
    (state.to_owned(), outcome.map(str::to_owned))
}

fn wait_for_completion(till: &Terminal) -> Completed {
    wait_for(till, |event| match &event.kind {
        EventKind::Completed(done) => Some(done.clone()),
        _ => None,
    })
}

/// The next outcome is the truth about an order whose "unknown" has been told and acknowledged.
fn wait_for_truth(till: &Terminal) -> Clarified {
    wait_for(till, |event| match &event.kind {
        EventKind::Clarified(truth) => Some(truth.clone()),
        EventKind::Completed(done) => panic!("that was told already: {done:?}"),
        _ => None,
    })
}

fn wait_recovering(till: &Terminal) {
    wait_for(till, |event| matches!(event.kind, EventKind::Recovering { .. }).then_some(()));
}

fn tells_an_outcome(event: &Event) -> bool {
    matches!(event.kind, EventKind::Completed(_) | EventKind::Clarified(_))
}

/// Connected, and nothing about an order is told.
fn tells_nothing(till: &Terminal) {
    wait_for(till, |event| {
        assert!(!tells_an_outcome(event), "{event:?}");
        matches!(event.kind, EventKind::Connected { .. }).then_some(())
    });
    std::thread::sleep(A_WHILE);
    let events = drain(till);
    assert!(!events.iter().any(tells_an_outcome), "{events:?}");
}

/// An order that nobody could find out about, told to the till and not acknowledged; then the handle ends.
fn leave_an_unknown_order(simulator: &Simulator, path: &Path, number: &str) -> String {
    let till = open(impatient(simulator, path));
    wait_connected(&till);
    simulator.set_next(Behaviour::QuerySilent);
    let id = send(&till, &sale(number, "12.00"));
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Unknown);
    id
}

#[test]
fn disconnecting_while_an_order_is_found_out_leaves_it_to_the_next_connect() {
    let (folder, simulator) = (Folder::new(), manual());
    let path = folder.file("orders.db");
    let number = number();
    let till = open(with_journal(&simulator, &path));
    let id = send(&till, &sale(&number, "12.00"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
    simulator.refuse_connections(true);
    simulator.cut_link();
    wait_recovering(&till);
    assert_eq!(pending(&till), [is("recovering", None)]);
    drain(&till);

    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            loop {
                match till.poll(None) {
                    Ok(Polled::Event(delivery)) => {
                        assert!(!tells_an_outcome(&delivery.accept()));
                    }
                    Ok(Polled::Interrupted) => return,
                    Ok(Polled::Timeout) => panic!("it waits for ever"),
                    // It was handling an event while the handle ended.
                    Err(error) => return assert_eq!(error.status(), Status::Handle),
                }
            }
        });
        std::thread::sleep(Duration::from_millis(50));
        till.disconnect();
        waiting.join().expect("who waits is woken");
    });
    let left = rows(&path);
    assert_eq!((left.len(), left[0].outcome), (1, None), "open in the journal");

    assert!(simulator.approve(), "meanwhile the customer pays");
    simulator.refuse_connections(false);
    let till = open(with_journal(&simulator, &path));
    let done = wait_for_completion(&till);
    assert_eq!((done.request_id.as_str(), done.outcome), (id.as_str(), Outcome::Approved));
    assert!(done.recovered && !done.retold, "{done:?}");
    assert_eq!(done.merchant_order_no.as_deref(), Some(number.as_str()));
    assert_eq!(simulator.charges(&number), 1);
    acknowledge(&till, &id, Outcome::Approved);
    assert_eq!(pending(&till), []);
}

#[test]
fn disconnecting_wakes_a_blocked_call_and_the_order_lives_on() {
    let (folder, simulator) = (Folder::new(), manual());
    let path = folder.file("orders.db");
    let till = open(with_journal(&simulator, &path));
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| {
            let prepared = till.prepare(&sale(&number(), "12.00")).unwrap();
            matches!(till.call(prepared, None).unwrap(), ecrhub::Called::Interrupted)
        });
        assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
        till.disconnect();
        assert!(blocked.join().unwrap(), "interrupted");
    });
    assert!(simulator.approve());
    let till = open(with_journal(&simulator, &path));
    let done = wait_for_completion(&till);
    assert_eq!((done.outcome, done.recovered), (Outcome::Approved, true), "{done:?}");
}

/// Answered, and the till ended before it fetched that: it was never told, so it is found out, not told again.
#[test]
fn a_completion_that_nobody_fetched_is_found_out_by_the_next_handle() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let till = open(with_journal(&simulator, &path));
    let number = number();
    send(&till, &sale(&number, "12.00"));
    eventually("its completion waits", || {
        pending(&till) == [is("unacknowledged", Some("approved"))]
    });
    drop(till);
    let till = open(with_journal(&simulator, &path));
    let done = wait_for_completion(&till);
    assert_eq!((done.outcome, done.recovered, done.retold), (Outcome::Approved, true, false));
    assert_eq!(simulator.charges(&number), 1);
}

#[test]
fn an_outcome_is_told_again_until_it_is_acknowledged_and_never_after() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let till = open(with_journal(&simulator, &path));
    let id = send(&till, &sale(&number(), "12.00"));
    let first = wait_completed(&till, &id);
    assert!(!first.retold && !first.recovered, "{first:?}");
    drop(till);
    for _ in 0..3 {
        let till = open(with_journal(&simulator, &path));
        let again = wait_for_completion(&till);
        assert!(again.retold, "{again:?}");
        assert_eq!(
            (&again.request_id, again.outcome, again.recovered, &again.merchant_order_no),
            (&first.request_id, first.outcome, first.recovered, &first.merchant_order_no)
        );
        assert_eq!(pending(&till), [is("unacknowledged", Some("approved"))]);
    }
    let till = open(with_journal(&simulator, &path));
    // What was told before the till connected can be acknowledged before it is fetched.
    acknowledge(&till, &id, Outcome::Approved);
    drop(till);
    tells_nothing(&open(with_journal(&simulator, &path)));
    let asked =
        simulator.received().iter().filter(|text| text.contains("ecrhub.pay.query")).count();
    assert_eq!(asked, 0, "an outcome that is known is not asked about");
}

#[test]
fn a_later_handle_clarifies_an_unknown_order() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let number = number();
    let till = open(impatient(&simulator, &path));
    wait_connected(&till);
    simulator.set_next(Behaviour::LostAnswer);
    let id = send(&till, &sale(&number, "12.00"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.charges(&number) == 1));
    simulator.refuse_connections(true);
    simulator.cut_link();
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Unknown);
    assert_eq!(pending(&till), [is("unknown", Some("unknown"))]);
    acknowledge(&till, &id, Outcome::Unknown);
    assert_eq!(pending(&till), [is("unknown", Some("unknown"))], "until it is resolved");
    drop(till);

    simulator.refuse_connections(false);
    let till = open(with_journal(&simulator, &path));
    let truth = wait_for_truth(&till);
    assert_eq!((truth.request_id.as_str(), truth.outcome), (id.as_str(), Outcome::Approved));
    assert!(!truth.retold);
    assert_eq!(pending(&till), [is("unacknowledged", Some("approved"))]);
    drop(till);

    let till = open(with_journal(&simulator, &path));
    let again = wait_for_truth(&till);
    assert_eq!((again.outcome, again.retold), (Outcome::Approved, true));
    acknowledge(&till, &id, Outcome::Approved);
    assert_eq!(pending(&till), []);
    drop(till);
    tells_nothing(&open(with_journal(&simulator, &path)));
    assert_eq!(simulator.charges(&number), 1);
}

/// What has been corrected meanwhile is acknowledged no more: the correction, which nobody has fetched, is delivered.
#[test]
fn acknowledging_unknown_is_outdated_once_a_correction_waits_behind_it() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let (till, id) = told_unknown_and_clarified(&simulator, &path);
    assert_eq!(till.acknowledge(&id, Outcome::Unknown).unwrap(), Acknowledged::Outdated);
    // The till dies before it fetches what waits. Nothing was acknowledged: "unknown" is delivered again, and corrected.
    drop(till);
    let till = open(with_journal(&simulator, &path));
    let again = wait_for_completion(&till);
    assert_eq!((again.outcome, again.retold), (Outcome::Unknown, true));
    let clarified = wait_for_truth(&till);
    assert_eq!((clarified.request_id, clarified.outcome), (id, Outcome::Approved));
}

#[test]
fn acknowledging_unknown_is_outdated_while_a_correction_is_just_being_handed_out() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let (till, id) = told_unknown_and_clarified(&simulator, &path);
    let delivery = loop {
        match till.poll(Some(PATIENCE)).unwrap() {
            Polled::Event(delivery) if delivery.json().contains("\"clarified\"") => break delivery,
            Polled::Event(delivery) => drop(delivery.accept()),
            Polled::Timeout | Polled::Interrupted => panic!("the truth does not come"),
        }
    };
    assert_eq!(till.acknowledge(&id, Outcome::Unknown).unwrap(), Acknowledged::Outdated);
    // The till dies before the delivery arrives.
    drop((till, delivery));
    let till = open(with_journal(&simulator, &path));
    let clarified = wait_for_truth(&till);
    assert_eq!((clarified.request_id, clarified.outcome), (id, Outcome::Approved));
}

/// A till that was told "unknown", and for which the truth waits to be fetched.
fn told_unknown_and_clarified(simulator: &Simulator, path: &Path) -> (Terminal, String) {
    let number = number();
    let till = open(Config { clarify_interval_ms: 50, ..impatient(simulator, path) });
    wait_connected(&till);
    simulator.set_next(Behaviour::LostAnswer);
    let id = send(&till, &sale(&number, "12.00"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.charges(&number) == 1));
    simulator.refuse_connections(true);
    simulator.cut_link();
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Unknown);
    simulator.refuse_connections(false);
    eventually("the truth waits to be fetched", || {
        pending(&till) == [is("unacknowledged", Some("approved"))]
    });
    (till, id)
}

#[test]
fn what_a_person_resolved_is_neither_told_nor_asked_again() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let id = leave_an_unknown_order(&simulator, &path, &number());
    let asked = |simulator: &Simulator| simulator.received().len();
    let before = asked(&simulator);
    let till = open(with_journal(&simulator, &path));
    let again = wait_for_completion(&till);
    assert_eq!((again.outcome, again.retold), (Outcome::Unknown, true));
    // What this till asks at once must not be counted for the next one.
    eventually("the terminal is asked about it", || asked(&simulator) > before);
    till.resolve(&id, Outcome::Approved, Some("it is on the terminal's list")).unwrap();
    assert_eq!(pending(&till), []);
    let twice = till.resolve(&id, Outcome::Declined, None).unwrap_err();
    assert_eq!(twice.status(), Status::Argument, "{twice}");
    drop(till);

    let before = asked(&simulator);
    tells_nothing(&open(with_journal(&simulator, &path)));
    assert_eq!(asked(&simulator), before, "the terminal is left in peace");
    let row = &rows(&path)[0];
    assert_eq!(row.outcome, Some(Outcome::Approved));
    assert_eq!(row.note.as_deref(), Some("it is on the terminal's list"));
}

#[test]
fn pending_tells_each_state_oldest_first() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    leave_an_unknown_order(&simulator, &path, &number());
    let till = open(Config { clarify_interval_ms: 0, ..with_journal(&simulator, &path) });
    wait_connected(&till);
    let approved = send(&till, &sale(&number(), "12.00"));
    wait_completed(&till, &approved);
    simulator.set_next(Behaviour::NeverPaid);
    send(&till, &sale(&number(), "12.00"));
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.running().is_some()));
    let so_far = [is("unknown", Some("unknown")), is("unacknowledged", Some("approved"))];
    assert_eq!(pending(&till), [&so_far[..], &[is("in_flight", None)]].concat());
    simulator.cut_link();
    wait_recovering(&till);
    assert_eq!(pending(&till), [&so_far[..], &[is("recovering", None)]].concat());
}

#[test]
fn a_number_the_journal_knows_is_refused_in_a_later_handle() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let number = number();
    let till = open(with_journal(&simulator, &path));
    let id = send(&till, &sale(&number, "12.00"));
    wait_completed(&till, &id);
    acknowledge(&till, &id, Outcome::Approved);
    drop(till);
    let till = open(with_journal(&simulator, &path));
    let prepared = till.prepare(&sale(&number, "12.00")).unwrap();
    let error = till.submit(prepared, None).unwrap_err();
    assert_eq!(error.status(), Status::Duplicate, "{error}");
    assert!(error.message().contains(&number) && error.message().contains(&id), "{error}");
    assert_eq!(pending(&till), []);
    let orders =
        simulator.received().iter().filter(|text| text.contains("ecrhub.pay.order")).count();
    assert_eq!((orders, simulator.charges(&number)), (1, 1));
}

/// It never left, so nothing stands in the way of selling it: also after a restart, also before the acknowledgement.
#[test]
fn the_number_of_an_order_that_never_left_may_be_used_again() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let number = number();
    simulator.refuse_connections(true);
    let till = open(Config { send_timeout_ms: 100, ..with_journal(&simulator, &path) });
    let id = send(&till, &sale(&number, "12.00"));
    let done = wait_completed(&till, &id);
    assert_eq!(done.outcome, Outcome::NotSent, "{done:?}");
    drop(till);
    simulator.refuse_connections(false);
    let till = open(with_journal(&simulator, &path));
    let again = wait_for_completion(&till);
    assert_eq!((again.outcome, again.retold), (Outcome::NotSent, true));
    let id = send(&till, &sale(&number, "12.00"));
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Approved);
    assert_eq!(simulator.charges(&number), 1);
}

/// The order cannot be written down: refused, nothing is sent, and the till goes on once the journal works again.
#[test]
fn an_order_that_cannot_be_written_down_is_refused() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let till = open(with_journal(&simulator, &path));
    wait_connected(&till);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let number = number();
    let refused = till.submit(till.prepare(&sale(&number, "12.00")).unwrap(), None).unwrap_err();
    assert_eq!(refused.status(), Status::Journal, "{refused}");
    assert!(refused.message().contains(path.to_str().unwrap()), "{refused}");
    assert_eq!(simulator.received(), Vec::<String>::new(), "nothing was sent");
    // What moves no money needs no journal.
    assert_eq!(call(&till, &query("A1")).outcome, Outcome::NotFound);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(pending(&till), []);
    let id = send(&till, &sale(&number, "12.00"));
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Approved);
    assert_eq!((simulator.charges(&number), simulator.ledger().len()), (1, 1));
}

/// The till must learn the outcome now, so it is told; acknowledging it is what has to wait for the journal.
#[test]
fn an_outcome_that_cannot_be_written_down_is_told_all_the_same() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let number = number();
    let till = open(Config { clarify_interval_ms: 50, ..impatient(&simulator, &path) });
    wait_connected(&till);
    simulator.set_next(Behaviour::LostAnswer);
    let id = send(&till, &sale(&number, "12.00"));
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(simulator.wait_until(PATIENCE, |terminal| terminal.charges(&number) == 1));
    simulator.refuse_connections(true);
    simulator.cut_link();
    assert_eq!(wait_completed(&till, &id).outcome, Outcome::Unknown);
    simulator.refuse_connections(false);
    let truth = wait_for_truth(&till);
    assert_eq!((truth.request_id.as_str(), truth.outcome), (id.as_str(), Outcome::Approved));
    assert_eq!(pending(&till), [is("unacknowledged", Some("approved"))]);
    let refused = till.acknowledge(&id, Outcome::Approved).unwrap_err();
    assert_eq!(refused.status(), Status::Journal);
    other.execute_batch("ROLLBACK").unwrap();
    acknowledge(&till, &id, Outcome::Approved);
    assert_eq!(pending(&till), []);
    drop(till);
    tells_nothing(&open(with_journal(&simulator, &path)));
    assert_eq!(rows(&path)[0].outcome, Some(Outcome::Approved));
}

#[test]
fn a_journal_that_cannot_be_kept_where_it_is_refuses_the_connect() {
    let (folder, simulator) = (Folder::new(), simulator());
    let file = folder.file("a file");
    std::fs::write(&file, "hello").unwrap();
    for path in
        [folder.file("no such folder/orders.db"), file.join("orders.db"), folder.path().into()]
    {
        let error = Terminal::connect(with_journal(&simulator, &path)).err().expect("refused");
        assert_eq!(error.status(), Status::Journal, "{error}");
        assert!(error.message().contains(path.to_str().unwrap()), "{error}");
    }
    std::thread::sleep(A_WHILE);
    assert_eq!(simulator.sockets(), 0, "a till without its journal does not even connect");
}

const URL: &str = "ECRHUB_TEST_URL";
const JOURNAL: &str = "ECRHUB_TEST_JOURNAL";

/// This test program in another process, playing one of the roles below; started by `command`.
fn play(role: &str, simulator: &Simulator, path: &Path, mut command: Command) -> Command {
    command
        .args(["--exact", role, "--nocapture", "--test-threads", "1"])
        .env(URL, simulator.url())
        .env(JOURNAL, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

fn role() -> Option<Config> {
    let url = std::env::var(URL).ok()?;
    Some(Config { journal: Some(std::env::var(JOURNAL).unwrap()), ..config_for(&url) })
}

/// Sells until an order is refused, and says what it got.
#[cfg(unix)]
#[test]
fn role_sells_until_the_disk_is_full() {
    let Some(config) = role() else { return };
    let till = open(config);
    wait_connected(&till);
    for _ in 0..1_000 {
        let number = number();
        let prepared = till.prepare(&sale(&number, "12.00")).unwrap();
        let id = prepared.request_id().to_owned();
        if let Err(error) = till.submit(prepared, None) {
            println!("\nrefused {number} {} {error}", error.status().name());
            return;
        }
        let done = wait_completed(&till, &id);
        println!("\nsold {number} {}", done.outcome.name());
    }
}

#[test]
fn role_holds_the_journal() {
    let Some(config) = role() else { return };
    let till = open(config);
    wait_connected(&till);
    println!("\nconnected");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// A file that may not grow any more stands for a disk that is full. Windows has no such limit for a process.
#[cfg(unix)]
#[test]
fn on_a_full_disk_no_order_leaves_and_none_is_forgotten() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    // Enough for an empty journal and a few orders; the unit is 512 bytes, or 1,024 in some shells.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap());
    let child =
        play("role_sells_until_the_disk_is_full", &simulator, &path, limited).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let sold: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("sold ")).collect();
    let refused = said.lines().find_map(|line| line.strip_prefix("refused "));
    let refused = refused.unwrap_or_else(|| panic!("it was never refused: {said}"));
    assert!(refused.contains("ECRHUB_ERR_JOURNAL"), "{refused}");
    assert!(refused.contains(path.to_str().unwrap()), "{refused}");
    assert!(!sold.is_empty() && sold.iter().all(|line| line.ends_with(" approved")), "{said}");
    let number = refused.split(' ').next().unwrap();
    assert_eq!(simulator.charges(number), 0);
    assert_eq!(simulator.ledger().len(), sold.len(), "charged is what was told");
    let orders =
        simulator.received().iter().filter(|text| text.contains("ecrhub.pay.order")).count();
    assert_eq!(orders, sold.len(), "what was refused was not sent");

    // There is room again. What could not be written down when it was told is found out; all is told.
    let till = open(with_journal(&simulator, &path));
    let mut told: Vec<String> = sold
        .iter()
        .map(|_| {
            let done = wait_for_completion(&till);
            assert_eq!(done.outcome, Outcome::Approved, "{done:?}");
            acknowledge(&till, &done.request_id, done.outcome);
            done.merchant_order_no.unwrap()
        })
        .collect();
    told.sort();
    let mut numbers: Vec<_> = sold.iter().map(|line| line.split(' ').next().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(told, numbers);
    assert_eq!(pending(&till), []);
}

#[test]
fn a_second_process_on_the_same_journal_is_refused_until_the_first_has_ended() {
    let (folder, simulator) = (Folder::new(), simulator());
    let path = folder.file("orders.db");
    let itself = Command::new(std::env::current_exe().unwrap());
    let mut first = play("role_holds_the_journal", &simulator, &path, itself).spawn().unwrap();
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "connected"));
    let error = Terminal::connect(with_journal(&simulator, &path)).err().expect("refused");
    assert_eq!(error.status(), Status::Journal, "{error}");
    let (path_text, pid) = (path.to_str().unwrap(), first.id().to_string());
    assert!(error.message().contains(path_text), "{error}");
    // Windows lets nobody read a locked file, where the number stands.
    assert!(error.message().contains(&pid) || cfg!(windows), "{error}");
    assert_eq!(simulator.connections(), 1, "only the first is there");
    drop(first.stdin.take());
    assert!(first.wait().unwrap().success());
    tells_nothing(&open(with_journal(&simulator, &path)));
}
