//! What a till wrote down, against what the terminal did.

use std::collections::{BTreeMap, HashMap};

use ecrhub::Status;
use ecrhub::journal::Entry;
use serde_json::Value;

/// The outcomes an order may end with. `unknown` is none of them: once everything works again it is clarified.
const FINAL: [&str; 6] = ["approved", "declined", "cancelled", "not_found", "not_sent", "busy"];

/// The cents whose customers cancel, or whose answers say so.
const CANCELLED_BY_PEOPLE: [&str; 3] = [".02", ".03", ".68"];

/// Everything there is to compare.
pub struct Evidence<'a> {
    /// The till's record, as `till.c` describes it.
    pub record: &'a str,
    /// The number of each movement of money, as the terminal says.
    pub ledger: &'a [String],
    /// How often each order was seen on the wire.
    pub wire: &'a HashMap<String, usize>,
    /// How often a close of each order was.
    pub closes: &'a HashMap<String, usize>,
    /// The journal after everything, all of it.
    pub journal: &'a [Entry],
    /// The till shares its terminal, and never closes an order.
    pub shares: bool,
    /// What the journal was on.
    pub disk: Disk,
}

/// How a disk treats a till's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    Works,
    /// Some calls fail: orders are refused for it, and that an outcome was told may not be known to the next process.
    Fails,
    /// From some moment on every call fails. What was written last may be there nevertheless, so that an order which was
    /// refused may be told of: as one that moved no money.
    Dies,
}

/// What became of one lane's orders.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Orders by their final outcome; `refused` and `never accepted` are among them.
    pub outcomes: BTreeMap<String, usize>,
    /// Orders that were `unknown` for a time.
    pub clarified: usize,
    /// Orders the till learned of otherwise than by the direct answer.
    pub recovered: usize,
    /// Attempts that were made again because the terminal was busy.
    pub sent_again: usize,
    /// Outcomes that were told by one process and again by the next.
    pub retold: usize,
    /// Movements of money.
    pub charges: usize,
}

/// One number in the till's record: what was sent under it, again and again while the terminal was busy.
struct Order<'a> {
    cents: &'a str,
    attempts: Vec<Attempt<'a>>,
}

/// One order, line by line.
#[derive(Default)]
struct Attempt<'a> {
    /// The run of the handle that sent it.
    run: usize,
    /// Nothing came after it in its run: the till died with it in its hands.
    is_last: bool,
    id: Option<&'a str>,
    was_sent: bool,
    was_refused: Option<&'a str>,
    told: Vec<Told<'a>>,
}

impl Attempt<'_> {
    /// Whether the till may use the number again.
    fn may_be_repeated(&self) -> bool {
        self.told.last().is_some_and(|told| told.outcome == "busy")
            || self.was_refused.is_some_and(|status| is(status, Status::Journal))
    }
}

impl<'a> Order<'a> {
    fn newest(&mut self) -> Option<&mut Attempt<'a>> {
        self.attempts.last_mut()
    }

    /// The attempt of this `request_id`; the newest where it was not known yet.
    fn of_id(&mut self, id: &'a str) -> Option<&mut Attempt<'a>> {
        let known = self.attempts.iter().position(|attempt| attempt.id == Some(id));
        let attempt = match known {
            Some(place) => self.attempts.get_mut(place),
            None => self.attempts.last_mut(),
        }?;
        attempt.id = Some(id);
        Some(attempt)
    }

    fn told(&self) -> impl Iterator<Item = &Told<'a>> {
        self.attempts.iter().flat_map(|attempt| &attempt.told)
    }

    /// The attempt that says how it ended: the newest that came to something.
    fn decisive(&self) -> Option<&Attempt<'a>> {
        let mut newest_first = self.attempts.iter().rev();
        newest_first.find(|attempt| !attempt.told.is_empty()).or(self.attempts.last())
    }
}

/// What a handle lives: from the connect of a process or a window to its end, in lines of the record.
struct Run {
    began: usize,
    ended: usize,
}

/// The till itself and its windows.
const HANDLES: usize = 3;

