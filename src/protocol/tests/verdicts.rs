//! What an order's own answer says of the money, and what the answer to a query does.

use super::*;

const DECLINED: Verdict = Verdict::Settled(Outcome::Declined);
const CANCELLED: Verdict = Verdict::Settled(Outcome::Cancelled);
const APPROVED: Verdict = Verdict::Settled(Outcome::Approved);

/// A void, an authorization cancel, a completion cancel.
fn voids() -> impl Iterator<Item = Request> {
    let void = |trans_type| {
        let changes = [("trans_type", json!(trans_type)), ("orig_merchant_order_no", json!("A0"))];
        accepted(&order_with(&changes))
    };
    ["2", "5", "7"].into_iter().map(void)
}

fn said<'a>(code: Option<&'a str>, message: &'a str, status: Option<&'a str>) -> Response<'a> {
    Response {
        code: code.map(Cow::from),
        message: Some(message.into()),
        trans_status: status.map(Cow::from),
        ..Response::default()
    }
}

fn verdict(code: &str, status: Option<&str>) -> Verdict {
    answer(code, status).order_verdict(&order())
}

fn is_recovery(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unsettled(_))
}

/// Without a `trans_status`; none: recovery.
fn by_code(code: &str) -> Option<Verdict> {
    Some(match code {
        "000" | "0" | "103" => Verdict::Acknowledged,
        "101" => Verdict::Busy,
        "102" | "110" => CANCELLED,
        "113" => Verdict::DuplicateNumber,
        "104" | "105" | "114" | "116" | "117" | "118" | "119" | "120" | "121" | "201" | "202" => {
            DECLINED
        }
        "106" | "111" | "115" => Verdict::Refused(String::new()),
        _ => return None,
    })
}

const RESPONSE_CODES: [&str; 26] = [
    "000", "0", "101", "102", "103", "104", "105", "106", "107", "108", "109", "110", "111", "112",
    "113", "114", "115", "116", "117", "118", "119", "120", "121", "201", "202", "999",
];
const SUCCESS: [&str; 3] = ["000", "0", "103"];

/// Compared without the words for a person.
fn assert_says(verdict: &Verdict, expected: Option<&Verdict>, what: &str) {
    match (verdict, expected) {
        (Verdict::Unsettled(why), None) => assert!(!why.is_empty(), "{what}"),
        (Verdict::Refused(why), Some(Verdict::Refused(_))) => assert!(!why.is_empty(), "{what}"),
        (verdict, Some(expected)) => assert_eq!(verdict, expected, "{what}"),
        (verdict, None) => panic!("{what}: {verdict:?}, expected recovery"),
    }
}

#[test]
fn every_response_code_has_its_verdict() {
    for code in RESPONSE_CODES {
        assert_says(&verdict(code, None), by_code(code).as_ref(), code);
    }
    let tabled = codes::code_rows().filter(|(kind, _)| *kind == codes::Kind::Response);
    let tabled: Vec<&str> = tabled.map(|(_, row)| row.code).collect();
    assert_eq!(tabled, RESPONSE_CODES);
}

#[test]
fn with_a_success_code_the_state_decides() {
    for code in SUCCESS {
        for (status, expected) in [
            ("2", Some(APPROVED)),
            ("4", Some(APPROVED)),
            ("02", Some(APPROVED)),
            ("2.0", Some(APPROVED)),
            (" 2", Some(APPROVED)),
            ("3", Some(CANCELLED)),
            ("1", Some(DECLINED)),
            ("0", None),
            ("00", None),
            ("9", None),
            ("7", None),
            ("{}", None),
        ] {
            let what = format!("{code}/{status}");
            assert_says(&verdict(code, Some(status)), expected.as_ref(), &what);
        }
    }
}

#[test]
fn an_open_state_settles_nothing_whatever_the_code() {
    for code in RESPONSE_CODES.into_iter().filter(|code| *code != "113") {
        for status in ["0", "9"] {
            assert!(is_recovery(&verdict(code, Some(status))), "{code}/{status}");
        }
    }
}

