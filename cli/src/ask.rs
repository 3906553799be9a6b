//! What is asked of the terminal: the command line as a request.

use std::hash::{BuildHasher, RandomState};
use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use ecrhub::kind::Kind;
use ecrhub::protocol::{CLOSE, ORDER, QUERY};
use ecrhub::{Authorization, Cashback, Completion, Order, Refund, Sale, Void};
use serde_json::{Value, json};

use crate::args::{Command, OrderOptions};
use crate::clock;
use crate::exit::Failure;
use crate::out::plain;
use crate::say::Deed;

/// A request, and what has to be known of it to speak about it.
#[derive(Debug)]
pub struct Ask {
    pub json: String,
    pub deed: Deed,
    pub number: Option<String>,
    /// `Sale 34.50 USD`
    pub title: String,
}

impl Ask {
    pub fn is_order(&self) -> bool {
        self.deed.is_order()
    }
}

/// What a command asks. Commands that ask nothing of a terminal do not come here.
pub fn of(command: Command) -> Result<Ask, Failure> {
    let json = match command {
        Command::Sale { amount, options } => build(&options, |number| Sale::new(number, &amount)),
        Command::Void { original, amount, options } => build(&options, |number| {
            let void = Void::new(number, &original);
            match &amount {
                Some(amount) => void.amount(amount),
                None => void,
            }
        }),
        Command::Refund { original, amount, options } => {
            build(&options, |number| Refund::new(number, &original, &amount))
        }
        Command::Auth { amount, options } => {
            build(&options, |number| Authorization::new(number, &amount))
        }
        Command::Complete { original, amount, options } => {
            build(&options, |number| Completion::new(number, &original, &amount))
        }
        Command::Cashback { amount, cash, options } => {
            build(&options, |number| Cashback::new(number, &amount, &cash))
        }
        Command::Query { number } => about(QUERY, &number),
        Command::Close { number } => about(CLOSE, &number),
        Command::Send { request, file } => read(request, file.as_deref())?,
        Command::Watch | Command::Doctor { .. } | Command::Journal { .. } => {
            return Err(Failure::System("this command asks nothing of a terminal".to_owned()));
        }
    };
    Ok(describe(json))
}

/// A request that says nothing but which order it is about.
pub fn about(topic: &str, number: &str) -> String {
    json!({"topic": topic, "biz_data": {"merchant_order_no": number}}).to_string()
}

type Set<K, V> = fn(Order<K>, V) -> Order<K>;

fn build<K: Kind>(options: &OrderOptions, begin: impl Fn(&str) -> Order<K>) -> String {
    let number = options.order.clone().unwrap_or_else(fresh_number);
    let mut order = begin(&number);
    for (text, set) in texts(options) {
        if let Some(text) = text {
            order = set(order, text);
        }
    }
    for (flag, set) in flags(options) {
        if flag {
            order = set(order, true);
        }
    }
    if let Some(seconds) = options.expires {
        order = order.expires(seconds);
    }
    for (name, text) in &options.field {
        order = order.field(name, text);
    }
    order.to_json()
}

fn texts<K: Kind>(options: &OrderOptions) -> [(Option<&str>, Set<K, &str>); 10] {
    [
        (options.currency.as_deref(), Order::currency),
        (options.tip.as_deref(), Order::tip_amount),
        (options.tax.as_deref(), Order::tax_amount),
        (options.pay_method.as_deref(), Order::pay_method),
        (options.scenario.as_deref(), Order::pay_scenario),
        (options.card_type.as_deref(), Order::card_type),
        (options.attach.as_deref(), Order::attach),
        (options.description.as_deref(), Order::description),
        (options.notify_url.as_deref(), Order::notify_url),
        (options.receipt.as_deref(), Order::receipt_print_mode),
    ]
}

fn flags<K: Kind>(options: &OrderOptions) -> [(bool, Set<K, bool>); 4] {
    [
        (options.ask_tip, Order::on_screen_tip),
        (options.confirm, Order::confirm_on_terminal),
        (options.manager, Order::required_terminal_authentication),
        (options.sign_on_screen, Order::on_screen_signature),
    ]
}

/// A number nobody has used: the time, for whoever looks for it, and 45 random bits. No letter in it looks like another.
pub fn fresh_number() -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let random = RandomState::new().hash_one((std::process::id(), clock::now_ms()));
    let letters = (0..9).map(|i| char::from(LETTERS[(random >> (5 * i)) as usize % LETTERS.len()]));
    format!("E{}{}", clock::stamp(), letters.collect::<String>())
}

fn read(request: Option<String>, file: Option<&Path>) -> Result<String, Failure> {
    let cannot = |what: String, error: std::io::Error| {
        Failure::System(format!("{what} cannot be read: {error}"))
    };
    let text = match (request, file) {
        (Some(request), _) if request != "-" => return Ok(request),
        (_, Some(file)) => std::fs::read_to_string(file)
            .map_err(|error| cannot(file.display().to_string(), error))?,
        _ => {
            if std::io::stdin().is_terminal() {
                let _ = writeln!(std::io::stderr(), "The request, as JSON, then Ctrl-D:");
            }
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| cannot("standard input".to_owned(), error))?;
            text
        }
    };
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Reads back what a request is about. One that cannot be read is refused by the library, in its own words.
fn describe(json: String) -> Ask {
    let request: Value = serde_json::from_str(&json).unwrap_or(Value::Null);
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let inside = |name: &str| text(&request["biz_data"][name]);
    let topic = text(&request["topic"]).unwrap_or_default();
    let deed = Deed::of(&topic, inside("trans_type").as_deref());
    let number = inside("merchant_order_no");
    let mut title = match deed {
        Deed::Other => topic.clone(),
        known => known.name().to_owned(),
    };
    if topic == ORDER {
        let about = [
            inside("orig_merchant_order_no").map(|number| format!("of {number}")),
            inside("order_amount"),
            inside("price_currency"),
            inside("cashback_amount").map(|amount| format!("with {amount} in cash")),
        ];
        for part in about.into_iter().flatten() {
            title = format!("{title} {part}");
        }
    }
    Ask { json, deed, number, title: plain(&title) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_number_is_one_the_protocol_takes_and_no_other() {
        let numbers: std::collections::HashSet<String> =
            (0..1_000).map(|_| fresh_number()).collect();
        assert_eq!(numbers.len(), 1_000);
        for number in numbers {
            assert!(
                number.len() <= 32 && number.bytes().all(|b| b.is_ascii_alphanumeric()),
                "{number}"
            );
        }
    }

    #[test]
    fn a_title_says_what_it_is_about() {
        let ask = describe(Refund::new("R1", "S1", "4.50").currency("USD").to_json());
        assert_eq!(ask.title, "Refund of S1 4.50 USD");
        assert_eq!(ask.number.as_deref(), Some("R1"));
        assert!(ask.is_order());
        let ask = describe("no json".to_owned());
        assert_eq!((ask.number, ask.deed), (None, Deed::Other));
    }
}
