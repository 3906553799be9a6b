//! The state machine of one terminal: messages, time and randomness come in, actions and events come out.
//!
//! It does no I/O and has no clock, so that a test can run years of faults in a second and repeat any of them
//! from its seed. The owner
//! 1. tells it what happened ([`Session::on_connected`], [`Session::on_message`], [`Session::on_time`], ...),
//! 2. carries out [`Session::next_action`] until there is none, and opens a connection when
//!    [`Session::take_wish_to_connect`] says so,
//! 3. while the connection takes data, sends [`Session::next_frame`] and says how far that went,
//! 4. hands on [`Session::next_event`], and
//! 5. comes back at [`Session::next_deadline`] at the latest.
//!
//! | module | what |
//! |---|---|
//! | `link` | connecting, backoff, heartbeat |
//! | `task` | what is known of one request |
//! | `sending` | which request is written next, and how far it has got |
//! | `matching` | which request a message belongs to |
//! | `answers` | what a request's own answer says of it |
//! | `recovery` | asking about an order that has no outcome, or one that may be wrong |
//! | `questions` | the library's own queries and closes: when they may be sent |
//! | `evidence` | what the answers to those say of the order |
//! | `completed` | reporting an outcome, and correcting one |
//! | `recent` | a bounded memory of what has completed |

#![forbid(unsafe_code)]

mod answers;
mod completed;
mod evidence;
#[cfg(feature = "planted-faults")]
mod fingerprint;
mod link;
mod matching;
mod questions;
mod recent;
mod recovery;
mod rng;
mod sending;
mod settings;
mod task;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::BuildHasher;

use crate::error::{Error, Fault, Result, Stage, Status};
use crate::event::{Event, EventKind};
use crate::hash::{BuildOwn, OwnMap};
use crate::protocol::{self, Outcome, Request};

use completed::Report;
use link::Link;
pub use link::LinkState;
use questions::{Asked, Unanswered};
use recent::{Past, Recent, Standing};
pub use rng::Rng;
pub use settings::Settings;
pub use task::{Attempt, OpenRequest, Restored, RestoredState};
use task::{Reason, Seq, Step, Task, Writing};

/// A moment, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds on a clock that only goes forward, also while the machine sleeps. Deadlines live here.
    pub mono_ms: u64,
    /// Epoch milliseconds, as people and the journal know time.
    pub wall_ms: i64,
}

/// What the owner is to do for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Send a ping with this payload; tell [`Session::on_pong`].
    Ping(u64),
    /// Close the socket at once; the session has already counted it as lost.
    Drop,
}

/// How far a frame has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not one byte has left yet.
    Nothing,
    /// Its first byte has left.
    Started,
    /// All of it was handed to the network.
    Done,
}

/// What the other handles of this process do on the same terminal; they share its screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Others {
    /// One of them has an order that may be with a customer: nothing is closed.
    pub serve_an_order: bool,
    /// One of them has an unanswered close: no order is written before then, on the monotonic clock. 0 for none.
    pub close_until: u64,
}

/// Who a `request_id` on the wire belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The caller's own request.
    Request(Seq),
    /// A query the library sent for this order.
    Query(Seq),
    /// A query the library sent for the order that this void takes back.
    Original(Seq),
    /// A close the library sent for this order.
    Close(Seq),
}

impl Target {
    fn of_question(asked: Asked, seq: Seq) -> Target {
        match asked {
            Asked::Query => Target::Query(seq),
            Asked::Close => Target::Close(seq),
        }
    }
}

