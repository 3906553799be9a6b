//! What `"validation": "lenient"` lets through, and what it never does.

use super::*;

#[test]
fn a_lenient_check_wants_only_what_an_answer_is_matched_by_and_that_an_amount_is_one() {
    let odd = concat!(
        r#"{"topic":"ecrhub.pay.order","version":5,"response_code":"000","biz_data":"#,
        r#"{"merchant_order_no":"R-2024/0001","order_amount":"10.10","trans_type":"99","price_currency":"???"}}"#
    );
    let prepared = prepare(odd, &LENIENT).unwrap();
    assert_eq!(prepared.merchant_order_no.as_deref(), Some("R-2024/0001"));
    assert_eq!(prepared.order_amount.as_deref(), Some("10.10"), "to the last digit");
    assert!(prepared.text.starts_with(odd.strip_suffix('}').unwrap()), "{}", prepared.text);
    assert!(prepared.text.contains(r#""app_id":"app-of-config""#), "{}", prepared.text);

    let nobody = Defaults { app_id: None, ..LENIENT };
    assert!(!prepare(odd, &nobody).unwrap().text.contains("app_id"));
}

#[test]
fn a_lenient_check_skips_the_alphabet_of_numbers_and_conditional_rules() {
    for request in [
        json!({"topic": ORDER, "biz_data": {"trans_type": "1", "merchant_order_no": "CP-9", "order_amount": "1"}}),
        json!({"topic": ORDER, "biz_data": {"trans_type": "1", "merchant_order_no": "é".repeat(40), "order_amount": "1"}}),
        json!({"topic": ORDER, "biz_data": {"trans_type": "3", "merchant_order_no": "R1", "order_amount": "1"}}),
        json!({"topic": ORDER, "biz_data": {"trans_type": "2", "merchant_order_no": "V1"}}),
        json!({"topic": ORDER, "biz_data": {"trans_type": "2", "merchant_order_no": "V1", "on_screen_tip": true}}),
        json!({"topic": ORDER, "biz_data": {"trans_type": "1", "merchant_order_no": "J1", "order_amount": "500.50", "price_currency": "JPY"}}),
        json!({"topic": QUERY, "biz_data": {"trans_no": "5021000010210602000003"}}),
        json!({"topic": QUERY, "biz_data": {"merchant_order_no": "CP-9", "trans_no": 5}}),
        json!({"topic": CLOSE}),
        json!({"topic": CLOSE, "biz_data": {"merchant_order_no": "CP-9"}}),
        json!({"topic": "ecrhub.init"}),
        json!({"topic": "ecrhub.getInfo", "device_data": {"device_name": "till 1"}}),
        json!({"topic": "ecrhub.heartbeat", "biz_data": null}),
    ] {
        if let Err(error) = prepare(&request.to_string(), &LENIENT) {
            panic!("{request}: {error}");
        }
        let twice = prepare(&request.to_string(), &LENIENT).unwrap();
        assert_eq!(prepare(&twice.text, &LENIENT), Ok(twice));
    }
}

#[test]
fn no_amount_is_sent_that_is_none_however_lenient() {
    for field in ["order_amount", "tip_amount", "cashback_amount", "tax_amount"] {
        for (wrong, expected) in [
            (json!("34,50"), "decimals follow a point, not a comma, like \"34.50\", got \"34,50\""),
            (json!(-5), "an amount is written as text, like \"34.50\", got the number -5"),
            (json!(34.5), "an amount is written as text, like \"34.50\", got the number 34.5"),
            (json!("-5"), "1 to 12 digits, and optionally a point and 1 to 4 digits, got \"-5\""),
            (
                json!("1.234,50"),
                "1 to 12 digits, and optionally a point and 1 to 4 digits, got \"1.234,50\"",
            ),
            (json!(""), "1 to 12 digits, and optionally a point and 1 to 4 digits, got \"\""),
            (json!("1e2"), "1 to 12 digits, and optionally a point and 1 to 4 digits, got \"1e2\""),
            (json!(true), "a text expected, got the boolean true"),
        ] {
            for defaults in [LENIENT, DEFAULTS] {
                let request = sale_with(field, wrong.clone()).to_string();
                let refusal = refusal_of(&request, &defaults, Status::Request);
                assert_eq!(refusal, format!("biz_data.{field}: {expected}"));
            }
        }
    }
}

#[test]
fn a_lenient_check_still_refuses_what_no_answer_could_be_matched_to() {
    for (request, expected) in [
        (r#"{"biz_data":{}}"#, "topic: required"),
        (r#"{"topic":5e,"biz_data":{}}"#, "not JSON"),
        (r#"{"topic":null,"biz_data":{}}"#, "topic: required, but missing"),
        (r#"{"topic":"x","request_id":""}"#, "request_id: 1 to 64 printable ASCII"),
        (r#"{"topic":"x","request_id":{}}"#, "request_id: a text expected, got an object"),
        (r#"{"topic":"x","biz_data":[]}"#, "biz_data: an object expected, got an array"),
        (r#"{"topic":"ecrhub.pay.order"}"#, "biz_data: required"),
        (r#"{"topic":"ecrhub.pay.order","biz_data":{}}"#, "biz_data.merchant_order_no: required"),
        (
            r#"{"topic":"ecrhub.pay.order","biz_data":{"trans_no":"5"}}"#,
            "biz_data.merchant_order_no: required",
        ),
        (
            r#"{"topic":"ecrhub.pay.order","biz_data":{"merchant_order_no":"A","trans_type":[]}}"#,
            "biz_data.trans_type: a text expected, got an array",
        ),
        (
            r#"{"topic":"ecrhub.pay.query","biz_data":{"merchant_order_no":null}}"#,
            "biz_data.merchant_order_no: it or trans_no is required, but both are missing",
        ),
        (
            r#"{"topic":"ecrhub.pay.query","biz_data":{"merchant_order_no":""}}"#,
            "biz_data.merchant_order_no: a text that",
        ),
        (
            r#"{"topic":"ecrhub.pay.query","biz_data":{"merchant_order_no":true}}"#,
            "biz_data.merchant_order_no: a text",
        ),
        (
            r#"{"topic":"ecrhub.pay.close","biz_data":{"merchant_order_no":{}}}"#,
            "biz_data.merchant_order_no: a text",
        ),
    ] {
        let error = prepare(request, &LENIENT).unwrap_err();
        assert!(error.message().contains(expected), "{request}: {error}");
    }
}
