//! "Envelope", and what is done to a message on its way.

use super::*;

#[test]
fn what_the_envelope_lacks_is_filled_after_what_the_caller_wrote() {
    let request = accepted(&sale());
    assert_eq!(
        request.text,
        concat!(
            r#"{"topic":"ecrhub.pay.order","biz_data":{"trans_type":"1","#,
            r#""merchant_order_no":"12320231220110257","order_amount":"34.50"},"#,
            r#""request_id":"fresh-id","timestamp":"1698302992263","version":"1.0","app_id":"app-of-config"}"#
        )
    );
    assert_eq!(request.request_id, "fresh-id");
    assert_eq!(request.topic, ORDER);
    assert_eq!(request.merchant_order_no.as_deref(), Some("12320231220110257"));
    assert_eq!(request.trans_type.as_deref(), Some("1"));
    assert_eq!(request.order_amount.as_deref(), Some("34.50"));
    assert!(request.is_order());
}

#[test]
fn the_callers_own_envelope_stays_as_it_is() {
    let request = concat!(
        r#"{"version":"2.0","app_id":"mine","request_id":"till 4/77","timestamp":"1","#,
        r#""topic":"ecrhub.pay.query","biz_data":{"merchant_order_no":"A1"}}"#
    );
    let prepared = prepare(request, &DEFAULTS).unwrap();
    assert_eq!(prepared.text, request);
    assert_eq!(prepared.request_id, "till 4/77");
    assert!(!prepared.is_order());
}

