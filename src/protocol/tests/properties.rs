//! What holds for every text there is.

use super::*;
use proptest::prelude::*;

/// Any JSON, with the fields of the protocol more often than others, right or wrong.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[0-9]{0,20}(\\.[0-9]{0,5})?".prop_map(Value::from),
        prop::sample::select(vec![ORDER, QUERY, CLOSE, "1", "2", "USD", "000", ""])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_name(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    let known = vec![
        "topic",
        "request_id",
        "timestamp",
        "version",
        "app_id",
        "biz_data",
        "response_code",
        "response_msg",
        "trans_type",
        "merchant_order_no",
        "order_amount",
        "trans_status",
        "expires",
        "on_screen_tip",
        "attach",
    ];
    prop_oneof![prop::sample::select(known).prop_map(str::to_owned), "\\PC{0,8}"]
}

/// Few names, so that many come twice, and some that look alike.
fn field_name() -> impl Strategy<Value = String> {
    prop_oneof!["[ab][a-d]{0,3}", "x[0-9]{1,2}", "[é\"\\\\\n]{0,2}"]
}

/// Members no table knows. Those that are null are not sent, and have a test of their own.
fn extras() -> impl Strategy<Value = Vec<(String, Value)>> {
    let value = any_json().prop_filter("null", |value| !value.is_null());
    prop::collection::vec(("x_[a-z\"é\\\\]{0,6}", value), 0..5)
}

/// An amount as the rule puts it, written down a second time.
fn is_amount(text: &str) -> bool {
    let digits = |part: &[u8], most: usize| {
        (1..=most).contains(&part.len()) && part.iter().all(u8::is_ascii_digit)
    };
    let bytes = text.as_bytes();
    match bytes.iter().position(|&byte| byte == b'.') {
        None => digits(bytes, 12),
        Some(point) => digits(&bytes[..point], 12) && digits(&bytes[point + 1..], 4),
    }
}

