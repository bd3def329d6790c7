//! Where people may be sent when they are signed in: not just anywhere.

use serde_json::json;
use tests::{Answer, App, Vars};

use super::flow::{Flow, ask};

async fn ask_for(app: &App, return_to: &str) -> Answer {
    ask(
        app,
        &json!({ "provider": "example", "return_to": return_to }),
    )
    .await
}

async fn assert_passes(app: &App, return_to: &str) {
    let flow = Flow::begin_with(app, json!({ "return_to": return_to })).await;
    let consumed = flow.consume(app).await.ok();
    assert_eq!(consumed["return_to"], return_to);
}

async fn assert_refused(app: &App, return_to: &str) {
    let problem = ask_for(app, return_to)
        .await
        .problem(400, "invalid-return-to");
    assert_eq!(problem["field"], "return_to", "{return_to:?}");
}

#[tokio::test]
async fn a_path_of_our_own_passes_and_comes_back_as_it_was() {
    let app = App::shared().await;
    for return_to in [
        "/",
        "/account?tab=1&next=//x#top",
        "/%D0%B6",
        "/a//b",
        "/a.b/..c",
        "/@me",
        "/100%25",
        "/search?q=a\\b c%2f%5c",
        "/a#\\/..//",
    ] {
        assert_passes(&app, return_to).await;
    }
}

/// The component's unit tests hold more of these; here the way through HTTP and JSON is the point.
#[tokio::test]
async fn what_leads_elsewhere_is_refused() {
    let app = App::shared().await;
    let too_long = format!("/{}", "a".repeat(2048));
    for return_to in [
        "",
        "account",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2f..",
        "/%2Fevil.example",
        "/%5cevil.example",
        "/..//evil.example",
        "/%2e%2f%2fevil.example",
        "/.%2f/evil.example",
        "/.%5cevil.example",
        "/a/%2e%2e/b",
        "/%252e%252e/b",
        "/a%252fb",
        "/a%25250ab",
        "/\t/evil.example",
        "/\r\nset-cookie:x=y",
        "/%0d%0aset-cookie:x=y",
        "/\u{0}",
        " /account",
        "https:evil.example",
        "https:///evil.example",
        "https://evil.example",
        "HTTPS://evil.example",
        "https://app.example",
        "https://user@app.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\u{2215}evil.example",
        "。/evil.example",
        "/ж",
        &too_long,
    ] {
        assert_refused(&app, return_to).await;
    }
}

#[tokio::test]
async fn origins_that_are_allowed_pass_to_the_letter() {
    let origins = "https://app.example, http://localhost, http://localhost:5173/, myapp://callback";
    let app = App::own(Vars::new().with("oauth_return_to_origins", origins)).await;
    for return_to in [
        "https://app.example",
        "https://app.example/a?b#c",
        "http://localhost:5173/",
        "http://localhost:5173/a",
        "http://localhost/a",
        "http://localhost?a",
        "myapp://callback/a?b",
        "/account",
    ] {
        assert_passes(&app, return_to).await;
    }
    for return_to in [
        "https://app.example.evil.example",
        "https://app.example@evil.example",
        "https://user@app.example",
        "https://app.example:444/",
        "https://app.example\\@evil.example",
        "https://app.example//evil.example",
        "HTTPS://app.example/",
        "https://APP.example/",
        "https://app。example/",
        "http://app.example/",
        "http://localhost:51730/",
        "http://localhost:517/",
        "http://localhost@evil.example/",
        "http://localhost.evil.example/",
        "myapp://callback.evil",
        "//app.example",
    ] {
        assert_refused(&app, return_to).await;
    }
}

#[tokio::test]
async fn a_refusal_begins_no_flow() {
    let app = App::own(Vars::new()).await;

    assert_refused(&app, "//evil.example").await;

    assert_eq!(app.redis().keys("oauth:*"), [""; 0]);
}
