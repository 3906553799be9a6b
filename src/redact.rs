//! Keeps card data out of logs and files, and changes nothing else.
//!
//! A **card number** has 13 to 19 digits of any script, the length and the first digits of an issuer, and a valid check
//! digit. Up to eight blanks, dashes, dots or other characters that are neither letters nor digits may stand between
//! two of its digits, and each character may be written as a JSON escape. Its first six and its last four digits stay
//! readable, as on a receipt; each of the others becomes a `*`. Where such a number counts:
//!
//! | where | what counts |
//! |---|---|
//! | anywhere: values, names of members, plain text | a number that begins and ends where a group of digits does |
//! | the same, inside a longer group of digits | the length nearly all cards of the issuer have: 16, UnionPay also 19, and at the group's beginning or after their length also American Express's 15 and Diners Club's 14. Not what begins in the date of a longer number (`20261231...`), nor in 16 or 19 digits that count micro- or nanoseconds, both only where no other digits are beside them |
//! | before an expiry (`...1111` `2512`), before `=` or `D` and an expiry (second track, EMV tag 57), after EMV tag 5A and its length | any length of the issuer |
//! | members whose last word is `no`, `id`, `ref`, `time`, `amount` and so on: numbers of something else | only as in the first and the third row, not by chance inside a longer number |
//! | `merchant_order_no`, `orig_merchant_order_no`, `request_id`, and where the log names an order or a request ([`line()`]) | nothing: the till's own number is what an order is matched by |
//! | `card_no` and the like | 12 to 19 digits, whatever their check digit |
//! | UUIDs | nothing |
//!
//! A random number may be a card number by these rules, and then it cannot be distinguished from one: of 16 random digits
//! 5 in 100 are masked (4 where the name says that they are something else), of 20 digits 13 in 100 (1 by name).
//!
//! **Members that are secret by name** (codes, PINs, tracks, expiry, cardholder, EMV data, signature; `names` has the
//! list) become `"***"`, whatever they are, in every spelling. `null`, `true`, `false`, an empty text and a number that
//! the terminal has masked already stay.

#![forbid(unsafe_code)]

mod brands;
mod digits;
mod labels;
mod line;
mod names;
mod symbols;
mod walk;

use digits::Rule;

/// What stands where a whole value was.
const HIDDEN: &str = "***";

/// Bytes that an excerpt reads beyond its limit, so that it knows a card number that begins before it.
const READ_AHEAD: usize = 512;

/// Masks, in any text, card numbers and the values of members that are secret by name.
pub fn text(text: &str) -> String {
    let shown = labels::mask(text);
    digits::mask(&shown, Rule::Anywhere, |_| false).into_owned()
}

/// Masks JSON: what is not masked stays byte for byte. A text that is no JSON is masked as [`text`] does.
pub fn json(json: &str) -> String {
    walk::json_at(json, 0)
}

/// A line for the log: masked, but for the numbers by which the log names an order or a request; and control characters
/// escaped, so that it is one line. What a terminal sent must be masked by [`text`] or [`excerpt`] before it is put
/// into one.
pub fn line(text: &str) -> String {
    line::line(text)
}

/// At most `limit` bytes of the text, masked, cut at a character's boundary with `…` where something is left out.
pub fn excerpt(bytes: &[u8], limit: usize) -> String {
    let window = &bytes[..bytes.len().min(limit.saturating_add(READ_AHEAD))];
    let mut masked = text(&String::from_utf8_lossy(window));
    let is_cut = window.len() < bytes.len();
    if is_cut {
        // Half a card's number at the window's end was not recognised as one.
        masked.truncate(digits::end_of_certain(&masked));
    }
    if !is_cut && masked.len() <= limit {
        return masked;
    }
    let space = limit.saturating_sub('…'.len_utf8()).min(masked.len());
    let end = (0..=space).rev().find(|&end| masked.is_char_boundary(end)).unwrap_or(0);
    masked.truncate(end);
    if limit >= '…'.len_utf8() {
        masked.push('…');
    }
    masked
}

#[cfg(test)]
mod tests;
