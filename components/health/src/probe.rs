//! `GET /api/health`: one PING.

use std::time::Instant;

use http::StatusCode;
use latch::{Context, Event, Platform, Problem, Response, StoreError, json};
use serde::Serialize;

use crate::report::millis;

#[derive(Serialize)]
struct Healthy {
    status: &'static str,
    redis: Standing,
}

#[derive(Serialize)]
struct Standing {
    status: &'static str,
    latency_ms: f64,
}

/// Answers 200, or the problem that every endpoint would answer with now.
///
/// Anybody may ask, so what Redis says is in the log only.
pub(crate) async fn probe<P: Platform>(context: &Context<'_, P>) -> Result<Response, Problem> {
    let begun = Instant::now();
    let done = context.command("PING", &[]).await;
    let latency_ms = millis(begun.elapsed());
    let redis = |status| Standing { status, latency_ms };
    match done {
        Ok(_) => {
            let body = Healthy {
                status: "ok",
                redis: redis("ok"),
            };
            Ok(json(StatusCode::OK, &body))
        }
        Err(error) => {
            if let StoreError::Unavailable(reason) = &error {
                Event::new("store.unavailable")
                    .with("reason", reason.as_str())
                    .log(context.platform());
            }
            let redis = serde_json::to_value(redis("fail")).unwrap_or_default();
            Err(Problem::from(error).with("redis", redis))
        }
    }
}
