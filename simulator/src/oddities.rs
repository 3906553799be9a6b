//! What real terminals were seen to do beside their documentation, each on request.

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
}

impl Oddities {
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
