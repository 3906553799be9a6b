//! Options, environment and a file become one configuration. An option goes before the environment, and that before the
//! file.

use std::path::Path;

use ecrhub::Config;
use serde_json::Value;

use crate::args::Global;
use crate::exit::Failure;

/// The configuration for talking to a terminal. `url` goes before everything else.
pub fn config(global: &Global, url: Option<&str>) -> Result<Config, Failure> {
    let url = url.or(global.url.as_deref()).map(full_url);
    let mut config = match (&global.config, &url) {
        (Some(file), _) => read(file, url.as_deref())?,
        (None, Some(url)) => Config::new(url),
        (None, None) => {
            let message = "which terminal? Give --url ws://HOST, or set ECRHUB_URL";
            return Err(Failure::Usage(message.to_owned()));
        }
    };
    if let Some(url) = url {
        config.url = url;
    }
    if let Some(app_id) = &global.app_id {
        config.app_id = Some(app_id.clone());
    }
    if let Some(journal) = &global.journal {
        config.journal = Some(text_of(journal)?);
    }
    config.check()?;
    Ok(config)
}

/// The journal's file, for commands that need no terminal.
pub fn journal(global: &Global) -> Result<String, Failure> {
    let journal = match (&global.journal, &global.config) {
        (Some(journal), _) => Some(text_of(journal)?),
        (None, Some(file)) => read(file, Some("ws://localhost"))?.journal,
        (None, None) => None,
    };
    journal.ok_or_else(|| {
        Failure::Usage("which journal? Give --journal FILE, or set ECRHUB_JOURNAL".to_owned())
    })
}

/// A bare host is meant as `ws://host`.
fn full_url(url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { format!("ws://{url}") }
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::Usage(format!("{} is not UTF-8", path.display())))
}

/// Reads a configuration object. It may leave out the `url` when there is another one.
fn read(file: &Path, url: Option<&str>) -> Result<Config, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::System(format!("{shown} cannot be read: {error}")))?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let Some(members) = text.strip_prefix('{') else {
        return Err(Failure::System(format!("{shown} is no JSON object")));
    };
    // The library reads the text itself, so that it can refuse what a second reader would have smoothed over.
    let lacks_url =
        matches!(serde_json::from_str(text), Ok(Value::Object(map)) if !map.contains_key("url"));
    let text = match url {
        Some(url) if lacks_url => {
            let comma = if members.trim_start().starts_with('}') { "" } else { "," };
            format!("{{\"url\":{}{comma}{members}", Value::from(url))
        }
        _ => text.to_owned(),
    };
    Config::parse(&text).map_err(|error| Failure::System(format!("{shown}: {error}")))
}
