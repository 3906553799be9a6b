//! Whatever a terminal says is read, and nothing is read into it.

use super::*;
use std::borrow::Cow;

/// The text of it lives as long as the test program.
fn reading(answer: &Value) -> Response<'static> {
    read(answer.to_string().leak()).unwrap_or_else(|why| panic!("{answer}: {why}"))
}

fn answer<'a>(code: &'a str, trans_status: Option<&'a str>) -> Response<'a> {
    Response {
        code: Some(code.into()),
        trans_status: trans_status.map(Cow::from),
        ..Response::default()
    }
}

fn order() -> Request {
    accepted(&sale())
}

#[test]
fn the_vendors_sample_is_read() {
    let sample = concat!(
        r#"{"app_id":"your-app-id","topic":"ecrhub.pay.order","request_id":"111111","response_code":"000","response_msg":"","#,
        r#""biz_data":{"trans_type":"1","merchant_order_no":"12320231220110257","order_amount":"10","price_currency":"USD","#,
        r#""pay_scenario":"SWIPE_CARD","trans_no":"5021000010210602000003","trans_status":"2"}}"#
    );
    let text = |text: &'static str| Some(Cow::from(text));
    let expected = Response {
        topic: text("ecrhub.pay.order"),
        request_id: text("111111"),
        code: text("000"),
        message: None,
        merchant_order_no: text("12320231220110257"),
        trans_type: text("1"),
        trans_status: text("2"),
        order_amount: text("10"),
        trans_no: text("5021000010210602000003"),
    };
    let response = read(sample).unwrap();
    assert_eq!(response, expected);
    assert_eq!(response.order_verdict(), Verdict::Settled(Outcome::Approved));
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
        assert_eq!(response.order_verdict(), Verdict::Settled(Outcome::Approved), "{code}");
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
    assert_eq!(response.order_verdict(), Verdict::Settled(Outcome::Approved));
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
    assert_eq!(read(private), Ok(answer("000", Some("2"))));
    let half_a_pair =
        r#"{"note":"\ud800","response_code":"000","biz_data":{"trans_status":"2","n":"\udfff"}}"#;
    assert_eq!(read(half_a_pair), Ok(answer("000", Some("2"))));
}

#[test]
fn the_inner_code_of_a_message_stays_readable_and_the_code_decides() {
    let response = reading(
        &json!({"response_code": "110", "response_msg": "Operator cancellation[[K026]...]"}),
    );
    assert_eq!(response.message.as_deref(), Some("Operator cancellation[[K026]...]"));
    assert_eq!(response.order_verdict(), Verdict::Settled(Outcome::Cancelled));
    let response = reading(
        &json!({"response_code": "202", "response_msg": "Transaction parameter error[[M003]Invalid Amount]"}),
    );
    assert_eq!(response.order_verdict(), Verdict::Settled(Outcome::Declined));
}

#[test]
fn a_declined_order_still_carries_its_state() {
    for code in ["106", "115", "000"] {
        assert_eq!(
            answer(code, Some("1")).order_verdict(),
            Verdict::Settled(Outcome::Declined),
            "{code}"
        );
    }
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
    let inner = "[".repeat(100_000);
    assert_eq!(
        reading(&json!({"response_code": "000", "biz_data": format!("{{\"a\":{inner}")})),
        answer("000", None)
    );
}

