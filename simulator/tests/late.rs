//! What comes after an answer, or instead of it: late charges, reversals, signatures, and the card being read.

#[path = "common/bench.rs"]
#[allow(dead_code, reason = "shared with the tests of the rules")]
mod bench;

use bench::{Bench, order};
use ecrhub_simulator::{Action, Behaviour, Oddities};
use serde_json::{Value, json};

/// The order A1 under this behaviour; its answers and the close's, in order.
fn started(behaviour: Behaviour) -> Bench {
    let mut bench = Bench::new(|options| options.late_ms = 1_000);
    bench.next(behaviour);
    bench.send(&order("1", "A1", "12.00", ""));
    bench.pass(0);
    bench
}

/// What a query for A1 says: a code that refuses, or the status.
fn asked(bench: &mut Bench) -> String {
    let answer = bench.query("A1");
    let status = answer["biz_data"]["trans_status"].as_str();
    status.or(answer["response_code"].as_str()).unwrap().to_owned()
}

#[test]
fn an_approval_follows_a_refusal() {
    for (behaviour, code, meanwhile) in [
        (Behaviour::RefusedThenPaid, "106", "1"),
        (Behaviour::HiddenThenPaid, "106", "104"),
        (Behaviour::CancelledThenPaid, "110", "3"),
        (Behaviour::BusyThenPaid, "101", "104"),
    ] {
        let mut bench = started(behaviour);
        assert_eq!((bench.codes(), asked(&mut bench).as_str()), (vec![code.to_owned()], meanwhile));
        bench.actions.clear();
        bench.pass(999);
        assert_eq!((bench.codes().len(), bench.model.charges("A1")), (0, 0), "{behaviour}");
        bench.pass(1);
        let answer: Value = serde_json::from_str(&bench.messages()[0]).unwrap();
        assert_eq!(answer["response_code"], "000", "{behaviour}");
        assert_eq!(
            (&answer["request_id"], &answer["biz_data"]["trans_status"]),
            (&json!("r1"), &json!("2"))
        );
        assert!(answer["biz_data"]["card_no"].is_string(), "{behaviour}");
        assert_eq!(
            (asked(&mut bench).as_str(), bench.model.charges("A1")),
            ("2", 1),
            "{behaviour}"
        );
    }
}

#[test]
fn a_cancelled_record_has_no_card_before_it_is_charged() {
    let mut bench = started(Behaviour::CancelledThenPaid);
    assert_eq!(bench.query("A1")["biz_data"].get("card_no"), None);
}

#[test]
fn the_terminal_serves_others_before_a_late_charge() {
    let mut bench = started(Behaviour::RefusedThenPaid);
    assert_eq!(bench.order("1", "B1", "10.00", ""), "000");
    bench.pass(1_000);
    assert_eq!((bench.model.charges("A1"), bench.model.charges("B1")), (1, 1));
}

#[test]
fn a_late_answer_goes_to_the_next_connection_where_its_own_has_ended() {
    let mut bench = started(Behaviour::RefusedThenPaid);
    bench.reconnect();
    bench.actions.clear();
    bench.pass(1_000);
    assert!(matches!(&bench.actions[..], [Action::Send { conn: 2, .. }]));
}

#[test]
fn an_approval_follows_a_close_that_was_accepted() {
    let mut bench = started(Behaviour::CloseThenPaid);
    bench.pass(100_000);
    assert_eq!((bench.codes().len(), asked(&mut bench).as_str()), (0, "0"));
    bench.actions.clear();
    bench.close("A1");
    assert_eq!(
        (bench.codes(), asked(&mut bench).as_str()),
        (vec!["102".into(), "000".into()], "1")
    );
    bench.actions.clear();
    bench.pass(1_000);
    assert_eq!((bench.codes(), bench.model.charges("A1")), (vec!["000".to_owned()], 1));
    assert_eq!(asked(&mut bench), "2");
}

#[test]
fn an_approval_follows_queries_that_found_nothing() {
    for (fails, closed) in [(false, "000"), (true, "104")] {
        let mut bench = Bench::new(|options| options.close_unknown_fails = fails);
        bench.send(&order("1", "A1", "12.81", ""));
        assert_eq!(asked(&mut bench), "104");
        bench.actions.clear();
        bench.close("A1");
        bench.pass(59_999);
        assert_eq!((bench.codes(), asked(&mut bench).as_str()), (vec![closed.to_owned()], "104"));
        bench.actions.clear();
        bench.pass(1);
        assert_eq!((bench.codes(), asked(&mut bench).as_str()), (vec!["000".to_owned()], "2"));
        assert_eq!(bench.model.charges("A1"), 1);
    }
}

#[test]
fn an_approval_is_reversed() {
    let mut bench = started(Behaviour::PaidThenReversed);
    assert_eq!((bench.codes(), asked(&mut bench).as_str()), (vec!["000".to_owned()], "2"));
    bench.actions.clear();
    bench.pass(1_000);
    assert_eq!((bench.codes().len(), asked(&mut bench).as_str()), (0, "3"));
    let ledger = bench.model.ledger();
    let moved: Vec<_> =
        ledger.iter().map(|entry| (entry.trans_type.as_str(), entry.total.as_str())).collect();
    assert_eq!(moved, [("1", "12.00"), ("2", "12.00")]);
    assert_eq!(
        (ledger[1].orig_merchant_order_no.as_deref(), bench.model.charges("A1")),
        (Some("A1"), 1)
    );
}

