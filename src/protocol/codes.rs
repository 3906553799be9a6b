//! `PROTOCOL.md`'s tables of codes: what each means, what it says of the money, and what the cashier should do.

/// What a code in an order's own answer says of the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Money {
    /// The terminal did its part; `trans_status` says what became of the money.
    AsItsStatus,
    /// Cancelled by a person, and no money moved.
    Cancelled,
    /// It moved.
    Moved,
    /// No money moved.
    NotMoved,
    /// It speaks of earlier payments; this one's money did not move.
    NotOfThisOrder,
    /// The terminal serves somebody else: this order was not accepted.
    NotAccepted,
    /// The number was used before: the answer is about another attempt.
    OtherAttempt,
    /// It may have moved.
    MayHaveMoved,
    /// The code alone proves nothing: the order's record decides.
    RecordDecides,
}

impl Money {
    /// In a few words, for tables that people read.
    pub const fn words(self) -> &'static str {
        match self {
            Money::AsItsStatus => "as trans_status says",
            Money::Cancelled => "not moved, cancelled",
            Money::Moved => "moved",
            Money::NotMoved => "not moved",
            Money::NotOfThisOrder => "not moved; it is about earlier payments",
            Money::NotAccepted => "not moved, not accepted",
            Money::OtherAttempt => "another attempt's",
            Money::MayHaveMoved => "may have moved",
            Money::RecordDecides => "the record decides",
        }
    }
}

/// Where a code is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `response_code`.
    Response,
    /// In brackets in `response_msg`.
    Inner,
    /// Of the gateway or the acquirer: in brackets, or as the `response_code`.
    Gateway,
    /// The beginning of such a code.
    GatewayPrefix,
    /// `trans_status`.
    Status,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Kind; 5] =
        [Kind::Response, Kind::Inner, Kind::Gateway, Kind::GatewayPrefix, Kind::Status];

    /// The word for it in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Response => "response_code",
            Kind::Inner => "inner",
            Kind::Gateway => "gateway",
            Kind::GatewayPrefix => "gateway_prefix",
            Kind::Status => "trans_status",
        }
    }
}

/// One row of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRow {
    /// As the terminal writes it.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What it says of the money.
    pub money: Money,
    /// One sentence for the cashier.
    pub advice: &'static str,
}

const fn row(
    code: &'static str,
    meaning: &'static str,
    money: Money,
    advice: &'static str,
) -> CodeRow {
    CodeRow { code, meaning, money, advice }
}

use Money::{
    AsItsStatus, Cancelled, MayHaveMoved, Moved, NotAccepted, NotMoved, NotOfThisOrder,
    OtherAttempt, RecordDecides,
};

// The advice is shown with whatever outcome was found out, also with `unknown`: none of it suggests another payment
// without naming the outcome that allows it.

/// For everything after which the money may have moved.
pub(super) const LOOK_FIRST: &str = "Do not take the payment again before its outcome is known: look at the terminal, and ask the customer to wait.";
const GO_BY_OUTCOME: &str =
    "Go by the outcome: only if it is declined, offer another card or another way to pay.";
const CALL_SUPPORT: &str =
    "Call the support of the till, and take the payment in another way if the outcome is declined.";
const CHECK_ORIGINAL: &str =
    "Check the number of the original payment, and try again if the outcome is declined.";
const SETTLE_FIRST: &str =
    "Settle the terminal's batch, then try again if the outcome is declined.";
const SIGN_IN: &str = "Sign in on the terminal, then try again if the outcome is declined.";
const CHECK_AMOUNT: &str =
    "Check the amount, then try again with another one if the outcome is declined.";
const REFUND_LEFT: &str =
    "Refund at most what is left of the original payment, and look up what was refunded before.";
const REFUND_INSTEAD: &str =
    "The batch is closed: make a refund instead of a void if the outcome is declined.";
const CARD_SAYS_NO: &str =
    "Ask the customer for another card or another way to pay if the outcome is declined.";
const USED_BEFORE: &str = "This number was used before: look up that payment, and do not take the money again before you know what became of it.";
const NOTHING_TO_DO: &str = "Nothing is left to do.";

