//! Taking apart what nearly every message is: one JSON object without escapes. Each of its bytes is looked at once.
//!
//! It says no to anything that is not plainly that, be it wrong or only unusual. A full JSON reader then decides, and
//! finds the words for what is wrong.

use crate::json::{first_quote, first_special};

/// How deep values may be nested here; a bit for each level must fit.
const DEEPEST: u32 = 60;

/// An object's members in the order they were written: names without quotes, values as their own text.
pub(super) type Members<'a> = Vec<(&'a str, &'a str)>;

/// A message taken apart as far as that is done at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<M> {
    pub(super) envelope: M,
    /// The object that is its last `biz_data`. Where there is none, the envelope may still have one that is not plain.
    pub(super) biz_data: Option<M>,
    /// It is known to have no blank but in its strings.
    pub(super) is_compact: bool,
}

/// Takes an object apart; none where it has more than so many members.
pub(super) fn members(json: &str, most: usize) -> Option<Members<'_>> {
    let mut taken = Taken::at_most(most);
    read::<false, _>(json, &mut taken)?;
    Some(taken.envelope)
}

/// Takes a message apart, and at the same time its `biz_data`.
pub(super) fn message(json: &str, most: usize) -> Option<Parts<Members<'_>>> {
    let mut taken = Taken::at_most(most);
    let is_compact = read::<true, _>(json, &mut taken)?;
    Some(Parts { envelope: taken.envelope, biz_data: taken.biz_data, is_compact })
}

/// Shows a message's members to `visitor`, those of its `biz_data` before `biz_data` itself. None also where the visitor
/// ends it.
pub(super) fn visit<'a>(json: &'a str, visitor: &mut impl Visitor<'a>) -> Option<()> {
    read::<true, _>(json, visitor).map(|_| ())
}

/// Who is shown the members of an object as they are read.
pub(super) trait Visitor<'a> {
    /// A message's `biz_data` begins, an object or not.
    fn begin_biz_data(&mut self, is_object: bool) -> Option<()>;

    /// One of `biz_data`'s, or of the object itself.
    fn member(&mut self, is_of_biz_data: bool, member: Member<'a>) -> Option<()>;
}

/// A member: its name without quotes, its value's text, and where both stand, from the name's quote to the value's end.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) json: &'a str,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// How many members there is space for from the start: as many as nearly every object has.
const USUAL_MEMBERS: usize = 32;

/// Keeps what it is shown.
struct Taken<'a> {
    envelope: Members<'a>,
    biz_data: Option<Members<'a>>,
    /// How many more.
    left: usize,
}

impl Taken<'_> {
    fn at_most(left: usize) -> Self {
        Taken { envelope: Vec::with_capacity(USUAL_MEMBERS), biz_data: None, left }
    }
}

impl<'a> Visitor<'a> for Taken<'a> {
    fn begin_biz_data(&mut self, is_object: bool) -> Option<()> {
        self.biz_data = is_object.then(|| Vec::with_capacity(USUAL_MEMBERS));
        Some(())
    }

    #[inline(always)]
    fn member(&mut self, is_of_biz_data: bool, member: Member<'a>) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        let members = if is_of_biz_data { self.biz_data.as_mut()? } else { &mut self.envelope };
        members.push((member.name, member.json));
        Some(())
    }
}

/// Whether it has no blanks but in its strings; none where it is not plain.
fn read<'a, const IS_MESSAGE: bool, V: Visitor<'a>>(
    json: &'a str,
    visitor: &mut V,
) -> Option<bool> {
    let (mut has_escape, mut has_control) = (false, false);
    for byte in json.bytes() {
        has_escape |= byte == b'\\';
        has_control |= byte < 0x20;
    }
    match (has_escape, has_control) {
        // An escape, or what looks like one.
        (true, _) => None,
        (false, false) => Reader::<false>::of(json).whole::<IS_MESSAGE, V>(visitor),
        (false, true) => Reader::<true>::of(json).whole::<IS_MESSAGE, V>(visitor),
    }
}

/// `HAS_CONTROL`: there are control characters, maybe in a string; without any, the next quote is a string's end.
struct Reader<'a, const HAS_CONTROL: bool> {
    json: &'a str,
    at: usize,
    is_compact: bool,
}

impl<'a, const HAS_CONTROL: bool> Reader<'a, HAS_CONTROL> {
    fn of(json: &'a str) -> Self {
        Reader { json, at: 0, is_compact: true }
    }

    fn whole<const IS_MESSAGE: bool, V: Visitor<'a>>(mut self, visitor: &mut V) -> Option<bool> {
        self.skip_blanks();
        self.object::<IS_MESSAGE, V>(false, visitor)?;
        self.skip_blanks();
        (self.at == self.json.len()).then_some(self.is_compact)
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn take(&mut self, wanted: u8) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    #[inline(always)]
    fn expect(&mut self, wanted: u8) -> Option<()> {
        self.take(wanted).then_some(())
    }

