//! How a code reaches its phone.

use std::time::Duration;

use latch::platform::Stream;
use latch::{Context, Event, Misconfigured, Platform, Variables, whole_seconds};
use otp::{Code, Phone, Purpose};

use crate::message::Locale;
use crate::webhook::Webhook;

/// How long after a request has come its delivery is given up: whoever asked gives up at 5 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);

/// By what way codes are delivered.
pub(crate) enum Delivery {
    /// To standard output, for development.
    Log,
    /// To an HTTP service that sends the message.
    Webhook(Webhook),
}

/// What came of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The gateway has taken the message.
    Sent,
    /// The gateway was not reached, or has said no: the message will not come. Why, for the log.
    Refused(String),
    /// There was no answer: the message may come. Why, for the log.
    Unknown(String),
}

/// A code on its way.
pub(crate) struct Letter<'a> {
    pub(crate) to: &'a Phone,
    pub(crate) code: &'a Code,
    pub(crate) text: String,
    pub(crate) locale: Locale,
    pub(crate) purpose: &'a Purpose,
    /// How long the code is still good.
    pub(crate) life: Duration,
    /// Redis's time, in seconds since 1970.
    pub(crate) now: u64,
}

impl Delivery {
    /// Reads `otp_delivery` and what it needs.
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        match variables.required("otp_delivery").await?.as_str() {
            "log" => Ok(Self::Log),
            "webhook" => Webhook::configure(variables).await.map(Self::Webhook),
            _ => Err(Misconfigured::new(
                "otp_delivery",
                "must be `log` or `webhook`",
            )),
        }
    }

    /// Delivers, until `deadline` by the platform's clock.
    pub(crate) async fn deliver<P: Platform>(
        &self,
        context: &Context<'_, P>,
        letter: &Letter<'_>,
        deadline: Duration,
    ) -> Outcome {
        match self {
            Self::Log => {
                Event::new("otp.code")
                    .with("to", letter.to.as_str())
                    .with("code", letter.code.as_str())
                    .with("purpose", letter.purpose.as_str())
                    .with("expires_in", whole_seconds(letter.life))
                    .with("text", letter.text.as_str())
                    .write(context.platform(), Stream::Out);
                Outcome::Sent
            }
            Self::Webhook(webhook) => webhook.deliver(context, letter, deadline).await,
        }
    }
}
