//! The proof that a sign-in gives, checked as a backend would: offline, with the published keys and
//! a library that the app does not use.

use std::{
    collections::{HashMap, HashSet},
    time::{SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};
use tests::{App, Vars, hex_key, phone};

type Claims = HashMap<String, Value>;

async fn published(app: &App) -> JwkSet {
    serde_json::from_value(app.get(App::JWKS).await.ok()).expect("a JWK set")
}

async fn token(app: &App) -> String {
    let phone = phone();
    token_for(app, &phone).await
}

async fn token_for(app: &App, phone: &str) -> String {
    let code = app.sent_code(phone).await;
    app.verify(phone, &code).await.ok()["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The claims, if a published key signed them and they are good now.
fn claims(token: &str, keys: &JwkSet, audience: Option<&str>) -> Claims {
    let header = decode_header(token).unwrap();
    assert_eq!(header.alg, Algorithm::EdDSA);
    let key = keys
        .find(&header.kid.expect("a kid"))
        .expect("the kid is published");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["latch"]);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    match audience {
        Some(audience) => validation.set_audience(&[audience]),
        None => validation.validate_aud = false,
    }
    decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
        .expect("a valid token")
        .claims
}

#[tokio::test]
async fn any_backend_can_check_a_token_offline() {
    let app = App::shared().await;
    let phone = phone();
    let token = token_for(&app, &phone).await;

    let claims = claims(&token, &published(&app).await, None);

    assert_eq!(claims["iss"], "latch");
    assert_eq!(claims["sub"], json!(phone));
    assert_eq!(claims["amr"], json!(["otp", "sms"]));
    assert_eq!(claims["purpose"], "login");
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        900
    );
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(
        claims["iat"].as_u64().unwrap().abs_diff(now) < 60,
        "{claims:?} at {now}"
    );
    let members: HashSet<_> = claims.keys().map(String::as_str).collect();
    assert_eq!(
        members,
        HashSet::from(["iss", "sub", "iat", "exp", "jti", "amr", "purpose"])
    );
}

#[tokio::test]
async fn a_token_names_the_purpose_it_was_asked_for() {
    let app = App::shared().await;
    let phone = phone();
    let code = app
        .sent_code_with(&json!({ "phone": phone, "purpose": "transfer" }))
        .await;
    let ask = json!({ "phone": phone, "otp_code": code, "purpose": "transfer" });
    let answer = app.verify_with(&ask).await.ok();

    let claims = claims(
        answer["token"].as_str().unwrap(),
        &published(&app).await,
        None,
    );

    assert_eq!(claims["purpose"], "transfer");
}

#[tokio::test]
async fn no_two_tokens_have_the_same_id() {
    let app = App::shared().await;
    let keys = published(&app).await;
    let mut ids = HashSet::new();
    for _ in 0..5 {
        let claims = claims(&token(&app).await, &keys, None);
        assert!(
            ids.insert(claims["jti"].as_str().unwrap().to_owned()),
            "{claims:?}"
        );
    }
}

#[tokio::test]
async fn issuer_audience_and_life_are_as_configured() {
    let vars = Vars::new()
        .with("token_issuer", "latch")
        .with("token_audience", "https://shop.example")
        .with("token_ttl_s", 77);
    let app = App::own(vars).await;
    let phone = phone();
    let code = app.sent_code(&phone).await;
    let answer = app.verify(&phone, &code).await.ok();

    let token = answer["token"].as_str().unwrap();
    let claims = claims(token, &published(&app).await, Some("https://shop.example"));

    assert_eq!(answer["expires_in"], 77);
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        77
    );
    assert_eq!(claims["aud"], "https://shop.example");
}

#[tokio::test]
async fn a_token_that_was_changed_is_no_proof() {
    let app = App::shared().await;
    let token = token(&app).await;
    let keys = published(&app).await;
    let parts: Vec<&str> = token.split('.').collect();
    let other = self::token(&app).await;
    let others: Vec<&str> = other.split('.').collect();
    let forged = [parts[0], others[1], parts[2]].join(".");
    let key = keys
        .find(&decode_header(&forged).unwrap().kid.unwrap())
        .unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_aud = false;

    let result = decode::<Claims>(&forged, &DecodingKey::from_jwk(key).unwrap(), &validation);

    assert!(result.is_err());
}

#[tokio::test]
async fn a_second_key_is_published_and_does_not_sign() {
    let (old, new) = (hex_key(), hex_key());
    let alone = App::own(Vars::new().with("token_key", &old)).await;
    let both = App::own(Vars::new().with("token_key", format!("{new},{old}"))).await;
    let old_token = token(&alone).await;
    let new_token = token(&both).await;
    let keys = published(&both).await;

    assert_eq!(keys.keys.len(), 2);
    claims(&old_token, &keys, None);
    claims(&new_token, &keys, None);
    let new_kid = decode_header(&new_token).unwrap().kid.unwrap();
    let old_kid = decode_header(&old_token).unwrap().kid.unwrap();
    assert_ne!(new_kid, old_kid);
    assert!(published(&alone).await.find(&new_kid).is_none());
}

/// `token_key` is 32 bytes written as hex or as base64url: the same bytes are the same key.
#[tokio::test]
async fn a_key_is_the_same_in_hex_and_in_base64url() {
    let hex = App::own(Vars::new().with("token_key", "00".repeat(32))).await;
    let base64url = App::own(Vars::new().with("token_key", "A".repeat(43))).await;

    assert_eq!(
        hex.get(App::JWKS).await.ok(),
        base64url.get(App::JWKS).await.ok()
    );
}
