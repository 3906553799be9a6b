//! Voids, refunds and completions: orders about earlier ones.

#[path = "common/bench.rs"]
#[allow(dead_code, reason = "shared with the tests of the rules")]
mod bench;

use bench::{Bench, order};
use serde_json::{Value, json};

fn code(answer: &Value) -> &str {
    answer["response_code"].as_str().unwrap()
}

#[test]
fn voids() {
    let mut bench = Bench::new(|_| {});
    assert_eq!(bench.order("2", "V0", "10.00", "A1"), "104");
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
    let mut request = order("2", "V1", "", "A1");
    request["biz_data"].as_object_mut().unwrap().remove("order_amount");
    let answer = bench.ask(&request);
    assert_eq!((code(&answer), &answer["biz_data"]["order_amount"]), ("000", &json!("10.00")));
    assert_eq!((bench.status("A1"), bench.status("V1")), ("3".into(), "2".into()));
    assert_eq!(bench.order("2", "V2", "10.00", "A1"), "119");
    assert_eq!(bench.order("2", "V3", "10.00", "V1"), "119");
    assert_eq!(bench.order("3", "R1", "10.00", "A1"), "106");
    assert_eq!(bench.order("1", "B1", "10.01", ""), "106");
    assert_eq!(bench.order("2", "V4", "10.00", "B1"), "119");
    assert_eq!(bench.query("V2")["response_code"], "104");
    let types: Vec<_> =
        bench.model.ledger().iter().map(|entry| entry.trans_type.as_str()).collect();
    assert_eq!(types, ["1", "2"]);
    assert_eq!(bench.model.ledger()[1].orig_merchant_order_no.as_deref(), Some("A1"));
}

#[test]
fn refunds() {
    let mut bench = Bench::new(|_| {});
    assert_eq!(bench.order("3", "R0", "4.00", "A1"), "104");
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
    assert_eq!(bench.order("3", "R1", "4.00", "A1"), "000");
    assert_eq!(bench.order("2", "V1", "10.00", "A1"), "119");
    assert_eq!(bench.order("3", "R2", "6.70", "A1"), "120");
    assert_eq!(bench.order("3", "R2", "6.00", "A1"), "000");
    assert_eq!(bench.order("3", "R3", "1.00", "A1"), "105");
    assert_eq!(bench.status("A1"), "2");
    assert_eq!(bench.order("2", "V2", "6.00", "R2"), "000");
    assert_eq!(bench.order("3", "R4", "6.00", "A1"), "000");
    assert_eq!(bench.order("3", "R5", "6.00", "R1"), "106");
}

#[test]
fn a_declined_refund_moves_nothing() {
    let mut bench = Bench::new(|_| {});
    bench.order("1", "A1", "10.00", "");
    assert_eq!(bench.order("3", "R1", "5.01", "A1"), "106");
    assert_eq!(bench.order("3", "R2", "10.00", "A1"), "000");
}

#[test]
fn authorizations_are_completed_once_or_cancelled() {
    let mut bench = Bench::new(|_| {});
    assert_eq!(bench.order("6", "C0", "10.00", "H1"), "104");
    assert_eq!(bench.order("4", "H1", "50.00", ""), "000");
    assert_eq!(bench.order("6", "C1", "50.70", "H1"), "120");
    assert_eq!(bench.order("6", "C1", "40.00", "H1"), "000");
    assert_eq!((bench.status("H1"), bench.status("C1")), ("4".into(), "2".into()));
    assert_eq!(bench.order("6", "C2", "1.00", "H1"), "106");
    assert_eq!(bench.order("2", "V1", "50.00", "H1"), "119");
    assert_eq!(bench.order("7", "X1", "40.00", "C1"), "000");
    assert_eq!((bench.status("H1"), bench.status("C1")), ("2".into(), "3".into()));
    assert_eq!(bench.order("5", "X2", "50.00", "H1"), "000");
    assert_eq!(bench.status("H1"), "3");
    assert_eq!(bench.order("4", "H2", "50.00", ""), "000");
    assert_eq!(bench.order("6", "C3", "50.00", "H2"), "000");
    assert_eq!(bench.order("8", "X3", "20.00", "C3"), "000");
    assert_eq!(bench.order("7", "X4", "50.00", "C3"), "119");
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
    assert_eq!(bench.order("6", "C4", "10.00", "A1"), "106");
}
