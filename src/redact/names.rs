//! What a member is by its name, however it is spelled: `pin_block`, `pinBlock`, `PIN-Block`, `PINBLOCK`.

use super::digits::Rule;

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Never shown.
    Secret,
    /// An order's or a request's own number: never changed, it is what both sides know it by.
    OwnNumber,
    /// Digits that are looked at in this way.
    Digits(Rule),
}

/// Members by which the till and this library know an order and a request.
const OWN_NUMBERS: [&str; 3] = ["merchant_order_no", "orig_merchant_order_no", "request_id"];

/// Words that are secret by themselves.
const SECRET_WORDS: [&str; 37] = [
    "cvv",
    "cvc",
    "cvn",
    "cvv2",
    "cvc2",
    "cvn2",
    "cardcvv",
    "cardcvc",
    "csc",
    "securitycode",
    "pin",
    "pinblock",
    "pindata",
    "pincode",
    "pinnumber",
    "encryptedpin",
    "cardpin",
    "pan",
    "cardpan",
    "primaryaccountnumber",
    "track1",
    "track2",
    "track3",
    "trackdata",
    "track1data",
    "track2data",
    "track3data",
    "tracks",
    "magstripe",
    "magneticstripe",
    "cardholder",
    "cardholdername",
    "emvdata",
    "iccdata",
    "field55",
    "de55",
    "signatureurl",
];

/// Words that are secret where they stand one after the other; `#` is a number.
const SECRET_PHRASES: [&[&str]; 23] = [
    &["security", "code"],
    &["primary", "account"],
    &["track", "#"],
    &["track", "data"],
    &["mag", "stripe"],
    &["mag", "data"],
    &["magnetic", "stripe"],
    &["holder", "name"],
    &["card", "holder"],
    &["name", "on", "card"],
    &["emv", "data"],
    &["emv", "tlv"],
    &["emv", "tags"],
    &["icc", "data"],
    &["icc", "tlv"],
    &["chip", "data"],
    &["tlv", "data"],
    &["field", "55"],
    &["de", "55"],
    &["signature", "url"],
    &["signature", "data"],
    &["signature", "image"],
    &["signature", "picture"],
];

/// Names that are secret as a whole, and too general as a part.
const SECRET_NAMES: [&str; 5] = ["signature", "emv", "icc", "tlv", "f55"];

/// When a card expires, in a word or in several.
const EXPIRY_WORDS: [&str; 9] = [
    "expiry",
    "exp",
    "expdate",
    "expirydate",
    "expirationdate",
    "expiredate",
    "expmonth",
    "expyear",
    "validthru",
];
const EXPIRY_PHRASES: [&[&str]; 4] =
    [&["expiration"], &["expire", "date"], &["valid", "thru"], &["valid", "until"]];

/// What else expires.
const EXPIRING_WORDS: [&str; 7] = ["token", "session", "order", "link", "qr", "time", "ms"];

/// With one of these a name says something about the secret, or means another thing.
const HARMLESS_WORDS: [&str; 32] = [
    "required",
    "length",
    "len",
    "count",
    "counter",
    "type",
    "mode",
    "flag",
    "status",
    "result",
    "verified",
    "verification",
    "entered",
    "entry",
    "bypass",
    "bypassed",
    "tries",
    "try",
    "retries",
    "supported",
    "enabled",
    "capability",
    "present",
    "method",
    "pad",
    "seq",
    "sequence",
    "last4",
    "first6",
    "bin",
    "suffix",
    "screen",
];

/// Last words of names of numbers that are no card's.
const NUMBER_WORDS: [&str; 24] = [
    "no",
    "nr",
    "num",
    "number",
    "id",
    "sn",
    "ref",
    "reference",
    "rrn",
    "stan",
    "uuid",
    "guid",
    "time",
    "timestamp",
    "date",
    "at",
    "amount",
    "total",
    "code",
    "batch",
    "trace",
    "receipt",
    "serial",
    "expires",
];

/// A number that belongs to one of these is no reference.
const CARD_WORDS: [&str; 4] = ["card", "cardno", "cardnumber", "account"];

