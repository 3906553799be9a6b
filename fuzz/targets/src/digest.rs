//! What serde_json reads, as one number: for readers in other languages to be compared with.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::answers::depth;

/// Deeper ones are not compared.
const MAX_DEPTH: usize = 64;

/// What an object's reader must come to: `refused`, sixteen digits, or why it is not compared.
pub fn of_object(data: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(data) else { return "not UTF-8".to_owned() };
    if depth(text) > MAX_DEPTH {
        return "too deep".to_owned();
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) if value.get().starts_with('{') => match of(value.get()) {
            Some(digest) => format!("{digest:016x}"),
            None => "half a surrogate pair".to_owned(),
        },
        _ => "refused".to_owned(),
    }
}

/// None where a text is no Unicode. The members of an object count in any order, of a name that comes twice the last one.
fn of(json: &str) -> Option<u64> {
    let digest = match json.as_bytes().first() {
        Some(b'{') => {
            let members: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            let mut sum = 0_u64;
            for (name, value) in members {
                sum = sum.wrapping_add(fnv(&format!("{name}:{:016x}", of(value.get())?)));
            }
            fnv(&format!("{{{sum:016x}"))
        }
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            let each: Option<Vec<String>> = values
                .into_iter()
                .map(|value| of(value.get()).map(|digest| format!("{digest:016x}")))
                .collect();
            fnv(&format!("[{}", each?.join(",")))
        }
        Some(b'"') => fnv(&format!("\"{}", serde_json::from_str::<String>(json).ok()?)),
        _ => fnv(json),
    };
    Some(digest)
}

/// FNV-1a over UTF-8.
fn fnv(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
