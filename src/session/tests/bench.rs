//! A till and a terminal on a bench: a session, a clock that is turned by hand, and whatever the terminal is to say.

use super::*;

/// Ends a test that would otherwise run for ever.
const STEPS_AT_MOST: u32 = 100_000;

/// A moment like any other.
pub(super) const START: Now = Now { mono_ms: 1_000_000, wall_ms: 1_700_000_000_000 };

/// The amount of every sale here.
pub(super) const AMOUNT: &str = "34.50";

type Terminal = Box<dyn FnMut(&Value) -> Option<Value>>;

/// The configuration's defaults, without a heartbeat: most tests are not about it.
pub(super) fn settings() -> Settings {
    Settings {
        plant: Default::default(),
        url: "ws://192.0.2.7:35779".to_owned(),
        app_id: Some("app".to_owned()),
        connect_timeout_ms: 5_000,
        send_timeout_ms: 10_000,
        order_timeout_ms: 180_000,
        request_timeout_ms: 30_000,
        recovery_timeout_ms: 60_000,
        recovery_interval_ms: 2_000,
        clarify_interval_ms: 30_000,
        clarify_for_ms: 7 * 86_400_000,
        second_look_ms: 30_000,
        close_lost_orders: true,
        ping_interval_busy_ms: 2_000,
        ping_interval_ms: 0,
        ping_timeout_ms: 10_000,
        reconnect_min_ms: 500,
        reconnect_max_ms: 15_000,
    }
}

/// A frame the terminal has got.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) at: u64,
    pub(super) message: Value,
}

impl Frame {
    pub(super) fn topic(&self) -> &str {
        self.message["topic"].as_str().expect("every frame has a topic")
    }

    pub(super) fn id(&self) -> &str {
        self.message["request_id"].as_str().expect("every frame has an id")
    }
}

pub(super) struct Bench {
    pub(super) session: Session,
    pub(super) now: Now,
    /// Whether the socket takes data.
    pub(super) takes_data: bool,
    /// What has arrived at the terminal since it was last looked at.
    wire: Vec<Frame>,
    pub(super) pings: Vec<u64>,
    pub(super) drops: usize,
    terminal: Terminal,
}

impl Bench {
    pub(super) fn new(settings: Settings) -> Bench {
        Bench::seeded(settings, 7)
    }

    pub(super) fn seeded(settings: Settings, seed: u64) -> Bench {
        Bench {
            session: Session::new(settings, seed, START),
            now: START,
            takes_data: true,
            wire: Vec::new(),
            pings: Vec::new(),
            drops: 0,
            terminal: Box::new(|_| None),
        }
    }

    /// The connection stands, nothing has been told or written yet.
    pub(super) fn connected() -> Bench {
        Bench::connected_with(|_| {})
    }

    pub(super) fn connected_with(change: impl FnOnce(&mut Settings)) -> Bench {
        let mut settings = settings();
        change(&mut settings);
        let mut bench = Bench::new(settings);
        bench.connect();
        bench.events();
        bench
    }

    /// Second looks that are done, and what they left standing.
    pub(super) fn looks(&mut self) -> Vec<String> {
        let done = self.session.take_looked_at().into_iter();
        done.map(|(request_id, outcome)| format!("{request_id} {outcome}")).collect()
    }

    /// A sale is on the wire, and the customer is looking for the card.
    pub(super) fn with_sale(number: &str) -> Bench {
        let mut bench = Bench::connected();
        bench.sale(number);
        assert_eq!(bench.topics(), [ORDER]);
        bench
    }

    /// A sale whose connection was lost at the start, and which is recovered on the next one: until 60 seconds after
    /// the start. The terminal has answered the first query, and is known to name requests in its answers.
    pub(super) fn recovering(number: &str) -> Bench {
        Bench::recovering_with(number, |_| {})
    }

