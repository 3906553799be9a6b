//! How terminals differ: closes, queues, memory, expiry, records they do not keep, and the topics of newer ones.

#[path = "common/bench.rs"]
#[allow(dead_code, reason = "shared with the tests of the rules")]
mod bench;

use bench::{Bench, envelope, order};
use ecrhub_simulator::{Action, Oddities, Options, QueueMode};
use serde_json::{Value, json};

fn odd(name: &str) -> Bench {
    with(name, |_| {})
}

fn with(name: &str, change: impl FnOnce(&mut Options)) -> Bench {
    Bench::new(|options| {
        options.oddities = Oddities::from_names([name]).unwrap();
        change(options);
    })
}

fn code(answer: &Value) -> &str {
    answer["response_code"].as_str().unwrap()
}

/// Another till on the same terminal asks, on a connection of its own.
fn second_till(bench: &mut Bench, request: &Value) -> Vec<(u64, String)> {
    let seen = bench.actions.len();
    bench.model.on_connect(2, bench.now);
    bench.model.on_message(2, &request.to_string(), bench.now);
    bench.take_actions();
    sent(&bench.actions[seen..])
}

/// Connection and response code of every message.
fn sent(actions: &[Action]) -> Vec<(u64, String)> {
    let texts = actions.iter().filter_map(|action| match action {
        Action::Send { conn, text } => {
            let answer: Value = serde_json::from_str(text).unwrap();
            Some((*conn, code(&answer).to_owned()))
        }
        _ => None,
    });
    texts.collect()
}

fn codes(pairs: &[(u64, &str)]) -> Vec<(u64, String)> {
    pairs.iter().map(|(conn, code)| (*conn, (*code).to_owned())).collect()
}

#[test]
fn a_close_by_screen_ends_the_payment_of_the_other_till() {
    for number in ["B1", "OLD"] {
        let mut bench = odd("close-by-screen");
        bench.order("1", "OLD", "10.00", "");
        bench.send(&order("1", "A1", "10.13", ""));
        let close = envelope("ecrhub.pay.close", json!({"merchant_order_no": number}));
        assert_eq!(second_till(&mut bench, &close), codes(&[(1, "102"), (2, "000")]), "{number}");
        assert_eq!((bench.status("A1"), bench.model.charges("A1")), ("1".into(), 0), "{number}");
    }
}

#[test]
fn a_close_by_screen_follows_the_rules_where_nobody_pays() {
    let mut bench = with("close-by-screen", |options| options.close_unknown_fails = true);
    bench.order("1", "OLD", "10.00", "");
    bench.actions.clear();
    bench.close("OLD");
    bench.close("B1");
    assert_eq!(bench.codes(), ["201", "104"]);
}

#[test]
fn a_close_by_number_leaves_the_other_till_alone() {
    let mut bench = Bench::new(|_| {});
    bench.send(&order("1", "A1", "10.13", ""));
    let close = envelope("ecrhub.pay.close", json!({"merchant_order_no": "B1"}));
    assert_eq!(second_till(&mut bench, &close), codes(&[(2, "000")]));
    assert_eq!(bench.model.running(), Some("A1"));
}

#[test]
fn closing_an_unknown_number_may_be_forgotten() {
    let mut bench = Bench::new(|options| options.close_unknown_forgotten = true);
    bench.close("A1");
    assert_eq!(bench.codes(), ["000"]);
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
    assert_eq!(bench.model.charges("A1"), 1);
}

