//! What the caller is told.

use http::StatusCode;
use latch::{Kind, Problem, Quota, Response, Taken, json, with_quotas};
use serde::Serialize;

use crate::IDEMPOTENCY_KEY;
use crate::issue::{Issued, Status};

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

/// Every answer to a request that was counted.
pub(crate) struct Answer<'a> {
    issued: &'a Issued,
    client_allowed: bool,
    quotas: [Quota<'static>; 3],
}

#[derive(Serialize)]
struct Sent {
    status: &'static str,
    /// Seconds.
    expires_in: u64,
    /// Seconds; 0 if another may be sent at once.
    resend_after: u64,
    attempts_remaining: u64,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(issued: &'a Issued, client: &Taken) -> Self {
        Self {
            issued,
            client_allowed: client.allowed,
            quotas: [issued.sends, client.quota, issued.failures],
        }
    }

    pub(crate) fn sent(&self) -> Response {
        let body = Sent {
            status: "sent",
            expires_in: latch::whole_seconds(self.issued.life),
            resend_after: latch::whole_seconds(self.issued.wait),
            attempts_remaining: self.issued.guesses,
        };
        with_quotas(json(StatusCode::OK, &body), &self.quotas)
    }

    pub(crate) fn delivery_failed(&self) -> Problem {
        DELIVERY_FAILED
            .because("The message could not be handed on. Nothing was counted; try again.")
    }

    pub(crate) fn in_flight(&self) -> Problem {
        IN_FLIGHT
            .because("The first request with this `Idempotency-Key` is still being answered.")
            .retry_after(self.issued.wait)
    }

    pub(crate) fn reused(&self) -> Problem {
        REUSED
            .because("This `Idempotency-Key` was used for another request.")
            .with("field", IDEMPOTENCY_KEY.as_str())
    }

    /// The refusal, and the policies that it names.
    pub(crate) fn refused(&self) -> (Problem, Vec<&'static str>) {
        let mut violated = Vec::new();
        for quota in &self.quotas {
            let reached = match quota.policy {
                "client" => !self.client_allowed,
                // A send that was allowed may have taken the last one.
                _ => self.issued.status == Status::Refused && quota.remaining == 0,
            };
            if reached {
                violated.push(quota.policy);
            }
        }
        (Problem::quota_exceeded(&self.quotas, &violated), violated)
    }
}
