//! How long a code lives, how often a phone may be sent one, and how often it may be guessed at.

use std::time::Duration;

use latch::{Misconfigured, Platform, Quota, Replies, StoreError, Variables};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long Redis remembers that a request is under way: longer than any delivery takes.
pub const DELIVERY: Duration = Duration::from_secs(10);

/// At most `limit` in any `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The policy's name in `RateLimit` and `violated-policies`.
    pub policy: &'static str,
    /// How many.
    pub limit: u64,
    /// In how long a time.
    pub period: Duration,
}

/// How many messages one phone may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sends {
    /// `phone`: in any minute.
    pub minute: Window,
    /// `hour`: in any hour.
    pub hour: Window,
    /// `day`: in any 24 hours.
    pub day: Window,
}

/// Which code is sent while one is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// That one again, unless it is about to end.
    Same,
    /// A new one, which takes its place when its message is handed over.
    New,
}

/// What decides about codes, besides the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a code lives.
    pub life: Duration,
    /// How many guesses at one code are compared.
    pub guesses: u64,
    /// Which code is sent while one is alive.
    pub resend: Resend,
    /// How many messages a phone may be sent.
    pub sends: Sends,
    /// How many wrong guesses a phone may have.
    pub failures: Window,
}

impl Window {
    /// Reads what `moments_left` of moments.lua returned: what is left, and the microseconds until
    /// more comes back.
    pub(crate) fn quota(&self, reply: &mut Replies<'_>) -> Result<Quota<'static>, StoreError> {
        Ok(Quota {
            policy: self.policy,
            limit: self.limit,
            window: self.period,
            remaining: reply.number()?,
            reset: Duration::from_micros(reply.number()?),
        })
    }
}

impl Sends {
    /// As many as stand there in any minute, hour and 24 hours.
    pub const fn new(minute: u64, hour: u64, day: u64) -> Self {
        const fn window(policy: &'static str, limit: u64, period: Duration) -> Window {
            Window {
                policy,
                limit,
                period,
            }
        }
        Self {
            minute: window("phone", minute, MINUTE),
            hour: window("hour", hour, HOUR),
            day: window("day", day, DAY),
        }
    }

    /// Reads `otp_requests_per_minute`, `otp_sends_per_hour` and `otp_sends_per_day`.
    pub async fn configure<P: Platform>(
        variables: &Variables<'_, P>,
    ) -> Result<Self, Misconfigured> {
        Ok(Self::new(
            variables
                .number("otp_requests_per_minute", 1..=10_000)
                .await?,
            variables.number("otp_sends_per_hour", 1..=1_000).await?,
            variables.number("otp_sends_per_day", 1..=1_000).await?,
        ))
    }

    pub(crate) const fn all(&self) -> [&Window; 3] {
        [&self.minute, &self.hour, &self.day]
    }
}

/// `failures`: how many wrong guesses one phone may have in any 24 hours.
///
/// Without it, three guesses for each of ten codes a minute would find a six-digit code within a
/// day in 4 of 100 tries. NIST SP 800-63B wants at most 100 in a row.
pub const fn failures_a_day(limit: u64) -> Window {
    Window {
        policy: "failures",
        limit,
        period: DAY,
    }
}

/// Reads `otp_max_failures_per_day`.
pub async fn failures<P: Platform>(variables: &Variables<'_, P>) -> Result<Window, Misconfigured> {
    let limit = variables
        .number("otp_max_failures_per_day", 1..=10_000)
        .await?;
    Ok(failures_a_day(limit))
}

/// How long a code is good: `otp_ttl_s`, at most the ten minutes of NIST SP 800-63B.
pub async fn life<P: Platform>(variables: &Variables<'_, P>) -> Result<Duration, Misconfigured> {
    let seconds = variables.number("otp_ttl_s", 1..=600).await?;
    Ok(Duration::from_secs(seconds))
}

/// A duration as scripts take it.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
