//! Who reads along learns nothing to sign in with: not in Redis, not on the way there, not in the
//! logs.

use serde_json::json;
use sha2::{Digest, Sha256};
use tests::{App, Redis, Vars, masked, phone, wrong};

/// All that must not be read: codes are long enough here not to turn up by chance.
struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        Self(
            secrets
                .into_iter()
                .map(|secret| secret.as_bytes().to_vec())
                .collect(),
        )
    }

    /// And their plain digests, which a phone book or ten billion tries turn back.
    fn with_digests(mut self) -> Self {
        for secret in self.0.clone() {
            let digest = Sha256::digest(&secret).to_vec();
            self.0.push(
                digest
                    .iter()
                    .flat_map(|byte| format!("{byte:02x}").into_bytes())
                    .collect(),
            );
            self.0.push(digest);
        }
        self
    }

    fn assert_absent(&self, place: &str, bytes: &[u8]) {
        for secret in &self.0 {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(
                !found,
                "{:?} is in {place}",
                String::from_utf8_lossy(secret)
            );
        }
    }
}

/// Everything that can happen to a phone's codes. Returns the codes.
async fn a_busy_day(app: &App, phone: &str) -> Vec<String> {
    let mut codes = vec![app.sent_code(phone).await, app.sent_code(phone).await];
    let guess = wrong(&codes[0], 0);
    app.verify(phone, &guess).await.problem(400, "otp-mismatch");
    app.verify(phone, &codes[0]).await.ok();
    app.verify(phone, &codes[0])
        .await
        .problem(410, "otp-expired");

    let key = [("idempotency-key", "\"one\"")];
    app.request_with(&key, &json!({ "phone": phone, "purpose": "transfer" }))
        .await
        .ok();
    codes.push(
        app.sent_code_with(&json!({ "phone": phone, "purpose": "transfer" }))
            .await,
    );

    let last = app.sent_code(phone).await;
    for n in 0..4 {
        app.verify(phone, &wrong(&last, n)).await;
    }
    for _ in 0..10 {
        app.request(phone).await;
    }
    codes.extend([guess, last]);
    codes
}

#[tokio::test]
async fn redis_and_its_monitor_show_no_secret() {
    let redis = Redis::start().await;
    let vars = Vars::new()
        .with("otp_length", 10)
        .with("otp_test_numbers", "");
    let app = App::start(&redis, &vars).await;
    let phone = phone();

    let monitor = redis.monitor().await;
    let mut codes = a_busy_day(&app, &phone).await;
    // One that is outstanding while Redis is looked at.
    codes.push(app.sent_code(&tests::phone()).await);
    let recording = monitor.finish(&redis).await;

    let keys = ["otp_secret", "service_token", "token_key"].map(|name| vars.get(name));
    let secrets = codes
        .iter()
        .map(String::as_str)
        .chain(keys)
        .chain([&phone[1..], &phone]);
    let secrets = Secrets::of(secrets).with_digests();
    assert!(
        recording.contains("otp:{"),
        "nothing was recorded: {recording}"
    );
    secrets.assert_absent("the recording", recording.as_bytes());
    for (key, value) in redis.dump() {
        secrets.assert_absent("a key", key.as_bytes());
        secrets.assert_absent(&key, &value);
    }
    redis.assert_every_key_expires();
}

#[tokio::test]
async fn the_log_masks_phones_and_holds_no_code() {
    let vars = Vars::new()
        .with("otp_length", 10)
        .with("otp_test_numbers", "")
        .with("otp_max_failures_per_day", 3);
    let app = App::own(vars).await;
    let phone = phone();
    let codes = a_busy_day(&app, &phone).await;
    app.request(&phone).await.quota_exceeded(&["failures"]);

    // What is logged for this phone comes after all of the other's.
    let last = tests::phone();
    let code = app.sent_code(&last).await;
    for n in 0..3 {
        app.verify(&last, &wrong(&code, n)).await;
    }
    let log = app
        .stderr()
        .find("the last phone, masked", |lines| {
            let found = lines.iter().any(|line| line.contains(&masked(&last)));
            found.then(|| lines.join("\n"))
        })
        .await;

    assert!(log.contains(&masked(&phone)), "{log}");
    let secrets = codes.iter().map(String::as_str).chain([&phone[1..]]);
    Secrets::of(secrets).assert_absent("the log", log.as_bytes());
}

#[tokio::test]
async fn no_problem_repeats_what_it_was_told() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    let secrets = Secrets::of([code.as_str(), &phone[1..]]);

    for n in 0..4 {
        let answer = app.verify(&phone, &wrong(&code, n)).await;
        secrets.assert_absent("a refusal", &answer.body);
    }
    for _ in 0..10 {
        let answer = app.request(&phone).await;
        secrets.assert_absent("an answer", &answer.body);
    }
    let ask = json!({ "phone": phone, "otp_code": code, "purpose": "NO" });
    secrets.assert_absent("a refusal", &app.verify_with(&ask).await.body);
}
