//! Ctrl-C.
// Sent as a signal: a Windows program can send it only to a whole console, its own included.
#![cfg(unix)]

mod support;

use support::{PATIENCE, Shop};

#[test]
fn ctrl_c_closes_the_order_that_waits_and_tells_the_outcome() {
    let shop = Shop::open_with(|options| options.manual = true);
    let mut sale = shop.start(&["sale", "5.00", "--order", "S1"]);
    shop.wait_for_a_customer();
    sale.interrupt();
    sale.wait_noted("Giving the order up");
    let ran = sale.end().with_code(3);
    ran.told("CANCELLED");
    assert_eq!(shop.simulator.charges("S1"), 0);
    assert!(shop.simulator.received().iter().any(|m| m.contains("ecrhub.pay.close")));
}

#[test]
fn a_customer_who_was_faster_than_ctrl_c_has_paid() {
    let shop = Shop::open_with(|options| options.slow_ms = 700);
    let sale = shop.start(&["sale", "5.16", "--order", "S1", "--json"]);
    shop.wait_for_a_customer();
    sale.interrupt();
    let ran = sale.end().with_code(0);
    assert_eq!(ran.completed()["outcome"], "approved");
    let closed = ran.json().into_iter().find(|event| event["topic"] == "ecrhub.pay.close");
    assert_eq!(closed.expect("the close completes too")["outcome"], "refused");
    assert_eq!(shop.simulator.charges("S1"), 1);
}

#[test]
fn a_second_ctrl_c_leaves_at_once_and_says_that_the_order_is_open() {
    let shop = Shop::open_with(|options| options.manual = true);
    let journal = shop.path("journal.db");
    let mut sale = shop.start(&["sale", "5.00", "--order", "S1", "--journal", &journal]);
    shop.wait_for_a_customer();
    shop.simulator.freeze();
    sale.interrupt();
    sale.wait_noted("Giving the order up");
    sale.interrupt();
    sale.end().with_code(130).noted("OPEN").noted("ecrhub query S1");
    assert!(shop.orders()[0]["outcome"].is_null());

    // The customer pays after all, and the next command finds it out.
    shop.simulator.thaw();
    shop.simulator.approve();
    shop.simulator.set_manual(false);
    let mut watch = shop.start(&["watch", "--json", "--journal", &journal]);
    let found = watch.wait_told("\"completed\"");
    assert!(found.contains("\"S1\"") && found.contains("\"recovered\":true"), "{found}");
    watch.interrupt();
    watch.end().with_code(0);
    let order = &shop.orders()[0];
    assert!(!order["outcome"].is_null() && order["acknowledged"].is_number(), "{order}");
}

#[test]
fn what_is_no_order_is_left_at_once() {
    let shop = Shop::open();
    shop.simulator.freeze();
    let mut query = shop.start(&["query", "S1"]);
    query.wait_told("Query");
    query.interrupt();
    // Ctrl-C right after the title comes before anything was sent: then the exit code says that.
    let left = query.end();
    let sent = left.stderr.contains("Left before the answer came.");
    let expected = if sent { 130 } else { 6 };
    left.with_code(expected).noted("Left before");
}

#[test]
fn watch_shows_events_until_ctrl_c() {
    let shop = Shop::open();
    let mut watch = shop.start(&["watch", "--json"]);
    watch.wait_told("\"connected\"");
    assert!(shop.simulator.wait_until(PATIENCE, |s| s.connections() == 1));
    shop.simulator.push_text("{\"topic\":\"hello\",\n \"biz_data\":{}}");
    watch.wait_told("\"message\"");
    shop.simulator.push_text("no json");
    watch.wait_told("\"protocol_error\"");
    shop.simulator.cut_link();
    watch.wait_told("\"disconnected\"");
    watch.wait_told("\"connected\"");
    watch.interrupt();
    let ran = watch.end().with_code(0);
    assert_eq!(ran.json().len(), 5, "{ran:?}");

    let mut watch = shop.start(&["watch"]);
    let line = watch.wait_told("connected to");
    assert_eq!(line.as_bytes()[2], b':', "it begins with the time: {line}");
    watch.interrupt();
    watch.end().with_code(0);
}
