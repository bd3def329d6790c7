//! How a flow ends: with everything that it began with, once.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tests::{App, hex_key};

use super::flow::{CONSUME, Callback, Flow};

#[tokio::test]
async fn a_flow_ends_with_what_it_began_with() {
    let app = App::shared().await;
    let asked = json!({
        "redirect_uri": "https://app.example/callback?from=example",
        "return_to": "/account?tab=1#top",
        "issuer": "https://accounts.example",
        "context": { "cart": 7 },
    });
    let begun = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let flow = Flow::begin_with(&app, asked.clone()).await;

    let mut consumed = flow.consume(&app).await.ok();

    let consumed = consumed.as_object_mut().unwrap();
    assert_eq!(consumed.remove("provider"), Some("example".into()));
    let created_at = consumed.remove("created_at").unwrap().as_u64().unwrap();
    assert!(
        (begun - 1..=begun + 60).contains(&created_at),
        "{created_at} is not {begun}"
    );
    assert_eq!(consumed.remove("binding"), Some("cookie".into()));
    let (name, _) = flow.cookie().split_once('=').unwrap();
    let clear = format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    assert_eq!(consumed.remove("clear_cookie"), Some(clear.into()));
    for secret in ["code_verifier", "nonce"] {
        assert!(consumed.remove(secret).unwrap().is_string(), "{secret}");
    }
    assert_eq!(Value::Object(consumed.clone()), asked);
}

#[tokio::test]
async fn what_was_not_given_comes_back_as_null() {
    let app = App::shared().await;

    let consumed = Flow::begin(&app).await.consume(&app).await.ok();

    for member in ["redirect_uri", "return_to", "issuer", "context"] {
        assert_eq!(
            consumed.get(member),
            Some(&Value::Null),
            "{member}: {consumed}"
        );
    }
}

#[tokio::test]
async fn a_flow_without_a_cookie_has_none_to_end() {
    let app = App::shared().await;
    let flow = Flow::begin_with(&app, json!({ "binding": "token" })).await;

    let consumed = flow.consume(&app).await.ok();

    assert_eq!(consumed["binding"], "token");
    assert_eq!(consumed.get("clear_cookie"), Some(&Value::Null));
}

#[tokio::test]
async fn a_state_is_good_once() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;
    flow.consume(&app).await.ok();

    for _ in 0..3 {
        flow.consume(&app).await.problem(409, "state-replayed");
    }
    let stranger = Callback::of(flow.state());
    stranger.consume(&app).await.problem(409, "state-replayed");
}

#[tokio::test]
async fn a_state_that_never_was_is_expired() {
    let app = App::shared().await;
    let longest = "x".repeat(512);
    for state in [
        &hex_key(),
        "x",
        " ",
        "состояние",
        "used",
        "../*",
        "\u{0}",
        &longest,
    ] {
        let problem = Callback::of(state)
            .consume(&app)
            .await
            .problem(410, "state-expired");
        assert!(!problem.to_string().contains(&longest), "{problem}");
    }
}

#[tokio::test]
async fn a_state_that_has_passed_its_time_is_expired() {
    let app = App::own(tests::Vars::new()).await;
    let (fresh, used) = (Flow::begin(&app).await, Flow::begin(&app).await);
    used.consume(&app).await.ok();
    for flow in [&fresh, &used] {
        let cut: u64 = app.redis().run(&format!("PEXPIRE {} 1", flow.key()));
        assert_eq!(cut, 1);
    }
    app.redis().expired("oauth:state:*").await;

    fresh.consume(&app).await.problem(410, "state-expired");
    used.consume(&app).await.problem(410, "state-expired");
}

#[tokio::test]
async fn what_is_no_state_is_an_invalid_request() {
    let app = App::shared().await;
    let authorization = format!("Bearer {}", app.service_token());
    let headers = [("authorization", authorization.as_str())];
    for (body, field) in [
        (json!({}), "state"),
        (json!({ "state": "" }), "state"),
        (json!({ "state": "x".repeat(513) }), "state"),
        (json!({ "state": 7 }), "state"),
        (json!({ "state": "x", "code": "y" }), "code"),
        (json!({ "state": "x", "issuer": {} }), "issuer"),
        (
            json!({ "state": "x", "binding_token": [] }),
            "binding_token",
        ),
        (json!({ "state": "x", "binding": "session" }), "binding"),
        (json!({ "state": "x", "binding": true }), "binding"),
    ] {
        let answer = app.post_with(CONSUME, &headers, &body).await;
        assert_eq!(
            answer.problem(400, "invalid-request")["field"],
            field,
            "{body}"
        );
    }
}