#[test]
fn a_refusal_of_money_that_moved_is_found_out() {
    let refusing = RESPONSE_CODES.into_iter().filter(|code| !SUCCESS.contains(code));
    for code in refusing.chain(["777", "ET002", "SYS01"]).filter(|code| *code != "113") {
        for status in ["2", "4"] {
            assert!(is_recovery(&verdict(code, Some(status))), "{code}/{status}");
        }
    }
}

#[test]
fn a_code_in_brackets_beside_a_success_is_a_contradiction() {
    for (message, status) in [
        ("[[K026]...]", Some("2")),
        ("[[N003]...]", Some("4")),
        ("[[K026]...]", None),
        ("[M003]", None),
        ("[[K015]...]", Some("7")),
    ] {
        let answer = said(Some("000"), message, status);
        assert!(is_recovery(&answer.order_verdict(&order())), "{message} {status:?}");
    }
    let of_the_host = said(Some("000"), "APPROVED [A1]", Some("2"));
    assert_eq!(of_the_host.order_verdict(&order()), APPROVED, "no code anybody knows");
}

#[test]
fn inner_codes_after_which_money_may_have_moved_settle_nothing() {
    for (code, message) in [
        ("106", "Transaction failed[[K037]...]"),
        ("106", "Transaction failed[[K036]...]"),
        ("106", "Processing[[K017]...]"),
        ("115", "Unknown exception[[K009]...]"),
        ("106", "Tiempo de espera agotado[[K027]...]"),
        ("106", "Délai d'attente dépassé[[K027]...]"),
        ("111", "Zeitüberschreitung[[K027]...]"),
        ("110", "取引タイムアウト[[K027]...]"),
        ("202", "交易超时[[K027]交易超时]"),
        ("101", "[K017]"),
        ("000", "OK[[K037]...]"),
        ("106", "[SYS0001]"),
        ("106", "[[E0799]...]"),
    ] {
        for status in [None, Some("1"), Some("3"), Some("7")] {
            let answer = said(Some(code), message, status);
            assert!(is_recovery(&answer.order_verdict(&order())), "{code} {message} {status:?}");
        }
    }
    for code in ["K037", "K009", "SYS0001", "E07001"] {
        assert!(is_recovery(&verdict(code, None)), "{code}");
    }
}

#[test]
fn inner_codes_raised_before_the_card_decline_in_every_language() {
    for inner in [
        "K015", "K016", "K018", "K019", "K020", "K021", "K024", "K025", "K028", "K029", "K030",
        "K031", "K032", "K033", "K035", "K039", "M003", "M009", "N003",
    ] {
        for code in ["106", "111", "115", "202", "107", "999", "777"] {
            for words in ["Transaction timeout", "超时", "Échec"] {
                let message = format!("{words}[[{inner}]{words}]");
                let verdict = said(Some(code), &message, None).order_verdict(&order());
                assert_eq!(verdict, DECLINED, "{code} {message}");
            }
        }
    }
}

#[test]
fn a_cancellation_by_hand_is_one_under_every_code() {
    for code in ["110", "102", "106", "115", "202", "107"] {
        for status in [None, Some("1"), Some("3")] {
            let answer = said(Some(code), "Operator cancellation[[K026]...]", status);
            assert_eq!(answer.order_verdict(&order()), CANCELLED, "{code} {status:?}");
        }
    }
}

#[test]
fn words_are_never_interpreted() {
    for message in ["Timeout", "Read card timeout", "time out", "交易超时", "does not exist"] {
        assert_says(
            &said(Some("111"), message, None).order_verdict(&order()),
            by_code("111").as_ref(),
            message,
        );
        assert_eq!(said(Some("111"), message, Some("1")).order_verdict(&order()), DECLINED);
        assert_eq!(said(Some("000"), message, Some("2")).order_verdict(&order()), APPROVED);
        assert_eq!(said(Some("000"), message, None).query_outcome(), Outcome::Unknown);
    }
}

