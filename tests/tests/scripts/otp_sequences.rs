//! Random lives of one phone: asked for, guessed at, lost, tampered with, and waited for.

use proptest::prelude::*;
use tests::Redis;

use crate::driven::{Driven, MILLI, SECOND};
use crate::issue::{self, Send};
use crate::otp_model::{DAY, DELIVERY, Limits, MINUTE, Model};
use crate::verify;

/// The keys of one phone and one purpose.
pub(crate) const CODE: &str = "otp:{id}:code:login";
pub(crate) const SENT: &str = "otp:{id}:sent";
pub(crate) const FAILED: &str = "otp:{id}:failed";

#[derive(Clone, Debug)]
enum Step {
    Issue {
        same: bool,
        /// An idempotency key and a fingerprint.
        key: Option<(u8, u8)>,
    },
    /// The delivery of one of the sends failed, counted from the last.
    Undo(usize),
    Settle(u8),
    /// A guess: right, wrong, or right for a code that was sent before.
    Guess(Guess),
    /// Microseconds.
    Pass(u64),
    Tamper(Tamper),
}

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
    WriteFailed,
}

fn step() -> impl Strategy<Value = Step> {
    let key = prop::option::weighted(0.4, (0..2_u8, 0..2_u8));
    prop_oneof![
        8 => (any::<bool>(), key).prop_map(|(same, key)| Step::Issue { same, key }),
        2 => (0..3_usize).prop_map(Step::Undo),
        2 => (0..2_u8).prop_map(Step::Settle),
        3 => Just(Step::Guess(Guess::Right)),
        8 => Just(Step::Guess(Guess::Wrong)),
        1 => (1..4_usize).prop_map(|back| Step::Guess(Guess::Former(back))),
        5 => (0..30_u64).prop_map(|seconds| Step::Pass(seconds * SECOND)),
        1 => prop::sample::select(vec![MINUTE, 5 * MINUTE, DAY / 2, DAY]).prop_map(Step::Pass),
        2 => prop::sample::select(vec![
            Tamper::DeleteCode, Tamper::WriteCode, Tamper::ListAsCode,
            Tamper::PersistCode, Tamper::PersistLogs, Tamper::WriteSent, Tamper::WriteFailed,
        ]).prop_map(Step::Tamper),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    (
        1..5_u64,
        1..8_u64,
        1..4_u64,
        prop::sample::select(vec![60_u64, 300, 600]),
    )
        .prop_map(|(sends, failures, guesses, life)| Limits {
            sends,
            failures,
            guesses,
            // Time passes in whole seconds, so that it is never in doubt whether a code is alive.
            life: life * SECOND + 500 * MILLI,
        })
}

#[test]
fn codes_live_and_die_as_the_model_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    proptest!(|(limits in limits(), steps in prop::collection::vec(step(), 1..80))| {
        let mut driven = Driven::new(&redis);
        let mut model = Model::new(limits);
        let mut sends: Vec<Send> = Vec::new();
        for (count, step) in steps.into_iter().enumerate() {
            match step {
                Step::Issue { same, key } => {
                    let nonce = format!("nonce-{count}");
                    let sent = issue::check(&mut driven, &mut model, limits, same, &nonce, key);
                    sends.extend(sent);
                }
                Step::Undo(back) => {
                    // A delivery that takes longer has been given up.
                    let young = |send: &Send| driven.now() <= send.moment + DELIVERY;
                    let index = sends.len().checked_sub(back + 1);
                    if let Some(index) = index.filter(|index| young(&sends[*index])) {
                        issue::undo(&mut driven, &mut model, limits, &sends.remove(index));
                    }
                }
                Step::Settle(key) => issue::settle(&mut driven, &mut model, limits, key),
                Step::Guess(guess) => {
                    let right = model.code.as_ref().map(|code| code.digest.clone());
                    let digest = match guess {
                        Guess::Right => right,
                        Guess::Wrong => None,
                        Guess::Former(back) => sends
                            .len()
                            .checked_sub(back)
                            .map(|index| issue::digest(&sends[index].nonce)),
                    };
                    let digest = digest.unwrap_or_else(|| "wrong".to_owned());
                    verify::check(&mut driven, &mut model, limits, &digest);
                }
                Step::Pass(span) => driven.advance(span),
                Step::Tamper(how) => tamper(&mut driven, &mut model, how),
            }
        }
        for (nonce, compared) in &model.compared {
            prop_assert!(*compared <= limits.guesses, "{nonce} was compared {compared} times");
        }
        for (nonce, verified) in &model.verified {
            prop_assert!(*verified <= 1, "{nonce} was right {verified} times");
        }
    });
}

fn tamper(driven: &mut Driven, model: &mut Model, how: Tamper) {
    let write = |driven: &mut Driven, words: &[&str]| {
        let _: redis::Value = driven.query(words);
    };
    match how {
        Tamper::DeleteCode => write(driven, &["DEL", CODE]),
        Tamper::WriteCode => write(driven, &["SET", CODE, "{\"not\":\"ours\"}", "EX", "600"]),
        Tamper::PersistCode => {
            write(driven, &["PERSIST", CODE]);
            model.persist_code(driven.now());
            return;
        }
        Tamper::ListAsCode => {
            write(driven, &["DEL", CODE]);
            write(driven, &["RPUSH", CODE, "a", "b"]);
        }
        Tamper::PersistLogs => {
            write(driven, &["PERSIST", SENT]);
            write(driven, &["PERSIST", FAILED]);
            return;
        }
        Tamper::WriteSent => {
            write(driven, &["SET", SENT, "something else"]);
            model.lose_sent();
            return;
        }
        Tamper::WriteFailed => {
            write(driven, &["SET", FAILED, "something else"]);
            model.lose_failed();
            return;
        }
    }
    model.lose_code();
}
