//! The file that keeps what the terminal remembers over a restart of the simulator.

use std::io;
use std::path::Path;

use serde_json::Value;

use crate::Model;

pub(super) fn load(path: &Path, model: &mut Model) -> io::Result<()> {
    let explain = |error: String| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())));
        }
    };
    let snapshot: Value =
        serde_json::from_str(&text).map_err(|error| explain(error.to_string()))?;
    model.restore(&snapshot).map_err(explain)
}

/// Writes beside it and renames, so that a reader never sees half a file.
pub(super) fn save(path: &Path, model: &Model) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, format!("{:#}\n", model.snapshot()))?;
    std::fs::rename(&beside, path)
}