/// One terminal's requests and connection. See the module's page.
#[derive(Debug, Clone)]
pub struct Session {
    settings: Settings,
    rng: Rng,
    link: Link,
    /// Counts connections, so that a request knows whether its own still stands.
    connection: u64,
    next_seq: Seq,
    tasks: BTreeMap<Seq, Task>,
    /// Of those that have not completed, the orders.
    orders_in_flight: usize,
    /// Tasks that have not completed; the rest are orders being clarified.
    in_flight: usize,
    targets: OwnMap<String, Target>,
    /// (hash of topic and number, task), for answers without a `request_id`.
    keys: BTreeSet<(u64, Seq)>,
    /// Requests waiting for the connection, in the order of acceptance.
    queue: BTreeSet<Seq>,
    /// The library's own queries and closes, waiting to be written on the present connection.
    /// One for each order: a newer question takes the place of one that was not written yet.
    questions: BTreeMap<Seq, (Asked, Request)>,
    /// What was asked on the present connection and not answered.
    unanswered: Unanswered,
    /// The terminal's last answer named its request.
    answers_have_ids: bool,
    /// The terminal has said that it queues orders: a `101` is not final.
    queues_orders: bool,
    /// While a close is unanswered no order is written: the terminal may take the close for it. On the monotonic clock.
    hold_orders_until: Option<u64>,
    others: Others,
    writing: Option<Writing>,
    deadlines: BTreeSet<(u64, Seq)>,
    recent: Recent,
    /// Orders whose second look is done, by `request_id`.
    looked_at: Vec<String>,
    /// Requests of each topic given up on the present connection, whose answers may still come.
    stale: OwnMap<String, u32>,
    wants_connection: bool,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

impl Session {
    /// A session that starts connecting. Two sessions with the same seed and the same inputs do the same.
    pub fn new(settings: Settings, seed: u64, now: Now) -> Self {
        let mut session = Session {
            settings,
            rng: Rng::new(seed),
            link: Link::default(),
            connection: 0,
            next_seq: 0,
            tasks: BTreeMap::new(),
            in_flight: 0,
            orders_in_flight: 0,
            targets: OwnMap::default(),
            keys: BTreeSet::new(),
            queue: BTreeSet::new(),
            questions: BTreeMap::new(),
            unanswered: Unanswered::default(),
            answers_have_ids: false,
            queues_orders: false,
            hold_orders_until: None,
            others: Others::default(),
            writing: None,
            deadlines: BTreeSet::new(),
            recent: Recent::default(),
            looked_at: Vec::new(),
            stale: OwnMap::default(),
            wants_connection: false,
            actions: VecDeque::new(),
            events: VecDeque::new(),
        };
        session.start_connecting(now);
        session
    }

    /// Whether a request with this id, or an order with this number, is in flight or was not long ago.
    pub fn check_unused(&self, request: &Request) -> Result<()> {
        let id = &request.request_id;
        if self.targets.contains_key(id) || self.recent.knows_id(id) {
            return Err(Error::new(
                Status::Duplicate,
                format!("request_id: already used on this terminal: \"{id}\""),
            ));
        }
        let Some(number) = request.merchant_order_no.as_deref().filter(|_| request.is_order())
        else {
            return Ok(());
        };
        if self.is_number_in_use(number) {
            let open = self.order_in_flight(number).and_then(|seq| self.tasks.get(&seq));
            let past = || self.recent.newest(number).map(|past| &past.request);
            let earlier = open.map(|task| &task.request).or_else(past);
            let by = earlier.map_or("", |request| &request.request_id);
            return Err(Error::new(
                Status::Duplicate,
                format!(
                    "biz_data.merchant_order_no: already used on this terminal, and an order is \
                     never sent twice: \"{number}\", by the order with the request_id \"{by}\""
                ),
            ));
        }
        Ok(())
    }

    /// An order that waits for its outcome has this number, or one that has spent it.
    fn is_number_in_use(&self, number: &str) -> bool {
        let is_open = self.order_in_flight(number).and_then(|seq| self.tasks.get(&seq));
        is_open.is_some_and(|task| !task.is_completed()) || self.recent.has_spent(number)
    }

