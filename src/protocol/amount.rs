//! Amounts: decimal text in major units, never a binary fraction.

/// Digits before the point at most.
const WHOLE_DIGITS: usize = 12;
/// Digits after the point at most; no currency has more.
const FRACTION_DIGITS: usize = 4;

/// The rule in words.
pub(super) const RULE: &str = "1 to 12 digits, and optionally a point and 1 to 4 digits";

/// What may go on the wire, and whether it is zero.
pub(super) fn is_zero(text: &str) -> Option<bool> {
    let (whole, fraction) = split(text)?;
    let in_bounds = whole.len() <= WHOLE_DIGITS
        && fraction.is_none_or(|digits| digits.len() <= FRACTION_DIGITS);
    in_bounds.then(|| !text.bytes().any(|byte| matches!(byte, b'1'..=b'9')))
}

/// How many digits stand after the point.
pub(super) fn decimals(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// An amount with a decimal comma, as it should have been written.
pub(super) fn with_point(text: &str) -> Option<String> {
    let corrected = text.replacen(',', ".", 1);
    (corrected != text && is_zero(&corrected).is_some()).then_some(corrected)
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
