//! `otp_test_numbers`: phones for reviewers and robots.

use tests::{App, Vars, Webhook, phone, wrong};

#[tokio::test]
async fn a_test_number_has_its_fixed_code_and_is_sent_nothing() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    for (phone, code) in Vars::TEST_NUMBERS {
        app.request(phone).await.ok();
        app.verify(phone, code).await.ok();
    }

    app.request(&phone()).await.ok();

    assert_eq!(
        webhook.deliveries().len(),
        1,
        "only the last was to be delivered"
    );
}

#[tokio::test]
async fn a_test_numbers_code_is_not_written_to_stdout() {
    let app = App::shared().await;
    let (phone, code) = Vars::TEST_NUMBERS[1];
    app.request(phone).await.ok();
    app.verify(phone, code).await.ok();

    app.settle().await;

    assert!(app.delivered(phone).is_empty());
}

#[tokio::test]
async fn a_test_numbers_code_is_none_before_it_was_asked_for() {
    let app = App::own(Vars::new()).await;
    let (phone, code) = Vars::TEST_NUMBERS[0];

    app.verify(phone, code).await.problem(410, "otp-expired");
}

#[tokio::test]
async fn every_limit_counts_for_a_test_number() {
    let vars = Vars::new()
        .with("otp_requests_per_minute", 2)
        .with("otp_max_failures_per_day", 4);
    let app = App::own(vars).await;
    let (phone, code) = Vars::TEST_NUMBERS[0];
    app.request(phone).await.ok();
    for n in 0..2 {
        app.verify(phone, &wrong(code, n))
            .await
            .problem(400, "otp-mismatch");
    }
    app.verify(phone, &wrong(code, 2))
        .await
        .problem(429, "otp-attempts-exhausted");
    app.verify(phone, code)
        .await
        .problem(429, "otp-attempts-exhausted");
    app.request(phone).await.ok();
    app.request(phone).await.quota_exceeded(&["phone"]);
    app.verify(phone, &wrong(code, 3))
        .await
        .problem(400, "otp-mismatch");
    app.verify(phone, code).await.quota_exceeded(&["failures"]);
}
