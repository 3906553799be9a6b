//! Events and outcomes in plain words, with what they oblige the till to do.

use ecrhub::protocol::{CLOSE, ORDER, QUERY};
use ecrhub::{Clarified, Code, Completed, Difference, Event, EventKind, Outcome};

use crate::clock;
use crate::out::{pairs, plain};

/// What was asked, as far as it changes the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Sale,
    Void,
    Refund,
    Authorization,
    Completion,
    Cashback,
    /// An order of some other kind.
    Order,
    Query,
    Close,
    Other,
}

impl Deed {
    pub fn of(topic: &str, trans_type: Option<&str>) -> Deed {
        match (topic, trans_type) {
            (ORDER, Some("1")) => Deed::Sale,
            (ORDER, Some("2")) => Deed::Void,
            (ORDER, Some("3")) => Deed::Refund,
            (ORDER, Some("4")) => Deed::Authorization,
            (ORDER, Some("6")) => Deed::Completion,
            (ORDER, Some("11")) => Deed::Cashback,
            (ORDER, _) => Deed::Order,
            (QUERY, _) => Deed::Query,
            (CLOSE, _) => Deed::Close,
            _ => Deed::Other,
        }
    }

    pub fn is_order(self) -> bool {
        !matches!(self, Deed::Query | Deed::Close | Deed::Other)
    }

    pub fn name(self) -> &'static str {
        match self {
            Deed::Sale => "Sale",
            Deed::Void => "Void",
            Deed::Refund => "Refund",
            Deed::Authorization => "Authorization",
            Deed::Completion => "Completion",
            Deed::Cashback => "Sale with cashback",
            Deed::Order => "Order",
            Deed::Query => "Query",
            Deed::Close => "Close",
            Deed::Other => "Request",
        }
    }
}

/// What an outcome means, and what the till has to do now.
pub fn duty(deed: Deed, outcome: Outcome) -> &'static str {
    match (outcome, deed) {
        (Outcome::Approved, Deed::Void) => "The transaction is taken back. Record it.",
        (Outcome::Approved, Deed::Refund) => "The money goes back to the customer. Record it.",
        (Outcome::Approved, Deed::Authorization) => "The amount is held. Record it.",
        (Outcome::Approved, Deed::Query) => "The order went through.",
        (Outcome::Approved, _) => "The money has moved. Record it.",
        (Outcome::Declined, Deed::Query) => "The order was declined: no money moved.",
        (Outcome::Declined, _) => "No money moved. Try again with a new order number.",
        (Outcome::Cancelled, Deed::Query) => "The order was given up: no money moved.",
        (Outcome::Cancelled, _) => {
            "It was given up, no money moved. Try again with a new order number."
        }
        (Outcome::NotFound, Deed::Query) => "The terminal has no record of this number.",
        (Outcome::NotFound, _) => {
            "The terminal has no record of it: no money moved. Try again with a new order number."
        }
        (Outcome::Busy, _) => {
            "The terminal is serving another customer. Send it again with the same order number, not with a new one."
        }
        (Outcome::InProgress, _) => "It is still being paid. Ask again.",
        (Outcome::NotSent, _) => "It never left this machine. It may be sent again.",
        (Outcome::Unknown, Deed::Query) => {
            "The terminal did not say what became of the order. Ask again."
        }
        (Outcome::Unknown, deed) if deed.is_order() => {
            "MONEY MAY HAVE MOVED. Do not sell again: look at the terminal's own records first."
        }
        (Outcome::Unknown, _) => "Nobody could tell whether the terminal did it.",
        (Outcome::Ok, Deed::Close) => {
            "The terminal no longer waits for it. What became of the order, query tells."
        }
        (Outcome::Ok, _) => "Done.",
        (Outcome::Refused, Deed::Close) => "The terminal did not give it up.",
        (Outcome::Refused, _) => "The terminal refused.",
    }
}

/// The outcome's word, in the colour of its consequence.
fn headline(outcome: Outcome) -> String {
    let colour = match outcome {
        Outcome::Approved | Outcome::Ok => 32,
        Outcome::Unknown => 35,
        Outcome::InProgress | Outcome::Busy => 33,
        _ => 31,
    };
    format!("\u{1b}[1;{colour}m{}\u{1b}[0m", capitals(outcome))
}

