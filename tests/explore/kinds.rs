//! What a run explores: the kind of terminal, what is sold, what may go wrong and how often, what is assumed.

use ecrhub::Config;
use ecrhub::internals::{Plant, Planted, Settings};

/// What a terminal does with a close of a number it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownClose {
    Refused,
    /// Accepted, and an order of that number is refused when it arrives later.
    Remembered,
    /// Accepted, and an order of that number is served when it arrives later.
    Forgotten,
}

/// From when on a query returns a record of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visible {
    AtOnce,
    CardRead,
    Charged,
}

/// By what an answer can be matched to its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    RequestId,
    /// No `request_id`: topic and number.
    Topic,
    /// Neither `request_id` nor topic: the number alone.
    Number,
}

/// How a terminal answers an order that its customer does not pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `106` with `trans_status` 1.
    WithStatus,
    /// `106` without a status; a query reads declined.
    Bare,
    /// `106` without a status; a query reads "not found".
    WithoutRecord,
    /// `110`, cancelled by hand.
    Cancelled,
}

/// What a successful void leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidRecord {
    /// A record of its own with `trans_status` 2; the original reads 3.
    Successful,
    /// A record of its own with `trans_status` 3; the original reads 3.
    Reversed,
    /// None of its own; the original reads 3.
    OriginalOnly,
}

/// A terminal's ways. Each of them is within the assumptions.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub unknown_close: UnknownClose,
    pub visible: Visible,
    pub naming: Naming,
    /// Answers of a lost connection are pushed on the next one.
    pub pushes: bool,
    /// A close ends whatever is on the screen.
    pub closes_by_screen: bool,
    /// A number that is known is answered with `113`.
    pub checks_numbers: bool,
    /// A payment is answered with `000` and no `trans_status`.
    pub bare_success: bool,
    pub refusal: Refusal,
    pub void_record: VoidRecord,
}

impl Kind {
    /// The terminal of the protocol's tables.
    pub const PLAIN: Kind = Kind {
        unknown_close: UnknownClose::Refused,
        visible: Visible::AtOnce,
        naming: Naming::RequestId,
        pushes: false,
        closes_by_screen: false,
        checks_numbers: true,
        bare_success: false,
        refusal: Refusal::WithStatus,
        void_record: VoidRecord::Successful,
    };

    /// For the table: one word for each way that departs from the plainest.
    pub fn name(&self) -> String {
        let mut words = vec![match self.unknown_close {
            UnknownClose::Refused => "refuses",
            UnknownClose::Remembered => "remembers",
            UnknownClose::Forgotten => "forgets",
        }];
        words.extend(match self.visible {
            Visible::AtOnce => None,
            Visible::CardRead => Some("card"),
            Visible::Charged => Some("late"),
        });
        words.extend(match self.naming {
            Naming::RequestId => None,
            Naming::Topic => Some("no-id"),
            Naming::Number => Some("no-topic"),
        });
        words.extend(self.pushes.then_some("push"));
        words.extend(self.closes_by_screen.then_some("screen"));
        words.extend((!self.checks_numbers).then_some("no-check"));
        words.extend(self.bare_success.then_some("bare"));
        words.extend(match self.refusal {
            Refusal::WithStatus => None,
            Refusal::Bare => Some("106"),
            Refusal::WithoutRecord => Some("106-no-record"),
            Refusal::Cancelled => Some("110"),
        });
        words.extend(match self.void_record {
            VoidRecord::Successful => None,
            VoidRecord::Reversed => Some("void-3"),
            VoidRecord::OriginalOnly => Some("void-no-record"),
        });
        words.join(",")
    }
}

macro_rules! faults {
    ($($name:ident $most:literal $meaning:literal;)*) => {
        /// What can go wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = $meaning] $name,)*
        }

        impl Fault {
            pub const ALL: &[Fault] = &[$(Fault::$name,)*];
            /// How often each happens at most in one world.
            const MOST: &[u8] = &[$($most,)*];
        }
    };
}

faults! {
    Cut 2 "The connection is lost; frames under way arrive late or never.";
    Dark 1 "The connection carries nothing any more, and nobody is told.";
    Blocked 1 "The socket takes no byte of the next frame for a while.";
    Half 1 "The socket takes only some bytes of the next frame for a while.";
    Slow 2 "Time passes while something is under way.";
    Held 1 "The terminal's answers are held back for as long as you like.";
    Ignored 2 "The terminal reads a frame and does nothing.";
    Lost 2 "The terminal acts, and its answer is lost.";
    Twice 1 "An answer comes twice.";
    Code107 1 "The order is answered with 107 although it is charged.";
    OpenStatus 1 "The order is answered with 000 and trans_status 0 while the customer stands there.";
    OtherAmount 1 "An answer names another amount.";
    Stranger 1 "The answer to somebody else's order arrives.";
    Unreadable 1 "A message cannot be read; it may have been the order's answer.";
    Crash 1 "The till's process dies between any two steps.";
    Reboot 1 "The terminal restarts: whoever stood there is forgotten.";
    RefusedConnect 1 "A connection is refused.";
    RefusedClose 1 "A close of a waiting order is refused.";
    OwnQuery 1 "The till queries by itself.";
    OwnClose 1 "The till closes by itself.";
    LateTill 1 "The till lets its events wait.";
    RefusedThenPaid 0 "The order is answered with 106 without a status, and its customer pays afterwards.";
    EarlySuccess 0 "The order is answered with a bare 000 before the customer has paid.";
}

