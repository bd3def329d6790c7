//! Is this guess right?

use std::time::Duration;

use latch::{Context, Platform, Quota, Script, StoreError};

use crate::limits::{DELIVERY, millis};
use crate::{Names, Window, lua};

/// Compares a guess with the outstanding code.
pub static VERIFY: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    lua::MOMENTS,
    lua::RECORD,
    lua::WAITING,
    include_str!("lua/verify.lua"),
]);

/// What came of a guess.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// In what way it came out.
    pub outcome: Outcome,
    /// Redis's time, since 1970.
    pub now: Duration,
    /// How many guesses at this code are left.
    pub guesses: u64,
    /// How long the code is still stored.
    pub life: Duration,
    /// What is left of the day's wrong guesses.
    pub failures: Quota<'static>,
}

/// In what way a guess came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is right, and the code is used up.
    Verified,
    /// It is wrong.
    Mismatch,
    /// It is wrong, and was the last.
    Exhausted,
    /// It was not compared: the last guess was made before.
    Spent,
    /// There is no code.
    Expired,
    /// This phone has had its wrong guesses for today.
    Failures,
}

/// Lets Redis compare the digest of a guess with that of the code, which lives for `life` at most.
pub async fn verify<P: Platform>(
    context: &Context<'_, P>,
    names: &Names,
    guess: &str,
    failures: &Window,
    life: Duration,
) -> Result<Compared, StoreError> {
    let keys = [names.code.as_str(), &names.failed, &names.waiting];
    let arguments = [
        guess.into(),
        failures.limit.into(),
        millis(life).into(),
        millis(DELIVERY).into(),
    ];
    let returned = context.run(&VERIFY, &keys, &arguments).await?;

    let mut reply = returned.reader();
    Ok(Compared {
        outcome: Outcome::read(reply.text()?)?,
        now: Duration::from_micros(reply.number()?),
        guesses: reply.number()?,
        life: Duration::from_millis(reply.number()?),
        failures: failures.quota(&mut reply)?,
    })
}

impl Outcome {
    fn read(text: &str) -> Result<Self, StoreError> {
        match text {
            "verified" => Ok(Self::Verified),
            "mismatch" => Ok(Self::Mismatch),
            "exhausted" => Ok(Self::Exhausted),
            "spent" => Ok(Self::Spent),
            "expired" => Ok(Self::Expired),
            "failures" => Ok(Self::Failures),
            _ => Err(StoreError::Unavailable(format!("a status `{text}`"))),
        }
    }
}
