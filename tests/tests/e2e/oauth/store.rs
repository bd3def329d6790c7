//! Redis away: no flow begins, none ends, and none is burnt by it.

use serde_json::json;
use tests::{App, Redis, Vars};

use super::flow::{Callback, Flow, ask};

fn vars() -> Vars {
    Vars::new().with("redis_timeout_ms", 1500)
}

async fn assert_unavailable(app: &App, flow: &Flow) {
    let answer = ask(app, &json!({ "provider": "example" })).await;
    answer.problem(503, "store-unavailable");
    assert_eq!(answer.header("set-cookie"), None);
    flow.consume(app).await.problem(503, "store-unavailable");
}

#[tokio::test]
async fn a_redis_that_is_away_is_a_503_and_then_found_again() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    let lost = Flow::begin(&app).await;
    redis.kill();
    assert_unavailable(&app, &lost).await;

    redis.restart().await;

    Flow::begin(&app).await.consume(&app).await.ok();
    // This Redis kept nothing.
    lost.consume(&app).await.problem(410, "state-expired");
}

#[tokio::test]
async fn a_redis_without_memory_begins_no_flow() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    Flow::begin(&app).await;
    let _: () = redis.run("CONFIG SET maxmemory 1");

    let answer = ask(&app, &json!({ "provider": "example" })).await;

    answer.problem(503, "store-unavailable");
}

/// While Redis cannot write, a guess at what binds a flow is neither free nor a success.
#[tokio::test]
async fn a_redis_without_memory_ends_no_flow_and_burns_none() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    let flow = Flow::begin(&app).await;
    let before: String = redis.run(&format!("GET {}", flow.key()));
    let _: () = redis.run("CONFIG SET maxmemory 1");

    for _ in 0..3 {
        let stranger = Callback::of(flow.state()).consume(&app).await;
        stranger.problem(503, "store-unavailable");
        flow.consume(&app).await.problem(503, "store-unavailable");
    }

    let after: String = redis.run(&format!("GET {}", flow.key()));
    assert_eq!(after, before);
    let _: () = redis.run("CONFIG SET maxmemory 0");
    flow.consume(&app).await.ok();
}

#[tokio::test]
async fn scripts_that_redis_forgot_and_connections_that_it_lost_are_not_noticed() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    for _ in 0..2 {
        let flow = Flow::begin(&app).await;
        let _: () = redis.run("SCRIPT FLUSH SYNC");
        flow.consume(&app).await.ok();
        let _: () = redis.run("SCRIPT FLUSH SYNC");
        let flow = Flow::begin(&app).await;
        redis.drop_connections().await;
        flow.consume(&app).await.ok();
        redis.drop_connections().await;
        Flow::begin(&app).await;
    }
}
