//! From ids to terminals.

#![forbid(unsafe_code)]
