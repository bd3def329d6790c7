//! Random lives of one circuit with many callers: asked, told, lied to, tampered with, forgotten.

use proptest::prelude::*;
use tests::Redis;

use super::KEY;
use super::model::{MODES, Model, Policy, Report, Transition, is_in_table};
use super::scripts::{self, Said, assert_recovers, now, stored};
use crate::driven::{Driven, MILLI, SECOND};

#[derive(Clone, Debug)]
enum Step {
    /// How many times in a row.
    Acquire(u8),
    /// Calls as they should be: asked for, made if they may pass, and reported.
    Call(u8, Outcome),
    Report {
        permit: Permit,
        outcome: Outcome,
        slow: bool,
        /// Seconds.
        duration: u64,
        generation: Generation,
        caller: u8,
    },
    Batch {
        successes: u64,
        failures: u64,
        slow: u64,
        generation: Generation,
        caller: u8,
    },
    Status,
    /// Seconds.
    Pass(u64),
    /// Milliseconds by which the clock is set back.
    SetBack(u64),
    /// A mode and seconds.
    Override(&'static str, u64),
    Lift,
    Reset,
    Tamper(Tamper),
}

/// A permit that is never reported is one that was lost.
#[derive(Clone, Copy, Debug)]
enum Permit {
    None,
    /// One that was lent, counted from the last; it may have been reported or have ended since.
    Lent(usize),
    Forged,
}

/// The generation that a report names.
#[derive(Clone, Copy, Debug)]
enum Generation {
    None,
    /// That of the last answer to an acquire.
    Told,
    /// One that is so much later, or that much earlier.
    Off(i8),
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Success,
    Failure,
    Ignored,
}

impl Outcome {
    fn report(self) -> Report {
        Report {
            successes: u64::from(matches!(self, Self::Success)),
            failures: u64::from(matches!(self, Self::Failure)),
            ..Report::default()
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Tamper {
    Delete,
    Persist,
    Write(&'static str),
    OtherType(&'static str),
}

/// Values that are no circuit.
const GARBAGE: [&str; 11] = [
    "",
    "open",
    "null",
    "[]",
    "{}",
    r#"{"state":"open"}"#,
    r#"{"state":"open","failures":7,"opened_at":1700000000.25}"#,
    r#"{"state":"ajar","since":1,"reason":"x","trips":0,"window":[],"reporters":[]}"#,
    r#"{"state":"open","since":1,"reason":"x","ends":1e300,"trips":0,"window":[],"reporters":[]}"#,
    r#"{"state":"closed","since":null,"reason":"x","trips":0,"window":[[1,2,3,4]],"reporters":[]}"#,
    r#"{"state":"open","since":-0,"reason":"x","ends":-0,"trips":0,"window":[],"reporters":[]}"#,
];

fn step() -> impl Strategy<Value = Step> {
    let permit = prop_oneof![
        3 => Just(Permit::None),
        6 => (0..2_usize).prop_map(Permit::Lent),
        2 => (2..8_usize).prop_map(Permit::Lent),
        1 => Just(Permit::Forged),
    ];
    let outcome = prop_oneof![
        3 => Just(Outcome::Success),
        4 => Just(Outcome::Failure),
        1 => Just(Outcome::Ignored),
    ];
    let call = prop_oneof![
        3 => Just(Outcome::Success),
        2 => Just(Outcome::Failure),
    ];
    let generation = prop_oneof![
        4 => Just(Generation::None),
        4 => Just(Generation::Told),
        1 => (-2..3_i8).prop_map(Generation::Off),
    ];
    let slow = prop::bool::weighted(0.2);
    let duration = prop_oneof![3 => Just(0_u64), 1 => 1..20_u64];
    prop_oneof![
        8 => (1..6_u8).prop_map(Step::Acquire),
        6 => (1..8_u8, call).prop_map(|(times, outcome)| Step::Call(times, outcome)),
        10 => (permit, outcome, slow, duration, generation.clone(), 0..4_u8).prop_map(
            |(permit, outcome, slow, duration, generation, caller)| {
                Step::Report { permit, outcome, slow, duration, generation, caller }
            }
        ),
        3 => (0..5_u64, 0..5_u64, 0..4_u64, generation, 0..4_u8).prop_map(
            |(successes, failures, slow, generation, caller)| {
                let slow = slow.min(successes + failures);
                Step::Batch { successes, failures, slow, generation, caller }
            }
        ),
        1 => Just(Step::Status),
        6 => (0..4_u64).prop_map(Step::Pass),
        2 => (0..40_u64).prop_map(Step::Pass),
        2 => prop_oneof![
            2 => Just(5_u64),
            1 => 1..10_000_u64,
            1 => Just(61_000_u64),
            1 => Just(2 * 24 * 60 * 60 * 1000_u64),
        ]
        .prop_map(Step::SetBack),
        1 => (prop::sample::select(MODES.to_vec()), 1..20_u64)
            .prop_map(|(mode, ttl_s)| Step::Override(mode, ttl_s)),
        1 => Just(Step::Lift),
        1 => prop_oneof![
            1 => Just(Step::Reset),
            1 => Just(Step::Tamper(Tamper::Delete)),
            2 => Just(Step::Tamper(Tamper::Persist)),
            2 => prop::sample::select(GARBAGE.to_vec())
                .prop_map(|value| Step::Tamper(Tamper::Write(value))),
            1 => prop::sample::select(vec!["RPUSH", "SADD", "PFADD"])
                .prop_map(|command| Step::Tamper(Tamper::OtherType(command))),
        ],
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let counting = (
        10..21_u64,
        1..6_u64,
        prop::sample::select(vec![1_u64, 50, 100]),
        prop::sample::select(vec![40_u64, 100]),
        1..4_u64,
    );
    let timing = (
        1..5_u64,
        0..3_u32,
        1..5_u64,
        1..6_u64,
        prop::sample::select(vec![0_u64, 3, 10]),
    );
    (counting, timing).prop_map(|(counting, timing)| {
        let (window_s, minimum_calls, failure_rate, slow_call_rate, minimum_reporters) = counting;
        let (open_s, doublings, half_open_permits, lease_s, recovery_s) = timing;
        Policy {
            window_s,
            minimum_calls,
            failure_rate_threshold: failure_rate,
            slow_call_rate_threshold: slow_call_rate,
            open_ms: open_s * 1000,
            // Time passes in whole seconds, so that it is never in doubt whether a key has expired.
            open_max_ms: (open_s << doublings) * 1000 + 500,
            half_open_permits,
            permit_lease_ms: lease_s * 1000,
            recovery_ms: recovery_s * 1000,
            minimum_reporters,
        }
    })
}

#[test]
fn circuits_do_as_the_model_says_and_never_get_stuck() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    proptest!(|(policy in policy(), steps in prop::collection::vec(step(), 1..80))| {
        let mut life = Life {
            driven: Driven::new(&redis),
            model: Model::new(policy),
            policy,
            permits: Vec::new(),
            told: 0,
        };
        for step in steps {
            life.take(step);
            life.check_stored();
        }
        assert_recovers(&mut life.driven, &policy);
    });
}

/// A circuit, its model, and all permits that were ever lent.
struct Life {
    driven: Driven,
    model: Model,
    policy: Policy,
    permits: Vec<String>,
    /// The generation of the last answer to an acquire.
    told: u64,
}

impl Life {
    /// Takes a step with the scripts and with the model; both must come to the same.
    fn take(&mut self, step: Step) {
        let (driven, model, policy) = (&mut self.driven, &mut self.model, &self.policy);
        let now = now(driven);
        match step {
            Step::Acquire(times) => (0..times).for_each(|_| drop(self.acquire())),
            Step::Call(times, outcome) => (0..times).for_each(|_| {
                if let Some(permit) = self.acquire() {
                    let mut report = outcome.report();
                    report.permit = permit;
                    self.report(&report);
                }
            }),
            Step::Report {
                permit,
                outcome,
                slow,
                duration,
                generation,
                caller,
            } => {
                let mut report = outcome.report();
                report.slow = u64::from(slow && report.successes + report.failures > 0);
                report.reporter = format!("caller-{caller}");
                report.permit = self.permit(permit);
                report.duration_ms = duration * 1000;
                report.generation = self.generation(generation);
                self.report(&report);
            }
            Step::Batch {
                successes,
                failures,
                slow,
                generation,
                caller,
            } => self.report(&Report {
                successes,
                failures,
                slow,
                generation: self.generation(generation),
                reporter: format!("caller-{caller}"),
                ..Report::default()
            }),
            Step::Status => {
                let (got, said) = scripts::status(driven, policy);
                let (expected, transition) = model.status(now);
                assert_eq!(got, expected);
                check_transition(&said, transition);
            }
            Step::Override(mode, ttl_s) => self.lay(Some((mode, ttl_s * 1000))),
            Step::Lift => self.lay(None),
            Step::Reset => {
                let (from, to, _) = scripts::reset(driven, policy);
                let (expected_from, expected_to) = model.reset(now).unwrap_or_default();
                assert_eq!((from.as_str(), to.as_str()), (expected_from, expected_to));
            }
            Step::Pass(seconds) => driven.advance(seconds * SECOND),
            Step::SetBack(span) => {
                driven.set_back(span * MILLI);
                model.set_back(span);
            }
            Step::Tamper(how) => self.tamper(how),
        }
    }

    /// The permit of a call that may pass; it is empty if it needs none.
    fn acquire(&mut self) -> Option<String> {
        let (got, said) = scripts::acquire(&mut self.driven, &self.policy);
        let (expected, transition) = self.model.acquire(now(&self.driven));
        assert_eq!(got, expected);
        check_transition(&said, transition);
        self.told = got.generation;
        if !got.permit.is_empty() {
            self.permits.push(got.permit.clone());
        }
        got.allowed.then_some(got.permit)
    }

    fn report(&mut self, report: &Report) {
        let (got, said) = scripts::report(&mut self.driven, &self.policy, report);
        let (expected, transition) = self.model.report(now(&self.driven), report);
        assert_eq!(got, expected);
        check_transition(&said, transition);
    }

    fn lay(&mut self, overriding: Option<(&'static str, u64)>) {
        let (got, said) = scripts::lay(&mut self.driven, &self.policy, overriding);
        let (expected, transition) = self.model.lay(now(&self.driven), overriding);
        assert_eq!(got, expected);
        check_transition(&said, transition);
    }

    fn permit(&self, which: Permit) -> String {
        match which {
            Permit::None => String::new(),
            Permit::Lent(back) => {
                let lent = self.permits.iter().rev().nth(back);
                lent.cloned().unwrap_or_default()
            }
            Permit::Forged => "1-1".to_owned(),
        }
    }

    fn generation(&self, which: Generation) -> Option<u64> {
        match which {
            Generation::None => None,
            Generation::Told => Some(self.told),
            Generation::Off(by) => Some(self.told.saturating_add_signed(by.into())),
        }
    }

    fn tamper(&mut self, how: Tamper) {
        let mut run = |words: &[&str]| {
            let _: redis::Value = self.driven.query(words);
        };
        match how {
            Tamper::Persist => {
                run(&["PERSIST", KEY]);
                self.model.persist(now(&self.driven));
                return;
            }
            Tamper::Delete => {
                run(&["DEL", KEY]);
                self.model.forget();
                return;
            }
            Tamper::Write(value) => run(&["SET", KEY, value]),
            Tamper::OtherType(command) => {
                run(&["DEL", KEY]);
                run(&[command, KEY, "something"]);
            }
        }
        self.model.replace();
    }

    /// What is stored has a bounded size, lives as long as it should, and lends no more permits
    /// than the policy has.
    fn check_stored(&mut self) {
        let kind: String = self.driven.query(&["TYPE", KEY]);
        let ttl: i64 = self.driven.query(&["PTTL", KEY]);
        if kind != "string" || ttl == -1 {
            return;
        }
        if let Some(end) = self.model.stored_until() {
            let left = i64::try_from(end.saturating_sub(now(&self.driven))).unwrap();
            // Real time passes too, a little.
            assert!(
                ttl <= left && left <= ttl + 10_000,
                "{ttl} ms and not {left}"
            );
        }
        if let Some(value) = stored(&mut self.driven)
            && let Some(leases) = value["probes"]["leases"].as_array()
        {
            assert!(
                leases.len() as u64 <= self.policy.half_open_permits,
                "{value}"
            );
        }
    }
}

fn check_transition((from, to, reason): &Said, expected: Transition) {
    let said = (from.as_str(), to.as_str());
    assert_eq!(said, expected.unwrap_or_default());
    if let Some((from, to)) = expected {
        assert!(is_in_table(from, to), "{from} => {to}");
        assert!(!reason.is_empty(), "{from} => {to} for no reason");
    }
}
