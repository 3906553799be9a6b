//! What the shim wrote down: every call of a till, in order.

use std::path::Path;

/// One call.
pub struct Call {
    pub name: String,
    /// `-` for calls that are not about the journal's files, `send` excepted.
    pub kind: String,
    pub file: String,
    /// `done`, or what went wrong with it.
    pub fate: String,
}

/// All calls of one run. The last line may be cut off where the till died.
pub fn read(path: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let call = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, _, name, kind, file, _, fate] = words[..] else {
            panic!("{}: a line that is none: {line}", path.display())
        };
        let [name, kind, file, fate] = [name, kind, file, fate].map(str::to_owned);
        Call { name, kind, file, fate }
    };
    text.lines().map(call).collect()
}
