//! What the terminal says of an order that has completed.

use super::*;

/// A sale that has completed with this outcome, and whatever else is due is done.
fn completed(outcome: Outcome) -> Bench {
    let mut bench = match outcome {
        Outcome::NotFound => {
            let mut bench = Bench::recovering("A");
            bench.terminal(tells("A", "104", Some("000")));
            bench.pass_to(62_000);
            bench
        }
        Outcome::Unknown => Bench::recovering("A"),
        _ => Bench::with_sale("A"),
    };
    match outcome {
        Outcome::Approved => bench.say(approval("A")),
        Outcome::Declined => bench.say(answer("A", ORDER, "A", "106", "1")),
        Outcome::Cancelled => bench.say(answer("A", ORDER, "A", "110", "")),
        Outcome::Busy => {
            bench.terminal(tells("A", "104", None));
            bench.say(code("A", ORDER, "101"));
        }
        Outcome::Unknown => bench.pass_to(66_000),
        _ => {}
    }
    assert_eq!(bench.completed("A").outcome, outcome);
    bench.wire();
    bench
}

const NO_MONEY: [Outcome; 4] =
    [Outcome::Declined, Outcome::Cancelled, Outcome::NotFound, Outcome::Busy];

/// The second look is over.
fn looked_at(mut bench: Bench) -> Bench {
    bench.terminal(tells("A", "104", None));
    bench.pass(30_000);
    bench.wire();
    bench.no_event();
    assert_eq!(bench.session.asked_about(), 0);
    bench.terminal(|_| None);
    bench
}

#[test]
fn its_own_approval_clarifies_before_and_after_the_second_look() {
    for was in NO_MONEY {
        for answer in [approval("A"), without(approval("A"), "request_id")] {
            for mut bench in [completed(was), looked_at(completed(was))] {
                bench.say(answer.clone());
                let clarified = bench.clarified();
                assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, was));
                assert_eq!(clarified.response, Some(answer.to_string()));
                bench.say(answer.clone());
                assert_eq!(bench.message_late_for().as_deref(), Some("A"), "the second time");
            }
        }
    }
}

#[test]
fn an_unknown_order_is_clarified_by_its_own_answer() {
    for (code, status, outcome) in [
        ("000", "2", Outcome::Approved),
        ("106", "1", Outcome::Declined),
        ("110", "", Outcome::Cancelled),
    ] {
        let mut bench = completed(Outcome::Unknown);
        bench.say(answer("A", ORDER, "A", code, status));
        let clarified = bench.clarified();
        assert_eq!((clarified.outcome, clarified.was), (outcome, Outcome::Unknown));
    }
}

#[test]
fn an_approved_order_is_clarified_by_an_own_answer_that_says_otherwise() {
    let mut bench = completed(Outcome::Approved);
    bench.say(answer("A", ORDER, "A", "000", "3"));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Cancelled, Outcome::Approved));
}

#[test]
fn the_same_outcome_again_is_a_message() {
    for outcome in [Outcome::Approved, Outcome::Declined, Outcome::Cancelled] {
        let (code, status) = match outcome {
            Outcome::Approved => ("000", "2"),
            Outcome::Declined => ("106", "1"),
            _ => ("110", ""),
        };
        let own = answer("A", ORDER, "A", code, status);
        let mut bench = completed(outcome);
        for again in [own.clone(), without(own.clone(), "request_id")] {
            bench.say(again);
            assert_eq!(bench.message_late_for().as_deref(), Some("A"), "{outcome}");
        }
    }
}

#[test]
fn what_settles_nothing_is_a_message() {
    for was in [Outcome::Approved, Outcome::Declined, Outcome::Unknown] {
        for (code, status) in [("000", "0"), ("107", ""), ("108", ""), ("106", "2")] {
            let mut bench = completed(was);
            bench.say(answer("A", ORDER, "A", code, status));
            assert_eq!(bench.message_late_for().as_deref(), Some("A"), "{was} {code} {status}");
        }
    }
}

#[test]
fn what_does_not_match_is_a_message() {
    for was in [Outcome::Declined, Outcome::Approved] {
        for (field, value) in [("order_amount", "1.00"), ("trans_type", "3")] {
            let own =
                answer("A", ORDER, "A", "000", if was == Outcome::Declined { "2" } else { "1" });
            let mut bench = completed(was);
            bench.say(with(without(own, "request_id"), field, value));
            assert!(matches!(bench.event(), EventKind::Message { .. }), "{was} {field}");
        }
    }
}

#[test]
fn an_answer_with_its_id_that_names_another_order_is_a_message() {
    for bench in [completed(Outcome::Declined), looked_at(completed(Outcome::Declined))] {
        let mut bench = bench;
        bench.say(answer("A", ORDER, "B", "000", "2"));
        assert!(matches!(bench.event(), EventKind::Message { .. }));
    }
}

#[test]
fn an_answer_with_an_unknown_id_is_a_message_of_nobody() {
    let mut bench = looked_at(completed(Outcome::Declined));
    bench.say(answer("stranger", ORDER, "A", "000", "2"));
    assert_eq!(bench.message_late_for(), None);
}

