//! Values of answers are compared as values, not by their spelling, and where an approved order's answer departs from
//! what was asked, the completion says so.

use super::*;

/// A sale of 100.00 with the number 0042, which is being recovered.
fn recovering() -> (Bench, String) {
    let mut bench = Bench::recovering_order(order(), |_| {});
    let query = bench.only_frame(QUERY);
    (bench, query)
}

fn order() -> Request {
    let biz_data = json!({
        "trans_type": "1", "merchant_order_no": "0042", "order_amount": "100.00", "price_currency": "USD"
    });
    request("0042", ORDER, biz_data)
}

fn on_the_wire() -> Bench {
    let mut bench = Bench::connected();
    bench.submit(order());
    bench.wire();
    bench
}

/// A record of the sale with these members of `biz_data`.
fn record(id: &str, topic: &str, members: &[(&str, Value)]) -> Value {
    let mut record = with(answer(id, topic, "0042", "000", "2"), "order_amount", "100.00");
    for (name, value) in members {
        record["biz_data"][*name] = value.clone();
    }
    record
}

fn same_values() -> Vec<Vec<(&'static str, Value)>> {
    vec![
        vec![("order_amount", json!("1E+2"))],
        vec![("order_amount", json!("100.00 "))],
        vec![("order_amount", json!("100"))],
        vec![("order_amount", json!(100))],
        vec![("order_amount", json!(100.0))],
        vec![("order_amount", json!("0100.000"))],
        vec![("trans_type", json!("01"))],
        vec![("trans_type", json!(1))],
        vec![("merchant_order_no", json!(42))],
        vec![("order_amount", json!("112.50")), ("tip_amount", json!("12.5"))],
    ]
}

#[test]
fn a_record_settles_the_order_however_its_values_are_written() {
    for members in same_values() {
        for has_id in [true, false] {
            let (mut bench, query) = recovering();
            let record = record(&query, QUERY, &members);
            bench.say(if has_id { record } else { without(record, "request_id") });
            let done = bench.completed("0042");
            assert_eq!(done.outcome, Outcome::Approved, "{members:?} {has_id}");
            assert_eq!(done.differs, [], "{members:?}");
        }
    }
}

#[test]
fn its_own_answer_settles_it_however_its_values_are_written() {
    for members in same_values() {
        for has_id in [true, false] {
            let mut bench = on_the_wire();
            let own = record("0042", ORDER, &members);
            bench.say(if has_id { own } else { without(own, "request_id") });
            let done = bench.completed("0042");
            assert_eq!((done.outcome, done.differs), (Outcome::Approved, vec![]), "{members:?}");
        }
    }
}

#[test]
fn other_values_never_match() {
    for (name, value) in [
        ("order_amount", json!("10000")),
        ("order_amount", json!("1E+4")),
        ("order_amount", json!("112.50")),
        ("order_amount", json!("99.999999")),
        ("order_amount", json!("-100.00")),
        ("order_amount", json!("NaN")),
        ("order_amount", json!("100,00")),
        ("trans_type", json!("11")),
        ("trans_type", json!("10")),
        ("merchant_order_no", json!("42")),
        ("merchant_order_no", json!(420)),
    ] {
        let (mut bench, query) = recovering();
        bench.say(record(&query, QUERY, &[(name, value.clone())]));
        bench.no_event();
        assert_eq!(bench.session.in_flight(), 1, "{name} {value}");
    }
}

#[test]
fn a_late_answer_corrects_however_its_values_are_written() {
    for members in same_values() {
        let mut bench = on_the_wire();
        bench.say(answer("0042", ORDER, "0042", "110", ""));
        bench.events();
        bench.say(without(record("", ORDER, &members), "request_id"));
        assert_eq!(bench.clarified().outcome, Outcome::Approved, "{members:?}");
    }
}

#[test]
fn a_partial_approval_says_where_it_differs() {
    let mut bench = on_the_wire();
    bench.say(record("0042", ORDER, &[("order_amount", json!("20.00"))]));
    let done = bench.completed("0042");
    assert_eq!(done.outcome, Outcome::Approved);
    let [difference] = &done.differs[..] else { panic!("{:?}", done.differs) };
    assert_eq!(
        (difference.field, &*difference.asked, &*difference.answered),
        ("order_amount", "100.00", "20.00")
    );
}

#[test]
fn another_currency_or_type_is_a_difference_too() {
    for (name, answered) in [("price_currency", "EUR"), ("trans_type", "4")] {
        let mut bench = on_the_wire();
        bench.say(record("0042", ORDER, &[(name, json!(answered))]));
        let done = bench.completed("0042");
        assert_eq!(done.outcome, Outcome::Approved);
        assert_eq!(done.differs.len(), 1);
        assert_eq!((done.differs[0].field, &*done.differs[0].answered), (name, answered));
    }
}

#[test]
fn a_record_in_another_currency_settles_it_and_says_so() {
    let (mut bench, query) = recovering();
    bench.say(record(&query, QUERY, &[("price_currency", json!("EUR"))]));
    let done = bench.completed("0042");
    assert_eq!((done.outcome, done.differs.len()), (Outcome::Approved, 1));
}

#[test]
fn a_success_code_alone_says_where_it_differs_as_well() {
    let mut bench = on_the_wire();
    let own = without(record("0042", ORDER, &[("order_amount", json!("20.00"))]), "trans_status");
    bench.say(own);
    let done = bench.completed("0042");
    assert_eq!((done.outcome, done.differs.len()), (Outcome::Approved, 1));
}

#[test]
fn what_was_refused_differs_in_nothing() {
    let mut bench = on_the_wire();
    let refusal = answer("0042", ORDER, "0042", "106", "1");
    bench.say(with(refusal, "order_amount", "20.00"));
    let done = bench.completed("0042");
    assert_eq!((done.outcome, done.differs), (Outcome::Declined, vec![]));
}

#[test]
fn biz_data_serialised_a_second_time_reads_the_same() {
    let mut bench = on_the_wire();
    let mut own = record("0042", ORDER, &[]);
    own["biz_data"] = json!(own["biz_data"].to_string());
    bench.say(without(own, "request_id"));
    assert_eq!(bench.completed("0042").outcome, Outcome::Approved);
}