#[test]
fn orders_wait_their_turn() {
    for (mode, turns) in
        [(QueueMode::Fifo, [(2, "B1"), (2, "C1")]), (QueueMode::Filo, [(2, "C1"), (2, "B1")])]
    {
        let mut bench = Bench::new(|options| {
            (options.think_ms, options.order_queue_mode) = (1_000, Some(mode));
        });
        bench.send(&order("1", "A1", "10.00", ""));
        assert_eq!(second_till(&mut bench, &order("1", "B1", "10.00", "")), []);
        assert_eq!(second_till(&mut bench, &order("1", "C1", "10.00", "")), []);
        assert_eq!(second_till(&mut bench, &order("1", "B1", "10.00", "")), codes(&[(2, "113")]));
        assert_eq!(
            (bench.model.queued(), bench.query("B1")["response_code"].clone()),
            (2, "104".into())
        );
        bench.pass(1_000);
        assert_eq!(bench.model.running(), Some(turns[0].1));
        bench.actions.clear();
        bench.pass(2_000);
        assert_eq!(sent(&bench.actions), codes(&[(2, "000"), (2, "000")]));
        let served: Vec<_> =
            bench.model.ledger().iter().map(|entry| entry.merchant_order_no.as_str()).collect();
        assert_eq!(served, ["A1", turns[0].1, turns[1].1]);
    }
}

#[test]
fn a_queued_order_can_be_closed() {
    let mut bench = Bench::new(|options| options.order_queue_mode = Some(QueueMode::Fifo));
    bench.send(&order("1", "A1", "10.13", ""));
    bench.send(&order("1", "B1", "10.00", ""));
    bench.close("B1");
    assert_eq!(bench.codes(), ["102", "000"]);
    bench.close("A1");
    bench.pass(10_000);
    assert_eq!((bench.model.queued(), bench.model.ledger().len()), (0, 0));
}

#[test]
fn a_queued_order_outlives_its_connection() {
    for push in [false, true] {
        let mut bench = Bench::new(|options| {
            options.think_ms = 1_000;
            options.push_after_reconnect = push;
            options.order_queue_mode = Some(QueueMode::Fifo);
        });
        bench.send(&order("1", "A1", "10.00", ""));
        second_till(&mut bench, &order("1", "B1", "10.00", ""));
        bench.model.on_disconnect(2, bench.now);
        bench.model.on_connect(3, bench.now);
        bench.pass(2_000);
        assert_eq!(bench.model.charges("B1"), 1);
        let answered: &[_] = if push { &[(1, "000"), (3, "000")] } else { &[(1, "000")] };
        assert_eq!(sent(&bench.actions), codes(answered), "pushed: {push}");
    }
}

#[test]
fn a_queued_order_is_served_as_soon_as_someone_ends_the_one_before() {
    let mut bench = Bench::new(|options| {
        (options.manual, options.order_queue_mode) = (true, Some(QueueMode::Fifo));
    });
    bench.send(&order("1", "A1", "10.00", ""));
    bench.send(&order("1", "B1", "10.00", ""));
    assert!(bench.model.approve(bench.now));
    assert_eq!(bench.model.running(), Some("B1"));
    bench.close("B1");
    assert_eq!(bench.model.running(), None);
}

#[test]
fn a_queued_order_may_be_called_busy_and_served_all_the_same() {
    let mut bench = with("queue-says-busy", |options| {
        (options.think_ms, options.order_queue_mode) = (1_000, Some(QueueMode::Fifo));
    });
    bench.send(&order("1", "A1", "10.00", ""));
    assert_eq!(bench.order("1", "B1", "10.00", ""), "101");
    bench.actions.clear();
    bench.pass(2_000);
    assert_eq!((bench.codes(), bench.model.charges("B1")), (vec!["000".into(), "000".into()], 1));
}

#[test]
fn numbers_may_not_be_checked() {
    let mut bench = odd("numbers-not-checked");
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
    assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
    assert_eq!(bench.model.charges("A1"), 2);
}

#[test]
fn a_memory_holds_a_fixed_number_of_transactions() {
    let mut bench = Bench::new(|options| options.memory = 2);
    for number in ["A1", "A2", "A3"] {
        assert_eq!(bench.order("1", number, "10.00", ""), "000");
    }
    assert_eq!(bench.query("A1")["response_code"], "104");
    assert_eq!((bench.status("A2"), bench.status("A3")), ("2".into(), "2".into()));
    assert_eq!(bench.order("2", "V1", "10.00", "A1"), "104");
    assert_eq!(bench.model.ledger().len(), 3, "the ledger forgets nothing");

    let mut restarted = Bench::new(|options| options.memory = 2);
    restarted.model.restore(&bench.model.snapshot()).unwrap();
    assert_eq!(restarted.order("1", "A4", "10.00", ""), "000");
    assert_eq!(restarted.query("A2")["response_code"], "104");
}

