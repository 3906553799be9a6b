//! One request, from connecting to its outcome.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ecrhub::protocol::{CLOSE, ORDER};
use ecrhub::{Completed, Event, EventKind, Outcome, Polled, Terminal};

use crate::args::Global;
use crate::ask::{self, Ask};
use crate::exit::{Exit, Failure};
use crate::limit::Limit;
use crate::out::{Out, plain};
use crate::{interrupt, masked, say, settings};

/// How often the live line moves.
const TICK: Duration = Duration::from_millis(120);

pub fn run(global: &Global, ask: &Ask, out: &mut Out) -> Result<Exit, Failure> {
    let limit = Limit::starts(global.timeout);
    let mut config = settings::config(global, None)?;
    limit.apply(&mut config, ask.is_order());
    if !ask.is_order() {
        // A question keeps nothing, and must not be refused because a till owns the journal.
        config.journal = None;
    }
    let has_journal = config.journal.is_some();
    let gives_up_at = limit.gives_up_at().filter(|_| ask.is_order() && config.close_lost_orders);
    let terminal = Arc::new(Terminal::connect(config)?);
    let prepared = terminal.prepare(&ask.json)?;
    let request_id = prepared.request_id().to_owned();
    interrupt::listen(&terminal)?;
    announce(ask, out);
    if interrupt::count() > 0 {
        out.note("Left before anything was sent.");
        return Ok(Exit::NotSent);
    }
    terminal.submit(prepared, limit.for_the_answer(ask.is_order()))?;
    let mut wait = Wait {
        terminal: &terminal,
        ask,
        out,
        has_journal,
        request_id,
        limit,
        gives_up_at,
        closing: None,
        handled: 0,
        stage: Stage::Connecting,
        since: Instant::now(),
        last_trouble: None,
    };
    let exit = wait.until_over()?;
    if exit != Exit::Interrupted {
        goodbye(limit);
    }
    Ok(exit)
}

/// The order's number is told before the order leaves: it is what to ask for if nothing more is ever heard.
fn announce(ask: &Ask, out: &mut Out) {
    let line = match &ask.number {
        Some(number) => format!("{}, order {}", ask.title, plain(number)),
        None => ask.title.clone(),
    };
    if out.is_json() {
        out.note(&line);
    } else {
        out.line(&line);
    }
}

/// Closes the connection properly. Terminals slow down over sockets that are left open.
pub fn goodbye(limit: Limit) {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        ecrhub::shutdown();
        // Nobody listens any more when it took too long.
        let _ = done.send(());
    });
    let _ = is_done.recv_timeout(limit.for_goodbye());
}

/// What the live line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Waiting,
    Recovering,
    Closing,
}

struct Wait<'a> {
    terminal: &'a Terminal,
    ask: &'a Ask,
    out: &'a mut Out,
    has_journal: bool,
    request_id: String,
    limit: Limit,
    /// When an order that still waits for the customer is given up.
    gives_up_at: Option<Instant>,
    /// The close that Ctrl-C sent, or the end of the time.
    closing: Option<String>,
    /// Presses of Ctrl-C that have had their effect.
    handled: usize,
    stage: Stage,
    since: Instant,
    last_trouble: Option<String>,
}

