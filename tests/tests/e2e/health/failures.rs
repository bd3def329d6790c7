//! What a Redis can do wrong, done by a real one: each is named, and so is what to do about it, to a
//! service and in an operator's table.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use tests::{App, Redis, Vars};

use super::verification::{Checks, Table, ask};

/// No verification takes longer than this, on a machine however busy.
const BOUND: Duration = Duration::from_secs(30);

fn vars() -> Vars {
    Vars::new().with("redis_timeout_ms", 1500)
}

/// Fails unless these checks fail, and no others, each with this fix.
async fn assert_failures(app: &App, names: &[&str], fix: &str) {
    let begin = Instant::now();
    let checks = Checks::failed(app).await;
    assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
    assert_eq!(checks.names("fail"), names);
    let table = Table::of(app);
    assert_eq!(table.code, 1, "{}", table.stdout);
    for name in names {
        checks.assert_fix(name, "fail", fix);
        table.assert_fix('✗', name, fix);
    }
}

/// The address of `redis` for a user of these ACL rules.
fn url_for_user(redis: &Redis, rules: &str) -> String {
    let _: () = redis.run(&format!("ACL SETUSER latch on >pw {rules}"));
    redis.url().replace("redis://", "redis://latch:pw@")
}

#[tokio::test]
async fn no_address() {
    let app = App::at("", &vars()).await;

    assert_failures(&app, &["REDIS_URL"], "Set REDIS_URL in the environment").await;
}

#[tokio::test]
async fn a_malformed_address() {
    for url in [
        "127.0.0.1:6379",
        "http://127.0.0.1:6379",
        "redis://user:3c9d/3c9d@redis.example:6379",
        "redis://user:3c9d@redis.example:6379/first",
    ] {
        let app = App::at(url, &vars()).await;

        assert_failures(&app, &["REDIS_URL"], "percent-encoded").await;

        let shown = [ask(&app).await.json().to_string(), Table::of(&app).stdout].concat();
        assert!(!shown.contains("3c9d"), "{shown}");
    }
}

#[tokio::test]
async fn a_refused_connection() {
    let app = App::at("redis://127.0.0.1:1", &vars()).await;

    assert_failures(&app, &["connection"], "start Redis").await;
}

#[tokio::test]
async fn a_host_that_the_app_may_not_reach() {
    let redis = Redis::start().await;
    let elsewhere = vars().with("redis_allowed_host", "redis.example");
    let app = App::start(&redis, &elsewhere).await;

    assert_failures(&app, &["connection"], "Set redis_allowed_host").await;
}

#[tokio::test]
async fn a_redis_that_answers_nothing() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    Checks::passed(&app).await;
    redis.freeze();

    assert_failures(&app, &["connection"], "Redis is stopped").await;

    redis.thaw();
    Checks::passed(&app).await;
    assert_eq!(redis.keys("*"), [""; 0]);
}

/// Whatever one command may take, all checks together have their own limit.
#[tokio::test]
async fn a_redis_that_answers_nothing_for_a_minute() {
    let redis = Redis::start().await;
    let patient = Vars::new().with("redis_timeout_ms", 60_000);
    let app = App::start(&redis, &patient).await;
    redis.freeze();

    let begin = Instant::now();
    let checks = Checks::failed(&app).await;

    assert!(begin.elapsed() < BOUND, "{:?}", begin.elapsed());
    checks.assert_fix("connection", "fail", "slowly or not at all");
}

/// Something listens and never says a word, as behind a firewall that swallows packets.
#[tokio::test]
async fn a_port_that_swallows_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let app = App::at(&url, &vars()).await;

    assert_failures(&app, &["connection"], "firewall").await;
}

#[tokio::test]
async fn a_wrong_password() {
    let redis = Redis::start().await;
    let _: () = redis.run("CONFIG SET requirepass right-3c9d");
    let app = App::at(&redis.url_with_password("wrong-3c9d"), &vars()).await;

    assert_failures(&app, &["connection"], "Correct user and password").await;

    let shown = [ask(&app).await.json().to_string(), Table::of(&app).stdout].concat();
    assert!(!shown.contains("3c9d"), "{shown}");
}

