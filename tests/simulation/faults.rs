//! What may go wrong in a world, and how often. Each kind draws from a stream of its own, so that leaving one out
//! changes as little as possible of the rest: that is what makes a failing seed shrink.

use std::collections::BTreeSet;

use ecrhub::internals::Rng;

macro_rules! kinds {
    ($($kind:ident $meaning:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $(#[doc = $meaning] $kind,)* }

        impl Kind {
            pub const ALL: &[(Kind, &str)] = &[$((Kind::$kind, $meaning),)*];
        }
    };
}

kinds! {
    Cut "a connection is cut";
    LostBytes "bytes under way on a dying connection are lost";
    LateBytes "bytes of a dead connection arrive late";
    HalfOpen "a connection carries nothing any more, and neither end is informed";
    SlowNetwork "a message takes seconds";
    Refused "a connection is refused";
    NoAnswerToConnect "a connection attempt gets no answer";
    Blocked "the socket takes nothing for a while";
    HalfWritten "the socket takes half a frame and then nothing for a while";
    Reboot "the terminal restarts";
    Off "the terminal is off for a while";
    Freeze "the terminal freezes for a while";
    Behaviour "an order meets trouble at the terminal";
    SlowCustomer "customers think for long";
    Oddities "the terminal's answers lack what the protocol promises";
    Push "answers whose link has dropped are pushed on the next connection";
    MixedUp "a query is answered with another order's record";
    StaleRecord "a query is answered with an old record of the same number";
    CloseRefused "the terminal refuses to close a number it does not know";
    CloseForgotten "the terminal accepts a close of a number it does not know, and forgets it";
    Crash "the till's process dies";
    LongDown "a dead process stays down for hours";
    Sleep "the till's machine sleeps";
    ClockSet "the wall clock is set forward or back";
    ClockFarOff "the wall clock is set by days";
    DiskFull "the journal cannot be written";
    SlowDisk "the journal takes seconds to write";
    LateFetch "the till fetches events late";
    NoAcknowledge "the till does not acknowledge";
    SellAgain "the till sends an order again that was not sent, or refused as busy, under its number";
    OwnQuery "the till asks about an order itself";
    OwnClose "the cashier gives an order up";
    QuickTimes "the configuration is impatient";
    NoPings "the heartbeat is off";
    HeldAnswers "the terminal holds its answers back for minutes, and then sends them in order";
    ForgetsToWrite "the terminal's engine leaves an answer in its queue until its next write";
    Unreadable "the terminal's own answers to orders are unreadable, or nearly so";
    FoundLate "the terminal knows an order only once the card is read, or once it is charged";
    Authorising "the host takes its time, and closes are refused meanwhile";
    CloseByScreen "a close ends whatever is on the terminal's screen";
    Queue "the terminal takes orders for later, and perhaps says that it is busy";
    NoClose "the till is configured never to close an order";
    Voids "the till voids a sale that was approved";
    VoidRecords "the records of voids read 3, or there are none";
    Tips "orders carry a tip";
    SameNumber "a till uses a number that another order of its terminal has";
    BrokenAssumption "the terminal, or a till, breaks an assumption";
}

const KINDS: usize = Kind::ALL.len();

/// What a run leaves out. The empty one leaves out nothing.
#[derive(Debug, Clone, Default)]
pub struct Without {
    pub kinds: BTreeSet<Kind>,
    /// The how-many-eth time each of these would happen, counted from 1.
    pub single: BTreeSet<(Kind, u32)>,
    /// Orders that are not placed, by their place in the plan.
    pub orders: BTreeSet<usize>,
    /// These kinds and no others happen, in every world: for what takes several of them to show.
    pub only: &'static [Kind],
}

pub struct Faults {
    streams: Vec<Rng>,
    active: [bool; KINDS],
    happened: [u32; KINDS],
    without: Without,
    healed: bool,
}

impl Faults {
    pub fn new(seed: u64, without: Without) -> Self {
        let mut streams: Vec<Rng> = (0..KINDS as u64)
            .map(|kind| {
                Rng::new(Rng::new(seed ^ (kind + 1).wrapping_mul(0xd6e8_feb8_6659_fd93)).next_u64())
            })
            .collect();
        // Some of the kinds at a time: where everything goes wrong at once, little is tried in depth.
        let share = [6, 10, 15, 30][Rng::new(!seed).between(0, 3) as usize];
        let mut active = [false; KINDS];
        for (kind, stream) in streams.iter_mut().enumerate() {
            active[kind] = stream.between(0, 99) < share;
        }
        if !without.only.is_empty() {
            active = [false; KINDS];
            without.only.iter().for_each(|kind| active[*kind as usize] = true);
        }
        Faults { streams, active, happened: [0; KINDS], without, healed: false }
    }

    /// Whether it happens now.
    pub fn happens(&mut self, kind: Kind, per_mille: u64) -> bool {
        let at = kind as usize;
        let is_drawn = self.streams[at].between(0, 999) < per_mille;
        if self.healed || !is_drawn || !self.active[at] || self.without.kinds.contains(&kind) {
            return false;
        }
        self.happened[at] += 1;
        !self.without.single.contains(&(kind, self.happened[at]))
    }

    pub fn draw(&mut self, kind: Kind, low: u64, high: u64) -> u64 {
        self.streams[kind as usize].between(low, high)
    }

    pub fn places_order(&self, place: usize) -> bool {
        !self.without.orders.contains(&place)
    }

    /// From now on nothing goes wrong any more.
    pub fn heal(&mut self) {
        self.healed = true;
    }

    /// Everything that happened, for shrinking.
    pub fn happened(&self) -> Vec<(Kind, u32)> {
        Kind::ALL
            .iter()
            .map(|(kind, _)| (*kind, self.happened[*kind as usize]))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}
