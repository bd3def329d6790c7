//! Handing a code to whoever sends it: Standard Webhooks, one retry, and a failure that leaves no
//! trace.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tests::{App, Reply, Vars, Webhook, masked, phone};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

async fn webhook_app() -> (Webhook, App) {
    webhook_app_with(Vars::new()).await
}

async fn webhook_app_with(vars: Vars) -> (Webhook, App) {
    let webhook = Webhook::start().await;
    let app = App::own(webhook.configure(vars)).await;
    (webhook, app)
}

fn members(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn the_webhook_says_what_to_send_to_whom() {
    let (webhook, app) = webhook_app().await;
    let phone = phone();
    let ask = json!({ "phone": phone, "purpose": "transfer", "locale": "ru" });
    app.request_with(&[], &ask).await.ok();

    let delivery = webhook.last();
    let body = delivery.json();

    assert_eq!(delivery.line, "POST /codes HTTP/1.1");
    assert_eq!(delivery.header("content-type"), "application/json");
    assert_eq!(
        members(&body),
        BTreeSet::from(["type", "timestamp", "data"])
    );
    assert_eq!(body["type"], "otp.requested");
    let data = &body["data"];
    let expected = ["to", "code", "text", "locale", "purpose", "expires_in"];
    assert_eq!(members(data), BTreeSet::from(expected));
    assert_eq!(data["to"], json!(phone));
    assert_eq!(data["locale"], "ru");
    assert_eq!(data["purpose"], "transfer");
    assert!(
        matches!(data["expires_in"].as_u64(), Some(299..=300)),
        "{data}"
    );
    let ask = json!({ "phone": phone, "purpose": "transfer", "otp_code": delivery.code() });
    app.verify_with(&ask).await.ok();
}

#[tokio::test]
async fn the_webhook_is_signed_and_dated() {
    let (webhook, app) = webhook_app().await;
    app.request(&phone()).await.ok();

    let delivery = webhook.last();

    webhook.assert_signed(&delivery);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let sent: u64 = delivery.header("webhook-timestamp").parse().unwrap();
    assert!(sent.abs_diff(now) < 60, "{sent} at {now}");
    let timestamp = delivery.json()["timestamp"].as_str().unwrap().to_owned();
    let written = OffsetDateTime::parse(&timestamp, &Rfc3339)
        .unwrap()
        .unix_timestamp();
    assert!(
        sent.abs_diff(written.unsigned_abs()) < 60,
        "{timestamp} and {sent}"
    );
}

#[tokio::test]
async fn each_delivery_has_an_id_of_its_own() {
    let (webhook, app) = webhook_app().await;
    let phone = phone();
    for _ in 0..3 {
        app.request(&phone).await.ok();
    }

    let deliveries = webhook.deliveries();

    let ids: BTreeSet<_> = deliveries
        .iter()
        .map(|one| one.header("webhook-id"))
        .collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn any_2xx_is_a_success() {
    let (webhook, app) = webhook_app().await;
    for status in [201, 202, 204] {
        webhook.reply([Reply::Status(status)]);
        app.request(&phone()).await.ok();
    }

    assert_eq!(webhook.deliveries().len(), 3);
}

#[tokio::test]
async fn a_passing_failure_is_retried_once_as_the_same_delivery() {
    let (webhook, app) = webhook_app().await;
    for failure in [
        Reply::Status(500),
        Reply::Status(503),
        Reply::Status(429),
        Reply::Drop,
    ] {
        let before = webhook.deliveries().len();
        webhook.reply([failure]);
        let phone = phone();
        app.request(&phone).await.ok();

        let [first, second] = &webhook.deliveries()[before..] else {
            panic!("{failure:?} was not answered with one retry");
        };
        assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
        assert_eq!(first.json()["data"], second.json()["data"]);
        webhook.assert_signed(second);
        app.verify(&phone, &second.code()).await.ok();
    }
}

#[tokio::test]
async fn two_failures_are_a_failed_delivery() {
    let (webhook, app) = webhook_app().await;
    for failure in [Reply::Status(500), Reply::Status(429), Reply::Drop] {
        let before = webhook.deliveries().len();
        webhook.reply([failure, failure]);
        app.request(&phone()).await.problem(502, "delivery-failed");

        assert_eq!(webhook.deliveries().len() - before, 2, "{failure:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_retried() {
    let (webhook, app) = webhook_app().await;
    for (n, status) in [400, 401, 404, 410].into_iter().enumerate() {
        webhook.reply([Reply::Status(status)]);
        app.request(&phone()).await.problem(502, "delivery-failed");

        assert_eq!(webhook.deliveries().len(), n + 1, "{status}");
    }
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_a_failed_delivery() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let webhook = Webhook::start().await;
    let vars = webhook
        .configure(Vars::new())
        .with("otp_webhook_url", format!("{gone}/codes"))
        .with("otp_webhook_origin", gone);
    let app = App::own(vars).await;

    app.request(&phone()).await.problem(502, "delivery-failed");
}

/// Five seconds for a try, one retry: the client has its answer long before it gives up.
#[tokio::test]
async fn a_receiver_that_is_too_slow_is_a_failed_delivery() {
    let (webhook, app) = webhook_app().await;
    webhook.reply([Reply::After(Duration::from_secs(30)); 2]);
    let begin = Instant::now();

    app.request(&phone()).await.problem(502, "delivery-failed");

    let took = begin.elapsed();
    assert!((5..20).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test]
async fn a_failed_delivery_counts_nothing_and_leaves_no_code() {
    let vars = Vars::new()
        .with("otp_requests_per_minute", 3)
        .with("otp_requests_per_minute_per_client", 3);
    let (webhook, app) = webhook_app_with(vars).await;
    let phone = phone();
    for _ in 0..4 {
        webhook.reply([Reply::Status(400)]);
        app.request(&phone).await.problem(502, "delivery-failed");
    }

    assert_eq!(app.redis().keys("otp:{*}:code:*"), [""; 0]);
    app.verify(&phone, &webhook.last().code())
        .await
        .problem(410, "otp-expired");
    for _ in 0..3 {
        app.request(&phone).await.ok();
    }
    app.request(&phone)
        .await
        .quota_exceeded(&["client", "phone"]);
    app.redis().assert_every_key_expires();
}

#[tokio::test]
async fn a_failed_delivery_is_logged_without_code_or_phone() {
    let (webhook, app) = webhook_app().await;
    webhook.reply([Reply::Status(400)]);
    let phone = phone();
    app.request(&phone).await.problem(502, "delivery-failed");

    let line = app
        .stderr()
        .find("a line about the failed delivery", |lines| {
            lines
                .iter()
                .find(|line| line.contains(&masked(&phone)))
                .cloned()
        })
        .await;

    let line: Value = serde_json::from_str(&line[line.find('{').unwrap()..]).expect("JSON");
    assert!(!line.to_string().contains(&webhook.last().code()), "{line}");
    assert!(!line.to_string().contains(&phone[1..]), "{line}");
}

#[tokio::test]
async fn the_log_delivery_writes_one_line_for_a_code() {
    let app = App::shared().await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    app.settle().await;

    assert_eq!(app.delivered(&phone), [code]);
}
