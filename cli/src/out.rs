//! Standard output and error, and the live line between them.
//!
//! Nobody reading any more (a broken pipe) is no reason to stop: a payment under way has an outcome all the same, and
//! what was not told is not acknowledged.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Within the narrowest of terminals.
const WIDTH: usize = 78;

pub struct Out {
    is_json: bool,
    is_live: bool,
    /// Columns the live line takes up now.
    shown: usize,
    /// Nobody gets what is written any more.
    is_broken: bool,
    /// And that is not because the reader had enough.
    has_failed: bool,
    /// Takes colours away where they do not belong: NO_COLOR, no terminal.
    coloured: anstream::Stdout,
}

impl Out {
    pub fn new(is_json: bool) -> Out {
        let is_live = !is_json && io::stdout().is_terminal();
        Out {
            is_json,
            is_live,
            shown: 0,
            is_broken: false,
            has_failed: false,
            coloured: anstream::stdout(),
        }
    }

    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether a live line is shown, and has to be kept moving.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// A line of the result. False when nobody got it.
    pub fn line(&mut self, text: &str) -> bool {
        self.clear();
        if self.is_broken {
            return false;
        }
        let written = writeln!(self.coloured, "{text}").and_then(|()| self.coloured.flush());
        self.is_written(written)
    }

    /// A JSON object, on one line.
    pub fn json(&mut self, object: &str) -> bool {
        self.write(format!("{}\n", plain_json(object)).as_bytes())
    }

    /// Bytes of the result, as they are. False when nobody got them.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        if self.is_broken {
            return false;
        }
        let mut stdout = io::stdout();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        self.is_written(written)
    }

    /// Whether something of the result is missing where it should be: a full disk.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }

    fn is_written(&mut self, written: io::Result<()>) -> bool {
        if let Err(error) = &written {
            self.is_broken = true;
            if error.kind() != ErrorKind::BrokenPipe {
                self.has_failed = true;
                self.note(&format!("standard output cannot be written: {error}"));
            }
        }
        written.is_ok()
    }

    /// A line beside the result, on standard error.
    pub fn note(&mut self, text: &str) {
        self.clear();
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// A line on standard error that must not be overlooked. False when nobody got it.
    pub fn alarm(&mut self, text: &str) -> bool {
        self.clear();
        writeln!(anstream::stderr(), "\u{1b}[1;31m{text}\u{1b}[0m").is_ok()
    }

    /// Replaces the live line.
    pub fn live(&mut self, text: &str) {
        if !self.is_live || self.is_broken {
            return;
        }
        let text: String = text.chars().take(WIDTH).collect();
        let columns = text.chars().count();
        let blanks = self.shown.saturating_sub(columns);
        self.shown = columns;
        self.write(format!("\r{text}{}", " ".repeat(blanks)).as_bytes());
    }

    /// Takes the live line away.
    pub fn clear(&mut self) {
        let shown = std::mem::take(&mut self.shown);
        if shown > 0 {
            self.write(format!("\r{}\r", " ".repeat(shown)).as_bytes());
        }
    }
}

/// A text of the terminal's, or of a file's, as it may be shown: nothing in it steers the screen.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// The same of JSON, which stays what it is: line breaks and other blanks are outside strings, where they mean nothing, and
/// whatever else steers is inside them, where it may be an escape.
pub fn plain_json(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | '\r' | '\t' => plain.push(' '),
            // Writing to a String cannot fail.
            c if steers(c) => drop(write!(plain, "\\u{:04x}", u32::from(c))),
            c => plain.push(c),
        }
    }
    plain
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Names and values in two columns.
pub fn pairs(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().map(|(name, value)| format!("  {name:<width$}  {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Words in lines of at most 78 columns, each after so many blanks.
pub fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && indent + line + 1 + word.chars().count() > WIDTH {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            let blank = if line.is_empty() { "" } else { " " };
            *line = format!("{line}{blank}{word}");
        }
    }
    let blanks = " ".repeat(indent);
    lines.iter().map(|line| format!("{blanks}{line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_advice_is_wrapped_between_words() {
        let text = wrapped(&"word ".repeat(40), 4);
        assert!(text.lines().count() > 2);
        assert!(text.lines().all(|line| line.starts_with("    word") && line.len() <= WIDTH));
        assert_eq!(text.split_whitespace().count(), 40);
    }

    #[test]
    fn nothing_from_outside_steers_the_screen() {
        assert_eq!(
            plain("a\u{1b}[2Jb\r\nc\u{202e}d é 元"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\u{fffd}d é 元"
        );
    }

    #[test]
    fn json_on_a_screen_says_the_same_and_steers_nothing() {
        let json = "{\r\n\t\"a\u{9b}2J\": \"b\u{202e}\u{7f}é 元\"}";
        let plain = plain_json(json);
        assert_eq!(plain, r#"{   "a\u009b2J": "b\u202e\u007fé 元"}"#);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(json), value(&plain));
    }

    #[test]
    fn values_stand_below_each_other() {
        let text = pairs(&[("a", "1".to_owned()), ("long", "2".to_owned())]);
        assert_eq!(text, "  a     1\n  long  2");
    }
}
