//! Faults on purpose: a tool that does not report them would not report others either. valgrind's are tried with every
//! test run; a sanitizer's by `scripts/sanitize`, in the run in which it tries everything else.
#![cfg(target_os = "linux")]

mod support;

use std::panic::catch_unwind;
use std::process::Command;

use support::Build;

/// The program that makes the fault fails, and says these words.
fn reports(words: &str, run: impl FnOnce(&Build) -> String + std::panic::UnwindSafe) {
    let ended = catch_unwind(|| run(&Build::new("tests/sanitize/planted.c")));
    let failure = ended.expect_err("the fault must be found");
    let said = failure.downcast_ref::<String>().expect("what the program said");
    assert!(said.contains(words), "not {words:?}: {said}");
}

fn in_c(fault: &'static str, words: &str) {
    reports(words, move |program| program.run(&[fault], 60));
}

/// A test of the module `faults` below, in a process of its own.
fn in_rust(fault: &str, words: &str) {
    let mut test = Command::new(std::env::current_exe().unwrap());
    let run = test.args(["--ignored", "--exact", "--nocapture", &format!("faults::{fault}")]);
    let output = run.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("running 1 test"), "{said}");
    assert!(!output.status.success(), "the fault must be found: {said}");
    assert!(said.contains(words), "not {words:?}: {said}");
}

mod valgrind {
    use super::*;

    #[test]
    fn reports_a_use_after_free() {
        reports("Invalid write of size 4", |program| {
            program.run_in_valgrind(&["use-after-free"], 180)
        });
    }

    #[test]
    fn reports_a_leak() {
        reports("definitely lost", |program| program.run_in_valgrind(&["leak"], 180));
    }

    #[test]
    fn reports_nothing_where_there_is_nothing() {
        Build::new("tests/sanitize/planted.c").run_in_valgrind(&["nothing"], 180);
    }
}

mod address {
    use super::*;

    #[test]
    #[ignore = "needs the address sanitizer: scripts/sanitize address"]
    fn reports_a_use_after_free_in_the_library() {
        in_c("use-after-free", "AddressSanitizer: heap-use-after-free");
    }

    #[test]
    #[ignore = "needs the address sanitizer: scripts/sanitize address"]
    fn reports_an_overflow_in_the_library() {
        in_c("overflow", "AddressSanitizer: heap-buffer-overflow");
    }

    #[test]
    #[ignore = "needs the address sanitizer: scripts/sanitize address"]
    fn reports_a_leak_in_c() {
        in_c("leak", "LeakSanitizer: detected memory leaks");
    }

    #[test]
    #[ignore = "needs the address sanitizer: scripts/sanitize address"]
    fn reports_a_use_after_free_in_rust() {
        in_rust("a_use_after_free", "AddressSanitizer: heap-use-after-free");
    }

    #[test]
    #[ignore = "needs the address sanitizer: scripts/sanitize address"]
    fn reports_a_leak_in_rust() {
        in_rust("a_leak", "LeakSanitizer: detected memory leaks");
    }
}

mod thread {
    use super::*;

    #[test]
    #[ignore = "needs the thread sanitizer: scripts/sanitize thread"]
    fn reports_a_race_in_the_library() {
        in_c("race", "ThreadSanitizer: data race");
    }

    #[test]
    #[ignore = "needs the thread sanitizer: scripts/sanitize thread"]
    fn reports_a_race_in_rust() {
        in_rust("a_race", "ThreadSanitizer: data race");
    }
}

/// What the tests above let happen.
mod faults {
    use std::hint::black_box;

    #[test]
    #[ignore = "a fault on purpose"]
    fn a_use_after_free() {
        let freed = black_box(Box::into_raw(Box::new(7_u64)));
        // SAFETY: none: this is the fault.
        unsafe {
            drop(Box::from_raw(freed));
            black_box(*freed);
        }
    }

    #[test]
    #[ignore = "a fault on purpose"]
    fn a_leak() {
        std::mem::forget(black_box(vec![1_u8; 4_711]));
    }

    #[test]
    #[ignore = "a fault on purpose"]
    fn a_race() {
        static mut SHARED: u64 = 0;
        let write = || {
            for number in 0..1_000 {
                // SAFETY: none: this is the fault.
                unsafe { (&raw mut SHARED).write(black_box(number)) };
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(write);
            scope.spawn(write);
        });
    }
}
