//! A state is issued, consumed, and not consumed again.

use latch::{Context, Platform};

use super::{LIFE_MS, came_out};
use crate::report::{Found, Outcome};
use crate::scripts::{STATE_CONSUME, STATE_ISSUE};
use crate::throwaway::Names;

const BINDING: &str = "token";
const SECRET: &str = "secret";
const ISSUER: &str = "issuer";

pub(crate) async fn oauth_state<P: Platform>(context: &Context<'_, P>, names: &Names) -> Outcome {
    let key = [names.oauth_state.as_str()];
    let issue = [
        BINDING.into(),
        SECRET.into(),
        ISSUER.into(),
        "{}".into(),
        LIFE_MS.into(),
    ];
    context.run(&STATE_ISSUE, &key, &issue).await?;
    for (step, outcome) in [
        ("consuming a state", "consumed"),
        ("consuming it again", "replayed"),
    ] {
        let consume = [
            "".into(),
            SECRET.into(),
            BINDING.into(),
            ISSUER.into(),
            LIFE_MS.into(),
        ];
        let consumed = context.run(&STATE_CONSUME, &key, &consume).await?;
        came_out(step, consumed.reader().text()?, outcome)?;
    }
    Ok(Found::Well(None))
}
