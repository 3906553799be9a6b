//! Amounts: decimal text in major units, never a binary fraction.

/// Digits before the point at most.
const WHOLE_DIGITS: usize = 12;
/// Digits after the point at most; no currency has more.
const FRACTION_DIGITS: usize = 4;

/// The rule in words.
pub(super) const RULE: &str = "1 to 12 digits, and optionally a point and 1 to 4 digits";

/// A decimal number of any length without sign: its digits before and after the point, without those that say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal<'a> {
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads `34`, `34.5`, `034.50`.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (whole, fraction) = split(text)?;
        Some(Decimal {
            whole: whole.trim_start_matches('0'),
            fraction: fraction.unwrap_or("").trim_end_matches('0'),
        })
    }

    fn is_zero(self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }
}

/// What may go on the wire, and whether it is zero.
pub(super) fn is_zero(text: &str) -> Option<bool> {
    let (whole, fraction) = split(text)?;
    let in_bounds = whole.len() <= WHOLE_DIGITS
        && fraction.is_none_or(|digits| digits.len() <= FRACTION_DIGITS);
    in_bounds.then(|| Decimal::read(text).is_some_and(Decimal::is_zero))
}

/// Digits, and the digits after a point where there is one.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits(whole) && fraction.is_none_or(all_digits)).then_some((whole, fraction))
}
