//! What the component is configured with.

use std::time::Duration;

use latch::{Context, Misconfigured, Platform, StoreError, Variables};
use otp::{Compared, Guess, Keys, Outcome, Phone, Purpose, Rotation, Window};

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

    /// Compares a guess with the outstanding code. While `otp_secret` is rotated that may be one of
    /// the old secret; whoever is verified under one has no code left under the other.
    pub(crate) async fn compare<P: Platform>(
        &self,
        context: &Context<'_, P>,
        phone: &Phone,
        purpose: &Purpose,
        guess: &Guess,
    ) -> Result<Compared, StoreError> {
        let verify = async |keys: &Keys| {
            let names = keys.names(phone, purpose);
            let guess = keys.guess(phone, purpose, guess);
            otp::verify(context, &names, &guess, &self.failures, self.life).await
        };
        let current = &self.keys.current;
        let compared = verify(current).await?;
        let Some(previous) = &self.keys.previous else {
            return Ok(compared);
        };
        let (compared, other) = match compared.outcome {
            Outcome::Expired => (verify(previous).await?, current),
            _ => (compared, previous),
        };
        if compared.outcome == Outcome::Verified {
            otp::forget(context, &other.names(phone, purpose)).await?;
        }
        Ok(compared)
    }
}
