//! take.lua and refund.lua of rate-limit: the same answers as a plain model and, for what it can
//! do, as another library; and the promise of a token bucket, over any interval.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use proptest::prelude::*;
use rate_limit::{REFUND, TAKE};
use tests::Redis;

use crate::driven::{Driven, MILLI, Replies, SECOND};

#[derive(Clone, Copy, Debug)]
struct Policy {
    capacity: u64,
    refill: u64,
    per_s: u64,
}

impl Policy {
    /// Parts of a token (bucket.lua).
    fn token(self) -> u64 {
        self.per_s * SECOND
    }

    fn arguments(self, cost: u64) -> [String; 4] {
        [self.capacity, self.refill, self.per_s, cost].map(|number| number.to_string())
    }
}

/// What one bucket answers.
#[derive(Debug, PartialEq)]
struct Answer {
    enough: bool,
    left: u64,
    retry_after: u64,
    reset_after: u64,
}

impl Answer {
    fn read(reply: &mut Replies) -> Self {
        Self {
            enough: reply.number() == 1,
            left: reply.number(),
            retry_after: reply.number(),
            reset_after: reply.number(),
        }
    }
}

/// Buckets of one policy, by key: what is missing, and since when.
struct Model {
    policy: Policy,
    buckets: HashMap<usize, (u64, u64)>,
}

impl Model {
    /// Whether a bucket has become full.
    fn is_full(&self, key: usize, now: u64) -> bool {
        let full = |(missing, moment): &(u64, u64)| {
            *missing <= now.saturating_sub(*moment) * self.policy.refill
        };
        self.buckets.get(&key).is_none_or(full)
    }

    /// What is missing. A moment that is still to come becomes now.
    fn missing(&mut self, key: usize, now: u64) -> u64 {
        let Some((missing, moment)) = self.buckets.get_mut(&key) else {
            return 0;
        };
        *moment = now.min(*moment);
        missing.saturating_sub((now - *moment) * self.policy.refill)
    }

    fn take(&mut self, now: u64, checks: &[(usize, u64)], peek: bool) -> (bool, Vec<Answer>) {
        let Policy {
            capacity, refill, ..
        } = self.policy;
        let token = self.policy.token();
        let mut after: HashMap<usize, u64> = HashMap::new();
        let mut lacking = Vec::new();
        for (key, cost) in checks {
            let before = self.missing(*key, now);
            let wanted = after.get(key).unwrap_or(&before) + cost * token;
            let lack = wanted.saturating_sub(capacity * token);
            if lack == 0 {
                after.insert(*key, wanted);
            }
            lacking.push(lack);
        }
        let allowed = lacking.iter().all(|lack| *lack == 0);
        if allowed && !peek {
            for (key, missing) in after {
                self.buckets.insert(key, (missing, now));
            }
        }
        let answers = checks.iter().zip(lacking).map(|((key, _), lack)| {
            let missing = self.missing(*key, now);
            Answer {
                enough: lack == 0,
                left: (capacity * token - missing) / token,
                retry_after: lack.div_ceil(refill),
                reset_after: missing.div_ceil(refill),
            }
        });
        (allowed, answers.collect())
    }

    fn refund(&mut self, now: u64, key: usize, cost: u64) {
        let missing = self
            .missing(key, now)
            .saturating_sub(cost * self.policy.token());
        self.buckets.insert(key, (missing, now));
    }
}

fn name(key: usize) -> String {
    format!("ratelimit:policy:{{key}}{key}")
}

fn take(
    driven: &mut Driven,
    policy: Policy,
    checks: &[(usize, u64)],
    peek: bool,
) -> (bool, Vec<Answer>) {
    let names: Vec<_> = checks.iter().map(|(key, _)| name(*key)).collect();
    let keys: Vec<_> = names.iter().map(String::as_str).collect();
    let mut arguments = vec![if peek { "peek" } else { "take" }.to_owned()];
    for (_, cost) in checks {
        arguments.extend(policy.arguments(*cost));
    }
    let mut reply = driven.run(&TAKE, &keys, &arguments);
    let allowed = reply.number() == 1;
    let answers = checks.iter().map(|_| Answer::read(&mut reply)).collect();
    for key in keys {
        driven.assert_expires(key);
    }
    (allowed, answers)
}

