//! How much a circuit takes at most.

use serde_json::json;
use tests::Redis;

use super::KEY;
use super::events::{POLICY, failures};
use super::model::{Policy, Report};
use super::scripts::{acquire, now, report, stored};
use crate::driven::Driven;

/// Every list is full, every text as long as it may be, every number has all its digits.
#[tokio::test]
async fn the_greatest_value_is_within_its_bound() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    let policy = Policy {
        window_s: 3_600,
        minimum_calls: 1,
        failure_rate_threshold: 100,
        slow_call_rate_threshold: 100,
        open_ms: 30_000,
        open_max_ms: 300_000,
        half_open_permits: 32,
        permit_lease_ms: 3_600_000,
        recovery_ms: 0,
        minimum_reporters: 10,
    };
    let now = now(&driven);
    let reason = "🙂".repeat(200);
    let lease = |number: u64| json!([999_999_900 + number, now + 3_600_000]);
    let bucket = |age: u64| json!([now - age * 360_000, 999_999_999, 999_999_999, 999_999_999]);
    let reporter = |number: u64| json!([format!("{number:>064}"), now - number]);
    let value = json!({
        "state": "half_open",
        "since": now,
        "generation": 999_999_999_999_990_u64,
        "reason": "9999999990 of 9999999990 calls were slow (100%, the threshold is 100%).",
        "probes": {
            "generation": 999_999_999_999_989_u64,
            "successes": 31,
            "slow": 31,
            "issued": 999_999_998,
            "leases": (0..32).map(lease).collect::<Vec<_>>(),
        },
        "trips": 999_999_999,
        "window": (0..10).rev().map(bucket).collect::<Vec<_>>(),
        "reporters": (0..10).rev().map(reporter).collect::<Vec<_>>(),
        "override": {
            "mode": "metrics_only",
            "since": now,
            "ends": now + 604_800_000,
            "reason": reason,
            "actor": "🙂".repeat(64),
        },
        "at": now,
    });
    let _: () = driven.query(&["SET", KEY, &value.to_string(), "EX", "600"]);
    let failure = Report {
        failures: 1,
        reporter: format!("{:>064}", 0),
        ..Report::default()
    };
    let (status, _) = report(&mut driven, &policy, &failure);
    assert_eq!(status.in_flight, 32, "it was taken for what it is");
    let text: String = driven.query(&["GET", KEY]);
    let memory = redis.memory_usage(KEY);
    println!(
        "the greatest value: {} bytes, {memory} of memory",
        text.len()
    );
    assert!(stored(&mut driven).unwrap()["override"]["reason"] == reason.as_str());
    assert!(text.len() <= 4_096, "{} bytes", text.len());
}

/// It would have to be read to the end to be judged, and nobody knows how far that is.
#[tokio::test]
async fn a_longer_value_is_none_of_ours() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    report(&mut driven, &POLICY, &failures(2));
    let open: String = driven.query(&["GET", KEY]);
    let _: () = driven.query(&["SET", KEY, &format!("{open:<4096}"), "EX", "600"]);
    assert_eq!(acquire(&mut driven, &POLICY).0.state, "open");
    let _: () = driven.query(&["SET", KEY, &format!("{open:<4097}"), "EX", "600"]);
    assert_eq!(acquire(&mut driven, &POLICY).0.state, "closed");
    let repaired = stored(&mut driven).unwrap();
    assert_eq!(repaired["state"], "closed");
}

/// A clock that is set back makes a key live as much longer.
#[tokio::test]
async fn a_key_that_would_live_too_long_gets_the_life_that_it_should_have() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    report(&mut driven, &POLICY, &failures(1));
    let life: i64 = driven.query(&["PTTL", KEY]);
    let _: u64 = driven.query(&["PEXPIRE", KEY, "172800000"]);
    acquire(&mut driven, &POLICY);
    let ttl: i64 = driven.query(&["PTTL", KEY]);
    assert!(
        (life - 10_000..=life + 10_000).contains(&ttl),
        "{ttl} ms and not {life}"
    );
}
