//! `GET /api/health`, which anyone may ask.

use hyper::Method;
use serde_json::Value;
use tests::{App, Redis, Vars};

const PATH: &str = "/api/health";

fn vars() -> Vars {
    Vars::new().with("redis_timeout_ms", 1500)
}

/// The problem has the member that the success has, and nothing of where Redis is.
async fn assert_unhealthy(app: &App, code: &str, secrets: &[&str]) {
    let answer = app.get(PATH).await;
    let problem = answer.problem(503, code);
    assert_eq!(problem["redis"]["status"], "fail", "{problem}");
    assert!(problem["redis"]["latency_ms"].is_number(), "{problem}");
    let shown = String::from_utf8(answer.body.to_vec()).unwrap();
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn a_redis_that_answers_is_healthy() {
    let app = App::shared().await;

    let body = app.get(PATH).await.ok();

    assert_eq!(body["status"], "ok");
    assert_eq!(body["redis"]["status"], "ok");
    assert!(body["redis"]["latency_ms"].as_f64().unwrap() >= 0.0);
    assert_eq!(app.send(Method::HEAD, PATH, &[], "").await.status, 200);
}

#[tokio::test]
async fn a_redis_that_goes_and_comes_back_is_unhealthy_in_between() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    app.get(PATH).await.ok();

    redis.kill();
    assert_unhealthy(&app, "store-unavailable", &["127.0.0.1"]).await;
    redis.restart().await;
    app.get(PATH).await.ok();

    redis.freeze();
    assert_unhealthy(&app, "store-unavailable", &["127.0.0.1"]).await;
    redis.thaw();
    app.get(PATH).await.ok();
}

#[tokio::test]
async fn a_wrong_password_is_not_shown() {
    let redis = Redis::start().await;
    let _: () = redis.run("CONFIG SET requirepass right-3c9d");
    let app = App::at(&redis.url_with_password("wrong-3c9d"), &vars()).await;

    assert_unhealthy(&app, "store-unavailable", &["3c9d", "127.0.0.1"]).await;

    let logged = app.stderr().find("a line about the store", |lines| {
        lines.iter().find_map(|line| {
            let line: Value = serde_json::from_str(&line[line.find('{')?..]).ok()?;
            (line["event"] == "store.unavailable").then(|| line.to_string())
        })
    });
    assert!(!logged.await.contains("3c9d"));
}

#[tokio::test]
async fn nothing_configured_and_something_malformed_are_told_apart() {
    let none = App::at("", &vars()).await;
    assert_unhealthy(&none, "store-unconfigured", &[]).await;

    let malformed = App::at("redis://user:3c9d@no-port.example:x", &vars()).await;
    assert_unhealthy(&malformed, "misconfigured", &["3c9d", "no-port"]).await;
}