/// `response_code`.
#[rustfmt::skip]
pub(super) const RESPONSE_CODES: [CodeRow; 26] = [
    row("000", "success",                                AsItsStatus,   NOTHING_TO_DO),
    row("0",   "success",                                AsItsStatus,   NOTHING_TO_DO),
    row("101", "transaction in progress, try again later", NotAccepted, "Wait until the terminal is free, then send the same payment again with the same number if the outcome is busy."),
    row("102", "transaction cancelled",                  Cancelled,     "The payment was cancelled: start a new one if the outcome is cancelled and the customer still wants to pay."),
    row("103", "transaction successful",                 AsItsStatus,   NOTHING_TO_DO),
    row("104", "transaction does not exist",             NotMoved,      "The terminal knows no such transaction: check its number, and go by the outcome."),
    row("105", "transaction refunded",                   NotMoved,      "The original payment was refunded before: look it up, and do not refund it again."),
    row("106", "transaction failed",                     RecordDecides, GO_BY_OUTCOME),
    row("107", "transaction timeout",                    MayHaveMoved,  LOOK_FIRST),
    row("108", "transaction result unknown",             MayHaveMoved,  LOOK_FIRST),
    row("109", "network anomaly",                        MayHaveMoved,  LOOK_FIRST),
    row("110", "operator cancelled",                     Cancelled,     "The payment was cancelled at the terminal: start a new one if the outcome is cancelled and the customer still wants to pay."),
    row("111", "read card timeout",                      RecordDecides, "No card was presented in time: start a new payment if the outcome is declined."),
    row("112", "QR code timeout",                        MayHaveMoved,  LOOK_FIRST),
    row("113", "duplicate merchant order number",        OtherAttempt,  USED_BEFORE),
    row("114", "unsupported transaction type",           NotMoved,      "This terminal cannot do this kind of transaction: choose another one if the outcome is declined."),
    row("115", "rejected",                               RecordDecides, GO_BY_OUTCOME),
    row("116", "not logged in",                          NotMoved,      SIGN_IN),
    row("117", "unsupported payment scenario",           NotMoved,      "This terminal cannot take this way of paying: choose another one if the outcome is declined."),
    row("118", "token expired",                          NotMoved,      SIGN_IN),
    row("119", "cannot void",                            NotMoved,      "This payment cannot be voided: make a refund instead if the outcome is declined."),
    row("120", "amount out of limit",                    NotMoved,      CHECK_AMOUNT),
    row("121", "incorrect amount format",                NotMoved,      CALL_SUPPORT),
    row("201", "failed to close the transaction",        NotMoved,      "The terminal could not close the payment: look at its screen, and go by the outcome."),
    row("202", "transaction parameter error",            NotMoved,      CALL_SUPPORT),
    row("999", "unknown error",                          MayHaveMoved,  LOOK_FIRST),
];

/// The terminal program's own exceptions.
#[rustfmt::skip]
pub(super) const INNER_CODES: [CodeRow; 25] = [
    row("K009", "unknown exception",                     MayHaveMoved,  LOOK_FIRST),
    row("K015", "record does not exist",                 NotMoved,      CHECK_ORIGINAL),
    row("K016", "transaction types do not match",        NotMoved,      "The original payment is of another kind: look it up, and choose what fits it if the outcome is declined."),
    row("K017", "still processing",                      MayHaveMoved,  LOOK_FIRST),
    row("K018", "another card than the original's",      NotMoved,      "Ask the customer for the card of the original payment, then try again if the outcome is declined."),
    row("K019", "nothing to settle",                     NotMoved,      "There is nothing to settle: go on selling."),
    row("K020", "refund above what is left",             NotMoved,      REFUND_LEFT),
    row("K021", "original not completed",                NotMoved,      "Complete the original payment first, then try again if the outcome is declined."),
    row("K024", "settlement failed, earlier sales are unsettled", NotOfThisOrder, "Settle the terminal's batch again, and call the support if it fails again."),
    row("K025", "sign in first",                         NotMoved,      SIGN_IN),
    row("K026", "cancelled by hand before authorization", Cancelled,    "The payment was cancelled at the terminal: start a new one if the outcome is cancelled and the customer still wants to pay."),
    row("K027", "transaction timeout",                   MayHaveMoved,  LOOK_FIRST),
    row("K028", "original was not by card",              NotMoved,      "The original payment was not made by card: give the money back the way it was paid."),
    row("K029", "battery low",                           NotMoved,      "Charge the terminal, then try again if the outcome is declined."),
    row("K030", "reader not connected",                  NotMoved,      "Connect the card reader, then try again if the outcome is declined."),
    row("K031", "settle first",                          NotMoved,      SETTLE_FIRST),
    row("K032", "EMV parameters not loaded",             NotMoved,      "Load the EMV parameters in the terminal's settings, then try again if the outcome is declined."),
    row("K033", "key missing",                           NotMoved,      "Call the support of the terminal: its keys are missing."),
    row("K035", "fully refunded",                        NotMoved,      REFUND_LEFT),
    row("K036", "automatic reversal successful",         MayHaveMoved,  LOOK_FIRST),
    row("K037", "automatic reversal failed",             MayHaveMoved,  LOOK_FIRST),
    row("K039", "cashback above the limit",              NotMoved,      "Ask the customer for a smaller cashback, then try again if the outcome is declined."),
    row("M003", "invalid amount",                        NotMoved,      CHECK_AMOUNT),
    row("M009", "invalid app_id",                        NotMoved,      CALL_SUPPORT),
    row("N003", "declined",                              NotMoved,      CARD_SAYS_NO),
];

