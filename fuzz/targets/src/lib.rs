//! What each fuzz target does with its bytes, and what must hold for all of them. A target panics when it does not.

#![forbid(unsafe_code)]

pub mod answers;
pub mod configs;
pub mod digest;
mod digits;
mod input;
pub mod journals;
pub mod masking;
pub mod requests;
pub mod session;

/// A target: its name, which is its corpus's too, and what it does with its bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("session", session::run),
    ("requests", requests::run),
    ("configs", configs::run),
    ("masking", masking::run),
    ("journals", journals::run),
    ("answers", answers::run),
];
