//! What cannot be asked of a bucket.

use serde_json::json;
use tests::{App, Vars};

use super::Service;

#[tokio::test]
async fn buckets_are_for_holders_of_the_service_token() {
    let app = App::own(super::vars()).await;
    for path in [
        "/api/ratelimit",
        "/api/ratelimit/login",
        "/api/ratelimit/login/refund",
    ] {
        let answer = app.post(path, &json!({ "key": "a" })).await;
        answer.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_policy_that_is_not_there_is_a_404() {
    let service = Service::start().await;
    service
        .take("other", "a", 1)
        .await
        .problem(404, "unknown-policy");
    service
        .refund("other", "a", 1)
        .await
        .problem(404, "unknown-policy");
}

#[tokio::test]
async fn a_cost_that_no_bucket_can_pay_is_its_own_error() {
    let service = Service::start().await;
    let problem = service
        .take("login", "a", 11)
        .await
        .problem(422, "cost-exceeds-capacity");
    assert_eq!(problem["limit"], 10);
    assert_eq!(service.remaining("login", "a").await, 10);
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named_and_nothing_is_taken() {
    let service = Service::start().await;
    let long = "x".repeat(257);
    for (body, field) in [
        (json!({}), "key"),
        (json!({ "key": "" }), "key"),
        (json!({ "key": long }), "key"),
        (json!({ "key": "a\n" }), "key"),
        (json!({ "key": "a}b" }), "key"),
        (json!({ "key": "a", "cost": 0 }), "cost"),
        (json!({ "key": "a", "cost": -1 }), "cost"),
        (json!({ "key": "a", "cost": 1.5 }), "cost"),
        (json!({ "key": "a", "peek": "yes" }), "peek"),
        (json!({ "key": "a", "price": 1 }), "price"),
    ] {
        let answer = service.post("/api/ratelimit/login", &body).await;
        assert_eq!(
            answer.problem(400, "invalid-request")["field"],
            field,
            "{body}"
        );
    }
    assert!(service.0.redis().keys("ratelimit:*").is_empty());
}

#[tokio::test]
async fn policies_that_cannot_be_read_are_named() {
    for policies in [
        "",
        "[]",
        "{",
        r#"{"a":{"capacity":0,"refill":1,"per_s":1}}"#,
    ] {
        let vars = Vars::new().with("ratelimit_policies", policies);
        let service = Service(App::own(vars).await);
        let problem = service
            .take("a", "a", 1)
            .await
            .problem(503, "misconfigured");
        assert_eq!(problem["variable"], "ratelimit_policies");
    }
}
