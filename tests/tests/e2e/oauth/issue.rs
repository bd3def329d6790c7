//! What a flow begins with.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::App;

use super::flow::{Flow, ask};

/// RFC 7636, section 4.2: BASE64URL(SHA256(ASCII(text))).
pub(crate) fn s256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

fn members(answer: &Value) -> Vec<&str> {
    answer
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn assert_256_bits(text: &str) {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    assert_eq!(bytes.map(|bytes| bytes.len()), Ok(32), "{text}");
}

#[tokio::test]
async fn a_flow_begins_with_what_an_authorization_request_takes() {
    let app = App::shared().await;

    let issued = Flow::begin(&app).await.issued;

    assert_eq!(
        members(&issued),
        [
            "code_challenge",
            "code_challenge_method",
            "expires_in",
            "nonce",
            "state"
        ]
    );
    assert_eq!(issued["expires_in"], 600);
    assert_eq!(issued["code_challenge_method"], "S256");
    for member in ["state", "code_challenge", "nonce"] {
        assert_256_bits(issued[member].as_str().unwrap());
    }
}

#[tokio::test]
async fn the_challenge_and_the_nonce_are_those_of_the_verifier_that_comes_back() {
    let app = App::shared().await;
    let flow = Flow::begin(&app).await;

    let consumed = flow.consume(&app).await.ok();

    let verifier = consumed["code_verifier"].as_str().unwrap();
    assert!((43..=128).contains(&verifier.len()), "{verifier}");
    assert_eq!(s256(verifier), flow.issued("code_challenge"));
    assert_eq!(consumed["nonce"], flow.issued("nonce"));
}

/// RFC 6265bis, section 4.1.3.2: with this prefix no subdomain and no plain HTTP can set it.
#[tokio::test]
async fn the_cookie_is_the_sites_own_and_out_of_reach_of_scripts() {
    let app = App::shared().await;

    let answer = ask(&app, &json!({ "provider": "example", "binding": "cookie" })).await;

    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 1, "{answer:?}");
    let cookie = answer.header("set-cookie").unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"
    );
    let (name, secret) = pair.split_once('=').unwrap();
    let id = name.strip_prefix("__Host-oauth-").unwrap();
    assert!(id.len() >= 16, "{name}");
    assert_256_bits(secret);
    let body = answer.json().to_string();
    assert!(!body.contains(secret), "scripts can read it: {body}");
}

#[tokio::test]
async fn a_token_takes_the_place_of_the_cookie() {
    let app = App::shared().await;

    let answer = ask(&app, &json!({ "provider": "example", "binding": "token" })).await;

    assert_256_bits(answer.json()["binding_token"].as_str().unwrap());
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn no_two_flows_have_anything_in_common() {
    let app = App::shared().await;
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let flow = Flow::begin(&app).await;
        let (name, secret) = flow.cookie().split_once('=').unwrap();
        let members = ["state", "nonce", "code_challenge"].map(|member| flow.issued(member));
        for text in members.into_iter().chain([name, secret]) {
            assert!(seen.insert(text.to_owned()), "{text} came twice");
        }
    }
}
