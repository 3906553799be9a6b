//! What a response says, field by field. The raw message stays in `response`.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use crate::event::{Clarified, Completed};
use crate::journal::Entry;
use crate::protocol::{self, Code};

/// The getters of everything that carries a response.
macro_rules! read_response {
    ($event:ty) => {
        impl $event {
            /// One of [`Self::fields`]. None where it is missing or empty.
            pub fn field(&self, name: &str) -> Option<String> {
                field(self.response.as_deref()?, name)
            }

            /// Every field of the response, as the event's `fields` has them: `biz_data`'s members over the envelope's,
            /// values that are no text as they were written. Empty without a response.
            pub fn fields(&self) -> BTreeMap<String, String> {
                self.response.as_deref().map(fields).unwrap_or_default()
            }

            /// The terminal's code in words, with one sentence on what the cashier should do. None without a code.
            pub fn code(&self) -> Option<Code> {
                protocol::describe(self.response.as_deref()?).code
            }

            /// `trans_no`: CodePay's transaction number.
            pub fn trans_no(&self) -> Option<String> {
                self.field("trans_no")
            }

            /// `card_no`: the masked card number.
            pub fn card_no(&self) -> Option<String> {
                self.field("card_no")
            }

            /// `auth_code`: the issuer's authorization code.
            pub fn auth_code(&self) -> Option<String> {
                self.field("auth_code")
            }

            /// `order_amount` as the terminal says it, in major units.
            pub fn order_amount(&self) -> Option<String> {
                self.field("order_amount")
            }

            /// `response_code`: `"000"` is success. The outcome is what it means for the money.
            pub fn response_code(&self) -> Option<String> {
                self.field("response_code")
            }

            /// `response_msg`: the terminal's words on why it failed.
            pub fn response_msg(&self) -> Option<String> {
                self.field("response_msg")
            }
        }
    };
}

read_response!(Completed);
read_response!(Clarified);
read_response!(Entry);

/// [`protocol::describe`] writes texts only, so the map is always readable.
fn fields(response: &str) -> BTreeMap<String, String> {
    serde_json::from_str(&protocol::describe(response).fields).unwrap_or_default()
}

fn field(response: &str, name: &str) -> Option<String> {
    fields(response).remove(name).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{field, fields};

    #[test]
    fn a_field_is_found_in_whatever_shape_a_terminal_writes() {
        for biz_data in [
            r#"{"trans_no":"77","n":1.50,"t":true}"#,
            r#""{\"trans_no\":77,\"n\":\"1.50\",\"t\":\"true\"}""#,
        ] {
            let text =
                format!(r#"{{"response_code":"000","trans_no":"outside","biz_data":{biz_data}}}"#);
            assert_eq!(field(&text, "trans_no").as_deref(), Some("77"), "{text}");
            assert_eq!(
                field(&text, "n").as_deref(),
                Some("1.50"),
                "digits stay as they are: {text}"
            );
            assert_eq!(field(&text, "t").as_deref(), Some("true"), "{text}");
            assert_eq!(field(&text, "response_code").as_deref(), Some("000"), "{text}");
            assert_eq!(field(&text, "nothing"), None, "{text}");
            assert_eq!(
                fields(&text)["trans_no"],
                "77",
                "biz_data goes before the envelope: {text}"
            );
            assert!(!fields(&text).contains_key("biz_data"), "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_none() {
        for text in [
            r#"{"biz_data":""}"#,
            r#"{"biz_data":null}"#,
            r#"{"biz_data":{"x":""}}"#,
            r#"{"biz_data":{"x":null}}"#,
            r#"{"biz_data":"no object"}"#,
            "not json",
        ] {
            assert_eq!(field(text, "x"), None, "{text}");
        }
    }
}
