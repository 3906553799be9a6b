//! The doctor, on good terminals and on what is none.

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;
use support::{Ran, Shop, ecrhub, run};

fn doctor(url: &str) -> Ran {
    doctor_within("0.5", url)
}

fn doctor_within(seconds: &str, url: &str) -> Ran {
    run(ecrhub(&["doctor", url, "--app-id", "app", "--timeout", seconds, "--json"]))
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
    let ran = doctor_within("20", &shop.simulator.url()).with_code(0);
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

/// A service that answers so to whoever connects and asks, and then hangs up.
fn stranger(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4_096];
            // The first connection only looks whether somebody listens.
            if stream.read(&mut request).is_ok_and(|length| length > 0) {
                let _ = stream.write_all(answer);
            }
        }
    });
    url
}

/// Who answers, and a word of what is said of it and one of the advice.
const STRANGERS: &[(&[u8], &str, &str)] = &[
    (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH server answers (\"SSH-2.0-OpenSSH_9.6\")", "another service"),
    (b"220 mail.example ESMTP\r\n", "mail or file server", "another service"),
    (b"\x15\x03\x03\x00\x02\x02\x28", "encryption", "takes no encryption"),
    (
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        "encryption",
        "takes no encryption",
    ),
    (b"HTTP/1.1 200 OK\r\n\r\n<html>", "a web page answers (HTTP 200)", "captive portal"),
    (b"<html>Hello</html>", "a web page answers", "captive portal"),
    (
        b"HTTP/1.1 301 Moved\r\nLocation: https://router.example/\r\n\r\n",
        "HTTP 301, to \"https://router.example/\"",
        "captive portal",
    ),
    (
        b"HTTP/1.1 302 Found\r\nlocation: http://wifi.example/login?token=s3cret\r\n\r\n",
        "HTTP 302, to \"http://wifi.example/login?***\"",
        "captive portal",
    ),
    (
        b"HTTP/1.1 401 Unauthorized\r\n\r\n",
        "user name and a password (HTTP 401)",
        "a router, a camera",
    ),
    (b"HTTP/1.1 403 Forbidden\r\n\r\n", "refuses this machine (HTTP 403)", "filter"),
    (b"HTTP/1.1 404 Not Found\r\n\r\n", "nothing there (HTTP 404)", "register (ECR) mode"),
    (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "a proxy asks", "pass directly"),
    (b"HTTP/1.1 426 Upgrade Required\r\n\r\n", "HTTP 426", "speaks no WebSocket"),
    (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "a gateway answers", "stands between"),
    (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "not ready", "no other till"),
    (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", "a gateway answers", "stands between"),
    (b"HTTP/1.1 511 Sign In\r\n\r\n", "wants a sign-in", "captive portal"),
    (b"HTTP/1.1 101 Switching\r\n\r\n", "breaks the rules", "a proxy"),
    (b"-ERR unknown command\r\n", "\"-ERR unknown command\"", "another service"),
    (b"\x4a\x00\x00\x00\x0a", "the bytes 4a 00 00 00 0a", "another service"),
    (b"", "the connection was cut", "register (ECR) mode"),
];

#[test]
fn whatever_answers_in_a_terminals_place_is_named_and_gets_its_own_advice() {
    for (answer, who, advice) in STRANGERS {
        let ran = doctor_within("20", &stranger(answer));
        let ran = fails_at(ran, "websocket");
        let failed = ran.json().into_iter().find(|step| step["result"] == "failed").unwrap();
        let (said, advised) =
            (failed["detail"].as_str().unwrap(), failed["advice"].as_str().unwrap());
        assert!(said.contains(who), "{who:?}: {said}");
        assert!(advised.contains(advice), "{advice:?}: {advised}");
        assert!(
            !advised.contains("leave out what follows the port"),
            "no path was given: {advised}"
        );
    }
}

#[test]
fn the_address_may_be_an_option() {
    let shop = Shop::open();
    let url = shop.simulator.url();
    run(ecrhub(&["doctor", "--url", &url])).with_code(0).told("The terminal can be used.");
    let ran = run(ecrhub(&["doctor", &url, "--url", "ws://terminal.invalid"]));
    ran.with_code(0).told("The terminal can be used.");
}

#[test]
fn an_address_with_leading_zeros_is_not_guessed_at() {
    let ran = run(ecrhub(&["doctor", "192.168.001.020"])).with_code(9);
    ran.noted("without leading zeros, 192.168.1.20");
}

#[test]
fn a_name_that_nobody_knows() {
    fails_at(doctor_within("20", "ws://terminal.invalid"), "name").told("terminal.invalid");
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
