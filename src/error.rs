//! Statuses, and the one error type every room of the library returns.

#![forbid(unsafe_code)]

use std::fmt;

/// What a call of the C API returned. The numbers and names are part of the ABI and append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// Nothing came within the given time.
    Timeout = 1,
    /// A wait was ended by a wake-up or because the handle ended.
    Interrupted = 2,
    /// The outcome has changed meanwhile; the new one is delivered.
    Outdated = 3,
    /// There is no such value.
    Nothing = 4,
    /// An argument is NULL, not UTF-8 or out of range.
    Argument = -1,
    /// The handle is not, or no longer, a terminal.
    Handle = -2,
    /// The configuration is refused.
    Config = -3,
    /// The text is not JSON, or not a JSON object.
    Json = -4,
    /// The request breaks the protocol.
    Request = -5,
    /// The `merchant_order_no` or `request_id` has been used.
    Duplicate = -6,
    /// The caller's buffer is too small.
    BufferTooSmall = -7,
    /// Too many requests in flight, or completions not fetched.
    Busy = -8,
    /// The journal cannot be opened, read or written.
    Journal = -9,
    /// The handle belongs to the parent process.
    Forked = -10,
    /// Not available on this system or at this place.
    Unsupported = -11,
    /// A bug in the library; a panic that was caught.
    Internal = -12,
    /// The terminal could not be reached, went away, or said something that cannot be used.
    /// Only inside events: no function returns it.
    Terminal = -13,
}

impl Status {
    /// Every status there is, in the order of the documentation.
    pub const ALL: [Status; 18] = [
        Status::Ok,
        Status::Timeout,
        Status::Interrupted,
        Status::Outdated,
        Status::Nothing,
        Status::Argument,
        Status::Handle,
        Status::Config,
        Status::Json,
        Status::Request,
        Status::Duplicate,
        Status::BufferTooSmall,
        Status::Busy,
        Status::Journal,
        Status::Forked,
        Status::Unsupported,
        Status::Internal,
        Status::Terminal,
    ];

    /// The number as the C API returns it.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The constant's name in the C header.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Ok => "ECRHUB_OK",
            Status::Timeout => "ECRHUB_TIMEOUT",
            Status::Interrupted => "ECRHUB_INTERRUPTED",
            Status::Outdated => "ECRHUB_OUTDATED",
            Status::Nothing => "ECRHUB_NOTHING",
            Status::Argument => "ECRHUB_ERR_ARGUMENT",
            Status::Handle => "ECRHUB_ERR_HANDLE",
            Status::Config => "ECRHUB_ERR_CONFIG",
            Status::Json => "ECRHUB_ERR_JSON",
            Status::Request => "ECRHUB_ERR_REQUEST",
            Status::Duplicate => "ECRHUB_ERR_DUPLICATE",
            Status::BufferTooSmall => "ECRHUB_ERR_BUFFER_TOO_SMALL",
            Status::Busy => "ECRHUB_ERR_BUSY",
            Status::Journal => "ECRHUB_ERR_JOURNAL",
            Status::Forked => "ECRHUB_ERR_FORKED",
            Status::Unsupported => "ECRHUB_ERR_UNSUPPORTED",
            Status::Internal => "ECRHUB_ERR_INTERNAL",
            Status::Terminal => "ECRHUB_ERR_TERMINAL",
        }
    }
}

/// Why a call was refused. Nothing was changed by the refused call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

impl Error {
    /// An error of this status, with a sentence that names what is wrong, where, and what is allowed.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Error { status, message: message.into() }
    }

    /// Which rule was broken.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The sentence for a person.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.status.name())
    }
}

impl std::error::Error for Error {}

/// `Result` with the library's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where on the way between till and terminal something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Looking up the terminal's name.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// The WebSocket handshake.
    Handshake,
    /// Waiting to send, or sending.
    Send,
    /// Waiting for an answer, or reading it.
    Receive,
    /// The terminal stopped answering pings.
    Heartbeat,
    /// The terminal answered, and the answer settles nothing.
    Terminal,
    /// The journal.
    Journal,
    /// Finding out what became of an order.
    Recovery,
}

impl Stage {
    /// Every stage there is.
    pub const ALL: [Stage; 9] = [
        Stage::Resolve,
        Stage::Connect,
        Stage::Handshake,
        Stage::Send,
        Stage::Receive,
        Stage::Heartbeat,
        Stage::Terminal,
        Stage::Journal,
        Stage::Recovery,
    ];

    /// The word used in events.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Resolve => "resolve",
            Stage::Connect => "connect",
            Stage::Handshake => "handshake",
            Stage::Send => "send",
            Stage::Receive => "receive",
            Stage::Heartbeat => "heartbeat",
            Stage::Terminal => "terminal",
            Stage::Journal => "journal",
            Stage::Recovery => "recovery",
        }
    }
}

/// The `error` object of an event: what went wrong without any call having been refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind.
    pub status: Status,
    /// Where it happened.
    pub stage: Stage,
    /// A sentence for a person.
    pub message: String,
}

impl Fault {
    /// A fault with a sentence for a person.
    pub fn new(status: Status, stage: Stage, message: impl Into<String>) -> Self {
        Fault { status, stage, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage.name(), self.message)
    }
}
