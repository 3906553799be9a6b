//! What stays readable, and what must not.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const CARD: &str = "4563311234563919";
const MASKED: &str = "456331******3919";

fn redacted(value: &Value) -> Value {
    let text = json(&value.to_string());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_cards_number_keeps_its_first_six_and_last_four_digits() {
    for (given, expected) in [
        (CARD, MASKED),
        ("4563 3112 3456 3919", "4563 31** **** 3919"),
        ("4563-3112-3456-3919", "4563-31**-****-3919"),
        ("3782 822463 10005", "3782 82**** *0005"),
        ("123456789012", "123456**9012"),
        ("1234567890123456789", "123456*********6789"),
        ("PAN=4563311234563919;", "PAN=456331******3919;"),
        (
            "4563311234563919=25121010000000000000",
            "456331******3919=25121010000000000000",
        ),
        ("4563311234563919 12/26", "456331********19 12/26"),
        ("é4563311234563919é", "é456331******3919é"),
    ] {
        assert_eq!(text(given), expected);
    }
}

#[test]
fn what_is_too_short_too_long_or_masked_already_stays() {
    for stays in [
        "",
        "34.50",
        "12345678901",
        "12345678901234567890",
        "5021000010210602000003",
        MASKED,
        "2024-10-07 05:42:39",
        "192.168.100.100:35779",
        "1234  5678  9012  3456",
        "1234--5678--9012",
        "merchant",
    ] {
        assert_eq!(text(stays), stays);
    }
}

#[test]
fn a_card_beside_other_digits_is_found() {
    for hidden in [
        format!("{CARD} 20261231"),
        format!("{CARD} {CARD}"),
        format!("5021000010210602000003 {CARD}"),
        format!("{CARD}-5021000010210602000003"),
        "4563 3112 3456 3919 2026 1231".to_owned(),
        format!("1 {CARD}"),
    ] {
        let masked = text(&hidden);
        assert!(
            !masked.contains(CARD) && !masked.contains("3112 3456"),
            "{hidden} became {masked}"
        );
        assert_eq!(
            masked.contains("5021000010210602000003"),
            hidden.contains("5021000010210602000003")
        );
    }
}

#[test]
fn a_signatures_address_is_hidden_however_it_is_written() {
    for (given, expected) in [
        (
            r#"{"signature_url":"https://x/1?a=b&c","b":1}"#,
            r#"{"signature_url":"***","b":1}"#,
        ),
        (
            r#""signature_url" : "https:\/\/x\/1\"2", "b""#,
            r#""signature_url" : "***", "b""#,
        ),
        (
            r#"{\"signature_url\":\"https://x/1\",\"b\":1}"#,
            r#"{\"signature_url\":\"***\",\"b\":1}"#,
        ),
        ("signature_url=https://x/1&b=2", "signature_url=***&b=2"),
        (r#"{"signature_url":null}"#, r#"{"signature_url":***}"#),
        (
            r#"cut off: "signature_url":"https://x/1"#,
            r#"cut off: "signature_url":"***"#,
        ),
        (
            "the signature_url is missing",
            "the signature_url is missing",
        ),
        ("signature_url", "signature_url"),
        (
            r#"{"signature_url":"a"}{"signature_url":"b"}"#,
            r#"{"signature_url":"***"}{"signature_url":"***"}"#,
        ),
    ] {
        assert_eq!(text(given), expected);
    }
}

#[test]
fn in_json_what_identifies_a_transaction_stays() {
    let number = "12320231220110257";
    let message = json!({
        "request_id": "1698302992263", "timestamp": 1_698_302_992_263_u64, "app_id": "123456789012345",
        "biz_data": {
            "merchant_order_no": number, "orig_merchant_order_no": number, "trans_no": "5021000010210602",
            "pay_channel_trans_no": "123456789012", "ref_no": "123456789012", "merchant_no": "312100000012345",
            "terminal_sn": "123456789012345", "order_amount": "123456789012.00", "tip_amount": "1",
            "trans_end_time": "2021-06-03 12:48:51", "card_no": MASKED, "trans_status": "2"
        }
    });
    assert_eq!(redacted(&message), message);
    assert_eq!(
        json(&message.to_string()),
        message.to_string(),
        "and every byte with it"
    );
}

#[test]
fn in_json_everything_else_is_masked_by_look() {
    let message = json!({
        "card_no": CARD, "attach": format!("card {CARD}!"), "list": [CARD, 4_563_311_234_563_919_u64],
        "deep": [{"x": {"request": CARD}}], "number": 4_563_311_234_563_919_u64
    });
    let expected = json!({
        "card_no": MASKED, "attach": format!("card {MASKED}!"), "list": [MASKED, MASKED],
        "deep": [{"x": {"request": MASKED}}], "number": MASKED
    });
    assert_eq!(redacted(&message), expected);
}

#[test]
fn a_name_that_stays_readable_covers_no_container() {
    let message = json!({"merchant_order_no": [CARD], "trans_no": {"x": CARD}});
    assert_eq!(
        redacted(&message),
        json!({"merchant_order_no": [MASKED], "trans_no": {"x": MASKED}})
    );
}

#[test]
fn in_json_secrets_are_hidden_whatever_they_are() {
    let message = json!({
        "signature_url": "https://x/1", "cvv": 123, "a": {"signature_url": {"b": ["}", {"c": 1}]}, "d": 2},
        "track2": ["4563"], "pin_block": null
    });
    let expected = json!({
        "signature_url": "***", "cvv": "***", "a": {"signature_url": "***", "d": 2}, "track2": "***", "pin_block": null
    });
    assert_eq!(redacted(&message), expected);
}

#[test]
fn escapes_hide_nothing() {
    let text = r#"{"signature\u005furl":"x","card":"\u00345633\u00311234563919","n":"a\nb"}"#;
    assert_eq!(
        json(text),
        r#"{"signature\u005furl":"***","card":"456331******3919","n":"a\nb"}"#
    );
}

#[test]
fn json_inside_a_string_is_masked_as_json() {
    let inner = json!({"merchant_order_no": "12320231220110257", "card_no": CARD, "signature_url": "https://x"});
    let expected = json!({"merchant_order_no": "12320231220110257", "card_no": MASKED, "signature_url": "***"});
    let message = json!({"biz_data": inner.to_string()});
    assert_eq!(
        redacted(&message),
        json!({"biz_data": expected.to_string()})
    );
}

#[test]
fn strings_inside_strings_end_somewhere() {
    let mut message = json!({"card_no": CARD}).to_string();
    for _ in 0..8 {
        message = json!({ "biz_data": message }).to_string();
    }
    let masked = json(&message);
    assert!(
        !masked.contains(CARD) && serde_json::from_str::<Value>(&masked).is_ok(),
        "{masked}"
    );
}

#[test]
fn what_is_no_json_is_masked_as_text() {
    let cut = format!(r#"{{"merchant_order_no":"{CARD}","signature_url":"https://x"#);
    assert_eq!(json(&cut), text(&cut));
    assert!(!json(&cut).contains(CARD));
    assert_eq!(json(&format!("\"{CARD}\"")), format!("\"{MASKED}\""));
    assert_eq!(
        json(CARD),
        format!("\"{MASKED}\""),
        "a bare number becomes a text"
    );
}

#[test]
fn an_excerpt_is_short_and_says_that_it_is_one() {
    assert_eq!(excerpt(b"abc", 3), "abc");
    assert_eq!(excerpt(b"abcd", 3), "…");
    assert_eq!(excerpt(b"abcdefgh", 6), "abc…");
    assert_eq!(excerpt("ééééé".as_bytes(), 8), "éé…");
    assert_eq!(excerpt(b"abcd", 0), "");
    assert_eq!(excerpt(b"\xff\xfe", 100), "\u{fffd}\u{fffd}");
    assert_eq!(excerpt(CARD.as_bytes(), 100), MASKED);
}

#[test]
fn an_excerpt_never_ends_in_half_a_card() {
    for before in 0..320 {
        let long = format!("{}{CARD}{}", "x".repeat(before), "y".repeat(400));
        for limit in [0, 1, 5, 20, 64] {
            let short = excerpt(long.as_bytes(), limit);
            assert!(
                short.len() <= limit && !short.contains("4563311"),
                "{before}/{limit}: {short}"
            );
        }
    }
    let shrinking = format!(
        "signature_url={} {CARD}{}",
        "s".repeat(280),
        "y".repeat(400)
    );
    for limit in 20..70 {
        assert!(!excerpt(shrinking.as_bytes(), limit).contains("4563311"));
    }
}

#[test]
fn a_large_hostile_text_takes_no_longer_than_its_length() {
    let size = 1_000_000;
    let started = std::time::Instant::now();
    for hostile in [
        "1 ".repeat(size),
        "1".repeat(size),
        "signature_url".repeat(size / 13),
        "signature_url:".repeat(size / 14),
        "signature_url\":\"\\".repeat(size / 17),
        format!("[{}1{}]", "[".repeat(size), "]".repeat(size)),
        format!("[{}]", "\"{\\\"\",".repeat(size / 6) + "1"),
        "{\"a\":".repeat(size / 5),
        "\\\"".repeat(size),
    ] {
        let _ = (
            text(&hostile),
            json(&hostile),
            excerpt(hostile.as_bytes(), 1024),
        );
    }
    // Generous: anything quadratic would take hours.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), limit in 0..300_usize) {
        prop_assert!(excerpt(&bytes, limit).len() <= limit);
    }

    #[test]
    fn masking_again_changes_nothing(given in "([0-9]{1,20}[ -]?|signature_url|[\":=\\\\{}, a-z]){0,12}") {
        let once = text(&given);
        prop_assert_eq!(text(&once), once);
    }

    #[test]
    fn no_card_survives(before in "[^0-9]{0,5}", digits in "[0-9]{12,19}", after in "[^0-9]{0,5}") {
        let hidden = format!("{before}x{digits}x{after}");
        prop_assert!(!text(&hidden).contains(&digits));
        let message = json!({"attach": hidden, "n": [digits.clone()]});
        prop_assert!(!json(&message.to_string()).contains(&digits));
    }

    #[test]
    fn json_stays_json_with_the_same_names(given in "[\\[\\]{}\",:\\\\0-9a ]{0,40}", card in "[0-9]{10,20}") {
        let message = json!({"a": given, "b": {"card_no": card}, "signature_url": given});
        let masked = redacted(&message);
        prop_assert_eq!(masked.as_object().unwrap().keys().collect::<Vec<_>>(), ["a", "b", "signature_url"]);
        let _ = json(&given);
    }
}
