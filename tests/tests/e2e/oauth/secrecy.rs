//! Who reads along learns nothing to end a flow with: not in Redis, not on the way there, not in
//! the logs, and not in a refusal.

use serde_json::{Value, json};
use tests::{App, Redis, Vars};

use super::flow::{Callback, Flow};

/// Flows of every binding that end in every way. Returns all that nobody else may learn.
async fn a_busy_day(app: &App) -> Vec<String> {
    let mut secrets = vec![app.service_token().to_owned()];
    for binding in ["cookie", "token"] {
        for end in [
            ends_well,
            comes_from_a_stranger,
            comes_from_another_issuer,
            stays_open,
        ] {
            let fields = json!({ "binding": binding, "issuer": "https://accounts.example" });
            let flow = Flow::begin_with(app, fields).await;
            secrets.push(flow.state().to_owned());
            secrets.push(flow.issued("nonce").to_owned());
            let callback = flow.callback();
            let cookie = callback
                .cookie
                .as_deref()
                .and_then(|cookie| cookie.split_once('='));
            let bound_by = cookie.map(|(_, secret)| secret.to_owned());
            secrets.push(bound_by.or(callback.binding_token.clone()).unwrap());
            if let Some(callback) = end(callback) {
                let answer = callback.consume(app).await;
                let verifier = &answer.json()["code_verifier"];
                secrets.extend(verifier.as_str().map(str::to_owned));
            }
        }
    }
    secrets
}

fn ends_well(callback: Callback) -> Option<Callback> {
    Some(callback)
}

fn comes_from_a_stranger(callback: Callback) -> Option<Callback> {
    Some(Callback {
        cookie: None,
        binding_token: None,
        ..callback
    })
}

fn comes_from_another_issuer(callback: Callback) -> Option<Callback> {
    Some(Callback {
        issuer: Some("https://attacker.example".to_owned()),
        ..callback
    })
}

fn stays_open(_: Callback) -> Option<Callback> {
    None
}

fn assert_absent(secrets: &[String], place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is in {place}: {text}");
    }
}

#[tokio::test]
async fn redis_and_its_monitor_show_no_secret() {
    let redis = Redis::start().await;
    let app = App::start(&redis, &Vars::new()).await;

    let monitor = redis.monitor().await;
    let secrets = a_busy_day(&app).await;
    let recording = monitor.finish(&redis).await;

    assert!(secrets.len() > 24, "{secrets:?}");
    assert!(recording.contains("oauth:state:"), "nothing was recorded");
    assert_absent(&secrets, "the recording", recording.as_bytes());
    for (key, value) in redis.dump() {
        assert_absent(&secrets, "a key", key.as_bytes());
        assert_absent(&secrets, &key, &value);
    }
    redis.assert_every_key_expires();
}

/// An operator learns what happened, in which flow, and nothing to end it with.
#[tokio::test]
async fn each_refusal_is_logged_and_shows_no_secret() {
    let app = App::own(Vars::new()).await;
    let mut secrets = a_busy_day(&app).await;
    let flow = Flow::begin(&app).await;
    flow.consume(&app).await.ok();
    flow.assert_burnt(&app).await;
    secrets.push(flow.state().to_owned());

    let (name, _) = flow.cookie().split_once('=').unwrap();
    let id = name.strip_prefix("__Host-oauth-").unwrap();
    let log = app
        .stderr()
        .find("the replay", |lines| {
            let last =
                json!({ "event": "oauth.state-refused", "code": "state-replayed", "flow": id });
            let events: Vec<Value> = lines.iter().filter_map(|line| event(line)).collect();
            events.contains(&last).then(|| lines.join("\n"))
        })
        .await;

    for code in ["state-binding-mismatch", "state-issuer-mismatch"] {
        assert_eq!(log.matches(code).count(), 2, "{code}: {log}");
    }
    assert_absent(&secrets, "the log", log.as_bytes());
}

/// A host may put its own words before a component's line.
fn event(line: &str) -> Option<Value> {
    serde_json::from_str(&line[line.find('{')?..]).ok()
}

#[tokio::test]
async fn a_refusal_shows_no_secret() {
    let app = App::shared().await;
    for spoil in [comes_from_a_stranger, comes_from_another_issuer] {
        let fields = json!({ "issuer": "https://accounts.example", "context": "of-the-caller" });
        let flow = Flow::begin_with(&app, fields).await;
        let secrets = [
            flow.state(),
            flow.issued("nonce"),
            "of-the-caller",
            "accounts.example",
        ];
        let secrets = secrets.map(str::to_owned);

        let answer = spoil(flow.callback()).unwrap().consume(&app).await;

        assert_eq!(answer.status, 403, "{answer:?}");
        assert_absent(&secrets, "a refusal", &answer.body);
        let replay = flow.consume(&app).await;
        assert_absent(&secrets, "a replay's refusal", &replay.body);
    }
}
