//! The doctor, on good terminals and on what is none.

mod support;

use std::net::TcpListener;

use serde_json::Value;
use support::{Ran, Shop, ecrhub, run};

fn doctor(url: &str) -> Ran {
    run(ecrhub(&["doctor", url, "--app-id", "app", "--timeout", "0.5", "--json"]))
}

/// The steps as `name result`; what failed has advice, what follows was not tried.
fn steps(ran: &Ran) -> Vec<String> {
    let mut failed = false;
    let check = |step: Value| {
        let (name, result) = (step["step"].as_str().unwrap(), step["result"].as_str().unwrap());
        assert_eq!(step["advice"].is_string(), result == "failed", "{step}");
        assert_eq!(step["ms"].is_number(), result != "not_tried", "{step}");
        assert_eq!(failed, result == "not_tried", "{step}");
        failed |= result == "failed";
        format!("{name} {result}")
    };
    ran.json().into_iter().map(check).collect()
}

const NAMES: [&str; 6] = ["name", "route", "tcp", "websocket", "ping", "query"];

/// All steps are well until this one fails.
#[track_caller]
fn fails_at(ran: Ran, step: &str) -> Ran {
    let ran = ran.with_code(8);
    let at = NAMES.iter().position(|name| *name == step).unwrap();
    let expected: Vec<String> = NAMES
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let result = match i.cmp(&at) {
                std::cmp::Ordering::Less => "ok",
                std::cmp::Ordering::Equal => "failed",
                std::cmp::Ordering::Greater => "not_tried",
            };
            format!("{name} {result}")
        })
        .collect();
    assert_eq!(steps(&ran), expected, "{ran:?}");
    ran
}

#[test]
fn a_good_terminal_passes_every_step() {
    let shop = Shop::open();
    let ran = shop.run(&["doctor"]).with_code(0);
    ran.told("The terminal can be used.").told("knows no order").told(" ms");
    let ran = doctor(&shop.simulator.url()).with_code(0);
    assert_eq!(steps(&ran), NAMES.map(|name| format!("{name} ok")));
    assert!(shop.simulator.ledger().is_empty());
    assert!(shop.simulator.wait_until(support::PATIENCE, |s| s.sockets() == 0));
    // A name instead of an address, and no app id.
    let ran = run(ecrhub(&["doctor", &format!("ws://localhost:{}", shop.simulator.port())]));
    ran.with_code(0).told("localhost is").told("--app-id");
}

#[test]
fn a_port_that_nobody_listens_on() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ran = fails_at(doctor(&format!("ws://127.0.0.1:{free}")), "tcp");
    ran.told("refused").told("nothing listens on port");
    let ran = run(ecrhub(&["doctor", &format!("127.0.0.1:{free}")])).with_code(8);
    ran.told("What to do:").told("not tried").told("the step \"tcp\" failed");
}

#[test]
fn a_port_that_says_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", silent.local_addr().unwrap());
    fails_at(doctor(&url), "websocket").told("does not speak as a terminal does");
}

#[test]
fn a_wrong_path() {
    let shop = Shop::open();
    let ran = fails_at(doctor(&format!("{}/wrong", shop.simulator.url())), "websocket");
    ran.told("404").told("leave out what follows the port");
}

#[test]
fn a_name_that_nobody_knows() {
    fails_at(doctor("ws://terminal.invalid"), "name").told("terminal.invalid");
}

#[test]
fn a_terminal_that_freezes_after_the_handshake() {
    let shop = Shop::open();
    let url = shop.simulator.url();
    let ran = std::thread::scope(|scope| {
        let ran = scope.spawn(|| doctor(&url));
        // The handshake is through before the first ping is sent.
        shop.simulator.wait_until(support::PATIENCE, |s| s.connections() == 1);
        shop.simulator.freeze();
        ran.join().unwrap()
    });
    let ran = ran.with_code(8);
    let failed = steps(&ran).into_iter().find(|step| step.ends_with("failed")).unwrap();
    assert!(["ping failed", "query failed"].contains(&failed.as_str()), "{ran:?}");
}
