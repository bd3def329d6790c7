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

/// How long people may want to wait while Redis is away.
const STORE_RETRY_MS: u64 = 1_000;
/// How long a caller goes by the policy's answer: Redis may be back at any moment, and a fleet that
/// asked for each call until then would ask far more often than while all is well.
const STORE_CACHE_MS: u64 = 50;

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Acquired {
    allowed: bool,
    /// `None` if nobody knows.
    state: Option<String>,
    /// When the state began, in milliseconds since 1970. `None` if it was never another, or nobody
    /// knows.
    since: Option<u64>,
    permit: Option<String>,
    /// What the caller's report is about. `None` if nobody knows.
    generation: Option<u64>,
    /// When a call may pass, for people and queues.
    retry_after_ms: u64,
    /// How long the caller may go by this answer, a refusal too.
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
            since: Some(reply.number()?).filter(|since| *since > 0),
            generation: Some(reply.number()?),
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
            since: None,
            permit: None,
            generation: None,
            retry_after_ms: if allowed { 0 } else { STORE_RETRY_MS },
            cache_ms: STORE_CACHE_MS,
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
                "allowed": true, "state": null, "since": null, "permit": null,
                "generation": null, "retry_after_ms": 0, "cache_ms": 50, "degraded": true,
            })
        );
        let denied = answer(OnStoreFailure::Deny);
        assert_eq!(denied["allowed"], false);
        assert_eq!(denied["retry_after_ms"], 1_000);
        assert_eq!(denied["cache_ms"], 50);
    }
}
