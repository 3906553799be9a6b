//! Values of answers, compared as values: terminals write `1E+2` for 100.00 and `01` for 1.

/// How many decimals of an amount are told apart; no currency has half as many.
const AMOUNT_DECIMALS: i32 = 8;

/// A small number's digits without blanks, leading zeros and a fraction that is zero; anything else as it is.
pub(super) fn small_number(text: &str) -> &str {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return text;
    }
    match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    }
}

/// Whether both are the same small number.
pub(super) fn same_small_number(answered: &str, asked: &str) -> bool {
    small_number(answered) == small_number(asked)
}

/// Whether both are the same amount, or the answered one is that and the tip. What cannot be read is nobody's amount.
pub(super) fn same_amount(answered: &str, asked: &str, tip: Option<&str>) -> bool {
    if answered == asked {
        return true;
    }
    let amount = |text| scaled(text, AMOUNT_DECIMALS);
    let (Some(answered), Some(asked)) = (amount(answered), amount(asked)) else { return false };
    let with_tip = || asked.checked_add(tip.and_then(amount)?);
    answered == asked || with_tip() == Some(answered)
}

/// Whether both are the same order's number. What the terminal wrote as a JSON number has lost its leading zeros, and
/// may be written in any way a number can be.
pub(super) fn same_number(answered: &str, is_bare: bool, asked: &str) -> bool {
    if answered == asked {
        return true;
    }
    let is_all_digits = || asked.bytes().all(|byte| byte.is_ascii_digit());
    is_bare
        && is_all_digits()
        && (asked.trim_start_matches('0') == answered
            || matches!((scaled(answered, 0), scaled(asked, 0)), (Some(a), Some(b)) if a == b))
}

/// What all ways have in common in which a terminal may write this number as a JSON number; see [`same_number`]. None of
/// one that cannot be written so.
pub(crate) fn bare_number(text: &str) -> Option<String> {
    match scaled(text, 0) {
        Some(value) => Some(value.to_string()),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(text.trim_start_matches('0').to_owned())
        }
        None => None,
    }
}

/// A decimal number without sign, `34.50` or `1E+2`, times ten to the `decimals`; none when that is no whole number, or
/// too large to be told apart from others.
fn scaled(text: &str, decimals: i32) -> Option<i128> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let mut value = 0_i128;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    if value == 0 {
        return Some(0);
    }
    let power = exponent.checked_add(decimals)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let factor = 10_i128.checked_pow(power.unsigned_abs())?;
    if power >= 0 {
        return value.checked_mul(factor);
    }
    (value % factor == 0).then_some(value / factor)
}

fn read_exponent(text: &str) -> Option<i32> {
    text.parse().ok()
}
