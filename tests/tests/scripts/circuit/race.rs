//! Many callers at once, by Redis's own clock.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
/// Those who ask beside one whose report is to land.
const FLOOD: usize = 32;

const POLICY: Policy = Policy {
    window_s: 60,
    minimum_calls: 1,
    failure_rate_threshold: 50,
    slow_call_rate_threshold: 100,
    open_ms: 1,
    open_max_ms: 1,
    half_open_permits: 3,
    permit_lease_ms: 600_000,
    recovery_ms: 600_000,
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

/// What a report was answered: the state, calls in the window, permits out, and probes that succeeded.
struct Seen {
    state: String,
    calls: i64,
    out: i64,
    successes: i64,
}

fn report(redis: &mut Connection, report: &Report) -> Seen {
    let reply = run(redis, &REPORT, &report.arguments(&POLICY));
    match &reply[3..13] {
        [
            Value::BulkString(state),
            _,
            _,
            _,
            _,
            Value::Int(calls),
            _,
            _,
            Value::Int(out),
            Value::Int(successes),
        ] => Seen {
            state: String::from_utf8(state.clone()).unwrap(),
            calls: *calls,
            out: *out,
            successes: *successes,
        },
        other => panic!("{other:?}"),
    }
}

fn success(permit: String) -> Report {
    Report {
        successes: 1,
        permit,
        ..Report::default()
    }
}

fn half_open(redis: &Redis) {
    let failure = Report {
        failures: 1,
        ..Report::default()
    };
    report(&mut redis.connect(), &failure);
    thread::sleep(Duration::from_millis(10));
}

/// Callers who ask on and on while `work` is done, and keep what they get. `work` is given how many
/// refusals there have been. Returns how many permits they got.
fn beside_a_flood(redis: &Redis, work: impl FnOnce(&AtomicU64)) -> u64 {
    let (refused, got, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..FLOOD {
            scope.spawn(|| {
                let mut redis = redis.connect();
                while !over.load(Ordering::SeqCst) {
                    let seen = match acquire(&mut redis) {
                        Some(permit) if !permit.is_empty() => &got,
                        Some(_) => continue,
                        None => &refused,
                    };
                    seen.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let stop = StopOnDrop(&over);
        work(&refused);
        drop(stop);
    });
    got.into_inner()
}

/// Ends a flood, when what is done beside it fails, too.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Waits until the flood has been refused some hundred times more.
fn let_it_flood(refused: &AtomicU64) {
    let before = refused.load(Ordering::SeqCst);
    while refused.load(Ordering::SeqCst) < before + 200 {
        thread::sleep(Duration::from_millis(1));
    }
}

/// All permits are out, and each report lands: the first is counted as the first, and so on. Places that
/// it frees go to the flood, and never more than there are.
#[tokio::test(flavor = "multi_thread")]
async fn reports_of_probes_land_in_a_flood_of_refusals() {
    let redis = Redis::start().await;
    for _round in 0..5 {
        let _: u64 = redis.run(&format!("DEL {KEY}"));
        half_open(&redis);
        let mut holder = redis.connect();
        let permits = [(); 3].map(|()| acquire(&mut holder).unwrap());
        let got = beside_a_flood(&redis, |refused| {
            for (permit, successes) in permits.into_iter().zip([1, 2, 0]) {
                let_it_flood(refused);
                let seen = report(&mut holder, &success(permit));
                assert_eq!(seen.successes, successes);
                assert!(seen.out <= 3, "{} are out", seen.out);
                let state = if successes > 0 {
                    "half_open"
                } else {
                    "recovering"
                };
                assert_eq!(seen.state, state);
            }
        });
        assert!(got <= 2, "two places were free, and {got} were taken");
    }
}

/// In the ramp, where each refusal is written down, no report is lost beside them.
#[tokio::test(flavor = "multi_thread")]
async fn reports_of_calls_land_in_a_flood_of_refusals() {
    let redis = Redis::start().await;
    half_open(&redis);
    let mut holder = redis.connect();
    for permit in [(); 3].map(|()| acquire(&mut holder).unwrap()) {
        report(&mut holder, &success(permit));
    }
    let got = beside_a_flood(&redis, |refused| {
        for calls in 1..=20 {
            let_it_flood(refused);
            let seen = report(&mut holder, &success(String::new()));
            assert_eq!((&*seen.state, seen.calls), ("recovering", calls));
        }
    });
    assert_eq!(got, 0, "the ramp lends no permits");
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
