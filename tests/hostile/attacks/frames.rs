//! Frames that never make a message, break the rules, or are too many.

use std::time::Duration;

use super::{attacks, once};
use crate::terminal::{close, frame, text};

attacks! {
    fn endless_fragments(victim) {
        victim.shake_hands()?;
        victim.write(&frame(0x01, b"{"))?;
        victim.flood(&frame(0x00, b" "))
    }

    fn empty_continuations(victim) {
        victim.shake_hands()?;
        victim.write(&frame(0x01, b"{"))?;
        victim.flood(&[0, 0])
    }

    fn empty_continuations_slowly(victim) {
        victim.shake_hands()?;
        victim.write(&frame(0x01, b"{"))?;
        loop {
            victim.write(&[0, 0])?;
        }
    }

    /// Under the bound of fragments, again and again.
    fn messages_of_empty_fragments(victim) {
        victim.shake_hands()?;
        let message = [frame(0x01, b"{"), vec![0; 30_000], frame(0x80, b"}")].concat();
        victim.flood(&message)
    }

    fn a_flood_of_pings(victim) {
        victim.shake_hands()?;
        victim.flood(&frame(0x89, &[b'x'; 125]))
    }

    fn a_flood_of_empty_pings(victim) {
        victim.shake_hands()?;
        victim.flood(&frame(0x89, b""))
    }

    fn a_flood_of_pongs(victim) {
        victim.shake_hands()?;
        victim.flood(&frame(0x8a, b"12345678"))
    }

    fn a_flood_of_tiny_messages(victim) {
        victim.shake_hands()?;
        victim.flood(&text("{}"))
    }

    fn a_flood_of_empty_messages(victim) {
        victim.shake_hands()?;
        victim.flood(&text(""))
    }

    fn frames_for_every_rule_they_break(victim) {
        // In turn, one for each connection.
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let broken: &[&[u8]] = &[
            // Bits that only an extension may set, and opcodes that nobody has.
            &[0xc1, 0x01, b'x'],
            &[0xa1, 0x01, b'x'],
            &[0x91, 0x01, b'x'],
            &[0x83, 0x00],
            &[0x8b, 0x00],
            // A mask, which is the till's to set.
            &[0x81, 0x81, 1, 2, 3, 4, b'x'],
            &[0x89, 0x81, 1, 2, 3, 4, b'x'],
            // Control frames in fragments, and longer than they may be.
            &[0x09, 0x00],
            &[0x89, 0x7e, 0x00, 0x80],
            &[0x8a, 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00],
            // Continued without a beginning, and begun again without an end.
            &[0x80, 0x01, b'x'],
            &[0x01, 0x01, b'x', 0x81, 0x01, b'x'],
            // No Unicode, whole and cut in two.
            &[0x81, 0x02, 0xff, 0xfe],
            &[0x01, 0x01, 0xf0, 0x80, 0x01, b'x'],
            // Half a code, and a reason that is no Unicode.
            &[0x88, 0x01, 0x03],
            &[0x88, 0x03, 0x03, 0xe8, 0xff],
            // Lengths: 2^64 - 1, 2^63, 2^63 - 1, 2^32, one more than may be, and a small one written long.
            &[0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x82, 0x7f, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
            &[0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x82, 0x7f, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00],
            &[0x82, 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x01],
            &[0x81, 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, b'x'],
        ];
        victim.shake_hands()?;
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        victim.write(broken[next % broken.len()])?;
        // The till hangs up; then the next one comes.
        victim.read_to_the_end()
    }

    fn illegal_closes(victim) {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let codes = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535];
        victim.shake_hands()?;
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        victim.write(&close(codes[next % codes.len()]))?;
        victim.flood(&text("{}"))
    }

    fn control_frames_between_fragments(victim) {
        victim.shake_hands()?;
        victim.write(&frame(0x01, b"{"))?;
        let between = [frame(0x89, b"?"), frame(0x8a, b"!"), frame(0x00, b" ")].concat();
        victim.flood(&between)
    }

    /// As many as one message may have, of as many bytes as it may.
    fn giant_messages_in_as_many_fragments_as_may_be(victim) {
        victim.shake_hands()?;
        victim.flood(once!(
            [frame(0x01, b"{"), frame(0x00, &[b' '; 200]).repeat(16_000), frame(0x80, b"}")].concat()
        ))
    }

    /// The length of the longest message there may be, and then hardly anything.
    fn a_giant_message_byte_by_byte(victim) {
        victim.shake_hands()?;
        victim.write(&[0x81, 0x7f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00])?;
        victim.trickle(&[b' '; 100_000], Duration::from_micros(200))
    }

    fn a_close_and_then_messages(victim) {
        victim.shake_hands()?;
        victim.write(&close(1000))?;
        victim.flood(&text("{}"))
    }

    fn a_flood_of_closes(victim) {
        victim.shake_hands()?;
        victim.flood(&close(1000))
    }

    fn half_a_close(victim) {
        victim.shake_hands()?;
        victim.write(&close(1000)[..3])?;
        victim.stand_still()
    }
}
