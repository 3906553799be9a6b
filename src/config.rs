//! What `ecrhub_connect` takes: one terminal, and how patient to be with it.

#![forbid(unsafe_code)]

use crate::error::Result;

/// How strictly requests are checked before they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validation {
    /// Every rule of the protocol.
    #[default]
    Strict,
    /// Only what would make an answer impossible to match.
    Lenient,
}

/// One terminal and how to treat it. All times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The terminal's address as the caller gave it, `ws://host[:port][/path]`.
    pub url: String,
    /// The payment application's id; used when a request carries none.
    pub app_id: Option<String>,
    /// Name look-up, TCP and handshake together.
    pub connect_timeout_ms: u32,
    /// How long a request may wait for its first byte to leave.
    pub send_timeout_ms: u32,
    /// How long an order's answer may take.
    pub order_timeout_ms: u32,
    /// How long the answer to any other request may take.
    pub request_timeout_ms: u32,
    /// How long an order is found out before it is closed.
    pub recovery_timeout_ms: u32,
    /// Between two queries while an order is found out.
    pub recovery_interval_ms: u32,
    /// Between two queries for an order that completed as `unknown`; 0 for never.
    pub clarify_interval_ms: u32,
    /// Between two pings; 0 for never.
    pub ping_interval_ms: u32,
    /// How long a ping may stay unanswered before the connection counts as lost.
    pub ping_timeout_ms: u32,
    /// The shortest pause before connecting again.
    pub reconnect_min_ms: u32,
    /// The longest pause before connecting again.
    pub reconnect_max_ms: u32,
    /// The largest message the terminal may send.
    pub max_message_bytes: u32,
    /// Requests in flight and completions not fetched, together.
    pub max_in_flight: u32,
    /// The terminal's name in the journal; the `url` when not given.
    pub terminal: Option<String>,
    /// How strictly requests are checked.
    pub validation: Validation,
    /// The journal's file; none by default.
    pub journal: Option<String>,
    /// How long acknowledged orders stay in the journal, in days.
    pub journal_keep_days: u32,
}

impl Config {
    /// The defaults for a terminal at `url`.
    ///
    /// The address is checked by [`Config::check`], which [`Terminal::connect`](crate::Terminal::connect) calls.
    pub fn new(url: impl Into<String>) -> Self {
        Config {
            url: url.into(),
            app_id: None,
            connect_timeout_ms: 5_000,
            send_timeout_ms: 10_000,
            order_timeout_ms: 180_000,
            request_timeout_ms: 30_000,
            recovery_timeout_ms: 60_000,
            recovery_interval_ms: 2_000,
            clarify_interval_ms: 30_000,
            ping_interval_ms: 15_000,
            ping_timeout_ms: 10_000,
            reconnect_min_ms: 500,
            reconnect_max_ms: 15_000,
            max_message_bytes: 4_194_304,
            max_in_flight: 1_024,
            terminal: None,
            validation: Validation::Strict,
            journal: None,
            journal_keep_days: 400,
        }
    }

    /// Reads a configuration object, or a bare URL.
    pub fn parse(_text: &str) -> Result<Config> {
        todo!("protocol helper")
    }

    /// Checks every value, as [`Config::parse`] does, and returns where to connect to.
    pub fn check(&self) -> Result<Address> {
        todo!("protocol helper")
    }

    /// The name under which the journal keeps this terminal's orders.
    pub fn terminal_name(&self) -> &str {
        self.terminal.as_deref().unwrap_or(&self.url)
    }
}

/// A `ws://` URL taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A host name or an IP address, IPv6 without its brackets.
    pub host: String,
    /// The port; 35779 when the URL names none.
    pub port: u16,
    /// Path and query, at least `/`.
    pub path: String,
}
