//! Gives the shared library its SONAME, which rustc does not: a program linked against it asks the system for
//! `libecrhub.so.0`, and not for whatever path it was built from.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let family = std::env::var("CARGO_CFG_TARGET_FAMILY").unwrap_or_default();
    let vendor = std::env::var("CARGO_CFG_TARGET_VENDOR").unwrap_or_default();
    if family == "unix" && vendor != "apple" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libecrhub.so.0");
    }
}
