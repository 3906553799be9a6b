//! Which numbers are card numbers: the ranges of the issuers, the lengths they use, and Luhn's check digit.

/// A range of numbers, by their first six digits.
struct Brand {
    from: u32,
    to: u32,
    /// The lengths of a number that stands by itself.
    lengths: u32,
    /// The lengths that are looked for inside a longer run of digits. There most hits are chance, so only the length
    /// nearly all cards of the brand have counts, and none of ranges that are wide and hardly used.
    inside: u32,
}

/// A set of lengths.
const fn of<const N: usize>(lengths: [u32; N]) -> u32 {
    let mut set = 0;
    let mut at = 0;
    while at < N {
        set |= 1 << lengths[at];
        at += 1;
    }
    set
}

const fn brand(from: u32, to: u32, lengths: u32, inside: u32) -> Brand {
    Brand { from, to, lengths, inside }
}

const NONE: u32 = of([]);
const L13_TO_19: u32 = of([13, 14, 15, 16, 17, 18, 19]);
const L14_TO_19: u32 = of([14, 15, 16, 17, 18, 19]);
const L16_TO_19: u32 = of([16, 17, 18, 19]);
const L16: u32 = of([16]);

/// In ascending order; where two brands share a range, it has the lengths of both.
#[rustfmt::skip]
const BRANDS: [Brand; 36] = [
    brand(100_000, 199_999, of([15]), NONE),             // UATP
    brand(220_000, 220_499, L16_TO_19, L16),             // Mir
    brand(220_500, 220_599, L16, L16),                   // Borica
    brand(222_100, 272_099, L16, L16),                   // Mastercard
    brand(300_000, 305_999, L14_TO_19, of([14])),        // Diners Club
    brand(309_500, 309_599, L14_TO_19, of([14])),        // Diners Club
    brand(340_000, 349_999, of([15]), of([15])),         // American Express
    brand(352_800, 358_999, L16_TO_19, L16),             // JCB, LankaPay
    brand(360_000, 369_999, L14_TO_19, of([14])),        // Diners Club
    brand(370_000, 379_999, of([15]), of([15])),         // American Express
    brand(380_000, 399_999, L14_TO_19, of([14])),        // Diners Club, Hipercard
    brand(400_000, 499_999, of([13, 16, 18, 19]), L16),  // Visa, Elo
    brand(500_000, 506_098, L13_TO_19, NONE),            // Maestro
    brand(506_099, 506_198, L13_TO_19, L16),             // Verve
    brand(506_199, 506_698, L13_TO_19, NONE),            // Maestro
    brand(506_699, 506_778, L13_TO_19, L16),             // Elo
    brand(506_779, 507_864, L13_TO_19, NONE),            // Maestro
    brand(507_865, 507_964, L13_TO_19, L16),             // Verve
    brand(507_965, 508_499, L13_TO_19, NONE),            // Maestro
    brand(508_500, 509_999, L13_TO_19, L16),             // RuPay, Elo
    brand(510_000, 559_999, L16, L16),                   // Mastercard
    brand(560_000, 589_999, L13_TO_19, NONE),            // Maestro
    brand(600_000, 601_099, L13_TO_19, NONE),            // Maestro, RuPay
    brand(601_100, 601_199, L13_TO_19, L16),             // Discover
    brand(601_200, 606_281, L13_TO_19, NONE),            // Maestro, RuPay
    brand(606_282, 606_282, L13_TO_19, L16),             // Hipercard
    brand(606_283, 619_999, L13_TO_19, NONE),            // Maestro, RuPay
    brand(620_000, 629_999, L13_TO_19, of([16, 19])),    // UnionPay, Discover, Elo
    brand(630_000, 643_999, L13_TO_19, NONE),            // Maestro, Elo, Hipercard
    brand(644_000, 659_999, L13_TO_19, L16),             // Discover, RuPay, Elo, Troy, Verve
    brand(660_000, 699_999, L13_TO_19, NONE),            // Maestro
    brand(810_000, 819_999, L16_TO_19, L16),             // UnionPay, RuPay
    brand(820_000, 829_999, L16, NONE),                  // RuPay
    brand(860_000, 860_099, L16, NONE),                  // Uzcard
    brand(979_200, 979_299, L16, L16),                   // Troy
    brand(986_000, 986_099, L16, NONE),                  // Humo
];

