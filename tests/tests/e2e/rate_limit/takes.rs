//! A bucket gives what it holds, to whoever comes first.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use super::Service;

#[tokio::test]
async fn a_bucket_gives_its_capacity_and_then_no_more() {
    let service = Service::start().await;
    for left in (0..10).rev() {
        let taken = service.take("login", "a", 1).await.ok();
        assert_eq!(taken["remaining"], left);
    }
    service
        .take("login", "a", 1)
        .await
        .quota_exceeded(&["login"]);
    service.take("login", "b", 10).await.ok();
}

#[tokio::test]
async fn a_refusal_costs_nothing() {
    let service = Service::start().await;
    service.take("login", "a", 7).await.ok();
    for _ in 0..5 {
        service
            .take("login", "a", 4)
            .await
            .quota_exceeded(&["login"]);
    }
    assert_eq!(service.take("login", "a", 3).await.ok()["remaining"], 0);
}

#[tokio::test]
async fn a_peek_takes_nothing_and_says_what_a_take_would() {
    let service = Service::start().await;
    let peek = async |cost: u64| {
        let body = json!({ "key": "a", "cost": cost, "peek": true });
        service.post("/api/ratelimit/login", &body).await
    };
    assert_eq!(peek(10).await.ok()["remaining"], 10);
    service.take("login", "a", 8).await.ok();
    assert_eq!(peek(2).await.ok()["remaining"], 2);
    peek(3).await.quota_exceeded(&["login"]);
    assert_eq!(service.remaining("login", "a").await, 2);
}

#[tokio::test]
async fn a_refund_gives_back_and_never_more_than_a_full_bucket() {
    let service = Service::start().await;
    service.take("login", "a", 6).await.ok();
    assert_eq!(service.refund("login", "a", 2).await.ok()["remaining"], 6);
    assert_eq!(service.refund("login", "a", 10).await.ok()["remaining"], 10);
    service.0.redis().expired("ratelimit:*").await;
}

#[tokio::test]
async fn tokens_come_back_when_the_answer_says_so() {
    let service = Service::start().await;
    service.take("quick", "a", 2).await.ok();
    let refused = service
        .take("quick", "a", 1)
        .await
        .quota_exceeded(&["quick"]);
    let wait = refused["retry_after_ms"].as_u64().unwrap();
    assert!((1..=500).contains(&wait), "{refused}");
    sleep(Duration::from_millis(wait)).await;
    service.take("quick", "a", 1).await.ok();
}

#[tokio::test]
async fn five_hundred_at_once_get_exactly_the_capacity() {
    let service = Service::start().await;
    let takes = join_all((0..500).map(|_| service.take("search", "a", 1))).await;
    let allowed = takes.iter().filter(|taken| taken.status == 200).count();
    println!("{allowed} of {} takes at once were allowed", takes.len());
    assert_eq!(allowed, 100);
    assert!(takes.iter().all(|taken| matches!(taken.status, 200 | 429)));
}

#[tokio::test]
async fn a_bucket_is_one_small_key_that_expires_when_it_is_full() {
    let service = Service::start().await;
    service.take("login", "user:42", 3).await.ok();
    let redis = service.0.redis();
    assert_eq!(redis.keys("ratelimit:*"), ["ratelimit:login:{user:42}"]);
    let bytes = redis.memory_usage("ratelimit:login:{user:42}");
    println!("a bucket costs {bytes} bytes");
    assert!(bytes <= 120, "{bytes}");
    let ttl: u64 = redis.run("PTTL ratelimit:login:{user:42}");
    assert!((1_700_000..=1_800_001).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn what_someone_else_wrote_is_a_full_bucket() {
    let service = Service::start().await;
    let redis = service.0.redis();
    for command in [
        "SET ratelimit:login:{a} nonsense",
        "RPUSH ratelimit:login:{a} 1 2",
        "HSET ratelimit:login:{a} missing 1",
    ] {
        let _: redis::Value = redis.run(command);
        assert_eq!(service.take("login", "a", 1).await.ok()["remaining"], 9);
        redis.assert_every_key_expires();
        let _: u64 = redis.run("DEL ratelimit:login:{a}");
    }
}
