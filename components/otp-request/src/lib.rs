//! `POST /api/auth/request-otp`: sends a one-time code to a phone.
//!
//! A request is checked. The client's limit is asked first, and counts it whatever comes of it. Then
//! one script decides for the phone, and counts the message. Then the code is delivered; only a
//! message that is known not to have been handed over is taken back.

mod answer;
mod delivery;
mod message;
mod request;
mod settings;
mod webhook;

use futures_util::future::{OptionFuture, join};
use http::{HeaderName, Method};
use latch::{
    Call, Component, Context, Event, Misconfigured, Platform, Problem, Quota, Response, Route,
    Subject, Variables, idempotency_key,
};
use otp::{Answered, Phone, Purpose, Status};
use serde::Deserialize;

use crate::delivery::{Outcome, PATIENCE};
use crate::message::Locale;
use crate::request::Request;
use crate::settings::Settings;

latch::component!(OtpRequest);

/// The component.
pub struct OtpRequest(Settings);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    phone: String,
    purpose: Option<String>,
    locale: Option<String>,
}

impl Component for OtpRequest {
    type Endpoint = ();

    const ROUTES: &'static [Route<()>] =
        &[Route::public(Method::POST, "/api/auth/request-otp", ())];

    async fn configure<P: Platform>(variables: &Variables<'_, P>) -> Result<Self, Misconfigured> {
        Settings::configure(variables).await.map(Self)
    }

    async fn handle<P: Platform>(
        &self,
        context: &Context<'_, P>,
        (): (),
        call: Call,
    ) -> Result<Response, Problem> {
        let Self(settings) = self;
        let deadline = context.platform().now().saturating_add(PATIENCE);
        let body: Body = call.json()?;
        let phone = Phone::parse(&body.phone)?;
        let purpose = Purpose::parse(body.purpose.as_deref())?;
        let locale = Locale::parse(body.locale.as_deref())?;
        let idempotency_key = idempotency_key(call.headers())?;
        settings.admit(&phone)?;

        let mut others = settings.admit_client(context, &call).await?;
        let request = Request::new(settings, phone, purpose, locale, idempotency_key);
        let message = request.reserve(context).await?;
        let reserved = &message.reserved;
        match reserved.status {
            Status::Send => {}
            Status::Refused => return Err(answer::refused(reserved, &others)),
            Status::InFlight => return Err(answer::in_flight()),
            Status::Reused => return Err(answer::reused()),
            Status::Repeated(answered) => {
                let quotas = all(&reserved.quotas, &others);
                return Ok(answer::repeated(answered, reserved, &quotas));
            }
        }
        if let Err(problem) = settings.count_total(context, &mut others).await {
            // Others have taken the last ones since this request was let in.
            request.cancel(context, &message).await;
            return Err(problem);
        }
        let reached = reserved.quotas.iter().filter(|quota| quota.remaining == 0);
        for quota in reached {
            Event::new(LIMIT_REACHED)
                .with("policy", quota.policy)
                .with("phone", request.phone.masked())
                .log(context.platform());
        }

        let outcome = request.deliver(context, &message, deadline).await;
        let answered = match &outcome {
            Outcome::Sent => Answered::Sent,
            Outcome::Unknown(reason) => {
                failed(context, "otp.delivery-unconfirmed", &request.phone, reason);
                Answered::Unconfirmed
            }
            Outcome::Refused(reason) => {
                failed(context, "otp.delivery-failed", &request.phone, reason);
                request.cancel(context, &message).await;
                return Err(answer::delivery_failed());
            }
        };
        request.commit(context, &message, answered).await?;
        let quotas = all(&reserved.quotas, &others);
        Ok(answer::sent(answered, reserved, &quotas))
    }
}

impl Settings {
    /// Asks the limit of the client, which counts this request, and looks whether the ceiling for all
    /// phones is reached. Returns what is left of both.
    async fn admit_client<P: Platform>(
        &self,
        context: &Context<'_, P>,
        call: &Call,
    ) -> Result<Vec<Quota<'static>>, Problem> {
        let client = self.keys.current.client_subjects(&context.client(call));
        let everybody = Subject::everybody(TOTAL);
        let total = self
            .total
            .as_ref()
            .map(|total| total.peek(context, &everybody));
        let (client, total) = join(
            self.per_client.count(context, &client),
            OptionFuture::from(total),
        )
        .await;
        let client = client?.or_refuse(context, LIMIT_REACHED, &[])?;
        let mut quotas = vec![client];
        if let Some(total) = total.transpose()? {
            if !total.allowed {
                quotas.push(total.quota);
                return Err(Problem::quota_exceeded(&quotas, &[total.quota.policy]));
            }
            quotas.push(total.quota);
        }
        Ok(quotas)
    }

    /// Counts a message for all phones together, where that has a ceiling.
    async fn count_total<P: Platform>(
        &self,
        context: &Context<'_, P>,
        others: &mut Vec<Quota<'static>>,
    ) -> Result<(), Problem> {
        let Some(total) = &self.total else {
            return Ok(());
        };
        let counted = total.count(context, &Subject::everybody(TOTAL)).await?;
        others.retain(|quota| quota.policy != counted.quota.policy);
        others.push(counted.or_refuse(context, LIMIT_REACHED, others)?);
        Ok(())
    }
}

fn all(phone: &[Quota<'static>], others: &[Quota<'static>]) -> Vec<Quota<'static>> {
    phone.iter().chain(others).copied().collect()
}

fn failed<P: Platform>(context: &Context<'_, P>, event: &'static str, phone: &Phone, reason: &str) {
    Event::new(event)
        .with("phone", phone.masked())
        .with("reason", reason)
        .log(context.platform());
}

/// The event that the last one was taken of a limit.
const LIMIT_REACHED: &str = "otp.limit-reached";

/// The Redis key of what is counted for all phones together.
const TOTAL: &str = "otp:{total}";

/// The header that makes a repeated request harmless.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
