//! request_limit.lua: never more than the limit in any period, and never less to who keeps to it.

use latch::request_limit::COUNT;
use proptest::prelude::*;
use tests::Redis;

use crate::driven::{Driven, MILLI, Replies, SECOND};
use crate::otp_model::{DAY, MINUTE};

/// Two addresses, and the network around both. As long as they are.
const CLIENTS: [&str; 2] = [
    "otp:client:{AAAAAAAAAAAAAAAAAAAAAA}:BBBBBBBBBBBBBBBBBBBBBB",
    "otp:client:{AAAAAAAAAAAAAAAAAAAAAA}:CCCCCCCCCCCCCCCCCCCCCC",
];
const NETWORK: &str = "otp:client:{AAAAAAAAAAAAAAAAAAAAAA}";
/// How many times the limit of an address the network has.
const TIMES: u64 = 3;
/// Requests are counted together that come within so small a part of a period.
const STEPS: u64 = 30;

/// The most that may pass in a minute and a day.
#[derive(Clone, Copy, Debug)]
struct Limits {
    minute: u64,
    day: u64,
}

impl Limits {
    /// As the script takes them: limits and periods in milliseconds, of an address or its network.
    fn of(self, times: u64) -> [(u64, u64); 2] {
        [(self.minute * times, MINUTE), (self.day * times, DAY)]
    }
}

/// What the script says.
#[derive(Clone, Debug, PartialEq)]
struct Counted {
    allowed: bool,
    /// What is left, and the microseconds until more comes back: for each key, for each period.
    quotas: Vec<(u64, u64)>,
}

impl Counted {
    /// How long whoever was refused must wait.
    fn wait(&self) -> u64 {
        let reached = self.quotas.iter().filter(|(left, _)| *left == 0);
        reached.map(|(_, wait)| *wait).max().unwrap_or(0)
    }
}

fn ask(driven: &mut Driven, how: &str, client: usize, limits: Limits) -> Counted {
    let subjects = [(CLIENTS[client], 1), (NETWORK, TIMES)];
    let mut arguments = vec![how.to_owned(), "2".to_owned()];
    for (limit, period) in subjects.iter().flat_map(|(_, times)| limits.of(*times)) {
        arguments.push(limit.to_string());
        arguments.push((period / MILLI).to_string());
    }
    let mut reply: Replies = driven.run(&COUNT, &subjects.map(|(key, _)| key), &arguments);
    let allowed = reply.number() == 1;
    let quotas = (0..4).map(|_| (reply.number(), reply.number() * MILLI));
    let quotas = quotas.collect();
    for (key, _) in subjects {
        driven.assert_expires(key);
    }
    Counted { allowed, quotas }
}

#[derive(Clone, Debug)]
enum Step {
    /// A request of one of the clients, several in a row.
    Ask {
        client: usize,
        times: usize,
    },
    /// As long as the last refusal said.
    WaitAsTold,
    Pass(u64),
    SetBack(u64),
    Persist,
    /// Somebody removes a counter, or writes something else.
    Delete,
    Overwrite,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..2_usize, 1..6_usize).prop_map(|(client, times)| Step::Ask { client, times }),
        3 => Just(Step::WaitAsTold),
        4 => (0..30_000_u64).prop_map(|millis| Step::Pass(millis * MILLI)),
        // Within a step of the minute.
        3 => (0..2_500_u64).prop_map(|micros| Step::Pass(micros * 777)),
        2 => prop::sample::select(vec![MINUTE, DAY / STEPS, DAY / 3, DAY]).prop_map(Step::Pass),
        1 => prop::sample::select(vec![5 * MILLI, 61 * SECOND, 2 * DAY]).prop_map(Step::SetBack),
        1 => prop::sample::select(vec![Step::Persist, Step::Delete, Step::Overwrite]),
    ]
}

/// What really passed, by a time that only goes on: for each address, and for the network.
#[derive(Default)]
struct Truth {
    now: u64,
    passed: [Vec<u64>; 3],
    /// What was counted before is counted for longer then.
    was_set_back: bool,
}

impl Truth {
    /// How many passed within `span` up to now.
    fn within(&self, subject: usize, span: u64) -> u64 {
        let later = |at: &&u64| **at + span > self.now;
        self.passed[subject].iter().filter(later).count() as u64
    }

    fn check(&self, client: usize, limits: Limits, counted: &Counted) {
        let subjects = [(client, 1), (2, TIMES)];
        let each = subjects
            .into_iter()
            .flat_map(|(subject, times)| limits.of(times).map(|limit| (subject, limit)));
        for ((subject, (limit, period)), (left, wait)) in each.zip(&counted.quotas) {
            // No period holds more than the limit, wherever it begins.
            let passed = self.within(subject, period);
            assert!(passed <= limit, "{passed} passed, of {limit}");
            assert!(
                *left <= limit - passed,
                "{left} left, {passed} of {limit} passed"
            );
            assert!(*wait <= period, "more than a whole period");
            // None is counted for more than a step longer. A millisecond is rounded up.
            let counts = self.within(subject, period + period / STEPS + MILLI);
            assert!(
                self.was_set_back || *left >= limit.saturating_sub(counts),
                "{left} left, though only {counts} of {limit} count"
            );
        }
    }
}