fn capitals(outcome: Outcome) -> String {
    outcome.name().replace('_', " ").to_uppercase()
}

/// Fields of the answer that a person wants to see, in this order.
const SHOWN: &[(&str, &str)] = &[
    ("Amount", "order_amount"),
    ("Tip", "tip_amount"),
    ("Cashback", "cashback_amount"),
    ("Total", "total_amount"),
    ("Currency", "price_currency"),
    ("Transaction", "trans_no"),
    ("Reference", "ref_no"),
    ("Method", "pay_method_id"),
    ("Card", "card_no"),
    ("Brand", "card_brand"),
    ("Entry", "entry_mode"),
    ("Authorization", "auth_code"),
    ("Ended", "trans_end_time"),
    ("Attached", "attach"),
];

/// Everything about a completed request.
pub fn result(deed: Deed, done: &Completed) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some(number) = &done.merchant_order_no {
        rows.push(("Order", plain(number)));
    }
    for (label, name) in SHOWN {
        if let Some(value) = done.field(name) {
            rows.push((label, plain(&value)));
        }
    }
    let is_good = matches!(done.outcome, Outcome::Approved | Outcome::Ok);
    if let Some(said) = said(done).filter(|_| !is_good) {
        rows.push(("Terminal says", said));
    }
    if let Some(Code { text, advice, .. }) = done.code().filter(|_| !is_good) {
        rows.push(("Meaning", plain(&text)));
        rows.push(("Advice", plain(&advice)));
    }
    if let Some(error) = &done.error {
        rows.push(("Reason", plain(&error.to_string())));
    }
    rows.push(("Took", took(done)));
    let warning = warning(&done.differs).map(|text| format!("{text}\n")).unwrap_or_default();
    format!("{}  {}\n{warning}{}", headline(done.outcome), duty(deed, done.outcome), pairs(&rows))
}

/// An approved order that is not the order that was sent.
pub fn warning(differs: &[Difference]) -> Option<String> {
    let each = differs.iter().map(|Difference { field, asked, answered }| {
        format!("{field} is {}, not {}", plain(answered), plain(asked))
    });
    let each = each.collect::<Vec<_>>().join(", ");
    (!each.is_empty()).then(|| format!("WARNING: the terminal approved something else: {each}."))
}

/// A corrected outcome, so that nobody overlooks it: what it was, what it is, and what that means for the till.
pub fn correction(clarified: &Clarified) -> String {
    let number = clarified.merchant_order_no.as_deref().unwrap_or(&clarified.request_id);
    let (was, is) = (capitals(clarified.was), capitals(clarified.outcome));
    let warning = warning(&clarified.differs).map(|text| format!(" {text}")).unwrap_or_default();
    format!(
        "*** CORRECTION: order {} was reported as {was} and is {is}. {}{warning} ***",
        plain(number),
        correction_duty(clarified.was, clarified.outcome)
    )
}

fn correction_duty(was: Outcome, is: Outcome) -> &'static str {
    match (was, is) {
        (Outcome::Unknown, Outcome::Approved) => "The money has moved. Record it.",
        (_, Outcome::Approved) => {
            "The money has moved. Record it; if it was sold again under another number, give one payment back."
        }
        (Outcome::Approved, Outcome::Unknown) => {
            "Nobody can tell whether the payment stands: look at the terminal's own records."
        }
        (Outcome::Approved, _) => "The payment does not stand: the goods are not paid.",
        (_, Outcome::Unknown) => {
            "MONEY MAY HAVE MOVED. Do not sell again: look at the terminal's own records first."
        }
        _ => "No money moved.",
    }
}

fn said(done: &Completed) -> Option<String> {
    let words: Vec<String> =
        [done.response_code(), done.response_msg()].into_iter().flatten().collect();
    (!words.is_empty()).then(|| plain(&words.join(" ")))
}

fn took(done: &Completed) -> String {
    let seconds = done.elapsed_ms / 1_000;
    let tenths = done.elapsed_ms % 1_000 / 100;
    let found_out = if done.recovered { ", found out afterwards" } else { "" };
    let again = if done.retold { ", told before and not acknowledged" } else { "" };
    format!("{seconds}.{tenths} s{found_out}{again}")
}

