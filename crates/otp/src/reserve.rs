//! May this phone be sent a code, and which?

use std::time::Duration;

use latch::{Argument, Context, Platform, Quota, Script, StoreError};

use crate::limits::{DELIVERY, millis};
use crate::{Names, Resend, Rules, lua};

/// Decides whether a phone may be sent a code, and which.
pub static RESERVE: Script = Script::new(&[
    Script::CLOCK,
    Script::KEY,
    lua::MOMENTS,
    lua::RECORD,
    lua::WAITING,
    lua::IDEMPOTENCY,
    include_str!("lua/reserve.lua"),
]);

/// One request for a code.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The nonce of the code to store, if a new one is needed. It also names this attempt.
    pub nonce: &'a str,
    /// The digest of that code.
    pub digest: &'a str,
    /// How the nonces begin of those codes that can be made again.
    pub maker: &'a str,
    /// Whether another code of this phone may be alive under a secret that is rotated out.
    pub is_elsewhere: bool,
    /// What is remembered of a request with an idempotency key.
    pub record: Option<Record<'a>>,
}

/// What is remembered of a request with an idempotency key.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The Redis key.
    pub key: &'a str,
    /// What tells this request from others with the same key.
    pub fingerprint: &'a str,
}

/// What Redis decided of a request.
#[derive(Clone, Debug)]
pub struct Reserved {
    /// In what way.
    pub status: Status,
    /// Redis's time, since 1970.
    pub now: Duration,
    /// What is left of the limits: `phone`, `hour`, `day`, `failures`.
    pub quotas: [Quota<'static>; 4],
    /// The nonce of the code that is to be sent.
    pub nonce: String,
    /// Its digest.
    pub digest: String,
    /// How long it is still good.
    pub life: Duration,
    /// How many guesses at it are left.
    pub guesses: u64,
    /// How long until this phone may be sent another message.
    pub wait: Duration,
    /// Whether the code becomes alive only by [`commit`](crate::commit).
    pub waits: bool,
    /// When the message was counted, by which it is taken back.
    pub(crate) moment: u64,
}

/// In what way Redis decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The code is to be sent, and counts.
    Send,
    /// A limit of the phone is reached: those with nothing left.
    Refused,
    /// The request was answered before.
    Repeated(Answered),
    /// The request is being answered now.
    InFlight,
    /// The idempotency key belongs to another request.
    Reused,
}

/// What a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The message was handed over.
    Sent,
    /// It may have been.
    Unconfirmed,
}

/// Lets Redis decide.
///
/// Where the answer is [`Status::Send`], [`commit`](crate::commit) or [`cancel`](crate::cancel)
/// says what came of it.
pub async fn reserve<P: Platform>(
    context: &Context<'_, P>,
    names: &Names,
    rules: &Rules,
    attempt: &Attempt<'_>,
) -> Result<Reserved, StoreError> {
    let mut keys = names.all().to_vec();
    let mut arguments: Vec<Argument<'_>> = vec![
        rules.sends.minute.limit.into(),
        rules.sends.hour.limit.into(),
        rules.sends.day.limit.into(),
        rules.failures.limit.into(),
        millis(rules.life).into(),
        rules.guesses.into(),
        rules.resend.as_str().into(),
        attempt.nonce.into(),
        attempt.digest.into(),
        attempt.maker.into(),
        millis(DELIVERY).into(),
        u64::from(attempt.is_elsewhere).into(),
    ];
    if let Some(record) = attempt.record {
        keys.push(record.key);
        arguments.push(record.fingerprint.into());
    }
    let returned = context.run(&RESERVE, &keys, &arguments).await?;

    let mut reply = returned.reader();
    let status = reply.text()?.to_owned();
    let now = Duration::from_micros(reply.number()?);
    let [minute, hour, day] = rules.sends.all();
    let quotas = [
        minute.quota(&mut reply)?,
        hour.quota(&mut reply)?,
        day.quota(&mut reply)?,
        rules.failures.quota(&mut reply)?,
    ];
    let mut reserved = Reserved {
        status: Status::Refused,
        now,
        quotas,
        nonce: reply.text()?.to_owned(),
        digest: reply.text()?.to_owned(),
        life: Duration::from_millis(reply.number()?),
        guesses: reply.number()?,
        wait: Duration::from_micros(reply.number()?),
        moment: reply.number()?,
        waits: reply.number()? == 1,
    };
    reserved.status = Status::read(&status, reply.text()?)?;
    Ok(reserved)
}

impl Resend {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::New => "new",
        }
    }
}

impl Status {
    fn read(status: &str, answer: &str) -> Result<Self, StoreError> {
        match (status, answer) {
            ("send", _) => Ok(Self::Send),
            ("refused", _) => Ok(Self::Refused),
            ("repeated", "sent") => Ok(Self::Repeated(Answered::Sent)),
            ("repeated", _) => Ok(Self::Repeated(Answered::Unconfirmed)),
            ("in-flight", _) => Ok(Self::InFlight),
            ("reused", _) => Ok(Self::Reused),
            _ => Err(StoreError::Unavailable(format!("a status `{status}`"))),
        }
    }
}

impl Answered {
    /// The word for it, in answers and in Redis.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}
