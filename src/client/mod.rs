//! The same client with types: requests to be built, completions to be read field by field.
//!
//! | room | what |
//! |---|---|
//! | this page | [`Terminal::sale`] and its siblings, [`CallError`], [`Events`] |
//! | `order` | [`Order`], which builds what moves money |
//! | `answer` | the fields of a completion's response, by name, and its code in words |
//!
//! Nothing here knows the protocol's rules: an [`Order`] only becomes JSON, and [`Terminal::prepare`] refuses what
//! breaks them, as it does for every other caller.

#![forbid(unsafe_code)]

mod answer;
mod order;

use std::fmt;
use std::time::Duration;

use crate::error::{Error, Result, Status};
use crate::event::{Completed, Event, EventKind};
use crate::json::Object;
use crate::protocol;
use crate::terminal::{Called, Delivery, Polled, Terminal};

pub use order::{Authorization, Cashback, Completion, Order, Refund, Sale, Void, kind};

/// Why a call came back without a completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The library refused the request: nothing was sent.
    Refused(Error),
    /// [`Terminal::wake`] or [`Terminal::disconnect`] ended the wait. **The request lives on**: its completion comes by
    /// [`Terminal::poll`] or [`Terminal::events`], that of a started request by [`Terminal::completion`]. After a disconnect only a journal still knows it; the next
    /// connect with that journal finds it out.
    Interrupted {
        /// The request whose completion is still to come.
        request_id: String,
    },
}

impl CallError {
    /// The status that the C API returns in this case.
    pub fn status(&self) -> Status {
        match self {
            CallError::Refused(error) => error.status(),
            CallError::Interrupted { .. } => Status::Interrupted,
        }
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        CallError::Refused(error)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Refused(error) => error.fmt(f),
            CallError::Interrupted { request_id } => write!(
                f,
                "the wait was ended; the request \"{request_id}\" lives on, and its completion comes as an event"
            ),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CallError::Refused(error) => Some(error),
            CallError::Interrupted { .. } => None,
        }
    }
}

/// Every one of these sends, and waits for the request's own completion; all other events stay for
/// [`Terminal::poll`]. With a journal, [`Terminal::acknowledge`] an order's completion once it is safely in the till's
/// own books; until then it is told again after a restart.
///
/// An `Ok` is no payment: **look at [`Completed::outcome`]**, and at what it asks of the till. An approved order may have
/// been paid only in part: then [`Completed::differs`] names the amounts. An outcome that was reported can be corrected
/// later by an [`EventKind::Clarified`], which [`Terminal::poll`] and [`Terminal::events`] deliver.
///
/// ```
/// use ecrhub::{Config, Outcome, Sale, Terminal};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let terminal_here = ecrhub_simulator::Simulator::start(Default::default())?;
/// # let url = terminal_here.url();
/// let mut config = Config::new(url); // "ws://192.168.1.50:35779"
/// config.app_id = Some("your-app-id".to_owned());
/// let terminal = Terminal::connect(config)?;
///
/// let done = terminal.sale(&Sale::new("ORDER1", "34.50").currency("USD"))?;
/// match done.outcome {
///     Outcome::Approved => println!("paid, transaction {}", done.trans_no().unwrap_or_default()),
///     Outcome::Busy => println!("another customer is paying: send it again with the same number"),
///     Outcome::Unknown => println!("money may have moved: ask a person, never sell again blindly"),
///     other => println!("not paid: {other}"),
/// }
/// # assert_eq!(done.outcome, Outcome::Approved);
/// # Ok(())
/// # }
/// ```
impl Terminal {
    /// Takes a payment.
    ///
    /// # Errors
    /// [`CallError::Refused`] with the statuses of [`Terminal::prepare`] and [`Terminal::submit`];
    /// [`CallError::Interrupted`].
    pub fn sale(&self, sale: &Sale) -> Result<Completed, CallError> {
        self.order(sale)
    }