    /// Takes a request that [`Session::check_unused`] has passed. It completes exactly once, as an event.
    /// `timeout_ms` is how long to wait for its answer once it is on the wire; none takes the configured time.
    pub fn submit(
        &mut self,
        request: Request,
        timeout_ms: Option<u64>,
        attempt: Attempt,
        now: Now,
    ) {
        let answer_within_ms = self.answer_within_ms(&request, timeout_ms);
        let send_by = now.mono_ms + self.settings.send_timeout_ms;
        let mut task = Task::new(request, answer_within_ms, now, send_by);
        task.attempt = attempt;
        if task.request.is_order() {
            self.take_number(&mut task);
        }
        if self.in_flight == 0 {
            self.note_busy(now);
        }
        let seq = self.insert(task);
        self.queue.insert(seq);
        self.hurry(now);
    }

    /// The order is about to be written down in place of an earlier attempt under its number, which
    /// [`Session::check_unused`] has found to be over: from now on nothing corrects that one. Its `request_id`, for
    /// [`Session::resume_earlier_attempt`].
    pub fn end_earlier_attempt(&mut self, order: &Request) -> Option<String> {
        let number = order.merchant_order_no.as_deref()?;
        let earlier = self.recent.newest(number).map(|past| past.request.request_id.clone());
        self.release_number(number);
        earlier
    }

    /// The order could not be written down: the earlier attempt stands for its number again, and is looked at again.
    pub fn resume_earlier_attempt(&mut self, request_id: &str, now: Now) {
        let Some(past) = self.recent.order(request_id).cloned() else { return };
        let (request, outcome) = (past.request.clone(), past.outcome);
        self.recent.stand_again(&past);
        if outcome.says_no_money_moved() && self.settings.second_look_ms > 0 {
            let at = now.mono_ms.saturating_add(self.settings.second_look_ms);
            self.look_again(request, outcome, at, now);
        }
    }

    /// What is known of the order's number, and of the order it takes back, counts from here.
    fn take_number(&mut self, task: &mut Task) {
        if let Some(number) = task.request.merchant_order_no.as_deref() {
            let earlier = self.recent.newest(number);
            if earlier.is_some_and(Past::may_have_reached_the_terminal) {
                task.attempt = Attempt::Again;
            }
            if earlier.is_some() || self.order_in_flight(number).is_some() {
                self.release_number(number);
            }
        }
        task.original_was_reversed = self.was_original_reversed(&task.request);
    }

    /// Whether the order that this void takes back is known to be reversed already.
    fn was_original_reversed(&self, request: &Request) -> bool {
        let original = request.orig_merchant_order_no.as_deref().filter(|_| request.is_void());
        original.is_some_and(|number| self.recent.is_reversed(number))
    }

    /// Takes over an order from an earlier process: see [`RestoredState`].
    pub fn restore(&mut self, order: Restored, now: Now) {
        let (state, request, attempt) = (order.state, order.request.clone(), order.attempt);
        if let RestoredState::Completed { outcome, look_at_ms } = state {
            if let Some(at_ms) = look_at_ms.filter(|_| self.settings.second_look_ms > 0) {
                let wait_ms = u64::try_from(at_ms.saturating_sub(now.wall_ms)).unwrap_or(0);
                let wait_ms = wait_ms.min(self.settings.second_look_ms);
                self.look_again(request.clone(), outcome, now.mono_ms + wait_ms, now);
            }
            self.note_reversal(&request, outcome);
            let request = request.without_text();
            // Unknown, and not to be asked about: whose record its number has, nobody can say.
            let standing = match outcome {
                Outcome::Unknown => Standing::SharedNumber,
                _ => Standing::Correctable,
            };
            return self.recent.remember_order(Past { request, outcome, attempt, standing });
        }
        let late_until = now.mono_ms + self.settings.recovery_timeout_ms;
        let mut task = Task::restored(order, late_until, now);
        self.take_number(&mut task);
        task.attempt = attempt;
        let seq = self.insert(task);
        if let RestoredState::Unknown { since_ms, was_busy } = state {
            let request = request.without_text();
            let outcome = Outcome::Unknown;
            let past = Past { request, outcome, attempt, standing: Standing::Correctable };
            self.recent.remember_order(past);
            let ago_ms = u64::try_from(now.wall_ms.saturating_sub(since_ms)).unwrap_or(0);
            self.start_clarifying(seq, ago_ms, now);
            if was_busy
                && let Some(recovery) = self.tasks.get_mut(&seq).and_then(Task::recovery_mut)
            {
                // Whether the terminal queues orders, only the earlier process knew.
                recovery.reason = Reason::Queued;
            }
        } else {
            let why = "the till stopped before the outcome was known";
            let why = Fault::new(Status::Interrupted, Stage::Recovery, why);
            self.start_recovery(seq, Reason::Lost, why, now);
        }
    }

