//! The whole authorization-code flow with PKCE, state and nonce, against a real OpenID provider
//! and through a standard client library. tests/oidc plays it; each story takes a provider, a site
//! and its browsers.

use std::{env, process::Command};

use serde_json::{Value, json};
use tests::{App, workspace};

const BINDINGS: [&str; 2] = ["cookie", "token"];

/// How a story ends.
async fn play(binding: &str, story: &str) -> Value {
    let app = App::shared().await;
    let node = env::var_os("LATCH_NODE").unwrap_or_else(|| "node".into());
    let output = Command::new(node)
        .args(["flow.mjs", binding, story])
        .current_dir(workspace().join("tests/oidc"))
        .env("LATCH_URL", app.url())
        .env("LATCH_SERVICE_TOKEN", app.service_token())
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