#[test]
fn a_signature_is_waited_for_with_the_money_moved() {
    for (cents, meanwhile) in [("83", "2"), ("84", "0")] {
        let mut bench = Bench::new(|options| options.signature_ms = 1_000);
        bench.send(&order("1", "A1", &format!("12.{cents}"), ""));
        bench.pass(999);
        assert_eq!((bench.codes().len(), bench.model.charges("A1")), (0, 1), "{cents}");
        assert_eq!(asked(&mut bench), meanwhile);
        assert_eq!(bench.order("1", "B1", "10.00", ""), "101");
        bench.actions.clear();
        bench.close("A1");
        assert_eq!(bench.codes(), ["201"]);
        bench.pass(1);
        assert_eq!((bench.codes()[1].as_str(), asked(&mut bench).as_str()), ("000", "2"));
        assert_eq!(bench.model.charges("A1"), 1);
    }
}

#[test]
fn a_reboot_does_not_undo_what_waits_for_a_signature() {
    let mut bench = Bench::new(|_| {});
    bench.send(&order("1", "A1", "12.83", ""));
    bench.pass(1);
    bench.model.reboot(bench.now);
    bench.reconnect();
    assert_eq!((asked(&mut bench).as_str(), bench.model.charges("A1")), ("2", 1));
}

#[test]
fn a_bare_success_comes_first_and_the_outcome_later() {
    for (behaviour, later, charges) in [
        (Behaviour::Acknowledged, Some("000"), 1),
        (Behaviour::AcknowledgedDeclined, Some("106"), 0),
        (Behaviour::AcknowledgedLost, None, 0),
    ] {
        let mut bench = started(behaviour);
        let first: Value = serde_json::from_str(&bench.messages()[0]).unwrap();
        assert_eq!(
            (&first["response_code"], first["biz_data"].get("trans_status")),
            (&json!("000"), None)
        );
        assert_eq!((asked(&mut bench).as_str(), bench.model.charges("A1")), ("0", 0));
        bench.actions.clear();
        bench.pass(5_000);
        assert_eq!(bench.codes().first().map(String::as_str), later, "{behaviour}");
        assert_eq!(bench.model.charges("A1"), charges, "{behaviour}");
    }
}

/// A terminal whose customer takes a second to show the card, and whose host takes another.
fn authorising(oddities: Oddities) -> Bench {
    let mut bench = Bench::new(|options| {
        (options.think_ms, options.authorise_ms, options.oddities) = (1_000, 1_000, oddities);
    });
    bench.send(&order("1", "A1", "12.00", ""));
    bench
}

#[test]
fn a_close_during_authorisation_is_refused() {
    let mut bench = authorising(Oddities::default());
    bench.pass(1_000);
    bench.close("A1");
    assert_eq!((bench.codes(), asked(&mut bench).as_str()), (vec!["201".to_owned()], "0"));
    bench.pass(1_000);
    assert_eq!((bench.model.charges("A1"), asked(&mut bench).as_str()), (1, "2"));

    let mut bench = authorising(Oddities::default());
    bench.pass(999);
    bench.close("A1");
    assert_eq!(bench.codes(), ["102", "000"]);
    bench.pass(5_000);
    assert_eq!(bench.model.charges("A1"), 0);
}

#[test]
fn a_close_during_authorisation_may_be_accepted_for_nothing() {
    let mut bench = authorising(Oddities { close_authorising: true, ..Oddities::default() });
    bench.pass(1_000);
    bench.close("A1");
    assert_eq!(bench.codes(), ["000"]);
    bench.pass(1_000);
    assert_eq!((bench.codes(), bench.model.charges("A1")), (vec!["000".into(), "000".into()], 1));
}

#[test]
fn a_record_is_found_once_the_card_is_read_or_charged() {
    for (oddity, waiting, reading, declined) in
        [("found-once-read", "104", "0", "1"), ("found-once-charged", "104", "104", "104")]
    {
        let oddities = Oddities::from_names([oddity]).unwrap();
        let mut bench = authorising(oddities);
        bench.pass(999);
        assert_eq!(asked(&mut bench), waiting, "{oddity}");
        bench.pass(1);
        assert_eq!(asked(&mut bench), reading, "{oddity}");
        bench.pass(1_000);
        assert_eq!((asked(&mut bench).as_str(), bench.model.charges("A1")), ("2", 1), "{oddity}");

        let mut bench = Bench::new(|options| options.oddities = oddities);
        assert_eq!(bench.order("1", "A1", "12.01", ""), "106");
        assert_eq!(asked(&mut bench), declined, "{oddity}");
        let mut bench = Bench::new(|options| options.oddities = oddities);
        bench.send(&order("1", "A1", "12.13", ""));
        bench.close("A1");
        assert_eq!(
            (bench.codes(), asked(&mut bench).as_str()),
            (vec!["102".into(), "000".into()], "104")
        );
    }
}
