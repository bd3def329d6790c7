//! What a request for a code answers.

use serde_json::json;
use tests::{App, Vars, phone, wrong};

#[tokio::test]
async fn the_answer_says_how_long_and_how_often() {
    let app = App::shared().await;
    let answer = app.request(&phone()).await;
    let body = answer.ok();

    assert_eq!(body["status"], "sent");
    assert!(
        matches!(body["expires_in"].as_u64(), Some(299..=300)),
        "{body}"
    );
    assert!(
        matches!(body["resend_after"].as_u64(), Some(0..=60)),
        "{body}"
    );
    assert_eq!(body["attempts_remaining"], 3);
    assert_eq!(body.as_object().unwrap().len(), 4, "{body}");
    assert!(answer.header("ratelimit-policy").is_some());
    assert!(answer.header("ratelimit").is_some());
}

#[tokio::test]
async fn the_answer_follows_the_configuration() {
    let vars = Vars::new()
        .with("otp_ttl_s", 600)
        .with("otp_max_attempts", 5);
    let app = App::own(vars).await;
    let body = app.request(&phone()).await.ok();

    assert!(
        matches!(body["expires_in"].as_u64(), Some(599..=600)),
        "{body}"
    );
    assert_eq!(body["attempts_remaining"], 5);
}

#[tokio::test]
async fn numbers_of_7_to_15_digits_are_phones() {
    let app = App::shared().await;
    let (short, long) = (
        1_000_000..10_000_000,
        100_000_000_000_000..1_000_000_000_000_000_u64,
    );
    for phone in [
        format!("+{}", rand::random_range(short)),
        format!("+{}", rand::random_range(long)),
    ] {
        let code = app.sent_code(&phone).await;
        app.verify(&phone, &code).await.ok();
    }
}

#[tokio::test]
async fn only_allowed_prefixes_receive_codes() {
    let vars = Vars::new()
        .with("otp_allowed_prefixes", "+7,+1")
        .with("otp_test_numbers", "");
    let app = App::own(vars).await;

    app.request("+77011234567").await.ok();
    app.request("+12025550123").await.ok();
    for phone in ["+447400123456", "+8613800138000", "+27211234567"] {
        app.request(phone).await.problem(403, "phone-not-allowed");
    }
    app.settle().await;
    assert!(app.delivered("+447400123456").is_empty());
}

#[tokio::test]
async fn a_purpose_is_short_and_plain() {
    let app = App::shared().await;
    let longest = "a-b_9".repeat(7)[..32].to_owned();
    for purpose in ["x", "0", "password-reset", "two_factor", &longest] {
        let phone = phone();
        let code = app
            .sent_code_with(&json!({ "phone": phone, "purpose": purpose }))
            .await;
        let ask = json!({ "phone": phone, "otp_code": code, "purpose": purpose });
        app.verify_with(&ask).await.ok();
    }
}

/// A stranger learns nothing about a number: not whether it ever signed in.
#[tokio::test]
async fn a_known_number_answers_as_an_unknown_one() {
    let app = App::shared().await;
    let (known, unknown) = (phone(), phone());
    let code = app.sent_code(&known).await;
    app.verify(&known, &code).await.ok();
    app.verify(&unknown, &wrong("123456", 0))
        .await
        .problem(410, "otp-expired");

    let (known, unknown) = (
        app.request(&known).await.ok(),
        app.request(&unknown).await.ok(),
    );

    assert_eq!(known["attempts_remaining"], unknown["attempts_remaining"]);
    assert_eq!(known["status"], unknown["status"]);
    assert_eq!(
        known.as_object().unwrap().keys().collect::<Vec<_>>(),
        unknown.as_object().unwrap().keys().collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn json_may_be_written_as_json_may_be() {
    let app = App::shared().await;
    let phone = phone();
    let body = format!("{{ \"\\u0070hone\" :\t\"\\u002b{}\"\r\n}}", &phone[1..]);

    app.post_text(App::ENDPOINTS[0], &[], &body).await.ok();

    app.settle().await;
    assert_eq!(app.delivered(&phone).len(), 1);
}
