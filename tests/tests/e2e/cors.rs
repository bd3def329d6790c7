//! Which web pages may call the app.

use hyper::Method;
use tests::{Answer, App, Vars, phone};

const SHOP: &str = "https://shop.example";

async fn app(origins: &str) -> App {
    App::own(Vars::new().with("cors_allowed_origins", origins)).await
}

async fn preflight(app: &App, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type, idempotency-key",
        ),
    ];
    app.send(Method::OPTIONS, path, &headers, "").await
}

async fn post(app: &App, origin: &str) -> Answer {
    let body = serde_json::json!({ "phone": phone() });
    app.post_with(App::ENDPOINTS[0], &[("origin", origin)], &body)
        .await
}

fn listed(answer: &Answer, header: &str) -> Vec<String> {
    let list = answer
        .header(header)
        .unwrap_or_else(|| panic!("no {header}: {answer:?}"));
    list.split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

/// The origin that may read this answer, if any may.
fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn a_preflight_from_an_allowed_origin_says_what_it_may_send() {
    let app = app("https://other.example,https://shop.example").await;
    for path in App::ENDPOINTS {
        let answer = preflight(&app, path, SHOP).await;

        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-length"), Some("0"));
        assert_eq!(allowed(&answer), Some(SHOP));
        assert!(listed(&answer, "access-control-allow-methods").contains(&"post".into()));
        let headers = listed(&answer, "access-control-allow-headers");
        for header in ["content-type", "idempotency-key"] {
            assert!(headers.contains(&header.into()), "{answer:?}");
        }
        assert!(
            listed(&answer, "vary").contains(&"origin".into()),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_allowed_origin_may_read_answers_and_refusals() {
    let app = app(SHOP).await;
    let success = post(&app, SHOP).await;
    let body = serde_json::json!({ "phone": "?" });
    let refusal = app
        .post_with(App::ENDPOINTS[0], &[("origin", SHOP)], &body)
        .await;
    let method = app
        .send(Method::PUT, App::ENDPOINTS[0], &[("origin", SHOP)], "")
        .await;

    success.ok();
    refusal.problem(400, "invalid-phone");
    assert_eq!(method.status, 405);
    for answer in [success, refusal, method] {
        assert_eq!(allowed(&answer), Some(SHOP));
        assert!(
            listed(&answer, "vary").contains(&"origin".into()),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn another_origin_may_not() {
    let app = app(SHOP).await;
    for origin in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://evilshop.example",
        "null",
        "",
    ] {
        let preflight = preflight(&app, App::ENDPOINTS[0], origin).await;
        let answer = post(&app, origin).await;

        assert_eq!(preflight.status, 200);
        answer.ok();
        assert_eq!(
            (allowed(&preflight), allowed(&answer)),
            (None, None),
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_star_allows_every_origin() {
    let app = app("*").await;
    for answer in [
        preflight(&app, App::ENDPOINTS[0], SHOP).await,
        post(&app, SHOP).await,
    ] {
        assert_eq!(answer.status, 200);
        assert_eq!(allowed(&answer), Some("*"));
    }
}

#[tokio::test]
async fn without_configuration_no_origin_is_allowed() {
    let app = App::shared().await;
    for answer in [
        preflight(&app, App::ENDPOINTS[0], SHOP).await,
        post(&app, SHOP).await,
    ] {
        assert_eq!(answer.status, 200);
        assert_eq!(allowed(&answer), None);
    }
}

#[tokio::test]
async fn who_is_no_web_page_needs_no_permission() {
    let app = app(SHOP).await;
    let answer = app.request(&phone()).await;
    let options = app.send(Method::OPTIONS, App::ENDPOINTS[0], &[], "").await;

    answer.ok();
    assert_eq!(allowed(&answer), None);
    assert_eq!(options.status, 200);
}
