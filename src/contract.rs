//! What the library tells its bindings about itself: `bindings/contract.json`, made from the tables here, so that a
//! binding declares nothing the library does not know. `tests/bindings.rs` compares the bindings with it.
//!
//! `UPDATE_CONTRACT=1 cargo test -p ecrhub --lib contract` writes it.

use crate::client::kind::{self, Kind};
use crate::config::described_keys;
use crate::error::{Stage, Status};
use crate::event::Sent;
use crate::json::Object;
use crate::protocol::{self, Outcome, described_fields};

const HEADER: &str = include_str!("../include/ecrhub.h");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bindings/contract.json");

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

fn words<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    list(items.into_iter().map(|word| format!("{word:?}")))
}

fn numbers<'a>(pairs: impl IntoIterator<Item = (&'a str, i32)>) -> String {
    let object = pairs
        .into_iter()
        .fold(Object::new(), |object, (name, number)| object.json(name, &number.to_string()));
    object.end()
}

/// The header's constants whose names begin with `prefix`; `tests/header.rs` sees that they are the library's.
fn macros(prefix: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("#define ")?.split_once(' '))
        .filter(move |(name, _)| name.starts_with(prefix))
}

fn log_levels() -> String {
    macros("ECRHUB_LOG_")
        .fold(Object::new(), |object, (name, value)| object.json(name, value))
        .end()
}

/// What moves money, by the names the typed clients of every language use.
fn orders() -> String {
    [
        ("sale", kind::Sale::TRANS_TYPE),
        ("void", kind::Void::TRANS_TYPE),
        ("refund", kind::Refund::TRANS_TYPE),
        ("authorize", kind::Authorization::TRANS_TYPE),
        ("complete", kind::Completion::TRANS_TYPE),
        ("cashback", kind::Cashback::TRANS_TYPE),
    ]
    .into_iter()
    .fold(Object::new(), |object, (verb, trans_type)| object.text(verb, trans_type))
    .end()
}

fn config() -> String {
    list(described_keys().into_iter().map(|(key, kind, default)| {
        let object = Object::new().text("key", key).text("type", kind);
        object.json_or_null("default", default.as_deref()).end()
    }))
}

fn contract() -> String {
    let (order_fields, response_fields) = described_fields();
    let order_fields = order_fields
        .into_iter()
        .map(|(name, kind)| Object::new().text("name", name).text("type", kind).end());
    let topics = Object::new()
        .text("order", protocol::ORDER)
        .text("query", protocol::QUERY)
        .text("close", protocol::CLOSE);
    let events = macros("ECRHUB_EVENT_").map(|(_, word)| word.trim_matches('"'));
    let text = Object::new()
        .json("abi_version", &crate::ABI_VERSION.to_string())
        .json("statuses", &numbers(Status::ALL.map(|status| (status.name(), status.code()))))
        .json("log_levels", &log_levels())
        .json("events", &words(events))
        .json("outcomes", &words(Outcome::ALL.map(Outcome::name)))
        .json("sent", &words([Sent::No, Sent::Maybe, Sent::Yes].map(Sent::name)))
        .json("stages", &words(Stage::ALL.map(Stage::name)))
        .json("topics", &topics.end())
        .json("verbs", &orders())
        .json("order_fields", &list(order_fields))
        .json("response_fields", &words(response_fields))
        .json("config", &config())
        .end();
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    serde_json::to_string_pretty(&value).expect("text") + "\n"
}

#[test]
fn the_committed_contract_is_up_to_date() {
    let fresh = contract();
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(PATH, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        committed == fresh,
        "bindings/contract.json differs from the sources: UPDATE_CONTRACT=1 cargo test -p ecrhub --lib contract"
    );
}
