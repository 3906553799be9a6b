//! The terminal on a real socket.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use common::{PATIENCE, Till, call, raw_call, request, sale, start};
use ecrhub_simulator::{AMOUNTS, Behaviour, ODDITIES, Oddities, Options, Simulator};
use serde_json::{Value, json};

#[test]
fn a_sale_is_charged_once_and_answered() {
    let simulator = start(|_| {});
    let mut till = Till::connect(&simulator);
    let answer = till.ask(&sale("A1", "34.50"));
    assert_eq!(answer["response_code"], "000");
    assert_eq!(answer["request_id"], "r1");
    assert_eq!(answer["biz_data"]["trans_status"], "2");
    assert_eq!(answer["biz_data"]["merchant_order_no"], "A1");
    assert_eq!(simulator.charges("A1"), 1);
    assert_eq!(simulator.ledger()[0].amount, "34.50");
    assert_eq!(simulator.received().len(), 1);
    assert_eq!(simulator.connections(), 1);
}
