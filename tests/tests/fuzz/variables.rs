//! What an operator may write into a variable.

use hyper::Method;
use rand::RngExt as _;
use serde_json::{Value, json};
use tests::corpus;

use crate::{
    mutation::{mutate_text, pick},
    rules::{answer, ruled},
    run::Dice,
    world::{Apps, TOKEN, Which, World},
};

/// Variables whose value nobody may be told. Of an address it is the password.
const SECRET: [&str; 4] = [
    "otp_secret",
    "token_key",
    "otp_webhook_secret",
    "otp_test_numbers",
];

/// Starts every component with one variable wrong, and asks each for something plain.
pub(crate) async fn check(world: &mut World, dice: &mut Dice) {
    let mut variables = world.variables();
    // Every other time the one with the most to go wrong, which is the first.
    let at = if dice.random() {
        0
    } else {
        dice.random_range(0..variables.len())
    };
    let (name, good) = variables[at].clone();
    let others = match name.as_str() {
        "redis_url" => corpus::redis_urls(),
        "circuit_policies" | "ratelimit_policies" => corpus::policies(),
        "oauth_providers" => corpus::providers(),
        _ => corpus::texts(),
    };
    let other = pick(dice, &others).clone();
    let value = match dice.random_range(0..3) {
        0 => other,
        1 if matches!(name.as_str(), "redis_url" | "oauth_providers") => {
            mutate_text(dice, &other, &others)
        }
        _ => mutate_text(dice, &good, &[other]),
    };
    variables[at].1 = value.clone();
    let _show = ShowOnPanic(&name, &value);
    let apps = Apps::new(&variables, &world.redis_url(), &world.written);
    for (which, method, path, body) in [
        (
            Which::Request,
            "POST",
            "/api/auth/request-otp",
            json!({"phone": "+79161230009"}),
        ),
        (
            Which::Verify,
            "POST",
            "/api/auth/verify-otp",
            json!({"phone": "+79161230009", "otp_code": "654321"}),
        ),
        (
            Which::OauthState,
            "POST",
            "/api/oauth/state",
            json!({"provider": "idp", "return_to": "/a"}),
        ),
        (
            Which::Circuit,
            "POST",
            "/api/circuit/gmail/acquire",
            Value::Null,
        ),
        (
            Which::Circuit,
            "POST",
            "/api/circuit/gmail/report",
            json!({"outcome": "failure"}),
        ),
        (
            Which::RateLimit,
            "POST",
            "/api/ratelimit/login",
            json!({"key": "a"}),
        ),
        (Which::Health, "GET", "/api/health", Value::Null),
    ] {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("x-forwarded-for", "192.0.2.1");
        let (head, ()) = request.body(()).unwrap().into_parts();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = answer(apps.respond(which, head, body.into_bytes()).await);
        ruled(&Method::from_bytes(method.as_bytes()).unwrap(), &answer);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status >= 500 {
            let away = name.starts_with("redis_") && text.contains("store-un");
            assert!(away || text.contains(&name), "{name} is not named: {text}");
        }
        let log = world.written.lock().unwrap().drain(..).collect::<String>();
        if SECRET.contains(&name.as_str()) && value.len() >= 8 {
            assert!(!text.contains(&value), "{name} is told: {text}");
        }
        for told in [&text, &log] {
            assert!(!told.contains("hunter2"), "the password is told: {told}");
        }
    }
}

/// Shows the variable, when it was not lived with.
struct ShowOnPanic<'a>(&'a str, &'a str);

impl Drop for ShowOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}={:?}", self.0, self.1);
        }
    }
}
