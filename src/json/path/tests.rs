use super::*;

fn got(json: &str, path: &str) -> Option<String> {
    get(json, path).unwrap().map(Cow::into_owned)
}

fn refused<T>(result: Result<T>) -> (Status, String) {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => (error.status(), error.message().to_owned()),
    }
}

const EVENT: &str = r#" { "event" : "completed","outcome":"approved", "elapsed_ms": 12,
    "fields":{"trans_no":"77","order_amount":"34.50","naïve é":"ü"},"list":[ 1.50 , {"a":"b"}, [ ] ],
    "recovered":false,"code":null,"a\"b":"q","nothing":{} } "#;

#[test]
fn a_value_is_read_by_its_path_texts_without_quotes_and_all_else_as_written() {
    for (path, expected) in [
        ("event", "completed"),
        ("outcome", "approved"),
        ("elapsed_ms", "12"),
        ("fields.trans_no", "77"),
        ("fields.order_amount", "34.50"),
        ("fields.naïve é", "ü"),
        ("list.0", "1.50"),
        ("list.1", r#"{"a":"b"}"#),
        ("list.1.a", "b"),
        ("list.2", "[ ]"),
        ("list", r#"[ 1.50 , {"a":"b"}, [ ] ]"#),
        ("recovered", "false"),
        ("a\"b", "q"),
        ("nothing", "{}"),
    ] {
        assert_eq!(got(EVENT, path).as_deref(), Some(expected), "{path}");
    }
}

#[test]
fn what_is_not_there_or_null_is_nothing() {
    for path in [
        "code",
        "none",
        "fields.none",
        "outcome.more",
        "elapsed_ms.0",
        "list.3",
        "list.-1",
        "list.01",
        "list.a",
        "list.99999999999999999999999",
        "nothing.a",
        "code.a",
        "fields.0",
        "list.2.0",
    ] {
        assert_eq!(got(EVENT, path), None, "{path}");
    }
    for json in ["1", "\"a\"", "null", "[]", "true"] {
        assert_eq!(got(json, "a"), None, "{json}");
    }
    assert_eq!(got("[[7]]", "0.0").as_deref(), Some("7"), "an array is read as well");
}

#[test]
fn escapes_are_undone_also_in_names_and_of_a_name_that_comes_twice_the_last_counts() {
    let json = r#"{"a":"1\u00e9\n\"\\\/\ud83d\ude00","n\u0061me":"x","a.b":1,"t":1,"t":{"u":"2"}}"#;
    assert_eq!(got(json, "a").as_deref(), Some("1é\n\"\\/😀"));
    assert_eq!(got(json, "name").as_deref(), Some("x"));
    assert_eq!(got(json, "t.u").as_deref(), Some("2"));
    assert_eq!(got(json, "a.b"), None, "a point always separates");
}

#[test]
fn what_is_no_json_is_refused_and_so_is_a_text_that_c_cannot_have() {
    for json in [
        "",
        "{",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":1} x",
        "{\"a\":01}",
        "nul",
        "[1 2]",
        "\u{feff}{}",
    ] {
        for result in [get(json, "a").map(drop), set(Some(json), "a", Some("v")).map(drop)] {
            let (status, message) = refused(result);
            assert_eq!(status, Status::Json, "{json}");
            assert!(message.contains("not JSON"), "{message}");
        }
    }
    let json = r#"{"nul":"a\u0000b","half":"\ud800","good":"x"}"#;
    for (path, why) in [("nul", "NUL"), ("half", "no Unicode")] {
        let (status, message) = refused(get(json, path));
        assert_eq!(status, Status::Json);
        assert!(message.contains(path) && message.contains(why), "{message}");
    }
    assert_eq!(got(json, "good").as_deref(), Some("x"), "what else is in it does not matter");
}

#[test]
fn a_path_is_names_and_indexes_joined_by_points() {
    for path in ["", ".", "a.", ".a", "a..b"] {
        let (status, message) = refused(get("{}", path));
        assert_eq!(status, Status::Argument, "{path}");
        assert!(message.contains(&format!("{path:?}")), "{message}");
    }
    let long = ["a"; LONGEST_PATH + 1].join(".");
    assert_eq!(refused(get("{}", &long)).0, Status::Argument);
    assert_eq!(refused(set(None, &long, Some("x"))).0, Status::Argument);
    let longest = ["a"; LONGEST_PATH].join(".");
    let nested = set(None, &longest, Some("deep")).unwrap();
    assert_eq!(got(&nested, &longest).as_deref(), Some("deep"));
}

#[test]
fn objects_are_created_as_needed_and_all_else_stays_as_it_was_written() {
    let steps = [
        (None, "a", "1", r#"{"a":"1"}"#),
        (None, "biz_data.order_amount", "34.50", r#"{"biz_data":{"order_amount":"34.50"}}"#),
        (Some(r#"{ "n": 1.50 }"#), "a", "x", r#"{ "n": 1.50 ,"a":"x"}"#),
        (Some(r#"{"a":{"b":1}}"#), "a.c.d", "x", r#"{"a":{"b":1,"c":{"d":"x"}}}"#),
        (Some(r#"{"a":"old" , "b":2}"#), "a", "new", r#"{"a":"new" , "b":2}"#),
        (Some(r#"{"a":null}"#), "a.b", "x", r#"{"a":{"b":"x"}}"#),
        (Some(r#"{"a":[1,2]}"#), "a.1", "x", r#"{"a":[1,"x"]}"#),
        (Some(r#"{"a":[1]}"#), "a.1.b", "x", r#"{"a":[1,{"b":"x"}]}"#),
        (Some(r#"{"a":[]}"#), "a.0", "x", r#"{"a":["x"]}"#),
        (Some(r#"{"a":1,"a":2}"#), "a", "x", r#"{"a":1,"a":"x"}"#),
        (Some("null"), "a", "x", r#"{"a":"x"}"#),
        (Some("{}"), "0", "x", r#"{"0":"x"}"#),
    ];
    for (json, path, value, expected) in steps {
        assert_eq!(set(json, path, Some(value)).unwrap(), expected);
    }
}

#[test]
fn a_text_and_a_name_read_back_as_what_was_put_in_whatever_it_is() {
    for text in [
        "",
        "\"",
        "\\",
        "a\nb\tc\r\u{1}\u{1f}\u{7f}",
        "é😀\u{2028}",
        "null",
        "</script>",
        "{\"a\":1}",
    ] {
        let json = set(Some("{\"x\":0}"), "a.b", Some(text)).unwrap();
        assert_eq!(got(&json, "a.b").as_deref(), Some(text), "{json}");
        if !text.is_empty() && !text.contains('.') {
            let json = set(None, text, Some("v")).unwrap();
            assert_eq!(got(&json, text).as_deref(), Some("v"), "{json}");
        }
    }
}

#[test]
fn nothing_is_set_where_there_is_no_place_for_it() {
    for (json, path, says) in [
        (r#"{"a":"secret"}"#, "a.b", "a text"),
        (r#"{"a":4711}"#, "a.b", "a number"),
        (r#"{"a":true}"#, "a.b.c", "a boolean"),
        (r#"{"a":[1]}"#, "a.2", "from 0 to 1"),
        (r#"{"a":[1]}"#, "a.b", "from 0 to 1"),
        (r#"[1]"#, "a", "from 0 to 1"),
        ("7", "a", "a number"),
    ] {
        let (status, message) = refused(set(Some(json), path, Some("x")));
        assert_eq!(status, Status::Argument, "{json}");
        assert!(message.contains(says), "{message}");
        assert!(!message.contains("secret") && !message.contains("4711"), "{message}");
    }
}

#[test]
fn null_removes_what_is_there_and_only_that() {
    for (json, path, expected) in [
        (r#"{"a":1}"#, "a", "{}"),
        (r#"{ "a" : 1 , "b":[ 2 ] }"#, "b", r#"{"a" : 1}"#),
        (r#"{"a":1,"b":2,"c":3}"#, "b", r#"{"a":1,"c":3}"#),
        (r#"{"a":1,"b":2,"a":3}"#, "a", r#"{"b":2}"#),
        (r#"{"a":{"b":1}}"#, "a.b", r#"{"a":{}}"#),
        (r#"{"a":[1,1,1]}"#, "a.0", r#"{"a":[1,1]}"#),
        (r#"{"a":null}"#, "a", "{}"),
        (r#"{ "a" : 1 }"#, "none", r#"{ "a" : 1 }"#),
        (r#"{"a":"t"}"#, "a.b", r#"{"a":"t"}"#),
        (r#"{"a":[1]}"#, "a.1", r#"{"a":[1]}"#),
    ] {
        assert_eq!(set(Some(json), path, None).unwrap(), expected, "{json} {path}");
    }
    assert_eq!(set(None, "a.b", None).unwrap(), "{}");
}

/// Whatever the library's own reader takes for JSON is walked over without a panic, and what is set is there.
#[test]
fn it_agrees_with_a_json_library_on_anything() {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn value() -> impl Strategy<Value = Value> {
        let name = "[a-c\"\\\\é ]{1,3}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~é\n\"\\\\]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    fn at<'a>(mut value: &'a Value, path: &str) -> Option<&'a Value> {
        for step in path.split('.') {
            value = match value {
                Value::Object(members) => members.get(step)?,
                Value::Array(items) => items.get(index(step)?)?,
                _ => return None,
            };
        }
        Some(value).filter(|value| !value.is_null())
    }

    let path =
        prop::collection::vec("[a-c0-2\"\\\\é ]{1,2}", 1..4).prop_map(|steps| steps.join("."));
    proptest!(|(value in value(), path in path, is_pretty: bool)| {
        let text = if is_pretty { serde_json::to_string_pretty(&value)? } else { value.to_string() };
        let expected = at(&value, &path);
        match (got(&text, &path), expected) {
            (Some(text), Some(Value::String(said))) => prop_assert_eq!(&text, said),
            (Some(text), Some(other)) => prop_assert_eq!(&serde_json::from_str::<Value>(&text)?, other),
            (None, None) => {}
            (text, _) => prop_assert!(false, "{:?} {:?}", text, expected),
        }
        if let Ok(changed) = set(Some(&text), &path, Some("new")) {
            let changed: Value = serde_json::from_str(&changed)?;
            prop_assert_eq!(at(&changed, &path), Some(&json!("new")));
            let text = changed.to_string();
            let removed: Value = serde_json::from_str(&set(Some(&text), &path, None).unwrap())?;
            let is_array_element = path.rsplit('.').next().is_some_and(|step| index(step).is_some());
            prop_assert!(is_array_element || at(&removed, &path).is_none());
        }
    });
}
