//! The rows of the request tables, each broken once.

use super::*;

fn assert_refused(field: &str, value: Value, expected: &str) {
    let refusal = refusal(&sale_with(field, value));
    assert_eq!(refusal, format!("biz_data.{field}: {expected}"));
}

fn assert_accepted(field: &str, values: &[Value]) {
    for value in values {
        let on_the_wire = &sent(&sale_with(field, value.clone()))["biz_data"][field];
        match value {
            Value::Number(number) => assert_eq!(on_the_wire, &Value::String(number.to_string())),
            _ => assert_eq!(on_the_wire, value),
        }
    }
}

#[test]
fn trans_type_is_required_and_one_of_nine() {
    assert_eq!(
        refusal(&without(sale(), "/biz_data", "trans_type")),
        "biz_data.trans_type: required, but missing"
    );
    let rule = "one of 1, 2, 3, 4, 5, 6, 7, 8 or 11";
    assert_refused("trans_type", json!("9"), &format!("{rule}, got \"9\""));
    assert_refused("trans_type", json!("01"), &format!("{rule}, got \"01\""));
    assert_refused("trans_type", json!(""), &format!("{rule}, got \"\""));
    assert_refused("trans_type", json!(1.0), &format!("{rule}, got \"1.0\""));
    assert_refused("trans_type", json!(true), "a text expected, got the boolean true");
    assert_accepted(
        "trans_type",
        &[json!("1"), json!("4"), json!("5"), json!("7"), json!("8"), json!("11"), json!(4)],
    );
}

#[test]
fn merchant_order_no_is_required_and_at_most_32_alphanumeric_characters() {
    assert_eq!(
        refusal(&without(sale(), "/biz_data", "merchant_order_no")),
        "biz_data.merchant_order_no: required, but missing"
    );
    let rule = "at most 32 alphanumeric characters";
    assert_refused("merchant_order_no", json!("a".repeat(40)), &format!("{rule}, got 40"));
    assert_refused("merchant_order_no", json!("a".repeat(33)), &format!("{rule}, got 33"));
    assert_refused("merchant_order_no", json!("R-1"), &format!("{rule}, got \"R-1\""));
    assert_refused("merchant_order_no", json!("é1"), &format!("{rule}, got \"é1\""));
    assert_refused("merchant_order_no", json!(""), &format!("{rule}, got \"\""));
    assert_refused("merchant_order_no", json!(1.5), &format!("{rule}, got \"1.5\""));
    assert_refused("merchant_order_no", json!(null), "required, but missing");
    assert_accepted("merchant_order_no", &[json!("Z"), json!("a".repeat(32)), json!(12345)]);
}

#[test]
fn orig_merchant_order_no_is_required_for_void_refund_and_completion() {
    for trans_type in ["2", "3", "6"] {
        assert_eq!(
            refusal(&sale_with("trans_type", json!(trans_type))),
            format!(
                "biz_data.orig_merchant_order_no: required with trans_type {trans_type}, but missing"
            )
        );
        accepted(&order_with(&[
            ("trans_type", json!(trans_type)),
            ("orig_merchant_order_no", json!("121775014073233368018")),
        ]));
    }
    assert_refused(
        "orig_merchant_order_no",
        json!("a".repeat(33)),
        "at most 32 alphanumeric characters, got 33",
    );
}

#[test]
fn price_currency_is_a_currency_there_is() {
    let rule = "an ISO 4217 code of three capital letters";
    for wrong in ["usd", "US", "USDX", "ABC", "XXX", "", "840"] {
        assert_refused("price_currency", json!(wrong), &format!("{rule}, got \"{wrong}\""));
    }
    for currency in ["USD", "EUR", "CNY", "AED", "ZWG", "JPY", "KWD"] {
        let changes = [("price_currency", json!(currency)), ("order_amount", json!("34"))];
        assert_eq!(accepted(&order_with(&changes)).price_currency.as_deref(), Some(currency));
    }
}

#[test]
fn order_amount_is_required_but_for_a_void() {
    for trans_type in ["1", "3", "4", "5", "6", "7", "8", "11"] {
        let request = order_with(&[
            ("trans_type", json!(trans_type)),
            ("orig_merchant_order_no", json!("A1")),
        ]);
        assert_eq!(
            refusal(&without(request, "/biz_data", "order_amount")),
            format!("biz_data.order_amount: required with trans_type {trans_type}, but missing")
        );
    }
    let void = order_with(&[("trans_type", json!("2")), ("orig_merchant_order_no", json!("A1"))]);
    assert_eq!(accepted(&without(void, "/biz_data", "order_amount")).order_amount, None);
}

