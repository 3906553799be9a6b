//! The typed Rust API against a terminal in software.

use std::time::Duration;

use ecrhub::{
    Authorization, CallError, Cashback, Completion, Config, EventKind, Outcome, Polled, Refund,
    Sale, Status, Terminal, Void,
};
use ecrhub_simulator::{Options, Simulator};

const PATIENCE: Duration = Duration::from_secs(20);

fn pair() -> (Simulator, Terminal) {
    let simulator = Simulator::start(Options::default()).expect("a simulator on free ports");
    let mut config = Config::new(simulator.url());
    config.app_id = Some("app".to_owned());
    let terminal = Terminal::connect(config).expect("a sound configuration");
    (simulator, terminal)
}

#[test]
fn every_kind_of_order_is_taken_by_a_terminal() {
    let (simulator, terminal) = pair();
    let done = terminal.sale(&Sale::new("S1", "34.50").currency("USD").attach("till 3")).unwrap();
    assert_eq!(done.outcome, Outcome::Approved);
    assert_eq!(done.order_amount().as_deref(), Some("34.50"));
    assert_eq!(done.field("attach").as_deref(), Some("till 3"));
    assert!(done.trans_no().is_some() && done.card_no().is_some(), "{done:?}");
    assert_eq!(done.response_code().as_deref(), Some("000"));

    let refund = terminal.refund(&Refund::new("R1", "S1", "4.50")).unwrap();
    assert_eq!(refund.outcome, Outcome::Approved, "{refund:?}");
    let cashback = terminal.cashback(&Cashback::new("C1", "20.00", "10.00")).unwrap();
    assert_eq!(cashback.outcome, Outcome::Approved, "{cashback:?}");
    assert_eq!(cashback.field("cashback_amount").as_deref(), Some("10.00"));
    let void = terminal.void(&Void::new("V1", "C1")).unwrap();
    assert_eq!(void.outcome, Outcome::Approved, "{void:?}");
    let held = terminal.authorize(&Authorization::new("A1", "50.00")).unwrap();
    assert_eq!(held.outcome, Outcome::Approved, "{held:?}");
    let taken = terminal.complete(&Completion::new("A2", "A1", "45.00")).unwrap();
    assert_eq!(taken.outcome, Outcome::Approved, "{taken:?}");

    assert_eq!(terminal.query("S1").unwrap().outcome, Outcome::Approved);
    assert_eq!(simulator.charges("S1"), 1);
}

#[test]
fn what_breaks_the_protocol_is_refused_by_name_and_nothing_is_sent() {
    let (simulator, terminal) = pair();
    let refusals = [
        terminal.sale(&Sale::new("S1", "34,50")),
        terminal.sale(&Sale::new("S 1", "34.50")),
        terminal.sale(&Sale::new("S1", "34.50").currency("dollars")),
        terminal.void(&Void::new("V1", "S1").on_screen_tip(true)),
        terminal.sale(&Sale::new("S1", "34.50").field("trans_no", "1")),
    ];
    let fields =
        ["order_amount", "merchant_order_no", "price_currency", "on_screen_tip", "trans_no"];
    for (refusal, field) in refusals.into_iter().zip(fields) {
        let error = refusal.expect_err(field);
        assert_eq!(error.status(), Status::Request, "{error}");
        assert!(error.to_string().contains(field), "{error}");
    }
    assert!(simulator.received().is_empty());
}

#[test]
fn an_interrupted_call_names_the_request_whose_completion_is_still_to_come() {
    let (simulator, terminal) = pair();
    simulator.set_manual(true);
    let interrupted = std::thread::scope(|scope| {
        let call = scope.spawn(|| terminal.sale(&Sale::new("S1", "34.50").request_id("mine")));
        assert!(simulator.wait_until(PATIENCE, |s| s.running().is_some()));
        terminal.wake().unwrap();
        call.join().unwrap()
    });
    let error = interrupted.unwrap_err();
    assert_eq!(error, CallError::Interrupted { request_id: "mine".to_owned() });
    assert!(error.to_string().contains("mine"), "{error}");

    assert!(simulator.approve());
    let done = loop {
        match terminal.poll(Some(PATIENCE)).unwrap() {
            Polled::Event(delivery) => match delivery.accept().kind {
                EventKind::Completed(done) => break done,
                _ => continue,
            },
            _ => panic!("the completion did not come"),
        }
    };
    assert_eq!((done.request_id.as_str(), done.outcome), ("mine", Outcome::Approved));
}

#[test]
fn a_close_gives_up_what_waits_for_the_customer() {
    let (simulator, terminal) = pair();
    simulator.set_manual(true);
    let done = std::thread::scope(|scope| {
        let sale = scope.spawn(|| terminal.sale(&Sale::new("S1", "34.50")));
        assert!(simulator.wait_until(PATIENCE, |s| s.running().is_some()));
        assert_eq!(terminal.query("S1").unwrap().outcome, Outcome::InProgress);
        assert_eq!(terminal.close("S1").unwrap().outcome, Outcome::Ok);
        sale.join().unwrap().unwrap()
    });
    assert_eq!(done.outcome, Outcome::Cancelled);
    assert_eq!(simulator.charges("S1"), 0);
}

#[test]
fn the_events_end_with_the_connection() {
    let (_simulator, terminal) = pair();
    let (seen, saw) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            terminal.events().for_each(|event| seen.send(event.kind.name()).unwrap());
        });
        assert_eq!(saw.recv_timeout(PATIENCE), Ok("connected"));
        terminal.disconnect();
        reader.join().unwrap();
    });
    assert!(saw.try_recv().is_err());
}
