//! A CodePay Register terminal in software.
//!
//! [`Simulator`] is a terminal on a socket; [`Model`] is the same terminal without sockets and clock, for tests that
//! hand in the time themselves. `docs/simulator.md` tells how to use both, and the program.

#![forbid(unsafe_code)]

mod amounts;
mod clock;
mod codes;
mod mangle;
mod model;
mod money;
mod oddities;
mod options;
mod server;
mod words;

pub use amounts::{AMOUNTS, Amount, Behaviour, amounts_table};
pub use model::{Action, ConnId, LedgerEntry, Model, Record};
pub use oddities::{ODDITIES, Oddities, oddities_table};
pub use options::{Options, QueueMode};
pub use server::Simulator;
