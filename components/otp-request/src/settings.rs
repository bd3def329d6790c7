//! What the component is configured with.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use latch::{Kind, Misconfigured, Platform, Problem, RequestLimit, Variables};
use otp::{Code, Phone, Resend, Rotation, Rules, Sends};

use crate::delivery::Delivery;
use crate::message::Message;

const PHONE_NOT_ALLOWED: Kind = Kind::new(
    StatusCode::FORBIDDEN,
    "phone-not-allowed",
    "Phone not allowed",
);

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Settings, from the component's variables.
pub(crate) struct Settings {
    pub(crate) keys: Rotation,
    pub(crate) length: u8,
    pub(crate) rules: Rules,
    pub(crate) per_client: RequestLimit,
    /// For all phones together, if there is a ceiling.
    pub(crate) total: Option<RequestLimit>,
    pub(crate) message: Message,
    pub(crate) delivery: Delivery,
    prefixes: Vec<String>,
    test_numbers: HashMap<String, Code>,
}

impl Settings {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        Ok(Self {
            keys: Rotation::configure(variables).await?,
            length: variables.number("otp_length", 4..=10).await?,
            rules: Rules {
                life: otp::life(variables).await?,
                guesses: variables.number("otp_max_attempts", 1..=100).await?,
                resend: resend(variables).await?,
                sends: Sends::configure(variables).await?,
                failures: otp::failures(variables).await?,
            },
            per_client: per_client(variables).await?,
            total: total(variables).await?,
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

async fn per_client<P: Platform>(
    variables: &Variables<'_, P>,
) -> Result<RequestLimit, Misconfigured> {
    let minute = variables
        .number("otp_requests_per_minute_per_client", 1..=1_000_000)
        .await?;
    let day = variables
        .number("otp_requests_per_day_per_client", 1..=10_000_000)
        .await?;
    Ok(RequestLimit::new("client", [(minute, MINUTE), (day, DAY)]))
}

/// `otp_sends_per_minute`; 0 is no ceiling.
async fn total<P: Platform>(
    variables: &Variables<'_, P>,
) -> Result<Option<RequestLimit>, Misconfigured> {
    let limit = variables
        .number("otp_sends_per_minute", 0..=10_000_000)
        .await?;
    Ok((limit > 0).then(|| RequestLimit::new("total", [(limit, MINUTE)])))
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
