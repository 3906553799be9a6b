//! What the till is told of a terminal that breaks the rules, and that it goes on all the same.

use ecrhub::{EventKind, Outcome, Terminal};

use crate::alone;
use crate::common::*;
use crate::terminal::{Asked, Attack, HostileTerminal, close, frame, text};
use crate::till::{GET_INFO, config, fetch_all, reason};

/// The first reason for which a connection to such a terminal ends.
fn reason_of(attack: Attack) -> String {
    let _alone = alone();
    let hostile = HostileTerminal::start(attack);
    reason(&Terminal::connect(config(&hostile)).unwrap())
}

#[test]
fn an_extension_nobody_offered_fails_the_handshake() {
    let reason = reason_of(|victim| {
        let answer = victim.handshake()?
            + "Sec-WebSocket-Extensions: \r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        victim.write(answer.as_bytes())?;
        victim.stand_still()
    });
    assert!(
        reason.contains("the extension \"permessage-deflate\", which nobody offered"),
        "{reason}"
    );
}

#[test]
fn a_header_without_an_extension_is_none() {
    let _alone = alone();
    let hostile = HostileTerminal::start(|victim| {
        let answer = victim.handshake()? + "Sec-WebSocket-Extensions:\r\n\r\n";
        victim.write(answer.as_bytes())?;
        victim.stand_still()
    });
    wait_connected(&Terminal::connect(config(&hostile)).unwrap());
}

#[test]
fn a_subprotocol_nobody_offered_fails_the_handshake() {
    let reason = reason_of(|victim| {
        let answer = victim.handshake()? + "Sec-WebSocket-Protocol: chat\r\n\r\n";
        victim.write(answer.as_bytes())?;
        victim.stand_still()
    });
    assert!(reason.contains("subprotocol"), "{reason}");
}

#[test]
fn endless_headers_are_said_to_be_that() {
    let reason = reason_of(|victim| {
        let answer = victim.handshake()? + "X: ";
        victim.write(answer.as_bytes())?;
        victim.flood(b"y")
    });
    assert!(reason.contains("does not end"), "{reason}");
}

#[test]
fn a_handshake_takes_no_longer_than_a_connection_may() {
    let reason = reason_of(|victim| {
        let answer = victim.handshake()?;
        victim.trickle(answer.as_bytes(), std::time::Duration::from_millis(20))
    });
    assert!(reason.contains("300 ms"), "{reason}");
}

#[test]
fn a_close_with_an_illegal_code_is_reported_with_that_code() {
    for (attack, code) in [
        (
            (|victim| victim.shake_hands().and_then(|()| victim.write(&close(1005)))) as Attack,
            "1005",
        ),
        (|victim| victim.shake_hands().and_then(|()| victim.write(&close(999))), "999"),
        (|victim| victim.shake_hands().and_then(|()| victim.write(&close(2999))), "2999"),
    ] {
        let reason = reason_of(attack);
        assert!(reason.contains(&format!("the code {code}, which is not allowed")), "{reason}");
    }
}

#[test]
fn a_close_with_a_legal_code_is_reported_with_its_reason() {
    let reason = reason_of(|victim| {
        victim.shake_hands()?;
        victim.write(&frame(0x88, b"\x03\xeaProtocol violation"))
    });
    assert!(reason.contains("(1002: Protocol violation)"), "{reason}");
}

#[test]
fn a_message_in_too_many_fragments_is_a_protocol_error() {
    let _alone = alone();
    let hostile = HostileTerminal::start(|victim| {
        victim.shake_hands()?;
        victim.write(&frame(0x01, b"{"))?;
        victim.flood(&[0, 0])
    });
    let victim = Terminal::connect(config(&hostile)).unwrap();
    let detail = wait_for(&victim, |event| match &event.kind {
        EventKind::ProtocolError { detail, .. } => Some(detail.clone()),
        _ => None,
    });
    assert!(detail.contains("more than 16384 fragments"), "{detail}");
    assert!(reason(&victim).contains("fragments"));
}

#[test]
fn an_answer_in_fragments_of_a_byte_is_an_answer() {
    let _alone = alone();
    let hostile = HostileTerminal::start(|victim| {
        victim.shake_hands()?;
        loop {
            let Asked { request_id, topic, .. } = victim.read_request()?;
            let answer = format!(
                r#"{{"topic":"{topic}","request_id":"{request_id}","response_code":"000"}}"#
            );
            victim.write(&frame(0x01, b""))?;
            for byte in answer.bytes() {
                victim.write(&[frame(0x00, &[byte]), frame(0x89, b"?")].concat())?;
            }
            victim.write(&frame(0x80, b""))?;
        }
    });
    let config = ecrhub::Config { request_timeout_ms: 20_000, ..config(&hostile) };
    let victim = Terminal::connect(ecrhub::Config { send_timeout_ms: 20_000, ..config }).unwrap();
    for _ in 0..3 {
        assert_eq!(call(&victim, GET_INFO).outcome, Outcome::Ok);
    }
}

#[test]
fn completions_nobody_fetches_end_in_busy_and_come_all_the_same() {
    const IN_FLIGHT: usize = 40;
    let _alone = alone();
    let hostile = HostileTerminal::start(|victim| {
        victim.shake_hands()?;
        let mut asked = Vec::new();
        // All of them, before any is answered.
        while asked.len() < IN_FLIGHT {
            asked.push(victim.read_request()?);
        }
        for Asked { request_id, topic, .. } in asked {
            let note = "x".repeat(1_000_000);
            let answer = format!(
                r#"{{"topic":"{topic}","request_id":"{request_id}","response_code":"000","note":"{note}"}}"#
            );
            victim.write(&text(&answer))?;
        }
        victim.stand_still()
    });
    let config = ecrhub::Config { request_timeout_ms: 25_000, ..config(&hostile) };
    let victim = Terminal::connect(ecrhub::Config { send_timeout_ms: 20_000, ..config }).unwrap();
    let mut ids: Vec<String> = (0..IN_FLIGHT).map(|_| send(&victim, GET_INFO)).collect();
    eventually("all are answered", || victim.state().unwrap().contains(r#""in_flight":0,"#));
    let state: serde_json::Value = serde_json::from_str(&victim.state().unwrap()).unwrap();
    assert!(state["bytes_waiting"].as_u64().unwrap() < 20_000_000, "{state}");
    let refused = victim.submit(victim.prepare(GET_INFO).unwrap(), None).unwrap_err();
    assert!(refused.to_string().contains("max_queue_bytes"), "{refused}");
    let mut with_text = 0;
    for event in fetch_all(&victim) {
        let EventKind::Completed(done) = event.kind else { continue };
        assert_eq!(done.outcome, Outcome::Ok);
        with_text += usize::from(done.response.is_some());
        let why = done.error.map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(done.response.is_none(), why.contains("was not kept"), "{why}");
        ids.retain(|id| *id != done.request_id);
    }
    assert_eq!(ids, [""; 0], "each completes");
    assert!((8..12).contains(&with_text), "{with_text}");
    assert!(victim.submit(victim.prepare(GET_INFO).unwrap(), None).is_ok(), "there is space again");
}
