//! The test amounts: the cents of `order_amount` choose what the terminal does.
//!
//! One table makes the [`Behaviour`] type, the names the control API knows, the output of `--amounts` and the table in
//! `docs/simulator.md`.

use std::fmt;

/// How long the customer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
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
    /// What the row does.
    pub behaviour: Behaviour,
    /// Its name in the control API.
    pub name: &'static str,
    /// What happens, in words.
    pub meaning: &'static str,
    pub(crate) plan: Plan,
}

macro_rules! behaviours {
    ($($cents:literal $variant:ident $name:literal $wait:ident $ends:ident $code:literal $fault:expr, $meaning:literal;)*) => {
        /// What the terminal does with an order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Behaviour {
            $(#[doc = $meaning] $variant,)*
        }

        /// The table of test amounts, by cents.
        pub static AMOUNTS: &[Amount] = &[
            $(Amount {
                cents: $cents,
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
        AMOUNTS
            .iter()
            .find(|row| row.cents == cents)
            .map_or(Behaviour::Approved, |row| row.behaviour)
    }

    /// Whether money moves, when nobody closes the order before.
    pub fn charges(self) -> bool {
        self.plan().ends == Ends::Paid
    }

    pub(crate) fn plan(self) -> Plan {
        self.amount().plan
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
        table.push_str(&format!(
            "| .{:02} | `{}` | {charged} | {} |\n",
            row.cents, row.name, row.meaning
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_and_names_are_unique_and_ascend() {
        for pair in AMOUNTS.windows(2) {
            assert!(pair[0].cents < pair[1].cents, "{} before {}", pair[0].cents, pair[1].cents);
        }
        for row in AMOUNTS {
            assert_eq!(row.behaviour.amount().cents, row.cents);
            assert_eq!(
                Behaviour::from_name(row.name),
                Some(row.behaviour),
                "{} is not unique",
                row.name
            );
            assert_eq!(Behaviour::from_cents(row.cents), row.behaviour);
        }
    }

    #[test]
    fn unlisted_cents_are_approved() {
        assert_eq!(Behaviour::from_cents(99), Behaviour::Approved);
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
