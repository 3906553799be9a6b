//! The WebSocket handshake as the terminal's server does it.

use tungstenite::handshake::derive_accept_key;

use std::net::IpAddr;

use super::access::Access;
use crate::Oddities;

/// A request's head larger than this is refused.
const MAX_HEAD: usize = 16 * 1024;

/// What came of a handshake's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// Not all there yet.
    Partial,
    /// Fits; the head's length and the key to answer.
    Upgrade(usize, String),
    /// Refused; the TCP connection stays open.
    Refused,
    /// Refused to whoever asks, for this reason.
    Forbidden(String),
}

/// Reads the head of a client's request that came in at the address `local`.
pub(super) fn read(bytes: &[u8], access: &Access, local: Option<IpAddr>) -> Handshake {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if bytes.len() > MAX_HEAD { Handshake::Refused } else { Handshake::Partial };
    };
    let Ok(head) = std::str::from_utf8(&bytes[..end]) else {
        return Handshake::Refused;
    };
    let headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
    if let Some(why) = access.refuses(headers, local) {
        return Handshake::Forbidden(why);
    }
    match accepted_key(head) {
        Some(key) => Handshake::Upgrade(end + 4, key),
        None => Handshake::Refused,
    }
}

fn accepted_key(head: &str) -> Option<String> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    if (words.next(), words.next(), words.next()) != (Some("GET"), Some("/"), Some("HTTP/1.1")) {
        return None;
    }
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
    let header = |name: &str| {
        let found = headers.iter().find(|(found, _)| found.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    };
    let upgrades = header("Upgrade")?.eq_ignore_ascii_case("websocket")
        && header("Connection")?.to_ascii_lowercase().contains("upgrade")
        && header("Sec-WebSocket-Version")? == "13";
    let key = header("Sec-WebSocket-Key")?;
    (upgrades && !key.is_empty()).then(|| key.to_owned())
}

/// The answer that opens the WebSocket.
pub(super) fn upgrade(key: &str, odd: &Oddities) -> String {
    let reason =
        if odd.handshake_reason { "Web Socket Protocol Handshake" } else { "Switching Protocols" };
    let [upgrade, connection, accept] = if odd.handshake_case {
        ["upgrade", "CONNECTION", "sec-WEBSOCKET-accept"]
    } else {
        ["Upgrade", "Connection", "Sec-WebSocket-Accept"]
    };
    let key = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 {reason}\r\n{upgrade}: websocket\r\n{connection}: Upgrade\r\n{accept}: {key}\r\n\r\n"
    )
}

/// The answer to a handshake that is refused.
pub(super) fn refusal() -> String {
    let body = "<html><head></head><body><h1>404 WebSocket Upgrade Failure</h1></body></html>";
    format!(
        "HTTP/1.1 404 WebSocket Upgrade Failure\r\nContent-Type: text/html\r\n\
         Server: TooTallNate Java-WebSocket\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The answer to a client that may not speak with the simulator.
pub(super) fn forbidden(why: &str) -> String {
    format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{why}\n",
        why.len() + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Handshake {
        super::read(bytes, &Access::on_loopback("x"), None)
    }

    const GOOD: &str = "GET / HTTP/1.1\r\nhost: x\r\nupgrade: WebSocket\r\nCONNECTION: keep-alive, Upgrade\r\n\
                        Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\n";

    #[test]
    fn takes_what_fits() {
        assert_eq!(read(GOOD.as_bytes()), Handshake::Upgrade(GOOD.len(), "abc".to_owned()));
        assert_eq!(read(&GOOD.as_bytes()[..GOOD.len() - 1]), Handshake::Partial);
    }

    #[test]
    fn says_why_it_lets_nobody_in() {
        let foreign = GOOD.replacen("host: x", "host: x\r\norigin: https://shop.example", 1);
        let Handshake::Forbidden(why) = read(foreign.as_bytes()) else {
            panic!("let in");
        };
        assert!(why.contains("https://shop.example"), "{why}");
        assert!(
            forbidden(&why).ends_with(&format!("Content-Length: {}\r\n\r\n{why}\n", why.len() + 1))
        );
    }

    #[test]
    fn refuses_what_does_not() {
        for (from, to) in [
            ("GET / ", "GET /pay "),
            ("GET", "POST"),
            ("13", "8"),
            ("WebSocket", "h2c"),
            ("-Key", "-K"),
        ] {
            assert_eq!(read(GOOD.replacen(from, to, 1).as_bytes()), Handshake::Refused, "{to}");
        }
        assert_eq!(read(&[b'x'; MAX_HEAD + 1]), Handshake::Refused);
        assert_eq!(read(b"\xff\r\n\r\n"), Handshake::Refused);
    }
}