/// Of a longer name so many bytes at its end count.
pub(super) const MAX_NAME: usize = 64;

/// What the value of this member is.
pub(super) fn kind_of(name: &str) -> Kind {
    if OWN_NUMBERS.contains(&name) {
        return Kind::OwnNumber;
    }
    let name = end_of(name);
    if is_plain(name.as_bytes()) {
        let last = name.rsplit('_').next().unwrap_or(name);
        let is_number = NUMBER_WORDS.contains(&last);
        return Kind::Digits(if is_number { Rule::ByItself } else { Rule::Anywhere });
    }
    let words = Words::of(name);
    if words.is_secret() {
        return Kind::Secret;
    }
    Kind::Digits(words.rule())
}

fn end_of(name: &str) -> &str {
    let from = name.len().saturating_sub(MAX_NAME);
    let from = (from..name.len()).find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    &name[from..]
}

/// Small letters, digits and `_`, and nothing that all secret words and card words have something of: most names, of
/// which the last word says it all.
fn is_plain(name: &[u8]) -> bool {
    let is_known = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    let is_suspect = |part: &[u8]| {
        matches!(
            part,
            b"cvv"
                | b"cvc"
                | b"cvn"
                | b"csc"
                | b"ecu"
                | b"pin"
                | b"pan"
                | b"mar"
                | b"rac"
                | b"mag"
                | b"exp"
                | b"ali"
                | b"old"
                | b"nam"
                | b"emv"
                | b"icc"
                | b"hip"
                | b"tlv"
                | b"f55"
                | b"e55"
                | b"d55"
                | b"_55"
                | b"ign"
                | b"car"
                | b"acc"
        )
    };
    name.iter().all(is_known) && !name.windows(3).any(is_suspect)
}

/// The name's parts in lower case.
struct Words {
    squashed: String,
    ends: Vec<usize>,
}

impl Words {
    /// A part ends before anything but a letter or a digit, before a capital after a small letter, and before the last
    /// of several capitals that a small letter follows: `PINBlock`.
    fn of(name: &str) -> Words {
        let mut words =
            Words { squashed: String::with_capacity(name.len()), ends: Vec::with_capacity(4) };
        let mut before = None;
        let mut rest = name.chars().peekable();
        while let Some(c) = rest.next() {
            let begins_one = c.is_uppercase()
                && (before.is_some_and(|before: char| !before.is_uppercase())
                    || rest.peek().is_some_and(|next| next.is_lowercase()));
            if !c.is_alphanumeric() || begins_one {
                words.end();
            }
            if c.is_ascii_alphanumeric() {
                words.squashed.push(c.to_ascii_lowercase());
            } else if c.is_alphanumeric() {
                words.squashed.extend(c.to_lowercase());
            }
            before = Some(c);
        }
        words.end();
        words
    }

    fn end(&mut self) {
        if self.ends.last().copied().unwrap_or(0) < self.squashed.len() {
            self.ends.push(self.squashed.len());
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.squashed[begin..*end])
    }

    fn any(&self, of: &[&str]) -> bool {
        self.iter().any(|word| of.contains(&word))
    }

    fn is_secret(&self) -> bool {
        let is_one = SECRET_NAMES.contains(&&*self.squashed)
            || self.has_any(&SECRET_WORDS, &SECRET_PHRASES)
            || (self.has_any(&EXPIRY_WORDS, &EXPIRY_PHRASES) && !self.any(&EXPIRING_WORDS));
        is_one && !self.any(&HARMLESS_WORDS)
    }

    fn has_any(&self, words: &[&str], phrases: &[&[&str]]) -> bool {
        words.contains(&&*self.squashed)
            || self.any(words)
            || phrases.iter().any(|phrase| self.has(phrase))
    }

    fn has(&self, phrase: &[&str]) -> bool {
        (0..self.ends.len()).any(|from| {
            let mut words = self.iter().skip(from);
            phrase.iter().all(|wanted| words.next().is_some_and(|word| fits(word, wanted)))
        })
    }

