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

/// The rules that every answer keeps hold it to one name; these are the values behind it.
#[tokio::test]
async fn a_policy_with_several_keys_is_named_once_by_its_tightest() {
    let service = Service::start().await;
    service.take("login", "used", 9).await.ok();
    let checks = |costs: [(&str, &str, u64); 4]| {
        let check = |(policy, key, cost)| json!({ "policy": policy, "key": key, "cost": cost });
        json!({ "checks": costs.map(check) })
    };

    let refused = checks([
        ("login", "used", 1),
        ("search", "a", 1),
        ("login", "b", 4),
        ("login", "b", 7),
    ]);
    let answer = service.post("/api/ratelimit", &refused).await;
    answer.quota_exceeded(&["login"]);
    // `used` has the least left, and passes; `b` is what refuses: one token is missing, which takes
    // ten minutes.
    assert_eq!(answer.header("retry-after"), Some("600"));
    assert_eq!(
        answer.header("ratelimit"),
        Some(r#""search";r=100;t=0, "login";r=10;t=600"#)
    );

    let taken = checks([
        ("login", "b", 4),
        ("search", "a", 1),
        ("login", "c", 1),
        ("search", "b", 2),
    ]);
    let answer = service.post("/api/ratelimit", &taken).await;
    answer.ok();
    let quotas = answer.header("ratelimit").unwrap();
    assert!(quotas.contains(r#""login";r=6;"#), "{quotas}");
    assert!(quotas.contains(r#""search";r=98;"#), "{quotas}");
}

/// Serde would take an array for the object, field by field.
#[tokio::test]
async fn a_check_is_an_object() {
    let service = Service::start().await;
    for checks in [
        json!([["login", "a", 1]]),
        json!([{ "policy": "login", "key": "a" }, ["login", "a"]]),
    ] {
        let at = checks.as_array().unwrap().len() - 1;
        let body = json!({ "checks": checks });
        let answer = service.post("/api/ratelimit", &body).await;
        let problem = answer.problem(400, "invalid-request");
        assert_eq!(problem["field"], format!("checks[{at}]"));
    }
    assert_eq!(service.remaining("login", "a").await, 10);
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
