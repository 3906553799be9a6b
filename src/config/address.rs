//! Where a terminal is: a URL taken apart, and put together again in one spelling.

#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, Ipv6Addr};

use super::shown;

/// The port a terminal listens on when the URL names none.
const DEFAULT_PORT: u16 = 35_779;

/// A `ws://` URL taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A host name or an IP address, IPv6 without its brackets.
    pub host: String,
    /// The port; 35779 when the URL names none.
    pub port: u16,
    /// Path and query, at least `/`.
    pub path: String,
}

impl Address {
    /// The one spelling of this address: lower case, with its port, without a lone `/`, and without the query, in which
    /// secrets stand. It is the journal's name for the terminal.
    pub fn canonical(&self) -> String {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(ip) => format!("[{ip}]"),
            Err(_) => self.host.to_ascii_lowercase(),
        };
        let path = match without_query(&self.path) {
            "/" => "",
            path => path,
        };
        format!("ws://{host}:{}{path}", self.port)
    }
}

/// A terminal's name in the one spelling that counts: a URL as [`Address::canonical`] spells it, without credentials;
/// anything else as it is.
pub(crate) fn canonical_name(name: &str) -> String {
    let has_scheme =
        name.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("ws://"));
    match address(&without_credentials(name)) {
        Ok(address) if has_scheme => address.canonical(),
        _ => name.to_owned(),
    }
}

/// A URL without `user:password@`.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// Takes a URL apart. The error is a whole fault, naming the key.
pub(super) fn address(url: &str) -> Result<Address, String> {
    let url = url.trim();
    split(url).map_err(|why| format!("url: {why}, got {:?}", shown(&without_secrets(url))))
}

fn split(url: &str) -> Result<Address, String> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("no blanks, control characters or letters beyond ASCII".to_owned());
    }
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => rest,
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("wss") => {
            return Err("TLS is not supported, a terminal speaks ws://".to_owned());
        }
        Some(_) => return Err("ws://host[:port][/path] expected".to_owned()),
        None => url,
    };
    if rest.contains('#') {
        return Err("no fragment (#)".to_owned());
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err("no user name or password".to_owned());
    }
    let (host, port) = split_authority(authority)?;
    let path = match path {
        "" => "/".to_owned(),
        query if query.starts_with('?') => format!("/{query}"),
        path => path.to_owned(),
    };
    Ok(Address { host, port, path })
}

/// Host and port.
fn split_authority(authority: &str) -> Result<(String, u16), String> {
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']').ok_or("an IPv6 address ends with ]")?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err("an IPv6 address expected between [ and ]".to_owned());
        }
        let port = match after {
            "" => None,
            after => Some(after.strip_prefix(':').ok_or("only a port may follow ]")?),
        };
        (host, port)
    } else {
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        if port.is_some_and(|port| port.contains(':')) {
            return Err("an IPv6 address stands between [ and ]".to_owned());
        }
        check_host(host)?;
        (host, port)
    };
    Ok((host.to_owned(), port.map_or(Ok(DEFAULT_PORT), read_port)?))
}

fn read_port(port: &str) -> Result<u16, String> {
    match port.parse::<u16>() {
        Ok(number) if number > 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
        _ => Err("a port from 1 to 65535".to_owned()),
    }
}

/// A host name or an IPv4 address.
fn check_host(host: &str) -> Result<(), String> {
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.is_empty() {
        return Err("a host expected, ws://host[:port][/path]".to_owned());
    }
    // No name ends in a number, so this can only be meant as an address.
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return match host.parse::<Ipv4Addr>() {
            Ok(_) => Ok(()),
            // Some programs read 010 as 8.
            Err(_) if unpadded(host).parse::<Ipv4Addr>().is_ok() => {
                Err(format!("an IPv4 address without leading zeros, {}", unpadded(host)))
            }
            Err(_) => Err("an IPv4 address has four numbers from 0 to 255".to_owned()),
        };
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err("a host name is letters, digits, dots and dashes".to_owned());
    }
    Ok(())
}

fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// The address whose numbers have leading zeros, without them.
fn unpadded(host: &str) -> String {
    let number = |part: &str| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0".to_owned(),
        rest => rest.to_owned(),
    };
    host.split('.').map(number).collect::<Vec<_>>().join(".")
}

/// A URL as it may be shown: nobody needs to see a password or a token in it.
pub(crate) fn without_secrets(url: &str) -> String {
    let start = url.find("://").map_or(0, |scheme| scheme + 3);
    // The last @, wherever it is: a password may have anything in it.
    let host = url.rfind('@').filter(|at| *at >= start).unwrap_or(start);
    let (user, rest) = if host > start { ("***", &url[host..]) } else { ("", &url[start..]) };
    let shown = rest.split(['?', '#']).next().unwrap_or(rest);
    let rest = rest[shown.len()..].get(..1).map(|sign| format!("{sign}***")).unwrap_or_default();
    format!("{}{user}{shown}{rest}", &url[..start])
}
