//! Messages that are long, many, or none.

use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{GIANT, attacks, named, once};
use crate::terminal::{Asked, Victim, frame, text};

/// An object of so many members.
fn many_names(count: usize, value: &str) -> String {
    let mut object = String::from("{");
    for name in 0..count {
        let comma = if name > 0 { "," } else { "" };
        let _ = write!(object, "{comma}\"{name}\":{value}");
    }
    object + "}"
}

/// Serialised a second time, without its quotes.
fn nested(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', r#"\""#)
}

fn flood_with(victim: &mut Victim, message: &[u8]) -> io::Result<()> {
    victim.shake_hands()?;
    victim.flood(message)
}

/// Answers every request, with this behind what every answer has.
fn answer_all(victim: &mut Victim, rest: &[u8]) -> io::Result<()> {
    victim.shake_hands()?;
    loop {
        let Asked { request_id, topic, .. } = victim.read_request()?;
        let answer = format!(
            r#"{{"topic":"{topic}","request_id":"{request_id}","response_code":"000","biz_data":{{"trans_status":"2"}}"#
        );
        victim.write(&frame(0x81, &[answer.as_bytes(), rest, b"}"].concat()))?;
    }
}

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
            let Asked { request_id, topic, .. } = victim.read_request()?;
            let answer = text(&format!(
                r#"{{"topic":"{topic}","request_id":"{request_id}","response_code":"000"}}"#
            ));
            victim.trickle(&answer, Duration::ZERO)?;
        }
    }

    fn answers_with_as_many_names_as_may_be(victim) {
        answer_all(victim, once!(format!(r#","more":{}"#, many_names(9_900, r#""\n""#)).into_bytes()))
    }

    /// Each digit may be a card number's.
    fn giant_answers_of_digits(victim) {
        answer_all(victim, once!(format!(r#","note":"{}""#, "4111111111111111".repeat(GIANT / 16)).into_bytes()))
    }

    fn giant_answers_of_digits_with_something_between(victim) {
        answer_all(victim, once!(format!(r#","note":"{}""#, "4-1\\u002e".repeat(GIANT / 10)).into_bytes()))
    }

    fn giant_answers_of_names_of_secrets(victim) {
        answer_all(victim, once!(format!(r#","note":"{}""#, "pin=1:cvv=".repeat(GIANT / 10)).into_bytes()))
    }

    fn giant_answers_in_text_in_text(victim) {
        answer_all(victim, once!({
            let inner = many_names(100_000, r#""4111111111111111""#);
            format!(r#","note":"{}""#, nested(&format!(r#"{{"note":"{}"}}"#, nested(&inner)))).into_bytes()
        }))
    }

    fn a_flood_of_what_is_no_message(victim) {
        flood_with(victim, &text("x"))
    }

    fn a_flood_of_what_is_no_unicode(victim) {
        flood_with(victim, &frame(0x82, b"\xff\xfe"))
    }

    /// Each on a connection of its own.
    fn eight_terminals_at_once(victim) {
        const EACH: [&str; 8] = [
            "giant_messages",
            "as_many_names_as_may_be",
            "many_names_with_an_escape",
            "a_flood_of_tiny_messages",
            "a_flood_of_pings",
            "messages_of_empty_fragments",
            "huge_numbers",
            "a_flood_of_what_is_no_message",
        ];
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        named(EACH[next % EACH.len()]).map_or(Ok(()), |attack| attack(victim))
    }
}
