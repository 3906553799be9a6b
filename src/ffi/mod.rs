//! The C boundary: the only place that knows C.
//!
//! The conventions, before the functions:
//!
//! - **One door.** Every export that returns a status does its work inside [`guard::enter`]. There a panic becomes
//!   `ECRHUB_ERR_INTERNAL`, a refusal leaves its sentence for `ecrhub_last_error`, and a call from inside the log
//!   callback is turned away. An export has no logic of its own: it reads its arguments, calls the room that does the
//!   work, and writes the result.
//! - **One rule for text in** ([`text::read`]): NULL or not UTF-8 is `ECRHUB_ERR_ARGUMENT`, with the argument's name.
//! - **One rule for text out** ([`text::Out`]): it is made before anything is done, so that an impossible buffer is
//!   refused before a request is sent, and filled after everything has succeeded.
//! - **One rule for other outputs** ([`text::Slot`]): NULL is refused first; written last, and only on success.
//! - **Handles are numbers** ([`crate::registry`]). They are looked up, held while used, and never locked.
//! - **No state but two**: the last error, which is its thread's ([`last_error`]), and the log callback ([`logging`]),
//!   which is the process's and not a forked child's.
//! - Nothing in a thread-local has a destructor: such a one would keep the library loaded until its thread ends.
//!
//! The doc comments of [`exports`], [`json`] and [`constants`] are C programmers' documentation: cbindgen copies them into
//! `include/ecrhub.h`, after the chapters that `cbindgen.toml` holds. `tests/header.rs` keeps the committed header equal.

mod constants;
mod exports;
mod guard;
mod held;
mod json;
mod last_error;
mod logging;
mod names;
mod text;

#[cfg(test)]
mod tests;
