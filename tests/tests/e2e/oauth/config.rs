//! Variables that cannot be used.

use serde_json::json;
use tests::{App, Vars};

use super::flow::ask;

#[tokio::test]
async fn a_wrong_variable_is_named() {
    for (name, value) in [
        ("oauth_return_to_origins", "app.example"),
        ("oauth_return_to_origins", "https://app.example/a"),
        ("oauth_return_to_origins", "https://APP.example"),
        ("oauth_return_to_origins", "https://app.example:443"),
        ("oauth_return_to_origins", "javascript://app.example"),
        ("oauth_return_to_origins", "https://app.example,*"),
        ("oauth_states_per_minute_per_client", "0"),
        ("oauth_states_per_minute_per_client", "many"),
        ("oauth_states_per_minute", "-1"),
        ("oauth_states_per_minute", "10000001"),
        ("oauth_providers", ""),
        ("oauth_providers", "[]"),
        ("oauth_providers", r#"{"google":{}}"#),
        ("oauth_providers", r#"{"goo gle":{}}"#),
    ] {
        let vars = Vars::new().with(name, value);
        let app = App::at("redis://127.0.0.1:1", &vars).await;

        let answer = ask(&app, &json!({ "provider": "example" })).await;

        let problem = answer.problem(503, "misconfigured");
        assert_eq!(problem["variable"], name, "{value}: {problem}");
    }
}

#[tokio::test]
async fn what_is_wrong_in_a_provider_is_named() {
    let whole = json!({
        "issuer": "https://accounts.example", "authorization_endpoint": "https://accounts.example",
        "client_id": "app", "redirect_uri": "https://app.example/callback",
    });
    for (member, value) in [
        ("issuer", json!("")),
        ("authorization_endpoint", json!("/auth")),
        (
            "authorization_endpoint",
            json!("https://a.example/?state=mine"),
        ),
        ("client_id", json!(7)),
        ("redirect_uri", json!("/callback")),
        ("response_mode", json!("fragment")),
        ("params", json!({ "redirect_uri": "https://evil.example" })),
        ("client_secret", json!("hunter2")),
    ] {
        let mut provider = whole.clone();
        provider[member] = value.clone();
        let vars = Vars::new().with("oauth_providers", json!({ "google": provider }));
        let app = App::at("redis://127.0.0.1:1", &vars).await;

        let problem = ask(&app, &json!({ "provider": "google" }))
            .await
            .problem(503, "misconfigured");

        assert_eq!(problem["variable"], "oauth_providers", "{member}");
        let detail = problem["detail"].as_str().unwrap();
        for named in ["`google`", &format!("`{member}`")] {
            assert!(detail.contains(named), "{member}: {value}: {detail}");
        }
        assert!(!detail.contains("hunter2"), "{detail}");
    }
}
