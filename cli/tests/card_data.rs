//! No card data is printed, and nothing that steers a screen, whatever a terminal says and however it is asked.

mod support;

use std::sync::LazyLock;

use ecrhub_simulator::Behaviour;
use serde_json::{Value, json};
use support::{Ran, Shop, ecrhub, run};

const CARD: &str = "4111111111111111";

/// None of these may be seen: the card in full, members that are secret by name, the secrets of the address.
const SECRETS: [&str; 4] = [CARD, "JOHN DOE", "987654", "s3cret"];

/// How much is asked to be told: by default, for programs, and with everything the log has.
const TALKS: [&[&str]; 4] = [&[], &["--json"], &["-vvv"], &["--json", "-vvv"]];

/// A terminal that has card data and control characters wherever there is space, and amounts that differ. Which number an
/// order has, it says as it must.
static LEAKY: LazyLock<String> = LazyLock::new(|| {
    support::terminal(|request| {
        let order = &request["biz_data"];
        let is_declined = order["order_amount"] == "5.01";
        let mut answered = json!({
            "merchant_order_no": order["merchant_order_no"], "trans_type": "1",
            "trans_status": if is_declined { "1" } else { "2" }, "order_amount": CARD, "price_currency": "USD",
            "card_no": CARD, "cvv2": "987654", "cardholder_name": "JOHN DOE", "expiry": "987654",
            "trans_no": CARD, "ref_no": CARD, "auth_code": CARD, "pay_method_id": CARD,
            "attach": format!("track2={CARD}=2512101"), "trans_end_time": "\u{1b}]0;title\u{7}", "note": "a\u{202e}b",
        });
        answered[CARD] = json!("a name");
        let code = if is_declined { "106" } else { "000" };
        let answer = json!({
            "topic": request["topic"], "request_id": request["request_id"], "response_code": code,
            "response_msg": format!("paid by {CARD}\r\n\u{1b}[2Jforged"), "biz_data": answered,
        });
        let unasked = json!({"topic": "ecrhub.other", "card_no": CARD, CARD: 1, "cvv2": "987654", "x": "\u{1b}[2J"});
        vec![
            unasked.to_string(),
            format!("no message: {CARD} \u{1b}[2J cvv2=987654"),
            answer.to_string(),
        ]
    })
});

#[track_caller]
fn is_clean(ran: &Ran) {
    for (name, text) in [("output", &ran.stdout), ("standard error", &ran.stderr)] {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} is in the {name}:\n{text}");
        }
        let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(steers), "the {name} steers the screen: {text:?}");
    }
}

/// The program at the leaky terminal, whose address has a secret.
fn asked(args: &[&str]) -> Ran {
    let url = format!("{}/?token=s3cret", *LEAKY);
    let ran = run(ecrhub(&[args, &["--url", &url, "--app-id", "app", "--timeout", "30"]].concat()));
    is_clean(&ran);
    ran
}

#[test]
fn no_command_prints_card_data() {
    for talk in TALKS {
        let is_json = talk.contains(&"--json");
        for args in [
            &["sale", "5.00"][..],
            &["sale", "5.01"],
            &["refund", "S1", "5.00"],
            &["void", "S1"],
            &["query", "S1"],
            &["close", "S1"],
            &["send", r#"{"topic":"ecrhub.getInfo","biz_data":{}}"#],
        ] {
            let ran = asked(&[args, talk].concat());
            if is_json {
                let fields = &ran.completed()["fields"];
                assert_eq!(fields["card_no"], "411111******1111", "{args:?}: {ran:#?}");
                assert_eq!(fields["cvv2"], "***");
                assert_eq!(ran.completed()["response"]["biz_data"]["cardholder_name"], "***");
            } else if ran.code == Some(0) {
                ran.told("411111******1111");
            }
        }
        asked(&[&["doctor"][..], talk].concat()).with_code(8).told("411111******1111");
    }
}

#[test]
fn the_log_has_the_librarys_lines_and_no_others() {
    let ran = asked(&["sale", "5.00", "--order", "S1", "-vvv"]).with_code(0);
    ran.noted("order S1 (");
    for foreign in ["WebSocketContext", "Received message", "Request: ", "frame"] {
        assert!(!ran.stderr.contains(foreign), "{ran:#?}");
    }
}

#[test]
fn an_orders_own_number_stays_readable_though_it_looks_like_a_cards() {
    let shop = Shop::open();
    let own = "5555555555554444";
    let numbers = [own, "4000000000000002", "378282246310005", "6011111111111117"];
    for (talk, number) in TALKS.into_iter().zip(numbers) {
        let sale = [&["sale", "5.00", "--order", number], talk].concat();
        let ran = shop.run_with_journal(&sale).with_code(0);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(number), "{ran:#?}");
    }
    shop.run_with_journal(&["journal", "list"]).with_code(0).told(own);
    shop.run_with_journal(&["journal", "export"]).with_code(0).told(&format!(",{own},"));
    shop.run_with_journal(&["journal", "show", own]).with_code(0).told(own);
}

