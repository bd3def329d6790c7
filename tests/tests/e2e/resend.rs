//! Asking again while a code is alive.

use serde_json::json;
use tests::{App, Redis, Reply, Vars, Webhook, phone, wrong};

/// The keys of outstanding codes.
const CODES: &str = "otp:{*}:code:*";

#[tokio::test]
async fn same_sends_the_code_that_is_on_its_way() {
    let app = App::shared().await;
    let phone = phone();
    let first = app.sent_code(&phone).await;
    let second = app.sent_code(&phone).await;

    assert_eq!(first, second);
    app.verify(&phone, &first).await.ok();
}

#[tokio::test]
async fn same_leaves_the_guesses_as_they_were() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    app.verify(&phone, &wrong(&code, 0))
        .await
        .problem(400, "otp-mismatch");

    let answer = app.request(&phone).await.ok();

    assert_eq!(answer["attempts_remaining"], 2);
    let problem = app
        .verify(&phone, &wrong(&code, 1))
        .await
        .problem(400, "otp-mismatch");
    assert_eq!(problem["attempts_remaining"], 1);
}

#[tokio::test]
async fn same_leaves_the_expiry_as_it_was() {
    let app = App::own(Vars::new().with("otp_ttl_s", 6)).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    let life = |redis: &Redis| redis.run::<i64>(&format!("PTTL {}", redis.keys(CODES)[0]));
    app.redis()
        .until("a part of the life is over", |redis| life(redis) < 4900)
        .await;

    let again = app.request(&phone).await.ok();

    assert!(again["expires_in"].as_u64().unwrap() <= 5, "{again}");
    assert!(life(app.redis()) < 4900);
    app.redis().expired(CODES).await;
    app.verify(&phone, &code).await.problem(410, "otp-expired");
}

#[tokio::test]
async fn same_is_per_purpose() {
    let app = App::own(
        Vars::new()
            .with("otp_length", 10)
            .with("otp_test_numbers", ""),
    )
    .await;
    let phone = phone();
    let login = app.sent_code(&phone).await;
    let transfer = app
        .sent_code_with(&json!({ "phone": phone, "purpose": "transfer" }))
        .await;

    assert_ne!(login, transfer);
}

#[tokio::test]
async fn new_sends_another_code_and_the_old_one_is_dead() {
    let vars = Vars::new()
        .with("otp_resend", "new")
        .with("otp_length", 10)
        .with("otp_test_numbers", "");
    let app = App::own(vars).await;
    let phone = phone();
    let old = app.sent_code(&phone).await;
    app.verify(&phone, &wrong(&old, 0))
        .await
        .problem(400, "otp-mismatch");
    let new = app.sent_code(&phone).await;

    assert_ne!(old, new);
    let problem = app.verify(&phone, &old).await.problem(400, "otp-mismatch");
    assert_eq!(
        problem["attempts_remaining"], 2,
        "a new code has guesses of its own"
    );
    app.verify(&phone, &new).await.ok();
}

#[tokio::test]
async fn an_exhausted_code_is_replaced() {
    let app = App::own(
        Vars::new()
            .with("otp_length", 10)
            .with("otp_test_numbers", ""),
    )
    .await;
    let phone = phone();
    let old = app.sent_code(&phone).await;
    for n in 0..3 {
        app.verify(&phone, &wrong(&old, n)).await;
    }
    app.verify(&phone, &old)
        .await
        .problem(429, "otp-attempts-exhausted");

    let new = app.sent_code(&phone).await;

    assert_ne!(old, new);
    app.verify(&phone, &new).await.ok();
}

#[tokio::test]
async fn a_used_code_is_replaced() {
    let app = App::own(
        Vars::new()
            .with("otp_length", 10)
            .with("otp_test_numbers", ""),
    )
    .await;
    let phone = phone();
    let old = app.sent_code(&phone).await;
    app.verify(&phone, &old).await.ok();

    let new = app.sent_code(&phone).await;

    assert_ne!(old, new);
    app.verify(&phone, &new).await.ok();
}

/// Else whoever may not ask could take codes from others, one after the other.
#[tokio::test]
async fn a_client_that_is_refused_takes_no_code_from_anybody() {
    for resend in ["same", "new"] {
        let vars = Vars::new()
            .with("otp_resend", resend)
            .with("otp_requests_per_minute_per_client", 1)
            .with("trusted_proxy_hops", 1);
        let app = App::own(vars).await;
        let (owner, stranger) = (
            [("x-forwarded-for", "203.0.113.1")],
            [("x-forwarded-for", "203.0.113.2")],
        );
        let phone = phone();
        app.request_with(&stranger, &json!({ "phone": tests::phone() }))
            .await
            .ok();
        app.request_with(&owner, &json!({ "phone": phone }))
            .await
            .ok();

        for _ in 0..3 {
            app.request_with(&stranger, &json!({ "phone": phone }))
                .await
                .quota_exceeded(&["client"]);
        }

        let code = app
            .stdout()
            .find("the code", |_| app.delivered(&phone).pop())
            .await;
        app.verify(&phone, &code).await.ok();
    }
}

#[tokio::test]
async fn a_new_code_that_could_not_be_sent_leaves_the_old_one_as_it_was() {
    let webhook = Webhook::start().await;
    let vars = Vars::new().with("otp_resend", "new");
    let app = App::own(webhook.configure(vars)).await;
    let phone = phone();
    app.request(&phone).await.ok();
    let code = webhook.last().code();
    app.verify(&phone, &wrong(&code, 0))
        .await
        .problem(400, "otp-mismatch");
    webhook.reply([Reply::Status(400)]);

    app.request(&phone).await.problem(502, "delivery-failed");

    let problem = app.verify(&phone, &wrong(&code, 1)).await;
    let problem = problem.problem(400, "otp-mismatch");
    assert_eq!(problem["attempts_remaining"], 1, "two of three were made");
    app.verify(&phone, &code).await.ok();
}
