//! Plays one scenario: steps go to the runner, to the terminal, or to the till's process.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ecrhub_simulator::{Oddities, Options, Simulator};
use serde_json::{Map, Value, json};

use crate::languages::Language;
use crate::list::Scenario;
use crate::matching::difference;
use crate::runner::Runner;
use crate::support::Build;

type Step = Map<String, Value>;

/// Longer than anything takes that works.
const SOON: Duration = Duration::from_secs(20);

struct Play<'a> {
    language: &'a Language,
    terminal: Simulator,
    runner: Runner,
    /// Those that were left behind by a second one, kept until the end.
    others: Vec<Runner>,
    folder: PathBuf,
    /// The `request_id` of each order, by its number.
    ids: HashMap<String, String>,
}

/// Plays a scenario; the error names the step, and what came instead.
pub fn play(scenario: &Scenario, language: &Language) -> Result<(), String> {
    let mut play = Play {
        language,
        terminal: terminal(&scenario.simulator)?,
        runner: Runner::start(language.command())?,
        others: Vec::new(),
        folder: folder(),
        ids: HashMap::new(),
    };
    std::fs::create_dir_all(&play.folder).map_err(|error| error.to_string())?;
    for (place, step) in scenario.steps.iter().enumerate() {
        let shown = Value::Object(step.clone());
        play.step(step).map_err(|why| format!("step {}, {shown}\n  {why}", place + 1))?;
    }
    play.end()
}

fn terminal(options: &Step) -> Result<Simulator, String> {
    let names = options.get("oddities").and_then(Value::as_array).cloned().unwrap_or_default();
    let oddities = Oddities::from_names(names.iter().filter_map(Value::as_str))
        .map_err(|name| format!("no such oddity: {name}"))?;
    let options = Options { slow_ms: 300, restart_ms: 300, oddities, ..Options::default() };
    Simulator::start(options).map_err(|error| error.to_string())
}

fn folder() -> PathBuf {
    static PLAYS: AtomicU32 = AtomicU32::new(0);
    let play = PLAYS.fetch_add(1, Ordering::Relaxed);
    Build::scratch(&format!("conformance-{}-{play}", std::process::id()))
}

