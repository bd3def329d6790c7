//! What the component is configured with.

use latch::{Misconfigured, Platform, Variables, parse_origin};

use crate::limits::Limits;
use crate::provider::Providers;

/// Settings, from the component's variables.
pub(crate) struct Settings {
    /// Origins that `return_to` may lead to, besides paths.
    pub(crate) return_to_origins: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) providers: Providers,
}

impl Settings {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        Ok(Self {
            return_to_origins: variables
                .list(
                    "oauth_return_to_origins",
                    |entry| {
                        let origin = entry.strip_suffix('/').unwrap_or(entry);
                        parse_origin(origin).map(str::to_owned)
                    },
                    "must be origins as browsers write them, such as `https://example.com` or \
                     `myapp://callback`, separated by commas: in lower case, without a path, \
                     without a port that is the scheme's own",
                )
                .await?,
            limits: Limits::configure(variables).await?,
            providers: Providers::configure(variables).await?,
        })
    }
}
