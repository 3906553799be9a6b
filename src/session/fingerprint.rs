//! A hash of everything that decides what a session does next, so that an exploration visits equal states once.
//!
//! Times are taken relative to now, and random ids by their place. Every structure is taken apart in full: a new field
//! does not compile until somebody has decided whether it counts.

use std::hash::{Hash, Hasher};

use super::task::{Finding, Phase, Step, Task, Writing};
use super::{Now, Session, Target};

/// Ids of the library's own questions that may still be answered, in an order that equal states share.
type Live<'a> = &'a [&'a str];

fn place(id: &str, live: Live<'_>) -> Option<usize> {
    live.iter().position(|known| *known == id)
}

/// `u64::MAX` stands for never.
fn left(at: u64, now: Now) -> u64 {
    if at == u64::MAX { at } else { at.saturating_sub(now.mono_ms) }
}

impl Session {
    /// Two sessions with the same fingerprint do the same from now on, whatever happens.
    #[doc(hidden)]
    pub fn fingerprint(&self, now: Now, live: &[&str], to: &mut impl Hasher) {
        let Session {
            settings: _,
            rng: _,
            link,
            connection,
            next_seq: _,
            tasks,
            in_flight: _,
            targets,
            keys: _,
            queue,
            probes,
            writing,
            deadlines: _,
            recent,
            stale,
            wants_connection,
            actions: _,
            events: _,
        } = self;
        link.fingerprint(now, self.settings.reconnect_min_ms, to);
        let rank = |seq: u64| tasks.keys().position(|known| *known == seq);
        tasks.len().hash(to);
        for (seq, task) in tasks {
            let probe = probes.get(seq).map(|text| text.contains(super::protocol::CLOSE));
            (queue.contains(seq), probe).hash(to);
            (task.connection == Some(*connection)).hash(to);
            task.fingerprint(now, live, to);
        }
        for id in live {
            match targets.get(*id) {
                None => 0u8.hash(to),
                Some(Target::Request(seq)) => (1u8, rank(*seq)).hash(to),
                Some(Target::Query(seq)) => (2u8, rank(*seq)).hash(to),
                Some(Target::Close(seq)) => (3u8, rank(*seq)).hash(to),
            }
        }
        match writing {
            None => 0u8.hash(to),
            Some(Writing::Request { seq, started }) => (1u8, rank(*seq), started).hash(to),
            Some(Writing::Probe(text)) => (2u8, text.contains(super::protocol::CLOSE)).hash(to),
        }
        recent.fingerprint(to);
        let mut stale: Vec<_> = stale.iter().collect();
        stale.sort();
        (stale, wants_connection).hash(to);
    }
}

impl Task {
    fn fingerprint(&self, now: Now, live: Live<'_>, to: &mut impl Hasher) {
        let Task {
            request,
            step,
            sent,
            connection,
            answer_within_ms: _,
            accepted: _,
            age_before_ms: _,
            late_until,
            has_arrived,
            restored,
            deadline,
        } = self;
        (&request.request_id, sent, connection.is_some(), has_arrived, restored).hash(to);
        (late_until.map(|at| left(at, now)), deadline.map(|at| left(at, now))).hash(to);
        match step {
            Step::Queued => 0u8.hash(to),
            Step::Waiting => 1u8.hash(to),
            Step::Finding(finding) => finding.fingerprint(now, live, to),
        }
    }
}

impl Finding {
    fn fingerprint(&self, now: Now, live: Live<'_>, to: &mut impl Hasher) {
        let Finding {
            phase,
            until,
            next_ask,
            closed,
            firm_close,
            close_answered,
            why: _,
            unsettled: _,
            probes,
        } = self;
        let phase = match phase {
            Phase::Asking => 2u8,
            Phase::Closing => 3,
            Phase::LastAsk => 4,
            Phase::Clarifying => 5,
        };
        (phase, left(*until, now), left(*next_ask, now), closed, close_answered).hash(to);
        (firm_close.is_some(), firm_close.as_deref().and_then(|id| place(id, live))).hash(to);
        (probes.is_empty(), probes.back().and_then(|id| place(id, live))).hash(to);
        (firm_close.as_ref() == probes.back()).hash(to);
    }
}
