//! `--timeout`: every command ends with it, whatever the terminal does, and no order is given up wrongly.

mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use ecrhub_simulator::Behaviour;
use support::{Ran, Shop, ecrhub, run};

/// A second more is the contract; the rest is for a machine that is busy with other tests.
const BOUND: Duration = Duration::from_secs(5);

/// Every command that waits for a terminal.
const COMMANDS: [&[&str]; 11] = [
    &["sale", "5.00"],
    &["void", "S1"],
    &["refund", "S1", "5.00"],
    &["auth", "5.00"],
    &["complete", "S1", "5.00"],
    &["cashback", "5.00", "1.00"],
    &["query", "S1"],
    &["close", "S1"],
    &["send", r#"{"topic":"ecrhub.getInfo","biz_data":{}}"#],
    &["watch"],
    &["doctor"],
];

fn within_the_limit(args: &[&str], url: &str) -> Ran {
    let began = Instant::now();
    let ran = run(ecrhub(&[args, &["--url", url, "--app-id", "app", "--timeout", "1"]].concat()));
    let took = began.elapsed();
    assert!(took < BOUND, "{args:?} took {took:?}: {ran:#?}");
    ran
}

/// All commands side by side.
fn all(url: &str, check: impl Fn(&[&str], Ran) + Sync) {
    std::thread::scope(|scope| {
        for args in COMMANDS {
            let check = &check;
            scope.spawn(move || check(args, within_the_limit(args, url)));
        }
    });
}

#[test]
fn every_command_ends_with_its_time_where_nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    all(&format!("ws://{free}"), |args, ran| match args[0] {
        "watch" => drop(ran.with_code(0).told("not connected")),
        "doctor" => drop(ran.with_code(8).told("nothing listens")),
        _ => drop(ran.with_code(6).told("NOT SENT")),
    });
}

#[test]
fn every_command_ends_with_its_time_where_nobody_answers_the_handshake() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    all(&format!("ws://{}", silent.local_addr().unwrap()), |args, ran| match args[0] {
        "watch" => drop(ran.with_code(0)),
        "doctor" => drop(ran.with_code(8)),
        _ => drop(ran.with_code(6).told("NOT SENT")),
    });
}

#[test]
fn every_command_ends_with_its_time_where_no_request_is_answered() {
    let url = support::terminal(|_| Vec::new());
    let orders = ["sale", "void", "refund", "auth", "complete", "cashback"];
    all(&url, |args, ran| match args[0] {
        "watch" => drop(ran.with_code(0).told("connected")),
        "doctor" => drop(ran.with_code(8)),
        order if orders.contains(&order) => drop(ran.with_code(7).noted("OPEN")),
        _ => drop(ran.with_code(7)),
    });
}

#[test]
fn an_order_that_is_not_paid_in_time_is_given_up() {
    let shop = Shop::open_with(|options| options.manual = true);
    let ran = shop.run(&["sale", "5.00", "--order", "S1", "--timeout", "2"]).with_code(3);
    ran.told("CANCELLED").noted("Giving the order up");
    assert_eq!(shop.simulator.charges("S1"), 0);
}

#[test]
fn where_several_tills_share_a_terminal_nothing_is_given_up() {
    let shop = Shop::open_with(|options| options.manual = true);
    let config = shop.write("config.json", r#"{"close_lost_orders": false}"#);
    let ran = shop.run(&["sale", "5.00", "--order", "S1", "--timeout", "1", "--config", &config]);
    ran.with_code(7).noted("order S1 is OPEN").noted("ecrhub query S1");
    assert!(!shop.simulator.received().iter().any(|request| request.contains("ecrhub.pay.close")));
}

#[test]
fn what_is_open_at_the_end_is_found_out_by_the_next_command_with_the_journal() {
    let shop = Shop::open_with(|options| options.slow_ms = 3_000);
    shop.simulator.set_next(Behaviour::CloseTooLate);
    let sale = ["sale", "5.00", "--order", "S1", "--timeout", "1"];
    let ran = shop.run_with_journal(&sale).with_code(7);
    ran.noted("order S1 is OPEN").noted("The next command with this journal");
    assert!(shop.orders()[0]["outcome"].is_null());
    assert!(shop.simulator.wait_until(support::PATIENCE, |s| s.charges("S1") == 1));
    let mut watch = shop.ecrhub(&["watch", "--timeout", "20"]);
    watch.env("ECRHUB_JOURNAL", shop.path("journal.db"));
    support::Running::start(watch).wait_told("sale S1: approved");
}
