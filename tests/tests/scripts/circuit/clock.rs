//! Redis's clock is set back, and nothing is taken from anybody: each script may be the first that
//! comes across it.

use circuit::LIST;
use serde_json::{Value, json};
use tests::Redis;

use super::events::{POLICY, failures};
use super::model::{Policy, Report};
use super::scripts::{acquire, lay, now, report, reset, status};
use crate::driven::{Driven, MILLI, SECOND};

/// Milliseconds by which the clock is set back.
const STEPS: [u64; 3] = [5, 61_000, 2 * 24 * 60 * 60 * 1000];

/// The script that is the first to run after that.
#[derive(Clone, Copy, Debug)]
enum First {
    Acquire,
    Report,
    Status,
    List,
}

const FIRST: [First; 4] = [First::Acquire, First::Report, First::Status, First::List];

impl First {
    fn run(self, driven: &mut Driven, policy: &Policy) {
        match self {
            Self::Acquire => drop(acquire(driven, policy)),
            // Of nothing.
            Self::Report => drop(report(driven, policy, &Report::default())),
            Self::Status => drop(status(driven, policy)),
            Self::List => {
                let policy: Value = serde_json::from_str(&policy.json()).unwrap();
                let policies = json!({ "default": policy }).to_string();
                driven.run(&LIST, &[], &[policies, "0".to_owned(), "10".to_owned()]);
            }
        }
    }
}

/// Each step with each script, on a Redis that holds nothing else.
async fn each(case: impl Fn(&mut Driven, u64, First)) {
    let redis = Redis::start().await;
    for step in STEPS {
        for first in FIRST {
            println!("{step} ms back, then {first:?}");
            case(&mut Driven::new(&redis), step, first);
        }
    }
}

fn success(permit: &str) -> Report {
    Report {
        successes: 1,
        permit: permit.to_owned(),
        ..Report::default()
    }
}

