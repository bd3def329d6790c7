//! Round trips: what a capability does in earnest, with keys that nobody else has.

mod circuit;
mod commands;
mod oauth_state;
mod otp;
mod rate_limit;

use std::fmt::Debug;

use crate::throwaway::LIFE;
use crate::trouble::Trouble;

pub(crate) use circuit::circuit;
pub(crate) use commands::commands;
pub(crate) use oauth_state::oauth_state;
pub(crate) use otp::otp;
pub(crate) use rate_limit::rate_limit;

const LIFE_S: u64 = LIFE.as_secs();
const LIFE_MS: u64 = LIFE_S.saturating_mul(1_000);

/// Whether a step of a round trip came out as it should.
fn came_out<T: PartialEq + Debug>(step: &str, came: T, wanted: T) -> Result<(), Trouble> {
    if came == wanted {
        return Ok(());
    }
    let detail = format!("{step}: `{came:?}` in the place of `{wanted:?}`");
    Err(Trouble::unexpected(detail))
}
