//! `DESIGN.md`'s "How an order's own answer is interpreted", as the table it is there.

use super::codes::{self, CodeRow, Money};
use super::value::small_number;
use super::{Outcome, Request, Response, Verdict};

/// What a row asks of `response_code`.
#[derive(Debug, Clone, Copy)]
enum Code {
    Any,
    Success,
    Missing,
    /// Another one than those of success. A known code in brackets, too: none of them is a success.
    Refusing,
    /// One of success, beside a known code in brackets.
    Contradictory,
    /// It, or the code in brackets, says this of the money.
    Says(Money),
    /// The code in brackets, or a `response_code` that is none of the documented ones, says this.
    Inner(Money),
}

/// What a row asks of `trans_status`.
#[derive(Debug, Clone, Copy)]
enum Status {
    Any,
    Missing,
    OneOf(&'static [&'static str]),
}

/// What follows.
#[derive(Debug, Clone, Copy)]
enum Says {
    Is(Outcome),
    Acknowledged,
    ReversedVoid,
    Busy,
    DuplicateNumber,
    /// The order's record is looked at.
    RecordDecides,
    Recovery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Orders,
    Voids,
}

use Code::{Contradictory, Inner, Missing, Refusing, Success};
use Of::{Orders, Voids};
use Outcome::{Approved, Cancelled, Declined};
use Says::{Acknowledged, Busy, DuplicateNumber, Is, RecordDecides, Recovery, ReversedVoid};
use Status::OneOf;

const OPEN: Status = OneOf(&["0", "9"]);
const DONE: Status = OneOf(&["2", "4"]);
const FAILED: Status = OneOf(&["1"]);
const REVERSED: Status = OneOf(&["3"]);

/// The first row that matches an answer applies.
///
/// A number used before is looked at first: whatever comes with it is another attempt's, maybe another till's. A code of
/// success beside a code in brackets contradicts itself, as does one of refusal beside a state of success.
#[rustfmt::skip]
const ROWS: [(Code, Status, Of, Says); 20] = [
    (Code::Says(Money::OtherAttempt),     Status::Any,     Orders, DuplicateNumber),
    (Code::Any,                           OPEN,            Orders, Recovery),
    (Refusing,                            DONE,            Orders, Recovery),
    (Inner(Money::MayHaveMoved),          Status::Any,     Orders, Recovery),
    (Success,                             DONE,            Orders, Is(Approved)),
    (Missing,                             DONE,            Orders, Is(Approved)),
    (Contradictory,                       Status::Missing, Orders, Recovery),
    (Success,                             Status::Missing, Orders, Acknowledged),
    (Success,                             REVERSED,        Voids,  ReversedVoid),
    (Success,                             REVERSED,        Orders, Is(Cancelled)),
    (Success,                             FAILED,          Orders, Is(Declined)),
    (Success,                             Status::Any,     Orders, Recovery),
    (Code::Says(Money::Cancelled),        Status::Any,     Orders, Is(Cancelled)),
    (Code::Says(Money::NotAccepted),      Status::Any,     Orders, Busy),
    (Code::Says(Money::NotMoved),         Status::Any,     Orders, Is(Declined)),
    (Code::Says(Money::NotOfThisOrder),   Status::Any,     Orders, Is(Declined)),
    (Code::Any,                           FAILED,          Orders, Is(Declined)),
    (Code::Says(Money::MayHaveMoved),     Status::Any,     Orders, Recovery),
    (Refusing,                            Status::Missing, Orders, RecordDecides),
    // No code, or a state nobody knows.
    (Code::Any,                           Status::Any,     Orders, Recovery),
];

/// The codes and the state of an answer, looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    code: Option<&'a str>,
    code_row: Option<&'static CodeRow>,
    inner: Option<&'a str>,
    inner_row: Option<&'static CodeRow>,
    status: Option<&'a str>,
}

impl<'a> Said<'a> {
    pub(super) fn of(response: &'a Response<'_>) -> Self {
        Said::from_texts(
            response.code.as_deref(),
            response.message.as_deref(),
            response.trans_status.as_deref(),
        )
    }

    pub(super) fn from_texts(
        code: Option<&'a str>,
        message: Option<&'a str>,
        status: Option<&'a str>,
    ) -> Self {
        let code = code.map(str::trim).filter(|code| !code.is_empty());
        let inner = message.and_then(codes::inner_code);
        Said {
            code,
            code_row: code.and_then(codes::response_row),
            inner,
            inner_row: inner.and_then(codes::inner_row),
            status: status.map(small_number),
        }
    }

