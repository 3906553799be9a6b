//! An answer's values beside the order's.

use super::*;

const NUMBER: &str = "12320231220110257";

fn answered(biz_data: &Value) -> Response<'static> {
    reading(&json!({"response_code": "000", "biz_data": biz_data}))
}

fn numbered(merchant_order_no: &str) -> Request {
    Request { merchant_order_no: Some(merchant_order_no.to_owned()), ..order() }
}

fn of_amount(order_amount: &str) -> Request {
    Request { order_amount: Some(order_amount.to_owned()), ..order() }
}

/// `biz_data` as the terminal wrote it.
fn fits(biz_data: &str, order: &Request) -> bool {
    let text = format!(r#"{{"response_code":"000","biz_data":{biz_data}}}"#);
    read(&text).unwrap().fits(order).is_ok()
}

#[test]
fn an_answer_fits_the_order_it_is_about() {
    for biz_data in [
        json!({}),
        json!({"merchant_order_no": NUMBER}),
        json!({"merchant_order_no": NUMBER, "order_amount": "34.5", "trans_type": "1"}),
        json!({"merchant_order_no": NUMBER, "order_amount": 34.50, "trans_type": 1}),
        json!({"merchant_order_no": NUMBER, "order_amount": "034.5000", "trans_type": ""}),
        json!({"order_amount": null}),
        json!({"trans_type": "01"}),
        json!({"trans_type": " 1 "}),
        json!({"trans_type": 1.0}),
    ] {
        assert_eq!(answered(&biz_data).fits(&order()), Ok(()), "{biz_data}");
    }
}

#[test]
fn an_answer_that_does_not_fit_says_why() {
    let answered = |biz_data: Value| answered(&biz_data).fits(&order()).unwrap_err();
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
    for wrong in ["11", "001 2", "{}", "one", "1.5", "-1"] {
        assert!(answered(json!({"trans_type": wrong})).starts_with("trans_type"), "{wrong}");
    }
}

#[test]
fn an_amount_is_a_decimal_value() {
    for (asked, answered) in [
        ("100.00", "\"1E+2\""),
        ("100.00", "1E+2"),
        ("100.00", "1e2"),
        ("100.00", "10.0E1"),
        ("100.00", "\"10000e-2\""),
        ("100.00", "\"100.00 \""),
        ("100.00", "\" 100\""),
        ("100.00", "100"),
        ("100", "\"000100.00000000\""),
        ("34.50", "34.5"),
        ("34.50", "3450E-2"),
        ("0.01", "\".01\""),
        ("0.01", "1E-2"),
        ("10", "\"10.\""),
        ("123456789012.1234", "\"1234567890121234E-4\""),
    ] {
        let biz_data = format!(r#"{{"order_amount":{answered}}}"#);
        assert!(fits(&biz_data, &of_amount(asked)), "{asked} {answered}");
    }
    for (asked, answered) in [
        ("100.00", "\"1E+3\""),
        ("100.00", "\"100.000000001\""),
        ("100.00", "\"-100.00\""),
        ("100.00", "\"+100.00\""),
        ("100.00", "\"100,00\""),
        ("100.00", "\"100.00 USD\""),
        ("100.00", "\"1E\""),
        ("100.00", "\"1E+2E0\""),
        ("100.00", "\"1E 2\""),
        ("100.00", "\"E2\""),
        ("100.00", "\"1e99999999999999999999\""),
        ("100.00", "\"1e-2147483648\""),
        ("100.00", "\".\""),
        ("100.00", "\"１００\""),
        ("100.00", "\"0x64\""),
        ("100.00", "\"NaN\""),
        ("100.00", "true"),
        ("100.00", "{}"),
        ("100.00", "[100.00]"),
    ] {
        let biz_data = format!(r#"{{"order_amount":{answered}}}"#);
        assert!(!fits(&biz_data, &of_amount(asked)), "{asked} {answered}");
    }
}

#[test]
fn an_amount_may_include_the_tip_that_is_named_beside_it() {
    for (amount, tip, expected) in [
        ("\"39.50\"", "\"5.00\"", true),
        ("39.5", "5", true),
        ("\"34.50\"", "\"5.00\"", true),
        ("3.95E+1", "\"5e0\"", true),
        ("\"39.50\"", "\"4.00\"", false),
        ("\"39.50\"", "null", false),
        ("\"39.50\"", "\"\"", false),
        ("\"39.50\"", "\"five\"", false),
        ("\"29.50\"", "\"-5.00\"", false),
        ("\"44.50\"", "\"5.00\"", false),
    ] {
        let biz_data = format!(r#"{{"order_amount":{amount},"tip_amount":{tip}}}"#);
        assert_eq!(fits(&biz_data, &order()), expected, "{biz_data}");
        let text = format!(r#"{{"response_code":"000","biz_data":{biz_data}}}"#);
        assert_eq!(read(&text).unwrap().differs(&order()).is_empty(), expected, "{biz_data}");
    }
    assert!(!fits(r#"{"order_amount":"39.50"}"#, &order()), "nothing names the tip");
}

#[test]
fn a_number_written_as_a_json_number_may_lack_its_zeros() {
    for (asked, answered, expected) in [
        ("0012", "12", true),
        ("12", "12", true),
        ("100", "1E+2", true),
        ("0100", "1e2", true),
        ("100", "100.0", true),
        (NUMBER, "1.2320231220110257E16", true),
        ("00000000000000000000000000000012", "12", true),
        ("99999999999999999999999999999999", "99999999999999999999999999999999", true),
        ("000", "0", true),
        ("0012", "\"0012\"", true),
        ("0012", "\"12\"", false),
        ("100", "\"1E+2\"", false),
        ("12", "\"0012\"", false),
        ("0012", "120", false),
        ("0012", "1.2", false),
        ("12", "-12", false),
        ("A12", "12", false),
        ("A12", "\"a12\"", false),
        ("1E2", "100", false),
        ("12", "12.5", false),
    ] {
        let biz_data = format!(r#"{{"merchant_order_no":{answered}}}"#);
        assert_eq!(fits(&biz_data, &numbered(asked)), expected, "{asked} {answered}");
        let nested = json!({"biz_data": biz_data}).to_string();
        let nested = read(&nested).unwrap();
        assert_eq!(nested.fits(&numbered(asked)).is_ok(), expected, "{asked} {answered}");
        assert_eq!(nested.names(asked), Some(expected), "{asked} {answered}");
    }
    assert_eq!(Response::default().names("A1"), None);
}

#[test]
fn a_void_without_an_amount_fits_whatever_amount_comes_back() {
    let void = order_with(&[("trans_type", json!("2")), ("orig_merchant_order_no", json!("A1"))]);
    let void = accepted(&without(void, "/biz_data", "order_amount"));
    let response = answered(&json!({"order_amount": "99.99", "trans_type": "2"}));
    assert_eq!(response.fits(&void), Ok(()));
    assert_eq!(response.differs(&void), []);
}

#[test]
fn a_partial_approval_differs() {
    let order = accepted(&order_with(&[
        ("order_amount", json!("30.00")),
        ("price_currency", json!("USD")),
    ]));
    let difference = |field, asked: &str, answered: &str| Difference {
        field,
        asked: asked.to_owned(),
        answered: answered.to_owned(),
    };
    for (biz_data, expected) in [
        (json!({"order_amount": "20.00"}), vec![difference("order_amount", "30.00", "20.00")]),
        (json!({"order_amount": 20.0}), vec![difference("order_amount", "30.00", "20.0")]),
        (json!({"order_amount": "zwanzig"}), vec![difference("order_amount", "30.00", "zwanzig")]),
        (json!({"price_currency": "EUR"}), vec![difference("price_currency", "USD", "EUR")]),
        (json!({"trans_type": "3"}), vec![difference("trans_type", "1", "3")]),
        (
            json!({"order_amount": "1", "price_currency": "JPY", "trans_type": "4"}),
            vec![
                difference("order_amount", "30.00", "1"),
                difference("price_currency", "USD", "JPY"),
                difference("trans_type", "1", "4"),
            ],
        ),
        (json!({"order_amount": "3E+1", "price_currency": "usd", "trans_type": "01"}), vec![]),
        (json!({"order_amount": null, "price_currency": "", "tip_amount": "1"}), vec![]),
        (json!({"merchant_order_no": "A2"}), vec![]),
        (json!({}), vec![]),
    ] {
        assert_eq!(answered(&biz_data).differs(&order), expected, "{biz_data}");
    }
    let without_currency = accepted(&sale());
    assert_eq!(answered(&json!({"price_currency": "EUR"})).differs(&without_currency), []);
}

#[test]
fn a_number_that_is_looked_up_is_found_as_if_it_were_compared_with_each() {
    let nines = "9".repeat(60);
    let written = ["0", "7", "12", "12.0", "1.2E1", "1E+2", "1E99", "-7", "0.5", &nines];
    let sent = ["0", "00", "7", "007", "12", "100", "0100", &nines];
    for bare in written {
        for number in sent {
            let is_found = bare_number(bare).is_some() && bare_number(bare) == bare_number(number);
            let answer = format!(r#"{{"merchant_order_no":{bare}}}"#);
            assert_eq!(is_found, fits(&answer, &numbered(number)), "{bare} {number}");
        }
    }
}

#[test]
fn an_amount_with_a_negative_exponent_is_the_same_value() {
    let order = of_amount("34.50");
    for amount in ["3450E-2", "345000000000E-10", "345000000000000E-13", "3.45e+1"] {
        assert!(fits(&format!(r#"{{"order_amount":"{amount}"}}"#), &order), "{amount}");
    }
    for amount in ["345000000001E-10", "345E-2", "34.5E", "34.5E+", "3450E--2", "34.5E+-0"] {
        assert!(!fits(&format!(r#"{{"order_amount":"{amount}"}}"#), &order), "{amount}");
    }
}

#[test]
fn what_is_no_number_is_compared_as_it_is() {
    for (answered, asked) in [("0x", "x"), (".0", "0"), (".", "0")] {
        let asked = Request { trans_type: Some(asked.to_owned()), ..order() };
        assert!(!fits(&format!(r#"{{"trans_type":"{answered}"}}"#), &asked), "{answered}");
    }
}