    pub(super) fn recovering_with(number: &str, change: impl FnOnce(&mut Settings)) -> Bench {
        let mut bench = Bench::recovering_order(sale(number), change);
        bench.answer_first_query();
        bench
    }

    /// The same for any order, and a terminal that has not answered anything.
    pub(super) fn recovering_order(order: Request, change: impl FnOnce(&mut Settings)) -> Bench {
        let mut bench = Bench::connected_with(|settings| {
            settings.order_timeout_ms = 30_000;
            change(settings);
        });
        bench.submit(order);
        bench.wire();
        bench.cut();
        bench.connect();
        bench.events();
        bench
    }

    /// "Not found" to every query so far, by its `request_id`.
    pub(super) fn answer_all(&mut self) {
        let ids: Vec<String> = self.wire.iter().map(|frame| frame.id().to_owned()).collect();
        for id in ids {
            self.say(not_found(&id));
        }
    }

    /// "Not found", by its `request_id`; the query stays on the list of what the terminal has received.
    pub(super) fn answer_first_query(&mut self) {
        let query = self.wire.first().expect("a query").id().to_owned();
        self.say(not_found(&query));
    }

    /// A sale that completed as unknown; the connection stands and the close was never answered.
    pub(super) fn with_unknown(number: &str) -> Bench {
        Bench::with_unknown_and(number, |_| {})
    }

    pub(super) fn with_unknown_and(number: &str, change: impl FnOnce(&mut Settings)) -> Bench {
        let mut bench = Bench::recovering_with(number, change);
        bench.pass_to(66_000);
        assert_eq!(bench.completed(number).outcome, Outcome::Unknown);
        bench.events();
        bench.wire();
        bench
    }

    /// From now on the terminal answers each message this way.
    pub(super) fn terminal(&mut self, answers: impl FnMut(&Value) -> Option<Value> + 'static) {
        self.terminal = Box::new(answers);
    }

    /// Does for the session what its owner does: actions, frames.
    pub(super) fn step(&mut self) {
        for _ in 0..STEPS_AT_MOST {
            while let Some(action) = self.session.next_action() {
                match action {
                    Action::Ping(payload) => self.pings.push(payload),
                    Action::Drop => self.drops += 1,
                }
            }
            if !self.takes_data {
                return;
            }
            let Some(frame) = self.session.next_frame(self.now) else { return };
            let message: Value = serde_json::from_str(frame).expect("every frame is JSON");
            self.session.on_progress(Progress::Done, self.now);
            self.wire.push(Frame { at: self.now.mono_ms, message: message.clone() });
            if let Some(answer) = (self.terminal)(&message) {
                self.say_raw(&answer.to_string());
            }
        }
        panic!("the session never stops writing");
    }

    /// Waits until the session wants a connection, and makes it.
    pub(super) fn connect(&mut self) {
        self.await_wish();
        self.session.on_connected(self.now);
        self.step();
    }

    /// Waits until the session wants a connection; how long that took.
    pub(super) fn await_wish(&mut self) -> u64 {
        let since = self.now.mono_ms;
        for _ in 0..STEPS_AT_MOST {
            if self.session.take_wish_to_connect() {
                return self.now.mono_ms - since;
            }
            self.pass_to_deadline();
        }
        panic!("the session does not want a connection");
    }

    pub(super) fn cut(&mut self) {
        let fault = Fault::new(Status::Terminal, Stage::Receive, "the cable was pulled");
        self.lose(fault);
    }

    pub(super) fn lose(&mut self, fault: Fault) {
        self.session.on_lost(fault, self.now);
        self.step();
    }

    pub(super) fn submit(&mut self, request: Request) {
        self.session.check_unused(&request).expect("unused");
        self.session.submit(request, None, Attempt::First, self.now);
        self.step();
    }

    /// A sale with this number, which is its `request_id` too.
    pub(super) fn sale(&mut self, number: &str) {
        self.submit(sale(number));
    }

