//! Finds card numbers among the digits of a text, and masks them.

use std::borrow::Cow;
use std::ops::Range;

use super::brands::{LONGEST, Lengths, SHORTEST};
use super::symbols::{Symbol, symbol_at};
use Confidence::{ByChance, Certain};

/// Of a card's number, readable at the beginning and at the end.
const KEPT_FIRST: usize = 6;
const KEPT_LAST: usize = 4;

/// At most so many separators in a row stand between two digits of one number.
const MAX_GAP: usize = 8;

/// What a member by the name of `card_no` has at least, whether its check digit is right or not.
const SHORTEST_NAMED: usize = 12;

/// How the digits of a text are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// A card number may be anywhere, also inside a longer run of digits.
    Anywhere,
    /// The digits are known to be something else, for instance a reference number: a card number is one only if
    /// nothing but its expiry touches it.
    ByItself,
    /// The text is a card number by name, also where its check digit is wrong.
    Named,
}

/// Masks the card numbers. `is_known` is asked of a long group, by its place in the text, whether it is no card's.
pub(super) fn mask(
    text: &str,
    rule: Rule,
    is_known: impl Fn(Range<usize>) -> bool,
) -> Cow<'_, str> {
    let least = if rule == Rule::Named { SHORTEST_NAMED } else { SHORTEST };
    if !has_digits(text, least) {
        return Cow::Borrowed(text);
    }
    let mut masker = Masker { text, out: String::new(), copied: 0 };
    let mut run = Run::new(text, rule);
    let mut at = 0;
    while at < text.len() {
        if let Some(length) = uuid_at(text, at) {
            masker.end(&mut run);
            at += length;
            continue;
        }
        let (symbol, length) = symbol_at(text, at);
        if !matches!(symbol, Symbol::Digit(_)) && run.ends_in_known(&is_known) {
            masker.end(&mut run);
        }
        match symbol {
            Symbol::Digit(value) => {
                if !run.reaches(at) {
                    masker.end(&mut run);
                }
                run.push(at, length, value);
            }
            Symbol::Separator if run.gap < MAX_GAP => run.gap += 1,
            Symbol::Separator | Symbol::Other => masker.end(&mut run),
        }
        at += length;
    }
    run.ends_in_known(&is_known);
    masker.end(&mut run);
    masker.finish()
}

/// How far the text goes before a number that may go on after its end.
pub(super) fn end_of_certain(text: &str) -> usize {
    // The last bytes may be half an escape: what it is to be part of ends before it.
    const LONGEST_ESCAPE: usize = 14;
    let mut run = None;
    let (mut gap, mut at) = (0, 0);
    while at < text.len() {
        let (symbol, length) = symbol_at(text, at);
        match symbol {
            Symbol::Digit(_) => {
                run = run.or(Some(at));
                gap = 0;
            }
            Symbol::Separator if gap < MAX_GAP => gap += 1,
            Symbol::Separator | Symbol::Other if at + LONGEST_ESCAPE < text.len() => run = None,
            Symbol::Separator | Symbol::Other => {}
        }
        at += length;
    }
    run.unwrap_or(text.len())
}

/// A digit takes a digit's byte, the first byte of a longer character, or a backslash.
fn has_digits(text: &str, least: usize) -> bool {
    let may_begin_one = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'\\' | 0xc0..);
    text.len() >= least && text.as_bytes().iter().filter(may_begin_one).count() >= least
}

/// `8-4-4-4-12` hexadecimal digits with a letter among them, and nothing that touches them.
fn uuid_at(text: &str, at: usize) -> Option<usize> {
    const LENGTH: usize = 36;
    let bytes = text.as_bytes();
    if bytes.get(at + 8) != Some(&b'-') || bytes.get(at + 13) != Some(&b'-') {
        return None;
    }
    let uuid = bytes.get(at..at + LENGTH)?;
    let is_shaped = uuid.iter().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let touches = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let stands_alone = !touches(at.checked_sub(1).and_then(|before| bytes.get(before)))
        && !touches(bytes.get(at + LENGTH));
    (is_shaped && stands_alone && uuid.iter().any(u8::is_ascii_alphabetic)).then_some(LENGTH)
}

struct Digit {
    /// Where it is, from the run's beginning.
    at: u32,
    /// Digits without a separator between them are a group.
    group: u32,
    length: u8,
    value: u8,
    /// It is in the middle of a card's number.
    found: Option<Confidence>,
}

/// How a card's number was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Confidence {
    /// It begins and ends where digits do, or something is around it that belongs to a card.
    Certain,
    /// Among other digits.
    ByChance,
}

/// Digits with nothing but separators between them.
struct Run<'a> {
    text: &'a str,
    rule: Rule,
    begins: usize,
    digits: Vec<Digit>,
    /// The first digit of the last group.
    last_group: usize,
    /// How many separators came since the last digit.
    gap: usize,
}

impl<'a> Run<'a> {
    fn new(text: &'a str, rule: Rule) -> Self {
        Run { text, rule, begins: 0, digits: Vec::new(), last_group: 0, gap: 0 }
    }

