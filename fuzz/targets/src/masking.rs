//! Masking: no card number survives in any spelling, and nothing is changed that cannot be one.

use ecrhub::internals::redact;
use serde_json::Value;

use crate::digits::{is_card, luhn, may_be_card};
use crate::input::Input;

/// What must not be read in a text that is to be shown.
const LONGEST_GAP: usize = 8;

/// The first byte says what is made of the rest: a text as it is, or a card number hidden in one.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    if input.byte() % 2 == 0 {
        any_text(&String::from_utf8_lossy(input.rest()));
    } else {
        hidden_card(&mut input);
    }
}

fn any_text(given: &str) {
    let text = redact::text(given);
    let json = redact::json(given);
    let line = redact::line(given);
    let short = redact::excerpt(given.as_bytes(), 64);
    assert!(short.len() <= 64);
    assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
    // Where somebody has masked before, digits beside stars are no number by themselves.
    if !given.contains('*') {
        for shown in [&text, &short] {
            assert_no_card(shown);
        }
    }
    // A secret's name in what is neither JSON nor plain text may be one only once something is masked before it.
    if !given.contains([':', '=']) {
        assert_only_digits_of_cards(given, &text);
        assert_eq!(redact::text(&text), text, "masking again changes nothing");
    }
    match (serde_json::from_str::<Value>(given), serde_json::from_str::<Value>(&json)) {
        (Ok(before), Ok(after)) => {
            assert_alike(&before, &after, None);
            assert_eq!(redact::json(&json), json, "masking again changes nothing");
        }
        (Ok(_), Err(error)) => panic!("no JSON any more: {error}: {json}"),
        (Err(_), _) => {}
    }
}

/// A stretch of digits with at most eight characters that may separate between two of them: each digit with its place,
/// and whether a separator is before it.
type Run = Vec<(u8, usize, bool)>;

/// Only ASCII; whatever is written with a backslash or a percent sign ends a run here.
fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run = Run::new();
    let mut gap = 0;
    for (place, byte) in text.bytes().enumerate() {
        if byte.is_ascii_digit() {
            run.push((byte - b'0', place, gap > 0 || run.is_empty()));
            gap = 0;
        } else if is_separator(byte) && gap < LONGEST_GAP {
            gap += 1;
        } else {
            runs.push(std::mem::take(&mut run));
            gap = 0;
        }
    }
    runs.push(run);
    runs.retain(|run| run.len() >= 13);
    runs
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/' | b'_' | b',' | b';' | b'|' | b'+' | b'\t' | b'#')
}

/// No number that begins and ends where digits do, and has none beside it.
fn assert_no_card(shown: &str) {
    if shown.contains(['\\', '%']) || !shown.is_ascii() {
        return;
    }
    for run in runs(shown) {
        for from in (0..run.len()).filter(|from| run[*from].2) {
            for to in from + 13..=run.len().min(from + 19) {
                let ends = run.get(to).is_none_or(|next| next.2);
                let digits: Vec<u8> = run[from..to].iter().map(|digit| digit.0).collect();
                let is_shown = ends && is_card(&digits) && !is_excused(shown, &run[from..to]);
                assert!(!is_shown, "{digits:?} is shown in {shown:?}");
            }
        }
    }
}

/// A UUID is none; nor is 30 and a date and time of 14 digits, nor what lies beside a number that was masked.
fn is_excused(shown: &str, run: &[(u8, usize, bool)]) -> bool {
    let (first, last) = (run[0].1, run[run.len() - 1].1);
    let around = &shown.as_bytes()[first.saturating_sub(160)..(last + 160).min(shown.len())];
    let is_uuid = around.windows(36).any(|window| {
        [8, 13, 18, 23].iter().all(|dash| window[*dash] == b'-')
            && window.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
    });
    around.contains(&b'*') || is_uuid || (run.len() == 14 && run[0].0 == 3 && run[1].0 == 0)
}

/// Each byte that was changed is a digit in the middle of a number that may be a card's.
fn assert_only_digits_of_cards(given: &str, text: &str) {
    // Digits that are part of an escape are none.
    if !given.is_ascii() || given.contains(['\\', '%']) {
        return;
    }
    assert_eq!(given.len(), text.len(), "{given:?} {text:?}");
    let digits: Vec<(usize, u8)> = given
        .bytes()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_digit())
        .map(|(place, byte)| (place, byte - b'0'))
        .collect();
    let values: Vec<u8> = digits.iter().map(|digit| digit.1).collect();
    for (place, (before, after)) in given.bytes().zip(text.bytes()).enumerate() {
        if before == after {
            continue;
        }
        let at = digits.iter().position(|digit| digit.0 == place);
        let at = at.unwrap_or_else(|| panic!("{place} of {given:?} is no digit: {text:?}"));
        let is_in_one = (13..=19).any(|length| {
            // Six stay readable before it, and four behind.
            let first = at.saturating_sub(length - 5)..=at.saturating_sub(6);
            at >= 6
                && first
                    .filter(|first| first + length <= values.len() && at + 4 < first + length)
                    .any(|first| may_be_card(&values[first..first + length]))
        });
        assert!(after == b'*' && is_in_one, "{place} of {given:?}: {text:?}");
    }
}

