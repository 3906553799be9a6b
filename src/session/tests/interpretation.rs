//! `DESIGN.md`'s table "How an order's own answer is interpreted", row by row, with the inputs of `PROTOCOL.md`.

use super::*;

/// What the session makes of an order's own answer, seen from outside.
#[derive(Debug, PartialEq)]
enum Reading {
    /// Completed at once, and nothing is asked before a second look.
    Settled(Outcome),
    /// Approved, and looked at again at once.
    Acknowledged,
    /// Announced as being recovered.
    Unsettled,
    /// The record decides: it was refused, and "not found" twice makes it declined.
    Refused,
    /// "Not found" makes it busy.
    Busy,
    /// The record is nobody's: unknown.
    DuplicateNumber,
    /// A void waits for its original.
    WaitsForOriginal,
}

fn read(order: &Request, answer: &Value) -> Reading {
    let mut bench = after(order, answer);
    let events = bench.events();
    let topics = bench.topics();
    match &events[..] {
        [EventKind::Completed(done)] if topics.is_empty() => Reading::Settled(done.outcome),
        [EventKind::Completed(done)] => {
            assert_eq!((done.outcome, &topics[..]), (Outcome::Approved, &[QUERY.to_owned()][..]));
            Reading::Acknowledged
        }
        [EventKind::Recovering { .. }] => Reading::Unsettled,
        [] => read_lookup(order, answer),
        _ => panic!("{events:#?}"),
    }
}

/// What an answer that is looked up comes to, by what the record says.
fn read_lookup(order: &Request, answer: &Value) -> Reading {
    let mut bench = after(order, answer);
    let query = bench.wire().remove(0);
    assert_eq!(query.topic(), QUERY);
    if Some(query.message["biz_data"]["merchant_order_no"].as_str().expect("a number"))
        != order.merchant_order_no.as_deref()
    {
        return Reading::WaitsForOriginal;
    }
    bench.say(not_found(query.id()));
    if bench.session.in_flight() == 0 {
        assert_eq!(bench.completed("A").outcome, Outcome::Busy);
        return Reading::Busy;
    }
    bench.terminal(tells("A", "104", None));
    bench.pass(2_000);
    if bench.session.in_flight() == 0 {
        assert_eq!(bench.completed("A").outcome, Outcome::Declined);
        return Reading::Refused;
    }
    let mut bench = after(order, answer);
    let query = bench.wire().remove(0);
    bench.say(state(query.id(), "A", "2"));
    assert_eq!(bench.completed("A").outcome, Outcome::Unknown);
    Reading::DuplicateNumber
}

fn after(order: &Request, answer: &Value) -> Bench {
    let mut bench = Bench::connected();
    bench.submit(order.clone());
    bench.wire();
    bench.say(answer.clone());
    bench
}

/// The own answer of sale `A`; empty texts are left out.
fn own(code: &str, status: &str, message: &str) -> Value {
    let mut answer = answer("A", ORDER, "A", code, status);
    if code.is_empty() {
        answer = without(answer, "response_code");
    }
    if status.is_empty() {
        answer = without(answer, "trans_status");
    }
    if !message.is_empty() {
        answer["response_msg"] = json!(message);
    }
    answer
}

#[track_caller]
fn reads(code: &str, status: &str, message: &str, expected: Reading) {
    let read = read(&sale("A"), &own(code, status, message));
    assert_eq!(read, expected, "code {code:?}, status {status:?}, message {message:?}");
}

#[test]
fn an_open_status_is_unsettled_whatever_the_code() {
    for status in ["0", "9", "00", "9.0"] {
        for code in ["000", "0", "103", "106", "102", "110", "114", "777", ""] {
            reads(code, status, "", Reading::Unsettled);
        }
    }
}

#[test]
fn a_status_of_success_with_a_refusing_code_is_unsettled() {
    for status in ["2", "4"] {
        for code in ["101", "102", "104", "106", "110", "114", "201", "999", "777"] {
            reads(code, status, "", Reading::Unsettled);
        }
        reads("000", status, "[[K026]cancelled]", Reading::Unsettled);
    }
}

#[test]
fn inner_codes_after_which_money_may_have_moved_are_unsettled_in_every_language_and_with_any_status()
 {
    for inner in ["K009", "K017", "K027", "K036", "K037"] {
        for words in [
            "Transaction failed",
            "Tiempo de espera agotado",
            "Délai dépassé",
            "Zeitüberschreitung",
            "取引タイムアウト",
            "交易失败",
            "",
        ] {
            for (code, status) in
                [("106", ""), ("106", "1"), ("110", ""), ("115", "3"), ("202", "")]
            {
                reads(code, status, &format!("{words}[[{inner}]{words}]"), Reading::Unsettled);
            }
        }
    }
}

#[test]
fn success_with_a_status_of_success_is_approved() {
    for (code, status) in
        [("000", "2"), ("0", "2"), ("103", "2"), ("000", "4"), ("0", "4"), ("", "2"), ("", "4")]
    {
        reads(code, status, "", Reading::Settled(Outcome::Approved));
    }
}

#[test]
fn success_without_a_status_is_approved_and_looked_at_again_at_once() {
    for code in ["000", "0", "103"] {
        reads(code, "", "", Reading::Acknowledged);
    }
}