/// The till's record, read.
struct Record<'a> {
    orders: BTreeMap<&'a str, Order<'a>>,
    runs: Vec<Run>,
}

impl Record<'_> {
    /// Whether the handle of one run may tell of an order that the other's had: only once that one has ended.
    fn may_follow(&self, later: usize, earlier: usize) -> bool {
        later == earlier || self.runs[earlier].ended < self.runs[later].began
    }
}

struct Told<'a> {
    run: usize,
    event: &'a str,
    outcome: &'a str,
    is_retold: bool,
    is_recovered: bool,
    is_acknowledged: bool,
}

/// Compares, and gives every fault it finds.
pub fn judge(evidence: &Evidence<'_>) -> (Tally, Vec<String>) {
    let mut faults = Vec::new();
    let record = read(evidence, &mut faults);
    let mut tally = Tally { charges: evidence.ledger.len(), ..Tally::default() };
    for number in evidence.ledger {
        if !record.orders.contains_key(number.as_str()) {
            faults.push(format!("{number}: charged, and the till never sold it"));
        }
    }
    let mut journal: HashMap<&str, &Entry> =
        evidence.journal.iter().map(|row| (row.merchant_order_no.as_str(), row)).collect();
    for (number, order) in &record.orders {
        let row = journal.remove(number);
        let mut found = Vec::new();
        let mut fault = |what| found.push(what);
        for attempt in &order.attempts {
            look_at_tellings(attempt, &record, evidence.disk, &mut fault);
        }
        let outcome = judge_one(number, order, row, evidence, &mut fault);
        faults.extend(found.into_iter().map(|what| format!("{number}: {what}")));
        let Some(outcome) = outcome else { continue };
        *tally.outcomes.entry(outcome.to_owned()).or_default() += 1;
        tally.sent_again += order.attempts.len() - 1;
        tally.clarified += usize::from(order.told().any(|told| told.event == "clarified"));
        tally.recovered += usize::from(order.told().any(|told| told.is_recovered));
        tally.retold += order.told().filter(|told| told.is_retold).count();
    }
    for number in journal.keys() {
        faults.push(format!("{number}: in the journal, and the till never sold it"));
    }
    (tally, faults)
}

/// Finds what is wrong with one number, and gives the outcome of its order; none where there is none.
fn judge_one<'a>(
    number: &str,
    order: &Order<'a>,
    row: Option<&Entry>,
    evidence: &Evidence<'_>,
    fault: &mut impl FnMut(String),
) -> Option<&'a str> {
    let charges = evidence.ledger.iter().filter(|charged| *charged == number).count();
    let seen = evidence.wire.get(number).copied().unwrap_or(0);
    if charges > 1 {
        fault(format!("charged {charges} times"));
    }
    let taken = order.attempts.iter().filter(|attempt| attempt.was_refused.is_none());
    if seen > taken.count() {
        fault(format!("sent {seen} times"));
    }
    let decisive = order.decisive()?;
    let outcome = outcome_of(decisive, (seen, charges), row, evidence.disk, fault)?;
    if (outcome == "approved") != (charges == 1) {
        fault(format!("ended as {outcome}, charged {charges} times"));
    }
    if decisive.told.is_empty() {
        return Some(outcome);
    }
    let never_arrived = evidence.shares && outcome == "unknown" && charges == 0;
    if !FINAL.contains(&outcome) && !never_arrived {
        fault(format!("still {outcome} after everything works again"));
    }
    if outcome == "cancelled"
        && !CANCELLED_BY_PEOPLE.contains(&order.cents)
        && !evidence.closes.contains_key(number)
    {
        fault("was cancelled by a neighbour: no close names it".to_owned());
    }
    if outcome == "not_sent" && seen > 0 && order.attempts.len() == 1 {
        fault("told to be not sent, and was on the wire".to_owned());
    }
    // A till that was stopped while it sent an order again has given up the row of the attempt before.
    let was_stopped = order.attempts.last().is_some_and(|last| last.was_refused.is_some());
    match row {
        None => fault("has an outcome, and is not in the journal".to_owned()),
        Some(_) if was_stopped => {}
        Some(row) if row.outcome.map(|outcome| outcome.name()) != Some(outcome) => {
            fault(format!("told as {outcome}, in the journal as {:?}", row.outcome));
        }
        Some(row) if row.is_open() && !never_arrived => {
            fault("still open in the journal".to_owned());
        }
        Some(_) => {}
    }
    Some(outcome)
}

