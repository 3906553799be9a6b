//! The terminal itself: no sockets, no clock, no chance of its own.
//!
//! Time (epoch milliseconds) and messages come in, [`Action`]s come out. After every call, fetch actions with
//! [`Model::poll_action`] until there are none, and call [`Model::on_time`] when [`Model::next_deadline`] is reached.

mod answer;
mod late;
mod order;
mod own_answer;
mod queue;
mod record;
mod request;
mod snapshot;
mod topics;
mod transaction;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::mangle::Outgoing;
use crate::{Behaviour, Oddities, Options};
use answer::Envelope;
use late::Late;
use queue::Queued;
pub use record::{LedgerEntry, Record};
use request::{Refusal, Request};
use transaction::{Running, Stage};

/// A connection, named by whoever owns the sockets; ids grow and are not used again.
pub type ConnId = u64;

/// What the terminal wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send one message.
    Send {
        /// Where to.
        conn: ConnId,
        /// The message.
        text: String,
    },
    /// Put these bytes on the socket as they are: they are, or break, WebSocket frames.
    SendBytes {
        /// Where to.
        conn: ConnId,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// End the connection with a bare FIN.
    Cut {
        /// Which one.
        conn: ConnId,
    },
    /// Stop reading and writing on every connection; they stay open.
    Freeze,
    /// Read and write again.
    Thaw,
    /// Refuse new connections.
    Refuse,
    /// Take new connections again.
    Accept,
    /// A line for a person; only with [`Options::log`].
    Note(String),
}

/// A terminal without its sockets.
#[derive(Clone, Debug)]
pub struct Model {
    options: Options,
    chance: u64,
    connections: BTreeSet<ConnId>,
    records: BTreeMap<String, Record>,
    barred: BTreeSet<String>,
    ledger: Vec<LedgerEntry>,
    running: Option<Running>,
    owed: Vec<Outgoing>,
    late: Vec<Late>,
    queue: VecDeque<Queued>,
    /// Numbers of ended transactions, oldest first.
    ended: VecDeque<String>,
    next: VecDeque<Behaviour>,
    later: Vec<(u64, Action)>,
    actions: VecDeque<Action>,
    revision: u64,
}

impl Model {
    /// A terminal nobody is connected to. Of the options, those about sockets and files are not used here.
    pub fn new(options: Options, seed: u64) -> Model {
        Model {
            options,
            chance: seed,
            connections: BTreeSet::new(),
            records: BTreeMap::new(),
            barred: BTreeSet::new(),
            ledger: Vec::new(),
            running: None,
            owed: Vec::new(),
            late: Vec::new(),
            queue: VecDeque::new(),
            ended: VecDeque::new(),
            next: VecDeque::new(),
            later: Vec::new(),
            actions: VecDeque::new(),
            revision: 0,
        }
    }

    /// A till connected. Answers that are owed go to it.
    pub fn on_connect(&mut self, conn: ConnId, _now: u64) {
        self.connections.insert(conn);
        self.waiting().for_each(|running| running.adopt(conn));
        self.queue.iter_mut().for_each(|queued| queued.adopt(conn));
        for answer in std::mem::take(&mut self.owed) {
            self.note(|| "the answer is pushed on the new connection".to_owned());
            self.put(Some(conn), answer);
        }
    }

    /// A till's connection ended. What it asked for goes on.
    pub fn on_disconnect(&mut self, conn: ConnId, _now: u64) {
        self.connections.remove(&conn);
        self.waiting().for_each(|running| running.abandon(conn));
        self.queue.iter_mut().for_each(|queued| queued.abandon(conn));
    }

    /// Every order whose answer is still to come.
    fn waiting(&mut self) -> impl Iterator<Item = &mut Running> {
        let late = self.late.iter_mut().map(|late| &mut late.running);
        self.running.iter_mut().chain(late)
    }

    /// A message came. One that was still under way when its link was cut is not read.
    pub fn on_message(&mut self, conn: ConnId, text: &str, now: u64) {
        if !self.connections.contains(&conn) {
            return;
        }
        match Request::read(text) {
            Ok(request) => self.on_request(conn, request, now),
            Err(refused) => {
                let (envelope, refusal) = *refused;
                self.refuse(Some(conn), false, &envelope, &refusal, now);
            }
        }
        self.serve_queue(now);
    }

    /// Time passed: what is due happens.
    pub fn on_time(&mut self, now: u64) {
        let due: Vec<_> = self.later.extract_if(.., |(at, _)| *at <= now).collect();
        self.actions.extend(due.into_iter().map(|(_, action)| action));
        self.late_is_due(now);
        while self.running.as_ref().and_then(Running::deadline).is_some_and(|at| at <= now) {
            self.advance(now);
            self.serve_queue(now);
        }
    }