#[test]
fn a_number_used_before_is_looked_at_whatever_comes_with_it() {
    for status in [None, Some("0"), Some("1"), Some("2"), Some("3"), Some("4"), Some("9")] {
        for (code, message) in
            [("113", ""), ("113", "[[K037]]"), ("115", "[E04112]"), ("E04112", "")]
        {
            let answer = said(Some(code), message, status);
            let verdict = answer.order_verdict(&order());
            assert_eq!(verdict, Verdict::DuplicateNumber, "{code} {message} {status:?}");
        }
    }
}

#[test]
fn a_void_whose_answer_reads_reversed_is_never_cancelled() {
    for void in voids() {
        for code in SUCCESS {
            assert_eq!(answer(code, Some("3")).order_verdict(&void), Verdict::ReversedVoid);
            assert_eq!(answer(code, Some("2")).order_verdict(&void), APPROVED);
            assert_eq!(answer(code, Some("1")).order_verdict(&void), DECLINED);
        }
    }
    let odd_type = Request { trans_type: Some("02".to_owned()), ..order() };
    assert_eq!(answer("000", Some("3")).order_verdict(&odd_type), Verdict::ReversedVoid);
}

#[test]
fn a_closed_transaction_is_declined_under_every_code_but_those_that_say_more() {
    for code in ["106", "107", "108", "109", "111", "112", "115", "777", "999", "ET002", "TS-D51"] {
        assert_eq!(verdict(code, Some("1")), DECLINED, "{code}");
    }
}

#[test]
fn without_a_code_only_a_state_settles() {
    for (status, expected) in [
        (Some("2"), Some(APPROVED)),
        (Some("4"), Some(APPROVED)),
        (Some("1"), Some(DECLINED)),
        (Some("3"), None),
        (Some("0"), None),
        (None, None),
        (Some("7"), None),
    ] {
        for code in [None, Some(""), Some(" ")] {
            let verdict = said(code, "", status).order_verdict(&order());
            assert_says(&verdict, expected.as_ref(), &format!("{status:?}"));
        }
    }
}

#[test]
fn undocumented_codes_are_refusals_only_without_a_state() {
    for code in ["777", "00", "-1", "ET007", "CF008", "TS-D05", "E04126", "K099", "x"] {
        assert_says(&verdict(code, None), by_code("106").as_ref(), code);
        for status in ["3", "7", "null"] {
            assert!(is_recovery(&verdict(code, Some(status))), "{code}/{status}");
        }
    }
    let unreadable = reading(&json!({"response_code": "106", "biz_data": {"trans_status": {}}}));
    assert!(is_recovery(&unreadable.order_verdict(&order())), "it is not an absent one");
}

#[test]
fn why_an_answer_settles_nothing_is_said_with_code_and_meaning() {
    let Verdict::Unsettled(why) =
        said(Some("106"), "x[[K037]...]", Some("7")).order_verdict(&order())
    else {
        panic!("recovery expected")
    };
    let expected = "the terminal answered response_code 106 (transaction failed), \
                    code in response_msg K037 (automatic reversal failed), trans_status 7 (not documented)";
    assert_eq!(why, expected);
    let Verdict::Unsettled(why) = Response::default().order_verdict(&order()) else {
        panic!("recovery expected")
    };
    assert_eq!(why, "the answer has no response_code");
}

#[test]
fn the_code_is_found_in_its_brackets() {
    for (message, expected) in [
        ("Operator cancellation[[K026]...]", Some("K026")),
        ("Transaction parameter error[[M003]Invalid Amount]", Some("M003")),
        ("[K026]", Some("K026")),
        ("x[ K026 ]", Some("K026")),
        ("x[k026]", Some("k026")),
        ("交易取消[[K026]操作员[1]取消]", Some("K026")),
        ("[[K009][K026]...]", Some("K009")),
        ("[[K026] caused by [K009]]", Some("K009")),
        ("[Z99][[K026]...]", Some("K026")),
        ("[[K026]...][Z99]", Some("K026")),
        ("declined [TS-D51]", Some("TS-D51")),
        ("[E04110]", Some("E04110")),
        ("[[Z99]]", Some("Z99")),
        ("K026", None),
        ("[[K026", None),
        ("]K026[", None),
        ("[]", None),
        ("[1]", None),
        ("[card]", None),
        ("[K0 26]", None),
        ("[106]", None),
        ("", None),
    ] {
        assert_eq!(codes::inner_code(message), expected, "{message}");
    }
    assert_eq!(codes::inner_code(&"[".repeat(1_000_000)), None);
}

