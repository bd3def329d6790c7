//! How many codes may be sent: for one phone, and for one client.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Answer, App, Vars, phone};
use tokio::time::sleep;

fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_phone_is_sent_ten_codes_a_minute() {
    let app = App::shared().await;
    let phone = phone();
    for _ in 0..10 {
        app.request(&phone).await.ok();
    }

    for _ in 0..3 {
        let answer = app.request(&phone).await;
        answer.quota_exceeded(&["phone"]);
        assert!(retry_after(&answer) <= 60, "{answer:?}");
    }
    app.settle().await;
    assert_eq!(app.delivered(&phone).len(), 10);
}

#[tokio::test]
async fn a_phones_limit_holds_across_purposes() {
    let app = App::own(Vars::new().with("otp_requests_per_minute", 3)).await;
    let phone = phone();
    for purpose in ["login", "transfer", "reset"] {
        app.request_with(&[], &json!({ "phone": phone, "purpose": purpose }))
            .await
            .ok();
    }

    let ask = json!({ "phone": phone, "purpose": "fourth" });

    app.request_with(&[], &ask).await.quota_exceeded(&["phone"]);
}

#[tokio::test]
async fn a_success_does_not_lift_a_phones_limit() {
    let app = App::own(Vars::new().with("otp_requests_per_minute", 2)).await;
    let phone = phone();
    for _ in 0..2 {
        let code = app.sent_code(&phone).await;
        app.verify(&phone, &code).await.ok();
    }

    app.request(&phone).await.quota_exceeded(&["phone"]);
}

#[tokio::test]
async fn a_client_may_ask_for_so_many_phones() {
    let app = App::own(Vars::new().with("otp_requests_per_minute_per_client", 4)).await;
    for _ in 0..4 {
        app.request(&phone()).await.ok();
    }

    let answer = app.request(&phone()).await;

    answer.quota_exceeded(&["client"]);
    assert!(retry_after(&answer) <= 60, "{answer:?}");
}

/// The client's limit is a decision of its own, made first.
#[tokio::test]
async fn a_client_that_is_refused_is_told_nothing_of_the_phone() {
    let vars = Vars::new()
        .with("otp_requests_per_minute", 2)
        .with("otp_requests_per_minute_per_client", 2);
    let app = App::own(vars).await;
    let phone = phone();
    for _ in 0..2 {
        app.request(&phone).await.ok();
    }

    let refused = app.request(&phone).await;

    refused.quota_exceeded(&["client"]);
    let fields = refused.header("ratelimit").unwrap();
    assert!(!fields.contains("phone"), "{fields}");
}

#[tokio::test]
async fn a_request_counts_for_its_client_whatever_comes_of_it() {
    let vars = Vars::new()
        .with("otp_requests_per_minute", 1)
        .with("otp_requests_per_minute_per_client", 4);
    let app = App::own(vars).await;
    let phone = phone();
    app.request(&phone).await.ok();
    for _ in 0..3 {
        app.request(&phone).await.quota_exceeded(&["phone"]);
    }

    app.request(&tests::phone())
        .await
        .quota_exceeded(&["client"]);
}

#[tokio::test]
async fn a_request_that_cannot_be_read_counts_for_nobody() {
    let vars = Vars::new()
        .with("otp_requests_per_minute_per_client", 1)
        .with("otp_allowed_prefixes", "+7");
    let app = App::own(vars).await;
    for _ in 0..3 {
        app.request("+447400123456")
            .await
            .problem(403, "phone-not-allowed");
        app.request("+7").await.problem(400, "invalid-phone");
        app.request_with(&[], &json!({ "phone": phone(), "purpose": "A" }))
            .await
            .problem(400, "invalid-request");
    }

    app.request(&phone()).await.ok();
}

#[tokio::test]
async fn a_phone_is_sent_so_many_codes_an_hour_and_a_day() {
    for (name, policy) in [("otp_sends_per_hour", "hour"), ("otp_sends_per_day", "day")] {
        let app = App::own(Vars::new().with(name, 3)).await;
        let phone = phone();
        for purpose in ["login", "transfer", "reset"] {
            app.request_with(&[], &json!({ "phone": phone, "purpose": purpose }))
                .await
                .ok();
        }

        let refused = app.request(&phone).await;

        refused.quota_exceeded(&[policy]);
        let period = if policy == "hour" { 3_600 } else { 86_400 };
        let wait = retry_after(&refused);
        assert!((period - 60..=period).contains(&wait), "{policy}: {wait}");
        app.request(&tests::phone()).await.ok();
    }
}

