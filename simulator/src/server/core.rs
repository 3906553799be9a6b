//! The event loop's state: the model, the sockets, and what goes between them.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use serde_json::json;

use super::access::Access;
use super::http::{Call, HttpRequest, Response};
use super::link::{Incoming, Link};
use super::listen::Port;
use super::{CONTROL, FIRST_PEER, TERMINAL, control};
use crate::{Action, Model, Options};

/// How many received messages are kept for tests to look at.
const KEPT_MESSAGES: usize = 10_000;

/// Whoever is connected.
enum Peer {
    Till(Box<Link>),
    Control(Call),
}

/// Everything the simulator owns; whoever has its lock may act on the sockets too.
pub(super) struct Core {
    pub model: Model,
    pub options: Options,
    pub port: Port,
    pub control: Port,
    pub frozen: bool,
    pub received: VecDeque<String>,
    registry: Registry,
    peers: BTreeMap<usize, Peer>,
    next_peer: usize,
    next_ping: Option<u64>,
    retry_listen: Option<u64>,
    started: (Instant, u64),
    saved: u64,
}

impl Core {
    pub fn new(options: Options, registry: Registry) -> io::Result<Core> {
        let mut model = Model::new(options.clone(), options.seed);
        if let Some(path) = &options.ledger {
            super::ledger_file::load(path, &mut model)?;
        }
        let port = Port::open(&registry, &options.host, options.port, TERMINAL)?;
        let control = Port::open(&registry, "127.0.0.1", options.control_port, CONTROL)?;
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started = (Instant::now(), u64::try_from(epoch.as_millis()).unwrap_or(0));
        let next_ping = (options.ping_interval_ms > 0)
            .then(|| started.1.saturating_add(options.ping_interval_ms));
        let saved = model.revision();
        Ok(Core {
            model,
            options,
            port,
            control,
            frozen: false,
            received: VecDeque::new(),
            registry,
            peers: BTreeMap::new(),
            next_peer: FIRST_PEER,
            next_ping,
            retry_listen: None,
            started,
            saved,
        })
    }

