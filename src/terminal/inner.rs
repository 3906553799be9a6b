//! One terminal's state under its lock: a session, a socket, events, and who waits for them.

use std::sync::Arc;

use tungstenite::Message;

use super::diary::{Diary, Line};
use super::events::{Events, Outgoing};
use super::loan::SocketLoan;
use super::neighbours::Neighbour;
use super::queue::EventQueue;
use super::unwritten::Unwritten;
use crate::error::{Error, Fault, Result, Status};
use crate::io::{Farewell, Link, News, Reactor, Turn};
use crate::session::{Action, Now, Others, Progress, Session};

pub(super) struct Inner {
    pub(super) session: Session,
    pub(super) neighbour: Neighbour,
    /// What the neighbours were last shown.
    pub(super) shown: Others,
    pub(super) link: Link,
    pub(super) events: Events,
    pub(super) unwritten: Unwritten,
    pub(super) socket_loan: SocketLoan,
    /// When the I/O thread will come by itself.
    pub(super) armed: Option<u64>,
    pub(super) ids: Ids,
    pub(super) ended: Option<Ended>,
    /// For the log, once the lock is free.
    pub(super) log_lines: Vec<Line>,
    pub(super) diary: Diary,
}

/// The handle has ended; its socket may still be saying goodbye.
pub(super) struct Ended {
    pub(super) linger_until: u64,
}

/// Ids nobody else makes: random for the terminal's handle, then counting.
#[derive(Debug)]
pub(super) struct Ids {
    pub(super) prefix: u64,
    pub(super) count: u64,
}

/// The lowest digits of a number.
fn push_hex(out: &mut String, number: u64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = u32::try_from(number >> (place * 4) & 0xf).unwrap_or(0);
        out.push(char::from_digit(digit, 16).unwrap_or('0'));
    }
}

impl Ids {
    pub(super) fn next(&mut self) -> String {
        self.count += 1;
        let mut id = String::with_capacity(28);
        push_hex(&mut id, self.prefix, 16);
        push_hex(&mut id, self.count, 12);
        id
    }
}

fn hear(session: &mut Session, news: News, now: Now) {
    match news {
        News::Connected => session.on_connected(now),
        News::Progress(progress) => session.on_progress(progress, now),
        News::Message(Message::Text(text)) => session.on_text(&text, now),
        News::Message(message) => session.on_message(&message.into_data(), now),
        News::Pong(payload) => session.on_pong(payload, now),
        News::Alive => session.on_heard(now),
        News::Garbage(detail) => session.on_garbage(detail, &[], now),
    }
}

/// The error of every call on a terminal that has ended.
pub(super) fn ended() -> Error {
    Error::new(Status::Handle, "the terminal is disconnected")
}

impl Inner {
    pub(super) fn new(
        session: Session,
        neighbour: Neighbour,
        link: Link,
        queue: EventQueue,
        id_prefix: u64,
    ) -> Self {
        Inner {
            session,
            neighbour,
            shown: Others::default(),
            link,
            events: Events::new(queue),
            unwritten: Unwritten::default(),
            socket_loan: SocketLoan::default(),
            armed: None,
            ids: Ids { prefix: id_prefix, count: 0 },
            ended: None,
            log_lines: Vec::new(),
            diary: Diary::default(),
        }
    }

    /// The event was not handed over: it is the next one again.
    pub(super) fn put_back(&mut self, outgoing: Arc<Outgoing>) {
        if self.ended.is_none() {
            self.events.put_back(outgoing);
        }
    }

    pub(super) fn may_take(&self, max_in_flight: usize) -> Result<()> {
        if self.ended.is_some() {
            return Err(ended());
        }
        let in_flight = self.session.in_flight();
        let unfetched = self.events.queue.own_precious_len();
        if in_flight + unfetched >= max_in_flight {
            return Err(Error::new(
                Status::Busy,
                format!(
                    "{in_flight} requests in flight and {unfetched} completions not fetched, \
                     max_in_flight is {max_in_flight}: fetch events with ecrhub_poll"
                ),
            ));
        }
        if self.events.queue.is_full() {
            return Err(Error::new(
                Status::Busy,
                format!(
                    "completions not fetched take up {} bytes, more than max_queue_bytes: fetch events with ecrhub_poll",
                    self.events.queue.own_precious_bytes()
                ),
            ));
        }
        Ok(())
    }

    pub(super) fn due(&self) -> Option<u64> {
        let check = self.socket_loan.check_at();
        [self.session.next_deadline(), self.link.deadline(), check].into_iter().flatten().min()
    }

