//! What is masked, and what must not change.

mod excerpts;
mod places;

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const CARD: &str = "4111111111111111";
const MASKED: &str = "411111******1111";

/// Numbers of every brand and length that is used, with a valid check digit.
const CARDS: [&str; 19] = [
    CARD,
    "4222222222222",
    "4000000000000000006",
    "5555555555554444",
    "2221000000000009",
    "378282246310005",
    "6011111111111117",
    "6445644564456445",
    "3530111333300000",
    "30569309025904",
    "38520000023237",
    "6200000000000005",
    "8171999927660000",
    "6759649826438453",
    "5018000000000009",
    "2200000000000004",
    "9792000000000003",
    "5066991111111118",
    "6062820000000003",
];

/// The brands' lengths that are also found inside a longer number.
const COMMON: [&str; 10] = [
    CARD,
    "5555555555554444",
    "2221000000000009",
    "6011111111111117",
    "6445644564456445",
    "3530111333300000",
    "6200000000000005",
    "2200000000000004",
    "9792000000000003",
    "5066991111111118",
];

fn redacted(value: &Value) -> Value {
    let text = json(&value.to_string());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The number as it is masked.
fn masked(card: &str) -> String {
    let end = card.len() - 4;
    format!("{}{}{}", &card[..6], "*".repeat(end - 6), &card[end..])
}

/// Decimal digits in another script.
fn in_script(digits: &str, zero: char) -> String {
    let digit = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10)?);
    digits.chars().map(|c| digit(c).unwrap_or(c)).collect()
}

#[test]
fn a_cards_number_keeps_its_first_six_and_last_four_digits() {
    for card in CARDS {
        assert_eq!(text(card), masked(card));
        assert_eq!(text(&format!("paid with {card}.")), format!("paid with {}.", masked(card)));
    }
    for (given, expected) in [
        ("4111 1111 1111 1111", "4111 11** **** 1111"),
        ("3782 822463 10005", "3782 82**** *0005"),
        ("é4111111111111111é", "é411111******1111é"),
        ("4111111111111111 12/26", "411111******1111 12/26"),
        ("4111111111111111 (5555555555554444)", "411111******1111 (555555******4444)"),
        ("*378282246310005*", "*378282*****0005*"),
        ("**5018000000000009** 2", "**501800******0009** 2"),
        ("1 4111111111111111 20261231", "1 411111******1111 20261231"),
        ("4111111111111111 5555555555554444", "411111******1111 555555******4444"),
        ("card:411111111111\n1111", "card:411111******\n1111"),
    ] {
        assert_eq!(text(given), expected);
    }
}

#[test]
fn any_separators_may_stand_between_the_digits() {
    for between in [
        " ", "  ", "\t", ".", "/", "-", " - ", "_", ",", ":", "+", "|", "\u{a0}", "\u{2007}",
        "\u{2009}", "\u{202f}", "\u{3000}", "\u{2010}", "\u{2013}", "\u{2212}", "\u{ff0d}",
        "\u{200b}", "\u{feff}", "·", "\u{0}", "\\t", "\\u00a0", "%20",
    ] {
        let given = ["4111", "1111", "1111", "1111"].join(between);
        let expected = ["4111", "11**", "****", "1111"].join(between);
        assert_eq!(text(&given), expected, "{between:?}");
    }
    let far = ["4111", "1111", "1111", "1111"].join("         ");
    assert_eq!(text(&far), far, "so far apart they are columns of a table");
}

#[test]
fn digits_of_every_script_are_digits() {
    for zero in ['０', '٠', '۰', '०', '৭', '๐', '𝟎', '𝟘'] {
        let card = in_script(CARD, if zero == '৭' { '০' } else { zero });
        let shown = text(&card);
        assert_eq!(shown.matches('*').count(), 6, "{card}: {shown}");
        assert!(card.starts_with(&shown[..shown.find('*').unwrap()]), "{shown}");
    }
}