    /// When [`Model::on_time`] wants to be called next.
    pub fn next_deadline(&self) -> Option<u64> {
        let running = self.running.as_ref().and_then(Running::deadline);
        let late = self.late.iter().map(|late| late.at);
        self.later.iter().map(|(at, _)| *at).chain(late).chain(running).min()
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Everything that moved money, in order.
    pub fn ledger(&self) -> &[LedgerEntry] {
        &self.ledger
    }

    /// How often money moved under this number; more than once only with the oddity `numbers-not-checked`.
    pub fn charges(&self, merchant_order_no: &str) -> usize {
        self.ledger.iter().filter(|entry| entry.merchant_order_no == merchant_order_no).count()
    }

    /// What the terminal knows about a number.
    pub fn record(&self, merchant_order_no: &str) -> Option<&Record> {
        self.records.get(merchant_order_no)
    }

    /// The number of the transaction under way.
    pub fn running(&self) -> Option<&str> {
        self.running.as_ref().map(|running| running.number.as_str())
    }

    /// How many orders wait for their turn.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Whether the transaction under way waits for the cashier's confirmation.
    pub fn confirming(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.stage == Stage::Confirming)
    }

    /// Grows whenever records or ledger change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What the next order will do, whatever its amount; may be called for several orders ahead.
    pub fn set_next(&mut self, behaviour: Behaviour) {
        self.next.push_back(behaviour);
    }

    /// What was set for the next orders.
    pub fn next(&self) -> impl Iterator<Item = Behaviour> {
        self.next.iter().copied()
    }

    /// The oddities from now on.
    pub fn set_oddities(&mut self, oddities: Oddities) {
        self.options.oddities = oddities;
    }

    /// Changes how the terminal is set up from now on; what runs goes on as it began.
    pub fn configure(&mut self, change: impl FnOnce(&mut Options)) {
        change(&mut self.options);
    }

    /// How the terminal is set up.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether orders wait for a person from now on.
    pub fn set_manual(&mut self, manual: bool) {
        self.options.manual = manual;
    }

    /// Forgets records, ledger, the transaction under way and what was set for the next orders.
    pub fn reset(&mut self) {
        let fresh = Model::new(self.options.clone(), self.chance);
        let connections = std::mem::take(&mut self.connections);
        *self = Model { connections, revision: self.revision + 1, ..fresh };
    }

    /// The terminal restarts: every link is cut and the transaction under way is lost, not charged. Records and ledger
    /// stay.
    pub fn reboot(&mut self, now: u64) {
        // One that only settles does so at the gateway, terminal or not.
        if let Some(running) = self.running.take_if(|running| running.stage != Stage::Settling) {
            // What the host has approved stays, though nobody has signed.
            if running.stage != Stage::Signing {
                self.records.remove(&running.number);
            }
            self.revision += 1;
        }
        self.queue.clear();
        self.owed.clear();
        self.cut_all(now);
    }

    fn on_request(&mut self, conn: ConnId, request: Request, now: u64) {
        let refused = match request.envelope.topic.as_str() {
            "ecrhub.pay.order" => self.on_order(conn, &request, now),
            "ecrhub.pay.query" => self.on_query(conn, &request, now),
            "ecrhub.pay.close" => self.on_close(conn, &request, now),
            _ => self.on_other(conn, &request, now),
        };
        if let Err(refusal) = refused {
            self.refuse(Some(conn), false, &request.envelope, &refusal, now);
        }
    }

    fn refuse(
        &mut self,
        home: Option<ConnId>,
        push: bool,
        envelope: &Envelope,
        refusal: &Refusal,
        now: u64,
    ) {
        self.note(|| format!("refused: {} {}", refusal.code, refusal.text));
        let biz_data = refusal.biz_data.clone();
        let text = answer::render(
            &self.options.oddities,
            envelope,
            refusal.code,
            &refusal.text,
            biz_data,
            now,
        );
        let is_order = envelope.topic == "ecrhub.pay.order";
        match self.options.oddities.mangle().filter(|_| is_order) {
            Some(mangle) => self.deliver(home, push, mangle.apply(text)),
            None => self.deliver(home, push, Outgoing::Text(text)),
        }
    }

    /// Sends the answer home. Where home is gone it is owed to the next connection, or lost.
    fn deliver(&mut self, home: Option<ConnId>, push: bool, answer: Outgoing) {
        match home {
            None if push => self.owed.push(answer),
            home => self.put(home, answer),
        }
    }

    fn put(&mut self, conn: Option<ConnId>, answer: Outgoing) {
        match answer {
            Outgoing::Text(text) => self.send(conn, text),
            Outgoing::Frame(bytes) => self.send_bytes(conn, bytes),
        }
    }

    /// Sends where there is still a connection; otherwise the message is lost.
    fn send(&mut self, conn: Option<ConnId>, text: String) {
        if let Some(conn) = conn.filter(|conn| self.connections.contains(conn)) {
            self.actions.push_back(Action::Send { conn, text });
        }
    }

    fn send_bytes(&mut self, conn: Option<ConnId>, bytes: Vec<u8>) {
        if let Some(conn) = conn.filter(|conn| self.connections.contains(conn)) {
            self.actions.push_back(Action::SendBytes { conn, bytes });
        }
    }

    fn cut(&mut self, conn: Option<ConnId>, now: u64) {
        if let Some(conn) = conn {
            self.actions.push_back(Action::Cut { conn });
            self.on_disconnect(conn, now);
        }
    }

    fn cut_all(&mut self, now: u64) {
        for conn in self.connections.clone() {
            self.cut(Some(conn), now);
        }
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if self.options.log.is_some() {
            self.actions.push_back(Action::Note(line()));
        }
    }

    /// SplitMix64: enough to make numbers look different.
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
