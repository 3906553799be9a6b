//! One character of a text, however it is written: as it is, or as a JSON escape.

/// What a character means to somebody who looks for card numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A decimal digit of any script.
    Digit(u8),
    /// May stand between the digits of one number.
    Separator,
    Other,
}

/// The zeros of the scripts whose decimal digits stand in a row (Unicode's category Nd), in order.
const ZEROS: [u32; 65] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The characters that a URL writes as `%` and two digits, and that may separate: tab, blank, dash, dot, slash, `_`.
const ENCODED_SEPARATORS: [&[u8; 3]; 8] =
    [b"%09", b"%20", b"%2D", b"%2d", b"%2E", b"%2e", b"%2F", b"%2f"];

/// The symbol at a character's boundary, and how many bytes it takes. The text goes on there.
pub(super) fn symbol_at(text: &str, at: usize) -> (Symbol, usize) {
    let bytes = text.as_bytes();
    match bytes[at] {
        digit @ b'0'..=b'9' => (Symbol::Digit(digit - b'0'), 1),
        b'\\' => escaped(bytes, at),
        b'%' if is_encoded_separator(&bytes[at..]) => (Symbol::Separator, 3),
        byte if byte.is_ascii() => (ascii(byte), 1),
        _ => text[at..].chars().next().map_or((Symbol::Other, 1), |c| (other(c), c.len_utf8())),
    }
}

/// Letters are part of something else; `*` stands where a digit was masked; the rest builds JSON.
fn ascii(byte: u8) -> Symbol {
    let is_other = byte.is_ascii_alphanumeric()
        || matches!(byte, b'*' | b'"' | b'{' | b'}' | b'[' | b']' | b'=' | b'^' | b'%');
    if is_other { Symbol::Other } else { Symbol::Separator }
}

fn other(c: char) -> Symbol {
    match digit(c) {
        Some(value) => Symbol::Digit(value),
        None if c.is_alphanumeric() || c == char::REPLACEMENT_CHARACTER => Symbol::Other,
        None => Symbol::Separator,
    }
}

/// The value of a decimal digit that is not ASCII.
fn digit(c: char) -> Option<u8> {
    let code = u32::from(c);
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)].last()?;
    u8::try_from(code - zero).ok().filter(|value| *value < 10)
}

fn is_encoded_separator(rest: &[u8]) -> bool {
    ENCODED_SEPARATORS.iter().any(|encoded| rest.starts_with(*encoded))
}

/// Backslashes, and what they escape. `\u0034` is a digit; so is `\\u0034`, in JSON that is itself a JSON string.
fn escaped(bytes: &[u8], at: usize) -> (Symbol, usize) {
    let slashes = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
    // An odd number: the last one escapes. An even one: the last two may, one level further in.
    let escaping = if slashes.is_multiple_of(2) { 2 } else { 1 };
    if slashes > escaping {
        return (Symbol::Separator, slashes - escaping);
    }
    let rest = &bytes[at + slashes..];
    match rest {
        [b'u', code @ ..] => match code_unit(code) {
            Some(unit) => unicode_escape(unit, &code[4..], slashes),
            None => (Symbol::Separator, slashes),
        },
        [letter @ (b'n' | b'r' | b't' | b'b' | b'f' | b'"' | b'/'), ..] => {
            (control_or_quote(*letter), slashes + 1)
        }
        _ => (Symbol::Separator, slashes),
    }
}

/// An escaped quote ends a value as a quote does.
fn control_or_quote(byte: u8) -> Symbol {
    if byte == b'"' { Symbol::Other } else { Symbol::Separator }
}

/// `slashes` stand before the `u`; `rest` is what follows the four digits.
fn unicode_escape(unit: u32, rest: &[u8], slashes: usize) -> (Symbol, usize) {
    let length = slashes + 5;
    if let Some(c) = char::from_u32(unit) {
        let symbol = match u8::try_from(unit) {
            Ok(byte @ b'0'..=b'9') => Symbol::Digit(byte - b'0'),
            Ok(byte) if byte.is_ascii() => ascii(byte),
            _ => other(c),
        };
        return (symbol, length);
    }
    let low = rest
        .get(slashes + 1..)
        .and_then(code_unit)
        .filter(|_| rest[..slashes].iter().all(|byte| *byte == b'\\') && rest[slashes] == b'u');
    let pair = low.and_then(|low| from_pair(unit, low));
    pair.map_or((Symbol::Other, length), |c| (other(c), 2 * length))
}

fn from_pair(high: u32, low: u32) -> Option<char> {
    if !(0xd800..0xdc00).contains(&high) || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
}

fn code_unit(bytes: &[u8]) -> Option<u32> {
    bytes
        .get(..4)?
        .iter()
        .try_fold(0, |code, byte| char::from(*byte).to_digit(16).map(|digit| code * 16 + digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(text: &str) -> Symbol {
        let (symbol, length) = symbol_at(text, 0);
        assert_eq!(length, text.len(), "{text}");
        symbol
    }

    #[test]
    fn a_digit_is_one_in_every_script_and_escape() {
        for four in [
            "4",
            "４",
            "٤",
            "۴",
            "४",
            "𝟒",
            "𝟜",
            "\\u0034",
            "\\\\u0034",
            "\\uff14",
            "\\ud835\\udfd2",
        ] {
            assert_eq!(symbol(four), Symbol::Digit(4), "{four}");
        }
        for other in [
            "a", "*", "=", "\"", "\\\"", "²", "Ⅳ", "\\u0041", "\\u003d", "\\u00e9", "\\ud835",
            "四", "\u{fffd}",
        ] {
            assert_eq!(symbol(other), Symbol::Other, "{other}");
        }
    }

    #[test]
    fn what_may_separate_digits_is_anything_else() {
        for between in [
            " ",
            "\t",
            ".",
            "/",
            "-",
            "_",
            ",",
            ":",
            "\u{a0}",
            "\u{2007}",
            "\u{2009}",
            "\u{202f}",
            "\u{3000}",
            "\u{2013}",
            "\u{ff0d}",
            "\u{ff1a}",
            "\u{66a}",
            "\u{200b}",
            "\u{feff}",
            "·",
            "\\t",
            "\\n",
            "\\u00a0",
            "\\\\u2009",
            "%20",
            "%2D",
        ] {
            assert_eq!(symbol(between), Symbol::Separator, "{between:?}");
        }
    }

    #[test]
    fn only_the_two_halves_of_a_pair_belong_together() {
        for beside in ["\\xdfd2", "x", "\\u0041", "\\ud835", "\\ue000"] {
            assert_eq!(symbol_at(&format!("\\ud835{beside}"), 0), (Symbol::Other, 6), "{beside}");
        }
        assert_eq!(symbol_at("\\udfd2\\udfd2", 0), (Symbol::Other, 6));
    }

    #[test]
    fn half_an_escape_ends_nowhere_else_than_the_text() {
        for cut in
            ["\\", "\\u", "\\u00", "\\\\u", "\\ud835\\u", "\\ud835\\", "%", "%2", "\\ud835\\\\"]
        {
            let mut at = 0;
            while at < cut.len() {
                at += symbol_at(cut, at).1;
            }
            assert_eq!(at, cut.len(), "{cut}");
        }
    }

    #[test]
    fn the_zeros_are_in_order() {
        assert!(ZEROS.is_sorted());
    }
}
