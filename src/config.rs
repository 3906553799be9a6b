//! What `ecrhub_connect` takes: one terminal, and how patient to be with it.

#![forbid(unsafe_code)]

mod address;

use std::ops::RangeInclusive;

use crate::error::{Error, Result, Status};
use crate::protocol::members::{Members, Value};
use crate::redact;

pub use address::Address;
use address::address;
pub(crate) use address::{canonical_name, without_secrets};

const DAY_MS: u32 = 86_400_000;
const KIB: u32 = 1_024;
const GIB: u32 = 1_073_741_824;

/// How strictly requests are checked before they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validation {
    /// Every rule of the protocol.
    #[default]
    Strict,
    /// Only what would make an answer impossible to match.
    Lenient,
}

/// One terminal and how to treat it. All times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The terminal's address as the caller gave it, `[ws://]host[:port][/path]`; blanks around it do not count.
    pub url: String,
    /// The payment application's id; used when a request carries none (not empty).
    pub app_id: Option<String>,
    /// Name look-up, TCP and handshake together (1 ms to a day).
    pub connect_timeout_ms: u32,
    /// How long a request may wait for its first byte to leave (1 ms to a day).
    pub send_timeout_ms: u32,
    /// How long an order's answer may take (1 ms to a day).
    pub order_timeout_ms: u32,
    /// How long the answer to any other request may take (1 ms to a day).
    pub request_timeout_ms: u32,
    /// How long an order is found out before it is closed (1 ms to a day).
    pub recovery_timeout_ms: u32,
    /// Between two queries while an order is found out (1 ms to a day).
    pub recovery_interval_ms: u32,
    /// Between two queries for an order that completed as `unknown`; 0 for never (at most a day).
    pub clarify_interval_ms: u32,
    /// How many days after it became `unknown` an order is still asked about; 0 for no limit (at most 36,500).
    pub clarify_days: u32,
    /// When the terminal is asked once more about an order it refused or did not know; 0 for never (at most a day).
    pub second_look_ms: u32,
    /// Whether an order that cannot be recovered is closed. A terminal may take a close for whatever is on its screen:
    /// false where several tills share one.
    pub close_lost_orders: bool,
    /// Between two pings; 0 for never (at most a day).
    pub ping_interval_ms: u32,
    /// Between two pings while a request is in flight; 0 for as at other times (at most a day).
    pub ping_interval_busy_ms: u32,
    /// How long a ping may stay unanswered before the connection counts as lost (1 ms to a day).
    pub ping_timeout_ms: u32,
    /// The shortest pause before connecting again (1 ms to `reconnect_max_ms`).
    pub reconnect_min_ms: u32,
    /// The longest pause before connecting again (1 ms to a day).
    pub reconnect_max_ms: u32,
    /// The largest message the terminal may send (1 KiB to 1 GiB).
    pub max_message_bytes: u32,
    /// What events other than completions may take up while they wait; beyond it the oldest are dropped. Where completions
    /// take up more, requests are refused, and a long answer to one in flight loses its text (1 KiB to 1 GiB).
    pub max_queue_bytes: u32,
    /// Requests in flight and completions not fetched, together (1 to 1,000,000). Completions that are delivered
    /// again from earlier processes do not count.
    pub max_in_flight: u32,
    /// The terminal's name in the journal; the `url` when not given (not empty).
    pub terminal: Option<String>,
    /// Former names of the terminal, or addresses it had: orders open in the journal under them become its own.
    pub terminal_was: Vec<String>,
    /// How strictly requests are checked.
    pub validation: Validation,
    /// The journal's file; none by default (not empty).
    pub journal: Option<String>,
    /// How long acknowledged orders stay in the journal, in days (1 to 36,500).
    pub journal_keep_days: u32,
}

