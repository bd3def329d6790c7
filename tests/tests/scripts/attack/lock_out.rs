//! What somebody who cannot sign in takes from the owner of a phone by trying, and for how long.

use super::phone::{FAILURES, GUESSES, LIFE_S, Phone, Resend, SENDS, wait};
use super::report::{redis, span};
use crate::driven::{Driven, MILLI, SECOND};
use crate::otp_model::{DAY, HOUR, MINUTE};

const LOGIN: &str = "login";

/// Guesses as fast as codes can be asked for, until the budget is spent.
fn spend_the_budget(driven: &mut Driven, phone: &mut Phone) {
    loop {
        let asked = phone.ask(driven, LOGIN);
        if asked.failures_left == 0 {
            return;
        }
        if !asked.sent {
            wait(driven, asked.sends_wait);
        }
        while phone.guess(driven, LOGIN).compared {}
    }
}

/// Lets the owner try until there is a code, and returns how long that took: as long as the answers
/// said, to the millisecond.
fn wait_for_a_code(driven: &mut Driven, phone: &mut Phone) -> u64 {
    let refused = phone.ask(driven, LOGIN);
    assert!(!refused.sent, "not kept out");
    let wait = refused.wait().next_multiple_of(MILLI);
    driven.advance(wait - MILLI);
    assert!(!phone.ask(driven, LOGIN).sent, "before its time");
    driven.advance(MILLI);
    wait
}

#[test]
fn a_budget_spent_at_once_keeps_the_owner_out_until_24_hours_after_the_first_guess() {
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let mut phone = Phone::new("owner", Resend::Same);
    let begin = driven.now();
    spend_the_budget(&mut driven, &mut phone);
    assert_eq!(phone.compared.len() as u64, FAILURES);

    let stopped = driven.now();
    let out = wait_for_a_code(&mut driven, &mut phone);

    println!(
        "spent in {}, out for {} after that",
        span(stopped - begin),
        span(out)
    );
    // Twenty codes an hour are sixty guesses, so the last forty come in the second hour.
    assert!((HOUR..HOUR + 2 * MINUTE).contains(&(stopped - begin)));
    assert_eq!(phone.sent.len() as u64, FAILURES.div_ceil(GUESSES));
    assert_eq!(stopped + out - begin, DAY);
    assert!(phone.sign_in(&mut driven, LOGIN), "and then lets in");
    let whole = phone.ask(&mut driven, LOGIN).failures_left;
    assert_eq!(whole, FAILURES, "a success makes it whole");
}

/// The window slides: each guess comes back 24 hours after it was made, and no other with it.
#[test]
fn the_budget_returns_guess_by_guess() {
    // A day has messages for two guesses at each of fifty codes, but not for one at each of a hundred.
    const AT_ONCE: u64 = 2;
    const TIMES: u64 = FAILURES / AT_ONCE;
    const EVERY: u64 = DAY / TIMES;
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let mut phone = Phone::new("owner", Resend::Same);
    for count in 0..TIMES {
        if count > 0 {
            driven.advance(EVERY);
        }
        assert!(phone.ask(&mut driven, LOGIN).sent);
        for _ in 0..AT_ONCE {
            assert!(phone.guess(&mut driven, LOGIN).compared);
        }
    }

    let out = wait_for_a_code(&mut driven, &mut phone);

    println!(
        "{AT_ONCE} guesses each {}: out for {}",
        span(EVERY),
        span(out)
    );
    assert_eq!(out, EVERY);
    // Two guesses in one microsecond are told apart by the next one.
    driven.advance(MILLI);
    for back in 1..=TIMES {
        let left = phone.ask(&mut driven, LOGIN).failures_left;
        assert_eq!(left, AT_ONCE * back);
        driven.advance(EVERY);
    }
}

/// The price of the bound: whoever takes each guess as it comes back leaves the owner none. A phone
/// is not locked for 24 hours and then open, but for as long as somebody goes on.
#[test]
fn whoever_goes_on_keeps_the_owner_out_and_no_longer_than_24_hours_after_that() {
    const DAYS: u64 = 3;
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let mut phone = Phone::new("owner", Resend::Same);
    let begin = driven.now();
    let mut tries = 0;
    while driven.now() < begin + DAYS * DAY {
        spend_the_budget(&mut driven, &mut phone);
        // The owner comes whenever the attacker is not there, which is a millisecond too early.
        let refused = phone.ask(&mut driven, LOGIN);
        driven.advance(refused.wait().next_multiple_of(MILLI) - MILLI);
        assert!(!phone.sign_in(&mut driven, LOGIN), "there was a guess left");
        tries += 1;
        driven.advance(MILLI);
    }
    let guesses = phone.compared.len();
    println!("{DAYS} days by {guesses} guesses, while the owner tried {tries} times");

    spend_the_budget(&mut driven, &mut phone);
    let out = wait_for_a_code(&mut driven, &mut phone);

    assert!(out <= DAY, "{}", span(out));
    assert!(phone.sign_in(&mut driven, LOGIN));
}

#[test]
fn other_phones_are_untouched() {
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let mut other = Phone::new("other", Resend::Same);
    spend_the_budget(&mut driven, &mut Phone::new("owner", Resend::Same));

    let asked = other.ask(&mut driven, LOGIN);

    assert!(asked.sent);
    assert_eq!(asked.failures_left, FAILURES);
    assert_eq!(other.enter(&mut driven, LOGIN, &asked), "verified");
}

