//! A bounded memory of what has completed: to refuse a number twice, and to name what a late answer belongs to.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::hash::{OwnMap, OwnSet};

/// How many completed requests are remembered. Without a journal this bounds how far back a duplicate is noticed.
const REMEMBERED: usize = 4_096;

/// Each text is kept once, whoever refers to it.
#[derive(Debug, Default, Clone)]
pub(super) struct Recent {
    order: VecDeque<(Arc<str>, Option<Arc<str>>)>,
    ids: OwnSet<Arc<str>>,
    /// Order numbers, and the `request_id` each went under.
    numbers: OwnMap<Arc<str>, Arc<str>>,
}

impl Recent {
    /// Remembers a completed request; `number` is given for orders whose number is spent.
    pub(super) fn remember(&mut self, request_id: &str, number: Option<&str>) {
        if self.ids.contains(request_id) {
            return;
        }
        if self.order.len() >= REMEMBERED {
            self.forget_the_oldest();
        }
        let id: Arc<str> = request_id.into();
        let number: Option<Arc<str>> = number.map(Arc::from);
        if let Some(number) = &number {
            self.numbers.insert(Arc::clone(number), Arc::clone(&id));
        }
        self.ids.insert(Arc::clone(&id));
        self.order.push_back((id, number));
    }

    fn forget_the_oldest(&mut self) {
        let Some((id, number)) = self.order.pop_front() else { return };
        self.ids.remove(&id);
        if let Some(number) = number
            && self.numbers.get(&number) == Some(&id)
        {
            self.numbers.remove(&number);
        }
    }

    /// How many entries there are in all.
    pub(super) fn len(&self) -> usize {
        self.order.len() + self.ids.len() + self.numbers.len()
    }

    pub(super) fn knows_id(&self, request_id: &str) -> bool {
        self.ids.contains(request_id)
    }

    pub(super) fn knows_order(&self, number: &str) -> bool {
        self.numbers.contains_key(number)
    }

    /// The `request_id` of the completed order with this number.
    pub(super) fn id_of_order(&self, number: &str) -> Option<&str> {
        self.numbers.get(number).map(|id| &**id)
    }
}

#[cfg(feature = "planted-faults")]
impl Recent {
    /// See [`Session::fingerprint`](super::Session::fingerprint).
    pub(super) fn fingerprint(&self, to: &mut impl std::hash::Hasher) {
        let mut all: Vec<_> = self.order.iter().collect();
        all.sort();
        std::hash::Hash::hash(&all, to);
    }
}
