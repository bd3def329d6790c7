//! The budget that outlives codes.

use std::time::Duration;

use latch::{Misconfigured, Platform, Variables, Window};

/// How many wrong guesses one phone may have in any 24 hours.
///
/// Without it, three guesses for each of ten codes a minute would find a six-digit code within a
/// day in 4 of 100 tries. NIST SP 800-63B wants at most 100 in a row.
pub async fn failures<P: Platform>(variables: &Variables<'_, P>) -> Result<Window, Misconfigured> {
    Ok(Window {
        policy: "failures",
        limit: variables
            .number("otp_max_failures_per_day", 1..=10_000)
            .await?,
        period: Duration::from_secs(24 * 60 * 60),
    })
}
