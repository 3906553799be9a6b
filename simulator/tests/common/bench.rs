//! A terminal without sockets, its time in the test's hand.

use ecrhub_simulator::{Action, Behaviour, ConnId, Model, Options};
use serde_json::{Value, json};

pub const START: u64 = 1_728_279_759_000;

pub struct Bench {
    pub model: Model,
    pub now: u64,
    pub conn: ConnId,
    pub actions: Vec<Action>,
}

impl Bench {
    pub fn new(change: impl FnOnce(&mut Options)) -> Bench {
        let mut options = Options::default();
        change(&mut options);
        let mut model = Model::new(options, 7);
        model.on_connect(1, START);
        Bench { model, now: START, conn: 1, actions: Vec::new() }
    }

    pub fn send(&mut self, request: &Value) {
        self.model.on_message(self.conn, &request.to_string(), self.now);
        self.take_actions();
    }

    /// Sends on the given request's first answer.
    pub fn ask(&mut self, request: &Value) -> Value {
        let seen = self.actions.len();
        self.send(request);
        self.pass(0);
        let answers = messages(&self.actions[seen..]);
        serde_json::from_str(answers.first().expect("an answer")).expect("JSON")
    }

    /// Lets time pass, stopping at every deadline as a driver does.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + ms;
        while let Some(at) = self.model.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.model.on_time(self.now);
            self.take_actions();
        }
        self.now = end;
        self.model.on_time(end);
        self.take_actions();
    }

    pub fn reconnect(&mut self) {
        self.model.on_disconnect(self.conn, self.now);
        self.conn += 1;
        self.model.on_connect(self.conn, self.now);
        self.take_actions();
    }

    pub fn take_actions(&mut self) {
        while let Some(action) = self.model.poll_action() {
            self.actions.push(action);
        }
    }

    pub fn messages(&self) -> Vec<String> {
        messages(&self.actions)
    }

    pub fn codes(&self) -> Vec<String> {
        self.messages().iter().map(|text| code(text)).collect()
    }

    pub fn has(&self, action: &Action) -> bool {
        self.actions.contains(action)
    }

    pub fn query(&mut self, number: &str) -> Value {
        self.ask(&envelope("ecrhub.pay.query", json!({"merchant_order_no": number})))
    }

    pub fn close(&mut self, number: &str) {
        self.send(&envelope("ecrhub.pay.close", json!({"merchant_order_no": number})));
    }

    pub fn status(&mut self, number: &str) -> Value {
        self.query(number)["biz_data"]["trans_status"].clone()
    }

    pub fn order(
        &mut self,
        trans_type: &str,
        number: &str,
        amount: &str,
        original: &str,
    ) -> String {
        let answer = self.ask(&order(trans_type, number, amount, original));
        answer["response_code"].as_str().unwrap().to_owned()
    }

    pub fn next(&mut self, behaviour: Behaviour) {
        self.model.set_next(behaviour);
    }
}

fn code(text: &str) -> String {
    serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|v| v["response_code"].as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn messages(actions: &[Action]) -> Vec<String> {
    let texts = actions.iter().filter_map(|action| match action {
        Action::Send { text, .. } => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

pub fn envelope(topic: &str, biz_data: Value) -> Value {
    json!({"app_id": "app", "topic": topic, "request_id": "r1", "biz_data": biz_data})
}

pub fn order(trans_type: &str, number: &str, amount: &str, original: &str) -> Value {
    let mut biz_data =
        json!({"trans_type": trans_type, "merchant_order_no": number, "order_amount": amount});
    if !original.is_empty() {
        biz_data["orig_merchant_order_no"] = original.into();
    }
    envelope("ecrhub.pay.order", biz_data)
}
