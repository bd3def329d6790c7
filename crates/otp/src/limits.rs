//! How long a code lives, and the budget that outlives it.

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

/// How long a code is good: `otp_ttl_s`, at most the ten minutes of NIST SP 800-63B.
pub async fn life<P: Platform>(variables: &Variables<'_, P>) -> Result<Duration, Misconfigured> {
    let seconds = variables.number("otp_ttl_s", 1..=600).await?;
    Ok(Duration::from_secs(seconds))
}

/// A duration as scripts and `PX` take it.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
