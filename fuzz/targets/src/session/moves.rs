//! What can happen next.

use ecrhub::Outcome;
use ecrhub::internals::{Others, Progress};
use ecrhub::protocol::{CLOSE, ORDER, QUERY};
use serde_json::{Value, json};

use super::wire::text_frames;
use super::{Frame, Reach, World};
use crate::input::Input;

const AMOUNT: &str = "34.50";
const NUMBERS: [&str; 5] = ["A1", "A2", "A3", "A4", "A5"];
const TRANS_TYPES: [&str; 6] = ["1", "1", "2", "3", "5", "11"];
const PASS_MS: [u64; 10] =
    [1, 100, 500, 2_000, 10_000, 30_000, 61_000, 180_000, 600_000, 3_600_000];
const CODES: [&str; 24] = [
    "000", "000", "000", "0", "103", "101", "102", "104", "105", "106", "107", "108", "109", "110",
    "111", "112", "113", "115", "117", "201", "202", "999", "E04110", "",
];
const STATUSES: [&str; 8] = ["2", "2", "", "0", "1", "3", "4", "9"];
const MESSAGES: [&str; 8] =
    ["", "ok", "x[[K026]y]", "x[[K036]y]", "x[[K015]y]", "x[[N003]y]", "x[[K009]y]", "[["];

impl World {
    pub(super) fn act(&mut self, input: &mut Input<'_>) {
        match input.byte() % 20 {
            0 | 1 => self.send_order(input),
            2 => self.send_other(input),
            3 | 4 => {
                let ms = input.one_of(&PASS_MS);
                self.pass(ms);
            }
            5..=9 => self.answer(input),
            10 => self.say(input),
            11 => self.say_bytes(input),
            12 if self.wire.is_some() => self.lose(ecrhub::Stage::Receive),
            13 => self.reach = input.one_of(&[Reach::Yes, Reach::Refused, Reach::Silent]),
            14 => self.takes_data = !self.takes_data,
            15 => self.write_half(input),
            16 => self.crash(),
            17 => self.acknowledge(input),
            18 => self.pong(input),
            19 => self.disturb(input),
            _ => {}
        }
    }

    fn send_order(&mut self, input: &mut Input<'_>) {
        let (number, original) = (input.one_of(&NUMBERS), input.one_of(&NUMBERS));
        let message = json!({"topic": ORDER, "biz_data": {
            "trans_type": input.one_of(&TRANS_TYPES), "merchant_order_no": number, "order_amount": AMOUNT,
            "orig_merchant_order_no": original
        }});
        self.send(&message.to_string());
    }

    fn send_other(&mut self, input: &mut Input<'_>) {
        let topics = [QUERY, CLOSE, "ecrhub.init", "ecrhub.pay.tip.adjustment", "ecrhub.heartbeat"];
        let topic = input.one_of(&topics);
        let biz_data = json!({"merchant_order_no": input.one_of(&NUMBERS)});
        self.send(&json!({"topic": topic, "biz_data": biz_data}).to_string());
    }

    /// An answer to one of the newest frames, right or nearly so. One that plainly approves a sale settles it.
    fn answer(&mut self, input: &mut Input<'_>) {
        let Some(frame) = self.frame(input.byte()) else { return };
        let (id, topic, number) = (frame.id.clone(), frame.topic.clone(), frame.number.clone());
        let (code, status) = (input.one_of(&CODES), input.one_of(&STATUSES));
        let (message, shape) = (input.one_of(&MESSAGES), input.byte());
        let trans_type = self.ledger.accounts.get(&id).and_then(|it| it.request.trans_type.clone());
        let trans_type = trans_type.unwrap_or_else(|| "1".to_owned());
        let has = |bit: u8| shape >> bit & 1 == 1;
        let mut biz_data = json!({
            "trans_type": trans_type, "merchant_order_no": number, "order_amount": AMOUNT, "trans_status": status
        });
        if has(0) {
            remove(&mut biz_data, "merchant_order_no");
        }
        if has(1) {
            biz_data["order_amount"] = json!("12.00");
        }
        if has(2) {
            biz_data["order_queue_mode"] = json!("FIFO");
        }
        let mut answer = json!({
            "topic": topic, "request_id": id, "response_code": code, "response_msg": message, "biz_data": biz_data
        });
        if has(3) {
            remove(&mut answer, "request_id");
        }
        if has(4) {
            answer["biz_data"] = json!(answer["biz_data"].to_string());
        }
        if has(5) {
            remove(&mut answer, "topic");
        }
        if has(6) {
            remove(&mut answer, "biz_data");
        }
        if code.is_empty() {
            remove(&mut answer, "response_code");
        }
        let is_success = ["000", "0", "103"].contains(&code);
        let is_plain =
            is_success && ["2", "4"].contains(&status) && message.len() < 3 && shape & !0x91 == 0;
        let before = self.ledger.accounts.get(&id).map(|it| (it.told, trans_type == "1"));
        self.speak(&answer.to_string(), input);
        if let (true, true, Some((None, true))) = (is_plain, topic == ORDER, before)
            && let Some(account) = self.ledger.accounts.get(&id)
            && self.is_up()
        {
            assert_eq!(
                account.told,
                Some(Outcome::Approved),
                "{id} was approved by its own answer"
            );
        }
    }

