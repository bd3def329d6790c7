//! `RateLimit` and `RateLimit-Policy` as a client reads them whose parser shares nothing with the
//! library that wrote them: structured-headers, in Node.

use std::{env, process::Command};

use serde_json::{Value, json};
use tests::{Answer, App, phone, workspace};

use super::Service;

/// The members of both fields of `answer`: the policies first, then how they stand.
fn read(answer: &Answer) -> [Value; 2] {
    let fields = ["ratelimit-policy", "ratelimit"].map(|name| answer.header(name).unwrap());
    let output = Command::new(env::var_os("LATCH_NODE").unwrap_or_else(|| "node".into()))
        .arg("read.mjs")
        .args(fields)
        .current_dir(workspace().join("tests/fields"))
        .output()
        .expect("Node.js, which `cargo xtask test` installs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{fields:?} (`npm ci` in tests/fields installs what it needs): {log}"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn member(name: &str, parameters: &Value) -> Value {
    json!({ "value": name, "parameters": parameters })
}

/// Milliseconds as the fields tell them.
fn seconds(milliseconds: &Value) -> u64 {
    milliseconds.as_u64().unwrap().div_ceil(1000)
}

#[tokio::test]
async fn the_fields_of_a_success_say_what_its_members_say() {
    let service = Service::start().await;
    let answer = service.take("login", "a", 4).await;
    let taken = answer.ok();
    let [policies, standing] = read(&answer);
    assert_eq!(
        policies,
        json!([member("login", &json!({ "q": taken["limit"], "w": 6_000 }))])
    );
    let t = seconds(&taken["reset_after_ms"]);
    let now = json!({ "r": taken["remaining"], "t": t });
    assert_eq!(standing, json!([member("login", &now)]));
}

#[tokio::test]
async fn the_fields_of_a_refusal_say_what_its_members_say() {
    let service = Service::start().await;
    service.take("login", "a", 9).await.ok();
    let answer = service.take("login", "a", 3).await;
    let refused = answer.quota_exceeded(&["login"]);
    let [policies, standing] = read(&answer);
    assert_eq!(policies[0]["value"], refused["violated-policies"][0]);
    assert_eq!(policies[0]["parameters"]["q"], refused["limit"]);
    assert_eq!(standing[0]["parameters"]["r"], refused["remaining"]);
    // What has to be waited for, not the full bucket: the same as in `Retry-After`.
    let t = seconds(&refused["retry_after_ms"]);
    assert_eq!(standing[0]["parameters"]["t"], t);
}

#[tokio::test]
async fn the_fields_of_several_checks_have_a_member_for_each() {
    let service = Service::start().await;
    let checks = json!([
        { "policy": "login", "key": "a", "cost": 2 },
        { "policy": "search", "key": "b" },
    ]);
    let answer = service
        .post("/api/ratelimit", &json!({ "checks": checks }))
        .await;
    let taken = answer.ok();
    let [policies, standing] = read(&answer);
    for (at, name) in ["login", "search"].iter().enumerate() {
        let check = &taken["checks"][at];
        assert_eq!(policies[at]["value"], *name);
        assert_eq!(standing[at]["value"], *name);
        assert_eq!(policies[at]["parameters"]["q"], check["limit"]);
        assert_eq!(standing[at]["parameters"]["r"], check["remaining"]);
        let t = seconds(&check["reset_after_ms"]);
        assert_eq!(standing[at]["parameters"]["t"], t);
    }
}

#[tokio::test]
async fn the_fields_of_a_sent_code_name_the_limits_that_it_counts_for() {
    let app = App::shared().await;
    let answer = app.request(&phone()).await;
    answer.ok();
    let [policies, standing] = read(&answer);
    let used = |at: usize| {
        assert_eq!(policies[at]["value"], standing[at]["value"]);
        let number = |of: &Value| of.as_u64().unwrap();
        number(&policies[at]["parameters"]["q"]) - number(&standing[at]["parameters"]["r"])
    };
    // One message for the phone, whatever the period, and no wrong guess.
    assert_eq!([used(0), used(1), used(2), used(3)], [1, 1, 1, 0]);
    // At least one request for the client, which the other tests are too.
    assert!(used(4) >= 1);
    let names: Vec<_> = standing
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["value"])
        .collect();
    assert_eq!(names, ["phone", "hour", "day", "failures", "client"]);
}
