//! The `ecrhub` command line.
fn main() {}
