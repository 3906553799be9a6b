//! What an event says of a terminal's message.

use super::*;

fn fields(text: &str) -> Value {
    serde_json::from_str(&describe(text).fields).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn code(text: &str) -> Option<Code> {
    describe(text).code
}

#[test]
fn fields_are_biz_datas_members_over_the_envelopes() {
    for (text, expected) in [
        (
            r#"{"topic":"t","response_code":"000","biz_data":{"trans_no":"5","topic":"inner"}}"#,
            json!({"topic": "inner", "response_code": "000", "trans_no": "5"}),
        ),
        (r#"{"biz_data":{"topic":"inner"},"topic":"t"}"#, json!({"topic": "inner"})),
        (
            r#"{"a":1.50,"b":true,"c":null,"d":{"x": [1, "y"]},"e":[],"f":-1E+2}"#,
            json!({"a": "1.50", "b": "true", "d": "{\"x\": [1, \"y\"]}", "e": "[]", "f": "-1E+2"}),
        ),
        (
            r#"{"a":"1","a":2,"biz_data":{"b":1,"b":"2","a":3,"a":"4"},"b":9}"#,
            json!({"a": "4", "b": "2"}),
        ),
        (
            r#"{"a":"\u00e9 \"q\" \n","\u0062":"x","biz_data":{"c":"\ud83d\ude00"}}"#,
            json!({"a": "é \"q\" \n", "b": "x", "c": "😀"}),
        ),
        (
            r#"{"topic":"t","biz_data":"{\"trans_no\":\"5\",\"topic\":7,\"s\":\"\\\"\"}"}"#,
            json!({"topic": "7", "trans_no": "5", "s": "\""}),
        ),
        ("\u{feff} {\"a\":\"1\"}\0\n", json!({"a": "1"})),
        ("{}", json!({})),
        ("{ }", json!({})),
        ("nonsense", json!({})),
        ("", json!({})),
    ] {
        assert_eq!(fields(text), expected, "{text}");
    }
}

#[test]
fn biz_data_itself_is_never_a_field() {
    for biz_data in ["null", "\"\"", "{}", "[]", "5", "\"no JSON\"", "\"[]\"", "true"] {
        let text = format!(r#"{{"response_code":"000","biz_data":{biz_data}}}"#);
        assert_eq!(fields(&text), json!({"response_code": "000"}), "{biz_data}");
    }
    let within = r#"{"biz_data":{"biz_data":"x"}}"#;
    assert_eq!(fields(within), json!({"biz_data": "x"}), "but a member of it may have its name");
}

#[test]
fn of_many_members_each_is_a_field_once() {
    let members = |count: usize| {
        let members: Vec<String> =
            (0..count).map(|at| format!("\"m{}\":{at}", at % 5_000)).collect();
        format!("{{{}}}", members.join(","))
    };
    let many = members(9_999);
    let described = fields(&many);
    assert_eq!(described.as_object().unwrap().len(), 5_000);
    assert_eq!(described["m17"], "5017", "of a name that comes twice the last counts");
    let too_many = members(10_001);
    assert_eq!(fields(&too_many), json!({}));
    assert_eq!(read(&many).err(), None);
    assert_eq!(read(&too_many).unwrap_err(), "more than 10000 members");
    for nested in [
        json!({"biz_data": many, "response_code": "000"}).to_string(),
        format!(r#"{{"response_code":"000","biz_data":{many}}}"#),
        format!(r#"{{"response_code":"000","biz_data":{too_many}}}"#),
        json!({"biz_data": too_many}).to_string(),
        format!(r#"{{"n":"\n","biz_data":{too_many}}}"#),
    ] {
        assert_eq!(read(&nested).unwrap_err(), "more than 10000 members");
        assert_eq!(describe(&nested), Description { fields: "{}".to_owned(), code: None });
    }
}

#[test]
fn a_plain_success_and_an_answer_without_a_code_have_no_code() {
    for text in [
        r#"{"response_code":"000","response_msg":"","biz_data":{"trans_status":"2"}}"#,
        r#"{"response_code":0}"#,
        r#"{"response_code":"103","response_msg":"OK"}"#,
        r#"{"biz_data":{"trans_status":"1"}}"#,
        r#"{"response_code":"","response_msg":null}"#,
        r#"{}"#,
        "nonsense",
    ] {
        assert_eq!(code(text), None, "{text}");
    }
}

#[test]
fn a_code_comes_with_its_meaning_and_advice() {
    for (text, response_code, inner, meaning, advice) in [
        (
            r#"{"response_code":"106","response_msg":"Operator cancellation[[K026]...]"}"#,
            Some("106"),
            Some("K026"),
            "cancelled by hand before authorization",
            "The payment was cancelled at the terminal: start a new one if the outcome is cancelled and the customer still wants to pay.",
        ),
        (
            r#"{"response_code":101}"#,
            Some("101"),
            None,
            "transaction in progress, try again later",
            "Wait until the terminal is free, then send the same payment again with the same number if the outcome is busy.",
        ),
        (
            r#"{"response_code":"777","response_msg":"x [Z99]"}"#,
            Some("777"),
            Some("Z99"),
            "a code that is not documented",
            "Go by the outcome: only if it is declined, offer another card or another way to pay.",
        ),
        (
            r#"{"response_code":"106","response_msg":"x [Z99]"}"#,
            Some("106"),
            Some("Z99"),
            "transaction failed",
            "Go by the outcome: only if it is declined, offer another card or another way to pay.",
        ),
        (
            r#"{"response_msg":"[[N003]]"}"#,
            None,
            Some("N003"),
            "declined",
            "Ask the customer for another card or another way to pay if the outcome is declined.",
        ),
        (
            r#"{"response_code":"TS-D51"}"#,
            Some("TS-D51"),
            None,
            "declined by the acquirer",
            "Ask the customer for another card or another way to pay if the outcome is declined.",
        ),
    ] {
        let expected = Code {
            response_code: response_code.map(str::to_owned),
            inner: inner.map(str::to_owned),
            text: meaning.to_owned(),
            advice: advice.to_owned(),
        };
        assert_eq!(code(text), Some(expected), "{text}");
    }
}

#[test]
fn advice_never_suggests_another_payment_beside_a_state_that_is_open_or_says_the_opposite() {
    for status in ["0", "9", "2", "4"] {
        let nested = json!({"trans_status": status}).to_string();
        for biz_data in [json!({"trans_status": status}), json!(nested)] {
            let text = json!({"response_code": "110", "biz_data": biz_data}).to_string();
            assert_eq!(code(&text).unwrap().advice, codes::LOOK_FIRST, "{text}");
        }
    }
}

#[test]
fn every_row_of_the_tables_advises_in_one_sentence() {
    let mut seen = std::collections::HashSet::new();
    for (kind, row) in codes::code_rows() {
        assert!(seen.insert((kind, row.code)), "{} is there twice", row.code);
        assert!(row.advice.ends_with('.'), "{}: {}", row.code, row.advice);
        assert_eq!(row.advice.matches('.').count(), 1, "{}: {}", row.code, row.advice);
        assert!(row.advice.starts_with(char::is_uppercase) && row.advice.is_ascii());
        assert!(!row.meaning.is_empty() && row.meaning.is_ascii(), "{}", row.code);
        if row.money == Money::MayHaveMoved {
            assert_eq!(row.advice, codes::LOOK_FIRST, "{}", row.code);
        }
        // It is shown beside every outcome, also beside `unknown`.
        let suggests = ["try again", "a new", "another", "instead", "same payment again"];
        let suggests = suggests.iter().any(|words| row.advice.contains(words));
        assert!(!suggests || row.advice.contains("outcome"), "{}: {}", row.code, row.advice);
    }
}

#[test]
fn the_queue_mode_of_an_initialisation_is_read_wherever_it_is() {
    for (text, expected) in [
        (r#"{"response_code":"000","biz_data":{"order_queue_mode":"FIFO"}}"#, Some("FIFO")),
        (r#"{"biz_data":"{\"order_queue_mode\":\"FILO\"}"}"#, Some("FILO")),
        (r#"{"order_queue_mode":"FIFO"}"#, Some("FIFO")),
        ("\u{feff}{\"biz_data\":{\"order_queue_mode\":1}}", Some("1")),
        (r#"{"biz_data":{"order_queue_mode":""}}"#, None),
        (r#"{"biz_data":{"order_queue_mode":null}}"#, None),
        (r#"{"biz_data":{"order_queue_mode":" "}}"#, None),
        (r#"{"biz_data":{}}"#, None),
        ("{}", None),
        ("nonsense", None),
    ] {
        assert_eq!(order_queue_mode(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn texts_are_fields_whatever_stands_between_them() {
    for between in ["", r#","n":null"#, r#","n":null,"m":null"#, r#","biz_data":{}"#] {
        let text = format!(r#"{{"a":"1"{between},"b":"2" , "c":"3"}}"#);
        assert_eq!(describe(&text).fields, r#"{"a":"1","b":"2","c":"3"}"#, "{text}");
    }
    assert_eq!(describe(r#"{"a":"\u00e9\/"}"#).fields, r#"{"a":"é/"}"#, "escapes are read");
}