    /// An earlier process knew an order to be reversed: a void of it that is open proves nothing by that, whichever of
    /// them is taken over first.
    fn note_reversal(&mut self, request: &Request, outcome: Outcome) {
        let reversed = match outcome {
            Outcome::Cancelled => &request.merchant_order_no,
            Outcome::Approved if request.is_void() => &request.orig_merchant_order_no,
            _ => return,
        };
        for task in self.tasks.values_mut().filter(|task| task.request.is_void()) {
            let original = &task.request.orig_merchant_order_no;
            let is_other = task.request.request_id != request.request_id;
            task.original_was_reversed |= is_other && original.is_some() && original == reversed;
        }
    }

    /// A person has decided; the order is not asked about any more.
    pub fn forget_unknown(&mut self, request_id: &str) {
        if let Some(Target::Request(seq)) = self.targets.get(request_id).copied()
            && self.tasks.get(&seq).is_some_and(Task::is_completed)
        {
            self.remove(seq);
        }
        self.recent.note_decided(request_id);
    }

    /// Orders whose second look is done: nothing is left to ask the terminal about them. Each is returned once.
    pub fn take_looked_at(&mut self) -> Vec<String> {
        std::mem::take(&mut self.looked_at)
    }

    /// Whether a request with this id completed not long ago.
    pub fn has_completed(&self, request_id: &str) -> bool {
        self.recent.knows_id(request_id)
    }

    /// What is in flight, oldest first.
    pub fn open_requests(&self) -> impl Iterator<Item = OpenRequest<'_>> {
        self.tasks.values().filter(|task| !task.is_completed()).map(Task::describe)
    }

    /// How many requests have not completed.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many completed orders are still asked about.
    pub fn asked_about(&self) -> usize {
        self.tasks.len() - self.in_flight
    }

    /// How many entries all lists and maps hold together, for tests that nothing grows without end.
    #[doc(hidden)]
    pub fn footprint(&self) -> usize {
        let question_ids: usize = self.tasks.values().map(|task| task.question_ids().count()).sum();
        self.tasks.len()
            + question_ids
            + self.targets.len()
            + self.keys.len()
            + self.queue.len()
            + self.questions.len()
            + self.unanswered.len()
            + self.looked_at.len()
            + self.deadlines.len()
            + self.recent.len()
            + self.stale.len()
            + self.actions.len()
            + self.events.len()
    }

    /// The next thing to do.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether a connection is to be opened now; asked once for each. [`Session::on_connected`] or
    /// [`Session::on_lost`] follows.
    pub fn take_wish_to_connect(&mut self) -> bool {
        std::mem::take(&mut self.wants_connection)
    }

