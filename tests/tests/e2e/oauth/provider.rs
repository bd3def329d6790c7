//! The whole authorization-code flow with PKCE, state and nonce, against a real OpenID provider
//! and through a standard client library. tests/oidc plays it; each story takes a provider, a site
//! and its browsers.

use std::{env, process::Command};

use serde_json::{Value, json};
use tests::{App, Vars, free_port, workspace};

const BINDINGS: [&str; 2] = ["cookie", "token"];

/// How a story ends in which the site knows its provider itself.
async fn play(binding: &str, story: &str) -> Value {
    let app = App::shared().await;
    run(&app, binding, story, &[])
}

/// How a story ends in which Latch knows the provider, which answers in this mode.
async fn play_configured(response_mode: &str, story: &str) -> Value {
    let (site, provider) = (free_port(), free_port());
    let issuer = format!("http://localhost:{provider}");
    let providers = json!({ "example": {
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "client_id": "app",
        "redirect_uri": format!("http://127.0.0.1:{site}/callback"),
        "response_mode": response_mode,
    }});
    let app = App::own(Vars::new().with("oauth_providers", providers)).await;
    let ports = [("SITE_PORT", site), ("PROVIDER_PORT", provider)];
    run(&app, "configured", story, &ports)
}

fn run(app: &App, binding: &str, story: &str, ports: &[(&str, u16)]) -> Value {
    let node = env::var_os("LATCH_NODE").unwrap_or_else(|| "node".into());
    let ports = ports.iter().map(|(name, port)| (name, port.to_string()));
    let output = Command::new(node)
        .args(["flow.mjs", binding, story])
        .current_dir(workspace().join("tests/oidc"))
        .env("LATCH_URL", app.url())
        .env("LATCH_SERVICE_TOKEN", app.service_token())
        .envs(ports)
        .output()
        .expect("Node.js, which `cargo xtask test` installs");
    let log = String::from_utf8_lossy(&output.stderr);
    // The provider says a word or two before.
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{binding}, {story} (`npm ci` in tests/oidc installs what it needs):\n{said}{log}"
    );
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

fn signed_in() -> Value {
    json!({ "status": 200, "subject": "alice", "return_to": "/account?tab=1" })
}

fn assert_refused(answer: &Value, status: u16, code: &str) {
    assert_eq!(
        (&answer["status"], &answer["code"]),
        (&json!(status), &json!(code)),
        "{answer}"
    );
}

#[tokio::test]
async fn a_sign_in_ends_with_an_id_token_and_where_it_began() {
    for binding in BINDINGS {
        assert_eq!(play(binding, "sign-in").await, signed_in(), "{binding}");
    }
}

#[tokio::test]
async fn a_sign_in_with_a_configured_provider_ends_as_well() {
    for mode in ["query", "form_post"] {
        let end = play_configured(mode, "sign-in").await;
        assert_eq!(end, signed_in(), "{mode}");
    }
}

#[tokio::test]
async fn a_form_in_another_browser_signs_nobody_in() {
    let end = play_configured("form_post", "another-browser").await;
    assert_refused(&end["alice"], 403, "state-binding-mismatch");
    assert_refused(&end["mallory"], 409, "state-replayed");
}

/// What `clear_cookie` is for.
#[tokio::test]
async fn when_it_is_over_the_browser_has_no_cookie_of_it() {
    for mode in ["query", "form_post"] {
        let end = play_configured(mode, "cookies-left").await;
        assert_eq!(
            end,
            json!({ "status": 200, "during": 1, "after": 0 }),
            "{mode}"
        );
    }
}

#[tokio::test]
async fn a_callback_that_is_replayed_signs_nobody_in() {
    for binding in BINDINGS {
        let end = play(binding, "replay").await;
        assert_eq!(end["first"], signed_in(), "{binding}");
        assert_refused(&end["second"], 409, "state-replayed");
    }
}

/// Login CSRF: Alice would work in Mallory's account without knowing it.
#[tokio::test]
async fn a_callback_in_another_browser_signs_nobody_in() {
    for binding in BINDINGS {
        let end = play(binding, "another-browser").await;
        assert_refused(&end["alice"], 403, "state-binding-mismatch");
        assert_refused(&end["mallory"], 409, "state-replayed");
    }
}

/// Mix-up: the code would be redeemed where another provider reads it.
#[tokio::test]
async fn a_callback_of_another_issuer_signs_nobody_in() {
    for binding in BINDINGS {
        let end = play(binding, "another-issuer").await;
        assert_refused(&end, 403, "state-issuer-mismatch");
    }
}
