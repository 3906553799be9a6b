//! What a completion costs, however often it is read: one rendering, and one write of the journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ecrhub_simulator::Simulator;

use super::*;
use crate::journal::memory::MemoryJournal;
use crate::journal::{Entry, Handles, Journal, NewOrder, OpenUnder, Settlement};
use crate::terminal::start::Beginning;

const SOON: Option<Duration> = Some(Duration::from_secs(30));

/// Counts the outcomes that are written.
#[derive(Default)]
struct Counting {
    journal: MemoryJournal,
    written: AtomicUsize,
}

impl Counting {
    fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }
}

impl Journal for Counting {
    fn path(&self) -> &str {
        self.journal.path()
    }

    fn begin(&self, order: &NewOrder<'_>) -> Result<bool> {
        self.journal.begin(order)
    }

    fn settle(&self, request_id: &str, settlement: &Settlement<'_>) -> Result<()> {
        self.written.fetch_add(1, Ordering::Relaxed);
        self.journal.settle(request_id, settlement)
    }

    fn clarify(&self, request_id: &str, was: Outcome, settlement: &Settlement<'_>) -> Result<()> {
        self.written.fetch_add(1, Ordering::Relaxed);
        self.journal.clarify(request_id, was, settlement)
    }

    fn looked(&self, looks: &[(String, Outcome)]) -> Result<()> {
        self.journal.looked(looks)
    }

    fn acknowledge(&self, request_id: &str, outcome: Outcome, at_ms: i64) -> Result<Acknowledged> {
        self.journal.acknowledge(request_id, outcome, at_ms)
    }

    fn resolve(&self, id: &str, outcome: Outcome, note: Option<&str>, at_ms: i64) -> Result<()> {
        self.journal.resolve(id, outcome, note, at_ms)
    }

    fn find(&self, request_id: &str) -> Result<Option<Entry>> {
        self.journal.find(request_id)
    }

    fn open(&self, terminal: &str) -> Result<Vec<Entry>> {
        self.journal.open(terminal)
    }

    fn remembered(&self, terminal: &str, now_ms: i64) -> Result<Vec<Entry>> {
        self.journal.remembered(terminal, now_ms)
    }

    fn open_elsewhere(&self, connected: &[String]) -> Result<Vec<OpenUnder>> {
        self.journal.open_elsewhere(connected)
    }

    fn adopt(&self, former: &str, terminal: &str, now_ms: i64) -> Result<usize> {
        self.journal.adopt(former, terminal, now_ms)
    }

    fn handles(&self) -> Option<&Handles> {
        self.journal.handles()
    }
}

/// A terminal whose writes are counted.
fn counted(simulator: &Simulator) -> (Terminal, Arc<Counting>) {
    let journal = Arc::new(Counting::default());
    let books = Books::new(Arc::clone(&journal) as Arc<dyn Journal>, "counter");
    let config = Config { app_id: Some("test".into()), ..Config::new(simulator.url()) };
    let shared = Beginning::with(config, books).unwrap().start().unwrap();
    (Terminal { shared }, journal)
}

fn sale(number: &str) -> String {
    format!(
        r#"{{"topic":"ecrhub.pay.order","biz_data":{{"trans_type":"1","merchant_order_no":"{number}","order_amount":"12.00"}}}}"#
    )
}

fn prepared(terminal: &Terminal, number: &str) -> (Prepared, String) {
    let prepared = terminal.prepare(&sale(number)).unwrap();
    let id = prepared.request_id().to_owned();
    (prepared, id)
}

fn delivery(polled: Polled) -> Delivery {
    match polled {
        Polled::Event(delivery) => delivery,
        Polled::Timeout | Polled::Interrupted => panic!("nothing came"),
    }
}

/// Where the text is: another rendering would be elsewhere, as this one is kept.
fn place_of_text(delivery: &Delivery) -> usize {
    assert!(delivery.json().contains("\"outcome\":\"approved\""), "{}", delivery.json());
    delivery.json().as_ptr() as usize
}

#[test]
fn a_completion_that_is_waited_for_is_rendered_and_written_once() {
    let simulator = Simulator::start(ecrhub_simulator::Options::default()).unwrap();
    let (terminal, journal) = counted(&simulator);
    let (prepared, id) = prepared(&terminal, "A1");
    terminal.start(prepared, None).unwrap();
    // Its buffer is too small.
    let first = delivery(terminal.wait(&id, SOON).unwrap());
    let place = place_of_text(&first);
    drop(first);
    // Two read it at the same time, and one again.
    let (second, third) =
        (delivery(terminal.wait(&id, SOON).unwrap()), delivery(terminal.wait(&id, SOON).unwrap()));
    assert_eq!((place_of_text(&second), place_of_text(&third)), (place, place));
    second.accept_json();
    third.accept_json();
    assert_eq!(place_of_text(&delivery(terminal.wait(&id, SOON).unwrap())), place);
    assert_eq!(journal.written(), 1);
    assert_eq!(terminal.acknowledge(&id, Outcome::Approved).unwrap(), Acknowledged::Done);
    assert_eq!(journal.written(), 1);
}

