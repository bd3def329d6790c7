//! Several checks in one call: all of them, or none.

use serde_json::json;

use super::Service;

#[tokio::test]
async fn all_checks_are_taken_together() {
    let service = Service::start().await;
    let body = json!({ "checks": [
        { "policy": "login", "key": "a", "cost": 3 },
        { "policy": "search", "key": "a" },
    ] });
    let taken = service.post("/api/ratelimit", &body).await.ok();
    assert_eq!(taken["allowed"], true);
    assert_eq!(taken["remaining"], 7, "of the one that has the least left");
    assert_eq!(taken["checks"][0]["remaining"], 7);
    assert_eq!(taken["checks"][1]["remaining"], 99);
    assert_eq!(taken["checks"][1]["policy"], "search");
}

#[tokio::test]
async fn one_that_refuses_leaves_the_others_as_they_were() {
    let service = Service::start().await;
    service.take("login", "a", 9).await.ok();
    let body = json!({ "checks": [
        { "policy": "search", "key": "a", "cost": 50 },
        { "policy": "login", "key": "a", "cost": 2 },
    ] });
    let answer = service.post("/api/ratelimit", &body).await;
    let refused = answer.quota_exceeded(&["login"]);
    assert_eq!(refused["allowed"], false);
    assert_eq!(refused["checks"][0]["allowed"], true);
    assert_eq!(refused["checks"][1]["allowed"], false);
    assert_eq!(service.remaining("search", "a").await, 100);
    assert_eq!(service.remaining("login", "a").await, 1);
}

#[tokio::test]
async fn the_same_bucket_may_be_asked_twice() {
    let service = Service::start().await;
    let twice = |cost: u64| {
        json!({ "checks": [
            { "policy": "login", "key": "a", "cost": cost },
            { "policy": "login", "key": "a", "cost": cost },
        ] })
    };
    let answer = service.post("/api/ratelimit", &twice(6)).await;
    answer.quota_exceeded(&["login"]);
    service.post("/api/ratelimit", &twice(5)).await.ok();
    assert_eq!(service.remaining("login", "a").await, 0);
}

#[tokio::test]
async fn a_check_that_cannot_be_is_named() {
    let service = Service::start().await;
    let with =
        |check: serde_json::Value| json!({ "checks": [{ "policy": "login", "key": "a" }, check] });
    for (check, status, code, field) in [
        (
            json!({ "policy": "login", "key": "" }),
            400,
            "invalid-request",
            "checks[1].key",
        ),
        (
            json!({ "policy": "login", "key": "a", "cost": 0 }),
            400,
            "invalid-request",
            "checks[1].cost",
        ),
        (
            json!({ "policy": "login", "key": "a", "cost": 11 }),
            422,
            "cost-exceeds-capacity",
            "checks[1].cost",
        ),
        (
            json!({ "policy": "login", "cost": 1 }),
            400,
            "invalid-request",
            "checks[1].key",
        ),
    ] {
        let answer = service.post("/api/ratelimit", &with(check)).await;
        assert_eq!(answer.problem(status, code)["field"], field);
    }
    let unknown = with(json!({ "policy": "other", "key": "a" }));
    let answer = service.post("/api/ratelimit", &unknown).await;
    answer.problem(404, "unknown-policy");
    for checks in [
        json!([]),
        json!(vec![json!({ "policy": "login", "key": "a" }); 17]),
    ] {
        let answer = service
            .post("/api/ratelimit", &json!({ "checks": checks }))
            .await;
        assert_eq!(answer.problem(400, "invalid-request")["field"], "checks");
    }
    assert_eq!(service.remaining("login", "a").await, 10);
}
