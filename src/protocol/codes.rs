//! What a terminal's codes say of the money.

use super::{Outcome, Response, Verdict};

/// How a `response_code` reads, before `trans_status` has been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It went well; `trans_status` says what did.
    Success,
    /// No money moved.
    Final(Outcome),
    /// It must be found out.
    Open,
}

use Reading::{Final, Open, Success};

const CANCELLED: Reading = Final(Outcome::Cancelled);
const DECLINED: Reading = Final(Outcome::Declined);

/// `PROTOCOL.md`'s table of response codes, and how each reads as the answer to an order.
const CODES: [(&str, &str, Reading); 26] = [
    ("000", "success", Success),
    ("0", "success", Success),
    ("101", "transaction in progress, try again later", Open),
    ("102", "transaction cancelled", CANCELLED),
    ("103", "transaction successful", Success),
    ("104", "transaction does not exist", DECLINED),
    ("105", "transaction refunded", DECLINED),
    ("106", "transaction failed", DECLINED),
    ("107", "transaction timeout", Open),
    ("108", "transaction result unknown", Open),
    ("109", "network anomaly", Open),
    ("110", "operator cancelled", CANCELLED),
    ("111", "read card timeout", DECLINED),
    ("112", "QR code timeout", Open),
    ("113", "duplicate merchant order number", DECLINED),
    ("114", "unsupported transaction type", DECLINED),
    ("115", "rejected", DECLINED),
    ("116", "not logged in", DECLINED),
    ("117", "unsupported payment scenario", DECLINED),
    ("118", "token expired", DECLINED),
    ("119", "cannot void", DECLINED),
    ("120", "amount out of limit", DECLINED),
    ("121", "incorrect amount format", DECLINED),
    ("201", "failed to close the transaction", DECLINED),
    ("202", "transaction parameter error", DECLINED),
    ("999", "unknown error", Open),
];

/// `PROTOCOL.md`'s table of `trans_status`, and what each says.
const STATUSES: [(&str, &str, Outcome); 6] = [
    ("9", "created", Outcome::InProgress),
    ("0", "paying or refunding", Outcome::InProgress),
    ("1", "closed (failed)", Outcome::Declined),
    ("2", "successful", Outcome::Approved),
    ("3", "void (cancelled)", Outcome::Cancelled),
    ("4", "captured", Outcome::Approved),
];

/// How a response message says that time ran out, in small letters.
const TIMEOUT_WORDS: [&str; 7] =
    ["timeout", "time out", "time-out", "timed out", "timed-out", "超时", "超時"];

/// The answer to an order; `DESIGN.md`'s "Outcomes".
pub(super) fn order_verdict(response: &Response<'_>) -> Verdict {
    if let Some(message) = response.message.as_deref().filter(|message| speaks_of_timeout(message))
    {
        return Verdict::Unsettled(format!("the terminal speaks of a timeout: {}", shown(message)));
    }
    let Some(code) = response.code.as_deref() else {
        return Verdict::Unsettled("the answer has no response_code".to_owned());
    };
    let Some((_, meaning, reading)) = CODES.iter().find(|(known, ..)| *known == code) else {
        return Verdict::Unsettled(format!("unknown response_code {}", shown(code)));
    };
    match *reading {
        Success => successful_verdict(code, response.trans_status.as_deref()),
        Open => Verdict::Unsettled(format!("response_code {code}: {meaning}")),
        Final(outcome) => final_verdict(code, meaning, outcome, response.trans_status.as_deref()),
    }
}

/// A success code says that the terminal did its part; what became of the money is in `trans_status`.
fn successful_verdict(code: &str, trans_status: Option<&str>) -> Verdict {
    let Some(status) = trans_status else {
        return Verdict::Settled(Outcome::Approved);
    };
    match status_row(status) {
        Some((_, meaning, Outcome::InProgress)) => Verdict::Unsettled(format!(
            "response_code {code}, but trans_status {status}: {meaning}"
        )),
        Some((.., outcome)) => Verdict::Settled(*outcome),
        None => Verdict::Unsettled(format!(
            "response_code {code}, but an unknown trans_status {}",
            shown(status)
        )),
    }
}

/// A refusal stands, unless the same message says that the money moved: taking either half for the truth could
/// charge a customer twice.
fn final_verdict(
    code: &str,
    meaning: &str,
    outcome: Outcome,
    trans_status: Option<&str>,
) -> Verdict {
    match trans_status.and_then(status_row) {
        Some((status, contrary, Outcome::Approved)) => Verdict::Unsettled(format!(
            "the answer contradicts itself: response_code {code} ({meaning}), trans_status {status} ({contrary})"
        )),
        _ => Verdict::Settled(outcome),
    }
}

/// The answer to a query.
pub(super) fn query_outcome(response: &Response<'_>) -> Outcome {
    match (response.code.as_deref(), response.trans_status.as_deref()) {
        // "Does not exist" and a state of it cannot both be true.
        (Some("104"), Some(_)) => Outcome::Unknown,
        (Some("104"), None) => Outcome::NotFound,
        (_, Some(status)) => status_row(status).map_or(Outcome::Unknown, |(.., outcome)| *outcome),
        (Some("101"), None) => Outcome::InProgress,
        _ => Outcome::Unknown,
    }
}

/// The answer to any other topic.
pub(super) fn other_outcome(response: &Response<'_>) -> Outcome {
    match response.code.as_deref() {
        Some("000" | "0") => Outcome::Ok,
        _ => Outcome::Refused,
    }
}

fn status_row(status: &str) -> Option<&'static (&'static str, &'static str, Outcome)> {
    STATUSES.iter().find(|(known, ..)| *known == status)
}

fn speaks_of_timeout(message: &str) -> bool {
    if message.is_ascii() {
        return TIMEOUT_WORDS.iter().any(|word| contains_in_any_case(message, word));
    }
    let message = message.to_lowercase();
    TIMEOUT_WORDS.iter().any(|word| message.contains(word))
}

/// Of ASCII text.
fn contains_in_any_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// A terminal's text, fit for a sentence.
fn shown(text: &str) -> String {
    crate::redact::excerpt(text.as_bytes(), 120)
}
