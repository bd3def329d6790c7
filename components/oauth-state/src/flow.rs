//! The secrets of one flow, and what each is derived from.
//!
//! | who has it | what | what it gives |
//! |---|---|---|
//! | browser and provider | `state` | a name that only Latch can look up |
//! | Redis | a digest of the state, and `salt` | nothing without the state |
//! | the backend, once | `code_verifier` and `nonce` | the end of the flow |
//!
//! The verifier (RFC 7636) is derived from state and salt together: whoever reads the redirect has
//! no salt, and whoever reads Redis has no state.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// A flow, known by its state.
pub(crate) struct Flow {
    state: String,
    digest: String,
}

/// What a backend ends a flow with.
pub(crate) struct Secrets {
    /// RFC 7636: 43 characters.
    pub(crate) code_verifier: String,
    /// OpenID Connect Core, section 3.1.2.1.
    pub(crate) nonce: String,
}

impl Flow {
    /// A new flow: 256 random bits.
    pub(crate) fn new(random: [u8; 32]) -> Self {
        Self::known_by(URL_SAFE_NO_PAD.encode(random))
    }

    /// The flow that somebody brings a state of, whatever text it is.
    pub(crate) fn known_by(state: String) -> Self {
        Self {
            digest: digest(state.as_bytes()),
            state,
        }
    }

    /// What the browser carries.
    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// The Redis key. One key, so it needs no hash tag.
    pub(crate) fn key(&self) -> String {
        format!("oauth:state:{}", self.digest)
    }

    /// A short public name, by which a cookie and a log line are told from those of other flows.
    pub(crate) fn id(&self) -> &str {
        self.digest.get(..16).unwrap_or_default()
    }

    /// What is derived from the state and `salt`.
    pub(crate) fn secrets(&self, salt: &str) -> Secrets {
        let derive = |label: &str| {
            let mut mac = keyed(salt);
            mac.update(label.as_bytes());
            mac.update(self.state.as_bytes());
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        };
        Secrets {
            code_verifier: derive("latch oauth verifier:"),
            nonce: derive("latch oauth nonce:"),
        }
    }
}

impl Secrets {
    /// The challenge of the method `S256`: the digest of the verifier.
    pub(crate) fn code_challenge(&self) -> String {
        digest(self.code_verifier.as_bytes())
    }
}

/// SHA-256 as 43 characters of base64url.
pub(crate) fn digest(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

fn keyed(salt: &str) -> Hmac<Sha256> {
    // RFC 2104: a shorter key is filled up with zeros to a block.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (to, from) in block.iter_mut().zip(salt.bytes()) {
        *to = from;
    }
    Hmac::new(&block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn the_challenge_is_that_of_rfc_7636() {
        // Appendix B.
        let secrets = Secrets {
            code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            nonce: String::new(),
        };
        assert_eq!(
            secrets.code_challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_state_holds_256_bits_and_its_key_shows_none_of_them() {
        let flow = Flow::new([7; 32]);
        assert_eq!(flow.state().len(), 43);
        assert!(!flow.key().contains(flow.state()));
        assert_eq!(Flow::known_by(flow.state().to_owned()).key(), flow.key());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn verifier_and_nonce_take_both_the_state_and_the_salt() {
        let flow = Flow::new([7; 32]);
        let secrets = flow.secrets("salt");
        assert_eq!(secrets.code_verifier.len(), 43);
        assert_ne!(secrets.code_verifier, secrets.nonce);
        assert_eq!(flow.secrets("salt").code_verifier, secrets.code_verifier);
        assert_ne!(flow.secrets("other").code_verifier, secrets.code_verifier);
        let other = Flow::new([8; 32]);
        assert_ne!(other.secrets("salt").code_verifier, secrets.code_verifier);
        assert_ne!(other.secrets("salt").nonce, secrets.nonce);
    }
}
