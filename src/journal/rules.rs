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

    const ORDER: NewOrder<'_> = NewOrder {
        request_id: "r2",
        merchant_order_no: "N",
        terminal: "till",
        request: "{}",
        answer_within_ms: 1_000,
        at_ms: 0,
    };

    /// An order with this number that was settled like this; `sent` is "yes".
    fn known(request_id: &str, number: &str, outcome: Option<Outcome>) -> Entry {
        Entry {
            request_id: request_id.to_owned(),
            merchant_order_no: number.to_owned(),
            terminal: "till".to_owned(),
            request: "{}".to_owned(),
            since_ms: 951_782_400_000,
            answer_within_ms: None,
            earlier_attempt: false,
            outcome,
            sent: "yes".to_owned(),
            response: None,
            error: None,
            recovered: false,
            clarified: false,
            was: None,
            settled_ms: None,
            elapsed_ms: None,
            unknown_ms: None,
            look_ms: None,
            acknowledged_ms: None,
            resolved_ms: None,
            note: None,
        }
    }

    fn settled(outcome: Outcome) -> Entry {
        known("r1", "N", Some(outcome))
    }

    const OF_AN_ORDER: [Outcome; 7] = [
        Outcome::Approved,
        Outcome::Declined,
        Outcome::Cancelled,
        Outcome::NotFound,
        Outcome::Busy,
        Outcome::NotSent,
        Outcome::Unknown,
    ];

    fn why<T>(result: Result<T>, status: Status) -> String {
        let error = result.err().expect("a refusal");
        assert_eq!(error.status(), status, "{error}");
        error.message().to_owned()
    }

    #[test]
    fn a_number_is_free_after_not_sent_and_busy_only() {
        assert!(!begin(&ORDER, &[]).unwrap());
        for outcome in OF_AN_ORDER.into_iter().map(Some).chain([None]) {
            let is_free = matches!(outcome, Some(Outcome::NotSent | Outcome::Busy));
            let began = begin(&ORDER, &[known("r1", "N", outcome)]);
            assert_eq!(began.is_ok(), is_free, "{outcome:?}");
        }
    }

    #[test]
    fn a_request_id_is_free_again_only_if_its_order_was_not_sent() {
        assert!(!begin(&ORDER, &[known("r2", "M", Some(Outcome::NotSent))]).unwrap());
        for outcome in [Outcome::Busy, Outcome::Declined] {
            let refusal = why(begin(&ORDER, &[known("r2", "M", Some(outcome))]), Status::Duplicate);
            assert!(refusal.starts_with("request_id \"r2\" has been used: "), "{refusal}");
        }
    }

    #[test]
    fn an_attempt_under_its_number_that_may_have_arrived_is_an_earlier_one() {
        let not_sent = |sent: &str, earlier_attempt| Entry {
            sent: sent.to_owned(),
            earlier_attempt,
            ..settled(Outcome::NotSent)
        };
        let busy = Entry { sent: "no".to_owned(), ..settled(Outcome::Busy) };
        for (earlier, may_have_arrived) in [
            (not_sent("no", false), false),
            (not_sent("no", true), true),
            (not_sent("maybe", false), true),
            (busy, true),
            // Another number's, which only had the same request_id.
            (Entry { merchant_order_no: "M".to_owned(), ..not_sent("maybe", true) }, false),
        ] {
            assert_eq!(begin(&ORDER, &[earlier]).unwrap(), may_have_arrived);
        }
    }

    #[test]
    fn a_refusal_names_the_order_that_is_in_the_way() {
        let free = known("r0", "N", Some(Outcome::NotSent));
        for (outcome, named) in [(Some(Outcome::Approved), "approved"), (None, "none yet")] {
            let known = [free.clone(), known("r1", "N", outcome)];
            assert_eq!(
                why(begin(&ORDER, &known), Status::Duplicate),
                format!(
                    "merchant_order_no \"N\" has been used: by the order of 2000-02-29 00:00:00 UTC on terminal \
                     \"till\" with request_id \"r1\" and merchant_order_no \"N\", outcome {named}; a new order \
                     needs a number of its own"
                )
            );
        }
    }

    #[test]
    fn an_order_gets_one_outcome_which_may_be_written_again_and_not_over() {
        for outcome in OF_AN_ORDER {
            let open = known("r1", "N", None);
            assert_eq!(settle("r1", Some(&open), outcome).unwrap(), Step::Write, "{outcome}");
            assert_eq!(settle("r1", Some(&settled(outcome)), outcome).unwrap(), Step::Nothing);
            let other =
                if outcome == Outcome::Approved { Outcome::Unknown } else { Outcome::Approved };
            let clarified = Entry { was: Some(outcome), ..settled(other) };
            assert_eq!(settle("r1", Some(&clarified), outcome).unwrap(), Step::Nothing);
            let refusal = why(settle("r1", Some(&settled(other)), outcome), Status::Journal);
            assert!(refusal.contains(&format!("{outcome} is not written over it")), "{refusal}");
        }
    }

    #[test]
    fn what_ends_no_order_is_never_written() {
        for outcome in [Outcome::InProgress, Outcome::Ok, Outcome::Refused] {
            let open = known("r1", "N", None);
            let refusal = why(settle("r1", Some(&open), outcome), Status::Journal);
            assert_eq!(refusal, format!("\"{outcome}\" is not what an order can end with"));
            why(clarify("r1", Some(&settled(Outcome::Unknown)), outcome), Status::Journal);
        }
    }

    #[test]
    fn an_order_that_is_not_there_is_named() {
        let no_such = "the journal has no order with the request_id \"r1\"";
        assert_eq!(why(settle("r1", None, Outcome::Approved), Status::Journal), no_such);
        assert_eq!(why(clarify("r1", None, Outcome::Approved), Status::Journal), no_such);
        assert_eq!(why(acknowledge("r1", None, Outcome::Declined), Status::Argument), no_such);
        assert_eq!(why(resolve("r1", None, Outcome::Approved), Status::Argument), no_such);
    }

    #[test]
    fn a_correction_is_written_until_a_person_has_decided() {
        let approved = Outcome::Approved;
        for outcome in [None, Some(Outcome::Unknown), Some(Outcome::Declined)] {
            let entry = known("r1", "N", outcome);
            assert_eq!(clarify("r1", Some(&entry), approved).unwrap(), Step::Write);
        }
        assert_eq!(clarify("r1", Some(&settled(approved)), approved).unwrap(), Step::Nothing);
        let resolved = Entry { resolved_ms: Some(0), ..settled(Outcome::Declined) };
        let refusal = why(clarify("r1", Some(&resolved), approved), Status::Journal);
        assert!(refusal.contains("resolved as declined by a person on 1970-01-01"), "{refusal}");
        let refusal =
            why(clarify("r1", Some(&settled(approved)), Outcome::Unknown), Status::Journal);
        assert!(refusal.contains("clarifies nothing"), "{refusal}");
    }

    #[test]
    fn an_outcome_is_acknowledged_once_there_is_one() {
        let open = known("r1", "N", None);
        assert!(
            why(acknowledge("r1", Some(&open), Outcome::Declined), Status::Argument)
                .contains("has no outcome yet")
        );
        let told = settled(Outcome::Declined);
        assert_eq!(acknowledge("r1", Some(&told), Outcome::Declined).unwrap(), Step::Write);
        let acknowledged = Entry { acknowledged_ms: Some(0), ..told };
        assert_eq!(
            acknowledge("r1", Some(&acknowledged), Outcome::Declined).unwrap(),
            Step::Nothing
        );
    }

    #[test]
    fn a_person_decides_about_an_unknown_order_and_only_what_an_order_can_be() {
        let unknown = settled(Outcome::Unknown);
        for outcome in OF_AN_ORDER.into_iter().chain([Outcome::InProgress, Outcome::Ok]) {
            let is_a_decision = matches!(
                outcome,
                Outcome::Approved | Outcome::Declined | Outcome::Cancelled | Outcome::NotFound
            );
            assert_eq!(resolve("r1", Some(&unknown), outcome).is_ok(), is_a_decision, "{outcome}");
        }
        let refusal =
            why(resolve("r1", Some(&settled(Outcome::Busy)), Outcome::Approved), Status::Argument);
        assert!(refusal.ends_with("the outcome of \"r1\" is busy"), "{refusal}");
    }

    #[test]
    fn dates_read_as_a_calendar_has_them() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(-1), "1969-12-31 23:59:59 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(-62_162_035_200_000), "0000-03-01 00:00:00 UTC");
        assert_eq!(utc(-2_203_891_200_000), "1900-03-01 00:00:00 UTC");
        assert_eq!(utc(1_698_302_992_263), "2023-10-26 06:49:52 UTC");
        assert_eq!(utc(4_102_444_799_999), "2099-12-31 23:59:59 UTC");
        utc(i64::MIN);
        utc(i64::MAX);
    }
}
