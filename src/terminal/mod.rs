//! What a handle is: a session, a socket, an event queue, and who waits for it.
//!
//! | room | what |
//! |---|---|
//! | this page | the Rust API: [`Terminal`], what its waits come back with |
//! | `shared` | the state behind it, and how callers and the I/O thread take turns at it |
//! | `wait` | `poll` and `call`: how a caller waits, and watches the socket meanwhile |
//! | `watch` | whose turn it is to watch the socket |
//! | `inner` | what the lock guards: session, socket, queue, waiters |
//! | `queue` | events waiting to be fetched |
//! | `start` | how it begins, with what earlier processes left |
//! | `outcomes` | when an outcome is written, and what may build on it |
//! | `pending` | what is open, from memory and journal |
//! | `unwritten` | outcomes that the journal could not take yet |
//! | `books` | what is written to the journal, and when |
//! | `diary` | what happens, for the log |

#![forbid(unsafe_code)]

mod books;
mod diary;
mod inner;
mod neighbours;
mod outcomes;
mod pending;
mod queue;
mod shared;
mod start;
mod unwritten;
mod wait;
mod watch;

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::event::Event;
use crate::protocol::{Outcome, Request};

pub use books::Books;
use queue::Queued;
use shared::Shared;

/// A connection to one terminal. It connects, and comes back by itself, until [`Terminal::disconnect`].
///
/// All methods may be called from any thread. Dropping it disconnects.
pub struct Terminal {
    shared: Arc<Shared>,
}

/// A request that has passed the checks and has its `request_id`, not yet sent.
#[derive(Debug, Clone)]
pub struct Prepared {
    request: Request,
}

impl Prepared {
    /// The id under which the request will complete.
    pub fn request_id(&self) -> &str {
        &self.request.request_id
    }
}

/// An event that has left the queue for one caller. Dropped without [`Delivery::accept`], it goes back to the
/// queue's front, so that nothing is lost when it cannot be handed on.
pub struct Delivery {
    shared: Arc<Shared>,
    queued: Option<Queued>,
    json: String,
}

impl Delivery {
    fn new(shared: &Arc<Shared>, queued: Queued) -> Self {
        let json = queued.event.to_json();
        Delivery { shared: Arc::clone(shared), queued: Some(queued), json }
    }

    /// The event as JSON, the text that `ecrhub_poll` hands out.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The caller has it now.
    pub fn accept(mut self) -> Event {
        match self.queued.take() {
            Some(queued) => {
                self.shared.delivered(&queued);
                queued.event
            }
            None => unreachable!("a delivery has its event until it is accepted or dropped"),
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(queued) = self.queued.take() {
            self.shared.put_back(queued);
        }
    }
}

/// What [`Terminal::poll`] came back with.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once, where a box would be an allocation for every event"
)]
pub enum Polled {
    /// An event.
    Event(Delivery),
    /// None within the time.
    Timeout,
    /// [`Terminal::wake`] was called, or the terminal was disconnected.
    Interrupted,
}

/// What [`Terminal::call`] came back with.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once, where a box would be an allocation for every event"
)]
pub enum Called {
    /// The request's own completion.
    Completed(Delivery),
    /// [`Terminal::wake`] was called, or the terminal was disconnected. The request lives on, and
    /// its completion comes by [`Terminal::poll`].
    Interrupted,
}

impl Terminal {
    /// Checks the configuration, starts connecting and returns.
    ///
    /// # Errors
    /// [`Status::Config`] names what is wrong with the configuration, [`Status::Journal`] what is wrong with the journal.
    pub fn connect(config: Config) -> Result<Terminal> {
        Ok(Terminal { shared: Shared::start(config)? })
    }

    /// Checks a request against the protocol and fills what its envelope lacks. Nothing is sent.
    ///
    /// # Errors
    /// [`Status::Json`] when it is no JSON object, [`Status::Request`] when it breaks the protocol: the message names
    /// every fault.
    pub fn prepare(&self, request_json: &str) -> Result<Prepared> {
        Ok(Prepared { request: self.shared.prepare(request_json)? })
    }

