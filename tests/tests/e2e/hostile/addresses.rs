//! Whoever calls itself another client is counted as the one that it is, at each limited endpoint.

use hyper::Method;
use serde_json::{Value, json};
use tests::{Answer, App, Vars, corpus, phone, raw};

/// The limited endpoints, and what they are asked.
fn limited() -> [(&'static str, Value); 2] {
    [
        ("/api/auth/request-otp", json!({ "phone": phone() })),
        (
            "/api/oauth/state",
            json!({ "provider": "example", "binding": "token" }),
        ),
    ]
}

async fn limited_to_two(hops: u8) -> App {
    let vars = Vars::new()
        .with("otp_requests_per_minute_per_client", 2)
        .with("oauth_states_per_minute_per_client", 2)
        .with("trusted_proxy_hops", hops);
    App::own(vars).await
}

async fn ask(app: &App, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    app.send(Method::POST, path, &headers, body.to_string())
        .await
}

#[tokio::test]
async fn no_limit_is_evaded_by_a_header_that_the_host_appends() {
    let app = limited_to_two(0).await;
    for (path, body) in limited() {
        for _ in 0..2 {
            assert!(ask(&app, path, &[], &body).await.status < 300);
        }
        for address in corpus::addresses() {
            let Ok(address) = std::str::from_utf8(&address) else {
                continue;
            };
            for header in ["spin-client-addr", "x-forwarded-for", "forwarded"] {
                let twice = [(header, address), (header, address)];
                ask(&app, path, &twice, &body)
                    .await
                    .quota_exceeded(&["client"]);
            }
        }
    }
}

/// A proxy appends to what it was sent, be that text or not.
#[tokio::test]
async fn no_limit_is_evaded_by_what_a_proxy_appends_to() {
    let app = limited_to_two(1).await;
    for (path, body) in limited() {
        for _ in 0..2 {
            let honest = [("x-forwarded-for", "203.0.113.7")];
            assert!(ask(&app, path, &honest, &body).await.status < 300);
        }
        for address in corpus::addresses() {
            let body = body.to_string();
            let mut request = format!(
                "POST {path} HTTP/1.1\r\nhost: latch\r\nconnection: close\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\nx-forwarded-for: ",
                body.len()
            )
            .into_bytes();
            request.extend(&address);
            request.extend(format!(", 203.0.113.7\r\n\r\n{body}").into_bytes());
            let answer = raw::exchange(app.url(), &request).await;
            let shown = address.escape_ascii();
            assert!(answer.starts_with("HTTP/1.1 429 "), "{shown}: {answer}");
        }
    }
}