    /// One of the newest frames, 0 for the last one.
    fn frame(&self, back: u8) -> Option<&Frame> {
        let at = self.frames.len().checked_sub(1 + usize::from(back) % self.frames.len().max(1))?;
        self.frames.get(at)
    }

    /// Any text; `\x01` and a byte stand for the id of one of the newest frames.
    fn say(&mut self, input: &mut Input<'_>) {
        let bytes = input.some();
        let mut text = Vec::new();
        let mut rest = bytes.iter();
        while let Some(byte) = rest.next() {
            match byte {
                1 => {
                    let frame = self.frame(rest.next().copied().unwrap_or(0));
                    text.extend(frame.map_or(&b""[..], |frame| frame.id.as_bytes()));
                }
                byte => text.push(*byte),
            }
        }
        self.speak(&String::from_utf8_lossy(&text), input);
    }

    /// A text message in frames and pieces of some size, all of it at once.
    fn speak(&mut self, text: &str, input: &mut Input<'_>) {
        let cut = input.byte();
        let fragment = if cut & 1 == 1 { usize::from(cut) + 2 } else { usize::MAX };
        let piece = if cut & 2 == 2 { usize::from(cut) } else { usize::MAX };
        if let Some(wire) = &mut self.wire {
            wire.push(&text_frames(text, fragment), piece);
        }
        self.turn();
    }

    /// Bytes that may be frames.
    fn say_bytes(&mut self, input: &mut Input<'_>) {
        let piece = usize::from(input.byte());
        let bytes = input.some();
        if let Some(wire) = &mut self.wire {
            let before = wire.frames();
            wire.push(bytes, piece);
            assert!(wire.frames() >= before);
        }
    }

    /// Of the next frame, or of the one that is half written, no byte leaves, or some do.
    fn write_half(&mut self, input: &mut Input<'_>) {
        let after = input.one_of(&[Progress::Nothing, Progress::Started, Progress::Done]);
        if !self.is_up() {
            return;
        }
        let half = self.half.take();
        let Some((frame, before)) =
            half.or_else(|| self.take_frame().map(|frame| (frame, Progress::Nothing)))
        else {
            return;
        };
        let after = match (before, after) {
            (Progress::Started, Progress::Nothing) => Progress::Started,
            (_, after) => after,
        };
        self.takes_data = after == Progress::Done;
        self.progress(frame, before, after);
    }

    fn acknowledge(&mut self, input: &mut Input<'_>) {
        let at = usize::from(input.byte()) % self.ledger.accounts.len().max(1);
        let account = self.ledger.accounts.iter().nth(at);
        if let Some((id, account)) = account
            && account.request.is_order()
            && let Some(outcome) = account.told
        {
            // An order whose number was used again is no longer there.
            let _ = self.books.acknowledge(id, outcome, self.now.wall_ms);
        }
    }

    fn pong(&mut self, input: &mut Input<'_>) {
        let payload = if input.flag() { self.pings.last().copied() } else { None };
        let mut frame = vec![0x8a, 8];
        frame.extend(payload.unwrap_or(0).to_be_bytes());
        if let Some(wire) = &mut self.wire {
            wire.push(&frame, usize::MAX);
        }
    }

    /// The clock jumps, or another handle of the process uses the terminal.
    fn disturb(&mut self, input: &mut Input<'_>) {
        match input.byte() % 3 {
            0 => {
                self.now.wall_ms += i64::from(input.word()) * 60_000 - 1_000_000_000;
                self.session.on_clock_jump(self.now);
            }
            1 => {
                let until = self.now.mono_ms + u64::from(input.word());
                self.session
                    .note_others(Others { serve_an_order: input.flag(), close_until: until });
            }
            _ => self.session.note_others(Others::default()),
        }
    }
}

fn remove(object: &mut Value, name: &str) {
    if let Some(members) = object.as_object_mut() {
        members.shift_remove(name);
    }
}
