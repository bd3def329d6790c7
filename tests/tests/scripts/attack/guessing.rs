//! Guessing at one phone for days, by everything that the limits allow.
//!
//! Who must guess a code of six digits is right once in a million times: what counts is how often a
//! guess is compared at all.

use proptest::prelude::*;

use super::phone::{FAILURES, Phone, Resend};
use super::report::{chance, redis};
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
        let mut wait = until - driven.now();
        let mut compared = false;
        for purpose in purposes {
            let asked = phone.ask(driven, purpose);
            while phone.guess(driven, purpose).compared {
                compared = true;
            }
            if !asked.sent {
                let open = asked.failures_left > 0;
                let back = if open {
                    asked.sends_wait
                } else {
                    asked.failures_wait
                };
                wait = wait.min(back);
            }
        }
        if !compared {
            driven.advance(wait.max(1).next_multiple_of(MILLI));
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

            let (all, most) = (phone.compared.len(), phone.most_in_a_day());
            println!(
                "{resend:?}, {} purposes: {all} compared in 72 h, at most {most} in any 24 h; {}",
                purposes.len(),
                chance(most)
            );
            assert_eq!(most, BUDGET, "{resend:?}");
            assert_eq!(all, 3 * BUDGET, "{resend:?}");
        }
    }
}

/// A request that is taken back costs none of the phone's sends, so there is no end to the codes;
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
                let message = phone.ask(&mut driven, "login");
                while phone.guess(&mut driven, "login").compared {}
                if message.sent {
                    asked += 1;
                    phone.take_back(&mut driven, "login", &message);
                }
            }
            driven.advance(10 * MINUTE);
        }
        assert!(asked > 30, "{asked} codes");
        assert_eq!(phone.most_in_a_day(), BUDGET, "{resend:?}");
    }
}

/// A success makes the budget whole. Whoever guesses cannot bring one about, and the owner can only
/// while a guess is left: so it is 99 wrong guesses for each success of the owner's, and 100 more.
#[test]
fn each_success_of_the_owners_is_worth_99_guesses_more() {
    let redis = redis();
    for successes in [1, 3, 24] {
        let mut driven = Driven::new(&redis);
        let mut phone = Phone::new("victim", Resend::Same);
        let begin = driven.now();
        let every = DAY / (successes + 1);
        for _ in 0..successes {
            let next = driven.now() + every;
            guess_but_one(&mut driven, &mut phone);
            driven.advance(next - driven.now());
            assert!(phone.sign_in(&mut driven, "login"));
        }
        guess_all(&mut driven, &mut phone, &ONE, begin + DAY);

        let most = phone.most_in_a_day();
        println!(
            "{successes} successes of the owner's: {most} compared in 24 h; {}",
            chance(most)
        );
        let bound = usize::try_from(successes).unwrap() * (BUDGET - 1) + BUDGET;
        assert_eq!(most, bound);
    }
}

/// Guesses until one is left.
fn guess_but_one(driven: &mut Driven, phone: &mut Phone) {
    loop {
        let asked = phone.ask(driven, "login");
        if !asked.sent {
            driven.advance(asked.sends_wait.next_multiple_of(MILLI));
        }
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
    /// Asks with a client that may not: the request is taken back, and there is time for guesses
    /// before it is.
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
                    let asked = phone.ask(&mut driven, purpose);
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
        prop_assert!(phone.most_in_a_day() <= BUDGET);
    });
}

/// Guesses so often, and returns what was left of the budget after each.
fn guess_times(driven: &mut Driven, phone: &mut Phone, purpose: &str, times: u64) -> Vec<u64> {
    (0..times)
        .map(|_| phone.guess(driven, purpose).failures_left)
        .collect()
}