#[test]
fn the_vendors_sample_is_accepted_and_its_number_becomes_text() {
    let sample = concat!(
        r#"{"app_id":"your-app-id","topic":"ecrhub.pay.order","request_id":"111111","timestamp":"1698302992263","#,
        r#""biz_data":{"trans_type":"1","merchant_order_no":"12320231220110257","order_amount":"10","#,
        r#""confirm_on_terminal":true,"expires":0}}"#
    );
    let prepared = prepare(sample, &DEFAULTS).unwrap();
    let expected = sample.replace(r#""expires":0}"#, r#""expires":"0"}"#);
    let expected = expected.strip_suffix('}').unwrap();
    assert_eq!(prepared.text, format!(r#"{expected},"version":"1.0"}}"#));
}

#[test]
fn terminal_confirmation_needs_a_request_id_and_gets_one() {
    let request = sale_with("confirm_on_terminal", json!(true));
    assert_eq!(sent(&request)["request_id"], "fresh-id");
}

#[test]
fn blanks_go_and_everything_else_unknown_stays() {
    let text = "\u{20}{ \"x\" : [ 1.50 , { \"a b\" : \"c \\\" d\" } ] ,\n\t\"topic\":\"ecrhub.init\", \"biz_data\" : { \"n\" : 1e400 } }\n";
    let prepared = prepare(text, &DEFAULTS).unwrap().text;
    assert!(
        prepared.starts_with(
            r#"{"x":[1.50,{"a b":"c \" d"}],"topic":"ecrhub.init","biz_data":{"n":1e400},"request_id""#
        ),
        "{prepared}"
    );
}

#[test]
fn names_with_escapes_and_the_parsers_own_private_names_are_only_names() {
    let text = concat!(
        r#"{"t\u006fpic":"ecrhub.init","biz_data":{"$serde_json::private::Number":"5","#,
        r#""x":{"$serde_json::private::RawValue":"{"}}}"#
    );
    let prepared = prepare(text, &DEFAULTS).unwrap();
    assert_eq!(prepared.topic, "ecrhub.init");
    assert!(
        prepared.text.contains(
            r#""biz_data":{"$serde_json::private::Number":"5","x":{"$serde_json::private::RawValue":"{"}}"#
        ),
        "{}",
        prepared.text
    );
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, place) in [
        ("", "line 1 column 0"),
        ("hello", "line 1 column 1"),
        ("{\"topic\":\n  nope}", "line 2 column 4"),
        ("{\"topic\":\"x\"} {", "line 1 column 15"),
        ("{\"topic\":\"x\",}", "line 1 column 14"),
        ("{\"topic\":01}", "line 1 column 11"),
        ("{\"a\":{\"b\":\"\\ud800\"}}", "line 1 column"),
        ("\u{feff}{}", "line 1 column 1"),
    ] {
        let refusal = json_refusal(text);
        assert!(refusal.contains("not JSON"), "{text}: {refusal}");
        assert!(refusal.contains(place), "{text}: {refusal}");
    }
}

#[test]
fn json_that_is_no_object_is_refused() {
    for (text, kind) in [
        ("[]", "an array"),
        ("\"x\"", "a text"),
        (" 5", "a number"),
        ("null", "null"),
        ("true", "a boolean"),
    ] {
        let refusal = json_refusal(text);
        assert!(refusal.contains(&format!("a JSON object expected, got {kind}")), "{refusal}");
    }
}

#[test]
fn a_key_written_twice_is_refused() {
    let refusal = json_refusal(r#"{"topic":"a","biz_data":{},"topic":"b"}"#);
    assert!(refusal.contains(r#"the key "topic" is there twice"#), "{refusal}");
    let refusal = json_refusal(
        r#"{"topic":"ecrhub.pay.order","biz_data":{"order_amount":"1","order_\u0061mount":"2"}}"#,
    );
    assert!(refusal.contains("biz_data"), "{refusal}");
    assert!(refusal.contains(r#"the key "order_amount" is there twice"#), "{refusal}");
}

#[test]
fn nesting_without_end_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for levels in [100, 100_000] {
            let deep = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            let refusal = json_refusal(&format!(r#"{{"topic":"x","biz_data":{deep}}}"#));
            assert!(refusal.contains("nested deeper than 64 levels"), "{refusal}");
        }
    }
    let brackets_in_text = json!({"topic": "x", "biz_data": {"a": "[".repeat(1000)}});
    accepted(&brackets_in_text);
}

#[test]
fn every_row_of_the_envelope_is_checked() {
    let broken = |name: &str, value: Value| {
        let mut request = sale();
        set_all(&mut request, &[(name, value)]);
        refusal(&request)
    };
    for (refusal, expected) in [
        (refusal(&without(sale(), "", "topic")), "topic: required, but missing"),
        (broken("topic", json!("")), r#"topic: a text that is not empty, got """#),
        (broken("topic", json!(true)), "topic: a text expected, got the boolean true"),
        (
            broken("request_id", json!("")),
            r#"request_id: 1 to 64 printable ASCII characters, got """#,
        ),
        (broken("request_id", json!("a\nb")), "request_id: 1 to 64 printable ASCII characters"),
        (broken("request_id", json!("é")), "request_id: 1 to 64 printable ASCII characters"),
        (
            broken("request_id", json!("x".repeat(65))),
            "request_id: 1 to 64 printable ASCII characters",
        ),
        (
            broken("timestamp", json!("2024-10-07")),
            r#"timestamp: epoch milliseconds, 1 to 15 digits, got "2024-10-07""#,
        ),
        (
            broken("timestamp", json!(-1)),
            r#"timestamp: epoch milliseconds, 1 to 15 digits, got "-1""#,
        ),
        (broken("version", json!("3.0")), r#"version: one of 1.0 or 2.0, got "3.0""#),
        (broken("app_id", json!("")), r#"app_id: a text that is not empty, got """#),
        (refusal(&without(sale(), "", "biz_data")), "biz_data: required, but missing"),
        (broken("biz_data", json!("{}")), r#"biz_data: an object expected, got "{}""#),
        (broken("biz_data", json!(null)), "biz_data: required, but missing"),
        (broken("topic", json!(null)), "topic: required, but missing"),
        (broken("response_code", json!("000")), "response_code: only a response has it"),
        (broken("response_msg", json!("")), "response_msg: only a response has it"),
    ] {
        assert!(refusal.contains(expected), "{expected:?} not in {refusal:?}");
        assert!(!refusal.contains("; "), "one fault only: {refusal}");
    }
}

#[test]
fn numbers_in_the_envelope_become_the_text_they_print_as() {
    let text = r#"{"topic":"ecrhub.init","biz_data":{},"request_id":7,"timestamp":1698302992263,"version":1.0}"#;
    let prepared = prepare(text, &DEFAULTS).unwrap();
    assert_eq!(prepared.request_id, "7");
    assert!(
        prepared.text.contains(r#""request_id":"7","timestamp":"1698302992263","version":"1.0""#),
        "{}",
        prepared.text
    );
}

#[test]
fn an_app_id_comes_from_the_request_or_the_configuration_or_the_request_is_refused() {
    let nobody = Defaults { app_id: None, ..DEFAULTS };
    let refusal = refusal_of(&sale().to_string(), &nobody, Status::Request);
    assert_eq!(refusal, "app_id: required, but neither in the request nor in the configuration");
    let mut request = sale();
    set_all(&mut request, &[("app_id", json!("mine"))]);
    assert_eq!(
        prepare(&request.to_string(), &nobody).unwrap().merchant_order_no.as_deref(),
        Some("12320231220110257")
    );
    assert_eq!(sent(&request)["app_id"], "mine");
}

#[test]
fn all_faults_are_told_at_once() {
    let refusal = refusal(&json!({
        "topic": ORDER, "version": "9", "response_code": "000",
        "biz_data": {"trans_type": "2", "order_amount": 10.1, "on_screen_tip": true, "trans_no": "5"}
    }));
    let faults: Vec<&str> = refusal.split("; ").collect();
    assert_eq!(
        faults,
        [
            "version: one of 1.0 or 2.0, got \"9\"",
            "response_code: only a response has it, leave it out",
            "biz_data.merchant_order_no: required, but missing",
            "biz_data.orig_merchant_order_no: required with trans_type 2, but missing",
            "biz_data.order_amount: an amount is written as text, like \"34.50\", got the number 10.1",
            "biz_data.on_screen_tip: only with trans_type 1, 3 or 4, got trans_type 2",
            "biz_data.trans_no: only a response has it, leave it out",
        ]
    );
}

#[test]
fn a_fault_shows_a_short_value_and_no_card() {
    let long = refusal(&sale_with("card_type", json!("x".repeat(5000))));
    assert!(long.len() < 200 && long.contains('…'), "{long}");
    let card = refusal(&sale_with("price_currency", json!("4111111111111111")));
    assert!(card.contains("411111******1111") && !card.contains("4111111111111111"), "{card}");
}

#[test]
fn other_topics_have_only_their_envelope_checked() {
    let request = json!({
        "topic": "ecrhub.pay.tip.adjustment",
        "biz_data": {"merchant_order_no": 77, "order_amount": -1.5, "trans_no": true, "attach": {"note": null}}
    });
    let prepared = accepted(&request);
    assert_eq!(prepared.merchant_order_no.as_deref(), Some("77"), "it may match an answer");
    assert!(
        prepared.text.contains(
            r#"{"merchant_order_no":77,"order_amount":-1.5,"trans_no":true,"attach":{"note":null}}"#
        ),
        "{}",
        prepared.text
    );
    let refusal = refusal(&json!({"topic": "ecrhub.heartbeat"}));
    assert_eq!(refusal, "biz_data: required, but missing");
}

#[test]
fn what_is_null_is_absent_and_is_not_sent() {
    let text = concat!(
        r#"{"topic":"ecrhub.pay.order","request_id":null,"timestamp":null,"version":null,"app_id":null,"x":null,"#,
        r#""biz_data":{"trans_type":"1","merchant_order_no":"A1","orig_merchant_order_no":null,"order_amount":"1","#,
        r#""tip_amount":null,"on_screen_tip":null,"card_type":null,"trans_no":null,"y":null,"z":{"n":null}}}"#
    );
    let expected = concat!(
        r#"{"topic":"ecrhub.pay.order","biz_data":{"trans_type":"1","merchant_order_no":"A1","order_amount":"1","#,
        r#""z":{"n":null}},"request_id":"fresh-id","timestamp":"1698302992263","version":"1.0","app_id":"app-of-config"}"#
    );
    for spelled in [text.to_owned(), text.replace(':', " : "), text.replace("\"x\"", "\"\\u0078\"")]
    {
        let spelled = spelled.replace("ecrhub. : pay", "ecrhub.pay");
        assert_eq!(prepare(&spelled, &DEFAULTS).unwrap().text, expected);
    }
    let nobody = Defaults { app_id: None, ..DEFAULTS };
    let refusal = refusal_of(text, &nobody, Status::Request);
    assert_eq!(refusal, "app_id: required, but neither in the request nor in the configuration");
    let twice = json_refusal(r#"{"topic":"ecrhub.init","biz_data":{"a":null,"a":1}}"#);
    assert!(twice.contains(r#"the key "a" is there twice"#), "{twice}");
}

#[test]
fn a_character_of_four_bytes_is_warned_of_by_the_name_of_its_field() {
    let warned = |name: &str| {
        vec![format!(
            "{name}: has a character of four bytes in UTF-8, which the gateway does not keep"
        )]
    };
    for (value, expected) in [
        (json!("Zwölf Brötchen, 餐厅, €5"), vec![]),
        (json!("a \"quoted\" \n text"), vec![]),
        (json!("\\ud83d"), vec![]),
        (json!("Danke 😀"), warned("biz_data.description")),
        (json!("𠮷野家"), warned("biz_data.description")),
    ] {
        let request = accepted(&sale_with("description", value));
        assert_eq!(warnings(&request), expected, "{}", request.text);
    }
    let escaped =
        r#"{"topic":"ecrhub.init","x":["\ud83d\ude00"],"biz_data":{"n":{"\ud83d\ude00":1}}}"#;
    let in_a_name = r#"{"topic":"ecrhub.init","biz_data":{"\ud83d\ude00":1}}"#;
    assert_eq!(warnings(&prepare(in_a_name, &DEFAULTS).unwrap()), warned("biz_data.😀"));
    let both = [warned("x"), warned("biz_data.n")].concat();
    assert_eq!(warnings(&prepare(escaped, &DEFAULTS).unwrap()), both);
}

#[test]
fn a_follow_up_passes_the_same_checks() {
    for topic in [QUERY, CLOSE] {
        let asked = follow_up(topic, "A1", "id-1", 1_698_302_992_263, Some("app"));
        assert_eq!(
            asked.text,
            format!(
                concat!(
                    r#"{{"app_id":"app","topic":"{}","request_id":"id-1","timestamp":"1698302992263","#,
                    r#""version":"1.0","biz_data":{{"merchant_order_no":"A1"}}}}"#
                ),
                topic
            )
        );
        assert_eq!(prepare(&asked.text, &DEFAULTS).unwrap(), asked);
    }
    assert!(!follow_up(QUERY, "A1", "id", 0, None).text.contains("app_id"));
}

#[test]
fn a_null_is_not_sent_wherever_it_is() {
    for text in
        [r#"{"topic":"x","x":null,"biz_data":{}}"#, r#"{"topic":"x","biz_data":{"y":null,"a":1}}"#]
    {
        let sent = prepare(text, &DEFAULTS).unwrap().text;
        assert!(!sent.contains("null"), "{sent}");
    }
}

#[test]
fn brackets_are_counted_where_they_nest_and_nowhere_else() {
    let nested =
        |levels: usize| format!(r#"{{"n":"\n","a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(read(&nested(63)).err(), None);
    assert_eq!(read(&nested(64)).unwrap_err(), "nested deeper than 64 levels");
    let in_text = format!(r#"{{"n":"\n","a":"\"{}"}}"#, "[".repeat(100));
    assert_eq!(read(&in_text).err(), None);
    let side_by_side = format!(r#"{{"n":"\n","a":[[]{}]}}"#, ",[]".repeat(100));
    assert_eq!(read(&side_by_side).err(), None);
    let closed_in_text = nested(64).replacen("\\n", &"]".repeat(100), 1);
    assert_eq!(
        read(&closed_in_text.replacen('a', "\\u0061", 1)).unwrap_err(),
        "nested deeper than 64 levels"
    );
}

#[test]
fn conditions_hang_only_on_a_trans_type_that_exists() {
    let refusal =
        refusal(&without(sale_with("trans_type", json!("12")), "/biz_data", "order_amount"));
    assert!(refusal.contains("biz_data.trans_type"), "{refusal}");
    assert!(!refusal.contains("order_amount"), "{refusal}");
}

#[test]
fn an_app_id_that_is_empty_names_nobody() {
    assert_eq!(app_id_of(r#"{"app_id":"a"}"#).as_deref(), Some("a"));
    assert_eq!(app_id_of(r#"{"app_id":""}"#), None);
}
