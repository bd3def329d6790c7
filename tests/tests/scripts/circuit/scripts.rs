//! The scripts as the component calls them, with the driven clock.

use circuit::{ACQUIRE, OVERRIDE, REPORT, RESET, STATUS};
use latch::Script;
use serde_json::{Value, json};

use super::KEY;
use super::model::{Acquired, Policy, Report, Status};
use crate::driven::{Driven, MILLI, Replies};

/// What a script says of a transition: from, to and why.
pub(crate) type Said = (String, String, String);

impl Policy {
    /// The form in which scripts take it.
    pub(crate) fn json(&self) -> String {
        json!({
            "window_s": self.window_s,
            "minimum_calls": self.minimum_calls,
            "failure_rate_threshold": self.failure_rate_threshold,
            "slow_call_rate_threshold": self.slow_call_rate_threshold,
            "open_ms": self.open_ms,
            "open_max_ms": self.open_max_ms,
            "half_open_permits": self.half_open_permits,
            "permit_lease_ms": self.permit_lease_ms,
            "recovery_ms": self.recovery_ms,
            "minimum_reporters": self.minimum_reporters,
        })
        .to_string()
    }
}

impl Report {
    pub(crate) fn arguments(&self, policy: &Policy) -> [String; 8] {
        [
            policy.json(),
            self.successes.to_string(),
            self.failures.to_string(),
            self.slow.to_string(),
            self.reporter.clone(),
            self.permit.clone(),
            self.duration_ms.to_string(),
            self.generation.map_or(String::new(), |it| it.to_string()),
        ]
    }
}

/// The driven time in milliseconds.
pub(crate) fn now(driven: &Driven) -> u64 {
    driven.now() / MILLI
}

pub(crate) fn acquire(driven: &mut Driven, policy: &Policy) -> (Acquired, Said) {
    let (mut reply, said) = run(driven, &ACQUIRE, &[policy.json()]);
    let acquired = Acquired {
        allowed: reply.number() == 1,
        state: reply.text(),
        since: reply.number(),
        generation: reply.number(),
        permit: reply.text(),
        retry_after_ms: reply.number(),
        cache_ms: reply.number(),
    };
    (acquired, said)
}

pub(crate) fn report(driven: &mut Driven, policy: &Policy, report: &Report) -> (Status, Said) {
    let (mut reply, said) = run(driven, &REPORT, &report.arguments(policy));
    (read_status(driven, &mut reply), said)
}

pub(crate) fn status(driven: &mut Driven, policy: &Policy) -> (Status, Said) {
    let (mut reply, said) = run(driven, &STATUS, &[policy.json()]);
    (read_status(driven, &mut reply), said)
}

/// Lays an override over the circuit, or lifts it.
pub(crate) fn lay(
    driven: &mut Driven,
    policy: &Policy,
    overriding: Option<(&str, u64)>,
) -> (Status, Said) {
    let (mode, ttl_ms) = overriding.unwrap_or_default();
    let arguments = [
        policy.json(),
        mode.to_owned(),
        ttl_ms.to_string(),
        "an exercise".to_owned(),
        "olga".to_owned(),
    ];
    let (mut reply, said) = run(driven, &OVERRIDE, &arguments);
    (read_status(driven, &mut reply), said)
}

pub(crate) fn reset(driven: &mut Driven, policy: &Policy) -> Said {
    run(driven, &RESET, &[policy.json()]).1
}

/// What is stored, if anything is. It must be what a person can read: JSON with whole numbers, of a
/// size that has a bound.
pub(crate) fn stored(driven: &mut Driven) -> Option<Value> {
    let text: Option<String> = driven.query(&["GET", KEY]);
    let text = text?;
    assert!(text.len() <= 4096, "{} bytes: {text}", text.len());
    let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(has_whole_numbers(&value), "{text}");
    Some(value)
}

fn has_whole_numbers(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_u64(),
        Value::Array(items) => items.iter().all(has_whole_numbers),
        Value::Object(members) => members.values().all(has_whole_numbers),
        _ => true,
    }
}

/// The dependency is well again, and somebody calls it twice a second and says so. Fails unless
/// calls flow within the longest open time and a lease.
pub(crate) fn assert_recovers(driven: &mut Driven, policy: &Policy) {
    // What operators have decided is no sign of being stuck, and ends by itself.
    lay(driven, policy, None);
    let begin = now(driven);
    loop {
        let waited = now(driven) - begin;
        assert!(
            waited <= policy.open_max_ms + policy.permit_lease_ms,
            "stuck in {:?}",
            stored(driven)
        );
        loop {
            let (acquired, _) = acquire(driven, policy);
            match acquired.state.as_str() {
                "closed" | "recovering" if acquired.allowed => return,
                _ if !acquired.allowed => break,
                _ => {}
            }
            let success = Report {
                successes: 1,
                permit: acquired.permit,
                ..Report::default()
            };
            report(driven, policy, &success);
        }
        driven.advance(500 * MILLI);
    }
}

fn run(driven: &mut Driven, script: &Script, arguments: &[String]) -> (Replies, Said) {
    let mut reply = driven.run(script, &[KEY], arguments);
    driven.assert_expires(KEY);
    let said = (reply.text(), reply.text(), reply.text());
    (reply, said)
}

fn read_status(driven: &mut Driven, reply: &mut Replies) -> Status {
    let state = reply.text();
    let (since, generation) = (reply.number(), reply.number());
    assert!(!reply.text().is_empty(), "there is always a reason");
    let status = Status {
        state,
        since,
        generation,
        retry_after_ms: reply.number(),
        calls: reply.number(),
        failures: reply.number(),
        slow: reply.number(),
        in_flight: reply.number(),
        successes: reply.number(),
        trips: reply.number(),
        overriding: (reply.text(), reply.number()),
    };
    let (_reason, _actor) = (reply.text(), reply.text());
    let ttl: i64 = driven.query(&["PTTL", KEY]);
    // Read a moment later than by the script.
    let ttl_ms = reply.number();
    assert!(ttl.max(0) as u64 <= ttl_ms, "{ttl} {ttl_ms}");
    status
}