impl Config {
    /// The defaults for a terminal at `url`.
    ///
    /// The address is checked by [`Config::check`], which [`Terminal::connect`](crate::Terminal::connect) calls.
    pub fn new(url: impl Into<String>) -> Self {
        Config {
            url: url.into(),
            app_id: None,
            connect_timeout_ms: 5_000,
            send_timeout_ms: 10_000,
            order_timeout_ms: 180_000,
            request_timeout_ms: 30_000,
            recovery_timeout_ms: 60_000,
            recovery_interval_ms: 2_000,
            clarify_interval_ms: 30_000,
            clarify_days: 7,
            second_look_ms: 30_000,
            close_lost_orders: true,
            ping_interval_ms: 15_000,
            ping_interval_busy_ms: 2_000,
            ping_timeout_ms: 10_000,
            reconnect_min_ms: 500,
            reconnect_max_ms: 15_000,
            max_message_bytes: 4_194_304,
            max_queue_bytes: 16_777_216,
            max_in_flight: 1_024,
            terminal: None,
            terminal_was: Vec::new(),
            validation: Validation::Strict,
            journal: None,
            journal_keep_days: 400,
        }
    }

    /// Reads a configuration object, or a bare URL: what begins with `{` is an object.
    ///
    /// It is taken whole or refused whole; the error names every key that is wrong, what is allowed and what was given.
    pub fn parse(text: &str) -> Result<Config> {
        if !text.trim_ascii_start().starts_with('{') {
            let config = Config::new(text.trim());
            config.check()?;
            return Ok(config);
        }
        let members = Members::read_strictly(text).map_err(|why| {
            Error::new(Status::Json, format!("the configuration is refused: {why}"))
        })?;
        let mut config = Config::new("");
        let mut faults = Vec::new();
        for (name, _) in members.iter() {
            match (KEYS.iter().find(|key| key.name == name), members.get(name)) {
                (Some(_), Some(Value::Null)) => {}
                (Some(key), Some(value)) => faults.extend(key.take(&mut config, value)),
                _ => faults.push(unknown_key(name)),
            }
        }
        match members.get("url") {
            None | Some(Value::Null) => faults.push("url: required, but missing".to_owned()),
            Some(Value::Text(_)) => faults.extend(address(&config.url).err()),
            Some(_) => {}
        }
        faults.extend(config.value_faults());
        refuse(faults)?;
        Ok(config)
    }

    /// Checks every value, as [`Config::parse`] does, and returns where to connect to.
    pub fn check(&self) -> Result<Address> {
        let address = address(&self.url);
        let mut faults: Vec<String> = address.as_ref().err().cloned().into_iter().collect();
        faults.extend(self.value_faults());
        refuse(faults)?;
        address.map_err(|fault| Error::new(Status::Config, fault))
    }

    /// What is wrong with the values of all keys but `url`.
    fn value_faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = KEYS.iter().filter_map(|key| key.fault(self)).collect();
        if self.reconnect_min_ms > self.reconnect_max_ms {
            faults.push(format!(
                "reconnect_min_ms: at most reconnect_max_ms, which is {}, got {}",
                self.reconnect_max_ms, self.reconnect_min_ms
            ));
        }
        faults
    }

    /// The `url` as it may be shown and logged: `***` for its query, in which secrets stand.
    pub fn shown_url(&self) -> String {
        without_secrets(&self.url)
    }

    /// The name under which the journal keeps this terminal's orders: `terminal`, else the `url` in one spelling,
    /// whichever it was given in.
    pub fn terminal_name(&self) -> String {
        match (&self.terminal, address(&self.url)) {
            (Some(name), _) => canonical_name(name),
            (None, Ok(address)) => address.canonical(),
            (None, Err(_)) => self.shown_url(),
        }
    }

    /// The names under which the journal may have kept this terminal's orders before.
    pub fn former_names(&self) -> Vec<String> {
        let spellings = |name: &String| {
            [Some(canonical_name(name)), address(name).ok().map(|address| address.canonical())]
        };
        let mut names: Vec<String> =
            self.terminal_was.iter().flat_map(spellings).flatten().collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| *name != self.terminal_name());
        names
    }
}

/// One key of the configuration object.
struct Key {
    name: &'static str,
    kind: Kind,
}

