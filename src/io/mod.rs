//! The one I/O thread of the process: event loop, sockets, name look-up, wake-ups.
//!
//! | room | what |
//! |---|---|
//! | `driver` | the thread: it starts with the first terminal and ends with [`shutdown`] |
//! | `end` | how its end is waited for |
//! | `link` | one terminal's connection: connecting, and WebSocket |
//! | `open` | what is under way on it once it stands |
//! | `socket` | its bare socket, and how much of it is read in a turn |
//! | `frames` | what passes through it, counted |
//! | `faults` | what went wrong with it, in words |
//! | `lookup` | names to addresses, off the loop |
//! | `pin` | keeping the library loaded while a look-up cannot be waited for |
//! | `clock` | time, and noticing that the machine slept |
//! | `thread` | starting threads that keep out of the host's signals |
//! | `signal` | what a host's own event loop waits on: a descriptor, or an event object on Windows |
//! | `borrow` | a caller who waits watches the socket itself |

mod borrow;
mod clock;
mod driver;
mod end;
mod faults;
mod frames;
mod link;
mod lookup;
mod open;
mod pin;
#[cfg_attr(windows, path = "signal_windows.rs")]
mod signal;
mod socket;
mod thread;

pub use borrow::Bell;
pub use clock::now;
pub use driver::{Cause, Driven, Driver, Reactor, Turn, driver, shutdown};
pub use end::lose_this_thread;
pub use frames::Frames;
#[cfg(test)]
pub use link::tests::Pair;
pub use link::{Farewell, Link, News};
pub use signal::ReadySignal;
