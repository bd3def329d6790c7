//! Whom the limit for a client counts: who really asks, and not who says so.

use serde_json::json;
use tests::{Answer, App, Vars, phone};

async fn limited_to_two(hops: u8) -> App {
    let vars = Vars::new()
        .with("otp_requests_per_minute_per_client", 2)
        .with("trusted_proxy_hops", hops);
    App::own(vars).await
}

async fn ask(app: &App, headers: &[(&str, &str)]) -> Answer {
    app.request_with(headers, &json!({ "phone": phone() }))
        .await
}

async fn ask_from(app: &App, forwarded_for: &str) -> Answer {
    ask(app, &[("x-forwarded-for", forwarded_for)]).await
}

#[tokio::test]
async fn a_client_cannot_call_itself_another() {
    for header in [
        "spin-client-addr",
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
    ] {
        let app = limited_to_two(0).await;
        for n in 0..2 {
            ask(&app, &[(header, &format!("9.9.9.{n}:4711"))])
                .await
                .ok();
        }

        ask(&app, &[(header, "9.9.9.3:4711")])
            .await
            .quota_exceeded(&["client"]);
    }
}

#[tokio::test]
async fn behind_one_proxy_the_last_address_counts() {
    let app = limited_to_two(1).await;
    for n in 0..2 {
        ask_from(&app, &format!("9.9.9.{n}, 203.0.113.7"))
            .await
            .ok();
    }

    ask_from(&app, "9.9.9.9, 203.0.113.7")
        .await
        .quota_exceeded(&["client"]);
    ask_from(&app, "203.0.113.7")
        .await
        .quota_exceeded(&["client"]);
    ask_from(&app, "203.0.113.7, 203.0.113.8").await.ok();
}

#[tokio::test]
async fn behind_two_proxies_the_last_but_one_counts() {
    let app = limited_to_two(2).await;
    for n in 0..2 {
        ask_from(&app, &format!("9.9.9.{n},203.0.113.7,10.0.0.{n}"))
            .await
            .ok();
    }

    ask_from(&app, "203.0.113.7, 10.0.0.9")
        .await
        .quota_exceeded(&["client"]);
    ask_from(&app, "203.0.113.7, 203.0.113.8, 10.0.0.1")
        .await
        .ok();
}

#[tokio::test]
async fn addresses_in_several_fields_are_one_list() {
    let app = limited_to_two(2).await;
    let client = [
        ("x-forwarded-for", "9.9.9.9, 203.0.113.7"),
        ("x-forwarded-for", "10.0.0.1"),
    ];
    for _ in 0..2 {
        ask(&app, &client).await.ok();
    }

    ask_from(&app, "203.0.113.7, 10.0.0.1")
        .await
        .quota_exceeded(&["client"]);
}

/// Whoever comes past the proxies, or with something that is no address, is limited all the same.
#[tokio::test]
async fn an_address_that_cannot_be_known_is_no_way_round() {
    for headers in [
        &[][..],
        &[("x-forwarded-for", "")],
        &[("x-forwarded-for", "unknown")],
    ] {
        let app = limited_to_two(1).await;
        for _ in 0..2 {
            ask(&app, headers).await.ok();
        }

        ask(&app, headers).await.quota_exceeded(&["client"]);
    }
}

#[tokio::test]
async fn one_ipv6_network_is_one_client() {
    let app = limited_to_two(1).await;
    ask_from(&app, "2001:db8:0:7::1").await.ok();
    ask_from(&app, "2001:db8:0:7:ffff::2").await.ok();

    ask_from(&app, "2001:db8:0:7::3")
        .await
        .quota_exceeded(&["client"]);
    ask_from(&app, "2001:db8:0:8::1").await.ok();
}

/// Who has a /48 has 65,536 addresses of that kind.
#[tokio::test]
async fn an_ipv6_48_has_ten_times_the_limit() {
    let app = limited_to_two(1).await;
    for n in 0..20 {
        ask_from(&app, &format!("2001:db8:1:{n:x}::1")).await.ok();
    }

    ask_from(&app, "2001:db8:1:ffff::1")
        .await
        .quota_exceeded(&["client"]);
    ask_from(&app, "2001:db8:2:1::1").await.ok();
}
