//! Redis away: each policy says what `acquire` answers then.

use http::Method;
use serde_json::{Value, json};
use tests::Redis;

use super::Service;

#[tokio::test]
async fn while_redis_is_away_the_policy_decides_and_says_so() {
    let redis = Redis::start().await;
    let service = Service::on(&redis).await;
    assert_eq!(service.acquire("gmail").await["degraded"], false);
    redis.kill();

    let lenient = service.acquire("gmail").await;
    assert_eq!(lenient["allowed"], true);
    assert_eq!(lenient["degraded"], true);
    assert_eq!(lenient["permit"], Value::Null);
    assert_eq!(lenient["generation"], Value::Null);
    assert_eq!(lenient["cache_ms"], 50);
    let strict = service.acquire("strict").await;
    assert_eq!(strict["allowed"], false);
    assert_eq!(strict["degraded"], true);
    let report = service
        .report("gmail", &json!({ "outcome": "success" }))
        .await;
    report.problem(503, "store-unavailable");
    let status = service.send(Method::GET, "/gmail", &Value::Null).await;
    status.problem(503, "store-unavailable");

    redis.restart().await;
    assert_eq!(service.acquire("strict").await["degraded"], false);
}
