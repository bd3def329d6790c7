//! Requests for one phone that overlap, and what Redis's clock and other requests do to them
//! meanwhile: whose code is alive in the end, and what still counts.

use tests::Redis;

use crate::driven::{MILLI, SECOND};
use crate::otp_model::{Limits, MINUTE};
use crate::otp_sequences::Life;
use crate::reserve::{Message, digest};
use crate::settle::Outcome;

const LIMITS: Limits = Limits {
    sends: [10, 20, 60],
    failures: 100,
    guesses: 3,
    life: 61 * SECOND + 500 * MILLI,
};

const WRONG: &str = "wrong";

fn redis() -> Redis {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(Redis::start())
}

fn ask(life: &mut Life, new: bool) -> Message {
    life.pass(SECOND);
    life.ask(new, 0, false, None).unwrap()
}

fn settle(life: &mut Life, message: &Message, outcome: Outcome) {
    life.pass(7);
    life.settle(message, outcome, 2);
}

/// What the code of a message is worth now. It is used up by that.
fn enter(life: &mut Life, message: &Message) -> &'static str {
    life.guess(&digest(&message.nonce)).status
}

/// All orders of 0 to `count` - 1.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for at in 0..count {
            let mut order = shorter.clone();
            order.insert(at, count - 1);
            all.push(order);
        }
    }
    all
}

/// What is there before the requests that overlap.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    Code,
    /// A code that is too near its end to be sent again.
    OldCode,
    /// One that ends after the first of the requests.
    EndingCode,
}

/// The promise of `otp_resend=new`, and of a code that `same` renews: the code of the message that
/// was handed over last is the one that is alive, whatever came of the others, and in whatever order.
/// Where none was handed over, all is as it was.
#[test]
fn the_code_that_was_handed_over_last_is_alive_and_a_refused_one_changes_nothing() {
    use Before::{Code, EndingCode, Nothing, OldCode};
    let redis = redis();
    for (before, count) in [(Nothing, 3), (Code, 3), (OldCode, 3), (EndingCode, 2)] {
        for (new, order) in [false, true]
            .into_iter()
            .flat_map(|new| orders(count).into_iter().map(move |order| (new, order)))
        {
            for refused in 0..1_usize << count {
                let case = format!("{before:?}, new: {new}, {order:?}, refused: {refused:b}");
                let mut life = Life::new(&redis, LIMITS, None);
                let earlier = match before {
                    Nothing => None,
                    _ => Some(ask(&mut life, new)),
                };
                if let Some(earlier) = &earlier {
                    settle(&mut life, earlier, Outcome::Sent);
                }
                life.pass(match before {
                    Nothing | Code => 0,
                    OldCode => 45 * SECOND,
                    EndingCode => 60 * SECOND,
                });
                let messages: Vec<_> = (0..count).map(|_| ask(&mut life, new)).collect();
                let mut last = earlier.filter(|_| !matches!(before, EndingCode));
                for &place in &order {
                    let is_refused = refused >> place & 1 == 1;
                    if is_refused {
                        settle(&mut life, &messages[place], Outcome::Refused);
                    } else {
                        settle(&mut life, &messages[place], Outcome::Unconfirmed);
                        last = Some(messages[place].clone());
                    }
                }
                match last {
                    Some(last) => assert_eq!(enter(&mut life, &last), "verified", "{case}"),
                    None => assert_eq!(life.guess(WRONG).status, "expired", "{case}"),
                }
            }
        }
    }
}

/// The first code with `new` is alive and waits, too. Its life may end before its message is handed
/// over, and somebody may have guessed at it until then.
#[test]
fn a_code_that_was_guessed_at_does_not_come_back_with_all_its_guesses() {
    let redis = redis();
    let limits = Limits {
        life: 3 * SECOND + 500 * MILLI,
        ..LIMITS
    };
    let mut life = Life::new(&redis, limits, None);
    let message = ask(&mut life, true);
    for _ in 0..limits.guesses {
        life.guess(WRONG);
    }
    life.pass(4 * SECOND);
    settle(&mut life, &message, Outcome::Sent);

    assert_eq!(enter(&mut life, &message), "expired");
}

