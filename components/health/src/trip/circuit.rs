//! A circuit lets a call pass, hears how it went, and is reset.
//!
//! It is not tripped: transitions are published, and whoever listens would be told of an outage.

use latch::{Argument, Context, Platform, Replies, Script, StoreError};
use serde_json::json;

use super::{LIFE_MS, LIFE_S, came_out};
use crate::report::{Found, Outcome};
use crate::scripts::{CIRCUIT_ACQUIRE, CIRCUIT_REPORT, CIRCUIT_RESET};
use crate::throwaway::Names;
use crate::trouble::Trouble;

pub(crate) async fn circuit<P: Platform>(context: &Context<'_, P>, names: &Names) -> Outcome {
    let policy = policy();
    let run = async |script: &Script, arguments: Vec<Argument<'_>>| {
        let policy = Argument::from(policy.as_str());
        let arguments: Vec<_> = [policy].into_iter().chain(arguments).collect();
        context.run(script, &[&names.circuit], &arguments).await
    };

    let acquired = run(&CIRCUIT_ACQUIRE, vec![]).await?;
    let mut reply = acquired.reader();
    transition(&mut reply)?;
    came_out("asking whether a call may pass", reply.number()?, 1)?;

    // One success, no failure, none slow; no reporter, no permit, no duration, no generation.
    let report = vec![
        1.into(),
        0.into(),
        0.into(),
        "".into(),
        "".into(),
        0.into(),
        "".into(),
    ];
    let reported = run(&CIRCUIT_REPORT, report).await?;
    let mut reply = reported.reader();
    transition(&mut reply)?;
    came_out("reporting a success", reply.text()?, "closed")?;

    let reset = run(&CIRCUIT_RESET, vec![]).await?;
    transition(&mut reset.reader())?;
    Ok(Found::Well(None))
}

/// Every reply begins with { from, to, reason }, empty if nothing has changed.
fn transition(reply: &mut Replies<'_>) -> Result<(), Trouble> {
    let (from, to) = (reply.text()?, reply.text()?);
    let _: Result<&str, StoreError> = reply.text();
    came_out("staying closed", from, to)
}

/// A policy by which the key lasts for about LIFE, and nothing trips.
fn policy() -> String {
    let third = LIFE_MS / 3;
    json!({
        "window_s": LIFE_S / 3,
        "minimum_calls": 1_000,
        "failure_rate_threshold": 100,
        "slow_call_duration_ms": third,
        "slow_call_rate_threshold": 100,
        "open_ms": third,
        "open_max_ms": third,
        "half_open_permits": 1,
        "permit_lease_ms": third,
        "recovery_ms": 0,
        "minimum_reporters": 1,
        "on_store_failure": "deny",
    })
    .to_string()
}
