//! What a shared library carries and rustc does not give it.
//!
//! On Unix a SONAME: a program linked against it asks the system for `libecrhub.so.1`, and not for whatever path it was
//! built from. On Windows the version that Explorer shows, when `ECRHUB_RESOURCE` names a compiled resource, as
//! `scripts/windows/build` does.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ECRHUB_RESOURCE");
    let family = std::env::var("CARGO_CFG_TARGET_FAMILY").unwrap_or_default();
    let vendor = std::env::var("CARGO_CFG_TARGET_VENDOR").unwrap_or_default();
    if family == "unix" && vendor != "apple" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libecrhub.so.1");
    }
    if family == "windows"
        && let Ok(resource) = std::env::var("ECRHUB_RESOURCE")
    {
        println!("cargo::rerun-if-changed={resource}");
        println!("cargo::rustc-cdylib-link-arg={resource}");
    }
}