    /// Is the place within 4 GiB of its beginning?
    fn reaches(&self, at: usize) -> bool {
        self.digits.is_empty() || u32::try_from(at - self.begins).is_ok()
    }

    fn push(&mut self, at: usize, length: usize, value: u8) {
        if self.digits.is_empty() {
            self.begins = at;
            self.digits.reserve(32);
        }
        if self.gap > 0 {
            self.last_group = self.digits.len();
        }
        self.gap = 0;
        let group = u32::try_from(self.last_group).unwrap_or(u32::MAX);
        let at = u32::try_from(at - self.begins).unwrap_or(u32::MAX);
        let length = u8::try_from(length).unwrap_or(u8::MAX);
        self.digits.push(Digit { at, group, length, value, found: None });
    }

    fn clear(&mut self) {
        self.digits.clear();
        self.last_group = 0;
        self.gap = 0;
    }

    /// Where the digit begins and ends in the text.
    fn place(&self, index: usize) -> Range<usize> {
        let digit = &self.digits[index];
        let begin = self.begins + digit.at as usize;
        begin..begin + usize::from(digit.length)
    }

    /// Leaves out the last group if it is known, where it has just ended.
    fn ends_in_known(&mut self, is_known: impl Fn(Range<usize>) -> bool) -> bool {
        let (first, count) = (self.last_group, self.digits.len());
        if self.gap > 0 || count < first + SHORTEST {
            return false;
        }
        let is_one = is_known(self.place(first).start..self.place(count - 1).end);
        if is_one {
            self.digits.truncate(first);
        }
        is_one
    }

    /// Marks what is to be masked, and says whether there is anything.
    fn find(&mut self) -> bool {
        let count = self.digits.len();
        if self.rule == Rule::Named
            && (SHORTEST_NAMED..=LONGEST).contains(&count)
            && !self.text.contains('*')
        {
            self.mark(0..count, Certain);
        }
        self.find_each(Certain);
        if self.rule != Rule::ByItself {
            self.find_each(ByChance);
        }
        self.digits.iter().any(|digit| digit.found.is_some())
    }

    /// Every window of so many digits that is a card's number, with this confidence.
    fn find_each(&mut self, wanted: Confidence) {
        let count = self.digits.len();
        let mut group = 0..0;
        let mut has_track = false;
        for first in 0..(count + 1).saturating_sub(SHORTEST) {
            if first >= group.end {
                let id = self.digits[first].group;
                let is_in = |digit: &&Digit| digit.group == id;
                group = first..first + self.digits[first..].iter().take_while(is_in).count();
                has_track = self.has_track_after(group.end - 1);
            }
            let may_begin_one = match wanted {
                Certain => has_track || self.opens(first) || self.tag_before(first).is_some(),
                ByChance => group.len() > SHORTEST,
            };
            if !may_begin_one {
                continue;
            }
            let lengths = Lengths::of(self.digits[first..].iter().map(|digit| digit.value));
            if lengths.is_empty() {
                continue;
            }
            // Longer than there are digits is none.
            for length in SHORTEST..=LONGEST {
                let window = Window { run: self, group: group.clone(), first, length };
                let is_one = match wanted {
                    Certain => window.is_card(lengths),
                    ByChance => window.may_be_card(lengths),
                };
                if is_one {
                    self.mark(first..first + length, wanted);
                }
            }
        }
    }

    fn mark(&mut self, number: Range<usize>, confidence: Confidence) {
        for digit in &mut self.digits[number.start + KEPT_FIRST..number.end - KEPT_LAST] {
            digit.found = digit.found.or(Some(confidence));
        }
    }

    /// A group begins here, and no masked digit before it.
    fn opens(&self, index: usize) -> bool {
        let is_first = index == 0 || self.digits[index - 1].group != self.digits[index].group;
        is_first && !is_part_of_masked(self.text[..self.place(index).start].chars().rev())
    }

    fn closes(&self, index: usize) -> bool {
        let next = self.digits.get(index + 1);
        let is_last = next.is_none_or(|next| next.group != self.digits[index].group);
        is_last && !is_part_of_masked(self.text[self.place(index).end..].chars())
    }

    /// The second track: a separator, then year and month.
    fn has_track_after(&self, last: usize) -> bool {
        let rest = &self.text[self.place(last).end..];
        let after = ["=", "D", "d", "%3D", "%3d", "\\u003d", "\\u003D"]
            .iter()
            .find_map(|separator| rest.strip_prefix(separator));
        match after.and_then(|after| after.as_bytes().first_chunk::<4>()) {
            Some([year @ .., tens, ones]) => {
                let is_month = matches!((tens, ones), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2'));
                is_month && year.iter().all(u8::is_ascii_digit)
            }
            None => false,
        }
    }

    /// The length in bytes after EMV's tag `5A`.
    fn tag_before(&self, first: usize) -> Option<usize> {
        let before = &self.text.as_bytes()[..self.place(first).start];
        match before.last_chunk::<4>() {
            Some([b'5', b'A' | b'a', b'0', length @ (b'0'..=b'9' | b'A' | b'a')]) => {
                char::from(*length).to_digit(16).map(|bytes| bytes as usize)
            }
            _ => None,
        }
    }

    /// Two digits as a number.
    fn pair(&self, at: usize) -> u8 {
        self.digits[at].value * 10 + self.digits[at + 1].value
    }
}

/// Whether what comes next is the hidden middle of a number, `******1111` or `** **** 1111`: then the digits before it are
/// no number by themselves, and masking again changes nothing.
fn is_part_of_masked(next: impl Iterator<Item = char>) -> bool {
    const FEWEST: usize = SHORTEST - KEPT_FIRST - KEPT_LAST;
    let mut stars = 0;
    for c in next.take(LONGEST * MAX_GAP) {
        match c {
            '*' => stars += 1,
            c if c.is_numeric() || c == '\\' => return stars >= FEWEST,
            c if stars == 0 || c.is_alphanumeric() => return false,
            _ => {}
        }
    }
    false
}

/// Some digits of a run that may be a card's number.
struct Window<'a> {
    run: &'a Run<'a>,
    /// The group the first one is in.
    group: Range<usize>,
    first: usize,
    length: usize,
}

