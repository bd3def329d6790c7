//! Keys derived from `otp_secret`, and what is derived with them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use latch::{ClientAddress, Misconfigured, Platform, Subject, Variables};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{Code, Guess, Names, Phone, Purpose};

/// Shorter secrets are refused.
const MIN_SECRET: usize = 32;

/// The keys that make new codes, and those of the secret before them while it is rotated out.
#[derive(Clone)]
pub struct Rotation {
    /// From the first secret.
    pub current: Keys,
    /// From the second one, if there is one.
    pub previous: Option<Keys>,
}

impl Rotation {
    /// Reads `otp_secret`: one secret of 32 characters or more, or two separated by a comma.
    pub async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let text = variables.required("otp_secret").await?;
        Self::parse(&text).ok_or_else(|| {
            Misconfigured::new(
                "otp_secret",
                "must be a text of 32 characters or more, or two of them separated by a comma",
            )
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let secrets: Vec<_> = text.split(',').map(str::trim).collect();
        if secrets
            .iter()
            .any(|secret| secret.chars().count() < MIN_SECRET)
        {
            return None;
        }
        match *secrets.as_slice() {
            [current] => Some(Self {
                current: Keys::derive(current),
                previous: None,
            }),
            [current, previous] => Some(Self {
                current: Keys::derive(current),
                previous: Some(Keys::derive(previous)),
            }),
            _ => None,
        }
    }
}

/// One secret's keys: one for each use, so that no output of one is an output of another.
#[derive(Clone)]
pub struct Keys {
    id: Prf,
    client: Prf,
    code: Prf,
    digest: Prf,
    idempotency: Prf,
}

impl Keys {
    fn derive(secret: &str) -> Self {
        let master = Prf::new(Sha256::digest(secret.as_bytes()).into());
        let key = |label: &str| Prf::new(master.of(&["latch otp v1", label]));
        Self {
            id: key("phone id"),
            client: key("client id"),
            code: key("code"),
            digest: key("digest"),
            idempotency: key("idempotency key"),
        }
    }

    /// The Redis keys of a phone.
    pub fn names(&self, phone: &Phone, purpose: &Purpose) -> Names {
        Names::new(&text(self.id.of(&[phone.as_str()])), purpose)
    }

    /// What a client's requests count for.
    pub fn client_subjects(&self, client: &ClientAddress) -> Vec<Subject> {
        Subject::client("otp:client", client, |address| {
            text(self.client.of(&[address]))
        })
    }

    /// The code that belongs to `nonce`, which is random: uniform over all 10^`length` codes.
    pub fn code(&self, phone: &Phone, purpose: &Purpose, nonce: &str, length: u8) -> Code {
        let random = self.code.of(&[phone.as_str(), purpose.as_str(), nonce]);
        Code::of(u128::from_be_bytes(half(random)), length)
    }

    /// What Redis keeps of a code: 128 bits as base64url.
    pub fn digest(&self, phone: &Phone, purpose: &Purpose, code: &Code) -> String {
        text(
            self.digest
                .of(&[phone.as_str(), purpose.as_str(), code.as_str()]),
        )
    }

    /// Whether `digest` was made of `code`. In constant time.
    pub fn made(&self, phone: &Phone, purpose: &Purpose, code: &Code, digest: &str) -> bool {
        let derived = self.digest(phone, purpose, code);
        derived.as_bytes().ct_eq(digest.as_bytes()).into()
    }

    /// What Redis compares with the digest of the code.
    pub fn guess(&self, phone: &Phone, purpose: &Purpose, guess: &Guess) -> String {
        self.digest(phone, purpose, guess.as_code())
    }

    /// A text of the caller's own, such as an idempotency key, in a form that tells nothing of it.
    pub fn opaque(&self, parts: &[&str]) -> String {
        text(self.idempotency.of(parts))
    }
}

/// 128 of 256 bits, as 22 characters.
fn text(bits: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(half(bits))
}

fn half(bits: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(bits) {
        *to = from;
    }
    half
}

/// HMAC-SHA256 with a fixed key: a pseudo-random function of a list of texts.
#[derive(Clone)]
struct Prf(Hmac<Sha256>);

impl Prf {
    fn new(key: [u8; 32]) -> Self {
        // RFC 2104: a key that is shorter than a block is filled up with zeros.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(key) {
            *to = from;
        }
        Self(Hmac::new(&block))
    }

