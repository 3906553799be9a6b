//! Every command that asks something of a terminal, and every outcome's exit code.

mod support;

use std::io::Write;
use std::process::Stdio;

use serde_json::json;
use support::{Running, Shop, ecrhub, run};

#[test]
fn every_order_command_does_what_it_says() {
    let shop = Shop::open();
    let steps: [(&[&str], &str); 7] = [
        (&["sale", "34.50", "--order", "S1", "--currency", "USD"], "Sale 34.50 USD, order S1"),
        (&["refund", "S1", "4.50", "--order", "R1"], "Refund of S1 4.50, order R1"),
        (&["cashback", "20.00", "10.00", "--order", "C1"], "in cash, order C1"),
        (&["void", "C1", "--order", "V1"], "Void of C1, order V1"),
        (&["auth", "50.00", "--order", "A1"], "Authorization 50.00, order A1"),
        (&["complete", "A1", "45.00", "--order", "A2"], "Completion of A1 45.00, order A2"),
        (&["query", "S1"], "Query, order S1"),
    ];
    for (args, title) in steps {
        let ran = shop.run(args).with_code(0);
        ran.told(title).told("APPROVED").told("Transaction");
        assert!(!ran.stdout.contains('\u{1b}'), "no colours and no live line in a pipe: {ran:?}");
    }
    assert_eq!(shop.simulator.charges("S1"), 1);
    assert_eq!(shop.simulator.ledger().len(), 6);
}

#[test]
fn every_option_becomes_its_field() {
    let shop = Shop::open();
    let args = "sale 30.00 --order S1 --currency USD --tip 1.00 --ask-tip --tax 2.00 --pay-method Visa \
                --scenario SWIPE_CARD --card-type 2 --attach a --description d --notify-url http://n --expires 90 \
                --confirm --sign-on-screen --receipt 0 --field store_no=7";
    let args: Vec<&str> = args.split_whitespace().collect();
    shop.run(&args).with_code(0);
    let sent: serde_json::Value = serde_json::from_str(&shop.simulator.received()[0]).unwrap();
    assert_eq!(
        sent["biz_data"],
        json!({
            "trans_type": "1", "merchant_order_no": "S1", "order_amount": "30.00", "price_currency": "USD",
            "tip_amount": "1.00", "tax_amount": "2.00", "pay_method_id": "Visa", "pay_scenario": "SWIPE_CARD",
            "card_type": "2", "attach": "a", "description": "d", "notify_url": "http://n",
            "receipt_print_mode": "0", "on_screen_tip": true, "confirm_on_terminal": true,
            "on_screen_signature": true, "expires": "90", "store_no": "7"
        })
    );
    assert_eq!(sent["app_id"], "app");
}

#[test]
fn every_outcome_has_its_exit_code_and_says_what_to_do() {
    let shop = Shop::open();
    shop.run(&["sale", "1.01"]).with_code(1).told("DECLINED").told("106").told("new order number");
    shop.run(&["sale", "1.02"]).with_code(3).told("CANCELLED");
    shop.run(&["query", "NEVERSOLD"]).with_code(4).told("NOT FOUND");
    shop.run(&["close", "NEVERSOLD"]).with_code(0).told("OK");
    shop.run(&["sale", "1.06"]).with_code(1).told("120").told("Meaning").told("Advice");
    shop.run(&["sale", "1.15"]).with_code(10).told("BUSY").told("with the same order number");
    shop.run(&["sale", "1.55", "--config", &shop.impatient(), "--order", "U1"])
        .with_code(7)
        .told("UNKNOWN")
        .told("MONEY MAY HAVE MOVED")
        .told("ecrhub query U1");
    let strict = Shop::open_with(|options| options.close_unknown_fails = true);
    strict.run(&["close", "NEVERSOLD"]).with_code(1).told("REFUSED");
}

