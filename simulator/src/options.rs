//! How a simulated terminal is set up.

use std::path::PathBuf;

use crate::Oddities;

/// In what order a terminal serves the orders that came while it was busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueMode {
    /// First in, first out.
    Fifo,
    /// First in, last out.
    Filo,
}

impl QueueMode {
    /// The mode of that name.
    pub fn from_name(name: &str) -> Option<QueueMode> {
        [QueueMode::Fifo, QueueMode::Filo].into_iter().find(|mode| mode.name() == name)
    }

    /// As `ecrhub.init` names it.
    pub fn name(self) -> &'static str {
        match self {
            QueueMode::Fifo => "FIFO",
            QueueMode::Filo => "FILO",
        }
    }
}

/// How a terminal is set up; [`Options::default`] suits tests: free ports, no thinking time.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address the terminal listens on; `127.0.0.1` by default. The control API is always on loopback.
    pub host: String,
    /// The terminal's port; 0 takes a free one.
    pub port: u16,
    /// The control API's port; 0 takes a free one.
    pub control_port: u16,
    /// Chooses the transaction numbers, authorization codes and cards.
    pub seed: u64,
    /// How long an ordinary customer takes.
    pub think_ms: u64,
    /// How long a slow customer takes, and a result that is not settled at once.
    pub slow_ms: u64,
    /// How long a very slow customer takes.
    pub very_slow_ms: u64,
    /// How long the cashier takes to confirm an order with `confirm_on_terminal`.
    pub confirm_ms: u64,
    /// How long the behaviours `restart` and `power-loss` refuse connections.
    pub restart_ms: u64,
    /// How long the behaviour `freeze` freezes.
    pub freeze_ms: u64,
    /// How long the host takes once the card is read; a close is refused meanwhile. 0 for no time.
    pub authorise_ms: u64,
    /// How long the behaviours `signature` and `signature-paying` wait for the signature.
    pub signature_ms: u64,
    /// How long after its first answer an order is charged, or reversed, by the behaviours that do so.
    pub late_ms: u64,
    /// An order's `expires` is at least this long; 0 takes it as it is.
    pub expires_floor_ms: u64,
    /// When an order without `expires` expires; 0 for never.
    pub expires_default_ms: u64,
    /// How many ended transactions the terminal remembers; 0 for all.
    pub memory: usize,
    /// Orders that come while the terminal is busy wait their turn; otherwise they are answered with 101.
    pub order_queue_mode: Option<QueueMode>,
    /// Orders wait until the control API, or the handle, approves, declines or cancels them.
    pub manual: bool,
    /// Whether the cents of an amount choose the behaviour; otherwise everything is approved.
    pub test_amounts: bool,
    /// An answer whose link has dropped is pushed on the next connection.
    pub push_after_reconnect: bool,
    /// A close of a number the terminal does not know answers 104; otherwise 000, and bars the number.
    pub close_unknown_fails: bool,
    /// A close of a number the terminal does not know answers 000, but bars nothing.
    pub close_unknown_forgotten: bool,
    /// What the terminal does beside its documentation.
    pub oddities: Oddities,
    /// How often each connection is pinged; 0 for never.
    pub ping_interval_ms: u64,
    /// A connection whose last pong is older is cut; 0 for never.
    pub pong_timeout_ms: u64,
    /// A file that keeps ledger and records over a restart of the simulator.
    pub ledger: Option<PathBuf>,
    /// Gets a line for everything that happens.
    pub log: Option<fn(&str)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            host: "127.0.0.1".to_owned(),
            port: 0,
            control_port: 0,
            seed: 1,
            think_ms: 0,
            slow_ms: 5_000,
            very_slow_ms: 60_000,
            confirm_ms: 0,
            restart_ms: 5_000,
            freeze_ms: 30_000,
            authorise_ms: 0,
            signature_ms: 5_000,
            late_ms: 5_000,
            expires_floor_ms: 0,
            expires_default_ms: 0,
            memory: 0,
            order_queue_mode: None,
            manual: false,
            test_amounts: true,
            push_after_reconnect: false,
            close_unknown_fails: false,
            close_unknown_forgotten: false,
            oddities: Oddities::default(),
            ping_interval_ms: 60_000,
            pong_timeout_ms: 90_000,
            ledger: None,
            log: None,
        }
    }
}
