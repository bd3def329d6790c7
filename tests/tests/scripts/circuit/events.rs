//! What operators see: each transition on a channel, a value that reads itself, and what their own
//! commands do.

use redis::Commands as _;
use serde_json::{Value, json};
use tests::Redis;

use super::KEY;
use super::model::{Policy, Report};
use super::scripts::{acquire, lay, now, report, reset, status, stored};
use crate::driven::{Driven, SECOND};

pub(crate) const POLICY: Policy = Policy {
    window_s: 60,
    minimum_calls: 2,
    failure_rate_threshold: 50,
    slow_call_rate_threshold: 100,
    open_ms: 30_000,
    open_max_ms: 300_000,
    half_open_permits: 1,
    permit_lease_ms: 30_000,
    recovery_ms: 10_000,
    minimum_reporters: 1,
};

pub(crate) fn failures(count: u64) -> Report {
    Report {
        failures: count,
        reporter: "api-7".to_owned(),
        ..Report::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_transition_is_published_once() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    let mut subscriber = redis.connect();
    let mut events = subscriber.as_pubsub();
    events.subscribe("rollout:events").unwrap();
    let begin = now(&driven);

    report(&mut driven, &POLICY, &failures(2));
    driven.advance(30 * SECOND);
    let (probe, _) = acquire(&mut driven, &POLICY);
    let success = Report {
        successes: 1,
        permit: probe.permit,
        ..Report::default()
    };
    report(&mut driven, &POLICY, &success);
    driven.advance(10 * SECOND);
    status(&mut driven, &POLICY);
    status(&mut driven, &POLICY);
    lay(&mut driven, &POLICY, Some(("forced_open", 60_000)));
    driven.advance(60 * SECOND);
    acquire(&mut driven, &POLICY);
    lay(&mut driven, &POLICY, Some(("disabled", 60_000)));
    reset(&mut driven, &POLICY);
    reset(&mut driven, &POLICY);

    for (from, to, reason, at) in [
        (
            "closed",
            "open",
            "2 of 2 calls failed (100%, the threshold is 50%).",
            0,
        ),
        (
            "open",
            "half_open",
            "The open time is over, and probes find out how things are.",
            30,
        ),
        (
            "half_open",
            "recovering",
            "The probes succeeded, and a growing share of calls may pass.",
            30,
        ),
        ("recovering", "closed", "It has recovered.", 40),
        ("closed", "forced_open", "an exercise", 40),
        ("forced_open", "closed", "It has recovered.", 100),
        ("closed", "disabled", "an exercise", 100),
        ("disabled", "closed", "It was reset.", 100),
    ] {
        let message: String = events.get_message().unwrap().get_payload().unwrap();
        let event: Value = serde_json::from_str(&message).unwrap();
        let at = begin + at * 1000;
        let expected = json!({"name": "gmail", "from": from, "to": to, "reason": reason, "at": at});
        assert_eq!(event, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_read_what_is_stored_and_del_resets_it() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    report(&mut driven, &POLICY, &failures(2));
    lay(&mut driven, &POLICY, Some(("metrics_only", 60_000)));
    let text: String = redis.connect().get(KEY).unwrap();
    assert_eq!(
        text,
        r#"{"state":"open","since":1700000000000,"generation":2,"reason":"2 of 2 calls failed (100%, the threshold is 50%).","ends":1700000030000,"trips":1,"window":[[1700000000000,2,2,0]],"reporters":[["api-7",1700000000000]],"override":{"mode":"metrics_only","since":1700000000000,"ends":1700000060000,"reason":"an exercise","actor":"olga"},"at":1700000000000}"#
    );
    let (_cursor, found): (u64, Vec<String>) =
        redis.run("SCAN 0 COUNT 1000 MATCH rollout:circuit:*");
    assert_eq!(found, [KEY]);

    let _: () = redis.run(&format!("DEL {KEY}"));
    let (acquired, _) = acquire(&mut driven, &POLICY);
    assert!(acquired.allowed);
    assert_eq!(acquired.state, "closed");
    assert_eq!(status(&mut driven, &POLICY).0.calls, 0);
    assert_eq!(stored(&mut driven), None);
}
