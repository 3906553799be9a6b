//! What the till was told of each of its orders, and what the terminal has said.

use std::hash::{Hash, Hasher};

use ecrhub::Outcome;

use crate::kinds::{INTERVAL_MS, RECOVERY_MS};

/// Every number there is, and what the till was told of it.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub sales: Vec<Sale>,
    /// The till's own query and close.
    pub own_asked: [bool; 2],
    pub own_due: Option<u64>,
    /// When the library's close left that is not answered.
    pub close_since: Option<u64>,
    /// The library's closes on the present connection of orders that had completed.
    pub late_closes: Vec<u8>,
    pub broken: Option<String>,
    /// What is being delivered is an order's own answer, and this about it.
    pub at_hand: AtHand,
    /// An order that waits for its answer, while an answer came that nobody can read.
    pub must_recover: Option<usize>,
    /// For the table: what was reported in the last step.
    pub news: Vec<News>,
}

/// What an order's own answer is that is being delivered.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtHand {
    pub is_bare_success: bool,
    pub has_other_amount: bool,
}

/// One thing that was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum News {
    Completed(&'static str),
    Clarified(&'static str, &'static str),
    /// It turned out wrong, and waits for its correction.
    Wrong,
}

/// One number, and its present attempt.
#[derive(Debug, Clone, Default)]
pub struct Sale {
    /// 0 before it was sold.
    pub attempt: u8,
    pub accepted_ms: u64,
    /// When it must have completed, in this process.
    pub due: Option<u64>,
    /// When the till was told that it is recovered, in this process.
    pub recovering_since: Option<u64>,
    /// How often its first byte left, in this attempt.
    pub frames: u8,
    /// In which life of the process it completed last, and how.
    pub completed: Option<(u32, Outcome)>,
    /// What was reported last.
    pub reported: Option<Outcome>,
    pub received: Vec<Received>,
    pub recorded: Option<(u32, Outcome)>,
    pub acknowledged: Option<Outcome>,
    /// The terminal said that it is busy.
    pub was_busy: bool,
    /// It said so to an earlier process. Whether a terminal queues what it answers like this, the next one cannot know.
    pub was_busy_before: bool,
    /// The terminal refused a close because the card was being authorised.
    pub was_authorising: bool,
    /// Since when a wrong outcome stands.
    pub wrong_since: Option<u64>,
    /// The terminal has said what became of it since then.
    pub was_contradicted: bool,
    /// The outcome reported last must be looked at again: a query must be answered.
    pub owes_look: bool,
    /// Its own answer settles nothing before a query was answered.
    pub needs_query: bool,
    /// When the first query after the library's newest close left, in this process.
    pub asked_after_close: Option<u64>,
    pub was_closed: bool,
    /// The terminal has accepted a close, in this process.
    pub is_closed: bool,
    /// It was answered, in this process.
    pub is_answered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    pub life: u32,
    pub outcome: Outcome,
    pub is_clarified: bool,
}

/// An outcome that says that no money moved.
pub fn is_no_money(outcome: Outcome) -> bool {
    outcome.says_no_money_moved() || outcome == Outcome::NotSent
}

impl Ledger {
    pub fn new(orders: usize) -> Self {
        Ledger {
            sales: vec![Sale::default(); orders],
            own_asked: [false; 2],
            own_due: None,
            close_since: None,
            late_closes: vec![0; orders],
            broken: None,
            at_hand: AtHand::default(),
            must_recover: None,
            news: Vec::new(),
        }
    }

    pub fn fail(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    pub fn has_begun(&self) -> bool {
        self.sales[0].attempt > 0
    }

    /// The till was told that it may use the number again, and has dealt with it.
    pub fn may_sell_again(&self, k: usize) -> bool {
        let sale = &self.sales[k];
        let is_free = |outcome| matches!(outcome, Outcome::Busy | Outcome::NotSent);
        sale.attempt == 1
            && sale.reported.is_some_and(is_free)
            && sale.received.last().is_some_and(|last| is_free(last.outcome))
    }

    /// What was not on disk is gone with the process.
    pub fn on_crash(&mut self) {
        self.own_due = None;
        self.on_new_connection();
        for sale in &mut self.sales {
            sale.due = None;
            sale.was_busy_before |= sale.was_busy;
            sale.was_busy = false;
            sale.needs_query = false;
            sale.is_answered = false;
            sale.was_closed = false;
            sale.is_closed = false;
            sale.asked_after_close = None;
            sale.recovering_since = None;
            let received = sale.received.last().map(|last| last.outcome);
            let reported = sale.recorded.map(|(_, outcome)| outcome).or(received);
            sale.owes_look &= reported == sale.reported;
            sale.reported = reported;
        }
    }

    pub fn on_new_connection(&mut self) {
        self.close_since = None;
        self.late_closes.iter_mut().for_each(|count| *count = 0);
    }

    pub fn print(&self, now: u64, life: u32, to: &mut impl Hasher) {
        let left = |due: Option<u64>| due.map(|due| due.saturating_sub(now));
        let age = |at: u64| (now - at).min(u64::from(INTERVAL_MS));
        (self.own_asked, left(self.own_due), self.close_since.map(age), &self.late_closes).hash(to);
        for sale in &self.sales {
            (sale.attempt, left(sale.due), sale.frames, sale.was_busy, sale.was_busy_before)
                .hash(to);
            sale.recovering_since.map(|at| (now - at).min(u64::from(RECOVERY_MS))).hash(to);
            let is_here = |(of, outcome): (u32, Outcome)| (of == life, outcome);
            (sale.completed.map(is_here), sale.reported, sale.recorded.map(is_here)).hash(to);
            (
                sale.was_authorising,
                sale.acknowledged,
                sale.wrong_since.is_some(),
                sale.was_contradicted,
                sale.owes_look,
                sale.needs_query,
                sale.is_answered,
                sale.was_closed,
                sale.is_closed,
                sale.asked_after_close.map(age),
            )
                .hash(to);
            for received in &sale.received {
                (received.life == life, received.outcome, received.is_clarified).hash(to);
            }
        }
    }
}

impl std::fmt::Display for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            News::Completed(outcome) => write!(f, "{outcome}"),
            News::Clarified(was, outcome) => write!(f, "{was} -> {outcome}"),
            News::Wrong => write!(f, "wrong"),
        }
    }
}