#[test]
fn a_memory_keeps_what_will_be_charged() {
    let mut bench = Bench::new(|options| options.memory = 1);
    bench.order("1", "A1", "10.74", "");
    bench.order("1", "A2", "10.00", "");
    bench.order("1", "A3", "10.00", "");
    bench.pass(5_000);
    assert_eq!(bench.model.charges("A1"), 1);
}

#[test]
fn expires_has_a_floor_and_a_default() {
    for (expires, ms) in [("10", 60_000), ("90", 90_000), ("0", 300_000)] {
        let mut bench = Bench::new(|options| {
            (options.expires_floor_ms, options.expires_default_ms) = (60_000, 300_000);
        });
        let mut request = order("1", "A1", "10.13", "");
        request["biz_data"]["expires"] = expires.into();
        bench.send(&request);
        bench.pass(ms - 1);
        assert_eq!(bench.codes().len(), 0, "{expires}");
        bench.pass(1);
        assert_eq!(bench.codes(), ["107"], "{expires}");
    }
}

/// The code and status of a void's answer, and what queries for it and its original say.
fn voided(name: &str) -> (String, Value, Value, Value) {
    let mut bench = odd(name);
    bench.order("1", "A1", "10.00", "");
    let answer = bench.ask(&order("2", "V1", "10.00", "A1"));
    assert_eq!((bench.model.ledger().len(), bench.model.charges("V1")), (2, 1));
    let record = bench.query("V1");
    let record = match code(&record) {
        "000" => record["biz_data"]["trans_status"].clone(),
        code => code.into(),
    };
    (
        code(&answer).to_owned(),
        answer["biz_data"]["trans_status"].clone(),
        record,
        bench.status("A1"),
    )
}

#[test]
fn a_void_may_read_3_or_leave_no_record() {
    assert_eq!(voided("code-zero").1, "2");
    let told =
        |status: &str, record: &str| ("000".into(), status.into(), record.into(), "3".into());
    assert_eq!(voided("void-record-3"), told("2", "3"));
    assert_eq!(voided("void-answer-3"), told("3", "2"));
    assert_eq!(voided("no-void-record"), told("2", "104"));
}

#[test]
fn a_refused_order_may_leave_no_record() {
    for (amount, refused) in [("10.01", "106"), ("10.02", "110"), ("37.70", "106")] {
        let mut bench = odd("no-refused-record");
        assert_eq!(bench.order("1", "A1", amount, ""), refused);
        assert_eq!(bench.query("A1")["response_code"], "104", "{amount}");
    }
    let mut bench = odd("no-refused-record");
    bench.send(&order("1", "A1", "10.13", ""));
    bench.close("A1");
    assert_eq!(
        (bench.codes(), bench.query("A1")["response_code"].clone()),
        (vec!["102".into(), "000".into()], "104".into())
    );
    assert_eq!(bench.order("1", "B1", "10.74", ""), "106");
    bench.pass(5_000);
    assert_eq!(bench.model.charges("B1"), 1);
}

#[test]
fn not_found_in_other_words() {
    for (name, code, inner) in [
        ("not-found-et002", "ET002", ""),
        ("not-found-et003", "106", "[[ET003]Order not found]"),
        ("not-found-e04110", "106", "[[E04110]Order not found]"),
        ("not-found-e04111", "E04111", ""),
        ("not-found-k015", "106", "[[K015]Transaction record does not exist]"),
    ] {
        let mut bench = odd(name);
        let answer = bench.query("A1");
        assert_eq!(answer["response_code"], code, "{name}");
        assert!(answer["response_msg"].as_str().unwrap().ends_with(inner), "{answer}");
        assert_eq!(answer["biz_data"]["merchant_order_no"], "A1", "{name}");
        assert_eq!(bench.order("1", "A1", "10.00", ""), "000");
        assert_eq!(bench.status("A1"), "2", "{name}");
    }
}

