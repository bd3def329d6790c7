//! What the component is configured with.

use std::time::Duration;

use latch::{Misconfigured, Platform, Variables, Window};
use otp::Rotation;

use crate::token::Tokens;

/// Settings, from the component's variables.
pub(crate) struct Settings {
    pub(crate) keys: Rotation,
    pub(crate) failures: Window,
    pub(crate) life: Duration,
    pub(crate) tokens: Tokens,
}

impl Settings {
    pub(crate) async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        Ok(Self {
            keys: Rotation::configure(variables).await?,
            failures: otp::failures(variables).await?,
            life: otp::life(variables).await?,
            tokens: Tokens::configure(variables).await?,
        })
    }
}