/// What a key's value is, and where it is kept.
enum Kind {
    Url,
    Validation,
    Count {
        range: RangeInclusive<u32>,
        get: fn(&Config) -> u32,
        set: fn(&mut Config, u32),
    },
    Flag {
        #[cfg(test)]
        get: fn(&Config) -> bool,
        set: fn(&mut Config, bool),
    },
    Text {
        get: fn(&Config) -> Option<&str>,
        set: fn(&mut Config, String),
    },
    Texts {
        get: fn(&Config) -> &[String],
        set: fn(&mut Config, Vec<String>),
    },
}

/// A whole number; the key is named like its field.
macro_rules! count {
    ($field:ident, $range:expr) => {
        Key {
            name: stringify!($field),
            kind: Kind::Count {
                range: $range,
                get: |config| config.$field,
                set: |config, value| config.$field = value,
            },
        }
    };
}

/// True or false; the key is named like its field.
macro_rules! flag {
    ($field:ident) => {
        Key {
            name: stringify!($field),
            kind: Kind::Flag {
                #[cfg(test)]
                get: |config| config.$field,
                set: |config, value| config.$field = value,
            },
        }
    };
}

/// A text that may be left out; the key is named like its field.
macro_rules! text {
    ($field:ident) => {
        Key {
            name: stringify!($field),
            kind: Kind::Text {
                get: |config| config.$field.as_deref(),
                set: |config, value| config.$field = Some(value),
            },
        }
    };
}

/// Several texts; the key is named like its field.
macro_rules! texts {
    ($field:ident) => {
        Key {
            name: stringify!($field),
            kind: Kind::Texts {
                get: |config| &config.$field,
                set: |config, value| config.$field = value,
            },
        }
    };
}

/// Every key there is.
const KEYS: [Key; 25] = [
    Key { name: "url", kind: Kind::Url },
    text!(app_id),
    count!(connect_timeout_ms, 1..=DAY_MS),
    count!(send_timeout_ms, 1..=DAY_MS),
    count!(order_timeout_ms, 1..=DAY_MS),
    count!(request_timeout_ms, 1..=DAY_MS),
    count!(recovery_timeout_ms, 1..=DAY_MS),
    count!(recovery_interval_ms, 1..=DAY_MS),
    count!(clarify_interval_ms, 0..=DAY_MS),
    count!(clarify_days, 0..=36_500),
    count!(second_look_ms, 0..=DAY_MS),
    flag!(close_lost_orders),
    count!(ping_interval_ms, 0..=DAY_MS),
    count!(ping_interval_busy_ms, 0..=DAY_MS),
    count!(ping_timeout_ms, 1..=DAY_MS),
    count!(reconnect_min_ms, 1..=DAY_MS),
    count!(reconnect_max_ms, 1..=DAY_MS),
    count!(max_message_bytes, KIB..=GIB),
    count!(max_queue_bytes, KIB..=GIB),
    count!(max_in_flight, 1..=1_000_000),
    text!(terminal),
    texts!(terminal_was),
    Key { name: "validation", kind: Kind::Validation },
    text!(journal),
    count!(journal_keep_days, 1..=36_500),
];

impl Key {
    /// Puts a value into the configuration; what it may be beyond its type is judged by [`Key::fault`].
    /// Returns what is wrong with it.
    fn take(&self, config: &mut Config, value: Value<'_>) -> Option<String> {
        match (&self.kind, value) {
            (Kind::Url, Value::Text(url)) => config.url = url.trim().to_owned(),
            (Kind::Text { set, .. }, Value::Text(text)) => set(config, text.into_owned()),
            (Kind::Texts { set, .. }, Value::Array(json)) => {
                match serde_json::from_str::<Vec<String>>(json) {
                    Ok(texts) => set(config, texts),
                    Err(_) => return Some(self.wrong_type(&Value::Array(json))),
                }
            }
            (Kind::Flag { set, .. }, Value::Bool(value)) => set(config, value),
            (Kind::Validation, Value::Text(word)) if word == "strict" => {
                config.validation = Validation::Strict
            }
            (Kind::Validation, Value::Text(word)) if word == "lenient" => {
                config.validation = Validation::Lenient
            }
            (Kind::Count { set, range, .. }, Value::Number(digits)) if is_whole(digits) => {
                match digits.parse() {
                    Ok(number) => set(config, number),
                    // Negative, or past what the field can hold, and so outside of any range.
                    Err(_) => return Some(self.out_of_range(range, digits)),
                }
            }
            (_, other) => return Some(self.wrong_type(&other)),
        }
        None
    }

