//! Many callers at once, by Redis's own clock.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use circuit::{ACQUIRE, REPORT};
use latch::Script;
use redis::{Connection, Value};
use tests::Redis;

use super::KEY;
use super::model::{Policy, Report};

const CALLERS: usize = 200;
const ROUNDS: usize = 20;

const POLICY: Policy = Policy {
    window_s: 60,
    minimum_calls: 1,
    failure_rate_threshold: 50,
    slow_call_rate_threshold: 100,
    open_ms: 1,
    open_max_ms: 1,
    half_open_permits: 3,
    permit_lease_ms: 600_000,
    recovery_ms: 0,
    minimum_reporters: 1,
};

fn run(redis: &mut Connection, script: &Script, arguments: &[String]) -> Vec<Value> {
    let mut command = redis::cmd("EVAL");
    command.arg(script.parts().concat()).arg(1).arg(KEY);
    command.arg(arguments).query(redis).unwrap()
}

fn acquire(redis: &mut Connection) -> Option<String> {
    match &run(redis, &ACQUIRE, &[POLICY.json()])[3..8] {
        [Value::Int(1), _, _, _, Value::BulkString(permit)] => {
            Some(String::from_utf8(permit.clone()).unwrap())
        }
        _ => None,
    }
}

fn report(redis: &mut Connection, report: &Report) {
    run(redis, &REPORT, &report.arguments(&POLICY));
}

fn half_open(redis: &Redis) {
    let failure = Report {
        failures: 1,
        ..Report::default()
    };
    report(&mut redis.connect(), &failure);
    thread::sleep(Duration::from_millis(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_callers_at_once_three_get_a_permit() {
    let redis = Redis::start().await;
    half_open(&redis);
    let start = Barrier::new(CALLERS);
    let permits: Vec<String> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut redis = redis.connect();
                    start.wait();
                    acquire(&mut redis)
                })
            })
            .collect();
        let permits = callers.into_iter().map(|caller| caller.join().unwrap());
        permits.flatten().collect()
    });
    assert_eq!(permits.len(), 3);
    assert_eq!(permits.iter().collect::<HashSet<_>>().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_no_moment_are_more_than_three_permits_out() {
    let redis = Redis::start().await;
    half_open(&redis);
    let start = Barrier::new(CALLERS);
    let (out, most, lent) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let mut redis = redis.connect();
                start.wait();
                for _ in 0..ROUNDS {
                    let Some(permit) = acquire(&mut redis) else {
                        continue;
                    };
                    most.fetch_max(out.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    lent.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(5));
                    // The call says nothing, and so nothing changes but who has the permit.
                    out.fetch_sub(1, Ordering::SeqCst);
                    let ignored = Report {
                        permit,
                        ..Report::default()
                    };
                    report(&mut redis, &ignored);
                }
            });
        }
    });
    let (most, lent) = (most.into_inner(), lent.into_inner());
    println!("{lent} permits were lent, at most {most} at once");
    assert!(most <= 3, "{most} permits were out at once");
    assert!(lent > 3, "permits were lent again");
}
