//! The contract of `DESIGN.md`, sentence by sentence: every test hands in its own time, and none waits.

mod answers;
mod bench;
mod clarifying;
mod closing;
mod completing;
mod limits;
mod link;
mod properties;
mod recovery;
mod sending;

use bench::*;
use serde_json::{Value, json};

use super::*;
use crate::event::Clarified;
use crate::protocol::{CLOSE, ORDER, QUERY};
