//! What a configuration may say.

use super::*;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const URL: &str = "ws://192.168.1.20";

fn refusal_of(text: &str, status: Status) -> String {
    match Config::parse(text) {
        Ok(config) => panic!("{text} was accepted: {config:?}"),
        Err(error) => {
            assert_eq!(error.status(), status, "{text}: {error}");
            error.message().to_owned()
        }
    }
}

/// Why a configuration with this one key besides the URL is refused.
fn refusal(key: &str, value: Json) -> String {
    refusal_of(&json!({"url": URL, key: value}).to_string(), Status::Config)
}

fn address_of(url: &str) -> Address {
    Config::new(url).check().unwrap_or_else(|error| panic!("{url}: {error}"))
}

#[test]
fn a_bare_url_is_a_configuration_of_defaults() {
    assert_eq!(Config::parse(&format!(" {URL}\n")), Ok(Config::new(URL)));
    assert_eq!(Config::parse("till-1:80"), Ok(Config::new("till-1:80")));
    assert_eq!(Config::parse(URL), Ok(Config::new(URL)));
    assert_eq!(Config::parse(&format!(" \n{{\"url\":\"{URL}\"}} ")), Ok(Config::new(URL)));
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let config = Config::parse(URL).unwrap();
    let expected = Config {
        url: URL.to_owned(),
        app_id: None,
        connect_timeout_ms: 5_000,
        send_timeout_ms: 10_000,
        order_timeout_ms: 180_000,
        request_timeout_ms: 30_000,
        recovery_timeout_ms: 60_000,
        recovery_interval_ms: 2_000,
        clarify_interval_ms: 30_000,
        clarify_days: 7,
        second_look_ms: 30_000,
        close_lost_orders: true,
        ping_interval_ms: 15_000,
        ping_interval_busy_ms: 2_000,
        ping_timeout_ms: 10_000,
        reconnect_min_ms: 500,
        reconnect_max_ms: 15_000,
        max_message_bytes: 4_194_304,
        max_queue_bytes: 16_777_216,
        max_in_flight: 1_024,
        terminal: None,
        terminal_was: Vec::new(),
        validation: Validation::Strict,
        journal: None,
        journal_keep_days: 400,
    };
    assert_eq!(config, expected);
    assert_eq!(config.terminal_name(), "ws://192.168.1.20:35779");
}

#[test]
fn every_key_arrives_where_it_belongs() {
    let text = json!({
        "url": "ws://till-1:9000/x", "app_id": "app", "connect_timeout_ms": 1, "send_timeout_ms": 2,
        "order_timeout_ms": 3, "request_timeout_ms": 4, "recovery_timeout_ms": 5, "recovery_interval_ms": 6,
        "clarify_interval_ms": 7, "clarify_days": 14, "second_look_ms": 15, "close_lost_orders": false,
        "ping_interval_busy_ms": 16, "max_queue_bytes": 4096, "terminal_was": ["till", "ws://till-0"], "ping_interval_ms": 8, "ping_timeout_ms": 9, "reconnect_min_ms": 10,
        "reconnect_max_ms": 11, "max_message_bytes": 2048, "max_in_flight": 12, "terminal": "bar",
        "validation": "lenient", "journal": "orders.db", "journal_keep_days": 13
    });
    assert_eq!(
        text.as_object().map(serde_json::Map::len),
        Some(KEYS.len()),
        "no key is forgotten here"
    );
    let expected = Config {
        url: "ws://till-1:9000/x".to_owned(),
        app_id: Some("app".to_owned()),
        connect_timeout_ms: 1,
        send_timeout_ms: 2,
        order_timeout_ms: 3,
        request_timeout_ms: 4,
        recovery_timeout_ms: 5,
        recovery_interval_ms: 6,
        clarify_interval_ms: 7,
        clarify_days: 14,
        second_look_ms: 15,
        close_lost_orders: false,
        ping_interval_ms: 8,
        ping_interval_busy_ms: 16,
        ping_timeout_ms: 9,
        reconnect_min_ms: 10,
        reconnect_max_ms: 11,
        max_message_bytes: 2_048,
        max_queue_bytes: 4_096,
        max_in_flight: 12,
        terminal: Some("bar".to_owned()),
        terminal_was: vec!["till".to_owned(), "ws://till-0".to_owned()],
        validation: Validation::Lenient,
        journal: Some("orders.db".to_owned()),
        journal_keep_days: 13,
    };
    assert_eq!(Config::parse(&text.to_string()), Ok(expected.clone()));
    assert_eq!(expected.terminal_name(), "bar");
}

