//! What the caller is told.

use std::cmp::Reverse;
use std::time::Duration;

use http::StatusCode;
use latch::{Problem, Quota, Response, json, with_quotas};
use serde::Serialize;
use serde_json::Value;

use crate::bucket::{Bucket, Taken};

/// How one bucket stands.
#[derive(Serialize)]
struct Standing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    allowed: bool,
    limit: u64,
    remaining: u64,
    retry_after_ms: u64,
    reset_after_ms: u64,
    degraded: bool,
}

/// How all the buckets of a call stand; the members outside `checks` are those of the one that has
/// the least left.
#[derive(Serialize)]
struct Standings<'a> {
    #[serde(flatten)]
    tightest: Standing<'a>,
    checks: Vec<Standing<'a>>,
}

/// The answer about one bucket.
pub(crate) fn one(taken: &Taken<'_>) -> Result<Response, Problem> {
    let standing = tightest(taken);
    answer(taken, &standing)
}

/// The answer about several buckets.
pub(crate) fn several(taken: &Taken<'_>) -> Result<Response, Problem> {
    let each = |bucket| Standing {
        policy: Some(bucket_policy(bucket)),
        key: Some(bucket.check.key),
        ..standing(bucket, bucket.enough, taken.degraded)
    };
    let standings = Standings {
        tightest: tightest(taken),
        checks: taken.buckets.iter().map(each).collect(),
    };
    answer(taken, &standings)
}

fn answer(taken: &Taken<'_>, standing: &impl Serialize) -> Result<Response, Problem> {
    let quotas = quotas(taken);
    if taken.allowed {
        // What is not known is not claimed.
        let known = if taken.degraded {
            &[]
        } else {
            quotas.as_slice()
        };
        return Ok(with_quotas(json(StatusCode::OK, standing), known));
    }
    let violated: Vec<_> = taken
        .buckets
        .iter()
        .filter(|bucket| !bucket.enough)
        .map(bucket_policy)
        .collect();
    let mut problem = Problem::quota_exceeded(&quotas, &violated);
    if let Ok(Value::Object(members)) = serde_json::to_value(standing) {
        for (member, value) in members {
            problem = problem.with(&member, value);
        }
    }
    Err(problem)
}

/// How tight a bucket is: the one that refuses for the longest, or else has the least left, comes first.
fn tightness(bucket: &Bucket<'_>) -> (Reverse<Duration>, u64) {
    (Reverse(bucket.retry_after), bucket.remaining)
}

/// One quota for each policy, that of its tightest bucket.
fn quotas<'a>(taken: &'a Taken<'_>) -> Vec<Quota<'a>> {
    let is_tightest = |(index, bucket): &(usize, &Bucket<'_>)| {
        let of_policy = taken.buckets.iter().enumerate();
        let tightest = of_policy
            .filter(|(_, other)| other.check.policy.name == bucket.check.policy.name)
            .min_by_key(|(_, other)| tightness(other));
        tightest.is_none_or(|(tightest, _)| tightest == *index)
    };
    taken
        .buckets
        .iter()
        .enumerate()
        .filter(is_tightest)
        .map(|(_, bucket)| bucket.quota())
        .collect()
}

/// The members of the tightest bucket.
fn tightest<'a>(taken: &Taken<'a>) -> Standing<'a> {
    match taken.buckets.iter().min_by_key(|bucket| tightness(bucket)) {
        Some(bucket) => standing(bucket, taken.allowed, taken.degraded),
        None => Standing {
            policy: None,
            key: None,
            allowed: taken.allowed,
            limit: 0,
            remaining: 0,
            retry_after_ms: 0,
            reset_after_ms: 0,
            degraded: taken.degraded,
        },
    }
}

fn standing<'a>(bucket: &Bucket<'a>, allowed: bool, degraded: bool) -> Standing<'a> {
    Standing {
        policy: None,
        key: None,
        allowed,
        limit: bucket.check.policy.capacity,
        remaining: bucket.remaining,
        retry_after_ms: millis(bucket.retry_after),
        reset_after_ms: millis(bucket.reset_after),
        degraded,
    }
}

fn bucket_policy<'a>(bucket: &Bucket<'a>) -> &'a str {
    &bucket.check.policy.name
}

/// Rounded up, so that whoever waits that long does not come too early.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}