    pub(super) fn say(&mut self, answer: Value) {
        self.say_raw(&answer.to_string());
    }

    pub(super) fn say_raw(&mut self, text: &str) {
        self.session.on_message(text.as_bytes(), self.now);
        self.step();
    }

    fn turn_clock(&mut self, mono_ms: u64) {
        let passed = mono_ms.saturating_sub(self.now.mono_ms);
        self.now.mono_ms += passed;
        self.now.wall_ms += i64::try_from(passed).expect("a short time");
    }

    pub(super) fn pass_to_deadline(&mut self) {
        let at = self.session.next_deadline().expect("a deadline");
        self.turn_clock(at);
        self.session.on_time(self.now);
        self.step();
        let next = self.session.next_deadline();
        assert!(
            next.is_none_or(|next| next > self.now.mono_ms),
            "a deadline in the past: spinning"
        );
    }

    /// Time goes by, and the session is called whenever it asked to be.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now.mono_ms + ms;
        for _ in 0..STEPS_AT_MOST {
            if self.session.next_deadline().is_none_or(|at| at > end) {
                self.turn_clock(end);
                return;
            }
            self.pass_to_deadline();
        }
        panic!("the session wakes up too often");
    }

    /// Time goes by until this long after the start.
    pub(super) fn pass_to(&mut self, ms: u64) {
        self.pass(START.mono_ms + ms - self.now.mono_ms);
    }

    /// What the terminal has got since this was last asked.
    pub(super) fn wire(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.wire)
    }

    pub(super) fn topics(&mut self) -> Vec<String> {
        self.wire().iter().map(|frame| frame.topic().to_owned()).collect()
    }

    /// The `request_id` of the only frame since this was last asked, which must have this topic.
    pub(super) fn only_frame(&mut self, topic: &str) -> String {
        let wire = self.wire();
        assert_eq!(wire.len(), 1, "{wire:?}");
        assert_eq!(wire[0].topic(), topic);
        wire[0].id().to_owned()
    }

    pub(super) fn events(&mut self) -> Vec<EventKind> {
        std::iter::from_fn(|| self.session.next_event()).map(|event| event.kind).collect()
    }

    /// The only event waiting.
    pub(super) fn event(&mut self) -> EventKind {
        let mut events = self.events();
        assert_eq!(events.len(), 1, "{events:#?}");
        events.remove(0)
    }

    pub(super) fn no_event(&mut self) {
        assert_eq!(self.events(), [], "nothing was to be told");
    }

    /// The one completion among the events waiting, which must be this request's.
    pub(super) fn completed(&mut self, id: &str) -> Completed {
        let events = self.events();
        let mut done = events.iter().filter_map(|event| match event {
            EventKind::Completed(done) => Some(done.clone()),
            _ => None,
        });
        let first = done.next().unwrap_or_else(|| panic!("no completion in {events:#?}"));
        assert_eq!(first.request_id, id);
        assert_eq!(done.next(), None);
        first
    }

    /// The one clarification waiting, and nothing else.
    pub(super) fn clarified(&mut self) -> Clarified {
        match self.event() {
            EventKind::Clarified(truth) => truth,
            other => panic!("no clarification: {other:#?}"),
        }
    }

    /// The only event waiting is a message; whose it was, too late.
    pub(super) fn message_late_for(&mut self) -> Option<String> {
        match self.event() {
            EventKind::Message { late_for, .. } => late_for,
            other => panic!("no message: {other:#?}"),
        }
    }
}

/// Any request, as it comes from the checks.
pub(super) fn request(id: &str, topic: &str, biz_data: Value) -> Request {
    let text = json!({"app_id": "app", "topic": topic, "request_id": id, "biz_data": biz_data});
    let field = |name: &str| biz_data[name].as_str().map(str::to_owned);
    Request {
        request_id: id.to_owned(),
        topic: topic.to_owned(),
        merchant_order_no: field("merchant_order_no"),
        trans_type: field("trans_type"),
        order_amount: field("order_amount"),
        price_currency: field("price_currency"),
        orig_merchant_order_no: field("orig_merchant_order_no"),
        text: text.to_string(),
    }
}

