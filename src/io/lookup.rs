//! Names to addresses. The system's look-up blocks for as long as it likes, so it never happens on the loop.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;

use mio::Token;

use super::driver::{Command, Mailbox};
use super::{pin, thread};

/// Addresses, or why there are none.
pub type Found = Result<Vec<SocketAddr>, String>;

/// Look-ups under way: one thread for each name that is being looked up, however many terminals have it.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    waiting: HashMap<(String, u16), Vec<Token>>,
    threads: HashMap<(String, u16), JoinHandle<()>>,
}

/// An address that needs no look-up.
pub(super) fn literal(host: &str, port: u16) -> Option<SocketAddr> {
    host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port))
}

impl Lookups {
    /// Starts looking a name up; the answer comes to the mailbox.
    pub(super) fn start(&mut self, host: &str, port: u16, token: Token, mailbox: &Arc<Mailbox>) {
        let name = (host.to_owned(), port);
        let waiting = self.waiting.entry(name.clone()).or_default();
        if !waiting.contains(&token) {
            waiting.push(token);
        }
        if self.threads.contains_key(&name) {
            return;
        }
        let reply_to = Arc::clone(mailbox);
        let asked = name.clone();
        let spawned = thread::spawn("ecrhub-lookup", move || {
            let found = look_up(&asked.0, asked.1);
            reply_to.post(Command::Found { name: asked, found });
        });
        match spawned {
            Ok(thread) => {
                self.threads.insert(name, thread);
            }
            Err(error) => {
                let found = Err(format!("no thread for the name look-up: {error}"));
                mailbox.post(Command::Found { name, found });
            }
        }
    }

    /// Who waited for this name.
    pub(super) fn finish(&mut self, name: &(String, u16)) -> Vec<Token> {
        if let Some(thread) = self.threads.remove(name)
            && thread.join().is_err()
        {
            log_line!(log::Level::Error, "the name look-up of {} panicked", name.0);
        }
        self.waiting.remove(name).unwrap_or_default()
    }

    /// Nobody waits for them any more. What the system still looks up is left alone: a name server may take as long as
    /// it likes, and nothing can interrupt it. The thread that asked runs the library's code when the answer comes, so
    /// the library stays loaded from now on; where that cannot be had, the thread is waited for.
    pub(super) fn abandon(self) {
        let (ended, running): (Vec<_>, Vec<_>) =
            self.threads.into_values().partition(JoinHandle::is_finished);
        let is_pinned = running.is_empty() || pin::stay_loaded();
        let to_join = ended.into_iter().chain(running.into_iter().filter(|_| !is_pinned));
        for thread in to_join {
            if thread.join().is_err() {
                log_line!(log::Level::Error, "a name look-up panicked");
            }
        }
    }
}

fn look_up(host: &str, port: u16) -> Found {
    match (host, port).to_socket_addrs() {
        Ok(addresses) => {
            let addresses: Vec<SocketAddr> = addresses.collect();
            if addresses.is_empty() {
                Err(format!("\"{host}\" has no address"))
            } else {
                Ok(addresses)
            }
        }
        Err(error) => Err(format!("the name \"{host}\" cannot be looked up: {error}")),
    }
}