/// Nor when another code has been alive between.
#[test]
fn a_code_that_was_guessed_at_and_replaced_does_not_come_back() {
    let redis = redis();
    let mut life = Life::new(&redis, LIMITS, None);
    let (first, second) = (ask(&mut life, true), ask(&mut life, true));
    life.guess(WRONG);
    settle(&mut life, &second, Outcome::Sent);
    settle(&mut life, &first, Outcome::Sent);

    assert_eq!(enter(&mut life, &first), "mismatch");
    assert_eq!(enter(&mut life, &second), "verified");
}

/// A configuration changes from `new` to `same`, and messages of both are on their way.
#[test]
fn a_refused_resend_takes_nothing_from_the_message_whose_code_it_carried() {
    let redis = redis();
    let mut life = Life::new(&redis, LIMITS, None);
    let first = ask(&mut life, true);
    let again = ask(&mut life, false);
    assert_eq!(again.nonce, first.nonce);
    settle(&mut life, &again, Outcome::Refused);
    settle(&mut life, &first, Outcome::Sent);

    assert_eq!(enter(&mut life, &first), "verified");
}

#[test]
fn a_code_that_two_messages_carry_outlives_the_failure_of_one() {
    let redis = redis();
    let mut life = Life::new(&redis, LIMITS, None);
    let first = ask(&mut life, true);
    let again = ask(&mut life, false);
    settle(&mut life, &first, Outcome::Sent);
    settle(&mut life, &again, Outcome::Refused);

    assert_eq!(enter(&mut life, &first), "verified");
}

/// A message that is known not to have been handed over does not count, though the clock was set back
/// while it was on its way.
#[test]
fn a_message_that_failed_while_the_clock_was_set_back_does_not_count() {
    let redis = redis();
    for span in [5 * MILLI, 61 * SECOND, 2 * 24 * 60 * MINUTE] {
        let limits = Limits {
            sends: [1, 1, 1],
            ..LIMITS
        };
        let mut life = Life::new(&redis, limits, None);
        let message = life.ask(false, 0, false, Some((0, 0))).unwrap();
        life.set_back(span);
        settle(&mut life, &message, Outcome::Refused);

        assert!(life.ask(false, 0, false, Some((0, 0))).is_ok(), "{span}");
    }
}

/// Once another decision has counted it as one of now, it goes on to count; but a request that failed
/// is not remembered as one that is under way.
#[test]
fn a_request_that_failed_is_forgotten_wherever_the_clock_stands() {
    let redis = redis();
    let mut life = Life::new(&redis, LIMITS, None);
    let message = life.ask(false, 0, false, Some((0, 0))).unwrap();
    life.set_back(61 * SECOND);
    let other = life.ask(false, 0, false, None).unwrap();
    settle(&mut life, &message, Outcome::Refused);
    settle(&mut life, &other, Outcome::Sent);

    assert!(life.ask(false, 0, false, Some((0, 0))).is_ok());
}

/// A log that lost what was to come, and lived only until then, would be gone before its moments are.
#[test]
fn a_message_is_counted_for_as_long_as_it_must_wherever_the_clock_stood() {
    let redis = redis();
    let limits = Limits {
        sends: [1, 1, 1],
        ..LIMITS
    };
    let mut life = Life::new(&redis, limits, None);
    let message = ask(&mut life, false);
    life.set_back(5 * MILLI);
    life.ask(false, 0, false, None).unwrap_err();
    life.set_back(61 * SECOND);
    settle(&mut life, &message, Outcome::Refused);
    life.pass(61 * SECOND);
    life.waits_end_when_they_say();
}
