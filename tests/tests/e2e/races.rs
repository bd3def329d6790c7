//! Requests that really run at once: the promises are exact all the same.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tests::{Answer, App, Vars, phone, wrong};

/// An app that is patient with its Redis: a machine with little to spare serves a thousand
/// requests at once slowly, and that is not what these tests are about.
async fn patient_app() -> App {
    App::own(Vars::new().with("redis_timeout_ms", 20_000)).await
}

/// How many answers there were of each kind.
fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally
            .entry(answer.code().unwrap_or_else(|| answer.status.to_string()))
            .or_default() += 1;
    }
    tally
}

fn expected<const N: usize>(kinds: [(&str, usize); N]) -> BTreeMap<String, usize> {
    kinds.map(|(kind, count)| (kind.to_owned(), count)).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_wrong_guesses_are_three() {
    let app = patient_app().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    let guesses: Vec<String> = (0..1000_u32).map(|n| wrong(&code, (n % 9) as u8)).collect();

    let answers = join_all(guesses.iter().map(|guess| app.verify(&phone, guess))).await;

    assert_eq!(
        tally(&answers),
        expected([("otp-attempts-exhausted", 998), ("otp-mismatch", 2)])
    );
    let mut left: Vec<_> = answers
        .iter()
        .filter_map(|answer| answer.json()["attempts_remaining"].as_u64())
        .collect();
    left.retain(|left| *left > 0);
    left.sort_unstable();
    assert_eq!(left, [1, 2]);
    app.verify(&phone, &code)
        .await
        .problem(429, "otp-attempts-exhausted");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_right_guesses_are_one_success() {
    let app = patient_app().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;

    let answers = join_all((0..200).map(|_| app.verify(&phone, &code))).await;

    assert_eq!(
        tally(&answers),
        expected([("200", 1), ("otp-expired", 199)])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_for_one_phone_are_ten_codes() {
    let app = patient_app().await;
    let phone = phone();

    let answers = join_all((0..100).map(|_| app.request(&phone))).await;

    assert_eq!(
        tally(&answers),
        expected([("200", 10), ("quota-exceeded", 90)])
    );
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.quota_exceeded(&["phone"]);
    }
    app.settle().await;
    let codes = app.delivered(&phone);
    assert_eq!(codes.len(), 10);
    assert!(
        codes.iter().all(|code| *code == codes[0]),
        "one code, sent ten times: {codes:?}"
    );
    app.verify(&phone, &codes[0]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_of_one_client_are_as_many_as_it_may() {
    let vars = Vars::new()
        .with("redis_timeout_ms", 20_000)
        .with("otp_requests_per_minute_per_client", 30);
    let app = App::own(vars).await;
    let phones: Vec<String> = (0..100).map(|_| phone()).collect();

    let answers = join_all(phones.iter().map(|phone| app.request(phone))).await;

    assert_eq!(
        tally(&answers),
        expected([("200", 30), ("quota-exceeded", 70)])
    );
}

/// The budget ends before the guesses at the one code do.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_failures_is_exact() {
    let vars = Vars::new()
        .with("redis_timeout_ms", 20_000)
        .with("otp_max_attempts", 10)
        .with("otp_max_failures_per_day", 5);
    let app = App::own(vars).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;

    let guesses: Vec<String> = (0..50).map(|n| wrong(&code, n)).collect();
    let answers = join_all(guesses.iter().map(|guess| app.verify(&phone, guess))).await;

    assert_eq!(
        tally(&answers),
        expected([("otp-mismatch", 5), ("quota-exceeded", 45)])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_idempotency_key_sends_one_code() {
    let app = patient_app().await;
    let phone = phone();
    let ask = serde_json::json!({ "phone": phone });
    let key = [("idempotency-key", "\"once\"")];

    let answers = join_all((0..50).map(|_| app.request_with(&key, &ask))).await;

    let kinds = tally(&answers);
    let known = ["200", "request-in-flight"];
    assert!(
        kinds.keys().all(|kind| known.contains(&kind.as_str())),
        "{kinds:?}"
    );
    assert!(kinds["200"] >= 1, "{kinds:?}");
    app.settle().await;
    assert_eq!(app.delivered(&phone).len(), 1);
}
