//! A ceiling on the flows of all clients together, which no client that is refused takes anything of.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Vars};

use super::flow::{Flow, ISSUE, ask};

const TOTAL: &str = "oauth:{total}";

/// An app behind one proxy, which says who the client is.
async fn behind_a_proxy(per_client: u32, total: u32) -> App {
    let vars = Vars::new()
        .with("trusted_proxy_hops", 1)
        .with("oauth_states_per_minute_per_client", per_client)
        .with("oauth_states_per_minute", total)
        .with("redis_timeout_ms", 20_000);
    App::own(vars).await
}

async fn ask_from(app: &App, address: &str, body: &Value) -> Answer {
    app.post_with(ISSUE, &[("x-forwarded-for", address)], body)
        .await
}

fn example() -> Value {
    json!({ "provider": "example" })
}

#[tokio::test]
async fn all_clients_together_begin_so_many_flows_a_minute() {
    let app = behind_a_proxy(10, 3).await;
    for (n, left) in [(1, 2), (2, 1), (3, 0)] {
        let answer = ask_from(&app, &format!("192.0.2.{n}"), &example()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let field = answer.header("ratelimit").unwrap();
        assert!(field.contains(&format!("\"total\";r={left};t=")), "{field}");
    }
    let states = app.redis().keys("oauth:state:*");

    let refused = ask_from(&app, "192.0.2.4", &example()).await;

    refused.quota_exceeded(&["total"]);
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"client\";q=10;w=60, \"total\";q=3;w=60")
    );
    assert_eq!(refused.header("set-cookie"), None);
    assert_eq!(app.redis().keys("oauth:state:*"), states, "none was stored");
    app.redis().assert_every_key_expires();
    app.stderr()
        .find("the limit in the log", |lines| {
            let event = r#"{"event":"oauth.limit-reached","policy":"total"}"#;
            lines.iter().any(|line| line.contains(event)).then_some(())
        })
        .await;
}

/// The client's own limit counts whatever comes of it.
#[tokio::test]
async fn a_request_that_the_ceiling_refuses_counts_for_its_client() {
    let app = behind_a_proxy(2, 1).await;
    ask_from(&app, "192.0.2.1", &example()).await;
    for _ in 0..2 {
        let refused = ask_from(&app, "192.0.2.2", &example()).await;
        refused.quota_exceeded(&["total"]);
    }

    let refused = ask_from(&app, "192.0.2.2", &example()).await;

    refused.quota_exceeded(&["client"]);
}

#[tokio::test]
async fn without_a_ceiling_nothing_is_counted_for_all() {
    let app = behind_a_proxy(2, 0).await;

    let answer = ask_from(&app, "192.0.2.1", &example()).await;

    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some("\"client\";q=2;w=60")
    );
    assert_eq!(app.redis().keys(TOTAL), [""; 0]);
}

/// Whoever has one address of IPv6 has many: they are one client, and ten of those another.
#[tokio::test]
async fn addresses_of_one_network_are_not_so_many_clients() {
    let app = behind_a_proxy(2, 1_000).await;
    let mut begun = 0;
    for n in 0..60 {
        let address = format!("2001:db8:7:{:x}::{n:x}", n / 3);
        let answer = ask_from(&app, &address, &example()).await;
        match answer.status {
            201 => begun += 1,
            _ => {
                answer.quota_exceeded(&["client"]);
            }
        }
    }

    assert_eq!(begun, 20);
}

/// The ceiling is what strangers could use up for everybody: refused requests use up nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_a_refused_client_keeps_nobody_from_signing_in() {
    const FLOWS: usize = 30;
    let app = behind_a_proxy(2, FLOWS as u32 + 2).await;
    for _ in 0..2 {
        let answer = ask_from(&app, "203.0.113.7", &example()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let (over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let flood = join_all((0..16).map(async |_| {
        while !over.load(Ordering::Relaxed) {
            let answer = ask_from(&app, "203.0.113.7", &example()).await;
            answer.quota_exceeded(&["client"]);
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }));

    let victims = async {
        for n in 0..FLOWS {
            let answer = ask_from(&app, &format!("192.0.2.{n}"), &example()).await;
            assert_eq!(answer.status, 201, "{answer:?}");
            let field = answer.header("ratelimit").unwrap();
            let left = format!("\"total\";r={};t=", FLOWS - 1 - n);
            assert!(field.contains(&left), "a refusal was counted: {field}");
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(flood, victims);

    let refused = refused.into_inner();
    assert!(refused > FLOWS, "a flood of {refused}");
    assert_eq!(app.redis().keys("oauth:state:*").len(), FLOWS + 2);
}

/// What is refused without asking Redis takes nothing of any limit.
#[tokio::test]
async fn what_cannot_begin_is_not_counted() {
    let app = App::own(Vars::new().with("oauth_states_per_minute_per_client", 1)).await;
    let cross_site = [("sec-fetch-site", "cross-site")];
    app.post_with(ISSUE, &cross_site, &example()).await;
    ask(&app, &json!({ "provider": "example", "binding": "none" })).await;
    ask(&app, &json!({ "provider": "a b" })).await;
    assert_eq!(app.redis().keys("*"), [""; 0]);

    Flow::begin(&app).await;
}
