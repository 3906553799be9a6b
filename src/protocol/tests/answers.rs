//! Whatever a terminal says is read, and nothing is read into it.

use super::*;
use std::borrow::Cow;

#[test]
fn the_vendors_sample_is_read() {
    let sample = concat!(
        r#"{"app_id":"your-app-id","topic":"ecrhub.pay.order","request_id":"111111","response_code":"000","response_msg":"","#,
        r#""biz_data":{"trans_type":"1","merchant_order_no":"12320231220110257","order_amount":"10","price_currency":"USD","#,
        r#""pay_scenario":"SWIPE_CARD","trans_no":"5021000010210602000003","trans_status":"2"}}"#
    );
    let text = |text: &'static str| Some(Cow::from(text));
    let expected = Response {
        description: Some(describe(sample)).into(),
        topic: text("ecrhub.pay.order"),
        request_id: text("111111"),
        code: text("000"),
        message: None,
        merchant_order_no: text("12320231220110257"),
        number_is_bare: false,
        trans_type: text("1"),
        trans_status: text("2"),
        order_amount: text("10"),
        tip_amount: None,
        price_currency: text("USD"),
        trans_no: text("5021000010210602000003"),
    };
    let response = read(sample).unwrap();
    assert_eq!(response, expected);
    assert_eq!(response.order_verdict(&order()), Verdict::Settled(Outcome::Approved));
}

#[test]
fn a_missing_request_id_is_missing_however_it_is_missing() {
    for answer in [
        json!({}),
        json!({"request_id": null}),
        json!({"request_id": ""}),
        json!({"request_id": {"$ref": "$"}}),
    ] {
        assert_eq!(reading(&answer).request_id, None, "{answer}");
    }
    assert_eq!(reading(&json!({"request_id": 111_111})).request_id.as_deref(), Some("111111"));
}

#[test]
fn zero_is_success_and_so_is_the_number_zero() {
    for code in [json!("0"), json!("000"), json!(0), json!("103"), json!(103)] {
        let response = reading(&json!({"response_code": code, "biz_data": {"trans_status": "2"}}));
        assert_eq!(response.order_verdict(&order()), Verdict::Settled(Outcome::Approved), "{code}");
    }
}

#[test]
fn topic_and_app_id_may_be_missing() {
    let response =
        reading(&json!({"response_code": "000", "biz_data": {"merchant_order_no": "A1"}}));
    assert_eq!(response.topic, None);
    assert_eq!(response.merchant_order_no.as_deref(), Some("A1"));
}

#[test]
fn biz_data_may_be_missing_empty_null_or_anything() {
    for biz_data in
        [json!(""), json!(null), json!([]), json!(5), json!("no JSON"), json!("[]"), json!({})]
    {
        let response = reading(&json!({"response_code": "000", "biz_data": biz_data}));
        assert_eq!(response, answer("000", None), "{biz_data}");
    }
    assert_eq!(reading(&json!({"response_code": "000"})), answer("000", None));
}

#[test]
fn biz_data_may_be_an_object_inside_a_string() {
    let inner = json!({"merchant_order_no": "A1", "trans_status": 2, "order_amount": "1.5", "note": "a \"b\""});
    let response = reading(&json!({"response_code": "000", "biz_data": inner.to_string()}));
    assert_eq!(response, reading(&json!({"response_code": "000", "biz_data": inner})));
    assert_eq!(response.trans_status.as_deref(), Some("2"));
}

#[test]
fn a_timestamp_may_be_a_number_or_a_date() {
    for timestamp in [json!(1_698_302_992_263_u64), json!("2024-10-07 05:42:39"), json!(null)] {
        reading(&json!({"timestamp": timestamp, "response_code": "000"}));
    }
}

#[test]
fn numbers_may_be_numbers_and_keep_every_digit() {
    let text = concat!(
        r#"{"response_code":0,"biz_data":{"merchant_order_no":12320231220110257123456789,"trans_type":1,"#,
        r#""trans_status":2,"order_amount":34.50,"trans_no":5021000010210602000003}}"#
    );
    let response = read(text).unwrap();
    assert_eq!(response.merchant_order_no.as_deref(), Some("12320231220110257123456789"));
    assert_eq!(response.order_amount.as_deref(), Some("34.50"));
    assert_eq!(response.trans_no.as_deref(), Some("5021000010210602000003"));
    assert_eq!(response.order_verdict(&order()), Verdict::Settled(Outcome::Approved));
}

