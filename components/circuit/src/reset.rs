//! Forgetting a circuit.

use http::StatusCode;
use latch::{Context, Platform, Problem, Response, Script};

use crate::circuit::{Circuit, SHARED};

/// Forgets a circuit.
pub static RESET: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    SHARED,
    include_str!("reset.lua"),
]);

/// `DELETE /api/circuit/:name`.
pub(crate) async fn reset<P: Platform>(
    circuit: &Circuit<'_>,
    context: &Context<'_, P>,
) -> Result<Response, Problem> {
    circuit.run(context, &RESET, [], |_| Ok(())).await?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
