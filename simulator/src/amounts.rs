//! The test amounts: the cents of `order_amount` choose what the terminal does; for some cents the units choose among a
//! family of rows.
//!
//! One table makes the [`Behaviour`] type, the names the control API knows, the output of `--amounts` and the table in
//! `docs/simulator.md`.

use std::fmt;

use crate::mangle::Mangle;

/// How long the customer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Nothing,
    Think,
    Slow,
    VerySlow,
    Forever,
}

/// What becomes of the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Paid,
    Failed,
    Cancelled,
}

/// What goes wrong besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// Refused as busy, nothing is taken.
    Busy,
    /// The link is cut and the order is not taken.
    CutFirst,
    /// The order is read and nothing follows.
    Ignore,
    CutPaying {
        push: bool,
    },
    CutAfter {
        push: bool,
    },
    CutInside,
    Restart,
    PowerLoss,
    Freeze,
    Lost,
    NotClosable,
    HiddenWhilePaying,
    QueryAmount,
    QueryNumber,
    QuerySilent,
    Twice,
    GarbageFirst,
    GarbageOnly,
    WrongNumber,
    WrongRequestId,
    NotObject,
    BrokenFrame,
    BadUtf8,
    Huge,
    TimeoutText,
    Unsettled,
    NoStatus,
    NoCode,
    /// The answer says success, and `trans_status` says what really was.
    SaysSuccess,
    /// The answer's text ends in this inner code.
    Inner(&'static str),
    /// The order's own answer is spoilt.
    Mangled(Mangle),
    /// Refused first; charged later, with an answer of its own. Hidden: no record before that.
    PaidLater {
        hidden: bool,
    },
    /// Waits; after an accepted close it is charged all the same, with an answer of its own.
    CloseThenPaid,
    /// No record until it is charged, and closes are those of an unknown number.
    Unseen,
    /// Approved; later the record reads reversed.
    ReversedLater,
    /// Approved by the host, and waits for the signature; a query says this status meanwhile.
    Signature {
        status: u8,
    },
    /// A success code without a status as the order is taken, what came of it later, or never.
    Acknowledged {
        lost: bool,
    },
    Partial,
    TipApart,
    TipIncluded,
    OtherCurrency,
    OtherType,
}

/// What a behaviour is made of; the model reads nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub wait: Wait,
    pub ends: Ends,
    pub code: &'static str,
    pub fault: Fault,
}

/// One row of the table of test amounts.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// The cents of `order_amount` that choose this row.
    pub cents: u8,
    /// The units that must be asked for with them: `9` for `9.70`; any where there are none.
    pub units: Option<u16>,
    /// What the row does.
    pub behaviour: Behaviour,
    /// Its name in the control API.
    pub name: &'static str,
    /// What happens, in words.
    pub meaning: &'static str,
    pub(crate) plan: Plan,
}

macro_rules! units {
    () => {
        None
    };
    ($units:literal) => {
        Some($units)
    };
}

macro_rules! behaviours {
    ($($cents:literal $([$units:literal])? $variant:ident $name:literal $wait:ident $ends:ident $code:literal $fault:expr, $meaning:literal;)*) => {
        /// What the terminal does with an order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Behaviour {
            $(#[doc = $meaning] $variant,)*
        }

        /// The table of test amounts, by cents and units.
        pub static AMOUNTS: &[Amount] = &[
            $(Amount {
                cents: $cents,
                units: units!($($units)?),
                behaviour: Behaviour::$variant,
                name: $name,
                meaning: $meaning,
                plan: Plan { wait: Wait::$wait, ends: Ends::$ends, code: $code, fault: $fault },
            },)*
        ];
    };
}

use Fault as F;