#[test]
fn nothing_of_a_card_is_in_the_journal_or_comes_out_of_it() {
    let shop = Shop::open();
    let journal = shop.path("journal.db");
    for amount in ["5.00", "5.01"] {
        asked(&["sale", amount, "--order", &format!("S{}", &amount[2..]), "--journal", &journal]);
    }
    for talk in TALKS {
        for args in [&["list"][..], &["show", "S00"], &["export"]] {
            let ran = shop.run_with_journal(&[&["journal"], args, talk].concat()).with_code(0);
            // The lines of CSV end with a carriage return.
            is_clean(&Ran { stdout: ran.stdout.replace("\r\n", "\n"), ..ran });
        }
    }
    for name in ["journal.db", "journal.db-wal", "journal.db.lock"] {
        let bytes = std::fs::read(shop.path(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        SECRETS.iter().for_each(|secret| assert!(!text.contains(secret), "{name}: {secret}"));
    }
}

#[test]
fn a_note_about_a_decision_is_kept_without_the_cards_number() {
    let shop = Shop::open();
    let config = shop.impatient();
    shop.run_with_journal(&["sale", "3.55", "--order", "U1", "--config", &config]).with_code(7);
    let note = format!("seen: {CARD}, cvv2=987654");
    let resolve = ["journal", "resolve", "U1", "approved", "--note", &note, "--json"];
    is_clean(&shop.run_with_journal(&resolve).with_code(0));
    is_clean(&shop.run_with_journal(&["journal", "show", "U1"]).with_code(0));
}

#[test]
fn what_is_watched_has_no_card_data() {
    for talk in TALKS {
        let shop = Shop::open();
        let watch = shop.start(&[&["watch", "--timeout", "1"], talk].concat());
        assert!(shop.simulator.wait_until(support::PATIENCE, |s| s.connections() == 1));
        let unasked: Value =
            json!({"topic": "x", "card_no": CARD, CARD: "\u{1b}[2J", "pin": "987654"});
        shop.simulator.push_text(&unasked.to_string());
        shop.simulator.push_text(&format!("{CARD} \u{1b}[2J JSON is something else: cvv2=987654"));
        let reason = format!("bye {CARD}\r\n\u{1b}[2J");
        let close =
            [&[0x88, u8::try_from(reason.len() + 2).unwrap(), 0x03, 0xe8], reason.as_bytes()];
        shop.simulator.push_bytes(&close.concat());
        let ran = watch.end().with_code(0);
        is_clean(&ran);
        assert_eq!(ran.stdout.matches("411111******1111").count(), 4, "{ran:#?}");
    }
}

#[test]
fn what_is_refused_is_named_without_its_card_data() {
    let shop = Shop::open();
    shop.simulator.set_next(Behaviour::Approved);
    for args in [
        &["sale", "4111111111111111.5x"][..],
        &["sale", "5.00", "--card-type", CARD],
        &["sale", "5.00", "--currency", CARD],
        &["sale", "5.00", "--url", "ws://me:s3cret@till"],
        &["sale", "5.00", "--url", "ws://till/?token=s3cret#x"],
        &["sale", "5.00", "--url", "ws://till/#s3cret"],
    ] {
        is_clean(&shop.run(args).with_code(9));
    }
    let config = json!({CARD: 1, "app_id": 4_111_111_111_111_111_u64}).to_string();
    let config = shop.write("config.json", &config);
    is_clean(&shop.run(&["sale", "5.00", "--config", &config]).with_code(9));
    assert!(shop.simulator.received().is_empty());
}