/// The shortest and the longest card number.
pub(super) const SHORTEST: usize = 13;
pub(super) const LONGEST: usize = 19;

/// Of the numbers that begin where these digits begin, the lengths that have a valid check digit, as sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lengths {
    whole: u32,
    inside: u32,
}

impl Lengths {
    pub(super) fn is_empty(self) -> bool {
        self.whole == 0
    }

    /// Is it a card number where it stands by itself?
    pub(super) fn has_whole(self, length: usize) -> bool {
        self.whole & (1 << length) != 0
    }

    /// Is it one even in the middle of other digits?
    pub(super) fn has_inside(self, length: usize) -> bool {
        self.inside & (1 << length) != 0
    }

    /// `digits` are as many as there are, at most [`LONGEST`] are looked at.
    pub(super) fn of(digits: impl Iterator<Item = u8> + Clone) -> Lengths {
        if !digits.clone().next().is_some_and(|first| matches!(first, 1..=6 | 8 | 9)) {
            return Lengths::default();
        }
        let prefix = digits.clone().take(6).fold(0, |prefix, digit| prefix * 10 + u32::from(digit));
        let Some(brand) = BRANDS.iter().find(|brand| prefix <= brand.to) else {
            return Lengths::default();
        };
        if prefix < brand.from {
            return Lengths::default();
        }
        let valid = checked(digits);
        Lengths { whole: brand.lengths & valid, inside: brand.inside & valid }
    }
}

/// The lengths at which Luhn's sum ends in a zero.
fn checked(digits: impl Iterator<Item = u8>) -> u32 {
    let mut valid = 0;
    // Every second digit counts double, the last one never: which ones depends on whether the length is even.
    let (mut even, mut odd) = (0_u32, 0_u32);
    for (at, digit) in digits.take(LONGEST).enumerate() {
        let once = u32::from(digit);
        let twice = if digit > 4 { 2 * once - 9 } else { 2 * once };
        let (in_even, in_odd) = if at % 2 == 0 { (twice, once) } else { (once, twice) };
        even += in_even;
        odd += in_odd;
        let length = at + 1;
        let sum = if length % 2 == 0 { even } else { odd };
        if length >= SHORTEST && sum % 10 == 0 {
            valid |= 1 << length;
        }
    }
    valid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_card(number: &str) -> bool {
        Lengths::of(number.bytes().map(|byte| byte - b'0')).has_whole(number.len())
    }

    #[test]
    fn the_numbers_the_brands_publish_for_tests_are_cards() {
        for number in [
            "4111111111111111",
            "4222222222222",
            "4000000000000000006",
            "5555555555554444",
            "2221000000000009",
            "2720990000000007",
            "378282246310005",
            "341111111111111",
            "6011111111111117",
            "6445644564456445",
            "6500000000000002",
            "6221260000000000",
            "3530111333300000",
            "3566002020360505",
            "30569309025904",
            "38520000023237",
            "36227206271667",
            "6200000000000005",
            "8171999927660000",
            "6759649826438453",
            "5018000000000009",
            "6304000000000000",
            "2200000000000004",
            "9792000000000003",
            "6062820000000003",
            "5066991111111118",
            "135410014004955",
        ] {
            assert!(is_card(number), "{number}");
        }
    }

    #[test]
    fn a_wrong_check_digit_length_or_issuer_is_no_card() {
        for number in [
            "4111111111111112",
            "41111111111111",
            "0000000000000000",
            "7000000000000005",
            "1728279759000",
            "37828224631000",
            "2721000000000004",
            "2199990000000009",
        ] {
            assert!(!is_card(number), "{number}");
        }
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(
            BRANDS.iter().all(|brand| brand.from <= brand.to && brand.inside & !brand.lengths == 0)
        );
        assert!(BRANDS.windows(2).all(|pair| pair[0].to < pair[1].from));
    }
}
