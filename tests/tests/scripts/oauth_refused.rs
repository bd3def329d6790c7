//! Redis refuses what the scripts of OAuth states need: no memory, a command that an ACL forbids, a
//! server that is a replica. Then nobody learns whether a secret is right, and nothing changes.

use std::collections::BTreeSet;

use latch::Script;
use oauth_state::{CONSUME, ISSUE};
use redis::{Client, Connection, RedisResult, Value};
use tests::Redis;

const KEY: &str = "oauth:state:digest";
const LIFE: &str = "600000";

/// A state in which Redis refuses, and how it ends.
struct Trouble {
    name: String,
    begin: String,
    end: &'static str,
}

fn troubles() -> Vec<Trouble> {
    let trouble = |name: &str, begin: &str, end| Trouble {
        name: name.to_owned(),
        begin: begin.to_owned(),
        end,
    };
    let mut all = vec![
        trouble(
            "no memory",
            "CONFIG SET maxmemory 1",
            "CONFIG SET maxmemory 0",
        ),
        trouble("a replica", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    ];
    for command in commands(&[&ISSUE, &CONSUME]) {
        let begin = format!("ACL SETUSER latch -{command}");
        all.push(trouble(&command, &begin, "ACL SETUSER latch +@all"));
    }
    all
}

/// Every command that these scripts may run, by their text.
fn commands(scripts: &[&Script]) -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    for script in scripts {
        let text = script.parts().concat();
        for (at, _) in text.match_indices("call(") {
            let name = text[at..].split('\'').nth(1).unwrap();
            if name.chars().all(|letter| letter.is_ascii_uppercase()) {
                commands.insert(name.to_lowercase());
            }
        }
    }
    assert!(commands.contains("set"), "{commands:?}");
    commands
}

/// A connection of a user who may do everything, until an ACL says otherwise.
fn connect_as_latch(redis: &Redis) -> Connection {
    let _: () = redis.run("ACL SETUSER latch on >pw ~* &* +@all");
    let url = redis.url().replace("redis://", "redis://latch:pw@");
    Client::open(url).unwrap().get_connection().unwrap()
}

fn eval(connection: &mut Connection, script: &Script, arguments: &[&str]) -> RedisResult<Value> {
    redis::cmd("EVAL")
        .arg(script.parts().concat())
        .arg(1)
        .arg(KEY)
        .arg(arguments)
        .query(connection)
}

/// The state that is in the place: bound by a cookie, or by nobody.
fn issue(connection: &mut Connection, binding: &str) -> RedisResult<Value> {
    let secret = if binding == "none" { "-" } else { "secret" };
    eval(connection, &ISSUE, &[binding, secret, "issuer", "{}", LIFE])
}

/// Right and wrong, in every way in which a consume can be wrong.
const TRIES: [[&str; 5]; 6] = [
    ["secret", "-", "-", "issuer", LIFE],
    ["wrong", "-", "-", "issuer", LIFE],
    ["", "-", "-", "issuer", LIFE],
    ["secret", "-", "token", "issuer", LIFE],
    ["secret", "-", "-", "other", LIFE],
    ["secret", "-", "none", "issuer", LIFE],
];

fn held(redis: &Redis) -> Option<String> {
    redis.run(&format!("GET {KEY}"))
}

fn outcome(reply: Value) -> String {
    let (outcome, ..): (String, Value, Value, Value) = redis::from_redis_value(reply).unwrap();
    outcome
}

#[tokio::test]
async fn where_redis_refuses_right_and_wrong_are_refused_alike_and_change_nothing() {
    let redis = Redis::start().await;
    let mut latch = connect_as_latch(&redis);
    let mut refusing = 0;
    for trouble in troubles() {
        for binding in ["cookie", "none"] {
            let mut refused = Vec::new();
            for brought in TRIES {
                issue(&mut latch, binding).unwrap();
                let before = held(&redis);
                let _: () = redis.run(&trouble.begin);

                let reply = eval(&mut latch, &CONSUME, &brought);

                let _: () = redis.run(trouble.end);
                if reply.is_err() {
                    assert_eq!(held(&redis), before, "{}: {reply:?}", trouble.name);
                }
                refused.push(reply.is_err());
            }
            // Commands that only the repair of a key takes refuse nobody here.
            let all = refused.iter().all(|refused| *refused);
            let none = refused.iter().all(|refused| !*refused);
            assert!(all || none, "{}, {binding}: {refused:?}", trouble.name);
            refusing += usize::from(all);

            issue(&mut latch, binding).unwrap();
            let right = if binding == "none" {
                TRIES[5]
            } else {
                TRIES[0]
            };
            let reply = eval(&mut latch, &CONSUME, &right).unwrap();
            assert_eq!(outcome(reply), "consumed", "{}, {binding}", trouble.name);
        }
    }
    // No memory, a replica, and GET, PTTL, TIME and SET, of both bindings.
    assert_eq!(refusing, 12);
}

#[tokio::test]
async fn where_redis_refuses_no_state_is_stored() {
    let redis = Redis::start().await;
    let mut latch = connect_as_latch(&redis);
    for trouble in troubles() {
        let _: () = redis.run(&trouble.begin);

        let stored = issue(&mut latch, "cookie");

        assert_eq!(held(&redis).is_some(), stored.is_ok(), "{}", trouble.name);
        let _: () = redis.run(trouble.end);
        let _: i64 = redis.run(&format!("DEL {KEY}"));
    }
}

/// A state that is used up, or never was, tells nobody anything: the answer may be free.
#[tokio::test]
async fn what_is_used_up_stays_so_whatever_redis_refuses() {
    let redis = Redis::start().await;
    let mut connection = redis.connect();
    issue(&mut connection, "cookie").unwrap();
    eval(&mut connection, &CONSUME, &TRIES[1]).unwrap();
    let _: () = redis.run("CONFIG SET maxmemory 1");

    for brought in TRIES {
        let reply = eval(&mut connection, &CONSUME, &brought).unwrap();
        assert_eq!(outcome(reply), "replayed");
    }
    assert_eq!(held(&redis).as_deref(), Some("used"));
}