/// Sets the clock back for the buckets' TTLs too: to Redis they are moments.
fn set_back(driven: &mut Driven, span: u64) {
    driven.set_back(span);
    let extend = "for _, key in ipairs(redis.call('KEYS', 'ratelimit:*')) do
                    local ttl = redis.call('PTTL', key)
                    if ttl >= 0 then redis.call('PEXPIRE', key, ttl + ARGV[1]) end
                  end";
    let span = (span / MILLI).to_string();
    let _: redis::Value = driven.query(&["EVAL", extend, "0", &span]);
}

#[derive(Clone, Debug)]
enum Step {
    Take {
        checks: Vec<(usize, u64)>,
        peek: bool,
    },
    Refund(usize, u64),
    /// Microseconds.
    Pass(u64),
    /// Microseconds.
    SetBack(u64),
    Persist(usize),
    Overwrite(usize),
    Delete(usize),
}

fn step(capacity: u64) -> impl Strategy<Value = Step> {
    let check = (0..3_usize, 1..=capacity);
    let checks = prop_oneof![
        3 => check.clone().prop_map(|check| vec![check]),
        1 => prop::collection::vec(check, 1..4),
    ];
    prop_oneof![
        8 => (checks, prop::bool::weighted(0.2)).prop_map(|(checks, peek)| Step::Take { checks, peek }),
        1 => (0..3_usize, 1..=capacity).prop_map(|(key, cost)| Step::Refund(key, cost)),
        5 => (0..5_000_u64).prop_map(|span| Step::Pass(span * MILLI)),
        1 => prop::sample::select(SET_BACK.to_vec()).prop_map(Step::SetBack),
        1 => (0..3_usize).prop_map(Step::Persist),
        1 => (0..3_usize).prop_map(Step::Overwrite),
        1 => (0..3_usize).prop_map(Step::Delete),
    ]
}

/// By how much clocks are set back: a correction, a leap and more, a mistake.
const SET_BACK: [u64; 3] = [5 * MILLI, 61 * SECOND, 2 * 86_400 * SECOND];

fn policy() -> impl Strategy<Value = Policy> {
    (1..12_u64, 1..20_u64, 1..90_u64).prop_map(|(capacity, refill, per_s)| Policy {
        capacity,
        refill,
        per_s,
    })
}

fn redis() -> Redis {
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(Redis::start())
}

#[test]
fn buckets_answer_as_the_model_does_and_never_give_more_than_they_may() {
    let redis = redis();
    let sequences = policy().prop_flat_map(|policy| {
        (
            Just(policy),
            prop::collection::vec(step(policy.capacity), 1..80),
        )
    });
    proptest!(|((policy, steps) in sequences)| {
        let mut driven = Driven::new(&redis);
        let mut model = Model { policy, buckets: HashMap::new() };
        // The time that has passed, whatever the clock says.
        let mut passed = 0;
        // What each bucket gave, and when; empty again once somebody has tampered with it.
        let mut given: HashMap<usize, Vec<(u64, u64)>> = HashMap::new();
        for step in steps {
            match step {
                Step::Take { checks, peek } => {
                    let expected = model.take(driven.now(), &checks, peek);
                    let got = take(&mut driven, policy, &checks, peek);
                    prop_assert_eq!(&got, &expected);
                    if got.0 && !peek {
                        for (key, cost) in checks {
                            given.entry(key).or_default().push((passed, cost));
                        }
                    }
                }
                Step::Refund(key, cost) => {
                    model.refund(driven.now(), key, cost);
                    driven.run(&REFUND, &[&name(key)], &policy.arguments(cost));
                    driven.assert_expires(&name(key));
                    given.remove(&key);
                }
                Step::Pass(span) => {
                    driven.advance(span);
                    passed += span;
                }
                Step::SetBack(span) => {
                    // Redis drops a bucket as soon as it is full; here some time later.
                    for key in 0..3 {
                        if model.is_full(key, driven.now()) {
                            model.buckets.remove(&key);
                            let _: () = driven.query(&["DEL", &name(key)]);
                        }
                    }
                    set_back(&mut driven, span);
                }
                Step::Persist(key) => {
                    // What has been ended is gone in a millisecond.
                    let length: u64 = driven.query(&["STRLEN", &name(key)]);
                    if length > 0 {
                        let _: () = driven.query(&["PERSIST", &name(key)]);
                    }
                }
                Step::Overwrite(key) => {
                    let _: () = driven.query(&["SET", &name(key), "something else"]);
                    model.buckets.remove(&key);
                    given.remove(&key);
                }
                Step::Delete(key) => {
                    let _: () = driven.query(&["DEL", &name(key)]);
                    model.buckets.remove(&key);
                    given.remove(&key);
                }
            }
        }
        // The promise itself, without the model.
        for takes in given.values() {
            for (index, (first, _)) in takes.iter().enumerate() {
                let mut sum = 0;
                for (moment, cost) in &takes[index..] {
                    sum += cost * policy.token();
                    let most = policy.capacity * policy.token() + (moment - first) * policy.refill;
                    prop_assert!(sum <= most, "{sum} parts, and not {most}");
                }
            }
        }
    });
}

