//! Exhaustive exploration: every interleaving of a small world with a bounded number of faults.
//!
//! `FAULTS=3` explores further, `KIND="words"` only the kinds whose name contains them. `docs/simulation.md` says what
//! is explored and what is checked.
//!
//! | module | what |
//! |---|---|
//! | `kinds` | kinds of terminals, faults, assumptions, and what a run explores |
//! | `world` | the steps that can come next, and taking one |
//! | `till` | the library's session and books, in a process that can die |
//! | `terminal` | what a terminal of a kind does with a frame and a customer |
//! | `network` | frames, answers, connections |
//! | `checks` | what must hold at every step |
//! | `rest` | that everything comes to rest |
//! | `search` | breadth first, each state once |
#![cfg(feature = "planted-faults")]
#![allow(missing_docs)]

mod checks;
mod kinds;
mod network;
mod rest;
mod runs;
mod search;
mod terminal;
mod till;
mod world;