behaviours! {
    0 Approved "approved" Think Paid "000" F::Nothing, "Approved, as is every amount whose cents are not listed here.";

    1 Declined "declined" Think Failed "106" F::Nothing, "Declined: 106 transaction failed.";
    2 Cancelled "cancelled" Think Cancelled "110" F::Nothing, "Given up at the terminal: 110 operator cancelled.";
    3 Dropped "dropped" Think Cancelled "102" F::Nothing, "102 transaction cancelled.";
    4 ReadTimeout "read-timeout" Think Failed "111" F::Nothing, "No card was shown: 111 read card timeout.";
    5 Rejected "rejected" Think Failed "115" F::Nothing, "115 rejected.";
    6 OverLimit "over-limit" Think Failed "120" F::Nothing, "Not enough on the card: 120 amount out of limit.";
    7 NotLoggedIn "not-logged-in" Think Failed "116" F::Nothing, "116 not logged in.";
    8 UnsupportedScenario "unsupported-scenario" Think Failed "117" F::Nothing, "117 unsupported payment scenario.";
    9 TokenExpired "token-expired" Think Failed "118" F::Nothing, "118 token expired.";

    10 Slow "slow" Slow Paid "000" F::Nothing, "The customer is slow (5 s), then approved.";
    11 SlowDeclined "slow-declined" Slow Failed "106" F::Nothing, "The customer is slow (5 s), then declined.";
    12 VerySlow "very-slow" VerySlow Paid "000" F::Nothing, "The customer is very slow (60 s), then approved.";
    13 NeverPaid "never-paid" Forever Failed "107" F::Nothing, "Nobody pays: waits until it is closed, expires or is settled by hand.";
    14 HiddenWhilePaying "hidden-while-paying" Slow Paid "000" F::HiddenWhilePaying, "Slow, then approved; until then a query says 104 does not exist.";
    15 Busy "busy" Think Failed "101" F::Busy, "Not taken: 101 transaction in progress.";
    16 CloseTooLate "close-too-late" Slow Paid "000" F::NotClosable, "Slow, then approved; a close meanwhile fails with 201.";

    20 UnknownPaid "unknown-paid" Think Paid "108" F::Nothing, "108 result unknown; it was charged.";
    21 UnknownUnpaid "unknown-unpaid" Think Failed "108" F::Nothing, "108 result unknown; it was not charged.";
    22 TimeoutPaid "timeout-paid" Think Paid "107" F::Nothing, "107 transaction timeout; it was charged.";
    23 TimeoutUnpaid "timeout-unpaid" Think Failed "107" F::Nothing, "107 transaction timeout; it was not charged.";
    24 NetworkPaid "network-paid" Think Paid "109" F::Nothing, "109 network anomaly; it was charged.";
    25 NetworkUnpaid "network-unpaid" Think Failed "109" F::Nothing, "109 network anomaly; it was not charged.";
    26 ErrorPaid "error-paid" Think Paid "999" F::Nothing, "999 unknown error; it was charged.";
    27 ErrorUnpaid "error-unpaid" Think Failed "999" F::Nothing, "999 unknown error; it was not charged.";
    28 QrTimeoutPaid "qr-timeout-paid" Think Paid "112" F::Nothing, "112 QR code timeout; it was charged.";
    29 TimeoutText "timeout-text" Think Paid "106" F::TimeoutText, "106, but the text speaks of a timeout; it was charged.";

    30 LostAnswer "lost-answer" Think Paid "000" F::Lost, "Charged; the answer is never sent, the link stays.";
    31 LostDecline "lost-decline" Think Failed "106" F::Lost, "Declined; the answer is never sent, the link stays.";
    32 CutBefore "cut-before" Think Failed "106" F::CutFirst, "The link is cut before the order is taken: not charged, no record.";
    33 CutPaying "cut-paying" Think Paid "000" F::CutPaying { push: true }, "The link is cut while the customer pays; charged, and the answer is pushed on the next connection.";
    34 CutPayingSilent "cut-paying-silent" Think Paid "000" F::CutPaying { push: false }, "The link is cut while the customer pays; charged, and nothing is pushed.";
    35 CutPayingDeclined "cut-paying-declined" Think Failed "106" F::CutPaying { push: true }, "The link is cut while the customer pays; declined, and the answer is pushed on the next connection.";
    36 CutAfter "cut-after" Think Paid "000" F::CutAfter { push: false }, "Charged, then the link is cut instead of an answer.";
    37 CutAfterPush "cut-after-push" Think Paid "000" F::CutAfter { push: true }, "Charged, then the link is cut; the answer is pushed on the next connection.";
    38 CutInside "cut-inside" Think Paid "000" F::CutInside, "Charged; the link is cut in the middle of the answer.";
    39 Restart "restart" Think Paid "000" F::Restart, "Charged, then every link is cut and connections are refused for 5 s.";
    40 PowerLoss "power-loss" Think Failed "106" F::PowerLoss, "Power fails while the customer pays: not charged, no record, connections are refused for 5 s.";
    41 Freeze "freeze" Think Paid "000" F::Freeze, "The terminal freezes for 30 s as it takes the order; charged, answered when it thaws.";
    42 Silence "silence" Think Failed "106" F::Ignore, "The order is swallowed: not charged, no record, no answer.";
    49 Twice "twice" Think Paid "000" F::Twice, "Approved; the answer comes twice.";

    51 GarbageFirst "garbage-first" Think Paid "000" F::GarbageFirst, "Approved; a message that is not JSON comes before the answer.";
    52 GarbageOnly "garbage-only" Think Paid "000" F::GarbageOnly, "Charged; a message that is not JSON comes instead of the answer.";
    53 WrongNumber "wrong-number" Think Paid "000" F::WrongNumber, "Charged; the answer carries another merchant_order_no.";
    54 WrongRequestId "wrong-request-id" Think Paid "000" F::WrongRequestId, "Charged; the answer carries another request_id.";
    55 QueryAmount "query-amount" Think Paid "000" F::QueryAmount, "Charged; the answer is lost, and a query tells another amount.";
    56 QueryNumber "query-number" Think Paid "000" F::QueryNumber, "Charged; the answer is lost, and a query tells another merchant_order_no.";
    57 QuerySilent "query-silent" Think Paid "000" F::QuerySilent, "Charged; the answer is lost, and queries for it are not answered.";
    58 BrokenFrame "broken-frame" Think Paid "000" F::BrokenFrame, "Charged; instead of the answer comes a frame that breaks the WebSocket rules.";
    59 BadUtf8 "bad-utf8" Think Paid "000" F::BadUtf8, "Charged; instead of the answer comes a text frame that is not UTF-8.";

    60 SettlesPaid "settles-paid" Think Paid "000" F::Unsettled, "Success code with trans_status 0; charged 5 s later.";
    61 SettlesDeclined "settles-declined" Think Failed "000" F::Unsettled, "Success code with trans_status 0; declined 5 s later.";
    62 NoStatus "no-status" Think Paid "000" F::NoStatus, "Approved; the answer has no trans_status.";
    63 NoCode "no-code" Think Paid "000" F::NoCode, "Charged; the answer has neither response_code nor trans_status.";
    64 StrangeCode "strange-code" Think Failed "777" F::Nothing, "A response_code nobody documented; it was not charged.";
    65 Successful "successful" Think Paid "103" F::Nothing, "Approved with 103 transaction successful.";
    66 NotObject "not-object" Think Paid "000" F::NotObject, "Charged; the answer is a JSON array.";
    67 SuccessDeclined "success-declined" Think Failed "000" F::SaysSuccess, "Success code with trans_status 1: declined.";
    68 SuccessCancelled "success-cancelled" Think Cancelled "000" F::SaysSuccess, "Success code with trans_status 3: cancelled.";
    69 Huge "huge" Think Paid "000" F::Huge, "Approved; the answer is 1 MiB large.";

    70 [9] K009 "k009" Think Failed "106" F::Inner("K009"), "106 with inner code K009 unknown exception; it was not charged.";
    70 [15] K015 "k015" Think Failed "106" F::Inner("K015"), "106 with inner code K015 record does not exist; it was not charged.";
    70 [16] K016 "k016" Think Failed "106" F::Inner("K016"), "106 with inner code K016 types do not match; it was not charged.";
    70 [17] K017 "k017" Think Failed "106" F::Inner("K017"), "106 with inner code K017 still processing; it was not charged.";
    70 [18] K018 "k018" Think Failed "106" F::Inner("K018"), "106 with inner code K018 use the same card; it was not charged.";
    70 [19] K019 "k019" Think Failed "106" F::Inner("K019"), "106 with inner code K019 nothing to settle; it was not charged.";
    70 [20] K020 "k020" Think Failed "106" F::Inner("K020"), "106 with inner code K020 refund above what is left; it was not charged.";
    70 [21] K021 "k021" Think Failed "106" F::Inner("K021"), "106 with inner code K021 original not completed; it was not charged.";
    70 [24] K024 "k024" Think Failed "106" F::Inner("K024"), "106 with inner code K024 settlement failed; it was not charged.";
    70 [25] K025 "k025" Think Failed "106" F::Inner("K025"), "106 with inner code K025 sign in first; it was not charged.";
    70 [26] K026 "k026" Think Cancelled "106" F::Inner("K026"), "106 with inner code K026 cancelled by hand; it was not charged.";
    70 [27] K027 "k027" Think Failed "106" F::Inner("K027"), "106 with inner code K027 transaction timeout; it was not charged.";
    70 [28] K028 "k028" Think Failed "106" F::Inner("K028"), "106 with inner code K028 original was not by card; it was not charged.";
    70 [29] K029 "k029" Think Failed "106" F::Inner("K029"), "106 with inner code K029 battery low; it was not charged.";
    70 [30] K030 "k030" Think Failed "106" F::Inner("K030"), "106 with inner code K030 reader not connected; it was not charged.";
    70 [31] K031 "k031" Think Failed "106" F::Inner("K031"), "106 with inner code K031 settle first; it was not charged.";
    70 [32] K032 "k032" Think Failed "106" F::Inner("K032"), "106 with inner code K032 load EMV parameters; it was not charged.";
    70 [33] K033 "k033" Think Failed "106" F::Inner("K033"), "106 with inner code K033 key missing; it was not charged.";
    70 [35] K035 "k035" Think Failed "106" F::Inner("K035"), "106 with inner code K035 fully refunded; it was not charged.";
    70 [36] K036 "k036" Think Failed "106" F::Inner("K036"), "106 with inner code K036 automatic reversal successful; it was not charged.";
    70 [37] K037 "k037" Think Failed "106" F::Inner("K037"), "106 with inner code K037 automatic reversal failed; it was not charged.";
    70 [39] K039 "k039" Think Failed "106" F::Inner("K039"), "106 with inner code K039 cashback above the limit; it was not charged.";
    70 [103] M003 "m003" Think Failed "202" F::Inner("M003"), "202 with inner code M003 amount; it was not charged.";
    70 [109] M009 "m009" Think Failed "202" F::Inner("M009"), "202 with inner code M009 app_id; it was not charged.";
    70 [203] N003 "n003" Think Failed "115" F::Inner("N003"), "115 with inner code N003 declined; it was not charged.";

    71 [9] K009Paid "k009-paid" Think Paid "106" F::Inner("K009"), "106 with inner code K009 unknown exception; it was charged.";
    71 [17] K017Paid "k017-paid" Think Paid "106" F::Inner("K017"), "106 with inner code K017 still processing; it was charged.";
    71 [27] K027Paid "k027-paid" Think Paid "106" F::Inner("K027"), "106 with inner code K027 transaction timeout; it was charged.";
    71 [36] K036Paid "k036-paid" Think Paid "106" F::Inner("K036"), "106 with inner code K036 automatic reversal successful; it was charged.";
    71 [37] K037Paid "k037-paid" Think Paid "106" F::Inner("K037"), "106 with inner code K037 automatic reversal failed; it was charged.";

    72 [1] Et002 "et002" Think Failed "106" F::Inner("ET002"), "106 with gateway code ET002 original or number not found; it was not charged.";
    72 [2] Et003 "et003" Think Failed "106" F::Inner("ET003"), "106 with gateway code ET003 original or number not found; it was not charged.";
    72 [3] E04110 "e04110" Think Failed "106" F::Inner("E04110"), "106 with gateway code E04110 original or number not found; it was not charged.";
    72 [4] E04111 "e04111" Think Failed "106" F::Inner("E04111"), "106 with gateway code E04111 original or number not found; it was not charged.";
    72 [5] E04112 "e04112" Think Failed "106" F::Inner("E04112"), "106 with gateway code E04112 number repeats; it was not charged.";
    72 [6] E04126 "e04126" Think Failed "106" F::Inner("E04126"), "106 with gateway code E04126 amount too high; it was not charged.";
    72 [7] E04130 "e04130" Think Failed "106" F::Inner("E04130"), "106 with gateway code E04130 amount too high; it was not charged.";
    72 [8] E04132 "e04132" Think Failed "106" F::Inner("E04132"), "106 with gateway code E04132 partial refund not allowed; it was not charged.";
    72 [9] Et007 "et007" Think Failed "106" F::Inner("ET007"), "106 with gateway code ET007 batch closed; it was not charged.";
    72 [10] Et008 "et008" Think Failed "106" F::Inner("ET008"), "106 with gateway code ET008 batch closed; it was not charged.";
    72 [11] Cf008 "cf008" Think Failed "106" F::Inner("CF008"), "106 with gateway code CF008 batch closed; it was not charged.";
    72 [12] TsD051 "ts-d051" Think Failed "106" F::Inner("TS-D051"), "106 with gateway code TS-D051 acquirer decline; it was not charged.";
    72 [13] Sys001Unpaid "sys001-unpaid" Think Failed "106" F::Inner("SYS001"), "106 with gateway code SYS001 system error; it was not charged.";
    72 [14] Sys001Paid "sys001-paid" Think Paid "106" F::Inner("SYS001"), "106 with gateway code SYS001 system error; it was charged.";
    72 [15] E07001Unpaid "e07001-unpaid" Think Failed "106" F::Inner("E07001"), "106 with gateway code E07001 system error; it was not charged.";
    72 [16] E07001Paid "e07001-paid" Think Paid "106" F::Inner("E07001"), "106 with gateway code E07001 system error; it was charged.";

    73 [1] TrailingComma "trailing-comma" Think Paid "000" F::Mangled(Mangle::TrailingComma), "Charged; the answer has a comma behind its last member.";
    73 [2] ByteOrderMark "byte-order-mark" Think Paid "000" F::Mangled(Mangle::ByteOrderMark), "Charged; the answer begins with a byte order mark.";
    73 [3] TrailingNul "trailing-nul" Think Paid "000" F::Mangled(Mangle::TrailingNul), "Charged; the answer ends in a NUL.";
    73 [4] BlanksAround "blanks-around" Think Paid "000" F::Mangled(Mangle::BlanksAround), "Charged; the answer has blanks and NULs around it.";
    73 [5] Nan "nan" Think Paid "000" F::Mangled(Mangle::Nan), "Charged; the answer has a member that is NaN.";
    73 [6] SingleQuotes "single-quotes" Think Paid "000" F::Mangled(Mangle::SingleQuotes), "Charged; the answer has single quotes.";
    73 [7] Gbk "gbk" Think Paid "000" F::Mangled(Mangle::Gbk), "Charged; the answer is a binary frame with text in GBK.";
    73 [8] TwoObjects "two-objects" Think Paid "000" F::Mangled(Mangle::TwoObjects), "Charged; the answer shares its frame with a second object.";
    73 [9] TooDeep "too-deep" Think Paid "000" F::Mangled(Mangle::TooDeep), "Charged; the answer is 65 levels deep.";
    73 [10] IdCase "id-case" Think Paid "000" F::Mangled(Mangle::IdCase), "Charged; the answer has its request_id in the other case.";

    74 RefusedThenPaid "refused-then-paid" Think Paid "106" F::PaidLater { hidden: false }, "106 and a record that is closed; charged 5 s later, with an answer of its own.";
    76 HiddenThenPaid "hidden-then-paid" Think Paid "106" F::PaidLater { hidden: true }, "106 and no record; charged 5 s later, with an answer of its own.";
    77 CancelledThenPaid "cancelled-then-paid" Think Paid "110" F::PaidLater { hidden: false }, "110 and a record that is cancelled; charged 5 s later, with an answer of its own.";
    78 BusyThenPaid "busy-then-paid" Nothing Paid "101" F::PaidLater { hidden: true }, "101 and no record; charged 5 s later, with an answer of its own.";
    79 CloseThenPaid "close-then-paid" Forever Failed "107" F::CloseThenPaid, "Nobody pays until it is closed: the close is accepted, the order answers 102, and 5 s later it is charged, with an answer of its own.";
    81 NotFoundThenPaid "not-found-then-paid" VerySlow Paid "000" F::Unseen, "Very slow, then approved; until then a query says 104, and a close is one of an unknown number and ends nothing.";
    82 PaidThenReversed "paid-then-reversed" Think Paid "000" F::ReversedLater, "Approved; 5 s later it is reversed: its record reads 3, and the ledger has a void of it.";
    83 Signature "signature" Think Paid "000" F::Signature { status: 2 }, "Charged; the terminal waits 5 s for the signature before it answers; a query says 2 meanwhile.";
    84 SignaturePaying "signature-paying" Think Paid "000" F::Signature { status: 0 }, "Charged; the terminal waits 5 s for the signature before it answers; a query says 0 meanwhile.";
    85 Acknowledged "acknowledged" Slow Paid "000" F::Acknowledged { lost: false }, "Success code without trans_status as it is taken; slow, then approved.";
    86 AcknowledgedDeclined "acknowledged-declined" Slow Failed "106" F::Acknowledged { lost: false }, "Success code without trans_status as it is taken; slow, then declined.";
    87 AcknowledgedLost "acknowledged-lost" Slow Cancelled "110" F::Acknowledged { lost: true }, "Success code without trans_status as it is taken; slow, then cancelled, and that answer is lost.";
    88 Partial "partial" Think Paid "000" F::Partial, "Approved for 10.00 less than asked, or for half of what is not more than 10.00.";
    91 TipApart "tip-apart" Think Paid "000" F::TipApart, "Approved; the customer adds a tip of 2.00 unless the order has one; order_amount is without it.";
    92 TipIncluded "tip-included" Think Paid "000" F::TipIncluded, "Approved; the customer adds a tip of 2.00 unless the order has one; order_amount includes it.";
    93 OtherCurrency "other-currency" Think Paid "000" F::OtherCurrency, "Approved; answer and record are in another price_currency.";
    94 OtherType "other-type" Think Paid "000" F::OtherType, "Approved; answer and record have another trans_type.";
}