#[test]
fn bad_json_is_refused_with_its_place() {
    let why = refusal_of("{\"url\": }", Status::Json);
    assert!(why.contains("line 1 column 9"), "{why}");
    let why = refusal_of("{\"url\":\"ws://a\",\"url\":\"ws://b\"}", Status::Json);
    assert!(why.contains("the key \"url\" is there twice"), "{why}");
    let why = refusal_of("{} {}", Status::Json);
    assert!(why.contains("trailing characters"), "{why}");
}

#[test]
fn a_url_is_required() {
    assert_eq!(refusal_of("{}", Status::Config), "url: required, but missing");
    assert_eq!(refusal_of("{\"url\":5}", Status::Config), "url: a text expected, got the number 5");
    assert_eq!(refusal_of("{\"url\":null}", Status::Config), "url: required, but missing");
    for text in ["", " ", "[]", "\"ws://a\""] {
        assert!(refusal_of(text, Status::Config).starts_with("url: "), "{text}");
    }
}

#[test]
fn an_unknown_key_is_refused_and_the_nearest_suggested() {
    for (given, meant) in [
        ("conect_timeout_ms", "connect_timeout_ms"),
        ("URL2", "url"),
        ("appid", "app_id"),
        ("App_ID", "app_id"),
        ("order_timeout", "order_timeout_ms"),
        ("jurnal", "journal"),
    ] {
        assert_eq!(
            refusal(given, json!(1)),
            format!("\"{given}\": no such key, did you mean \"{meant}\"?")
        );
    }
    let why = refusal("colour_of_the_terminal", json!(1));
    assert!(why.contains("no such key; there are url, app_id, connect_timeout_ms"), "{why}");
    assert!(refusal(&"x".repeat(100_000), json!(1)).len() < 1_000);
}

#[test]
fn every_number_has_its_range() {
    for key in &KEYS {
        let Kind::Count { range, get, set } = &key.kind else {
            continue;
        };
        let (low, high) = (*range.start(), *range.end());
        for value in [low, high] {
            let mut config = Config::new(URL);
            set(&mut config, value);
            // These two bound each other: the one that is not looked at gets out of the way.
            if key.name != "reconnect_min_ms" {
                config.reconnect_min_ms = 1;
            }
            if key.name != "reconnect_max_ms" {
                config.reconnect_max_ms = DAY_MS;
            }
            assert!(config.check().is_ok(), "{}: {value}", key.name);
            let mut text = json!({"url": URL, "reconnect_min_ms": 1, "reconnect_max_ms": DAY_MS});
            text[key.name] = json!(value);
            assert_eq!(get(&Config::parse(&text.to_string()).unwrap()), value, "{}", key.name);
        }
        let beyond = [i64::from(low) - 1, i64::from(high) + 1, i64::MIN, i64::MAX, -5];
        for value in beyond {
            let why = refusal(key.name, json!(value));
            let expected =
                format!("{}: {low} to {high}, got {}", key.name, shown(&value.to_string()));
            assert!(why.contains(&expected), "{expected:?} not in {why:?}");
        }
        if let Some(too_high) = high.checked_add(1) {
            let mut config = Config::new(URL);
            set(&mut config, too_high);
            let error = config.check().unwrap_err();
            assert!(
                error.message().contains(&format!("{}: {low} to {high}, got {too_high}", key.name)),
                "{error}"
            );
        }
    }
}

