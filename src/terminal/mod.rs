//! What a handle is: a session, a socket, events, and who waits for them.
//!
//! | module | what |
//! |---|---|
//! | this page | the Rust API: [`Terminal`], what its waits come back with |
//! | `shared` | the state behind it, and how callers and the I/O thread take turns at it |
//! | `inner` | what the lock guards |
//! | `events` | an event on its way to the till, and who it is for |
//! | `queue` | events that wait for `poll` |
//! | `started` | completions that wait for `wait` |
//! | `waiters` | who waits, and every wake-up |
//! | `wait` | how `poll`, `call` and `wait` wait |
//! | `loan` | who watches the socket: the I/O thread, or a caller who waits |
//! | `start` | how it begins, with what earlier processes left |
//! | `outcomes` | when an outcome is written, and what may build on it |
//! | `unwritten` | what the journal does not have yet |
//! | `books` | what is written to the journal, and when |
//! | `pending` | what is open, from memory and journal |
//! | `neighbours` | handles of this process on the same terminal |
//! | `diary` | what happens, for the log |

#![forbid(unsafe_code)]

mod books;
mod diary;
mod events;
mod inner;
mod loan;
mod neighbours;
mod outcomes;
mod pending;
mod queue;
mod shared;
mod start;
mod started;
#[cfg(test)]
mod tests;
mod unwritten;
mod wait;
mod waiters;

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::event::Event;
use crate::protocol::{Outcome, Request};

pub use crate::journal::Acknowledged;
pub use books::Books;
use events::Outgoing;
use shared::{How, Shared};

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

/// Where an event was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// It has left the queue, or was the completion of a call.
    Queue,
    /// It is kept for others who wait for the same request.
    Started,
}

/// An event that is handed to one caller. Dropped without [`Delivery::accept`], one of [`Terminal::poll`] or
/// [`Terminal::call`] goes back to the queue's front, so that nothing is lost when it cannot be handed on.
pub struct Delivery {
    shared: Arc<Shared>,
    /// None once it was accepted.
    outgoing: Option<Arc<Outgoing>>,
    source: Source,
}

impl Delivery {
    fn new(shared: &Arc<Shared>, outgoing: Arc<Outgoing>, source: Source) -> Self {
        Delivery { shared: Arc::clone(shared), outgoing: Some(outgoing), source }
    }

    fn outgoing(&self) -> &Arc<Outgoing> {
        match &self.outgoing {
            Some(outgoing) => outgoing,
            None => unreachable!("a delivery has its event until it is accepted or dropped"),
        }
    }

    /// The event as JSON, the text that `ecrhub_poll` hands out.
    pub fn json(&self) -> &str {
        self.outgoing().json()
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.outgoing().event
    }

    /// The caller has it now.
    pub fn accept(mut self) -> Event {
        let outgoing = Arc::clone(self.outgoing());
        self.note_accepted();
        outgoing.into_event()
    }

    /// As [`Delivery::accept`], for a caller who has the JSON.
    pub fn accept_json(mut self) {
        self.note_accepted();
    }

    fn note_accepted(&mut self) {
        let outgoing = self.outgoing.take();
        if let (Some(outgoing), Source::Started) = (outgoing, self.source) {
            self.shared.lock().events.note_read(outgoing.event.request_id());
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let (Some(outgoing), Source::Queue) = (self.outgoing.take(), self.source) {
            self.shared.lock().put_back(outgoing);
        }
    }
}

/// What [`Terminal::poll`] and [`Terminal::wait`] came back with.
pub enum Polled {
    /// An event, or the completion that was waited for.
    Event(Delivery),
    /// None within the time.
    Timeout,
    /// [`Terminal::wake`] was called, or the terminal was disconnected.
    Interrupted,
}

/// What [`Terminal::call`] came back with.
pub enum Called {
    /// The request's own completion.
    Completed(Delivery),
    /// [`Terminal::wake`] was called, or the terminal was disconnected. The request lives on, and
    /// its completion comes by [`Terminal::poll`].
    Interrupted,
}

impl Terminal {
    /// What a person may decide about an `unknown` order.
    pub const CAN_BE_DECIDED: [Outcome; 4] =
        [Outcome::Approved, Outcome::Declined, Outcome::Cancelled, Outcome::NotFound];

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
        self.shared.submit(prepared.request, timeout, How::Send)
    }

    /// As [`Terminal::submit`], but the completion never comes by [`Terminal::poll`]: [`Terminal::wait`] reads it.
    ///
    /// # Errors
    /// As [`Terminal::submit`].
    pub fn start(&self, prepared: Prepared, timeout: Option<Duration>) -> Result<()> {
        self.shared.submit(prepared.request, timeout, How::Start)
    }

    /// The completion of a request that [`Terminal::start`] has sent. `wait` none waits for ever, zero never.
    ///
    /// Reading does not consume it: it can be read again, by any number of threads, until it is acknowledged or a
    /// thousand later ones have completed.
    ///
    /// # Errors
    /// [`Status::Argument`] when no such request was started, or its completion is kept no longer; [`Status::Handle`]
    /// once the terminal is disconnected.
    pub fn wait(&self, request_id: &str, wait: Option<Duration>) -> Result<Polled> {
        self.shared.wait(request_id, wait)
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

    /// Every blocked `poll`, `call` and `wait` comes back with `Interrupted`; when none is blocked, the next `poll` does.
    ///
    /// # Errors
    /// [`Status::Handle`] once the terminal is disconnected.
    pub fn wake(&self) -> Result<()> {
        self.shared.wake()
    }

    /// A descriptor that is readable while an event waits, or the completion of a started request that nobody has read. It belongs to the terminal and ends with it.
    ///
    /// # Errors
    /// [`Status::Unsupported`] on Windows, where [`Terminal::wait_handle`] takes its place.
    pub fn wait_fd(&self) -> Result<i32> {
        self.shared.wait_fd()
    }

    /// A Windows event object that is signalled while [`Terminal::wait_fd`] would be readable. It belongs to the terminal and ends with it.
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

    /// The till has stored this outcome of the request: it is not delivered again. Takes effect only if it is the
    /// present one: where it was corrected meanwhile, nothing changes, and the correction is delivered. Doing it again
    /// changes nothing.
    ///
    /// # Errors
    /// [`Status::Argument`] when there is no such request or it has no outcome yet, [`Status::Journal`].
    pub fn acknowledge(&self, request_id: &str, outcome: Outcome) -> Result<Acknowledged> {
        self.shared.acknowledge(request_id, outcome)
    }

    /// Writes down what a person decided about an order that is `unknown`.
    ///
    /// # Errors
    /// [`Status::Argument`] unless `outcome` is approved, declined, cancelled or not_found and the order is unknown.
    pub fn resolve(&self, request_id: &str, outcome: Outcome, note: Option<&str>) -> Result<()> {
        if !Self::CAN_BE_DECIDED.contains(&outcome) {
            let names = Self::CAN_BE_DECIDED.map(Outcome::name).join(", ");
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
