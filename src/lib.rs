//! Take card payments on a CodePay Register terminal over the shop's network.

#[macro_use]
mod log_line;

mod client;
mod config;
#[cfg(test)]
mod contract;
mod error;
mod event;
mod ffi;
mod hash;
mod io;
pub mod journal;
mod json;
mod planted;
mod process;
pub mod protocol;
mod redact;
mod registry;
mod session;
mod stranger;
mod terminal;

pub use client::{
    Authorization, CallError, Cashback, Completion, Events, Order, Refund, Sale, Void, kind,
};
pub use config::{Address, Config, Validation};
pub use error::{Error, Fault, Result, Stage, Status};
pub use event::{Clarified, Completed, Event, EventKind, Sent};
pub use protocol::{Code, Difference, Outcome};
pub use terminal::{Acknowledged, Called, Delivery, Polled, Prepared, Terminal, shutdown};

/// Masks card data, as the journal and the log do: a till that keeps what a terminal said outside the journal needs it too.
pub mod mask {
    pub use crate::redact::{json, text};
}

/// The library's version, as in `Cargo.toml`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The C ABI's version; moves only when a program built against an older header would break.
pub const ABI_VERSION: u32 = 1;

/// The rooms behind the API, for the project's own tests. No promise is made about them.
#[doc(hidden)]
pub mod internals {
    pub use crate::io::Frames;
    pub use crate::journal::{self, Journal};
    pub use crate::planted::Plant;
    #[cfg(feature = "planted-faults")]
    pub use crate::planted::Planted;
    pub use crate::session::{
        Action, Attempt, LinkState, Now, OpenRequest, Others, Progress, Restored, RestoredState,
        Rng, Session, Settings,
    };
    pub use crate::terminal::Books;

    /// What keeps card data out of logs and files.
    pub mod redact {
        pub use crate::redact::{excerpt, json, line, text};
    }
}
