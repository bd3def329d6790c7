//! The published keys.

use hyper::Method;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, JwkSet};
use tests::App;

/// RFC 8037: an OKP key on Ed25519. Nothing of the private half is published.
#[tokio::test]
async fn the_published_keys_are_public_ed25519_signature_keys() {
    let app = App::any().await;
    let document = app.get(App::JWKS).await.ok();

    for key in document["keys"].as_array().unwrap() {
        assert_eq!(key["kty"], "OKP");
        assert_eq!(key["crv"], "Ed25519");
        assert_eq!(key["alg"], "EdDSA");
        assert_eq!(key["use"], "sig");
        assert!(key.get("d").is_none(), "the private key is published");
    }
    let keys: JwkSet = serde_json::from_value(document).unwrap();
    for key in keys.keys {
        let AlgorithmParameters::OctetKeyPair(pair) = key.algorithm else {
            panic!("{key:?}")
        };
        assert_eq!(pair.curve, EllipticCurve::Ed25519);
    }
}

#[tokio::test]
async fn the_keys_answer_head_as_get_without_a_body() {
    let app = App::any().await;
    let get = app.get(App::JWKS).await;
    let head = app.send(Method::HEAD, App::JWKS, &[], "").await;

    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    for name in ["content-length", "content-type"] {
        assert_eq!(head.header(name), get.header(name));
    }
}
