//! Redis away: each policy says what then.

use serde_json::json;
use tests::{App, Redis};

use super::{Service, vars};

#[tokio::test]
async fn while_redis_is_away_a_policy_lets_everything_pass_or_nothing() {
    let redis = Redis::start().await;
    let service = Service(App::start(&redis, &vars()).await);
    service.take("search", "a", 1).await.ok();
    redis.kill();

    let passed = service.take("search", "a", 1).await.ok();
    assert_eq!(passed["allowed"], true);
    assert_eq!(passed["degraded"], true);
    for policy in ["login", "quick"] {
        let refused = service
            .take(policy, "a", 1)
            .await
            .problem(503, "store-unavailable");
        assert_eq!(refused["allowed"], false);
        assert_eq!(refused["degraded"], true);
    }
    let mixed = json!({ "checks": [
        { "policy": "search", "key": "a" }, { "policy": "login", "key": "a" },
    ] });
    let refused = service.post("/api/ratelimit", &mixed).await;
    refused.problem(503, "store-unavailable");
    service
        .refund("search", "a", 1)
        .await
        .problem(503, "store-unavailable");

    redis.restart().await;
    let taken = service.take("search", "a", 1).await.ok();
    assert_eq!(taken["degraded"], false);
    assert_eq!(taken["remaining"], 99);
}
