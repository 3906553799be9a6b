//! The C contract, as C programs against the built library.
// With the system's C compiler and valgrind; scripts/windows/test has the same programs for Windows.
#![cfg(target_os = "linux")]

mod support;

use support::Build;

const NO_ARGUMENTS: [&str; 0] = [];

/// Each program as it is, and under valgrind.
macro_rules! programs {
    ($($name:ident)*) => {
        mod natively {
            $(#[test]
            fn $name() {
                super::Build::new(concat!("tests/c/", stringify!($name), ".c")).run(&super::NO_ARGUMENTS, 60);
            })*
        }
        mod in_valgrind {
            $(#[test]
            fn $name() {
                let program = super::Build::new(concat!("tests/c/", stringify!($name), ".c"));
                program.run_in_valgrind(&super::NO_ARGUMENTS, 180);
            })*
        }
    };
}

programs! { arguments buffers handles last_error requests set_log slow_name unload waiting }

#[test]
fn fork() {
    Build::new("tests/c/fork.c").run(&NO_ARGUMENTS, 60);
}

/// Without the search for leaks: in a child, all that the parent's other threads held is lost, by fork's nature.
#[test]
fn fork_in_valgrind() {
    Build::new("tests/c/fork.c").run_in_valgrind_but_for_leaks(&NO_ARGUMENTS, 180);
}
