//! What must be true of the world for the outcomes the library reports to be right. Everything else may go wrong.
//!
//! A world keeps all of them, or breaks one that can be broken on purpose: then an outcome may be wrong, and the
//! library must correct it. `docs/simulation.md` says what happens where one of these does not hold.

use ecrhub_simulator::Behaviour;

use crate::faults::Without;
use crate::planted::Sabotage;
use crate::trace::Trace;
use crate::world::run_breaking;

macro_rules! assumptions {
    ($($name:ident $meaning:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Assumption { $(#[doc = $meaning] $name,)* }

        impl Assumption {
            pub const ALL: &[(Assumption, &str)] = &[$((Assumption::$name, $meaning),)*];
        }
    };
}

assumptions! {
    TcpIsTcp "One connection carries bytes in order and once, or not at all.";
    DiskKeepsWhatItWrote "What the disk said was written is there after a crash.";
    AnswersAreTrue "What a terminal says of a number it names is true when it says it.";
    OneAddressOneDevice "One address is one device while an order is open.";
    VoidLeavesATrace "A void has a record of its own or marks its original.";
    NumbersAreUnique "A number is used for one order only, on all tills of a terminal.";
    TerminalKeepsRecords "A terminal keeps its records of what was charged.";
    ClosedStaysClosed "A terminal that accepted a close of an order charges that number no more.";
    AuthorisationIsNotClosed "A close during authorisation is refused.";
    LateBytesAreBounded "Bytes of an ended connection arrive within `recovery_timeout_ms`, or never, at a terminal that forgets closes of unknown numbers.";
    QueuesCloseByNumber "A terminal that takes orders for later looks at the number of a close.";
    BusyIsFinal "101 is final for that order, unless `ecrhub.init` named a queue.";
    RefusalIsFinal "An order that was refused is over.";
}

/// Those that a world can break, and that some outcome then is wrong without.
pub const BREAKABLE: &[Assumption] = &[
    Assumption::NumbersAreUnique,
    Assumption::TerminalKeepsRecords,
    Assumption::ClosedStaysClosed,
    Assumption::AuthorisationIsNotClosed,
    Assumption::LateBytesAreBounded,
    Assumption::BusyIsFinal,
    Assumption::RefusalIsFinal,
];

impl Assumption {
    pub fn meaning(self) -> &'static str {
        Assumption::ALL.iter().find(|(one, _)| *one == self).map_or("", |(_, meaning)| meaning)
    }

    /// The assumption that an order of this behaviour breaks.
    pub fn broken_by(behaviour: Behaviour) -> Option<Assumption> {
        use Behaviour::{
            BusyThenPaid, CancelledThenPaid, CloseThenPaid, HiddenThenPaid, NotFoundThenPaid,
            RefusedThenPaid,
        };
        match behaviour {
            RefusedThenPaid | HiddenThenPaid | CancelledThenPaid => {
                Some(Assumption::RefusalIsFinal)
            }
            BusyThenPaid => Some(Assumption::BusyIsFinal),
            CloseThenPaid | NotFoundThenPaid => Some(Assumption::ClosedStaysClosed),
            _ => None,
        }
    }
}

/// How long after its end a connection's bytes may still arrive at a terminal that forgets a close.
/// See [`Assumption::LateBytesAreBounded`].
pub const fn late_bytes_ms(closes_are_forgotten: bool, recovery_timeout_ms: u64) -> u64 {
    if closes_are_forgotten { recovery_timeout_ms } else { ANY_TIME_MS }
}

/// Stands for "at any time": how late bytes come to a terminal where it does not matter.
pub const ANY_TIME_MS: u64 = 15 * 60_000;

/// A round trip longer than this counts as trouble: nobody may demand to have received the answer in time.
pub const PROMPT_MS: u64 = 900;

/// How many worlds may pass before the loss of an assumption shows.
const BUDGET: u64 = 20_000;

#[test]
fn without_each_assumption_some_outcome_is_wrong_and_nothing_else_is() {
    for assumption in BREAKABLE {
        let mut first = None;
        for seed in 1..=BUDGET {
            let run = run_breaking(
                Some(*assumption),
                seed,
                Without::default(),
                Trace::default(),
                Sabotage::Nothing,
            );
            assert_eq!(run.broken, None, "seed {seed} without {assumption:?}");
            if run.tally.is_wrong_by(assumption.meaning()) {
                first = Some(seed);
                break;
            }
        }
        let seed = first.unwrap_or_else(|| panic!("{assumption:?} is not needed"));
        println!("{assumption:?} is needed: without it seed {seed} has a wrong outcome");
    }
}
