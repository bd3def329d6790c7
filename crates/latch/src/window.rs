//! A limit on how often something may happen in any window of time, exact and shared.

use std::time::Duration;

use crate::app::Context;
use crate::platform::Platform;
use crate::problem::Problem;
use crate::quota::Quota;
use crate::script::{Replies, Script};

/// Takes one, if one is left.
pub static TAKE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    Script::WINDOW,
    include_str!("window_take.lua"),
]);
/// Takes back what `TAKE` counted.
pub static REFUND: Script = Script::new(&[
    Script::KEY,
    Script::WINDOW,
    include_str!("window_refund.lua"),
])
.repeatable();

/// At most `limit` in any `period`, counted by a sliding log in Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The policy's name in `RateLimit` and `violated-policies`.
    pub policy: &'static str,
    /// How many.
    pub limit: u64,
    /// In how long a time. Whole milliseconds.
    pub period: Duration,
}

/// What came of [`Window::take`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether there was one left to take.
    pub allowed: bool,
    /// What is left now.
    pub quota: Quota<'static>,
    moment: u64,
}

impl Window {
    /// Takes one, if one is left. A refusal counts for nothing.
    pub async fn take<P: Platform>(
        &self,
        context: &Context<'_, P>,
        key: &str,
    ) -> Result<Taken, Problem> {
        let arguments = [self.limit.into(), micros(self.period).into()];
        let replies = context.run(&TAKE, &[key], &arguments).await?;
        let mut replies = replies.reader();
        Ok(Taken {
            allowed: replies.number()? == 1,
            quota: self.quota(&mut replies)?,
            moment: replies.number()?,
        })
    }

    /// Takes back what `taken` counted, as if it had never been.
    pub async fn refund<P: Platform>(
        &self,
        context: &Context<'_, P>,
        key: &str,
        taken: &Taken,
    ) -> Result<(), Problem> {
        context.run(&REFUND, &[key], &[taken.moment.into()]).await?;
        Ok(())
    }

    /// Reads what `window_left` of window.lua returned: what is left, and the microseconds until
    /// the next one comes back.
    pub fn quota(&self, replies: &mut Replies<'_>) -> Result<Quota<'static>, Problem> {
        Ok(Quota {
            policy: self.policy,
            limit: self.limit,
            window: self.period,
            remaining: replies.number()?,
            reset: Duration::from_micros(replies.number()?),
        })
    }
}

/// A duration as scripts take it.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
