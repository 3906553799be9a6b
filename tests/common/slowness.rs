//! How long things may take.

/// Everything takes so many times longer in a sanitizer's run, as `scripts/sanitize` says.
pub fn factor() -> u32 {
    let given = std::env::var("ECRHUB_SLOWNESS").ok();
    given.map_or(1, |given| given.parse().expect("ECRHUB_SLOWNESS is a number"))
}