#[test]
fn the_bounds_are_those_of_the_documentation() {
    let bounds = |name: &str| match KEYS.iter().find(|key| key.name == name).map(|key| &key.kind) {
        Some(Kind::Count { range, .. }) => (*range.start(), *range.end()),
        _ => panic!("{name} is no number"),
    };
    for name in [
        "connect_timeout_ms",
        "send_timeout_ms",
        "order_timeout_ms",
        "request_timeout_ms",
        "recovery_timeout_ms",
        "recovery_interval_ms",
        "ping_timeout_ms",
        "reconnect_min_ms",
        "reconnect_max_ms",
    ] {
        assert_eq!(bounds(name), (1, 86_400_000), "{name}");
    }
    for name in
        ["clarify_interval_ms", "second_look_ms", "ping_interval_ms", "ping_interval_busy_ms"]
    {
        assert_eq!(bounds(name), (0, 86_400_000), "{name}");
    }
    for name in ["max_message_bytes", "max_queue_bytes"] {
        assert_eq!(bounds(name), (1_024, 1_073_741_824), "{name}");
    }
    assert_eq!(bounds("clarify_days"), (0, 36_500));
    assert_eq!(bounds("max_in_flight"), (1, 1_000_000));
    assert_eq!(bounds("journal_keep_days"), (1, 36_500));
}

#[test]
fn a_number_is_a_whole_number_and_nothing_that_reads_like_one() {
    for (value, got) in [
        ("5000.0", "the number 5000.0"),
        ("5e3", "the number 5e3"),
        ("\"5000\"", "\"5000\""),
        ("true", "the boolean true"),
        ("[5000]", "an array"),
    ] {
        let text = format!("{{\"url\":\"{URL}\",\"send_timeout_ms\":{value}}}");
        assert_eq!(
            refusal_of(&text, Status::Config),
            format!(
                "send_timeout_ms: a whole number from 1 to 86400000, without quotes, point or exponent expected, got {got}"
            )
        );
    }
}

#[test]
fn texts_are_texts_and_not_empty() {
    for key in ["app_id", "terminal", "journal"] {
        assert_eq!(refusal(key, json!("")), format!("{key}: a text that is not empty, got \"\""));
        assert_eq!(refusal(key, json!(5)), format!("{key}: a text expected, got the number 5"));
    }
    let config = Config { journal: Some(String::new()), ..Config::new(URL) };
    assert_eq!(
        config.check().unwrap_err().message(),
        "journal: a text that is not empty, got \"\""
    );
}

#[test]
fn null_means_absent_for_every_key() {
    for key in KEYS.iter().filter(|key| key.name != "url") {
        let text = json!({"url": URL, key.name: null}).to_string();
        assert_eq!(Config::parse(&text), Ok(Config::new(URL)), "{}", key.name);
    }
}

#[test]
fn a_flag_is_true_or_false() {
    let of = |value: bool| {
        Config::parse(&json!({"url": URL, "close_lost_orders": value}).to_string()).unwrap()
    };
    assert!(of(true).close_lost_orders && !of(false).close_lost_orders);
    for (value, got) in [(json!(0), "the number 0"), (json!("false"), "\"false\"")] {
        assert_eq!(
            refusal("close_lost_orders", value),
            format!("close_lost_orders: true or false expected, got {got}")
        );
    }
}

#[test]
fn former_names_are_an_array_of_texts() {
    for (value, got) in [
        (json!("bar"), "\"bar\""),
        (json!(["bar", 5]), "[\"bar\",5]"),
        (json!([null]), "[null]"),
        (json!({"bar": 1}), "an object"),
    ] {
        assert_eq!(
            refusal("terminal_was", value),
            format!("terminal_was: an array of texts expected, got {got}")
        );
    }
    assert_eq!(
        refusal("terminal_was", json!(["bar", ""])),
        "terminal_was: a text that is not empty, got \"\""
    );
    let of = |names: Json| {
        let text = json!({"url": URL, "terminal": "till", "terminal_was": names}).to_string();
        Config::parse(&text).unwrap().former_names()
    };
    assert!(of(json!([])).is_empty());
    assert_eq!(of(json!(["WS://Bar:035779/", "counter 1"])), ["counter 1", "ws://bar:35779"]);
    assert_eq!(of(json!(["10.0.0.7"])), ["10.0.0.7", "ws://10.0.0.7:35779"]);
    assert!(!of(json!(["till"])).contains(&"till".to_owned()), "it has that name now");
}

