//! A bounded memory of what has completed: to refuse a number twice, to name what a late answer belongs to, and to
//! notice when the terminal contradicts an outcome that was reported.

use std::collections::VecDeque;
use std::sync::Arc;

use super::corrections::Corrections;
use super::task::Attempt;
use crate::hash::{OwnMap, OwnSet};
use crate::protocol::{Outcome, Request, bare_number};

/// How many completed requests are remembered. Without a journal this bounds how far back a duplicate is noticed.
const REMEMBERED: usize = 4_096;

/// A completed order.
#[derive(Debug, Clone)]
pub(super) struct Past {
    /// Without its text.
    pub(super) request: Request,
    /// The outcome last reported.
    pub(super) outcome: Outcome,
    pub(super) attempt: Attempt,
    pub(super) standing: Standing,
    pub(super) corrections: Corrections,
}

/// What may correct an order's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its own answer, and the terminal's record of its number.
    Correctable,
    /// Only its own answer: the record of its number may be another till's.
    SharedNumber,
    /// Nothing: a person has decided.
    Decided,
}

/// What is remembered of a completed request.
#[derive(Debug, Clone)]
enum Known {
    Order(Box<Past>),
    /// Any other request.
    Other(Outcome),
}

impl Known {
    fn order(&self) -> Option<&Past> {
        match self {
            Known::Order(past) => Some(past),
            Known::Other(_) => None,
        }
    }
}

impl Past {
    pub(super) fn new(
        request: Request,
        outcome: Outcome,
        attempt: Attempt,
        standing: Standing,
    ) -> Self {
        let request = request.without_text();
        Past { request, outcome, attempt, standing, corrections: Corrections::default() }
    }

    /// A record under its number may be its own.
    pub(super) fn may_have_reached_the_terminal(&self) -> bool {
        self.outcome != Outcome::NotSent || self.attempt == Attempt::Again
    }

    /// Whether its number may be used again.
    fn leaves_its_number_free(&self) -> bool {
        matches!(self.outcome, Outcome::NotSent | Outcome::Busy)
    }
}

/// Each id and number is kept once, whoever refers to it.
#[derive(Debug, Default, Clone)]
pub(super) struct Recent {
    oldest_first: VecDeque<Arc<str>>,
    /// By `request_id`.
    past: OwnMap<Arc<str>, Known>,
    /// Order numbers, and the `request_id` of the newest order of each.
    numbers: OwnMap<Arc<str>, Arc<str>>,
    /// The same numbers as a terminal may write them as JSON numbers; none until it is asked for.
    bare_numbers: Option<OwnMap<String, Arc<str>>>,
    /// Numbers of orders that the terminal was seen to call reversed.
    reversed: OwnSet<Arc<str>>,
    reversed_oldest_first: VecDeque<Arc<str>>,
}

impl Recent {
    /// Remembers a completed request that is no order.
    pub(super) fn remember(&mut self, request_id: &str, outcome: Outcome) {
        if !self.past.contains_key(request_id) {
            self.insert(request_id.into(), Known::Other(outcome));
        }
    }

    /// Remembers a completed order, or what is known of it now.
    pub(super) fn remember_order(&mut self, past: Past) {
        if let Some(known) = self.past.get_mut(&*past.request.request_id) {
            *known = Known::Order(Box::new(past));
            return;
        }
        let id: Arc<str> = past.request.request_id.as_str().into();
        if let Some(number) = past.request.merchant_order_no.as_deref() {
            self.bare_numbers = None;
            self.numbers.insert(number.into(), Arc::clone(&id));
        }
        self.insert(id, Known::Order(Box::new(past)));
    }

    fn insert(&mut self, id: Arc<str>, past: Known) {
        if self.oldest_first.len() >= REMEMBERED {
            self.forget_the_oldest();
        }
        self.past.insert(Arc::clone(&id), past);
        self.oldest_first.push_back(id);
    }

    fn forget_the_oldest(&mut self) {
        let Some(id) = self.oldest_first.pop_front() else { return };
        let number = match self.past.remove(&id) {
            Some(Known::Order(past)) => past.request.merchant_order_no,
            Some(Known::Other(_)) | None => None,
        };
        if let Some(number) = number
            && self.numbers.get(&*number) == Some(&id)
        {
            self.bare_numbers = None;
            self.numbers.remove(&*number);
        }
    }

    /// How many entries there are in all.
    pub(super) fn len(&self) -> usize {
        self.oldest_first.len() + self.past.len() + self.numbers.len() + self.reversed.len()
    }

    pub(super) fn knows_id(&self, request_id: &str) -> bool {
        self.past.contains_key(request_id)
    }

    /// Whether this number is spent.
    pub(super) fn has_spent(&self, number: &str) -> bool {
        self.newest(number).is_some_and(|past| !past.leaves_its_number_free())
    }

