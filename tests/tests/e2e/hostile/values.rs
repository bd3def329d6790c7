//! Values with control characters, other languages' syntax and far too much in them.

use hyper::Method;
use serde_json::{Value, json};
use tests::corpus;

use super::{Siege, endpoints};

/// Every text of the corpus in every field that takes a text.
#[tokio::test]
async fn no_text_is_too_strange_to_be_answered() {
    let siege = Siege::start().await;
    let texts = [
        corpus::texts(),
        corpus::phones(),
        corpus::codes(),
        corpus::return_tos(),
    ]
    .concat();
    for endpoint in endpoints() {
        for (field, value) in endpoint.body.as_object().unwrap() {
            if !value.is_string() {
                continue;
            }
            for text in &texts {
                let mut body = endpoint.body.clone();
                body[field] = text.as_str().into();
                siege
                    .send(&endpoint.method, endpoint.path, &[], body.to_string())
                    .await;
            }
        }
    }
    siege.0.redis().assert_every_key_expires();
}

#[tokio::test]
async fn a_control_character_is_refused_where_a_value_is_shown_or_names_a_key() {
    let siege = Siege::start().await;
    for text in corpus::texts() {
        if !text
            .trim()
            .contains(|letter: char| letter.is_ascii_control())
        {
            continue;
        }
        for (method, path, field, rest) in [
            (Method::POST, "/api/auth/request-otp", "phone", json!({})),
            (
                Method::POST,
                "/api/auth/request-otp",
                "purpose",
                json!({ "phone": "+77010000001" }),
            ),
            (Method::POST, "/api/oauth/state", "provider", json!({})),
            (
                Method::POST,
                "/api/oauth/state",
                "return_to",
                json!({ "provider": "a" }),
            ),
            (
                Method::POST,
                "/api/oauth/state",
                "redirect_uri",
                json!({ "provider": "a" }),
            ),
            (
                Method::POST,
                "/api/oauth/state",
                "issuer",
                json!({ "provider": "a" }),
            ),
            (
                Method::POST,
                "/api/circuit/gmail/report",
                "reporter",
                json!({ "outcome": "success" }),
            ),
            (
                Method::PUT,
                "/api/circuit/gmail/override",
                "reason",
                json!({ "mode": "disabled", "ttl_s": 1, "actor": "a" }),
            ),
            (
                Method::PUT,
                "/api/circuit/gmail/override",
                "actor",
                json!({ "mode": "disabled", "ttl_s": 1, "reason": "a" }),
            ),
            (Method::POST, "/api/ratelimit/login", "key", json!({})),
        ] {
            let mut body: Value = rest;
            body[field] = text.as_str().into();
            let answer = siege.is_refused(&method, path, &[], body.to_string()).await;
            assert_eq!(answer.status, 400, "{field}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn no_return_to_leads_elsewhere() {
    let siege = Siege::start().await;
    for url in corpus::return_tos() {
        let body = json!({ "provider": "a", "return_to": url }).to_string();
        siege
            .is_refused(&Method::POST, "/api/oauth/state", &[], body)
            .await
            .problem(400, "invalid-return-to");
    }
}

#[tokio::test]
async fn no_phone_passes_for_another() {
    let siege = Siege::start().await;
    for phone in corpus::phones() {
        let spaced = phone.contains("  ");
        let body = json!({ "phone": phone }).to_string();
        let answer = siege
            .send(&Method::POST, "/api/auth/request-otp", &[], body)
            .await;
        // Spaces are left out, however many.
        let expected = if spaced { 200 } else { 400 };
        assert_eq!(answer.status, expected, "{phone:?}: {answer:?}");
    }
}
