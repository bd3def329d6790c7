//! `POST /api/auth/verify-otp`: compares a guess with the outstanding code, and answers a right
//! one with a token that any backend can check with `GET /.well-known/jwks.json`.

mod jwks;
mod settings;
mod token;

use http::{Method, StatusCode};
use latch::{
    Call, Component, Context, Event, Kind, Misconfigured, Platform, Problem, Response, Route,
    Variables, json, with_quotas,
};
use otp::{Compared, Guess, Outcome, Phone, Purpose};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;

latch::component!(OtpVerify);

const MISMATCH: Kind = Kind::new(StatusCode::BAD_REQUEST, "otp-mismatch", "Wrong code");
const EXPIRED: Kind = Kind::new(StatusCode::GONE, "otp-expired", "Code expired");
const EXHAUSTED: Kind = Kind::new(
    StatusCode::TOO_MANY_REQUESTS,
    "otp-attempts-exhausted",
    "Attempts exhausted",
);

/// The component.
pub struct OtpVerify(Settings);

/// What the component answers to.
#[derive(Clone, Copy, Debug)]
pub enum Endpoint {
    /// A guess.
    Verify,
    /// The keys that tokens are checked with.
    Jwks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    phone: String,
    otp_code: String,
    purpose: Option<String>,
}

#[derive(Serialize)]
struct Verified {
    verified: bool,
    token: String,
    /// Seconds.
    expires_in: u64,
}

impl Component for OtpVerify {
    type Endpoint = Endpoint;

    const ROUTES: &'static [Route<Endpoint>] = &[
        Route::public(Method::POST, "/api/auth/verify-otp", Endpoint::Verify),
        Route::public(Method::GET, "/.well-known/jwks.json", Endpoint::Jwks),
    ];

    async fn configure<P: Platform>(variables: &Variables<'_, P>) -> Result<Self, Misconfigured> {
        Settings::configure(variables).await.map(Self)
    }

    async fn handle<P: Platform>(
        &self,
        context: &Context<'_, P>,
        endpoint: Endpoint,
        call: Call,
    ) -> Result<Response, Problem> {
        match endpoint {
            Endpoint::Verify => self.verify(context, &call).await,
            Endpoint::Jwks => Ok(json(StatusCode::OK, self.0.tokens.jwks())),
        }
    }
}

impl OtpVerify {
    async fn verify<P: Platform>(
        &self,
        context: &Context<'_, P>,
        call: &Call,
    ) -> Result<Response, Problem> {
        let Self(settings) = self;
        let body: Body = call.json()?;
        let phone = Phone::parse(&body.phone)?;
        let purpose = Purpose::parse(body.purpose.as_deref())?;
        let guess = Guess::parse(&body.otp_code)?;

        let compared = settings.compare(context, &phone, &purpose, &guess).await?;
        // An event tells that something has become so, and not that somebody has met it again.
        let event = |name| {
            Event::new(name)
                .with("phone", phone.masked())
                .with("purpose", purpose.as_str())
                .log(context.platform());
        };
        let is_wrong = matches!(compared.outcome, Outcome::Mismatch | Outcome::Exhausted);
        if is_wrong && compared.failures.remaining == 0 {
            event("otp.failures-exhausted");
        }
        match compared.outcome {
            Outcome::Verified => {
                let id = context.random::<16>();
                let now = compared.now.as_secs();
                let token = settings.tokens.issue(&phone, &purpose, now, id)?;
                let body = Verified {
                    verified: true,
                    token,
                    expires_in: settings.tokens.life(),
                };
                Ok(with_quotas(
                    json(StatusCode::OK, &body),
                    &[compared.failures],
                ))
            }
            Outcome::Mismatch => Err(mismatch(&compared)),
            Outcome::Exhausted => {
                event("otp.code-exhausted");
                Err(exhausted(&compared))
            }
            Outcome::Spent => Err(exhausted(&compared)),
            Outcome::Expired => Err(EXPIRED
                .because("There is no code to compare with: ask for a new one.")
                .quotas(&[compared.failures])),
            Outcome::Failures => Err(Problem::quota_exceeded(
                &[compared.failures],
                &[compared.failures.policy],
            )),
        }
    }
}

fn mismatch(compared: &Compared) -> Problem {
    MISMATCH
        .because("That is not the code.")
        .with(
            "attempts_remaining",
            compared.guesses.min(compared.failures.remaining),
        )
        .quotas(&[compared.failures])
}

fn exhausted(compared: &Compared) -> Problem {
    EXHAUSTED
        .because("Too many wrong guesses at this code: ask for a new one.")
        .with("attempts_remaining", 0)
        .retry_after(compared.life)
        .quotas(&[compared.failures])
}