#[test]
fn a_terminal_has_one_name_however_its_address_is_spelled() {
    let name = |url: &str| Config::new(url).terminal_name();
    for url in [
        "ws://till-1:35779",
        "ws://till-1:35779/",
        "ws://till-1",
        "ws://till-1/",
        "WS://Till-1:35779",
        "ws://till-1:0035779",
        "till-1",
        "till-1:35779",
        "  ws://till-1\n",
    ] {
        assert_eq!(name(url), "ws://till-1:35779", "{url:?}");
    }
    assert_eq!(name("ws://[FE80:0::1]"), "ws://[fe80::1]:35779");
    assert_eq!(name("ws://Till-1/Path?Q=1"), "ws://till-1:35779/Path");
    assert_eq!(name("ws://Till-1/?Q=1"), "ws://till-1:35779");
    assert_ne!(name("ws://localhost"), name("ws://127.0.0.1"), "nobody knows that they are one");
    let named = |terminal: &str| {
        Config { terminal: Some(terminal.to_owned()), ..Config::new(URL) }.terminal_name()
    };
    assert_eq!(named("Bar"), "Bar");
    assert_eq!(named("Till-1:80"), "Till-1:80", "a name of the shop's own is left alone");
    assert_eq!(named("ws://Till-1/"), "ws://till-1:35779");
    assert_eq!(canonical_name("ws://me:secret@Till-1:80/x"), "ws://till-1:80/x");
    assert_eq!(canonical_name("ws://not a url"), "ws://not a url");
}

#[test]
fn secrets_in_a_url_are_not_shown() {
    let shown = |url: &str| Config::new(url).shown_url();
    assert_eq!(shown("ws://till-1/pay?token=s3cret"), "ws://till-1/pay?***");
    assert_eq!(shown("ws://till-1:80/pay"), "ws://till-1:80/pay");
    for url in [
        "ws://me:s3cret@till-1/",
        "me:s3cret@till-1",
        "ws://me:s3c/r@ets3cret@till-1/?s3cret",
        "ws://till 1/?token=s3cret",
        "ws://till-1/?token=s3cret#x",
        "ws://till-1?s3cret@x#",
        "ws://till-1/pay#s3cret",
        "ws://till-1#s3cret?x",
    ] {
        let refused = Config::new(url).check().unwrap_err().to_string();
        assert!(!refused.contains("s3cret") && refused.contains("***"), "{refused}");
        assert!(!shown(url).contains("s3cret"), "{url}");
    }
}

#[test]
fn validation_is_one_of_two_words() {
    for (value, got) in
        [(json!("Strict"), "\"Strict\""), (json!(true), "the boolean true"), (json!(""), "\"\"")]
    {
        assert_eq!(
            refusal("validation", value),
            format!("validation: \"strict\" or \"lenient\" expected, got {got}")
        );
    }
}

#[test]
fn the_shortest_pause_is_no_longer_than_the_longest() {
    let why = refusal("reconnect_min_ms", json!(20_000));
    assert_eq!(why, "reconnect_min_ms: at most reconnect_max_ms, which is 15000, got 20000");
    let config = Config { reconnect_max_ms: 100, ..Config::new(URL) };
    assert!(config.check().is_err());
    let config = Config { reconnect_min_ms: 15_000, ..Config::new(URL) };
    assert!(config.check().is_ok());
}

#[test]
fn all_faults_are_told_at_once() {
    let text = json!({"url": "http://x", "jornal": 1, "ping_timeout_ms": 0, "send_timeout_ms": "1", "app_id": ""});
    let why = refusal_of(&text.to_string(), Status::Config);
    let faults: Vec<&str> = why.split("; ").collect();
    assert_eq!(faults.len(), 5, "{why}");
    for name in ["url: ", "\"jornal\": ", "ping_timeout_ms: ", "send_timeout_ms: ", "app_id: "] {
        assert_eq!(
            faults.iter().filter(|fault| fault.starts_with(name)).count(),
            1,
            "{name} in {why}"
        );
    }
}

#[test]
fn a_url_is_taken_apart() {
    for (url, host, port, path) in [
        ("ws://192.168.1.20", "192.168.1.20", 35_779, "/"),
        ("WS://Till-1.shop.example:8080/", "Till-1.shop.example", 8_080, "/"),
        ("ws://till_1.local.:1/a/b?c=d", "till_1.local.", 1, "/a/b?c=d"),
        ("ws://localhost?x=1", "localhost", 35_779, "/?x=1"),
        ("ws://[::1]:65535/x", "::1", 65_535, "/x"),
        ("ws://[fe80::1]", "fe80::1", 35_779, "/"),
        ("ws://a/@:", "a", 35_779, "/@:"),
        ("192.168.1.20", "192.168.1.20", 35_779, "/"),
        ("Till-1:8080", "Till-1", 8_080, "/"),
        ("till-1/x", "till-1", 35_779, "/x"),
        ("[::1]", "::1", 35_779, "/"),
        (" \tws://till-1\r\n", "till-1", 35_779, "/"),
        (" till-1:035779 ", "till-1", 35_779, "/"),
    ] {
        let expected = Address { host: host.to_owned(), port, path: path.to_owned() };
        assert_eq!(address_of(url), expected, "{url}");
    }
}

