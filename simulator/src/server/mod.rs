//! Sockets around the model: one thread, one event loop, any number of tills.

mod access;
mod control;
mod core;
mod handshake;
mod http;
mod ledger_file;
mod link;
mod listen;
mod settings;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};

use self::core::Core;
use crate::{Behaviour, LedgerEntry, Oddities, Options, Record};

const TERMINAL: Token = Token(0);
const CONTROL: Token = Token(1);
const WAKE: Token = Token(2);
const FIRST_PEER: usize = 3;

/// A terminal on a socket. Dropping it closes every socket and ends its thread.
pub struct Simulator {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    url: String,
    control_url: String,
    port: u16,
}

struct Shared {
    core: Mutex<Core>,
    /// Counts the loop's rounds, for those who wait for something to change.
    rounds: Mutex<u64>,
    changed: Condvar,
    waker: Waker,
    stopping: AtomicBool,
}

impl Shared {
    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        *self.rounds.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }
}

impl Simulator {
    /// Starts listening; connections are taken from here on.
    pub fn start(options: Options) -> io::Result<Simulator> {
        let poll = Poll::new()?;
        let core = Core::new(options, poll.registry().try_clone()?)?;
        let url = format!("ws://{}", core.port.local_address());
        let control_url = format!("http://{}", core.control.local_address());
        let port = core.port.number();
        let shared = Arc::new(Shared {
            core: Mutex::new(core),
            rounds: Mutex::new(0),
            changed: Condvar::new(),
            waker: Waker::new(poll.registry(), WAKE)?,
            stopping: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("ecrhub-simulator".to_owned())
            .spawn(move || run(poll, &theirs))?;
        Ok(Simulator { shared, thread: Some(thread), url, control_url, port })
    }

    /// Where tills connect, e.g. `ws://127.0.0.1:35779`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The terminal's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the control API is, e.g. `http://127.0.0.1:35780`.
    pub fn control_url(&self) -> String {
        self.control_url.clone()
    }

    /// Everything that moved money, in order.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.shared.core().model.ledger().to_vec()
    }

    /// How often money moved under this number.
    pub fn charges(&self, merchant_order_no: &str) -> usize {
        self.shared.core().model.charges(merchant_order_no)
    }

    /// What the terminal knows about a number.
    pub fn record(&self, merchant_order_no: &str) -> Option<Record> {
        self.shared.core().model.record(merchant_order_no).cloned()
    }

    /// The number of the transaction under way.
    pub fn running(&self) -> Option<String> {
        self.shared.core().model.running().map(str::to_owned)
    }

    /// What the next order will do, whatever its amount; may be called for several orders ahead.
    pub fn set_next(&self, behaviour: Behaviour) {
        self.with(|core| core.model.set_next(behaviour));
    }

    /// The oddities from now on.
    pub fn set_oddities(&self, oddities: Oddities) {
        self.with(|core| core.model.set_oddities(oddities));
    }

    /// Changes how the terminal is set up from now on: everything but addresses, pings, file and log.
    pub fn configure(&self, change: impl FnOnce(&mut Options)) {
        self.with(|core| core.model.configure(change));
    }

    /// Whether orders wait for a person from now on.
    pub fn set_manual(&self, manual: bool) {
        self.with(|core| core.model.set_manual(manual));
    }

    /// The customer pays; false when no order waits.
    pub fn approve(&self) -> bool {
        self.with(|core| core.model.approve(core.now()))
    }

    /// The payment is declined; false when no order waits.
    pub fn decline(&self) -> bool {
        self.with(|core| core.model.decline(core.now()))
    }

    /// Someone presses cancel; false when no order waits.
    pub fn cancel(&self) -> bool {
        self.with(|core| core.model.cancel(core.now()))
    }

    /// The cashier confirms; false when no order waits for that.
    pub fn confirm(&self) -> bool {
        self.with(|core| core.model.confirm(core.now()))
    }

    /// Ends every connection with a bare FIN; how many there were.
    pub fn cut_link(&self) -> usize {
        self.with(Core::cut_links)
    }

    /// Stops reading and answering; connections stay open, new ones get no handshake. Payments go on.
    pub fn freeze(&self) {
        self.with(Core::freeze);
    }

    /// Ends [`Simulator::freeze`].
    pub fn thaw(&self) {
        self.with(Core::thaw);
    }

    /// Whether new connections are refused from now on; those that are open stay.
    pub fn refuse_connections(&self, refuse: bool) {
        self.with(|core| if refuse { core.refuse() } else { core.accept_again() });
    }

    /// The terminal restarts: links are cut, the transaction under way is lost without a charge, records stay.
    pub fn reboot(&self) {
        self.with(|core| core.model.reboot(core.now()));
    }

    /// Sends a message to every open connection; how many there are.
    pub fn push_text(&self, text: &str) -> usize {
        self.with(|core| core.push(|link, odd| link.send(text, odd)))
    }

    /// Puts bytes straight on the socket of every open connection; how many there are.
    pub fn push_bytes(&self, bytes: &[u8]) -> usize {
        self.with(|core| core.push(|link, _| link.send_bytes(bytes)))
    }

    /// Open WebSocket connections.
    pub fn connections(&self) -> usize {
        self.shared.core().connections()
    }

    /// TCP connections to the terminal's port in any state: also without a handshake, and not yet closed by the till.
    pub fn sockets(&self) -> usize {
        self.shared.core().sockets()
    }

    /// The messages received so far, oldest first; at most the last 10,000.
    pub fn received(&self) -> Vec<String> {
        self.shared.core().received.iter().cloned().collect()
    }

    /// Forgets records, ledger, received messages, the transaction under way and what was set for the next orders;
    /// options and oddities are as at the start; thaws and takes connections.
    pub fn reset(&self) {
        self.with(Core::reset);
    }

    /// Waits until the condition holds; false when it does not in time.
    pub fn wait_until(&self, timeout: Duration, condition: impl Fn(&Simulator) -> bool) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            let seen = *self.shared.rounds.lock().unwrap_or_else(PoisonError::into_inner);
            if condition(self) {
                return true;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            let rounds = self.shared.rounds.lock().unwrap_or_else(PoisonError::into_inner);
            let waited =
                self.shared.changed.wait_timeout_while(rounds, left, |rounds| *rounds == seen);
            drop(waited);
        }
    }

    /// Closes every socket and ends the thread, as dropping does.
    pub fn stop(self) {}

    /// Acts at once, on the caller's thread; the loop is woken for what follows.
    fn with<T>(&self, act: impl FnOnce(&mut Core) -> T) -> T {
        let mut core = self.shared.core();
        let result = act(&mut core);
        core.tick();
        drop(core);
        self.shared.changed();
        // A loop that cannot be woken still wakes by itself at its next deadline.
        let _ = self.shared.waker.wake();
        result
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let _ = self.shared.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(mut poll: Poll, shared: &Shared) {
    let mut events = Events::with_capacity(1_024);
    loop {
        let sleep = shared.core().sleep();
        match poll.poll(&mut events, sleep) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return shared.core().log(&format!("the event loop ended: {error}")),
        }
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let mut core = shared.core();
        events
            .iter()
            .filter(|event| event.token() != WAKE)
            .for_each(|event| core.on_event(event.token()));
        core.tick();
        drop(core);
        shared.changed();
    }
}
