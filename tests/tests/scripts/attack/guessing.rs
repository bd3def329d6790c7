//! Guessing at one phone for days, by everything that the limits allow.
//!
//! Who must guess a code of six digits is right once in a million times: what counts is how often a
//! guess is compared at all.

use proptest::prelude::*;

use super::phone::{FAILURES, GUESSES, Phone, Resend, SENDS, ask_until_sent, most_in_a_day, wait};
use super::report::{chance, redis, span};
use crate::driven::{Driven, MILLI, SECOND};
use crate::otp_model::{DAY, MINUTE};

/// A day's budget, as the number of guesses that it is.
const BUDGET: usize = FAILURES as usize;

const ONE: [&str; 1] = ["login"];
const MANY: [&str; 8] = [
    "login", "transfer", "reset", "invite", "delete", "export", "email", "card",
];

/// Guesses at whatever is alive, asks for more, and waits for what comes back first, from now to
/// `until`.
fn guess_all(driven: &mut Driven, phone: &mut Phone, purposes: &[&str], until: u64) {
    while driven.now() < until {
        let mut next = until - driven.now();
        let mut compared = false;
        for purpose in purposes {
            let asked = phone.ask(driven, purpose);
            while phone.guess(driven, purpose).compared {
                compared = true;
            }
            if !asked.sent {
                next = next.min(asked.wait());
            }
        }
        if !compared {
            wait(driven, next);
        }
    }
}

/// The bound, in three days of the greediest attack there is: 100 in any 24 hours, and as many each
/// day as in the first.
#[test]
fn a_phone_is_guessed_at_a_hundred_times_in_any_24_hours() {
    let redis = redis();
    for resend in Resend::BOTH {
        for purposes in [&ONE[..], &MANY] {
            let mut driven = Driven::new(&redis);
            let mut phone = Phone::new("victim", resend);
            let begin = driven.now();
            guess_all(&mut driven, &mut phone, purposes, begin + 3 * DAY);

            let (all, most) = (phone.compared.len(), most_in_a_day(&phone.compared));
            let spent = phone.compared[BUDGET - 1] - begin;
            println!(
                "{resend:?}, {} purposes: {all} compared in 72 h, at most {most} in any 24 h, the \
                 first {BUDGET} in {}, for {} messages; {}",
                purposes.len(),
                span(spent),
                phone.sent.len(),
                chance(most)
            );
            assert_eq!(most, BUDGET, "{resend:?}");
            assert_eq!(all, 3 * BUDGET, "{resend:?}");
            assert!(most_in_a_day(&phone.sent) <= SENDS[2] as usize);
        }
    }
}

/// A message that the gateway refuses costs none of the phone's sends, so there is no end to the codes;
/// there is to the guesses.
#[test]
fn codes_that_are_never_sent_are_no_way_around_it() {
    let redis = redis();
    for resend in Resend::BOTH {
        let mut driven = Driven::new(&redis);
        let mut phone = Phone::new("victim", resend);
        let begin = driven.now();
        let mut asked = 0;
        while driven.now() < begin + DAY {
            for _ in 0..20 {
                let message = phone.reserve(&mut driven, "login");
                while phone.guess(&mut driven, "login").compared {}
                if message.sent {
                    asked += 1;
                    phone.take_back(&mut driven, "login", &message);
                }
            }
            driven.advance(10 * MINUTE);
        }
        assert!(asked > 30, "{asked} codes");
        assert_eq!(most_in_a_day(&phone.compared), BUDGET, "{resend:?}");
        assert!(phone.sent.is_empty());
    }
}