impl Window<'_> {
    /// Is what surrounds it as it is around a card's number?
    fn is_card(&self, lengths: Lengths) -> bool {
        let is_in_one_group = self.is_in_one_group();
        let is_airline = self.run.digits[self.first].value == 1;
        if !lengths.has_whole(self.length) || (is_airline && !is_in_one_group) {
            return false;
        }
        let (opens, closes) = (self.run.opens(self.first), self.run.closes(self.end() - 1));
        (opens && closes && !self.is_date_and_time())
            || (opens && self.has_expiry_after())
            || (is_in_one_group
                && ((closes && self.run.has_track_after(self.end() - 1)) || self.has_tag_before()))
    }

    /// Is it one inside a longer number? Not if it lies across one that is certain: then its digits are chance. A short
    /// one must be where somebody puts one: first, or after its length.
    fn may_be_card(&self, lengths: Lengths) -> bool {
        let is_certain = |digit: &Digit| digit.found == Some(Certain);
        self.is_in_one_group()
            && lengths.has_inside(self.length)
            && (self.length >= 16 || self.run.opens(self.first) || self.has_length_before())
            && !self.is_in_a_time()
            && !self.is_date_and_time()
            && !self.run.digits[self.first..self.end()].iter().any(is_certain)
    }

    /// Two digits that say how many follow, as in messages to banks.
    fn has_length_before(&self) -> bool {
        let start = self.group.start;
        self.first == start + 2
            && self.end() == self.group.end
            && usize::from(self.run.pair(start)) == self.length
    }

    /// An odd number of digits is padded.
    fn has_tag_before(&self) -> bool {
        self.run.tag_before(self.first) == Some(self.length.div_ceil(2))
    }

    fn is_in_one_group(&self) -> bool {
        self.end() <= self.group.end
    }

    fn end(&self) -> usize {
        self.first + self.length
    }

    /// `30`, month, year, hour, minute, second: Diners Club's numbers begin so, and have as many digits.
    fn is_date_and_time(&self) -> bool {
        let pair = |at: usize| self.run.pair(self.first + at);
        self.length == 14
            && pair(0) == 30
            && (1..=12).contains(&pair(2))
            && (19..=20).contains(&pair(4))
            && pair(8) < 24
            && pair(10) < 60
            && pair(12) < 60
    }

    /// Begins in the date that a longer number begins with (`20261231...`), or is in a count of micro- or nanoseconds.
    fn is_in_a_time(&self) -> bool {
        let Range { start, end } = self.group.clone();
        let run = self.run;
        // Beside other digits a part of it may be masked, and then it could not be recognised again.
        let is_alone = start == 0 && end == run.digits.len();
        if !is_alone || !run.opens(start) {
            return false;
        }
        let is_count = matches!(end - start, 16 | 19) && (16..=19).contains(&run.pair(start));
        let begins_with_date = matches!(run.pair(start), 19 | 20)
            && (1..=12).contains(&run.pair(start + 4))
            && (1..=31).contains(&run.pair(start + 6));
        is_count || (begins_with_date && self.first < start + 8)
    }

    /// Year and month follow without a separator: the end of the group, or of a group more data.
    fn has_expiry_after(&self) -> bool {
        let end = self.end();
        let Some(last) = self.run.digits.get(end + 3) else { return false };
        let (year, month) = (self.run.pair(end), self.run.pair(end + 2));
        last.group == self.run.digits[end - 1].group
            && (15..60).contains(&year)
            && (1..=12).contains(&month)
    }
}

/// A text of which some digits are replaced; it is copied only if there are any.
struct Masker<'a> {
    text: &'a str,
    out: String,
    copied: usize,
}

impl<'a> Masker<'a> {
    fn end(&mut self, run: &mut Run<'_>) {
        if run.find() {
            for index in (0..run.digits.len()).filter(|index| run.digits[*index].found.is_some()) {
                let place = run.place(index);
                self.out.push_str(&self.text[self.copied..place.start]);
                self.out.push('*');
                self.copied = place.end;
            }
        }
        run.clear();
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.copied..]);
        Cow::Owned(self.out)
    }
}
