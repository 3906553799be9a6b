//! Card numbers, written down a second time and simpler than the library has them: to compare with.

/// The lengths a card number of this issuer has.
fn lengths(prefix: u32) -> std::ops::RangeInclusive<usize> {
    match prefix {
        // Visa, Mastercard, American Express, Discover, Diners Club, JCB, UnionPay: what nearly all cards are.
        400_000..=499_999 | 510_000..=559_999 | 222_100..=272_099 => 16..=16,
        340_000..=349_999 | 370_000..=379_999 => 15..=15,
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => 14..=19,
        601_100..=601_199 | 644_000..=659_999 | 352_800..=358_999 | 620_000..=629_999 => 16..=19,
        // Maestro.
        500_000..=509_999 | 560_000..=589_999 | 630_000..=639_999 | 670_000..=679_999 => 13..=19,
        _ => 1..=0,
    }
}

/// These digits are a card number: a common issuer's first digits and length, and a check digit that is right.
pub(crate) fn is_card(digits: &[u8]) -> bool {
    if digits.len() < 13 {
        return false;
    }
    let prefix = digits[..6].iter().fold(0, |prefix, digit| prefix * 10 + u32::from(*digit));
    lengths(prefix).contains(&digits.len()) && luhn(digits) == 0
}

/// These digits may be somebody's card number: the length, an issuer's first digit, and a check digit that is right.
pub(crate) fn may_be_card(digits: &[u8]) -> bool {
    (13..=19).contains(&digits.len()) && !matches!(digits[0], 0 | 7) && luhn(digits) == 0
}

/// What is over ten in Luhn's sum; 0 where the check digit is right.
pub(crate) fn luhn(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => u32::from(*digit),
            _ => u32::from(*digit) * 2 / 10 + u32::from(*digit) * 2 % 10,
        })
        .sum();
    (sum % 10) as u8
}
