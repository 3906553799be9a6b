//! Whatever a terminal sends, the library stays whole: no crash, no hang, no memory without end, and no delay for the
//! terminals beside it.
//!
//! | module | what |
//! |---|---|
//! | `attacks` | each attack by its name, played against a till beside which a well-behaved terminal works |
//! | `till`, `neighbour` | that till, its neighbour, and the bounds that hold during any attack |
//! | `measure`, `table` | what an attack came to, and all of them in a table |
//! | `terminal` | the hostile terminal: connections, handshakes and frames as raw bytes |
//! | `program` | the same as a process of its own, beside the till's |
//! | `reasons` | what the till is told of it |
//! | `any_bytes` | bytes that nobody thought of |
//! | `log_lines` | what it does to the log |
//! | `waits` | a wait that ends by a panic |
#![allow(missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod any_bytes;
mod attacks;
mod log_lines;
mod measure;
mod neighbour;
mod program;
mod reasons;
mod table;
mod terminal;
mod till;
mod waits;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is measured here is the process's, so that one test runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