/// A clock that was set back: nothing is refused for longer than was said, and no limit starts over.
#[test]
fn a_clock_that_is_set_back_takes_nothing_away_and_gives_nothing() {
    let redis = redis();
    let policy = Policy {
        capacity: 10,
        refill: 10,
        per_s: 60,
    };
    for span in SET_BACK {
        // The refusal, or the look, comes at once or only after a while.
        for (peek, wait) in [(false, 0), (true, 0), (false, SECOND)] {
            let mut driven = Driven::new(&redis);
            let (all, _) = take(&mut driven, policy, &[(0, 10)], false);
            assert!(all);
            set_back(&mut driven, span);
            driven.advance(wait);
            let (allowed, refused) = take(&mut driven, policy, &[(0, 3)], peek);
            assert!(!allowed, "{span}: the limit starts over");
            let retry_after = refused[0].retry_after;
            let seen = wait.saturating_sub(span);
            assert_eq!(retry_after, 3 * 6 * SECOND - seen, "{span}");
            driven.advance(retry_after - MILLI);
            let (early, _) = take(&mut driven, policy, &[(0, 3)], false);
            assert!(!early, "{span}: sooner than was said");
            driven.advance(MILLI);
            let (allowed, _) = take(&mut driven, policy, &[(0, 3)], false);
            assert!(allowed, "{span}: refused for longer than was said");
            let (more, _) = take(&mut driven, policy, &[(0, 1)], false);
            assert!(!more, "{span}");

            set_back(&mut driven, span);
            driven.run(&REFUND, &[&name(0)], &policy.arguments(2));
            let (_, left) = take(&mut driven, policy, &[(0, 1)], true);
            assert_eq!(left[0].left, 2, "{span}");
            assert_eq!(left[0].reset_after, 8 * 6 * SECOND, "{span}");
        }
    }
}

/// So a server that forbids some commands forbids one outcome as it forbids another.
#[test]
fn a_bucket_is_written_by_set_alone() {
    let redis = redis();
    let policy = Policy {
        capacity: 2,
        refill: 1,
        per_s: 60,
    };
    let mut driven = Driven::new(&redis);
    let _: () = driven.query(&["LPUSH", &name(1), "a list of somebody's"]);
    let _: () = driven.query(&["SET", &name(2), "a text of somebody's"]);
    let _: () = driven.query(&["SET", &name(3), "60000000 1700000000000000"]);
    let _: () = driven.query(&["ACL", "SETUSER", "default", "-@write", "+set"]);

    for key in 0..3 {
        let (all, answers) = take(&mut driven, policy, &[(key, 2)], false);
        assert!(all && answers[0].left == 0, "a full bucket: {answers:?}");
        let (more, _) = take(&mut driven, policy, &[(key, 1)], false);
        assert!(!more);
        driven.run(&REFUND, &[&name(key)], &policy.arguments(2));
        let (_, answers) = take(&mut driven, policy, &[(key, 1)], true);
        assert_eq!(answers[0].left, 2);
    }
    // It never expired, and does so now.
    let (_, answers) = take(&mut driven, policy, &[(3, 1)], true);
    assert_eq!(answers[0].left, 1);
}

