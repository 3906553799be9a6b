//! The control API: what a person, or a test in another language, steers the terminal with.

use serde_json::{Value, json};

use super::core::Core;
use super::http::{HttpRequest, Response};
use super::settings;
use crate::{AMOUNTS, Behaviour, LedgerEntry, ODDITIES, Oddities};

const PATHS: [(&str, &str); 17] = [
    ("GET", "/state"),
    ("GET", "/ledger"),
    ("GET", "/amounts"),
    ("POST", "/next"),
    ("POST", "/approve"),
    ("POST", "/decline"),
    ("POST", "/cancel"),
    ("POST", "/confirm"),
    ("POST", "/cut"),
    ("POST", "/freeze"),
    ("POST", "/thaw"),
    ("POST", "/refuse"),
    ("POST", "/accept"),
    ("POST", "/oddities"),
    ("POST", "/options"),
    ("POST", "/reset"),
    ("POST", "/push"),
];

/// Carries out one call.
pub(super) fn answer(core: &mut Core, request: &HttpRequest) -> Response {
    let Some((method, path)) = PATHS.iter().find(|(_, path)| *path == request.path) else {
        let allowed: Vec<_> =
            PATHS.iter().map(|(method, path)| format!("{method} {path}")).collect();
        return (
            404,
            json!({"error": format!("there is no {}", request.path), "allowed": allowed}),
        );
    };
    if *method != request.method {
        return (405, json!({"error": format!("{path} takes {method}"), "allowed": [method]}));
    }
    let outcome =
        if *method == "GET" { Ok(get(core, path)) } else { post(core, path, &request.body) };
    core.tick();
    outcome.map_or_else(|refused| refused, |body| (200, body))
}

fn get(core: &Core, path: &str) -> Value {
    match path {
        "/ledger" => Value::Array(core.model.ledger().iter().map(LedgerEntry::to_json).collect()),
        "/amounts" => AMOUNTS.iter().map(amount).collect(),
        _ => state(core),
    }
}

fn amount(row: &crate::Amount) -> Value {
    json!({
        "cents": row.chosen_by(),
        "behaviour": row.name,
        "charged": row.behaviour.charges(),
        "meaning": row.meaning,
    })
}

fn state(core: &Core) -> Value {
    json!({
        "url": format!("ws://{}", core.port.local_address()),
        "connections": core.connections(),
        "sockets": core.sockets(),
        "running": core.model.running(),
        "confirming": core.model.confirming(),
        "queued": core.model.queued(),
        "next": core.model.next().map(Behaviour::name).collect::<Vec<_>>(),
        "oddities": core.model.options().oddities.names(),
        "options": settings::values(core.model.options()),
        "manual": core.model.options().manual,
        "frozen": core.frozen,
        "refusing": core.port.refusing(),
        "received": core.received.len(),
        "charges": core.model.ledger().len(),
    })
}

fn post(core: &mut Core, path: &str, body: &[u8]) -> Result<Value, Response> {
    let now = core.now();
    match path {
        "/next" => return next(core, body),
        "/oddities" => return oddities(core, body),
        "/options" => return options(core, body),
        "/push" => return push(core, body),
        "/approve" => return by_hand(core.model.approve(now)),
        "/decline" => return by_hand(core.model.decline(now)),
        "/cancel" => return by_hand(core.model.cancel(now)),
        "/confirm" => return by_hand(core.model.confirm(now)),
        "/cut" => return Ok(json!({"cut": core.cut_links()})),
        "/freeze" => core.freeze(),
        "/thaw" => core.thaw(),
        "/refuse" => core.refuse(),
        "/accept" => core.accept_again(),
        _ => core.reset(),
    }
    Ok(json!({"done": true}))
}

fn by_hand(done: bool) -> Result<Value, Response> {
    if done {
        Ok(json!({"done": true}))
    } else {
        Err((409, json!({"error": "no order waits for that"})))
    }
}

fn bad(error: &str, allowed: Value) -> Response {
    (400, json!({"error": error, "allowed": allowed}))
}

/// Names from the body: `{"<key>": "name"}`, `{"<key>": ["name", ..]}`, `["name", ..]`, `"name"`, or the bare name.
fn names(body: &[u8], key: &str) -> Option<Vec<String>> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let value = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) => fields.get(key)?.clone(),
        Ok(value) => value,
        Err(_) if text.starts_with(['{', '[', '"']) => return None,
        Err(_) => Value::String(text.to_owned()),
    };
    match value {
        Value::String(name) => Some(vec![name]),
        Value::Array(names) => {
            names.into_iter().map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

fn next(core: &mut Core, body: &[u8]) -> Result<Value, Response> {
    let known = || AMOUNTS.iter().map(|row| Value::from(row.name)).collect();
    let names =
        names(body, "behaviour").ok_or_else(|| bad("send {\"behaviour\": \"name\"}", known()))?;
    let behaviours = names
        .iter()
        .map(|name| Behaviour::from_name(name).ok_or(name))
        .collect::<Result<Vec<_>, _>>();
    let behaviours =
        behaviours.map_err(|name| bad(&format!("no behaviour is named {name:?}"), known()))?;
    behaviours.into_iter().for_each(|behaviour| core.model.set_next(behaviour));
    Ok(json!({"next": core.model.next().map(Behaviour::name).collect::<Vec<_>>()}))
}

fn oddities(core: &mut Core, body: &[u8]) -> Result<Value, Response> {
    let known = || ODDITIES.iter().map(|(name, _)| Value::from(*name)).collect();
    let names =
        names(body, "oddities").ok_or_else(|| bad("send {\"oddities\": [\"name\"]}", known()))?;
    let oddities = Oddities::from_names(names.iter().map(String::as_str));
    let oddities =
        oddities.map_err(|name| bad(&format!("no oddity is named {name:?}"), known()))?;
    core.model.set_oddities(oddities);
    Ok(json!({"oddities": oddities.names()}))
}

fn options(core: &mut Core, body: &[u8]) -> Result<Value, Response> {
    let wanted = serde_json::from_slice(body)
        .map_err(|_| bad("send {\"name of an option\": value}", settings::names()))?;
    let mut outcome = Ok(());
    core.model.configure(|options| outcome = settings::change(options, &wanted));
    outcome.map_err(|error| bad(&error, settings::names()))?;
    Ok(json!({"options": settings::values(core.model.options())}))
}

fn push(core: &mut Core, body: &[u8]) -> Result<Value, Response> {
    let wanted = || {
        bad(
            "send {\"text\": \"a message\"} or {\"hex\": \"bytes for the socket\"}",
            json!(["text", "hex"]),
        )
    };
    let fields: Value = serde_json::from_slice(body).map_err(|_| wanted())?;
    let count = match (fields["text"].as_str(), fields["hex"].as_str()) {
        (Some(text), None) => core.push(|link, odd| link.send(text, odd)),
        (None, Some(hex)) => {
            let bytes = unhex(hex).ok_or_else(wanted)?;
            core.push(|link, _| link.send_bytes(&bytes))
        }
        _ => return Err(wanted()),
    };
    Ok(json!({"pushed": count}))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits =
        text.bytes().map(|byte| char::from(byte).to_digit(16)).collect::<Option<Vec<_>>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}