proptest! {
    #[test]
    fn no_text_makes_anything_panic(text in "\\PC*") {
        let _ = prepare(&text, &DEFAULTS);
        let _ = prepare(&text, &LENIENT);
        let _ = read(&text);
    }

    #[test]
    fn nothing_that_looks_like_json_makes_anything_panic(text in "[\\[\\]{}\",:\\\\ a-z0-9.eEu+-]{0,60}") {
        let _ = prepare(&text, &DEFAULTS);
        let _ = read(&text);
    }

    #[test]
    fn no_json_makes_anything_panic(json in any_json()) {
        let text = json.to_string();
        for defaults in [DEFAULTS, LENIENT] {
            if let Ok(request) = prepare(&text, &defaults) {
                prop_assert!(serde_json::from_str::<Value>(&request.text).is_ok());
                prop_assert!(!request.request_id.is_empty());
            }
        }
        if let Ok(response) = read(&text) {
            response.order_verdict(&accepted(&sale()));
            response.differs(&accepted(&sale()));
            response.query_refused();
            describe(&text);
            order_queue_mode(&text);
            response.query_outcome();
            response.other_outcome();
            let _ = response.fits(&accepted(&sale()));
        }
    }

    #[test]
    fn every_member_of_the_caller_arrives_unchanged(outer in extras(), inner in extras()) {
        let mut request = sale();
        request.as_object_mut().unwrap().extend(outer);
        request["biz_data"].as_object_mut().unwrap().extend(inner);
        let prepared = prepare(&serde_json::to_string(&request).unwrap(), &DEFAULTS).unwrap();
        let pretty = prepare(&serde_json::to_string_pretty(&request).unwrap(), &DEFAULTS).unwrap();
        prop_assert_eq!(&pretty, &prepared);
        let sent: Value = serde_json::from_str(&prepared.text).unwrap();
        let sent = sent.as_object().unwrap();
        let given = request.as_object().unwrap();
        for ((sent_name, sent_value), (name, value)) in sent.iter().zip(given) {
            prop_assert_eq!((sent_name, sent_value.to_string()), (name, value.to_string()));
        }
        let filled: Vec<&String> = sent.keys().skip(given.len()).collect();
        prop_assert_eq!(filled, ["request_id", "timestamp", "version", "app_id"]);

        let again = prepare(&prepared.text, &DEFAULTS).unwrap();
        prop_assert_eq!(again, prepared);
    }

    #[test]
    fn fields_are_what_a_full_reader_finds(answer in prop::collection::vec((field_name(), any_json()), 0..12), inner in prop::collection::vec((field_name(), any_json()), 0..20), is_nested: bool, gap in "[ \n]{0,2}") {
        let raw = |members: Vec<(String, Value)>| -> Vec<(String, String)> {
            members.into_iter().map(|(name, value)| (name, value.to_string())).collect()
        };
        let object = |members: &[(String, String)]| {
            let each = |(name, value): &(String, String)| format!("{}{gap}:{value}", json!(name));
            let members: Vec<String> = members.iter().map(each).collect();
            format!("{{{}}}", members.join(&format!("{gap},")))
        };
        let inner = object(&raw(inner));
        let biz_data = if is_nested { json!(inner).to_string() } else { inner.clone() };
        let mut answer = raw(answer);
        answer.insert(answer.len() / 2, ("biz_data".to_owned(), biz_data));
        let text = object(&answer);
        let described = describe(&text);
        type Raw = std::collections::HashMap<String, Box<serde_json::value::RawValue>>;
        let mut expected: Raw = serde_json::from_str(&text).unwrap();
        expected.remove("biz_data");
        expected.extend(serde_json::from_str::<Raw>(&inner).unwrap());
        expected.retain(|_, raw| raw.get() != "null");
        let found: std::collections::HashMap<String, String> = serde_json::from_str(&described.fields).unwrap();
        prop_assert_eq!(found.len(), expected.len());
        for (name, raw) in expected {
            let as_text = serde_json::from_str::<String>(raw.get());
            prop_assert_eq!(&found[&name], &as_text.unwrap_or_else(|_| raw.get().to_owned()));
        }
        prop_assert!(read(&text).is_ok());
    }

    #[test]
    fn an_amount_is_what_the_rule_says(text in "[0-9]{0,14}[.,]?[0-9]{0,6}|[-+ .0-9eE]{0,8}|\\PC{0,4}") {
        let holds = prepare(&sale_with("tax_amount", json!(text)).to_string(), &DEFAULTS).is_ok();
        prop_assert_eq!(holds, is_amount(&text));
        let is_more = holds && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        let accepted = prepare(&sale_with("order_amount", json!(text)).to_string(), &DEFAULTS).is_ok();
        prop_assert_eq!(accepted, is_more);
    }

    #[test]
    fn equal_amounts_fit_and_others_do_not(ordered in 1..1_000_000_u64, answered in 1..1_000_000_u64, zeros in 0..5_usize) {
        let cents = |amount: u64| format!("{}.{:02}", amount / 100, amount % 100);
        let order = accepted(&sale_with("order_amount", json!(cents(ordered))));
        let written = |amount: u64| format!("{}{}{}", "0".repeat(zeros), cents(amount), "0".repeat(zeros));
        let answer = |amount| Response { order_amount: Some(written(amount).into()), ..Response::default() };
        prop_assert!(answer(ordered).fits(&order).is_ok());
        prop_assert_eq!(answer(answered).fits(&order).is_ok(), ordered == answered);
    }

    #[test]
    fn an_order_number_is_what_the_rule_says(text in "[a-zA-Z0-9]{0,36}|\\PC{0,6}") {
        let holds = (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric());
        let accepted = prepare(&sale_with("merchant_order_no", json!(text)).to_string(), &DEFAULTS).is_ok();
        prop_assert_eq!(accepted, holds);
    }
}
