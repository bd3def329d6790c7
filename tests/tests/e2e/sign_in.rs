//! From a phone number to a proof that its owner is there.

use serde_json::json;
use tests::{App, Vars, phone};

#[tokio::test]
async fn a_code_signs_in_once() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;

    let answer = app.verify(&phone, &code).await.ok();

    assert_eq!(answer["verified"], true);
    assert_eq!(answer["expires_in"], 900);
    assert!(answer["token"].is_string());
    assert_eq!(answer.as_object().unwrap().len(), 3, "{answer}");
    app.verify(&phone, &code).await.problem(410, "otp-expired");
}

#[tokio::test]
async fn a_phone_may_hold_spaces_dashes_and_parentheses() {
    let app = App::shared().await;
    let phone = phone();
    let (area, rest) = (&phone[2..5], &phone[5..]);

    for (asked, tried) in [
        (format!("+7 {area} {rest}"), format!("+7({area}){rest}")),
        (format!("+7-{area}-{rest}"), phone.clone()),
        (
            format!(" {phone} "),
            format!("+7 ({area}) {}-{}", &rest[..3], &rest[3..]),
        ),
    ] {
        let code = app.sent_code_with(&json!({ "phone": asked })).await;
        app.verify(&tried, &code).await.ok();
    }
}

#[tokio::test]
async fn a_code_may_hold_spaces_or_a_dash() {
    let app = App::shared().await;
    let phone = phone();
    for write in [
        |code: &str| format!("{}-{}", &code[..3], &code[3..]),
        |code: &str| format!("{} {}", &code[..3], &code[3..]),
        |code: &str| format!(" {code} "),
        |code: &str| code.chars().flat_map(|digit| [digit, ' ']).collect(),
    ] {
        let code = app.sent_code(&phone).await;
        app.verify(&phone, &write(&code)).await.ok();
    }
}

#[tokio::test]
async fn a_code_of_one_purpose_is_none_of_another() {
    let app = App::shared().await;
    let phone = phone();
    let transfer = app
        .sent_code_with(&json!({ "phone": phone, "purpose": "transfer" }))
        .await;
    let ask = |purpose: &str| json!({ "phone": phone, "otp_code": transfer, "purpose": purpose });

    app.verify(&phone, &transfer)
        .await
        .problem(410, "otp-expired");
    app.verify_with(&ask("other"))
        .await
        .problem(410, "otp-expired");
    app.verify_with(&ask("transfer")).await.ok();
}

#[tokio::test]
async fn login_is_the_purpose_that_goes_without_saying() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;

    let ask = json!({ "phone": phone, "otp_code": code, "purpose": "login" });

    app.verify_with(&ask).await.ok();
}

#[tokio::test]
async fn codes_of_two_purposes_live_side_by_side() {
    let app = App::shared().await;
    let phone = phone();
    let login = app.sent_code(&phone).await;
    let transfer = app
        .sent_code_with(&json!({ "phone": phone, "purpose": "transfer" }))
        .await;

    let ask = json!({ "phone": phone, "otp_code": transfer, "purpose": "transfer" });

    app.verify_with(&ask).await.ok();
    app.verify(&phone, &login).await.ok();
}

#[tokio::test]
async fn a_code_is_none_for_another_phone() {
    let app = App::shared().await;
    let (one, other) = (phone(), phone());
    let code = app.sent_code(&one).await;
    let others = app.sent_code(&other).await;

    if code != others {
        app.verify(&other, &code).await.problem(400, "otp-mismatch");
    }
    app.verify(&one, &code).await.ok();
}

#[tokio::test]
async fn codes_have_the_length_that_is_configured() {
    for length in 4..=10 {
        let app = App::own(
            Vars::new()
                .with("otp_length", length)
                .with("otp_test_numbers", ""),
        )
        .await;
        let phone = phone();
        let code = app.sent_code(&phone).await;

        assert_eq!(code.len(), length, "{code}");
        assert!(code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
        app.verify(&phone, &code).await.ok();
    }
}

/// Ten digits each appear somewhere in twenty codes of ten digits but for one chance in 10^8.
#[tokio::test]
async fn codes_use_every_digit_and_differ() {
    let app = App::own(
        Vars::new()
            .with("otp_length", 10)
            .with("otp_test_numbers", ""),
    )
    .await;
    let mut codes = Vec::new();
    for _ in 0..20 {
        codes.push(app.sent_code(&phone()).await);
    }

    for digit in '0'..='9' {
        assert!(
            codes.iter().any(|code| code.contains(digit)),
            "no {digit} in {codes:?}"
        );
    }
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 20);
}