    fn rule(&self) -> Rule {
        let is_number = self.iter().last().is_some_and(|last| NUMBER_WORDS.contains(&last));
        if self.any(&CARD_WORDS) {
            return if is_number || self.any(&CARD_WORDS[1..3]) {
                Rule::Named
            } else {
                Rule::Anywhere
            };
        }
        if is_number { Rule::ByItself } else { Rule::Anywhere }
    }
}

fn fits(word: &str, wanted: &str) -> bool {
    match wanted {
        "#" => word.bytes().all(|byte| byte.is_ascii_digit()),
        _ => word == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_in_every_spelling() {
        for name in [
            "cvv",
            "cvv2",
            "cvc",
            "CVC2",
            "cardCvv",
            "card_cvv",
            "PIN",
            "pin",
            "pinBlock",
            "pin_block",
            "PINBlock",
            "PINBLOCK",
            "pin-data",
            "encryptedPin",
            "expiry",
            "exp_date",
            "expDate",
            "ExpiryDate",
            "card_expiry",
            "expirationDate",
            "track1",
            "track_2",
            "Track3",
            "trackData",
            "track_data",
            "track2_data",
            "card_track_2",
            "orderCVV",
            "CVVValue",
            "name_on_card",
            "signature__image",
            "track2EquivalentData",
            "order_cvv",
            "sessionPin",
            "a_name_of_more_than_sixty_four_letters_that_ends_as_a_secret_one_does_cvv",
            "cardholder_name",
            "cardHolderName",
            "cardholderName",
            "signatureUrl",
            "signature_url",
            "SIGNATURE_URL",
            "signature",
            "emv_data",
            "emvData",
            "icc_data",
            "iccData",
            "field55",
            "field_55",
            "DE55",
            "pan",
            "PAN",
            "cardPan",
            "pan_number",
            "security code",
        ] {
            assert_eq!(kind_of(name), Kind::Secret, "{name}");
        }
    }

    #[test]
    fn words_that_merely_contain_their_letters_are_none() {
        for name in [
            "spinner",
            "shipping",
            "opinion",
            "company",
            "expires",
            "expires_at",
            "tracking_no",
            "backtrack",
            "expand",
            "panel",
            "japan",
            "pinned",
            "ping",
            "on_screen_signature",
            "pin_required",
            "pin_try_counter",
            "cvv_result",
            "pan_sequence_number",
            "description",
            "attach",
            "export",
            "experience",
            "holder",
            "emvco",
            "icchat",
            "",
            "token_expiry",
            "orderExpirationTime",
            "cardholder_verification_method",
            "app_id",
            "voice_data",
            "device_data",
        ] {
            assert_ne!(kind_of(name), Kind::Secret, "{name}");
        }
    }

    #[test]
    fn every_secret_word_is_suspect() {
        let phrases = SECRET_PHRASES.iter().chain(&EXPIRY_PHRASES);
        let phrases = phrases.map(|phrase| phrase.join("_").replace('#', "1"));
        let words = [&SECRET_WORDS[..], &EXPIRY_WORDS, &SECRET_NAMES, &CARD_WORDS].concat();
        for name in words.into_iter().map(str::to_owned).chain(phrases) {
            assert!(!is_plain(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn numbers_are_what_their_last_word_says() {
        for name in [
            "trans_no",
            "ref_no",
            "timestamp",
            "trans_end_time",
            "order_amount",
            "receiptNo",
            "orig_trans_no",
            "auth_code",
            "terminal_sn",
            "merchantId",
            "voucher_reference",
            "at",
            "expires",
        ] {
            assert_eq!(kind_of(name), Kind::Digits(Rule::ByItself), "{name}");
        }
        for name in ["card_no", "cardNo", "card_number", "CARDNO", "account_number", "cardNumber"] {
            assert_eq!(kind_of(name), Kind::Digits(Rule::Named), "{name}");
        }
        for name in ["attach", "description", "card_brand", "note", "", "トランザクション"]
        {
            assert_eq!(kind_of(name), Kind::Digits(Rule::Anywhere), "{name}");
        }
        for name in OWN_NUMBERS {
            assert_eq!(kind_of(name), Kind::OwnNumber, "{name}");
        }
    }
}
