//! The log says that something has become so, once, and not for each request that meets it.

use tests::{App, Vars, phone, wrong};

/// How often the app has logged `event`. What was logged before this call is among it.
async fn logged(app: &App, event: &str) -> usize {
    // An event of another phone's comes after all that came before it on the same stream.
    let marker = phone();
    let code = app.sent_code(&marker).await;
    for n in 0..5 {
        app.verify(&marker, &wrong(&code, n)).await;
    }
    let last = tests::masked(&marker);
    app.stderr()
        .find("the marker", |lines| {
            let mut lines = lines.iter();
            lines.any(|line| line.contains(&last)).then_some(())
        })
        .await;
    let of_event = format!(r#""event":"{event}""#);
    let lines = app.stderr().so_far();
    let others = lines.iter().filter(|line| !line.contains(&last));
    others.filter(|line| line.contains(&of_event)).count()
}

#[tokio::test]
async fn an_exhausted_code_is_one_event() {
    let app = App::own(Vars::new()).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    for n in 0..20 {
        app.verify(&phone, &wrong(&code, n)).await;
    }

    assert_eq!(logged(&app, "otp.code-exhausted").await, 1);
}

#[tokio::test]
async fn a_budget_of_failures_is_one_event() {
    let vars = Vars::new()
        .with("otp_max_attempts", 100)
        .with("otp_max_failures_per_day", 5);
    let app = App::own(vars).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    for n in 0..20 {
        app.verify(&phone, &wrong(&code, n)).await;
    }

    assert_eq!(logged(&app, "otp.failures-exhausted").await, 1);
}

#[tokio::test]
async fn a_limit_that_is_reached_is_one_event() {
    let app = App::own(Vars::new().with("otp_requests_per_minute", 3)).await;
    let phone = phone();
    for _ in 0..20 {
        app.request(&phone).await;
    }

    assert_eq!(logged(&app, "otp.limit-reached").await, 1);
}