#[test]
fn an_exhausted_code_keeps_the_owner_out_until_another() {
    let redis = redis();
    for resend in Resend::BOTH {
        let mut driven = Driven::new(&redis);
        let mut phone = Phone::new("owner", resend);
        let message = phone.ask(&mut driven, LOGIN);
        for _ in 0..GUESSES {
            assert!(phone.guess(&mut driven, LOGIN).compared);
        }
        assert_eq!(phone.enter(&mut driven, LOGIN, &message), "spent");

        assert!(phone.sign_in(&mut driven, LOGIN), "{resend:?}");
    }
}

#[test]
fn an_exhausted_code_is_gone_when_its_time_is_over() {
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let mut phone = Phone::new("owner", Resend::Same);
    let message = phone.ask(&mut driven, LOGIN);
    driven.advance(MINUTE);
    for _ in 0..GUESSES {
        phone.guess(&mut driven, LOGIN);
    }

    let exhausted = phone.guess(&mut driven, LOGIN);

    assert_eq!(exhausted.status, "spent");
    // Guesses do not lengthen its life, and real time passes too, a little.
    let rest = LIFE_S * SECOND - MINUTE;
    assert!(exhausted.life <= rest, "{}", span(exhausted.life));
    driven.advance(rest);
    assert_eq!(phone.enter(&mut driven, LOGIN, &message), "expired");
}

#[test]
fn sends_that_somebody_used_up_come_back_after_a_minute() {
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let mut phone = Phone::new("owner", Resend::Same);
    for _ in 0..SENDS[0] {
        assert!(phone.ask(&mut driven, "attack").sent);
    }

    let refused = phone.ask(&mut driven, LOGIN);

    assert!(!refused.sent);
    assert_eq!(refused.sends_wait, MINUTE);
    driven.advance(MINUTE - MILLI);
    assert!(!phone.ask(&mut driven, LOGIN).sent, "before its time");
    driven.advance(MILLI);
    assert!(phone.sign_in(&mut driven, LOGIN));
}

/// Has messages sent to the phone, as fast as it may have them, until a limit is reached for longer
/// than `longest`.
fn spend_the_messages(driven: &mut Driven, phone: &mut Phone, longest: u64) {
    loop {
        let asked = phone.ask(driven, "attack");
        if !asked.sent {
            if asked.wait() > longest {
                return;
            }
            wait(driven, asked.wait());
        }
    }
}

/// An hour's messages, and then a day's, keep the owner waiting until an hour, and 24 hours, after the
/// first of them.
#[test]
fn messages_that_somebody_used_up_come_back_after_an_hour_and_a_day() {
    let redis = redis();
    for (longest, count, period) in [(MINUTE, SENDS[1], HOUR), (HOUR, SENDS[2], DAY)] {
        let mut driven = Driven::new(&redis);
        let mut phone = Phone::new("owner", Resend::Same);
        let begin = driven.now();
        spend_the_messages(&mut driven, &mut phone, longest);
        assert_eq!(phone.sent.len() as u64, count);
        let stopped = driven.now();

        let out = wait_for_a_code(&mut driven, &mut phone);

        println!(
            "{count} messages in {}, out for {} after that",
            span(stopped - begin),
            span(out)
        );
        assert_eq!(stopped + out - begin, period);
        assert!(phone.sign_in(&mut driven, LOGIN), "and then lets in");
    }
}

/// Whoever takes each message as it comes back leaves the owner none to ask for, and no longer than
/// 24 hours after that.
#[test]
fn whoever_goes_on_has_all_messages_and_no_longer_than_24_hours_after_that() {
    const DAYS: u64 = 3;
    let redis = redis();
    let mut driven = Driven::new(&redis);
    let mut phone = Phone::new("owner", Resend::Same);
    let begin = driven.now();
    while driven.now() < begin + DAYS * DAY {
        spend_the_messages(&mut driven, &mut phone, 0);
        let refused = phone.ask(&mut driven, LOGIN);
        driven.advance(refused.wait().next_multiple_of(MILLI) - MILLI);
        assert!(!phone.ask(&mut driven, LOGIN).sent, "there was one left");
        driven.advance(MILLI);
    }
    println!("{DAYS} days by {} messages", phone.sent.len());
    assert_eq!(phone.sent.len() as u64, DAYS * SENDS[2]);

    spend_the_messages(&mut driven, &mut phone, HOUR);
    let out = wait_for_a_code(&mut driven, &mut phone);

    assert!(out <= DAY, "{}", span(out));
    assert!(phone.sign_in(&mut driven, LOGIN));
}

/// What a stranger has sent is sent to the owner: the code in it is as good as one of the owner's asking,
/// for as long as nobody guesses at it.
#[test]
fn the_codes_that_a_stranger_has_sent_let_the_owner_in() {
    let redis = redis();
    for resend in Resend::BOTH {
        let mut driven = Driven::new(&redis);
        let mut phone = Phone::new("owner", resend);
        let mut last = None;
        loop {
            let asked = phone.ask(&mut driven, LOGIN);
            if asked.sent {
                last = Some(asked);
            } else if asked.wait() > HOUR {
                break;
            } else {
                wait(&mut driven, asked.wait());
            }
        }
        let message = last.unwrap();
        assert_eq!(
            phone.enter(&mut driven, LOGIN, &message),
            "verified",
            "{resend:?}"
        );
    }
}