    /// The order that last had this number.
    pub(super) fn newest(&self, number: &str) -> Option<&Past> {
        self.order(self.numbers.get(number)?)
    }

    /// The number that a terminal wrote like this as a JSON number.
    pub(super) fn written_bare(&mut self, bare: &str) -> Option<&str> {
        let numbers = &self.numbers;
        let bare_numbers = self.bare_numbers.get_or_insert_with(|| {
            let digits = |number: &&Arc<str>| number.bytes().all(|byte| byte.is_ascii_digit());
            let bare = |number: &Arc<str>| Some((bare_number(number)?, Arc::clone(number)));
            numbers.keys().filter(digits).filter_map(bare).collect()
        });
        bare_numbers.get(bare).map(|number| &**number)
    }

    /// Every completed order.
    pub(super) fn orders(&self) -> impl Iterator<Item = &Past> {
        self.past.values().filter_map(Known::order)
    }

    /// The order with this `request_id`.
    pub(super) fn order(&self, request_id: &str) -> Option<&Past> {
        self.past.get(request_id)?.order()
    }

    /// The outcome last reported of the request with this `request_id`.
    pub(super) fn outcome_of(&self, request_id: &str) -> Option<Outcome> {
        Some(match self.past.get(request_id)? {
            Known::Order(past) => past.outcome,
            Known::Other(outcome) => *outcome,
        })
    }

    /// The order stands for its number.
    pub(super) fn stand_again(&mut self, past: &Past) {
        let id = self.past.get_key_value(&*past.request.request_id).map(|(id, _)| Arc::clone(id));
        if let (Some(id), Some(number)) = (id, past.request.merchant_order_no.as_deref()) {
            self.bare_numbers = None;
            self.numbers.insert(number.into(), id);
        }
    }

    /// The number is used again: the earlier order with it is nobody's any more.
    pub(super) fn release(&mut self, number: &str) {
        self.bare_numbers = None;
        self.numbers.remove(number);
    }

    /// A person has decided what became of it.
    pub(super) fn note_decided(&mut self, request_id: &str) {
        if let Some(Known::Order(past)) = self.past.get_mut(request_id) {
            past.standing = Standing::Decided;
        }
    }

    /// Whether this order still stands for its number.
    pub(super) fn is_newest(&self, past: &Past) -> bool {
        let number = past.request.merchant_order_no.as_deref();
        let newest = number.and_then(|number| self.numbers.get(number));
        newest.is_some_and(|id| **id == *past.request.request_id)
    }

    /// The terminal called the order with this number reversed.
    pub(super) fn note_reversed(&mut self, number: &str) {
        if self.reversed.contains(number) {
            return;
        }
        if self.reversed_oldest_first.len() >= REMEMBERED
            && let Some(oldest) = self.reversed_oldest_first.pop_front()
        {
            self.reversed.remove(&oldest);
        }
        let number: Arc<str> = number.into();
        self.reversed.insert(Arc::clone(&number));
        self.reversed_oldest_first.push_back(number);
    }

    /// Whether the order with this number is known to be reversed.
    pub(super) fn is_reversed(&self, number: &str) -> bool {
        self.reversed.contains(number)
            || self.newest(number).is_some_and(|past| past.outcome == Outcome::Cancelled)
            || self.was_voided(number)
    }

    /// Whether a void that names this number is known to have been approved.
    pub(super) fn was_voided(&self, number: &str) -> bool {
        self.orders().any(|past| {
            past.outcome == Outcome::Approved
                && past.request.is_void()
                && past.request.orig_merchant_order_no.as_deref() == Some(number)
        })
    }
}

#[cfg(feature = "planted-faults")]
impl Recent {
    /// See [`Session::fingerprint`](super::Session::fingerprint).
    pub(super) fn fingerprint(&self, to: &mut impl std::hash::Hasher) {
        use std::hash::Hash;
        let Recent {
            oldest_first: _,
            past,
            numbers,
            bare_numbers: _,
            reversed,
            reversed_oldest_first: _,
        } = self;
        let mut past: Vec<_> = past.iter().collect();
        past.sort_unstable_by_key(|(id, _)| *id);
        for (id, past) in past {
            id.hash(to);
            // No exploration has so many corrections of an order that they are put off.
            if let Some(Past { request: _, outcome, attempt, standing, corrections: _ }) =
                past.order()
            {
                (outcome, *attempt == Attempt::Again, *standing as u8).hash(to);
            }
        }
        let mut numbers: Vec<_> = numbers.iter().collect();
        numbers.sort_unstable();
        let mut reversed: Vec<_> = reversed.iter().collect();
        reversed.sort_unstable();
        (numbers, reversed).hash(to);
    }
}
