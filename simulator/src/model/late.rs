//! What happens after an order was answered, or while its answer waits: late charges, reversals, signatures.

use super::transaction::{Running, Stage};
use super::{LedgerEntry, Model};
use crate::amounts::{Ends, Fault};

/// Something that becomes of an order the terminal is done with.
#[derive(Clone, Debug)]
pub(super) struct Late {
    pub at: u64,
    pub running: Running,
}

impl Model {
    /// Notes that more will become of the order, though the terminal is free for others.
    pub(super) fn later_on(&mut self, mut running: Running, now: u64) {
        running.push = true;
        self.late.push(Late { at: now.saturating_add(self.options.late_ms), running });
    }

    pub(super) fn late_is_due(&mut self, now: u64) {
        let due: Vec<_> = self.late.extract_if(.., |late| late.at <= now).collect();
        for late in due {
            match late.running.behaviour.plan().fault {
                Fault::ReversedLater => self.reverse(&late.running.number, now),
                _ => self.charge_late(&late.running, now),
            }
        }
    }

    /// The host approved after all, whatever was answered.
    fn charge_late(&mut self, running: &Running, now: u64) {
        self.book(&running.number, Ends::Paid, now);
        if let Some(record) = self.records.get(&running.number).cloned() {
            let text = self.answer_text(running, &record, "000", now);
            self.deliver(running.home, true, text);
        }
    }

    /// The host takes it back: to the ledger a void, though no till asked for one.
    fn reverse(&mut self, number: &str, now: u64) {
        let draw = self.draw();
        let Some(record) = self.records.get_mut(number).filter(|record| record.trans_status == 2)
        else {
            return;
        };
        record.trans_status = 3;
        self.ledger.push(LedgerEntry {
            merchant_order_no: format!("REVERSAL{:010}", draw % 10_000_000_000),
            trans_type: "2".to_owned(),
            orig_merchant_order_no: Some(number.to_owned()),
            ..record.ledger_entry(now)
        });
        self.revision += 1;
        self.note(|| format!("order {number}: reversed"));
    }

    /// The host approved; the answer waits for the customer's signature.
    pub(super) fn start_signing(&mut self, now: u64) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.stage = Stage::Signing;
        running.due = Some(now.saturating_add(self.options.signature_ms));
        running.expires_at = None;
        let number = running.number.clone();
        self.book(&number, Ends::Paid, now);
    }

    /// An accepted close frees the terminal; the order is charged all the same.
    pub(super) fn close_in_vain(&mut self, now: u64) {
        let closed = self.running.clone();
        self.give_up("102", 1, now);
        if let Some(running) = closed {
            self.later_on(running, now);
        }
    }
}
