//! What somebody else has written to Redis, under the names that are ours.

use hyper::Method;
use rand::RngExt as _;
use serde_json::{Value, json};
use tests::{Answer, corpus};

use crate::{
    mutation::{mutate, pick},
    rules::{answer, ruled},
    run::Dice,
    world::{TOKEN, Which, World},
};

/// Calls that read and write each key of a capability.
pub(crate) struct Capability {
    keys: &'static str,
    calls: Vec<(Which, &'static str, &'static str, Value)>,
}

/// How many capabilities there are.
pub(crate) const CAPABILITIES: usize = 4;

impl Capability {
    /// The capability of that number, with all its keys in place.
    pub(crate) async fn of(world: &World, number: usize) -> Self {
        let capability = match number {
            0 => Self {
                keys: "rollout:circuit:*",
                calls: vec![
                    circuit(
                        "POST",
                        "/api/circuit/gmail/report",
                        json!({ "outcome": "failure" }),
                    ),
                    circuit("POST", "/api/circuit/gmail/acquire", Value::Null),
                    circuit("GET", "/api/circuit/gmail", Value::Null),
                    circuit("GET", "/api/circuit?limit=100", Value::Null),
                ],
            },
            1 => Self {
                keys: "ratelimit:*",
                calls: vec![
                    post(
                        Which::RateLimit,
                        "/api/ratelimit/login",
                        json!({ "key": "a" }),
                    ),
                    post(
                        Which::RateLimit,
                        "/api/ratelimit/login/refund",
                        json!({ "key": "b", "cost": 1 }),
                    ),
                    post(
                        Which::RateLimit,
                        "/api/ratelimit/login",
                        json!({ "key": "b" }),
                    ),
                ],
            },
            2 => Self {
                keys: "otp:*",
                calls: vec![
                    post(
                        Which::Request,
                        "/api/auth/request-otp",
                        json!({ "phone": "+77010000001" }),
                    ),
                    post(
                        Which::Verify,
                        "/api/auth/verify-otp",
                        json!({ "phone": "+77010000001", "otp_code": "1234" }),
                    ),
                ],
            },
            _ => {
                let begin = post(
                    Which::OauthState,
                    "/api/oauth/state",
                    json!({ "provider": "example", "binding": "none" }),
                );
                let begun = call(world, &begin).await;
                let state = &begun.json()["state"];
                let consume = post(
                    Which::OauthState,
                    "/api/oauth/state/consume",
                    json!({ "state": state, "binding": "none" }),
                );
                // Consumed only afterwards: what stands there by now is somebody else's.
                return Self {
                    keys: "oauth:*",
                    calls: vec![begin, consume],
                };
            }
        };
        for asked in &capability.calls {
            call(world, asked).await;
        }
        capability
    }

    /// The names of its keys, in order.
    pub(crate) fn keys(&self, world: &mut World) -> Vec<String> {
        let mut keys: Vec<String> = world.query(redis::cmd("KEYS").arg(self.keys));
        keys.sort();
        keys
    }

    /// Calls, with something else at `key`: answers that are no failures, and a key that expires.
    pub(crate) async fn lives_with(&self, world: &mut World, key: &str, value: &[u8]) {
        let _show = ShowOnPanic(key, value);
        for asked in &self.calls {
            let answer = call(world, asked).await;
            assert!(answer.status < 500, "{answer:?}");
        }
        let ttl: i64 = world.query(redis::cmd("PTTL").arg(key));
        assert_ne!(ttl, -1, "{key} never expires");
        let _: () = world.query(&mut redis::cmd("FLUSHDB"));
        world.written.lock().unwrap().clear();
    }
}

/// How a value is written, so that it is of one type or another.
pub(crate) const WRITES: [&str; 3] = ["SET", "RPUSH", "SADD"];

/// Puts `value` in the place of what stands at `key`.
pub(crate) fn write(world: &mut World, how: &str, key: &str, value: &[u8]) {
    let _: () = world.query(redis::cmd("DEL").arg(key));
    let _: () = world.query(redis::cmd(how).arg(key).arg(value));
}

/// Puts a random value where a capability keeps its own.
pub(crate) async fn check(world: &mut World, dice: &mut Dice) {
    let capability = Capability::of(world, dice.random_range(0..CAPABILITIES)).await;
    let key = pick(dice, &capability.keys(world)).clone();
    let known = [corpus::circuits(), corpus::records()].concat();
    let kind: String = world.query(redis::cmd("TYPE").arg(&key));
    let mut value = match kind.as_str() {
        "string" if dice.random() => world.query(redis::cmd("GET").arg(&key)),
        _ => pick(dice, &known).clone(),
    };
    if dice.random_ratio(3, 4) {
        mutate(dice, &mut value, &known);
    }
    let how = if dice.random() {
        "SET"
    } else {
        pick(dice, &WRITES)
    };
    write(world, how, &key, &value);
    if dice.random() {
        let _: () = world.query(redis::cmd("EXPIRE").arg(&key).arg(1_000));
    }
    capability.lives_with(world, &key, &value).await;
}

type Call = (Which, &'static str, &'static str, Value);

fn circuit(method: &'static str, path: &'static str, body: Value) -> Call {
    (Which::Circuit, method, path, body)
}

fn post(which: Which, path: &'static str, body: Value) -> Call {
    (which, "POST", path, body)
}

async fn call(world: &World, (which, method, path, body): &Call) -> Answer {
    let request = http::Request::builder()
        .method(*method)
        .uri(*path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("idempotency-key", "\"8e03978e\"")
        .header("x-forwarded-for", "192.0.2.1");
    let (head, ()) = request.body(()).unwrap().into_parts();
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let response = world.apps.respond(*which, head, body.into_bytes()).await;
    let answer = answer(response);
    ruled(&Method::from_bytes(method.as_bytes()).unwrap(), &answer);
    answer
}

/// Shows what stood there, when it was not lived with.
struct ShowOnPanic<'a>(&'a str, &'a [u8]);

impl Drop for ShowOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {}", self.0, self.1.escape_ascii());
        }
    }
}
