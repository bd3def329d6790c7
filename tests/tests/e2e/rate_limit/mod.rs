//! Token buckets that services take from.

mod answers;
mod fields;
mod forward_auth;
mod refusals;
mod several;
mod store;
mod takes;

use serde_json::{Value, json};
use tests::{Answer, App, Vars};

/// What the tests' apps know: buckets that hardly refill while a test runs.
const POLICIES: &str = r#"{
    "login": {"capacity": 10, "refill": 1, "per_s": 600, "on_store_failure": "deny"},
    "search": {"capacity": 100, "refill": 1, "per_s": 600, "on_store_failure": "allow"},
    "quick": {"capacity": 2, "refill": 2, "per_s": 1}
}"#;

fn vars() -> Vars {
    Vars::new().with("ratelimit_policies", POLICIES)
}

/// A caller of the service, with the token.
struct Service(App);

impl Service {
    async fn start() -> Self {
        Self(App::own(vars()).await)
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let token = format!("Bearer {}", self.0.service_token());
        let headers = [("authorization", token.as_str())];
        self.0.post_with(path, &headers, body).await
    }

    /// Takes `cost` tokens of the bucket that `policy` has for `key`.
    async fn take(&self, policy: &str, key: &str, cost: u64) -> Answer {
        let body = json!({ "key": key, "cost": cost });
        self.post(&format!("/api/ratelimit/{policy}"), &body).await
    }

    async fn refund(&self, policy: &str, key: &str, cost: u64) -> Answer {
        let body = json!({ "key": key, "cost": cost });
        self.post(&format!("/api/ratelimit/{policy}/refund"), &body)
            .await
    }

    async fn remaining(&self, policy: &str, key: &str) -> Value {
        let body = json!({ "key": key, "peek": true });
        let answer = self.post(&format!("/api/ratelimit/{policy}"), &body).await;
        answer.json()["remaining"].clone()
    }
}
