//! A terminal that contradicts itself.

use super::*;

fn says(bench: &mut Bench, outcome: Outcome) {
    bench.say(match outcome {
        Outcome::Approved => approval("A"),
        _ => answer("A", ORDER, "A", "000", "3"),
    });
}

/// How often it is corrected by a terminal that says cancelled and approved in turn. `last` is what the till knows.
fn contradicted(bench: &mut Bench, times: usize, last: &mut Outcome) -> usize {
    let mut count = 0;
    for outcome in [Outcome::Cancelled, Outcome::Approved].into_iter().cycle().take(times) {
        says(bench, outcome);
        for event in bench.events() {
            match event {
                EventKind::Clarified(clarified) => {
                    assert_eq!(clarified.was, *last);
                    (count, *last) = (count + 1, clarified.outcome);
                }
                EventKind::Message { late_for, .. } => assert_eq!(late_for.as_deref(), Some("A")),
                other => panic!("{other:?}"),
            }
        }
    }
    count
}

fn approved() -> Bench {
    let mut bench = Bench::with_sale("A");
    says(&mut bench, Outcome::Approved);
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
    bench
}

#[test]
fn a_terminal_that_contradicts_itself_corrects_an_order_a_few_times_and_then_more_and_more_seldom()
{
    let mut bench = approved();
    let mut last = Outcome::Approved;
    assert_eq!(contradicted(&mut bench, 10_000, &mut last), 4);
    let mut later = 0;
    for _ in 0..24 * 60 {
        bench.pass(60_000);
        bench.no_event();
        later += contradicted(&mut bench, 10, &mut last);
    }
    assert!((8..16).contains(&later), "{later} in a day");
    assert!(bench.session.footprint() < 100, "{}", bench.session.footprint());
}

#[test]
fn what_it_said_last_is_found_out_by_a_look() {
    let mut bench = approved();
    contradicted(&mut bench, 5, &mut Outcome::Approved.clone());
    bench.terminal(tells("A", "3", None));
    bench.wire();
    bench.pass(30_000);
    assert_eq!(bench.topics(), [QUERY]);
    let clarified = bench.clarified();
    assert_eq!((clarified.was, clarified.outcome), (Outcome::Approved, Outcome::Cancelled));
    // And once more, twice as long after it.
    bench.pass(59_000);
    assert_eq!(bench.topics(), [""; 0]);
    bench.pass(1_000);
    assert_eq!(bench.topics(), [QUERY]);
    bench.no_event();
    assert_eq!(bench.session.asked_about(), 0);
}
