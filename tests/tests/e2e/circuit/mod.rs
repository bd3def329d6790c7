//! Circuit breakers that services share.

mod life;
mod obedient;
mod overrides;
mod refusals;
mod store;

use http::Method;
use serde_json::{Value, json};
use tests::{Answer, App, Redis, Vars};

/// Trips after five calls, opens for half a second, and lends two permits at once.
const POLICIES: &str = r#"{
    "default": {"minimum_calls": 5, "open_ms": 500, "half_open_permits": 2},
    "ramp": {"recovery_ms": 10000},
    "strict": {"on_store_failure": "deny"}
}"#;

fn vars() -> Vars {
    Vars::new().with("circuit_policies", POLICIES)
}

/// A caller of the service, with the token.
struct Service(App);

impl Service {
    async fn start() -> Self {
        Self(App::own(vars()).await)
    }

    async fn on(redis: &Redis) -> Self {
        Self(App::start(redis, &vars()).await)
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let path = format!("/api/circuit{path}");
        self.0.service(method, &path, body).await
    }

    async fn acquire(&self, name: &str) -> Value {
        let path = format!("/{name}/acquire");
        self.send(Method::POST, &path, &Value::Null).await.ok()
    }

    async fn report(&self, name: &str, body: &Value) -> Answer {
        self.send(Method::POST, &format!("/{name}/report"), body)
            .await
    }

    async fn status(&self, name: &str) -> Value {
        self.send(Method::GET, &format!("/{name}"), &Value::Null)
            .await
            .ok()
    }

    /// Five failed calls, which trip a circuit that was closed.
    async fn trip(&self, name: &str) {
        let failures = json!({ "successes": 0, "failures": 5, "slow": 0 });
        let status = self.report(name, &failures).await.ok();
        assert_eq!(status["state"], "open", "{status}");
    }
}
