//! Changing secrets under a running shop: nobody who is signing in notices.

use std::time::Duration;

use tests::{App, Delivery, Redis, Reply, Vars, Webhook, hex_key, phone, wrong};

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

/// A new code takes the place of one that the old secret made.
#[tokio::test]
async fn a_phone_has_one_code_however_many_secrets_there_are() {
    for resend in ["same", "new"] {
        let redis = Redis::start().await;
        let webhook = Webhook::start().await;
        let vars = Vars::new()
            .with("otp_length", 10)
            .with("otp_resend", resend);
        let [before, during, _] = rotate("otp_secret", &webhook.configure(vars));
        let phone = phone();
        App::start(&redis, &before).await.request(&phone).await.ok();
        let old = webhook.last().code();
        let app = App::start(&redis, &during).await;

        // Only when it is handed over.
        webhook.reply([Reply::Status(400)]);
        app.request(&phone).await.problem(502, "delivery-failed");
        let problem = app.verify(&phone, &wrong(&old, 0)).await;
        problem.problem(400, "otp-mismatch");
        app.request(&phone).await.ok();

        let new = webhook.last().code();
        assert_ne!(old, new);
        app.verify(&phone, &old).await.problem(400, "otp-mismatch");
        app.verify(&phone, &new).await.ok();
        app.verify(&phone, &old).await.problem(410, "otp-expired");
    }
}

/// An instance that knows only the old secret hands a message over, after another code has taken the
/// place of the one that it replaces.
#[tokio::test]
async fn a_code_of_the_old_secret_does_not_come_alive_beside_a_new_one() {
    let redis = Redis::start().await;
    let webhook = Webhook::start().await;
    let vars = Vars::new().with("otp_length", 10).with("otp_resend", "new");
    let [before, during, _] = rotate("otp_secret", &webhook.configure(vars));
    let (old, new) = (
        App::start(&redis, &before).await,
        App::start(&redis, &during).await,
    );
    let phone = phone();
    old.request(&phone).await.ok();
    webhook.reply([Reply::After(Duration::from_secs(2))]);

    let (late, ()) = tokio::join!(old.request(&phone), async {
        webhook.received(2).await;
        new.request(&phone).await.ok();
    });

    late.ok();
    let codes: Vec<_> = webhook.deliveries().iter().map(Delivery::code).collect();
    old.verify(&phone, &codes[1])
        .await
        .problem(410, "otp-expired");
    new.verify(&phone, &codes[2]).await.ok();
}

/// What was counted under the old secret counts for the codes of the old secret: while there are two,
/// a phone has at most two budgets.
#[tokio::test]
async fn a_rotation_doubles_a_phones_limits_at_most() {
    let redis = Redis::start().await;
    let vars = Vars::new().with("otp_requests_per_minute", 3);
    let [before, during, _] = rotate("otp_secret", &vars);
    let phone = phone();
    let app = App::start(&redis, &before).await;
    for _ in 0..3 {
        app.request(&phone).await.ok();
    }
    app.request(&phone).await.quota_exceeded(&["phone"]);

    let app = App::start(&redis, &during).await;

    for _ in 0..3 {
        app.request(&phone).await.ok();
    }
    app.request(&phone).await.quota_exceeded(&["phone"]);
}

#[tokio::test]
async fn a_code_of_the_old_secret_has_the_old_secrets_failures() {
    let redis = Redis::start().await;
    let vars = Vars::new()
        .with("otp_max_failures_per_day", 2)
        .with("otp_max_attempts", 10);
    let [before, during, _] = rotate("otp_secret", &vars);
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
    let code = app.sent_code(&phone).await;
    for n in 0..2 {
        app.verify(&phone, &wrong(&code, n))
            .await
            .problem(400, "otp-mismatch");
    }
    app.verify(&phone, &code)
        .await
        .quota_exceeded(&["failures"]);
}

#[tokio::test]
async fn a_success_leaves_no_code_under_either_secret() {
    let redis = Redis::start().await;
    let [before, during, _] = rotate("otp_secret", &Vars::new());
    let (old, new) = (
        App::start(&redis, &before).await,
        App::start(&redis, &during).await,
    );
    let phone = phone();
    let code = new.sent_code(&phone).await;
    // An instance that does not know the new secret yet.
    let other = old.sent_code(&phone).await;

    new.verify(&phone, &code).await.ok();

    for app in [&new, &old] {
        app.verify(&phone, &other).await.problem(410, "otp-expired");
    }
}