#[test]
fn a_card_inside_a_longer_run_of_digits_is_found() {
    for (given, expected) in [
        ("41111111111111112512", "411111******11112512"),
        (
            "57134111111111111111D25122010000000000000F",
            "5713411111******1111D25122010000000000000F",
        ),
        ("4857134111111111111111D2512", "485713411111******1111D2512"),
        ("5A0841111111111111115F2403251231", "5A08411111******11115F2403251231"),
        ("5a084111111111111111", "5a08411111******1111"),
        ("5A0A4000000000000000006F", "5A0A400000*********0006F"),
        ("57136759649826438453D2512201", "5713675964******8453D2512201"),
        ("5A0867596498264384535F2403", "5A08675964******84535F2403"),
        ("9F02065713 6759649826438453=2512", "9F02065713 675964******8453=2512"),
        (";4111111111111111=25121010000000000000?", ";411111******1111=25121010000000000000?"),
        ("%B4111111111111111^NAME/A^2512", "%B411111******1111^NAME/A^2512"),
        ("164111111111111111", "16411111******1111"),
        ("15378282246310005", "15378282*****0005"),
        ("378282246310005999", "378282*****0005999"),
        ("0004111111111111111", "000411111******1111"),
        ("4111111111111111123", "411111******1111123"),
        ("67596498264384532512", "675964******84532512"),
        ("4111 1111 1111 11112512", "4111 11** **** 11112512"),
        ("[4111111111111111]", "[411111******1111]"),
    ] {
        assert_eq!(text(given), expected);
    }
}

#[test]
fn what_is_no_card_number_stays() {
    for stays in [
        "",
        "34.50",
        "100000123400000",
        "4111111111111112",
        "7000000000000005",
        "411111******1111",
        "456331******3919",
        "5021000010210602000003",
        "12320231220110257",
        "1728279759000",
        "18446744073709551615",
        "12345678901234567890",
        "1728279759000123",
        "1742827975900012345",
        "20241007054239000057",
        "2024-10-07 05:42:39",
        "30.11.2024 05:42:12",
        "30112024054212",
        "192.168.100.100:35779",
        "550e8400-e29b-41d4-a716-446655440000",
        "a1b2c3d4-e111-4111-8111-411111111108",
        "12:30 1/2 3,50 7.25",
        "spinner=1234 shipping: 12, expires=180",
        "Enter PIN: try again",
        "pin= , pin: null, cvv=true",
        "the signature_url is missing",
    ] {
        assert_eq!(text(stays), stays);
        let message = json!({"attach": stays, "nested": json!({"note": stays}).to_string()});
        assert_eq!(json(&message.to_string()), message.to_string());
    }
}

#[test]
fn what_is_left_of_a_masked_number_is_no_number() {
    let once = text("5018 0000 0004 4111 1111 1111 1111");
    assert_eq!(once, "5018 0000 0004 4111 11** **** 1111");
    assert_eq!(text(&once), once);
    let once = text("4624536189-1606591805255919866");
    assert_eq!(text(&once), once);
    let once = text(&format!("length-{CARD}-cvv=3"));
    assert_eq!(once, format!("length-{MASKED}-cvv=3"), "the length of a secret is none");
    assert_eq!(text(&once), once);
}

#[test]
fn a_date_that_leads_a_number_hides_no_card_behind_it() {
    assert_eq!(text(&format!("20241007{CARD}")), format!("20241007{MASKED}"));
    assert_eq!(text(&format!("20241007-{CARD}")), format!("20241007-{MASKED}"));
}

