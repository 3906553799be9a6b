//! The story of a run, for people; nothing is written while nobody reads.

use crate::terminal::value_of;

#[derive(Default)]
pub struct Trace {
    pub lines: Option<Vec<String>>,
}

impl Trace {
    pub fn recording() -> Self {
        Trace { lines: Some(Vec::new()) }
    }

    pub fn say(&mut self, at_ms: u64, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>11.3} s  {}", at_ms as f64 / 1_000.0, line()));
        }
    }
}

impl Trace {
    /// The lines for a person: what is asked and answered over and over is told once.
    pub fn story(self) -> String {
        let mut recent: Vec<String> = Vec::new();
        let mut story = String::new();
        for line in self.lines.unwrap_or_default() {
            let words = line.split_whitespace().skip(2).filter(|word| !word.contains("probe-"));
            let gist = words.collect::<Vec<_>>().join(" ");
            if line.contains("probe-") && recent.contains(&gist) {
                continue;
            }
            recent.push(gist);
            if recent.len() > 12 {
                recent.remove(0);
            }
            story.push_str(&line);
            story.push('\n');
        }
        story
    }
}

/// What of a message or an event tells the story.
pub fn short(message: &str) -> String {
    const TELLING: [&str; 12] = [
        "event",
        "topic",
        "request_id",
        "merchant_order_no",
        "order_amount",
        "response_code",
        "trans_status",
        "outcome",
        "sent",
        "message",
        "reason",
        "late_for",
    ];
    let plain = message.replace("\\\"", "\"");
    let parts: Vec<String> = TELLING
        .iter()
        .map(|key| (key, value_of(&plain, key)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| {
            let value = value.replace("ecrhub-probe-", "probe-").replace("ecrhub.pay.", "");
            match *key {
                "event" | "topic" | "outcome" => value,
                "merchant_order_no" => format!("of {value}"),
                key => format!("{key}={value}"),
            }
        })
        .collect();
    if parts.is_empty() { message.chars().take(120).collect() } else { parts.join(" ") }
}
