//! The terminal's own rules, without sockets.

#[path = "common/bench.rs"]
#[allow(dead_code, reason = "shared with the tests of the amounts")]
mod bench;

use bench::{Bench, START, envelope, order};
use ecrhub_simulator::{Behaviour, Model, Options};
use serde_json::{Value, json};

fn code(answer: &Value) -> &str {
    answer["response_code"].as_str().unwrap()
}

#[test]
fn an_answer_has_what_terminals_send() {
    let mut bench = Bench::new(|_| {});
    let request = envelope(
        "ecrhub.pay.order",
        json!({"trans_type": "11", "merchant_order_no": "A1", "order_amount": "10", "cashback_amount": "5.00",
            "tip_amount": "1.5", "price_currency": "EUR", "attach": "Tisch 4 – 三 🍕", "pay_method_id": "Visa"}),
    );
    let answer = bench.ask(&request);
    let biz = &answer["biz_data"];
    assert_eq!(
        (code(&answer), &answer["topic"], &answer["app_id"]),
        ("000", &json!("ecrhub.pay.order"), &json!("app"))
    );
    assert_eq!(answer["timestamp"], START.to_string());
    assert_eq!(biz["attach"], "Tisch 4 – 三 🍕");
    assert_eq!((&biz["order_amount"], &biz["price_currency"]), (&json!("10"), &json!("EUR")));
    assert_eq!((&biz["total_amount"], &biz["trans_status"]), (&json!("16.50"), &json!("2")));
    assert_eq!(biz["trans_end_time"], "2024-10-07 05:42:39");
    for key in
        ["trans_no", "card_no", "card_brand", "auth_code", "ref_no", "entry_mode", "pay_scenario"]
    {
        assert!(biz[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    assert!(biz["card_no"].as_str().unwrap().contains("******"));
    assert_eq!(bench.model.ledger()[0].total, "16.50");
    let asked = bench.query("A1");
    assert_eq!(asked["biz_data"], *biz);
}

#[test]
fn qr_payments_have_no_card() {
    let mut bench = Bench::new(|_| {});
    let mut request = order("1", "A1", "10.00", "");
    request["biz_data"]["pay_scenario"] = "BSCANQR_PAY".into();
    let biz = bench.ask(&request)["biz_data"].clone();
    assert_eq!(
        (&biz["pay_scenario"], &biz["entry_mode"], biz.get("card_no")),
        (&json!("BSCANQR_PAY"), &json!("QR_CODE"), None)
    );
}

#[test]
fn a_number_is_used_once() {
    let mut bench = Bench::new(|_| {});
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
    assert_eq!(bench.order("1", "A1", "10.00", ""), "113");
    assert_eq!(bench.order("3", "A1", "10.00", "A1"), "113");
    assert_eq!(bench.model.charges("A1"), 1);
    assert_eq!(bench.order("1", "B1", "10.01", ""), "106");
    assert_eq!(bench.order("1", "B1", "10.00", ""), "113");
}

#[test]
fn one_transaction_at_a_time() {
    let mut bench = Bench::new(|options| options.think_ms = 1_000);
    bench.send(&order("1", "A1", "10.00", ""));
    assert_eq!(bench.order("1", "B1", "10.00", ""), "101");
    assert_eq!(bench.query("B1")["response_code"], "104");
    assert_eq!(bench.order("1", "A1", "10.00", ""), "113");
    bench.actions.clear();
    bench.pass(1_000);
    assert_eq!(bench.codes(), ["000"]);
}

#[test]
fn malformed_orders_are_refused_and_leave_no_record() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut bench = Bench::new(|_| {});
        let mut request = order("1", "A1", "10.00", "");
        change(&mut request);
        let answer = bench.ask(&request);
        assert_eq!(bench.model.ledger(), []);
        assert!(bench.model.record("A1").is_none());
        code(&answer).to_owned()
    };
    for bad in ["10,00", "-1.00", "abc", "1.2345", "0", "0.00", "1e2"] {
        assert_eq!(
            refused(&|request| request["biz_data"]["order_amount"] = bad.into()),
            "121",
            "{bad}"
        );
    }
    assert_eq!(refused(&|request| request["biz_data"]["order_amount"] = json!(10.5)), "121");
    assert_eq!(refused(&|request| request["biz_data"]["tip_amount"] = "x".into()), "121");
    for missing in ["trans_type", "merchant_order_no", "order_amount"] {
        assert_eq!(
            refused(&|request| drop(request["biz_data"].as_object_mut().unwrap().remove(missing))),
            "202",
            "{missing}"
        );
    }
    for missing in ["topic", "app_id", "biz_data"] {
        assert_eq!(
            refused(&|request| drop(request.as_object_mut().unwrap().remove(missing))),
            "202",
            "{missing}"
        );
    }
    for (key, bad) in [
        ("merchant_order_no", json!("A-1")),
        ("merchant_order_no", json!("1".repeat(33))),
        ("expires", json!("soon")),
        ("confirm_on_terminal", json!("maybe")),
        ("price_currency", json!("dollars")),
    ] {
        assert_eq!(refused(&|request| request["biz_data"][key] = bad.clone()), "202", "{key}");
    }
    assert_eq!(refused(&|request| request["biz_data"]["trans_type"] = "9".into()), "114");
    assert_eq!(refused(&|request| request["biz_data"]["trans_type"] = "3".into()), "202");
    assert_eq!(refused(&|request| request["biz_data"] = "text".into()), "202");
    assert_eq!(
        refused(&|request| {
            request["biz_data"]["trans_type"] = "11".into();
            request["biz_data"]["on_screen_tip"] = true.into();
        }),
        "202"
    );
}

#[test]
fn what_is_not_json_is_answered_with_202() {
    let mut bench = Bench::new(|_| {});
    for text in ["", "{", "[]", "null", "\"x\"", "{\"topic\":{}}"] {
        bench.actions.clear();
        bench.model.on_message(1, text, START);
        bench.take_actions();
        assert_eq!(bench.codes(), ["202"], "{text}");
    }
}

#[test]
fn numbers_are_taken_for_text() {
    let mut bench = Bench::new(|_| {});
    let mut request = order("1", "A1", "10", "");
    request["biz_data"]["trans_type"] = json!(1);
    request["biz_data"]["expires"] = json!(0);
    request["biz_data"]["merchant_order_no"] = serde_json::from_str("12320231220110257").unwrap();
    assert_eq!(code(&bench.ask(&request)), "000");
    assert_eq!(bench.model.charges("12320231220110257"), 1);
}

#[test]
fn an_order_expires() {
    let mut bench = Bench::new(|_| {});
    let mut request = order("1", "A1", "10.13", "");
    request["biz_data"]["expires"] = "180".into();
    bench.send(&request);
    bench.pass(179_999);
    assert_eq!(bench.codes().len(), 0);
    bench.pass(1);
    assert_eq!((bench.codes(), bench.status("A1")), (vec!["107".to_owned()], "1".into()));
    assert_eq!(bench.model.ledger(), []);
}

#[test]
fn an_order_paid_in_time_does_not_expire() {
    let mut bench = Bench::new(|options| options.think_ms = 1_000);
    let mut request = order("1", "A1", "10.00", "");
    request["biz_data"]["expires"] = "1".into();
    bench.send(&request);
    bench.pass(5_000);
    assert_eq!((bench.codes(), bench.model.charges("A1")), (vec!["000".to_owned()], 1));
}

#[test]
fn the_cashier_confirms_first() {
    let mut request = order("1", "A1", "10.00", "");
    request["biz_data"]["confirm_on_terminal"] = true.into();
    let mut bench = Bench::new(|options| options.confirm_ms = 1_000);
    bench.send(&request);
    assert_eq!(bench.status("A1"), "9");
    bench.pass(1_000);
    assert_eq!(bench.status("A1"), "2");

    let mut bench = Bench::new(|options| options.manual = true);
    bench.send(&request);
    bench.pass(1_000_000);
    assert!(
        bench.model.confirming()
            && bench.model.confirm(bench.now)
            && !bench.model.confirm(bench.now)
    );
    assert_eq!(bench.status("A1"), "0");
    assert!(bench.model.approve(bench.now));
    assert_eq!(bench.status("A1"), "2");

    request.as_object_mut().unwrap().remove("request_id");
    assert_eq!(code(&bench.ask(&request)), "202");
}

#[test]
fn by_hand() {
    let mut bench = Bench::new(|options| options.manual = true);
    let now = bench.now;
    assert!(!bench.model.approve(now) && !bench.model.decline(now) && !bench.model.cancel(now));
    bench.send(&order("1", "A1", "10.00", ""));
    bench.send(&order("1", "B1", "10.00", ""));
    assert_eq!(bench.codes(), ["101"]);
    assert!(bench.model.decline(now));
    bench.send(&order("1", "C1", "10.00", ""));
    assert!(bench.model.cancel(now));
    bench.send(&order("1", "D1", "10.01", ""));
    assert!(bench.model.approve(now));
    bench.send(&order("1", "E1", "10.30", ""));
    assert!(bench.model.approve(now));
    bench.take_actions();
    assert_eq!(bench.codes(), ["101", "106", "110", "000"]);
    let charged: Vec<_> =
        bench.model.ledger().iter().map(|entry| entry.merchant_order_no.as_str()).collect();
    assert_eq!(charged, ["D1", "E1"]);
    assert_eq!((bench.status("A1"), bench.status("C1")), ("1".into(), "3".into()));
}

#[test]
fn a_close_ends_what_waits() {
    let mut bench = Bench::new(|_| {});
    bench.send(&order("1", "A1", "10.13", ""));
    bench.close("A1");
    assert_eq!(bench.codes(), ["102", "000"]);
    assert_eq!((bench.status("A1"), bench.model.running()), ("1".into(), None));
    bench.actions.clear();
    bench.close("A1");
    assert_eq!(bench.codes(), ["201"]);
    assert_eq!(bench.order("1", "A1", "10.00", ""), "113");
    assert_eq!(bench.model.ledger(), []);
}

#[test]
fn a_close_without_a_number_is_about_what_runs() {
    let mut bench = Bench::new(|_| {});
    let close = envelope("ecrhub.pay.close", json!({}));
    assert_eq!(code(&bench.ask(&close)), "201");
    bench.send(&order("1", "A1", "10.13", ""));
    bench.send(&close);
    assert_eq!(bench.codes(), ["201", "102", "000"]);
}

#[test]
fn a_close_can_come_too_late() {
    let mut bench = Bench::new(|_| {});
    bench.order("1", "A1", "10.00", "");
    bench.send(&order("1", "B1", "10.16", ""));
    bench.actions.clear();
    bench.close("A1");
    bench.close("B1");
    bench.pass(5_000);
    assert_eq!(bench.codes(), ["201", "201", "000"]);
    assert_eq!(bench.model.charges("B1"), 1);
}

#[test]
fn closing_an_unknown_number_bars_it() {
    let mut bench = Bench::new(|_| {});
    bench.close("A1");
    assert_eq!(bench.codes(), ["000"]);
    assert_eq!(bench.order("1", "A1", "10.00", ""), "102");
    assert_eq!(bench.query("A1")["response_code"], "104");
    assert_eq!(bench.model.ledger(), []);

    let mut bench = Bench::new(|options| options.close_unknown_fails = true);
    bench.close("A1");
    assert_eq!(bench.codes(), ["104"]);
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
}

#[test]
fn other_topics() {
    let mut bench = Bench::new(|_| {});
    for topic in ["init", "getInfo", "heartbeat", "pair", "unpair", "pay.batch.close"] {
        let answer = bench.ask(&envelope(&format!("ecrhub.{topic}"), json!({})));
        assert_eq!((code(&answer), answer["biz_data"].is_object()), ("000", true), "{topic}");
    }
    bench.order("1", "A1", "10.00", "");
    for topic in ["ecrhub.pay.reprint", "ecrhub.pay.tip.adjustment"] {
        assert_eq!(code(&bench.ask(&envelope(topic, json!({"merchant_order_no": "A1"})))), "000");
        assert_eq!(code(&bench.ask(&envelope(topic, json!({"merchant_order_no": "B1"})))), "104");
    }
    assert_eq!(code(&bench.ask(&envelope("ecrhub.pay.fly", json!({})))), "202");
}

#[test]
fn a_lost_link_does_not_stop_the_customer() {
    for push in [false, true] {
        let mut bench = Bench::new(|options| {
            options.think_ms = 1_000;
            options.push_after_reconnect = push;
        });
        bench.send(&order("1", "A1", "10.00", ""));
        bench.model.on_disconnect(1, bench.now);
        bench.pass(1_000);
        assert_eq!((bench.codes().len(), bench.model.charges("A1")), (0, 1));
        bench.reconnect();
        assert_eq!(bench.codes().len(), usize::from(push));
        bench.reconnect();
        assert_eq!(bench.codes().len(), usize::from(push), "pushed once");
        assert_eq!(bench.status("A1"), "2");
    }
}

#[test]
fn a_message_behind_a_cut_is_not_read() {
    let mut bench = Bench::new(|_| {});
    bench.send(&order("1", "A1", "10.32", ""));
    bench.send(&order("1", "A1", "10.00", ""));
    bench.pass(0);
    assert_eq!(bench.model.ledger(), []);
}

#[test]
fn a_reboot_loses_what_runs_and_keeps_the_rest() {
    let mut bench = Bench::new(|_| {});
    bench.order("1", "A1", "10.00", "");
    bench.send(&order("1", "B1", "10.13", ""));
    bench.model.reboot(bench.now);
    bench.reconnect();
    assert_eq!(
        (bench.status("A1"), bench.query("B1")["response_code"].clone()),
        ("2".into(), "104".into())
    );
    assert_eq!(bench.order("1", "A1", "10.00", ""), "113");
    assert_eq!(bench.order("1", "B1", "10.60", ""), "000");
    bench.model.reboot(bench.now);
    bench.reconnect();
    bench.pass(5_000);
    assert_eq!(bench.status("B1"), "2");
}

#[test]
fn a_snapshot_brings_everything_back() {
    let mut bench = Bench::new(|_| {});
    bench.order("1", "A1", "10.00", "");
    bench.order("3", "R1", "4.00", "A1");
    bench.order("1", "B1", "10.01", "");
    bench.close("C1");
    let text = bench.model.snapshot().to_string();
    let mut other = Model::new(Options::default(), 9);
    other.restore(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(other.ledger(), bench.model.ledger());
    for number in ["A1", "R1", "B1"] {
        assert_eq!(other.record(number), bench.model.record(number), "{number}");
    }
    assert_eq!(other.snapshot(), bench.model.snapshot());
    for bad in [
        json!(null),
        json!({"ledger": [{}], "records": [], "barred": []}),
        json!({"ledger": [], "records": 1}),
    ] {
        assert!(Model::new(Options::default(), 9).restore(&bad).is_err());
    }
}

#[test]
fn a_seed_repeats_everything() {
    let run = |seed| {
        let mut model = Model::new(Options::default(), seed);
        model.on_connect(1, START);
        model.on_message(1, &order("1", "A1", "10.00", "").to_string(), START);
        model.on_time(START);
        model.poll_action()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn next_goes_before_the_cents_and_lasts_one_order() {
    let mut bench = Bench::new(|_| {});
    bench.next(Behaviour::Declined);
    bench.next(Behaviour::Cancelled);
    assert_eq!(bench.order("1", "A1", "10.00", ""), "106");
    assert_eq!(bench.order("1", "B1", "10.00", ""), "110");
    assert_eq!(bench.order("1", "C1", "10.00", ""), "000");
    bench.next(Behaviour::Declined);
    bench.model.reset();
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
    assert_eq!(bench.model.ledger().len(), 1);
}