#[test]
fn inner_codes_stand_in_brackets_whatever_the_language() {
    let said = |name: &str, amount: &str| {
        let answer = odd(name).ask(&order("1", "A1", amount, ""));
        (code(&answer).to_owned(), answer["response_msg"].as_str().unwrap().to_owned())
    };
    let failed = |text: &str| ("106".to_owned(), text.to_owned());
    assert_eq!(said("code-zero", "26.70"), failed("Transaction failed[[K026]Cancelled by hand]"));
    assert_eq!(
        said("code-zero", "37.71"),
        failed("Transaction failed[[K037]Automatic reversal failed]")
    );
    assert_eq!(said("inner-codes", "26.70"), failed("Transaction failed[[K026]Cancelled by hand]"));
    assert_eq!(
        said("spanish", "37.71"),
        failed("Transacción fallida[[K037]Reversión automática fallida]")
    );
    assert_eq!(
        said("french", "27.70"),
        failed("Échec de la transaction[[K027]Délai dépassé, vérifiez avant de payer à nouveau]")
    );
    assert_eq!(
        said("german", "17.70"),
        failed("Transaktion fehlgeschlagen[[K017]Transaktion wird noch verarbeitet]")
    );
    assert_eq!(said("japanese", "9.70"), failed("取引に失敗しました[[K009]不明な例外]"));
    assert_eq!(said("chinese", "29.70"), failed("交易失败[[K029]无法完成操作]"));
    assert_eq!(
        said("code-zero", "103.70"),
        ("202".into(), "Transaction parameter error[[M003]Invalid Amount]".into())
    );
    assert_eq!(
        said("code-zero", "12.72"),
        failed("Transaction failed[[TS-D051]Insufficient funds]")
    );
    assert_eq!(
        said("gateway-code-first", "12.72"),
        ("TS-D051".into(), "Insufficient funds".into())
    );
    assert_eq!(said("gateway-code-first", "26.70").0, "106");
}

/// What answer, query and ledger say of an order for `amount` under a row.
fn approved(amount: &str, extra: &Value) -> (Value, Vec<(String, String)>) {
    let mut bench = Bench::new(|_| {});
    let mut request = order("1", "A1", amount, "");
    for (key, value) in extra.as_object().unwrap() {
        request["biz_data"][key] = value.clone();
    }
    let answer = bench.ask(&request);
    assert_eq!((code(&answer), &answer["biz_data"]["trans_status"]), ("000", &json!("2")));
    assert_eq!(bench.query("A1")["biz_data"], answer["biz_data"]);
    let ledger =
        bench.model.ledger().iter().map(|entry| (entry.amount.clone(), entry.total.clone()));
    (answer["biz_data"].clone(), ledger.collect())
}

fn moved(amount: &str, total: &str) -> Vec<(String, String)> {
    vec![(amount.to_owned(), total.to_owned())]
}

#[test]
fn less_may_be_approved_than_was_asked() {
    let (biz, ledger) = approved("30.88", &json!({}));
    assert_eq!((&biz["order_amount"], &biz["total_amount"]), (&json!("20.88"), &json!("20.88")));
    assert_eq!(ledger, moved("20.88", "20.88"));
    assert_eq!(approved("1.88", &json!({})).1, moved("0.94", "0.94"));
}

#[test]
fn a_tip_may_be_added_apart_or_included() {
    let told = |biz: &Value| {
        ["order_amount", "tip_amount", "total_amount"]
            .map(|key| biz[key].as_str().unwrap().to_owned())
    };
    let (biz, ledger) = approved("10.91", &json!({}));
    assert_eq!(
        (told(&biz), ledger),
        (["10.91", "2.00", "12.91"].map(String::from), moved("10.91", "12.91"))
    );
    let (biz, ledger) = approved("10.92", &json!({}));
    assert_eq!(
        (told(&biz), ledger),
        (["12.92", "2.00", "12.92"].map(String::from), moved("10.92", "12.92"))
    );
    let (biz, ledger) = approved("10.92", &json!({"tip_amount": "1.00"}));
    assert_eq!(
        (told(&biz), ledger),
        (["11.92", "1.00", "11.92"].map(String::from), moved("10.92", "11.92"))
    );
}