impl Behaviour {
    /// Its row in the table.
    pub fn amount(self) -> &'static Amount {
        &AMOUNTS[self as usize]
    }

    /// Its name in the control API, e.g. `lost-answer`.
    pub fn name(self) -> &'static str {
        self.amount().name
    }

    /// The behaviour of that name.
    pub fn from_name(name: &str) -> Option<Behaviour> {
        AMOUNTS.iter().find(|row| row.name == name).map(|row| row.behaviour)
    }

    /// The behaviour those cents stand for; [`Behaviour::Approved`] when they are not in the table.
    pub fn from_cents(cents: u8) -> Behaviour {
        Behaviour::find(|row| row.cents == cents && row.units.is_none())
    }

    /// The behaviour an amount of that many units and cents stands for.
    pub fn from_amount(units: u64, cents: u8) -> Behaviour {
        Behaviour::find(|row| {
            row.cents == cents && row.units.is_none_or(|wanted| u64::from(wanted) == units)
        })
    }

    fn find(wanted: impl Fn(&Amount) -> bool) -> Behaviour {
        AMOUNTS.iter().find(|row| wanted(row)).map_or(Behaviour::Approved, |row| row.behaviour)
    }

    /// Whether money moves, when nobody closes the order before.
    pub fn charges(self) -> bool {
        self.plan().ends == Ends::Paid
    }

    pub(crate) fn plan(self) -> Plan {
        self.amount().plan
    }
}

