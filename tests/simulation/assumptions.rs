//! What must be true of the world for the library's words to be true. Everything else may go wrong.
//!
//! This is the one place where the simulated world is kept honest; `docs/simulation.md` says what happens where one
//! of these does not hold.

/// What is assumed, and what happens if it does not hold. The names are for the other rooms' comments and for
/// `docs/simulation.md`.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assumption {
    /// One connection carries bytes in order and once, or not at all; that is TCP.
    /// Otherwise a terminal that keeps no numbers could be made to charge twice.
    TcpIsTcp,
    /// A number is used for one order only, on all tills of a terminal.
    /// Otherwise an answer about the other order can be taken for this one's where amount and type agree.
    NumbersAreUnique,
    /// What the disk said was written is there after a crash.
    /// Otherwise an order may be forgotten, with what became of it.
    DiskKeepsItsWord,
    /// A terminal keeps its records of what was charged.
    /// Otherwise `not_found` may be told of an order that was charged.
    TerminalKeepsRecords,
    /// What a terminal says of a number it names is true when it says it.
    /// Otherwise nobody but the bank can know.
    TerminalSaysTheTruth,
    /// A terminal that accepted a close of an order it had charges that number no more.
    /// Otherwise `declined` or `cancelled` may be told of an order that is charged later.
    ClosedStaysClosed,
    /// A terminal that accepted a close of a number it did not know refuses that number later; or else, bytes of a
    /// dead connection reach it within `recovery_timeout_ms` of the connection's end, or never.
    /// Otherwise `not_found` may be told of an order whose frame arrives, and is charged, afterwards.
    LateBytesAreBounded,
}

/// How long after its end a connection's bytes may still arrive at a terminal that forgets a close.
/// See [`Assumption::LateBytesAreBounded`].
pub const fn late_bytes_ms(closes_are_forgotten: bool, recovery_timeout_ms: u64) -> u64 {
    if closes_are_forgotten { recovery_timeout_ms } else { ANY_TIME_MS }
}

/// Stands for "at any time": how late bytes come to a terminal where it does not matter.
const ANY_TIME_MS: u64 = 15 * 60_000;

/// A round trip longer than this counts as trouble: nobody may demand to have heard the answer in time.
pub const PROMPT_MS: u64 = 900;

/// How old an order may be for the library still to ask about it.
pub const CLARIFIED_FOR_MS: u64 = 86_400_000;
