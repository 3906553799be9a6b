//! The story of a run, for people; nothing is written while nobody reads.

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

/// A message without the parts that only make it long.
pub fn short(message: &str) -> String {
    message.chars().take(330).collect()
}
