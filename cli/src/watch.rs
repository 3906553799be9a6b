//! Events as they come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ecrhub::{Polled, Terminal};

use crate::args::Global;
use crate::exit::{Exit, Failure};
use crate::limit::Limit;
use crate::out::{Out, plain};
use crate::{interrupt, masked, pay, say, settings};

pub fn run(global: &Global, out: &mut Out) -> Result<Exit, Failure> {
    let limit = Limit::starts(global.timeout);
    let config = settings::config(global, None)?;
    let has_journal = config.journal.is_some();
    let url = plain(&config.shown_url());
    let terminal = Arc::new(Terminal::connect(config)?);
    interrupt::listen(&terminal)?;
    out.note(&watching(&url, limit));
    while interrupt::count() == 0 {
        let left = limit.ends_at().map(|end| end.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            break;
        }
        let Polled::Event(delivery) = terminal.poll(left)? else { continue };
        let (json, event) = masked::fetched(delivery);
        pay::alarm(&event, out);
        let is_told =
            if out.is_json() { out.json(&json) } else { out.line(&say::event_with_time(&event)) };
        if !is_told {
            // Whoever watched has gone, and there is nothing else to do here.
            break;
        }
        if has_journal {
            pay::acknowledge(&terminal, &event, out);
        }
    }
    pay::goodbye(limit);
    Ok(Exit::Done)
}

fn watching(url: &str, limit: Limit) -> String {
    let end = limit.time().map(|time| format!(" or for {} s", time.as_secs_f64()));
    format!("Watching {url} until Ctrl-C{}.", end.unwrap_or_default())
}