#[test]
fn what_never_left_is_not_sent() {
    let shop = Shop::open();
    shop.simulator.refuse_connections(true);
    let config = shop.write("config.json", r#"{"send_timeout_ms": 200}"#);
    let ran = shop.run(&["sale", "1.00", "--config", &config]).with_code(6);
    ran.told("NOT SENT").told("may be sent again").noted("Not connected");
    shop.run(&["query", "S1", "--config", &config]).with_code(6);
}

#[test]
fn an_order_under_way_is_in_progress_and_can_be_closed() {
    let shop = Shop::open_with(|options| options.manual = true);
    let sale = shop.start(&["sale", "5.00", "--order", "S1"]);
    shop.wait_for_a_customer();
    shop.run(&["query", "S1"]).with_code(5).told("IN PROGRESS").told("Ask again");
    shop.run(&["close", "S1"]).with_code(0);
    sale.end().with_code(3).told("CANCELLED");
    assert_eq!(shop.simulator.charges("S1"), 0);
}

#[test]
fn an_order_whose_answer_is_lost_is_found_out() {
    let shop = Shop::open();
    let ran = shop.run(&["sale", "1.36"]).with_code(0);
    ran.told("APPROVED").told("found out afterwards").noted("finding out what became of it");
    let ran = shop.run(&["sale", "1.36", "--json"]).with_code(0);
    assert!(ran.json().iter().any(|event| event["event"] == "recovering"), "{ran:?}");
    assert_eq!(ran.completed()["recovered"], true);
}

#[test]
fn with_json_standard_output_is_the_events_and_nothing_else() {
    let shop = Shop::open();
    let ran = shop.run(&["sale", "1.00", "--json"]).with_code(0);
    let names: Vec<_> =
        ran.json().iter().map(|e| e["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["connected", "completed"]);
    let done = ran.completed();
    assert_eq!(done["outcome"], "approved");
    let number = done["merchant_order_no"].as_str().unwrap();
    assert!(number.len() <= 32 && number.bytes().all(|b| b.is_ascii_alphanumeric()), "{number}");
    ran.noted(number);

    let refused = shop.run(&["sale", "1,00", "--json"]).with_code(9);
    assert_eq!(refused.stdout, "");
    refused.noted("order_amount").noted("ECRHUB_ERR_REQUEST");
    for amount in ["1.50", "1.51", "1.65", "1.69"] {
        assert_eq!(
            shop.run(&["sale", amount, "--json"]).with_code(0).completed()["outcome"],
            "approved"
        );
    }
}

#[test]
fn any_request_can_be_sent_from_wherever_it_is() {
    let shop = Shop::open();
    let sale = |number: &str| {
        json!({
            "topic": "ecrhub.pay.order",
            "biz_data": {"trans_type": "1", "merchant_order_no": number, "order_amount": "2.00"}
        })
        .to_string()
    };
    shop.run(&["send", &sale("S1")]).with_code(0).told("Sale 2.00, order S1");
    let file = shop.write("request.json", &sale("S2"));
    shop.run(&["send", "--file", &file]).with_code(0).told("order S2");
    for args in [vec!["send"], vec!["send", "-"]] {
        let number = format!("S{}", 2 + args.len());
        let mut command = shop.ecrhub(&args);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let mut stdin = running.child.stdin.take().unwrap();
        stdin.write_all(sale(&number).as_bytes()).unwrap();
        drop(stdin);
        running.end().with_code(0).told(&number);
        assert_eq!(shop.simulator.charges(&number), 1);
    }
    shop.run(&["send", "no json"]).with_code(9).noted("ECRHUB_ERR_JSON");
    shop.run(&["send", "--file", "/does/not/exist"]).with_code(9).noted("/does/not/exist");
}

#[test]
fn a_wrong_command_line_sends_nothing() {
    let shop = Shop::open();
    for args in [
        &["sale"][..],
        &["sell", "1.00"],
        &["sale", "1.00", "--field", "x"],
        &["sale", "1.00", "--timeout", "0"],
        &["journal", "resolve", "S1", "unknown"],
        &["journal", "list"],
    ] {
        shop.run(args).with_code(2);
    }
    run(ecrhub(&["sale", "1.00"])).with_code(2).noted("ECRHUB_URL");
    run(ecrhub(&["sale", "1.00", "--url", "http://x"])).with_code(9).noted("ECRHUB_ERR_CONFIG");
    run(ecrhub(&["--help"])).with_code(0).told("Exit codes:").told("MONEY MAY HAVE MOVED");
    assert!(shop.simulator.received().is_empty());
}

#[test]
fn options_go_before_the_file() {
    let shop = Shop::open();
    let url = shop.simulator.url();
    let whole = json!({"url": "ws://127.0.0.1:1", "app_id": "of-file", "send_timeout_ms": 200});
    let config = shop.write("config.json", &whole.to_string());
    run(ecrhub(&["sale", "1.00", "--config", &config])).with_code(6);
    run(ecrhub(&["sale", "1.00", "--config", &config, "--url", &url])).with_code(0);
    assert!(shop.simulator.received()[0].contains("of-file"));
    // A bare host will do, and a file may leave the url to the option.
    let bare = url.trim_start_matches("ws://");
    let config = shop.write("empty.json", "{}");
    run(ecrhub(&["query", "S1", "--config", &config, "--url", bare, "--app-id", "x"])).with_code(4);
    for (name, text, said) in [
        ("a.json", r#"{"timeout": 1}"#, "timeout"),
        ("b.json", "[]", "no JSON object"),
        ("c.json", r#"{"app_id":"a","app_id":"b"}"#, "twice"),
    ] {
        let config = shop.write(name, text);
        shop.run(&["sale", "1.00", "--config", &config]).with_code(9).noted(name).noted(said);
    }
}

#[test]
fn a_number_that_the_journal_knows_is_refused() {
    let shop = Shop::open();
    shop.run_with_journal(&["sale", "1.00", "--order", "S1"]).with_code(0);
    let ran = shop.run_with_journal(&["sale", "1.00", "--order", "S1"]).with_code(9);
    ran.noted("ECRHUB_ERR_DUPLICATE").noted("S1");
    assert_eq!(shop.simulator.charges("S1"), 1);
}

#[test]
fn what_nobody_read_is_not_acknowledged_and_told_again() {
    let shop = Shop::open_with(|options| options.manual = true);
    let journal = shop.path("journal.db");
    let mut sale =
        shop.ecrhub(&["sale", "5.00", "--order", "S1", "--journal", &journal]).spawn().unwrap();
    shop.wait_for_a_customer();
    drop(sale.stdout.take());
    assert!(shop.simulator.approve());
    let mut noted = String::new();
    std::io::Read::read_to_string(&mut sale.stderr.take().unwrap(), &mut noted).unwrap();
    assert_eq!(sale.wait().unwrap().code(), Some(0), "a broken pipe changes no outcome: {noted}");
    assert_eq!(noted, "");
    assert!(shop.orders()[0]["acknowledged"].is_null());

    shop.simulator.set_manual(false);
    let ran = shop.run_with_journal(&["sale", "6.00"]).with_code(0);
    ran.told("From earlier: sale S1: approved (told before)");
    assert!(shop.orders().iter().all(|order| order["acknowledged"].is_number()));
    let ran = shop.run_with_journal(&["sale", "7.00"]).with_code(0);
    assert!(!ran.stdout.contains("From earlier"), "{ran:?}");
}

#[test]
fn nothing_a_terminal_says_steers_the_screen() {
    let shop = Shop::open_with(|options| options.manual = true);
    let sale = shop.start(&["sale", "5.00", "--order", "S1"]);
    shop.wait_for_a_customer();
    shop.simulator.push_text("{\"topic\":\"x\",\"note\":\"\u{1b}[2J\u{202e}\"}");
    shop.simulator.push_text("{\"topic\":\"x\",\"note\":\"\u{202e}\"}");
    shop.simulator.approve();
    let ran = sale.end().with_code(0);
    ran.noted("the terminal says");
    assert!(!ran.stderr.contains(['\u{1b}', '\u{202e}']), "{ran:?}");
}

#[test]
fn the_connection_is_closed_properly() {
    let shop = Shop::open();
    shop.run(&["sale", "1.00"]).with_code(0);
    assert!(shop.simulator.wait_until(support::PATIENCE, |s| s.sockets() == 0));
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_line_shows_what_is_waited_for() {
    use ecrhub_simulator::Behaviour;
    let shop = Shop::open_with(|options| options.think_ms = 400);
    shop.simulator.set_next(Behaviour::Approved);
    let program = format!("{} sale 5.00", env!("CARGO_BIN_EXE_ecrhub"));
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &program, "/dev/null"]).env("ECRHUB_URL", shop.simulator.url());
    command.env("ECRHUB_APP_ID", "app").env("NO_COLOR", "1").env("TERM", "xterm");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().expect("the program script, which makes a terminal");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Waiting for the terminal"), "{text:?}");
    assert!(text.contains("APPROVED") && !text.contains('\u{1b}'), "{text:?}");
}
