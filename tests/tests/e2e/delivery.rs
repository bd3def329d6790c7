//! Handing a code to whoever sends it: Standard Webhooks, one retry, a failure that leaves no trace,
//! and no answer, which is not a failure.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Delivery, Reply, Vars, Webhook, masked, phone, wrong};
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
    for failure in [Reply::Status(500), Reply::Status(503), Reply::Status(429)] {
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
    for failure in [Reply::Status(500), Reply::Status(429)] {
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

/// The message may come: it counts, and its code is good.
async fn is_unconfirmed(webhook: &Webhook, app: &App, phone: &str, tries: usize) {
    let before = webhook.deliveries().len();

    let answer = app.request(phone).await.ok();

    assert_eq!(answer["status"], "unconfirmed", "{answer}");
    assert_eq!(answer["expires_in"], 300, "{answer}");
    assert_eq!(webhook.deliveries().len() - before, tries);
    app.verify(phone, &webhook.last().code()).await.ok();
}

#[tokio::test]
async fn a_receiver_that_is_too_slow_may_have_sent_the_message() {
    let (webhook, app) = webhook_app().await;
    webhook.reply([Reply::After(Duration::from_secs(30))]);
    let begin = Instant::now();

    is_unconfirmed(&webhook, &app, &phone(), 1).await;

    let took = begin.elapsed();
    assert!(took.as_secs() < 30, "it was waited for: {took:?}");
}

#[tokio::test]
async fn a_receiver_that_hangs_up_may_have_sent_the_message() {
    let (webhook, app) = webhook_app().await;
    webhook.reply([Reply::Drop]);

    is_unconfirmed(&webhook, &app, &phone(), 1).await;
}

#[tokio::test]
async fn a_second_try_without_an_answer_may_have_sent_the_message() {
    let (webhook, app) = webhook_app().await;
    webhook.reply([Reply::Status(503), Reply::Drop]);

    is_unconfirmed(&webhook, &app, &phone(), 2).await;
}

/// A gateway that takes longer than anybody waits sends every message all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_is_no_way_around_the_limit() {
    for resend in ["same", "new"] {
        let vars = Vars::new()
            .with("otp_resend", resend)
            .with("otp_requests_per_minute", 4);
        let (webhook, app) = webhook_app_with(vars).await;
        webhook.reply([Reply::After(Duration::from_secs(6)); 20]);
        let phone = phone();

        let rounds = (0..3).map(|_| join_all((0..4).map(|_| app.request(&phone))));
        let mut answers = Vec::new();
        for round in rounds {
            answers.extend(round.await);
        }

        let unconfirmed = |answer: &&Answer| answer.json()["status"] == "unconfirmed";
        assert_eq!(answers.iter().filter(unconfirmed).count(), 4, "{answers:?}");
        assert_eq!(webhook.deliveries().len(), 4, "{resend}");
        let alive = webhook
            .deliveries()
            .iter()
            .map(Delivery::code)
            .collect::<BTreeSet<_>>();
        let mut verified = 0;
        for code in &alive {
            verified += usize::from(app.verify(&phone, code).await.status == 200);
        }
        assert_eq!(verified, 1, "{resend}: one of {} codes", alive.len());
    }
}

#[tokio::test]
async fn an_unconfirmed_message_takes_the_place_of_the_code_before_it() {
    let (webhook, app) = webhook_app_with(Vars::new().with("otp_resend", "new")).await;
    let phone = phone();
    app.request(&phone).await.ok();
    let first = webhook.last().code();
    webhook.reply([Reply::After(Duration::from_secs(30))]);

    let (answer, ()) = tokio::join!(app.request(&phone), async {
        webhook.received(2).await;
        // Not before it may have been handed over, and nobody has said so yet.
        app.verify(&phone, &wrong(&first, 0))
            .await
            .problem(400, "otp-mismatch");
    });

    assert_eq!(answer.ok()["status"], "unconfirmed");
    app.verify(&phone, &webhook.last().code()).await.ok();
}

/// Whichever was handed over last is the one that is alive.
#[tokio::test]
async fn with_new_the_message_that_was_handed_over_last_counts() {
    let (webhook, app) =
        webhook_app_with(Vars::new().with("otp_resend", "new").with("otp_length", 10)).await;
    let phone = phone();
    webhook.reply([Reply::After(Duration::from_secs(2)), Reply::Status(200)]);

    let (first, second) = tokio::join!(app.request(&phone), async {
        webhook.received(1).await;
        app.request(&phone).await
    });

    first.ok();
    second.ok();
    let codes: Vec<_> = webhook.deliveries().iter().map(Delivery::code).collect();
    app.verify(&phone, &codes[1])
        .await
        .problem(400, "otp-mismatch");
    app.verify(&phone, &codes[0]).await.ok();
}

/// Whoever asks may lose the connection; the message comes all the same, and its code is good.
#[tokio::test]
async fn a_client_that_goes_away_has_been_sent_a_code_that_is_good() {
    for resend in ["same", "new"] {
        let (webhook, app) = webhook_app_with(Vars::new().with("otp_resend", resend)).await;
        let phone = phone();
        app.request(&phone).await.ok();
        webhook.reply([Reply::After(Duration::from_secs(1))]);

        tokio::select! {
            answer = app.request(&phone) => panic!("answered before its gateway: {answer:?}"),
            () = webhook.received(2) => {}
        }

        let waiting = "otp:{*}:waiting:*";
        app.redis().expired(waiting).await;
        app.verify(&phone, &webhook.last().code()).await.ok();
    }
}

/// Two deliveries that fail take back each its own, in whatever order.
#[tokio::test]
async fn overlapping_failures_leave_the_delivered_code_as_it_was() {
    for resend in ["same", "new"] {
        let (webhook, app) = webhook_app_with(Vars::new().with("otp_resend", resend)).await;
        for slow_first in [true, false] {
            let phone = phone();
            app.request(&phone).await.ok();
            let code = webhook.last().code();
            let slow = Reply::StatusAfter(400, Duration::from_secs(1));
            let quick = Reply::Status(400);
            webhook.reply(if slow_first {
                [slow, quick]
            } else {
                [quick, slow]
            });

            let (first, second) = tokio::join!(app.request(&phone), app.request(&phone));

            first.problem(502, "delivery-failed");
            second.problem(502, "delivery-failed");
            app.verify(&phone, &code).await.ok();
        }
    }
}

#[tokio::test]
async fn a_failed_delivery_counts_nothing_for_the_phone_and_leaves_no_code() {
    let (webhook, app) = webhook_app_with(Vars::new().with("otp_requests_per_minute", 3)).await;
    let phone = phone();
    for _ in 0..4 {
        webhook.reply([Reply::Status(400)]);
        app.request(&phone).await.problem(502, "delivery-failed");
    }

    app.redis().expired("otp:{*}:code:*").await;
    app.verify(&phone, &webhook.last().code())
        .await
        .problem(410, "otp-expired");
    for _ in 0..3 {
        app.request(&phone).await.ok();
    }
    app.request(&phone).await.quota_exceeded(&["phone"]);
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
