//! What the README and the pages show works as it stands there.
// It is built with the system's C compiler.
#![cfg(target_os = "linux")]

mod support;

use ecrhub_simulator::{Options, Simulator};
use support::Build;

/// What stands in a page's only block of this kind.
fn block<'a>(page: &'a str, fence: &str) -> &'a str {
    let (_, rest) = page.split_once(fence).expect("the page has such a block");
    assert!(!rest.contains(fence), "the page has two such blocks");
    rest.split_once("```").expect("the block has an end").0
}

#[test]
fn the_sale_in_c_compiles_and_is_approved() {
    let readme = include_str!("../README.md");
    let code = block(readme, "```c\n");
    assert!(code.contains("ws://127.0.0.1:35779"), "the simulator's own address");

    let terminal = Simulator::start(Options::default()).unwrap();
    let code = code.replace("ws://127.0.0.1:35779", &terminal.url());
    let source = Build::scratch(&format!("readme-{}.c", std::process::id()));
    std::fs::write(&source, code).unwrap();
    let shown = Build::new(source.to_str().unwrap()).run::<&str>(&[], 60);
    std::fs::remove_file(&source).unwrap();

    assert!(shown.starts_with("ECRHUB_OK: {\"event\":\"completed\""), "{shown}");
    for part in ["\"outcome\":\"approved\"", "\"trans_no\":", "\"merchant_order_no\":\"TILL1N"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(terminal.ledger().len(), 1, "charged once");
}

#[test]
fn the_notifier_for_qt_compiles_and_shows_a_long_event() {
    let notifier = block(include_str!("../docs/projects.md"), "```cpp\n");
    let window = include_str!("c/qt.cpp").replace("// The page's lines.", notifier);

    let terminal = Simulator::start(Options::default()).unwrap();
    let source = Build::scratch(&format!("qt-{}.cpp", std::process::id()));
    std::fs::write(&source, window).unwrap();
    Build::new(source.to_str().unwrap()).run(&[&terminal.url()], 60);
    std::fs::remove_file(&source).unwrap();
}

#[test]
fn the_page_on_money_has_every_time_with_its_default() {
    let page = include_str!("../docs/money-safety.md");
    let config = ecrhub::Config::new("");
    for (key, default) in [
        ("send_timeout_ms", config.send_timeout_ms),
        ("order_timeout_ms", config.order_timeout_ms),
        ("request_timeout_ms", config.request_timeout_ms),
        ("recovery_timeout_ms", config.recovery_timeout_ms),
        ("recovery_interval_ms", config.recovery_interval_ms),
        ("clarify_interval_ms", config.clarify_interval_ms),
        ("clarify_days", config.clarify_days),
        ("second_look_ms", config.second_look_ms),
        ("ping_interval_ms", config.ping_interval_ms),
        ("ping_interval_busy_ms", config.ping_interval_busy_ms),
        ("ping_timeout_ms", config.ping_timeout_ms),
    ] {
        let row = format!("| `{key}` | {default} |");
        assert!(page.contains(&row), "docs/money-safety.md lacks: {row}");
    }
    let row = format!("| `close_lost_orders` | {} |", config.close_lost_orders);
    assert!(page.contains(&row), "docs/money-safety.md lacks: {row}");
}

#[test]
fn the_page_on_money_has_every_outcome_of_an_order() {
    use ecrhub::Outcome;
    let page = include_str!("../docs/money-safety.md");
    for outcome in [
        Outcome::Approved,
        Outcome::Declined,
        Outcome::Cancelled,
        Outcome::NotFound,
        Outcome::Busy,
        Outcome::NotSent,
        Outcome::Unknown,
    ] {
        let money = match outcome {
            Outcome::Approved => "has moved",
            Outcome::Unknown => "may have moved",
            _ => "has not moved",
        };
        let row = format!("| `{outcome}` | {money} |");
        assert!(page.contains(&row), "docs/money-safety.md lacks: {row}");
    }
}

#[test]
fn the_configurations_on_the_page_on_money_are_accepted() {
    let page = include_str!("../docs/money-safety.md");
    let configs: Vec<_> = page.split("```json\n").skip(1).collect();
    assert_eq!(configs.len(), 2);
    for config in configs {
        let config = config.split_once("```").expect("the block has an end").0;
        if let Err(error) = ecrhub::Config::parse(config) {
            panic!("{config}: {}", error.message());
        }
    }
}