macro_rules! assumptions {
    ($($name:ident $meaning:literal;)*) => {
        /// What `DESIGN.md` assumes of terminals and of those who set them up, and `docs/money-safety.md` tells users.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Assumption {
            $(#[doc = $meaning] $name,)*
        }

        impl Assumption {
            pub const ALL: &[(Assumption, &str)] = &[$((Assumption::$name, $meaning),)*];
        }
    };
}

assumptions! {
    BusyIsFinal "`101` is final for that order.";
    RefusedIsOver "An order refused without a status is over.";
    NoCloseWhileAuthorising "A close during authorisation is refused.";
    ClosesAreFinal "An order whose close was accepted is not charged later.";
    OneAddressOneDevice "One address is one device while an order is open.";
    NumbersAreUnique "Numbers are unique among all tills of a terminal.";
    VoidsLeaveARecord "A void has a record of its own or marks its original.";
    NeighboursAreNotClosed "Shops with several tills per terminal set `close_lost_orders` to false where closes go by the screen.";
    LateBytesAreBounded "Where a close of an unknown number is forgotten, bytes arrive within `recovery_timeout_ms` of their connection's end, or never.";
    ClosesDoNotOutlive "Where a close ends whatever is on the screen, it does not outlive its connection, or the next order comes later.";
    RecordsAreKept "A terminal keeps its records of what was charged.";
    RecordsAreTrue "What a terminal says of a number is true when it says it.";
    DiskKeepsItsWord "What the disk said was written is there after a crash.";
}

/// What the till does to the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Sale,
    /// Of an order that was charged before the world began.
    Void,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Case {
    pub kind: Kind,
    pub orders: Vec<What>,
    /// How many faults there are at most in one world.
    pub faults: u8,
    /// How many of each there are at most.
    pub most: Vec<u8>,
    /// Another till's customer may come once.
    pub neighbour: bool,
    /// An order that was busy or not sent is sold again once, under the same number.
    pub sells_again: bool,
    /// A no-money outcome may be wrong if it is corrected in time.
    pub may_correct: bool,
    pub close_lost_orders: bool,
    pub order_timeout_ms: u32,
    pub pings: bool,
    pub without: Option<Assumption>,
    pub plant: Option<Planted>,
}

pub const SEND_MS: u32 = 10_000;
pub const REQUEST_MS: u32 = 10_000;
pub const RECOVERY_MS: u32 = 20_000;
pub const INTERVAL_MS: u32 = 10_000;
pub const SECOND_LOOK_MS: u32 = 30_000;

impl Case {
    pub fn new(kind: Kind, faults: u8) -> Self {
        Case {
            kind,
            orders: vec![What::Sale],
            faults,
            most: Fault::MOST.to_vec(),
            neighbour: false,
            sells_again: false,
            may_correct: false,
            close_lost_orders: true,
            order_timeout_ms: 10_000,
            pings: false,
            without: None,
            plant: None,
        }
    }

    /// This may go wrong as well.
    pub fn and(mut self, fault: Fault) -> Self {
        self.most[fault as usize] = self.most[fault as usize].max(1);
        self
    }

    /// One assumption does not hold.
    pub fn without(mut self, assumption: Assumption) -> Self {
        self.without = Some(assumption);
        if assumption == Assumption::RefusedIsOver {
            self.and(Fault::RefusedThenPaid)
        } else {
            self
        }
    }

    /// Whether the library may send closes of its own.
    pub fn closes_lost_orders(&self) -> bool {
        let is_shared = self.neighbour && self.kind.closes_by_screen;
        self.close_lost_orders && !(is_shared && self.assumes(Assumption::NeighboursAreNotClosed))
    }

    pub fn assumes(&self, assumption: Assumption) -> bool {
        self.without != Some(assumption)
    }

    pub fn plant(&self) -> Plant {
        Plant::new(self.plant)
    }

    pub fn settings(&self) -> Settings {
        let config = Config {
            app_id: Some("till".to_owned()),
            connect_timeout_ms: 5_000,
            send_timeout_ms: SEND_MS,
            order_timeout_ms: self.order_timeout_ms,
            request_timeout_ms: REQUEST_MS,
            recovery_timeout_ms: RECOVERY_MS,
            recovery_interval_ms: INTERVAL_MS,
            clarify_interval_ms: 40_000,
            second_look_ms: SECOND_LOOK_MS,
            close_lost_orders: self.closes_lost_orders(),
            // Without jitter, so that equal states are equal.
            reconnect_min_ms: 1_000,
            reconnect_max_ms: 1_000,
            ping_interval_ms: if self.pings { 15_000 } else { 0 },
            ping_interval_busy_ms: 0,
            ..Config::new("ws://terminal")
        };
        let mut settings = Settings::from(&config);
        settings.plant = self.plant();
        settings
    }

    pub fn name(&self) -> String {
        let mut name = self.kind.name();
        let mut word = |is_so: bool, word: &str| {
            if is_so {
                name.push_str(word);
            }
        };
        word(self.neighbour, " +neighbour");
        word(self.sells_again, " +again");
        word(!self.closes_lost_orders(), " +no-close");
        word(self.order_timeout_ms > RECOVERY_MS, " +slow-customer");
        word(self.pings, " +pings");
        word(self.may_correct, " +corrected");
        name
    }

    pub fn orders_name(&self) -> String {
        self.orders.iter().map(|what| if *what == What::Sale { 'S' } else { 'V' }).collect()
    }
}
