//! From any value whatever: no error, a value that expires, and calls that flow again.

use proptest::prelude::*;
use serde_json::{Value, json};
use tests::Redis;

use super::KEY;
use super::model::{Policy, Report};
use super::scripts::{acquire, assert_recovers, lay, report, reset, status};
use crate::driven::{Driven, SECOND};

const POLICY: Policy = Policy {
    window_s: 10,
    minimum_calls: 2,
    failure_rate_threshold: 50,
    slow_call_rate_threshold: 100,
    open_ms: 1_000,
    open_max_ms: 8_000,
    half_open_permits: 2,
    permit_lease_ms: 3_000,
    recovery_ms: 4_000,
    minimum_reporters: 2,
};

/// Where the driven clock stands when a case begins.
const NOW: u64 = 1_700_000_000_000;

/// A circuit in one of its states, by the clock of somebody else.
fn circuit() -> impl Strategy<Value = Value> {
    let state = prop::sample::select(vec!["closed", "open", "half_open", "recovering"]);
    let overriding = prop::option::of(prop::sample::select(vec![
        "forced_open",
        "disabled",
        "metrics_only",
    ]));
    (
        state,
        overriding,
        moment(),
        moment(),
        moment(),
        0..1_200_u64,
        any::<bool>(),
    )
        .prop_map(|(state, overriding, since, ends, third, number, others)| {
            let mut value = json!({
                "state": state,
                "since": since,
                "reason": "somebody's",
                "ends": ends,
                "probes": {
                    "successes": number % 5,
                    "slow": 0,
                    "issued": number,
                    "leases": [[number, ends], [number + 1, third]],
                },
                "credit": number,
                "trips": number,
                "window": [[since, number, 0, 0], [third, number, number, number]],
                "reporters": [["a", since], ["b", third]],
            });
            if let Some(mode) = overriding {
                value["override"] = json!({
                    "mode": mode, "since": since, "ends": third, "reason": "why", "actor": "who",
                });
            }
            if others {
                value["what"] = json!({"is": ["this"]});
            }
            value
        })
}

fn moment() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => NOW - 20_000..NOW + 20_000,
        1 => Just(0_u64),
        4 => NOW..1_000_000_000_000_000_u64,
        1 => any::<u64>(),
    ]
}

/// Anything that may stand in the place of a member.
fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        moment().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(Value::from("x".repeat(5_000))),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[], {}, null])),
        Just(json!(vec![json!([NOW, 1, 1, 1]); 40])),
        (0..100_usize).prop_map(nested),
    ]
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

/// The text of a circuit, with one thing wrong.
fn value() -> impl Strategy<Value = String> {
    let member = prop::sample::select(vec![
        "/state",
        "/since",
        "/reason",
        "/ends",
        "/probes",
        "/probes/successes",
        "/probes/slow",
        "/probes/issued",
        "/probes/leases",
        "/probes/leases/0",
        "/probes/leases/0/0",
        "/probes/leases/1/1",
        "/credit",
        "/trips",
        "/window",
        "/window/0",
        "/window/1/2",
        "/reporters",
        "/reporters/0/0",
        "/reporters/0/1",
        "/override",
        "/override/mode",
        "/override/ends",
        "/override/reason",
    ]);
    let wrong = (circuit(), member, anything()).prop_map(|(mut circuit, member, anything)| {
        if let Some(place) = circuit.pointer_mut(member) {
            *place = anything;
        }
        circuit.to_string()
    });
    let cut = (circuit(), 0..400_usize).prop_map(|(circuit, length)| {
        let text = circuit.to_string();
        text[..length.min(text.len())].to_owned()
    });
    prop_oneof![
        8 => circuit().prop_map(|circuit| circuit.to_string()),
        8 => wrong,
        1 => cut,
        1 => ".{0,60}",
        1 => (0..5_000_usize).prop_map(|depth| "[".repeat(depth)),
    ]
}

#[test]
fn whatever_stands_there_calls_flow_again() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::start());
    let life = prop::option::of(1..100_u64);
    proptest!(|(value in value(), life in life, first in 0..5, later in 0..20_u64)| {
        let mut driven = Driven::new(&redis);
        let _: () = driven.query(&["SET", KEY, &value]);
        if let Some(seconds) = life {
            let _: () = driven.query(&["EXPIRE", KEY, &seconds.to_string()]);
        }
        let failure = Report { failures: 1, permit: "1-1".to_owned(), ..Report::default() };
        match first {
            0 => drop(acquire(&mut driven, &POLICY)),
            1 => drop(report(&mut driven, &POLICY, &failure)),
            2 => drop(lay(&mut driven, &POLICY, Some(("disabled", 1_000)))),
            3 => drop(reset(&mut driven, &POLICY)),
            _ => {}
        }
        let (seen, _) = status(&mut driven, &POLICY);
        prop_assert_eq!(&status(&mut driven, &POLICY).0, &seen, "it is as it was seen");
        let (_, override_ends) = seen.overriding;
        prop_assert!(override_ends <= NOW + 7 * 24 * 60 * 60 * 1000);
        let size: u64 = driven.query(&["STRLEN", KEY]);
        prop_assert!(size <= 4_096);
        driven.advance(later * SECOND);
        assert_recovers(&mut driven, &POLICY);
    });
}