    /// Epoch milliseconds that never go back.
    pub fn now(&self) -> u64 {
        let elapsed = u64::try_from(self.started.0.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.started.1.saturating_add(elapsed)
    }

    /// How long the loop may sleep.
    pub fn sleep(&self) -> Option<Duration> {
        let peers = self.peers.values().filter_map(|peer| match peer {
            Peer::Till(link) => link.deadline().into_iter().chain(self.pong_deadline(link)).min(),
            Peer::Control(call) => Some(call.until),
        });
        let own = [self.next_ping, self.retry_listen, self.model.next_deadline()];
        let deadline = peers.chain(own.into_iter().flatten()).min()?;
        // One more: the clock's own fraction of a millisecond would make the loop spin.
        Some(Duration::from_millis(
            deadline.saturating_sub(self.now()).saturating_add(1).min(3_600_000),
        ))
    }

    fn pong_deadline(&self, link: &Link) -> Option<u64> {
        let wanted = link.is_open() && self.options.pong_timeout_ms > 0 && !self.frozen;
        wanted
            .then(|| link.last_pong.saturating_add(self.options.pong_timeout_ms).saturating_add(1))
    }

    /// A socket has something to tell.
    pub fn on_event(&mut self, token: Token) {
        match token {
            TERMINAL if self.frozen => {}
            TERMINAL | CONTROL => self.accept(token),
            Token(peer) => self.serve(peer),
        }
    }

    /// Time passed, or somebody acted on the model.
    pub fn tick(&mut self) {
        let now = self.now();
        self.model.on_time(now);
        self.act();
        self.ping(now);
        self.drop_overdue(now);
        if self.retry_listen.is_some_and(|at| at <= now) {
            self.retry_listen = None;
            self.accept_again();
        }
        self.save();
    }

    /// Does what the model wants.
    pub fn act(&mut self) {
        while let Some(action) = self.model.poll_action() {
            match action {
                Action::Send { conn, text } => self.send(conn, |link, odd| link.send(&text, odd)),
                Action::SendBytes { conn, bytes } => {
                    self.send(conn, |link, _| link.send_bytes(&bytes))
                }
                Action::Cut { conn } => self.cut(conn),
                Action::Freeze => self.freeze(),
                Action::Thaw => self.thaw(),
                Action::Refuse => self.refuse(),
                Action::Accept => self.accept_again(),
                Action::Note(line) => self.log(&line),
            }
        }
    }

    fn send(&mut self, conn: u64, write: impl FnOnce(&mut Link, &crate::Oddities)) {
        let peer = usize::try_from(conn).unwrap_or(usize::MAX);
        if let Some(Peer::Till(link)) = self.peers.get_mut(&peer) {
            write(link, &self.model.options().oddities);
            self.flush(peer);
        }
    }

    /// Puts a message or bytes on every open connection.
    pub fn push(&mut self, write: impl Fn(&mut Link, &crate::Oddities)) -> usize {
        let open = self.open_peers();
        for peer in &open {
            self.send(*peer as u64, &write);
        }
        open.len()
    }

    /// Ends every connection to a till; how many there were.
    pub fn cut_links(&mut self) -> usize {
        let open = self.open_peers();
        for peer in &open {
            self.cut(*peer as u64);
        }
        open.len()
    }

    fn cut(&mut self, conn: u64) {
        let now = self.now();
        let peer = usize::try_from(conn).unwrap_or(usize::MAX);
        if let Some(Peer::Till(link)) = self.peers.get_mut(&peer) {
            link.end(now);
            link.flush();
            self.model.on_disconnect(conn, now);
            self.log("the link is cut");
        }
    }

    /// Stops reading and writing; the sockets stay open.
    pub fn freeze(&mut self) {
        self.frozen = true;
        self.log("frozen");
    }

    /// Goes on where it was frozen. Nobody is cut for pongs that could not be read.
    pub fn thaw(&mut self) {
        if !std::mem::take(&mut self.frozen) {
            return;
        }
        self.log("thawed");
        let now = self.now();
        let mut tills = Vec::new();
        for (id, peer) in &mut self.peers {
            if let Peer::Till(link) = peer {
                link.last_pong = now;
                tills.push(*id);
            }
        }
        self.accept(TERMINAL);
        tills.into_iter().for_each(|till| self.serve(till));
    }

    /// Refuses new connections; those that are open stay.
    pub fn refuse(&mut self) {
        self.port.refuse(&self.registry);
        self.log("connections are refused");
    }

    /// Takes connections again.
    pub fn accept_again(&mut self) {
        if let Err(error) = self.port.accept_again(&self.registry) {
            self.log(&format!("cannot listen again yet: {error}"));
            self.retry_listen = Some(self.now().saturating_add(100));
        }
    }

    /// Back to the start: nothing known, nothing set, nobody kept out. Connections stay.
    pub fn reset(&mut self) {
        self.model.reset();
        self.model.configure(|options| *options = self.options.clone());
        self.received.clear();
        self.accept_again();
        self.thaw();
    }

    /// Open WebSocket connections.
    pub fn connections(&self) -> usize {
        self.peers
            .values()
            .filter(|peer| matches!(peer, Peer::Till(link) if link.is_open()))
            .count()
    }

    /// Sockets of tills in any state: also before the handshake, refused, and not yet closed by the till.
    pub fn sockets(&self) -> usize {
        self.peers.values().filter(|peer| matches!(peer, Peer::Till(_))).count()
    }

    pub fn log(&self, line: &str) {
        if let Some(log) = self.options.log {
            log(&one_line(line));
        }
    }

    fn open_peers(&self) -> Vec<usize> {
        let open = self
            .peers
            .iter()
            .filter(|(_, peer)| matches!(peer, Peer::Till(link) if link.is_open()));
        open.map(|(peer, _)| *peer).collect()
    }

    fn accept(&mut self, token: Token) {
        let now = self.now();
        loop {
            let port = if token == TERMINAL { &self.port } else { &self.control };
            let Some(Ok((mut stream, _))) = port.listener().map(|listener| listener.accept())
            else {
                return;
            };
            let peer = self.next_peer;
            self.next_peer += 1;
            let interest = Interest::READABLE | Interest::WRITABLE;
            if stream.set_nodelay(true).is_err()
                || self.registry.register(&mut stream, Token(peer), interest).is_err()
            {
                continue;
            }
            let new = self.new_peer(token, stream, now);
            self.peers.insert(peer, new);
            self.serve(peer);
        }
    }

    fn new_peer(&self, token: Token, stream: TcpStream, now: u64) -> Peer {
        if token == TERMINAL {
            let access = Access::at(&self.options.host, self.port.ip());
            Peer::Till(Box::new(Link::new(stream, access, now)))
        } else {
            Peer::Control(Call::new(stream, now))
        }
    }

    fn serve(&mut self, peer: usize) {
        match self.peers.get_mut(&peer) {
            Some(Peer::Till(_)) if self.frozen => {}
            Some(Peer::Till(_)) => self.serve_till(peer),
            Some(Peer::Control(_)) => self.serve_control(peer),
            None => {}
        }
    }

    fn serve_till(&mut self, peer: usize) {
        let now = self.now();
        let mut incoming = Vec::new();
        let Some(Peer::Till(link)) = self.peers.get_mut(&peer) else {
            return;
        };
        let mut alive = link.receive(&self.model.options().oddities, now, &mut incoming);
        for event in incoming {
            self.on_incoming(peer, event, now);
            self.act();
        }
        alive &= self.flush(peer);
        if !alive {
            self.remove(peer);
        }
    }

    fn on_incoming(&mut self, peer: usize, event: Incoming, now: u64) {
        let conn = peer as u64;
        match event {
            Incoming::Opened => {
                self.log("a till connected");
                if self.model.options().oddities.frame_with_handshake
                    && let Some(Peer::Till(link)) = self.peers.get_mut(&peer)
                {
                    let hello = r#"{"topic":"ecrhub.heartbeat","app_id":"","response_code":"000","biz_data":{}}"#;
                    link.send(hello, &self.model.options().oddities);
                }
                self.model.on_connect(conn, now);
            }
            Incoming::Message(text) => {
                self.model.on_message(conn, &text, now);
                if self.received.len() == KEPT_MESSAGES {
                    self.received.pop_front();
                }
                self.received.push_back(text);
            }
            Incoming::Closed => self.model.on_disconnect(conn, now),
            Incoming::Forbidden(why) => self.log(&format!("a client is refused: {why}")),
        }
    }

    fn serve_control(&mut self, peer: usize) {
        let Some(Peer::Control(call)) = self.peers.get_mut(&peer) else {
            return;
        };
        let mut alive = call.receive();
        if let Some(request) = call.take_request() {
            let (status, body) = match request {
                Ok(request) => self.answer(&request),
                Err(refused) => refused,
            };
            let Some(Peer::Control(call)) = self.peers.get_mut(&peer) else {
                return;
            };
            call.respond(status, &body);
        }
        if let Some(Peer::Control(call)) = self.peers.get_mut(&peer) {
            alive &= call.flush();
        }
        if !alive {
            self.remove(peer);
        }
    }

    /// Carries out a call of the control API, unless a web page makes it.
    fn answer(&mut self, request: &HttpRequest) -> Response {
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        match Access::on_loopback(&self.options.host).refuses(headers, Some(self.control.ip())) {
            Some(why) => {
                self.log(&format!("a call is refused: {why}"));
                (403, json!({ "error": why }))
            }
            None => control::answer(self, request),
        }
    }

    fn flush(&mut self, peer: usize) -> bool {
        match self.peers.get_mut(&peer) {
            Some(Peer::Till(link)) if !self.frozen => link.flush(),
            _ => true,
        }
    }

    fn remove(&mut self, peer: usize) {
        let now = self.now();
        match self.peers.remove(&peer) {
            Some(Peer::Till(mut link)) => {
                let _ = self.registry.deregister(&mut link.stream);
                self.model.on_disconnect(peer as u64, now);
                self.log("a till is gone");
            }
            Some(Peer::Control(mut call)) => drop(self.registry.deregister(&mut call.stream)),
            None => {}
        }
    }

    /// Pings everyone when it is time, and cuts those whose last pong is too old.
    fn ping(&mut self, now: u64) {
        if self.frozen {
            // Not even pings; the next one comes its interval after the thaw.
            self.next_ping =
                self.next_ping.map(|at| at.max(now.saturating_add(self.options.ping_interval_ms)));
            return;
        }
        if self.next_ping.is_some_and(|at| at <= now) {
            self.next_ping = Some(now.saturating_add(self.options.ping_interval_ms));
            self.push(|link, _| link.ping());
        }
        for peer in self.open_peers() {
            let Some(Peer::Till(link)) = self.peers.get(&peer) else {
                continue;
            };
            if self.pong_deadline(link).is_some_and(|at| at <= now) {
                self.log("a till sent no pong for too long");
                self.cut(peer as u64);
            }
        }
    }

    fn drop_overdue(&mut self, now: u64) {
        let overdue = |peer: &Peer| match peer {
            Peer::Till(link) => link.deadline().is_some_and(|at| at <= now),
            Peer::Control(call) => call.until <= now,
        };
        let gone: Vec<_> =
            self.peers.iter().filter(|(_, peer)| overdue(peer)).map(|(peer, _)| *peer).collect();
        gone.into_iter().for_each(|peer| self.remove(peer));
    }

    fn save(&mut self) {
        let revision = self.model.revision();
        if let Some(path) = self.options.ledger.as_ref().filter(|_| revision != self.saved) {
            if let Err(error) = super::ledger_file::save(path, &self.model) {
                self.log(&format!("{}: {error}", path.display()));
            }
            self.saved = revision;
        }
    }
}

/// A line with control characters as escapes: what a till sends must not steer the screen.
fn one_line(line: &str) -> Cow<'_, str> {
    if !line.contains(char::is_control) {
        return Cow::Borrowed(line);
    }
    let mut plain = String::new();
    for c in line.chars() {
        if c.is_control() { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    Cow::Owned(plain)
}