#[tokio::test]
async fn no_password() {
    let redis = Redis::start().await;
    let _: () = redis.run("CONFIG SET requirepass right-3c9d");
    let app = App::start(&redis, &vars()).await;

    assert_failures(&app, &["PING"], "Redis wants a password").await;
}

/// A connection that was opened before goes on working, and the next one would not.
#[tokio::test]
async fn a_password_that_has_changed() {
    let redis = Redis::start().await;
    let _: () = redis.run("CONFIG SET requirepass first-3c9d");
    let app = App::at(&redis.url_with_password("first-3c9d"), &vars()).await;
    Checks::passed(&app).await;
    let client = redis::Client::open(redis.url_with_password("first-3c9d")).unwrap();
    let mut connection = client.get_connection().unwrap();
    let change = ["SET", "requirepass", "second-3c9d"];
    let _: () = redis::cmd("CONFIG")
        .arg(&change)
        .query(&mut connection)
        .unwrap();

    assert_failures(&app, &["connection"], "Correct user and password").await;
}

#[tokio::test]
async fn a_read_only_replica() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    let _: () = redis.run("REPLICAOF 127.0.0.1 1");

    let failing = [
        "role",
        "SETEX",
        "otp",
        "oauth-state",
        "circuit",
        "rate-limit",
    ];
    assert_failures(&app, &failing, "read-only replica").await;

    // There is nothing to take away.
    let checks = Checks::failed(&app).await;
    assert_eq!(checks.get("cleanup")["status"], "ok");
}

#[tokio::test]
async fn a_replica_without_its_primary() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    let _: () = redis.run("CONFIG SET replica-serve-stale-data no");
    let _: () = redis.run("REPLICAOF 127.0.0.1 1");

    assert_failures(&app, &["PING"], "has lost its primary").await;
}

#[tokio::test]
async fn a_primary_without_its_replicas() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    let _: () = redis.run("CONFIG SET min-replicas-to-write 1");

    let failing = ["SETEX", "otp", "oauth-state", "circuit", "rate-limit"];
    assert_failures(&app, &failing, "`min-replicas-to-write`").await;
}

#[tokio::test]
async fn no_memory() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &vars()).await;
    let _: () = redis.run("CONFIG SET maxmemory 1");

    let failing = ["SETEX", "otp", "oauth-state", "circuit", "rate-limit"];
    assert_failures(&app, &failing, "raise `maxmemory`").await;

    let _: () = redis.run("CONFIG SET maxmemory 0");
    assert_eq!(redis.keys("*"), [""; 0]);
}

#[tokio::test]
async fn scripts_that_an_acl_forbids() {
    let redis = Redis::start().await;
    let url = url_for_user(&redis, "~* &* +@all -@scripting");
    let app = App::at(&url, &vars()).await;

    let failing = ["otp", "oauth-state", "circuit", "rate-limit"];
    assert_failures(&app, &failing, "`ACL SETUSER <user> +eval +evalsha`").await;

    assert_eq!(redis.keys("*"), [""; 0]);
}

#[tokio::test]
async fn a_command_within_scripts_that_an_acl_forbids() {
    let redis = Redis::start().await;
    let url = url_for_user(&redis, "~* &* +@all -set");
    let app = App::at(&url, &vars()).await;

    let failing = ["otp", "oauth-state", "circuit", "rate-limit"];
    assert_failures(&app, &failing, "Redis's ACL forbids this").await;

    assert_eq!(redis.keys("*"), [""; 0]);
}

#[tokio::test]
async fn a_plain_command_that_an_acl_forbids() {
    let redis = Redis::start().await;
    let url = url_for_user(&redis, "~* &* +@all -incrby");
    let app = App::at(&url, &vars()).await;

    assert_failures(&app, &["INCRBY"], "+incrby`").await;
}

#[tokio::test]
async fn keys_that_an_acl_forbids() {
    let redis = Redis::start().await;
    let url = url_for_user(
        &redis,
        "~latch:verify:* ~otp:* ~oauth:* ~rollout:* &* +@all",
    );
    let app = App::at(&url, &vars()).await;

    assert_failures(&app, &["rate-limit"], "~ratelimit:*").await;

    assert_eq!(redis.keys("*"), [""; 0]);
}
