//! A hash of everything that decides what a session does next, so that an exploration visits equal states once.
//!
//! Times are taken relative to now, and random ids by their place. Every structure is taken apart in full: a new field
//! does not compile until somebody has decided whether it counts.

use std::hash::{Hash, Hasher};

use super::task::{Attempt, Held, Phase, Question, Reason, Recovery, Step, Task, Writing};
use super::{Now, Session, Target};

/// More unanswered questions about one number than this are as many as this: no exploration has so many answers on
/// their way.
const COUNTED: u32 = 8;

/// What everything in a session is seen relative to.
struct View<'a> {
    now: Now,
    /// Ids of the library's own questions that may still be answered, in an order that equal states share.
    live: &'a [&'a str],
    connection: u64,
    recovery_interval_ms: u64,
    longest_interval_ms: u64,
}

impl View<'_> {
    fn place(&self, id: &str) -> Option<usize> {
        self.live.iter().position(|known| *known == id)
    }

    /// `u64::MAX` stands for never.
    fn left(&self, at: u64) -> u64 {
        if at == u64::MAX { at } else { at.saturating_sub(self.now.mono_ms) }
    }

    fn age(&self, at: u64) -> u64 {
        self.now.mono_ms.saturating_sub(at)
    }
}

impl Session {
    /// Two sessions with the same fingerprint do the same from now on, whatever happens. `live` are the ids of the
    /// library's own questions that may still be answered.
    #[doc(hidden)]
    pub fn fingerprint(&self, now: Now, live: &[&str], to: &mut impl Hasher) {
        let Session {
            settings,
            rng: _,
            link,
            connection,
            next_seq: _,
            tasks,
            in_flight: _,
            orders_in_flight: _,
            targets,
            keys: _,
            queue,
            questions,
            unanswered,
            answers_have_ids,
            queues_orders,
            hold_orders_until,
            others,
            writing,
            deadlines: _,
            recent,
            looked_at,
            stale,
            wants_connection,
            actions: _,
            events: _,
        } = self;
        let view = View {
            now,
            live,
            connection: *connection,
            recovery_interval_ms: settings.recovery_interval_ms,
            longest_interval_ms: settings
                .recovery_interval_ms
                .max(settings.clarify_interval_ms)
                .max(settings.second_look_ms),
        };
        link.fingerprint(now, settings.reconnect_min_ms, to);
        let rank = |seq: u64| tasks.keys().position(|known| *known == seq);
        tasks.len().hash(to);
        for (seq, task) in tasks {
            (queue.contains(seq), questions.get(seq).map(|(asked, _)| *asked)).hash(to);
            questions.get(seq).map(|(_, request)| &request.merchant_order_no).hash(to);
            task.fingerprint(&view, to);
        }
        for id in live {
            match targets.get(*id) {
                None => 0u8.hash(to),
                Some(Target::Request(seq)) => (1u8, rank(*seq)).hash(to),
                Some(Target::Query(seq)) => (2u8, rank(*seq)).hash(to),
                Some(Target::Close(seq)) => (3u8, rank(*seq)).hash(to),
                Some(Target::Original(seq)) => (4u8, rank(*seq)).hash(to),
            }
        }
        match writing {
            None => 0u8.hash(to),
            Some(Writing::Request { seq, started }) => (1u8, rank(*seq), started).hash(to),
            Some(Writing::Question { seq, asked, request_id, text: _, started }) => {
                (2u8, rank(*seq), started, asked, view.place(request_id)).hash(to);
            }
        }
        for (asked, number, count) in unanswered.sorted() {
            (asked, number, count.min(COUNTED)).hash(to);
        }
        unanswered.sorted_numbers().hash(to);
        let held = hold_orders_until.map(|until| view.left(until));
        (others.serve_an_order, view.left(others.close_until)).hash(to);
        (answers_have_ids, queues_orders, held, looked_at, wants_connection).hash(to);
        recent.fingerprint(to);
        let mut stale: Vec<_> = stale.iter().map(|(topic, n)| (topic, (*n).min(COUNTED))).collect();
        stale.sort_unstable();
        stale.hash(to);
    }
}

