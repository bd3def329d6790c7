//! An app, its Redis, and a proxy between them.

use http::Method;
use latch::Script;
use serde_json::{Value, json};
use tests::{Answer, App, Cut, Proxy, Redis, Vars};

/// Trips after five calls, opens for 200 ms, and lends two permits at once.
const CIRCUITS: &str = r#"{
    "default": {"minimum_calls": 5, "window_s": 5, "open_ms": 200, "open_max_ms": 800,
                "half_open_permits": 2, "permit_lease_ms": 1000},
    "strict": {"minimum_calls": 5, "on_store_failure": "deny"}
}"#;

/// `login` hardly refills while a test runs; `quick` holds 20 tokens and gets 10 a second.
const LIMITS: &str = r#"{
    "login": {"capacity": 10, "refill": 1, "per_s": 600},
    "quick": {"capacity": 20, "refill": 10, "per_s": 1}
}"#;

/// The variables of the worlds: the harness's, with circuits and rate limits.
pub(crate) fn vars() -> Vars {
    Vars::new()
        .with("circuit_policies", CIRCUITS)
        .with("ratelimit_policies", LIMITS)
}

/// An app that reaches its Redis through a proxy.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) proxy: Proxy,
    pub(crate) redis: Redis,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(&vars()).await
    }

    pub(crate) async fn with(vars: &Vars) -> Self {
        let redis = Redis::start().await;
        let proxy = Proxy::start(&redis);
        let app = App::at(&proxy.url(), vars).await;
        Self { app, proxy, redis }
    }

    /// With instances that keep their connections to `redis`.
    pub(crate) async fn kept(redis: Redis) -> Self {
        let proxy = Proxy::start(&redis);
        let app = App::kept_at(&proxy.url(), &vars()).await;
        Self { app, proxy, redis }
    }

    /// Loses the replies to the next `times` runs of `script`, after Redis has run it.
    pub(crate) fn lose(&self, times: usize, script: &Script) {
        let sha1: String = redis::cmd("SCRIPT")
            .arg("LOAD")
            .arg(script.text())
            .query(&mut self.redis.connect())
            .unwrap();
        self.proxy.lose(times, &sha1, Cut::BeforeReply);
    }

    /// The app's own check of the whole chain.
    pub(crate) async fn verify_all(&self) -> Answer {
        let path = "/api/health/verify";
        self.app.service(Method::POST, path, &Value::Null).await
    }

    /// Begins an OAuth flow that is bound to no browser.
    pub(crate) async fn issue(&self) -> Answer {
        let ask = json!({ "provider": "example", "binding": "none" });
        self.app
            .service(Method::POST, "/api/oauth/state", &ask)
            .await
    }

    pub(crate) async fn consume(&self, state: &str) -> Answer {
        let body = json!({ "state": state, "binding": "none" });
        self.app
            .service(Method::POST, "/api/oauth/state/consume", &body)
            .await
    }

    /// Takes a token of the bucket that `policy` has for `key`.
    pub(crate) async fn take(&self, policy: &str, key: &str) -> Answer {
        self.take_with(policy, &json!({ "key": key })).await
    }

    /// Asks for a bucket with all that a caller may say.
    pub(crate) async fn take_with(&self, policy: &str, body: &Value) -> Answer {
        self.app
            .service(Method::POST, &format!("/api/ratelimit/{policy}"), body)
            .await
    }

    pub(crate) async fn refund(&self, policy: &str, key: &str) -> Answer {
        let body = json!({ "key": key, "cost": 1 });
        let path = format!("/api/ratelimit/{policy}/refund");
        self.app.service(Method::POST, &path, &body).await
    }

    /// What is left in a bucket.
    pub(crate) async fn remaining(&self, policy: &str, key: &str) -> Value {
        let body = json!({ "key": key, "peek": true });
        let answer = self.take_with(policy, &body).await;
        answer.json()["remaining"].clone()
    }

    pub(crate) async fn acquire(&self, circuit: &str) -> Answer {
        let path = format!("/api/circuit/{circuit}/acquire");
        self.app.service(Method::POST, &path, &Value::Null).await
    }

    pub(crate) async fn report(&self, circuit: &str, body: &Value) -> Answer {
        let path = format!("/api/circuit/{circuit}/report");
        self.app.service(Method::POST, &path, body).await
    }

    pub(crate) async fn status(&self, circuit: &str) -> Answer {
        let path = format!("/api/circuit/{circuit}");
        self.app.service(Method::GET, &path, &Value::Null).await
    }
}
