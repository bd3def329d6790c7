//! Nobody fills Redis with flows that never end.

use serde_json::json;
use tests::{App, Vars};

use super::flow::{Flow, ask};

async fn limited_to(limit: u32) -> App {
    let vars = Vars::new().with("oauth_states_per_minute_per_client", limit);
    App::own(vars).await
}

#[tokio::test]
async fn a_client_begins_so_many_flows_a_minute() {
    let app = limited_to(3).await;
    for left in (0..3).rev() {
        let answer = ask(&app, &json!({ "provider": "example" })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"client\";q=3;w=60, \"total\";q=1000000;w=60")
        );
        let field = answer.header("ratelimit").unwrap();
        assert!(
            field.starts_with(&format!("\"client\";r={left};t=")),
            "{field}"
        );
    }

    let refused = ask(&app, &json!({ "provider": "example" })).await;

    refused.quota_exceeded(&["client"]);
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"client\";q=3;w=60"),
        "the ceiling was not asked"
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.header("set-cookie"), None);
}

#[tokio::test]
async fn a_refused_creation_leaves_no_state_behind() {
    let app = limited_to(2).await;
    let flows = [Flow::begin(&app).await, Flow::begin(&app).await];
    for _ in 0..20 {
        let answer = ask(&app, &json!({ "provider": "example" })).await;
        answer.quota_exceeded(&["client"]);
    }

    let mut known = flows.each_ref().map(Flow::key);
    known.sort();
    assert_eq!(app.redis().keys("oauth:state:*"), known);
    app.redis().assert_every_key_expires();
}

#[tokio::test]
async fn the_limit_is_on_beginning_and_not_on_ending() {
    let app = limited_to(1).await;
    let flow = Flow::begin(&app).await;
    ask(&app, &json!({ "provider": "example" }))
        .await
        .quota_exceeded(&["client"]);

    flow.consume(&app).await.ok();
}

#[tokio::test]
async fn what_cannot_begin_costs_nothing() {
    let app = limited_to(1).await;
    for body in [
        json!({}),
        json!({ "provider": "example", "return_to": "//evil.example" }),
    ] {
        assert_eq!(ask(&app, &body).await.status, 400);
    }

    Flow::begin(&app).await;
}

#[tokio::test]
async fn a_client_at_its_limit_is_logged() {
    let app = limited_to(1).await;
    Flow::begin(&app).await;
    for _ in 0..5 {
        ask(&app, &json!({ "provider": "example" })).await;
    }

    app.stderr()
        .find("the limit in the log", |lines| {
            lines
                .iter()
                .any(|line| line.contains(r#"{"event":"oauth.limit-reached","policy":"client"}"#))
                .then_some(())
        })
        .await;
}
