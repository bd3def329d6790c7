//! The handlers, called without HTTP.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use bytes::Bytes;
use circuit::Circuits;
use http::{Request, StatusCode};
use latch::platform::native::Native;
use latch::{App, Component};
use otp_request::OtpRequest;
use otp_verify::OtpVerify;
use redis::Connection;
use tests::{Redis, Vars, Webhook};

/// The service token.
pub(crate) const TOKEN: &str = "8b1f0f3f5a2d4c6e9a7b0c1d2e3f4a5b";

/// The components that compare secrets, and their Redis.
pub(crate) struct Subject {
    circuits: App<Native, Circuits>,
    asking: App<Native, OtpRequest>,
    checking: App<Native, OtpVerify>,
    redis: RefCell<Connection>,
}

/// An answer, and how long it took.
pub(crate) struct Timed {
    pub(crate) status: StatusCode,
    pub(crate) took: Duration,
}

impl Subject {
    pub(crate) fn new(redis: &Redis, webhook: &Webhook) -> Self {
        let vars = webhook
            .configure(Vars::new())
            .with("service_token", TOKEN)
            .with("otp_requests_per_minute", 10_000);
        let mut variables = defaults();
        variables.extend(vars.all());
        variables.push(("redis_url".to_owned(), redis.url()));
        Self {
            circuits: App::new(Native::new(variables.clone())),
            asking: App::new(Native::new(variables.clone())),
            checking: App::new(Native::new(variables)),
            redis: RefCell::new(redis.connect()),
        }
    }

    /// A call of a service endpoint whose body is no JSON: whoever may call it is told so, before
    /// anything else is looked at.
    pub(crate) async fn authorize(&self, token: &str) -> Timed {
        let bearer = format!("Bearer {token}");
        let path = "/api/circuit/x/report";
        post(&self.circuits, path, Some(&bearer), "no JSON").await
    }

    pub(crate) async fn request(&self, phone: &str) -> Timed {
        let body = format!(r#"{{"phone":"{phone}"}}"#);
        post(&self.asking, "/api/auth/request-otp", None, &body).await
    }

    pub(crate) async fn verify(&self, phone: &str, code: &str) -> Timed {
        let body = format!(r#"{{"phone":"{phone}","otp_code":"{code}"}}"#);
        post(&self.checking, "/api/auth/verify-otp", None, &body).await
    }

    /// Lets Redis forget all.
    pub(crate) fn forget(&self) {
        let command = redis::cmd("FLUSHDB");
        let () = command.query(&mut *self.redis.borrow_mut()).unwrap();
    }
}

async fn post<C: Component>(
    app: &App<Native, C>,
    path: &str,
    authorization: Option<&str>,
    body: &str,
) -> Timed {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let body = Bytes::copy_from_slice(body.as_bytes());
    let begin = Instant::now();
    let answer = app.respond(head, body).await;
    let took = begin.elapsed();
    Timed {
        status: answer.status(),
        took,
    }
}

/// The variables of spin.toml that have a default: `name = { default = "..."`.
fn defaults() -> Vec<(String, String)> {
    let manifest = include_str!("../../../spin.toml");
    let default = |line: &str| {
        let (name, rest) = line.split_once(" = { default = \"")?;
        let (value, _) = rest.split_once('"')?;
        Some((name.to_owned(), value.to_owned()))
    };
    manifest.lines().filter_map(default).collect()
}
