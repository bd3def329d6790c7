//! Who is refused takes nothing from anybody, however many requests there are at once.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;
use tests::{Answer, App, Vars, Webhook, long, phone};

const STRANGER: [(&str, &str); 1] = [("x-forwarded-for", "203.0.113.2")];

/// How many connections the flood has.
const CONNECTIONS: usize = 64;

/// How often the owner asks meanwhile, at a phone that may be asked for ten times more.
const ROUNDS: usize = 30;

/// A client whose every request is refused asks for one phone, on many connections, until `done`.
/// Each refusal is the client's own, and says what is true. Returns how many there were.
async fn flood(app: &App, phone: &str, done: &AtomicBool) -> u64 {
    let refused = AtomicU64::new(0);
    let connection = || async {
        while !done.load(Ordering::Relaxed) {
            let answer = app
                .request_with(&STRANGER, &json!({ "phone": phone }))
                .await;
            answer.quota_exceeded(&["client"]);
            let fields = answer.header("ratelimit").unwrap();
            assert!(fields.starts_with("\"client\";r=0;"), "{fields}");
            assert!(!fields.contains("phone"), "{fields}");
            refused.fetch_add(1, Ordering::Relaxed);
        }
    };
    join_all((0..CONNECTIONS).map(|_| connection())).await;
    refused.into_inner()
}

async fn as_owner(app: &App, n: usize, phone: &str) -> Answer {
    let address = format!("198.51.100.{n}");
    let owner = [("x-forwarded-for", address.as_str())];
    app.request_with(&owner, &json!({ "phone": phone })).await
}

async fn flooded_app(resend: &'static str, webhook: &Webhook) -> App {
    let vars = webhook
        .configure(Vars::new())
        .with("otp_resend", resend)
        .with("otp_length", 10)
        .with("otp_requests_per_minute", ROUNDS + 10)
        .with("otp_requests_per_minute_per_client", 30)
        .with("trusted_proxy_hops", 1)
        .with("redis_timeout_ms", 20_000);
    let app = App::own(vars).await;
    for _ in 0..30 {
        app.request_with(&STRANGER, &json!({ "phone": phone() }))
            .await
            .ok();
    }
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_refused_locks_nobody_out() {
    let webhook = Webhook::start().await;
    let app = flooded_app("same", &webhook).await;
    let span = Duration::from_millis(if long() { 10_000 } else { 2_000 });
    let owned = phone();
    let done = AtomicBool::new(false);
    let owner = async {
        let begin = Instant::now();
        for n in 0..ROUNDS {
            as_owner(&app, n, &owned).await.ok();
            let next = span * u32::try_from(n + 1).unwrap() / u32::try_from(ROUNDS).unwrap();
            tokio::time::sleep(next.saturating_sub(begin.elapsed())).await;
        }
        done.store(true, Ordering::Relaxed);
    };

    let (refused, ()) = tokio::join!(flood(&app, &owned, &done), owner);

    println!("{ROUNDS} of {ROUNDS} requests of the owner's were served beside {refused} refusals");
    assert!(refused > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_refused_destroys_no_code() {
    for resend in ["same", "new"] {
        let webhook = Webhook::start().await;
        let app = flooded_app(resend, &webhook).await;
        let rounds = if long() { 10 } else { 4 };
        for n in 0..rounds {
            let owned = phone();
            let done = AtomicBool::new(false);
            let owner = async {
                as_owner(&app, n, &owned).await.ok();
                let code = webhook.code_of(&owned);
                tokio::time::sleep(Duration::from_millis(100)).await;
                app.verify(&owned, &code).await.ok();
                done.store(true, Ordering::Relaxed);
            };
            tokio::join!(flood(&app, &owned, &done), owner);
        }
        println!("{resend}: {rounds} of {rounds} delivered codes verified under the flood");
    }
}

/// One phone's limit is reached, and its stranger goes on; another phone of the same owner's is served.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_refused_takes_nothing_from_another() {
    let app = App::own(Vars::new().with("redis_timeout_ms", 20_000)).await;
    let (flooded, other) = (phone(), phone());
    for _ in 0..10 {
        app.request(&flooded).await.ok();
    }

    let refusals = join_all((0..CONNECTIONS).map(|_| app.request(&flooded)));
    let (refusals, answer) = tokio::join!(refusals, app.request(&other));

    answer.ok();
    for refusal in refusals {
        refusal.quota_exceeded(&["phone"]);
        let fields = refusal.header("ratelimit").unwrap();
        assert!(fields.starts_with("\"phone\";r=0;"), "{fields}");
    }
}
