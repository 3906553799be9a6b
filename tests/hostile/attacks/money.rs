//! Answers that lie, contradict themselves, or are to what nobody asked.

use std::io;

use super::attacks;
use crate::terminal::{Asked, Victim, text};

/// An order's answer with this state.
fn answer(order: &Asked, status: &str) -> Vec<u8> {
    answer_with(order, status, "")
}

fn answer_with(order: &Asked, status: &str, note: &str) -> Vec<u8> {
    let Asked { request_id, number, .. } = order;
    text(&format!(
        r#"{{"topic":"ecrhub.pay.order","request_id":"{request_id}","response_code":"000","note":"{note}","biz_data":{{"merchant_order_no":"{number}","trans_status":"{status}"}}}}"#
    ))
}

/// Approved, cancelled, approved, and so on.
fn contradictions(orders: &[Asked]) -> Vec<u8> {
    let each = |status| orders.iter().flat_map(move |order| answer(order, status));
    each("2").chain(each("3")).collect()
}

/// A query's answer: this about the order.
fn record(query: &Asked, what: &str) -> Vec<u8> {
    let Asked { request_id, number, .. } = query;
    text(&format!(
        r#"{{"topic":"ecrhub.pay.query","request_id":"{request_id}",{what},"biz_data":{{"merchant_order_no":"{number}"}}}}"#
    ))
}

/// Whatever is asked, this is all it says, a thousand times.
fn answer_all_with(victim: &mut Victim, answer: impl Fn(&Asked) -> Vec<u8>) -> io::Result<()> {
    victim.shake_hands()?;
    loop {
        let asked = victim.read_request()?;
        victim.write(&answer(&asked).repeat(1_000))?;
    }
}

/// The id of the till's request after so many more: it counts.
fn id_after(request_id: &str, more: u64) -> String {
    let (prefix, count) = request_id.split_at(request_id.len().min(16));
    let count = u64::from_str_radix(count, 16).unwrap_or(0);
    format!("{prefix}{:012x}", count + more)
}

attacks! {
    fn contradictions_for_one_order(victim) {
        victim.shake_hands()?;
        let order = victim.read_order()?;
        victim.flood(&contradictions(&[order]))
    }

    /// Of orders that were answered properly, some time ago.
    fn contradictions_for_many_orders(victim) {
        let orders = victim.serve()?;
        victim.flood(&contradictions(&orders))
    }

    fn long_contradictions_for_many_orders(victim) {
        let orders = victim.serve()?;
        loop {
            for (order, status) in ["2", "3"].into_iter().flat_map(|s| orders.iter().map(move |o| (o, s))) {
                let note = " ".repeat(16_000);
                victim.write(&answer_with(order, status, &note))?;
            }
        }
    }

    /// Each is compared with all that the till has ever sent.
    fn numbers_written_as_numbers(victim) {
        victim.serve()?;
        victim.flood(&text(
            r#"{"topic":"ecrhub.pay.query","biz_data":{"merchant_order_no":9000000000000000000,"trans_status":2}}"#,
        ))
    }

    /// Records that are not the till's own questions' answers, and of orders that nobody sold.
    fn records_that_nobody_asked_for(victim) {
        victim.shake_hands()?;
        let numbers = (0..10_000_u64).map(|number| {
            text(&format!(
                r#"{{"topic":"ecrhub.pay.query","request_id":"ecrhub-probe-{number:016x}","response_code":"000","biz_data":{{"merchant_order_no":"X{number}","trans_status":"2"}}}}"#
            ))
        });
        let numbers: Vec<u8> = numbers.flatten().collect();
        victim.flood(&numbers)
    }

    fn answers_to_what_is_sent_next(victim) {
        victim.shake_hands()?;
        let first = victim.read_request()?;
        let answers = (1..1_000).flat_map(|more| {
            let request_id = id_after(&first.request_id, more);
            answer(&Asked { request_id, ..first.clone() }, "2")
        });
        let answers: Vec<u8> = answers.collect();
        victim.flood(&answers)
    }

    fn answers_with_the_number_of_another_order(victim) {
        victim.shake_hands()?;
        let first = victim.read_order()?;
        loop {
            let order = victim.read_order()?;
            victim.write(&answer(&Asked { number: first.number.clone(), ..order }, "2"))?;
        }
    }

    fn every_answer_a_thousand_times(victim) {
        answer_all_with(victim, |asked| answer(asked, "2"))
    }

    fn busy_for_ever(victim) {
        answer_all_with(victim, |asked| record(asked, r#""response_code":"101""#))
    }

    fn in_progress_for_ever(victim) {
        answer_all_with(victim, |asked| {
            if asked.topic == "ecrhub.pay.order" {
                text("{}")
            } else {
                text(&format!(
                    r#"{{"topic":"{}","request_id":"{}","response_code":"000","biz_data":{{"merchant_order_no":"{}","trans_status":"0"}}}}"#,
                    asked.topic, asked.request_id, asked.number
                ))
            }
        })
    }

    fn not_found_for_ever(victim) {
        answer_all_with(victim, |asked| record(asked, r#""response_code":"104""#))
    }

    fn answers_that_name_nothing(victim) {
        answer_all_with(victim, |_| text(r#"{"response_code":"000","biz_data":{"trans_status":"2"}}"#))
    }
}
