//! Delivery by webhook, signed as Standard Webhooks 1.0 (standardwebhooks.com).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, StatusCode, Uri, header};
use latch::platform::HttpError;
use latch::{Context, Misconfigured, Platform, Variables, whole_seconds};
use serde::Serialize;
use sha2::Sha256;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::delivery::{Letter, Outcome};

/// The least time that a receiver has, however long Redis has taken.
const AT_LEAST: Duration = Duration::from_millis(500);

/// Where messages go, and how they are signed.
pub(crate) struct Webhook {
    url: Uri,
    /// One signature with each: more than one while the receiver's secret is rotated.
    keys: Vec<Hmac<Sha256>>,
}

#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    to: &'a str,
    code: &'a str,
    text: &'a str,
    locale: &'static str,
    purpose: &'a str,
    /// Seconds.
    expires_in: u64,
}

impl Webhook {
    /// Reads `otp_webhook_url` and `otp_webhook_secret`.
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        let url = parse_url(&variables.required("otp_webhook_url").await?).ok_or_else(|| {
            Misconfigured::new(
                "otp_webhook_url",
                "must be an address such as `https://sms.example/send`",
            )
        })?;
        variables.required("otp_webhook_secret").await?;
        let keys = variables
            .list(
                "otp_webhook_secret",
                parse_secret,
                "must be `whsec_` and 24 to 64 bytes as base64, or several such separated by commas",
            )
            .await?;
        Ok(Self { url, keys })
    }

    /// Delivers a letter: a status of 2xx is success, any other a refusal.
    ///
    /// A receiver that was not reached, 429 and 5xx are tried once more, with the same `webhook-id`,
    /// so that the receiver can tell that it is the same letter. Where there is no answer, the receiver
    /// may have sent the message: that is not tried again.
    pub(crate) async fn deliver<P: Platform>(
        &self,
        context: &Context<'_, P>,
        letter: &Letter<'_>,
        deadline: Duration,
    ) -> Outcome {
        let id = format!("msg_{}", URL_SAFE_NO_PAD.encode(context.random::<16>()));
        let request = match self.request(&id, letter) {
            Ok(request) => request,
            Err(reason) => return Outcome::Refused(reason),
        };
        match send(context, &request, deadline).await {
            Tried::Done(outcome) => outcome,
            Tried::TryAgain(_) => match send(context, &request, deadline).await {
                Tried::Done(outcome) => outcome,
                Tried::TryAgain(reason) => Outcome::Refused(reason),
            },
        }
    }

    fn request(&self, id: &str, letter: &Letter<'_>) -> Result<Request<Bytes>, String> {
        let payload = Payload {
            r#type: "otp.requested",
            timestamp: rfc3339(letter.now).ok_or("Redis's clock is out of range")?,
            data: Data {
                to: letter.to.as_str(),
                code: letter.code.as_str(),
                text: &letter.text,
                locale: letter.locale.tag(),
                purpose: letter.purpose.as_str(),
                expires_in: whole_seconds(letter.life),
            },
        };
        let body = serde_json::to_vec(&payload).map_err(|error| error.to_string())?;
        let timestamp = letter.now.to_string();
        let signatures: Vec<_> = self
            .keys
            .iter()
            .map(|key| sign(key, id, &timestamp, &body))
            .collect();
        Request::post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len())
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(body.into())
            .map_err(|error| error.to_string())
    }
}

/// What came of one try.
enum Tried {
    Done(Outcome),
    /// The receiver has refused it for now, or was not reached. Why, for the log.
    TryAgain(String),
}

async fn send<P: Platform>(
    context: &Context<'_, P>,
    request: &Request<Bytes>,
    deadline: Duration,
) -> Tried {
    let platform = context.platform();
    let limit = deadline.saturating_sub(platform.now()).max(AT_LEAST);
    match context.within(limit, platform.send(request.clone())).await {
        None => Tried::Done(Outcome::Unknown("no answer in time".to_owned())),
        Some(Err(HttpError::NotReached(reason))) => Tried::TryAgain(reason),
        Some(Err(HttpError::Unanswered(reason))) => Tried::Done(Outcome::Unknown(reason)),
        Some(Ok(status)) if status.is_success() => Tried::Done(Outcome::Sent),
        Some(Ok(status)) if worth_another_try(status) => {
            Tried::TryAgain(format!("status {status}"))
        }
        Some(Ok(status)) => Tried::Done(Outcome::Refused(format!("status {status}"))),
    }
}

fn worth_another_try(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// `v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`.
fn sign(key: &Hmac<Sha256>, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = key.clone();
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn parse_url(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let scheme = matches!(url.scheme_str(), Some("http" | "https"));
    let authority = url.authority()?;
    let plain = !authority.as_str().contains('@') && !authority.host().is_empty();
    (scheme && plain).then_some(url)
}

fn parse_secret(text: &str) -> Option<Hmac<Sha256>> {
    let key = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
    if !(24..=64).contains(&key.len()) {
        return None;
    }
    Hmac::new_from_slice(&key).ok()
}

fn rfc3339(seconds: u64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?)
        .ok()?
        .format(&Rfc3339)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_signature_is_that_of_standard_webhooks() {
        // The example of the Standard Webhooks specification's reference libraries.
        let key = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = sign(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_secret_is_24_to_64_bytes() {
        let of = |length: usize| format!("whsec_{}", STANDARD.encode(vec![7; length]));
        assert!(parse_secret(&of(24)).is_some());
        assert!(parse_secret(&of(64)).is_some());
        for text in [
            of(23),
            of(65),
            "whsec_!".to_owned(),
            STANDARD.encode([7; 24]),
        ] {
            assert!(parse_secret(&text).is_none(), "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_address_is_http_without_credentials() {
        assert!(parse_url("https://sms.example/send?a=b").is_some());
        assert!(parse_url("http://127.0.0.1:9000").is_some());
        for text in [
            "",
            "sms.example",
            "ftp://a.example",
            "https://u:p@a.example",
            "/send",
        ] {
            assert!(parse_url(text).is_none(), "{text}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn the_timestamp_is_rfc_3339_in_utc() {
        assert_eq!(rfc3339(1_614_265_330).unwrap(), "2021-02-25T15:02:10Z");
        assert_eq!(rfc3339(u64::MAX), None);
    }
}