pub(super) fn sale(number: &str) -> Request {
    request(number, ORDER, sale_data(number))
}

/// The `biz_data` of a sale.
pub(super) fn sale_data(number: &str) -> Value {
    json!({"trans_type": "1", "merchant_order_no": number, "order_amount": AMOUNT})
}

/// A void, or another order of this type that names an original one.
pub(super) fn void_of(number: &str, trans_type: &str, original: &str) -> Request {
    let biz_data = json!({
        "trans_type": trans_type, "merchant_order_no": number, "order_amount": AMOUNT,
        "orig_merchant_order_no": original
    });
    request(number, ORDER, biz_data)
}

/// The sale `A` of an earlier process, without an outcome.
pub(super) fn open_order(since_ms: i64) -> Restored {
    let state = RestoredState::Open;
    let attempt = Attempt::First;
    Restored { request: sale("A"), since_ms, answer_within_ms: 30_000, attempt, state }
}

/// The sale `A` of an earlier process, which completed as unknown.
pub(super) fn unknown_order(since_ms: i64) -> Restored {
    Restored { state: RestoredState::Unknown { since_ms, was_busy: false }, ..open_order(since_ms) }
}

/// The caller's own query.
pub(super) fn query(id: &str, number: &str) -> Request {
    request(id, QUERY, json!({"merchant_order_no": number}))
}

/// A request about no order.
pub(super) fn plain(id: &str, topic: &str) -> Request {
    request(id, topic, json!({}))
}

/// The answer to an order or a query.
pub(super) fn answer(id: &str, topic: &str, number: &str, code: &str, status: &str) -> Value {
    json!({
        "app_id": "app", "topic": topic, "request_id": id, "response_code": code,
        "biz_data": {
            "trans_type": "1", "merchant_order_no": number, "order_amount": AMOUNT,
            "trans_status": status, "trans_no": "5021"
        }
    })
}

/// The sale's own approval.
pub(super) fn approval(number: &str) -> Value {
    answer(number, ORDER, number, "000", "2")
}

/// The answer to a query: the sale is in this state.
pub(super) fn state(id: &str, number: &str, status: &str) -> Value {
    answer(id, QUERY, number, "000", status)
}

/// The answer to a query: there is no such sale.
pub(super) fn not_found(id: &str) -> Value {
    json!({"app_id": "app", "topic": QUERY, "request_id": id, "response_code": "104"})
}

/// The answer to a close, or to anything else that only has a code.
pub(super) fn code(id: &str, topic: &str, code: &str) -> Value {
    json!({"app_id": "app", "topic": topic, "request_id": id, "response_code": code})
}

/// The message without this member, anywhere in it.
pub(super) fn without(mut message: Value, name: &str) -> Value {
    if let Some(members) = message.as_object_mut() {
        members.shift_remove(name);
        if let Some(biz_data) = members.get_mut("biz_data").and_then(Value::as_object_mut) {
            biz_data.shift_remove(name);
        }
    }
    message
}

/// The message with this member of `biz_data`.
pub(super) fn with(mut message: Value, name: &str, value: &str) -> Value {
    message["biz_data"][name] = json!(value);
    message
}

/// A terminal that answers queries with this `trans_status`, closes with this code, and nothing else.
pub(super) fn tells(
    number: &'static str,
    status: &'static str,
    close: Option<&'static str>,
) -> impl FnMut(&Value) -> Option<Value> {
    move |message| {
        let id = message["request_id"].as_str()?;
        match message["topic"].as_str()? {
            QUERY if status == "104" => Some(not_found(id)),
            QUERY => Some(state(id, number, status)),
            CLOSE => close.map(|said| code(id, CLOSE, said)),
            _ => None,
        }
    }
}