#[test]
fn unknown_things_at_every_level_do_no_harm() {
    let response = reading(&json!({
        "device_data": {"sn": "1", "nested": [{"$ref": "$.biz_data"}]}, "voice_data": null, "callAppMode": 2,
        "response_code": "000",
        "biz_data": {"x": {"trans_status": "1"}, "trans_status": "2", "y": {"$ref": ".."}}
    }));
    assert_eq!(response, answer("000", Some("2")));
    let private = r#"{"$serde_json::private::Number":"5","response_code":"000","biz_data":{"trans_status":"2"}}"#;
    assert_eq!(reading_text(private), answer("000", Some("2")));
    let half_a_pair =
        r#"{"note":"\ud800","response_code":"000","biz_data":{"trans_status":"2","n":"\udfff"}}"#;
    assert_eq!(reading_text(half_a_pair), answer("000", Some("2")));
}

#[test]
fn what_is_no_message_is_said_in_a_few_words() {
    for (text, expected) in [
        ("", "not JSON"),
        ("hello", "not JSON: expected value at line 1 column 1"),
        ("{\"a\":", "not JSON"),
        ("[1]", "a JSON object expected, got an array"),
        ("\"x\"", "a JSON object expected, got a text"),
        ("null", "a JSON object expected, got null"),
    ] {
        let why = read(text).unwrap_err();
        assert!(why.contains(expected), "{text}: {why}");
    }
    assert_eq!(read(&"[".repeat(1_000_000)).unwrap_err(), "nested deeper than 64 levels");
}

#[test]
fn a_biz_data_that_cannot_be_read_is_not_taken_for_none() {
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    for (biz_data, expected) in [
        (r#"{"trans_status":"1","\ud800":1}"#.to_owned(), "hex escape"),
        (json!(r#"{"trans_status":"1","\ud800":1}"#).to_string(), "hex escape"),
        (json!(r#"{"trans_status":"1","#).to_string(), "not JSON"),
        (json!(deep).to_string(), "nested deeper than 64 levels"),
    ] {
        let why = read(&format!(r#"{{"response_code":"000","biz_data":{biz_data}}}"#)).unwrap_err();
        assert!(why.contains(expected), "{why}");
    }
}

#[test]
fn of_a_key_written_twice_the_last_counts() {
    let response = read(r#"{"response_code":"000","response_code":"106","biz_data":{}}"#).unwrap();
    assert_eq!(response.code.as_deref(), Some("106"));
}

#[test]
fn other_topics_succeed_or_are_refused() {
    for code in ["000", "0"] {
        assert_eq!(answer(code, None).other_outcome(), Outcome::Ok);
    }
    for code in ["103", "201", "999", "00", ""] {
        assert_eq!(answer(code, None).other_outcome(), Outcome::Refused, "{code}");
    }
    assert_eq!(Response::default().other_outcome(), Outcome::Refused);
}

/// An object of so many members, one of them with an escape.
fn object_of(members: usize) -> String {
    let many: Vec<String> = (1..members).map(|at| format!("\"m{at}\":{at}")).collect();
    format!(r#"{{"a":"\n",{}}}"#, many.join(","))
}

#[test]
fn an_answer_has_at_most_ten_thousand_members_in_all() {
    let within = |members| format!(r#"{{"biz_data":{}}}"#, object_of(members));
    let nested = |members| json!({"biz_data": object_of(members)}).to_string();
    for message in [object_of(10_000), within(9_999), nested(9_999)] {
        assert_eq!(read(&message).err(), None);
    }
    for message in [object_of(10_001), within(10_000), within(10_001), nested(10_000)] {
        assert_eq!(read(&message).unwrap_err(), "more than 10000 members");
    }
}

#[test]
fn of_a_biz_data_written_twice_the_last_counts_whole() {
    for last in [r#"{}"#, r#""""#, "null", r#"{"trans_no":"5"}"#] {
        let text = format!(
            r#"{{"response_code":"000","biz_data":{{"trans_status":"2"}},"biz_data":{last}}}"#
        );
        assert_eq!(reading_text(&text).trans_status, None, "{last}");
        let described: Value = serde_json::from_str(&describe(&text).fields).unwrap();
        assert_eq!(described.get("trans_status"), None, "{last}");
    }
}
