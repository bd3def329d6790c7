//! Pages of circuits among other keys.

use std::collections::BTreeSet;

use circuit::LIST;
use serde_json::{Value, json};
use tests::Redis;

use super::events::{POLICY, failures};
use super::scripts::report;
use crate::driven::Driven;

/// One page: the cursor of the next, and the names and states of its circuits.
fn page(driven: &mut Driven, cursor: &str, limit: u64) -> (String, Vec<(String, String)>) {
    let policy: Value = serde_json::from_str(&POLICY.json()).unwrap();
    let policies = json!({"default": policy}).to_string();
    let arguments = [policies, cursor.to_owned(), limit.to_string()];
    let mut reply = driven.run(&LIST, &[], &arguments);
    let cursor = reply.text();
    let mut circuits = Vec::new();
    for _ in 0..reply.number() {
        let name = reply.text();
        let _transition = (reply.text(), reply.text(), reply.text());
        let state = reply.text();
        let (_since, _generation, _reason) = (reply.number(), reply.number(), reply.text());
        for _retry_to_trips in 0..7 {
            reply.number();
        }
        let _override = (reply.text(), reply.number(), reply.text(), reply.text());
        let _ttl = reply.number();
        circuits.push((name, state));
    }
    (cursor, circuits)
}

#[tokio::test]
async fn every_circuit_is_on_a_page_and_nothing_else_is() {
    let redis = Redis::start().await;
    let mut driven = Driven::new(&redis);
    let others = "for n = 1, 3000 do redis.call('SET', 'otp:' .. n, n, 'EX', 600) end";
    let _: Option<u64> = driven.query(&["EVAL", others, "0"]);
    report(&mut driven, &POLICY, &failures(2));
    for name in ["a", "b:c", "d-e_f.g"] {
        let key = format!("rollout:circuit:{name}");
        let _: u64 = driven.query(&["COPY", "rollout:circuit:gmail", &key]);
    }
    for key in [
        "rollout:circuit:not one",
        "rollout:circuit:",
        "rollout:circuitry",
    ] {
        let _: () = driven.query(&["SET", key, "somebody's", "EX", "600"]);
    }
    let _: u64 = driven.query(&["RPUSH", "rollout:circuit:list", "somebody's"]);

    let mut seen = BTreeSet::new();
    let mut cursor = "0".to_owned();
    loop {
        let (next, circuits) = page(&mut driven, &cursor, 2);
        assert!(circuits.len() <= 4, "{circuits:?}");
        seen.extend(circuits);
        cursor = next;
        if cursor == "0" {
            break;
        }
    }
    let open = |name: &str| (name.to_owned(), "open".to_owned());
    let mut expected = BTreeSet::from(["a", "b:c", "d-e_f.g", "gmail"].map(open));
    expected.insert(("list".to_owned(), "closed".to_owned()));
    assert_eq!(seen, expected);
    let repaired: String = driven.query(&["GET", "rollout:circuit:list"]);
    assert!(repaired.contains("\"closed\""), "{repaired}");
    driven.assert_expires("rollout:circuit:list");
    let other: String = driven.query(&["GET", "rollout:circuit:not one"]);
    assert_eq!(other, "somebody's", "what is no circuit is left alone");
}
