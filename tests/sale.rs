//! A till takes payments from a simulated terminal over real sockets.

mod common;

use common::*;
use ecrhub::Outcome;

#[test]
fn a_sale_is_approved_and_charged_once() {
    let simulator = simulator();
    let terminal = connect(&simulator);
    let number = number();
    let done = call(&terminal, &sale(&number, "34.50"));
    assert_eq!(done.outcome, Outcome::Approved, "{done:?}");
    assert!(done.response.is_some_and(|response| response.contains("trans_no")));
    assert_eq!(simulator.charges(&number), 1);
}
