//! Every row of the test amounts does what it says, and the ledger says the same.

#[path = "common/bench.rs"]
#[allow(dead_code, reason = "shared with the tests of the rules")]
mod bench;

use bench::{Bench, START, order};
use ecrhub_simulator::{AMOUNTS, Action, Amount, Behaviour};
use serde_json::Value;

/// What a row must come to: money moved, answers on the order's own link (`cut` and `raw` for what is no answer),
/// answers after a reconnect, and what a query then says.
struct Expected(bool, &'static str, &'static str, &'static str);

fn expected(name: &str) -> Expected {
    match name {
        "approved"
        | "slow"
        | "very-slow"
        | "hidden-while-paying"
        | "close-too-late"
        | "no-status"
        | "huge" => Expected(true, "000", "", "2"),
        "declined" | "slow-declined" => Expected(false, "106", "", "1"),
        "cancelled" => Expected(false, "110", "", "3"),
        "dropped" => Expected(false, "102", "", "3"),
        "read-timeout" => Expected(false, "111", "", "1"),
        "rejected" => Expected(false, "115", "", "1"),
        "over-limit" => Expected(false, "120", "", "1"),
        "not-logged-in" => Expected(false, "116", "", "1"),
        "unsupported-scenario" => Expected(false, "117", "", "1"),
        "token-expired" => Expected(false, "118", "", "1"),
        "never-paid" => Expected(false, "", "", "0"),
        "busy" => Expected(false, "101", "", "104"),
        "unknown-paid" => Expected(true, "108", "", "2"),
        "unknown-unpaid" => Expected(false, "108", "", "1"),
        "timeout-paid" => Expected(true, "107", "", "2"),
        "timeout-unpaid" => Expected(false, "107", "", "1"),
        "network-paid" => Expected(true, "109", "", "2"),
        "network-unpaid" => Expected(false, "109", "", "1"),
        "error-paid" => Expected(true, "999", "", "2"),
        "error-unpaid" => Expected(false, "999", "", "1"),
        "qr-timeout-paid" => Expected(true, "112", "", "2"),
        "timeout-text" => Expected(true, "106", "", "2"),
        "lost-answer" => Expected(true, "", "", "2"),
        "lost-decline" => Expected(false, "", "", "1"),
        "cut-before" => Expected(false, "cut", "", "104"),
        "cut-paying" => Expected(true, "cut", "000", "2"),
        "cut-paying-silent" => Expected(true, "cut", "", "2"),
        "cut-paying-declined" => Expected(false, "cut", "106", "1"),
        "cut-after" => Expected(true, "cut", "", "2"),
        "cut-after-push" => Expected(true, "cut", "000", "2"),
        "cut-inside" => Expected(true, "raw cut", "", "2"),
        "restart" => Expected(true, "refuse cut accept", "", "2"),
        "power-loss" => Expected(false, "refuse cut accept", "", "104"),
        "freeze" => Expected(true, "freeze 000 thaw", "", "2"),
        "silence" => Expected(false, "", "", "104"),
        "twice" => Expected(true, "000 000", "", "2"),
        "garbage-first" => Expected(true, "garbage 000", "", "2"),
        "garbage-only" => Expected(true, "garbage", "", "2"),
        "wrong-number" | "wrong-request-id" => Expected(true, "000", "", "2"),
        "query-amount" | "query-number" => Expected(true, "", "", "2"),
        "query-silent" => Expected(true, "", "", "silence"),
        "broken-frame" | "bad-utf8" => Expected(true, "raw", "", "2"),
        "settles-paid" => Expected(true, "000", "", "2"),
        "settles-declined" => Expected(false, "000", "", "1"),
        "no-code" => Expected(true, "null", "", "2"),
        "strange-code" => Expected(false, "777", "", "1"),
        "successful" => Expected(true, "103", "", "2"),
        "not-object" => Expected(true, "array", "", "2"),
        "success-declined" => Expected(false, "000", "", "1"),
        "success-cancelled" => Expected(false, "000", "", "3"),
        "k009" | "k015" | "k016" | "k017" | "k018" | "k019" | "k020" | "k021" | "k024" | "k025"
        | "k027" | "k028" | "k029" | "k030" | "k031" | "k032" | "k033" | "k035" | "k036"
        | "k037" | "k039" => Expected(false, "106", "", "1"),
        "k026" => Expected(false, "106", "", "3"),
        "m003" | "m009" => Expected(false, "202", "", "1"),
        "n003" => Expected(false, "115", "", "1"),
        "k009-paid" | "k017-paid" | "k027-paid" | "k036-paid" | "k037-paid" | "sys001-paid"
        | "e07001-paid" => Expected(true, "106", "", "2"),
        "et002" | "et003" | "e04110" | "e04111" | "e04112" | "e04126" | "e04130" | "e04132"
        | "et007" | "et008" | "cf008" | "ts-d051" | "sys001-unpaid" | "e07001-unpaid" => {
            Expected(false, "106", "", "1")
        }
        "trailing-comma" | "byte-order-mark" | "trailing-nul" | "blanks-around" | "nan"
        | "single-quotes" | "two-objects" => Expected(true, "garbage", "", "2"),
        "gbk" => Expected(true, "raw", "", "2"),
        "too-deep" | "id-case" => Expected(true, "000", "", "2"),
        "refused-then-paid" | "hidden-then-paid" => Expected(true, "106 000", "", "2"),
        "cancelled-then-paid" => Expected(true, "110 000", "", "2"),
        "busy-then-paid" => Expected(true, "101 000", "", "2"),
        "close-then-paid" => Expected(false, "", "", "0"),
        "not-found-then-paid" | "signature" | "signature-paying" => Expected(true, "000", "", "2"),
        "paid-then-reversed" => Expected(true, "000", "", "3"),
        "acknowledged" => Expected(true, "000 000", "", "2"),
        "acknowledged-declined" => Expected(false, "000 106", "", "1"),
        "acknowledged-lost" => Expected(false, "000", "", "3"),
        "partial" | "tip-apart" | "tip-included" | "other-currency" | "other-type" => {
            Expected(true, "000", "", "2")
        }
        other => panic!("{other} is not expected to be in the table"),
    }
}

fn told(actions: &[Action]) -> String {
    let words: Vec<String> = actions.iter().map(word).collect();
    words.join(" ")
}

fn word(action: &Action) -> String {
    match action {
        Action::Send { text, .. } => match serde_json::from_str::<Value>(text) {
            Ok(Value::Array(_)) => "array".to_owned(),
            Ok(answer) => answer["response_code"].as_str().unwrap_or("null").to_owned(),
            Err(_) => "garbage".to_owned(),
        },
        Action::SendBytes { .. } => "raw".to_owned(),
        Action::Cut { .. } => "cut".to_owned(),
        Action::Freeze => "freeze".to_owned(),
        Action::Thaw => "thaw".to_owned(),
        Action::Refuse => "refuse".to_owned(),
        Action::Accept => "accept".to_owned(),
        Action::Note(line) => panic!("nobody asked for notes: {line}"),
    }
}

fn play(row: &Amount, bench: &mut Bench, amount: &str) {
    let Expected(charged, direct, pushed, status) = expected(row.name);
    bench.send(&order("1", "A1", amount, ""));
    bench.pass(100_000);
    assert_eq!(told(&bench.actions), direct, "{}: on its own link", row.name);
    bench.actions.clear();
    bench.reconnect();
    assert_eq!(told(&bench.actions), pushed, "{}: on the next link", row.name);
    assert_eq!(bench.model.charges("A1"), usize::from(charged), "{}: charges", row.name);
    assert_eq!(row.behaviour.charges(), charged, "{}: the table's column", row.name);
    bench.actions.clear();
    let query = bench::envelope("ecrhub.pay.query", serde_json::json!({"merchant_order_no": "A1"}));
    bench.send(&query);
    let answer = bench.messages().first().map(|text| serde_json::from_str::<Value>(text).unwrap());
    let said =
        answer.map_or("silence".to_owned(), |answer| match answer["response_code"].as_str() {
            Some("000") => answer["biz_data"]["trans_status"].as_str().unwrap().to_owned(),
            code => code.unwrap().to_owned(),
        });
    assert_eq!(said, status, "{}: query", row.name);
}

#[test]
fn every_row_by_its_cents() {
    for row in AMOUNTS {
        play(row, &mut Bench::new(|_| {}), &amount_of(row));
    }
}

/// An amount that chooses the row.
fn amount_of(row: &Amount) -> String {
    format!("{}.{:02}", row.units.unwrap_or(12), row.cents)
}

#[test]
fn every_row_by_its_name() {
    for row in AMOUNTS {
        let mut bench = Bench::new(|options| options.test_amounts = false);
        bench.next(row.behaviour);
        play(row, &mut bench, "12");
    }
}

#[test]
fn every_row_with_a_person_who_takes_a_moment() {
    for row in AMOUNTS {
        play(row, &mut Bench::new(|options| options.think_ms = 1_500), &amount_of(row));
    }
}

fn answer_of(name: &str) -> Value {
    let behaviour = Behaviour::from_name(name).unwrap();
    let mut bench = Bench::new(|_| {});
    bench.next(behaviour);
    bench.ask(&order("1", "A1", "12.00", ""))
}

#[test]
fn answers_are_bent_as_the_row_says() {
    assert_eq!(answer_of("wrong-number")["biz_data"]["merchant_order_no"], "A0");
    assert_eq!(answer_of("wrong-number")["request_id"], "r1");
    assert_eq!(answer_of("wrong-request-id")["request_id"], "0000000000");
    assert_eq!(answer_of("no-status")["biz_data"].get("trans_status"), None);
    assert_eq!(answer_of("no-status")["response_code"], "000");
    assert_eq!(answer_of("no-code").get("response_code"), None);
    assert_eq!(
        answer_of("timeout-text")["response_msg"],
        "Transaction failed[[K041]Read timed out]"
    );
    assert_eq!(answer_of("success-declined")["biz_data"]["trans_status"], "1");
    assert_eq!(answer_of("success-cancelled")["biz_data"]["trans_status"], "3");
    assert_eq!(answer_of("settles-paid")["biz_data"]["trans_status"], "0");
    assert_eq!(answer_of("declined")["biz_data"].get("trans_status"), None);
    assert!(answer_of("huge").to_string().len() > 1 << 20);
}

#[test]
fn queries_are_bent_as_the_row_says() {
    let asked = |amount| {
        let mut bench = Bench::new(|_| {});
        bench.send(&order("1", "A1", amount, ""));
        bench.pass(0);
        bench.query("A1")["biz_data"].clone()
    };
    assert_eq!(asked("12.55")["order_amount"], "13.55");
    assert_eq!(asked("12.56")["merchant_order_no"], "A0");
    assert_eq!(asked("12.30")["order_amount"], "12.30");
}

#[test]
fn slow_rows_are_paying_until_their_time() {
    for (name, ms) in [
        ("slow", 5_000),
        ("very-slow", 60_000),
        ("slow-declined", 5_000),
        ("close-too-late", 5_000),
    ] {
        let mut bench = Bench::new(|_| {});
        bench.next(Behaviour::from_name(name).unwrap());
        bench.send(&order("1", "A1", "12.00", ""));
        bench.pass(ms - 1);
        assert_eq!(bench.messages().len(), 0, "{name}");
        assert_eq!(bench.status("A1"), "0", "{name}");
        assert_eq!(bench.model.charges("A1"), 0, "{name}");
        bench.actions.clear();
        bench.pass(1);
        assert_eq!(bench.messages().len(), 1, "{name}");
    }
}

#[test]
fn a_hidden_order_is_not_found_while_it_is_paid() {
    let mut bench = Bench::new(|_| {});
    bench.send(&order("1", "A1", "12.14", ""));
    assert_eq!(bench.query("A1")["response_code"], "104");
    bench.pass(5_000);
    assert_eq!(bench.status("A1"), "2");
}

#[test]
fn an_unsettled_order_keeps_the_terminal_busy_and_cannot_be_closed() {
    let mut bench = Bench::new(|_| {});
    assert_eq!(bench.order("1", "A1", "12.60", ""), "000");
    assert_eq!(bench.model.charges("A1"), 0);
    assert_eq!(bench.status("A1"), "0");
    assert_eq!(bench.order("1", "B1", "12.00", ""), "101");
    bench.actions.clear();
    bench.close("A1");
    assert_eq!(bench.codes(), ["201"]);
    bench.pass(5_000);
    assert_eq!((bench.model.charges("A1"), bench.status("A1")), (1, "2".into()));
}

#[test]
fn a_restart_refuses_for_its_time() {
    let mut bench = Bench::new(|_| {});
    bench.send(&order("1", "A1", "12.39", ""));
    bench.pass(4_999);
    assert!(bench.has(&Action::Refuse) && !bench.has(&Action::Accept));
    assert_eq!(bench.model.next_deadline(), Some(START + 5_000));
    bench.pass(1);
    assert!(bench.has(&Action::Accept));
}

#[test]
fn an_answer_is_pushed_on_a_link_that_came_before_the_end() {
    let mut bench = Bench::new(|options| options.think_ms = 1_000);
    bench.send(&order("1", "A1", "12.33", ""));
    bench.reconnect();
    bench.actions.clear();
    bench.pass(1_000);
    assert!(matches!(&bench.actions[..], [Action::Send { conn: 2, .. }]));
}

#[test]
fn half_an_answer_is_a_frame_that_is_not_whole() {
    let mut bench = Bench::new(|_| {});
    bench.send(&order("1", "A1", "12.38", ""));
    bench.pass(0);
    let Action::SendBytes { bytes, .. } = &bench.actions[0] else { panic!("no bytes") };
    assert_eq!(bytes[..2], [0x81, 126]);
    let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
    assert!(bytes.len() < length && bytes.len() > length / 3);
}
