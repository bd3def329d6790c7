//! What holds for every answer, whatever was asked.

use hyper::Method;
use latch::Response;
use tests::{Answer, rules};

use crate::{endpoints::COMMON, input::Input, world::World};

/// Refusals that count: a wrong guess is remembered.
const COUNTED: [&str; 2] = ["otp-mismatch", "otp-attempts-exhausted"];

/// Asks, and holds the answer against the rules.
pub(crate) async fn check(world: &mut World, input: &Input) {
    let Some(head) = input.head() else { return };
    let _show = ShowOnPanic(input);
    let before = world.decided();
    let method = head.method.clone();

    let response = world
        .apps
        .respond(input.endpoint.which, head, input.body.clone())
        .await;

    let answer = answer(response);
    ruled(&method, &answer);
    let code = answer.code().unwrap_or_default();
    is_documented(input, &method, &answer, &code);
    if answer.status >= 400 && !COUNTED.contains(&code.as_str()) {
        assert!(
            world.decided() <= before,
            "a refusal left a key: {answer:?}"
        );
    }
    tells_no_secret(world, input, &answer);
}

/// The answer as a client would read it.
pub(crate) fn answer(response: Response) -> Answer {
    let (head, body) = response.into_parts();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    }
}

/// The rules of all answers. The host takes away the body of an answer to `HEAD`.
pub(crate) fn ruled(method: &Method, answer: &Answer) {
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    rules::check(method, answer);
}

fn is_documented(input: &Input, method: &Method, answer: &Answer, code: &str) {
    let documented = COMMON.iter().chain(input.endpoint.answers).any(|known| {
        *known == (answer.status, code) || (*known == (answer.status, "") && answer.status < 400)
    });
    // Another path or method may be another endpoint's.
    let elsewhere = input.path != input.endpoint.path || method.as_str() != input.endpoint.method;
    let fine = elsewhere && answer.status < 500;
    assert!(documented || fine, "not documented: {answer:?}");
}

/// What was brought in confidence is neither given back nor logged.
fn tells_no_secret(world: &World, input: &Input, answer: &Answer) {
    let written: Vec<String> = world.written.lock().unwrap().drain(..).collect();
    for line in &written {
        let event: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(event["event"].is_string(), "{line}");
    }
    let events = written.iter().filter(|line| !line.contains("\"otp.code\""));
    let log: String = events.map(String::as_str).collect();
    let body = String::from_utf8_lossy(&answer.body);
    for secret in input.secrets.iter().filter(|secret| secret.len() >= 6) {
        assert!(!log.contains(secret.as_str()), "{secret} is logged: {log}");
        if answer.status >= 400 {
            assert!(!body.contains(secret.as_str()), "{secret} is in {body}");
        }
    }
}

/// Shows the input, when it breaks a rule.
struct ShowOnPanic<'a>(&'a Input);

impl Drop for ShowOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:?}", self.0);
        }
    }
}