impl Wait<'_> {
    fn until_over(&mut self) -> Result<Exit, Failure> {
        loop {
            self.show();
            if let Some(exit) = self.on_time() {
                return Ok(exit);
            }
            match self.terminal.poll(self.patience())? {
                Polled::Event(delivery) => {
                    let (json, event) = masked::fetched(delivery);
                    if let Some(exit) = self.on_event(&json, &event) {
                        return Ok(exit);
                    }
                }
                Polled::Timeout | Polled::Interrupted => {}
            }
            while self.handled < interrupt::count() {
                self.handled += 1;
                if let Some(exit) = self.on_interrupt() {
                    return Ok(exit);
                }
            }
        }
    }

    /// How long nothing has to be done here while no event comes.
    fn patience(&self) -> Option<Duration> {
        let tick = self.out.is_live().then_some(TICK);
        let due = [self.gives_up_at, self.limit.ends_at()].into_iter().flatten().min();
        let left = due.map(|due| due.saturating_duration_since(Instant::now()));
        [tick, left].into_iter().flatten().min()
    }

    /// An order that the customer has not paid in time is given up; whatever is open at the end stays open.
    fn on_time(&mut self) -> Option<Exit> {
        let now = Instant::now();
        let time = self.limit.time()?.as_secs_f64();
        if self.gives_up_at.take_if(|due| *due <= now).is_some() && self.stage == Stage::Waiting {
            // While it is being found out what became of the order, the library knows when it may be closed.
            self.out.note("The time is nearly up. Giving the order up.");
            self.give_up();
        }
        if self.limit.ends_at()? > now {
            return None;
        }
        match self.ask.number.as_deref().filter(|_| self.ask.is_order()) {
            Some(number) => {
                let open = say::left_open(number, self.has_journal);
                self.out.note(&format!("No outcome within {time} s: {open}"));
            }
            None => self.out.note(&format!("No answer within {time} s.")),
        }
        Some(Exit::Unknown)
    }

    fn on_event(&mut self, json: &str, event: &Event) -> Option<Exit> {
        self.follow(event);
        let is_told = if self.out.is_json() { self.print(json, event) } else { self.tell(event) };
        if self.has_journal && is_told {
            acknowledge(self.terminal, event, self.out);
        }
        match &event.kind {
            EventKind::Completed(done) if done.request_id == self.request_id => {
                Some(Exit::of(done.outcome))
            }
            _ => None,
        }
    }

    fn follow(&mut self, event: &Event) {
        let is_closing = self.closing.is_some();
        match &event.kind {
            EventKind::Connected { .. } if self.stage == Stage::Connecting => {
                self.stage = Stage::Waiting;
            }
            EventKind::Recovering { request_id, .. }
                if *request_id == self.request_id && !is_closing =>
            {
                self.stage = Stage::Recovering;
            }
            _ => {}
        }
    }

    /// The event for a program, and beside it what a person must not overlook; true when the program got it.
    fn print(&mut self, json: &str, event: &Event) -> bool {
        alarm(event, self.out);
        self.out.json(json)
    }

    /// Says an event to a person; true when it was the result, and got there.
    fn tell(&mut self, event: &Event) -> bool {
        match &event.kind {
            EventKind::Completed(done) if done.request_id == self.request_id => self.result(done),
            EventKind::Completed(done) if Some(&done.request_id) == self.closing.as_ref() => {
                self.out.note(match done.outcome {
                    Outcome::Ok => "The terminal gives the order up.",
                    Outcome::Refused => "The terminal does not give the order up.",
                    _ => "The terminal did not say whether it gives the order up.",
                });
                true
            }
            EventKind::Completed(_) => {
                self.out.line(&format!("From earlier: {}", say::event(event)))
            }
            EventKind::Clarified(clarified) => self.out.alarm(&say::correction(clarified)),
            EventKind::Connected { .. } => true,
            // The same trouble once is enough; the attempts go on.
            EventKind::Disconnected { error, .. } => {
                let trouble = plain(&error.to_string());
                if self.last_trouble.as_ref() != Some(&trouble) {
                    self.out.note(&format!("Not connected: {trouble}. Trying again."));
                    self.last_trouble = Some(trouble);
                }
                true
            }
            // The live line shows it.
            EventKind::Recovering { .. } if self.out.is_live() => true,
            _ => {
                self.out.note(&say::event(event));
                true
            }
        }
    }

    fn result(&mut self, done: &Completed) -> bool {
        let is_told = self.out.line(&format!("\n{}", say::result(self.ask.deed, done)));
        if let (Outcome::Unknown, true, Some(number)) =
            (done.outcome, self.ask.is_order(), &done.merchant_order_no)
        {
            self.out.line(&format!("\n{}", say::after_unknown(number, self.has_journal)));
        }
        is_told
    }

    /// The first Ctrl-C gives an order up and waits for what became of it; the second one leaves. What is no order is
    /// left at once.
    fn on_interrupt(&mut self) -> Option<Exit> {
        let number = self.ask.number.clone().unwrap_or_default();
        if !self.ask.is_order() {
            self.out.note("Left before the answer came.");
            return Some(Exit::Interrupted);
        }
        if self.handled > 1 {
            let open = say::left_open(&number, self.has_journal);
            self.out.note(&format!("Left before the outcome was known: {open}"));
            return Some(Exit::Interrupted);
        }
        self.out.note("Giving the order up. Ctrl-C again leaves at once, with the order open.");
        self.give_up();
        None
    }

    fn give_up(&mut self) {
        let number = self.ask.number.clone().unwrap_or_default();
        self.stage = Stage::Closing;
        let sent = self.terminal.prepare(&ask::about(CLOSE, &number)).and_then(|close| {
            let id = close.request_id().to_owned();
            self.terminal.submit(close, None).map(|()| id)
        });
        match sent {
            Ok(id) => self.closing = Some(id),
            Err(error) => self.out.note(&format!("The order cannot be given up: {error}")),
        }
    }

    fn show(&mut self) {
        if self.out.is_live() {
            let elapsed = self.since.elapsed();
            self.out.live(&live_line(self.stage, self.ask.is_order(), elapsed));
        }
    }
}

