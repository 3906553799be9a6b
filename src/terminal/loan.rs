//! Who watches the terminal's socket: the I/O thread, or a caller who waits and has borrowed it. See `io/borrow.rs`.
//!
//! Handing the socket over and taking it back costs as much as all the rest of a round trip. So it stays lent for some
//! milliseconds when callers follow each other at once; the I/O thread then looks whether it is still of use.

#![forbid(unsafe_code)]

use std::sync::Arc;

use super::inner::Inner;
use super::waiters::Ticket;
use crate::io::{Bell, Driver};
use crate::session::Now;

/// Callers who follow each other as closely as this keep the socket lent.
const AT_ONCE_MS: u64 = 2;

/// How long it stays lent before the I/O thread reads it, and takes it back if nobody has used it since it last came.
/// What comes when nobody asks for it is noticed so late.
const LOAN_MS: u64 = 10;

/// Who has the socket.
#[derive(Debug, Default)]
pub(super) enum Loan {
    /// The I/O thread.
    #[default]
    AtHome,
    /// Callers: the one who watches it, or whoever comes next.
    Lent {
        /// None between two callers.
        borrower: Option<Ticket>,
        /// What the borrower waits with beside the socket.
        bell: Arc<Bell>,
        /// When the I/O thread looks whether the loan is still of use, on the monotonic clock. Not while one caller
        /// watches on and on.
        check_at: Option<u64>,
        /// Somebody has used it since the I/O thread last came.
        was_used: bool,
    },
}

/// The loan, and when it was last of use.
#[derive(Debug, Default)]
pub(super) struct SocketLoan {
    loan: Loan,
    /// On the monotonic clock; none when the last caller has read nothing.
    last_use_ms: Option<u64>,
}

impl SocketLoan {
    /// What the caller waits with, if it is the one who watches the socket.
    pub(super) fn bell_of(&self, ticket: Ticket) -> Option<&Arc<Bell>> {
        match &self.loan {
            Loan::Lent { borrower, bell, .. } if *borrower == Some(ticket) => Some(bell),
            _ => None,
        }
    }

    pub(super) fn borrower(&self) -> Option<Ticket> {
        match &self.loan {
            Loan::Lent { borrower, .. } => *borrower,
            Loan::AtHome => None,
        }
    }

    /// When the I/O thread is to look after it.
    pub(super) fn check_at(&self) -> Option<u64> {
        match &self.loan {
            Loan::Lent { check_at, .. } => *check_at,
            Loan::AtHome => None,
        }
    }

    pub(super) fn is_check_due(&self, now: Now) -> bool {
        self.check_at().is_some_and(|at| at <= now.mono_ms)
    }

    /// Whether a use now follows the last one at once.
    fn follows_at_once(&self, now_ms: u64) -> bool {
        self.last_use_ms.is_some_and(|before| now_ms.saturating_sub(before) <= AT_ONCE_MS)
    }
}

impl Inner {
    /// Lends the socket to this caller, if nobody watches it and it can be lent. Doing it again takes over the socket of
    /// a new connection.
    pub(super) fn borrow_socket(&mut self, ticket: Ticket, driver: &Driver) {
        match &mut self.socket_loan.loan {
            Loan::Lent { borrower: Some(other), .. } => {
                if *other == ticket {
                    self.link.lend();
                }
            }
            // A terminal that talks on and on is read by the I/O thread, which lets others have the lock in between.
            _ if self.link.has_unread() || self.link.lend().is_none() => {}
            Loan::Lent { borrower, .. } => *borrower = Some(ticket),
            Loan::AtHome => match driver.take_bell() {
                Some(bell) => {
                    let borrower = Some(ticket);
                    self.socket_loan.loan =
                        Loan::Lent { borrower, bell, check_at: None, was_used: false };
                }
                None => self.link.take_home(),
            },
        }
    }

    /// The caller watches it no more. `read_ms` is when it last read something. True if it had borrowed it.
    pub(super) fn return_socket(
        &mut self,
        ticket: Ticket,
        read_ms: Option<u64>,
        driver: &Driver,
    ) -> bool {
        if self.socket_loan.borrower() != Some(ticket) {
            return false;
        }
        let is_in_use = read_ms.is_some_and(|at| self.socket_loan.follows_at_once(at));
        let stays_lent = is_in_use && self.may_stay_lent();
        self.socket_loan.last_use_ms = read_ms;
        match (&mut self.socket_loan.loan, read_ms) {
            (Loan::Lent { borrower, check_at, was_used, .. }, Some(at)) if stays_lent => {
                *borrower = None;
                check_at.get_or_insert(at + LOAN_MS);
                *was_used = true;
            }
            _ => self.end_loan(driver),
        }
        true
    }

    /// A caller who was ready to wait found something without waiting. When one does so at once and again, the next is
    /// not far either: the socket is lent, and the I/O thread sleeps on while they read it themselves.
    pub(super) fn note_poll(&mut self, ticket: Ticket, now_ms: u64, driver: &Driver) {
        let follows_at_once = self.socket_loan.follows_at_once(now_ms);
        match &mut self.socket_loan.loan {
            Loan::Lent { borrower: Some(_), .. } => return,
            Loan::Lent { was_used, .. } => *was_used = true,
            Loan::AtHome if follows_at_once => {
                self.borrow_socket(ticket, driver);
                if self.return_socket(ticket, Some(now_ms), driver) {
                    return;
                }
            }
            Loan::AtHome => {}
        }
        self.socket_loan.last_use_ms = Some(now_ms);
    }

    /// Nobody waits for the I/O thread to notice something.
    fn may_stay_lent(&self) -> bool {
        let is_quiet = !self.link.has_unread() && !self.link.is_blocked();
        let nobody_waits = !self.events.waiters.is_anybody_asleep() && !self.events.has_signal();
        is_quiet && nobody_waits && self.link.lent().is_some()
    }

    /// The socket is the I/O thread's again, unless a caller watches it.
    pub(super) fn recall_socket(&mut self, driver: &Driver) {
        match &mut self.socket_loan.loan {
            Loan::Lent { borrower: Some(_), check_at, .. } => *check_at = None,
            Loan::Lent { .. } | Loan::AtHome => self.end_loan(driver),
        }
    }

    fn end_loan(&mut self, driver: &Driver) {
        if let Loan::Lent { bell, .. } = std::mem::take(&mut self.socket_loan.loan) {
            driver.keep_bell(bell);
        }
        self.link.take_home();
    }

    /// The I/O thread has read the socket, and looks whether the loan is still of use.
    pub(super) fn check_loan(&mut self, now: Now, driver: &Driver) {
        let Loan::Lent { borrower, check_at, was_used, .. } = &mut self.socket_loan.loan else {
            return;
        };
        if std::mem::take(was_used) {
            *check_at = Some(now.mono_ms + LOAN_MS);
        } else if borrower.is_some() {
            *check_at = None;
        } else {
            self.end_loan(driver);
        }
    }

    /// A lent socket that nobody watches: who does not wait reads it.
    pub(super) fn is_unwatched(&self) -> bool {
        matches!(self.socket_loan.loan, Loan::Lent { borrower: None, .. })
            && self.link.lent().is_some()
    }

    /// A borrower must not sleep at a socket that is gone.
    pub(super) fn wake_borrower_of_lost_socket(&mut self) {
        if let Some(borrower) = self.socket_loan.borrower()
            && self.link.lent().is_none()
        {
            self.events.waiters.wake(borrower);
        }
    }
}
