//! Proof tokens: signed JWTs (RFC 7519) that say whose phone answered, and for what.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, EncodingKey, Header, signature};
use latch::{Kind, Misconfigured, Platform, Problem, Variables};
use otp::{Phone, Purpose};
use serde::Serialize;

use crate::jwks::{jwk_set, key_id};

/// How this service issues tokens.
pub(crate) struct Tokens {
    key: EncodingKey,
    header: Header,
    issuer: String,
    audience: Option<String>,
    life: u64,
    jwks: JwkSet,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    /// The phone, in E.164.
    sub: &'a str,
    /// Seconds since 1970, by Redis's clock.
    iat: u64,
    exp: u64,
    jti: String,
    /// RFC 8176.
    amr: [&'static str; 2],
    purpose: &'a str,
}

impl Tokens {
    /// Reads `token_key`, `token_issuer`, `token_audience` and `token_ttl_s`.
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let unusable = || {
            Misconfigured::new(
                "token_key",
                "must be 32 bytes as hex or base64url, or two such separated by a comma",
            )
        };
        let text = variables.required("token_key").await?;
        let seeds = parse_seeds(&text).ok_or_else(unusable)?;
        let first = seeds.first().ok_or_else(unusable)?;
        let public: Vec<_> = seeds
            .iter()
            .map(|seed| SigningKey::from_bytes(seed).verifying_key())
            .collect();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = public.first().map(key_id);
        // Whoever installed one before us in this instance installed this one.
        let _ = PROVIDER.install_default();
        let audience = variables.text("token_audience").await?;
        Ok(Self {
            key: EncodingKey::from_ed_der(first),
            header,
            issuer: variables.required("token_issuer").await?,
            audience: (!audience.is_empty()).then_some(audience),
            life: variables.number("token_ttl_s", 1..=86_400).await?,
            jwks: jwk_set(&public),
        })
    }

    /// The public keys that tokens may be checked with.
    pub(crate) fn jwks(&self) -> &JwkSet {
        &self.jwks
    }

    /// How long a token is good, in seconds.
    pub(crate) fn life(&self) -> u64 {
        self.life
    }

    /// A token that says that `phone` has been verified at `now`. `id` makes it unlike any other.
    pub(crate) fn issue(
        &self,
        phone: &Phone,
        purpose: &Purpose,
        now: u64,
        id: [u8; 16],
    ) -> Result<String, Problem> {
        let claims = Claims {
            iss: &self.issuer,
            aud: self.audience.as_deref(),
            sub: phone.as_str(),
            iat: now,
            exp: now.saturating_add(self.life),
            jti: URL_SAFE_NO_PAD.encode(id),
            amr: ["otp", "sms"],
            purpose: purpose.as_str(),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key)
            .map_err(|_| Kind::MISCONFIGURED.because("A token cannot be made."))
    }
}

/// The cryptography of jsonwebtoken, of which a service that only issues needs to sign.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, key| match <[u8; 32]>::try_from(key.as_bytes()) {
        Ok(seed) => Ok(Box::new(Ed25519(SigningKey::from_bytes(&seed)))),
        Err(_) => Err(ErrorKind::InvalidKeyFormat.into()),
    },
    verifier_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    key_utils: KeyUtils::new_unimplemented(),
};

struct Ed25519(SigningKey);

impl JwtSigner for Ed25519 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl signature::Signer<Vec<u8>> for Ed25519 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }
}

/// One or two seeds, separated by a comma.
fn parse_seeds(text: &str) -> Option<Vec<[u8; 32]>> {
    let seeds: Vec<_> = text
        .split(',')
        .map(|seed| parse_seed(seed.trim()))
        .collect::<Option<_>>()?;
    (1..=2).contains(&seeds.len()).then_some(seeds)
}

fn parse_seed(text: &str) -> Option<[u8; 32]> {
    if text.len() == 64 {
        return hex(text);
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .ok()?;
    bytes.try_into().ok()
}

fn hex(text: &str) -> Option<[u8; 32]> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let (high, low) = text.split_at_checked(32)?;
    let [high, low] = [high, low].map(|half| u128::from_str_radix(half, 16));
    let mut seed = [0; 32];
    let bytes = high
        .ok()?
        .to_be_bytes()
        .into_iter()
        .chain(low.ok()?.to_be_bytes());
    for (to, from) in seed.iter_mut().zip(bytes) {
        *to = from;
    }
    Some(seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, Verifier as _};
    use wasm_bindgen_test::wasm_bindgen_test;

    /// RFC 8037, appendix A.1.
    const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

    fn tokens(audience: Option<&str>) -> Tokens {
        let _ = PROVIDER.install_default();
        let seed = parse_seed(SEED).unwrap();
        let public = [SigningKey::from_bytes(&seed).verifying_key()];
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = public.first().map(key_id);
        Tokens {
            key: EncodingKey::from_ed_der(&seed),
            header,
            issuer: "latch".to_owned(),
            audience: audience.map(str::to_owned),
            life: 900,
            jwks: jwk_set(&public),
        }
    }

    fn issue(tokens: &Tokens) -> [String; 3] {
        let phone = Phone::try_new("+77771234567").unwrap();
        let purpose = Purpose::parse(None).unwrap();
        let token = tokens.issue(&phone, &purpose, 1_000_000, [7; 16]).unwrap();
        let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        parts.try_into().unwrap()
    }

    fn decode(part: &str) -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_token_says_who_for_what_and_until_when() {
        let [header, claims, _] = issue(&tokens(Some("shop")));
        assert_eq!(
            decode(&header),
            serde_json::json!({
                "typ": "JWT", "alg": "EdDSA", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            })
        );
        assert_eq!(
            decode(&claims),
            serde_json::json!({
                "iss": "latch", "aud": "shop", "sub": "+77771234567",
                "iat": 1_000_000, "exp": 1_000_900, "jti": "BwcHBwcHBwcHBwcHBwcHBw",
                "amr": ["otp", "sms"], "purpose": "login",
            })
        );
        let [_, claims, _] = issue(&tokens(None));
        assert_eq!(decode(&claims).get("aud"), None);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_published_key_verifies_the_signature() {
        let tokens = tokens(None);
        let [header, claims, signature] = issue(&tokens);
        let jwks = serde_json::to_value(tokens.jwks()).unwrap();
        let x = jwks["keys"][0]["x"].as_str().unwrap();
        let key: [u8; 32] = URL_SAFE_NO_PAD.decode(x).unwrap().try_into().unwrap();
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let message = format!("{header}.{claims}");
        assert!(key.verify(message.as_bytes(), &signature).is_ok());
        assert!(key.verify(header.as_bytes(), &signature).is_err());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_seed_is_32_bytes_in_one_of_two_spellings() {
        let hex = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        assert_eq!(parse_seed(hex), parse_seed(SEED));
        assert_eq!(parse_seed(&format!("{SEED}=")), parse_seed(SEED));
        assert_eq!(parse_seeds(&format!("{SEED}, {hex}")).unwrap().len(), 2);
        for text in [
            "",
            "abc",
            &hex[1..],
            &SEED[1..],
            &format!("{SEED},"),
            &"+".repeat(64),
        ] {
            assert!(parse_seeds(text).is_none(), "{text}");
        }
    }
}