impl Play<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        if step.contains_key("do") {
            return self.command(step);
        }
        match (text(step, "runner"), text(step, "terminal")) {
            (Some("kill"), _) => {
                let next = Runner::start(self.language.command())?;
                std::mem::replace(&mut self.runner, next).kill();
                Ok(())
            }
            (Some("second"), _) => {
                let next = Runner::start(self.language.command())?;
                self.others.push(std::mem::replace(&mut self.runner, next));
                Ok(())
            }
            (_, Some(what)) => self.happens(what, step),
            _ => self.look(step),
        }
    }

    fn happens(&self, what: &str, step: &Step) -> Result<(), String> {
        let terminal = &self.terminal;
        let done = match what {
            "cut" => terminal.cut_link() > 0,
            "refuse" => {
                terminal.refuse_connections(true);
                true
            }
            "accept" => {
                terminal.refuse_connections(false);
                true
            }
            "approve" => terminal.approve(),
            "push" => terminal.push_text(text(step, "text").unwrap_or_default()) > 0,
            "is_paying" => {
                let number = text(step, "order");
                terminal.wait_until(SOON, |terminal| terminal.running().as_deref() == number)
            }
            _ => return Err(format!("nothing a terminal does: {what}")),
        };
        if done { Ok(()) } else { Err(format!("the terminal had nothing to {what}")) }
    }

    /// At the money, and at what reached the terminal.
    fn look(&self, step: &Step) -> Result<(), String> {
        if let Some(ledger) = step.get("ledger").and_then(Value::as_object) {
            for (number, expected) in ledger {
                let charges = self.terminal.charges(number);
                if json!(charges) != *expected {
                    return Err(format!(
                        "{number} should be charged {expected} times, was {charges}"
                    ));
                }
            }
            return Ok(());
        }
        if let Some(expected) = step.get("charged") {
            let entries = self.terminal.ledger().len();
            return if json!(entries) == *expected {
                Ok(())
            } else {
                Err(format!("{expected} movements of money expected, there were {entries}"))
            };
        }
        let parts = step.get("received").and_then(Value::as_array).ok_or("an unknown step")?;
        let received = self.terminal.received().join("\n");
        let missing = parts.iter().filter_map(Value::as_str).find(|part| !received.contains(part));
        missing.map_or(Ok(()), |part| Err(format!("{part} is not in what was sent: {received}")))
    }

    fn command(&mut self, step: &Step) -> Result<(), String> {
        let mut command = step.clone();
        let expected = command.remove("expect").map(|expected| self.fill_in(&expected));
        command.entry("on").or_insert(json!("t1"));
        let verb = text(step, "do").unwrap_or_default();
        if verb == "connect" {
            let config = self.config(step.get("config"));
            command.insert("config".to_owned(), config);
        }
        if matches!(verb, "event" | "wait") {
            command.entry("timeout_ms").or_insert(json!(20_000));
        }
        if self.language.is_raw && matches!(verb, "order" | "interrupt_order") {
            command.insert("message".to_owned(), message(step)?);
        }
        let command = self.fill_in(&Value::Object(command));
        let mut answer = self.runner.ask(&command)?;
        if self.language.is_raw {
            answer = tidy(answer);
        }
        self.remember(step, &answer);
        let expected = match expected {
            Some(expected) => self.fill_in(&expected),
            None if verb == "submit" => json!({"submitted": {"request_id": "*"}}),
            None if verb == "start" => json!({"started": {"request_id": "*"}}),
            None => json!({"done": true}),
        };
        difference(&expected, &answer).map_or(Ok(()), |why| Err(format!("{why}\n  in {answer}")))
    }

    fn config(&self, given: Option<&Value>) -> Value {
        let mut config = json!({
            "url": self.terminal.url(), "app_id": "conformance",
            "reconnect_min_ms": 20, "reconnect_max_ms": 100, "recovery_interval_ms": 50,
        });
        if let (Some(config), Some(given)) =
            (config.as_object_mut(), given.and_then(Value::as_object))
        {
            config.extend(given.clone());
        }
        config
    }

    fn remember(&mut self, step: &Step, answer: &Value) {
        let number = step.get("args").and_then(|args| args.get("order_no")).or_else(|| {
            step.get("message")
                .and_then(|message| message.get("biz_data")?.get("merchant_order_no"))
        });
        let ids = ["completed", "submitted", "started", "interrupted"];
        let id = ids.iter().find_map(|key| answer.get(key)?.get("request_id")?.as_str());
        if let (Some(number), Some(id)) = (number.and_then(Value::as_str), id) {
            // A query or a close of the same number has an id of its own.
            self.ids.entry(number.to_owned()).or_insert_with(|| id.to_owned());
        }
    }

    /// Puts the folder and the ids in the places that are kept for them.
    fn fill_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some(rest) if rest.starts_with("dir") => {
                    json!(text.replacen("$dir", &self.folder.to_string_lossy(), 1))
                }
                Some(number) => self.ids.get(number).map_or_else(|| value.clone(), |id| json!(id)),
                None => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.fill_in(item)).collect(),
            Value::Object(members) => Value::Object(
                members.iter().map(|(key, value)| (key.clone(), self.fill_in(value))).collect(),
            ),
            other => other.clone(),
        }
    }

    fn end(self) -> Result<(), String> {
        self.runner.finish()?;
        for other in self.others {
            other.finish()?;
        }
        std::fs::remove_dir_all(&self.folder).map_err(|error| error.to_string())
    }
}

fn text<'a>(step: &'a Step, key: &str) -> Option<&'a str> {
    step.get(key).and_then(Value::as_str)
}

/// What the typed languages make of a verb and its arguments, for those that only have messages.
fn message(step: &Step) -> Result<Value, String> {
    let contract = include_str!("../../bindings/contract.json");
    let contract: Value = serde_json::from_str(contract).map_err(|error| error.to_string())?;
    let verb = text(step, "verb").unwrap_or("sale");
    let mut biz_data = Map::new();
    let topic = match &contract["verbs"][verb] {
        Value::String(trans_type) => {
            biz_data.insert("trans_type".to_owned(), json!(trans_type));
            &contract["topics"]["order"]
        }
        _ => &contract["topics"][verb],
    };
    for (name, value) in step.get("args").and_then(Value::as_object).into_iter().flatten() {
        let wire = match name.as_str() {
            "order_no" => "merchant_order_no",
            "original_order_no" => "orig_merchant_order_no",
            "amount" => "order_amount",
            "currency" => "price_currency",
            same => same,
        };
        biz_data.insert(wire.to_owned(), value.clone());
    }
    let mut message = json!({"topic": topic, "biz_data": biz_data});
    if text(step, "do") == Some("interrupt_order") {
        message["request_id"] = json!("interrupted-by-the-till");
    }
    Ok(message)
}

/// The line that the typed languages make of an outcome begins with its word.
fn tidy(mut answer: Value) -> Value {
    let Some(members) = answer.as_object_mut() else { return answer };
    for key in ["completed", "event"] {
        if let Some(event) = members.get_mut(key)
            && let Some(event) = event.as_object_mut()
        {
            let line = event.get("outcome").cloned();
            event.insert("line".to_owned(), line.unwrap_or_default());
        }
    }
    answer
}