/// The same members and values, but for texts that hold something; a number that holds one becomes a text.
fn assert_alike(before: &Value, after: &Value, name: Option<&str>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            assert!(after.len() <= before.len());
            if before.len() == after.len() {
                for ((name, before), after) in before.iter().zip(after.values()) {
                    assert_alike(before, after, Some(name));
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            assert_eq!(before.len(), after.len());
            before.iter().zip(after).for_each(|(before, after)| assert_alike(before, after, None));
        }
        (Value::Null | Value::Bool(_), _) => assert_eq!(before, after),
        (_, Value::String(text)) => {
            let own = ["merchant_order_no", "orig_merchant_order_no", "request_id"];
            let may_hold_json = text.contains(['{', '[', '"', ':', '=', '*']);
            if !may_hold_json && !name.is_some_and(|name| own.contains(&name)) {
                assert_no_card(text);
            }
        }
        (Value::Number(before), Value::Number(after)) => assert_eq!(before, after),
        other => panic!("{other:?}"),
    }
}

/// How digits are written: scripts, and JSON's escapes.
const SPELLINGS: [fn(u8) -> String; 6] = [
    |digit| char::from(b'0' + digit).to_string(),
    |digit| char::from_u32(0xff10 + u32::from(digit)).into_iter().collect(),
    |digit| char::from_u32(0x0660 + u32::from(digit)).into_iter().collect(),
    |digit| char::from_u32(0x1d7ce + u32::from(digit)).into_iter().collect(),
    |digit| format!("\\u00{:02x}", b'0' + digit),
    |digit| format!("\\u00{:02X}", b'0' + digit),
];

const GAPS: [&str; 16] = [
    "", "", "", " ", "-", ".", "/", "_", ", ", " - ", "\u{a0}", "\u{2009}", "\u{3000}", "\u{2013}",
    "\\t", "%20",
];

const ISSUERS: [(&[u8], usize); 10] = [
    (&[4], 16),
    (&[5, 1], 16),
    (&[5, 5], 16),
    (&[2, 2, 2, 1], 16),
    (&[3, 4], 15),
    (&[3, 7], 15),
    (&[6, 0, 1, 1], 16),
    (&[6, 2], 19),
    (&[3, 6], 14),
    (&[3, 5, 2, 8], 16),
];

/// A card number of some issuer.
fn card(input: &mut Input<'_>) -> Vec<u8> {
    let (prefix, length) = input.one_of(&ISSUERS);
    let mut digits = prefix.to_vec();
    while digits.len() < length - 1 {
        digits.push(input.byte() % 10);
    }
    digits.push(0);
    let check = (10 - luhn(&digits)) % 10;
    digits[length - 1] = check;
    assert!(is_card(&digits), "{digits:?}");
    digits
}

/// A card number with separators between its digits, in some script, between other things.
fn hidden_card(input: &mut Input<'_>) {
    let card = card(input);
    let spelling = input.one_of(&SPELLINGS);
    let gaps: Vec<&str> = card.iter().map(|_| input.one_of(&GAPS)).collect();
    let (before, after) = (surrounding(input.some()), surrounding(input.rest()));
    let mut written = String::new();
    for (digit, gap) in card.iter().zip(&gaps) {
        written.push_str(&spelling(*digit));
        written.push_str(gap);
    }
    let last = gaps.last().map_or(0, |gap| gap.len());
    written.truncate(written.len() - last);
    let given = format!("{before}{written}{after}");
    let quoted = serde_json::to_string(&given).unwrap_or_default();
    let message = format!("{{\"attach\":{quoted},{quoted}:1,\"list\":[{quoted}]}}");
    let masked = [
        redact::text(&given),
        redact::line(&given),
        redact::json(&given),
        redact::json(&message),
        redact::excerpt(given.as_bytes(), usize::MAX >> 1),
    ];
    for shown in masked {
        // What is to be hidden, and a digit on each side; of the shortest numbers that may be like their beginning.
        let middle: String = card[5..card.len() - 3]
            .iter()
            .zip(&gaps[5..])
            .map(|(digit, gap)| spelling(*digit) + gap)
            .collect();
        let middle = middle.trim_end_matches(gaps[card.len() - 4]);
        let is_shown = shown.contains(&written) || (card.len() > 14 && shown.contains(middle));
        assert!(!is_shown, "{written:?} in {shown:?}");
    }
}

/// Letters and blanks: nothing that makes the digits between them something else than a card number.
fn surrounding(bytes: &[u8]) -> String {
    let allowed = |byte: &u8| match byte % 30 {
        letter @ 0..26 => char::from(b'a' + letter),
        26 | 27 => ' ',
        28 => '\n',
        _ => 'é',
    };
    bytes.iter().take(40).map(allowed).collect()
}
