//! May a call pass?

use http::StatusCode;
use latch::{Context, Platform, Problem, Replies, Response, Script, StoreError, json};
use serde::Serialize;

use crate::circuit::{Circuit, SHARED};
use crate::policy::{OnStoreFailure, Policy};

/// Decides whether a call may pass.
pub static ACQUIRE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    SHARED,
    include_str!("acquire.lua"),
]);

/// How long to leave Redis alone while it is away.
const STORE_RETRY_MS: u64 = 1_000;

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Acquired {
    allowed: bool,
    /// `None` if nobody knows.
    state: Option<String>,
    permit: Option<String>,
    retry_after_ms: u64,
    /// How long the caller may go by this answer.
    cache_ms: u64,
    /// Whether this is the policy's answer, in the place of Redis's.
    degraded: bool,
}

/// `POST /api/circuit/:name/acquire`.
pub(crate) async fn acquire<P: Platform>(
    circuit: &Circuit<'_>,
    context: &Context<'_, P>,
) -> Result<Response, Problem> {
    let acquired = match circuit.run(context, &ACQUIRE, [], Acquired::read).await {
        Err(StoreError::Unavailable(_)) => Acquired::without_store(&circuit.policy.policy),
        acquired => acquired?,
    };
    Ok(json(StatusCode::OK, &acquired))
}

impl Acquired {
    fn read(reply: &mut Replies<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            allowed: reply.number()? == 1,
            state: Some(reply.text()?.to_owned()),
            permit: Some(reply.text()?.to_owned()).filter(|permit| !permit.is_empty()),
            retry_after_ms: reply.number()?,
            cache_ms: reply.number()?,
            degraded: false,
        })
    }

    fn without_store(policy: &Policy) -> Self {
        let allowed = policy.on_store_failure == OnStoreFailure::Allow;
        Self {
            allowed,
            state: None,
            permit: None,
            retry_after_ms: if allowed { 0 } else { STORE_RETRY_MS },
            cache_ms: 0,
            degraded: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn without_redis_the_policy_answers_and_lends_no_permit() {
        let answer = |on_store_failure| {
            let acquired = Acquired::without_store(&Policy {
                on_store_failure,
                ..Policy::default()
            });
            serde_json::to_value(acquired).unwrap()
        };
        assert_eq!(
            answer(OnStoreFailure::Allow),
            serde_json::json!({
                "allowed": true, "state": null, "permit": null,
                "retry_after_ms": 0, "cache_ms": 0, "degraded": true,
            })
        );
        let denied = answer(OnStoreFailure::Deny);
        assert_eq!(denied["allowed"], false);
        assert_eq!(denied["retry_after_ms"], 1_000);
    }
}