    /// What is wrong with the value in a configuration.
    fn fault(&self, config: &Config) -> Option<String> {
        match &self.kind {
            Kind::Url | Kind::Validation | Kind::Flag { .. } => None,
            Kind::Count { range, get, .. } => {
                let value = get(config);
                (!range.contains(&value)).then(|| self.out_of_range(range, &value.to_string()))
            }
            Kind::Text { get, .. } => (get(config) == Some("")).then(|| self.empty_text()),
            Kind::Texts { get, .. } => {
                get(config).iter().any(String::is_empty).then(|| self.empty_text())
            }
        }
    }

    fn empty_text(&self) -> String {
        format!("{}: a text that is not empty, got \"\"", self.name)
    }

    fn out_of_range(&self, range: &RangeInclusive<u32>, value: &str) -> String {
        format!("{}: {} to {}, got {}", self.name, range.start(), range.end(), shown(value))
    }

    fn wrong_type(&self, value: &Value<'_>) -> String {
        let wanted = match &self.kind {
            Kind::Url | Kind::Text { .. } => "a text".to_owned(),
            Kind::Texts { .. } => "an array of texts".to_owned(),
            Kind::Flag { .. } => "true or false".to_owned(),
            Kind::Validation => "\"strict\" or \"lenient\"".to_owned(),
            Kind::Count { range, .. } => {
                format!(
                    "a whole number from {} to {}, without quotes, point or exponent",
                    range.start(),
                    range.end()
                )
            }
        };
        let got = match value {
            Value::Text(text) => format!("{:?}", shown(text)),
            Value::Number(digits) => format!("the number {}", shown(digits)),
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Array(json) if matches!(self.kind, Kind::Texts { .. }) => shown(json),
            other => other.kind().to_owned(),
        };
        format!("{}: {wanted} expected, got {got}", self.name)
    }
}

/// Each key, the type of its value and its default as JSON, for what describes the library to others.
#[cfg(test)]
pub(crate) fn described_keys() -> Vec<(&'static str, &'static str, Option<String>)> {
    let defaults = Config::new("");
    let describe = |key: &Key| match &key.kind {
        Kind::Url | Kind::Text { .. } => (key.name, "text", None),
        Kind::Texts { .. } => (key.name, "texts", Some("[]".to_owned())),
        Kind::Validation => (key.name, "text", Some("\"strict\"".to_owned())),
        Kind::Flag { get, .. } => (key.name, "flag", Some(get(&defaults).to_string())),
        Kind::Count { get, .. } => (key.name, "number", Some(get(&defaults).to_string())),
    };
    KEYS.iter().map(describe).collect()
}

/// `5000`, not `5000.0` and not `5e3`.
fn is_whole(digits: &str) -> bool {
    digits.strip_prefix('-').unwrap_or(digits).bytes().all(|byte| byte.is_ascii_digit())
}

fn shown(value: &str) -> String {
    redact::excerpt(value.as_bytes(), 64)
}

fn refuse(faults: Vec<String>) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(Status::Config, faults.join("; ")))
}

fn unknown_key(name: &str) -> String {
    let nearest = KEYS.iter().map(|key| (edits(name, key.name), key.name)).min();
    match nearest {
        Some((edits, known)) if edits <= 3 => {
            format!("{:?}: no such key, did you mean {known:?}?", shown(name))
        }
        _ => {
            let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
            format!("{:?}: no such key; there are {}", shown(name), known.join(", "))
        }
    }
}

/// How many letters must be put in, taken out or changed to make one word of the other (Levenshtein), in any case.
/// Words much longer than any key are not measured.
fn edits(given: &str, known: &str) -> usize {
    if given.len() > 2 * known.len() + 3 {
        return usize::MAX;
    }
    let known: Vec<char> = known.chars().collect();
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (i, a) in given.chars().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in known.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[known.len()]
}

#[cfg(test)]
mod tests;
