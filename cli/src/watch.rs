//! Events as they come.

use std::sync::Arc;

use ecrhub::{Polled, Terminal};

use crate::args::Global;
use crate::exit::{Exit, Failure};
use crate::out::Out;
use crate::{interrupt, pay, say, settings};

pub fn run(global: &Global, out: &mut Out) -> Result<Exit, Failure> {
    let config = settings::config(global, None)?;
    let has_journal = config.journal.is_some();
    let url = config.url.clone();
    let terminal = Arc::new(Terminal::connect(config)?);
    interrupt::listen(&terminal)?;
    out.note(&format!("Watching {url} until Ctrl-C."));
    while interrupt::count() == 0 {
        let Polled::Event(delivery) = terminal.poll(None)? else { continue };
        let json = delivery.json().to_owned();
        let event = delivery.accept();
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
    pay::goodbye();
    Ok(Exit::Done)
}
