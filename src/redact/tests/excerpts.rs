//! Texts that are cut.

use super::*;

#[test]
fn an_excerpt_is_short_and_says_that_it_is_one() {
    assert_eq!(excerpt(b"abc", 3), "abc");
    assert_eq!(excerpt(b"abcd", 3), "…");
    assert_eq!(excerpt(b"abcdefgh", 6), "abc…");
    assert_eq!(excerpt("ééééé".as_bytes(), 8), "éé…");
    assert_eq!(excerpt(b"abcd", 0), "");
    assert_eq!(excerpt(b"\xff\xfe", 100), "\u{fffd}\u{fffd}");
    assert_eq!(excerpt(CARD.as_bytes(), 100), MASKED);
}

#[test]
fn an_excerpt_never_ends_in_half_a_card() {
    let escaped: String = CARD.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    for (card, more_than_six) in [(CARD.to_owned(), "4111111"), (escaped, &*"\\u0031".repeat(6))] {
        for before in 400..640 {
            let long = format!("{}{card}{}", "x".repeat(before), "y".repeat(800));
            for limit in [20, 64, 640] {
                let short = excerpt(long.as_bytes(), limit);
                assert!(
                    short.len() <= limit && !short.contains(more_than_six),
                    "{before}/{limit}: {short}"
                );
            }
        }
    }
    let shrinking = format!("signature_url={} {CARD}{}", "s".repeat(540), "y".repeat(400));
    for limit in 20..90 {
        assert!(!excerpt(shrinking.as_bytes(), limit).contains("4111111"));
    }
}

#[test]
fn an_excerpt_never_ends_in_half_a_card_with_gaps() {
    for gap in [" ", "    "] {
        let card: Vec<&str> = vec!["4111", "1111", "1111", "1111"];
        let (card, more_than_six) = (card.join(gap), format!("4111{gap}1111"));
        for before in 490..532 {
            let long = format!("{}{card}{}", "x".repeat(before), "y".repeat(800));
            let short = excerpt(long.as_bytes(), 700);
            assert!(!short.contains(&more_than_six), "{before}: {short}");
            let short = excerpt(long.as_bytes(), 20);
            assert!(!short.contains("4111"), "{before}: {short}");
        }
    }
}

#[test]
fn an_excerpt_keeps_what_cannot_belong_to_a_number_at_its_end() {
    let blanks = format!("5{}", " ".repeat(700));
    assert_eq!(excerpt(blanks.as_bytes(), 20), format!("5{}…", " ".repeat(16)));
    // A gap in a card's number has at most eight characters.
    for (gap, kept) in [(9, 30), (8, 20)] {
        let digits = format!("{}7{}{}", "x".repeat(20), " ".repeat(gap), "1".repeat(2_000));
        assert_eq!(excerpt(digits.as_bytes(), 40), format!("{}…", &digits[..kept]), "{gap}");
    }
}

/// Read to the end of these bytes and shown from their beginning: the long value of a secret is not in what is shown.
fn shown_to_the_end(end: &str) -> String {
    const LIMIT: usize = 200;
    let secret = "s".repeat(LIMIT + READ_AHEAD - "signature_url= ".len() - end.len());
    let text = format!("signature_url={secret} {end}{}", "y".repeat(100));
    let shown = excerpt(text.as_bytes(), LIMIT);
    shown.strip_prefix("signature_url=*** ").expect("a secret").to_owned()
}

#[test]
fn where_reading_ends_in_a_card_or_in_half_an_escape_nothing_of_it_is_shown() {
    let escaped: String = CARD.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    for card in [CARD, "4111 1111 1111 1111", &escaped] {
        for end in (6..card.len()).map(|end| &card[..end]) {
            assert_eq!(shown_to_the_end(&format!("x{end}")), "x…", "{end}");
        }
    }
}

#[test]
fn a_number_that_has_ended_is_shown() {
    for (beside, is_shown) in [(15, true), (14, false)] {
        let end = format!("x5{}", "y".repeat(beside));
        let expected = if is_shown { format!("{end}…") } else { "x…".to_owned() };
        assert_eq!(shown_to_the_end(&end), expected, "the last 14 bytes may be half an escape");
    }
    let late = format!("{}5{}", "x".repeat(100), "y".repeat(700));
    assert_eq!(excerpt(late.as_bytes(), 200), format!("{}…", &late[..197]));
}
