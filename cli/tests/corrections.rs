//! Reported outcomes that are corrected, and orders that are approved otherwise than they were sent.

mod support;

use serde_json::json;
use support::{Running, Shop};

/// A journal in which the order U1 is unknown, on a terminal that has charged it.
fn shop_with_an_unknown_order() -> Shop {
    let shop = Shop::open_with(|options| options.manual = true);
    let mut sale = shop.ecrhub(&["sale", "5.00", "--order", "U1", "--config", &shop.impatient()]);
    sale.env("ECRHUB_JOURNAL", shop.path("journal.db"));
    let sale = Running::start(sale);
    shop.wait_for_a_customer();
    shop.simulator.refuse_connections(true);
    shop.simulator.cut_link();
    assert!(shop.simulator.approve());
    sale.end().with_code(7);
    shop.simulator.refuse_connections(false);
    shop
}

const CORRECTED: &str = "CORRECTION: order U1 was reported as UNKNOWN and is APPROVED";

#[test]
fn a_correction_is_printed_loudly_while_another_order_is_paid() {
    let shop = shop_with_an_unknown_order();
    let mut sale = shop.ecrhub(&["sale", "6.00", "--order", "S2"]);
    sale.env("ECRHUB_JOURNAL", shop.path("journal.db"));
    let mut sale = Running::start(sale);
    sale.wait_noted(CORRECTED);
    shop.wait_for_a_customer();
    assert!(shop.simulator.approve());
    let ran = sale.end().with_code(0);
    ran.told("APPROVED").noted("Record it");
    assert!(!ran.stdout.contains("U1"), "standard output is this order's: {ran:?}");
    let orders = shop.orders();
    assert!(orders.iter().all(|order| order["acknowledged"].is_number()), "{orders:?}");
}

#[test]
fn with_json_a_correction_is_an_event_and_still_loud() {
    let shop = shop_with_an_unknown_order();
    let mut watch = shop.ecrhub(&["watch", "--json"]);
    watch.env("ECRHUB_JOURNAL", shop.path("journal.db"));
    let mut watch = Running::start(watch);
    watch.wait_noted(CORRECTED);
    let told = watch.wait_told("clarified");
    let event: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&event["was"], &event["outcome"]), (&json!("unknown"), &json!("approved")));
}

#[test]
fn a_partial_approval_is_a_warning_wherever_the_result_goes() {
    for (more, is_json) in [(&[][..], false), (&["--json"][..], true)] {
        let shop = Shop::open_with(|options| options.manual = true);
        let order = json!({
            "topic": "ecrhub.pay.order", "request_id": "part",
            "biz_data": {"trans_type": "1", "merchant_order_no": "P1", "order_amount": "30.00"}
        });
        let order = order.to_string();
        let sale = shop.start(&[&["send", &order], more].concat());
        shop.wait_for_a_customer();
        let answer = json!({
            "topic": "ecrhub.pay.order", "request_id": "part", "response_code": "000",
            "biz_data": {"trans_type": "1", "merchant_order_no": "P1", "order_amount": "20.00", "trans_status": "2"}
        });
        assert!(shop.simulator.push_text(&answer.to_string()) > 0);
        let ran = sale.end().with_code(0);
        let warning =
            "WARNING: the terminal approved something else: order_amount is 20.00, not 30.00.";
        if is_json {
            ran.noted(warning);
            assert_eq!(ran.completed()["differs"]["order_amount"]["answered"], "20.00");
        } else {
            ran.told(warning);
        }
    }
}