    /// Takes back a transaction of the same day, before it is settled.
    ///
    /// ```
    /// # use ecrhub::{Config, Outcome, Sale, Terminal, Void};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let simulator = ecrhub_simulator::Simulator::start(Default::default())?;
    /// # let mut config = Config::new(simulator.url());
    /// # config.app_id = Some("your-app-id".to_owned());
    /// # let terminal = Terminal::connect(config)?;
    /// # terminal.sale(&Sale::new("ORDER1", "34.50"))?;
    /// let done = terminal.void(&Void::new("ORDER2", "ORDER1"))?;
    /// assert_eq!(done.outcome, Outcome::Approved);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn void(&self, void: &Void) -> Result<Completed, CallError> {
        self.order(void)
    }

    /// Gives money back.
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn refund(&self, refund: &Refund) -> Result<Completed, CallError> {
        self.order(refund)
    }

    /// Holds an amount on the customer's card.
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn authorize(&self, authorization: &Authorization) -> Result<Completed, CallError> {
        self.order(authorization)
    }

    /// Takes an amount that was authorized.
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn complete(&self, completion: &Completion) -> Result<Completed, CallError> {
        self.order(completion)
    }

    /// Takes a payment and has the customer given cash.
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn cashback(&self, cashback: &Cashback) -> Result<Completed, CallError> {
        self.order(cashback)
    }

    /// Sends any [`Order`].
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn order<K: kind::Kind>(&self, order: &Order<K>) -> Result<Completed, CallError> {
        self.request(&order.to_json(), order.answer_within())
    }

    /// Asks what became of an order. The outcome is the order's: `approved` says that it was paid.
    ///
    /// ```
    /// # use ecrhub::{Config, Outcome, Terminal};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let simulator = ecrhub_simulator::Simulator::start(Default::default())?;
    /// # let mut config = Config::new(simulator.url());
    /// # config.app_id = Some("your-app-id".to_owned());
    /// # let terminal = Terminal::connect(config)?;
    /// assert_eq!(terminal.query("NEVERSOLD")?.outcome, Outcome::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn query(&self, merchant_order_no: &str) -> Result<Completed, CallError> {
        self.request(&about(protocol::QUERY, merchant_order_no), None)
    }

    /// Has the terminal give up an order that waits for the customer. The outcome is `ok` or `refused` and says nothing
    /// about the order, which completes on its own.
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn close(&self, merchant_order_no: &str) -> Result<Completed, CallError> {
        self.request(&about(protocol::CLOSE, merchant_order_no), None)
    }

    /// Sends any request, as JSON text. `timeout` is how long to wait for the answer; none takes the configuration's.
    ///
    /// ```
    /// # use ecrhub::{CallError, Config, Outcome, Status, Terminal};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let simulator = ecrhub_simulator::Simulator::start(Default::default())?;
    /// # let mut config = Config::new(simulator.url());
    /// # config.app_id = Some("your-app-id".to_owned());
    /// # let terminal = Terminal::connect(config)?;
    /// let done = terminal.request(r#"{"topic":"ecrhub.heartbeat","biz_data":{}}"#, None)?;
    /// println!("{}", done.response.as_deref().unwrap_or("no answer"));
    ///
    /// let refused = terminal.request(r#"{"topic":"ecrhub.pay.order","biz_data":{}}"#, None);
    /// assert_eq!(refused.unwrap_err().status(), Status::Request);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Terminal::sale`].
    pub fn request(
        &self,
        request_json: &str,
        timeout: Option<Duration>,
    ) -> Result<Completed, CallError> {
        let prepared = self.prepare(request_json)?;
        let request_id = prepared.request_id().to_owned();
        match self.call(prepared, timeout)? {
            Called::Completed(delivery) => completed(delivery),
            Called::Interrupted => Err(CallError::Interrupted { request_id }),
        }
    }

    /// Sends any [`Order`] and gives its `request_id`; [`Terminal::completion`] waits for it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use ecrhub::{Acknowledged, Config, Outcome, Sale, Terminal};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let simulator = ecrhub_simulator::Simulator::start(Default::default())?;
    /// # let mut config = Config::new(simulator.url());
    /// # config.app_id = Some("your-app-id".to_owned());
    /// # let terminal = Terminal::connect(config)?;
    /// let id = terminal.start_order(&Sale::new("ORDER1", "34.50"))?;
    /// let done = loop {
    ///     match terminal.completion(&id, Some(Duration::from_millis(100)))? {
    ///         Some(done) => break done,
    ///         None => println!("the customer looks for the card"),
    ///     }
    /// };
    /// assert_eq!(done.outcome, Outcome::Approved);
    /// // Once the till has stored it:
    /// assert_eq!(terminal.acknowledge(&id, done.outcome)?, Acknowledged::Done);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The statuses of [`Terminal::prepare`] and [`Terminal::submit`]: nothing was sent.
    pub fn start_order<K: kind::Kind>(&self, order: &Order<K>) -> Result<String> {
        self.start_request(&order.to_json(), order.answer_within())
    }

    /// The same for any request, as JSON text.
    ///
    /// # Errors
    /// As [`Terminal::start_order`].
    pub fn start_request(&self, request_json: &str, timeout: Option<Duration>) -> Result<String> {
        let prepared = self.prepare(request_json)?;
        let request_id = prepared.request_id().to_owned();
        self.start(prepared, timeout)?;
        Ok(request_id)
    }

    /// The completion of a request that was started; none while it is in flight. `wait` none waits for ever. It can be
    /// read again, see [`Terminal::wait`].
    ///
    /// # Errors
    /// [`CallError::Refused`] with the statuses of [`Terminal::wait`]; [`CallError::Interrupted`].
    pub fn completion(
        &self,
        request_id: &str,
        wait: Option<Duration>,
    ) -> Result<Option<Completed>, CallError> {
        match self.wait(request_id, wait)? {
            Polled::Event(delivery) => completed(delivery).map(Some),
            Polled::Timeout => Ok(None),
            Polled::Interrupted => {
                Err(CallError::Interrupted { request_id: request_id.to_owned() })
            }
        }
    }

    /// The events as they come, each waited for as long as it takes. Ends with [`Terminal::wake`] and with
    /// [`Terminal::disconnect`].
    ///
    /// ```
    /// # use ecrhub::{Config, EventKind, Terminal};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let simulator = ecrhub_simulator::Simulator::start(Default::default())?;
    /// # let terminal = Terminal::connect(Config::new(simulator.url()))?;
    /// for event in terminal.events() {
    ///     if let EventKind::Connected { url } = &event.kind {
    ///         println!("connected to {url}");
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self) -> Events<'_> {
        Events { terminal: self }
    }
}

fn completed(delivery: Delivery) -> Result<Completed, CallError> {
    match delivery.accept().kind {
        EventKind::Completed(done) => Ok(done),
        other => Err(CallError::Refused(Error::new(
            Status::Internal,
            format!("a request ended with {}", other.name()),
        ))),
    }
}

/// See [`Terminal::events`].
pub struct Events<'a> {
    terminal: &'a Terminal,
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        match self.terminal.poll(None) {
            Ok(Polled::Event(delivery)) => Some(delivery.accept()),
            Ok(Polled::Timeout | Polled::Interrupted) | Err(_) => None,
        }
    }
}

/// A request that says nothing but which order it is about.
fn about(topic: &str, merchant_order_no: &str) -> String {
    let biz_data = Object::new().text("merchant_order_no", merchant_order_no).end();
    Object::new().text("topic", topic).json("biz_data", &biz_data).end()
}

#[cfg(doctest)]
#[doc = include_str!("../../docs/rust.md")]
struct RustPage;
