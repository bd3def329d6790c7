//! A circuit's life: it trips, lets probes through, and is well again.

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Service;

/// Waits until an open circuit lets probes through, as long as it says.
async fn wait(service: &Service, name: &str) {
    let refused = service.acquire(name).await;
    assert_eq!(refused["allowed"], false, "{refused}");
    let wait = refused["retry_after_ms"].as_u64().unwrap();
    assert!((1..=500).contains(&wait), "{refused}");
    sleep(Duration::from_millis(wait)).await;
}

#[tokio::test]
async fn a_circuit_trips_probes_and_closes() {
    let service = Service::start().await;
    let first = service.acquire("gmail").await;
    assert_eq!(first["allowed"], true);
    assert_eq!(first["state"], "closed");
    assert_eq!(first["generation"], 0);
    assert_eq!(first["since"], Value::Null);
    assert_eq!(first["degraded"], false);

    service.trip("gmail").await;
    let status = service.status("gmail").await;
    assert_eq!(status["trips"], 1);
    assert_eq!(status["generation"], 1);
    assert!(status["reason"].as_str().unwrap().contains("failed"));
    wait(&service, "gmail").await;

    for _ in 0..2 {
        let probe = service.acquire("gmail").await;
        assert_eq!(probe["state"], "half_open", "{probe}");
        let report = json!({ "outcome": "success", "permit": probe["permit"] });
        service.report("gmail", &report).await.ok();
    }
    assert_eq!(service.status("gmail").await["state"], "closed");
}

#[tokio::test]
async fn a_failed_probe_opens_it_for_longer() {
    let service = Service::start().await;
    service.trip("gmail").await;
    wait(&service, "gmail").await;
    let probe = service.acquire("gmail").await;
    let report = json!({ "outcome": "failure", "permit": probe["permit"] });
    let status = service.report("gmail", &report).await.ok();
    assert_eq!(status["state"], "open");
    assert_eq!(status["trips"], 2);
    let wait = status["retry_after_ms"].as_u64().unwrap();
    assert!((501..=1000).contains(&wait), "{status}");
}

#[tokio::test]
async fn two_hundred_at_once_get_no_more_permits_than_there_are() {
    let service = Service::start().await;
    service.trip("gmail").await;
    wait(&service, "gmail").await;
    let answers = join_all((0..200).map(|_| service.acquire("gmail"))).await;
    let permits = answers.iter().filter(|answer| answer["allowed"] == true);
    assert_eq!(permits.count(), 2);
}

#[tokio::test]
async fn operators_see_and_reset_it_with_redis_cli() {
    let service = Service::start().await;
    service.trip("gmail").await;
    let redis = service.0.redis();
    assert_eq!(redis.keys("rollout:circuit:*"), ["rollout:circuit:gmail"]);
    let value: String = redis.run("GET rollout:circuit:gmail");
    let value: Value = serde_json::from_str(&value).unwrap();
    assert_eq!(value["state"], "open");
    redis.assert_every_key_expires();

    let _: u64 = redis.run("DEL rollout:circuit:gmail");
    assert_eq!(service.acquire("gmail").await["state"], "closed");
}

#[tokio::test]
async fn a_key_of_someone_elses_counts_as_closed() {
    let service = Service::start().await;
    let redis = service.0.redis();
    for command in [
        "SET rollout:circuit:gmail nonsense",
        "SET rollout:circuit:gmail {\"state\":\"open\"}",
        "RPUSH rollout:circuit:gmail a b",
    ] {
        let _: redis::Value = redis.run(command);
        assert_eq!(service.acquire("gmail").await["allowed"], true, "{command}");
        let _: u64 = redis.run("DEL rollout:circuit:gmail");
    }
}

#[tokio::test]
async fn resetting_closes_it_and_listing_shows_what_there_is() {
    let service = Service::start().await;
    for name in ["a", "b", "c"] {
        service.trip(name).await;
    }
    let deleted = service.send(Method::DELETE, "/b", &Value::Null).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(service.status("b").await["state"], "closed");

    let mut names = Vec::new();
    let mut path = "?limit=100".to_owned();
    loop {
        let page = service.send(Method::GET, &path, &Value::Null).await.ok();
        let circuits = page["circuits"].as_array().unwrap();
        names.extend(circuits.iter().map(|circuit| circuit["name"].clone()));
        match page["cursor"].as_str() {
            Some(cursor) => path = format!("?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["a", "b", "c"]);
}
