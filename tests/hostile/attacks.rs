//! Each attack by its name.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::LazyLock;
use std::time::Duration;

use crate::terminal::{Victim, close, frame, text};
use crate::till::play;

/// A message nearly as long as one may be.
const GIANT: usize = 3_400_000;

macro_rules! attacks {
    ($($(#[$doc:meta])* fn $name:ident($victim:ident) $body:block)*) => {$(
        $(#[$doc])*
        #[test]
        fn $name() {
            fn attack($victim: &mut Victim) -> io::Result<()> $body
            play(stringify!($name), attack);
        }
    )*};
}

/// What is long is made once, and before the handshake.
macro_rules! once {
    ($make:expr) => {{
        static MADE: LazyLock<Vec<u8>> = LazyLock::new(|| $make);
        &MADE[..]
    }};
}

/// An object of so many members.
fn many_names(count: usize, value: &str) -> String {
    let mut object = String::from("{");
    for name in 0..count {
        let comma = if name > 0 { "," } else { "" };
        let _ = write!(object, "{comma}\"{name}\":{value}");
    }
    object + "}"
}

fn flood_with(victim: &mut Victim, message: &[u8]) -> io::Result<()> {
    victim.shake_hands()?;
    victim.flood(message)
}

/// Answers every request, with this behind what every answer has.
fn answer_all(victim: &mut Victim, rest: &[u8]) -> io::Result<()> {
    victim.shake_hands()?;
    loop {
        let (id, topic) = victim.read_request()?;
        let answer = format!(
            r#"{{"topic":"{topic}","request_id":"{id}","response_code":"000","biz_data":{{"trans_status":"2"}}"#
        );
        victim.write(&frame(0x81, &[answer.as_bytes(), rest, b"}"].concat()))?;
    }
}

// The handshake.
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
}

// Frames that never make a message, or too many.
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
        let broken: [&[u8]; 12] = [
            &[0xc1, 0x01, b'x'],
            &[0x83, 0x00],
            &[0x8b, 0x00],
            &[0x81, 0x81, 1, 2, 3, 4, b'x'],
            &[0x09, 0x00],
            &[0x89, 0x7e, 0x00, 0x80],
            &[0x80, 0x01, b'x'],
            &[0x01, 0x01, b'x', 0x81, 0x01, b'x'],
            &[0x81, 0x02, 0xff, 0xfe],
            &[0x88, 0x01, 0x03],
            &[0x88, 0x03, 0x03, 0xe8, 0xff],
            &[0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ];
        victim.shake_hands()?;
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        victim.write(broken[next % broken.len()])?;
        victim.stand_still()
    }

    fn illegal_closes(victim) {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let codes = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535];
        victim.shake_hands()?;
        let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        victim.write(&close(codes[next % codes.len()]))?;
        victim.flood(&text("{}"))
    }
}

// Messages.
attacks! {
    fn giant_messages(victim) {
        flood_with(victim, once!(text(&format!(r#"{{"topic":"ecrhub.x","note":"{}"}}"#, "x".repeat(GIANT)))))
    }

    fn giant_messages_of_escapes(victim) {
        flood_with(victim, once!(text(&format!(r#"{{"biz_data":"{}"}}"#, r"\u0020".repeat(GIANT / 6)))))
    }

    fn giant_binary_messages(victim) {
        flood_with(victim, once!(frame(0x82, &vec![0xff; GIANT])))
    }

    fn messages_that_are_too_long(victim) {
        flood_with(victim, once!(frame(0x81, &vec![b' '; 4_194_305])))
    }

    fn many_names_in_each_message(victim) {
        flood_with(victim, once!(text(&many_names(300_000, "1"))))
    }

    fn many_names_with_an_escape(victim) {
        flood_with(victim, once!(text(&many_names(200_000, r#""\n""#))))
    }

    fn as_many_names_as_may_be(victim) {
        flood_with(victim, once!(text(&many_names(9_999, r#""\n""#))))
    }

    fn many_names_serialised_twice(victim) {
        flood_with(victim, once!(text(&format!(
            r#"{{"biz_data":"{}"}}"#,
            many_names(150_000, "1").replace('"', r#"\""#)
        ))))
    }

    fn deep_nesting(victim) {
        flood_with(victim, once!(text(&r#"{"a":["#.repeat(GIANT / 6))))
    }

    fn huge_numbers(victim) {
        flood_with(victim, once!(text(&format!(
            r#"{{"a":1e999999999,"b":-0.1E-999999999,"trans_status":{}}}"#,
            "9".repeat(GIANT)
        ))))
    }

    fn giant_answers_nobody_fetches(victim) {
        answer_all(victim, once!(format!(r#","note":"{}""#, "x".repeat(GIANT)).into_bytes()))
    }

    fn answers_with_many_names(victim) {
        answer_all(victim, once!(format!(r#","more":{}"#, many_names(200_000, "1")).into_bytes()))
    }

    fn answers_byte_by_byte(victim) {
        victim.shake_hands()?;
        loop {
            let (id, topic) = victim.read_request()?;
            let answer = text(&format!(r#"{{"topic":"{topic}","request_id":"{id}","response_code":"000"}}"#));
            victim.trickle(&answer, Duration::ZERO)?;
        }
    }
}

// Silence, and ends.
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
}
