//! The budget of wrong guesses for a phone, which outlives codes.

use tests::{App, Vars, phone, wrong};

/// Uses up a budget of four: three guesses at one code, one at the next. Returns that code.
async fn fail_four_times(app: &App, phone: &str) -> String {
    let code = app.sent_code(phone).await;
    for n in 0..3 {
        assert_ne!(app.verify(phone, &wrong(&code, n)).await.status, 200);
    }
    let code = app.sent_code(phone).await;
    app.verify(phone, &wrong(&code, 0))
        .await
        .problem(400, "otp-mismatch");
    code
}

#[tokio::test]
async fn spent_it_refuses_guesses_and_codes() {
    let app = App::own(Vars::new().with("otp_max_failures_per_day", 4)).await;
    let phone = phone();
    let code = fail_four_times(&app, &phone).await;

    let verify = app.verify(&phone, &code).await;
    let request = app.request(&phone).await;

    for answer in [&verify, &request] {
        answer.quota_exceeded(&["failures"]);
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((86_000..=86_400).contains(&wait), "{answer:?}");
    }
    app.settle().await;
    assert_eq!(app.delivered(&phone).len(), 2);
}

#[tokio::test]
async fn it_is_one_for_all_purposes() {
    let app = App::own(Vars::new().with("otp_max_failures_per_day", 4)).await;
    let phone = phone();
    fail_four_times(&app, &phone).await;

    let ask = serde_json::json!({ "phone": phone, "purpose": "transfer" });

    app.request_with(&[], &ask)
        .await
        .quota_exceeded(&["failures"]);
}

#[tokio::test]
async fn it_is_each_phones_own() {
    let app = App::own(Vars::new().with("otp_max_failures_per_day", 4)).await;
    fail_four_times(&app, &phone()).await;
    let other = phone();

    let code = app.sent_code(&other).await;

    app.verify(&other, &code).await.ok();
}

#[tokio::test]
async fn it_outlives_the_codes() {
    let vars = Vars::new()
        .with("otp_max_failures_per_day", 2)
        .with("otp_ttl_s", 3);
    let app = App::own(vars).await;
    let phone = phone();
    for _ in 0..2 {
        let code = app.sent_code(&phone).await;
        app.verify(&phone, &wrong(&code, 0))
            .await
            .problem(400, "otp-mismatch");
        app.redis().expired("otp:{*}:code:*").await;
    }

    app.request(&phone).await.quota_exceeded(&["failures"]);
}

#[tokio::test]
async fn a_success_makes_it_whole_again() {
    let app = App::own(Vars::new().with("otp_max_failures_per_day", 3)).await;
    let phone = phone();
    for _ in 0..3 {
        let code = app.sent_code(&phone).await;
        for n in 0..2 {
            app.verify(&phone, &wrong(&code, n))
                .await
                .problem(400, "otp-mismatch");
        }
        app.verify(&phone, &code).await.ok();
    }
}

/// Guesses at nothing tell nothing: there is no code that they could have hit.
#[tokio::test]
async fn only_guesses_at_a_live_code_count() {
    let app = App::own(Vars::new().with("otp_max_failures_per_day", 3)).await;
    let phone = phone();
    for _ in 0..5 {
        app.verify(&phone, "123456")
            .await
            .problem(410, "otp-expired");
    }

    let code = app.sent_code(&phone).await;

    app.verify(&phone, &code).await.ok();
}