fn live_line(stage: Stage, is_order: bool, elapsed: Duration) -> String {
    let turn = elapsed.as_millis() / TICK.as_millis() % 4;
    let spinner = ["|", "/", "-", "\\"][usize::try_from(turn).unwrap_or(0)];
    let what = match stage {
        Stage::Connecting => "Connecting",
        Stage::Waiting if is_order => "Waiting for the terminal (Ctrl-C gives the order up)",
        Stage::Waiting => "Waiting for the answer",
        Stage::Recovering => "Finding out what became of the order",
        Stage::Closing => "Giving the order up (Ctrl-C leaves at once)",
    };
    format!("{spinner} {what}  {} s", elapsed.as_secs())
}

/// Says on standard error what must not be overlooked, whatever is printed: a corrected outcome, an order that was
/// approved otherwise than it was sent.
pub fn alarm(event: &Event, out: &mut Out) {
    let text = match &event.kind {
        EventKind::Clarified(clarified) => Some(say::correction(clarified)),
        EventKind::Completed(done) => say::warning(&done.differs),
        _ => None,
    };
    if let Some(text) = text {
        out.alarm(&text);
    }
}

/// What was told is not told again.
pub fn acknowledge(terminal: &Terminal, event: &Event, out: &mut Out) {
    let (request_id, outcome) = match &event.kind {
        EventKind::Completed(done) if done.topic == ORDER => (&done.request_id, done.outcome),
        EventKind::Clarified(clarified) => (&clarified.request_id, clarified.outcome),
        _ => return,
    };
    // Where it has been corrected meanwhile, the correction comes as the next event.
    if let Err(error) = terminal.acknowledge(request_id, outcome) {
        out.note(&format!(
            "The journal does not note that this was told; it will be told again: {error}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_line_says_what_is_waited_for_and_how_long() {
        let second = Duration::from_millis(12_300);
        assert!(
            live_line(Stage::Waiting, true, second)
                .ends_with("Waiting for the terminal (Ctrl-C gives the order up)  12 s")
        );
        assert!(live_line(Stage::Recovering, true, second).contains("Finding out"));
        assert!(live_line(Stage::Waiting, false, second).contains("answer"));
        assert_ne!(
            live_line(Stage::Waiting, true, second),
            live_line(Stage::Waiting, true, second + TICK)
        );
    }
}
