//! Redis refuses some commands: it is full, or its user may not. No decision is lost that needs none
//! of them, and none is half made.

use circuit::{ACQUIRE, LIST, OVERRIDE, REPORT, RESET, STATUS};
use latch::Script;
use redis::{Connection, RedisError, RedisResult, Value};
use serde_json::json;
use tests::Redis;

use super::KEY;
use super::model::{Policy, Report};

const POLICY: Policy = Policy {
    window_s: 60,
    minimum_calls: 1,
    failure_rate_threshold: 50,
    slow_call_rate_threshold: 100,
    open_ms: 60_000,
    open_max_ms: 60_000,
    half_open_permits: 1,
    permit_lease_ms: 60_000,
    recovery_ms: 60_000,
    minimum_reporters: 1,
};

/// The commands that scripts of circuits may need: one that writes, and SCAN for the list.
const COMMANDS: &str = "+auth +eval +evalsha +time +pttl +getrange +scan +set";

fn run(redis: &mut Connection, script: &Script, arguments: &[String]) -> RedisResult<Vec<Value>> {
    let keys = usize::from(!std::ptr::eq(script, &raw const LIST));
    let mut command = redis::cmd("EVAL");
    command.arg(script.parts().concat()).arg(keys);
    if keys == 1 {
        command.arg(KEY);
    }
    command.arg(arguments).query(redis)
}

fn failure() -> [String; 8] {
    let failure = Report {
        failures: 1,
        ..Report::default()
    };
    failure.arguments(&POLICY)
}

fn laid() -> [String; 5] {
    let [mode, ttl, why, who] = ["disabled", "60000", "why", "who"].map(str::to_owned);
    [POLICY.json(), mode, ttl, why, who]
}

fn acquire(redis: &mut Connection) -> RedisResult<(bool, String)> {
    let reply = run(redis, &ACQUIRE, &[POLICY.json()])?;
    match &reply[3..5] {
        [Value::Int(allowed), Value::BulkString(state)] => {
            Ok((*allowed == 1, String::from_utf8(state.clone()).unwrap()))
        }
        other => panic!("{other:?}"),
    }
}

/// A connection of a user with these rules.
fn user(redis: &Redis, rules: &str) -> Connection {
    let _: () = redis.run(&format!("ACL SETUSER latch reset on >pw ~* {rules}"));
    let url = redis.url().replace("redis://", "redis://latch:pw@");
    let client = redis::Client::open(url).unwrap();
    client.get_connection().unwrap()
}

#[tokio::test]
async fn one_command_that_writes_is_enough_for_all_of_them() {
    let redis = Redis::start().await;
    let mut user = user(&redis, &format!("&* {COMMANDS}"));
    let policies =
        json!({"default": serde_json::from_str::<serde_json::Value>(&POLICY.json()).unwrap()});
    let list = [policies.to_string(), "0".to_owned(), "10".to_owned()];
    for garbage in [
        "",
        "SET rollout:circuit:gmail x",
        "RPUSH rollout:circuit:gmail x",
    ] {
        for (script, arguments) in [
            (&ACQUIRE, &[POLICY.json()][..]),
            (&REPORT, &failure()),
            (&STATUS, &[POLICY.json()]),
            (&OVERRIDE, &laid()),
            (&LIST, &list),
            (&RESET, &[POLICY.json()]),
        ] {
            if !garbage.is_empty() {
                let _: u64 = redis.run(&format!("DEL {KEY}"));
                let _: Value = redis.run(garbage);
            }
            run(&mut user, script, arguments).unwrap();
        }
    }
}

#[tokio::test]
async fn who_may_not_publish_loses_the_event_and_not_the_decision() {
    let redis = Redis::start().await;
    for rules in ["&* +@all -publish", "resetchannels +@all", COMMANDS] {
        let mut user = user(&redis, rules);
        run(&mut user, &REPORT, &failure()).unwrap();
        assert_eq!(acquire(&mut user).unwrap(), (false, "open".to_owned()));
        run(&mut user, &OVERRIDE, &laid()).unwrap();
        assert_eq!(acquire(&mut user).unwrap(), (true, "disabled".to_owned()));
        run(&mut user, &RESET, &[POLICY.json()]).unwrap();
        assert_eq!(acquire(&mut user).unwrap(), (true, "closed".to_owned()));
    }
}

/// Whether Redis said that it takes no writes.
fn is_refusal(error: &RedisError) -> bool {
    let text = error.to_string();
    text.contains("OOM") || text.contains("can't run this command")
}

/// What needs no write is answered, and what needs one changes nothing.
#[tokio::test]
async fn where_nothing_can_be_written_nothing_is_half_done() {
    let redis = Redis::start().await;
    let (seconds, _): (u64, u64) = redis.run("TIME");
    let began = (seconds - 20) * 1000;
    let value = |state: &str, more: String| {
        format!(
            r#"{{"state":"{state}","since":{began},"generation":7,"reason":"why",{more}"trips":1,"window":[],"reporters":[],"at":{began}}}"#
        )
    };
    let open = |ends: u64| value("open", format!(r#""ends":{ends},"#));
    let half_open = |leases: &str| {
        value(
            "half_open",
            format!(
                r#""probes":{{"generation":7,"successes":0,"slow":0,"issued":1,"leases":[{leases}]}},"#
            ),
        )
    };
    let lease = format!("[1,{}]", began + 60_000);
    let states = [
        (value("closed", String::new()), Some((true, "closed"))),
        (open(began + 60_000), Some((false, "open"))),
        (half_open(&lease), Some((false, "half_open"))),
        // A permit that is not written down is lent to nobody, and no call of the ramp is uncounted.
        (open(began + 10_000), None),
        (half_open(""), None),
        (value("recovering", r#""credit":0,"#.to_owned()), None),
    ];
    let restricted = user(&redis, &format!("&* {COMMANDS} -set"));
    for (mut caller, limit) in [(restricted, 0), (redis.connect(), 1)] {
        for (value, answer) in &states {
            let _: () = redis::cmd("SET")
                .arg(&[KEY, value, "PX", "600000"])
                .query(&mut redis.connect())
                .unwrap();
            let _: () = redis.run(&format!("CONFIG SET maxmemory {limit}"));

            let acquired = acquire(&mut caller);
            let acquired = acquired
                .as_ref()
                .map(|(allowed, state)| (*allowed, &**state));
            match answer {
                Some(answer) => assert_eq!(acquired.unwrap(), *answer),
                None => assert!(is_refusal(acquired.unwrap_err()), "{value}"),
            }
            run(&mut caller, &STATUS, &[POLICY.json()]).unwrap();
            for (script, arguments) in [(&OVERRIDE, &laid()[..]), (&RESET, &[POLICY.json()])] {
                let error = run(&mut caller, script, arguments).unwrap_err();
                assert!(is_refusal(&error), "{error}");
            }

            let _: () = redis.run("CONFIG SET maxmemory 0");
            let stands: String = redis.run(&format!("GET {KEY}"));
            assert_eq!(&stands, value);
        }
    }
}
