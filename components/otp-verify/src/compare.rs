//! The one decision of this component, which Redis takes.

use std::time::Duration;

use latch::{Context, Platform, Problem, Quota, Script, StoreError};
use otp::{Guess, Phone, Purpose};

use crate::settings::Settings;

/// Compares a guess with the outstanding code.
pub static VERIFY: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    Script::WINDOW,
    otp::ADOPT,
    otp::RECORD,
    include_str!("verify.lua"),
]);

/// What came of a guess.
pub(crate) struct Compared {
    pub(crate) outcome: Outcome,
    /// Redis's time, in seconds since 1970.
    pub(crate) now: u64,
    /// How many guesses at this code are left.
    pub(crate) guesses: u64,
    /// How long the code is still stored.
    pub(crate) life: Duration,
    pub(crate) failures: Quota<'static>,
}

/// In what way it came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The guess is right, and the code is used up.
    Verified,
    /// The guess is wrong.
    Mismatch,
    /// The guess is wrong and was the last, or came after it.
    Exhausted,
    /// There is no code.
    Expired,
    /// This phone has had its wrong guesses for today.
    Failures,
}

impl Settings {
    pub(crate) async fn compare<P: Platform>(
        &self,
        context: &Context<'_, P>,
        phone: &Phone,
        purpose: &Purpose,
        guess: &Guess,
    ) -> Result<Compared, Problem> {
        let current = &self.keys.current;
        let names = current.names(phone, purpose);
        let digest = current.guess(phone, purpose, guess);
        let previous = self.keys.previous.as_ref().map(|keys| {
            (
                keys.names(phone, purpose),
                keys.guess(phone, purpose, guess),
            )
        });

        let mut keys = vec![names.code.as_str(), &names.failed];
        let mut previous_digest = "";
        if let Some((names, digest)) = &previous {
            keys.extend([names.code.as_str(), &names.failed]);
            previous_digest = digest;
        }
        let arguments = [
            digest.as_str().into(),
            previous_digest.into(),
            self.failures.limit.into(),
            otp::millis(self.life).into(),
        ];
        let returned = context.run(&VERIFY, &keys, &arguments).await?;

        let mut reply = returned.reader();
        Ok(Compared {
            outcome: Outcome::read(reply.text()?)?,
            now: Duration::from_micros(reply.number()?).as_secs(),
            guesses: reply.number()?,
            life: Duration::from_millis(reply.number()?),
            failures: self.failures.quota(&mut reply)?,
        })
    }
}

impl Outcome {
    fn read(text: &str) -> Result<Self, StoreError> {
        match text {
            "verified" => Ok(Self::Verified),
            "mismatch" => Ok(Self::Mismatch),
            "exhausted" => Ok(Self::Exhausted),
            "expired" => Ok(Self::Expired),
            "failures" => Ok(Self::Failures),
            _ => Err(StoreError::Unavailable(format!("a status `{text}`"))),
        }
    }
}
