//! The C contract at a terminal: C and C++ programs, and the examples, against the simulator.
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
