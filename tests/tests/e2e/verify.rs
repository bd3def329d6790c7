//! What a guess answers.

use serde_json::{Value, json};
use tests::{App, Vars, phone, wrong};

#[tokio::test]
async fn wrong_guesses_count_down_to_exhaustion() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;

    for (n, left) in [(0, 2), (1, 1)] {
        let problem = app
            .verify(&phone, &wrong(&code, n))
            .await
            .problem(400, "otp-mismatch");
        assert_eq!(problem["attempts_remaining"], left);
    }
    app.verify(&phone, &wrong(&code, 2))
        .await
        .problem(429, "otp-attempts-exhausted");
    app.verify(&phone, &wrong(&code, 3))
        .await
        .problem(429, "otp-attempts-exhausted");
    app.verify(&phone, &code)
        .await
        .problem(429, "otp-attempts-exhausted");
}

#[tokio::test]
async fn as_many_guesses_are_allowed_as_configured() {
    let app = App::own(Vars::new().with("otp_max_attempts", 1)).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;

    app.verify(&phone, &wrong(&code, 0))
        .await
        .problem(429, "otp-attempts-exhausted");
    app.verify(&phone, &code)
        .await
        .problem(429, "otp-attempts-exhausted");
}

#[tokio::test]
async fn the_last_guess_may_be_right() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    for n in 0..2 {
        app.verify(&phone, &wrong(&code, n))
            .await
            .problem(400, "otp-mismatch");
    }

    app.verify(&phone, &code).await.ok();
}

#[tokio::test]
async fn a_code_of_another_length_is_a_wrong_guess() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;

    app.verify(&phone, &code[..5])
        .await
        .problem(400, "otp-mismatch");
    app.verify(&phone, &format!("0{code}"))
        .await
        .problem(400, "otp-mismatch");
    app.verify(&phone, &code).await.ok();
}

/// Whoever guesses at a number learns nothing of it from the refusal.
#[tokio::test]
async fn never_sent_expired_and_used_are_not_told_apart() {
    let app = App::own(Vars::new().with("otp_ttl_s", 3)).await;
    let (never, expired, used) = (phone(), phone(), phone());
    let old = app.sent_code(&expired).await;
    let code = app.sent_code(&used).await;
    app.verify(&used, &code).await.ok();
    app.redis().expired("otp:{*}:code:*").await;

    let never = app.verify(&never, &code).await;
    let expired = app.verify(&expired, &old).await;
    let used = app.verify(&used, &code).await;

    for answer in [&never, &expired, &used] {
        answer.problem(410, "otp-expired");
        assert_eq!(answer.body, never.body);
        assert_eq!(
            answer.headers.keys().collect::<Vec<_>>(),
            never.headers.keys().collect::<Vec<_>>()
        );
    }
}

/// Used within its life, too.
#[tokio::test]
async fn used_and_never_sent_are_not_told_apart() {
    let app = App::shared().await;
    let used = phone();
    let code = app.sent_code(&used).await;
    app.verify(&used, &code).await.ok();

    let used = app.verify(&used, &code).await;
    let never = app.verify(&phone(), &code).await;

    used.problem(410, "otp-expired");
    assert_eq!((used.status, used.body), (never.status, never.body));
}

#[tokio::test]
async fn what_cannot_be_a_code_names_the_field_and_costs_no_guess() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    let no_codes: [Value; 14] = [
        json!(""),
        json!("   "),
        json!("-"),
        json!("123"),
        json!("12345678901"),
        json!("12345a"),
        json!("0x1234"),
        json!("+12345"),
        json!("１２３４５６"),
        json!("١٢٣٤٥٦"),
        json!("123.456"),
        json!(123456),
        json!(null),
        json!(["123456"]),
    ];
    for no_code in no_codes {
        let ask = json!({ "phone": phone, "otp_code": no_code });
        let problem = app.verify_with(&ask).await.problem(400, "invalid-request");
        assert_eq!(problem["field"], "otp_code", "{ask}");
    }

    for n in 0..2 {
        app.verify(&phone, &wrong(&code, n))
            .await
            .problem(400, "otp-mismatch");
    }
    app.verify(&phone, &code).await.ok();
}
