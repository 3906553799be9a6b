//! What of the options the control API can change while the terminal runs.

use serde_json::{Map, Value, json};

use crate::{Options, QueueMode};

/// A number of the options, by its name.
type Number = (&'static str, fn(&mut Options) -> &mut u64);
/// A switch of the options, by its name.
type Switch = (&'static str, fn(&mut Options) -> &mut bool);

const NUMBERS: [Number; 11] = [
    ("think_ms", |options| &mut options.think_ms),
    ("slow_ms", |options| &mut options.slow_ms),
    ("very_slow_ms", |options| &mut options.very_slow_ms),
    ("confirm_ms", |options| &mut options.confirm_ms),
    ("authorise_ms", |options| &mut options.authorise_ms),
    ("signature_ms", |options| &mut options.signature_ms),
    ("late_ms", |options| &mut options.late_ms),
    ("restart_ms", |options| &mut options.restart_ms),
    ("freeze_ms", |options| &mut options.freeze_ms),
    ("expires_floor_ms", |options| &mut options.expires_floor_ms),
    ("expires_default_ms", |options| &mut options.expires_default_ms),
];

const SWITCHES: [Switch; 5] = [
    ("manual", |options| &mut options.manual),
    ("test_amounts", |options| &mut options.test_amounts),
    ("push_after_reconnect", |options| &mut options.push_after_reconnect),
    ("close_unknown_fails", |options| &mut options.close_unknown_fails),
    ("close_unknown_forgotten", |options| &mut options.close_unknown_forgotten),
];

/// Every name there is.
pub(super) fn names() -> Value {
    let others = ["memory", "order_queue_mode"];
    NUMBERS
        .iter()
        .map(|(name, _)| *name)
        .chain(SWITCHES.iter().map(|(name, _)| *name))
        .chain(others)
        .collect()
}

/// Takes over every member, or none; the text says what is wrong.
pub(super) fn change(options: &mut Options, wanted: &Map<String, Value>) -> Result<(), String> {
    let mut changed = options.clone();
    for (name, value) in wanted {
        set(&mut changed, name, value).ok_or_else(|| format!("{name} cannot be {value}"))?;
    }
    *options = changed;
    Ok(())
}

fn set(options: &mut Options, name: &str, value: &Value) -> Option<()> {
    if let Some((_, number)) = NUMBERS.iter().find(|(known, _)| *known == name) {
        *number(options) = value.as_u64()?;
    } else if let Some((_, switch)) = SWITCHES.iter().find(|(known, _)| *known == name) {
        *switch(options) = value.as_bool()?;
    } else if name == "memory" {
        options.memory = usize::try_from(value.as_u64()?).ok()?;
    } else if name == "order_queue_mode" {
        options.order_queue_mode = match value {
            Value::Null => None,
            name => Some(QueueMode::from_name(name.as_str()?)?),
        };
    } else {
        return None;
    }
    Some(())
}

/// All of them as they are.
pub(super) fn values(options: &Options) -> Value {
    let mut options = options.clone();
    let mut values = Map::new();
    for (name, number) in NUMBERS {
        values.insert(name.to_owned(), (*number(&mut options)).into());
    }
    for (name, switch) in SWITCHES {
        values.insert(name.to_owned(), (*switch(&mut options)).into());
    }
    values.insert("memory".to_owned(), options.memory.into());
    values.insert(
        "order_queue_mode".to_owned(),
        json!(options.order_queue_mode.map(QueueMode::name)),
    );
    Value::Object(values)
}
