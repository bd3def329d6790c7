//! Redis's clock is set back under a running app: nothing starts over, nothing is stuck, and nothing
//! lasts for longer than it says.
//!
//! The clock is the server's own, TTLs included; the script tests have more cases, in driven time.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use tests::{Answer, App, Redis, Vars, phone, wrong};
use tokio::time::sleep;

/// By how much the clock is set back.
const STEPS: [Duration; 3] = [
    Duration::from_millis(5),
    Duration::from_secs(61),
    Duration::from_secs(2 * 24 * 60 * 60),
];

/// Two tokens, one of which comes back each second.
const BUCKETS: &str = r#"{"quick": {"capacity": 2, "refill": 1, "per_s": 1}}"#;
const CIRCUITS: &str = r#"{"default": {
    "minimum_calls": 5, "open_ms": 200, "open_max_ms": 400, "half_open_permits": 1,
    "permit_lease_ms": 600000
}}"#;

fn vars() -> Vars {
    Vars::new()
        .with("ratelimit_policies", BUCKETS)
        .with("circuit_policies", CIRCUITS)
}

fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap().parse().unwrap()
}

/// Runs `test` once for each step, on a server and an app of its own.
async fn each(vars: Vars, test: impl AsyncFn(&App, &Redis, &dyn Fn())) {
    for step in STEPS {
        let redis = Redis::with_clock().await;
        let app = App::start(&redis, &vars).await;
        println!("back by {step:?}");
        test(&app, &redis, &|| redis.set_clock_back(step)).await;
        redis.assert_every_key_expires();
    }
}

#[tokio::test]
async fn a_phones_limits_do_not_start_over() {
    let vars = vars()
        .with("otp_requests_per_minute", 2)
        .with("otp_requests_per_minute_per_client", 5)
        .with("otp_max_failures_per_day", 4);
    each(vars, async |app, _, set_back| {
        let phone = phone();
        let code = app.sent_code(&phone).await;
        for n in 0..2 {
            app.verify(&phone, &wrong(&code, n))
                .await
                .problem(400, "otp-mismatch");
        }
        app.request(&phone).await.ok();

        set_back();

        let refused = app.request(&phone).await;
        refused.quota_exceeded(&["phone"]);
        assert!(retry_after(&refused) <= 60, "{refused:?}");
        let problem = app.verify(&phone, &wrong(&code, 2)).await;
        let fields = problem.header("ratelimit").unwrap();
        assert!(fields.starts_with("\"failures\";r=1;"), "{fields}");
        app.request(&tests::phone()).await.ok();
        app.request(&tests::phone()).await.ok();
        let refused = app.request(&tests::phone()).await;
        refused.quota_exceeded(&["client"]);
        assert!(retry_after(&refused) <= 60, "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn a_code_is_good_and_lives_no_longer() {
    each(vars(), async |app, redis, set_back| {
        let phone = phone();
        let code = app.sent_code(&phone).await;

        set_back();

        app.verify(&phone, &wrong(&code, 0))
            .await
            .problem(400, "otp-mismatch");
        let key = &redis.keys("otp:{*}:code:*")[0];
        let life: i64 = redis.run(&format!("PTTL {key}"));
        assert!(life <= 300_000, "{life} ms");
        app.verify(&phone, &code).await.ok();
        app.verify(&phone, &code).await.problem(410, "otp-expired");
    })
    .await;
}

#[tokio::test]
async fn a_request_is_not_sent_twice() {
    each(vars(), async |app, _, set_back| {
        let phone = phone();
        let key = [("idempotency-key", "\"once\"")];
        let ask = json!({ "phone": phone });
        app.request_with(&key, &ask).await.ok();

        set_back();

        let again = app.request_with(&key, &ask).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        app.settle().await;
        assert_eq!(app.delivered(&phone).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_flow_ends_once() {
    each(vars(), async |app, _, set_back| {
        let ask = json!({ "provider": "example", "binding": "token" });
        let begun = app.post("/api/oauth/state", &ask).await.json();
        let body = json!({ "state": begun["state"], "binding_token": begun["binding_token"] });
        let consume = || app.service(Method::POST, "/api/oauth/state/consume", &body);

        set_back();

        consume().await.ok();
        consume().await.problem(409, "state-replayed");
    })
    .await;
}

#[tokio::test]
async fn a_bucket_refuses_no_longer_than_it_says() {
    each(vars(), async |app, _, set_back| {
        let body = json!({ "key": "a" });
        let take = || app.service(Method::POST, "/api/ratelimit/quick", &body);
        for _ in 0..2 {
            take().await.ok();
        }

        set_back();

        let refused = take().await;
        refused.quota_exceeded(&["quick"]);
        let wait = refused.json()["retry_after_ms"].as_u64().unwrap();
        assert!(wait <= 1_000, "{refused:?}");
        sleep(Duration::from_millis(wait)).await;
        take().await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_permit_is_good_and_frees_its_place() {
    each(vars(), async |app, _, set_back| {
        let call = |what: &str, body: Value| {
            let path = format!("/api/circuit/gmail/{what}");
            async move { app.service(Method::POST, &path, &body).await.ok() }
        };
        let failures = json!({ "successes": 0, "failures": 5, "slow": 0 });
        assert_eq!(call("report", failures).await["state"], "open");
        let permit = loop {
            let acquired = call("acquire", Value::Null).await;
            if acquired["allowed"] == true {
                break acquired["permit"].clone();
            }
            sleep(Duration::from_millis(50)).await;
        };

        set_back();

        assert_eq!(call("acquire", Value::Null).await["allowed"], false);
        let ignored = json!({ "outcome": "ignored", "permit": permit });
        let status = call("report", ignored).await;
        assert_eq!(status["half_open"]["in_flight"], 0, "{status}");
        let acquired = call("acquire", Value::Null).await;
        let success = json!({ "outcome": "success", "permit": acquired["permit"] });
        assert_eq!(call("report", success).await["state"], "closed");
    })
    .await;
}

#[tokio::test]
async fn an_open_circuit_opens_when_it_says() {
    each(vars(), async |app, _, set_back| {
        let path = "/api/circuit/gmail";
        let failures = json!({ "successes": 0, "failures": 5, "slow": 0 });
        let report = format!("{path}/report");
        app.service(Method::POST, &report, &failures).await.ok();

        set_back();

        let status = app.service(Method::GET, path, &Value::Null).await.ok();
        let wait = status["retry_after_ms"].as_u64().unwrap();
        assert!(wait <= 400, "{status}");
        sleep(Duration::from_millis(wait + 50)).await;
        let acquire = format!("{path}/acquire");
        let acquired = app.service(Method::POST, &acquire, &Value::Null).await.ok();
        assert_eq!(acquired["allowed"], true, "{acquired}");
    })
    .await;
}
