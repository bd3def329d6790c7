//! Values that cannot be what their fields are for.

use serde_json::{Value, json};
use tests::App;

use super::flow::{Flow, ask};

/// A flow with these fields besides `provider` is refused because of `field`.
async fn assert_refused(app: &App, field: &str, mut fields: Value) {
    if fields.get("provider").is_none() {
        fields["provider"] = "example".into();
    }
    let problem = ask(app, &fields).await.problem(400, "invalid-request");
    assert_eq!(problem["field"], field, "{fields}: {problem}");
}

#[tokio::test]
async fn a_provider_is_a_short_plain_name() {
    let app = App::shared().await;
    let too_long = "a".repeat(65);
    for provider in [
        "",
        "a b",
        "a/b",
        "a:b",
        "провайдер",
        "a\n",
        "\u{0}",
        &too_long,
    ] {
        assert_refused(&app, "provider", json!({ "provider": provider })).await;
    }
    for provider in ["g", "Google", "my-idp_2.example", &"a".repeat(64)] {
        let answer = ask(&app, &json!({ "provider": provider })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

#[tokio::test]
async fn a_redirect_uri_is_absolute_and_has_no_fragment() {
    let app = App::shared().await;
    let too_long = format!("https://app.example/{}", "a".repeat(2048));
    for uri in [
        "",
        "/callback",
        "//app.example/callback",
        "https:",
        "https:///callback",
        "https://app.example/#x",
        "https://app.example/a b",
        "https://app.example/ж",
        &too_long,
    ] {
        assert_refused(&app, "redirect_uri", json!({ "redirect_uri": uri })).await;
    }
    for uri in ["http://127.0.0.1:8080/cb?x=1", "com.example.app:/callback"] {
        let answer = ask(&app, &json!({ "provider": "example", "redirect_uri": uri })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

#[tokio::test]
async fn an_issuer_is_a_short_identifier() {
    let app = App::shared().await;
    let too_long = format!("https://{}", "a".repeat(505));
    for issuer in [
        "",
        "https://accounts example",
        "https://accounts.example\n",
        "ж",
        &too_long,
    ] {
        assert_refused(&app, "issuer", json!({ "issuer": issuer })).await;
    }
}

#[tokio::test]
async fn a_binding_is_a_cookie_a_token_or_none() {
    let app = App::shared().await;
    for binding in [
        json!("session"),
        json!("Cookie"),
        json!(""),
        json!(true),
        json!({ "token": null }),
    ] {
        assert_refused(&app, "binding", json!({ "binding": binding })).await;
    }
}

#[tokio::test]
async fn null_is_as_good_as_no_field() {
    let app = App::shared().await;
    let nothing = json!({
        "redirect_uri": null, "return_to": null, "issuer": null, "context": null, "binding": null
    });

    let flow = Flow::begin_with(&app, nothing).await;

    assert!(flow.cookie().starts_with("__Host-oauth-"));
    flow.consume(&app).await.ok();
}

#[tokio::test]
async fn a_field_that_is_missing_unknown_or_of_another_type_is_named() {
    let app = App::shared().await;
    let problem = ask(&app, &json!({})).await.problem(400, "invalid-request");
    assert_eq!(problem["field"], "provider");
    assert_refused(&app, "state", json!({ "state": "mine" })).await;
    assert_refused(&app, "provider", json!({ "provider": ["example"] })).await;
    assert_refused(&app, "return_to", json!({ "return_to": 7 })).await;
}
