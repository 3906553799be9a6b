//! The scenarios as they are written down.

use serde_json::{Map, Value};

use crate::support::root;

/// One scenario of the list.
pub struct Scenario {
    /// What it shows, a sentence.
    pub name: String,
    /// What the terminal is started with beside the defaults.
    pub simulator: Map<String, Value>,
    /// What happens, in order.
    pub steps: Vec<Map<String, Value>>,
}

/// All of `conformance.json`.
pub fn scenarios() -> Vec<Scenario> {
    let text = std::fs::read_to_string(root().join("tests/bindings/conformance.json")).unwrap();
    let list: Value = serde_json::from_str(&text).expect("conformance.json is JSON");
    let scenarios = list["scenarios"].as_array().expect("a list of scenarios");
    scenarios.iter().map(scenario).collect()
}

fn scenario(value: &Value) -> Scenario {
    let object = |value: &Value| value.as_object().cloned();
    Scenario {
        name: value["name"].as_str().expect("a scenario has a name").to_owned(),
        simulator: object(&value["simulator"]).unwrap_or_default(),
        steps: value["steps"]
            .as_array()
            .expect("a scenario has steps")
            .iter()
            .map(|step| object(step).expect("a step is an object"))
            .collect(),
    }
}
