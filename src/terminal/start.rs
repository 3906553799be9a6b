//! How a terminal begins: its journal, what earlier processes left there, and the thread that drives it.

#![forbid(unsafe_code)]

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::books::Books;
use super::inner::Inner;
use super::neighbours::Neighbour;
use super::queue::EventQueue;
use super::shared::Shared;
use crate::config::{Address, Config};
use crate::error::Result;
use crate::event::Event;
use crate::io::{self, Driven, Driver, Link};
use crate::journal::{Journal, OpenUnder, SqliteJournal, Volatile};
use crate::log_line;
use crate::process;
use crate::session::{Now, Restored, Rng, Session, Settings};

/// Differs between handles, processes (a forked child included) and machines.
fn fresh_seed(now: Now) -> u64 {
    RandomState::new().hash_one((
        std::process::id(),
        process::generation(),
        now.wall_ms,
        Instant::now(),
    ))
}

/// What a terminal starts with; used again when the I/O thread ends in that moment.
pub(super) struct Beginning {
    config: Config,
    address: Address,
    books: Books,
    restored: Vec<Restored>,
    retold: Vec<Event>,
    now: Now,
}

impl Beginning {
    fn new(config: Config) -> Result<Self> {
        config.check()?;
        let books = open_books(&config, io::now())?;
        Self::with(config, books)
    }

    /// With the orders that these books keep.
    pub(super) fn with(config: Config, books: Books) -> Result<Self> {
        let address = config.check()?;
        let now = io::now();
        let (restored, retold) = books.restore(now.wall_ms)?;
        warn_of_orders_elsewhere(&books)?;
        Ok(Beginning { config, address, books, restored, retold, now })
    }

    fn session(&self, seed: u64) -> Session {
        let mut session = Session::new(Settings::from(&self.config), seed, self.now);
        for order in &self.restored {
            let mut order = order.clone();
            if order.answer_within_ms == 0 {
                // Written by a version that did not note it.
                order.answer_within_ms = session.answer_within_ms(&order.request, None);
            }
            session.restore(order, self.now);
        }
        session
    }

    fn queue(&self) -> EventQueue {
        let most = usize::try_from(self.config.max_queue_bytes).unwrap_or(usize::MAX);
        let mut queue = EventQueue::new(most);
        for event in &self.retold {
            queue.push(event.clone());
        }
        queue
    }

    fn shared(&self, driver: &Arc<Driver>) -> Shared {
        let config = &self.config;
        let seed = fresh_seed(self.now);
        let watch = driver.new_watch();
        let token = watch.token();
        let (most, patience) = (config.max_message_bytes, config.connect_timeout_ms);
        let link = Link::new(self.address.clone(), most, patience, watch);
        let neighbour = Neighbour::join(&config.terminal_name());
        let id_prefix = Rng::new(seed).next_u64();
        Shared {
            url: config.shown_url(),
            app_id: config.app_id.clone(),
            validation: config.validation,
            max_in_flight: usize::try_from(config.max_in_flight).unwrap_or(usize::MAX),
            books: self.books.clone(),
            driver: Arc::clone(driver),
            token,
            inner: Mutex::new(Inner::new(
                self.session(seed),
                neighbour,
                link,
                self.queue(),
                id_prefix,
            )),
            lined_up: AtomicUsize::new(0),
            journal_order: Mutex::new(()),
        }
    }

    pub(super) fn start(&self) -> Result<Arc<Shared>> {
        loop {
            let driver = io::driver()?;
            let shared = Arc::new(self.shared(&driver));
            // Refused when a shutdown has just ended that thread: then a new one is started.
            if driver.add(shared.token, Arc::clone(&shared) as Arc<dyn Driven>) {
                log_line::say_kept();
                return Ok(shared);
            }
        }
    }
}

impl Shared {
    pub(super) fn start(config: Config) -> Result<Arc<Shared>> {
        Beginning::new(config)?.start()
    }
}

fn open_books(config: &Config, now: Now) -> Result<Books> {
    let journal: Arc<dyn Journal> = match &config.journal {
        Some(path) => SqliteJournal::open_shared(path, config.journal_keep_days, now.wall_ms)?,
        None => Arc::new(Volatile::default()),
    };
    let books =
        Books::new(journal, config.terminal_name()).second_look_after(config.second_look_ms.into());
    books.adopt(&config.former_names(), now.wall_ms)?;
    Ok(books)
}

/// Orders that nobody recovers must not be silent.
fn warn_of_orders_elsewhere(books: &Books) -> Result<()> {
    for OpenUnder { terminal, open } in books.elsewhere()? {
        log_line!(
            log::Level::Warn,
            "{open} orders are open in the journal under the terminal \"{terminal}\", which nobody is connected to; \
             if that is a former name or address of this terminal, name it in terminal_was"
        );
    }
    Ok(())
}
