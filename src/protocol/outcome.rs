//! The one word for what happened.

#![forbid(unsafe_code)]

/// What became of a request; `DESIGN.md`'s "Outcomes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done, money moved.
    Approved,
    /// The terminal says no.
    Declined,
    /// Given up by a person or by `ecrhub.pay.close`.
    Cancelled,
    /// The terminal has no record of it.
    NotFound,
    /// The terminal serves another customer; this order was not accepted.
    Busy,
    /// Still being paid (queries only).
    InProgress,
    /// Never left this machine.
    NotSent,
    /// Nobody could tell; money may have moved.
    Unknown,
    /// Another topic's request succeeded.
    Ok,
    /// Another topic's request was refused.
    Refused,
}

impl Outcome {
    /// Every outcome, in the order of the documentation.
    pub const ALL: [Outcome; 10] = [
        Outcome::Approved,
        Outcome::Declined,
        Outcome::Cancelled,
        Outcome::NotFound,
        Outcome::Busy,
        Outcome::InProgress,
        Outcome::NotSent,
        Outcome::Unknown,
        Outcome::Ok,
        Outcome::Refused,
    ];

    /// The word used in events and in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Approved => "approved",
            Outcome::Declined => "declined",
            Outcome::Cancelled => "cancelled",
            Outcome::NotFound => "not_found",
            Outcome::Busy => "busy",
            Outcome::InProgress => "in_progress",
            Outcome::NotSent => "not_sent",
            Outcome::Unknown => "unknown",
            Outcome::Ok => "ok",
            Outcome::Refused => "refused",
        }
    }

    /// The terminal's word that no money moved, which it may take back: such an outcome gets a second look.
    pub const fn says_no_money_moved(self) -> bool {
        matches!(self, Outcome::Declined | Outcome::Cancelled | Outcome::NotFound | Outcome::Busy)
    }

    /// The outcome of this name.
    pub fn from_name(name: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
