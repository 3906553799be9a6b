//! What real terminals were seen to do beside their documentation, each on request.

use crate::mangle::Mangle;
use crate::words::Language;

macro_rules! oddities {
    ($($field:ident $name:literal $meaning:literal;)*) => {
        /// The oddities of a terminal; none by default.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Oddities {
            $(#[doc = $meaning] pub $field: bool,)*
        }

        /// The oddities' names and what each does.
        pub static ODDITIES: &[(&str, &str)] = &[$(($name, $meaning),)*];

        impl Oddities {
            /// Switches one by its name; false when there is none of that name.
            pub fn set(&mut self, name: &str, on: bool) -> bool {
                match name {
                    $($name => self.$field = on,)*
                    _ => return false,
                }
                true
            }

            /// The names of those that are on.
            pub fn names(&self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.$field { names.push($name); })*
                names
            }
        }
    };
}

oddities! {
    code_zero "code-zero" "Success is `0` instead of `000`.";
    no_request_id "no-request-id" "Answers have no `request_id`.";
    no_topic "no-topic" "Answers have no `topic`.";
    no_app_id "no-app-id" "Answers have no `app_id`.";
    biz_data_text "biz-data-text" "`biz_data` is a JSON object serialised into a string.";
    biz_data_empty "biz-data-empty" "`biz_data` is an empty string.";
    biz_data_null "biz-data-null" "`biz_data` is null.";
    no_biz_data "no-biz-data" "Answers have no `biz_data`.";
    numbers "numbers" "`biz_data` has numbers where strings are documented.";
    timestamp_number "timestamp-number" "`timestamp` is a number.";
    timestamp_date "timestamp-date" "`timestamp` is like `2024-10-07 05:42:39`.";
    undocumented "undocumented" "Undocumented fields come along at every level.";
    inner_codes "inner-codes" "`response_msg` ends in a bracketed inner code.";
    declined_status "declined-status" "A declined order's answer has `trans_status` `1`.";
    binary "binary" "Messages come in binary frames.";
    fragmented "fragmented" "Messages come in several frames.";
    handshake_reason "handshake-reason" "The handshake says `101 Web Socket Protocol Handshake`.";
    handshake_case "handshake-case" "The handshake's header names are in odd case.";
    frame_with_handshake "frame-with-handshake" "A message comes in the same packet as the handshake's answer.";
    spanish "spanish" "`response_msg` is in Spanish; its codes stay.";
    french "french" "`response_msg` is in French; its codes stay.";
    german "german" "`response_msg` is in German; its codes stay.";
    japanese "japanese" "`response_msg` is in Japanese; its codes stay.";
    chinese "chinese" "`response_msg` is in Chinese; its codes stay.";
    gateway_code_first "gateway-code-first" "A gateway's code is the `response_code`, not in brackets.";
    exponents "exponents" "Amounts are JSON numbers with an exponent: `1E+2`.";
    blanks "blanks" "Amounts have a blank behind them.";
    padded_codes "padded-codes" "`trans_type` and `trans_status` have two digits.";
    number_as_number "number-as-number" "`merchant_order_no` is a JSON number where it is all digits; leading zeros are lost.";
    void_record_3 "void-record-3" "A void's record reads 3.";
    void_answer_3 "void-answer-3" "A void's answer has `trans_status` 3.";
    no_void_record "no-void-record" "A void leaves no record; its original reads 3.";
    no_refused_record "no-refused-record" "An order that is refused leaves no record.";
    found_once_read "found-once-read" "A query says 104 until the card is read.";
    found_once_charged "found-once-charged" "A query says 104 until the order is charged.";
    not_found_et002 "not-found-et002" "A query for an unknown number says `ET002` instead of `104`.";
    not_found_et003 "not-found-et003" "A query for an unknown number says 106 with gateway code ET003.";
    not_found_e04110 "not-found-e04110" "A query for an unknown number says 106 with gateway code E04110.";
    not_found_e04111 "not-found-e04111" "A query for an unknown number says `E04111` instead of `104`.";
    not_found_k015 "not-found-k015" "A query for an unknown number says 106 with inner code K015.";
    close_by_screen "close-by-screen" "A close ends the payment on the screen, whatever number it names.";
    close_authorising "close-authorising" "A close during authorisation is accepted, and ends nothing.";
    numbers_not_checked "numbers-not-checked" "A number may be used again: there is no 113.";
    queue_says_busy "queue-says-busy" "An order that is queued is answered with 101, and served all the same.";
    trailing_comma "trailing-comma" "Every order's answer has a comma behind its last member.";
    byte_order_mark "byte-order-mark" "Every order's answer begins with a byte order mark.";
    trailing_nul "trailing-nul" "Every order's answer ends in a NUL.";
    blanks_around "blanks-around" "Every order's answer has blanks and NULs around it.";
    nan "nan" "Every order's answer has a member that is NaN.";
    single_quotes "single-quotes" "Every order's answer has single quotes.";
    gbk "gbk" "Every order's answer is a binary frame with text in GBK.";
    two_objects "two-objects" "Every order's answer shares its frame with a second object.";
    too_deep "too-deep" "Every order's answer is 65 levels deep.";
    id_case "id-case" "Every order's answer has its `request_id` in the other case.";
    forgets_to_write "forgets-to-write" "A message stays in the queue until the next write on its connection; a pong is one.";
}

