//! The contract of `DESIGN.md`, sentence by sentence: every test hands in its own time, and none waits.

mod acknowledged;
mod answers;
mod bench;
mod busy;
mod clarifying;
mod closing;
mod completing;
mod corrections;
mod duplicate;
mod holding;
mod interpretation;
mod late;
mod limits;
mod link;
mod nameless;
mod others;
mod own_questions;
mod properties;
mod recovery;
mod refusals;
mod reversed;
mod second_look;
mod sending;
mod unanswered;
mod values;
mod voids;

use bench::*;
use serde_json::{Value, json};

use super::*;
use crate::event::{Clarified, Completed, Sent};
use crate::protocol::{CLOSE, ORDER, QUERY};