#[test]
fn order_amount_is_decimal_text_above_zero() {
    let rule = "1 to 12 digits, and optionally a point and 1 to 4 digits";
    for wrong in [
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1.",
        ".5",
        "1.12345",
        "1234567890123",
        "1_0",
        "1e2",
        "0x1",
        "1.2.3",
        "NaN",
        "inf",
        "1'000",
        "١",
    ] {
        assert_refused(
            "order_amount",
            json!(wrong),
            &format!("{rule}, got {:?}", crate::redact::text(wrong)),
        );
    }
    for zero in ["0", "0.00", "000.0000"] {
        assert_refused("order_amount", json!(zero), &format!("more than zero, got \"{zero}\""));
    }
    for number in [json!(10), json!(10.1), json!(0)] {
        let expected =
            format!("an amount is written as text, like \"34.50\", got the number {number}");
        assert_refused("order_amount", number, &expected);
    }
    assert_refused("order_amount", json!(false), "a text expected, got the boolean false");
    assert_accepted(
        "order_amount",
        &[json!("10"), json!("34.50"), json!("0.01"), json!("007.5"), json!("123456789012.1234")],
    );
}

#[test]
fn a_decimal_comma_is_answered_with_the_point() {
    let hint = |like: &str, got: &str| {
        format!("decimals follow a point, not a comma, like {like:?}, got {got:?}")
    };
    for field in ["order_amount", "tip_amount", "cashback_amount", "tax_amount"] {
        assert_refused(field, json!("34,50"), &hint("34.50", "34,50"));
        assert_refused(field, json!("1,5"), &hint("1.5", "1,5"));
        for other in ["1,234.50", "1,", ",5", "1,,5", "34，50"] {
            let rule = "1 to 12 digits, and optionally a point and 1 to 4 digits";
            assert_refused(field, json!(other), &format!("{rule}, got {other:?}"));
        }
    }
}

#[test]
fn an_amount_has_no_more_decimals_than_its_currency() {
    let in_currency = |currency: &str, field: &str, amount: &str| {
        order_with(&[("price_currency", json!(currency)), (field, json!(amount))])
    };
    for field in ["order_amount", "tip_amount", "cashback_amount", "tax_amount"] {
        for (currency, amount, decimals) in [
            ("JPY", "500.50", 0),
            ("JPY", "500.00", 0),
            ("KRW", "1.1", 0),
            ("CLP", "1.05", 0),
            ("USD", "34.505", 2),
            ("EUR", "0.001", 2),
            ("CNY", "1.0000", 2),
            ("KWD", "1.2345", 3),
        ] {
            let mut request = in_currency(currency, field, amount);
            if currency == "JPY" && field != "order_amount" {
                request["biz_data"]["order_amount"] = json!("34");
            }
            let expected =
                format!("biz_data.{field}: {currency} has {decimals} decimals, got {amount:?}");
            let refusal = refusal(&request);
            assert!(refusal.split("; ").any(|fault| fault == expected), "{refusal}");
        }
    }
    for (currency, amount) in [
        ("JPY", "500"),
        ("USD", "34.50"),
        ("USD", "34.5"),
        ("USD", "34"),
        ("KWD", "1.234"),
        ("BHD", "0.001"),
        ("CLF", "1.2345"),
        ("XAU", "1.2345"),
    ] {
        accepted(&in_currency(currency, "order_amount", amount));
    }
    accepted(&sale_with("order_amount", json!("34.5050")));
}