/// Codes of the gateway and of the acquirer.
#[rustfmt::skip]
pub(super) const GATEWAY_CODES: [CodeRow; 11] = [
    row("ET002",  "original or number not found",        RecordDecides, CHECK_ORIGINAL),
    row("ET003",  "original or number not found",        RecordDecides, CHECK_ORIGINAL),
    row("E04110", "original or number not found",        RecordDecides, CHECK_ORIGINAL),
    row("E04111", "original or number not found",        RecordDecides, CHECK_ORIGINAL),
    row("E04112", "merchant order number repeats",       OtherAttempt,  USED_BEFORE),
    row("E04126", "amount too high",                     RecordDecides, CHECK_AMOUNT),
    row("E04130", "amount too high",                     RecordDecides, CHECK_AMOUNT),
    row("E04132", "partial refund not allowed",          RecordDecides, "Refund the whole amount of the original payment if the outcome is declined."),
    row("ET007",  "batch closed",                        RecordDecides, REFUND_INSTEAD),
    row("ET008",  "batch closed",                        RecordDecides, REFUND_INSTEAD),
    row("CF008",  "batch closed",                        RecordDecides, REFUND_INSTEAD),
];

/// How codes of the gateway and of the acquirer begin. A fault of the gateway is never a verdict.
#[rustfmt::skip]
pub(super) const GATEWAY_PREFIXES: [CodeRow; 3] = [
    row("TS-D",   "declined by the acquirer",            RecordDecides, CARD_SAYS_NO),
    row("SYS",    "gateway fault",                       MayHaveMoved,  LOOK_FIRST),
    row("E07",    "gateway fault",                       MayHaveMoved,  LOOK_FIRST),
];

/// `trans_status`, beside a code of success.
#[rustfmt::skip]
pub(super) const STATUSES: [CodeRow; 6] = [
    row("9",   "created",                                MayHaveMoved,  LOOK_FIRST),
    row("0",   "paying or refunding",                    MayHaveMoved,  LOOK_FIRST),
    row("1",   "closed (failed)",                        NotMoved,      CARD_SAYS_NO),
    row("2",   "successful",                             Moved,         NOTHING_TO_DO),
    row("3",   "void (cancelled)",                       Cancelled,     "The payment was cancelled, or paid and voided: go by the outcome."),
    row("4",   "captured",                               Moved,         NOTHING_TO_DO),
];

/// What is said of a code that stands in no table.
pub(super) const UNDOCUMENTED: CodeRow =
    row("", "a code that is not documented", RecordDecides, GO_BY_OUTCOME);

/// Codes that mean "not found" when they answer a query.
pub(super) const NOT_FOUND: [&str; 6] = ["104", "K015", "ET002", "ET003", "E04110", "E04111"];

/// Every row of every table, in the order of the documentation.
pub fn code_rows() -> impl Iterator<Item = (Kind, &'static CodeRow)> {
    Kind::ALL.into_iter().flat_map(|kind| table(kind).iter().map(move |row| (kind, row)))
}

fn table(kind: Kind) -> &'static [CodeRow] {
    match kind {
        Kind::Response => &RESPONSE_CODES,
        Kind::Inner => &INNER_CODES,
        Kind::Gateway => &GATEWAY_CODES,
        Kind::GatewayPrefix => &GATEWAY_PREFIXES,
        Kind::Status => &STATUSES,
    }
}

/// The row of a `response_code`; codes of the gateway, and inner ones, may stand there too.
pub(super) fn response_row(code: &str) -> Option<&'static CodeRow> {
    RESPONSE_CODES.iter().find(|row| row.code == code).or_else(|| inner_row(code))
}

/// Whether `PROTOCOL.md`'s table of response codes has it.
pub(super) fn is_response_code(code: &str) -> bool {
    RESPONSE_CODES.iter().any(|row| row.code == code)
}

/// The row of a code in brackets.
pub(super) fn inner_row(code: &str) -> Option<&'static CodeRow> {
    let is_it = |row: &&CodeRow| row.code.eq_ignore_ascii_case(code);
    let begins = |row: &&CodeRow| {
        code.get(..row.code.len()).is_some_and(|start| start.eq_ignore_ascii_case(row.code))
    };
    INNER_CODES
        .iter()
        .chain(&GATEWAY_CODES)
        .find(is_it)
        .or_else(|| GATEWAY_PREFIXES.iter().find(begins))
}

/// The row of a `trans_status`.
pub(super) fn status_row(status: &str) -> Option<&'static CodeRow> {
    STATUSES.iter().find(|row| row.code == status)
}

/// The code in the brackets of a `response_msg`: `[[K026]...]`, `[M003]`. Its words are in the terminal's language and
/// are never looked at.
///
/// Of several the one after which money may have moved counts, then the last known one, then the last.
pub(super) fn inner_code(message: &str) -> Option<&str> {
    let mut best: Option<(u8, &str)> = None;
    for bracket in message.split('[').skip(1) {
        let Some((inside, _)) = bracket.split_once(']') else { continue };
        let code = inside.trim();
        if !looks_like_a_code(code) {
            continue;
        }
        let weight = match inner_row(code) {
            Some(row) if row.money == MayHaveMoved => 2,
            Some(_) => 1,
            None => 0,
        };
        if best.is_none_or(|(heaviest, _)| weight >= heaviest) {
            best = Some((weight, code));
        }
    }
    best.map(|(_, code)| code)
}

/// Letters first and digits after them, and few of both: `K026`, `TS-D51`.
fn looks_like_a_code(text: &str) -> bool {
    const LONGEST: usize = 24;
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