    /// Sends. `timeout` is how long to wait for the answer; none takes the configuration's.
    /// Returns once the request is accepted; it completes as an event.
    ///
    /// # Errors
    /// [`Status::Duplicate`], [`Status::Busy`], [`Status::Journal`], or [`Status::Handle`] once disconnected. Nothing was
    /// sent then.
    pub fn submit(&self, prepared: Prepared, timeout: Option<Duration>) -> Result<()> {
        self.shared.submit(prepared.request, timeout, None)
    }

    /// Sends, and waits for the request's own completion. All other events stay for [`Terminal::poll`].
    ///
    /// # Errors
    /// As [`Terminal::submit`].
    pub fn call(&self, prepared: Prepared, timeout: Option<Duration>) -> Result<Called> {
        self.shared.call(prepared.request, timeout)
    }

    /// The next event. `wait` none waits for ever, zero never.
    ///
    /// # Errors
    /// [`Status::Handle`] once the terminal is disconnected.
    pub fn poll(&self, wait: Option<Duration>) -> Result<Polled> {
        self.shared.poll(wait)
    }

    /// Every blocked `poll` and `call` comes back with `Interrupted`; when none is blocked, the next one does.
    ///
    /// # Errors
    /// [`Status::Handle`] once the terminal is disconnected.
    pub fn wake(&self) -> Result<()> {
        self.shared.wake()
    }

    /// A descriptor that is readable while an event waits. It belongs to the terminal and ends with it.
    ///
    /// # Errors
    /// [`Status::Unsupported`] on Windows, where [`Terminal::wait_handle`] takes its place.
    pub fn wait_fd(&self) -> Result<i32> {
        self.shared.wait_fd()
    }

    /// A Windows event object that is signalled while an event waits. It belongs to the terminal and ends with it.
    ///
    /// # Errors
    /// [`Status::Unsupported`] everywhere else, where [`Terminal::wait_fd`] takes its place.
    pub fn wait_handle(&self) -> Result<*mut c_void> {
        self.shared.wait_handle()
    }

    /// A snapshot for a status line or a support call: a JSON object.
    ///
    /// # Errors
    /// [`Status::Handle`] once the terminal is disconnected.
    pub fn state(&self) -> Result<String> {
        self.shared.state()
    }

    /// What is open, oldest first: a JSON array. Card data in it is masked.
    ///
    /// # Errors
    /// [`Status::Journal`] when the journal cannot be read.
    pub fn pending(&self) -> Result<String> {
        self.shared.pending()
    }

    /// The caller has this request's outcome; it is not told again. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`Status::Argument`] when there is no such request or it has no outcome yet, [`Status::Journal`].
    pub fn acknowledge(&self, request_id: &str) -> Result<()> {
        self.shared.acknowledge(request_id)
    }

    /// Writes down what a person decided about an order that is `unknown`.
    ///
    /// # Errors
    /// [`Status::Argument`] unless `outcome` is approved, declined, cancelled or not_found and the order is unknown.
    pub fn resolve(&self, request_id: &str, outcome: Outcome, note: Option<&str>) -> Result<()> {
        let can_be_decided =
            [Outcome::Approved, Outcome::Declined, Outcome::Cancelled, Outcome::NotFound];
        if !can_be_decided.contains(&outcome) {
            let names = can_be_decided.map(Outcome::name).join(", ");
            let message = format!("outcome: one of {names}, got \"{outcome}\"");
            return Err(Error::new(Status::Argument, message));
        }
        self.shared.resolve(request_id, outcome, note)
    }

    /// Ends the connection with a closing handshake and wakes every waiter. Doing it again changes nothing.
    /// An order without an outcome stays open in the journal.
    pub fn disconnect(&self) {
        self.shared.disconnect();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.disconnect();
    }
}

/// Ends every terminal and the I/O thread, and waits until both are gone.
pub fn shutdown() {
    crate::io::shutdown();
}
