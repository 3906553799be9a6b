//! What the library tells its bindings about itself: `bindings/contract.json`, made from the tables here, so that a
//! binding declares nothing the library does not know. `tests/bindings.rs` compares the bindings with it. And what it
//! tells people about the terminals' codes: `docs/codes.md`, from the same tables.
//!
//! `UPDATE_CONTRACT=1 cargo test -p ecrhub --lib contract` writes both.

use crate::client::kind::{self, Kind};
use crate::config::described_keys;
use crate::error::{Stage, Status};
use crate::event::Sent;
use crate::json::Object;
use crate::protocol::{self, CodeKind, Outcome, described_fields};

const HEADER: &str = include_str!("../include/ecrhub.h");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bindings/contract.json");
const CODES_PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/codes.md");

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

/// The terminals' codes, each with its meaning, what it says of the money, and the advice for the cashier.
fn codes() -> String {
    list(protocol::code_rows().map(|(kind, row)| {
        Object::new()
            .text("kind", kind.name())
            .text("code", row.code)
            .text("meaning", row.meaning)
            .text("money", row.money.words())
            .text("advice", row.advice)
            .end()
    }))
}

fn codes_page() -> String {
    let mut page = CODES_INTRODUCTION.to_owned();
    for kind in CodeKind::ALL {
        page.push_str("\n## ");
        page.push_str(heading(kind));
        page.push_str(
            "\n\n| code | meaning | the money | advice for the cashier |\n|---|---|---|---|\n",
        );
        for (_, row) in protocol::code_rows().filter(|(of, _)| *of == kind) {
            let (money, dots) =
                (row.money.words(), if kind == CodeKind::GatewayPrefix { "..." } else { "" });
            page.push_str(&format!(
                "| `{}{dots}` | {} | {money} | {} |\n",
                row.code, row.meaning, row.advice
            ));
        }
    }
    page
}

const CODES_INTRODUCTION: &str = "\
# What a terminal's codes mean

This page is generated from the tables in `src/protocol/codes.rs`. An event's `code` takes its `text` and its `advice` from
them; the words of `response_msg` are in the terminal's language and are never interpreted. The column on the money is what a code says in an
order's own answer without a `trans_status`; what the library then does about it is `outcome`, which alone says what happened:

- **as trans_status says**, **moved**: the order is approved if its state says so.
- **not moved**: the order is declined, or cancelled, or refused as busy.
- **may have moved**: the library finds out what happened before it reports an outcome.
- **the record decides**: the library asks for the order's record once, and declines the order if there is none.
- **another attempt's**: the number was used before, and whatever the terminal has under it may be another sale's.
";

const fn heading(kind: CodeKind) -> &'static str {
    match kind {
        CodeKind::Response => "`response_code`",
        CodeKind::Inner => "Inner codes: in brackets in `response_msg`",
        CodeKind::Gateway => "Codes of the gateway: in brackets, or as the `response_code`",
        CodeKind::GatewayPrefix => "How other codes of the gateway and of the acquirer begin",
        CodeKind::Status => "`trans_status`, beside a code of success",
    }
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
        .json("codes", &codes())
        .json("config", &config())
        .end();
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    serde_json::to_string_pretty(&value).expect("text") + "\n"
}

/// Writes the file anew when asked to, and insists that it is what it would be.
fn insist_up_to_date(path: &str, fresh: &str) {
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(path, fresh).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        committed == fresh,
        "{path} differs from the sources: UPDATE_CONTRACT=1 cargo test -p ecrhub --lib contract"
    );
}

#[test]
fn the_committed_contract_is_up_to_date() {
    insist_up_to_date(PATH, &contract());
}

#[test]
fn the_committed_page_of_codes_is_up_to_date() {
    insist_up_to_date(CODES_PATH, &codes_page());
}