#[test]
fn a_url_that_leads_nowhere_is_refused() {
    for (url, expected) in [
        ("wss://till-1", "TLS is not supported"),
        ("WSS://till-1", "TLS is not supported"),
        ("http://till-1", "ws://host[:port][/path] expected"),
        ("ftp://till-1", "ws://host[:port][/path] expected"),
        ("ws:/till-1", "a port from 1 to 65535"),
        ("me@till-1", "no user name or password"),
        ("till-1:x", "a port from 1 to 65535"),
        ("192.168.1.256", "four numbers from 0 to 255"),
        ("ws://", "a host expected"),
        ("ws:///x", "a host expected"),
        ("ws://:35779", "a host expected"),
        ("ws://till-1:0", "a port from 1 to 65535"),
        ("ws://till-1:65536", "a port from 1 to 65535"),
        ("ws://till-1:", "a port from 1 to 65535"),
        ("ws://till-1:+80", "a port from 1 to 65535"),
        ("ws://till-1:80x", "a port from 1 to 65535"),
        ("ws://::1", "between [ and ]"),
        ("ws://[::1", "ends with ]"),
        ("ws://[till-1]", "an IPv6 address expected"),
        ("ws://[fe80::1%eth0]", "an IPv6 address expected"),
        ("ws://[::1]x", "only a port may follow ]"),
        ("ws://192.168.1.256", "four numbers from 0 to 255"),
        ("ws://192.168.001.010", "without leading zeros, 192.168.1.10"),
        ("ws://00.0.0.0", "without leading zeros, 0.0.0.0"),
        ("ws://192.168.001.256", "four numbers from 0 to 255"),
        ("ws://192.168.1", "four numbers from 0 to 255"),
        ("ws://-till", "letters, digits, dots and dashes"),
        ("ws://a..b", "letters, digits, dots and dashes"),
        ("ws://a%20b", "letters, digits, dots and dashes"),
        ("ws://me@till-1", "no user name or password"),
        ("ws://till-1/#x", "no fragment"),
        ("ws://till 1", "no blanks"),
        ("ws://till-1\n/x", "no blanks"),
        ("ws://till-1/\u{7f}", "no blanks"),
        ("ws://kässe", "no blanks, control characters or letters beyond ASCII"),
    ] {
        let error = Config::new(url).check().unwrap_err();
        assert_eq!(error.status(), Status::Config);
        assert!(error.message().starts_with("url: "), "{error}");
        assert!(error.message().contains(expected), "{url:?}: {error}");
    }
}

#[test]
fn a_password_in_a_refused_url_is_not_repeated() {
    let error = Config::new("ws://me:secret@till-1").check().unwrap_err();
    assert!(!error.message().contains("secret"), "{error}");
    assert!(error.message().contains("***@till-1"), "{error}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", object in "\\{[\\[\\]{}\",:\\\\ a-z0-9.eE_-]{0,60}") {
        let _ = Config::parse(&text);
        let _ = Config::parse(&object);
        let _ = Config::new(format!("ws://{text}")).check();
    }

    #[test]
    fn what_is_parsed_passes_the_check(host in "[a-z][a-z0-9-]{0,8}[a-z]", port in 1..=u16::MAX, timeout in 0..100_000_000_u32) {
        let url = format!("ws://{host}:{port}");
        let parsed = Config::parse(&json!({"url": url, "order_timeout_ms": timeout}).to_string());
        let made = Config { order_timeout_ms: timeout, ..Config::new(url) };
        match parsed {
            Ok(config) => {
                prop_assert_eq!(&config, &made);
                prop_assert_eq!(config.check().unwrap(), Address { host, port, path: "/".to_owned() });
            }
            Err(error) => prop_assert_eq!(made.check().unwrap_err(), error),
        }
    }
}
