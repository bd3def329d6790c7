//! Random lives of one phone: asked for, delivered or not, guessed at, lost, tampered with, and waited
//! for, while the clock goes on and is set back.

use proptest::prelude::*;
use tests::Redis;

use crate::driven::{Driven, MILLI, SECOND};
use crate::otp_model::{Ask, DAY, HOUR, Limits, MINUTE, Model, PERIODS, Reserved, Verified};
use crate::reserve::{self, Message};
use crate::settle::{self, Outcome};
use crate::verify;

/// The keys of one phone and one purpose.
pub(crate) const CODE: &str = "otp:{id}:code:login";
pub(crate) const SENT: &str = "otp:{id}:sent";
pub(crate) const FAILED: &str = "otp:{id}:failed";
pub(crate) const WAITING: &str = "otp:{id}:waiting:login";

/// Takes the TTL from a key, unless it has ended and is about to go.
const PERSIST: &str = "if redis.call('TYPE', KEYS[1]).ok ~= 'string'
    or redis.call('STRLEN', KEYS[1]) > 0 then redis.call('PERSIST', KEYS[1]) end";

/// The record of an idempotency key.
fn record(key: u8) -> String {
    format!("otp:{{id}}:idempotency:{key}")
}

#[derive(Clone, Debug)]
enum Step {
    Ask {
        new: bool,
        /// Under which secret.
        maker: u8,
        elsewhere: bool,
        /// An idempotency key and a fingerprint.
        key: Option<(u8, u8)>,
    },
    /// What came of one of the messages that are on their way, counted from the last.
    Settle {
        back: usize,
        outcome: Outcome,
        times: usize,
    },
    /// It is said again, later, since the first reply was lost.
    Again(usize),
    Guess(Guess),
    Forget,
    ForgetCode,
    /// Microseconds.
    Pass(u64),
    SetBack(u64),
    Tamper(Tamper),
}

/// A guess: right, wrong, or right for a code that was sent before.
#[derive(Clone, Copy, Debug)]
enum Guess {
    Right,
    Wrong,
    Former(usize),
}

#[derive(Clone, Copy, Debug)]
enum Tamper {
    DeleteCode,
    WriteCode,
    ListAsCode,
    PersistCode,
    PersistLogs,
    WriteSent,
    ListAsFailed,
    WriteWaiting,
    WriteRecord,
}