#[test]
fn an_answer_may_be_about_another_currency_or_type() {
    assert_eq!(approved("10.93", &json!({"price_currency": "USD"})).0["price_currency"], "EUR");
    assert_eq!(approved("10.93", &json!({"price_currency": "EUR"})).0["price_currency"], "USD");
    assert_eq!(approved("10.94", &json!({})).0["trans_type"], "3");
}

#[test]
fn values_may_be_spelt_in_other_ways() {
    let biz = |name: &str, number: &str, amount: &str| {
        odd(name).ask(&order("1", number, amount, ""))["biz_data"].clone()
    };
    for (amount, spelt) in
        [("100.00", "1E+2"), ("34.50", "345E-1"), ("7", "7E+0"), ("0.505", "505E-3")]
    {
        let mut bench = odd("exponents");
        bench.order("1", "A1", amount, "");
        assert!(bench.messages()[0].contains(&format!("\"order_amount\":{spelt},")), "{spelt}");
    }
    assert_eq!(biz("blanks", "A1", "100.00")["order_amount"], "100.00 ");
    let padded = biz("padded-codes", "A1", "10.00");
    assert_eq!((&padded["trans_type"], &padded["trans_status"]), (&json!("01"), &json!("02")));
    assert_eq!(biz("number-as-number", "00120", "10.00")["merchant_order_no"].to_string(), "120");
    assert_eq!(biz("number-as-number", "A0120", "10.00")["merchant_order_no"], "A0120");
}

#[test]
fn init_names_the_queue_where_there_is_one() {
    let asked = |mode| {
        let mut bench = Bench::new(|options| options.order_queue_mode = mode);
        bench.ask(&json!({"topic": "ecrhub.init"}))["biz_data"].clone()
    };
    assert_eq!(asked(None).get("order_queue_mode"), None);
    assert_eq!(asked(Some(QueueMode::Fifo))["order_queue_mode"], "FIFO");
    assert_eq!(asked(Some(QueueMode::Filo))["order_queue_mode"], "FILO");
    assert!(asked(None)["pay_method_category_list"][0]["pay_method_list"].is_array());
}

#[test]
fn newer_topics_need_no_app_id_and_no_biz_data() {
    let mut bench = Bench::new(|_| {});
    let info =
        bench.ask(&json!({"topic": "ecrhub.getInfo", "device_data": {"device_name": "Till 1"}}));
    assert!(code(&info) == "000" && info["device_data"]["device_name"].is_string());
    let beat = bench.ask(&json!({"topic": "ecrhub.heartbeat", "msg_id": "m7"}));
    assert_eq!((&beat["topic"], &beat["msg_id"]), (&json!("ecrhub.heartbeat"), &json!("m7")));
    for topic in ["ecrhub.pay.init", "ecrhub.pair", "ecrhub.unpair", "ecrhub.pay.batch.close"] {
        assert_eq!(code(&bench.ask(&json!({"topic": topic}))), "000", "{topic}");
    }
    assert_eq!(code(&bench.ask(&json!({"topic": "ecrhub.pay.query"}))), "202");
}

#[test]
fn a_query_may_name_the_terminals_number() {
    let mut bench = Bench::new(|_| {});
    let trans_no = bench.ask(&order("1", "A1", "10.00", ""))["biz_data"]["trans_no"].clone();
    let answer = bench.ask(&envelope(
        "ecrhub.pay.query",
        json!({"trans_no": trans_no, "merchant_order_no": "B1"}),
    ));
    assert_eq!((code(&answer), &answer["biz_data"]["merchant_order_no"]), ("000", &json!("A1")));
    assert_eq!(code(&bench.ask(&envelope("ecrhub.pay.query", json!({"trans_no": "1"})))), "104");
}