#[test]
fn an_approval_with_its_id_and_another_amount_is_clarified_with_the_difference() {
    let mut bench = looked_at(completed(Outcome::Declined));
    bench.say(with(approval("A"), "order_amount", "20.00"));
    let clarified = bench.clarified();
    assert_eq!(clarified.outcome, Outcome::Approved);
    let [difference] = &clarified.differs[..] else { panic!("{:?}", clarified.differs) };
    assert_eq!(
        (difference.field, &*difference.asked, &*difference.answered),
        ("order_amount", AMOUNT, "20.00")
    );
}

#[test]
fn the_late_answer_to_a_query_of_the_tills_own_clarifies_only_by_what_settles() {
    for (status, clarifies) in [("2", true), ("3", true), ("1", false), ("0", false), ("9", false)]
    {
        let mut bench = looked_at(completed(Outcome::Declined));
        bench.submit(query("q", "A"));
        bench.pass(30_000);
        assert_eq!(bench.completed("q").outcome, Outcome::Unknown);
        bench.say(state("q", "A", status));
        let event = bench.event();
        assert_eq!(matches!(event, EventKind::Clarified(_)), clarifies, "{status}: {event:#?}");
    }
}

#[test]
fn a_late_query_answer_and_the_second_look_that_agrees_with_it_clarify_once() {
    let mut bench = Bench::with_sale("A");
    bench.submit(query("q", "A"));
    bench.pass(29_999);
    bench.say(answer("A", ORDER, "A", "106", "1"));
    bench.pass(1);
    bench.events();
    bench.say(state("q", "A", "2"));
    assert_eq!(bench.clarified().outcome, Outcome::Approved);
    bench.terminal(tells("A", "2", None));
    bench.pass(60_000);
    bench.no_event();
}

#[test]
fn a_late_answer_to_a_query_of_the_librarys_clarifies_and_is_no_message_otherwise() {
    for (status, clarifies) in [("2", true), ("104", false), ("0", false)] {
        let mut bench = Bench::recovering("A");
        let query = bench.only_frame(QUERY);
        bench.terminal(tells("A", "104", Some("000")));
        bench.pass_to(92_000);
        assert_eq!(bench.looks(), ["A not_found"]);
        bench.events();
        bench.say(if status == "104" { not_found(&query) } else { state(&query, "A", status) });
        let events = bench.events();
        assert_eq!(events.len(), usize::from(clarifies), "{status}: {events:#?}");
        assert!(events.iter().all(|event| matches!(event, EventKind::Clarified(_))));
    }
}

#[test]
fn an_answer_to_a_query_long_ago_still_settles_an_order_that_is_recovered() {
    let mut bench = Bench::recovering("A");
    bench.pass_to(50_000);
    let wire = bench.wire();
    bench.say(state(wire[1].id(), "A", "2"));
    assert_eq!(bench.completed("A").outcome, Outcome::Approved);
}

#[test]
fn a_late_not_found_never_corrects_an_outcome() {
    for was in [Outcome::Approved, Outcome::Declined, Outcome::Cancelled] {
        let mut bench = completed(was);
        bench.submit(query("q", "A"));
        bench.pass(29_000);
        bench.cut();
        bench.events();
        bench.connect();
        bench.events();
        let mut late = not_found("q");
        late["biz_data"] = json!({"merchant_order_no": "A"});
        bench.say(late.clone());
        assert!(matches!(bench.event(), EventKind::Message { .. }), "{was}");
        bench.say(without(late, "request_id"));
        assert!(
            bench.events().iter().all(|event| matches!(event, EventKind::Message { .. })),
            "{was}"
        );
    }
}

#[test]
fn an_order_of_an_earlier_process_is_clarified_as_well() {
    let state = RestoredState::Completed { outcome: Outcome::Declined, look_at_ms: None };
    let restored = Restored { state, ..open_order(START.wall_ms - 60_000) };
    let mut bench = Bench::new(settings());
    bench.session.restore(restored, bench.now);
    bench.connect();
    bench.events();
    bench.say(approval("A"));
    let clarified = bench.clarified();
    assert_eq!((clarified.outcome, clarified.was), (Outcome::Approved, Outcome::Declined));
}

#[test]
fn a_late_answer_while_the_number_is_used_again_clarifies_nothing() {
    let mut bench = completed(Outcome::Busy);
    bench.submit(request("A2", ORDER, sale_data("A")));
    bench.say(answer("A2", ORDER, "A", "106", "1"));
    assert_eq!(bench.completed("A2").outcome, Outcome::Declined);
    bench.say(approval("A"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
}

#[test]
fn a_message_of_a_completed_order_starts_no_recovery_of_another() {
    let mut bench = completed(Outcome::Approved);
    bench.sale("B");
    bench.wire();
    bench.say(approval("A"));
    assert_eq!(bench.message_late_for().as_deref(), Some("A"));
    assert_eq!(bench.topics(), [""; 0]);
}

#[test]
fn a_querys_late_answer_is_of_no_request() {
    let mut bench = looked_at(completed(Outcome::Declined));
    bench.say(without(state("", "A", "1"), "request_id"));
    assert_eq!(bench.message_late_for(), None);
}