    /// The row that explains it best, and whether there is any code that needs an explanation.
    pub(super) fn explained(&self) -> Option<&'static CodeRow> {
        if self.inner.is_none() && (self.code.is_none() || self.is_success()) {
            return None;
        }
        let refusal = self.code_row.filter(|row| row.money != Money::AsItsStatus);
        Some(self.inner_row.or(refusal).unwrap_or(&codes::UNDOCUMENTED))
    }

    pub(super) fn code(&self) -> Option<&'a str> {
        self.code
    }

    pub(super) fn inner(&self) -> Option<&'a str> {
        self.inner
    }

    fn is_success(&self) -> bool {
        self.code_row.is_some_and(|row| row.money == Money::AsItsStatus)
    }

    fn is_refusal(&self) -> bool {
        self.inner_row.is_some() || (self.code.is_some() && !self.is_success())
    }

    fn says(&self, money: Money) -> bool {
        let is_it = |row: Option<&CodeRow>| row.is_some_and(|row| row.money == money);
        is_it(self.code_row) || is_it(self.inner_row)
    }

    /// Whether the state and the codes contradict each other, or the state is open.
    pub(super) fn proves_nothing(&self) -> bool {
        self.is_in(OPEN) || (self.is_in(DONE) && self.is_refusal())
    }

    fn has(&self, code: Code) -> bool {
        match code {
            Code::Any => true,
            Success => self.is_success(),
            Contradictory => self.is_success() && self.is_refusal(),
            Missing => self.code.is_none(),
            Refusing => self.is_refusal(),
            Code::Says(money) => self.says(money),
            Inner(money) => {
                let is_documented = self.code.is_some_and(codes::is_response_code);
                self.inner_row.is_some_and(|row| row.money == money)
                    || (!is_documented && self.says(money))
            }
        }
    }

    fn is_in(&self, status: Status) -> bool {
        match status {
            Status::Any => true,
            Status::Missing => self.status.is_none(),
            OneOf(allowed) => self.status.is_some_and(|status| allowed.contains(&status)),
        }
    }

    /// For a person: what the terminal said.
    fn words(&self) -> String {
        let mut said = Vec::new();
        if let Some(code) = self.code {
            said.push(explained("response_code", code, self.code_row));
        }
        if let Some(inner) = self.inner {
            said.push(explained("code in response_msg", inner, self.inner_row));
        }
        if let Some(status) = self.status {
            said.push(explained("trans_status", status, codes::status_row(status)));
        }
        match said.is_empty() {
            true => "the answer has no response_code".to_owned(),
            false => format!("the terminal answered {}", said.join(", ")),
        }
    }
}

fn explained(field: &str, value: &str, row: Option<&CodeRow>) -> String {
    let meaning = row.map_or("not documented", |row| row.meaning);
    format!("{field} {} ({meaning})", shown(value))
}

/// A terminal's text, fit for a sentence.
fn shown(text: &str) -> String {
    crate::redact::excerpt(text.as_bytes(), 48)
}

/// What the answer to an order says.
pub(super) fn order_verdict(response: &Response<'_>, order: &Request) -> Verdict {
    let said = Said::of(response);
    let row = ROWS.iter().find(|(code, status, of, _)| {
        said.has(*code) && said.is_in(*status) && (*of == Orders || order.is_void())
    });
    match row.map_or(Recovery, |(.., says)| *says) {
        Is(outcome) => Verdict::Settled(outcome),
        Acknowledged => Verdict::Acknowledged,
        ReversedVoid => Verdict::ReversedVoid,
        Busy => Verdict::Busy,
        DuplicateNumber => Verdict::DuplicateNumber,
        RecordDecides => Verdict::Refused(said.words()),
        Recovery => Verdict::Unsettled(said.words()),
    }
}

/// What the answer to a query says.
pub(super) fn query_outcome(response: &Response<'_>) -> Outcome {
    let said = Said::of(response);
    match said.status {
        // "Does not exist" and a state of it cannot both be true.
        Some(_) if said.is_not_found() => Outcome::Unknown,
        Some("2" | "4") => Approved,
        Some("1") => Declined,
        Some("3") => Cancelled,
        Some("0" | "9") => Outcome::InProgress,
        Some(_) => Outcome::Unknown,
        None if said.is_not_found() => Outcome::NotFound,
        None if said.says(Money::NotAccepted) => Outcome::InProgress,
        None => Outcome::Unknown,
    }
}

/// Whether the answer to a query can never be used: it says something, but neither a state nor "not found", "in
/// progress" or that asking again may help.
pub(super) fn query_refused(response: &Response<'_>) -> bool {
    let said = Said::of(response);
    said.status.is_none()
        && said.code.is_some()
        && !said.is_not_found()
        && !said.says(Money::NotAccepted)
        && !said.says(Money::MayHaveMoved)
}

/// The answer to any other topic.
pub(super) fn other_outcome(response: &Response<'_>) -> Outcome {
    match response.code.as_deref().map(str::trim) {
        Some("000" | "0") => Outcome::Ok,
        _ => Outcome::Refused,
    }
}

impl Said<'_> {
    fn is_not_found(&self) -> bool {
        let means_it = |code: Option<&str>| {
            code.is_some_and(|code| {
                codes::NOT_FOUND.iter().any(|known| known.eq_ignore_ascii_case(code))
            })
        };
        means_it(self.code) || means_it(self.inner)
    }
}