#[test]
fn secrets_are_hidden_however_they_are_written() {
    for (given, expected) in [
        (r#"{"signature_url":"https://x/1?a=b&c","b":1}x"#, r#"{"signature_url":"***","b":1}x"#),
        (r#""signature_url" : "https:\/\/x\/1\"2", "b""#, r#""signature_url" : "***", "b""#),
        (r#"{\"cvv2\":\"123\",\"b\":1}"#, r#"{\"cvv2\":\"***\",\"b\":1}"#),
        ("signature_url=https://x/1&b=2", "signature_url=***&b=2"),
        ("cardCvv=123 PIN: 1234", "cardCvv=*** PIN: ***"),
        (r#"{"signature_url":null, "pin":true"#, r#"{"signature_url":null, "pin":true"#),
        (r#"cut off: "track2":"4111=2512"#, r#"cut off: "track2":"***"#),
        (r#"cut off: "track2":["4111","x"],"a":1"#, r#"cut off: "track2":***,"a":1"#),
        ("expiry: 12/26, expires: 180", "expiry: ***, expires: 180"),
        ("pin=secret", "pin=***"),
        (r#""cardholder": Doe, 'pin':x"#, r#""cardholder": ***, 'pin':***"#),
        (r#"cut off: "pin":"", "x"#, r#"cut off: "pin":"", "x"#),
    ] {
        assert_eq!(text(given), expected);
    }
}

#[test]
fn in_json_secrets_are_hidden_whatever_they_are() {
    let message = json!({
        "signatureUrl": "https://x/1", "cvv": 123, "a": {"signature_url": {"b": ["}", {"c": 1}]}, "d": 2},
        "track2": ["4563"], "pinBlock": null, "pin": "", "on_screen_signature": true, "pan": "456331******3919",
        "PAN": "45633112345", "emv_data": "9F02"
    });
    let expected = json!({
        "signatureUrl": "***", "cvv": "***", "a": {"signature_url": "***", "d": 2},
        "track2": "***", "pinBlock": null, "pin": "", "on_screen_signature": true, "pan": "456331******3919",
        "PAN": "***", "emv_data": "***"
    });
    assert_eq!(redacted(&message), expected);
    assert_eq!(json(r#"{"attach":"cvv=123&a=1","b":1}"#), r#"{"attach":"cvv=***&a=1","b":1}"#);
}

#[test]
fn only_what_the_terminal_has_masked_enough_counts_as_masked() {
    for stays in ["456331******3919", "XXXXXXXXXXXX3919", "***"] {
        let message = json!({"pan": stays});
        assert_eq!(redacted(&message), message);
    }
    for hidden in ["4563311*****3919", "456331*****33919", "456331**3919", "456331*a**3919"] {
        assert_eq!(redacted(&json!({"pan": hidden})), json!({"pan": "***"}), "{hidden}");
    }
}

#[test]
fn in_json_all_else_stays_byte_for_byte() {
    let message = r#" {"request_id": "1698302992263", "timestamp":1698302992263, "n":[1E+2, -0, 1.50, 12345678901234567890],
        "biz_data":{"merchant_order_no":"12320231220110257","trans_no":"5021000010210602000003","ref_no":"123456789012",
        "card_no":"456331******3919", "attach":"\u00e9\/ \"x\"", "uuid":"550e8400-e29b-41d4-a716-446655440000",
        "expires":"180", "ok":true, "none":null, "signature_url":null, "raw":"{\"a\" : \"\\u00e9\"}"}} "#;
    assert_eq!(json(message), message);
    let masked = message.replace("123456789012\"", "4111111111111111\"");
    assert_eq!(
        json(&masked),
        message.replace("123456789012\"", "411111******1111\""),
        "nor does anything beside a card's number"
    );
}

#[test]
fn in_json_a_card_is_masked_wherever_it_is() {
    let message = json!({
        "card_no": CARD, "attach": format!("card {CARD}!"), "list": [CARD, 4_111_111_111_111_111_u64],
        "deep": [{"x": {"request": CARD}}], "number": 4_111_111_111_111_111_u64, "ref_no": CARD, "a 4111-1111-1111-1111": 1
    });
    let expected = json!({
        "card_no": MASKED, "attach": format!("card {MASKED}!"), "list": [MASKED, MASKED],
        "deep": [{"x": {"request": MASKED}}], "number": MASKED, "ref_no": MASKED, "a 4111-11**-****-1111": 1
    });
    assert_eq!(redacted(&message), expected);
    assert_eq!(json(r#"{"n":4.111111111111111e15}"#), r#"{"n":"4.11111******1111e15"}"#);
}

#[test]
fn a_number_named_as_a_cards_is_masked_with_a_wrong_check_digit_too() {
    let message = json!({"card_no": "4563311234563919", "cardNumber": 456_331_123_456_u64, "ref_no": "4563311234563919"});
    let expected = json!({"card_no": "456331******3919", "cardNumber": "456331**3456", "ref_no": "4563311234563919"});
    assert_eq!(redacted(&message), expected);
}

#[test]
fn an_orders_own_number_is_never_changed() {
    let own =
        json!({"merchant_order_no": CARD, "orig_merchant_order_no": CARD, "request_id": CARD});
    assert_eq!(json(&own.to_string()), own.to_string());
    let message = json!({"merchant_order_no": [CARD], "request_id": format!("card {CARD}"), "orig_merchant_order_no": {"x": CARD}});
    assert_eq!(
        redacted(&message),
        json!({"merchant_order_no": [MASKED], "request_id": format!("card {MASKED}"), "orig_merchant_order_no": {"x": MASKED}})
    );
}

#[test]
fn numbers_of_something_else_are_masked_only_by_themselves() {
    let long = format!("99{CARD}99");
    let message = json!({"trans_no": long, "voucher_reference": long, "attach": long});
    assert_eq!(
        redacted(&message),
        json!({"trans_no": long, "voucher_reference": long, "attach": format!("99{MASKED}99")})
    );
}

#[test]
fn escapes_hide_nothing() {
    let given = r#"{"signature\u005furl":"x","card":"\u00341111111\u00311111111","n":"a\nb"}"#;
    assert_eq!(
        json(given),
        r#"{"signature\u005furl":"***","card":"\u003411111******1111","n":"a\nb"}"#
    );
    let all: String = CARD.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    assert_eq!(text(&all), format!("{}******{}", &all[..36], &all[72..]));
    let slash = r#"{"a":"4111111111\\\u0031\u00311111"}"#;
    assert_eq!(json(slash), r#"{"a":"411111****\\**1111"}"#);
}

#[test]
fn json_inside_a_string_is_masked_as_json() {
    let inner = json!({"merchant_order_no": CARD, "card_no": CARD, "signature_url": "https://x"});
    let expected = json!({"merchant_order_no": CARD, "card_no": MASKED, "signature_url": "***"});
    let message = json!({"biz_data": inner.to_string()});
    assert_eq!(redacted(&message), json!({"biz_data": expected.to_string()}));
}

#[test]
fn strings_inside_strings_end_somewhere() {
    let mut message = json!({"card_no": CARD, "cvv": "987"}).to_string();
    for _ in 0..8 {
        message = json!({ "biz_data": message }).to_string();
    }
    let masked = json(&message);
    assert!(!masked.contains(CARD) && !masked.contains("987"), "{masked}");
    assert!(serde_json::from_str::<Value>(&masked).is_ok(), "{masked}");
}

#[test]
fn four_strings_deep_an_own_number_is_known_and_no_deeper() {
    for (depth, is_known) in [(4, true), (5, false)] {
        let mut message = json!({"request_id": CARD}).to_string();
        for _ in 0..depth {
            message = json!({ "biz_data": message }).to_string();
        }
        assert_eq!(json(&message) == message, is_known, "{depth}");
    }
}

#[test]
fn what_is_no_json_is_masked_as_text() {
    let cut = format!(r#"{{"attach":"{CARD}","signature_url":"https://x"#);
    assert_eq!(json(&cut), text(&cut));
    assert!(!json(&cut).contains(CARD));
    assert_eq!(json(&format!("\"{CARD}\"")), format!("\"{MASKED}\""));
    assert_eq!(json(CARD), format!("\"{MASKED}\""), "a bare number becomes a text");
}

#[test]
fn a_log_line_is_one_line_and_keeps_the_numbers_it_is_about() {
    for (given, expected) in [
        (
            format!("ws://a: order {CARD} ({CARD}): declined"),
            format!("ws://a: order {CARD} ({CARD}): declined"),
        ),
        (format!("query ({CARD}): {CARD}"), format!("query ({CARD}): {MASKED}")),
        (format!("a late message for {CARD}"), format!("a late message for {CARD}")),
        (format!("order \"{CARD}\" of ({CARD})"), format!("order \"{CARD}\" of ({MASKED})")),
        (
            "a\nb\r\t\u{1b}[31m\u{7f}\u{2028}\u{202e}é".into(),
            "a\\nb\\r\\t\\u{1b}[31m\\u{7f}\\u{2028}\\u{202e}é".into(),
        ),
        (
            format!("request_id: already used on this terminal: \"{CARD}\""),
            format!("request_id: already used on this terminal: \"{CARD}\""),
        ),
        ("cvv=123".into(), "cvv=***".into()),
        ("order 4222222222222: paid".into(), "order 4222222222222: paid".into()),
    ] {
        assert_eq!(line(&given), expected);
    }
}

#[test]
fn a_large_hostile_text_takes_no_longer_than_its_length() {
    let size = 100_000;
    let started = std::time::Instant::now();
    for hostile in [
        "1 ".repeat(size),
        "6 ".repeat(size),
        "6".repeat(size),
        "signature_url".repeat(size / 13),
        "signature_url:".repeat(size / 14),
        "pin:".repeat(size / 4),
        "pin=".repeat(size / 4),
        "pin:a1 ".repeat(size / 7),
        "signature_url\":\"\\".repeat(size / 17),
        format!("[{}1{}]", "[".repeat(size), "]".repeat(size)),
        format!("[{}]", "\"{\\\"\",".repeat(size / 6) + "1"),
        "{\"a\":".repeat(size / 5),
        "\\\"".repeat(size),
        "\\".repeat(size),
        "order ".repeat(size / 6),
        "6-6-".repeat(size / 4) + "\u{1}",
        "4 (".repeat(size / 3),
    ] {
        let _ = (text(&hostile), json(&hostile), line(&hostile), excerpt(hostile.as_bytes(), 1024));
    }
    // Generous: anything quadratic would take hours.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// The digits between separators, in one of the scripts, in one of the spellings.
fn notation() -> impl Strategy<Value = (String, String)> {
    let gap = prop::sample::select(vec![
        "", " ", "  ", "-", ".", "/", "_", "\t", "\u{a0}", "\u{2009}", "\u{3000}", "\u{2013}",
    ]);
    let zero = prop::sample::select(vec!['0', '０', '٠', '०', '𝟎']);
    (prop::sample::select(CARDS.to_vec()), prop::collection::vec(gap, 19), zero).prop_map(
        |(card, gaps, zero)| {
            let digits = card.chars().zip(gaps).map(|(digit, gap)| format!("{digit}{gap}"));
            (card.to_owned(), in_script(digits.collect::<String>().trim_end(), zero))
        },
    )
}

/// The ASCII digits of a text, whatever script it has.
fn digits_of(text: &str) -> String {
    let value = |c| {
        ['0', '０', '٠', '०', '𝟎']
            .iter()
            .find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|digit| *digit < 10))
    };
    text.chars().filter_map(value).filter_map(|digit| char::from_digit(digit, 10)).collect()
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), limit in 0..300_usize) {
        prop_assert!(excerpt(&bytes, limit).len() <= limit);
    }

    #[test]
    fn masking_again_changes_nothing(
        given in "([0-9]{1,20}[ -]{0,2}|4111111111111111|5A08|D2512|20241007|\\*|cvv2?|pin|[\":=\\\\{}, a-z]){0,12}"
    ) {
        let once = text(&given);
        prop_assert_eq!(&text(&once), &once);
        let once = json(&given);
        prop_assert_eq!(&json(&once), &once);
        let message = json!({"attach": given, "ref_no": given, "card_no": given}).to_string();
        let once = json(&message);
        prop_assert_eq!(&json(&once), &once);
    }

    #[test]
    fn no_card_survives_in_any_notation((card, written) in notation(), before in "[a-z :=\"]{0,4}", after in "[a-z :,\"]{0,4}") {
        let hidden = format!("{before}{written}{after}");
        for shown in [text(&hidden), json(&json!({"attach": hidden}).to_string()), json(&json!({&hidden: 1}).to_string())] {
            prop_assert!(!digits_of(&shown).contains(&card), "{}", shown);
            prop_assert!(shown.matches('*').count() >= card.len() - 10, "{}", shown);
        }
    }

    #[test]
    fn no_common_card_survives_among_other_digits(
        card in prop::sample::select(COMMON.to_vec()), before in "([3-9][0-9]{0,9})?", after in "[0-9]{0,9}"
    ) {
        let hidden = format!("{before}{card}{after}");
        prop_assert!(!text(&hidden).contains(card), "{}", hidden);
    }

    #[test]
    fn what_no_window_of_is_a_card_stays(given in "[0-9a-zA-Z .:/-]{0,60}") {
        let digits: Vec<u8> = given.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
        let is_clean = (0..digits.len())
            .all(|from| brands::Lengths::of(digits[from..].iter().copied()).is_empty());
        let names_nothing = !given.contains(':');
        if is_clean && names_nothing {
            prop_assert_eq!(text(&given), given.clone());
            let message = json!({"attach": given}).to_string();
            prop_assert_eq!(json(&message), message);
        }
    }

    #[test]
    fn json_stays_json_with_the_same_names(given in "[\\[\\]{}\",:\\\\0-9a =u]{0,40}", card in "[0-9]{10,20}") {
        let message = json!({"a": given, "b": {"card_no": card}, "c": format!("pin={given}"), "d": [format!("{{{given}}}")], "signature_url": given});
        let masked = redacted(&message);
        prop_assert_eq!(masked.as_object().unwrap().keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "signature_url"]);
        let _ = json(&given);
    }
}