#[test]
fn of_a_key_written_twice_the_last_counts() {
    let response = read(r#"{"response_code":"000","response_code":"106","biz_data":{}}"#).unwrap();
    assert_eq!(response.code.as_deref(), Some("106"));
}

/// What the answer to an order says, by code alone. `None`: it must be found out.
const BY_CODE: [(&str, Option<Outcome>); 26] = [
    ("000", Some(Outcome::Approved)),
    ("0", Some(Outcome::Approved)),
    ("101", None),
    ("102", Some(Outcome::Cancelled)),
    ("103", Some(Outcome::Approved)),
    ("104", Some(Outcome::Declined)),
    ("105", Some(Outcome::Declined)),
    ("106", Some(Outcome::Declined)),
    ("107", None),
    ("108", None),
    ("109", None),
    ("110", Some(Outcome::Cancelled)),
    ("111", Some(Outcome::Declined)),
    ("112", None),
    ("113", Some(Outcome::Declined)),
    ("114", Some(Outcome::Declined)),
    ("115", Some(Outcome::Declined)),
    ("116", Some(Outcome::Declined)),
    ("117", Some(Outcome::Declined)),
    ("118", Some(Outcome::Declined)),
    ("119", Some(Outcome::Declined)),
    ("120", Some(Outcome::Declined)),
    ("121", Some(Outcome::Declined)),
    ("201", Some(Outcome::Declined)),
    ("202", Some(Outcome::Declined)),
    ("999", None),
];

/// What a `trans_status` says.
const BY_STATUS: [(&str, Outcome); 6] = [
    ("9", Outcome::InProgress),
    ("0", Outcome::InProgress),
    ("1", Outcome::Declined),
    ("2", Outcome::Approved),
    ("3", Outcome::Cancelled),
    ("4", Outcome::Approved),
];

#[test]
fn every_response_code_has_its_verdict() {
    for (code, expected) in BY_CODE {
        match (answer(code, None).order_verdict(), expected) {
            (Verdict::Settled(outcome), Some(expected)) => assert_eq!(outcome, expected, "{code}"),
            (Verdict::Unsettled(why), None) => assert!(why.contains(code), "{code}: {why}"),
            (verdict, expected) => panic!("{code}: {verdict:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn with_a_success_code_the_state_decides() {
    for code in ["000", "0", "103"] {
        for (status, outcome) in BY_STATUS {
            match (answer(code, Some(status)).order_verdict(), outcome) {
                (Verdict::Unsettled(why), Outcome::InProgress) => {
                    assert!(why.contains(status), "{why}")
                }
                (verdict, outcome) => {
                    assert_eq!(verdict, Verdict::Settled(outcome), "{code}/{status}")
                }
            }
        }
    }
}

#[test]
fn what_nobody_knows_settles_nothing() {
    for response in [
        Response::default(),
        answer("00", None),
        answer("777", Some("2")),
        answer("", Some("2")),
        answer("000", Some("5")),
        answer("000", Some("{}")),
    ] {
        assert!(matches!(response.order_verdict(), Verdict::Unsettled(_)), "{response:?}");
    }
    let response =
        reading(&json!({"response_code": "000", "biz_data": {"trans_status": {"$ref": "$"}}}));
    assert!(
        matches!(response.order_verdict(), Verdict::Unsettled(_)),
        "an unreadable state is not an absent one"
    );
    let response = reading(&json!({"response_code": null, "biz_data": {"trans_status": "2"}}));
    assert!(
        matches!(response.order_verdict(), Verdict::Unsettled(_)),
        "without a code nothing is settled"
    );
}

#[test]
fn a_message_that_speaks_of_a_timeout_settles_nothing_whatever_the_code() {
    for message in [
        "Timeout",
        "READ CARD TIME OUT[[K027]]",
        "connection time-out",
        "Request timed out",
        "交易超时",
        "交易超時",
    ] {
        for code in ["000", "106", "110", "111"] {
            let response = Response { message: Some(message.into()), ..answer(code, Some("1")) };
            match response.order_verdict() {
                Verdict::Unsettled(why) => assert!(why.contains(message), "{why}"),
                verdict => panic!("{message} with {code}: {verdict:?}"),
            }
        }
    }
    let harmless =
        Response { message: Some("no time to lose, out of paper".into()), ..answer("106", None) };
    assert_eq!(harmless.order_verdict(), Verdict::Settled(Outcome::Declined));
}

#[test]
fn a_refusal_of_money_that_moved_is_found_out() {
    for (code, outcome) in BY_CODE {
        if !matches!(outcome, Some(Outcome::Declined | Outcome::Cancelled)) {
            continue;
        }
        for (status, moved) in BY_STATUS {
            let verdict = answer(code, Some(status)).order_verdict();
            let contradicts = moved == Outcome::Approved;
            assert_eq!(
                matches!(verdict, Verdict::Unsettled(_)),
                contradicts,
                "{code}/{status}: {verdict:?}"
            );
        }
    }
}

#[test]
fn a_query_is_answered_by_the_state() {
    for (status, outcome) in BY_STATUS {
        for code in ["000", "0", "103", "106"] {
            assert_eq!(answer(code, Some(status)).query_outcome(), outcome, "{code}/{status}");
        }
        assert_eq!(
            answer("104", Some(status)).query_outcome(),
            Outcome::Unknown,
            "it cannot be both"
        );
        let without_code = Response { code: None, ..answer("", Some(status)) };
        assert_eq!(without_code.query_outcome(), outcome);
    }
    for (code, outcome) in [
        ("104", Outcome::NotFound),
        ("101", Outcome::InProgress),
        ("000", Outcome::Unknown),
        ("103", Outcome::Unknown),
        ("106", Outcome::Unknown),
        ("999", Outcome::Unknown),
        ("777", Outcome::Unknown),
    ] {
        assert_eq!(answer(code, None).query_outcome(), outcome, "{code}");
    }
    assert_eq!(answer("000", Some("7")).query_outcome(), Outcome::Unknown);
    assert_eq!(Response::default().query_outcome(), Outcome::Unknown);
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

#[test]
fn an_answer_fits_the_order_it_is_about() {
    let answered =
        |biz_data: Value| reading(&json!({"response_code": "000", "biz_data": biz_data}));
    let number = "12320231220110257";
    for biz_data in [
        json!({}),
        json!({"merchant_order_no": number}),
        json!({"merchant_order_no": number, "order_amount": "34.5", "trans_type": "1"}),
        json!({"merchant_order_no": number, "order_amount": 34.50, "trans_type": 1}),
        json!({"merchant_order_no": number, "order_amount": "034.5000", "trans_type": ""}),
        json!({"order_amount": null}),
    ] {
        assert_eq!(answered(biz_data.clone()).fits(&order()), Ok(()), "{biz_data}");
    }
}

#[test]
fn an_answer_that_does_not_fit_says_why() {
    let answered =
        |biz_data: Value| reading(&json!({"biz_data": biz_data})).fits(&order()).unwrap_err();
    assert_eq!(
        answered(json!({"order_amount": "34.51"})),
        "order_amount of the answer is \"34.51\", of the order \"34.50\""
    );
    assert_eq!(
        answered(json!({"trans_type": "3"})),
        "trans_type of the answer is \"3\", of the order \"1\""
    );
    let why = answered(json!({"merchant_order_no": "A2"}));
    assert!(why.starts_with("merchant_order_no of the answer is \"A2\", of the order \""), "{why}");
    for unreadable in [
        json!("34,50"),
        json!("3450e-2"),
        json!("-34.50"),
        json!({}),
        json!(true),
        json!("34.50 USD"),
    ] {
        assert!(
            answered(json!({"order_amount": unreadable})).starts_with("order_amount"),
            "{unreadable}"
        );
    }
}

#[test]
fn a_void_without_an_amount_fits_whatever_amount_comes_back() {
    let void = order_with(&[("trans_type", json!("2")), ("orig_merchant_order_no", json!("A1"))]);
    let void = accepted(&without(void, "/biz_data", "order_amount"));
    let response = reading(&json!({"biz_data": {"order_amount": "99.99", "trans_type": "2"}}));
    assert_eq!(response.fits(&void), Ok(()));
}