impl Oddities {
    /// How every order's own answer is spoilt.
    pub(crate) fn mangle(&self) -> Option<Mangle> {
        let mangles = [
            (self.trailing_comma, Mangle::TrailingComma),
            (self.byte_order_mark, Mangle::ByteOrderMark),
            (self.trailing_nul, Mangle::TrailingNul),
            (self.blanks_around, Mangle::BlanksAround),
            (self.nan, Mangle::Nan),
            (self.single_quotes, Mangle::SingleQuotes),
            (self.gbk, Mangle::Gbk),
            (self.two_objects, Mangle::TwoObjects),
            (self.too_deep, Mangle::TooDeep),
            (self.id_case, Mangle::IdCase),
        ];
        mangles.into_iter().find_map(|(on, mangle)| on.then_some(mangle))
    }

    pub(crate) fn language(&self) -> Language {
        let languages = [
            (self.spanish, Language::Spanish),
            (self.french, Language::French),
            (self.german, Language::German),
            (self.japanese, Language::Japanese),
            (self.chinese, Language::Chinese),
        ];
        languages.into_iter().find_map(|(on, is)| on.then_some(is)).unwrap_or(Language::English)
    }

    /// In what words a query for an unknown number is refused: a code, and an inner code.
    pub(crate) fn not_found(&self) -> (&'static str, Option<&'static str>) {
        match () {
            () if self.not_found_et002 => ("ET002", None),
            () if self.not_found_et003 => ("106", Some("ET003")),
            () if self.not_found_e04110 => ("106", Some("E04110")),
            () if self.not_found_e04111 => ("E04111", None),
            () if self.not_found_k015 => ("106", Some("K015")),
            () => ("104", None),
        }
    }

    /// Those of the names given, or the name that is not known.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Oddities, String> {
        let mut oddities = Oddities::default();
        for name in names {
            if !oddities.set(name, true) {
                return Err(name.to_owned());
            }
        }
        Ok(oddities)
    }
}

/// The oddities as a Markdown table.
pub fn oddities_table() -> String {
    let mut table = String::from("| name | what it does |\n|---|---|\n");
    for (name, meaning) in ODDITIES {
        table.push_str(&format!("| `{name}` | {meaning} |\n"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_switches_its_own() {
        for (name, _) in ODDITIES {
            let oddities = Oddities::from_names([*name]).unwrap();
            assert_eq!(oddities.names(), [*name]);
        }
        assert_eq!(Oddities::from_names(["binary", "nope"]), Err("nope".to_owned()));
    }

    #[test]
    fn the_documentation_has_this_table() {
        assert!(include_str!("../../docs/simulator.md").contains(&oddities_table()));
    }
}