#[tokio::test]
async fn resend_after_waits_for_the_longest_limit_that_is_reached() {
    let vars = Vars::new()
        .with("otp_requests_per_minute", 1)
        .with("otp_sends_per_hour", 2);
    let app = App::own(vars).await;
    let phone = phone();

    let first = app.request(&phone).await.ok();

    let wait = first["resend_after"].as_u64().unwrap();
    assert!((55..=60).contains(&wait), "{first}");
}

#[tokio::test]
async fn a_client_may_ask_so_often_a_day() {
    let app = App::own(Vars::new().with("otp_requests_per_day_per_client", 3)).await;
    for _ in 0..3 {
        app.request(&phone()).await.ok();
    }

    let refused = app.request(&phone()).await;

    refused.quota_exceeded(&["client"]);
    let wait = retry_after(&refused);
    assert!((86_300..=86_400).contains(&wait), "{wait}");
}

#[tokio::test]
async fn all_phones_together_are_sent_so_many_codes_a_minute() {
    let app = App::own(Vars::new().with("otp_sends_per_minute", 3)).await;
    let known = phone();
    for _ in 0..2 {
        app.request(&known).await.ok();
    }
    app.request(&phone()).await.ok();

    for _ in 0..12 {
        app.request(&known).await.quota_exceeded(&["total"]);
    }
    let refused = app.request(&phone()).await;

    refused.quota_exceeded(&["total"]);
    assert!(retry_after(&refused) <= 60, "{refused:?}");
}

/// Else whoever may not be sent anything could use up what is for all.
#[tokio::test]
async fn a_phone_that_is_refused_takes_nothing_of_what_is_for_all() {
    let vars = Vars::new()
        .with("otp_requests_per_minute", 1)
        .with("otp_sends_per_minute", 2);
    let app = App::own(vars).await;
    let phone = phone();
    app.request(&phone).await.ok();
    for _ in 0..5 {
        app.request(&phone).await.quota_exceeded(&["phone"]);
    }

    app.request(&tests::phone()).await.ok();
}

/// And whom the ceiling refuses has lost none of what is its own.
#[tokio::test]
async fn the_ceiling_for_all_takes_nothing_of_a_phone() {
    let vars = Vars::new()
        .with("otp_requests_per_minute", 2)
        .with("otp_sends_per_minute", 1);
    let app = App::own(vars).await;
    let (one, other) = (phone(), phone());
    app.request(&one).await.ok();
    for _ in 0..5 {
        app.request(&other).await.quota_exceeded(&["total"]);
    }

    let id = |key: &str| key.split(['{', '}']).nth(1).unwrap().to_owned();
    let phones: Vec<_> = app
        .redis()
        .keys("otp:{*}:sent")
        .iter()
        .map(|key| id(key))
        .collect();
    assert_eq!(
        phones.len(),
        1,
        "only the phone that was sent a code: {phones:?}"
    );
}

/// The limit is exact at every instant, not only at the edges of minutes: what was sent first
/// frees its place 60 s later, and only its own.
#[tokio::test]
async fn the_minute_slides_and_retry_after_is_true() {
    let app = App::own(Vars::new().with("otp_requests_per_minute", 2)).await;
    let phone = phone();
    let begin = Instant::now();
    app.request(&phone).await.ok();
    // No condition to wait for: the gap between the two is what the test is about. It is longer
    // than a busy machine may oversleep, below.
    sleep(Duration::from_secs(20)).await;
    app.request(&phone).await.ok();
    let gap = begin.elapsed().as_secs() + 1;

    let refused = app.request(&phone).await;
    refused.quota_exceeded(&["phone"]);
    let wait = retry_after(&refused);
    let since = begin.elapsed().as_secs();
    assert!(
        (59 - since..=41).contains(&wait),
        "{wait} s after {since} s"
    );

    sleep(Duration::from_secs(wait)).await;

    app.request(&phone).await.ok();
    let refused = app.request(&phone).await;
    refused.quota_exceeded(&["phone"]);
    assert!(retry_after(&refused) <= gap, "{gap} s: {refused:?}");
}

#[tokio::test]
async fn an_answer_says_what_is_left() {
    let app = App::own(Vars::new().with("otp_requests_per_minute", 3)).await;
    let phone = phone();
    for left in (0..3).rev() {
        let answer = app.request(&phone).await;
        let field = answer.header("ratelimit").unwrap();
        assert!(field.contains(&format!("\"phone\";r={left}")), "{field}");
    }
    let answer = app.request(&phone).await;
    let policy = answer.header("ratelimit-policy").unwrap();
    assert!(policy.contains("\"phone\";q=3;w=60"), "{policy}");
}
