//! The C contract at a terminal: C and C++ programs, and the examples, against the simulator.
// With the system's C compiler and valgrind; scripts/windows/test has the same programs for Windows.
#![cfg(target_os = "linux")]

mod support;

use ecrhub_simulator::{Options, Simulator};
use support::Build;

/// A terminal whose customers are quick; `slow_ms` is how long the slow ones take.
fn simulator() -> Simulator {
    Simulator::start(Options { slow_ms: 500, ..Options::default() }).expect("the simulator starts")
}

fn runs(source: &str) -> String {
    let terminal = simulator();
    Build::new(source).run(&[terminal.url().as_str(), env!("CARGO_TARGET_TMPDIR")], 60)
}

fn runs_in_valgrind(source: &str) {
    let terminal = simulator();
    Build::new(source)
        .run_in_valgrind(&[terminal.url().as_str(), env!("CARGO_TARGET_TMPDIR")], 180);
}

#[test]
fn sales() {
    runs("tests/c/sales.c");
}

#[test]
fn sales_in_valgrind() {
    runs_in_valgrind("tests/c/sales.c");
}

#[test]
fn wait_fd() {
    runs("tests/c/wait_fd.c");
}

#[test]
fn wait_fd_in_valgrind() {
    runs_in_valgrind("tests/c/wait_fd.c");
}

#[test]
fn wait_handle() {
    runs("tests/c/wait_handle.c");
}

#[test]
fn wait_handle_in_valgrind() {
    runs_in_valgrind("tests/c/wait_handle.c");
}

#[test]
fn names() {
    runs("tests/c/names.c");
}

#[test]
fn a_process_ends_with_everything_going_on() {
    let terminal = simulator();
    let program = Build::new("tests/c/exit.c");
    for how in ["return", "exit", "thread"] {
        program.run(&[terminal.url().as_str(), env!("CARGO_TARGET_TMPDIR"), how], 60);
    }
}

#[test]
fn journal() {
    runs("tests/c/journal.c");
}

#[test]
fn journal_in_valgrind() {
    runs_in_valgrind("tests/c/journal.c");
}

#[test]
fn fork_sale() {
    runs("tests/c/fork_sale.c");
}

#[test]
fn wrapper() {
    runs("tests/c/wrapper.cpp");
}

#[test]
fn wrapper_in_valgrind() {
    runs_in_valgrind("tests/c/wrapper.cpp");
}

#[test]
fn the_till_shows_a_day_at_the_counter() {
    let terminal = simulator();
    let shown = Build::new("examples/c/till.c").run(&[terminal.url().as_str(), "test"], 60);
    let outcomes: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(outcome, _)| outcome)
        .collect();
    let expected = ["approved", "declined", "approved"];
    assert_eq!(outcomes.iter().filter(|word| expected.contains(word)).count(), 3, "{shown}");
    assert!(
        shown.contains("MONEY") || shown.contains("cancelled"),
        "the query of a voided sale: {shown}"
    );
}

#[test]
fn the_sale_is_approved() {
    let terminal = simulator();
    let shown =
        Build::new("examples/c/sale.c").run(&[terminal.url().as_str(), "test", "34.50"], 60);
    assert!(shown.starts_with("approved\n"), "{shown}");
}

#[test]
fn the_cpp_till_is_approved() {
    let terminal = simulator();
    let shown =
        Build::new("examples/cpp/till.cpp").run(&[terminal.url().as_str(), "test", "34.50"], 60);
    assert!(shown.contains("approved: record it"), "{shown}");
}

#[test]
fn the_loop_sells_what_is_typed() {
    let terminal = simulator();
    let shown = Build::new("examples/c/loop.c").run_with_input(
        &[terminal.url().as_str(), "test"],
        "10.00\nmuch\n10.01\n",
        60,
    );
    assert!(shown.contains("connected") && shown.contains("order_amount"), "{shown}");
    assert!(shown.contains("approved"), "{shown}");
}
