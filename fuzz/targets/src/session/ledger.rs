//! What each request was told to be, and what the terminal has said of it: the contract's promises, checked at every step.

use std::collections::BTreeMap;

use ecrhub::protocol::{ORDER, Request};
use ecrhub::{Clarified, Completed, EventKind, Outcome, Sent};
use serde_json::Value;

/// One request that was accepted.
pub(super) struct Account {
    pub(super) request: Request,
    /// What the till was told last.
    pub(super) told: Option<Outcome>,
    /// How often its first byte has left.
    pub(super) started: u32,
    /// It has, or it may have: the process died, and the next one cannot know.
    may_have_left: bool,
    /// Whether the terminal has said anything since its first byte left.
    is_answerable: bool,
    /// The terminal has said something that can be read as this order's approval.
    may_be_approved: bool,
    /// What the till was told comes from an earlier process.
    pub(super) may_be_retold: bool,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) accounts: BTreeMap<String, Account>,
}

impl Ledger {
    pub(super) fn accepted(&mut self, request: Request) {
        let account = Account {
            told: None,
            started: 0,
            may_have_left: false,
            is_answerable: false,
            may_be_approved: false,
            may_be_retold: false,
            request,
        };
        let earlier = self.accounts.insert(account.request.request_id.clone(), account);
        assert!(earlier.is_none_or(|earlier| earlier.told.is_some()), "an id is used once");
    }

    /// Of a request the first byte has left. An order's leaves once.
    pub(super) fn started(&mut self, request_id: &str) {
        if let Some(account) = self.accounts.get_mut(request_id) {
            account.started += 1;
            account.may_have_left = true;
            assert!(account.started == 1, "{request_id} was sent twice");
            assert_ne!(account.told, Some(Outcome::NotSent), "{request_id} was told to be unsent");
        }
    }

    /// The terminal has said this.
    pub(super) fn heard(&mut self, text: &str) {
        let said = Said::of(text);
        for account in self.accounts.values_mut().filter(|account| account.may_have_left) {
            account.is_answerable = true;
            account.may_be_approved |= said.may_approve(&account.request);
        }
    }

    pub(super) fn told(&mut self, event: &EventKind) {
        match event {
            EventKind::Completed(done) => self.completed(done),
            EventKind::Clarified(truth) => self.clarified(truth),
            EventKind::ProtocolError { raw, .. } => assert!(raw.len() <= 1_024),
            _ => {}
        }
    }

    fn completed(&mut self, done: &Completed) {
        let account = self.accounts.get_mut(&done.request_id);
        let account = account.unwrap_or_else(|| panic!("nobody asked: {done:?}"));
        if done.retold {
            assert!(account.may_be_retold, "told again by the same process: {done:?}");
            assert_eq!(account.told, Some(done.outcome), "{done:?}");
            return;
        }
        assert_eq!(account.told, None, "completed twice: {done:?}");
        account.told = Some(done.outcome);
        if done.topic != ORDER {
            return;
        }
        let id = &done.request_id;
        match done.outcome {
            Outcome::Approved => assert_may_be_approved(account),
            Outcome::NotSent => {
                assert_eq!(account.started, 0, "{id} has left");
                assert_eq!(done.sent, Sent::No);
            }
            Outcome::Unknown => {}
            outcome if outcome.says_no_money_moved() => {
                assert!(account.is_answerable, "{id} is {outcome}, and the terminal said nothing");
            }
            outcome => panic!("{outcome} is no order's outcome"),
        }
    }

    fn clarified(&mut self, truth: &Clarified) {
        let account = self.accounts.get_mut(&truth.request_id);
        let account = account.unwrap_or_else(|| panic!("nobody asked: {truth:?}"));
        if truth.retold {
            assert!(account.may_be_retold, "told again by the same process: {truth:?}");
            assert_eq!(account.told, Some(truth.outcome), "{truth:?}");
            return;
        }
        assert_eq!(account.told, Some(truth.was), "what was told before: {truth:?}");
        assert_ne!(truth.outcome, truth.was, "{truth:?}");
        let settles = truth.outcome == Outcome::Approved || truth.outcome.says_no_money_moved();
        assert!(settles, "{truth:?}");
        account.told = Some(truth.outcome);
        if truth.outcome == Outcome::Approved {
            assert_may_be_approved(account);
        }
    }

    /// What the process knew alone is gone: requests that are no orders, and what was not told.
    pub(super) fn process_died(&mut self) {
        self.accounts.retain(|_, account| account.request.is_order());
        for account in self.accounts.values_mut() {
            account.may_be_retold = true;
            account.may_have_left = true;
        }
    }
}

/// A void may be approved because its original reads as reversed.
fn assert_may_be_approved(account: &Account) {
    let id = &account.request.request_id;
    assert!(account.may_have_left, "{id} was approved before it left");
    assert!(account.request.is_void() || account.may_be_approved, "{id}: no approval was heard");
}

/// What a message says, read anew and more generously than the library does.
struct Said {
    code: String,
    status: String,
    number: Option<String>,
}

impl Said {
    fn of(text: &str) -> Said {
        let text = text.trim_matches(|c: char| matches!(c, '\u{feff}' | '\0') || c.is_whitespace());
        let message: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let biz_data = match &message["biz_data"] {
            Value::String(inner) => {
                let inner = inner
                    .trim_matches(|c: char| matches!(c, '\u{feff}' | '\0') || c.is_whitespace());
                serde_json::from_str(inner).unwrap_or(Value::Null)
            }
            other => other.clone(),
        };
        let number = Some(text_of(&biz_data["merchant_order_no"]));
        Said {
            code: text_of(&message["response_code"]).trim().to_owned(),
            status: text_of(&biz_data["trans_status"]).trim().to_owned(),
            number: number.filter(|number| !number.is_empty()),
        }
    }

    fn may_approve(&self, request: &Request) -> bool {
        let number = request.merchant_order_no.as_ref();
        let is_of_another = self.number.is_some() && self.number.as_ref() != number;
        let status = self.status.trim_start_matches('0').split('.').next().unwrap_or_default();
        let is_success = ["000", "0", "103"].contains(&self.code.as_str());
        !is_of_another && (["2", "4"].contains(&status) || (is_success && self.status.is_empty()))
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        Value::Bool(value) => value.to_string(),
    }
}
