//! `Idempotency-Key`: a client that asks twice because it did not hear, asks once.

use std::time::Duration;

use serde_json::json;
use tests::{App, Reply, Vars, Webhook, phone};

#[tokio::test]
async fn the_same_key_answers_as_before_and_sends_nothing() {
    let app = App::shared().await;
    let phone = phone();
    let ask = json!({ "phone": phone });
    let key = [(
        "idempotency-key",
        "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
    )];
    let first = app.request_with(&key, &ask).await.ok();

    // More often than the phone's limit: what sends nothing counts for nothing.
    for _ in 0..12 {
        let again = app.request_with(&key, &ask).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        let again = again.ok();
        assert_eq!(again["status"], first["status"]);
        assert_eq!(again["attempts_remaining"], first["attempts_remaining"]);
        assert!(
            again["expires_in"].as_u64() <= first["expires_in"].as_u64(),
            "{again}"
        );
    }

    app.settle().await;
    assert_eq!(app.delivered(&phone).len(), 1);
}

#[tokio::test]
async fn a_key_without_quotes_is_the_same_key() {
    let app = App::shared().await;
    let phone = phone();
    let ask = json!({ "phone": phone });

    app.request_with(&[("idempotency-key", "\"once-1\"")], &ask)
        .await
        .ok();
    app.request_with(&[("idempotency-key", "once-1")], &ask)
        .await
        .ok();

    app.settle().await;
    assert_eq!(app.delivered(&phone).len(), 1);
}

#[tokio::test]
async fn another_key_sends_again() {
    let app = App::shared().await;
    let phone = phone();
    let ask = json!({ "phone": phone });

    app.request_with(&[("idempotency-key", "\"one\"")], &ask)
        .await
        .ok();
    app.request_with(&[("idempotency-key", "\"two\"")], &ask)
        .await
        .ok();
    app.request_with(&[], &ask).await.ok();

    app.settle().await;
    assert_eq!(app.delivered(&phone).len(), 3);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let app = App::shared().await;
    let phone = phone();
    let key = [("idempotency-key", "\"one\"")];
    app.request_with(&key, &json!({ "phone": phone, "locale": "en" }))
        .await
        .ok();

    let other = app
        .request_with(&key, &json!({ "phone": phone, "locale": "ru" }))
        .await;

    other.problem(422, "idempotency-key-reused");
    app.settle().await;
    assert_eq!(app.delivered(&phone).len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_phone() {
    let app = App::shared().await;
    let key = [("idempotency-key", "\"everyones\"")];
    for phone in [phone(), phone()] {
        app.request_with(&key, &json!({ "phone": phone }))
            .await
            .ok();
        app.settle().await;
        assert_eq!(app.delivered(&phone).len(), 1);
    }
}

#[tokio::test]
async fn a_malformed_key_is_an_invalid_request() {
    let app = App::shared().await;
    let long = format!("\"{}\"", "k".repeat(256));
    for key in ["", "\"\"", "\"open", "\"a\" b", "two words", "ключ", &long] {
        let ask = json!({ "phone": phone() });
        let answer = app.request_with(&[("idempotency-key", key)], &ask).await;
        answer.problem(400, "invalid-request");
    }
}

#[tokio::test]
async fn the_same_key_while_the_first_is_in_flight_is_refused() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    webhook.reply([Reply::After(Duration::from_secs(3))]);
    let ask = json!({ "phone": phone() });
    let key = [("idempotency-key", "\"one\"")];

    let (first, second) = tokio::join!(app.request_with(&key, &ask), async {
        webhook.received(1).await;
        app.request_with(&key, &ask).await
    });

    first.ok();
    assert_eq!(second.header("retry-after"), Some("2"));
    second.problem(409, "request-in-flight");
    app.request_with(&key, &ask).await.ok();
    assert_eq!(webhook.deliveries().len(), 1);
}

/// A key whose request failed is free: nothing was sent that could be answered again.
#[tokio::test]
async fn a_failed_delivery_does_not_use_the_key_up() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    webhook.reply([Reply::Status(400)]);
    let ask = json!({ "phone": phone() });
    let key = [("idempotency-key", "\"one\"")];

    app.request_with(&key, &ask)
        .await
        .problem(502, "delivery-failed");
    app.request_with(&key, &ask).await.ok();

    assert_eq!(webhook.deliveries().len(), 2);
}

/// A code may die before its gateway has answered; the key is known for longer.
#[tokio::test]
async fn a_key_outlasts_the_code_and_the_delivery() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new().with("otp_ttl_s", 1))).await;
    webhook.reply([Reply::After(Duration::from_secs(3))]);
    let ask = json!({ "phone": phone() });
    let key = [("idempotency-key", "\"one\"")];

    let (first, ()) = tokio::join!(app.request_with(&key, &ask), async {
        webhook.received(1).await;
        app.redis().expired("otp:{*}:code:*").await;
        app.request_with(&key, &ask)
            .await
            .problem(409, "request-in-flight");
    });

    first.ok();
    let again = app.request_with(&key, &ask).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    again.ok();
    assert_eq!(webhook.deliveries().len(), 1);
}

#[tokio::test]
async fn an_unconfirmed_message_is_not_sent_again_for_its_key() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    webhook.reply([Reply::Drop]);
    let ask = json!({ "phone": phone() });
    let key = [("idempotency-key", "\"one\"")];
    let first = app.request_with(&key, &ask).await.ok();

    let again = app.request_with(&key, &ask).await.ok();

    assert_eq!(first["status"], "unconfirmed");
    assert_eq!(again, first);
    assert_eq!(webhook.deliveries().len(), 1);
}

/// The failure of a request takes back what is its own, and not what has come after it.
#[tokio::test]
async fn a_late_failure_forgets_no_later_request() {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(Vars::new())).await;
    webhook.reply([Reply::StatusAfter(400, Duration::from_secs(2))]);
    let ask = json!({ "phone": phone() });
    let key = [("idempotency-key", "\"one\"")];

    let (first, ()) = tokio::join!(app.request_with(&key, &ask), async {
        webhook.received(1).await;
        // As after a failover that lost it.
        let record = &app.redis().keys("otp:{*}:idempotency:*")[0];
        let _: u64 = app.redis().run(&format!("DEL {record}"));
        app.request_with(&key, &ask).await.ok();
    });

    first.problem(502, "delivery-failed");
    app.request_with(&key, &ask).await.ok();
    assert_eq!(webhook.deliveries().len(), 2);
}