impl Amount {
    /// What chooses the row: `.01`, or `9.70` where the units count too.
    pub fn chosen_by(&self) -> String {
        let units = self.units.map(|units| units.to_string()).unwrap_or_default();
        format!("{units}.{:02}", self.cents)
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The table as Markdown; it also reads well in a console.
pub fn amounts_table() -> String {
    let mut table = String::from("| cents | name | charged | what happens |\n|---|---|---|---|\n");
    for row in AMOUNTS {
        let charged = if row.behaviour.charges() { "yes" } else { "no" };
        let (cents, name, meaning) = (row.chosen_by(), row.name, row.meaning);
        table.push_str(&format!("| {cents} | `{name}` | {charged} | {meaning} |\n"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_and_names_are_unique_and_ascend() {
        for pair in AMOUNTS.windows(2) {
            let [before, after] = [&pair[0], &pair[1]].map(|row| (row.cents, row.units));
            assert!(before < after, "{before:?} before {after:?}");
            let is_family = before.1.is_some() == after.1.is_some();
            assert!(before.0 != after.0 || is_family, "{before:?} and {after:?}");
        }
        for row in AMOUNTS {
            assert_eq!(row.behaviour.amount().chosen_by(), row.chosen_by());
            assert_eq!(
                Behaviour::from_name(row.name),
                Some(row.behaviour),
                "{} is not unique",
                row.name
            );
            let units = row.units.map_or(12, u64::from);
            assert_eq!(Behaviour::from_amount(units, row.cents), row.behaviour);
            let by_cents = if row.units.is_none() { row.behaviour } else { Behaviour::Approved };
            assert_eq!(Behaviour::from_cents(row.cents), by_cents);
        }
    }

    #[test]
    fn unlisted_cents_are_approved() {
        assert_eq!(Behaviour::from_cents(99), Behaviour::Approved);
        assert_eq!(Behaviour::from_amount(10, 70), Behaviour::Approved);
        assert_eq!(Behaviour::from_name("no-such"), None);
    }

    #[test]
    fn the_documentation_has_this_table() {
        let documented = include_str!("../../docs/simulator.md");
        assert!(
            documented.contains(&amounts_table()),
            "docs/simulator.md: paste the output of --amounts"
        );
    }
}