fn outcome_of<'a>(
    attempt: &Attempt<'a>,
    (seen, charges): (usize, usize),
    row: Option<&Entry>,
    disk: Disk,
    fault: &mut impl FnMut(String),
) -> Option<&'a str> {
    match (attempt.told.last(), attempt.was_refused) {
        (Some(told), None) => Some(told.outcome),
        (Some(told), Some(_))
            if disk == Disk::Dies && told.outcome != "approved" && seen + charges == 0 =>
        {
            Some(told.outcome)
        }
        (Some(_), Some(_)) => {
            fault("was refused, and has an outcome all the same".to_owned());
            None
        }
        (None, Some(status)) => {
            // A till that is being stopped, or whose journal fails; nothing else refuses these orders.
            let is_expected =
                is(status, Status::Handle) || disk != Disk::Works && is(status, Status::Journal);
            if !is_expected {
                fault(format!("refused with {status}"));
            }
            if charges + seen > 0 {
                fault("was refused, and sent all the same".to_owned());
            }
            Some("refused")
        }
        (None, None) if attempt.was_sent || row.is_some() || seen > 0 => {
            fault("accepted, and the till never learned what became of it".to_owned());
            None
        }
        (None, None) => {
            if !attempt.is_last {
                fault("neither accepted nor refused, and the till went on".to_owned());
            }
            Some("never accepted")
        }
    }
}

/// An outcome is told once by a handle, by the one that sent the order as long as it lives, never differently, never
/// again once it was acknowledged; only a correction, which is another outcome, may follow.
fn look_at_tellings(
    order: &Attempt<'_>,
    record: &Record<'_>,
    disk: Disk,
    fault: &mut impl FnMut(String),
) {
    let tellers = std::iter::once(order.run).chain(order.told.iter().map(|told| told.run));
    for (earlier, later) in tellers.clone().zip(tellers.skip(1)) {
        if !record.may_follow(later, earlier) {
            fault("told by one handle while it was another's".to_owned());
        }
    }
    for pair in order.told.windows(2) {
        let [earlier, later] = pair else { continue };
        let is_correction = later.event == "clarified"
            && later.outcome != "unknown"
            && later.outcome != earlier.outcome;
        if is_correction {
            continue;
        }
        if disk != Disk::Works && is_found_out_anew(earlier, later) {
            continue;
        }
        let (before, after) = (earlier.outcome, later.outcome);
        if before != after || earlier.event != later.event {
            fault(format!("told as {} {before}, then as {} {after}", earlier.event, later.event));
        } else if earlier.is_acknowledged {
            fault(format!("told again as {after} after it was acknowledged"));
        } else if earlier.run == later.run {
            fault(format!("told twice as {after} by one handle"));
        } else if !later.is_retold {
            fault(format!("told again as {after}, and not marked as retold"));
        }
    }
    if let Some(first) = order.told.first()
        && first.run == order.run
        && first.is_retold
    {
        fault("the first telling, by its own handle, is marked as retold".to_owned());
    }
}

/// Whether this is told by a process that cannot know what the one before it told, and could not write down: the same; or
/// what became of it after all; or that it cannot be found out yet; or another outcome in which no money moved either.
fn is_found_out_anew(earlier: &Told<'_>, later: &Told<'_>) -> bool {
    let moved_none = |told: &Told<'_>| !["approved", "unknown"].contains(&told.outcome);
    !earlier.is_acknowledged
        && earlier.run < later.run
        && !later.is_retold
        && later.event == "completed"
        && (earlier.outcome == later.outcome
            || earlier.outcome == "unknown"
            || later.outcome == "unknown"
            || moved_none(earlier) && moved_none(later))
}

/// Whether nothing is pending but orders that are unknown.
fn is_unknown_all(pending: &str) -> bool {
    let rows: Vec<Value> = serde_json::from_str(pending).unwrap_or_default();
    !rows.is_empty() && rows.iter().all(|row| row["state"] == "unknown")
}