/// A success makes the budget whole, but not the messages. So whoever guesses while the owner signs in
/// has three guesses for each message of a day, but for the one that was right: 179. Here 177, since
/// the budget is left with one guess when the owner comes, and that is the owner's.
#[test]
fn successes_of_the_owners_are_worth_no_more_guesses_than_a_day_has_messages() {
    const ALL: usize = (SENDS[2] * GUESSES) as usize;
    let redis = redis();
    for successes in [1_usize, 3, 24] {
        let mut driven = Driven::new(&redis);
        let mut phone = Phone::new("victim", Resend::Same);
        let begin = driven.now();
        guess_but_one(&mut driven, &mut phone);
        for _ in 0..successes {
            let message = ask_until_sent(&mut driven, &mut phone, "login");
            assert_eq!(phone.enter(&mut driven, "login", &message), "verified");
        }
        guess_all(&mut driven, &mut phone, &ONE, begin + DAY);

        let most = most_in_a_day(&phone.compared);
        println!(
            "{successes} successes of the owner's: {most} compared in 24 h; {}",
            chance(most)
        );
        assert_eq!(most, ALL - successes * GUESSES as usize);
    }
}

/// Guesses until one is left.
fn guess_but_one(driven: &mut Driven, phone: &mut Phone) {
    loop {
        ask_until_sent(driven, phone, "login");
        loop {
            let guessed = phone.guess(driven, "login");
            if guessed.failures_left == 1 {
                return;
            }
            if !guessed.compared {
                break;
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask(usize),
    /// The gateway refuses the message in the end, and there is time for guesses before it does.
    AskInVain(usize, u64),
    Guess(usize, u64),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let purpose = || 0..MANY.len();
    let span = prop::sample::select(vec![
        MILLI,
        SECOND,
        59 * SECOND,
        MINUTE,
        5 * MINUTE,
        DAY / 100,
        DAY / 2,
        DAY - MINUTE,
        DAY,
    ]);
    prop_oneof![
        6 => purpose().prop_map(Step::Ask),
        2 => (purpose(), 0..5_u64).prop_map(|(purpose, guesses)| Step::AskInVain(purpose, guesses)),
        8 => (purpose(), 1..5_u64).prop_map(|(purpose, guesses)| Step::Guess(purpose, guesses)),
        1 => span.prop_map(Step::Pass),
    ]
}

/// What every attack shares that is not the greediest: nothing that it does brings a guess back, but
/// for time.
#[test]
fn nothing_but_time_gives_an_attacker_a_guess_back() {
    let redis = redis();
    let attacks = (any::<bool>(), prop::collection::vec(step(), 1..400));
    proptest!(ProptestConfig::with_cases(32), |((same, steps) in attacks)| {
        let mut driven = Driven::new(&redis);
        let resend = if same { Resend::Same } else { Resend::New };
        let mut phone = Phone::new("victim", resend);
        // What is left at most.
        let mut left = FAILURES;
        for step in steps {
            let seen = match step {
                Step::Ask(purpose) => vec![phone.ask(&mut driven, MANY[purpose]).failures_left],
                Step::AskInVain(purpose, guesses) => {
                    let purpose = MANY[purpose];
                    let asked = phone.reserve(&mut driven, purpose);
                    let mut seen = vec![asked.failures_left];
                    seen.extend(guess_times(&mut driven, &mut phone, purpose, guesses));
                    if asked.sent {
                        phone.take_back(&mut driven, purpose, &asked);
                    }
                    seen
                }
                Step::Guess(purpose, guesses) => {
                    guess_times(&mut driven, &mut phone, MANY[purpose], guesses)
                }
                Step::Pass(span) => {
                    driven.advance(span);
                    vec![FAILURES]
                }
            };
            if !matches!(step, Step::Pass(_)) {
                prop_assert!(seen.iter().all(|seen| *seen <= left), "{left}, then {seen:?}");
            }
            left = *seen.last().unwrap();
        }
        prop_assert!(most_in_a_day(&phone.compared) <= BUDGET);
    });
}

/// Guesses so often, and returns what was left of the budget after each.
fn guess_times(driven: &mut Driven, phone: &mut Phone, purpose: &str, times: u64) -> Vec<u64> {
    (0..times)
        .map(|_| phone.guess(driven, purpose).failures_left)
        .collect()
}
