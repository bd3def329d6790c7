//! The sliding log: never more than the limit in any period, and never less to who keeps to it.

use latch::window::{REFUND, TAKE};
use proptest::prelude::*;
use tests::Redis;

use crate::driven::{Driven, MILLI};

const KEY: &str = "window";

#[derive(Clone, Debug)]
enum Step {
    Take,
    /// Takes back one of those that were taken, counted from the last.
    Refund(usize),
    /// In microseconds.
    Pass(u64),
    /// Somebody removes the TTL.
    Persist,
    /// Somebody writes something else.
    Overwrite,
    Delete,
}

fn step(period: u64) -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Take),
        2 => (0..4_usize).prop_map(Step::Refund),
        4 => (0..period / 2).prop_map(|span| Step::Pass(span / MILLI * MILLI)),
        1 => (0..3_u64).prop_map(move |periods| Step::Pass(period * periods)),
        1 => Just(Step::Persist),
        1 => Just(Step::Overwrite),
        1 => Just(Step::Delete),
    ]
}

#[test]
fn the_sliding_log_is_that_of_the_model() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    let sequences = (1..6_u64, 1..100_u64).prop_flat_map(|(limit, period)| {
        let period = period * 100 * MILLI;
        let steps = prop::collection::vec(step(period), 1..60);
        (Just(limit), Just(period), steps)
    });
    proptest!(|((limit, period, steps) in sequences)| {
        let mut driven = Driven::new(&redis);
        // The moments that count now, and all that were ever allowed and not taken back.
        let mut model: Vec<u64> = Vec::new();
        let mut allowed: Vec<u64> = Vec::new();
        for step in steps {
            match step {
                Step::Take => {
                    model.retain(|moment| *moment > driven.now() - period);
                    let arguments = [limit.to_string(), period.to_string()];
                    let mut reply = driven.run(&TAKE, &[KEY], &arguments);
                    let (taken, left, wait, moment) =
                        (reply.number(), reply.number(), reply.number(), reply.number());
                    let free = limit - model.len() as u64;
                    prop_assert_eq!(taken, u64::from(free > 0));
                    prop_assert_eq!(left, free.saturating_sub(1));
                    if taken == 1 {
                        // Two in the same microsecond are told apart.
                        let next = model.last().map_or(0, |last| last + 1);
                        prop_assert_eq!(moment, driven.now().max(next));
                        model.push(moment);
                        allowed.push(moment);
                    }
                    prop_assert_eq!(wait, (model[0] + period - driven.now()).min(period));
                    driven.assert_expires(KEY);
                }
                Step::Refund(back) => {
                    if let Some(index) = model.len().checked_sub(back + 1) {
                        let moment = model.remove(index);
                        allowed.retain(|other| *other != moment);
                        driven.run(&REFUND, &[KEY], &[moment.to_string()]);
                    }
                }
                Step::Pass(span) => driven.advance(span),
                Step::Persist => {
                    let _: () = driven.query(&["PERSIST", KEY]);
                }
                Step::Overwrite => {
                    let _: () = driven.query(&["SET", KEY, "something else"]);
                    model.clear();
                    allowed.clear();
                }
                Step::Delete => {
                    let _: () = driven.query(&["DEL", KEY]);
                    model.clear();
                    allowed.clear();
                }
            }
        }
        // The promise itself, without the model: no window holds more than the limit.
        for (index, first) in allowed.iter().enumerate() {
            let within = allowed[index..].iter().filter(|moment| **moment < first + period);
            prop_assert!(within.count() as u64 <= limit);
        }
    });
}
