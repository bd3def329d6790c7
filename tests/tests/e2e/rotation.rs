//! Changing secrets under a running shop: nobody who is signing in notices.

use tests::{App, Redis, Vars, hex_key, phone, wrong};

/// The variables before, while and after `variable` goes from one value to another.
fn rotate(variable: &'static str, vars: &Vars) -> [Vars; 3] {
    let (old, new) = (vars.get(variable).to_owned(), hex_key());
    [
        vars.clone(),
        vars.clone().with(variable, format!("{new},{old}")),
        vars.clone().with(variable, new),
    ]
}

#[tokio::test]
async fn a_code_of_the_old_secret_still_verifies() {
    let redis = Redis::start().await;
    let [before, during, _] = rotate("otp_secret", &Vars::new());
    let phone = phone();
    let code = App::start(&redis, &before).await.sent_code(&phone).await;

    let app = App::start(&redis, &during).await;

    let problem = app
        .verify(&phone, &wrong(&code, 0))
        .await
        .problem(400, "otp-mismatch");
    assert_eq!(problem["attempts_remaining"], 2);
    app.verify(&phone, &code).await.ok();
    app.verify(&phone, &code).await.problem(410, "otp-expired");
}

#[tokio::test]
async fn a_code_made_during_the_rotation_outlives_the_old_secret() {
    let redis = Redis::start().await;
    let [_, during, after] = rotate("otp_secret", &Vars::new());
    let phone = phone();
    let code = App::start(&redis, &during).await.sent_code(&phone).await;

    App::start(&redis, &after)
        .await
        .verify(&phone, &code)
        .await
        .ok();
}

/// Two instances of different age answer the same phone while a rotation is rolled out.
#[tokio::test]
async fn a_code_is_good_once_however_many_secrets_know_it() {
    let redis = Redis::start().await;
    let [before, during, _] = rotate("otp_secret", &Vars::new());
    let (old, new) = (
        App::start(&redis, &before).await,
        App::start(&redis, &during).await,
    );
    let phone = phone();
    let code = old.sent_code(&phone).await;

    new.verify(&phone, &code).await.ok();

    new.verify(&phone, &code).await.problem(410, "otp-expired");
    old.verify(&phone, &code).await.problem(410, "otp-expired");
}

#[tokio::test]
async fn after_the_rotation_the_old_secret_is_worth_nothing() {
    let redis = Redis::start().await;
    let [before, _, after] = rotate("otp_secret", &Vars::new());
    let phone = phone();
    let code = App::start(&redis, &before).await.sent_code(&phone).await;

    App::start(&redis, &after)
        .await
        .verify(&phone, &code)
        .await
        .problem(410, "otp-expired");
}

#[tokio::test]
async fn a_phones_limit_outlives_the_rotation() {
    let redis = Redis::start().await;
    let [before, during, _] = rotate(
        "otp_secret",
        &Vars::new().with("otp_requests_per_minute", 3),
    );
    let phone = phone();
    let app = App::start(&redis, &before).await;
    for _ in 0..2 {
        app.request(&phone).await.ok();
    }

    let app = App::start(&redis, &during).await;

    app.request(&phone).await.ok();
    app.request(&phone).await.quota_exceeded(&["phone"]);
}

#[tokio::test]
async fn a_phones_failures_outlive_the_rotation() {
    let redis = Redis::start().await;
    let [before, during, _] = rotate(
        "otp_secret",
        &Vars::new().with("otp_max_failures_per_day", 2),
    );
    let phone = phone();
    let app = App::start(&redis, &before).await;
    let code = app.sent_code(&phone).await;
    for n in 0..2 {
        app.verify(&phone, &wrong(&code, n))
            .await
            .problem(400, "otp-mismatch");
    }

    let app = App::start(&redis, &during).await;

    app.verify(&phone, &code)
        .await
        .quota_exceeded(&["failures"]);
    app.request(&phone).await.quota_exceeded(&["failures"]);
}