#[test]
fn every_currency_has_its_number_of_decimals() {
    for (decimals, codes) in [
        (Some(0), "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (Some(3), "BHD IQD JOD KWD LYD OMR TND"),
        (Some(4), "CLF UYW"),
        (Some(2), "USD EUR GBP CNY HUF IDR TWD MGA MRU COP AED ZWG XCD CHW"),
        (None, "XAU XDR XXX ABC usd"),
    ] {
        for code in codes.split(' ') {
            assert_eq!(currency::decimals(code), decimals, "{code}");
        }
    }
}

#[test]
fn other_amounts_may_be_zero_but_not_anything_else() {
    for field in ["tip_amount", "cashback_amount", "tax_amount"] {
        assert_accepted(field, &[json!("0"), json!("0.00"), json!("10.00")]);
        assert_refused(
            field,
            json!("-1.00"),
            "1 to 12 digits, and optionally a point and 1 to 4 digits, got \"-1.00\"",
        );
        assert_refused(
            field,
            json!(5),
            "an amount is written as text, like \"34.50\", got the number 5",
        );
    }
}

#[test]
fn on_screen_tip_is_a_boolean_and_only_with_sale_refund_and_authorization() {
    assert_refused("on_screen_tip", json!("true"), "true or false expected, got \"true\"");
    for trans_type in ["2", "5", "6", "7", "8", "11"] {
        let with_tip = |tip| {
            order_with(&[
                ("trans_type", json!(trans_type)),
                ("orig_merchant_order_no", json!("A1")),
                ("on_screen_tip", json!(tip)),
            ])
        };
        assert_eq!(
            refusal(&with_tip(true)),
            format!(
                "biz_data.on_screen_tip: only with trans_type 1, 3 or 4, got trans_type {trans_type}"
            )
        );
        assert_eq!(sent(&with_tip(false))["biz_data"]["on_screen_tip"], false);
    }
    for trans_type in ["1", "3", "4"] {
        accepted(&order_with(&[
            ("trans_type", json!(trans_type)),
            ("orig_merchant_order_no", json!("A1")),
            ("on_screen_tip", json!(true)),
        ]));
    }
}

#[test]
fn flags_are_json_booleans() {
    for flag in ["confirm_on_terminal", "required_terminal_authentication", "on_screen_signature"] {
        assert_refused(flag, json!("false"), "true or false expected, got \"false\"");
        assert_refused(flag, json!(1), "true or false expected, got the number 1");
        assert_accepted(flag, &[json!(true), json!(false)]);
    }
}

#[test]
fn payment_methods_and_scenarios_are_open_lists() {
    for field in ["pay_method_id", "pay_scenario"] {
        assert_refused(field, json!(""), "a text that is not empty, got \"\"");
        assert_refused(field, json!(false), "a text expected, got the boolean false");
        assert_accepted(field, &[json!("Visa"), json!("SWIPE_CARD"), json!("SOMETHING_NEW")]);
    }
}

#[test]
fn card_type_is_one_of_four() {
    assert_refused("card_type", json!("5"), "one of 1, 2, 3 or 4, got \"5\"");
    assert_refused("card_type", json!([]), "a text expected, got an array");
    assert_accepted("card_type", &[json!("1"), json!("4"), json!(2)]);
}

#[test]
fn receipt_print_mode_is_one_of_four() {
    assert_refused("receipt_print_mode", json!("4"), "one of 0, 1, 2 or 3, got \"4\"");
    assert_accepted("receipt_print_mode", &[json!("0"), json!("3"), json!(1)]);
}

#[test]
fn free_texts_are_texts() {
    for field in ["attach", "description", "notify_url"] {
        assert_refused(field, json!(true), "a text expected, got the boolean true");
        assert_refused(field, json!({"a": 1}), "a text expected, got an object");
        assert_accepted(field, &[json!(""), json!("Zwölf \"Brötchen\"\n"), json!(12.50)]);
    }
}

#[test]
fn expires_is_whole_seconds() {
    for wrong in ["", "-1", "1.5", "1m", " 1", "1234567890123456"] {
        let shown = crate::redact::text(wrong);
        assert_refused(
            "expires",
            json!(wrong),
            &format!("whole seconds, 1 to 15 digits, got {shown:?}"),
        );
    }
    assert_accepted("expires", &[json!("180"), json!("0"), json!(180)]);
}

#[test]
fn what_only_a_response_has_is_refused_in_an_order() {
    for field in [
        "trans_no",
        "trans_status",
        "pay_channel_trans_no",
        "discount_bmopc",
        "discount_bpc",
        "trans_end_time",
    ] {
        assert_refused(field, json!("1"), "only a response has it, leave it out");
    }
}

#[test]
fn a_query_is_a_number_and_nothing_a_response_has() {
    let query = |biz_data: Value| json!({"topic": QUERY, "biz_data": biz_data});
    assert_eq!(refusal(&query(json!({}))), "biz_data.merchant_order_no: required, but missing");
    assert_eq!(
        refusal(&query(json!({"merchant_order_no": "a b"}))),
        "biz_data.merchant_order_no: at most 32 alphanumeric characters, got \"a b\""
    );
    for field in [
        "trans_type",
        "price_currency",
        "order_amount",
        "trans_no",
        "trans_status",
        "tip_amount",
        "cashback_amount",
        "attach",
        "pay_scenario",
        "pay_method_id",
        "pay_channel_trans_no",
        "discount_bmopc",
        "discount_bpc",
        "trans_end_time",
    ] {
        assert_eq!(
            refusal(&query(json!({"merchant_order_no": "A1", field: "1"}))),
            format!("biz_data.{field}: only a response has it, leave it out")
        );
    }
    let asked = accepted(&query(json!({"merchant_order_no": "A1", "new_field": [1]})));
    assert_eq!(asked.merchant_order_no.as_deref(), Some("A1"));
}

#[test]
fn a_close_may_name_a_number() {
    let close = |biz_data: Value| json!({"topic": CLOSE, "biz_data": biz_data});
    assert_eq!(accepted(&close(json!({}))).merchant_order_no, None);
    assert_eq!(
        accepted(&close(json!({"merchant_order_no": "A1"}))).merchant_order_no.as_deref(),
        Some("A1")
    );
    assert_eq!(
        refusal(&close(json!({"merchant_order_no": ""}))),
        "biz_data.merchant_order_no: at most 32 alphanumeric characters, got \"\""
    );
}

#[test]
fn unknown_fields_pass_untouched_and_in_their_place() {
    let text = concat!(
        r#"{"topic":"ecrhub.pay.order","z":1.10,"biz_data":{"z_first":{"n":[1E5,"\u00e9"]},"trans_type":"1","#,
        r#""merchant_order_no":"A1","a_between":false,"order_amount":"1","a_last":12345678901234567890.5}"#
    );
    let prepared = prepare(&format!("{text}}}"), &DEFAULTS).unwrap().text;
    assert!(prepared.starts_with(text), "{prepared}");
}