#[test]
fn no_period_holds_more_than_its_limit_and_waits_end_when_they_say() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    let limits = (1..6_u64, 1..20_u64).prop_map(|(minute, day)| Limits { minute, day });
    proptest!(|(limits in limits, steps in prop::collection::vec(step(), 1..60))| {
        let mut driven = Driven::new(&redis);
        let mut truth = Truth::default();
        let mut told: Option<(usize, u64)> = None;
        let pass = |driven: &mut Driven, truth: &mut Truth, span: u64| {
            driven.advance(span);
            truth.now += span;
        };
        for step in steps {
            match step {
                Step::Ask { client, times } => for _ in 0..times {
                    let peeked = ask(&mut driven, "peek", client, limits);
                    truth.check(client, limits, &peeked);
                    let is_left = peeked.quotas.iter().all(|(left, _)| *left > 0);
                    prop_assert_eq!(peeked.allowed, is_left, "all or nothing");
                    let counted = ask(&mut driven, "count", client, limits);
                    prop_assert_eq!(peeked.allowed, counted.allowed);
                    if counted.allowed {
                        truth.passed[client].push(truth.now);
                        truth.passed[2].push(truth.now);
                        for (before, after) in peeked.quotas.iter().zip(&counted.quotas) {
                            prop_assert_eq!(before.0 - 1, after.0);
                        }
                        told = None;
                    } else {
                        // It was counted for none: neither for the address nor for the network.
                        prop_assert_eq!(&peeked.quotas, &counted.quotas);
                        told = Some((client, counted.wait()));
                    }
                    truth.check(client, limits, &counted);
                },
                Step::WaitAsTold => if let Some((client, wait)) = told.take() {
                    prop_assert!(wait > 0);
                    pass(&mut driven, &mut truth, wait - MILLI);
                    let early = ask(&mut driven, "peek", client, limits);
                    prop_assert!(!early.allowed, "before its time");
                    pass(&mut driven, &mut truth, MILLI);
                    let counted = ask(&mut driven, "peek", client, limits);
                    prop_assert!(counted.allowed, "refused after {wait} microseconds");
                },
                Step::Pass(span) => {
                    pass(&mut driven, &mut truth, span);
                    told = None;
                }
                Step::SetBack(span) => {
                    driven.set_back(span);
                    driven.lengthen(span);
                    truth.was_set_back = true;
                    told = None;
                }
                Step::Persist => for key in [CLIENTS[0], NETWORK] {
                    let _: () = driven.query(&["PERSIST", key]);
                },
                Step::Delete | Step::Overwrite => {
                    for (index, key) in CLIENTS.into_iter().chain([NETWORK]).enumerate() {
                        let _: () = driven.query(&["DEL", key]);
                        if matches!(step, Step::Overwrite) {
                            let _: () = driven.query(&["RPUSH", key, "something", "else"]);
                        }
                        truth.passed[index].clear();
                    }
                    told = None;
                }
            }
        }
    });
}

/// Each of two limits of a network is asked before any is counted: an address that has none left costs
/// its network nothing, and a network that has none left costs its addresses nothing.
#[test]
fn who_is_refused_by_one_limit_costs_the_other_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    let mut driven = Driven::new(&redis);
    let limits = Limits { minute: 2, day: 9 };
    for _ in 0..50 {
        ask(&mut driven, "count", 0, limits);
    }
    let other = ask(&mut driven, "peek", 1, limits);
    let left: Vec<_> = other.quotas.iter().map(|(left, _)| *left).collect();
    assert_eq!(left, [2, 9, 2 * TIMES - 2, 9 * TIMES - 2]);
}

/// What a stranger can make Redis hold for an address with the default limits.
#[test]
fn a_counter_has_a_bounded_size_however_many_it_counts() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    let mut driven = Driven::new(&redis);
    let limits = Limits {
        minute: 30,
        day: 1_000,
    };
    let size = |driven: &mut Driven| -> u64 {
        driven.query(&["MEMORY", "USAGE", CLIENTS[0], "SAMPLES", "0"])
    };
    ask(&mut driven, "count", 0, limits);
    let first = size(&mut driven);
    let mut largest = first;
    // In every step of a day, and then in every step of a minute.
    for _ in 0..STEPS + 2 {
        for _ in 0..30 {
            ask(&mut driven, "count", 0, limits);
        }
        driven.advance(DAY / STEPS);
    }
    for _ in 0..2 * STEPS {
        ask(&mut driven, "count", 0, limits);
        largest = size(&mut driven).max(largest);
        driven.advance(MINUTE / STEPS);
    }
    println!("an address: {first} bytes at first, {largest} at most");
    assert!(largest <= 1_400, "{largest}");
}
