//! What answers where a terminal should, told by its first bytes, and what to do about it: the one table of both.

#![forbid(unsafe_code)]

use std::ops::RangeInclusive;

use crate::config::without_secrets;
use crate::error::{Fault, Stage, Status};
use crate::redact;

/// So much of an answer is looked at, in bytes: the status line, the headers, the words of a short page.
pub(crate) const LOOKED_AT: usize = 1_024;

/// So much of what it said is shown, in bytes.
const SHOWN: usize = 100;

/// The same of what is no text.
const SHOWN_AS_NUMBERS: usize = 8;

struct Row {
    /// Who it is.
    who: &'static str,
    /// What a person can do about it.
    advice: &'static str,
}

const fn row(who: &'static str, advice: &'static str) -> Row {
    Row { who, advice }
}

const COMPARE: &str = "another service or another machine has this address: compare address and port with what the \
                       terminal shows";

const NO_TERMINAL: &str = "something takes connections there, but does not speak as a terminal does: compare address and \
                           port with what the terminal shows, and restart the register app on it";

const TLS: Row = row(
    "it wants encryption (TLS, https)",
    "a terminal's port takes no encryption, so this is another port or another machine: compare address and port with \
     what the terminal shows",
);

const WEB_PAGE: Row = row(
    "a web page answers",
    "it is the sign-in page of a Wi-Fi (captive portal), or the page of a router or another device: sign in with a \
     browser on this machine or use the shop's own network, and compare address and port with what the terminal shows",
);

/// By what the answer begins with, where it is none of the web's.
const BY_BEGINNING: &[(&[u8], Row)] = &[
    (b"\x15\x03", TLS),
    (b"\x16\x03", TLS),
    (b"SSH-", row("an SSH server answers", COMPARE)),
    (b"220", row("a mail or file server answers", COMPARE)),
    (b"+OK", row("a mail server answers", COMPARE)),
    (b"* OK", row("a mail server answers", COMPARE)),
    (b"RFB ", row("a remote desktop (VNC) answers", COMPARE)),
    (b"<", WEB_PAGE),
    (b"", row("something answers that is no web server", COMPARE)),
];

/// By the status of a web server's answer. The first row that has it counts.
const BY_STATUS: &[(RangeInclusive<u16>, Row)] = &[
    (
        101..=101,
        row(
            "the answer breaks the rules",
            "a proxy between this machine and the terminal changes it, or this is no terminal: use the terminal's own \
             address, and compare it with what the terminal shows",
        ),
    ),
    (200..=299, WEB_PAGE),
    (
        300..=399,
        row(
            "a web server sends callers elsewhere",
            "the sign-in page of a Wi-Fi (captive portal) does so: sign in with a browser on this machine or use the \
             shop's own network; if there is none, it is another device: compare address and port with what the terminal \
             shows",
        ),
    ),
    (
        401..=401,
        row(
            "a web server asks for a user name and a password",
            "a terminal asks for none, so it is a router, a camera or another device: compare address and port with what \
             the terminal shows",
        ),
    ),
    (
        403..=403,
        row(
            "a web server refuses this machine",
            "a filter in the network does so, or a simulator that was not told the name it is reached by (--host): use the \
             terminal's own address, and have the filter let this machine through",
        ),
    ),
    (
        407..=407,
        row(
            "a proxy asks for a user name and a password",
            "a proxy of the network stands between this machine and the terminal: have it let connections to the \
             terminal's address pass directly",
        ),
    ),
    (
        408..=408,
        row(
            "a web server did not wait for the request",
            "restart the register app on the terminal; if that does not help, compare address and port with what it shows",
        ),
    ),
    (429..=429, NOT_READY),
    (
        400..=499,
        row(
            "a web server does not understand the request",
            "it speaks no WebSocket, or wants encryption (https), so it is another device: compare address and port with \
             what the terminal shows",
        ),
    ),
    (502..=502, GATEWAY),
    (503..=503, NOT_READY),
    (504..=504, GATEWAY),
    (
        511..=511,
        row(
            "the network wants a sign-in first",
            "sign in with a browser on this machine (captive portal), or use the shop's own network",
        ),
    ),
    (
        0..=u16::MAX,
        row(
            "a web server reports a fault",
            "restart the register app on the terminal; if that does not help, compare address and port with what it shows",
        ),
    ),
];

const GATEWAY: Row = row(
    "a gateway answers that cannot reach what is behind it",
    "a proxy or router stands between this machine and the terminal: check that the terminal is on and in register (ECR) \
     mode, and use the terminal's own address",
);

const NOT_READY: Row = row(
    "it is not ready, or has too many callers",
    "wait a minute, check that no other till holds the terminal, and restart the register app on it; if a proxy answers, \
     use the terminal's own address",
);

/// For 404, 405 and 410, which say that there is nothing under the path.
const NOTHING_AT_PATH: Row = row(
    "a web server has nothing under this path",
    "terminals take the path /: leave out what follows the port in the address, and check that the terminal is in \
     register (ECR) mode",
);
const NOTHING: Row = row(
    "a web server has nothing there",
    "check that the terminal is in register (ECR) mode; if it is, this is another device: compare address and port with \
     what the terminal shows",
);

/// Where nothing, or too much, was said.
const CUT: Row = row(
    "the connection was cut",
    "check that the terminal is in register (ECR) mode and that its screen shows no error, restart the register app on \
     it, and compare the port with what it shows",
);
const ENDLESS: Row = row("the answer does not end, or comes in tiny pieces", NO_TERMINAL);

/// The fault of a handshake that a web server refused, with the `place` it sends callers to and its `page`. `path` is what
/// was asked for.
pub(crate) fn refused(status: u16, place: &[u8], page: &[u8], path: &str) -> Fault {
    let row = by_status(status, page, path);
    fault(row, &format!(" (HTTP {status}{})", shown_place(place)))
}

