//! Messages that a stranger has sent to one phone.

use super::phone::{Phone, Resend, SENDS, most_in_a_day, wait};
use super::report::redis;
use crate::driven::Driven;
use crate::otp_model::{DAY, HOUR};

#[test]
fn a_phone_is_sent_sixty_messages_in_any_24_hours() {
    const DAYS: u64 = 3;
    let redis = redis();
    for resend in Resend::BOTH {
        let mut driven = Driven::new(&redis);
        let mut phone = Phone::new("victim", resend);
        let begin = driven.now();
        let mut purposes = (0..).map(|count| format!("purpose-{count}"));
        while driven.now() < begin + DAYS * DAY {
            let asked = phone.ask(&mut driven, &purposes.next().unwrap());
            if !asked.sent {
                wait(&mut driven, asked.wait());
            }
        }
        let first_hour = phone.sent.iter().filter(|at| **at < begin + HOUR).count();
        let (all, most) = (phone.sent.len(), most_in_a_day(&phone.sent));
        println!(
            "{resend:?}: {first_hour} messages in the first hour, {most} in any 24 h, {all} in 72 h"
        );
        assert_eq!(first_hour as u64, SENDS[1]);
        assert_eq!(most as u64, SENDS[2]);
        assert_eq!(all as u64, DAYS * SENDS[2]);
    }
}
