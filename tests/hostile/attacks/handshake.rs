//! Instead of the handshake, and during it.

use std::time::Duration;

use super::{attacks, once};
use crate::terminal::{frame, text};

attacks! {
    fn no_answer_to_the_handshake(victim) {
        victim.stand_still()
    }

    fn a_slow_handshake(victim) {
        let answer = victim.handshake()?;
        victim.trickle(answer.as_bytes(), Duration::from_millis(20))
    }

    fn endless_headers(victim) {
        let answer = victim.handshake()?;
        victim.write(answer.as_bytes())?;
        victim.flood(b"X: y\r\n")
    }

    fn an_endless_header(victim) {
        let answer = victim.handshake()? + "X: ";
        victim.write(answer.as_bytes())?;
        victim.flood(b"y")
    }

    fn endless_empty_lines(victim) {
        victim.flood(b"\r\n")
    }

    fn an_extension_nobody_offered(victim) {
        let answer = victim.handshake()? + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        victim.write(answer.as_bytes())?;
        victim.flood(&frame(0xc1, b"\xaa\x56\x2a\x2d\x49\x2d\x2e\x01\x00"))
    }

    /// All that may come before the answer is a line of its own: a client that waits for the last of them waits for ever.
    fn interim_answers_for_ever(victim) {
        victim.handshake()?;
        victim.flood(b"HTTP/1.1 100 Continue\r\n\r\n")
    }

    fn giant_headers(victim) {
        let answer = victim.handshake()?;
        let header = format!("X-{}: {}\r\n", "n".repeat(60_000), "v".repeat(60_000));
        victim.write((answer + &header.repeat(100) + "\r\n").as_bytes())?;
        victim.flood(&text("{}"))
    }

    fn a_redirect_with_an_endless_body(victim) {
        victim.handshake()?;
        victim.write(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nTransfer-Encoding: chunked\r\n\r\n",
        )?;
        victim.flood(b"4\r\nmore\r\n")
    }

    fn a_refusal_with_an_endless_body(victim) {
        victim.handshake()?;
        victim.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9999999999999999999\r\n\r\n")?;
        victim.flood(b"more")
    }

    fn another_service(victim) {
        victim.write(b"SSH-2.0-OpenSSH_9.2\r\n")?;
        victim.stand_still()
    }

    fn frames_in_the_same_breath_as_the_handshake(victim) {
        let answer = victim.handshake()? + "\r\n";
        victim.write(&[answer.as_bytes(), once!(text("{}").repeat(100_000))].concat())?;
        victim.flood(&text("{}"))
    }
}
