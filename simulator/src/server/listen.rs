//! Listening, and refusing to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use mio::net::TcpListener;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

/// A port the simulator owns, listening or not.
pub(super) struct Port {
    address: SocketAddr,
    token: Token,
    listener: Option<TcpListener>,
    /// Keeps the port, not listening, while connections are refused: nobody else gets it meanwhile.
    reserved: Option<Socket>,
}

impl Port {
    pub fn open(registry: &Registry, host: &str, port: u16, token: Token) -> io::Result<Port> {
        let wanted = resolve(host, port)?;
        let explain = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                io::Error::new(error.kind(), format!("{wanted} is already in use"))
            }
            kind => io::Error::new(kind, format!("cannot listen on {wanted}: {error}")),
        };
        let socket = bind(wanted).map_err(explain)?;
        let address = socket.local_addr()?.as_socket().unwrap_or(wanted);
        let mut port = Port { address, token, listener: None, reserved: None };
        port.listen(registry, socket).map_err(explain)?;
        Ok(port)
    }

    fn listen(&mut self, registry: &Registry, socket: Socket) -> io::Result<()> {
        socket.listen(1_024)?;
        let mut listener = TcpListener::from_std(socket.into());
        registry.register(&mut listener, self.token, Interest::READABLE)?;
        self.listener = Some(listener);
        Ok(())
    }

    pub fn refuse(&mut self, registry: &Registry) {
        if let Some(mut listener) = self.listener.take() {
            let _ = registry.deregister(&mut listener);
            drop(listener);
            self.reserved = bind(self.address).ok();
        }
    }

    pub fn accept_again(&mut self, registry: &Registry) -> io::Result<()> {
        if self.listener.is_some() {
            return Ok(());
        }
        let socket = match self.reserved.take() {
            Some(socket) => socket,
            None => bind(self.address)?,
        };
        self.listen(registry, socket)
    }

    pub fn refusing(&self) -> bool {
        self.listener.is_none()
    }

    pub fn listener(&self) -> Option<&TcpListener> {
        self.listener.as_ref()
    }

    /// The address it is bound to.
    pub fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    pub fn number(&self) -> u16 {
        self.address.port()
    }

    /// Where a program on this machine connects.
    pub fn local_address(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.number())
    }
}

fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("host {host} has no address"));
    (host, port).to_socket_addrs().map_err(|_| unknown())?.next().ok_or_else(unknown)
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On Unix this lets a restarted simulator have its port again at once; on Windows it would let two share it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