fn trip(driven: &mut Driven, policy: &Policy) {
    assert_eq!(report(driven, policy, &failures(2)).0.state, "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_is_open_for_as_long_as_it_says() {
    each(|driven, step, first| {
        trip(driven, &POLICY);
        driven.advance(10 * SECOND);
        assert_eq!(acquire(driven, &POLICY).0.retry_after_ms, 20_000);
        driven.set_back(step * MILLI);
        first.run(driven, &POLICY);
        let (refused, _) = acquire(driven, &POLICY);
        assert_eq!((&*refused.state, refused.retry_after_ms), ("open", 20_000));
        assert_eq!(status(driven, &POLICY).0.since, now(driven) - 10_000);
        driven.advance(refused.retry_after_ms * MILLI);
        let (probe, _) = acquire(driven, &POLICY);
        assert_eq!((&*probe.state, probe.allowed), ("half_open", true));
    })
    .await;
}

/// Nobody asks between the trip and the step, so nobody can know how long that was. By the new clock
/// it is open as long as the policy says, and not longer.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_that_nobody_asked_is_open_no_longer_than_its_policy_says() {
    each(|driven, step, first| {
        trip(driven, &POLICY);
        driven.advance(10 * SECOND);
        driven.set_back(step * MILLI);
        first.run(driven, &POLICY);
        let wait = acquire(driven, &POLICY).0.retry_after_ms;
        assert!(wait <= POLICY.open_ms, "{wait}");
        driven.advance(wait * MILLI);
        assert_eq!(acquire(driven, &POLICY).0.state, "half_open");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_is_good_after_it_and_its_place_is_free_when_it_is_back() {
    let policy = Policy {
        half_open_permits: 2,
        ..POLICY
    };
    each(|driven, step, first| {
        trip(driven, &policy);
        driven.advance(30 * SECOND);
        let permits = [(); 2].map(|()| acquire(driven, &policy).0);
        driven.set_back(step * MILLI);
        first.run(driven, &policy);
        assert!(!acquire(driven, &policy).0.allowed, "both are out");
        let (seen, _) = report(driven, &policy, &success(&permits[0].permit));
        assert_eq!((seen.in_flight, seen.successes), (1, 1));
        assert!(acquire(driven, &policy).0.allowed, "the place is free");
        let (seen, _) = report(driven, &policy, &success(&permits[1].permit));
        assert_eq!(seen.state, "recovering");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_that_never_comes_back_frees_its_place_after_its_lease() {
    each(|driven, step, first| {
        trip(driven, &POLICY);
        driven.advance(30 * SECOND);
        assert!(acquire(driven, &POLICY).0.allowed);
        driven.set_back(step * MILLI);
        first.run(driven, &POLICY);
        assert!(!acquire(driven, &POLICY).0.allowed);
        driven.advance(POLICY.permit_lease_ms * MILLI);
        assert!(acquire(driven, &POLICY).0.allowed);
    })
    .await;
}

/// Half open begins twice at the same moment, by a clock that was set back between.
#[tokio::test(flavor = "multi_thread")]
async fn a_permit_of_before_is_never_taken_for_one_of_now() {
    let policy = Policy {
        half_open_permits: 2,
        ..POLICY
    };
    each(|driven, step, first| {
        trip(driven, &policy);
        driven.advance(30 * SECOND);
        let [old, failed] = [(); 2].map(|()| acquire(driven, &policy).0);
        let failure = Report {
            failures: 1,
            permit: failed.permit.clone(),
            ..Report::default()
        };
        let (tripped, _) = report(driven, &policy, &failure);
        driven.set_back(step * MILLI);
        first.run(driven, &policy);
        driven.advance(tripped.retry_after_ms * MILLI - step.min(5) * MILLI);
        driven.advance(10 * MILLI);
        let [one, two] = [(); 2].map(|()| acquire(driven, &policy).0);
        assert_eq!(one.state, "half_open");
        for old in [&old, &failed] {
            assert!(old.permit != one.permit && old.permit != two.permit);
            for mut of_before in [success(&old.permit), failures(1)] {
                of_before.permit.clone_from(&old.permit);
                let (seen, _) = report(driven, &policy, &of_before);
                assert_eq!((&*seen.state, seen.in_flight), ("half_open", 2));
                assert_eq!(seen.successes, 0);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_keeps_the_time_that_it_has_left() {
    each(|driven, step, first| {
        lay(driven, &POLICY, Some(("forced_open", 600_000)));
        driven.advance(300 * SECOND);
        acquire(driven, &POLICY);
        driven.set_back(step * MILLI);
        first.run(driven, &POLICY);
        let (seen, _) = status(driven, &POLICY);
        assert_eq!(
            (&*seen.state, seen.retry_after_ms),
            ("forced_open", 300_000)
        );
        assert_eq!(seen.overriding.1, now(driven) + 300_000);
        driven.advance(300 * SECOND);
        assert!(acquire(driven, &POLICY).0.allowed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_window_counts_stays_and_goes_as_it_would_have() {
    let policy = Policy {
        minimum_calls: 100,
        ..POLICY
    };
    each(|driven, step, first| {
        for _ in 0..5 {
            report(driven, &policy, &failures(1));
            driven.advance(6 * SECOND);
        }
        let (before, _) = report(driven, &policy, &failures(1));
        assert_eq!((before.calls, before.failures), (6, 6));
        driven.set_back(step * MILLI);
        first.run(driven, &policy);
        assert_eq!(status(driven, &policy).0.calls, 6);
        let (counted, _) = report(driven, &policy, &failures(1));
        assert_eq!(counted.calls, 7);
        // They came every 6 seconds, the oldest of them 30 seconds ago.
        driven.advance(24 * SECOND);
        for calls in [7, 6, 5, 4, 3, 2, 0] {
            assert_eq!(status(driven, &policy).0.calls, calls);
            driven.advance(6 * SECOND);
        }
    })
    .await;
}

/// Many small steps are no reason to forget either.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_again_and_again_empties_no_window() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    let policy = Policy {
        minimum_calls: 1_000,
        ..POLICY
    };
    for calls in 1..=100 {
        let (seen, _) = report(&mut driven, &policy, &failures(1));
        assert_eq!(seen.calls, calls);
        driven.advance(3 * MILLI);
        driven.set_back(5 * MILLI);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_goes_on_where_it_was() {
    each(|driven, step, first| {
        trip(driven, &POLICY);
        driven.advance(30 * SECOND);
        let (probe, _) = acquire(driven, &POLICY);
        report(driven, &POLICY, &success(&probe.permit));
        driven.advance(5 * SECOND);
        acquire(driven, &POLICY);
        driven.set_back(step * MILLI);
        first.run(driven, &POLICY);
        assert_eq!(status(driven, &POLICY).0.since, now(driven) - 5_000);
        // Halfway between a tenth and all.
        let passed = (0..100).filter(|_| acquire(driven, &POLICY).0.allowed);
        assert!((54..=56).contains(&passed.count()));
        driven.advance(5 * SECOND);
        assert_eq!(acquire(driven, &POLICY).0.state, "closed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_obeyed_after_it() {
    let redis = Redis::start().await;
    for step in STEPS {
        let mut driven = Driven::new(&redis);
        trip(&mut driven, &POLICY);
        driven.set_back(step * MILLI);
        let (laid, _) = lay(&mut driven, &POLICY, Some(("forced_open", 60_000)));
        assert_eq!((&*laid.state, laid.retry_after_ms), ("forced_open", 60_000));
        driven.set_back(step * MILLI);
        assert_eq!(lay(&mut driven, &POLICY, None).0.state, "open");
        driven.set_back(step * MILLI);
        let (from, to, _) = reset(&mut driven, &POLICY);
        assert_eq!((&*from, &*to), ("open", "closed"));
        assert!(acquire(&mut driven, &POLICY).0.allowed);
    }
}