/// The fault of a handshake whose partner `said` something that is no HTTP, or an older one.
pub(crate) fn no_terminal(said: &[u8], path: &str) -> Fault {
    match http_status(said) {
        Some(status) => refused(status, b"", said, path),
        None => fault(by_beginning(said), &format!(" ({})", beginning(said))),
    }
}

/// The fault of a handshake whose connection ended.
pub(crate) fn cut(why: &str) -> Fault {
    fault(&CUT, &format!(" ({why})"))
}

/// The fault of a handshake that was answered as a terminal would, but not by the rules.
pub(crate) fn broken_rules(why: &str) -> Fault {
    fault(by_status(101, b"", "/"), &format!(": {why}"))
}

/// The fault of a handshake whose answer has no end.
pub(crate) fn endless() -> Fault {
    fault(&ENDLESS, "")
}

fn fault(row: &Row, detail: &str) -> Fault {
    let Row { who, advice } = row;
    let message = format!("the WebSocket handshake failed: {who}{detail}: {advice}");
    Fault::new(Status::Terminal, Stage::Handshake, message)
}

impl Fault {
    /// What is wrong, and what a person can do about it: [`Fault::message`] taken apart. Only of a handshake that failed.
    pub fn advice(&self) -> Option<(&str, &'static str)> {
        if self.stage != Stage::Handshake {
            return None;
        }
        let known = rows().find_map(|row| {
            let what = self.message.strip_suffix(row.advice)?.strip_suffix(": ")?;
            Some((what, row.advice))
        });
        Some(known.unwrap_or((&self.message, NO_TERMINAL)))
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    let by_beginning = BY_BEGINNING.iter().map(|(_, row)| row);
    let by_status = BY_STATUS.iter().map(|(_, row)| row);
    by_beginning.chain(by_status).chain([&NOTHING_AT_PATH, &NOTHING, &CUT, &ENDLESS])
}

fn by_beginning(said: &[u8]) -> &'static Row {
    let found = BY_BEGINNING.iter().find(|(beginning, _)| said.starts_with(beginning));
    found.map_or(&CUT, |(_, row)| row)
}

fn by_status(status: u16, page: &[u8], path: &str) -> &'static Row {
    // What speaks TLS on this port says so in the page of its 400, if at all.
    if status == 400 && [&b"HTTPS"[..], b"SSL", b"TLS"].iter().any(|word| contains(page, word)) {
        return &TLS;
    }
    match (status, path) {
        (404 | 405 | 410, "/") => &NOTHING,
        (404 | 405 | 410, _) => &NOTHING_AT_PATH,
        _ => BY_STATUS
            .iter()
            .find(|(statuses, _)| statuses.contains(&status))
            .map_or(&NOTHING, |(_, row)| row),
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// `HTTP/1.1 404 Not Found`
fn http_status(said: &[u8]) -> Option<u16> {
    let line = said.strip_prefix(b"HTTP/")?.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let status = line.split(|byte| *byte == b' ').nth(1)?;
    std::str::from_utf8(status).ok()?.parse().ok()
}

/// Where a web server sends its callers, without what may be secret in it.
fn shown_place(place: &[u8]) -> String {
    let place = String::from_utf8_lossy(place);
    if place.is_empty() {
        return String::new();
    }
    format!(", to {:?}", redact::excerpt(without_secrets(&place).as_bytes(), SHOWN))
}

/// The first line of a text; the first bytes of anything else.
fn beginning(said: &[u8]) -> String {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let line = said.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    if !line.is_empty() && line.iter().all(is_text) {
        return format!("{:?}", redact::excerpt(line, SHOWN));
    }
    let bytes = said.iter().take(SHOWN_AS_NUMBERS).map(|byte| format!("{byte:02x}"));
    format!("the bytes {}", bytes.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_taken_apart_into_what_is_wrong_and_what_to_do() {
        for row in rows() {
            let fault = fault(row, " (detail)");
            let (what, advice) = fault.advice().unwrap();
            assert_eq!((what.ends_with(" (detail)"), advice), (true, row.advice), "{}", row.who);
            assert_eq!(Fault::from_json(&fault.to_json()), Some(fault), "told again, too");
        }
        let timeout = Fault::new(Status::Timeout, Stage::Handshake, "no connection within 5 ms");
        assert_eq!(timeout.advice(), Some(("no connection within 5 ms", NO_TERMINAL)));
        assert_eq!(Fault::new(Status::Terminal, Stage::Receive, "cut").advice(), None);
    }

    #[test]
    fn a_path_is_blamed_only_where_there_is_one() {
        let blames = |path| refused(404, b"", b"", path).message.contains("leave out");
        assert_eq!([blames("/"), blames("/pay"), blames("/?token=x")], [false, true, true]);
    }

    #[test]
    fn whatever_is_said_is_shown_masked_and_on_one_line() {
        const PLACE: &[u8] = b"http://me:s3cret@h/4111111111111111\x1b[2J?s3cret#s3cret";
        let strangers: [&[u8]; 5] = [
            b"4111111111111111 is my card\r\n",
            b"\x1b[2J4111111111111111",
            b"HTTP/",
            b"HTTP/1.0 99999999 X\r\n",
            b"\xff\xfe\n",
        ];
        let faults = strangers.map(|said| no_terminal(said, "/"));
        for fault in faults.into_iter().chain([refused(302, PLACE, b"", "/")]) {
            let shown = fault.message;
            assert!(!shown.contains("4111111111111111") && !shown.contains("s3cret"), "{shown}");
            assert!(!shown.contains(char::is_control), "{shown:?}");
        }
    }
}