/// As for a poll, and for a call, whose buffer was too small the first time.
#[test]
fn a_completion_that_is_polled_is_rendered_and_written_once() {
    let simulator = Simulator::start(ecrhub_simulator::Options::default()).unwrap();
    let (terminal, journal) = counted(&simulator);
    let next_completion = || loop {
        let next = delivery(terminal.poll(SOON).unwrap());
        if matches!(next.event().kind, crate::EventKind::Completed(_)) {
            return next;
        }
        next.accept_json();
    };
    for (n, number) in [(1, "A1"), (2, "A2")] {
        let (prepared, id) = prepared(&terminal, number);
        let first = if n == 1 {
            terminal.submit(prepared, None).unwrap();
            next_completion()
        } else {
            match terminal.call(prepared, None).unwrap() {
                Called::Completed(delivery) => delivery,
                Called::Interrupted => panic!("nobody interrupted"),
            }
        };
        let place = place_of_text(&first);
        drop(first);
        let second = next_completion();
        assert_eq!(place_of_text(&second), place);
        second.accept_json();
        assert_eq!(journal.written(), n);
        assert_eq!(terminal.acknowledge(&id, Outcome::Approved).unwrap(), Acknowledged::Done);
        assert_eq!(journal.written(), n);
    }
}

/// However the threads that fetch them take turns.
#[test]
fn the_outcomes_of_an_order_are_written_in_the_order_in_which_they_came() {
    let simulator = Simulator::start(ecrhub_simulator::Options::default()).unwrap();
    let (terminal, journal) = counted(&simulator);
    let (prepared, id) = prepared(&terminal, "A1");
    terminal.start(prepared, None).unwrap();
    let completed = delivery(terminal.wait(&id, SOON).unwrap()).accept();
    let clarified = |outcome, was| crate::event::Event {
        at: completed.at,
        kind: crate::EventKind::Clarified(crate::Clarified {
            request_id: id.clone(),
            merchant_order_no: Some("A1".to_owned()),
            outcome,
            was,
            differs: Vec::new(),
            second_look: false,
            description: None,
            response: None,
            retold: false,
        }),
    };
    let [first, second] = [
        clarified(Outcome::Cancelled, Outcome::Approved),
        clarified(Outcome::Approved, Outcome::Cancelled),
    ]
    .map(|event| {
        let mut inner = terminal.shared.lock();
        let outgoing = inner.events.emit(event);
        inner.unwritten.add_outcome(&outgoing);
        outgoing
    });
    // The second is handed out first.
    for outgoing in [&second, &first] {
        let delivery = Delivery::new(&terminal.shared, Arc::clone(outgoing), Source::Started);
        terminal.shared.record(&delivery);
        assert_eq!(journal.find(&id).unwrap().unwrap().outcome, Some(Outcome::Approved));
    }
    assert_eq!(journal.written(), 3);
}

/// Its row says so, and memory keeps nothing of it.
#[test]
fn a_started_order_that_nobody_waits_for_is_written_before_it_is_forgotten() {
    let simulator = Simulator::start(ecrhub_simulator::Options::default()).unwrap();
    let (terminal, journal) = counted(&simulator);
    let (prepared, id) = prepared(&terminal, "A1");
    terminal.start(prepared, None).unwrap();
    let query = r#"{"topic":"ecrhub.pay.query","biz_data":{"merchant_order_no":"NOSUCHORDER"}}"#;
    let ask = || {
        let prepared = terminal.prepare(query).unwrap();
        let id = prepared.request_id().to_owned();
        terminal.start(prepared, None).unwrap();
        delivery(terminal.wait(&id, SOON).unwrap()).accept_json();
    };
    while terminal.shared.lock().unwritten.newest_outcome(&id).is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    (0..999).for_each(|_| ask());
    assert_eq!(journal.find(&id).unwrap().unwrap().outcome, None, "nobody has fetched it");
    ask();
    assert!(terminal.wait(&id, SOON).is_err(), "it is kept no longer");
    assert_eq!(journal.find(&id).unwrap().unwrap().outcome, Some(Outcome::Approved));
    assert_eq!(terminal.shared.lock().unwritten.outcomes().count(), 0);
    assert_eq!(terminal.acknowledge(&id, Outcome::Approved).unwrap(), Acknowledged::Done);
}
