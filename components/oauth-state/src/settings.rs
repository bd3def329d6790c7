//! What the component is configured with.

use std::time::Duration;

use latch::{Misconfigured, Platform, Variables, Window, parse_origin};

/// Settings, from the component's variables.
pub(crate) struct Settings {
    /// Origins that `return_to` may lead to, besides paths.
    pub(crate) return_to_origins: Vec<String>,
    pub(crate) per_client: Window,
}

impl Settings {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        Ok(Self {
            return_to_origins: variables
                .list(
                    "oauth_return_to_origins",
                    |entry| parse_origin(entry).map(str::to_owned),
                    "must be origins such as `https://example.com`, separated by commas",
                )
                .await?,
            per_client: Window {
                policy: "client",
                limit: variables
                    .number("oauth_states_per_minute_per_client", 1..=1_000_000)
                    .await?,
                period: Duration::from_secs(60),
            },
        })
    }
}
