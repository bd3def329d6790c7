//! `POST /api/auth/request-otp`: sends a one-time code to a phone.
//!
//! A request is checked, then counted for its phone and for its client at once; if both allow it
//! the code is delivered, and if that fails everything is taken back.

mod answer;
mod delivery;
mod issue;
mod message;
mod settings;
mod webhook;

use futures_util::future::join;
use http::{HeaderName, Method};
use latch::{
    Call, Component, Context, Event, Misconfigured, Platform, Problem, Response, Route, Taken,
    Variables, idempotency_key,
};
use otp::{Phone, Purpose};
use serde::Deserialize;

use crate::answer::Answer;
use crate::issue::{Request, Status};
use crate::message::Locale;
use crate::settings::Settings;

pub use crate::issue::{ISSUE, SETTLE, UNDO};

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
        let body: Body = call.json()?;
        let phone = Phone::parse(&body.phone)?;
        let purpose = Purpose::parse(body.purpose.as_deref())?;
        let locale = Locale::parse(body.locale.as_deref())?;
        let idempotency_key = idempotency_key(call.headers())?;
        settings.admit(&phone)?;

        let request = Request::new(settings, phone, purpose, locale, idempotency_key);
        let client_key = settings.keys.current.client_name(&context.client(&call));
        let (issued, client) = join(
            request.issue(context),
            settings.per_client.take(context, &client_key),
        )
        .await;
        let issued = issued?;
        let client = match client {
            Ok(client) => client,
            Err(error) => {
                // Nobody knows whether the client may: the caller can try again, with the same key.
                if issued.status == Status::Send {
                    request.undo(context, &issued).await;
                }
                return Err(error);
            }
        };
        let answer = Answer::new(&issued, &client);

        if issued.status == Status::Send && client.allowed {
            return match request.deliver(context, &issued).await {
                Ok(()) => {
                    request.settle(context).await;
                    Ok(answer.sent())
                }
                Err(reason) => {
                    Event::new("otp.delivery-failed")
                        .with("phone", request.phone.masked())
                        .with("reason", reason)
                        .log(context.platform());
                    let undone = request.undo(context, &issued);
                    join(undone, refund(context, settings, &client_key, &client)).await;
                    Err(answer.delivery_failed())
                }
            };
        }

        // Nothing is sent, so nothing counts.
        if issued.status == Status::Send {
            request.undo(context, &issued).await;
        }
        refund(context, settings, &client_key, &client).await;
        match issued.status {
            Status::Repeated => Ok(answer.sent()),
            Status::InFlight => Err(answer.in_flight()),
            Status::Reused => Err(answer.reused()),
            Status::Send | Status::Refused => {
                let (problem, violated) = answer.refused();
                Event::new("otp.request-refused")
                    .with("phone", request.phone.masked())
                    .with("violated", violated)
                    .log(context.platform());
                Err(problem)
            }
        }
    }
}

/// Gives back what a request took of its client's limit. If Redis fails now the client has one
/// request less for a minute; the log says so.
async fn refund<P: Platform>(
    context: &Context<'_, P>,
    settings: &Settings,
    client_key: &str,
    client: &Taken,
) {
    if client.allowed {
        let _ = settings
            .per_client
            .refund(context, client_key, client)
            .await;
    }
}

/// The header that makes a repeated request harmless.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
