//! Exhaustive exploration: every interleaving of a small world with a bounded number of faults.
//!
//! `FAULTS=3` explores further, `KIND="words"` only the kinds whose name contains them, `SECONDS` and `STATES` say when
//! a run is cut off. `docs/exploration.md` says what is explored and what is checked.
//!
//! | module | what |
//! |---|---|
//! | `runs` | within the assumptions nothing is wrong; outcomes that turn out wrong are corrected |
//! | `needed` | each assumption is needed |
//! | `planted` | each planted fault is found |
//! | `table` | running cases, and what is printed of them |
//! | `kinds` | kinds of terminals, faults, assumptions, and what a run explores |
//! | `moves` | the steps that can come next |
//! | `world` | taking one |
//! | `till` | the library's session and books, in a process that can die |
//! | `terminal` | what a terminal of a kind does with a frame and a customer |
//! | `network` | frames, answers, connections |
//! | `ledger` | what the till was told of each order |
//! | `checks` | what must hold at every step |
//! | `rest` | that everything comes to rest |
//! | `search` | breadth first, each state once |
//! | `print` | telling equal states from others |
#![cfg(feature = "planted-faults")]
#![allow(missing_docs)]

mod checks;
mod kinds;
mod ledger;
mod moves;
mod needed;
mod network;
mod planted;
mod print;
mod rest;
mod runs;
mod search;
mod table;
mod terminal;
mod till;
mod world;
