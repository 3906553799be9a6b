//! What stands around digits decides whether they are a card's.

use super::*;

#[test]
fn where_a_short_number_stands_decides() {
    for (given, expected) in [
        // Between other groups, and beside a number that is hidden already or a word.
        ("1 4222222222222 2", "1 422222***2222 2"),
        ("4222222222222 tip *** 5", "422222***2222 tip *** 5"),
        ("4222222222222 *** 5", "422222***2222 *** 5"),
        // An airline's only by itself and in one group.
        ("135410014004955", "135410*****4955"),
        ("1354 1001 4004 955", "1354 1001 4004 955"),
        // After its length only where that is the group's beginning, and it is the group's end.
        ("15378282246310005", "15378282*****0005"),
        ("99378282246310005", "99378282246310005"),
        ("9915378282246310005", "9915378282246310005"),
        ("153782822463100059", "153782822463100059"),
        // Not across groups.
        ("99411111 1111111199", "99411111 1111111199"),
        // A track has a year and a month.
        ("57136759649826438453DAB12", "57136759649826438453DAB12"),
        ("57136759649826438453D2513", "57136759649826438453D2513"),
    ] {
        assert_eq!(text(given), expected);
    }
}

/// The digits, and the check digit that makes them a card's.
fn with_check_digit(digits: &str) -> String {
    let doubled = digits.bytes().rev().enumerate().map(|(at, byte)| {
        let digit = u32::from(byte - b'0') * if at % 2 == 0 { 2 } else { 1 };
        digit / 10 + digit % 10
    });
    format!("{digits}{}", (10 - doubled.sum::<u32>() % 10) % 10)
}

#[test]
fn only_a_date_and_time_is_none_of_diners_club() {
    for (digits, is_time) in [
        ("3012202423595", true),
        ("3001191900000", true),
        ("3013202405421", false),
        ("3000202405421", false),
        ("3011212405421", false),
        ("3011182405421", false),
        ("3011202424421", false),
        ("3011202405601", false),
        ("3011202405426", false),
        ("3111202405421", false),
    ] {
        let number = with_check_digit(digits);
        let expected =
            if is_time || digits.starts_with("31") { number.clone() } else { masked(&number) };
        assert_eq!(text(&number), expected, "{number}");
    }
    let longer = with_check_digit("301220242359595");
    assert_eq!(text(&longer), masked(&longer), "of another length");
    let mut ends_in_six = (10..60).map(|minute| with_check_digit(&format!("3012202423{minute}6")));
    let sixty = ends_in_six.find(|number| number.ends_with("60")).expect("one of ten");
    assert_eq!(text(&sixty), masked(&sixty), "sixty seconds");
    let time = with_check_digit("3012202423595");
    let beside = format!("{time} 2512");
    assert_eq!(text(&beside), beside, "an expiry touches its card");
}

#[test]
fn only_a_date_at_the_beginning_hides_a_card_that_begins_in_it() {
    // From the fourth digit on it is a card's number, inside a longer one.
    for (digits, is_date) in [
        ("202410070542390", true),
        ("202413070542390", false),
        ("202410320542390", false),
        ("212410070542390", false),
    ] {
        let card = with_check_digit(&digits[3..].repeat(2)[..15]);
        let number = format!("{}{card}9", &digits[..3]);
        let expected =
            if is_date { number.clone() } else { format!("{}{}9", &digits[..3], masked(&card)) };
        assert_eq!(text(&number), expected, "{number}");
    }
}

#[test]
fn only_a_uuid_hides_what_is_in_it() {
    let uuid = "a1b2c3d4-e111-4111-8111-411111111108";
    assert_eq!(text(uuid), uuid);
    for touched in [format!("z{uuid}"), format!("{uuid}z"), format!("order-ab-1234-{CARD}-and-x")] {
        assert_ne!(text(&touched), touched);
    }
}

#[test]
fn a_hidden_middle_is_one_however_wide_its_gaps_are() {
    let stars = ["*"; 6].join("        ");
    let given = format!("5018 0000 0004 4111 11{stars} 1111");
    assert_eq!(text(&given), given);
}
