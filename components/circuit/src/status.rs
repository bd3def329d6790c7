//! How a circuit is.

use http::StatusCode;
use latch::{Argument, Context, Platform, Problem, Replies, Response, Script, StoreError, json};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::circuit::{Circuit, SHARED};

/// Shows a circuit.
pub static STATUS: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    SHARED,
    include_str!("status.lua"),
]);

/// A circuit as callers see it. Moments are milliseconds since 1970, by Redis's clock.
#[derive(Serialize)]
pub(crate) struct Status<'a> {
    name: String,
    state: String,
    /// `None` if Redis knows of no other state before.
    since: Option<u64>,
    /// How many transitions there have been, those of overrides and resets among them.
    generation: u64,
    reason: String,
    retry_after_ms: u64,
    window: Window,
    half_open: HalfOpen,
    trips: u64,
    r#override: Option<Override>,
    policy: &'a RawValue,
    /// 0 if nothing is stored.
    ttl_ms: u64,
}

#[derive(Serialize)]
struct Window {
    seconds: u64,
    calls: u64,
    failures: u64,
    slow: u64,
    failure_rate: f64,
    slow_rate: f64,
}

#[derive(Serialize)]
struct HalfOpen {
    permitted: u64,
    in_flight: u64,
    successes: u64,
}

#[derive(Serialize)]
struct Override {
    mode: String,
    ends: u64,
    reason: String,
    actor: String,
}

/// `GET /api/circuit/:name`.
pub(crate) async fn status<P: Platform>(
    circuit: &Circuit<'_>,
    context: &Context<'_, P>,
) -> Result<Response, Problem> {
    after(circuit, context, &STATUS, []).await
}

/// Answers with the status that a script leaves behind.
pub(crate) async fn after<'a, P: Platform>(
    circuit: &'a Circuit<'_>,
    context: &Context<'_, P>,
    script: &Script,
    arguments: impl IntoIterator<Item = Argument<'a>>,
) -> Result<Response, Problem> {
    let read = |reply: &mut Replies<'_>| Status::read(circuit, reply);
    let status = circuit.run(context, script, arguments, read).await?;
    Ok(json(StatusCode::OK, &status))
}

impl<'a> Status<'a> {
    /// Reads what `circuit_status` of circuit.lua appended.
    pub(crate) fn read(circuit: &Circuit<'a>, reply: &mut Replies<'_>) -> Result<Self, StoreError> {
        let policy = &circuit.policy.policy;
        Ok(Self {
            name: circuit.name.as_str().to_owned(),
            state: reply.text()?.to_owned(),
            since: Some(reply.number()?).filter(|since| *since > 0),
            generation: reply.number()?,
            reason: reply.text_lossy()?.into_owned(),
            retry_after_ms: reply.number()?,
            window: Window::read(policy.window_s, reply)?,
            half_open: HalfOpen {
                permitted: policy.half_open_permits,
                in_flight: reply.number()?,
                successes: reply.number()?,
            },
            trips: reply.number()?,
            r#override: Override::read(reply)?,
            policy: &circuit.policy.json,
            ttl_ms: reply.number()?,
        })
    }
}

impl Window {
    fn read(seconds: u64, reply: &mut Replies<'_>) -> Result<Self, StoreError> {
        let (calls, failures, slow) = (reply.number()?, reply.number()?, reply.number()?);
        Ok(Self {
            seconds,
            calls,
            failures,
            slow,
            failure_rate: percent(failures, calls),
            slow_rate: percent(slow, calls),
        })
    }
}

impl Override {
    fn read(reply: &mut Replies<'_>) -> Result<Option<Self>, StoreError> {
        let it = Self {
            mode: reply.text()?.to_owned(),
            ends: reply.number()?,
            reason: reply.text_lossy()?.into_owned(),
            actor: reply.text_lossy()?.into_owned(),
        };
        Ok(Some(it).filter(|it| !it.mode.is_empty()))
    }
}

/// How many of `calls` `count` are, in percent with two decimals.
fn percent(count: u64, calls: u64) -> f64 {
    let hundredths = count.saturating_mul(10_000).checked_div(calls);
    hundredths.unwrap_or_default() as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn a_rate_is_in_percent_and_none_of_no_calls() {
        assert_eq!(percent(0, 0), 0.0);
        assert_eq!(percent(1, 3), 33.33);
        assert_eq!(percent(3, 3), 100.0);
    }
}
