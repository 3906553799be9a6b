//! Whatever a terminal says, the session stands, takes nothing for an approval that is none, and reports every request
//! once.

use proptest::prelude::*;

use super::*;

fn any_text(choices: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        8 => prop::sample::select(choices).prop_map(|text| Some(json!(text))),
        2 => Just(None),
        1 => (0..200_u64).prop_map(|number| Some(json!(number))),
        1 => "\\PC{0,8}".prop_map(|text| Some(json!(text))),
        1 => Just(Some(Value::Null)),
        1 => Just(Some(json!(["2"]))),
    ]
}

fn object(fields: Vec<(&str, Option<Value>)>) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Answers of all shapes, most of them nearly right. `PROBE` stands for the id of the library's own question.
fn any_answer() -> impl Strategy<Value = Value> {
    let envelope = (
        any_text(&["A", "PROBE", "B", ""]),
        any_text(&[ORDER, QUERY, CLOSE, "ecrhub.news"]),
        any_text(&["000", "0", "103", "101", "104", "106", "110", "999"]),
        any_text(&["", "ok", "Timeout"]),
    );
    let biz_data = (
        any_text(&["A", "B", ""]),
        any_text(&["0", "1", "2", "3", "4", "9", ""]),
        any_text(&[AMOUNT, "034.5", "1.00", ""]),
        any_text(&["1", "3", ""]),
    );
    (envelope, biz_data, 0..4_u8).prop_map(|(envelope, biz_data, shape)| {
        let (id, topic, code, message) = envelope;
        let (number, status, amount, kind) = biz_data;
        let biz_data = object(vec![
            ("merchant_order_no", number),
            ("trans_status", status),
            ("order_amount", amount),
            ("trans_type", kind),
        ]);
        let biz_data = match shape {
            0 => None,
            1 => Some(json!(biz_data.to_string())),
            _ => Some(biz_data),
        };
        object(vec![
            ("request_id", id),
            ("topic", topic),
            ("response_code", code),
            ("response_msg", message),
            ("biz_data", biz_data),
        ])
    })
}

/// Written anew from `PROTOCOL.md`: whether this says that the sale `A` was approved.
fn says_approved(text: &str, probe: &str) -> bool {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return false };
    let text_of = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null => String::new(),
        other => format!("?{other}"),
    };
    let biz_data = match &message["biz_data"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    let [id, code] = ["request_id", "response_code"].map(|name| text_of(&message[name]));
    let [number, status] =
        ["merchant_order_no", "trans_status"].map(|name| text_of(&biz_data[name]));
    let is_ours = number == "A" || ((id == "A" || id == probe) && number != "B");
    let is_success = ["000", "0", "103"].contains(&code.as_str());
    is_ours && (["2", "4"].contains(&status.as_str()) || (is_success && status.is_empty()))
}

/// What may happen to a session.
#[derive(Debug, Clone)]
enum Move {
    Answer(Value),
    /// The terminal answers what it got as the `usize`th frame of all.
    AnswerFrame(usize, &'static str, &'static str),
    Garbage,
    Cut,
    Connect,
    Pass(u64),
    Sale(&'static str),
    Query,
    Close,
    Block(bool),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => any_answer().prop_map(Move::Answer),
        6 => (
            any::<usize>(),
            prop::sample::select(&["000", "0", "101", "104", "106", "107", "110", "113", "201"][..]),
            prop::sample::select(&["", "", "0", "1", "2", "3"][..]),
        )
            .prop_map(|(frame, code, status)| Move::AnswerFrame(frame, code, status)),
        1 => Just(Move::Garbage),
        2 => Just(Move::Cut),
        3 => Just(Move::Connect),
        5 => (0..40_000_u64).prop_map(Move::Pass),
        2 => prop::sample::select(&["A", "B"][..]).prop_map(Move::Sale),
        1 => Just(Move::Query),
        1 => Just(Move::Close),
        1 => any::<bool>().prop_map(Move::Block),
    ]
}

/// A bench on which anything happens, and what has come out of it.
struct Walk {
    bench: Bench,
    sent: Vec<Frame>,
    submitted: Vec<String>,
    /// The outcome last reported, by request.
    reported: std::collections::BTreeMap<String, Outcome>,
}

impl Walk {
    fn new() -> Walk {
        Walk {
            bench: Bench::connected_with(|settings| settings.order_timeout_ms = 30_000),
            sent: Vec::new(),
            submitted: Vec::new(),
            reported: Default::default(),
        }
    }

    fn submit(&mut self, request: Request) {
        if self.bench.session.check_unused(&request).is_ok() {
            self.submitted.push(request.request_id.clone());
            self.bench.submit(request);
        }
    }