    /// The next thing to tell.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The moment at which [`Session::on_time`] has something to do.
    pub fn next_deadline(&self) -> Option<u64> {
        let task = self.deadlines.first().map(|(at, _)| *at);
        let held = self.orders_held_until().filter(|_| !self.queue.is_empty() && self.link.is_up());
        [task, self.link_deadline(), held].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn on_time(&mut self, now: Now) {
        if self.others.close_until <= now.mono_ms {
            self.others.close_until = 0;
        }
        self.link_on_time(now);
        // Whatever it held back is written when the connection takes data: nothing is left to wait for.
        self.hold_orders_until = self.hold_orders_until.filter(|until| *until > now.mono_ms);
        while let Some(&(at, seq)) = self.deadlines.first() {
            if at > now.mono_ms {
                break;
            }
            self.deadlines.remove(&(at, seq));
            if let Some(task) = self.tasks.get_mut(&seq) {
                task.deadline = None;
                self.on_deadline(seq, now);
            }
        }
    }

    fn on_deadline(&mut self, seq: Seq, now: Now) {
        let Some(task) = self.tasks.get(&seq) else { return };
        match &task.step {
            Step::Queued => self.send_time_is_up(seq, now),
            Step::Waiting => {
                let message = format!("no answer within {} ms", task.answer_within_ms);
                let fault = Fault::new(Status::Timeout, Stage::Receive, message);
                self.no_answer(seq, fault, now);
            }
            Step::Asking(_) => self.continue_recovery(seq, now),
        }
    }

    /// How long the answer to a request is waited for once it is on the wire, milliseconds.
    pub fn answer_within_ms(&self, request: &Request, timeout_ms: Option<u64>) -> u64 {
        timeout_ms.unwrap_or(if request.is_order() {
            self.settings.order_timeout_ms
        } else {
            self.settings.request_timeout_ms
        })
    }

    fn emit(&mut self, kind: EventKind, now: Now) {
        self.events.push_back(Event { at: now.wall_ms, kind });
    }

    fn insert(&mut self, task: Task) -> Seq {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.targets.insert(task.request.request_id.clone(), Target::Request(seq));
        let number = task.request.merchant_order_no.as_deref();
        self.keys.insert((Self::key(&task.request.topic, number), seq));
        if !task.is_completed() {
            self.in_flight += 1;
            self.orders_in_flight += usize::from(task.request.is_order());
        }
        let deadline = task.deadline;
        self.tasks.insert(seq, task);
        if let Some(at) = deadline {
            self.deadlines.insert((at, seq));
        }
        seq
    }

    /// Forgets a task; gives what was asked for.
    fn remove(&mut self, seq: Seq) -> Option<Request> {
        let task = self.tasks.remove(&seq)?;
        if !task.is_completed() {
            self.in_flight -= 1;
            self.orders_in_flight -= usize::from(task.request.is_order());
        }
        if let Some(at) = task.deadline {
            self.deadlines.remove(&(at, seq));
        }
        let number = task.request.merchant_order_no.as_deref();
        self.keys.remove(&(Self::key(&task.request.topic, number), seq));
        self.targets.remove(&task.request.request_id);
        for id in task.question_ids() {
            self.targets.remove(id);
        }
        self.queue.remove(&seq);
        self.questions.remove(&seq);
        Some(task.request)
    }

    fn set_deadline(&mut self, seq: Seq, at: Option<u64>) {
        let Some(task) = self.tasks.get_mut(&seq) else { return };
        if let Some(old) = std::mem::replace(&mut task.deadline, at) {
            self.deadlines.remove(&(old, seq));
        }
        if let Some(at) = at {
            self.deadlines.insert((at, seq));
        }
    }

    fn key(topic: &str, number: Option<&str>) -> u64 {
        BuildOwn.hash_one((topic, number))
    }

    /// The oldest task with this topic and number.
    fn find_by_key(&self, topic: &str, number: Option<&str>) -> Option<Seq> {
        let key = Self::key(topic, number);
        self.keys.range((key, 0)..=(key, Seq::MAX)).map(|(_, seq)| *seq).find(|seq| {
            self.tasks.get(seq).is_some_and(|task| {
                task.request.topic == topic && task.request.merchant_order_no.as_deref() == number
            })
        })
    }

    fn order_in_flight(&self, number: &str) -> Option<Seq> {
        self.find_by_key(protocol::ORDER, Some(number))
    }
}

#[cfg(test)]
mod tests;
