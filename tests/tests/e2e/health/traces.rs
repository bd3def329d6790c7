//! Looking changes nothing: no key is left, none of anybody else's is touched, and nobody is told.

use futures_util::future::join_all;
use serde_json::json;
use tests::{App, Redis, Vars, phone};

use super::verification::Checks;

/// Commands that name no key.
const KEYLESS: [&str; 5] = ["PING", "TIME", "INFO", "CLIENT", "ECHO"];

#[tokio::test]
async fn every_command_is_about_keys_that_are_made_up() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &Vars::new()).await;
    let monitor = redis.monitor().await;

    Checks::passed(&app).await;

    let recording = monitor.finish(&redis).await;
    for line in recording.lines().filter(|line| line.contains(" [")) {
        // 1700000000.123456 [0 127.0.0.1:40000] "SETEX" "key" ...
        let command = line.split('"').nth(1).unwrap().to_uppercase();
        assert_ne!(command, "PUBLISH", "{line}");
        let keyless = KEYLESS.contains(&&*command) || line.contains("redis.call('INFO'");
        assert!(keyless || line.contains("latch-verify-"), "{line}");
    }
    assert!(recording.contains("\"SETEX\""), "{recording}");
    assert_eq!(redis.keys("*"), [""; 0]);
}

#[tokio::test]
async fn real_keys_are_as_they_were() {
    let policies = r#"{"latch-verify":{"capacity":9,"refill":1,"per_s":3600}}"#;
    let app = App::own(Vars::new().with("ratelimit_policies", policies)).await;
    app.sent_code(&phone()).await;
    let flow = json!({ "provider": "example" });
    assert_eq!(app.post("/api/oauth/state", &flow).await.status, 201);
    let authorization = format!("Bearer {}", app.service_token());
    let take = json!({ "key": "someone", "cost": 3 });
    app.post_with(
        "/api/ratelimit/latch-verify",
        &[("authorization", &authorization)],
        &take,
    )
    .await
    .ok();
    let before = app.redis().dump();

    Checks::passed(&app).await;

    assert!(before.len() >= 4, "{before:?}");
    assert_eq!(app.redis().dump(), before);
}

#[tokio::test]
async fn verifications_do_not_meet() {
    let app = App::own(Vars::new()).await;

    join_all((0..20).map(|_| Checks::passed(&app))).await;

    assert_eq!(app.redis().keys("*"), [""; 0]);
}

/// The rules are those that README.md gives.
#[tokio::test]
async fn a_user_who_may_do_nothing_else_will_do() {
    let redis = Redis::start().await;
    let _: () = redis.run(
        "ACL SETUSER latch on >pw ~otp:* ~oauth:* ~rollout:* ~ratelimit:* ~latch:verify:* \
         resetchannels &rollout:events +@all -@dangerous +info",
    );
    let url = redis.url().replace("redis://", "redis://latch:pw@");
    let app = App::at(&url, &Vars::new()).await;

    let checks = Checks::passed(&app).await;

    assert_eq!(checks.names("warn"), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_taken_away_expires() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &Vars::new()).await;
    let _: () = redis.run("ACL SETUSER default -del");

    let checks = Checks::failed(&app).await;

    checks.assert_fix("cleanup", "warn", "expires by itself");
    redis.assert_every_key_expires();
}

/// Redis answers until the first script is to run, which might write.
#[tokio::test]
async fn a_redis_that_stops_in_the_middle_keeps_nothing() {
    let redis = Redis::start().await;
    let vars = Vars::new().with("redis_timeout_ms", 500);
    let app = App::start(&redis, &vars).await;
    let _: () = redis.run("CLIENT PAUSE 60000 WRITE");

    let checks = Checks::failed(&app).await;

    assert_eq!(checks.names("fail"), ["role"]);
    checks.assert_fix("role", "fail", "Redis is stopped");
    checks.assert_fix("cleanup", "warn", "expires by itself");
    let _: () = redis.run("CLIENT UNPAUSE");
    Checks::passed(&app).await;
    for key in redis.keys("*") {
        let ttl: i64 = redis.run(&format!("TTL {key}"));
        assert!((0..=60).contains(&ttl), "{key} lasts {ttl} s");
    }
}