    fn act(&mut self, action: Move) {
        let is_up = self.bench.session.link_state() == LinkState::Connected;
        let id = format!("r{}", self.submitted.len());
        match action {
            Move::Answer(answer) if is_up => {
                let probe = self.sent.last().map_or("", Frame::id).to_owned();
                self.bench.say_raw(&answer.to_string().replace("PROBE", &probe));
            }
            Move::AnswerFrame(frame, code, status) if is_up && !self.sent.is_empty() => {
                let frame = self.sent[frame % self.sent.len()].clone();
                let number = frame.message["biz_data"]["merchant_order_no"].as_str().unwrap_or("");
                let answer = answer(frame.id(), frame.topic(), number, code, status);
                self.bench.say(if status.is_empty() {
                    without(answer, "trans_status")
                } else {
                    answer
                });
            }
            Move::Garbage if is_up => self.bench.say_raw("garbage"),
            Move::Cut if is_up => self.bench.cut(),
            Move::Connect if !is_up => self.bench.connect(),
            Move::Pass(ms) => self.bench.pass(ms),
            Move::Sale(number) => self.submit(request(&id, ORDER, sale_data(number))),
            Move::Query => self.submit(query(&id, "A")),
            Move::Close => self.submit(request(&id, CLOSE, json!({"merchant_order_no": "A"}))),
            Move::Block(takes_data) => self.bench.takes_data = takes_data,
            _ => {}
        }
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        self.sent.extend(self.bench.wire());
        for event in self.bench.events() {
            match event {
                EventKind::Completed(done) => {
                    prop_assert!(self.submitted.contains(&done.request_id));
                    if done.topic == ORDER {
                        let is_orders = !matches!(
                            done.outcome,
                            Outcome::InProgress | Outcome::Ok | Outcome::Refused
                        );
                        prop_assert!(is_orders, "{done:?}");
                    }
                    let earlier = self.reported.insert(done.request_id, done.outcome);
                    prop_assert_eq!(earlier, None, "completed twice");
                }
                EventKind::Clarified(clarified) => {
                    let settles = matches!(
                        clarified.outcome,
                        Outcome::Approved
                            | Outcome::Declined
                            | Outcome::Cancelled
                            | Outcome::NotFound
                            | Outcome::Busy
                    );
                    prop_assert!(settles, "{clarified:?}");
                    prop_assert_ne!(clarified.outcome, clarified.was);
                    let earlier = self.reported.insert(clarified.request_id, clarified.outcome);
                    prop_assert_eq!(earlier, Some(clarified.was), "what was reported before");
                }
                _ => {}
            }
        }
        let orders = self.sent.iter().filter(|frame| frame.topic() == ORDER).map(Frame::id);
        let mut ids: Vec<&str> = orders.collect();
        ids.sort_unstable();
        prop_assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "an order left twice");
        prop_assert!(self.bench.session.footprint() < 1_000);
        Ok(())
    }

    /// Of a terminal that answers nothing: no order is written within an interval after a close.
    fn check_holds(&self) -> Result<(), TestCaseError> {
        for (at, close) in self.sent.iter().enumerate().filter(|(_, frame)| frame.topic() == CLOSE)
        {
            let beside = self.sent[at..].iter().find(|frame| frame.topic() == ORDER);
            if let Some(order) = beside {
                let is_held = order.at >= close.at + 2_000;
                prop_assert!(is_held, "an order beside a close: {close:?} {order:?}");
            }
        }
        Ok(())
    }

    /// The terminal says nothing any more, and is reachable.
    fn rest(&mut self) {
        self.bench.takes_data = true;
        self.bench.step();
        for _ in 0..40 {
            if self.bench.session.link_state() != LinkState::Connected {
                self.bench.connect();
            }
            self.bench.pass(10_000);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_hurt(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bench = Bench::recovering("A");
        bench.session.on_message(&bytes, bench.now);
        bench.session.on_garbage("garbage".to_owned(), &bytes, bench.now);
        bench.events();
        prop_assert_eq!(bench.session.in_flight(), 1);
    }

    #[test]
    fn nothing_is_approved_unless_the_terminal_says_so(
        answers in prop::collection::vec((any_answer(), any::<prop::sample::Index>(), 0..10_u8), 1..8),
        is_finding in any::<bool>(),
    ) {
        let mut bench = if is_finding { Bench::recovering("A") } else { Bench::with_sale("A") };
        let probe = bench.wire().first().map_or(String::new(), |frame| frame.id().to_owned());
        let mut said = Vec::new();
        for (answer, cut, mangle) in answers {
            let mut text = answer.to_string().replace("PROBE", &probe);
            if mangle == 0 {
                let mut at = cut.index(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                text.truncate(at);
            }
            bench.say_raw(&text);
            said.push(text);
        }
        for event in bench.events() {
            let approved = match event {
                EventKind::Completed(done) => (done.outcome == Outcome::Approved).then_some(done.response),
                EventKind::Clarified(truth) => (truth.outcome == Outcome::Approved).then_some(truth.response),
                _ => None,
            };
            if let Some(response) = approved {
                let response = response.expect("an approval comes with what the terminal said");
                prop_assert!(said.contains(&response));
                prop_assert!(says_approved(&response, &probe), "{response}");
            }
        }
    }

    #[test]
    fn whatever_happens_every_request_completes_once_and_is_corrected_truthfully(
        moves in prop::collection::vec(any_move(), 1..40),
    ) {
        let mut walk = Walk::new();
        walk.submit(request("r0", ORDER, sale_data("A")));
        for action in moves {
            walk.act(action);
            walk.check()?;
        }
        walk.rest();
        walk.check()?;
        prop_assert_eq!(walk.bench.session.in_flight(), 0);
        prop_assert_eq!(walk.reported.len(), walk.submitted.len());
    }

    #[test]
    fn no_order_is_written_beside_an_unanswered_close(
        moves in prop::collection::vec(any_move(), 1..40),
    ) {
        let mut walk = Walk::new();
        walk.submit(request("r0", ORDER, sale_data("A")));
        for action in moves {
            let is_silent = !matches!(action, Move::Answer(_) | Move::AnswerFrame(..));
            if is_silent {
                walk.act(action);
                walk.check()?;
            }
        }
        walk.rest();
        walk.check()?;
        walk.check_holds()?;
    }
}
