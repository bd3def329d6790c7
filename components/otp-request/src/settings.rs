//! What the component is configured with.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use latch::{Kind, Misconfigured, Platform, Problem, Variables, Window};
use otp::{Code, Phone, Rotation};

use crate::delivery::Delivery;
use crate::message::Message;

const PHONE_NOT_ALLOWED: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "phone-not-allowed",
    "Phone not allowed",
);

/// Settings, from the component's variables.
pub(crate) struct Settings {
    pub(crate) keys: Rotation,
    pub(crate) length: u8,
    pub(crate) life: Duration,
    pub(crate) guesses: u64,
    pub(crate) resend: Resend,
    pub(crate) per_phone: Window,
    pub(crate) per_client: Window,
    pub(crate) failures: Window,
    pub(crate) message: Message,
    pub(crate) delivery: Delivery,
    prefixes: Vec<String>,
    test_numbers: HashMap<String, Code>,
}

/// What a request does while a code is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resend {
    /// Sends it again.
    Same,
    /// Sends another; the first is dead.
    New,
}

impl Settings {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let per_minute = |policy, limit| Window {
            policy,
            limit,
            period: Duration::from_secs(60),
        };
        Ok(Self {
            keys: Rotation::configure(variables).await?,
            length: variables.number("otp_length", 4..=10).await?,
            life: otp::life(variables).await?,
            guesses: variables.number("otp_max_attempts", 1..=100).await?,
            resend: resend(variables).await?,
            per_phone: per_minute(
                "phone",
                variables
                    .number("otp_requests_per_minute", 1..=10_000)
                    .await?,
            ),
            per_client: per_minute(
                "client",
                variables
                    .number("otp_requests_per_minute_per_client", 1..=1_000_000)
                    .await?,
            ),
            failures: otp::failures(variables).await?,
            message: Message::configure(variables).await?,
            delivery: Delivery::configure(variables).await?,
            prefixes: variables
                .list(
                    "otp_allowed_prefixes",
                    prefix,
                    "must be E.164 prefixes such as `+7,+1`",
                )
                .await?,
            test_numbers: variables
                .list(
                    "otp_test_numbers",
                    test_number,
                    "must be phone numbers with their codes, such as `+77770000001=123456`",
                )
                .await?
                .into_iter()
                .collect(),
        })
    }

    /// Refuses a phone whose country is not served. A test number is never delivered to, so it
    /// may be of any country.
    pub(crate) fn admit(&self, phone: &Phone) -> Result<(), Problem> {
        let allowed = self.prefixes.is_empty()
            || self.test_code(phone).is_some()
            || self
                .prefixes
                .iter()
                .any(|prefix| phone.as_str().starts_with(prefix));
        if allowed {
            Ok(())
        } else {
            Err(PHONE_NOT_ALLOWED.because("Codes are not sent to numbers of this country."))
        }
    }

    /// The fixed code of a test number.
    pub(crate) fn test_code(&self, phone: &Phone) -> Option<&Code> {
        self.test_numbers.get(phone.as_str())
    }
}

async fn resend<P: Platform>(variables: &Variables<'_, P>) -> Result<Resend, Misconfigured> {
    match variables.text("otp_resend").await?.as_str() {
        "same" => Ok(Resend::Same),
        "new" => Ok(Resend::New),
        _ => Err(Misconfigured::new("otp_resend", "must be `same` or `new`")),
    }
}

/// `+` and 1 to 15 digits.
fn prefix(entry: &str) -> Option<String> {
    let digits = entry.strip_prefix('+')?;
    let valid =
        (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| entry.to_owned())
}

/// `+77770000001=123456`.
fn test_number(entry: &str) -> Option<(String, Code)> {
    let (phone, code) = entry.split_once('=')?;
    let phone = Phone::try_new(phone)?;
    Some((phone.as_str().to_owned(), Code::try_new(code.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_prefix_is_a_plus_and_digits() {
        assert_eq!(prefix("+7"), Some("+7".to_owned()));
        for entry in ["7", "+", "+7x", "+1234567890123456", "*"] {
            assert_eq!(prefix(entry), None, "{entry}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_test_number_has_its_code() {
        let (phone, code) = test_number("+7 777 000 00 01 = 123456").unwrap();
        assert_eq!((phone.as_str(), code.as_str()), ("+77770000001", "123456"));
        for entry in [
            "+77770000001",
            "+77770000001=",
            "+77770000001=12a456",
            "x=123456",
        ] {
            assert!(test_number(entry).is_none(), "{entry}");
        }
    }
}
