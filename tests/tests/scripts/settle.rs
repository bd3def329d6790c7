//! commit.lua, cancel.lua and forget.lua.

use otp::{CANCEL, COMMIT, FORGET};

use crate::driven::Driven;
use crate::otp_model::{DELIVERY, Limits, Model, millis};
use crate::otp_sequences::{CODE, FAILED, SENT, WAITING};
use crate::reserve::{Message, values};

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent,
    Unconfirmed,
    Refused,
}

/// Says what came of a message, to the script and to the model; `times` times, as it is said again
/// when the first reply was lost. Returns whether the message counts no longer.
pub(crate) fn settle(
    driven: &mut Driven,
    model: &mut Model,
    limits: Limits,
    message: &Message,
    outcome: Outcome,
    times: usize,
) -> bool {
    let attempt = &message.ask.attempt;
    let record = message.ask.record.as_ref().map(|(key, _)| key.as_str());
    let now = driven.now();
    let taken_back = match outcome {
        Outcome::Refused => model.cancel(now, message.moment, &message.nonce, attempt, record),
        outcome => {
            model.commit(now, &message.nonce, attempt, record, word(outcome));
            false
        }
    };
    run(driven, limits, message, outcome);
    for _ in 1..times {
        let before = values(driven);
        run(driven, limits, message, outcome);
        assert_eq!(before, values(driven), "twice is not as good as once");
    }
    for key in keys(message, outcome) {
        driven.assert_expires(key);
    }
    taken_back
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unconfirmed => "unconfirmed",
        _ => "sent",
    }
}

fn keys(message: &Message, outcome: Outcome) -> Vec<&str> {
    let record = message.ask.record.iter().map(|(key, _)| key.as_str());
    let keys: &[&str] = match outcome {
        Outcome::Refused => &[CODE, SENT, WAITING],
        _ => &[CODE, WAITING],
    };
    keys.iter().copied().chain(record).collect()
}

fn run(driven: &mut Driven, limits: Limits, message: &Message, outcome: Outcome) {
    let keys = keys(message, outcome);
    let (life, delivery) = (
        millis(limits.life).to_string(),
        millis(DELIVERY).to_string(),
    );
    let (nonce, attempt) = (message.nonce.clone(), message.ask.attempt.clone());
    if outcome == Outcome::Refused {
        let arguments = [message.moment.to_string(), nonce, life, delivery, attempt];
        assert_eq!(driven.run(&CANCEL, &keys, &arguments).number(), 1);
    } else {
        let guesses = limits.guesses.to_string();
        let word = word(outcome).to_owned();
        let arguments = [nonce, life, guesses, delivery, attempt, word];
        assert_eq!(driven.run(&COMMIT, &keys, &arguments).number(), 1);
    }
}

/// The phone was verified under another secret.
pub(crate) fn forget(driven: &mut Driven, model: &mut Model) {
    model.forget();
    for _ in 0..2 {
        driven.run(&FORGET, &[CODE, FAILED, WAITING], &[]);
    }
}

/// A code of another secret has taken the place of the code, and of those that wait.
pub(crate) fn forget_code(driven: &mut Driven, model: &mut Model) {
    model.forget_code();
    for _ in 0..2 {
        driven.run(&FORGET, &[CODE, WAITING], &[]);
    }
}
