//! The one I/O thread of the process: event loop, sockets, name look-up, wake-ups.
//!
//! | room | what |
//! |---|---|
//! | `driver` | the thread: it starts with the first terminal and ends with [`shutdown`] |
//! | `link` | one terminal's socket and WebSocket |
//! | `lookup` | names to addresses, off the loop |
//! | `clock` | time, and noticing that the machine slept |
//! | `thread` | starting threads that keep out of the host's signals |
//! | `signal` | what a host's own event loop waits on: a descriptor, or an event object on Windows |

mod clock;
mod driver;
mod link;
mod lookup;
#[cfg_attr(windows, path = "signal_windows.rs")]
mod signal;
mod thread;

pub use clock::now;
pub use driver::{Cause, Driven, Driver, Reactor, Turn, driver, shutdown};
pub use link::{Link, News};
pub use signal::ReadySignal;
