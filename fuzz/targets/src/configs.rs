//! What a till may hand over as a configuration: it is refused with a reason, or all of it is within its limits and is
//! what the text says; and the terminal's name is the same for every spelling of its address.

use ecrhub::{Config, Status, Validation};
use serde_json::{Map, Value};

const DAY_MS: u32 = 86_400_000;

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let config = match Config::parse(&text) {
        Ok(config) => config,
        Err(error) => {
            assert!(matches!(error.status(), Status::Json | Status::Config), "{error}");
            assert!(!error.message().is_empty());
            return;
        }
    };
    let address = config.check().expect("what was taken is fine");
    check_limits(&config);
    if text.trim_ascii_start().starts_with('{') {
        check_values(&config, &text);
    } else {
        assert_eq!(config, Config::new(text.trim()), "a bare url leaves all else as it is");
    }

    assert!((1..=253 + 1).contains(&address.host.len()), "{address:?}");
    assert!(address.port > 0 && address.path.starts_with('/'), "{address:?}");
    let canonical = Config::new(address.canonical());
    assert_eq!(canonical.check().map(|again| again.canonical()), Ok(address.canonical()));
    assert_eq!(canonical.terminal_name(), address.canonical());

    let name = config.terminal_name();
    assert!(!name.is_empty());
    let named = Config { terminal: Some(name.clone()), ..config.clone() };
    assert_eq!(named.terminal_name(), name, "the name of a name is that name");
    assert!(!config.former_names().contains(&name));
    if let Some((shown, _)) = config.url.split_once('?') {
        assert_eq!(config.shown_url(), format!("{shown}?***"), "a query is a secret");
        assert!(config.terminal.is_some() || !name.contains('?'), "{name}");
    }
}

fn check_limits(config: &Config) {
    let up_to_a_day = [
        config.connect_timeout_ms,
        config.send_timeout_ms,
        config.order_timeout_ms,
        config.request_timeout_ms,
        config.recovery_timeout_ms,
        config.recovery_interval_ms,
        config.ping_timeout_ms,
        config.reconnect_min_ms,
        config.reconnect_max_ms,
    ];
    assert!(up_to_a_day.iter().all(|ms| (1..=DAY_MS).contains(ms)), "{config:?}");
    let or_never = [
        config.clarify_interval_ms,
        config.second_look_ms,
        config.ping_interval_ms,
        config.ping_interval_busy_ms,
    ];
    assert!(or_never.iter().all(|ms| *ms <= DAY_MS), "{config:?}");
    assert!(config.reconnect_min_ms <= config.reconnect_max_ms, "{config:?}");
    assert!((1_024..=1 << 30).contains(&config.max_message_bytes), "{config:?}");
    assert!((1_024..=1 << 30).contains(&config.max_queue_bytes), "{config:?}");
    assert!((1..=1_000_000).contains(&config.max_in_flight), "{config:?}");
    assert!(config.clarify_days <= 36_500, "{config:?}");
    assert!((1..=36_500).contains(&config.journal_keep_days), "{config:?}");
    let texts = [&config.app_id, &config.terminal, &config.journal].into_iter().flatten();
    assert!(texts.chain(&config.terminal_was).all(|text| !text.is_empty()), "{config:?}");
}

/// Each key has the value that serde_json reads, and every other one its default.
fn check_values(config: &Config, text: &str) {
    let Ok(Value::Object(given)) = serde_json::from_str::<Value>(text) else {
        panic!("accepted, and not a JSON object");
    };
    let defaults = Config::new("");
    let text_of = |name: &str| given.get(name).and_then(Value::as_str).map(str::to_owned);
    assert_eq!(Some(config.url.clone()), text_of("url").map(|url| url.trim().to_owned()));
    assert_eq!(config.app_id, text_of("app_id"));
    assert_eq!(config.terminal, text_of("terminal"));
    assert_eq!(config.journal, text_of("journal"));
    let is_lenient = text_of("validation").as_deref() == Some("lenient");
    assert_eq!(config.validation == Validation::Lenient, is_lenient);
    let closes = given.get("close_lost_orders").and_then(Value::as_bool);
    assert_eq!(config.close_lost_orders, closes.unwrap_or(defaults.close_lost_orders));
    let former = given.get("terminal_was").and_then(Value::as_array);
    let former = former.map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    assert_eq!(config.terminal_was, former.unwrap_or_default());
    for (name, value, default) in counts(config, &defaults) {
        let given = given.get(name).filter(|value| !value.is_null()).map(Value::to_string);
        assert_eq!(value.to_string(), given.unwrap_or_else(|| default.to_string()), "{name}");
    }
    check_names(&given);
}

type Count = (&'static str, u32, u32);

fn counts(config: &Config, defaults: &Config) -> Vec<Count> {
    macro_rules! counts {
        ($($field:ident),* $(,)?) => {
            vec![$((stringify!($field), config.$field, defaults.$field)),*]
        };
    }
    counts![
        connect_timeout_ms,
        send_timeout_ms,
        order_timeout_ms,
        request_timeout_ms,
        recovery_timeout_ms,
        recovery_interval_ms,
        clarify_interval_ms,
        clarify_days,
        second_look_ms,
        ping_interval_ms,
        ping_interval_busy_ms,
        ping_timeout_ms,
        reconnect_min_ms,
        reconnect_max_ms,
        max_message_bytes,
        max_queue_bytes,
        max_in_flight,
        journal_keep_days,
    ]
}

/// A key that nobody knows is refused.
fn check_names(given: &Map<String, Value>) {
    let config = Config::new("");
    let texts = ["url", "app_id", "terminal", "terminal_was", "journal", "validation"];
    let known = |name: &str| {
        texts.contains(&name)
            || name == "close_lost_orders"
            || counts(&config, &config).iter().any(|(count, ..)| *count == name)
    };
    assert!(given.keys().all(|name| known(name)), "{given:?}");
}
