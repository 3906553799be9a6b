//! A bounded memory of what has completed: to refuse a number twice, and to name what a late answer belongs to.

use std::collections::{HashMap, HashSet, VecDeque};

/// How many completed requests are remembered. Without a journal this bounds how far back a duplicate is noticed.
const REMEMBERED: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<(String, Option<String>)>,
    ids: HashSet<String>,
    /// Order numbers, and the `request_id` each went under.
    numbers: HashMap<String, String>,
}

impl Recent {
    /// Remembers a completed request; `number` is given for orders whose number is spent.
    pub(super) fn remember(&mut self, request_id: &str, number: Option<&str>) {
        if !self.ids.insert(request_id.to_owned()) {
            return;
        }
        if let Some(number) = number {
            self.numbers.insert(number.to_owned(), request_id.to_owned());
        }
        self.order.push_back((request_id.to_owned(), number.map(str::to_owned)));
        if self.order.len() > REMEMBERED
            && let Some((id, number)) = self.order.pop_front()
        {
            self.ids.remove(&id);
            if let Some(number) = number
                && self.numbers.get(&number) == Some(&id)
            {
                self.numbers.remove(&number);
            }
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
        self.numbers.get(number).map(String::as_str)
    }
}
