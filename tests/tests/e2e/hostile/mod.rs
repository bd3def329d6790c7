//! Input that nobody sends in good faith. Whatever it is, it is answered as documented or not at all,
//! no instance is lost to it, and a refusal leaves nothing in Redis.

mod addresses;
mod bodies;
mod framing;
mod headers;
mod paths;
mod slow;
mod values;

use hyper::Method;
use serde_json::{Value, json};
use tests::{Answer, App, Vars, raw};

/// An app that is attacked, with a Redis of its own.
struct Siege(App);

/// An endpoint that takes a body, and a body that it takes.
struct Endpoint {
    method: Method,
    path: &'static str,
    body: Value,
}

/// Every endpoint that reads a body.
fn endpoints() -> Vec<Endpoint> {
    let endpoint = |method, path, body| Endpoint { method, path, body };
    let post = |path, body| endpoint(Method::POST, path, body);
    vec![
        post(
            "/api/auth/request-otp",
            json!({ "phone": "+77010000001", "purpose": "login", "locale": "en" }),
        ),
        post(
            "/api/auth/verify-otp",
            json!({ "phone": "+77010000001", "otp_code": "302551", "purpose": "login" }),
        ),
        post(
            "/api/oauth/state",
            json!({
                "provider": "example", "redirect_uri": "https://app.example/cb", "return_to": "/a",
                "issuer": "https://accounts.example", "context": {}, "binding": "token",
            }),
        ),
        post(
            "/api/oauth/state/consume",
            json!({ "state": "unknown", "issuer": "a", "binding_token": "b", "binding": "token" }),
        ),
        post(
            "/api/circuit/gmail/report",
            json!({ "outcome": "failure", "duration_ms": 1, "permit": "1-1", "reporter": "a" }),
        ),
        post(
            "/api/circuit/gmail/report",
            json!({ "successes": 1, "failures": 1, "slow": 1, "reporter": "a" }),
        ),
        endpoint(
            Method::PUT,
            "/api/circuit/gmail/override",
            json!({ "mode": "disabled", "ttl_s": 1, "reason": "a", "actor": "b" }),
        ),
        post(
            "/api/ratelimit/login",
            json!({ "key": "a", "cost": 1, "peek": false }),
        ),
        post(
            "/api/ratelimit/login/refund",
            json!({ "key": "a", "cost": 1 }),
        ),
        post(
            "/api/ratelimit",
            json!({ "checks": [{ "policy": "login", "key": "a", "cost": 1 }] }),
        ),
    ]
}

impl Siege {
    async fn start() -> Self {
        let policies = r#"{"login":{"capacity":1000000,"refill":1,"per_s":1}}"#;
        Self(App::own(Vars::new().with("ratelimit_policies", policies)).await)
    }

    /// A request with the service token and a body that says it is JSON.
    async fn send(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let token = format!("Bearer {}", self.0.service_token());
        let own = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
        ];
        let headers = [&own, headers].concat();
        let before = self.keys();
        let answer = self.0.send(method.clone(), path, &headers, body).await;
        self.holds();
        assert_ne!(answer.status, 503, "{answer:?}");
        // A wrong guess is remembered, and a state that does not fit is used up.
        let counts = ["otp-mismatch", "otp-attempts-exhausted"];
        let code = answer.code().unwrap_or_default();
        if answer.status >= 400 && !counts.contains(&code.as_str()) {
            assert!(self.keys() <= before, "a refusal left a key: {answer:?}");
        }
        answer
    }

    /// A request that is refused: none of these is for anybody.
    async fn is_refused(
        &self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let body = body.into();
        let answer = self.send(method, path, headers, body.clone()).await;
        let shown = body[..body.len().min(200)].escape_ascii();
        assert!(answer.status >= 400, "{method} {path} {shown}: {answer:?}");
        answer
    }

    /// What comes back for these bytes until the host closes, which is an answer below 500 or
    /// nothing, and leaves no key.
    async fn raw(&self, bytes: &[u8]) -> String {
        self.answered(bytes, raw::exchange(self.0.url(), bytes))
            .await
    }

    /// The same from a client that gives up after these bytes.
    async fn abandoned(&self, bytes: &[u8]) -> String {
        self.answered(bytes, raw::abandon(self.0.url(), bytes))
            .await
    }

    async fn answered(&self, bytes: &[u8], exchange: impl Future<Output = String>) -> String {
        let before = self.keys();
        let answer = exchange.await;
        let shown = bytes[..bytes.len().min(200)].escape_ascii();
        let status = answer.get(9..12).unwrap_or("400");
        assert!(status < "500", "{shown}: {answer}");
        if status >= "400" {
            assert!(self.keys() <= before, "{shown} left a key: {answer}");
        }
        self.holds();
        answer
    }

    fn keys(&self) -> u64 {
        self.0.redis().run("DBSIZE")
    }

    /// Fails if an instance was lost, which the host says on stderr, or a line is none of the app's.
    fn holds(&self) {
        for line in self.0.stderr().so_far() {
            let lost = ["did not answer", "panicked", "wasm trap", "wasm backtrace"];
            assert!(!lost.iter().any(|word| line.contains(word)), "{line}");
        }
    }
}
