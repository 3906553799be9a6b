//! When everything has been reported that can be, and the last restart of every till.

use ecrhub::Outcome;

use crate::assumptions::Assumption;
use crate::order::Order;
use crate::world::World;

impl World {
    /// Whether all has been reported that can be.
    pub fn is_settled(&self, at: usize) -> bool {
        let order = &self.orders[at];
        if !order.is_order() || order.is_superseded || order.begun_life.is_none() {
            return true;
        }
        let is_lost_before_it_was_taken =
            order.completed.is_none() && order.accepted_life.is_none();
        let is_clear = !order.is_unknown_still() || self.lasting_excuse(order).is_some();
        let life = self.tills[order.request.till].life;
        let counts = |outcome: Outcome| outcome != Outcome::Unknown || order.is_unknown_still();
        let is_received = order.acknowledged.is_some_and(counts)
            || order
                .delivered
                .iter()
                .any(|delivered| delivered.life == life && counts(delivered.outcome));
        let is_right = !self.must_be_corrected(at) && !order.is_contradicted;
        (is_clear && is_received && is_right)
            || (is_lost_before_it_was_taken && self.never_reached_the_journal(at))
    }

    /// What was reported is wrong, and the library can know: the terminal's record said so when the second look was
    /// due.
    fn must_be_corrected(&self, at: usize) -> bool {
        let order = &self.orders[at];
        if order.wrong.is_none_or(|wrong| wrong.is_corrected) {
            return false;
        }
        let till = &self.tills[order.request.till];
        let place = &self.terminals[till.terminal];
        let number = &order.request.number;
        let record = place.model.record(number).filter(|_| place.knows(number));
        let charged_in_time = order
            .charged_ms
            .is_none_or(|charged| charged < order.reported_ms + till.settings.second_look_ms);
        record.is_some_and(|record| !matches!(record.trans_status, 0 | 9))
            && charged_in_time
            && till.settings.second_look_ms > 0
            && till.wall_offset == 0
            && !order.disk_refused
            && !order.is_duplicate
            && self.broken_assumption != Some(Assumption::TerminalKeepsRecords)
            && order.reported != Some(Outcome::NotSent)
            && self.lasting_excuse(order).is_none()
    }

    fn never_reached_the_journal(&self, order: usize) -> bool {
        let order = &self.orders[order];
        self.tills[order.request.till]
            .disk
            .entries()
            .iter()
            .all(|entry| entry.request_id != order.request.request_id)
    }

    /// Every till starts once more, in good weather: what was acknowledged stays silent, all else is reported again.
    pub fn last_restart(&mut self) {
        for t in 0..self.tills.len() {
            self.tills[t].process = None;
            self.tills[t].disk.crash();
            self.tills[t].life += 1;
            let books = self.books_of(t);
            let (restored, retold) = match books.restore(self.moment(t).wall_ms) {
                Ok(found) => found,
                Err(error) => return self.fail(format!("till {t} cannot start again: {error}")),
            };
            for event in &retold {
                self.on_delivered(t, event);
            }
            let is_restored = |order: &Order| {
                restored.iter().any(|open| open.request.request_id == order.request.request_id)
            };
            let forgotten = (0..self.orders.len()).find(|at| {
                let order = &self.orders[*at];
                let may_be_silent = order.acknowledged.is_some()
                    || is_restored(order) && order.disk_refused
                    || self.never_reached_the_journal(*at) && order.accepted_life.is_none();
                order.request.till == t
                    && order.is_order()
                    && !order.is_superseded
                    && order.begun_life.is_some()
                    && !order.delivered_in(self.tills[t].life)
                    && !may_be_silent
            });
            if let Some(at) = forgotten {
                let id = &self.orders[at].request.request_id;
                return self
                    .fail(format!("{id} was never acknowledged, and is not reported again"));
            }
        }
        self.count_wrong_for_ever();
    }

    fn count_wrong_for_ever(&mut self) {
        let left = self.orders.iter().filter_map(|order| order.wrong);
        let left: Vec<_> = left.filter(|wrong| !wrong.is_corrected).collect();
        left.iter().for_each(|wrong| self.tally.left_wrong(wrong.cause));
    }
}
