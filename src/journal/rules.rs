//! What may follow what: the one place that decides whether a write is allowed, for every kind of journal.

#![forbid(unsafe_code)]

use super::{Entry, NewOrder};
use crate::error::{Error, Result, Status};
use crate::protocol::Outcome;

/// What an allowed call has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Write it down.
    Write,
    /// Nothing: it is written down already.
    Nothing,
    /// Nothing: the outcome that the caller names is not the present one.
    Outdated,
}

fn refused(message: String) -> Error {
    Error::new(Status::Journal, message)
}

fn argument(message: String) -> Error {
    Error::new(Status::Argument, message)
}

fn outcome_name(entry: &Entry) -> &'static str {
    entry.outcome.map_or("none yet", Outcome::name)
}

/// Whether an order may be written down, given each order that has its number or its `request_id`.
/// Those it was given are then replaced. True if one of them was an earlier attempt that may have reached the terminal.
pub(super) fn begin(order: &NewOrder<'_>, known: &[Entry]) -> Result<bool> {
    let has_its_number = |entry: &Entry| entry.merchant_order_no == order.merchant_order_no;
    let gives_way = |entry: &Entry| match entry.outcome {
        Some(Outcome::NotSent) => true,
        Some(Outcome::Busy) => has_its_number(entry),
        _ => false,
    };
    let Some(earlier) = known.iter().find(|entry| !gives_way(entry)) else {
        let may_have_arrived = |entry: &Entry| {
            entry.earlier_attempt || entry.outcome == Some(Outcome::Busy) || entry.sent != "no"
        };
        return Ok(known.iter().any(|entry| has_its_number(entry) && may_have_arrived(entry)));
    };
    let what = if earlier.merchant_order_no == order.merchant_order_no {
        format!("merchant_order_no \"{}\"", order.merchant_order_no)
    } else {
        format!("request_id \"{}\"", order.request_id)
    };
    Err(Error::new(
        Status::Duplicate,
        format!(
            "{what} has been used: by the order of {} on terminal \"{}\" with request_id \"{}\" and \
             merchant_order_no \"{}\", outcome {}; a new order needs a number of its own",
            utc(earlier.since_ms),
            earlier.terminal,
            earlier.request_id,
            earlier.merchant_order_no,
            outcome_name(earlier),
        ),
    ))
}

/// Only an order's outcomes are written down: a query's `in_progress` must never end an order.
fn is_of_an_order(outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Approved
        | Outcome::Declined
        | Outcome::Cancelled
        | Outcome::NotFound
        | Outcome::Busy
        | Outcome::NotSent
        | Outcome::Unknown => Ok(()),
        Outcome::InProgress | Outcome::Ok | Outcome::Refused => {
            Err(refused(format!("\"{outcome}\" is not what an order can end with")))
        }
    }
}

pub(super) fn settle(request_id: &str, found: Option<&Entry>, outcome: Outcome) -> Result<Step> {
    is_of_an_order(outcome)?;
    let entry = found.ok_or_else(|| refused(no_such(request_id)))?;
    match entry.outcome {
        None => Ok(Step::Write),
        Some(present) if present == outcome || entry.was == Some(outcome) => Ok(Step::Nothing),
        Some(present) => Err(refused(format!(
            "the order \"{request_id}\" has had the outcome {present} since {}; {outcome} is not written over it",
            utc(entry.settled_ms.unwrap_or(entry.since_ms)),
        ))),
    }
}

pub(super) fn clarify(request_id: &str, found: Option<&Entry>, outcome: Outcome) -> Result<Step> {
    is_of_an_order(outcome)?;
    let entry = found.ok_or_else(|| refused(no_such(request_id)))?;
    if outcome == Outcome::Unknown {
        return Err(refused(format!(
            "\"unknown\" clarifies nothing about the order \"{request_id}\""
        )));
    }
    match (entry.resolved_ms, entry.outcome) {
        (Some(at), _) => Err(refused(format!(
            "the order \"{request_id}\" was resolved as {} by a person on {}; {outcome} is not written over it",
            outcome_name(entry),
            utc(at),
        ))),
        (None, Some(present)) if present == outcome => Ok(Step::Nothing),
        // Without an outcome: the one it corrects could not be written.
        (None, _) => Ok(Step::Write),
    }
}

pub(super) fn acknowledge(
    request_id: &str,
    found: Option<&Entry>,
    outcome: Outcome,
) -> Result<Step> {
    let entry = found.ok_or_else(|| argument(no_such(request_id)))?;
    match (entry.outcome, entry.acknowledged_ms) {
        (None, _) => Err(argument(format!(
            "the order \"{request_id}\" has no outcome yet, there is nothing to acknowledge"
        ))),
        (Some(present), _) if present != outcome => Ok(Step::Outdated),
        (Some(_), None) => Ok(Step::Write),
        (Some(_), Some(_)) => Ok(Step::Nothing),
    }
}

pub(super) fn resolve(request_id: &str, found: Option<&Entry>, outcome: Outcome) -> Result<()> {
    if !matches!(
        outcome,
        Outcome::Approved | Outcome::Declined | Outcome::Cancelled | Outcome::NotFound
    ) {
        return Err(argument(format!(
            "an order is resolved as approved, declined, cancelled or not_found, not as {outcome}"
        )));
    }
    let entry = found.ok_or_else(|| argument(no_such(request_id)))?;
    if entry.outcome != Some(Outcome::Unknown) {
        return Err(argument(format!(
            "only an order that is unknown can be resolved; the outcome of \"{request_id}\" is {}",
            outcome_name(entry),
        )));
    }
    Ok(())
}

fn no_such(request_id: &str) -> String {
    format!("the journal has no order with the request_id \"{request_id}\"")
}

/// Epoch milliseconds as `2026-01-31 23:59:59 UTC`, for a person.
pub(super) fn utc(ms: i64) -> String {
    let seconds = ms.div_euclid(1_000);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, so that a leap day is the last of its year; 146,097 days make 400 years.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day_of_month:02} {:02}:{:02}:{:02} UTC",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_a_calendar_has_them() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(-1), "1969-12-31 23:59:59 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_698_302_992_263), "2023-10-26 06:49:52 UTC");
        assert_eq!(utc(4_102_444_799_999), "2099-12-31 23:59:59 UTC");
        utc(i64::MIN);
        utc(i64::MAX);
    }
}
