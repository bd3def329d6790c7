//! Methods, media types and sizes; and pages of other origins.

use hyper::Method;
use serde_json::json;
use tests::{App, Vars};

use super::flow::{CONSUME, ISSUE};

#[tokio::test]
async fn another_method_is_told_which_are_allowed() {
    let app = App::shared().await;
    for path in [ISSUE, CONSUME] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = app.send(method, path, &[], "").await;
            answer.problem(405, "method-not-allowed");
            assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
        }
    }
}

#[tokio::test]
async fn only_json_of_at_most_16_kib_is_taken() {
    let app = App::shared().await;
    let authorization = format!("Bearer {}", app.service_token());
    let service = ("authorization", authorization.as_str());
    let too_large = " ".repeat(16 * 1024) + "{}";
    for path in [ISSUE, CONSUME] {
        let text = [service, ("content-type", "text/plain")];
        let answer = app.send(Method::POST, path, &text, "{}").await;
        answer.problem(415, "unsupported-media-type");

        let answer = app.post_text(path, &[service], &too_large).await;
        answer.problem(413, "content-too-large");
    }
}

/// Of another origin of the same site, that is: browsers keep no cookie for a page of another site.
#[tokio::test]
async fn a_page_of_an_allowed_origin_is_given_the_cookie() {
    let vars = Vars::new().with("cors_allowed_origins", "https://app.example.com");
    let app = App::own(vars).await;
    let origin = [("origin", "https://app.example.com")];

    let answer = app
        .post_with(ISSUE, &origin, &json!({ "provider": "example" }))
        .await;

    assert!(answer.header("set-cookie").is_some(), "{answer:?}");
    for (name, value) in [
        ("access-control-allow-origin", "https://app.example.com"),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
}