/// What comes after an order that is unknown.
pub fn after_unknown(number: &str, has_journal: bool) -> String {
    let number = plain(number);
    let ask = format!("Ask the terminal:   ecrhub query {number}");
    if has_journal {
        format!(
            "{ask}\nThen write it down: ecrhub journal resolve {number} approved\n\
             (or declined, cancelled, not_found; each with the connection's options of this command)"
        )
    } else {
        format!("{ask}\n(with the connection's options of this command)")
    }
}

/// An order that was left before its outcome was known.
pub fn left_open(number: &str, has_journal: bool) -> String {
    let number = plain(number);
    let later = if has_journal {
        "\nThe next command with this journal that takes an order, or watch, finds out what became of it."
    } else {
        ""
    };
    format!(
        "order {number} is OPEN, the customer may still pay.\nAsk for it: ecrhub query {number}{later}"
    )
}

/// An event in one line, without its time.
pub fn event(event: &Event) -> String {
    let number = |number: &Option<String>, id: &str| plain(number.as_deref().unwrap_or(id));
    match &event.kind {
        EventKind::Connected { url } => format!("connected to {}", plain(url)),
        EventKind::Disconnected { error, retry_in_ms } => {
            let tenths = retry_in_ms.div_ceil(100);
            let (seconds, tenth) = (tenths / 10, tenths % 10);
            format!(
                "not connected: {}; trying again in {seconds}.{tenth} s",
                plain(&error.to_string())
            )
        }
        EventKind::Completed(done) => {
            let deed = Deed::of(&done.topic, done.field("trans_type").as_deref());
            let again = if done.retold { " (told before)" } else { "" };
            let warning = warning(&done.differs).map(|text| format!(" {text}")).unwrap_or_default();
            format!(
                "{} {}: {}{again}. {}{warning}",
                deed.name().to_lowercase(),
                number(&done.merchant_order_no, &done.request_id),
                done.outcome,
                duty(deed, done.outcome)
            )
        }
        EventKind::Recovering { request_id, merchant_order_no, reason } => format!(
            "order {}: finding out what became of it ({})",
            number(merchant_order_no, request_id),
            plain(reason)
        ),
        EventKind::Clarified(clarified) => correction(clarified),
        EventKind::Message { message, late_for } => {
            let late = late_for.as_ref().map(|id| format!(", late for {}", plain(id)));
            format!("the terminal says{}: {}", late.unwrap_or_default(), plain(message))
        }
        EventKind::ProtocolError { detail, raw } => {
            format!("the terminal says what is no message ({}): {}", plain(detail), plain(raw))
        }
    }
}

/// An event in one line, with its time.
pub fn event_with_time(what: &Event) -> String {
    format!("{}  {}", clock::time(what.at), event(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clarified(was: Outcome, outcome: Outcome) -> Clarified {
        Clarified {
            request_id: "R1".to_owned(),
            merchant_order_no: Some("A1".to_owned()),
            outcome,
            was,
            differs: Vec::new(),
            second_look: false,
            description: None,
            response: None,
            retold: false,
        }
    }

    #[test]
    fn a_correction_says_what_it_was_what_it_is_and_what_to_do() {
        let said = |was, is| correction(&clarified(was, is));
        let late = said(Outcome::NotFound, Outcome::Approved);
        assert!(late.contains("order A1 was reported as NOT FOUND and is APPROVED"), "{late}");
        assert!(late.contains("sold again under another number"), "{late}");
        let reversed = said(Outcome::Approved, Outcome::Cancelled);
        assert!(reversed.contains("the goods are not paid"), "{reversed}");
        assert!(said(Outcome::Unknown, Outcome::Declined).contains("No money moved"));
        assert!(said(Outcome::Declined, Outcome::Unknown).contains("MONEY MAY HAVE MOVED"));
    }

    #[test]
    fn a_busy_terminal_asks_for_the_same_number() {
        assert!(duty(Deed::Sale, Outcome::Busy).contains("the same order number"));
    }

    #[test]
    fn a_partial_approval_is_a_warning() {
        let part = Difference {
            field: "order_amount",
            asked: "30.00".to_owned(),
            answered: "20.00\u{1b}".to_owned(),
        };
        assert_eq!(
            warning(&[part]).unwrap(),
            "WARNING: the terminal approved something else: order_amount is 20.00\u{fffd}, not 30.00."
        );
        assert_eq!(warning(&[]), None);
    }
}
