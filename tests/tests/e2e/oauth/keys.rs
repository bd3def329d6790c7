//! What is left in Redis: little, under known names, never for ever, and of no use to a thief.

use serde_json::json;
use tests::{App, Redis, Vars};

use super::flow::{Callback, Flow};

fn seconds_left(redis: &Redis, key: &str) -> i64 {
    redis.run(&format!("TTL {key}"))
}

/// `redis-cli --scan --pattern 'oauth:state:*'`, and what it finds.
#[tokio::test]
async fn outstanding_states_are_listed_with_the_time_they_have_left() {
    let app = App::own(Vars::new()).await;
    let flows = [Flow::begin(&app).await, Flow::begin(&app).await];

    let (_, mut listed): (u64, Vec<String>) =
        app.redis().run("SCAN 0 MATCH oauth:state:* COUNT 1000");

    listed.sort();
    let mut known = flows.each_ref().map(Flow::key);
    known.sort();
    assert_eq!(listed, known);
    for key in listed {
        let left = seconds_left(app.redis(), &key);
        assert!((590..=600).contains(&left), "{left} s");
    }
}

/// Else a replay could be told from a state that never was for longer than the state would have
/// lived, or not as long.
#[tokio::test]
async fn a_used_state_is_remembered_for_the_rest_of_its_time() {
    let app = App::own(Vars::new()).await;
    let flow = Flow::begin(&app).await;
    let cut: u64 = app.redis().run(&format!("EXPIRE {} 300", flow.key()));
    assert_eq!(cut, 1);

    flow.consume(&app).await.ok();
    flow.assert_burnt(&app).await;

    let left = seconds_left(app.redis(), &flow.key());
    assert!((290..=300).contains(&left), "{left} s");
}

#[tokio::test]
async fn a_state_found_without_an_expiry_is_given_one() {
    let app = App::own(Vars::new()).await;
    let (fresh, used) = (Flow::begin(&app).await, Flow::begin(&app).await);
    used.consume(&app).await.ok();
    for flow in [&fresh, &used] {
        let persisted: u64 = app.redis().run(&format!("PERSIST {}", flow.key()));
        assert_eq!(persisted, 1);
    }

    fresh.consume(&app).await.ok();
    used.assert_burnt(&app).await;

    for flow in [&fresh, &used] {
        let left = seconds_left(app.redis(), &flow.key());
        assert!((590..=600).contains(&left), "{left} s");
    }
}

/// Whatever stands where a state should: it is no state, and not a 500.
#[tokio::test]
async fn what_something_else_wrote_is_no_state() {
    let app = App::own(Vars::new()).await;
    let redis = app.redis();
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let no_json = format!("{since} none - - rubbish");
    let others: [&[&str]; 8] = [
        &["SET", "rubbish"],
        &["SET", "7"],
        &["SET", ""],
        &["SET", "1700000000 none - - {}"],
        &["SET", &no_json],
        &["LPUSH", "1", "2", "3"],
        &["HSET", "a", "b"],
        &["XADD", "*", "a", "b"],
    ];
    for other in others {
        let flow = Flow::begin(&app).await;
        let _: u64 = redis.run(&format!("DEL {}", flow.key()));
        let _: redis::Value = redis::cmd(other[0])
            .arg(flow.key())
            .arg(&other[1..])
            .query(&mut redis.connect())
            .unwrap();

        let callback = flow.callback().demanding("none");
        callback.consume(&app).await.problem(410, "state-expired");
        redis.assert_every_key_expires();
    }
}

/// A thief tries everything that Redis holds of a flow as everything that a browser could bring.
#[tokio::test]
async fn what_redis_holds_ends_no_flow() {
    let app = App::own(Vars::new()).await;
    for binding in ["cookie", "token"] {
        let begin = || Flow::begin_with(&app, json!({ "binding": binding }));
        let pieces = loot(app.redis(), &begin().await).len();
        assert!(pieces > 8, "{pieces}");
        for piece in 0..pieces {
            let flow = begin().await;
            let piece = loot(app.redis(), &flow).remove(piece);
            let id = &flow.key()["oauth:state:".len()..][..16];
            let thief = |state: &str| Callback {
                binding_token: Some(piece.clone()),
                ..Callback::of(state).with_cookies(format!("__Host-oauth-{id}={piece}"))
            };

            let answer = thief(&piece).consume(&app).await;
            answer.problem(410, "state-expired");
            // The state too, from somewhere else: what binds it is still missing.
            let answer = thief(flow.state()).consume(&app).await;
            answer.problem(403, "state-binding-mismatch");
        }
    }
}

/// What Redis holds of a flow: the digest in the key, the value, and each word of the value.
fn loot(redis: &Redis, flow: &Flow) -> Vec<String> {
    let key = flow.key();
    let value: String = redis.run(&format!("GET {key}"));
    let words = value.split([' ', '"']).filter(|word| !word.is_empty());
    [&key["oauth:state:".len()..], &value]
        .into_iter()
        .chain(words)
        .map(str::to_owned)
        .collect()
}

/// What an operator plans with: a client at its default limit holds 600 of them at most.
#[tokio::test]
async fn an_outstanding_state_costs_at_most_256_bytes() {
    let app = App::own(Vars::new()).await;
    let flow = Flow::begin(&app).await;

    let outstanding = app.redis().memory_usage(&flow.key());
    flow.consume(&app).await.ok();
    let used = app.redis().memory_usage(&flow.key());

    println!("{outstanding} bytes for a state without context, {used} once it is used");
    assert!(outstanding <= 256, "{outstanding} bytes");
    assert!(used < outstanding, "{used} bytes");
}
