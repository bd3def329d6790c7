//! What the caller is told.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use latch::{Kind, Problem, Quota, Response, json, with_quotas};
use otp::{Answered, Reserved};
use serde::Serialize;

use crate::IDEMPOTENCY_KEY;

const DELIVERY_FAILED: Kind = Kind::new(
    StatusCode::BAD_GATEWAY,
    "delivery-failed",
    "Delivery failed",
);
const IN_FLIGHT: Kind = Kind::new(
    StatusCode::CONFLICT,
    "request-in-flight",
    "Request in flight",
);
const REUSED: Kind = Kind::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "idempotency-key-reused",
    "Idempotency key reused",
);

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// When to ask again about a request that is under way.
const ASK_AGAIN: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Sent {
    status: &'static str,
    /// Seconds.
    expires_in: u64,
    /// Seconds; 0 if another may be sent at once.
    resend_after: u64,
    attempts_remaining: u64,
}

/// The message was handed over, or may have been.
pub(crate) fn sent(answered: Answered, reserved: &Reserved, quotas: &[Quota<'_>]) -> Response {
    let body = Sent {
        status: answered.as_str(),
        expires_in: latch::whole_seconds(reserved.life),
        resend_after: latch::whole_seconds(reserved.wait),
        attempts_remaining: reserved.guesses,
    };
    with_quotas(json(StatusCode::OK, &body), quotas)
}

/// The same as before, to a request that was answered before.
pub(crate) fn repeated(answered: Answered, reserved: &Reserved, quotas: &[Quota<'_>]) -> Response {
    let mut response = sent(answered, reserved, quotas);
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

pub(crate) fn delivery_failed() -> Problem {
    DELIVERY_FAILED.because(
        "The message could not be handed on. It does not count for this phone, and a code that it \
         was sent before is as it was; try again.",
    )
}

pub(crate) fn in_flight() -> Problem {
    IN_FLIGHT
        .because("The first request with this `Idempotency-Key` is still being answered.")
        .retry_after(ASK_AGAIN)
}

pub(crate) fn reused() -> Problem {
    REUSED
        .because("This `Idempotency-Key` was used for another request.")
        .with("field", IDEMPOTENCY_KEY.as_str())
}

/// A refusal by those of a phone's limits with nothing left; `others` are shown beside them.
pub(crate) fn refused(reserved: &Reserved, others: &[Quota<'static>]) -> Problem {
    let violated: Vec<_> = reserved
        .quotas
        .iter()
        .filter(|quota| quota.remaining == 0)
        .map(|quota| quota.policy)
        .collect();
    let quotas: Vec<_> = reserved.quotas.iter().chain(others).copied().collect();
    Problem::quota_exceeded(&quotas, &violated)
}
