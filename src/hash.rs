//! Tables of the till's own names.
//!
//! What they hold was chosen by the till: `request_id`s and order numbers. A terminal's answers are only looked up in
//! them, so nobody from outside can fill them with what collides, and std's protection against that buys nothing.

#![forbid(unsafe_code)]

pub(crate) use rustc_hash::{FxBuildHasher as BuildOwn, FxHashMap as OwnMap, FxHashSet as OwnSet};