impl Task {
    fn fingerprint(&self, view: &View<'_>, to: &mut impl Hasher) {
        let Task {
            request,
            step,
            sent,
            connection,
            answer_within_ms,
            accepted: _,
            age_before_ms: _,
            own_time_until,
            late_until,
            has_arrived,
            restored,
            attempt,
            original_was_reversed,
            is_conclusive_close,
            deadline,
        } = self;
        (&request.request_id, sent, connection.map(|on| on == view.connection)).hash(to);
        (answer_within_ms, view.left(*own_time_until), has_arrived, restored).hash(to);
        (late_until.map(|at| view.left(at)), deadline.map(|at| view.left(at))).hash(to);
        (*attempt == Attempt::Again, original_was_reversed, is_conclusive_close).hash(to);
        match step {
            Step::Queued => 0u8.hash(to),
            Step::Waiting => 1u8.hash(to),
            Step::Asking(recovery) => recovery.fingerprint(view, to),
        }
    }
}

impl Recovery {
    fn fingerprint(&self, view: &View<'_>, to: &mut impl Hasher) {
        let Recovery {
            phase,
            reason,
            until,
            next_ask,
            look_from,
            reported,
            is_announced,
            is_closed,
            conclusive_close,
            closed_on,
            reconnected_at,
            not_found_asked,
            was_in_progress,
            held,
            why: _,
            unsettled,
            mismatch: _,
            questions,
        } = self;
        (phase.rank(), reason.rank(), reported, is_announced, is_closed, was_in_progress).hash(to);
        // A clarification lasts for days: when it ends makes no difference to an exploration.
        let ends =
            (!matches!(phase, Phase::Clarifying | Phase::SecondLook)).then(|| view.left(*until));
        (ends, view.left(*next_ask)).hash(to);
        (conclusive_close.is_some(), conclusive_close.as_deref().and_then(|id| view.place(id)))
            .hash(to);
        (*phase == Phase::SecondLook).then(|| view.left(*look_from)).hash(to);
        closed_on.map(|on| on == view.connection).hash(to);
        reconnected_at.map(|at| view.age(at).min(view.longest_interval_ms)).hash(to);
        not_found_asked.map(|at| view.age(at).min(view.recovery_interval_ms)).hash(to);
        match held {
            None => 0u8.hash(to),
            Some(Held::NoMoney { outcome, text: _, recovered }) => {
                (1u8, outcome, recovered).hash(to);
            }
            Some(Held::Reversed { text }) => (2u8, text.is_empty()).hash(to),
        }
        (unsettled.is_some(), questions.len().min(2)).hash(to);
        let newest = questions.len().saturating_sub(1);
        for (at, question) in questions.iter().enumerate() {
            let place = view.place(&question.request_id);
            if place.is_some() || at == newest {
                (place, at == newest, question.left_at.is_some_and(|left_at| left_at < *look_from))
                    .hash(to);
                question.fingerprint(*not_found_asked, view, to);
            }
        }
    }
}

impl Question {
    fn fingerprint(&self, not_found_asked: Option<u64>, view: &View<'_>, to: &mut impl Hasher) {
        let Question { request_id: _, left_at, is_after_close } = self;
        let counts = not_found_asked.map(|first| {
            left_at.is_some_and(|at| at >= first.saturating_add(view.recovery_interval_ms))
        });
        let age = left_at.map(|at| view.age(at).min(2 * view.recovery_interval_ms));
        (age, is_after_close, counts).hash(to);
    }
}

impl Phase {
    fn rank(self) -> u8 {
        match self {
            Phase::Querying => 2,
            Phase::Closing => 3,
            Phase::Concluding => 4,
            Phase::QueryingOriginal => 5,
            Phase::Clarifying => 6,
            Phase::SecondLook => 7,
        }
    }
}

impl Reason {
    fn rank(self) -> u8 {
        match self {
            Reason::Lost => 0,
            Reason::Busy => 1,
            Reason::Queued => 2,
            Reason::DuplicateNumber => 3,
            Reason::Refused => 4,
            Reason::ReversedVoid => 5,
        }
    }
}
