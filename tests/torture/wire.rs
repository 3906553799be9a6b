//! The wire between till and terminal: a relay that can hold bytes back in either direction, as a network does that
//! has lost its way, and that reads along which orders leave the till.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// How soon a held or ended direction is noticed.
const TICK: Duration = Duration::from_millis(10);

/// One TCP connection of the till.
#[derive(Default)]
pub struct Line {
    holds_to_terminal: AtomicBool,
    holds_to_till: AtomicBool,
    is_torn: AtomicBool,
}

impl Line {
    /// From now on bytes stay where they are, in the directions given; neither end can tell.
    pub fn hold(&self, to_terminal: bool, to_till: bool) {
        self.holds_to_terminal.store(to_terminal, SeqCst);
        self.holds_to_till.store(to_till, SeqCst);
    }

    /// What was held comes through after all, even when the till has long gone.
    pub fn release(&self) {
        self.hold(false, false);
    }

    /// The connection ends; what was held is lost.
    pub fn tear(&self) {
        self.is_torn.store(true, SeqCst);
    }
}

#[derive(Default)]
struct State {
    lines: Mutex<Vec<Arc<Line>>>,
    /// How often the till put an order of this number on the wire.
    orders: Mutex<HashMap<String, usize>>,
    /// How often it put a close of this number there.
    closes: Mutex<HashMap<String, usize>>,
    pumps: Mutex<Vec<JoinHandle<()>>>,
    is_over: AtomicBool,
}

/// The relay; dropping it ends its threads and connections.
pub struct Wire {
    address: SocketAddr,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
}

impl Wire {
    /// A way to the terminal.
    pub fn to(terminal: SocketAddr) -> Wire {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let theirs = Arc::clone(&state);
        let accepting = std::thread::spawn(move || {
            for till in listener.incoming().flatten() {
                if theirs.is_over.load(SeqCst) {
                    return;
                }
                // Who cannot reach the terminal hangs up on the till.
                if let Ok(terminal) = TcpStream::connect(terminal) {
                    relay(&theirs, till, terminal);
                }
            }
        });
        Wire { address, state, accepting: Some(accepting) }
    }

    /// Where the till connects.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The connections there are now.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        let mut lines = self.state.lines.lock().unwrap();
        // The two pumps of a line that still stands hold it as well.
        lines.retain(|line| Arc::strong_count(line) > 1);
        lines.clone()
    }

    /// How often the till closed each order.
    pub fn closes(&self) -> HashMap<String, usize> {
        self.state.closes.lock().unwrap().clone()
    }

    /// How often the till put each order on the wire.
    pub fn orders(&self) -> HashMap<String, usize> {
        self.state.orders.lock().unwrap().clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.is_over.store(true, SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for pump in std::mem::take(&mut *self.state.pumps.lock().unwrap()) {
            let _ = pump.join();
        }
    }
}

fn relay(state: &Arc<State>, till: TcpStream, terminal: TcpStream) {
    for socket in [&till, &terminal] {
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(TICK)).unwrap();
    }
    let line = Arc::new(Line::default());
    state.lines.lock().unwrap().push(Arc::clone(&line));
    let (from_till, from_terminal) = (till.try_clone().unwrap(), terminal.try_clone().unwrap());
    let up = Pump { state: Arc::clone(state), line: Arc::clone(&line), is_up: true };
    let down = Pump { state: Arc::clone(state), line, is_up: false };
    let mut pumps = state.pumps.lock().unwrap();
    pumps.retain(|pump| !pump.is_finished());
    pumps.push(std::thread::spawn(move || up.run(from_till, terminal)));
    pumps.push(std::thread::spawn(move || down.run(from_terminal, till)));
}

/// One direction of a line.
struct Pump {
    state: Arc<State>,
    line: Arc<Line>,
    is_up: bool,
}

impl Pump {
    fn run(self, mut from: TcpStream, mut to: TcpStream) {
        let mut messages = Messages::default();
        let mut buffer = vec![0; 65536];
        loop {
            let read = from.read(&mut buffer);
            if self.is_over() {
                break;
            }
            match read {
                Ok(0) => {
                    self.while_held();
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
                Ok(count) => {
                    if self.is_up {
                        messages.read(&buffer[..count], |message| self.note(message));
                    }
                    self.while_held();
                    if self.is_over() || to.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => break,
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    fn is_over(&self) -> bool {
        self.line.is_torn.load(SeqCst) || self.state.is_over.load(SeqCst)
    }

    fn while_held(&self) {
        let held = if self.is_up { &self.line.holds_to_terminal } else { &self.line.holds_to_till };
        while held.load(SeqCst) && !self.is_over() {
            std::thread::sleep(TICK);
        }
    }

    fn note(&self, message: &[u8]) {
        let Ok(message) = serde_json::from_slice::<Value>(message) else { return };
        let seen = match message["topic"].as_str() {
            Some("ecrhub.pay.order") => &self.state.orders,
            Some("ecrhub.pay.close") => &self.state.closes,
            _ => return,
        };
        if let Some(number) = message["biz_data"]["merchant_order_no"].as_str() {
            *seen.lock().unwrap().entry(number.to_owned()).or_default() += 1;
        }
    }
}

/// Reads a till's messages out of its bytes: past the handshake, masked frames of one message each.
#[derive(Default)]
struct Messages {
    bytes: Vec<u8>,
    is_open: bool,
}

impl Messages {
    fn read(&mut self, bytes: &[u8], mut tell: impl FnMut(&[u8])) {
        self.bytes.extend_from_slice(bytes);
        if !self.is_open {
            let end = self.bytes.windows(4).position(|four| four == b"\r\n\r\n");
            let Some(end) = end else { return };
            self.bytes.drain(..end + 4);
            self.is_open = true;
        }
        while let Some((payload, length)) = frame(&self.bytes) {
            tell(&payload);
            self.bytes.drain(..length);
        }
    }
}

/// The first frame's payload and the whole frame's length, once it is all there.
fn frame(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (long, head) = match bytes.get(1)? & 0x7f {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    let mask = bytes.get(head..head + 4)?;
    let masked = bytes.get(head + 4..head + 4 + long)?;
    let payload = masked.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Some((payload, head + 4 + long))
}