/// Refusals write nothing that a taker beside them would lose, nor what the taker took.
#[test]
fn refusals_beside_a_taker_change_nothing_for_it() {
    const TAKEN: u64 = 60;
    let redis = redis();
    let policy = Policy {
        capacity: 1_000,
        refill: 500,
        per_s: 1,
    };
    let begin = Instant::now();
    let over = AtomicBool::new(false);
    let take = |connection: &mut redis::Connection, cost: u64| -> (bool, u64) {
        let reply: Vec<u64> = redis::cmd("EVAL")
            .arg(TAKE.text())
            .arg(1)
            .arg(name(0))
            .arg("take")
            .arg(&policy.arguments(cost))
            .query(connection)
            .unwrap();
        (reply[0] == 1, reply[3])
    };
    let mut taker = redis.connect();
    assert!(take(&mut taker, policy.capacity).0, "a bucket begins full");
    let mut taken = policy.capacity;
    thread::scope(|scope| {
        let refused: Vec<_> = (0..3)
            .map(|_| {
                let mut connection = redis.connect();
                scope.spawn({
                    let (take, over) = (&take, &over);
                    move || {
                        let mut refused = 0_u64;
                        while !over.load(Ordering::Relaxed) {
                            // More than can come back while the test runs.
                            assert!(!take(&mut connection, policy.capacity).0);
                            refused += 1;
                        }
                        refused
                    }
                })
            })
            .collect();
        while taken < policy.capacity + TAKEN {
            let (allowed, retry_after) = take(&mut taker, 1);
            if allowed {
                taken += 1;
                continue;
            }
            thread::sleep(Duration::from_micros(retry_after));
            assert!(take(&mut taker, 1).0, "refused for longer than was said");
            taken += 1;
        }
        over.store(true, Ordering::Relaxed);
        for refused in refused {
            assert!(refused.join().unwrap() > 0);
        }
    });
    let most = policy.capacity * policy.token()
        + u64::try_from(begin.elapsed().as_micros()).unwrap() * policy.refill;
    assert!(taken * policy.token() <= most, "{taken} were taken");
}

#[test]
fn decisions_are_those_of_another_token_bucket() {
    let redis = redis();
    // That library counts in nanoseconds for a token: of rates that it can tell exactly.
    let rates = prop::sample::select(vec![(1_u64, 1_u64), (10, 60), (5, 1), (4, 2), (3, 9)]);
    let steps = prop::collection::vec((0..4_000_u64, 1..4_u64), 1..60);
    proptest!(|(capacity in 3..9_u32, (refill, per_s) in rates, steps in steps)| {
        let policy = Policy { capacity: capacity.into(), refill, per_s };
        let mut driven = Driven::new(&redis);
        let clock = FakeRelativeClock::default();
        let period = Duration::from_secs(per_s) / u32::try_from(refill).unwrap();
        let quota = Quota::with_period(period)
            .unwrap()
            .allow_burst(NonZeroU32::new(capacity).unwrap());
        let other = RateLimiter::direct_with_clock(quota, clock.clone());
        for (span, cost) in steps {
            driven.advance(span * MILLI);
            clock.advance(Duration::from_millis(span));
            let cost = cost.min(policy.capacity);
            let wanted = NonZeroU32::new(u32::try_from(cost).unwrap()).unwrap();
            let expected = other.check_n(wanted).unwrap().is_ok();
            let (allowed, _) = take(&mut driven, policy, &[(0, cost)], false);
            prop_assert_eq!(allowed, expected);
        }
    });
}

#[test]
fn whoever_keeps_to_the_rate_is_never_refused() {
    let redis = redis();
    for (capacity, refill, per_s) in [(1, 1, 1), (10, 7, 60), (5, 3, 1), (100, 1_000, 3)] {
        let policy = Policy {
            capacity,
            refill,
            per_s,
        };
        let mut driven = Driven::new(&redis);
        let (all, _) = take(&mut driven, policy, &[(0, capacity)], false);
        assert!(all, "a bucket begins full");
        let began = driven.now();
        for count in 1..300 {
            let due = began + (count * per_s * SECOND).div_ceil(refill);
            driven.advance(due - driven.now());
            let (allowed, _) = take(&mut driven, policy, &[(0, 1)], false);
            assert!(allowed, "{policy:?}, call {count}");
        }
    }
}