    /// Whether the I/O thread would come too late by itself; it is to be kicked then.
    pub(super) fn is_late(&mut self) -> bool {
        let due = self.due();
        let is_late = match (due, self.armed) {
            (Some(due), Some(armed)) => due < armed,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_late {
            self.armed = due;
        }
        is_late
    }

    /// Does what the session asks for and writes what the socket takes. A connection is made on the I/O thread only.
    pub(super) fn pump(&mut self, mut reactor: Option<&mut Reactor<'_>>, now: Now) {
        loop {
            while let Some(action) = self.session.next_action() {
                match action {
                    Action::Ping(payload) => {
                        let (progress, fault) = self.link.ping(payload);
                        self.after_write(progress, fault, now);
                    }
                    Action::Drop => self.link.drop_now(),
                }
            }
            if let Some(reactor) = &mut reactor
                && self.session.take_wish_to_connect()
                && let Err(fault) = self.link.connect(reactor, now.mono_ms)
            {
                self.session.on_lost(fault, now);
            }
            if !self.write_one(now) {
                return;
            }
        }
    }

    /// Writes the next frame; true when something changed, so that there may be more to do.
    pub(super) fn write_one(&mut self, now: Now) -> bool {
        let can_send = self.link.can_send() && self.session.has_frames();
        if !can_send && self.session.shown_to_others(now) == self.shown {
            return false;
        }
        // No neighbour may write between the look at what they do and the moment at which this handle shows its own.
        let turn = self.neighbour.take_turn();
        self.session.note_others(turn.others());
        let frame = if can_send { self.session.next_frame(now) } else { None };
        let sent = frame.map(|frame| self.link.send(frame));
        self.shown = self.session.shown_to_others(now);
        turn.show(self.shown);
        drop(turn);
        sent.is_some_and(|(progress, fault)| self.after_write(progress, fault, now))
    }

    pub(super) fn after_write(
        &mut self,
        progress: Progress,
        fault: Option<Fault>,
        now: Now,
    ) -> bool {
        self.session.on_progress(progress, now);
        let is_lost = fault.is_some();
        if let Some(fault) = fault {
            self.session.on_lost(fault, now);
        }
        is_lost || progress == Progress::Done
    }

    /// The socket may be read or written, says the I/O thread. True when there is more to read.
    pub(super) fn on_ready(&mut self, now: Now) -> bool {
        if self.link.is_blocked() {
            let (progress, fault) = self.link.flush();
            self.after_write(progress, fault, now);
        }
        let session = &mut self.session;
        let more = self.link.on_ready(now.mono_ms, &mut |news| hear(session, news, now));
        self.session.on_stage(self.link.stage());
        self.after_read(more, now)
    }

    /// The socket may be read, says the caller who watches it.
    pub(super) fn read_lent(&mut self, now: Now) {
        let session = &mut self.session;
        let more = self.link.read_lent(&mut |news| hear(session, news, now));
        self.after_read(more, now);
    }

    fn after_read(&mut self, more: Result<bool, Fault>, now: Now) -> bool {
        more.unwrap_or_else(|fault| {
            self.session.on_lost(fault, now);
            false
        })
    }

    pub(super) fn linger(&mut self, now: Now) -> Turn {
        let Some(ended) = &self.ended else { return Turn::Ended };
        let until = ended.linger_until;
        let farewell = self.link.linger();
        if farewell == Farewell::Over || now.mono_ms >= until {
            self.link.drop_now();
            return Turn::Ended;
        }
        if farewell == Farewell::More { Turn::Again } else { Turn::Until(Some(until)) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::config::{Config, Validation};
    use crate::event::EventKind;
    use crate::io;
    use crate::io::Pair;
    use crate::protocol::{self, Defaults};
    use crate::session::{Attempt, LinkState, Settings};

    fn eventually(inner: &mut Inner, mut is_so: impl FnMut(&mut Inner) -> bool) {
        let began = Instant::now();
        while !is_so(inner) {
            assert!(began.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The order found no room, went out along with a pong, and then the connection was lost: it is found out, and never
    /// sent again.
    #[test]
    fn an_order_that_left_by_the_way_is_not_sent_again() {
        let now = io::now();
        let Pair { link, mut terminal, .. } = Pair::new();
        let config = Config { app_id: Some("test".into()), ..Config::new("ws://127.0.0.1:1/") };
        let mut session = Session::new(Settings::from(&config), 1, now);
        session.on_connected(now);
        let neighbour = Neighbour::join("a test of its own");
        let mut inner = Inner::new(session, neighbour, link, EventQueue::new(usize::MAX), 1);
        let defaults = Defaults {
            request_id: "r1",
            timestamp_ms: now.wall_ms,
            app_id: Some("test"),
            validation: Validation::Strict,
        };
        let order = r#"{"topic":"ecrhub.pay.order","biz_data":{"trans_type":"1","merchant_order_no":"A1","order_amount":"1.00"}}"#;
        inner.link.leave_room(0);
        let order = protocol::prepare(order, &defaults).unwrap();
        inner.session.submit(order, None, Attempt::First, now);
        inner.pump(None, now);
        inner.link.make_room();
        let patience = Some(Duration::from_millis(5));
        terminal.get_mut().set_read_timeout(patience).unwrap();
        let has_arrived = |inner: &mut Inner| {
            inner.read_lent(now);
            terminal.send(Message::Ping("?".into())).unwrap();
            terminal.read().is_ok_and(|message| message.to_string().contains("A1"))
        };
        eventually(&mut inner, has_arrived);
        drop(terminal);
        let is_lost = |inner: &mut Inner| {
            inner.read_lent(now);
            inner.session.link_state() != LinkState::Connected
        };
        eventually(&mut inner, is_lost);
        let told: Vec<_> = std::iter::from_fn(|| inner.session.next_event()).collect();
        assert!(
            told.iter().any(|event| matches!(event.kind, EventKind::Recovering { .. })),
            "{told:?}"
        );
        inner.session.on_connected(now);
        assert!(inner.session.next_frame(now).unwrap().contains("ecrhub.pay.query"));
    }

    #[test]
    fn ids_count_behind_their_prefix() {
        let mut ids = Ids { prefix: 0x0123_4567_89ab_cdef, count: 0xfe };
        assert_eq!(ids.next(), "0123456789abcdef0000000000ff");
        assert_eq!(ids.next(), "0123456789abcdef000000000100");
    }
}
