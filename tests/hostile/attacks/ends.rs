//! Silence, and connections that end.

use std::io::Write as _;
use std::time::Duration;

use super::attacks;
use crate::terminal::{close, frame, text};

attacks! {
    /// It never reads either.
    fn half_open(victim) {
        victim.shake_hands()?;
        victim.stand_still()
    }

    fn half_a_message(victim) {
        victim.shake_hands()?;
        victim.write(&frame(0x81, &[b'x'; 300])[..200])?;
        victim.stand_still()
    }

    /// Closed with something unread, a connection is reset.
    fn a_reset_before_the_handshake(victim) {
        std::thread::sleep(Duration::from_millis(5));
        victim.stream.flush()
    }

    fn a_reset_in_the_handshake(victim) {
        victim.write(b"HTTP/1.1 101 Sw")?;
        std::thread::sleep(Duration::from_millis(5));
        victim.stream.flush()
    }

    fn a_reset_with_a_request_unread(victim) {
        victim.shake_hands()?;
        std::thread::sleep(Duration::from_millis(30));
        victim.stream.flush()
    }

    fn a_reset_in_a_message(victim) {
        victim.shake_hands()?;
        victim.write(&frame(0x81, &[b'x'; 300])[..200])?;
        std::thread::sleep(Duration::from_millis(30));
        victim.stream.flush()
    }

    fn an_end_after_each_request(victim) {
        victim.shake_hands()?;
        victim.read_request().map(drop)
    }

    fn an_end_before_the_handshake(victim) {
        victim.stream.flush()
    }

    fn an_end_after_the_handshake(victim) {
        victim.shake_hands()
    }

    fn a_proper_end_after_the_handshake(victim) {
        victim.shake_hands()?;
        victim.write(&close(1001))?;
        victim.read_to_the_end()
    }

    /// It says no more, and goes on reading.
    fn half_an_end(victim) {
        victim.shake_hands()?;
        victim.stream.shutdown(std::net::Shutdown::Write)?;
        victim.stand_still()
    }

    /// The way to it is full: the till's requests are long.
    fn never_reads(victim) {
        victim.shake_hands()?;
        victim.stand_still()
    }

    fn never_reads_and_talks(victim) {
        victim.shake_hands()?;
        victim.flood(&[text("{}"), frame(0x89, &[b'x'; 125])].concat())
    }
}