/// A line of a window begins with its number; all others are the till's own.
fn window_of(line: &str) -> (usize, &str) {
    match line.split_once(' ') {
        Some(("1", rest)) => (1, rest),
        Some(("2", rest)) => (2, rest),
        _ => (0, line),
    }
}

/// Whether a status in the record is this one.
fn is(written: &str, status: Status) -> bool {
    written == status.code().to_string()
}

fn read<'a>(evidence: &Evidence<'a>, faults: &mut Vec<String>) -> Record<'a> {
    let &Evidence { record, shares, disk, .. } = evidence;
    let mut orders: BTreeMap<&str, Order<'_>> = BTreeMap::new();
    let mut runs: Vec<Run> = Vec::new();
    // Of each handle.
    let mut current = [0; HANDLES];
    let mut newest: [Option<&str>; HANDLES] = [None; HANDLES];
    let mut healed = None;
    for (at, line) in record.lines().enumerate() {
        let (window, line) = window_of(line);
        let words: Vec<&str> = line.split(' ').collect();
        let run = current[window];
        if window == 0 && words[0] == "B" {
            // Nothing of the process before lives any more.
            runs.iter_mut().for_each(|run| run.ended = run.ended.min(at - 1));
            newest = [None; HANDLES];
        } else if let Some(newest) = newest[window].take()
            && let Some(attempt) = orders.get_mut(newest).and_then(Order::newest)
        {
            attempt.is_last = false;
        }
        if let ["S" | "R" | "I" | "O" | "A", number, ..] = words[..]
            && !orders.contains_key(number)
        {
            faults.push(format!("{number}: the till never sold it, and has: {line}"));
        }
        match words[..] {
            ["B", _] => {
                current[window] = runs.len();
                runs.push(Run { began: at, ended: usize::MAX });
            }
            ["D"] if window > 0 => runs[run].ended = at,
            ["N", number, cents] => {
                let fresh = Attempt { run, is_last: true, ..Attempt::default() };
                let order =
                    orders.entry(number).or_insert_with(|| Order { cents, attempts: Vec::new() });
                if order.attempts.last().is_some_and(|last| !last.may_be_repeated()) {
                    faults.push(format!("{number}: the till used it twice"));
                }
                order.attempts.push(fresh);
                newest[window] = Some(number);
            }
            ["S", number, id] => {
                if let Some(attempt) = orders.get_mut(number).and_then(Order::newest) {
                    attempt.was_sent = true;
                    attempt.id = Some(id);
                }
            }
            ["I", number] => {
                if let Some(attempt) = orders.get_mut(number).and_then(Order::newest) {
                    attempt.was_sent = true;
                }
            }
            ["R", number, status] => {
                if let Some(attempt) = orders.get_mut(number).and_then(Order::newest) {
                    attempt.was_refused = Some(status);
                }
            }
            ["O", number, id, event, outcome, retold, recovered] => {
                if let Some(attempt) = orders.get_mut(number).and_then(|order| order.of_id(id)) {
                    attempt.told.push(Told {
                        run,
                        event,
                        outcome,
                        is_retold: retold == "true",
                        is_recovered: recovered == "true",
                        is_acknowledged: false,
                    });
                }
            }
            ["A", number, id] => {
                let attempt = orders.get_mut(number).and_then(|order| order.of_id(id));
                if let Some(told) = attempt.and_then(|attempt| attempt.told.last_mut()) {
                    told.is_acknowledged = true;
                }
            }
            ["C", status] | ["F", _, status]
                if disk != Disk::Works && is(status, Status::Journal) => {}
            ["P", ..] => healed = line.strip_prefix("P "),
            ["E"] => {}
            _ => faults.push(format!("the till's record has a line that is none: {line}")),
        }
    }
    match healed {
        Some("[]") => {}
        Some(pending) if shares && is_unknown_all(pending) => {}
        Some(pending) => faults.push(format!("still pending at the end: {pending}")),
        None => faults.push("the last run did not heal".to_owned()),
    }
    Record { orders, runs }
}
