//! What a handle is: a session, a socket, an event queue, and who waits for it.

#![forbid(unsafe_code)]

use std::time::Duration;

use crate::config::Config;
use crate::error::Result;
use crate::event::Event;
use crate::protocol::{Outcome, Request};

/// A connection to one terminal. It connects, and comes back by itself, until [`Terminal::disconnect`].
///
/// All methods may be called from any thread. Dropping it disconnects.
pub struct Terminal {}

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
pub struct Delivery {}

impl Delivery {
    /// The event.
    pub fn event(&self) -> &Event {
        todo!()
    }

    /// The event as JSON, the text that `ecrhub_poll` hands out.
    pub fn json(&self) -> &str {
        todo!()
    }

    /// The caller has it now.
    pub fn accept(self) -> Event {
        todo!()
    }
}

/// What [`Terminal::poll`] came back with.
pub enum Polled {
    /// An event.
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
    /// Checks the configuration, starts connecting and returns.
    pub fn connect(_config: Config) -> Result<Terminal> {
        todo!()
    }

    /// Checks a request against the protocol and fills what its envelope lacks. Nothing is sent.
    pub fn prepare(&self, _request_json: &str) -> Result<Prepared> {
        todo!()
    }

    /// Sends. `timeout` is how long to wait for the answer; none takes the configuration's.
    /// Returns once the request is accepted; it completes as an event.
    pub fn submit(&self, _prepared: Prepared, _timeout: Option<Duration>) -> Result<()> {
        todo!()
    }

    /// Sends, and waits for the request's own completion. All other events stay for [`Terminal::poll`].
    pub fn call(&self, _prepared: Prepared, _timeout: Option<Duration>) -> Result<Called> {
        todo!()
    }

    /// The next event. `wait` none waits for ever, zero never.
    /// [`Status::Handle`](crate::Status::Handle) once the terminal is disconnected.
    pub fn poll(&self, _wait: Option<Duration>) -> Result<Polled> {
        todo!()
    }

    /// Every blocked `poll` and `call` comes back with `Interrupted`; when none is blocked, the next one does.
    pub fn wake(&self) -> Result<()> {
        todo!()
    }

    /// A descriptor that is readable while an event waits. It belongs to the terminal and ends with it.
    /// [`Status::Unsupported`](crate::Status::Unsupported) on Windows.
    pub fn wait_fd(&self) -> Result<i32> {
        todo!()
    }

    /// A snapshot for a status line or a support call: a JSON object.
    pub fn state(&self) -> Result<String> {
        todo!()
    }

    /// What is open, oldest first: a JSON array.
    pub fn pending(&self) -> Result<String> {
        todo!()
    }

    /// The caller has this request's outcome; it is not told again.
    pub fn acknowledge(&self, _request_id: &str) -> Result<()> {
        todo!()
    }

    /// Writes down what a person decided about an order that is `unknown`.
    /// `outcome` is one of approved, declined, cancelled, not_found.
    pub fn resolve(&self, _request_id: &str, _outcome: Outcome, _note: Option<&str>) -> Result<()> {
        todo!()
    }

    /// Ends the connection with a closing handshake and wakes every waiter. Doing it again changes nothing.
    pub fn disconnect(&self) {
        todo!()
    }
}

/// Ends every terminal and the I/O thread, and waits until both are gone.
pub fn shutdown() {
    todo!()
}