#[test]
fn success_with_the_status_of_a_void_is_cancelled_but_for_a_void() {
    reads("000", "3", "", Reading::Settled(Outcome::Cancelled));
    for trans_type in ["2", "5", "7"] {
        let void = void_of("A", trans_type, "O");
        let answer = with(own("000", "3", ""), "trans_type", trans_type);
        let mut bench = after(&void, &answer);
        bench.no_event();
        let wire = bench.wire();
        assert_eq!(wire.len(), 1);
        assert_eq!(wire[0].message["biz_data"]["merchant_order_no"], "A", "its own record first");
    }
}

#[test]
fn cancelled_by_hand_is_cancelled_whatever_the_status() {
    for status in ["", "1", "3"] {
        reads("102", status, "", Reading::Settled(Outcome::Cancelled));
        reads("110", status, "", Reading::Settled(Outcome::Cancelled));
        let message = "Cancelación del operador[[K026]Cancelación del operador]";
        reads("106", status, message, Reading::Settled(Outcome::Cancelled));
    }
}

#[test]
fn a_busy_terminal_is_busy_once_there_is_no_record() {
    reads("101", "", "", Reading::Busy);
    reads("101", "1", "", Reading::Busy);
}

#[test]
fn a_duplicate_number_is_nobodys() {
    reads("113", "", "", Reading::DuplicateNumber);
    reads("106", "", "Number repeats[[E04112]]", Reading::DuplicateNumber);
}

#[test]
fn refusals_that_prove_it_are_declined() {
    for code in ["104", "105", "114", "116", "117", "118", "119", "120", "121", "201", "202"] {
        for status in ["", "1"] {
            reads(code, status, "", Reading::Settled(Outcome::Declined));
        }
    }
}

#[test]
fn inner_codes_raised_before_the_card_is_read_are_declined() {
    for inner in [
        "K015", "K016", "K018", "K019", "K020", "K021", "K024", "K025", "K028", "K029", "K030",
        "K031", "K032", "K033", "K035", "K039", "M003", "M009", "N003",
    ] {
        for code in ["106", "115", "202", "999"] {
            let message = format!("交易失败[[{inner}]交易失败]");
            reads(code, "", &message, Reading::Settled(Outcome::Declined));
        }
    }
}

#[test]
fn a_status_of_failure_is_declined_with_any_code() {
    for code in
        ["000", "0", "103", "106", "107", "108", "109", "111", "112", "115", "999", "777", ""]
    {
        reads(code, "1", "", Reading::Settled(Outcome::Declined));
    }
}

#[test]
fn codes_that_say_nothing_of_the_money_are_unsettled() {
    for code in ["107", "108", "109", "112", "999", ""] {
        reads(code, "", "", Reading::Unsettled);
    }
    for message in ["Gateway[[SYS01]]", "Gateway[[E07001]]"] {
        reads("106", "", message, Reading::Unsettled);
    }
}

#[test]
fn all_other_codes_without_a_status_are_looked_up() {
    for code in ["106", "111", "115", "777", "E9", "ET007", "TS-D51"] {
        reads(code, "", "", Reading::Refused);
    }
    for message in
        ["Transaction failed", "Timeout", "does not exist", "Rejected[[TS-D05]05]", "[[K999]]"]
    {
        reads("106", "", message, Reading::Refused);
    }
}

#[test]
fn what_fits_no_row_is_unsettled() {
    for (code, status) in [("000", "7"), ("106", "3"), ("777", "8"), ("", "3"), ("000", "two")] {
        reads(code, status, "", Reading::Unsettled);
    }
}

#[test]
fn the_words_are_never_interpreted() {
    for words in ["Timeout", "timed out", "超时", "processing", "approved", "SUCCESS"] {
        reads("114", "", words, Reading::Settled(Outcome::Declined));
        reads("000", "2", words, Reading::Settled(Outcome::Approved));
    }
}

#[test]
fn the_outcome_is_the_requests_also_for_refunds_and_voids() {
    for trans_type in ["2", "3", "4", "5", "6", "7", "8", "11"] {
        let order = void_of("A", trans_type, "O");
        let answer = with(own("000", "2", ""), "trans_type", trans_type);
        assert_eq!(read(&order, &answer), Reading::Settled(Outcome::Approved), "{trans_type}");
    }
}

#[test]
fn a_void_that_is_refused_or_cancelled_waits_for_its_original() {
    for (code, status) in [("110", ""), ("119", ""), ("106", "1"), ("102", "3")] {
        let answer = with(own(code, status, ""), "trans_type", "2");
        assert_eq!(read(&void_of("A", "2", "O"), &answer), Reading::WaitsForOriginal, "{code}");
    }
}

#[test]
fn an_answer_without_request_id_reads_the_same() {
    for (code, status, outcome) in [
        ("000", "2", Outcome::Approved),
        ("106", "1", Outcome::Declined),
        ("110", "", Outcome::Cancelled),
    ] {
        let answer = without(own(code, status, ""), "request_id");
        assert_eq!(read(&sale("A"), &answer), Reading::Settled(outcome));
    }
}

#[test]
fn a_later_answer_of_the_order_counts_instead_of_an_earlier_one() {
    let unclear_after = ["107", "108", "999"];
    for unclear in unclear_after {
        let mut bench = after(&sale("A"), &own("106", "", ""));
        bench.say(own(unclear, "", ""));
        bench.terminal(tells("A", "104", None));
        bench.pass(10_000);
        assert_eq!(bench.session.in_flight(), 1, "106 and then {unclear}: not declined");

        let mut bench = after(&sale("A"), &own("101", "", ""));
        bench.say(own(unclear, "", ""));
        bench.terminal(tells("A", "104", Some("000")));
        bench.pass(10_000);
        assert_eq!(bench.session.in_flight(), 1, "101 and then {unclear}: not busy");
    }
}
