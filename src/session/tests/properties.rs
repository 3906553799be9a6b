//! Whatever a terminal says, the session stands, and takes nothing for an approval that is none.

use proptest::prelude::*;

use super::*;

fn any_text(choices: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        8 => prop::sample::select(choices).prop_map(|text| Some(json!(text))),
        2 => Just(None),
        1 => (0..200_u64).prop_map(|number| Some(json!(number))),
        1 => "\\PC{0,8}".prop_map(|text| Some(json!(text))),
        1 => Just(Some(Value::Null)),
        1 => Just(Some(json!(["2"]))),
    ]
}

fn object(fields: Vec<(&str, Option<Value>)>) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Answers of all shapes, most of them nearly right. `PROBE` stands for the id of the library's own question.
fn any_answer() -> impl Strategy<Value = Value> {
    let envelope = (
        any_text(&["A", "PROBE", "B", ""]),
        any_text(&[ORDER, QUERY, CLOSE, "ecrhub.news"]),
        any_text(&["000", "0", "103", "101", "104", "106", "110", "999"]),
        any_text(&["", "ok", "Timeout"]),
    );
    let biz_data = (
        any_text(&["A", "B", ""]),
        any_text(&["0", "1", "2", "3", "4", "9", ""]),
        any_text(&[AMOUNT, "034.5", "1.00", ""]),
        any_text(&["1", "3", ""]),
    );
    (envelope, biz_data, 0..4_u8).prop_map(|(envelope, biz_data, shape)| {
        let (id, topic, code, message) = envelope;
        let (number, status, amount, kind) = biz_data;
        let biz_data = object(vec![
            ("merchant_order_no", number),
            ("trans_status", status),
            ("order_amount", amount),
            ("trans_type", kind),
        ]);
        let biz_data = match shape {
            0 => None,
            1 => Some(json!(biz_data.to_string())),
            _ => Some(biz_data),
        };
        object(vec![
            ("request_id", id),
            ("topic", topic),
            ("response_code", code),
            ("response_msg", message),
            ("biz_data", biz_data),
        ])
    })
}

/// Written anew from `PROTOCOL.md`: whether this says that the sale `A` was approved.
fn says_approved(text: &str, probe: &str) -> bool {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return false };
    let text_of = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null => String::new(),
        other => format!("?{other}"),
    };
    let biz_data = match &message["biz_data"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    let [id, code] = ["request_id", "response_code"].map(|name| text_of(&message[name]));
    let [number, status] =
        ["merchant_order_no", "trans_status"].map(|name| text_of(&biz_data[name]));
    let is_ours = number == "A" || ((id == "A" || id == probe) && number != "B");
    let is_success = ["000", "0", "103"].contains(&code.as_str());
    is_ours && (["2", "4"].contains(&status.as_str()) || (is_success && status.is_empty()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_hurt(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bench = Bench::recovering("A");
        bench.session.on_message(&bytes, bench.now);
        bench.session.on_garbage("garbage".to_owned(), &bytes, bench.now);
        bench.events();
        prop_assert_eq!(bench.session.in_flight(), 1);
    }

    #[test]
    fn nothing_is_approved_unless_the_terminal_says_so(
        answers in prop::collection::vec((any_answer(), any::<prop::sample::Index>(), 0..10_u8), 1..8),
        is_finding in any::<bool>(),
    ) {
        let mut bench = if is_finding { Bench::recovering("A") } else { Bench::with_sale("A") };
        let probe = bench.wire().first().map_or(String::new(), |frame| frame.id().to_owned());
        let mut said = Vec::new();
        for (answer, cut, mangle) in answers {
            let mut text = answer.to_string().replace("PROBE", &probe);
            if mangle == 0 {
                let mut at = cut.index(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                text.truncate(at);
            }
            bench.say_raw(&text);
            said.push(text);
        }
        for event in bench.events() {
            let approved = match event {
                EventKind::Completed(done) => (done.outcome == Outcome::Approved).then_some(done.response),
                EventKind::Clarified(truth) => (truth.outcome == Outcome::Approved).then_some(truth.response),
                _ => None,
            };
            if let Some(response) = approved {
                let response = response.expect("an approval comes with what the terminal said");
                prop_assert!(said.contains(&response));
                prop_assert!(says_approved(&response, &probe), "{response}");
            }
        }
    }
}
