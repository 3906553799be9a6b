//! A program that ends with its log on ends well: the library calls nothing that is gone, and does not keep it from ending.
#![cfg(target_os = "linux")]

mod support;

use std::net::TcpListener;
use std::process::Command;

use support::{Build, finishes, library, root};

/// The log is busy or not at the moment of the end, so once proves nothing.
const ROUNDS: usize = 10;

/// A terminal that nobody is at, and of which there is always something to log.
fn config() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!(r#"{{"url":"ws://{free}","reconnect_min_ms":1,"reconnect_max_ms":2}}"#)
}

#[test]
fn a_cpp_program_may_end_with_its_log_on() {
    let program = Build::new("tests/c/log_at_exit.cpp");
    for _ in 0..ROUNDS {
        program.run(&[&config()], 30);
    }
}

fn python(how: &[&str]) {
    for _ in 0..ROUNDS {
        let mut command = Command::new("python3");
        command.arg(root().join("tests/c/log_at_exit.py")).arg(library()).arg(config()).args(how);
        finishes(&mut command, "", 30);
    }
}

#[test]
fn a_python_program_may_end_with_its_log_on() {
    python(&[]);
}

#[test]
fn the_library_can_be_shut_down_after_python_has_taken_its_thread() {
    python(&["shutdown"]);
}