    #[inline(always)]
    fn skip_blanks(&mut self) {
        // Nearly always there is none.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.skip_some_blanks();
        }
    }

    #[cold]
    fn skip_some_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
            self.is_compact = false;
        }
    }

    /// Of a message, `biz_data` is the object of that name.
    fn object<const IS_MESSAGE: bool, V: Visitor<'a>>(
        &mut self,
        is_biz_data: bool,
        visitor: &mut V,
    ) -> Option<()> {
        self.expect(b'{')?;
        self.skip_blanks();
        if self.take(b'}') {
            return Some(());
        }
        loop {
            let from = self.at;
            let name = self.name()?;
            let start = self.at;
            if IS_MESSAGE && name == "biz_data" {
                self.biz_data(visitor)?;
            } else {
                self.value()?;
            }
            let (json, to) = (self.json.get(start..self.at)?, self.at);
            visitor.member(is_biz_data, Member { name, json, from, to })?;
            self.skip_blanks();
            if self.take(b',') {
                self.skip_blanks();
            } else {
                return self.expect(b'}');
            }
        }
    }

    /// What stands under this name.
    fn biz_data<V: Visitor<'a>>(&mut self, visitor: &mut V) -> Option<()> {
        let is_object = self.peek() == Some(b'{');
        visitor.begin_biz_data(is_object)?;
        if is_object { self.object::<false, V>(true, visitor) } else { self.value() }
    }

    /// A name, its colon, and the blanks around it.
    #[inline(always)]
    fn name(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        self.string()?;
        let name = self.json.get(start..self.at - 1)?;
        self.skip_blanks();
        self.expect(b':')?;
        self.skip_blanks();
        Some(name)
    }

    #[inline(always)]
    fn value(&mut self) -> Option<()> {
        if self.peek() == Some(b'"') { self.string() } else { self.skip_value() }
    }

    /// A value, however deep it goes: brackets are counted, and not walked into.
    fn skip_value(&mut self) -> Option<()> {
        // One bit for each open bracket, set for an object's.
        let (mut depth, mut kinds) = (0_u32, 0_u64);
        loop {
            let mut is_complete = true;
            match self.peek()? {
                opening @ (b'{' | b'[') => {
                    let is_object = opening == b'{';
                    self.at += 1;
                    self.skip_blanks();
                    if !self.take(if is_object { b'}' } else { b']' }) {
                        depth += 1;
                        if depth > DEEPEST {
                            return None;
                        }
                        kinds = kinds << 1 | u64::from(is_object);
                        is_complete = false;
                        if is_object {
                            self.name()?;
                        }
                    }
                }
                b'"' => self.string()?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.number()?,
            }
            while is_complete {
                if depth == 0 {
                    return Some(());
                }
                let is_object = kinds & 1 == 1;
                self.skip_blanks();
                if self.take(b',') {
                    self.skip_blanks();
                    if is_object {
                        self.name()?;
                    }
                    is_complete = false;
                } else {
                    self.expect(if is_object { b'}' } else { b']' })?;
                    depth -= 1;
                    kinds >>= 1;
                }
            }
        }
    }

    /// A string without escapes.
    #[inline(always)]
    fn string(&mut self) -> Option<()> {
        let (first, rest) = self.json.as_bytes().get(self.at..)?.split_first()?;
        let length = if HAS_CONTROL { first_special(rest)? } else { first_quote(rest)? };
        self.at += length + 2;
        (*first == b'"' && (!HAS_CONTROL || rest[length] == b'"')).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let is_there = self.json.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        is_there.then_some(())
    }

    /// A number without an exponent.
    fn number(&mut self) -> Option<()> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        // An exponent, or a second digit after a leading zero.
        (!matches!(self.peek(), Some(b'e' | b'E' | b'0'..=b'9'))).then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    fn members(json: &str) -> Option<Members<'_>> {
        super::members(json, usize::MAX)
    }

    fn message(json: &str) -> Option<Parts<Members<'_>>> {
        super::message(json, usize::MAX)
    }

    #[test]
    fn no_more_members_are_taken_than_may_be() {
        let json = r#"{"a":1,"biz_data":{"b":2,"c":3},"d":4}"#;
        assert!(super::message(json, 5).is_some());
        assert_eq!(super::message(json, 4), None);
        assert!(super::members(json, 3).is_some());
        assert_eq!(super::members(json, 2), None);
    }

    #[test]
    fn a_plain_object_is_taken_apart() {
        let json = r#" { "a" : "x" , "b":-0.50, "c":[ { } ,[],{"d":[1,{"e":null}]},"y",[false,true]],"":true } "#;
        let expected = [
            ("a", "\"x\""),
            ("b", "-0.50"),
            ("c", r#"[ { } ,[],{"d":[1,{"e":null}]},"y",[false,true]]"#),
            ("", "true"),
        ];
        assert_eq!(members(json).unwrap(), expected);
        assert_eq!(members("{}").unwrap(), []);
        assert_eq!(members("{ }\n").unwrap(), []);
    }

    #[test]
    fn a_message_is_taken_apart_with_its_biz_data() {
        let json =
            r#"{"biz_data":{"x":1},"topic":"t","biz_data" : {"a":[{}],"biz_data":{"b":2}} }"#;
        let taken = message(json).unwrap();
        assert_eq!(Some(taken.envelope), members(json));
        assert_eq!(taken.biz_data.unwrap(), [("a", "[{}]"), ("biz_data", r#"{"b":2}"#)]);
        for without in ["{}", r#"{"biz_data":[1]}"#, r#"{"biz_data":{},"biz_data":"x"}"#] {
            let taken = message(without).unwrap();
            assert_eq!((taken.envelope, taken.biz_data), (members(without).unwrap(), None));
        }
        assert_eq!(message(r#"{"biz_data":{"a":01}}"#), None);
        assert_eq!(message(r#"{"biz_data":{"a":1}"#), None);
    }

    #[test]
    fn blanks_between_the_tokens_are_noticed_wherever_they_are() {
        let is_compact = |json: &str| message(json).unwrap().is_compact;
        assert!(is_compact(r#"{"a b":" é ","d":[1,{"e f":null}],"biz_data":{"g":" "}}"#));
        for blank in [" ", "\t", "\n", "\r"] {
            for place in 0..9 {
                let mut blanks = [""; 9];
                blanks[place] = blank;
                let [a, b, c, d, e, f, g, h, i] = blanks;
                let json = format!("{a}{{{b}\"x\"{c}:{d}[{e}1{f}]{g},\"y\":{{{h}}}}}{i}");
                assert!(!is_compact(&json), "{json:?}");
            }
        }
    }

    #[test]
    fn whatever_is_not_plain_is_left_to_others() {
        let not_plain = [
            "",
            " ",
            "{",
            "[]",
            "1",
            "\"x\"",
            "null",
            "{}x",
            "{}{}",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[1 2]}"#,
            r#"{"a":{"b"}}"#,
            r#"{"a":{"b":1,}}"#,
            r#"{"a":[}]}"#,
            r#"{"a":[1}}"#,
            r#"{"a":{"b":1]}"#,
            r#"{"a":01}"#,
            r#"{"a":-}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":1e5}"#,
            r#"{"a":+1}"#,
            r#"{"a":tru}"#,
            r#"{"a":nul"#,
            r#"{"a":"\n"}"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"\n}",
            r#"{a":1}"#,
            r#"{"a\u0041":1}"#,
            r#"{"a":"x"#,
            r#"{a:1}"#,
            r#"{"a":'x'}"#,
            r#"{"a":1}}"#,
            r#"{"a":truefalse}"#,
            "\u{feff}{}",
        ];
        for json in not_plain {
            assert_eq!(members(json), None, "{json}");
        }
    }

    #[test]
    fn no_depth_overruns_it() {
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(members(&nested(61)).is_some(), "the innermost is empty");
        assert_eq!(members(&nested(62)), None);
        assert_eq!(members(&format!("{{\"a\":{}", "{\"a\":".repeat(100_000))), None);
    }

    /// Bits of JSON in any order: mostly wrong, sometimes not.
    fn nearly_json() -> impl Strategy<Value = String> {
        let bits = vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\":", "1", "-2.50", "0", "1e9", "true",
            "null", " ", "\n", "\"\\n\"", "{\"a\":", "é", "\"é\"",
        ];
        prop::collection::vec(prop::sample::select(bits), 0..14).prop_map(|bits| bits.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_it_takes_the_full_reader_takes_alike(inner in nearly_json()) {
            for json in [format!("{{\"a\":{inner}}}"), format!("{{{inner}}}"), inner] {
                prop_assert_eq!(message(&json).map(|taken| taken.envelope), members(&json));
                let Some(taken) = members(&json) else { continue };
                let value: Value = serde_json::from_str(&json).expect("JSON");
                prop_assert!(value.is_object());
                for (name, text) in taken {
                    let raw: &RawValue = serde_json::from_str(text).expect("a value");
                    prop_assert_eq!(raw.get(), text);
                    prop_assert!(value.get(name).is_some());
                }
            }
        }
    }
}