    /// Each text is preceded by its length, so that no two lists read the same.
    fn of(&self, texts: &[&str]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for text in texts {
            mac.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(text.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    const OLD: &str = "an old secret that is long enough";
    const NEW: &str = "a new secret that is long enough!";

    fn rotation(text: &str) -> Rotation {
        Rotation::parse(text).unwrap()
    }

    fn phone() -> Phone {
        Phone::try_new("+77771234567").unwrap()
    }

    fn purpose(text: &str) -> Purpose {
        Purpose::parse(Some(text)).unwrap()
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_secret_has_32_characters_or_more_and_there_are_one_or_two() {
        for text in [
            "",
            "short",
            &format!("{NEW},short"),
            &format!("{NEW},"),
            &format!("{NEW},{OLD},{OLD}"),
        ] {
            assert!(Rotation::parse(text).is_none(), "{text}");
        }
        assert!(rotation(NEW).previous.is_none());
        assert!(rotation(&format!("{NEW}, {OLD}")).previous.is_some());
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn every_part_of_its_making_changes_a_code_and_its_digest() {
        let keys = rotation(NEW).current;
        let other = Phone::try_new("+77771234568").unwrap();
        let login = purpose("login");
        let code = keys.code(&phone(), &login, "nonce", 10);
        assert_eq!(code, keys.code(&phone(), &login, "nonce", 10));
        assert_ne!(code, keys.code(&other, &login, "nonce", 10));
        assert_ne!(code, keys.code(&phone(), &purpose("pay"), "nonce", 10));
        assert_ne!(code, keys.code(&phone(), &login, "other", 10));
        assert_ne!(
            code,
            rotation(OLD).current.code(&phone(), &login, "nonce", 10)
        );

        let digest = keys.digest(&phone(), &login, &code);
        assert_eq!(digest.len(), 22);
        assert_ne!(digest, keys.digest(&other, &login, &code));
        assert_ne!(digest, keys.digest(&phone(), &purpose("pay"), &code));
        assert_ne!(
            digest,
            rotation(OLD).current.digest(&phone(), &login, &code)
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_code_is_known_by_the_digest_that_its_secret_made() {
        let both = rotation(&format!("{NEW},{OLD}"));
        let (login, old) = (purpose("login"), both.previous.unwrap());
        let code = old.code(&phone(), &login, "nonce", 6);
        let digest = old.digest(&phone(), &login, &code);
        assert!(old.made(&phone(), &login, &code, &digest));
        assert!(!both.current.made(&phone(), &login, &code, &digest));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn names_show_no_number_and_share_one_hash_tag() {
        let names = rotation(NEW).current.names(&phone(), &purpose("login"));
        let tag = |name: &str| {
            let (_, rest) = name.split_once('{').unwrap();
            rest.split_once('}').unwrap().0.to_owned()
        };
        assert_eq!(tag(&names.code), tag(&names.sent));
        assert_eq!(tag(&names.code), tag(&names.failed));
        assert_eq!(tag(&names.code), tag(&names.waiting));
        assert_eq!(tag(&names.code), tag(&names.idempotency("key")));
        assert!(names.code.ends_with(":code:login"));
        assert!(!names.code.contains("7777123"));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_function_is_hmac_sha256_of_texts_with_their_lengths() {
        // Python: hmac.new(bytes(32), (5).to_bytes(8, "big") + b"latch", "sha256").hexdigest()
        let mac = Prf::new([0; 32]).of(&["latch"]);
        assert_eq!(mac[..4], [0x33, 0xf5, 0x1e, 0x7d]);
        let prf = Prf::new([0; 32]);
        assert_ne!(prf.of(&["ab", "c"]), prf.of(&["a", "bc"]));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn codes_are_spread_evenly() {
        let keys = rotation(NEW).current;
        let mut first_digit = [0_u32; 10];
        for nonce in 0..10_000 {
            let code = keys.code(&phone(), &purpose("login"), &nonce.to_string(), 6);
            let digit = usize::from(code.as_str().as_bytes()[0] - b'0');
            first_digit[digit] += 1;
        }
        // Chi-squared with 9 degrees of freedom: above 33.7 once in 10,000 fair samples.
        let chi: f64 = first_digit
            .iter()
            .map(|&seen| (f64::from(seen) - 1000.0).powi(2) / 1000.0)
            .sum();
        assert!(chi < 33.7, "{first_digit:?}");
    }
}
