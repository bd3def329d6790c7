//! An operator decides, for a time.

use latch::{Call, Context, Platform, Problem, Response, Script};
use serde::Deserialize;

use crate::circuit::{Circuit, SHARED};
use crate::status;

/// Lays an override over a circuit, or lifts it.
pub static OVERRIDE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    SHARED,
    include_str!("override.lua"),
]);

const MAX_TTL_S: u64 = 7 * 24 * 60 * 60;
const MAX_REASON: usize = 200;
const MAX_ACTOR: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    mode: Mode,
    ttl_s: u64,
    reason: String,
    actor: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    ForcedOpen,
    Disabled,
    MetricsOnly,
}

/// `PUT /api/circuit/:name/override`.
pub(crate) async fn lay<P: Platform>(
    circuit: &Circuit<'_>,
    context: &Context<'_, P>,
    call: &Call,
) -> Result<Response, Problem> {
    let body: Body = call.json()?;
    if !(1..=MAX_TTL_S).contains(&body.ttl_s) {
        return Err(Problem::field(
            "ttl_s",
            "must be from 1 to 604800, which is 7 days.",
        ));
    }
    let reason = said("reason", &body.reason, MAX_REASON)?;
    let actor = said("actor", &body.actor, MAX_ACTOR)?;
    let arguments = [
        body.mode.as_str().into(),
        body.ttl_s.saturating_mul(1_000).into(),
        reason.into(),
        actor.into(),
    ];
    status::after(circuit, context, &OVERRIDE, arguments).await
}

/// `DELETE /api/circuit/:name/override`.
pub(crate) async fn lift<P: Platform>(
    circuit: &Circuit<'_>,
    context: &Context<'_, P>,
) -> Result<Response, Problem> {
    let arguments = ["".into(), 0.into(), "".into(), "".into()];
    status::after(circuit, context, &OVERRIDE, arguments).await
}

impl Mode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }
}

/// A line of text without white space around it.
fn said<'a>(field: &str, text: &'a str, at_most: usize) -> Result<&'a str, Problem> {
    let text = text.trim();
    if (1..=at_most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(Problem::field(
            field,
            format!("must be one line of 1 to {at_most} characters."),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test(unsupported = test)]
    fn who_and_why_are_said_in_a_line() {
        assert_eq!(said("actor", " Ольга ", 5).unwrap(), "Ольга");
        for text in ["", "  ", "toolong", "a\nb", "a\u{7f}"] {
            assert!(said("actor", text, 5).is_err(), "{text:?}");
        }
    }
}
