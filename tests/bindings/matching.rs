//! Whether what came back holds everything that was expected.

use serde_json::Value;

/// What is missing or different, with its path; nothing where `got` holds all of `expected`. `~` in front of a text:
/// it is contained; `*`: anything but null. An object may have more than was expected, a list may not.
pub fn difference(expected: &Value, got: &Value) -> Option<String> {
    differs("", expected, got)
}

fn differs(path: &str, expected: &Value, got: &Value) -> Option<String> {
    let is_right = match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            return expected.iter().find_map(|(key, value)| {
                differs(&format!("{path}.{key}"), value, got.get(key).unwrap_or(&Value::Null))
            });
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            let mut pairs = expected.iter().zip(got).enumerate();
            return pairs.find_map(|(place, (expected, got))| {
                differs(&format!("{path}[{place}]"), expected, got)
            });
        }
        (Value::String(words), _) if words == "*" => !got.is_null(),
        (Value::String(words), Value::String(text)) if words.starts_with('~') => {
            text.contains(&words[1..])
        }
        _ => expected == got,
    };
    (!is_right).then(|| format!("{path} should be {expected}, is {got}"))
}

#[test]
fn a_difference_is_named_by_its_path() {
    let expected = serde_json::json!({"a": {"b": "~part", "c": "*", "d": [1, {"e": null}]}});
    let good = serde_json::json!({"a": {"b": "a part of it", "c": 0, "d": [1, {}]}, "more": 1});
    assert_eq!(difference(&expected, &good), None);
    for (wrong, path) in [
        (serde_json::json!({}), ".a "),
        (serde_json::json!({"a": {"b": "no", "c": 0, "d": [1, {}]}}), ".a.b "),
        (serde_json::json!({"a": {"b": "part", "c": null, "d": [1, {}]}}), ".a.c "),
        (serde_json::json!({"a": {"b": "part", "c": 0, "d": [1]}}), ".a.d "),
        (serde_json::json!({"a": {"b": "part", "c": 0, "d": [1, {"e": 2}]}}), ".a.d[1].e "),
    ] {
        let difference = difference(&expected, &wrong).expect("it differs");
        assert!(difference.starts_with(path), "{difference}");
    }
}