#[test]
fn a_query_is_answered_by_the_state() {
    for (status, outcome) in [
        ("9", Outcome::InProgress),
        ("0", Outcome::InProgress),
        ("1", Outcome::Declined),
        ("2", Outcome::Approved),
        ("02", Outcome::Approved),
        ("3", Outcome::Cancelled),
        ("4", Outcome::Approved),
        ("7", Outcome::Unknown),
    ] {
        for code in ["000", "0", "103", "106", "999"] {
            let answer = answer(code, Some(status));
            assert_eq!(answer.query_outcome(), outcome, "{code}/{status}");
            assert!(!answer.query_refused(), "{code}/{status}");
        }
        let without_code = Response { code: None, ..answer("", Some(status)) };
        assert_eq!(without_code.query_outcome(), outcome);
    }
}

#[test]
fn not_found_has_six_codes_in_two_places() {
    for code in ["104", "K015", "ET002", "ET003", "E04110", "E04111"] {
        let mut answers = vec![said(Some(code), "", None)];
        let message = format!("не найдено[[{code}]...]");
        if code != "104" {
            answers.extend(["106", "115", "999"].map(|with| said(Some(with), &message, None)));
        }
        for answer in answers {
            assert_eq!(answer.query_outcome(), Outcome::NotFound, "{answer:?}");
            assert!(!answer.query_refused(), "{answer:?}");
            let with_state = Response { trans_status: Some("2".into()), ..answer };
            assert_eq!(with_state.query_outcome(), Outcome::Unknown, "it cannot be both");
            assert!(!with_state.query_refused());
        }
    }
    let words = said(Some("106"), "transaction does not exist", None);
    assert_eq!(words.query_outcome(), Outcome::Unknown);
}

#[test]
fn a_query_without_a_state_is_in_progress_refused_or_worth_another() {
    assert_eq!(answer("101", None).query_outcome(), Outcome::InProgress);
    assert!(!answer("101", None).query_refused());
    for code in ["107", "108", "109", "112", "999", "SYS1", "K017", ""] {
        assert_eq!(answer(code, None).query_outcome(), Outcome::Unknown, "{code}");
        assert!(!answer(code, None).query_refused(), "{code}");
    }
    assert!(!Response::default().query_refused());
    for code in ["000", "103", "106", "114", "116", "118", "202", "777"] {
        assert_eq!(answer(code, None).query_outcome(), Outcome::Unknown, "{code}");
        assert!(answer(code, None).query_refused(), "{code}");
    }
}

#[test]
fn an_inner_code_in_the_place_of_a_response_code_counts_as_one() {
    assert!(is_recovery(&verdict("K009", Some("1"))), "money may have moved");
    assert_eq!(verdict("107", Some("1")), DECLINED, "a documented code is what its table says");
}

#[test]
fn a_state_is_said_with_its_meaning() {
    let Verdict::Unsettled(why) = verdict("000", Some("9")) else { panic!("recovery expected") };
    assert!(why.contains("trans_status 9 (") && !why.contains("not documented"), "{why}");
}

#[test]
fn every_outcome_is_known_by_its_name() {
    for outcome in [Outcome::Approved, Outcome::NotFound, Outcome::Unknown, Outcome::Refused] {
        assert_eq!(Outcome::from_name(outcome.name()), Some(outcome));
    }
    assert_eq!(Outcome::from_name("Approved"), None);
}
