//! A client that goes by `cache_ms` and by nothing else, second by second.

use tests::Redis;

use super::events::{POLICY, failures};
use super::model::{Acquired, Policy, Report};
use super::scripts::{acquire, lay, now, report, reset};
use crate::driven::{Driven, MILLI, SECOND};

/// Every 15 ms, which is 66.7 calls a second.
const PAUSE: u64 = 15;

/// What a client knows.
#[derive(Default)]
struct Client {
    known: Option<(u64, Acquired)>,
}

impl Client {
    /// Whether a call may pass, and by an answer of which state.
    fn call(&mut self, driven: &mut Driven, policy: &Policy) -> Acquired {
        let now = now(driven);
        match &self.known {
            Some((until, known)) if now < *until => known.clone(),
            _ => {
                let (asked, _) = acquire(driven, policy);
                self.known = Some((now + asked.cache_ms, asked.clone()));
                asked
            }
        }
    }
}

/// Trips it, and probes it, so that it begins to recover.
fn recover(driven: &mut Driven, policy: &Policy) {
    report(driven, policy, &failures(2));
    driven.advance(policy.open_ms * MILLI);
    let (probe, _) = acquire(driven, policy);
    let success = Report {
        successes: 1,
        permit: probe.permit,
        ..Report::default()
    };
    assert_eq!(report(driven, policy, &success).0.state, "recovering");
}

/// Of every 100 calls, as many as the share says, to one.
#[tokio::test(flavor = "multi_thread")]
async fn an_obedient_client_passes_the_share_that_the_ramp_says() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    recover(&mut driven, &POLICY);
    let mut client = Client::default();
    let begin = now(&driven);
    // Thousandths, as the design says: a tenth at first, all at last.
    let (mut due, mut passed, mut calls) = (900, 0, 0);
    while now(&driven) < begin + POLICY.recovery_ms {
        let since = now(&driven) - begin;
        due += 100 + 900 * since / POLICY.recovery_ms;
        calls += 1;
        let answer = client.call(&mut driven, &POLICY);
        assert_eq!((&*answer.state, answer.cache_ms), ("recovering", 0));
        passed += u64::from(answer.allowed);
        assert_eq!(passed, due / 1000, "call {calls} after {since} ms");
        driven.advance(PAUSE * MILLI);
    }
    println!("{passed} of {calls} calls passed in the ramp");
    assert_eq!(client.call(&mut driven, &POLICY).state, "closed");
}

/// What an operator does, and what time does, is seen within a second, whatever was known.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_for_longer_than_a_second() {
    let redis = Redis::start().await;
    for mode in ["forced_open", "disabled", "metrics_only"] {
        for done in ["lifted", "over", "reset"] {
            let mut driven = Driven::new(&redis);
            let mut client = Client::default();
            lay(&mut driven, &POLICY, Some((mode, 600_000)));
            if done == "over" {
                driven.advance(599_300 * MILLI);
            }
            assert_eq!(client.call(&mut driven, &POLICY).state, mode);
            match done {
                "lifted" => drop(lay(&mut driven, &POLICY, None)),
                "reset" => drop(reset(&mut driven, &POLICY)),
                // No longer than it lasts.
                _ => assert_eq!(client.known.as_ref().unwrap().1.cache_ms, 700),
            }
            let begin = now(&driven);
            while client.call(&mut driven, &POLICY).state != "closed" {
                driven.advance(PAUSE * MILLI);
            }
            let waited = now(&driven) - begin;
            assert!(waited <= 1_000 + PAUSE, "{mode} {done}: {waited} ms");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_circuit_and_its_probes_are_asked_about_in_time() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    report(&mut driven, &POLICY, &failures(2));
    for (pass, retry_after_ms, cache_ms) in
        [(0, 30_000, 1_000), (28_900, 1_100, 1_000), (400, 700, 700)]
    {
        driven.advance(pass * MILLI);
        let (refused, _) = acquire(&mut driven, &POLICY);
        assert!(!refused.allowed);
        assert_eq!(
            (refused.retry_after_ms, refused.cache_ms),
            (retry_after_ms, cache_ms)
        );
    }
    driven.advance(700 * MILLI);
    let (probe, _) = acquire(&mut driven, &POLICY);
    assert_eq!((probe.allowed, probe.cache_ms), (true, 0));
    let (refused, _) = acquire(&mut driven, &POLICY);
    assert_eq!((refused.retry_after_ms, refused.cache_ms), (1_000, 50));
    driven.advance(30 * SECOND - 20 * MILLI);
    let (refused, _) = acquire(&mut driven, &POLICY);
    assert_eq!((refused.retry_after_ms, refused.cache_ms), (20, 20));
}
