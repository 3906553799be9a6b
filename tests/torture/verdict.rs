//! What a till wrote down, against what the terminal did.

use std::collections::{BTreeMap, HashMap};

use ecrhub::journal::Entry;

/// The words an order may end with. `unknown` is none of them: once everything works again it is clarified.
const FINAL: [&str; 5] = ["approved", "declined", "cancelled", "not_found", "not_sent"];

/// Everything there is to compare.
pub struct Evidence<'a> {
    /// The till's record, as `till.c` describes it.
    pub record: &'a str,
    /// The number of each movement of money, as the terminal says.
    pub ledger: &'a [String],
    /// How often each order was seen on the wire.
    pub wire: &'a HashMap<String, usize>,
    /// The journal after everything, all of it.
    pub journal: &'a [Entry],
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
    /// Outcomes that were told by one process and again by the next.
    pub retold: usize,
    /// Movements of money.
    pub charges: usize,
}

/// One order in the till's record, line by line.
#[derive(Default)]
struct Order<'a> {
    /// The run in which it was begun.
    run: usize,
    /// Nothing came after it in its run: the till died with it in its hands.
    is_last: bool,
    was_sent: bool,
    was_refused: Option<&'a str>,
    told: Vec<Told<'a>>,
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
    let orders = read(evidence.record, &mut faults);
    let mut tally = Tally { charges: evidence.ledger.len(), ..Tally::default() };
    for number in evidence.ledger {
        if !orders.contains_key(number.as_str()) {
            faults.push(format!("{number}: charged, and the till never sold it"));
        }
    }
    let mut journal: HashMap<&str, &Entry> =
        evidence.journal.iter().map(|row| (row.merchant_order_no.as_str(), row)).collect();
    for (number, order) in &orders {
        let mut fault = |what: String| faults.push(format!("{number}: {what}"));
        let charges = evidence.ledger.iter().filter(|charged| *charged == number).count();
        let seen = evidence.wire.get(*number).copied().unwrap_or(0);
        let row = journal.remove(number);
        if charges > 1 {
            fault(format!("charged {charges} times"));
        }
        if seen > 1 {
            fault(format!("sent {seen} times"));
        }
        look_at_tellings(order, &mut fault);
        let outcome = match (order.told.last(), order.was_refused) {
            (Some(told), None) => told.outcome,
            (Some(_), Some(_)) => {
                fault("was refused, and has an outcome all the same".to_owned());
                continue;
            }
            (None, Some(status)) => {
                // A till that is being stopped; nothing else refuses these orders.
                if status != ecrhub::Status::Handle.code().to_string() {
                    fault(format!("refused with {status}"));
                }
                if charges + seen > 0 {
                    fault("was refused, and sent all the same".to_owned());
                }
                "refused"
            }
            (None, None) if order.was_sent || row.is_some() || seen > 0 => {
                fault("accepted, and the till never learned what became of it".to_owned());
                continue;
            }
            (None, None) => {
                if !order.is_last {
                    fault("neither accepted nor refused, and the till went on".to_owned());
                }
                "never accepted"
            }
        };
        *tally.outcomes.entry(outcome.to_owned()).or_default() += 1;
        tally.clarified += usize::from(order.told.iter().any(|told| told.event == "clarified"));
        tally.recovered += usize::from(order.told.iter().any(|told| told.is_recovered));
        tally.retold += order.told.iter().filter(|told| told.is_retold).count();
        if (outcome == "approved") != (charges == 1) {
            fault(format!("ended as {outcome}, charged {charges} times"));
        }
        if order.told.is_empty() {
            continue;
        }
        if !FINAL.contains(&outcome) {
            fault(format!("still {outcome} after everything works again"));
        }
        if outcome == "not_sent" && seen > 0 {
            fault("told to be not sent, and was on the wire".to_owned());
        }
        match row {
            None => fault("has an outcome, and is not in the journal".to_owned()),
            Some(row) if row.outcome.map(|outcome| outcome.name()) != Some(outcome) => {
                fault(format!("told as {outcome}, in the journal as {:?}", row.outcome));
            }
            Some(row) if row.is_open() => fault("still open in the journal".to_owned()),
            Some(_) => {}
        }
    }
    for number in journal.keys() {
        faults.push(format!("{number}: in the journal, and the till never sold it"));
    }
    (tally, faults)
}

/// An outcome is told once a process, never differently, never again once it was acknowledged; only `unknown` may be
/// followed by the truth.
fn look_at_tellings(order: &Order<'_>, fault: &mut impl FnMut(String)) {
    for pair in order.told.windows(2) {
        let [earlier, later] = pair else { continue };
        let is_truth = earlier.event == "completed"
            && earlier.outcome == "unknown"
            && later.event == "clarified"
            && later.outcome != "unknown";
        if is_truth {
            continue;
        }
        let (before, after) = (earlier.outcome, later.outcome);
        if before != after || earlier.event != later.event {
            fault(format!("told as {} {before}, then as {} {after}", earlier.event, later.event));
        } else if earlier.is_acknowledged {
            fault(format!("told again as {after} after it was acknowledged"));
        } else if earlier.run == later.run {
            fault(format!("told twice as {after} by one process"));
        } else if !later.is_retold {
            fault(format!("told again as {after}, and not marked as retold"));
        }
    }
    if let Some(first) = order.told.first()
        && first.run == order.run
        && first.is_retold
    {
        fault("the first telling, in its own process, is marked as retold".to_owned());
    }
}

fn read<'a>(record: &'a str, faults: &mut Vec<String>) -> BTreeMap<&'a str, Order<'a>> {
    let mut orders: BTreeMap<&str, Order<'_>> = BTreeMap::new();
    let mut run = 0;
    let mut newest: Option<&str> = None;
    let mut healed = None;
    for line in record.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let Some(newest) = newest.take()
            && let Some(order) = orders.get_mut(newest)
        {
            order.is_last = words[0] == "B";
        }
        if let ["S" | "R" | "I" | "O" | "A", number, ..] = words[..]
            && !orders.contains_key(number)
        {
            faults.push(format!("{number}: the till never sold it, and has: {line}"));
        }
        match words[..] {
            ["B", _] => run += 1,
            ["N", number, _] => {
                let fresh = Order { run, is_last: true, ..Order::default() };
                if orders.insert(number, fresh).is_some() {
                    faults.push(format!("{number}: the till used it twice"));
                }
                newest = Some(number);
            }
            ["S", number, _] | ["I", number] => orders.entry(number).or_default().was_sent = true,
            ["R", number, status] => orders.entry(number).or_default().was_refused = Some(status),
            ["O", number, _, event, outcome, retold, recovered] => {
                orders.entry(number).or_default().told.push(Told {
                    run,
                    event,
                    outcome,
                    is_retold: retold == "true",
                    is_recovered: recovered == "true",
                    is_acknowledged: false,
                });
            }
            ["A", number, _] => {
                if let Some(told) = orders.entry(number).or_default().told.last_mut() {
                    told.is_acknowledged = true;
                }
            }
            ["P", pending] => healed = Some(pending),
            ["E"] => {}
            _ => faults.push(format!("the till's record has a line that is none: {line}")),
        }
    }
    match healed {
        Some("[]") => {}
        Some(pending) => faults.push(format!("still pending at the end: {pending}")),
        None => faults.push("the last run did not heal".to_owned()),
    }
    orders
}