fn step() -> impl Strategy<Value = Step> {
    let key = prop::option::weighted(0.4, (0..2_u8, 0..2_u8));
    let outcome = prop::sample::select(vec![
        Outcome::Sent,
        Outcome::Sent,
        Outcome::Unconfirmed,
        Outcome::Refused,
        Outcome::Refused,
    ]);
    let rarely = |weight| prop::bool::weighted(weight);
    prop_oneof![
        12 => (any::<bool>(), rarely(0.1), rarely(0.1), key).prop_map(
            |(new, maker, elsewhere, key)| {
                let maker = u8::from(maker);
                Step::Ask { new, maker, elsewhere, key }
            }
        ),
        9 => (0..4_usize, outcome, 1..3_usize)
            .prop_map(|(back, outcome, times)| Step::Settle { back, outcome, times }),
        1 => (0..3_usize).prop_map(Step::Again),
        3 => Just(Step::Guess(Guess::Right)),
        10 => Just(Step::Guess(Guess::Wrong)),
        2 => (1..4_usize).prop_map(|back| Step::Guess(Guess::Former(back))),
        1 => prop::sample::select(vec![Step::Forget, Step::ForgetCode]),
        6 => (0..30_u64).prop_map(|seconds| Step::Pass(seconds * SECOND)),
        2 => prop::sample::select(vec![MINUTE, 5 * MINUTE, HOUR, DAY / 2, DAY])
            .prop_map(Step::Pass),
        1 => prop::sample::select(vec![5 * MILLI, 61 * SECOND, 2 * DAY]).prop_map(Step::SetBack),
        2 => prop::sample::select(vec![
            Tamper::DeleteCode, Tamper::WriteCode, Tamper::ListAsCode, Tamper::PersistCode,
            Tamper::PersistLogs, Tamper::WriteSent, Tamper::ListAsFailed, Tamper::WriteWaiting,
            Tamper::WriteRecord,
        ]).prop_map(Step::Tamper),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    (
        [1..5_u64, 1..8_u64, 1..12_u64],
        1..8_u64,
        1..4_u64,
        // The shortest ends before a delivery does.
        prop::sample::select(vec![3_u64, 61, 300, 600]),
    )
        .prop_map(|(sends, failures, guesses, life)| Limits {
            sends,
            failures,
            guesses,
            // Time passes in whole seconds, so that it is never in doubt whether a code is alive, nor
            // whether it is near its end.
            life: life * SECOND + 500 * MILLI,
        })
}

/// What has really happened, by a time that only goes on.
#[derive(Default)]
struct Truth {
    now: u64,
    /// The messages that count, by their attempts, since the log of them was last lost.
    sent: Vec<(u64, String)>,
    /// The wrong guesses since the phone was last verified.
    failed: Vec<u64>,
}

/// Everything that a sequence is about.
pub(crate) struct Life {
    pub(crate) driven: Driven,
    model: Model,
    limits: Limits,
    /// Whether every request is for `new`, if it is fixed.
    new: Option<bool>,
    under_way: Vec<Message>,
    settled: Vec<(Message, Outcome)>,
    all: Vec<String>,
    truth: Truth,
}

impl Life {
    pub(crate) fn new(redis: &Redis, limits: Limits, new: Option<bool>) -> Self {
        Self {
            driven: Driven::new(redis),
            model: Model::new(limits),
            limits,
            new,
            under_way: Vec::new(),
            settled: Vec::new(),
            all: Vec::new(),
            truth: Truth::default(),
        }
    }

    pub(crate) fn pass(&mut self, span: u64) {
        self.driven.advance(span);
        self.model.expire(self.driven.now());
        self.truth.now += span;
    }

    fn take(&mut self, step: Step) {
        // No two steps are at one moment, as no two decisions of a Redis are that the clock has been
        // set back between.
        self.pass(7);
        match step {
            Step::Ask {
                new,
                maker,
                elsewhere,
                key,
            } => {
                let new = self.new.unwrap_or(new);
                let asked = self.ask(new, maker, elsewhere, key);
                self.under_way.extend(asked);
            }
            Step::Settle {
                back,
                outcome,
                times,
            } => {
                if let Some(index) = self.under_way.len().checked_sub(back + 1) {
                    let message = self.under_way.remove(index);
                    self.settle(&message, outcome, times);
                    self.settled.push((message, outcome));
                }
            }
            Step::Again(back) => {
                if let Some(index) = self.settled.len().checked_sub(back + 1) {
                    let (message, outcome) = self.settled[index].clone();
                    let nonce = |life: &Self| life.model.code.clone().map(|code| code.nonce);
                    let before = nonce(self);
                    self.settle(&message, outcome, 1);
                    assert_eq!(nonce(self), before, "again is nothing new");
                }
            }
            Step::Guess(guess) => self.guess_some(guess),
            Step::Forget => {
                settle::forget(&mut self.driven, &mut self.model);
                self.truth.failed.clear();
            }
            Step::ForgetCode => settle::forget_code(&mut self.driven, &mut self.model),
            Step::Pass(span) => self.pass(span),
            Step::SetBack(span) => self.set_back(span),
            Step::Tamper(how) => self.tamper(how),
        }
    }

    pub(crate) fn ask(
        &mut self,
        new: bool,
        maker: u8,
        elsewhere: bool,
        key: Option<(u8, u8)>,
    ) -> Result<Message, Box<Reserved>> {
        let attempt = format!("maker-{maker}-{}", self.all.len());
        let ask = Ask {
            new,
            digest: reserve::digest(&attempt),
            maker: format!("maker-{maker}"),
            elsewhere,
            record: key.map(|(key, print)| (record(key), format!("print-{print}"))),
            attempt: attempt.clone(),
        };
        self.all.push(attempt.clone());
        let message = reserve::check(&mut self.driven, &mut self.model, self.limits, &ask)?;
        self.truth.sent.push((self.truth.now, attempt));
        for (limit, period) in self.limits.sends.into_iter().zip(PERIODS) {
            let begin = self.truth.now.saturating_sub(period - 1);
            let count = self.truth.sent.iter().filter(|(at, _)| *at >= begin);
            assert!(count.count() as u64 <= limit, "more than {limit}");
        }
        Ok(message)
    }

    pub(crate) fn settle(&mut self, message: &Message, outcome: Outcome, times: usize) {
        let (driven, model) = (&mut self.driven, &mut self.model);
        if settle::settle(driven, model, self.limits, message, outcome, times) {
            let attempt = &message.ask.attempt;
            self.truth.sent.retain(|(_, other)| other != attempt);
        }
    }

    fn guess_some(&mut self, guess: Guess) {
        let right = self.model.code.as_ref().map(|code| code.digest.clone());
        let digest = match guess {
            Guess::Right => right,
            Guess::Wrong => None,
            Guess::Former(back) => self
                .all
                .len()
                .checked_sub(back)
                .map(|index| reserve::digest(&self.all[index])),
        };
        self.guess(&digest.unwrap_or_else(|| "wrong".to_owned()));
    }

    pub(crate) fn guess(&mut self, digest: &str) -> Verified {
        let verified = verify::check(&mut self.driven, &mut self.model, self.limits, digest);
        match verified.status {
            "verified" => self.truth.failed.clear(),
            "mismatch" | "exhausted" => {
                self.truth.failed.push(self.truth.now);
                let begin = self.truth.now.saturating_sub(DAY - 1);
                let count = self.truth.failed.iter().filter(|at| **at >= begin).count();
                assert!(
                    count as u64 <= self.limits.failures,
                    "{count} wrong guesses"
                );
            }
            _ => {}
        }
        verified
    }

    pub(crate) fn set_back(&mut self, span: u64) {
        // A log that is over is gone. Here it is given a grace (see `Driven::advance`), and must not
        // count again.
        let [sent, failed] = self.model.logs_are_over(self.driven.now());
        if sent {
            let _: redis::Value = self.driven.query(&["DEL", SENT]);
            self.model.lose_sent();
        }
        if failed {
            let _: redis::Value = self.driven.query(&["DEL", FAILED]);
            self.model.lose_failed();
        }
        self.driven.set_back(span);
        self.driven.lengthen(span);
    }

    fn tamper(&mut self, how: Tamper) {
        let driven = &mut self.driven;
        let mut write = |words: &[&str]| {
            let _: redis::Value = driven.query(words);
        };
        match how {
            Tamper::DeleteCode => {
                write(&["DEL", CODE]);
                self.model.lose_code();
            }
            Tamper::WriteCode => {
                write(&["SET", CODE, "{\"not\":\"ours\"}", "EX", "600"]);
                self.model.lose_code();
            }
            Tamper::ListAsCode => {
                write(&["DEL", CODE]);
                write(&["RPUSH", CODE, "a", "b"]);
                self.model.lose_code();
            }
            Tamper::PersistCode => {
                write(&["EVAL", PERSIST, "1", CODE]);
                self.model.persist_code();
            }
            Tamper::PersistLogs => {
                for log in [SENT, FAILED] {
                    write(&["EVAL", PERSIST, "1", log]);
                }
            }
            Tamper::WriteSent => {
                write(&["SET", SENT, "something else"]);
                self.model.lose_sent();
                self.truth.sent.clear();
            }
            Tamper::ListAsFailed => {
                write(&["DEL", FAILED]);
                write(&["RPUSH", FAILED, "1", "2"]);
                self.model.lose_failed();
                self.truth.failed.clear();
            }
            Tamper::WriteWaiting => {
                write(&["SET", WAITING, "else", "EX", "600"]);
                self.model.lose_waiting();
            }
            Tamper::WriteRecord => {
                write(&["SET", &record(0), "a b c", "EX", "600"]);
                self.model.lose_record(&record(0));
            }
        }
    }

    /// Whoever waits for as long as a refusal says is refused no longer, wherever the clock stands.
    pub(crate) fn waits_end_when_they_say(&mut self) {
        let Err(refused) = self.ask(false, 0, false, None) else {
            return;
        };
        let reached = refused.quotas.iter().filter(|(left, _)| *left == 0);
        let wait = reached.map(|(_, wait)| *wait).max().unwrap_or(0);
        let early = (wait - 1) / MILLI * MILLI;
        self.pass(early);
        // What is to expire does so within whole milliseconds, and is no part of this.
        let status = |life: &mut Self| {
            let asked = life.ask(true, 0, false, None);
            asked.map_or_else(|refused| refused.status, |_| "send")
        };
        if early > 0 {
            assert_eq!(status(self), "refused", "before its time");
        }
        self.pass(MILLI);
        assert_eq!(status(self), "send", "after {wait} microseconds");
    }
}

#[test]
fn codes_live_and_die_as_the_model_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    let steps = prop::collection::vec(step(), 1..80);
    proptest!(|(limits in limits(), new in any::<Option<bool>>(), steps in steps)| {
        let mut life = Life::new(&redis, limits, new);
        for step in steps {
            life.take(step);
        }
        for (nonce, compared) in &life.model.compared {
            prop_assert!(*compared <= limits.guesses, "{nonce} was compared {compared} times");
        }
        for (nonce, verified) in &life.model.verified {
            prop_assert!(*verified <= 1, "{nonce} was right {verified} times");
        }
        life.waits_end_when_they_say();
    });
}
