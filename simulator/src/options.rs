//! How a simulated terminal is set up.

use std::path::PathBuf;

use crate::Oddities;

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
